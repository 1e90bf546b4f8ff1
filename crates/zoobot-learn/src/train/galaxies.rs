//! Training galaxies: pictures that are prepared once and mapped into memory, each with the row of its
//! labels.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use tch::{Device, Tensor};
use zoobot_base::error::{Error, Result};
use zoobot_data::catalog::Catalog;
use zoobot_data::picture::{Failures, PictureCache, Recipe};

/// Where a run keeps prepared pictures and checkpoints: in its folder, or else pictures in a temporary folder
/// and no checkpoints.
#[derive(Debug)]
pub struct Place {
    pub pictures: PathBuf,
    pub checkpoints: Option<PathBuf>,
    _temporary: Option<tempfile::TempDir>,
}

impl Place {
    /// # Errors
    /// [`Error::Io`] when no temporary folder can be created.
    pub fn new(folder: Option<&Path>) -> Result<Self> {
        if let Some(folder) = folder {
            let (pictures, checkpoints) = (folder.join("pictures"), folder.join("checkpoints"));
            return Ok(Self { pictures, checkpoints: Some(checkpoints), _temporary: None });
        }
        let temporary = tempfile::tempdir().map_err(Error::io("create", "a folder"))?;
        let pictures = temporary.path().to_path_buf();
        Ok(Self { pictures, checkpoints: None, _temporary: Some(temporary) })
    }
}

/// The prepared pictures of a catalogue, with the truth for its galaxies.
#[derive(Debug)]
pub struct Pictured<T> {
    cache: PictureCache,
    /// For each picture, the row of its galaxy in the catalogue.
    rows: Vec<usize>,
    /// The truth for the catalogue's galaxies.
    pub truth: T,
}

impl<T> Pictured<T> {
    /// Prepares the pictures of a catalogue in a folder, unless they are already there. `truth` must be in
    /// catalogue order. Galaxies whose pictures cannot be read are left out.
    ///
    /// # Errors
    /// As for [`PictureCache::open`]; [`Error::Picture`] when no picture can be read.
    pub fn open(folder: &Path, catalog: &Catalog, truth: T, recipe: &Recipe) -> Result<Self> {
        let cache = PictureCache::open(folder, catalog, recipe)?;
        if let (true, Some(first)) = (cache.is_empty(), cache.failed().first()) {
            let reason = format!("no picture can be read; the first: {}", first.reason);
            return Err(Error::Picture { path: first.id_str.as_str().into(), reason });
        }
        let ids = catalog.ids();
        let places: HashMap<&str, usize> =
            ids.iter().enumerate().map(|(place, id)| (id.as_str(), place)).collect();
        let row = |id: &String| {
            let place = places.get(id.as_str()).copied();
            place.ok_or_else(|| Error::Internal(format!("a picture of {id:?}, which is unknown")))
        };
        let rows = cache.ids().iter().map(row).collect::<Result<_>>()?;
        Ok(Self { cache, rows, truth })
    }

    /// The galaxies whose pictures cannot be read, each with the reason.
    pub fn failed(&self) -> &Failures {
        self.cache.failed()
    }

    /// The number of galaxies whose pictures can be read.
    pub fn len(&self) -> usize {
        self.cache.len()
    }

    /// The pictures `[n, channels, side, side]` of some galaxies, and their rows in the catalogue.
    pub fn batch(&self, galaxies: &[usize], device: Device) -> Result<(Tensor, Vec<usize>)> {
        let pictures = self.cache.batch(galaxies, device)?;
        let rows = galaxies.iter().filter_map(|it| self.rows.get(*it).copied()).collect();
        Ok((pictures, rows))
    }
}
