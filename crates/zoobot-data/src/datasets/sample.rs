//! The sample survey: 600 simulated galaxies, bundled with the library.

use super::DataSet;
use crate::catalog::Catalog;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use zip::ZipArchive;
use zoobot_base::error::Result;
use zoobot_base::files::{filled_once, short_hash};
use zoobot_base::home::home;

pub(super) const DATA_SET: DataSet = DataSet {
    name: "sample",
    about: "600 simulated galaxies of eight classes, which travel inside the library",
    citation: "this library",
    terms: "CC0",
    read: |table| Catalog::read(table),
    folder: Some(sample_folder),
    schema: None,
    labels: &["class"],
    tags: None,
    kept_out: None,
};

/// `data/sample.zip`: `catalog.csv` and `images/`.
// A constant would go into the metadata that every cell is compiled against.
static SAMPLE: &[u8] = include_bytes!("../../../../data/sample.zip");

/// The folder of the sample survey, with `catalog.csv` and `images/`: unpacked on first use into [`home`], or
/// into the temporary folder if that is not writable.
///
/// The folder's name contains the sample's hash, so each version of the library finds its own sample.
///
/// # Errors
/// [`Error::Io`] when neither folder is writable.
pub fn sample_folder() -> Result<PathBuf> {
    unpacked("sample", SAMPLE)
}

/// The folder of an archive that is bundled with the library: see [`sample_folder`].
pub(super) fn unpacked(name: &str, bytes: &[u8]) -> Result<PathBuf> {
    let name = format!("{name}-{}", short_hash([bytes]));
    unpack_into(&home(), &name, bytes)
        .or_else(|_| unpack_into(&std::env::temp_dir().join("zoobot"), &name, bytes))
}

impl Catalog {
    /// The sample survey: 600 simulated galaxies of eight classes (column `class`), 75 of each,
    /// 128 x 128 pixels. Nothing is downloaded.
    ///
    /// # Errors
    /// [`Error::Io`] when the sample cannot be unpacked.
    pub fn sample() -> Result<Self> {
        Self::read(sample_folder()?.join("catalog.csv"))
    }
}

/// Unpacks an archive into a subfolder of `parent`, unless it already exists.
fn unpack_into(parent: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf> {
    filled_once(parent, name, |part| Ok(ZipArchive::new(Cursor::new(bytes))?.extract(part)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_threads_unpack_one_whole_folder_and_leave_nothing_else() {
        let place = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let folder = unpack_into(place.path(), "s", SAMPLE).unwrap();
                    assert_eq!(std::fs::read_dir(folder.join("images")).unwrap().count(), 600);
                });
            }
        });
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named_in_the_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = unpack_into(file.path(), "s", SAMPLE).unwrap_err().to_string();
        assert!(error.contains(&file.path().display().to_string()), "{error}");
    }
}
