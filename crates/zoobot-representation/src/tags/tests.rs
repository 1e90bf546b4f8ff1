use super::{Cleaning, Tags};
use crate::space::Space;
use ndarray::Array2;
use polars::prelude::df;
use zoobot_data::datasets::DataSet;

/// Galaxies on a line, two groups far apart: `a`, `b`, `c` and `x`, `y`, `z`.
fn groups() -> Space {
    let ids = ["a", "b", "c", "x", "y", "z"].map(str::to_owned).to_vec();
    let places = vec![0.0, 1.0, 2.5, 100.0, 101.0, 102.5];
    Space::new(ids, Array2::from_shape_vec((6, 1), places).unwrap()).unwrap()
}

fn tags(pairs: &[(&str, &str)]) -> Tags {
    let (ids, tags): (Vec<&str>, Vec<&str>) = pairs.iter().copied().unzip();
    Tags::from_table(&df!("id_str" => ids, "tag" => tags).unwrap()).unwrap()
}

#[test]
fn spellings_and_synonyms_become_one_tag_and_noise_goes() {
    let written = tags(&[
        ("a", "#Dust_Lane"),
        ("a", "dust"),
        ("b", "DUSTLANE"),
        ("c", "beautiful"),
        ("c", "ring?"),
        ("c", "##"),
        ("x", "jellyfish-galaxy"),
        ("y", "JellyfishGalaxy"),
    ]);
    assert!(!Cleaning::standard().same.is_empty() && !Cleaning::standard().dropped.is_empty());
    let clean = written.clean(&Cleaning::standard()).unwrap();
    assert_eq!(clean.names(), ["dust lane", "jellyfish galaxy"]);
    let mut dusty = clean.galaxies("dust lane").unwrap().to_vec();
    dusty.sort();
    assert_eq!(dusty, ["a", "b"]);
    assert_eq!(clean.galaxies("jellyfish galaxy").unwrap(), ["y", "x"]);
    assert!(clean.galaxies("dust lanes").unwrap_err().to_string().contains("\"dust lane\""));
    let mut torn = Cleaning::standard();
    torn.dropped.insert("Dust-Lanes".to_owned());
    let message = written.clean(&torn).unwrap_err().to_string();
    assert!(message.contains("dropped") && message.contains("dust lane"), "{message}");
}

#[test]
fn a_cleaning_is_edited_as_a_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut cleaning = Cleaning::standard();
    cleaning.same.insert("jellyfish".into(), ["ram pressure".to_owned()].into());
    std::fs::write(file.path(), serde_json::to_string(&cleaning).unwrap()).unwrap();
    assert_eq!(Cleaning::read(file.path()).unwrap(), cleaning);
    let clean = tags(&[("a", "#RamPressure")]).clean(&cleaning).unwrap();
    assert_eq!(clean.names(), ["jellyfish"]);
}

#[test]
fn a_tag_finds_galaxies_like_those_that_have_it() {
    let tags = tags(&[("a", "ring"), ("c", "ring"), ("elsewhere", "ring"), ("elsewhere", "lens")]);
    assert_eq!(groups().similar_to_tag(&tags, "ring", 2).unwrap().ids(), ["b", "x"]);
    let message = groups().similar_to_tag(&tags, "lens", 1).unwrap_err().to_string();
    assert!(message.contains("lens"), "{message}");
}

#[test]
fn precision_counts_the_neighbours_that_share_the_tag() {
    let tags = tags(&[
        ("a", "left"),
        ("b", "left"),
        ("c", "left"),
        ("x", "right"),
        ("y", "right"),
        ("z", "mixed"),
        ("a", "mixed"),
    ]);
    let table = tags.precision(&groups(), 2, 2).unwrap();
    let numbers = |name: &str| -> Vec<f64> {
        table.column(name).unwrap().f64().unwrap().iter().flatten().collect()
    };
    // Half of the neighbours of x and y share the tag. a and z share "mixed" but are not neighbours.
    assert_eq!(numbers("precision"), [1.0, 0.0, 0.5]);
    assert_eq!(numbers("one"), [1.0, 0.0, 0.5]);
    assert_eq!(numbers("random"), [0.4, 0.2, 0.2]);
    // "u" has no tag: it counts as a miss when all galaxies are searched.
    let ids = ["a", "b", "u"].map(str::to_owned).to_vec();
    let line = Space::new(ids, Array2::from_shape_fn((3, 1), |(i, _)| i as f32)).unwrap();
    let of = |table: polars::prelude::DataFrame| -> Vec<f64> {
        table.column("precision").unwrap().f64().unwrap().iter().flatten().collect()
    };
    assert_eq!(of(tags.precision_of_all(&line, 1, 2).unwrap()), [1.0]);
    assert_eq!(of(tags.precision_of_all(&line, 2, 2).unwrap()), [0.5]);
    assert!(tags.precision(&groups(), 6, 1).unwrap_err().to_string().contains("between 1 and 5"));
    assert!(tags.precision(&groups(), 1, 4).unwrap_err().to_string().contains("least"));
}

#[test]
fn attributes_of_efigi_are_tags() {
    let table = df!(
        "id_str" => ["a", "b"], "file_loc" => ["", ""], "T" => [-3.0, 6.0],
        "Inner_Ring" => [0.0, 0.25], "Outer_Ring" => [-1.0, 0.75], "Pseudo_Ring" => [0.0, 0.0],
        "Bar_Length" => [0.0, 0.5], "Inclination" => [1.0, 0.5], "Multiplicity" => [0.5, -1.0]
    );
    let catalog = zoobot_data::catalog::Catalog::from_table(table.unwrap(), "").unwrap();
    let tags = Tags::of_efigi(&catalog).unwrap();
    assert_eq!(tags.names(), ["bar", "early type", "edge on", "late type", "multiple", "ring"]);
    assert_eq!(tags.galaxies("ring").unwrap(), ["b"]);
    assert_eq!(tags.galaxies("early type").unwrap(), ["a"]);
    let bare = df!("id_str" => ["a"], "file_loc" => [""]).unwrap();
    let bare = zoobot_data::catalog::Catalog::from_table(bare, "").unwrap();
    let gz2 = DataSet::named("gz2").unwrap();
    let error = Tags::of_data_set(&gz2, &bare).unwrap_err().to_string();
    assert!(error.contains("gz2 has no tags") && error.contains("efigi"), "{error}");
    assert!(Tags::of_efigi(&bare).unwrap_err().to_string().contains("Inner_Ring"));
}
