//! The vote fractions of the Galaxy Challenge at Kaggle (2013): SDSS galaxies of Galaxy Zoo 2 (Willett et al.
//! 2013, MNRAS 435, 2835), as votes of the schema `gz2`.

use super::{DataSet, gz2};
use crate::catalog::Catalog;
use crate::schema::VoteFractions;
use std::path::Path;
use zoobot_base::error::Result;

pub(super) const DATA_SET: DataSet = DataSet {
    name: "galaxy_challenge",
    about: "vote fractions of about 42 Galaxy Zoo 2 volunteers for each SDSS galaxy",
    citation: "Willett et al. 2013, MNRAS 435, 2835",
    terms: "data of a competition (Kaggle, Galaxy Zoo - The Galaxy Challenge): for training and testing, \
            not for copies",
    read: |table| read(table),
    folder: None,
    schema: Some(gz2::schema),
    labels: &[],
    tags: None,
    kept_out: Some(KEPT_OUT),
};

/// One galaxy in this number is kept out of training, to compare predictions with volunteers: see
/// [`super::keep_out`].
pub const KEPT_OUT: u64 = 3;

/// The usual number of volunteers of a galaxy: 40 to 45.
pub const VOLUNTEERS: u32 = 42;

/// Reads a catalogue with the columns of the competition (`Class1.1` to `Class11.6`) and adds the vote columns
/// of [`gz2::schema`], as the counts of [`VOLUNTEERS`] volunteers.
///
/// # Errors
/// As [`VoteFractions::counts`].
pub fn read(path: impl AsRef<Path>) -> Result<Catalog> {
    VoteFractions::kaggle(VOLUNTEERS).counts(&Catalog::read(path)?, &gz2::schema()?)
}
