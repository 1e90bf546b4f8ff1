//! The sample survey: 600 simulated galaxies that travel inside this library.

use super::home;
use super::simulate::{Simulation, table};
use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::files::{filled_once, short_hash};
use std::fs;
use std::io::{self, Cursor, Write};
use std::path::{Path, PathBuf};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

/// `data/sample.zip`: `catalog.csv` and `images/`.
const SAMPLE: &[u8] = include_bytes!("../../../data/sample.zip");

/// The survey the sample is: seed 1, and as good a JPEG as 4 MB allow.
fn survey() -> Simulation {
    Simulation::new(600).quality(86)
}

/// The folder of the sample survey, with `catalog.csv` and `images/`: unpacked on first use into
/// [`home`], or into the folder for temporary files when that cannot be written.
///
/// The folder's name carries the sample's hash, so another version of the library finds its own.
///
/// # Errors
/// [`Error::Io`] when neither place can be written.
pub fn sample_folder() -> Result<PathBuf> {
    let name = format!("sample-{}", short_hash([SAMPLE]));
    unpack_into(&home(), &name, SAMPLE)
        .or_else(|_| unpack_into(&std::env::temp_dir().join("zoobot"), &name, SAMPLE))
}

impl Catalog {
    /// The sample survey: 600 simulated galaxies of eight classes (column `class`), 75 of each,
    /// 128 x 128 pixels. Nothing is downloaded.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be unpacked.
    pub fn sample() -> Result<Self> {
        Self::read(sample_folder()?.join("catalog.csv"))
    }
}

/// Makes the sample again, as a ZIP archive whose bytes depend on the simulator only; returns the
/// number of its galaxies.
///
/// # Errors
/// [`Error::Io`] when it cannot be written, [`Error::Interrupted`] when stopped; an older file is
/// then left as it was.
pub fn write_sample(zip_path: &Path) -> Result<usize> {
    let survey = survey();
    let bytes = pack(&survey)?;
    let part = zip_path.with_extension("zip.part");
    fs::write(&part, bytes).map_err(Error::io("write", &part))?;
    fs::rename(&part, zip_path).map_err(Error::io("write", zip_path))?;
    Ok(survey.galaxies)
}

/// A survey as a ZIP archive: stored, as JPEGs do not get smaller, and with one fixed date.
fn pack(survey: &Simulation) -> Result<Vec<u8>> {
    let galaxies = survey
        .each(|galaxy| Ok((galaxy.file_loc(), galaxy.jpeg(survey.quality)?, galaxy.row())))?;
    let rows: Vec<String> = galaxies.iter().map(|(.., row)| row.clone()).collect();
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let mut add = |name: &str, bytes: &[u8]| {
        zip.start_file(name, options).map_err(io::Error::from).and_then(|()| zip.write_all(bytes))
    };
    add("catalog.csv", table(&rows).as_bytes()).map_err(Error::io("write", "sample.zip"))?;
    for (name, jpeg, _) in &galaxies {
        add(name, jpeg).map_err(Error::io("write", "sample.zip"))?;
    }
    let done = zip.finish().map_err(io::Error::from).map_err(Error::io("write", "sample.zip"))?;
    Ok(done.into_inner())
}

/// Unpacks an archive as a folder of a parent, unless it is there already.
fn unpack_into(parent: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf> {
    filled_once(parent, name, |part| Ok(ZipArchive::new(Cursor::new(bytes))?.extract(part)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::Kind;

    #[test]
    fn the_sample_has_600_galaxies_of_eight_kinds_whose_pictures_decode() {
        assert!(SAMPLE.len() <= 4_000_000, "{} bytes", SAMPLE.len());
        let place = tempfile::tempdir().unwrap();
        let folder = unpack_into(place.path(), "sample", SAMPLE).unwrap();
        let text = fs::read_to_string(folder.join("catalog.csv")).unwrap();
        let rows: Vec<Vec<&str>> = text.lines().map(|l| l.split(',').collect()).collect();
        assert_eq!(rows.len(), 601);
        assert_eq!(rows[0][..3], ["id_str", "file_loc", "class"]);
        for kind in Kind::SAMPLE {
            assert_eq!(rows.iter().filter(|row| row[2] == kind.name()).count(), 75, "{kind}");
        }
        for (i, row) in rows[1..].iter().enumerate() {
            assert_eq!(row.len(), rows[0].len());
            assert_eq!(row[2], survey().kind(i).name(), "the sample is not this simulator's");
            let picture = image::open(folder.join(row[1])).unwrap();
            assert_eq!((picture.width(), picture.height()), (128, 128));
        }
    }

    #[test]
    fn an_archive_has_the_same_bytes_each_time_and_stores_its_files() {
        let small = Simulation::new(6).size(32);
        let bytes = pack(&small).unwrap();
        assert_eq!(bytes, pack(&small).unwrap());
        let mut zip = ZipArchive::new(Cursor::new(&bytes)).unwrap();
        assert_eq!(zip.len(), 7);
        assert_eq!(zip.by_index(3).unwrap().compression(), CompressionMethod::Stored);
    }

    #[test]
    fn many_threads_unpack_one_whole_folder_and_leave_nothing_else() {
        let place = tempfile::tempdir().unwrap();
        let bytes = pack(&Simulation::new(20).size(32)).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let folder = unpack_into(place.path(), "s", &bytes).unwrap();
                    assert_eq!(fs::read_dir(folder.join("images")).unwrap().count(), 20);
                });
            }
        });
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named_in_the_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = unpack_into(file.path(), "s", SAMPLE).unwrap_err().to_string();
        assert!(error.contains(&file.path().display().to_string()), "{error}");
    }
}
