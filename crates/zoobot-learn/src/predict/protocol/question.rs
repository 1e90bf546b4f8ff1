//! The comparison of a posterior with volunteers, for one question.

use super::judged::Judged;
use zoobot_data::schema::Question;
use zoobot_representation::metrics::{Estimate, bootstrap, pearson};

/// The number of bins of the probability integral transform.
const BINS: usize = 10;

/// How a posterior compares with many volunteers, for one question. Every [`Estimate`] has the 95 % interval
/// of 1,000 bootstrap samples of the galaxies.
#[derive(Debug, Clone)]
pub struct QuestionComparison {
    /// The question.
    pub question: String,
    /// The number of galaxies that count for it.
    pub galaxies: usize,
    /// Pearson's correlation of the expected fractions with the vote fractions, for each answer in the order
    /// of the schema. NaN if one of them does not vary.
    pub r: Vec<(String, Estimate)>,
    /// The correlation, averaged over the answers that have one.
    pub mean_r: Estimate,
    /// The mean absolute deviation of the expected fractions from the vote fractions, over the answers and
    /// galaxies, 0 to 1.
    pub mean_absolute_deviation: Estimate,
    /// The mean absolute deviation that the number of votes alone would cause: that of the fraction of as
    /// many new votes, if the observed vote fraction were the truth. It is too low by a few
    /// per cent (5 % for 40 votes and fractions from 0.05 to 0.95), since it is 0 where all volunteers agree.
    pub noise_floor: Estimate,
    /// The fraction of galaxies for which the answer with the largest expected fraction has the most votes.
    pub accuracy: Estimate,
    /// The number of galaxies with an answer that has more than 80 % of the votes.
    pub agreed_galaxies: usize,
    /// The accuracy for these galaxies; NaN without such galaxies.
    pub agreed_accuracy: Estimate,
    /// The fraction of vote counts inside the central 50 % interval that the posterior predicts for their
    /// number of votes: 0.5 for a calibrated posterior. A count at the edge of the interval counts in part.
    pub votes_in_50pc: Estimate,
    /// The fraction of vote counts inside the central 90 % interval: 0.9 for a calibrated posterior.
    pub votes_in_90pc: Estimate,
    /// The fraction of vote counts in ten equal bins of the randomised probability integral transform (Czado
    /// et al. 2009, Biometrics 65, 1254), over all answers but the last: 0.1 each for a calibrated posterior.
    /// A U shape means intervals that are too narrow, a slope a bias.
    pub pit: Vec<f64>,
    /// The Kolmogorov-Smirnov distance of this transform from a uniform distribution, 0 to 1. Of yes/no
    /// questions with n galaxies, 5 % exceed 1.36 / √n by chance. Drawing galaxies again adds to the
    /// distance, so that the interval may lie above the value.
    pub pit_distance: Estimate,
    /// The number N of volunteers whose vote fractions have the same mean squared error as the expected
    /// fractions.
    ///
    /// With the expected fraction m and the fraction f of n votes, the error of the posterior is the sum of
    /// (m - f)² - f (1 - f) / (n - 1), the squared deviation without the scatter of the votes. The error of
    /// N volunteers is the sum of p (1 - p) / N, where f (1 - f) n / (n - 1) estimates p (1 - p) without
    /// bias. N is the ratio of both sums, over answers and galaxies, with N = 1. It is infinite where the
    /// posterior is at least as good as the votes can tell, and NaN if all volunteers agree on every galaxy.
    pub worth_volunteers: Estimate,
}

impl QuestionComparison {
    pub(super) fn of(question: &Question, galaxies: &[Judged], seed: u64) -> Self {
        let n = galaxies.len();
        let mean = |of: fn(&Judged) -> f64| ratio(galaxies, seed, of, |_| 1.0);
        let answers = question.answers();
        let correlation = |k: usize, places: &[usize]| {
            let values = |of: fn(&Judged) -> &[f64]| -> Vec<f64> {
                places.iter().map(|place| of(&galaxies[*place])[k]).collect()
            };
            pearson(&values(|it| &it.expected), &values(|it| &it.found))
        };
        let r = answers.iter().enumerate().map(|(k, answer)| {
            (answer.name().to_owned(), bootstrap(n, seed, |places| correlation(k, places)))
        });
        let mean_r = bootstrap(n, seed, |places| {
            let each = (0..answers.len()).map(|k| correlation(k, places));
            let known: Vec<f64> = each.filter(|r| !r.is_nan()).collect();
            known.iter().sum::<f64>() / known.len() as f64
        });
        let mut ranks: Vec<(f64, usize)> = Vec::new();
        for (place, galaxy) in galaxies.iter().enumerate() {
            ranks.extend(galaxy.ranks.iter().map(|rank| (*rank, place)));
        }
        ranks.sort_by(|a, b| a.0.total_cmp(&b.0));
        let agreed = |it: &Judged| f64::from(it.is_agreed);
        let right = |it: &Judged| f64::from(it.is_agreed && it.is_right);
        Self {
            question: question.name().to_owned(),
            galaxies: n,
            r: r.collect(),
            mean_r,
            mean_absolute_deviation: mean(|it| it.deviation),
            noise_floor: mean(|it| it.floor),
            accuracy: mean(|it| f64::from(it.is_right)),
            agreed_galaxies: galaxies.iter().filter(|it| it.is_agreed).count(),
            agreed_accuracy: ratio(galaxies, seed, right, agreed),
            votes_in_50pc: mean(|it| it.inside[0]),
            votes_in_90pc: mean(|it| it.inside[1]),
            pit: histogram(&ranks),
            pit_distance: bootstrap(n, seed, |places| distance(&ranks, places, n)),
            worth_volunteers: worth(galaxies, seed),
        }
    }

    /// The correlation of the first answer, such as "yes".
    pub fn first_r(&self) -> Estimate {
        let none = Estimate { value: f64::NAN, low: f64::NAN, high: f64::NAN };
        self.r.first().map_or(none, |(_, r)| *r)
    }
}

/// The ratio of two sums over galaxies; NaN unless the second is above 0.
fn ratio(
    galaxies: &[Judged],
    seed: u64,
    above: impl Fn(&Judged) -> f64 + Sync,
    below: impl Fn(&Judged) -> f64 + Sync,
) -> Estimate {
    let above: Vec<f64> = galaxies.iter().map(above).collect();
    let below: Vec<f64> = galaxies.iter().map(below).collect();
    bootstrap(galaxies.len(), seed, |places| {
        let sum = |values: &[f64]| places.iter().map(|place| values[*place]).sum::<f64>();
        let (above, below) = (sum(&above), sum(&below));
        if below > 0.0 { above / below } else { f64::NAN }
    })
}

/// [`QuestionComparison::worth_volunteers`]. The bootstrap is of 1/N, which passes through 0 where the
/// posterior becomes as good as the votes can tell.
fn worth(galaxies: &[Judged], seed: u64) -> Estimate {
    let error = ratio(galaxies, seed, |it| it.error, |it| it.variance);
    let volunteers = |error: f64| match error {
        error if error.is_nan() => f64::NAN,
        error if error <= 0.0 => f64::INFINITY,
        error => error.recip(),
    };
    Estimate {
        value: volunteers(error.value),
        low: volunteers(error.high),
        high: volunteers(error.low),
    }
}

/// The fraction of sorted values between 0 and 1 in each of ten equal bins.
fn histogram(ranks: &[(f64, usize)]) -> Vec<f64> {
    let mut bins = vec![0.0; BINS];
    for (rank, _) in ranks {
        let bin = ((rank * BINS as f64) as usize).min(BINS - 1);
        bins[bin] += 1.0 / ranks.len() as f64;
    }
    bins
}

/// The Kolmogorov-Smirnov distance from a uniform distribution of the values of some of `n` galaxies, which
/// may repeat. `ranks` has the values in ascending order, each with its galaxy.
fn distance(ranks: &[(f64, usize)], places: &[usize], n: usize) -> f64 {
    let mut times = vec![0.0; n];
    places.iter().for_each(|place| times[*place] += 1.0);
    let all: f64 = ranks.iter().map(|(_, galaxy)| times[*galaxy]).sum();
    let (mut below, mut farthest) = (0.0, 0.0_f64);
    for (rank, galaxy) in ranks {
        let up_to = below + times[*galaxy] / all;
        farthest = farthest.max((rank - below).abs()).max((up_to - rank).abs());
        below = up_to;
    }
    farthest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `scipy.stats.kstest([0.1, 0.2, 0.6], "uniform").statistic` (by hand: 2/3 - 0.2).
    #[test]
    fn the_distance_is_the_largest_step_from_the_diagonal() {
        let ranks = [(0.1, 0), (0.2, 1), (0.6, 2)];
        assert!((distance(&ranks, &[0, 1, 2], 3) - (2.0 / 3.0 - 0.2)).abs() < 1e-12);
        // The first twice, without the second: 2/3 at 0.1.
        assert!((distance(&ranks, &[0, 0, 2], 3) - (2.0 / 3.0 - 0.1)).abs() < 1e-12);
        assert_eq!(histogram(&ranks)[1..3], [1.0 / 3.0, 1.0 / 3.0]);
        assert!((histogram(&ranks).iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
}
