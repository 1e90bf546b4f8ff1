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
    let others: Vec<(f64, f64)> =
        galaxy.alphas.iter().map(|it| (it[k], it.iter().sum::<f64>() - it[k])).collect();
    let share = count / total;
    let expected = others.iter().map(|(a, b)| a / (a + b)).sum::<f64>() / others.len() as f64;
    // The tolerance keeps a fraction exactly at the deviation inside, despite rounding.
    let within = |share: f64| (share - expected).abs() <= deviation + 1e-12;
    let (mut expected_within, mut before, mut here) = (0.0, 0.0, 0.0);
    for (n, chance) in vote_chances(&others, total as usize).into_iter().enumerate() {
        let n = n as f64;
        if within(n / total) {
            expected_within += chance;
        }
        if n < count {
            before += chance;
        } else if n == count {
            here = chance;
        }
    }
    let inside = if here > 0.0 {
        ((before + here).min(0.95) - before.max(0.05)).max(0.0) / here
    } else {
        f64::from((0.05..=0.95).contains(&before))
    };
    let betas: Vec<Beta> = others.iter().map(|(a, b)| Beta::new(*a, *b)).collect();
    let covered = (quantile(&betas, 0.05)..=quantile(&betas, 0.95)).contains(&share);
    [expected_within, f64::from(within(share)), inside, f64::from(covered)]
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
}
