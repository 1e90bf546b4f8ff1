//! One galaxy's expected fractions for a question beside its votes.

use super::super::calibration::Asked;
use super::super::coverage::CountRank;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use zoobot_base::special::ln_factorial;

/// The vote fraction above which volunteers agree.
const AGREED: f64 = 0.8;

/// What one galaxy says about a posterior, for a question.
#[derive(Debug)]
pub(super) struct Judged {
    /// The row in the posterior.
    pub row: usize,
    /// The expected fraction of each answer.
    pub expected: Vec<f64>,
    /// The vote fraction of each answer.
    pub found: Vec<f64>,
    /// The mean absolute deviation of the expected fractions over the answers.
    pub deviation: f64,
    /// The mean absolute deviation that the number of votes alone would cause.
    pub floor: f64,
    /// Whether the answer with the largest expected fraction has the most votes.
    pub is_right: bool,
    /// Whether one answer has more than 80 % of the votes.
    pub is_agreed: bool,
    /// The part of the vote counts inside the central 50 % and 90 % intervals, averaged over the answers.
    pub inside: [f64; 2],
    /// The randomised probability integral transform of each answer but the last, whose votes follow from the
    /// others'.
    pub ranks: Vec<f64>,
    /// The squared error of the expected fractions, summed over the answers, without the part that the
    /// scatter of the votes adds: Σ (m - f)² - f (1 - f) / (n - 1).
    pub error: f64,
    /// The variance of the answer of one volunteer, summed over the answers: Σ f (1 - f) n / (n - 1).
    pub variance: f64,
}

impl Judged {
    /// Judges a galaxy with at least one vote for the question.
    pub fn new(row: usize, galaxy: &Asked, seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let (expected, total) = (galaxy.fractions(), galaxy.total);
        let found: Vec<f64> = galaxy.votes.iter().map(|votes| votes / total).collect();
        let answers = found.len() as f64;
        let pairs = || expected.iter().zip(&found);
        let each = galaxy.votes.iter().map(|votes| expected_deviation(*votes, total));
        let ranks: Vec<CountRank> =
            (0..found.len()).map(|k| CountRank::of_answer(galaxy, k)).collect();
        let inside = |level| ranks.iter().map(|rank| rank.inside(level)).sum::<f64>() / answers;
        let most = found.iter().copied().fold(0.0, f64::max);
        let squared: f64 = pairs().map(|(m, f)| (m - f).powi(2)).sum();
        let scatter: f64 = found.iter().map(|f| f * (1.0 - f)).sum();
        // One vote says nothing about the scatter of votes.
        let (error, variance) = match total > 1.0 {
            true => (squared - scatter / (total - 1.0), scatter * total / (total - 1.0)),
            false => (0.0, 0.0),
        };
        let all_but_last = ranks.iter().take(ranks.len() - 1);
        Self {
            row,
            deviation: pairs().map(|(m, f)| (m - f).abs()).sum::<f64>() / answers,
            floor: each.sum::<f64>() / answers,
            is_right: top(&expected).is_some_and(|place| found[place] == most),
            is_agreed: most > AGREED,
            inside: [inside(0.5), inside(0.9)],
            ranks: all_but_last.map(|rank| rank.transform(random.random())).collect(),
            error,
            variance,
            expected,
            found,
        }
    }
}

/// The place of the largest value, the first of equal ones.
fn top(values: &[f64]) -> Option<usize> {
    let largest = values.iter().copied().fold(f64::MIN, f64::max);
    values.iter().position(|value| *value == largest)
}

/// The mean absolute deviation of the fraction of `total` votes from its expectation, if each vote is for the
/// answer with the probability `count` / `total`.
///
/// De Moivre's formula for the binomial distribution (Diaconis & Zabell 1991, Statistical Science 6, 284,
/// equation 1.1) at a whole expectation: 2 f (1 - f) P(exactly `count` votes), with f = `count` / `total`.
fn expected_deviation(count: f64, total: f64) -> f64 {
    let rest = total - count;
    if count <= 0.0 || rest <= 0.0 {
        return 0.0;
    }
    let (fraction, ways) =
        (count / total, ln_factorial(total) - ln_factorial(count) - ln_factorial(rest));
    let exactly = (ways + count * fraction.ln() + rest * (-fraction).ln_1p()).exp();
    2.0 * fraction * (1.0 - fraction) * exactly
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deviation_of_votes_is_the_sum_over_all_counts() {
        for total in [1_u32, 2, 3, 17, 40, 95] {
            for count in 0..=total {
                let (p, n) = (f64::from(count) / f64::from(total), f64::from(total));
                let mut chance = (1.0 - p).powi(total as i32);
                let mut sum = 0.0;
                for k in 0..=total {
                    let k = f64::from(k);
                    sum += chance * (k / n - p).abs();
                    chance *= (n - k) / (k + 1.0) * p / (1.0 - p);
                }
                // All votes for one answer: the recursion divides by zero.
                let sum = if count == total { 0.0 } else { sum };
                let found = expected_deviation(f64::from(count), n);
                assert!((found - sum).abs() < 1e-12, "{count} of {total}: {found}, not {sum}");
            }
        }
    }

    #[test]
    fn three_of_four_votes_are_judged_as_by_hand() {
        let galaxy = Asked { votes: vec![3.0, 1.0], total: 4.0, alphas: vec![vec![1.0, 1.0]] };
        let judged = Judged::new(5, &galaxy, 1);
        // m = 0.5, f = 0.75.
        assert_eq!((judged.row, judged.deviation), (5, 0.25));
        // Σ (m - f)² = 0.125; Σ f (1 - f) = 0.375.
        assert!((judged.error - (0.125 - 0.375 / 3.0)).abs() < 1e-12);
        assert!((judged.variance - 0.375 * 4.0 / 3.0).abs() < 1e-12);
        // 4 · 0.75³ · 0.25 = 0.421875; twice that times 0.1875.
        assert!((judged.floor - 0.421_875 * 0.375).abs() < 1e-12);
        // 0 to 4 votes are equally likely: three are from 0.6 to 0.8, one is from 0.2 to 0.4.
        assert!((judged.inside[0] - 0.75).abs() < 1e-12);
        assert!((judged.inside[1] - 1.0).abs() < 1e-12);
        assert!(judged.ranks.len() == 1 && (0.6..0.8).contains(&judged.ranks[0]));
        assert!(judged.is_right && !judged.is_agreed);
    }
}
