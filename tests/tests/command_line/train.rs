//! `zoobot train`, `zoobot predict` and `zoobot calibrate` on its result.

use super::{errors, figures, refused, run, zoobot};
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;
use zoobot_core::model::Model;

/// Simulates a survey in a folder of this name, with the votes of a schema; the names of its
/// galaxies begin with the folder's name.
fn survey(dir: &Path, name: &str, schema: &str, galaxies: usize, seed: u64) {
    let (galaxies, seed) = (galaxies.to_string(), seed.to_string());
    let words = ["simulate", "--galaxies", &galaxies, "--size", "40", "--votes", schema];
    figures(&run(&[&words[..], &["--seed", &seed, "--out", name, "--json"]].concat(), dir));
    let path = dir.join(name).join("catalog.csv");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, text.replace("\nSIM", &format!("\n{name}"))).unwrap();
}

/// The arguments to train a small network on `a/catalog.csv` in a moment.
fn train<'a>(out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let words = [
        "train",
        "--catalog",
        "a/catalog.csv",
        "--start",
        "resnet18",
        "--size",
        "32",
        "--zoom",
        "1",
        "--batch",
        "12",
        "--warmup",
        "2",
        "--json",
        "--out",
        out,
    ];
    [&words[..], more].concat()
}

const GZ2: [&str; 2] = ["--schema", "gz2"];

#[test]
fn a_survey_with_votes_becomes_a_model_that_predicts_and_is_measured() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path();
    survey(place, "a", "gz2", 60, 1);
    survey(place, "b", "gz2", 30, 2);
    let more = [&GZ2[..], &["--val", "b/catalog.csv", "--epochs", "2"]].concat();
    let done = figures(&run(&train("model", &more), place));
    assert_eq!(
        (&done["train"], &done["val"], &done["steps"]),
        (&60.into(), &30.into(), &10.into())
    );
    assert!(done["best_validation"].as_f64().unwrap() > 0.0, "{done}");
    assert!(done["losses"]["bar-gz2"].as_f64().unwrap() > 0.0, "{done}");
    let model = Model::load(place.join("model")).unwrap();
    assert_eq!((model.encoder().name(), model.encoder().recipe().size), ("model", 32));
    assert!(model.schema().unwrap().answer("bar-gz2_yes").is_ok());

    let words = ["predict", "--model", "model", "--catalog", "b/catalog.csv", "--out", "votes.csv"];
    let arguments = [&words[..], &["--model", "model", "--table", "advanced", "--json"]].concat();
    let done = figures(&run(&arguments, place));
    assert_eq!((&done["predicted"], &done["members"]), (&30.into(), &2.into()));

    let words = ["calibrate", "--model", "model", "--catalog", "b/catalog.csv"];
    let answer = "smooth-or-featured-gz2_smooth";
    let drawn = ["--figure", "c.svg", "--answer", answer, "--scatter", "s.pdf", "--json"];
    let done = figures(&run(&[&words[..], &drawn].concat(), place));
    let first = &done["questions"][0];
    assert_eq!(
        (&first["question"], &first["galaxies"]),
        (&"smooth-or-featured-gz2".into(), &30.into())
    );
    let share = |name: &str| first[name].as_f64().filter(|it| (0.0..=1.0).contains(it)).unwrap();
    let off = (share("within_0.2_expected") - share("within_0.2_observed")).abs();
    assert!((share("coverage_error") - off).abs() < 1e-12);
    share("votes_in_90pc");
    assert_eq!(done["agreement"][0]["galaxies"], 30);
    assert!(place.join("c.svg").is_file() && place.join("s.pdf").is_file());
    // Corrected with the votes that it is then measured by, it can only get closer to them.
    let fit = ["--fit", "b/catalog.csv", "--save", "corrected", "--json"];
    figures(&run(&[&words[..], &fit].concat(), place));
    assert!(Model::load(place.join("corrected")).unwrap().recalibration().is_some());
    let table = run(&words, place);
    assert!(String::from_utf8_lossy(&table.stdout).contains("bar-gz2"), "{}", errors(&table));
    refused(&[&words[..], &["--answer", "bar_yes"]].concat(), place, &["bar_yes"]);
    refused(&[&words[..], &["--schema", "gz_rings"]].concat(), place, &["ring_yes"]);
}

#[test]
fn catalogues_of_several_campaigns_are_learnt_from_together() {
    let dir = tempfile::tempdir().unwrap();
    survey(dir.path(), "a", "gz2", 30, 1);
    survey(dir.path(), "b", "decals_dr5", 24, 2);
    let more = ["--catalog", "b/catalog.csv", "--schema", "gz2", "--schema", "decals_dr5"];
    let once = ["--epochs", "1", "--validation", "0.2"];
    let done = figures(&run(&train("both", &[&more[..], &once].concat()), dir.path()));
    assert_eq!((&done["train"], &done["val"]), (&43.into(), &11.into()));
    for campaign in ["campaign gz2", "campaign dr5", "bar-gz2", "bar-dr5"] {
        assert!(done["losses"][campaign].as_f64().is_some(), "{campaign}: {done}");
    }
    // It has the answers of both, and each campaign's votes are enough to measure its part.
    let schema = Model::load(dir.path().join("both")).unwrap().schema().unwrap().clone();
    assert!(schema.answer("bar-gz2_yes").is_ok() && schema.answer("bar-dr5_strong").is_ok());
    let words = ["calibrate", "--model", "both", "--catalog", "b/catalog.csv", "--json"];
    let done = figures(&run(&[&words[..], &["--schema", "decals_dr5"]].concat(), dir.path()));
    assert_eq!(done["questions"][0]["question"], "smooth-or-featured-dr5");
    refused(&words, dir.path(), &["smooth-or-featured-gz2_smooth"]);
}

#[test]
fn training_that_is_killed_goes_on_with_the_same_command_and_ends_with_the_same_weights() {
    let dir = tempfile::tempdir().unwrap();
    survey(dir.path(), "a", "gz2", 40, 1);
    let more = [&GZ2[..], &["--epochs", "12", "--save-every", "2", "--average", "0.9"]].concat();
    let arguments = train("model", &more);
    let mut child = zoobot()
        .args(&arguments)
        .current_dir(dir.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = || {
        let entries = std::fs::read_dir(dir.path().join("model/run/checkpoints"));
        let names = entries.into_iter().flatten().flatten().map(|it| it.file_name());
        names.filter(|name| name.to_string_lossy().starts_with("step-")).count() > 1
    };
    while !begun() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before its checkpoints appeared");
        std::thread::yield_now();
    }
    // On Unix this is SIGKILL.
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success());
    assert!(!dir.path().join("model/model.safetensors").exists());
    // Other settings mean another run, which this folder refuses.
    let other = [&more[..], &["--rate", "0.01"]].concat();
    refused(&train("model", &other), dir.path(), &["other settings", "another folder"]);
    let done = figures(&run(&arguments, dir.path()));
    assert!(done["resumed_at"].as_u64().unwrap() > 0, "{done}");
    let whole = figures(&run(&train("whole", &more), dir.path()));
    assert_eq!(whole["resumed_at"], 0);
    let same = |name: &str| assert_eq!(done[name], whole[name], "{name}");
    ["steps", "epochs", "best_epoch", "best_validation", "losses"].into_iter().for_each(same);
    for file in ["model.safetensors", "head.safetensors"] {
        let read = |folder: &str| std::fs::read(dir.path().join(folder).join(file)).unwrap();
        assert!(read("model") == read("whole"), "{file} differs");
    }
    // A finished model stays unless it is to be replaced; then its run begins anew, with any
    // settings.
    refused(&arguments, dir.path(), &["--out model exists already", "--overwrite"]);
    let fresh = ["--epochs", "1", "--overwrite"];
    let fresh = figures(&run(&train("model", &[&GZ2[..], &fresh].concat()), dir.path()));
    assert_eq!((&fresh["resumed_at"], &fresh["epochs"]), (&0.into(), &1.into()));
}

#[test]
fn what_cannot_be_learnt_from_is_refused_with_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path();
    survey(place, "a", "gz2", 12, 1);
    let with = |more: &[&str], words: &[&str]| refused(&train("model", more), place, words);
    let and = |more: &[&'static str]| [&GZ2[..], more].concat();
    with(&[&GZ2[..], &GZ2].concat(), &["--schema is given 2 times", "once for each catalogue"]);
    with(&and(&["--val", "a/catalog.csv", "--val", "a/catalog.csv"]), &["--val is given 2 times"]);
    with(&["--schema", "decals_dr5"], &["smooth-or-featured-dr5_smooth", "no column"]);
    with(&["--schema", "gz3"], &["gz3", "gz2"]);
    let instead = |old: &str, new: &'static str, words: &[&str]| {
        let changed = |word: &&'static str| if *word == old { new } else { *word };
        let all: Vec<&str> = train("model", &GZ2).iter().map(changed).collect();
        refused(&all, place, words);
    };
    instead("resnet18", "resnet19", &["resnet19"]);
    with(&and(&["--epochs", "0"]), &["epochs must be at least 1"]);
    instead("12", "0", &["batch must be at least 1"]);
    with(&and(&["--rate", "0"]), &["rate must be a finite number above 0"]);
    with(&and(&["--validation", "1"]), &["--validation must be", "it is 1"]);
    with(&and(&["--validation", "0.01"]), &["0.01", "12 galaxies"]);
    let path = place.join("a/catalog.csv");
    let good = std::fs::read_to_string(&path).unwrap();
    let (header, rows) = good.split_once('\n').unwrap();
    let column = header.split(',').position(|name| name == "bar-gz2_yes").unwrap();
    for (vote, words) in [
        ("-1", ["negative", "\"bar-gz2_yes\""]),
        ("0.5", ["fractional", "Give counts"]),
        ("inf", ["not finite", "bar-gz2_yes"]),
        ("some", ["\"bar-gz2_yes\" of", "\"some\", not a number"]),
    ] {
        let mut cells: Vec<&str> = rows.lines().next().unwrap().split(',').collect();
        cells[column] = vote;
        let rest = rows.split_once('\n').unwrap().1;
        std::fs::write(&path, format!("{header}\n{}\n{rest}", cells.join(","))).unwrap();
        with(&GZ2, &words);
    }
    for (schema, words) in [
        (r#"[{"question": "a", "answers": ["yes"]}]"#, "has one answer"),
        (
            r#"[{"question": "a", "answers": ["yes", "no"], "depends_on": "b_yes"},
                {"question": "b", "answers": ["yes", "no"], "depends_on": "a_yes"}]"#,
            "in a cycle",
        ),
    ] {
        let text = format!(r#"{{"name": "t", "questions": {schema}}}"#);
        std::fs::write(place.join("t.json"), text).unwrap();
        with(&["--schema", "t.json"], &[words]);
    }
    assert!(!place.join("model").join("model.safetensors").exists());
}

#[test]
fn galaxies_that_nobody_voted_on_cost_nothing() {
    let dir = tempfile::tempdir().unwrap();
    survey(dir.path(), "a", "gz2", 12, 1);
    let path = dir.path().join("a/catalog.csv");
    let good = std::fs::read_to_string(&path).unwrap();
    let (header, rows) = good.split_once('\n').unwrap();
    let votes: Vec<bool> = header.split(',').map(|name| name.contains("-gz2_")).collect();
    let none = |row: &str| -> String {
        let cells = row.split(',').zip(&votes).map(|(cell, vote)| if *vote { "0" } else { cell });
        cells.collect::<Vec<_>>().join(",")
    };
    let rows: Vec<String> = rows.lines().map(none).collect();
    std::fs::write(&path, format!("{header}\n{}\n", rows.join("\n"))).unwrap();
    let more = [&GZ2[..], &["--epochs", "1", "--validation", "0.25"]].concat();
    let done: Value = figures(&run(&train("model", &more), dir.path()));
    assert_eq!(done["best_validation"].as_f64(), Some(0.0), "{done}");
}
