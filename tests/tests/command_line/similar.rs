//! `zoobot similar` beyond one galaxy: several, pictures, conditions, other distances.

use super::{ENCODE, errors, figures, refused, run, survey};
use serde_json::Value;
use zoobot_core::ndarray::array;
use zoobot_core::polars::prelude::*;
use zoobot_core::space::Space;

fn ids(found: &Value) -> Vec<&str> {
    let neighbours = found["neighbours"].as_array().unwrap();
    neighbours.iter().map(|neighbour| neighbour["id_str"].as_str().unwrap()).collect()
}

#[test]
fn conditions_counter_examples_and_distances_change_what_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let names = ["a", "b", "c", "d", "e"];
    let features = array![[1.0, 0.0], [0.0, 2.0], [3.0, 0.0], [1.3, 1.3], [-1.0, 0.0]];
    let space = Space::new(names.map(str::to_owned).to_vec(), features).unwrap();
    space.save(dir.path().join("reps.parquet")).unwrap();
    let mut table = df!(
        "id_str" => names, "file_loc" => [""; 5], "mag_r" => [17.0, 17.0, 18.0, 16.0, 17.0],
        "ra" => [10.0, 20.0, 30.0, 10.001, 40.0], "dec" => [0.0; 5]
    );
    let mut file = std::fs::File::create(dir.path().join("galaxies.csv")).unwrap();
    CsvWriter::new(&mut file).finish(table.as_mut().unwrap()).unwrap();

    let similar = ["similar", "--representations", "reps.parquet", "--json"];
    let found = |words: &[&str]| figures(&run(&[&similar[..], words].concat(), dir.path()));
    assert_eq!(ids(&found(&["--id", "a", "-k", "4"])), ["d", "c", "e", "b"]);
    assert_eq!(ids(&found(&["--id", "a", "-k", "4", "--metric", "l1"])), ["d", "c", "e", "b"]);
    assert_eq!(ids(&found(&["--id", "a", "-k", "2", "--metric", "cosine"])), ["c", "d"]);
    assert_eq!(ids(&found(&["--id", "b", "--id", "c", "-k", "1"])), ["d"]);
    assert_eq!(ids(&found(&["--id", "a", "--unlike", "b", "-k", "1"])), ["c"]);
    let catalog = ["--id", "a", "--catalog", "galaxies.csv"];
    // d is 3.6 arcseconds from a, so it is the same object.
    assert_eq!(ids(&found(&[&catalog[..], &["-k", "3"]].concat())), ["c", "e", "b"]);
    let bright = [&catalog[..], &["--where", "mag_r < 17.5"]].concat();
    assert_eq!(ids(&found(&[&bright[..], &["-k", "2"]].concat())), ["e", "b"]);

    std::fs::write(dir.path().join("tags.csv"), "id_str,tag\nb,#Ringed\nc,ring\n").unwrap();
    assert_eq!(ids(&found(&["--tags", "tags.csv", "--tag", "ring", "-k", "1"])), ["d"]);

    let wrong = |words: &[&str], say: &[&str]| {
        refused(&[&similar[..], words].concat(), dir.path(), say);
    };
    wrong(&[&bright[..], &["-k", "3"]].concat(), &["k must be between 1 and 2"]);
    wrong(&[&catalog[..], &["--where", "mag_r <"]].concat(), &["its end"]);
    wrong(&[&catalog[..], &["--where", "mag_g < 1"]].concat(), &["mag_g"]);
    wrong(&["--tags", "tags.csv", "--tag", "rang"], &["Did you mean \"ring\"?"]);
    wrong(&["--picture", "x.jpg"], &["encoder"]);
}

#[test]
fn a_picture_of_a_galaxy_finds_that_galaxy() {
    let dir = survey(12);
    figures(&run(&ENCODE, dir.path()));
    let catalog = zoobot_core::catalog::Catalog::read(dir.path().join("catalog.csv")).unwrap();
    let file = catalog.files()[7].display().to_string();
    for pca in [&[][..], &["--pca", "5"]] {
        let words = ["similar", "--representations", "reps.parquet", "--picture", &file, "-k", "2"];
        let found = figures(&run(&[&words[..], pca, &["--json"]].concat(), dir.path()));
        assert_eq!(ids(&found)[0], catalog.ids()[7]);
        let neighbours = found["neighbours"].as_array().unwrap();
        let distance = |i: usize| neighbours[i]["distance"].as_f64().unwrap();
        assert!(distance(0) < 1e-2 * distance(1), "{} {}", distance(0), distance(1));
    }
}

#[test]
fn an_index_is_built_once_used_again_and_refused_for_another_table() {
    let dir = tempfile::tempdir().unwrap();
    let features = |shift: f32| {
        zoobot_core::ndarray::Array2::from_shape_fn((3000, 4), |(i, j)| {
            ((i * (31 + 7 * j) + j) % 997) as f32 + shift
        })
    };
    let names: Vec<String> = (0..3000).map(|i| format!("g{i}")).collect();
    let save = |shift| {
        let space = Space::new(names.clone(), features(shift)).unwrap();
        space.save(dir.path().join("reps.parquet")).unwrap();
    };
    save(0.0);
    let words = ["similar", "--representations", "reps.parquet", "--id", "g5", "--json"];
    let exact = figures(&run(&words, dir.path()));
    assert!(exact["index"].is_null());
    let indexed = [&words[..], &["--index"]].concat();
    let built = run(&indexed, dir.path());
    assert!(errors(&built).contains("of the true 10 nearest"), "{}", errors(&built));
    let again = run(&indexed, dir.path());
    assert_eq!(errors(&again), "");
    for found in [figures(&built), figures(&again)] {
        let index = &found["index"];
        assert!(index["recall"].as_f64().unwrap() >= 0.99, "{index}");
        assert_eq!(found["neighbours"], exact["neighbours"]);
    }
    save(0.5);
    refused(&indexed, dir.path(), &["reps.parquet.index", "before it changed"]);
    let elsewhere = [&words[..], &["--index=other.index", "--half"]].concat();
    assert_eq!(ids(&figures(&run(&elsewhere, dir.path()))), ids(&exact));
    refused(&[&words[..], &["--index=reps.parquet"]].concat(), dir.path(), &["not an index"]);
}

#[test]
fn a_file_of_vectors_is_searched_as_its_tables_are() {
    let dir = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..40).map(|i| format!("g{i}")).collect();
    let features = zoobot_core::ndarray::Array2::from_shape_fn((40, 3), |(i, j)| {
        ((i * (3 + j) + j) % 17) as f32
    });
    Space::new(names.clone(), features.clone())
        .unwrap()
        .save(dir.path().join("all.parquet"))
        .unwrap();
    for (name, rows) in [("a.parquet", 0..15), ("b.parquet", 15..40)] {
        let part = features.slice(zoobot_core::ndarray::s![rows.clone(), ..]).to_owned();
        Space::new(names[rows].to_vec(), part).unwrap().save(dir.path().join(name)).unwrap();
    }
    let written =
        ["vectors", "--representations", "a.parquet", "b.parquet", "--out", "v", "--json"];
    assert_eq!(figures(&run(&written, dir.path()))["galaxies"], 40);
    let found = |table: &str, more: &[&str]| {
        let words =
            ["similar", "--representations", table, "--id", "g3", "--unlike", "g9", "--json"];
        figures(&run(&[&words[..], more].concat(), dir.path()))
    };
    assert_eq!(found("v", &[]), found("all.parquet", &[]));
    assert_eq!(found("v", &["--index"])["neighbours"], found("all.parquet", &[])["neighbours"]);
    let mut rows = "id_str,file_loc,x\n".to_owned();
    // In a different order from the file.
    (0..40).rev().for_each(|i| rows += &format!("g{i},,{i}\n"));
    std::fs::write(dir.path().join("galaxies.csv"), rows).unwrap();
    std::fs::write(dir.path().join("tags.csv"), "id_str,tag\ng5,ring\nelsewhere,ring\n").unwrap();
    let bright = ["--catalog", "galaxies.csv", "--where", "x < 20", "-k", "5"];
    let ringed = ["--tags", "tags.csv", "--tag", "ring"];
    for more in [&bright[..], &ringed, &[&bright[..], &ringed].concat()] {
        let there = found("v", more);
        assert_eq!(there, found("all.parquet", more));
        assert_ne!(ids(&there), ids(&found("v", &[])));
    }
    std::fs::write(dir.path().join("few.csv"), "id_str,file_loc,x\ng3,,1\n").unwrap();
    let words = ["similar", "--representations", "v", "--id"];
    refused(&[&words[..], &["g3", "--catalog", "few.csv"]].concat(), dir.path(), &["g0"]);
    refused(&[&words[..], &["g41"]].concat(), dir.path(), &["Did you mean"]);
    refused(&[&words[..], &["g3", "--pca", "2"]].concat(), dir.path(), &["file of vectors"]);
}

#[test]
fn precision_of_several_representations_is_measured_side_by_side() {
    let dir = tempfile::tempdir().unwrap();
    let names = ["a", "b", "c", "x", "y", "z"].map(str::to_owned).to_vec();
    let save = |file: &str, places: [f32; 6]| {
        let features = zoobot_core::ndarray::Array2::from_shape_vec((6, 1), places.to_vec());
        let space = Space::new(names.clone(), features.unwrap()).unwrap();
        space.save(dir.path().join(file)).unwrap();
    };
    save("good.parquet", [0.0, 1.0, 2.0, 10.0, 11.0, 12.0]);
    save("bad.parquet", [0.0, 2.0, 4.0, 1.0, 3.0, 5.0]);
    let tags = "id_str,tag\na,ring\nb,rings\nc,ring\nx,bar\ny,bar\nz,#Bar\n";
    std::fs::write(dir.path().join("tags.csv"), tags).unwrap();
    let words = ["precision", "--tags", "tags.csv", "-k", "2", "--least", "3", "--json"];
    let tables = ["--representations", "good.parquet", "other=bad.parquet"];
    let found = figures(&run(&[&words[..], &tables].concat(), dir.path()));
    assert_eq!(found["encoders"]["good"]["mean"], 1.0);
    assert_eq!(found["mean_random"], 0.4);
    assert!(found["encoders"]["other"]["mean"].as_f64().unwrap() < 0.5);
    assert_eq!(found["tags"]["ring"]["galaxies"], 3);
    let twice = ["--representations", "good.parquet", "good=bad.parquet"];
    refused(&[&words[..], &twice].concat(), dir.path(), &["called \"good\""]);
}
