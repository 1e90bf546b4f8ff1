//! Which rows of a catalogue lie at the same place of the sky: the same object, pictured twice.

use zoobot_base::error::{Error, Result};
use zoobot_data::catalog::{Catalog, Positions};

/// Rows nearer than this are one object (Walmsley et al. 2022, section 4.1), in arcseconds.
pub const SAME_OBJECT: f64 = 100.0;

/// The directions of a catalogue's rows, from its columns of positions.
#[derive(Debug)]
pub struct Sky {
    positions: Positions,
    /// Unit vectors; NaN where a coordinate is missing, which is near nothing.
    directions: Vec<[f64; 3]>,
}

impl Sky {
    /// The sky of a catalogue, or `None` when it has no positions.
    pub fn of(catalog: &Catalog) -> Result<Option<Self>> {
        let Some(positions) = Positions::of(catalog)? else { return Ok(None) };
        let direction = |position: &Option<[f64; 2]>| {
            let [ra, dec] = position.unwrap_or([f64::NAN; 2]);
            let ((sin_ra, cos_ra), (sin_dec, cos_dec)) =
                (ra.to_radians().sin_cos(), dec.to_radians().sin_cos());
            [cos_dec * cos_ra, cos_dec * sin_ra, sin_dec]
        };
        let directions = positions.values().iter().map(direction).collect();
        Ok(Some(Self { positions, directions }))
    }

    /// Fails where one of some rows has a position that cannot be.
    pub fn check(&self, wanted: impl Fn(usize) -> bool) -> Result<()> {
        self.positions.check(wanted)
    }

    /// Whether the position of a row is known.
    pub fn knows(&self, row: usize) -> bool {
        self.positions.values()[row].is_some()
    }

    /// Whether each row lies within `arcsec` of `row`.
    pub fn near(&self, row: usize, arcsec: f64) -> Result<impl Iterator<Item = bool> + '_> {
        if !(0.0..=648_000.0).contains(&arcsec) {
            return Err(Error::parameter("apart", arcsec, "between 0 and 648000 arcseconds"));
        }
        // The chord keeps its digits where the cosine of a small angle has none left.
        let chord = 2.0 * (arcsec / 7200.0).to_radians().sin();
        let here = self.directions[row];
        Ok(self.directions.iter().map(move |there| {
            let square: f64 = here.iter().zip(there).map(|(a, b)| (a - b).powi(2)).sum();
            square.sqrt() <= chord
        }))
    }
}
