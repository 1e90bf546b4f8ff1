//! Data sets: the simulated sample that is part of the library, and real galaxies classified by people, from
//! files that the user provides.
//!
//! [`efigi`] and [`gz2`] read a catalogue and add the vote columns of a schema, ready for
//! [`Votes::of`](crate::schema::Votes::of). [`keep_out`] splits a catalogue into the galaxies that an encoder
//! may learn from and the galaxies for testing; the split never changes.

mod data_set;
pub mod efigi;
pub mod gz2;
mod sample;

pub use data_set::DataSet;
pub use sample::sample_folder;

/// All known data sets, one per line.
static DATA_SETS: [DataSet; 3] = [sample::DATA_SET, efigi::DATA_SET, gz2::DATA_SET];

use crate::catalog::{Catalog, ID, Label};
use polars::prelude::{IntoColumn, NamedFrom, Series};
use sha2::{Digest, Sha256};
use zoobot_base::error::{Error, Result};

/// Whether a galaxy is among the one in `one_in` that are kept out of training.
///
/// The result depends only on the name: a galaxy is kept out if the first eight bytes of its SHA-256, as a
/// big-endian number, are a multiple of `one_in`. (No galaxy is kept out if `one_in` is 0.)
///
/// ```
/// use zoobot_core::survey::is_kept_out;
/// // In Python: int(hashlib.sha256(b"PGC0000212").hexdigest()[:16], 16) % 5 == 0
/// assert!(!is_kept_out("PGC0000212", 5) && is_kept_out("PGC0000218", 5));
/// ```
pub fn is_kept_out(id: &str, one_in: u64) -> bool {
    let first = Sha256::digest(id)[..8].iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte));
    one_in != 0 && first % one_in == 0
}

/// Splits a catalogue into the galaxies for training and the galaxies kept out of it: see [`is_kept_out`].
///
/// # Errors
/// [`Error::Parameter`] for 0 and 1, which leave nothing for training.
pub fn keep_out(catalog: &Catalog, one_in: u64) -> Result<(Catalog, Catalog)> {
    if one_in < 2 {
        return Err(Error::parameter("one_in", one_in, "at least 2"));
    }
    let (out, training): (Vec<&String>, Vec<&String>) =
        catalog.ids().iter().partition(|id| is_kept_out(id, one_in));
    Ok((catalog.select(&training)?, catalog.select(&out)?))
}

/// A column as numbers; NaN where a cell is empty.
fn numbers(catalog: &Catalog, name: &str) -> Result<Vec<f64>> {
    let numbers = Label::of(catalog, name)?.numbers()?;
    Ok(numbers.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect())
}

/// The catalogue with vote columns added.
fn with_votes(catalog: &Catalog, votes: Vec<(String, Vec<u32>)>) -> Result<Catalog> {
    let mut table = catalog.table().clone();
    for (name, counts) in votes {
        table.with_column(Series::new(name.into(), counts).into_column())?;
    }
    Catalog::from_table(table, catalog.folder())
}

/// The error for an impossible value, naming the galaxy.
fn wrong(catalog: &Catalog, row: usize, problem: &str, hint: &str) -> Error {
    let id = catalog.labels(ID).ok().and_then(|ids| ids.get(row).cloned()).unwrap_or_default();
    Error::Catalog {
        path: catalog.source().to_path_buf(),
        problem: format!("{problem} for {id:?}"),
        hint: hint.to_owned(),
    }
}

#[cfg(test)]
mod tests;
