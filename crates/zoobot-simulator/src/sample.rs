//! Creates the sample survey.

use crate::simulate::{Simulation, table};
use std::fs;
use std::io::{self, Cursor, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};
use zoobot_base::error::{Error, Result};

/// The settings of the sample: seed 1, and the best JPEG quality that fits in 4 MB.
fn survey() -> Simulation {
    Simulation::new(600).seed(1).quality(86)
}

/// Creates the sample again, as a ZIP archive whose bytes depend only on the simulator; returns the number of
/// its galaxies.
///
/// # Errors
/// [`Error::Io`] when it cannot be written, [`Error::Interrupted`] when stopped; an existing file is then
/// unchanged.
pub fn write_sample(zip_path: &Path) -> Result<usize> {
    let survey = survey();
    let bytes = pack(&survey)?;
    let part = zip_path.with_extension("zip.part");
    fs::write(&part, bytes).map_err(Error::io("write", &part))?;
    fs::rename(&part, zip_path).map_err(Error::io("write", zip_path))?;
    Ok(survey.galaxies)
}

/// Packs a survey as a ZIP archive: uncompressed, as JPEGs do not shrink, and with a fixed date.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;
    use zip::ZipArchive;
    use zoobot_data::datasets::sample_folder;

    #[test]
    fn the_sample_has_600_galaxies_of_eight_kinds_whose_pictures_decode() {
        let folder = sample_folder().unwrap();
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
}
