//! `zoobot few` and `zoobot experiment kshot`.

use super::{figures, refused, run, zoobot};
use serde_json::json;
use std::path::Path;
use zoobot_core::encoder::{Architecture, Encoder};
use zoobot_core::picture::Recipe;

/// Rings and spirals in `catalog.csv`, `support.csv` with the first ones, `survey.csv` with the others, and
/// a small encoder with random weights in the folder `small`.
fn place() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let words = ["simulate", "--galaxies", "40", "--size", "40", "--out", ".", "--json"];
    figures(&run(&[&words[..], &["--kinds", "jellyfish,diffuse"]].concat(), dir.path()));
    let recipe = Recipe { size: 32, zoom: 1.0, ..Recipe::zoobot() };
    let network = Architecture::named("resnet18").unwrap();
    Encoder::untrained(network, recipe, 1).unwrap().save(dir.path().join("small")).unwrap();
    let text = std::fs::read_to_string(dir.path().join("catalog.csv")).unwrap();
    let (head, rows) = text.split_once('\n').unwrap();
    let rows: Vec<&str> = rows.lines().collect();
    for (name, rows) in [("support.csv", &rows[..10]), ("survey.csv", &rows[10..])] {
        std::fs::write(dir.path().join(name), format!("{head}\n{}\n", rows.join("\n"))).unwrap();
    }
    dir
}

fn few<'a>(survey: &'a str, out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let words = ["few", "--support", "support.csv", "--label", "class", "--encoder", "small"];
    [&words[..], &["--catalog", survey, "--out", out, "--seed", "1", "--json"], more].concat()
}

/// The header and the rows of a ranking.
fn ranking(path: &Path) -> (String, Vec<Vec<String>>) {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let head = lines.next().unwrap().to_owned();
    (head, lines.map(|line| line.split(',').map(str::to_owned).collect()).collect())
}

#[test]
fn a_survey_is_ranked_by_a_few_examples_with_every_kind_of_method() {
    let dir = place();
    for method in ["auto", "probe", "mean", "grouped", "full", "lora"] {
        let out = format!("{method}.csv");
        let done = figures(&run(&few("survey.csv", &out, &["--method", method]), dir.path()));
        assert_eq!((&done["galaxies"], &done["failed"]), (&json!(30), &json!(0)), "{method}");
        assert_eq!(done["classes"], json!(["diffuse", "jellyfish"]));
        assert!(!done["reason"].as_str().unwrap().is_empty());
        if method != "auto" {
            assert_eq!(done["method"], method);
        }
        let (head, rows) = ranking(&dir.path().join(&out));
        assert_eq!(head, "id_str,predicted,probability_diffuse,probability_jellyfish");
        assert_eq!(rows.len(), 30);
        let sought = if done["sought"] == "diffuse" { 2 } else { 3 };
        let number = |cell: &String| cell.parse::<f64>().unwrap();
        assert!(rows.iter().map(|row| number(&row[sought])).is_sorted_by(|a, b| a >= b));
        let sums = rows.iter().map(|row| number(&row[2]) + number(&row[3]));
        assert!(sums.into_iter().all(|sum| (sum - 1.0).abs() < 1e-6), "{method}");
        assert!(!dir.path().join(format!("{out}.run")).exists());
    }
    // The same seed gives the same ranking.
    figures(&run(&few("survey.csv", "again.csv", &[]), dir.path()));
    let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
    assert_eq!(read("again.csv"), read("auto.csv"));
    refused(&few("survey.csv", "again.csv", &[]), dir.path(), &["again.csv exists already"]);
    refused(&few("survey.csv", "b.csv", &["--sought", "jelyfish"]), dir.path(), &["\"jellyfish\""]);
}

#[test]
fn examples_in_the_survey_and_labels_that_do_not_fit_are_named() {
    let dir = place();
    let text = std::fs::read_to_string(dir.path().join("support.csv")).unwrap();
    let first = text.lines().nth(1).unwrap().split(',').next().unwrap().to_owned();
    let words = ["both the support and the survey", &first, "--leave-out"];
    refused(&few("catalog.csv", "a.csv", &[]), dir.path(), &words);
    let done = figures(&run(&few("catalog.csv", "a.csv", &["--leave-out"]), dir.path()));
    assert_eq!(done["galaxies"], 30);
    // The same picture under another name.
    let survey = std::fs::read_to_string(dir.path().join("survey.csv")).unwrap();
    let copy = text.lines().nth(2).unwrap().replacen("SIM", "COPY", 1);
    std::fs::write(dir.path().join("copies.csv"), format!("{survey}{copy}\n")).unwrap();
    refused(&few("copies.csv", "b.csv", &[]), dir.path(), &["1 picture is in both", "COPY"]);
    let label = |label: &'static str| {
        let mut words = few("survey.csv", "b.csv", &[]);
        words[4] = label;
        words
    };
    refused(&label("magnitude"), dir.path(), &["not a class"]);
    refused(&label("clas"), dir.path(), &["Did you mean \"class\""]);
    refused(&label("survey"), dir.path(), &["only the class \"legacy\""]);
    assert!(!dir.path().join("b.csv").exists());
}

#[test]
fn a_killed_training_of_the_encoder_resumes() {
    let dir = place();
    let words = few("survey.csv", "full.csv", &["--method", "grouped", "--epochs", "400"]);
    let mut child = zoobot().args(&words).current_dir(dir.path()).spawn().unwrap();
    let best = dir.path().join("full.csv.run/best/head.json");
    let begun = std::time::Instant::now();
    while !best.is_file() && begun.elapsed().as_secs() < 100 {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(best.is_file(), "the best so far is not kept");
    refused(
        &few("survey.csv", "full.csv", &["--method", "grouped"]),
        dir.path(),
        &["other settings"],
    );
}

#[test]
fn episodes_are_drawn_from_own_labels_and_too_many_shots_are_refused() {
    let dir = place();
    let words = ["experiment", "kshot", "catalog.csv", "--label", "class", "--encoders", "small"];
    let more = ["--queries", "4", "--episodes", "3", "--out", "episodes", "--json"];
    let words = [&words[..], &more].concat();
    let done = figures(&run(&[&words[..], &["--shots", "1,2,4"]].concat(), dir.path()));
    let results = done["results"].as_array().unwrap();
    // Auto and five methods with three numbers of shots.
    assert_eq!(results.len(), 18);
    for it in results {
        let ends: Vec<f64> = serde_json::from_value(it["interval"].clone()).unwrap();
        let value = it["accuracy"].as_f64().unwrap();
        assert!(ends[0] <= value && value <= ends[1] && (0.0..=1.0).contains(&value), "{it}");
    }
    for name in ["figure.svg", "table.csv", "results.jsonl", "galaxies-small-labels.svg"] {
        assert!(dir.path().join("episodes").join(name).is_file(), "{name}");
    }
    assert_eq!(done["more_labels"][0]["expected"].as_array().unwrap().len(), 3);
    let many = [&words[..], &["--shots", "30"]].concat();
    let many: Vec<&str> =
        many.iter().map(|it| if *it == "episodes" { "many" } else { *it }).collect();
    refused(&many, dir.path(), &["the class \"diffuse\" has", "30 examples"]);
}
