//! The sample field in place of files: sample_field.

use std::path::{Path, PathBuf};
use zoobot_core::Result;
use zoobot_core::survey::sample_field_folder;

/// The name of the field.
const NAME: &str = "sample_field";

/// An image file; the included field by its name, unless a file has that name.
pub fn image(path: &Path) -> Result<PathBuf> {
    included(path, "field.fits.fz")
}

/// A table of positions; that of the included field by its name.
pub fn table(path: &Path) -> Result<PathBuf> {
    included(path, "catalog.csv")
}

fn included(path: &Path, file: &str) -> Result<PathBuf> {
    match path.to_str() == Some(NAME) && !path.exists() {
        true => Ok(sample_field_folder()?.join(file)),
        false => Ok(path.to_path_buf()),
    }
}
