//! The galaxies that a command works on: a catalogue, as the first argument or with --catalog.

use crate::wanted::Wanted;
use clap::Args;
use std::path::{Path, PathBuf};
use zoobot_core::Result;
use zoobot_core::catalog::Catalog;
use zoobot_core::survey::DataSet;

/// The name of the catalogue in a folder.
const CATALOG: &str = "catalog.csv";

// No doc comment: it would take the place of the command's own help.
#[derive(Debug, Clone, Args)]
pub struct Galaxies {
    /// The galaxies: a table (.csv, .parquet, ...) with the columns id_str and file_loc, a folder with
    /// pictures or a catalog.csv, sample (600 simulated galaxies, included), or real_sample (283 SDSS galaxies
    /// with votes, included)
    #[arg(value_name = "CATALOG", required_unless_present = "catalog", conflicts_with = "catalog")]
    galaxies: Option<PathBuf>,
    /// The galaxies, given as an option
    #[arg(long, value_name = "CATALOG")]
    catalog: Option<PathBuf>,
    #[command(flatten)]
    pub wanted: Wanted,
}

impl Galaxies {
    /// The path that the galaxies are read from.
    pub fn path(&self) -> &Path {
        // One of the two is required.
        self.galaxies.as_deref().or(self.catalog.as_deref()).unwrap_or(Path::new(""))
    }

    /// Reads the catalogue.
    pub fn read(&self) -> Result<Catalog> {
        self.other(self.path())
    }

    /// Reads another catalogue, and keeps only the galaxies that satisfy the condition.
    pub fn other(&self, path: &Path) -> Result<Catalog> {
        self.wanted.read(path)
    }
}

/// Reads a catalogue by its path, or an included data set by its name, with its votes.
pub fn read(path: &Path) -> Result<Catalog> {
    match included(path)? {
        Some((data_set, table)) => data_set.read(table),
        None => Catalog::read(file(path)?),
    }
}

/// The file or folder that a catalogue is read from. An existing file or folder called sample takes
/// precedence over the included sample.
pub fn file(path: &Path) -> Result<PathBuf> {
    if let Some((_, table)) = included(path)? {
        return Ok(table);
    }
    // `zoobot simulate` writes such a folder.
    let inside = path.join(CATALOG);
    Ok(if inside.is_file() { inside } else { path.to_path_buf() })
}

/// The included data set of this name and its table, unless a file or folder has the name.
fn included(path: &Path) -> Result<Option<(DataSet, PathBuf)>> {
    let name = path.to_str().filter(|_| !path.exists());
    let Some(Ok(data_set)) = name.map(DataSet::named) else { return Ok(None) };
    Ok(data_set.folder()?.map(|folder| (data_set, folder.join(CATALOG))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use zoobot_core::schema::{Schema, Votes};

    #[test]
    fn an_included_data_set_is_read_by_its_name_with_its_votes() {
        let real = read(Path::new("real_sample")).unwrap();
        let votes = Votes::of(&real, &Schema::named("gz2").unwrap()).unwrap();
        assert_eq!(votes.len(), 283);
        assert_eq!(read(Path::new("sample")).unwrap().len(), 600);
        // A data set that is not included is a path like any other.
        assert_eq!(file(Path::new("gz2")).unwrap(), Path::new("gz2"));
        assert!(read(Path::new("gz2")).is_err());
    }
}
