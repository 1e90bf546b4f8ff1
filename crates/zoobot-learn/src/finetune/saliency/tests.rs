use super::*;
use crate::model::tests::head;
use crate::train::{Head, HeadConfig};
use polars::prelude::{Column, DataFrame};
use zoobot_data::schema::Schema;
use zoobot_representation::encoder::{Architecture, Encoder};

fn encoder(name: &str) -> Encoder {
    let architecture = Architecture::named(name).unwrap();
    let size = architecture.size().unwrap_or(64) as usize;
    let recipe = Recipe { size, zoom: 1.0, ..Recipe::zoobot() };
    Encoder::untrained(architecture, recipe, 1).unwrap()
}

fn pictures(encoder: &Encoder, catalog: &Catalog) -> Tensor {
    let recipe = encoder.recipe();
    let read = |file: &std::path::PathBuf| recipe.read(file).unwrap();
    let prepared: Vec<Prepared> = catalog.files().iter().map(read).collect();
    recipe.batch(&prepared, Device::Cpu).unwrap()
}

fn classifier(encoder: &Encoder) -> Model {
    let names = vec!["plain".to_owned(), "ring".to_owned()];
    let head = head(&HeadConfig::scores(2), encoder.width() as i64, 3);
    Model::new(encoder.clone(), &head, Labels::Classes(names)).unwrap()
}

/// The weights and the bias of one output of the head.
fn weights(model: &Model, place: i64) -> (Tensor, f64) {
    let variables = model.variables().unwrap();
    (variables[0].1.select(0, place), variables[1].1.double_value(&[place]))
}

#[test]
fn of_pooled_features_the_map_is_the_sum_of_channels_by_the_heads_weights() {
    let galaxies = Catalog::sample().unwrap().head(3);
    for name in ["resnet18", "tf_efficientnet_lite0"] {
        let encoder = encoder(name);
        let model = classifier(&encoder);
        let saliency = model.saliency(&galaxies, "ring").unwrap();
        let batch = pictures(&encoder, &galaxies);
        let network = encoder.exact_network().unwrap();
        let (weights, bias) = weights(&model, 1);
        let sum_of = |batch: &Tensor| {
            let maps = no_grad(|| network.maps(batch)).unwrap();
            let pixels = (maps.size()[2] * maps.size()[3]) as f64;
            let sum = maps * weights.view([1, -1, 1, 1]);
            sum.sum_dim_intlist([1_i64].as_slice(), false, Kind::Float) / pixels
        };
        let sum = sum_of(&batch);
        let (heat, _) = model.heat(&network, &batch, 1).unwrap();
        assert!((heat - &sum).abs().max().double_value(&[]) < 1e-5, "{name}");
        let of_view = |view| turned_back(&sum_of(&turned(&batch, view).unwrap()), view).unwrap();
        let mean = (0..VIEWS).map(of_view).fold(sum.zeros_like(), |sum, it| sum + it) / VIEWS;
        let expected = array(&mean.relu()).unwrap();
        assert_eq!(saliency.maps().dim(), expected.dim());
        let scale = expected.fold(1e-6_f32, |most, it| most.max(*it));
        let far = (&saliency.maps - &expected).fold(0.0_f32, |most, it| most.max(it.abs()));
        assert!(far < 1e-5 * scale.max(1.0), "{name}: {far} of {scale}");
        // The whole map, including the evidence against, adds up to the score.
        let features = encoder.features(&batch).unwrap();
        let score = no_grad(|| model.scores(&features)).unwrap().double_value(&[0, 1]) - bias;
        let whole = sum.get(0).sum(Kind::Double).double_value(&[]);
        assert!((whole - score).abs() < 1e-3 * score.abs().max(1.0), "{name}: {whole}, {score}");
    }
}

#[test]
fn views_are_all_different_and_turned_back_to_where_they_were() {
    let one = Tensor::arange(9, (Kind::Float, Device::Cpu)).view([1, 3, 3]);
    let mut seen: Vec<Tensor> = Vec::new();
    for view in 0..VIEWS {
        let it = turned(&one, view).unwrap();
        assert!(turned_back(&it, view).unwrap().equal(&one), "{view}");
        assert!(seen.iter().all(|other| !other.equal(&it)), "{view}");
        seen.push(it);
    }
}

#[test]
fn every_family_and_every_kind_of_head_has_maps() {
    let galaxies = Catalog::sample().unwrap().head(2);
    for (name, side) in [("convnext_atto", 2), ("resnet18", 2), ("maxvit_pico_rw_256", 8)] {
        let encoder = encoder(name);
        let model = classifier(&encoder);
        let saliency = model.saliency(&galaxies, "plain").unwrap();
        assert_eq!(saliency.maps().dim(), (2, side, side), "{name}");
        assert!(saliency.maps().iter().all(|it| it.is_finite() && *it >= 0.0));
        let predicted = model.predict(&galaxies).unwrap();
        for (row, says) in saliency.answers().iter().enumerate() {
            assert!((says - predicted.values()[[row, 0]]).abs() < 1e-4, "{name}");
        }
    }
    let encoder = encoder("resnet18");
    let rings = Schema::named("gz_rings").unwrap();
    let votes = HeadConfig::concentrations(rings.width());
    let answer = rings.columns().swap_remove(0);
    let names = || vec!["size".to_owned()];
    let chances = (HeadConfig::chances(1), Labels::Values(names()), "size".to_owned());
    let numbers = (HeadConfig::numbers(1), Labels::Values(names()), "size".to_owned());
    for (config, labels, of) in [(votes, Labels::Votes(rings), answer), chances, numbers] {
        let model = Model::new(encoder.clone(), &head(&config, 512, 1), labels).unwrap();
        let saliency = model.saliency(&galaxies, &of).unwrap();
        assert_eq!(saliency.ids(), galaxies.ids());
        if config.output != Output::Numbers {
            assert!(saliency.answers().iter().all(|it| (0.0..=1.0).contains(it)), "{of}");
        }
        let gallery = saliency.gallery(2);
        assert_eq!(gallery.tiles().len(), 4);
        assert!(gallery.tiles()[1].caption.starts_with(&format!("{of}: ")));
    }
}

#[test]
fn what_makes_the_score_lights_up_where_it_is() {
    // A network that passes brightness on; the head reads how much a bright corner changes the features.
    let encoder = encoder("resnet18");
    let dir = tempfile::tempdir().unwrap();
    let mut ids = Vec::new();
    for (name, at) in
        [("dark", None), ("upper left", Some((12, 12))), ("lower right", Some((52, 52)))]
    {
        let mut picture = RgbImage::from_pixel(64, 64, image::Rgb([16, 16, 16]));
        for (x, y, pixel) in picture.enumerate_pixels_mut() {
            let near =
                |(a, b): (i64, i64)| (i64::from(x) - a).pow(2) + (i64::from(y) - b).pow(2) < 64;
            if at.is_some_and(near) {
                *pixel = image::Rgb([240, 240, 240]);
            }
        }
        picture.save(dir.path().join(format!("{name}.png"))).unwrap();
        ids.push(name.to_owned());
    }
    let files: Vec<String> = ids.iter().map(|it| format!("{it}.png")).collect();
    let columns = vec![Column::new("id_str".into(), &ids), Column::new("file_loc".into(), &files)];
    let table = DataFrame::new(3, columns).unwrap();
    let galaxies = Catalog::from_table(table, dir.path()).unwrap();
    let batch = pictures(&encoder, &galaxies);
    let features = encoder.features(&batch).unwrap();
    let direction = (features.get(1) + features.get(2)) / 2.0 - features.get(0);
    let weight = Tensor::stack(&[-&direction, direction.shallow_clone()], 0);
    let head =
        Head::of(&HeadConfig::scores(2), &weight, &Tensor::zeros([2], (Kind::Float, Device::Cpu)));
    let labels = Labels::Classes(vec!["dark".to_owned(), "spot".to_owned()]);
    let model = Model::new(encoder, &head.unwrap(), labels).unwrap();
    let saliency = model.saliency(&galaxies, "spot").unwrap();
    let maps = saliency.maps();
    // The map has 2 x 2 cells; the one with the spot is the brightest.
    let brightest = |row: usize| {
        let map = maps.index_axis(Axis(0), row);
        let most = map.indexed_iter().max_by(|a, b| a.1.total_cmp(b.1)).unwrap();
        most.0
    };
    assert_eq!((brightest(1), brightest(2)), ((0, 0), (1, 1)), "{maps:?}");
    // The heated picture is brightest there too.
    let (plain, heated) = saliency.pictures(3).unwrap().swap_remove(1);
    let change = |x: u32, y: u32| {
        i32::from(heated.get_pixel(x, y).0[1]) - i32::from(plain.get_pixel(x, y).0[1])
    };
    assert!(change(8, 28) > change(56, 56) && change(28, 2) > change(56, 40));
    assert_eq!(saliency.figure(2).about(), "where \"spot\" is seen, 4 pictures");
    let error = model.saliency(&galaxies, "spt").unwrap_err().to_string();
    assert!(error.contains("spt") && error.contains("\"spot\""), "{error}");
    assert!(saliency.gallery(0).checked().is_err());
    std::fs::remove_file(dir.path().join("dark.png")).unwrap();
    let rest = model.saliency(&galaxies, "spot").unwrap();
    assert_eq!((rest.ids().len(), rest.failed()[0].id_str.as_str()), (2, "dark"));
    let error = model.saliency(&galaxies.head(1), "spot").unwrap_err().to_string();
    assert!(error.contains("no picture can be read"), "{error}");
}
