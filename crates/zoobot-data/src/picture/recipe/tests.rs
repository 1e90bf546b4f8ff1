use super::*;
use serde_json::Value;
use zoobot_testing::fits_file;

/// Mean and maximum difference, in units of 1/255.
fn differences(ours: &[f32], theirs: &[f32]) -> (f64, f64) {
    assert_eq!(ours.len(), theirs.len());
    let difference = |(a, b): (&f32, &f32)| f64::from((a - b).abs()) * 255.0;
    let all: Vec<f64> = ours.iter().zip(theirs).map(difference).collect();
    (all.iter().sum::<f64>() / all.len() as f64, all.iter().copied().fold(0.0, f64::max))
}

/// The values of one picture: channel by channel, row by row.
fn apply(recipe: &Recipe, picture: &RgbImage) -> Result<Vec<f32>> {
    let batch = recipe.batch(&[recipe.prepare(picture)?], Device::Cpu)?;
    let (size, channels) = (recipe.size as i64, recipe.channels() as i64);
    assert_eq!(batch.size(), [1, channels, size, size]);
    Ok(Vec::try_from(batch.contiguous().flatten(0, -1))?)
}

fn recipe(kind: &str) -> Recipe {
    match kind {
        "luma" => Recipe::zoobot().grey(Grey::Luma),
        "mean" => Recipe::zoobot().grey(Grey::Mean),
        _ => Recipe::zoobot(),
    }
}

#[test]
fn golden_transforms_agree_with_pillow_and_torchvision() {
    let Some(folder) = zoobot_testing::folder("transforms") else { return };
    let text = std::fs::read_to_string(folder.join("transforms.json")).unwrap();
    let record: Value = serde_json::from_str(&text).unwrap();
    let arrays = tch::Tensor::read_npz(folder.join("expected.npz")).unwrap();
    for image in record["images"].as_array().unwrap() {
        let key = image["key"].as_str().unwrap();
        let decoded = zoobot_picture::read(folder.join(image["decoded_png"].as_str().unwrap()));
        let decoded = decoded.unwrap();
        let jpeg = image["source"].as_str().map(|source| folder.join(source));
        for (kind, output) in image["outputs"].as_object().unwrap() {
            let expected: Vec<f32> = match output["npz_key"].as_str() {
                Some(wanted) => {
                    let (_, array) = arrays.iter().find(|(name, _)| name == wanted).unwrap();
                    Vec::try_from(array.flatten(0, -1)).unwrap()
                }
                None => bytes_of(&folder.join(output["png"].as_str().unwrap()), kind == "rgb"),
            };
            let (mean, max) = differences(&apply(&recipe(kind), &decoded).unwrap(), &expected);
            assert!(mean <= 0.02 && max <= 1.001, "{key} {kind}: mean {mean}, max {max}");
            if let Some(jpeg) = jpeg.as_ref().filter(|file| file.is_file()) {
                let picture = zoobot_picture::read(jpeg).unwrap();
                let (mean, max) = differences(&apply(&recipe(kind), &picture).unwrap(), &expected);
                assert!(mean <= 1.0 && max <= 5.0, "{key} {kind} JPEG: mean {mean}, max {max}");
            }
        }
    }
}

fn bytes_of(png: &std::path::Path, colour: bool) -> Vec<f32> {
    let picture = zoobot_picture::read(png).unwrap();
    let plane = |c: usize| picture.pixels().map(move |pixel| f32::from(pixel.0[c]) / 255.0);
    if colour { (0..3).flat_map(plane).collect() } else { plane(0).collect() }
}

#[test]
fn the_result_has_the_size_asked_for_whatever_the_picture_s_shape() {
    for (width, height) in [(8, 8), (300, 300), (300, 211), (100, 401), (225, 224)] {
        let picture = RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 7]));
        let values = apply(&Recipe::zoobot(), &picture).unwrap();
        assert_eq!(values.len(), 3 * 224 * 224);
        assert!(values.iter().all(|value| (0.0..=1.0).contains(value)));
    }
}

#[test]
fn mean_and_std_are_applied_after_the_division_by_255() {
    let white = RgbImage::from_pixel(20, 20, image::Rgb([255, 255, 255]));
    let values = apply(&Recipe::imagenet_lite(), &white).unwrap();
    assert!(values.iter().all(|value| (value - 1.0).abs() < 1e-6));
}

#[test]
fn parameters_out_of_range_are_refused_by_name() {
    let picture = RgbImage::new(20, 20);
    let bad = Recipe { zoom: 0.5, ..Recipe::zoobot() };
    assert!(apply(&bad, &picture).unwrap_err().to_string().contains("but it is 0.5"));
    let bad = Recipe { size: 0, ..Recipe::zoobot() };
    assert!(
        apply(&bad, &picture)
            .unwrap_err()
            .to_string()
            .starts_with("size must be between 8 and 4096 pixels, but it is 0")
    );
    let bad = Recipe { std: [1.0, 0.0, 1.0], ..Recipe::zoobot() };
    assert!(apply(&bad, &picture).is_err());
}

#[test]
fn a_recipe_survives_being_written_down() {
    let recipe = Recipe::imagenet_lite().grey(Grey::Mean);
    let text = serde_json::to_string(&recipe).unwrap();
    assert_eq!(serde_json::from_str::<Recipe>(&text).unwrap(), recipe);
}

/// A picture in which every pixel has its own colour.
fn numbered(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, (x ^ y) as u8]))
}

#[test]
fn a_crop_is_taken_in_the_pictures_own_pixels_before_all_else() {
    let picture = numbered(120, 90);
    let plain = Recipe { zoom: 1.0, size: 40, ..Recipe::zoobot() };
    // torchvision's center_crop of 41 from 120 begins at round(39.5), which is 40; of 40 from 90 at 25.
    for (crop, corner) in [(Crop::Centre(41, 40), (40, 25)), (Crop::Box(3, 50, 40, 40), (3, 50))] {
        let (width, height) = match crop {
            Crop::Centre(w, h) | Crop::Box(_, _, w, h) => (w, h),
        };
        let part =
            image::imageops::crop_imm(&picture, corner.0, corner.1, width, height).to_image();
        let recipe = Recipe { crop: Some(crop), ..plain.clone() };
        assert_eq!(apply(&recipe, &picture).unwrap(), apply(&plain, &part).unwrap(), "{crop:?}");
    }
    assert_eq!(plain.clone().centre(41, 40).crop, Some(Crop::Centre(41, 40)));
    for crop in [
        Crop::Centre(121, 40),
        Crop::Centre(40, 91),
        Crop::Box(81, 0, 40, 40),
        Crop::Box(u32::MAX, 0, 40, 40),
    ] {
        let message = apply(&Recipe { crop: Some(crop), ..plain.clone() }, &picture).unwrap_err();
        assert!(
            message.to_string().contains("does not fit into the picture of 120 x 90 pixels"),
            "{message}"
        );
    }
    assert!(Recipe { crop: Some(Crop::Box(0, 0, 0, 9)), ..plain }.check().is_err());
}

#[test]
fn flux_goes_through_its_stretch_and_pictures_do_not() {
    let plane = ndarray::Array2::from_shape_fn((60, 50), |(i, j)| (i * j) as f32);
    let stretch = Stretch::asinh(10.0).percentiles(1.0, 99.0);
    let picture = stretch.picture(std::slice::from_ref(&plane)).unwrap();
    let plain = Recipe { size: 32, ..Recipe::zoobot() };
    let recipe = plain.clone().stretch(stretch);
    let prepared = recipe.prepare_flux(std::slice::from_ref(&plane)).unwrap();
    let found = recipe.batch(&[prepared], Device::Cpu).unwrap();
    let expected = plain.batch(&[plain.prepare(&picture).unwrap()], Device::Cpu).unwrap();
    assert!(found.equal(&expected));
    // A stretch does not affect pictures, and flux has one by default.
    assert_eq!(recipe.prepare(&picture).unwrap().bytes(), plain.prepare(&picture).unwrap().bytes());
    let default = Stretch::default().picture(std::slice::from_ref(&plane)).unwrap();
    let expected = plain.prepare(&default).unwrap();
    assert_eq!(plain.prepare_flux(&[plane]).unwrap(), expected);
}

/// Tables made with `--stretch asinh` record it; tables made from pictures record no stretch.
#[test]
fn the_default_stretch_is_not_written_and_an_older_record_of_it_is_the_same_recipe() {
    let old = r#"{"stretch":{"curve":{"asinh":1.0},"limits":[{"percentiles":[0.0,99.7]}]},"zoom":1.2,"size":224,"grey":null,"mean":[0.0,0.0,0.0],"std":[1.0,1.0,1.0]}"#;
    assert_eq!(serde_json::from_str::<Recipe>(old).unwrap(), Recipe::zoobot());
    let other = Recipe::zoobot().stretch(Stretch::log(1000.0));
    assert_ne!(other, Recipe::zoobot());
    assert!(!other.same_pixels(&Recipe::zoobot()));
    assert!(serde_json::to_string(&other).unwrap().contains("log"));
}

#[test]
fn a_recipe_of_every_step_survives_json_and_an_older_one_is_read() {
    let recipe = Recipe::zoobot().centre(200, 150).stretch(Stretch::log(500.0)).grey(Grey::Mean);
    let text = serde_json::to_string(&recipe).unwrap();
    assert_eq!(serde_json::from_str::<Recipe>(&text).unwrap(), recipe);
    let old = r#"{"zoom":1.2,"size":224,"grey":null,"mean":[0.0,0.0,0.0],"std":[1.0,1.0,1.0]}"#;
    assert_eq!(serde_json::from_str::<Recipe>(old).unwrap(), Recipe::zoobot());
    assert_eq!(serde_json::to_string(&Recipe::zoobot()).unwrap(), old);
}

#[test]
fn pictures_prepared_otherwise_are_refused_with_both_recipes_side_by_side() {
    let picture = numbered(60, 60);
    let made = Recipe { zoom: 1.0, ..Recipe::zoobot() }.prepare(&picture).unwrap();
    let message = Recipe::zoobot().batch(&[made], Device::Cpu).unwrap_err().to_string();
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = message.lines().map(words).collect();
    assert!(lines[0].contains("prepared by another recipe"), "{message}");
    assert!(lines.contains(&"* zoom | 1.2 | 1".to_owned()), "{message}");
    assert!(lines.contains(&"size | 224 | 224".to_owned()), "{message}");
    assert!(message.contains("with_recipe"), "{message}");
    // Steps after the pixels may differ: one preparation serves several networks.
    let made = Recipe::zoobot().prepare(&picture).unwrap();
    assert!(Recipe::imagenet_lite().batch(&[made], Device::Cpu).is_ok());
}

#[test]
fn a_recipe_takes_fits_files_by_its_stretch() {
    let dir = tempfile::tempdir().unwrap();
    let path = fits_file(
        dir.path(),
        "one.fits",
        &[32, 32],
        &(0..1024_u16).map(f32::from).collect::<Vec<_>>(),
    );
    let plain = Recipe::zoobot();
    let shown = plain.prepare(&zoobot_picture::read(&path).unwrap()).unwrap();
    assert_eq!(plain.read(&path).unwrap(), shown);
    let blank = fits_file(dir.path(), "blank.fits", &[32, 32], &[f32::NAN; 1024]);
    let message = plain.read(&blank).unwrap_err().to_string();
    assert!(message.contains("blank.fits") && message.contains("undefined"), "{message}");
    let stretch = Stretch::linear().flux(0.0, 1023.0);
    let recipe = Recipe { zoom: 1.0, size: 32, ..Recipe::zoobot() }.stretch(stretch);
    let batch = recipe.batch(&[recipe.read(&path).unwrap()], tch::Device::Cpu).unwrap();
    let at = |row: i64, column: i64| batch.double_value(&[0, 1, row, column]);
    assert!((at(31, 0), at(0, 31)) == (0.0, 1.0), "{} {}", at(31, 0), at(0, 31));
    // Galleries show it with the default stretch.
    assert_eq!(zoobot_picture::read(&path).unwrap().dimensions(), (32, 32));
}
