//! Accuracy where volunteers agree.

use super::calibration::asked;
use super::posterior::Posterior;
use zoobot_base::error::{Error, Result};
use zoobot_data::schema::Votes;

/// The number of galaxies on which volunteers agree, and for how many of them the network is right.
///
/// ```
/// use zoobot_core::predict::Confident;
/// assert_eq!(Confident { galaxies: 200, correct: 190 }.accuracy(), 0.95);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confident {
    /// The number of galaxies with an answer whose vote fraction is above the threshold.
    pub galaxies: usize,
    /// The number of these galaxies for which that answer has the largest expected fraction.
    pub correct: usize,
}

impl Confident {
    /// The fraction of galaxies that are correct; NaN without galaxies.
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.galaxies as f64
    }
}

/// The accuracy for a question where volunteers agree: for galaxies with at least `min_votes` votes, of which
/// one answer has more than the fraction `share` (such as 0.8).
///
/// # Errors
/// [`Error::Missing`] for another question; [`Error::Shape`] when the votes are for other galaxies;
/// [`Error::Unsuitable`] for another schema; [`Error::Parameter`] unless `share` is at least 0.5 and below 1;
/// [`Error::Empty`] when no galaxy has `min_votes` votes.
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
