//! `zoobot finetune`, and `zoobot judge` and `zoobot predict` on its result.

use super::{errors, figures, refused, run, zoobot};
use std::path::Path;
use std::process::{Command, Stdio};
use zoobot_core::catalog::Catalog;
use zoobot_core::encoder::{Architecture, Encoder};
use zoobot_core::model::Model;
use zoobot_core::picture::Recipe;

/// Jellyfish and diffuse galaxies, and a small encoder with random weights in the folder `small`.
fn place(galaxies: usize, architecture: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let galaxies = galaxies.to_string();
    let words = ["simulate", "--galaxies", &galaxies, "--size", "40", "--out", ".", "--json"];
    figures(&run(&[&words[..], &["--kinds", "jellyfish,diffuse"]].concat(), dir.path()));
    let recipe = Recipe { size: 32, zoom: 1.0, ..Recipe::zoobot() };
    let small = Encoder::untrained(Architecture::named(architecture).unwrap(), recipe, 1).unwrap();
    small.save(dir.path().join("small")).unwrap();
    dir
}

fn classifier<'a>(out: &'a str, catalog: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let words = ["finetune", "classifier", "--label", "class", "--encoder", "small", "--json"];
    [&words[..], &["--catalog", catalog, "--out", out], more].concat()
}

/// Writes the first `n` galaxies of the catalogue as `train.csv` and the rest as `test.csv`.
fn divide(dir: &Path, n: usize) {
    let text = std::fs::read_to_string(dir.join("catalog.csv")).unwrap();
    let (head, rows) = text.split_once('\n').unwrap();
    let rows: Vec<&str> = rows.lines().collect();
    for (name, rows) in [("train.csv", &rows[..n]), ("test.csv", &rows[n..])] {
        std::fs::write(dir.join(name), format!("{head}\n{}\n", rows.join("\n"))).unwrap();
    }
}

#[test]
fn a_few_labels_become_a_model_that_is_judged_and_predicts() {
    let dir = place(120, "resnet18");
    divide(dir.path(), 80);
    let arguments = classifier("model", "train.csv", &[]);
    let output = run(&arguments, dir.path());
    let done = figures(&output);
    // Each galaxy is judged by a head that did not see it, and all are learnt from.
    assert_eq!((&done["train"], &done["val"]), (&80.into(), &0.into()));
    assert!(done["penalties"]["class"].as_f64().unwrap() > 0.0, "{done}");
    assert_eq!(done["classes"], serde_json::json!(["diffuse", "jellyfish"]));
    assert!(done["validation"]["accuracy"].as_f64().unwrap() > 0.6, "{done}");
    let plan = errors(&output);
    for word in ["Plan: classifier", "head only, solved for", "frozen", "at most about"] {
        assert!(plan.contains(word), "{word} is not in {plan}");
    }
    let words = ["judge", "--model", "model", "--catalog", "test.csv", "--label", "class"];
    let judged = figures(&run(&[&words[..], &["--json"]].concat(), dir.path()));
    assert_eq!(judged["galaxies"], 40);
    for name in ["accuracy", "auc", "average_precision", "f1"] {
        let value = judged[name].as_f64().unwrap();
        let ends: Vec<f64> =
            serde_json::from_value(judged[format!("{name}_interval")].clone()).unwrap();
        assert!(ends[0] <= value && value <= ends[1], "{judged}");
    }
    assert!(judged["auc"].as_f64().unwrap() > 0.6, "{judged}");
    let text = run(&words, dir.path());
    assert!(String::from_utf8_lossy(&text.stdout).contains("predicted as each"));
    let words = ["predict", "--model", "model", "--catalog", "test.csv", "--json", "--out"];
    let done = figures(&run(&[&words[..], &["one.csv"]].concat(), dir.path()));
    assert_eq!(done["predicted"], 40);
    let one = std::fs::read_to_string(dir.path().join("one.csv")).unwrap();
    assert!(
        one.starts_with("id_str,predicted,probability_diffuse,probability_jellyfish\n"),
        "{one}"
    );
    // A model given twice is an ensemble.
    let more = ["two.csv", "--model", "model"];
    figures(&run(&[&words[..], &more].concat(), dir.path()));
    assert_eq!(std::fs::read_to_string(dir.path().join("two.csv")).unwrap().lines().count(), 41);
    refused(&[&words[..], &["a.csv", "--passes", "2"]].concat(), dir.path(), &["--passes 2"]);
    let calibrate = ["calibrate", "--model", "model", "--catalog", "test.csv"];
    refused(&calibrate, dir.path(), &["votes"]);
}

#[test]
fn folds_choose_the_epochs_and_mixup_changes_what_is_learnt() {
    let dir = place(60, "resnet18");
    let tuned = |out: &'static str, more: &[&'static str]| {
        let more = [&["--epochs", "4"], more].concat();
        figures(&run(&classifier(out, "catalog.csv", &more), dir.path()))
    };
    let plain = tuned("folds", &["--folds", "3"]);
    // Every galaxy is learnt from, and the measures of the folds are of galaxies held out of each.
    assert_eq!(
        (&plain["train"], &plain["val"], &plain["folds"]),
        (&60.into(), &0.into(), &3.into())
    );
    assert!((1..=4).contains(&plain["best_epoch"].as_u64().unwrap()), "{plain}");
    let accuracy = plain["folds_say"]["accuracy"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&accuracy) && plain.get("validation").is_none(), "{plain}");
    let mixed = tuned("mixed", &["--folds", "3", "--mixup", "0.4"]);
    assert_ne!(plain["best_validation"], mixed["best_validation"]);
    let weights = |out: &str| std::fs::read(dir.path().join(out).join("head.safetensors")).unwrap();
    assert!(weights("folds") != weights("mixed"), "mixup changed nothing");
    for (more, words) in [
        (["--folds", "1"], ["folds must be at least 2", "it is 1"]),
        (["--folds", "61"], ["folds", "61"]),
        (["--mixup", "nan"], ["mixup", "NaN"]),
    ] {
        let output = run(&classifier("bad", "catalog.csv", &more), dir.path());
        let message = errors(&output);
        assert_eq!(output.status.code(), Some(2), "{more:?}: {message}");
        words.iter().for_each(|it| assert!(message.contains(it), "{it:?} is not in {message:?}"));
    }
}

#[test]
fn fine_tuning_that_is_killed_keeps_its_best_and_goes_on_to_the_same_end() {
    let dir = place(60, "convnext_atto");
    let more = ["--full", "--epochs", "4", "--batch", "16", "--patience", "0", "--save-every", "2"];
    let arguments = classifier("model", "catalog.csv", &more);
    let mut child = zoobot()
        .args(&arguments)
        .current_dir(dir.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while !dir.path().join("model/run/best/head.json").is_file() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before there was a best model");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    // On Unix this is SIGKILL.
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!dir.path().join("model/head.json").exists());
    let best = Model::load(dir.path().join("model/run/best")).unwrap();
    let galaxies = Catalog::read(dir.path().join("catalog.csv")).unwrap();
    assert_eq!(best.predict(&galaxies.head(5)).unwrap().len(), 5);
    let done = figures(&run(&arguments, dir.path()));
    assert!(done["resumed_at"].as_u64().unwrap() > 0, "{done}");
    let whole = figures(&run(&classifier("whole", "catalog.csv", &more), dir.path()));
    let same = |name: &str| assert_eq!(done[name], whole[name], "{name}");
    ["steps", "epochs", "best_epoch", "best_validation", "validation"].into_iter().for_each(same);
    for file in ["model.safetensors", "head.safetensors"] {
        let read = |folder: &str| std::fs::read(dir.path().join(folder).join(file)).unwrap();
        assert!(read("model") == read("whole"), "{file} differs");
    }
    let other = [&more[..], &["--dropout", "0.1"]].concat();
    // A finished model stays. Without `head.json` it looks unfinished, and its run has other
    // settings.
    refused(&classifier("model", "catalog.csv", &other), dir.path(), &["exists already"]);
    std::fs::remove_file(dir.path().join("model/head.json")).unwrap();
    // The plan is printed before the error.
    let output = run(&classifier("model", "catalog.csv", &other), dir.path());
    let message = errors(&output);
    let last = message.trim_end().lines().last().unwrap_or_default();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(last.contains("other settings") && last.contains("another folder"), "{last}");
}

#[test]
fn ctrl_c_says_where_the_best_is() {
    let dir = place(60, "convnext_atto");
    let more = ["--full", "--epochs", "100000", "--patience", "0"];
    let arguments = classifier("model", "catalog.csv", &more);
    let mut child = zoobot()
        .args(&arguments)
        .current_dir(dir.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !dir.path().join("model/run/best/head.json").is_file() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before there was a best model");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let stopped = child.wait_with_output().unwrap();
    assert_eq!(stopped.status.code(), Some(130), "{}", errors(&stopped));
    assert!(errors(&stopped).contains("the best so far is in model/run/best"));
}

#[test]
fn the_other_kinds_of_questions_and_what_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path();
    let words = ["simulate", "--galaxies", "60", "--size", "40", "--votes", "gz2", "--out", "."];
    run(&words, place);
    let recipe = Recipe { size: 32, zoom: 1.0, ..Recipe::zoobot() };
    let small = Encoder::untrained(Architecture::named("resnet18").unwrap(), recipe, 1).unwrap();
    small.save(place.join("small")).unwrap();
    let path = place.join("catalog.csv");
    let text = std::fs::read_to_string(&path).unwrap();
    // Columns of labels that have nothing to do with the pictures.
    let (head, rows) = text.split_once('\n').unwrap();
    let own = ["bar", "odd", "share", "number", "gap", "same"];
    let renamed = |name: &str| match own.contains(&name) {
        true => format!("{name}_drawn"),
        false => name.to_owned(),
    };
    let head = head.split(',').map(renamed).collect::<Vec<_>>().join(",");
    let row = |(i, row): (usize, &str)| {
        let (bar, share) = (i % 3 % 2, i as f64 / 60.0);
        let gap = if i == 7 { "" } else { "1" };
        format!("{row},{bar},{},{share},{},{gap},1\n", i % 2, 100.0 * share)
    };
    let rows: String = rows.lines().enumerate().map(row).collect();
    std::fs::write(&path, format!("{head},bar,odd,share,number,gap,same\n{rows}")).unwrap();
    let finetune = |kind: &'static str, out: &'static str, more: &[&'static str]| {
        let words = ["finetune", kind, "--encoder", "small", "--catalog", "catalog.csv", "--json"];
        [&words[..], &["--epochs", "3", "--out", out], more].concat()
    };
    let done = |kind, out, more: &[&'static str]| figures(&run(&finetune(kind, out, more), place));
    let judge = |model: &'static str, more: &[&'static str]| {
        let words = ["judge", "--model", model, "--catalog", "catalog.csv", "--json"];
        figures(&run(&[&words[..], more].concat(), place))
    };
    done("regressor", "number", &["--label", "number", "--distance", "absolute"]);
    assert!(judge("number", &[])["rmse_interval"][0].as_f64().unwrap() > 0.0);
    let share = ["--label", "share", "--unit-interval", "--two-phase", "4"];
    assert_eq!(done("regressor", "share", &share)["mode"], "head, then from block 4");
    done("multilabel", "both", &["--label", "bar", "--label", "odd", "--greyscale"]);
    assert!(judge("both", &[])["auc"].as_f64().is_some());
    done("tree", "votes", &["--schema", "gz2"]);
    let predict = ["predict", "--model", "votes", "--catalog", "catalog.csv", "--out", "v.csv"];
    assert!(run(&predict, place).status.success());
    let judged = ["judge", "--model", "votes", "--catalog", "catalog.csv"];
    refused(&judged, place, &["votes for", "zoobot calibrate"]);

    let with = |kind, more: &[&'static str], words: &[&str]| {
        let output = run(&finetune(kind, "bad", more), place);
        let message = errors(&output);
        assert_eq!(output.status.code(), Some(2), "{more:?}: {message}");
        let last = message.trim_end().lines().last().unwrap_or_default().to_owned();
        words.iter().for_each(|it| assert!(last.contains(it), "{it:?} is not in {last:?}"));
    };
    with("classifier", &["--label", "same"], &["has only the class \"1\"", "at least two"]);
    with(
        "classifier",
        &["--label", "gap"],
        &["\"gap\" has no value for 1 of 60", "--where 'gap is not missing'"],
    );
    with("classifier", &["--label", "share"], &["zoobot finetune regressor"]);
    with("classifier", &["--label", "sharp"], &["no column \"sharp\"", "share"]);
    with("classifier", &["--label", "odd", "--label", "bar"], &["--label names 2 columns"]);
    with("regressor", &["--label", "class"], &["\"class\" holds text"]);
    with(
        "regressor",
        &["--label", "number", "--unit-interval"],
        &["between 0 and 1", "--unit-interval"],
    );
    with(
        "classifier",
        &["--label", "odd", "--val", "catalog.csv"],
        &["in both the training and the validation"],
    );
    with(
        "classifier",
        &["--label", "odd", "--validation", "0.001"],
        &["none on one side", "--validation"],
    );
    with("tree", &["--schema", "gz3"], &["gz3"]);
    assert!(!place.join("bad/head.json").exists());
    for command in ["finetune", "judge"] {
        let output = run(&[command, "--help"], place);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            text.contains("Examples:") && text.contains(&format!("zoobot {command}")),
            "{text}"
        );
    }
}
