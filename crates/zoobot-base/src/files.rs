//! Files and folders that appear complete or not at all.
//!
//! Everything is first written to a temporary file in the target folder, so that an error leaves nothing,
//! or the previous file. A missing folder is created, so that its absence loses no result.

use crate::error::{Error, Result};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Writes a file by way of a temporary file, which is renamed when it is complete.
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
    let partial = unfinished(path);
    let written = write(&partial).and_then(|result| {
        let whole = File::open(&partial).and_then(|file| file.sync_all());
        whole.map_err(Error::io("write", path))?;
        std::fs::rename(&partial, path).map_err(Error::io("write", path))?;
        Ok(result)
    });
    if written.is_err() {
        // A failure here is harmless: it leaves only the unfinished file.
        let _ = std::fs::remove_file(&partial);
    }
    written
}

/// A name for the unfinished version of a file, in the folder of the file. It is unique among all calls
/// in this and other running processes.
pub fn unfinished(path: &Path) -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}-{count}.partial", std::process::id()))
}

/// A folder in `parent`, which `fill` fills if it does not exist yet.
///
/// The folder is filled under another name and then renamed, so that no process sees a part of it. If two
/// processes fill it at once, the second uses the folder of the first.
pub fn filled_once(
    parent: &Path,
    name: &str,
    fill: impl FnOnce(&Path) -> io::Result<()>,
) -> Result<PathBuf> {
    let folder = parent.join(name);
    if folder.is_dir() {
        return Ok(folder);
    }
    let part = unfinished(&folder);
    let filled = std::fs::create_dir_all(&part)
        .and_then(|()| fill(&part))
        .and_then(|()| std::fs::rename(&part, &folder));
    // After a rename nothing is left of it; if another process was first, all of it is.
    let _ = std::fs::remove_dir_all(&part);
    if folder.is_dir() {
        return Ok(folder);
    }
    filled.map(|()| folder.clone()).map_err(Error::io("create", &folder))
}

/// The first eight hexadecimal digits of the SHA-256 of the concatenated pieces.
pub fn short_hash<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    pieces.into_iter().for_each(|piece| hash.update(piece));
    hash.finalize()[..4].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn threads_that_write_one_file_or_files_of_one_stem_do_not_disturb_each_other() {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..50 {
            std::thread::scope(|scope| {
                for number in 0..8_u8 {
                    let path = folder.path().join(["a.csv", "a.fits"][usize::from(number % 2)]);
                    scope.spawn(move || {
                        write_whole(&path, |mut file| {
                            file.write_all(&[number; 4096]).map_err(Error::io("write", &path))
                        })
                        .unwrap();
                        let whole = std::fs::read(&path).unwrap();
                        assert_eq!((whole.len(), whole[0] % 2), (4096, number % 2));
                        assert!(whole.iter().all(|byte| *byte == whole[0]));
                    });
                }
            });
        }
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2, "nothing unfinished is left");
    }

    #[test]
    fn what_fails_leaves_the_previous_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        std::fs::write(&path, "before").unwrap();
        let refused = write_whole(&path, |_| {
            Err::<(), _>(Error::Interrupted { during: "writing", done: "nothing".into() })
        });
        assert!(refused.is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "before");
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    }
}
