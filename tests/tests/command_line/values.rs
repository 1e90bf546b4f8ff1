//! How the command reads the cells of a table: numbers with all their digits, missing values,
//! positions.

use super::{errors, figures, refused, run};
use serde_json::Value;
use std::path::Path;
use zoobot_core::ndarray::Array2;
use zoobot_core::space::Space;

/// Galaxies a, b, c, ... on a line, at 0, 1, 2, ..., with a catalogue.
fn line(folder: &Path, columns: &str, rows: &[&str]) {
    let names: Vec<String> = ('a'..='z').take(rows.len()).map(String::from).collect();
    let features = Array2::from_shape_fn((rows.len(), 2), |(i, j)| (i * (1 - j)) as f32);
    Space::new(names.clone(), features).unwrap().save(folder.join("reps.parquet")).unwrap();
    let rows = names.iter().zip(rows).map(|(name, row)| format!("{name},,{row}\n"));
    let table = format!("id_str,file_loc,{columns}\n{}", rows.collect::<String>());
    std::fs::write(folder.join("galaxies.csv"), table).unwrap();
}

const SIMILAR: [&str; 8] = [
    "similar",
    "--representations",
    "reps.parquet",
    "--catalog",
    "galaxies.csv",
    "--id",
    "a",
    "--json",
];

/// The neighbours of a, as one word.
fn near(folder: &Path, words: &[&str]) -> (String, Value) {
    let found = figures(&run(&[&SIMILAR[..], words].concat(), folder));
    let ids = found["neighbours"].as_array().unwrap().iter();
    (ids.map(|it| it["id_str"].as_str().unwrap()).collect(), found)
}

#[test]
fn whole_numbers_are_compared_with_all_their_digits() {
    let dir = tempfile::tempdir().unwrap();
    let rows = [
        "1237648720693755917,-9007199254740993",
        "1237648720693755918,-9007199254740992",
        "1237648720693755919,9007199254740993",
        "1237648720693755917,9007199254740992",
        "1237648720693755918,",
    ];
    line(dir.path(), "objid,other", &rows);
    for (condition, ids) in [
        ("objid = 1237648720693755918", "be"),
        ("objid != 1237648720693755918", "cd"),
        ("objid > 1237648720693755918", "c"),
        ("objid >= 1237648720693755919", "c"),
        ("other = 9007199254740993", "c"),
        ("other < 9007199254740993", "bd"),
        ("other > -9007199254740993", "bcd"),
        ("not (other > 0)", "b"),
        ("other is null", "e"),
        ("other is not missing", "bcd"),
    ] {
        let k = ids.len().to_string();
        assert_eq!(near(dir.path(), &["--where", condition, "-k", &k]).0, ids, "{condition}");
        let more = (ids.len() + 1).to_string();
        let refusal = format!("between 1 and {}", ids.len());
        let words = [&SIMILAR[..], &["--where", condition, "-k", &more]].concat();
        refused(&words, dir.path(), &[&refusal]);
    }
    let wrong = |condition: &str, words: &[&str]| {
        let output = [&SIMILAR[..], &["--where", condition]].concat();
        refused(&output, dir.path(), words);
        let message = errors(&run(&output, dir.path()));
        for word in ["SELECT", "FILTER", "polars", "DF [", "dtype", "i64", "String"] {
            assert!(!message.contains(word), "{message}");
        }
    };
    wrong("objd = 3", &["\"objd\"", "Did you mean \"objid\"?", "galaxies.csv"]);
    wrong("objid = 'ring'", &["\"objid\" holds numbers", "\"ring\""]);
    wrong("id_str > 3", &["\"id_str\" of \"a\" is \"a\", not a number", "quotes"]);
    wrong("objid = \"3\"", &["single quotes"]);
}

#[test]
fn a_second_picture_of_the_object_is_known_by_positions_in_any_form() {
    // b is 3.6 arcseconds from a, so it is the same object; c is elsewhere.
    for (columns, rows) in [
        ("ra,dec", ["188.7,-1.0", "188.7,-1.001", "188.7,1.0"]),
        ("RA,DEC", ["188.7,-1.0", "188.7,-1.001", "188.7,1.0"]),
        ("RAJ2000,DEJ2000", ["12:34:48,-01:00:00", "12:34:48,-01:00:03.6", "12:34:48,+01:00:00"]),
        ("RA_ICRS,DE_ICRS", ["12 34 48,-00 30 00", "12 34 48,-00 30 03.6", "12 34 48,+00 30 00"]),
        ("ALPHA_J2000,DELTA_J2000", ["12h34m48s,-1d", "12h34m48s,-1d0m3.6s", "12h34m48s,1d"]),
        ("RA_HOURS,Dec", ["12.58,-1.0", "12.58,-1.001", "12.58,1.0"]),
        ("right_ascension,declination", ["2.2,-1", "2.2, -1.001", " +2.2, +1"]),
        ("RA_1,DEC_1", ["359.9999,60", "0.0001,60", "0.1,60"]),
    ] {
        let dir = tempfile::tempdir().unwrap();
        line(dir.path(), columns, &rows);
        assert_eq!(near(dir.path(), &["-k", "1"]).0, "c", "{columns}");
    }
    let dir = tempfile::tempdir().unwrap();
    line(dir.path(), "RA,Dec", &["10,1", "400,1", "20,1"]);
    let search = |more: &[&'static str]| [&SIMILAR[..], more].concat();
    refused(&search(&["-k", "1"]), dir.path(), &["\"RA\" of \"b\"", "400", "0 to 360"]);
    line(dir.path(), "RA,Dec", &["10,1", "400,1", "what,1"]);
    // A galaxy that the condition excludes does no harm; what is not understood is reported.
    let (found, said) = near(dir.path(), &["-k", "1", "--where", "id_str != 'b'"]);
    assert_eq!(found, "c");
    let note = said["notes"][0].as_str().unwrap();
    assert!(
        note.contains("\"RA\" of 1 of 3 galaxies is not a right ascension")
            && note.contains("\"c\""),
        "{note}"
    );
    line(dir.path(), "coords", &["1 2", "1 2"]);
    let (_, said) = near(dir.path(), &["-k", "1"]);
    assert!(said["notes"][0].as_str().unwrap().contains("\"coords\" may hold positions"));
}

#[test]
fn a_galaxy_without_a_label_is_named_and_left_out_when_asked_to() {
    let dir = super::survey(30);
    let table = std::fs::read_to_string(dir.path().join("catalog.csv")).unwrap();
    let write = |word: &str| {
        let mut lines = table.lines();
        let mut text = format!("{},x,kind\n", lines.next().unwrap());
        for (row, line) in lines.enumerate() {
            let number = if row == 3 { word.to_owned() } else { format!("{}.5", row % 5) };
            let kind = if row == 3 { word } else { ["yes", "no"][row % 2] };
            text += &format!("{line},\"{number}\",\"{kind}\"\n");
        }
        std::fs::write(dir.path().join("c.csv"), text).unwrap();
    };
    let fourth = table.lines().nth(4).unwrap().split(',').next().unwrap().to_owned();
    let learn = |kind: &'static str, label: &'static str, more: &[&'static str]| {
        let words = [
            "finetune",
            kind,
            "--label",
            label,
            "--catalog",
            "c.csv",
            "--out",
            "m",
            "--epochs",
            "1",
        ];
        [&words[..], more, &["--json"]].concat()
    };
    for word in ["", "NaN", "n/a", "null", "None", "--"] {
        write(word);
        for (kind, label) in [("regressor", "x"), ("classifier", "kind")] {
            let words = [fourth.as_str(), "no value for 1 of", "--where '", "is not missing'"];
            refused(&learn(kind, label, &[]), dir.path(), &words);
        }
    }
    for (word, hint) in [("inf", "finite"), ("1,5", "1.5"), ("12 mag", "12"), ("high", "number")] {
        write(word);
        refused(&learn("regressor", "x", &[]), dir.path(), &[&fourth, hint]);
    }
    write("n/a");
    for (kind, label, wanted) in
        [("regressor", "x", "x is not null"), ("classifier", "kind", "kind is not missing")]
    {
        let done = figures(&run(&learn(kind, label, &["--where", wanted]), dir.path()));
        let count = done["train"].as_u64().unwrap() + done["val"].as_u64().unwrap();
        assert_eq!(count, 29, "{done}");
        let note = done["notes"][0].as_str().unwrap();
        assert!(note.contains("keeps 29 of 30 galaxies"), "{note}");
        std::fs::remove_dir_all(dir.path().join("m")).ok();
    }
    // Galaxies without a label do not count when a model is judged.
    write("2.5");
    figures(&run(&learn("regressor", "x", &[]), dir.path()));
    write("NA");
    let judge = ["judge", "--model", "m", "--catalog", "c.csv", "--label", "x", "--json"];
    let judged = figures(&run(&judge, dir.path()));
    assert_eq!((judged["galaxies"].as_u64(), judged["unlabelled"].as_u64()), (Some(29), Some(1)));
    assert!(judged["notes"][0].as_str().unwrap().contains(&fourth), "{judged}");
    // A number that may mean a missing value is reported.
    write("-999");
    let words = learn("regressor", "x", &["--val", "c.csv"]);
    let message = errors(&run(&words, dir.path()));
    assert!(message.contains("\"x\" is -999 for 1 of 30 galaxies"), "{message}");
    assert!(message.contains("--where 'x != -999'"), "{message}");
}
