//! Training galaxies: their pictures, prepared once and mapped into memory, each with the place of
//! its labels.

use std::collections::HashMap;
use std::path::Path;
use tch::{Device, Tensor};
use zoobot_base::error::{Error, Result};
use zoobot_data::catalog::Catalog;
use zoobot_data::picture::{Failures, PictureCache, Recipe};
use zoobot_data::schema::Votes;

/// Prepared pictures, and where in a table their galaxies stand.
#[doc(hidden)]
#[derive(Debug)]
pub struct Pictures {
    cache: PictureCache,
    /// Of each picture, the place of its galaxy.
    rows: Vec<usize>,
}

impl Pictures {
    /// Prepares the pictures of a catalogue in a folder, unless they lie there prepared; `ids` are the
    /// galaxies of the table, in its order. Galaxies whose pictures cannot be read are left out.
    ///
    /// # Errors
    /// As [`PictureCache::open`]; [`Error::Picture`] when no picture can be read, and
    /// [`Error::Missing`] for a galaxy that is not in the table.
    pub fn open(folder: &Path, catalog: &Catalog, ids: &[String], recipe: &Recipe) -> Result<Self> {
        let cache = PictureCache::open(folder, catalog, recipe)?;
        if let (true, Some(first)) = (cache.is_empty(), cache.failed().first()) {
            let reason = format!("no picture can be read; the first: {}", first.reason);
            return Err(Error::Picture { path: first.id_str.as_str().into(), reason });
        }
        let places: HashMap<&str, usize> =
            ids.iter().enumerate().map(|(place, id)| (id.as_str(), place)).collect();
        let row = |id: &String| {
            places.get(id.as_str()).copied().ok_or_else(|| Error::Missing {
                kind: "galaxy",
                name: id.clone(),
                place: "the table of votes".to_owned(),
                hint: "Each galaxy needs a row of votes, if only of zeros".to_owned(),
            })
        };
        let rows = cache.ids().iter().map(row).collect::<Result<_>>()?;
        Ok(Self { cache, rows })
    }

    /// Those whose pictures cannot be read, and why.
    pub fn failed(&self) -> &Failures {
        self.cache.failed()
    }

    /// Galaxies whose pictures can be read.
    pub fn len(&self) -> usize {
        self.cache.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Pictures `[n, channels, side, side]` of some galaxies, and their places in the table.
    pub fn batch(&self, galaxies: &[usize], device: Device) -> Result<(Tensor, Vec<usize>)> {
        let pictures = self.cache.batch(galaxies, device)?;
        let rows = galaxies.iter().filter_map(|it| self.rows.get(*it).copied()).collect();
        Ok((pictures, rows))
    }
}

/// Pictures with the votes on them.
#[derive(Debug)]
pub(super) struct Galaxies {
    pictures: Pictures,
    votes: Votes,
}

impl Galaxies {
    /// The galaxies of a catalogue with their votes: see [`Pictures::open`].
    ///
    /// # Errors
    /// As [`Pictures::open`].
    pub fn open(folder: &Path, catalog: &Catalog, votes: Votes, recipe: &Recipe) -> Result<Self> {
        let pictures = Pictures::open(folder, catalog, votes.ids(), recipe)?;
        Ok(Self { pictures, votes })
    }

    /// Those whose pictures cannot be read, and why.
    pub fn failed(&self) -> &Failures {
        self.pictures.failed()
    }

    pub fn len(&self) -> usize {
        self.pictures.len()
    }

    /// Pictures `[n, channels, side, side]` and votes `[n, answers]` of some galaxies.
    pub fn batch(&self, galaxies: &[usize], device: Device) -> Result<(Tensor, Tensor)> {
        let (pictures, rows) = self.pictures.batch(galaxies, device)?;
        Ok((pictures, self.votes.batch(&rows)?.f_to_device(device)?))
    }
}
