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
    /// pictures or a catalog.csv, or sample (600 simulated galaxies, included)
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

/// Reads a catalogue by its path, or the included catalogue by its name.
pub fn read(path: &Path) -> Result<Catalog> {
    Catalog::read(file(path)?)
}

/// The file or folder that a catalogue is read from. An existing file or folder called sample takes
/// precedence over the included sample.
pub fn file(path: &Path) -> Result<PathBuf> {
    let name = path.to_str().filter(|_| !path.exists());
    if let Some(Ok(data_set)) = name.map(DataSet::named)
        && let Some(folder) = data_set.folder()?
    {
        return Ok(folder.join(CATALOG));
    }
    // `zoobot simulate` writes such a folder.
    let inside = path.join(CATALOG);
    Ok(if inside.is_file() { inside } else { path.to_path_buf() })
}
