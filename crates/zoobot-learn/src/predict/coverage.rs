//! How often vote fractions are in the range that the posterior predicts.

use super::calibration::{Asked, asked};
use super::posterior::Posterior;
use rayon::prelude::*;
use zoobot_base::error::{Error, Result};
use zoobot_base::special::beta::{Beta, quantile};
use zoobot_data::schema::Votes;

/// The coverage of the vote fractions for a question.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coverage {
    /// The number of galaxies.
    pub galaxies: usize,
    /// The probability that a vote fraction is within the deviation of the expected fraction, by the
    /// posterior and the number of votes.
    pub expected_within: f64,
    /// How often vote fractions are within the deviation.
    pub observed_within: f64,
    /// The fraction of vote counts inside the central 90 % interval that the posterior predicts for this
    /// number of votes: 0.9 for a calibrated posterior. Counts are integers, so a count at the edge of the
    /// interval counts in part (the probability integral transform of Czado et al. 2009, Biometrics 65,
    /// 1254).
    pub votes_inside: f64,
    /// How often a vote fraction is inside the 90 % interval of the fraction itself: below 0.9 even for a
    /// perfect posterior, since vote fractions from few votes are noisy.
    pub shares_inside: f64,
}

impl Coverage {
    /// The coverage error: the absolute difference between the observed and the expected coverage within the
    /// deviation (Walmsley et al. 2020, MNRAS 491, 1554, section 3.4).
    pub fn error(&self) -> f64 {
        (self.observed_within - self.expected_within).abs()
    }
}

/// The coverage of a question's vote fractions, over all its answers and the galaxies with at least
/// `min_votes` votes for it. `deviation` is a difference of vote fractions, such as 0.2.
///
/// # Errors
/// [`Error::Missing`] for another question; [`Error::Shape`] when the votes are for other galaxies;
/// [`Error::Unsuitable`] for another schema; [`Error::Parameter`] unless `deviation` is between 0 and 1;
/// [`Error::Empty`] when no galaxy has `min_votes` votes.
pub fn coverage(
    posterior: &Posterior,
    votes: &Votes,
    question: &str,
    deviation: f64,
    min_votes: u32,
) -> Result<Coverage> {
    if !(0.0..=1.0).contains(&deviation) {
        return Err(Error::parameter("deviation", deviation, "between 0 and 1"));
    }
    let galaxies = asked(posterior, votes, question, min_votes)?;
    let answers = galaxies.first().map_or(0, |it| it.votes.len());
    let sums = galaxies
        .par_iter()
        .map(|galaxy| (0..answers).map(|k| answer(galaxy, k, deviation)).fold([0.0; 4], add))
        .reduce(|| [0.0; 4], add);
    let count = (galaxies.len() * answers) as f64;
    let [expected_within, observed_within, votes_inside, shares_inside] =
        sums.map(|sum| sum / count);
    Ok(Coverage {
        galaxies: galaxies.len(),
        expected_within,
        observed_within,
        votes_inside,
        shares_inside,
    })
}

fn add(a: [f64; 4], b: [f64; 4]) -> [f64; 4] {
    std::array::from_fn(|i| a[i] + b[i])
}

/// The four coverage measures for one answer of one galaxy.
fn answer(galaxy: &Asked, k: usize, deviation: f64) -> [f64; 4] {
    let (count, total) = (galaxy.votes[k], galaxy.total);
    let members = members(galaxy, k);
    let share = count / total;
    let expected = members.iter().map(|(a, b)| a / (a + b)).sum::<f64>() / members.len() as f64;
    // The tolerance keeps a fraction exactly at the deviation inside, despite rounding.
    let within = |share: f64| (share - expected).abs() <= deviation + 1e-12;
    let chances = vote_chances(&members, total as usize);
    let counts = chances.iter().enumerate().filter(|(n, _)| within(*n as f64 / total));
    let expected_within: f64 = counts.map(|(_, chance)| chance).sum();
    let inside = CountRank::of(&chances, count).inside(0.9);
    let betas: Vec<Beta> = members.iter().map(|(a, b)| Beta::new(*a, *b)).collect();
    let covered = (quantile(&betas, 0.05)..=quantile(&betas, 0.95)).contains(&share);
    [expected_within, f64::from(within(share)), inside, f64::from(covered)]
}

/// For each member, the concentration of an answer and the sum of the others of its question.
fn members(galaxy: &Asked, k: usize) -> Vec<(f64, f64)> {
    galaxy.alphas.iter().map(|it| (it[k], it.iter().sum::<f64>() - it[k])).collect()
}

/// The place of a vote count in the distribution that a posterior predicts for this number of votes.
#[derive(Debug, Clone, Copy)]
pub(super) struct CountRank {
    /// The probability of fewer votes.
    before: f64,
    /// The probability of exactly this number of votes.
    here: f64,
}

impl CountRank {
    /// The place of a galaxy's votes for an answer.
    pub fn of_answer(galaxy: &Asked, k: usize) -> Self {
        let chances = vote_chances(&members(galaxy, k), galaxy.total as usize);
        Self::of(&chances, galaxy.votes[k])
    }

    fn of(chances: &[f64], count: f64) -> Self {
        let count = count as usize;
        let before = chances.iter().take(count).sum();
        Self { before, here: chances.get(count).copied().unwrap_or(0.0) }
    }

    /// The part of the count that is inside the central interval of probability `level`, 0 to 1. A count at
    /// the edge of the interval is inside in part, so that the mean is `level` for a calibrated posterior.
    pub fn inside(self, level: f64) -> f64 {
        let (low, high) = (0.5 - level / 2.0, 0.5 + level / 2.0);
        let Self { before, here } = self;
        if here > 0.0 {
            ((before + here).min(high) - before.max(low)).max(0.0) / here
        } else {
            f64::from((low..=high).contains(&before))
        }
    }

    /// The randomised probability integral transform (Czado et al. 2009, Biometrics 65, 1254): uniform
    /// between 0 and 1 for a calibrated posterior, if `random` is.
    pub fn transform(self, random: f64) -> f64 {
        (self.before + random * self.here).clamp(0.0, 1.0)
    }
}

/// The probabilities of 0, 1, ..., `total` votes under an equal mixture of beta-binomials.
fn vote_chances(members: &[(f64, f64)], total: usize) -> Vec<f64> {
    let mut chances = vec![0.0; total + 1];
    let all = total as f64;
    for &(a, b) in members {
        let mut ln = crate::train::ln_probability(&[a, b], &[0.0, all]);
        for (n, chance) in chances.iter_mut().enumerate() {
            *chance += ln.exp() / members.len() as f64;
            let n = n as f64;
            // For one more vote: the ratio of adjacent beta-binomial probabilities.
            ln += ((all - n) / (n + 1.0) * (a + n) / (b + all - n - 1.0)).ln();
        }
    }
    chances
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances_of_votes_sum_to_one_and_match_the_distribution_itself() {
        let members = [(3.0, 9.0), (101.0, 1.0), (1.0, 1.0)];
        for total in [1, 5, 60, 3000] {
            let chances = vote_chances(&members, total);
            assert!((chances.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{total}");
            let n = total / 3;
            let direct = members.iter().map(|(a, b)| {
                crate::train::ln_probability(&[*a, *b], &[n as f64, (total - n) as f64]).exp() / 3.0
            });
            assert!((direct.sum::<f64>() / chances[n] - 1.0).abs() < 1e-8, "{total}");
        }
    }

    #[test]
    fn a_count_is_inside_an_interval_in_proportion_to_its_overlap() {
        // Of 0, 1 and 2 votes, each is equally likely.
        let chances = vote_chances(&[(1.0, 1.0)], 2);
        let inside = |count: f64, level| CountRank::of(&chances, count).inside(level);
        assert!((inside(1.0, 0.9) - 1.0).abs() < 1e-12);
        // The central half is from 1/4 to 3/4; no votes are from 0 to 1/3.
        assert!((inside(0.0, 0.5) - 0.25).abs() < 1e-12);
        assert!((inside(2.0, 0.5) - 0.25).abs() < 1e-12);
        for level in [0.1, 0.5, 0.9] {
            let mean: f64 = (0..3).map(|n| inside(f64::from(n), level) / 3.0).sum();
            assert!((mean - level).abs() < 1e-12, "{level}");
        }
        let rank = CountRank::of(&chances, 1.0);
        assert!((rank.transform(0.5) - 0.5).abs() < 1e-12);
        assert!((rank.transform(0.0) - 1.0 / 3.0).abs() < 1e-12);
    }
}
