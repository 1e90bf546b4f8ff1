//! `zoobot active`: loops against tables of votes and by hand, killed at random moments; `zoobot experiment active`.

use super::{figures, misused, refused, run, zoobot};
use std::fmt::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use zoobot_core::ndarray::Array2;
use zoobot_core::space::Space;

/// Representations of galaxies, a catalogue of them without pictures, and their votes, which follow the first feature.
fn galaxies(folder: &Path) {
    let noise = |row: usize, column: usize| {
        let x = (row as f64 * 12.9898 + column as f64 * 78.233).sin() * 43_758.547;
        (x - x.floor()) as f32 * 2.0 - 1.0
    };
    let features = Array2::from_shape_fn((300, 5), |(row, column)| noise(row, column));
    let ids: Vec<String> = (0..300).map(|row| format!("G{row:03}")).collect();
    let (mut catalog, mut votes) =
        ("id_str,file_loc\n".to_owned(), "id_str,ring_yes,ring_no\n".to_owned());
    for (row, id) in ids.iter().enumerate() {
        writeln!(catalog, "{id},{id}.jpg").unwrap();
        let yes = (20.0 / (1.0 + (-4.0 * f64::from(features[[row, 0]])).exp())).round();
        writeln!(votes, "{id},{yes},{}", 20.0 - yes).unwrap();
    }
    Space::new(ids, features).unwrap().save(folder.join("reps.parquet")).unwrap();
    std::fs::write(folder.join("pool.csv"), catalog).unwrap();
    std::fs::write(folder.join("votes.csv"), votes).unwrap();
}

const WORDS: [&str; 11] = [
    "active",
    "--schema",
    "gz_rings",
    "--catalog",
    "pool.csv",
    "--representations",
    "reps.parquet",
    "--seed",
    "1",
    "--members",
    "3",
];

#[test]
fn a_loop_against_a_table_leaves_what_it_chose_and_its_curve() {
    let dir = tempfile::tempdir().unwrap();
    galaxies(dir.path());
    let words = |more: &[&'static str]| {
        [&WORDS[..], &["--oracle", "votes.csv", "--rounds", "5", "--batch", "20"], more].concat()
    };
    let found = figures(&run(&words(&["--method", "bald", "--out", "a", "--json"]), dir.path()));
    assert_eq!(
        (&found["pool"], &found["held_out"], &found["labels"]),
        (&225.into(), &75.into(), &100.into())
    );
    let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
    let chosen = read("a/chosen.csv");
    let rows: Vec<Vec<&str>> = chosen.lines().map(|it| it.split(',').collect()).collect();
    assert_eq!(rows[0], ["id_str", "round", "probability"]);
    assert_eq!((rows.len(), rows[1][1], rows[100][1]), (101, "0", "4"));
    let mut names: Vec<&str> = rows[1..].iter().map(|it| it[0]).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 100);
    for (place, row) in rows[1..].iter().enumerate() {
        let q: f64 = row[2].parse().unwrap();
        assert!(q > 0.0 && q <= 1.0);
        // The random round: uniform over the galaxies that are left.
        assert!(place >= 20 || (q - 1.0 / (225 - place) as f64).abs() < 1e-12);
    }
    let curve = read("a/curve.csv");
    let losses: Vec<f64> =
        curve.lines().skip(1).map(|it| it.split(',').nth(1).unwrap().parse().unwrap()).collect();
    assert!(curve.starts_with("labels,loss\n20,") && losses.len() == 5);
    assert!(losses[4] < losses[0], "{losses:?}");
    let mean = &found["mean_fractions"]["ring_yes"];
    assert!(mean["low"].as_f64().unwrap() < 0.5 && mean["high"].as_f64().unwrap() > 0.5, "{mean}");
    assert!(dir.path().join("a/curve.svg").is_file());
    // The same command resumes, and changes nothing; another seed is refused.
    let again = figures(&run(&words(&["--method", "bald", "--out", "a", "--json"]), dir.path()));
    assert_eq!((again, read("a/chosen.csv")), (found, chosen));
    refused(
        &words(&["--method", "margin", "--out", "a"]),
        dir.path(),
        &["begun with method", "margin"],
    );
    misused(&words(&["--method", "blad", "--out", "b"]), dir.path(), &["Did you mean \"bald\"?"]);
    // Tables that do not fit.
    refused(&words(&["--start", "225", "--out", "b"]), dir.path(), &["label all 225 galaxies"]);
    std::fs::write(dir.path().join("votes.csv"), read("votes.csv").replace("\nG", "\nH")).unwrap();
    refused(
        &words(&["--out", "b"]),
        dir.path(),
        &["none of the 300 galaxies", "\"H000\"", "\"G000\""],
    );
    std::fs::write(dir.path().join("pool.csv"), "id_str,file_loc\n").unwrap();
    refused(&words(&["--out", "b"]), dir.path(), &["pool.csv"]);
    refused(&[&WORDS[..], &["--out", "b"]].concat(), dir.path(), &[]);
}

#[test]
fn a_loop_that_is_killed_at_random_moments_loses_no_answer_and_has_the_same_end() {
    let dir = tempfile::tempdir().unwrap();
    galaxies(dir.path());
    let words = |out: &'static str| {
        let more =
            ["--oracle", "votes.csv", "--rounds", "12", "--batch", "10", "--json", "--out", out];
        [&WORDS[..], &more].concat()
    };
    let started = Instant::now();
    let whole = run(&words("whole"), dir.path());
    assert!(whole.status.success());
    let full = started.elapsed();
    let answered = |out: &str| -> Vec<String> {
        let rounds =
            (0..12).map(|it| dir.path().join(out).join(format!("round_{it:02}/answers.jsonl")));
        let texts = rounds.filter_map(|it| std::fs::read_to_string(it).ok());
        let whole = texts.flat_map(|text| {
            let end = text.rfind('\n').map_or(0, |it| it + 1);
            text[..end].lines().map(str::to_owned).collect::<Vec<_>>()
        });
        whole.collect()
    };
    let mut before = Vec::new();
    for kill in 0..20_u32 {
        let mut child = zoobot()
            .args(words("killed"))
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // From the start of the process to its end, in an order that looks random.
        std::thread::sleep(full.mul_f64(f64::from(kill * 7 % 20) / 20.0));
        child.kill().unwrap();
        child.wait().unwrap();
        let now = answered("killed");
        assert!(now.starts_with(&before), "{before:?} {now:?}");
        before = now;
    }
    assert!(full < Duration::from_secs(60));
    assert!(run(&words("killed"), dir.path()).status.success());
    assert_eq!(answered("killed"), answered("whole"));
    for name in ["chosen.csv", "curve.csv", "round_11/heads.json", "round_11/round.json"] {
        let read = |out: &str| std::fs::read_to_string(dir.path().join(out).join(name)).unwrap();
        assert_eq!(read("killed"), read("whole"), "{name}");
    }
}

#[test]
fn a_table_is_written_filled_in_and_read_back() {
    let dir = tempfile::tempdir().unwrap();
    galaxies(dir.path());
    let words =
        [&WORDS[..], &["--ask", "--rounds", "2", "--batch", "10", "--json", "--out", "hand"]]
            .concat();
    let first = figures(&run(&words, dir.path()));
    assert_eq!((&first["labels"], &first["waiting"]), (&0.into(), &10.into()));
    let path = dir.path().join("hand/ask.csv");
    let fill = || {
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("id_str,file_loc,ring_yes,ring_no\n"), "{text}");
        let filled: Vec<String> = text
            .lines()
            .enumerate()
            .map(|(row, line)| match (row, line.strip_suffix(",,")) {
                (0, _) | (_, None) => line.to_owned(),
                (_, Some(start)) => format!("{start},{},{}", row % 2, 1 - row % 2),
            })
            .collect();
        std::fs::write(&path, filled.join("\n") + "\n").unwrap();
    };
    fill();
    let second = figures(&run(&words, dir.path()));
    assert_eq!((&second["labels"], &second["waiting"]), (&10.into(), &10.into()));
    fill();
    let third = figures(&run(&words, dir.path()));
    assert_eq!((&third["labels"], &third["waiting"]), (&20.into(), &0.into()));
    assert!(third["rounds"][0]["loss"].as_f64().is_some());
}

#[test]
fn an_experiment_says_how_many_labels_were_saved_on_real_galaxies() {
    let dir = tempfile::tempdir().unwrap();
    let table = dir.path().join("votes.csv");
    let real = zoobot_core::catalog::Catalog::real_sample().unwrap();
    real.head(60).save(&table).unwrap();
    let words = [
        "experiment",
        "active",
        "--oracle",
        "votes.csv",
        "--schema",
        "gz2",
        "--questions",
        "smooth",
    ];
    let more =
        ["--methods", "bald,galaxy_zoo_top", "--test", "20", "--start", "10", "--batch", "5"];
    let last = ["--rounds", "2", "--repeats", "2", "--members", "2", "--out", "out", "--json"];
    let words = [&words[..], &more, &last].concat();
    let found = figures(&run(&words, dir.path()));
    assert_eq!((&found["pool"], &found["test"]), (&40.into(), &20.into()));
    for method in ["bald", "galaxy_zoo_top"] {
        let saved = found["labels_saved"][method]["smooth"].as_f64().unwrap();
        let band = &found["labels_saved_95"][method]["smooth"];
        assert!(saved < 1.0 && band[0].as_f64().unwrap() <= band[1].as_f64().unwrap(), "{found}");
    }
    let runs = std::fs::read_to_string(dir.path().join("out/runs.jsonl")).unwrap();
    assert_eq!(runs.lines().count(), 6);
    assert!(dir.path().join("out/smooth.svg").is_file());
    // A repeated call runs nothing again.
    assert_eq!(figures(&run(&words, dir.path())), found);
    assert_eq!(std::fs::read_to_string(dir.path().join("out/runs.jsonl")).unwrap(), runs);
}
