//! Finds the rows of a catalogue at the same position in the sky: the same object, pictured twice.

use zoobot_base::error::{Error, Result};
use zoobot_data::catalog::{Catalog, Positions};

/// Rows within this distance count as one object (Walmsley et al. 2022, section 4.1), in arcseconds.
pub const SAME_OBJECT: f64 = 100.0;

/// The directions of a catalogue's rows, from its position columns.
#[derive(Debug)]
pub struct Sky {
    positions: Positions,
    /// Unit vectors. They are NaN if a coordinate is missing, so that such a row is near nothing.
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

    /// Fails if any of the wanted rows has an impossible position.
    pub fn check(&self, wanted: impl Fn(usize) -> bool) -> Result<()> {
        self.positions.check(wanted)
    }

    /// Whether the position of a row is known.
    pub fn knows(&self, row: usize) -> bool {
        self.positions.values()[row].is_some()
    }

    /// Whether each row is within `arcsec` of `row`.
    pub fn near(&self, row: usize, arcsec: f64) -> Result<impl Iterator<Item = bool> + '_> {
        if !(0.0..=648_000.0).contains(&arcsec) {
            return Err(Error::parameter("apart", arcsec, "between 0 and 648000 arcseconds"));
        }
        // The chord stays precise for small angles, where the cosine does not.
        let chord = 2.0 * (arcsec / 7200.0).to_radians().sin();
        let here = self.directions[row];
        Ok(self.directions.iter().map(move |there| {
            let square: f64 = here.iter().zip(there).map(|(a, b)| (a - b).powi(2)).sum();
            square.sqrt() <= chord
        }))
    }
}
