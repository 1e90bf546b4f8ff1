use super::*;
use image::{Rgb, RgbImage};
use polars::prelude::*;
use std::path::PathBuf;

/// A folder with a catalogue of small pictures, some of them unreadable.
struct Survey {
    dir: tempfile::TempDir,
    ids: Vec<String>,
    files: Vec<String>,
}

impl Survey {
    fn new(galaxies: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut survey = Self { dir, ids: Vec::new(), files: Vec::new() };
        for i in 0..galaxies {
            let name = format!("g{i}.png");
            let picture = RgbImage::from_fn(32, 32, |x, y| {
                Rgb([(x * 7 + i as u32 * 13) as u8, (y * 5) as u8, (x * y / 4) as u8])
            });
            picture.save(survey.dir.path().join(&name)).unwrap();
            survey.add(&name);
        }
        survey
    }

    fn add(&mut self, file: &str) {
        self.ids.push(format!("id{}", self.ids.len()));
        self.files.push(file.to_owned());
    }

    fn add_bytes(&mut self, name: &str, bytes: &[u8]) {
        std::fs::write(self.dir.path().join(name), bytes).unwrap();
        self.add(name);
    }

    fn catalog(&self) -> Catalog {
        let table = df!("id_str" => &self.ids, "file_loc" => &self.files).unwrap();
        Catalog::from_table(table, self.dir.path()).unwrap()
    }

    fn out(&self) -> PathBuf {
        self.dir.path().join("reps.parquet")
    }
}

fn encoder() -> Encoder {
    Encoder::load("imagenet").unwrap()
}

#[test]
fn unreadable_pictures_are_listed_and_the_rest_encoded_in_order() {
    let mut survey = Survey::new(3);
    survey.add_bytes("text.jpg", b"not a picture");
    survey.add_bytes("empty.jpg", b"");
    survey.add("missing.jpg");
    survey.add("g1.png");
    let space = encoder().encode(&survey.catalog()).unwrap();
    assert_eq!(space.ids(), ["id0", "id1", "id2", "id6"]);
    assert_eq!(space.features().row(1), space.features().row(3));
    assert_ne!(space.features().row(0), space.features().row(1));
    let reasons: Vec<&str> = space.failed().iter().map(|it| it.reason.as_str()).collect();
    assert!(reasons[0].contains("not a picture") && reasons[1].contains("0 bytes"));
    assert!(reasons[2].contains("no such file"));
    assert_eq!(space.catalog().unwrap().len(), 4);
}

#[test]
fn a_catalogue_without_any_readable_picture_is_an_error_with_a_reason() {
    let mut survey = Survey::new(0);
    survey.add("missing.jpg");
    let message = encoder().encode(&survey.catalog()).unwrap_err().to_string();
    assert!(message.contains("no such file") && !message.contains("none of"), "{message}");
    survey.add("missing, too.jpg");
    let message = encoder().encode(&survey.catalog()).unwrap_err().to_string();
    assert!(
        message.contains("no such file") && message.contains("none of the catalogue's 2 pictures"),
        "{message}"
    );
}

#[test]
fn features_do_not_depend_on_the_company_of_the_batch() {
    let survey = Survey::new(40);
    let encoder = encoder();
    let all = encoder.encode(&survey.catalog()).unwrap();
    let few = encoder.encode(&survey.catalog().head(3)).unwrap();
    for (a, b) in all.features().iter().zip(few.features().iter()) {
        assert!((a - b).abs() < 1e-4, "{a} {b}");
    }
}

#[test]
fn a_file_holds_what_memory_would_and_no_parts_stay() {
    let mut survey = Survey::new(5);
    survey.add("missing.jpg");
    let encoder = encoder();
    let report = encoder.encode_to(&survey.catalog(), survey.out()).unwrap();
    assert_eq!((report.encoded, report.resumed, report.failed.len()), (5, 0, 1));
    let read = Space::read(survey.out()).unwrap();
    let space = encoder.encode(&survey.catalog()).unwrap();
    assert_eq!((read.ids(), read.features()), (space.ids(), space.features()));
    let left = std::fs::read_dir(survey.dir.path()).unwrap();
    assert!(left.flatten().all(|entry| !entry.file_name().to_string_lossy().contains("part")));
}

#[test]
fn an_unfinished_file_is_taken_up_where_it_stopped() {
    let survey = Survey::new(6);
    let encoder = encoder();
    let catalog = survey.catalog();
    let whole = encoder.encode(&catalog).unwrap();
    let key = encoder.key(&catalog).unwrap();
    let mut parts = parts::Parts::open(&survey.out(), &key);
    // Features that no network computes show that finished rows are not encoded again.
    let rows = Rows {
        done: 2,
        ids: vec!["id0".to_owned(), "id1".to_owned()],
        features: vec![7.0; 2 * encoder.width()],
        failed: Vec::new(),
    };
    parts.keep(vec![rows], &|rows| parts::table(rows, encoder.width())).unwrap();
    let report = encoder.encode_to(&catalog, survey.out()).unwrap();
    assert_eq!((report.encoded, report.resumed), (6, 2));
    let read = Space::read(survey.out()).unwrap();
    assert!(read.features().row(1).iter().all(|&value| value == 7.0));
    assert_eq!(read.features().row(4), whole.features().row(4));
}

#[test]
fn a_place_that_cannot_be_written_to_is_named_before_any_work() {
    let survey = Survey::new(1);
    let file_as_folder = survey.dir.path().join("g0.png").join("reps.parquet");
    let message = encoder().encode_to(&survey.catalog(), &file_as_folder).unwrap_err().to_string();
    assert!(message.contains("cannot write") && message.contains("reps.parquet"), "{message}");
}

#[test]
fn an_unknown_encoder_is_named_with_those_there_are() {
    let message = Encoder::load("imagnet").unwrap_err().to_string();
    assert!(message.contains("Did you mean \"imagenet\"?"), "{message}");
}

#[test]
fn representations_know_their_encoder_and_recipe_on_disk_too() {
    let (survey, encoder) = (Survey::new(3), encoder());
    let space = encoder.encode(&survey.catalog()).unwrap();
    assert_eq!(space.origin(), Some(&encoder.origin()));
    assert_eq!(space.pca(1).unwrap().origin(), space.origin());
    space.save(survey.out()).unwrap();
    assert_eq!(Space::read(survey.out()).unwrap().origin(), Some(&encoder.origin()));
    encoder.encode_to(&survey.catalog(), survey.out()).unwrap();
    let read = Space::read(survey.out()).unwrap();
    assert_eq!(read.origin().unwrap().recipe, *encoder.recipe());
    encoder.check(&read).unwrap();
    // A table without an origin passes.
    let plain = Space::from_table(&read.table()).unwrap();
    assert_eq!(plain.origin(), None);
    encoder.check(&plain).unwrap();
}

#[test]
fn a_representation_of_another_recipe_is_refused_unless_the_encoder_takes_it() {
    let survey = Survey::new(2);
    let recipe = Recipe { zoom: 1.0, ..Recipe::imagenet_lite() };
    let other = encoder().with_recipe(recipe.clone()).unwrap();
    let space = other.encode(&survey.catalog()).unwrap();
    let message = encoder().check(&space).unwrap_err().to_string();
    for part in ["the one of imagenet (on the left)", "* zoom", "| 1.2", "| 1\n", "with_recipe"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    encoder().with_recipe(space.origin().unwrap().recipe.clone()).unwrap().check(&space).unwrap();
    let message = encoder().with_recipe(recipe.grey(zoobot_data::picture::Grey::Luma)).unwrap_err();
    assert!(message.to_string().contains("1 channel, but the network takes 3"), "{message}");
}

#[test]
fn several_encoders_over_one_decode_give_what_each_gives_alone() {
    if !zoobot_base::processor::computes_bf16() {
        return zoobot_testing::skip("this processor cannot compute in 16 bits");
    }
    let mut survey = Survey::new(7);
    survey.add("missing.jpg");
    let catalog = survey.catalog();
    let (plain, half) = (encoder(), encoder().with_precision(Precision::Bf16));
    let mut other = encoder();
    other.recipe.zoom = 2.0;
    let encoders = [&plain, &other, &half];
    let spaces = encode_all(&encoders, &catalog).unwrap();
    for (encoder, space) in encoders.into_iter().zip(&spaces) {
        let alone = encoder.encode(&catalog).unwrap();
        assert_eq!((space.ids(), space.failed().len()), (alone.ids(), 1));
        for (a, b) in space.features().iter().zip(alone.features()) {
            assert!((a - b).abs() <= 0.02 * b.abs().max(1.0), "{a} {b}");
        }
    }
    assert_ne!(spaces[0].features(), spaces[1].features());
    assert!(encode_all(&[], &catalog).is_err());
}

#[test]
fn work_in_another_precision_is_other_work() {
    let survey = Survey::new(1);
    let key = |precision| encoder().with_precision(precision).key(&survey.catalog()).unwrap();
    assert_ne!(key(Precision::Fp32), key(Precision::Bf16));
    // This encoder's network is not suited to 16 bits.
    assert_eq!(key(Precision::Auto), key(Precision::Fp32));
}

#[test]
fn the_rates_of_the_parts_are_measured() {
    let speed = encoder().speed(&Survey::new(5).catalog()).unwrap();
    assert!(speed.threads >= 1 && speed.prepared > 0.0 && speed.network > 0.0);
    assert!(speed.product_gflops > 0.0);
}
