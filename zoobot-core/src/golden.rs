//! What tests compare with and this repository does not hold; they pass, saying so, where it is
//! absent.

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
        println!("skipped: no {} (set {variable})", path.display());
    }
    there.then_some(path)
}
