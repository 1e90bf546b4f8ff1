//! Accuracy where volunteers agree.

use super::calibration::asked;
use super::posterior::Posterior;
use zoobot_base::error::{Error, Result};
use zoobot_data::schema::Votes;

/// Galaxies on which volunteers agree, and how many of them the network has right.
///
/// ```
/// use zoobot_core::predict::Confident;
/// assert_eq!(Confident { galaxies: 200, correct: 190 }.accuracy(), 0.95);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confident {
    /// Galaxies with one answer above the share of the votes.
    pub galaxies: usize,
    /// Galaxies where that answer has the largest expected fraction.
    pub correct: usize,
}

impl Confident {
    /// The share that is correct; NaN where there is no galaxy.
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.galaxies as f64
    }
}

/// Accuracy for a question on galaxies on which volunteers agree: galaxies with at least
/// `min_votes` for it, where one answer has more than `share` of them (such as 0.8).
///
/// # Errors
/// [`Error::Missing`] for another question; [`Error::Shape`] when the votes are of other galaxies;
/// [`Error::Unsuitable`] for another schema; [`Error::Parameter`] unless `share` is at least 0.5 and
/// below 1; [`Error::Empty`] when no galaxy has `min_votes` votes.
pub fn confident(
    posterior: &Posterior,
    votes: &Votes,
    question: &str,
    share: f64,
    min_votes: u32,
) -> Result<Confident> {
    if !(0.5..1.0).contains(&share) {
        return Err(Error::parameter("share", share, "at least 0.5 and below 1"));
    }
    let mut found = Confident { galaxies: 0, correct: 0 };
    for galaxy in asked(posterior, votes, question, min_votes)? {
        let Some(answer) = galaxy.votes.iter().position(|it| *it > share * galaxy.total) else {
            continue;
        };
        found.galaxies += 1;
        let expected = galaxy.fractions();
        found.correct += usize::from(expected.iter().all(|it| *it <= expected[answer]));
    }
    Ok(found)
}
