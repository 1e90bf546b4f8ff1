//! `zoobot calibrate`: the comparison with many volunteers, and catalogues of vote fractions.

use super::{errors, figures, refused, run};
use serde_json::Value;
use std::path::Path;
use zoobot_core::catalog::Catalog;
use zoobot_core::polars::prelude::*;
use zoobot_core::schema::{Schema, Votes};

/// The columns of the Galaxy Challenge, in the order of the answers of gz2.
const KAGGLE: &str = "Class1.1 Class1.2 Class1.3 Class2.1 Class2.2 Class4.1 Class4.2 Class3.1 Class3.2 \
    Class5.4 Class5.3 Class5.2 Class5.1 Class6.1 Class6.2 Class7.1 Class7.2 Class7.3 Class9.1 Class9.2 \
    Class9.3 Class10.1 Class10.2 Class10.3 Class11.1 Class11.2 Class11.3 Class11.4 Class11.5 Class11.6";

/// Simulates a survey of 40 galaxies with 5 to 60 volunteers each, in `catalog.csv`.
fn survey() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let words = ["simulate", "--galaxies", "40", "--size", "40", "--votes", "gz2", "--out", "."];
    figures(&run(&[&words[..], &["--json"]].concat(), dir.path()));
    dir
}

/// Writes a catalogue of vote fractions: for each answer, the column that `name` gives it, and the votes as a
/// fraction of all volunteers, or of those who were asked.
fn fractions(folder: &Path, file: &str, of_all: bool, name: impl Fn(usize, &str) -> String) {
    let catalog = Catalog::read(folder.join("catalog.csv")).unwrap();
    let schema = Schema::named("gz2").unwrap();
    let votes = Votes::of(&catalog, &schema).unwrap();
    let (counts, totals) = (votes.counts(), votes.totals());
    let mut columns: Vec<Column> =
        ["id_str", "file_loc", "magnitude"].map(|name| catalog.column(name).unwrap()).into();
    columns.push(Column::new("seen_by".into(), totals.column(0).to_vec()));
    for (place, question) in schema.questions().iter().enumerate() {
        for answer in question.answers() {
            let whole = totals.column(if of_all { 0 } else { place });
            let votes = counts.column(answer.index());
            let shares = votes.iter().zip(whole).map(|(votes, all)| votes / all);
            let shares: Vec<Option<f64>> = shares.map(|it| it.is_finite().then_some(it)).collect();
            columns.push(Column::new(name(answer.index(), answer.column()).into(), shares));
        }
    }
    let mut table = DataFrame::new(catalog.len(), columns).unwrap();
    let file = std::fs::File::create(folder.join(file)).unwrap();
    CsvWriter::new(file).finish(&mut table).unwrap();
}

fn calibrate(catalog: &str, more: &[&str], folder: &Path) -> Value {
    let words = ["calibrate", catalog, "--model", "sample", "--schema", "gz2", "--json"];
    figures(&run(&[&words[..], more].concat(), folder))
}

#[test]
fn a_model_is_compared_with_many_volunteers_question_by_question() {
    let dir = survey();
    let done = calibrate("catalog.csv", &["--by", "magnitude"], dir.path());
    let protocol = &done["protocol"];
    let value = |of: &Value, end: &str| of[end].as_f64().unwrap_or_else(|| panic!("{of}"));
    let catalog = Catalog::read(dir.path().join("catalog.csv")).unwrap();
    let votes = Votes::of(&catalog, &Schema::named("gz2").unwrap()).unwrap();
    let seen = votes.totals().column(0).iter().filter(|it| **it >= 34.0).count();
    assert!(seen > 5 && seen < 35, "{seen}");
    let first = &protocol["questions"][0];
    assert_eq!(first["question"], "smooth-or-featured-gz2");
    assert_eq!((&first["galaxies"], &first["answer"]), (&seen.into(), &"smooth".into()));
    for name in ["mean_absolute_deviation", "noise_floor", "accuracy", "votes_in_90pc"] {
        let share = value(&first[name], "value");
        let (low, high) = (value(&first[name], "low"), value(&first[name], "high"));
        assert!((0.0..=1.0).contains(&share) && low <= share && share <= high, "{name}: {first}");
    }
    assert!((-1.0..=1.0).contains(&value(&first["r"]["smooth"], "value")));
    assert_eq!(first["r"].as_object().unwrap().len(), 3);
    assert_eq!(first["pit"].as_array().unwrap().len(), 10);
    value(&first["worth_volunteers"], "low");
    let each = protocol["questions"].as_array().unwrap().iter();
    let off: Vec<f64> = each.map(|it| value(&it["mean_absolute_deviation"], "value")).collect();
    let mean = off.iter().sum::<f64>() / off.len() as f64;
    assert!((value(&protocol["mean_absolute_deviation"], "value") - mean).abs() < 1e-12);

    let bins = protocol["by"]["bins"].as_array().unwrap();
    let galaxies = bins.iter().map(|it| it["galaxies"].as_u64().unwrap()).sum::<u64>();
    // Some pictures show no galaxy, which has no magnitude.
    let magnitudes = catalog.column("magnitude").unwrap();
    let (magnitudes, totals) = (magnitudes.f64().unwrap(), votes.totals());
    let binned =
        magnitudes.iter().zip(totals.column(0)).filter(|it| it.0.is_some() && *it.1 >= 34.0);
    assert_eq!((bins.len(), galaxies), (3, binned.count() as u64));
    assert_eq!(protocol["by"]["column"], "magnitude");
    assert!(value(&bins[0], "high") <= value(&bins[1], "low"));

    let words = ["calibrate", "catalog.csv", "--model", "sample", "--schema", "gz2"];
    let by = ["--by", "magnitude"];
    let table = run(&[&words[..], &by].concat(), dir.path());
    let text = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(text.contains("worth volunteers") && text.contains("magnitude "), "{text}");
    assert_eq!(text.matches("all questions").count(), 4, "{text}");
    refused(&[&words[..], &["--by", "magnitud"]].concat(), dir.path(), &["\"magnitude\"?"]);
    refused(&[&words[..], &["--by", "id_str"]].concat(), dir.path(), &["id_str", "numbers"]);
    let none = [&words[..], &["--min-volunteers", "0"]].concat();
    refused(&none, dir.path(), &["--min-volunteers must be at least 1"]);
}

#[test]
fn fractions_of_either_form_are_measured_as_the_votes_that_they_are_of() {
    let dir = survey();
    let place = dir.path();
    let expected = calibrate("catalog.csv", &[], place);
    fractions(place, "all.csv", true, |_, column| column.to_owned());
    fractions(place, "asked.csv", false, |_, column| format!("{column}_fraction"));
    let kaggle: Vec<&str> = KAGGLE.split_whitespace().collect();
    fractions(place, "kaggle.csv", true, |answer, _| kaggle[answer].to_owned());
    for (file, form) in [
        ("all.csv", &["--fractions", "cumulative"][..]),
        ("asked.csv", &["--fractions", "conditional"]),
        ("kaggle.csv", &["--kaggle"]),
    ] {
        let more = [form, &["--volunteers", "seen_by"]].concat();
        let found = calibrate(file, &more, place);
        assert_eq!(found["questions"], expected["questions"], "{file}");
        assert_eq!(found["protocol"], expected["protocol"], "{file}");
    }
    // A model is corrected with fractions, too.
    let kaggle = ["--kaggle", "--volunteers", "seen_by"];
    let fit = [&kaggle[..], &["--fit", "kaggle.csv", "--save", "corrected"]].concat();
    assert_eq!(calibrate("kaggle.csv", &fit, place)["galaxies"], 40);
    assert!(place.join("corrected/head.json").is_file());
    // With 42 volunteers each, the usual number, every galaxy has enough.
    let found = calibrate("kaggle.csv", &["--kaggle", "--volunteers", "42"], place);
    assert_eq!(found["protocol"]["questions"][0]["galaxies"], 40);
    assert_eq!(calibrate("kaggle.csv", &["--kaggle"], place), found);

    let words = ["calibrate", "kaggle.csv", "--model", "sample", "--schema", "gz2"];
    let refuse = |more: &[&str], say: &[&str]| refused(&[&words[..], more].concat(), place, say);
    refuse(&["--kaggle", "--volunteers", "seen"], &["seen_by"]);
    refuse(&["--kaggle", "--volunteers", "0"], &["volunteers must be at least 1"]);
    refuse(
        &["--fractions", "cumulative", "--volunteers", "42"],
        &["smooth-or-featured-gz2_smooth"],
    );
    let usage = |more: &[&str], say: &str| {
        let output = run(&[&words[..], more].concat(), place);
        assert_eq!(output.status.code(), Some(2));
        assert!(errors(&output).contains(say), "{}", errors(&output));
    };
    usage(&["--fractions", "cumulative"], "--volunteers");
    usage(&["--volunteers", "42"], "--kaggle");
    usage(&["--kaggle", "--fractions", "cumulative", "--volunteers", "42"], "cannot be used with");
    usage(&["--fractions", "total", "--volunteers", "42"], "conditional");
}

#[test]
fn few_volunteers_leave_the_comparison_out_with_one_note_and_the_rest_is_printed() {
    let dir = survey();
    let few = ["--min-volunteers", "1000"];
    let done = calibrate("catalog.csv", &few, dir.path());
    assert!(done["protocol"].is_null(), "{done}");
    assert_eq!(done["questions"][0]["question"], "smooth-or-featured-gz2");
    let notes = done["notes"].as_array().unwrap();
    let about = |it: &&Value| it.as_str().unwrap().contains("--min-volunteers");
    assert_eq!(notes.iter().filter(about).count(), 1, "{done}");
    let words = ["calibrate", "catalog.csv", "--model", "sample", "--schema", "gz2"];
    let output = run(&[&words[..], &few].concat(), dir.path());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("smooth-or-featured-gz2") && !text.contains("worth"), "{text}");
    assert!(errors(&output).contains("1000 or more volunteers"), "{}", errors(&output));
}

#[test]
fn an_included_data_set_is_given_by_its_name_twice() {
    let dir = tempfile::tempdir().unwrap();
    let words = ["calibrate", "real_sample", "--data-set", "real_sample", "--model", "sample"];
    let done = figures(&run(&[&words[..], &["--json"]].concat(), dir.path()));
    let all = Catalog::real_sample().unwrap();
    let learned = all.column("encoder_learned").unwrap();
    let kept_out = learned.bool().unwrap().iter().filter(|it| *it == Some(false)).count();
    assert_eq!(done["galaxies"].as_u64(), Some(kept_out as u64), "{done}");
}
