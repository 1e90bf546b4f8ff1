use super::*;
use crate::Marks;
use image::Rgb;
use zoobot_testing::fits_file;

/// A cube of three planes, with a bright pixel in each: column 2 and row 1 of the first, and so on.
fn cube(folder: &Path) -> std::path::PathBuf {
    let mut values = vec![0.0_f32; 3 * 12 * 10];
    for plane in 0..3 {
        values[plane * 120 + (1 + plane) * 12 + 2 + plane] = 1.0;
    }
    fits_file(folder, "grz.fits", &[12, 10, 3], &values)
}

#[test]
fn the_last_band_is_red_the_bottom_row_is_the_bottom_and_channels_can_be_chosen() {
    let dir = tempfile::tempdir().unwrap();
    let bands = || Bands::read(&[cube(dir.path())], None).unwrap();
    let linear = Stretch::linear().flux(0.0, 1.0);
    let picture = bands().picture(&linear).unwrap();
    assert_eq!(picture.get_pixel(4, 6).0, [255, 0, 0]);
    assert_eq!(picture.get_pixel(3, 7).0, [0, 255, 0]);
    assert_eq!(picture.get_pixel(2, 8).0, [0, 0, 255]);
    let named = bands().choose(&["g", "r", "z"]).unwrap();
    let one = named.clone().choose(&["R"]).unwrap().picture(&linear).unwrap();
    assert_eq!((one.get_pixel(3, 7).0, one.get_pixel(2, 8).0), ([255; 3], [0; 3]));
    let two = named.clone().choose(&["g", "z"]).unwrap().picture(&linear).unwrap();
    assert_eq!((two.get_pixel(4, 6).0, two.get_pixel(2, 8).0), ([255, 128, 0], [0, 128, 255]));
    let turned = named.clone().rgb("g", "r", "z").unwrap().picture(&linear).unwrap();
    assert_eq!(turned.get_pixel(2, 8).0, [255, 0, 0]);
    let error = named.clone().choose(&["g", "i"]).unwrap_err().to_string();
    assert!(error.contains("no band \"i\""), "{error}");
    let error = bands().choose(&["g", "r"]).unwrap_err().to_string();
    assert!(error.contains("2 names of bands do not fit 3 planes"), "{error}");
    let odd = bands().choose(&["a", "b", "c"]).unwrap();
    let error = odd.picture(&Stretch::legacy()).unwrap_err().to_string();
    assert!(error.contains("u, g, r, i or z"), "{error}");
}

#[test]
fn a_coarser_band_is_resampled_and_keeps_its_surface_brightness() {
    let dir = tempfile::tempdir().unwrap();
    // Flux that grows to the right by 1 per fine pixel; a coarse pixel holds four fine ones.
    let fine: Vec<f32> = (0..400).map(|i| (i % 20) as f32).collect();
    let coarse: Vec<f32> = (0..100).map(|i| 4.0 * (2.0 * (i % 10) as f32 + 0.5)).collect();
    let files = [
        fits_file(dir.path(), "g.fits", &[20, 20], &fine),
        fits_file(dir.path(), "r.fits", &[10, 10], &coarse),
    ];
    let bands = Bands::read(&files, None).unwrap();
    let aligned = align(&bands.planes, &bands.coordinates).unwrap();
    for (at, value) in aligned[1].indexed_iter().filter(|(at, _)| (1..19).contains(&at.1)) {
        assert!((value - fine[at.1]).abs() < 1e-5, "{at:?}: {value}");
    }
    let other = fits_file(dir.path(), "z.fits", &[20, 10], &fine[..200]);
    let bands = Bands::read(&[&files[0], &other], None).unwrap();
    assert!(bands.picture(&Stretch::default()).is_err());
}

#[test]
fn a_scale_bar_is_as_long_as_it_says() {
    let dir = tempfile::tempdir().unwrap();
    let path = fits_file(dir.path(), "wcs.fits", &[64, 64], &[0.0; 4096]);
    let mut bytes = std::fs::read(&path).unwrap();
    let cards = [
        "CTYPE1  = 'RA---TAN'",
        "CTYPE2  = 'DEC--TAN'",
        "CRVAL1  = 150.0",
        "CRVAL2  = 2.0",
        "CRPIX1  = 32.0",
        "CRPIX2  = 32.0",
        "CDELT1  = -0.0001",
        "CDELT2  = 0.0001",
    ];
    let end = bytes.windows(80).position(|it| it.starts_with(b"END     ")).unwrap();
    for (i, card) in cards.iter().chain(&["END"]).enumerate() {
        bytes[end + 80 * i..end + 80 * (i + 1)].copy_from_slice(format!("{card:<80}").as_bytes());
    }
    std::fs::write(&path, bytes).unwrap();
    let bands = Bands::read(&[path], None).unwrap();
    let wcs = bands.wcs().unwrap();
    assert!((wcs.pixel_scale() - 0.36).abs() < 1e-9);
    let (north, east) = wcs.north_and_east(31.0, 31.0).unwrap();
    let near = |a: [f64; 2], b: [f64; 2]| (a[0] - b[0]).hypot(a[1] - b[1]) < 1e-3;
    assert!(near(north, [0.0, 1.0]) && near(east, [-1.0, 0.0]), "{north:?} {east:?}");
    let mut picture = RgbImage::new(400, 400);
    // 400 pixels show 50 of the image: a bar of 3.6 arcsec is 10 of its pixels and 80 of these.
    let marks = Marks { bar: Some(3.6), compass: false };
    marks.draw(&mut picture, wcs, (0.0, 63.0), 0.125);
    let row = 380;
    let white = (0..400).filter(|x| *picture.get_pixel(*x, row) == Rgb([255; 3])).count();
    assert!((80..=85).contains(&white), "{white}");
}
