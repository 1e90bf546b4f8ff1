//! The command `zoobot` as a user sees it: exit status, the last line, files left on disk.

#[path = "command_line/active.rs"]
mod active;
#[path = "command_line/advice.rs"]
mod advice;
#[path = "command_line/anomalies.rs"]
mod anomalies;
#[path = "command_line/calibrate.rs"]
mod calibrate;
#[path = "command_line/catalogues.rs"]
mod catalogues;
#[path = "command_line/few.rs"]
mod few;
#[path = "command_line/finetune.rs"]
mod finetune;
#[path = "command_line/flux.rs"]
mod flux;
#[path = "command_line/gallery.rs"]
mod gallery;
#[path = "command_line/help.rs"]
mod help;
#[path = "command_line/laboratory.rs"]
mod laboratory;
#[path = "command_line/leak.rs"]
mod leak;
#[path = "command_line/overwrite.rs"]
mod overwrite;
#[path = "command_line/predict.rs"]
mod predict;
#[path = "command_line/similar.rs"]
mod similar;
#[path = "command_line/sky.rs"]
mod sky;
#[path = "command_line/train.rs"]
mod train;
#[path = "command_line/values.rs"]
mod values;
#[path = "command_line/zooniverse.rs"]
mod zooniverse;

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use zoobot_core::polars::prelude::*;
use zoobot_core::space::Space;

/// The command that the workspace's build made.
fn zoobot() -> Command {
    program("zoobot")
}

fn program(name: &str) -> Command {
    let test = std::env::current_exe().unwrap();
    let program = test.parent().and_then(Path::parent).unwrap().join(name);
    assert!(program.is_file(), "{} is not there: run `cargo build`", program.display());
    Command::new(program)
}

fn run(arguments: &[&str], folder: &Path) -> Output {
    zoobot().args(arguments).current_dir(folder).stdin(Stdio::null()).output().unwrap()
}

/// The JSON object on the last line.
fn figures(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}{}", errors(output));
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs a command that must fail with status 2 and one line that contains `words`.
fn refused(arguments: &[&str], folder: &Path, words: &[&str]) {
    complains(&run(arguments, folder), words);
}

/// Runs a command with a wrong option: it fails with status 2, and a first line that contains `words`.
fn misused(arguments: &[&str], folder: &Path, words: &[&str]) {
    let output = run(arguments, folder);
    let message = errors(&output);
    assert_eq!(output.status.code(), Some(2), "{message}");
    let line = message.lines().next().unwrap_or_default();
    assert!(words.iter().all(|word| line.contains(word)), "{message}");
}

/// Checks that a command failed with status 2 and one line that contains `words`.
fn complains(output: &Output, words: &[&str]) {
    let message = errors(output);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert_eq!(message.trim_end().lines().count(), 1, "{message}");
    for word in words {
        assert!(message.contains(word), "{word:?} is not in {message:?}");
    }
}

/// A folder with a small simulated survey.
fn survey(galaxies: usize) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let galaxies = galaxies.to_string();
    let made = run(&["simulate", "--galaxies", &galaxies, "--out", ".", "--json"], dir.path());
    assert_eq!(figures(&made)["galaxies"].to_string(), galaxies);
    dir
}

const ENCODE: [&str; 6] = ["encode", "--catalog", "catalog.csv", "--out", "reps.parquet", "--json"];

#[test]
fn a_simulated_survey_is_encoded_and_searched() {
    let dir = survey(40);
    let done = figures(&run(&ENCODE, dir.path()));
    assert_eq!((done["encoded"].as_u64(), done["failed"].as_u64()), (Some(40), Some(0)));
    assert!(done["images_per_second"].as_f64().unwrap() > 0.0);
    let space = Space::read(dir.path().join("reps.parquet")).unwrap();
    assert_eq!((space.len(), space.width()), (40, 1280));
    let id = &space.ids()[3];
    let arguments =
        ["similar", "--representations", "reps.parquet", "--id", id, "-k", "9", "--json"];
    let found = figures(&run(&arguments, dir.path()));
    let neighbours = found["neighbours"].as_array().unwrap();
    assert_eq!(neighbours.len(), 9);
    assert_eq!(neighbours[0]["rank"], 1);
    let distances: Vec<f64> =
        neighbours.iter().map(|neighbour| neighbour["distance"].as_f64().unwrap()).collect();
    assert!(distances.is_sorted() && distances[0] > 0.0, "{distances:?}");
    assert!(neighbours.iter().all(|neighbour| neighbour["id_str"] != id.as_str()));
}

#[test]
fn a_simulated_survey_has_votes_and_tags_when_asked() {
    let dir = tempfile::tempdir().unwrap();
    let words = ["simulate", "--galaxies", "24", "--size", "32", "--out", ".", "--json"];
    figures(&run(&[&words[..], &["--votes", "gz2", "--tags"]].concat(), dir.path()));
    let catalog = std::fs::read_to_string(dir.path().join("catalog.csv")).unwrap();
    assert!(catalog.lines().next().unwrap().contains("smooth-or-featured-gz2_smooth"));
    assert!(dir.path().join("fractions.csv").is_file() && dir.path().join("tags.csv").is_file());
    let wrong = |more: &[&str], say: &[&str]| {
        refused(&[&words[..], &["--overwrite"], more].concat(), dir.path(), say);
    };
    wrong(&["--votes", "gz3"], &["gz3", "gz2"]);
    wrong(&["--tags", "20"], &["tags must be between 0 and 1", "20"]);
}

#[test]
fn kinds_and_survey_are_chosen_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let simulate = |more: &[&str]| {
        let words = ["simulate", "--galaxies", "6", "--size", "32", "--out", "."];
        figures(&run(&[&words[..], &["--overwrite", "--json"], more].concat(), dir.path()));
        std::fs::read_to_string(dir.path().join("catalog.csv")).unwrap()
    };
    let chosen = simulate(&["--kinds", "jellyfish,diffuse", "--survey", "sdss"]);
    assert_eq!(chosen.matches(",jellyfish,").count(), 3);
    assert_eq!(chosen.matches(",diffuse,").count(), 3);
    assert_eq!(chosen.matches(",sdss,").count(), 6);
    let shares = simulate(&["--kinds", "diffuse:2,jellyfish"]);
    let count = |kind| shares.matches(kind).count();
    assert_eq!((count(",diffuse,"), count(",jellyfish,")), (4, 2));
    assert!(simulate(&["--kinds", "sky"]).contains(",legacy,"));
    let wrong = |option, name| ["simulate", "--out", ".", option, name];
    refused(&wrong("--kinds", "squid"), dir.path(), &["no kind of galaxy \"squid\"", "jellyfish"]);
    refused(&wrong("--kinds", "ring:0"), dir.path(), &["ring:0", "KIND:SHARE"]);
    refused(&wrong("--survey", "palomar"), dir.path(), &["no survey \"palomar\"", "hsc"]);
}

#[test]
fn real_rings_are_encoded_in_catalogue_order() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/rings/catalog.csv");
    if !data.is_file() {
        zoobot_tests::skip(&format!("no real galaxies at {}", data.display()));
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let catalog = data.to_str().unwrap();
    let arguments = [
        "encode",
        "--encoder",
        "imagenet",
        "--catalog",
        catalog,
        "--out",
        "reps.parquet",
        "--json",
    ];
    let done = figures(&run(&arguments, dir.path()));
    assert_eq!(done["encoded"], 330);
    let space = Space::read(dir.path().join("reps.parquet")).unwrap();
    let catalog = zoobot_core::catalog::Catalog::read(&data).unwrap();
    assert_eq!(space.ids(), catalog.ids());
    let id = "J003937.09-032825.0";
    let arguments =
        ["similar", "--representations", "reps.parquet", "--id", id, "-k", "9", "--json"];
    assert_eq!(figures(&run(&arguments, dir.path()))["neighbours"].as_array().unwrap().len(), 9);
}

#[test]
fn catalogues_that_cannot_be_used_are_refused_with_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let cases: [(&[u8], &[&str]); 7] = [
        (b"", &["the file is empty"]),
        (b"id_str,file_loc\n", &["no galaxy"]),
        (b"id_str,file_loc\na,a.jpg\na,b.jpg\n", &["\"a\" (lines 2 and 3)"]),
        (b"id_str,file_loc\na,a.jpg\n,b.jpg\n", &["id_str is empty in line 3"]),
        (b"id,file_loc\na,a.jpg\n", &["no column \"id_str\""]),
        (b"id_str,picture\na,a.jpg\n", &["no column \"file_loc\""]),
        (b"id_str,file_loc\n\xff\xfe,a.jpg\n", &["line 2 is not UTF-8"]),
    ];
    for (content, words) in cases {
        std::fs::write(dir.path().join("catalog.csv"), content).unwrap();
        refused(&ENCODE, dir.path(), words);
    }
    std::fs::remove_file(dir.path().join("catalog.csv")).unwrap();
    refused(&ENCODE, dir.path(), &["cannot read catalog.csv"]);
}

#[test]
fn pictures_that_cannot_be_read_are_listed_and_the_rest_is_kept() {
    let dir = survey(4);
    let path = dir.path().join("catalog.csv");
    let good = std::fs::read_to_string(&path).unwrap();
    let columns = good.lines().next().unwrap().split(',').count();
    let row = |id: &str, file: &str| format!("{id},{file}{}\n", ",".repeat(columns - 2));
    let whole = std::fs::read(dir.path().join(first_picture(&good))).unwrap();
    std::fs::write(dir.path().join("cut.jpg"), &whole[..whole.len() / 2]).unwrap();
    std::fs::write(dir.path().join("text.jpg"), "no picture").unwrap();
    std::fs::write(dir.path().join("empty.jpg"), "").unwrap();
    let mut bad = format!("\u{feff}{good}");
    for (id, file) in [("a", "cut.jpg"), ("b", "text.jpg"), ("c", "empty.jpg"), ("d", "none.jpg")] {
        bad.push_str(&row(id, file));
    }
    std::fs::write(&path, bad).unwrap();

    let output = run(&ENCODE, dir.path());
    let done = figures(&output);
    assert_eq!((done["encoded"].as_u64(), done["failed"].as_u64()), (Some(4), Some(4)));
    assert!(errors(&output).contains("4 of 8 pictures"), "{}", errors(&output));
    let list = std::fs::read_to_string(dir.path().join("reps.failed.csv")).unwrap();
    for reason in ["cut off", "not a picture", "0 bytes", "no such file"] {
        assert!(list.contains(reason), "{list}");
    }
    assert_eq!(Space::read(dir.path().join("reps.parquet")).unwrap().len(), 4);

    let again = [&ENCODE[..], &["--overwrite"]].concat();
    let strict = run(&[&again[..], &["--strict"]].concat(), dir.path());
    assert_eq!(strict.status.code(), Some(2));
    std::fs::write(&path, "id_str,file_loc\na,cut.jpg\nb,none.jpg\n").unwrap();
    refused(&again, dir.path(), &["cut off", "none of the catalogue's 2 pictures"]);
}

fn first_picture(catalog: &str) -> String {
    let mut lines = catalog.lines();
    let place = lines.next().unwrap().split(',').position(|name| name == "file_loc").unwrap();
    lines.next().unwrap().split(',').nth(place).unwrap().to_owned()
}

#[test]
fn a_place_that_cannot_be_written_to_is_refused() {
    let dir = survey(2);
    let to = |out: &str| ["encode", "--catalog", "catalog.csv", "--out", out].map(str::to_owned);
    let refused_out = |out: &str, words: &[&str]| {
        let arguments = to(out);
        refused(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), dir.path(), words);
    };
    refused_out("catalog.csv/reps.parquet", &["cannot write", "catalog.csv/reps.parquet"]);
    refused_out("reps.csv", &["--out reps.csv is not a .parquet file"]);
}

/// A file system of 64 kB, unmounted at the end.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(folder: PathBuf) -> Option<Self> {
        std::fs::create_dir(&folder).unwrap();
        let mount = ["-t", "tmpfs", "-o", "size=64k", "tmpfs"];
        let done = Command::new("mount").args(mount).arg(&folder).output();
        done.is_ok_and(|output| output.status.success()).then_some(Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).output();
    }
}

#[test]
fn a_full_disk_loses_nothing_that_was_encoded() {
    let dir = survey(6);
    let Some(disk) = SmallDisk::mount(dir.path().join("disk")) else {
        zoobot_tests::skip("only root can mount the small file system this test needs");
        return;
    };
    let temp = dir.path().join("temp");
    std::fs::create_dir(&temp).unwrap();
    let encode = || {
        let arguments =
            ["encode", "--catalog", "catalog.csv", "--out", "disk/reps.parquet", "--json"];
        zoobot().args(arguments).current_dir(dir.path()).env("TMPDIR", &temp).output().unwrap()
    };
    let full = encode();
    let message = errors(&full);
    assert_eq!(full.status.code(), Some(2), "{message}");
    assert!(message.contains("6 galaxies are done and kept in"), "{message}");
    assert!(!disk.0.join("reps.parquet").exists());
    // There is room again: nothing is encoded twice.
    drop(disk);
    let done = figures(&encode());
    assert_eq!((done["encoded"].as_u64(), done["resumed"].as_u64()), (Some(6), Some(6)));
    assert_eq!(Space::read(dir.path().join("disk/reps.parquet")).unwrap().len(), 6);
}

#[test]
fn ctrl_c_keeps_what_is_done_and_the_next_run_goes_on() {
    let dir = survey(600);
    let mut child = zoobot()
        .args(ENCODE)
        .current_dir(dir.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let parts = || {
        let entries = std::fs::read_dir(dir.path()).unwrap().flatten();
        entries
            .map(|entry| entry.path())
            .find(|path| path.extension().is_some_and(|e| e == "parts"))
    };
    while parts().is_none() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before its parts appeared");
        std::thread::yield_now();
    }
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let stopped = child.wait_with_output().unwrap();
    assert_eq!(stopped.status.code(), Some(130), "{}", errors(&stopped));
    assert!(errors(&stopped).contains("interrupted during encode"), "{}", errors(&stopped));
    assert_eq!(figures(&run(&ENCODE, dir.path()))["encoded"], 600);
    assert!(parts().is_none());
}

#[test]
fn what_the_search_cannot_answer_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let ids = ["a1".to_owned(), "b2".to_owned()].to_vec();
    let features = zoobot_core::ndarray::array![[0.0, 1.0], [1.0, 0.0]];
    Space::new(ids, features).unwrap().save(dir.path().join("reps.parquet")).unwrap();
    let similar = |id: &str, k: &str, words: &[&str]| {
        let arguments = ["similar", "--representations", "reps.parquet", "--id", id, "-k", k];
        refused(&arguments, dir.path(), words);
    };
    similar("a2", "1", &["no galaxy \"a2\"", "Did you mean \"a1\"?"]);
    similar("a1", "2", &["k must be between 1 and 1"]);
    let mut other = df!("x" => [1.0]).unwrap();
    let file = std::fs::File::create(dir.path().join("other.parquet")).unwrap();
    ParquetWriter::new(file).finish(&mut other).unwrap();
    let arguments = ["similar", "--representations", "other.parquet", "--id", "a"];
    refused(&arguments, dir.path(), &["no column \"id_str\""]);
}

/// The report of `zoobot doctor` when the record of the build was changed by `edit`.
fn doctor(edit: impl FnOnce(&mut Value)) -> (Option<i32>, Value) {
    let dir = tempfile::tempdir().unwrap();
    let test = std::env::current_exe().unwrap();
    let record = test.parent().and_then(Path::parent).unwrap().join("zoobot-library.json");
    let text = std::fs::read_to_string(&record).expect("`cargo xtask setup` writes the record");
    let mut record: Value = serde_json::from_str(&text).unwrap();
    edit(&mut record);
    let path = dir.path().join("record.json");
    std::fs::write(&path, record.to_string()).unwrap();
    let output = zoobot().args(["doctor", "--json"]).env("ZOOBOT_LIBRARY", path).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code(), serde_json::from_str(text.lines().last().unwrap()).unwrap())
}

fn finding<'a>(found: &'a Value, what: &str) -> &'a Value {
    found["findings"].as_array().unwrap().iter().find(|f| f["what"] == what).unwrap()
}

#[test]
fn the_doctor_finds_nothing_wrong_after_set_up() {
    let (status, found) = doctor(|_| ());
    assert_eq!((status, &found["wrong"]), (Some(0), &Value::from(0)), "{found}");
    assert!(finding(&found, "libtorch")["found"].as_str().unwrap().starts_with("2.11.0"));
}

#[test]
fn the_doctor_tells_of_another_compiler_and_a_lost_library_with_a_fix() {
    let (status, found) = doctor(|record| {
        record["rustc_version"] = "rustc 1.0.0 (old)".into();
        record["dylib"] = "/nowhere/libzoobot_shared.so".into();
    });
    assert_eq!((status, &found["wrong"]), (Some(2), &Value::from(2)), "{found}");
    for (what, word) in [("compiler", "1.0.0"), ("library", "/nowhere")] {
        let finding = finding(&found, what);
        assert!(finding["found"].as_str().unwrap().contains(word), "{finding}");
        assert!(finding["fix"].as_str().unwrap().contains("./run start"), "{finding}");
    }
}
