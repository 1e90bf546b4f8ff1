//! Known answers for the tests: the folder `$ZOOBOT_GOLDEN`, else `../shared/golden` beside the
//! repository. Its README says how each was made.

use std::path::PathBuf;

/// One part of the folder; `None`, saying so, where it is absent.
pub fn folder(part: &str) -> Option<PathBuf> {
    let root = std::env::var_os("ZOOBOT_GOLDEN").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/golden"),
        PathBuf::from,
    );
    let folder = root.join(part);
    let there = folder.is_dir();
    if !there {
        println!("skipped: no known answers at {} (set ZOOBOT_GOLDEN)", folder.display());
    }
    there.then_some(folder)
}
