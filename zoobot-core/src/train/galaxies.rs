//! Galaxies to learn from: their pictures, prepared once and mapped into memory, and their votes.

use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::picture::{PictureCache, Recipe};
use crate::schema::Votes;
use std::collections::HashMap;
use std::path::Path;
use tch::{Device, Tensor};

/// Pictures with the votes on them.
#[derive(Debug)]
pub(super) struct Galaxies {
    pictures: PictureCache,
    votes: Votes,
    /// Of each picture, the place of its votes.
    rows: Vec<usize>,
}

impl Galaxies {
    /// Prepares the pictures of a catalogue in a folder, unless they lie there prepared. Galaxies
    /// whose pictures cannot be read are left out.
    ///
    /// # Errors
    /// As [`PictureCache::open`]; [`Error::Picture`] when no picture can be read, and
    /// [`Error::Missing`] for a galaxy without a row of votes.
    pub fn open(folder: &Path, catalog: &Catalog, votes: Votes, recipe: &Recipe) -> Result<Self> {
        let pictures = PictureCache::open(folder, catalog, recipe)?;
        if let (true, Some((id, reason))) = (pictures.is_empty(), pictures.failed().first()) {
            let reason = format!("no picture can be read; the first: {reason}");
            return Err(Error::Picture { path: id.into(), reason });
        }
        let places: HashMap<&str, usize> =
            votes.ids().iter().enumerate().map(|(place, id)| (id.as_str(), place)).collect();
        let row = |id: &String| {
            places.get(id.as_str()).copied().ok_or_else(|| Error::Missing {
                kind: "galaxy",
                name: id.clone(),
                place: "the table of votes".to_owned(),
                hint: "Each galaxy needs a row of votes, if only of zeros".to_owned(),
            })
        };
        let rows = pictures.ids().iter().map(row).collect::<Result<_>>()?;
        Ok(Self { pictures, votes, rows })
    }

    /// Those whose pictures cannot be read, and why.
    pub fn failed(&self) -> &[(String, String)] {
        self.pictures.failed()
    }

    pub fn len(&self) -> usize {
        self.pictures.len()
    }

    /// Pictures `[n, channels, side, side]` and votes `[n, answers]` of some galaxies.
    pub fn batch(&self, galaxies: &[usize], device: Device) -> Result<(Tensor, Tensor)> {
        let pictures = self.pictures.batch(galaxies, device)?;
        let rows: Vec<usize> =
            galaxies.iter().filter_map(|it| self.rows.get(*it).copied()).collect();
        Ok((pictures, self.votes.batch(&rows)?.f_to_device(device)?))
    }
}
