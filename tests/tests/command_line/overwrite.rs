//! Existing files are replaced only with --overwrite, missing folders are created, and a failed
//! command leaves nothing behind.

use super::{errors, figures, refused, run};
use std::path::Path;

/// Checks that a command that writes to a place is refused when it is run again, and succeeds with
/// --overwrite. `whole` is a file that the place, or its folder, contains at the end.
fn once_and_again(words: &[&str], folder: &Path, place: &str, whole: &str) {
    let first = run(words, folder);
    assert_eq!(first.status.code(), Some(0), "{words:?}: {}", errors(&first));
    let path = folder.join(whole);
    assert!(path.is_file(), "{words:?} wrote no {whole}");
    // As if it were the user's own file.
    let before = std::fs::read(&path).unwrap();
    refused(words, folder, &[place, "exists already", "--overwrite"]);
    assert!(std::fs::read(&path).unwrap() == before, "{words:?} changed {whole}");
    let again = run(&[words, &["--overwrite"]].concat(), folder);
    assert_eq!(again.status.code(), Some(0), "{words:?} --overwrite: {}", errors(&again));
    assert!(path.is_file());
    let partial = |name: &str| name.contains("partial") || name.ends_with(".parts");
    let beside = std::fs::read_dir(path.parent().unwrap()).unwrap().flatten();
    let left: Vec<String> =
        beside.map(|it| it.file_name().to_string_lossy().into_owned()).collect();
    assert!(!left.iter().any(|name| partial(name)), "{left:?}");
}

#[test]
fn no_command_replaces_what_is_there_unless_it_is_told_to() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    let simulate =
        ["simulate", "--galaxies", "24", "--size", "40", "--votes", "gz2", "--tags", "0.9"];
    let simulate = [&simulate[..], &["--out", "new/deep/survey"]].concat();
    once_and_again(&simulate, folder, "new/deep/survey", "new/deep/survey/catalog.csv");
    let catalog = "new/deep/survey/catalog.csv";
    let encode = ["encode", catalog, "--out", "made/too/reps.parquet"];
    figures(&run(&[&encode[..], &["--json"]].concat(), folder));
    // Encoding these galaxies with this encoder again is allowed; those of another catalogue are
    // refused.
    figures(&run(&[&encode[..], &["--json"]].concat(), folder));
    std::fs::copy(folder.join("made/too/reps.parquet"), folder.join("made/too/other.parquet"))
        .unwrap();
    std::fs::write(folder.join("other.csv"), "id_str,file_loc\nelsewhere,a.jpg\n").unwrap();
    let other = ["encode", "other.csv", "--out", "made/too/other.parquet"];
    refused(&other, folder, &["made/too/other.parquet", "exists already", "--overwrite"]);
    let reps = ["--representations", "made/too/reps.parquet"];
    let vectors = [&["vectors"], &reps[..], &["--out", "v/all.vectors"]].concat();
    once_and_again(&vectors, folder, "v/all.vectors", "v/all.vectors");
    let similar = [&["similar"], &reps[..], &["--id", "SIM000003", "--catalog", catalog]].concat();
    let table = [&similar[..], &["--out", "s/like.csv"]].concat();
    once_and_again(&table, folder, "s/like.csv", "s/like.csv");
    let gallery = [&similar[..], &["--gallery", "g/like.svg"]].concat();
    once_and_again(&gallery, folder, "g/like.svg", "g/like.svg");
    let rated = ["--scores", catalog, "--score-column", "class=ring", "--user-simulated"];
    let anomalies = [&["anomalies"], &reps[..], &rated, &["--labels", "12", "--out", "a/r.fits"]];
    once_and_again(&anomalies.concat(), folder, "a/r.fits", "a/r.fits");
    let tuned =
        ["finetune", "classifier", catalog, "--label", "ring", "--epochs", "2", "--out", "m/ring"];
    once_and_again(&tuned, folder, "m/ring", "m/ring/head.json");
    let judged = ["judge", catalog, "--model", "m/ring", "--label", "ring", "--out", "j/each.csv"];
    once_and_again(&judged, folder, "j/each.csv", "j/each.csv");
    let predicted = ["predict", catalog, "--model", "sample", "--out", "p/votes.fits"];
    once_and_again(&predicted, folder, "p/votes.fits", "p/votes.fits");
    let labels = ["predict", catalog, "--model", "m/ring", "--model", "m/ring", "--out", "p/l.csv"];
    once_and_again(&labels, folder, "p/l.csv", "p/l.csv");
    let calibrated = ["calibrate", catalog, "--model", "sample", "--schema", "gz2"];
    let figure = [&calibrated[..], &["--figure", "c/c.svg"]].concat();
    once_and_again(&figure, folder, "c/c.svg", "c/c.svg");
    let fitted = [&calibrated[..], &["--fit", catalog, "--save", "c/model"]].concat();
    once_and_again(&fitted, folder, "c/model", "c/model/head.json");
    let trained = ["train", catalog, "--schema", "gz2", "--start", "resnet18", "--size", "32"];
    let trained = [&trained[..], &["--batch", "12", "--epochs", "1", "--out", "t/mine"]].concat();
    once_and_again(&trained, folder, "t/mine", "t/mine/head.json");
}

#[test]
fn nothing_is_written_among_the_files_of_a_user_unless_told() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    for place in ["mine", "survey/images"] {
        std::fs::create_dir_all(folder.join(place)).unwrap();
        std::fs::write(folder.join(place).join("ngc1300.jpg"), "").unwrap();
    }
    let simulate = ["simulate", "--galaxies", "24", "--size", "32", "--out"];
    let tune = ["finetune", "classifier", "sample", "--label", "ring", "--out", "mine"];
    let voted = [&simulate[..], &["voted", "--votes", "gz2"]].concat();
    assert_eq!(run(&voted, folder).status.code(), Some(0));
    let train = ["train", "voted", "--schema", "gz2", "--start", "resnet18", "--out", "mine"];
    let save = ["calibrate", "voted", "--fit", "voted", "--model", "sample", "--schema", "gz2"];
    let save = [&save[..], &["--save", "mine"]].concat();
    let simulations = ["mine", "survey"].map(|out| [&simulate[..], &[out]].concat());
    for words in [&simulations[0], &simulations[1], &tune.to_vec(), &train.to_vec(), &save] {
        refused(words, folder, &["already holds ngc1300.jpg", "--overwrite"]);
    }
    assert_eq!(std::fs::read_dir(folder.join("mine")).unwrap().count(), 1);
    let told = run(&[&tune[..], &["--overwrite"]].concat(), folder);
    assert_eq!(told.status.code(), Some(0), "{}", errors(&told));
    assert!(folder.join("mine/ngc1300.jpg").exists() && folder.join("mine/head.json").exists());
}

#[test]
fn a_smaller_survey_leaves_nothing_of_the_one_that_it_replaces() {
    let dir = tempfile::tempdir().unwrap();
    let words = ["simulate", "--size", "32", "--out", "s", "--overwrite", "--json", "--galaxies"];
    let more = ["9", "--votes", "gz2", "--tags", "1"];
    figures(&run(&[&words[..], &more].concat(), dir.path()));
    std::fs::write(dir.path().join("s/images/mine.jpg"), "mine").unwrap();
    figures(&run(&[&words[..], &["4"]].concat(), dir.path()));
    let names = |folder: &str| {
        let entries = std::fs::read_dir(dir.path().join(folder)).unwrap().flatten();
        let mut names: Vec<String> =
            entries.map(|it| it.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(names("s"), ["catalog.csv", "images"]);
    assert_eq!(names("s/images").len(), 5, "{:?}", names("s/images"));
    assert!(names("s/images").contains(&"mine.jpg".to_owned()));
}

#[test]
fn what_is_read_is_never_written_over_and_a_folder_is_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let words = ["simulate", "--galaxies", "4", "--size", "32", "--out", "."];
    assert!(run(&words, dir.path()).status.success());
    figures(&run(&["encode", "catalog.csv", "--out", "reps.parquet", "--json"], dir.path()));
    let vectors = ["vectors", "--representations", "reps.parquet", "--overwrite", "--out"];
    for same in ["reps.parquet", "./images/../reps.parquet"] {
        refused(&[&vectors[..], &[same]].concat(), dir.path(), &["--out", "another file"]);
    }
    refused(&[&vectors[..], &["images"]].concat(), dir.path(), &["--out images is a folder"]);
    let words = ["simulate", "--galaxies", "4", "--overwrite", "--out", "catalog.csv"];
    refused(&words, dir.path(), &["--out catalog.csv is a file"]);
}

#[test]
fn bad_input_makes_no_folder_and_no_file() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("bad.csv"), "id_str,file_loc\na,none.jpg\n").unwrap();
    for words in [
        &["encode", "none.csv", "--out", "x/reps.parquet"][..],
        &["predict", "bad.csv", "--model", "none", "--out", "x/votes.csv"],
        &["judge", "bad.csv", "--model", "none", "--label", "ring", "--out", "x/each.csv"],
        &["finetune", "classifier", "bad.csv", "--label", "none", "--out", "x/model"],
        &["train", "bad.csv", "--schema", "gz2", "--out", "x/model"],
        &["vectors", "--representations", "none.parquet", "--out", "x.vectors"],
    ] {
        let output = run(words, dir.path());
        assert_eq!(output.status.code(), Some(2), "{words:?}: {}", errors(&output));
        let entries = std::fs::read_dir(dir.path()).unwrap().flatten();
        let left: Vec<_> = entries.map(|it| it.file_name()).collect();
        assert_eq!(left, ["bad.csv"], "{words:?}");
    }
}
