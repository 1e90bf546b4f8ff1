//! What tests compare with and this repository does not hold; they pass, saying so, where it is
//! absent.

use std::io::Write;
use std::path::{Path, PathBuf};

/// One part of the known answers: the folder `$ZOOBOT_GOLDEN`, else `../shared/golden` beside the
/// repository. Its README says how each was made.
pub fn folder(part: &str) -> Option<PathBuf> {
    found("ZOOBOT_GOLDEN", "golden", part)
}

/// A file or folder of real galaxies: in `$ZOOBOT_DATA`, else `../shared/data`.
pub fn data(part: &str) -> Option<PathBuf> {
    found("ZOOBOT_DATA", "data", part)
}

fn found(variable: &str, name: &str, part: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared").join(name);
    let path = std::env::var_os(variable).map_or_else(beside, PathBuf::from).join(part);
    let there = path.exists();
    if !there {
        skip(&format!("no {} (set {variable})", path.display()));
    }
    there.then_some(path)
}

/// Notes that the test that calls this cannot run here, and why. `cargo xtask test` names a file for
/// such notes, and counts what is in it as skipped.
pub fn skip(why: &str) {
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("a test");
    println!("skipped: {why}");
    let Some(path) = std::env::var_os("ZOOBOT_SKIPPED") else { return };
    let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
    let note = format!("{name}: {why}\n");
    if let Err(error) = file.and_then(|mut it| it.write_all(note.as_bytes())) {
        println!("the note was not kept: {error}");
    }
}
