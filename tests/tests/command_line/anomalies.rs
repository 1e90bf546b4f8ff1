//! `zoobot anomalies`: simulated and real ratings; `zoobot-lab anomalies` beside it.

use super::laboratory::lab;
use super::{complains, errors, figures, refused, run};
use serde_json::Value;
use std::fmt::Write;
use std::path::Path;
use zoobot_core::ndarray::Array2;
use zoobot_core::space::Space;

/// Representations of 600 galaxies, of which the last 30 are far from the others, and their scores.
fn galaxies(folder: &Path) {
    let noise = |row: usize, column: usize| {
        let x = (row as f64 * 12.9898 + column as f64 * 78.233).sin() * 43_758.547;
        (x - x.floor()) as f32 * 2.0 - 1.0
    };
    let features = Array2::from_shape_fn((600, 6), |(row, column)| {
        noise(row, column) + if row >= 570 && column < 2 { 1.5 } else { 0.0 }
    });
    let ids: Vec<String> = (0..600).map(|row| format!("G{row:03}")).collect();
    Space::new(ids.clone(), features).unwrap().save(folder.join("reps.parquet")).unwrap();
    let mut scores = "id_str,fraction\n".to_owned();
    for (row, id) in ids.iter().enumerate() {
        writeln!(scores, "{id},{}", if row >= 570 { 0.95 } else { 0.1 }).unwrap();
    }
    std::fs::write(folder.join("scores.csv"), scores).unwrap();
}

#[test]
fn a_simulated_user_is_judged_with_and_without_what_it_rated() {
    let dir = tempfile::tempdir().unwrap();
    galaxies(dir.path());
    let words = ["anomalies", "--representations", "reps.parquet", "--scores", "scores.csv"];
    let simulate = |more: &[&str]| {
        let words = [&words[..], &["--user-simulated", "--labels", "50", "--json"], more].concat();
        figures(&run(&words, dir.path()))
    };
    let mut found = simulate(&["--seed", "1", "--out", "ranking.csv"]);
    assert!(found["average_precision"].as_f64().unwrap() > 0.8, "{found}");
    assert!(found["average_precision_unrated"].as_f64().unwrap() > 0.1, "{found}");
    assert_eq!(found["accuracy_at"]["20"], 1.0);
    let rounds = found["rounds"].as_array().unwrap();
    assert_eq!((rounds.len(), &rounds[4]["ratings"]), (5, &50.into()));
    let ranking = std::fs::read_to_string(dir.path().join("ranking.csv")).unwrap();
    assert_eq!(ranking.lines().count(), 601);
    assert!(ranking.starts_with("rank,id_str,expected,deviation,rating"));
    let mut again = simulate(&["--seed", "1"]);
    for figures in [&mut found, &mut again] {
        let figures = figures.as_object_mut().unwrap();
        figures.remove("seconds");
        figures.remove("rounds");
    }
    assert_eq!(found, again);
    let random = simulate(&["--acquisition", "random", "--seed", "1"]);
    assert!(random["rounds"][4]["interesting"].as_u64().unwrap() < 15);

    let wrong = |more: &[&str], say: &[&str]| refused(&[&words, more].concat(), dir.path(), say);
    wrong(&["--user-simulated", "--labels", "601"], &["601", "600"]);
    let best =
        run(&[&words[..], &["--user-simulated", "--acquisition", "best"]].concat(), dir.path());
    assert!(best.status.code() == Some(2) && errors(&best).contains("thompson"));
    // A class column of a catalogue, as well as fractions of 0 and 1.
    let (mut classes, mut ones) = ("id_str,class\n".to_owned(), "id_str,one\n".to_owned());
    for row in 0..600 {
        writeln!(classes, "G{row:03},{}", if row >= 570 { "odd" } else { "plain" }).unwrap();
        writeln!(ones, "G{row:03},{}", u8::from(row >= 570)).unwrap();
    }
    std::fs::write(dir.path().join("classes.csv"), classes).unwrap();
    std::fs::write(dir.path().join("ones.csv"), ones).unwrap();
    let precision = |file: &str, column: &str| {
        let more = ["--scores", file, "--score-column", column, "--seed", "1", "--labels", "30"];
        let words = ["anomalies", "--representations", "reps.parquet", "--user-simulated"];
        let found = figures(&run(&[&words[..], &more, &["--json"]].concat(), dir.path()));
        found["average_precision"].as_f64().unwrap()
    };
    assert_eq!(precision("classes.csv", "class=odd"), precision("ones.csv", "one"));
    let words = ["anomalies", "--representations", "reps.parquet", "--user-simulated", "--scores"];
    let words = [&words[..], &["classes.csv", "--score-column", "class=round"]].concat();
    refused(&words, dir.path(), &["0 of 600"]);
    wrong(&["--user-simulated", "--score-column", "fractoin"], &["Did you mean \"fraction\"?"]);
    std::fs::write(dir.path().join("scores.csv"), "id_str,fraction\nG000,1\n").unwrap();
    wrong(&["--user-simulated"], &["G001", "scores.csv"]);
}

#[test]
fn real_ratings_give_a_ranking_and_what_to_rate_next() {
    let dir = tempfile::tempdir().unwrap();
    galaxies(dir.path());
    let ratings = |text: &str| std::fs::write(dir.path().join("ratings.jsonl"), text).unwrap();
    let line = |user: &str, row: usize, rating: u8| {
        format!("{{\"user\":\"{user}\",\"id_str\":\"G{row:03}\",\"rating\":{rating}}}\n")
    };
    let ana: String = (0..10).map(|i| line("ana", i * 7, 0)).collect();
    let ana = ana + &(590..596).map(|row| line("ana", row, 5)).collect::<String>();
    ratings(&(ana.clone() + "{\"user\":\"ana\",\"id_s"));
    let words = ["anomalies", "--representations", "reps.parquet", "--ratings", "ratings.jsonl"];
    let found = figures(&run(&[&words[..], &["--json"]].concat(), dir.path()));
    assert_eq!((&found["ratings"], &found["user"]), (&16.into(), &"ana".into()));
    let odd = |list: &str| {
        let ids = found[list].as_array().unwrap().iter();
        ids.filter(|id| id.as_str().unwrap() >= "G570").count()
    };
    assert!(odd("top_unrated") > 10 && odd("next") > 3, "{found}");
    let judged = [&words[..], &["--scores", "scores.csv", "--json"]].concat();
    let judged = figures(&run(&judged, dir.path()));
    assert!(judged["average_precision_unrated"].as_f64().unwrap() > 0.3, "{judged}");

    ratings(&(ana + &line("bob", 1, 3)));
    refused(&words, dir.path(), &["--user", "ana", "bob"]);
    let bob = [&words[..], &["--user", "bob", "--json"]].concat();
    assert_eq!(figures(&run(&bob, dir.path()))["ratings"], 1);
    refused(&[&words[..], &["--user", "eve"]].concat(), dir.path(), &["eve", "ana, bob"]);
    for (text, word) in [
        (line("", 600, 1), "G600"),
        (line("", 1, 7), "rating is 7"),
        ("{\"id_str\":\"G001\",\"rating\":\"abc\"}\n".to_owned(), "line 1"),
        (String::new(), "no ratings in --ratings"),
    ] {
        ratings(&text);
        refused(&words, dir.path(), &[word]);
    }
    let words = ["anomalies", "--representations", "none.parquet", "--ratings", "ratings.jsonl"];
    refused(&words, dir.path(), &["none.parquet"]);
}

#[test]
fn an_experiment_compares_methods_and_goes_on_where_it_stopped() {
    let dir = tempfile::tempdir().unwrap();
    galaxies(dir.path());
    let words = ["anomalies", "--representations", "x=reps.parquet", "--scores"];
    let words = [&words[..], &["scores.csv", "--labels", "40", "--repeats", "2"]].concat();
    let few = [&words[..], &["--methods", "gp,random", "--out", "done", "--json"]].concat();
    let first = figures(&lab(&few, dir.path()));
    let runs = first["runs"].as_array().unwrap();
    assert_eq!((runs.len(), &runs[0]["method"]), (4, &"gp".into()));
    let precision = |i: usize| runs[i]["figures"]["average_precision"].as_f64().unwrap();
    assert!(precision(0) > 0.6 && precision(2) < 0.3, "{first}");
    let again = figures(&lab(&few, dir.path()));
    for (again, first) in again["runs"].as_array().unwrap().iter().zip(runs) {
        let seconds = |run: &Value| run["seconds"].as_f64().unwrap();
        assert!((seconds(again) - seconds(first)).abs() < 1e-12, "it ran again");
    }
    let summary = std::fs::read_to_string(dir.path().join("done/summary.csv")).unwrap();
    assert!(summary.starts_with("representation,method,runs,average_precision"), "{summary}");
    assert!(dir.path().join("done/accuracy.svg").is_file());
    let unknown = lab(&[&words[..], &["--methods", "gpp"]].concat(), dir.path());
    assert!(unknown.status.code() == Some(2) && errors(&unknown).contains("gp-ucb"));
    let twice = [&words[..], &["--representations", "x=reps.parquet"]].concat();
    complains(&lab(&twice, dir.path()), &["called \"x\""]);
}
