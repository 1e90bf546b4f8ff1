//! Encodes pictures with several encoders, reading and decoding each picture once.

use super::Encoder;
use super::encode::{self, Rows};
use crate::space::Space;
use zoobot_base::error::{Error, Result};
use zoobot_data::catalog::Catalog;

/// Encodes a catalogue with several encoders, reading and decoding each picture once. The result has one
/// space per encoder, in the order given, equal to that of [`Encoder::encode`].
///
/// ```no_run
/// use zoobot_core::encoder::encode_all;
/// use zoobot_core::prelude::*;
/// let galaxies = Catalog::sample()?;
/// let (a, b) = (Encoder::load("imagenet")?, Encoder::load("mine")?);
/// let spaces = encode_all(&[&a, &b], &galaxies)?;
/// assert_eq!(spaces[0].width(), a.width());
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// [`Error::Empty`] without encoders; otherwise as for [`Encoder::encode`], except that an interrupted
/// call starts again.
pub fn encode_all(encoders: &[&Encoder], catalog: &Catalog) -> Result<Vec<Space>> {
    if encoders.is_empty() {
        return Err(Error::empty("there are no encoders", "Give at least one"));
    }
    let mut rows = vec![Rows::default(); encoders.len()];
    encode::encode_all(encoders, catalog, &mut rows)?;
    encoders.iter().zip(rows).map(|(encoder, rows)| encoder.space(rows, catalog)).collect()
}
