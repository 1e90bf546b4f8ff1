//! Which rows of a catalogue lie at the same place of the sky: the same object, pictured twice.

use crate::catalog::Catalog;
use crate::error::{Error, Result};
use polars::prelude::DataType;

/// Rows nearer than this are one object (Walmsley et al. 2022, section 4.1), in arcseconds.
pub const SAME_OBJECT: f64 = 100.0;

/// The directions of a catalogue's rows, from its columns `ra` and `dec` in degrees.
#[derive(Debug)]
pub struct Sky {
    /// Unit vectors; NaN where a coordinate is missing, which is near nothing.
    directions: Vec<[f64; 3]>,
}

impl Sky {
    /// The sky of a catalogue, or `None` when it has no `ra` and `dec`.
    pub fn of(catalog: &Catalog) -> Result<Option<Self>> {
        let table = catalog.table();
        let (Ok(ra), Ok(dec)) = (table.column("ra"), table.column("dec")) else {
            return Ok(None);
        };
        let (ra, dec) = (ra.cast(&DataType::Float64)?, dec.cast(&DataType::Float64)?);
        let direction = |(ra, dec): (Option<f64>, Option<f64>)| {
            let nowhere = f64::NAN;
            let (ra, dec) = (ra.unwrap_or(nowhere), dec.unwrap_or(nowhere));
            let ((sin_ra, cos_ra), (sin_dec, cos_dec)) =
                (ra.to_radians().sin_cos(), dec.to_radians().sin_cos());
            [cos_dec * cos_ra, cos_dec * sin_ra, sin_dec]
        };
        let directions = ra.f64()?.iter().zip(dec.f64()?.iter()).map(direction).collect();
        Ok(Some(Self { directions }))
    }

    /// Whether each row lies within `arcsec` of `row`.
    pub fn near(&self, row: usize, arcsec: f64) -> Result<impl Iterator<Item = bool> + '_> {
        if !(0.0..=648_000.0).contains(&arcsec) {
            return Err(Error::invalid("apart", arcsec, "0 to 648000 arcseconds"));
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
