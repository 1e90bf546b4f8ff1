//! Data sets: the simulated and the real sample that are part of the library, and real galaxies classified by
//! people, from files that the user provides.
//!
//! [`efigi`], [`galaxy_challenge`], [`gz1`] and [`gz2`] read a catalogue and add the vote columns of a schema,
//! ready for [`Votes::of`](crate::schema::Votes::of). [`keep_out`] splits a catalogue into the galaxies that an
//! encoder may learn from and the galaxies for testing; the split never changes.

mod data_set;
pub mod efigi;
pub mod galaxy_challenge;
pub mod gz1;
pub mod gz2;
mod real_sample;
mod sample;
mod sample_field;

pub use data_set::DataSet;
pub use real_sample::real_sample_folder;
pub use sample::sample_folder;
pub use sample_field::sample_field_folder;

/// All known data sets, one per line.
static DATA_SETS: [DataSet; 6] = [
    sample::DATA_SET,
    real_sample::DATA_SET,
    efigi::DATA_SET,
    galaxy_challenge::DATA_SET,
    gz1::DATA_SET,
    gz2::DATA_SET,
];

use crate::catalog::{Catalog, Label};
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

#[cfg(test)]
mod tests;
