//! Errors are reported in the command's own terms: no code, no words of the libraries below.

use super::laboratory::lab;
use super::{errors, run, survey};
use std::path::Path;
use std::process::Output;
use zoobot_core::ndarray::array;
use zoobot_core::space::Space;

/// Words that only programmers, or users of the libraries, know.
const CODE: [&str; 28] = [
    "::",
    "()?",
    ")?",
    "(&",
    "(…)",
    "(..)",
    "galaxies.",
    "space.",
    "encoder.",
    "recipe.",
    "polars",
    "Polars",
    "LazyFrame",
    "DataFrame",
    "DataType",
    "Series",
    "Expr",
    "col(",
    "lit(",
    "unwrap",
    "panicked",
    "Some(",
    "None",
    "Ok(",
    "f64",
    "i64",
    "PathBuf",
    "Resolved plan",
];

/// Runs a command that must fail, and returns its error message.
fn complaint(words: &[&str], folder: &Path) -> String {
    plain(&run(words, folder), words)
}

/// The error message of a failed command, which must not contain code.
fn plain(output: &Output, words: &[&str]) -> String {
    let said = errors(output);
    assert_eq!(output.status.code(), Some(2), "{words:?}: {said}");
    for code in CODE {
        // The user's own words are quoted as they were given.
        let own = words.iter().any(|word| word.contains(code));
        // A name before a full stop is code if a letter follows; otherwise it ends a sentence.
        let letter = |rest: &str| rest.starts_with(|it: char| it.is_ascii_lowercase());
        let is_code = |at: usize| !code.ends_with('.') || letter(&said[at + code.len()..]);
        let found = said.match_indices(code).any(|(at, _)| is_code(at));
        assert!(own || !found, "{words:?} says {code:?}: {said}");
    }
    said
}

#[test]
fn errors_of_every_command_name_options_and_files_and_no_code() {
    let dir = survey(40);
    let folder = dir.path();
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    write("no-id.csv", "name,file_loc\na,b.jpg\n");
    let rows: String = ('a'..='h').map(|id| format!("{id},{id}.jpg,ring,one\n")).collect();
    write("words.csv", &format!("id_str,file_loc,label,number\n{rows}"));
    write("gaps.csv", "id_str,file_loc,label\na,x.jpg,ring\nb,y.jpg,\nc,z.jpg,bar\nd,w.jpg,bar\n");
    write("half.csv", "id_str,file_loc,label\na,x.jpg,0.5\nb,y.jpg,1.5\nc,z.jpg,0.25\nd,w.jpg,2\n");
    write("notes.txt", "no table");
    write("cut.parquet", "PAR1 and nothing more");
    write("empty.jsonl", "");
    write("ratings.jsonl", "{\"id_str\":\"a\",\"rating\":9}\n");
    write("tags.csv", "id_str,tag\na,ring\n");
    std::fs::create_dir(folder.join("hollow")).unwrap();
    let ids = ["a", "b", "c"].map(str::to_owned).to_vec();
    let space = Space::new(ids, array![[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]]).unwrap();
    space.save(folder.join("reps.parquet")).unwrap();
    let first = ["finetune", "classifier", "catalog.csv", "--label", "ring", "--epochs", "1"];
    let made = run(&[&first[..], &["--out", "model"]].concat(), folder);
    assert!(made.status.success(), "{}", errors(&made));
    // The notes of a plan are advice as well.
    let plan = errors(&made);
    assert!(CODE.iter().all(|code| !plan.contains(code)), "{plan}");

    let says = |words: &[&str], say: &[&str]| {
        let said = complaint(words, folder);
        say.iter()
            .for_each(|word| assert!(said.contains(word), "{words:?}: {word} is not in {said}"));
    };
    for command in ["encode", "predict", "speed", "judge", "calibrate"] {
        for catalog in ["none.csv", "no-id.csv", "notes.txt", "cut.parquet", "hollow"] {
            let more: &[&str] = match command {
                "encode" => &["--out", "o.parquet"],
                "predict" => &["--model", "model", "--out", "o.csv"],
                "speed" => &[],
                _ => &["--model", "model"],
            };
            complaint(&[&[command, catalog], more].concat(), folder);
        }
    }
    for model in ["nomodel", "hollow", "notes.txt", "imagenet"] {
        for command in ["predict", "judge", "calibrate"] {
            let out: &[&str] = if command == "predict" { &["--out", "o.csv"] } else { &[] };
            let said =
                complaint(&[&[command, "catalog.csv", "--model", model], out].concat(), folder);
            assert!(model != "nomodel" || said.contains("no model \"nomodel\""), "{said}");
        }
    }
    for encoder in ["noencoder", "hollow", "notes.txt"] {
        complaint(&["encode", "catalog.csv", "--encoder", encoder, "--out", "o.parquet"], folder);
    }
    says(&["encode", "catalog.csv", "--out", "o.csv"], &["--out o.csv is not a .parquet file"]);
    says(&["predict", "catalog.csv", "--model", "sample", "--out", "o.txt"], &["o.txt"]);
    says(
        &["predict", "catalog.csv", "--model", "model", "--passes", "2", "--out", "o.csv"],
        &["--passes"],
    );
    says(&["judge", "catalog.csv", "--model", "model"], &["--label"]);
    says(&["judge", "catalog.csv", "--model", "sample", "--label", "x"], &["zoobot calibrate"]);
    says(
        &["judge", "catalog.csv", "--model", "model", "--label", "clas"],
        &["Did you mean \"class\"?"],
    );
    says(&["judge", "catalog.csv", "--model", "model", "--label", "magnitude"], &["magnitude"]);
    says(&["calibrate", "catalog.csv", "--model", "sample"], &["no column"]);

    let tune = |kind: &'static str, catalog: &'static str, more: &[&'static str]| {
        complaint(&[&["finetune", kind, catalog, "--out", "m"], more].concat(), folder)
    };
    tune("classifier", "catalog.csv", &["--label", "id_str"]);
    tune("classifier", "catalog.csv", &["--label", "none"]);
    tune("classifier", "catalog.csv", &["--label", "magnitude"]);
    let said = tune("classifier", "half.csv", &["--label", "label"]);
    assert!(said.contains("zoobot finetune regressor"), "{said}");
    tune("classifier", "gaps.csv", &["--label", "label"]);
    tune("classifier", "catalog.csv", &["--label", "class", "--validation", "2"]);
    tune("classifier", "catalog.csv", &["--label", "class", "--val", "catalog.csv"]);
    tune("classifier", "catalog.csv", &["--label", "class", "--encoder", "nothing"]);
    tune("classifier", "catalog.csv", &["--label", "class", "--unit-interval"]);
    tune("classifier", "catalog.csv", &["--label", "class", "--two-phase", "99"]);
    tune("classifier", "catalog.csv", &["--label", "class", "--class-weights", "1"]);
    let said = tune("regressor", "words.csv", &["--label", "number"]);
    assert!(said.contains("zoobot finetune classifier") && said.contains("holds text"), "{said}");
    tune("regressor", "catalog.csv", &["--label", "redshift", "--unit-interval"]);
    tune("multilabel", "catalog.csv", &["--label", "class"]);
    tune("tree", "catalog.csv", &["--schema", "gz2"]);
    tune("tree", "catalog.csv", &["--schema", "none"]);
    complaint(&["train", "catalog.csv", "--schema", "gz2", "--out", "m"], folder);
    complaint(
        &["train", "catalog.csv", "--schema", "gz2", "--start", "none", "--out", "m"],
        folder,
    );

    says(
        &["similar", "--representations", "reps.parquet"],
        &["--id NAME", "--picture FILE", "--tag TAG", "--text WORDS"],
    );
    let similar = |more: &[&'static str]| {
        complaint(&[&["similar", "--representations", "reps.parquet"], more].concat(), folder)
    };
    similar(&["--id", "z"]);
    similar(&["--id", "a", "-k", "99"]);
    similar(&["--id", "a", "--catalog", "catalog.csv"]);
    similar(&["--picture", "images/SIM000001.jpg"]);
    similar(&["--id", "a", "--pca", "9"]);
    similar(&["--id", "a", "--catalog", "gaps.csv", "--where", "nothing < 1"]);
    similar(&["--id", "a", "--catalog", "gaps.csv", "--where", "label < 1"]);
    similar(&["--id", "a", "--catalog", "gaps.csv", "--where", "label <"]);
    similar(&["--tag", "rang", "--tags", "tags.csv"]);
    similar(&["--tag", "ring", "--tags", "gaps.csv"]);
    similar(&["--id", "a", "--out", "o.txt"]);
    similar(&["--id", "a", "--index=reps.parquet"]);
    for table in ["none.parquet", "catalog.csv", "cut.parquet", "notes.txt"] {
        complaint(&["similar", "--representations", table, "--id", "a"], folder);
        complaint(&["vectors", "--representations", table, "--out", "o.vectors"], folder);
        complaint(&["precision", "--representations", table, "--tags", "tags.csv"], folder);
        let rated = ["anomalies", "--ratings", "ratings.jsonl", "--representations", table];
        complaint(&rated, folder);
    }
    let anomalies = |more: &[&'static str]| {
        complaint(&[&["anomalies", "--representations", "reps.parquet"], more].concat(), folder)
    };
    for ratings in ["none.jsonl", "empty.jsonl", "ratings.jsonl", "notes.txt"] {
        anomalies(&["--ratings", ratings]);
    }
    anomalies(&["--scores", "words.csv", "--user-simulated"]);
    anomalies(&["--scores", "words.csv", "--score-column", "number", "--user-simulated"]);
    anomalies(&["--scores", "none.csv", "--user-simulated"]);
    let compared = ["anomalies", "--representations", "reps.parquet", "--scores", "words.csv"];
    plain(&lab(&compared, folder), &compared);
    let rings = ["experiment", "rings", "catalog.csv", "--out", "grid", "--label"];
    for label in ["none", "class", "magnitude"] {
        complaint(&[&rings[..], &[label]].concat(), folder);
    }
    complaint(&["simulate", "--galaxies", "0", "--out", "new"], folder);
    complaint(&["simulate", "--size", "1", "--out", "new"], folder);
    complaint(&["simulate", "--votes", "none", "--out", "new"], folder);
}
