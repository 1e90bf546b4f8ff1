//! Files and folders that appear whole or not at all.
//!
//! Everything is first written to a temporary file in the folder, so that an error leaves nothing,
//! or the previous file. A missing folder is created, so that no result is lost for want of it.

use crate::error::{Error, Result};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Writes a temporary file and renames it when it is complete.
pub fn write_whole<T>(path: &Path, write: impl FnOnce(&File) -> Result<T>) -> Result<T> {
    write_whole_at(path, |partial| {
        let file = File::create(partial).map_err(Error::io("write", path))?;
        write(&file)
    })
}

/// Creates the folder of a file if it is missing.
pub fn make_folder_of(path: &Path) -> Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => std::fs::create_dir_all(folder).map_err(Error::io("create", folder)),
        None => Ok(()),
    }
}

/// Calls a function with the name of a temporary file, and renames that file when it is complete.
pub fn write_whole_at<T>(path: &Path, write: impl FnOnce(&Path) -> Result<T>) -> Result<T> {
    make_folder_of(path)?;
    // Named by the process, for two may be at the same file.
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    let written = write(&partial).and_then(|result| {
        let whole = File::open(&partial).and_then(|file| file.sync_all());
        whole.map_err(Error::io("write", path))?;
        std::fs::rename(&partial, path).map_err(Error::io("write", path))?;
        Ok(result)
    });
    if written.is_err() {
        // The error is what matters; what stays is only the unfinished part.
        let _ = std::fs::remove_file(&partial);
    }
    written
}

/// A folder of a parent, which `fill` fills where it is not there yet.
///
/// It is filled under another name and then renamed, so that no process sees a part of it. Of two
/// processes that fill it at once, the second takes the folder of the first.
pub fn filled_once(
    parent: &Path,
    name: &str,
    fill: impl FnOnce(&Path) -> io::Result<()>,
) -> Result<PathBuf> {
    static ATTEMPT: AtomicUsize = AtomicUsize::new(0);
    let folder = parent.join(name);
    if folder.is_dir() {
        return Ok(folder);
    }
    let attempt = ATTEMPT.fetch_add(1, Ordering::Relaxed);
    let part = parent.join(format!(".{name}.{}.{attempt}", std::process::id()));
    let filled = std::fs::create_dir_all(&part)
        .and_then(|()| fill(&part))
        .and_then(|()| std::fs::rename(&part, &folder));
    // Nothing is left of it after the rename; of a second's, all.
    let _ = std::fs::remove_dir_all(&part);
    if folder.is_dir() {
        return Ok(folder);
    }
    filled.map(|()| folder.clone()).map_err(Error::io("create", &folder))
}

/// The first eight hexadecimal digits of the SHA-256 of some pieces, one after the other.
pub fn short_hash<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    pieces.into_iter().for_each(|piece| hash.update(piece));
    hash.finalize()[..4].iter().map(|byte| format!("{byte:02x}")).collect()
}
