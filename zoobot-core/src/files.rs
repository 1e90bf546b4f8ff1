//! Files that appear whole or not at all.

use crate::error::{Error, Result};
use std::fs::File;
use std::path::Path;

/// Writes a file beside its place and renames it when it is whole.
pub(crate) fn write_whole<T>(path: &Path, write: impl FnOnce(&File) -> Result<T>) -> Result<T> {
    write_whole_at(path, |partial| {
        let file = File::create(partial).map_err(Error::io("write", partial))?;
        write(&file)
    })
}

/// The same for what opens its files itself, by the name it is given.
pub(crate) fn write_whole_at<T>(path: &Path, write: impl FnOnce(&Path) -> Result<T>) -> Result<T> {
    // Named by the process, for two may be at the same file.
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    let written = write(&partial).and_then(|result| {
        let whole = File::open(&partial).and_then(|file| file.sync_all());
        whole.map_err(Error::io("write", &partial))?;
        std::fs::rename(&partial, path).map_err(Error::io("write", path))?;
        Ok(result)
    });
    if written.is_err() {
        // The error is what matters; what stays is only the unfinished part.
        let _ = std::fs::remove_file(&partial);
    }
    written
}
