//! How many more labels buy how much: a power law through the error of episodes, extrapolated.

use super::{EpisodesOutcome, FewMethod};
use polars::prelude::{Column, DataFrame};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::Serialize;
use zoobot_base::error::{Error, Result};
use zoobot_base::seed::{self, mixed};
use zoobot_base::table::table_of;
use zoobot_representation::metrics::Estimate;
use zoobot_show::figure::{Curve, Dash, Figure, curves};
use zoobot_show::notebook::{Bundle, Show, Table};

/// The number of bootstrap samples of the episodes.
const DRAWS: u64 = 400;
/// The exponents that are tried: 0.05 to 1.5.
const EXPONENTS: std::ops::RangeInclusive<u32> = 1..=30;

/// The accuracy that more labels are expected to give. The error of a method falls as `a + b n^(-c)` with the
/// number of examples n of each class (Hestness et al. 2017, arXiv:1712.00409); the band is of 95 %, from 400
/// bootstrap samples of the episodes, and assumes that the power law goes on.
///
/// ```
/// use zoobot_core::few::{EpisodeRow, EpisodesOutcome, FewMethod, LabelCurve};
/// let row = |shots: usize, episode| EpisodeRow {
///     method: FewMethod::Probe, shots, episode, queries: 50, chosen: FewMethod::Probe, seconds: 0.1,
///     accuracy: 1.0 - 0.05 - 0.4 / (shots as f64).sqrt(),
/// };
/// let rows = [1, 2, 4, 8, 16].into_iter().flat_map(move |shots| (1..=5).map(move |i| row(shots, i)));
/// let outcome = EpisodesOutcome { label: "kind".into(), rows: rows.collect() };
/// let curve = LabelCurve::of(&outcome, FewMethod::Probe)?;
/// assert!((curve.accuracy(100.0).value - (0.95 - 0.04)).abs() < 1e-3);
/// assert!((curve.labels_for(0.91).expect("it is below 0.95") / 100.0 - 1.0).abs() < 0.05);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelCurve {
    /// The method.
    pub method: FewMethod,
    /// The number of examples of each class, and the mean accuracy that was measured.
    pub measured: Vec<(usize, Estimate)>,
    /// The error that remains with any number of labels, a.
    pub rest: f64,
    /// The error beyond it with one example, b.
    pub factor: f64,
    /// How fast it falls, c.
    pub exponent: f64,
    /// The laws of the bootstrap samples: a, b and c of each.
    #[serde(skip)]
    samples: Vec<(f64, f64, f64)>,
}

impl LabelCurve {
    /// Fits the law to the results of a method.
    ///
    /// # Errors
    /// [`Error::Unsuitable`] for fewer than three numbers of examples.
    pub fn of(outcome: &EpisodesOutcome, method: FewMethod) -> Result<Self> {
        let mut measured = Vec::new();
        let mut all: Vec<(f64, Vec<f64>)> = Vec::new();
        for shots in outcome.shots() {
            let is = |row: &&super::EpisodeRow| (row.method, row.shots) == (method, shots);
            let errors: Vec<f64> =
                outcome.rows.iter().filter(is).map(|row| 1.0 - row.accuracy).collect();
            if !errors.is_empty() {
                measured.push((shots, outcome.accuracy(method, shots)?));
                all.push((shots as f64, errors));
            }
        }
        if all.len() < 3 {
            let problem = format!(
                "{method} was measured with {} numbers of examples, but a power law needs at least 3",
                all.len()
            );
            return Err(Error::unsuitable(problem, "Measure more of them, such as 1, 2, 4 and 8"));
        }
        let mean = |errors: &Vec<f64>| errors.iter().sum::<f64>() / errors.len() as f64;
        let points: Vec<(f64, f64)> = all.iter().map(|(n, it)| (*n, mean(it))).collect();
        let (rest, factor, exponent) = law(&points);
        let draw = |draw: u64| {
            let mut rng = StdRng::seed_from_u64(mixed(seed::DEFAULT, draw));
            let some = |(n, errors): &(f64, Vec<f64>)| {
                let count = errors.len();
                let drawn = (0..count).map(|_| errors[rng.random_range(0..count)]);
                (*n, drawn.sum::<f64>() / count as f64)
            };
            law(&all.iter().map(some).collect::<Vec<_>>())
        };
        let samples = (0..DRAWS).map(draw).collect();
        Ok(Self { method, measured, rest, factor, exponent, samples })
    }

    /// The expected accuracy with this number of examples of each class.
    pub fn accuracy(&self, examples: f64) -> Estimate {
        let at = |(a, b, c): (f64, f64, f64)| 1.0 - a - b * examples.powf(-c);
        let mut all: Vec<f64> = self.samples.iter().map(|it| at(*it)).collect();
        all.sort_by(f64::total_cmp);
        let place = |share: f64| ((all.len().saturating_sub(1)) as f64 * share).round() as usize;
        let value = at((self.rest, self.factor, self.exponent));
        let quantile = |share: f64| all.get(place(share)).copied().unwrap_or(value);
        Estimate { value, low: quantile(0.025), high: quantile(0.975) }
    }

    /// The number of examples of each class with which an accuracy is expected; `None` if it never is.
    pub fn labels_for(&self, accuracy: f64) -> Option<f64> {
        let beyond = 1.0 - accuracy - self.rest;
        let found = (self.factor / beyond).powf(1.0 / self.exponent);
        (beyond > 0.0 && self.factor > 0.0 && found.is_finite()).then_some(found)
    }

    /// What was measured, and what is expected of 2, 5 and 10 times as many examples: `examples`, `accuracy`,
    /// `low`, `high` and `measured`.
    pub fn table(&self) -> DataFrame {
        let most = self.measured.last().map_or(1, |it| it.0);
        let known = self.measured.iter().map(|(n, it)| (*n, *it, true));
        let more = [2, 5, 10].map(|times| {
            let n = times * most;
            (n, self.accuracy(n as f64), false)
        });
        let rows: Vec<(usize, Estimate, bool)> = known.chain(more).collect();
        let part = |name: &str, of: fn(&Estimate) -> f64| {
            Column::new(name.into(), rows.iter().map(|it| of(&it.1)).collect::<Vec<f64>>())
        };
        let columns = vec![
            Column::new("examples".into(), rows.iter().map(|it| it.0 as u64).collect::<Vec<u64>>()),
            part("accuracy", |it| it.value),
            part("low", |it| it.low),
            part("high", |it| it.high),
            Column::new("measured".into(), rows.iter().map(|it| it.2).collect::<Vec<bool>>()),
        ];
        table_of(rows.len(), columns)
    }

    /// What was measured, and the law with its band up to ten times as many examples, dashed.
    pub fn figure(&self) -> Figure {
        let half = |it: &Estimate| (it.high - it.low) / 2.0;
        let measured =
            self.measured.iter().map(|(n, it)| (*n as f64, it.value, half(it))).collect();
        let first = self.measured.first().map_or(1, |it| it.0) as f64;
        let last = 10.0 * self.measured.last().map_or(1, |it| it.0) as f64;
        let at = |step: u32| {
            let n = first * (last / first).powf(f64::from(step) / 24.0);
            let it = self.accuracy(n);
            (n, it.value, half(&it))
        };
        let all = [
            Curve {
                name: format!("{}, measured", self.method),
                points: measured,
                dash: Dash::Full,
                colour: Some(0),
            },
            Curve {
                name: "power law".to_owned(),
                points: (0..=24).map(at).collect(),
                dash: Dash::Dashed,
                colour: Some(1),
            },
        ];
        curves(&all, "examples of each class", "accuracy")
    }
}

impl Show for LabelCurve {
    fn show(&self) -> Bundle {
        let title = format!(
            "{}: error {:.3} + {:.3} n^(-{:.2}) with n examples of each class",
            self.method, self.rest, self.factor, self.exponent
        );
        Table::new(self.table()).title(title).whole().show()
    }
}

/// The law a + b n^(-c) with the least squared error, a and b at least 0.
fn law(points: &[(f64, f64)]) -> (f64, f64, f64) {
    let mut best = (0.0, 0.0, 1.0, f64::INFINITY);
    let count = points.len() as f64;
    for step in EXPONENTS {
        let c = 0.05 * f64::from(step);
        let xs: Vec<f64> = points.iter().map(|it| it.0.powf(-c)).collect();
        let (mx, my) =
            (xs.iter().sum::<f64>() / count, points.iter().map(|it| it.1).sum::<f64>() / count);
        let pairs = || xs.iter().zip(points);
        let xy: f64 = pairs().map(|(x, it)| (x - mx) * (it.1 - my)).sum();
        let xx: f64 = xs.iter().map(|x| (x - mx).powi(2)).sum();
        let free = if xx > 0.0 { xy / xx } else { 0.0 };
        // Where the best line has a negative end, the best one on the border is taken.
        let through =
            pairs().map(|(x, it)| x * it.1).sum::<f64>() / xs.iter().map(|x| x * x).sum::<f64>();
        let (a, b) = match (my - free * mx, free) {
            (a, b) if a >= 0.0 && b >= 0.0 => (a, b),
            (_, b) if b < 0.0 => (my, 0.0),
            _ => (0.0, through),
        };
        let error: f64 = pairs().map(|(x, it)| (it.1 - a - b * x).powi(2)).sum();
        if error < best.3 {
            best = (a, b, c, error);
        }
    }
    (best.0, best.1, best.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_power_law_is_found_again_and_ends_stay_at_the_borders() {
        let points = |a: f64, b: f64, c: f64| {
            [1.0, 2.0, 5.0, 10.0, 20.0].map(|n: f64| (n, a + b * n.powf(-c)))
        };
        for (a, b, c) in [(0.1, 0.5, 0.5), (0.0, 0.6, 0.25), (0.2, 0.3, 1.2)] {
            let found = law(&points(a, b, c));
            assert!((found.0 - a).abs() < 1e-9 && (found.1 - b).abs() < 1e-9, "{found:?}");
            assert!((found.2 - c).abs() < 1e-9, "{found:?}");
        }
        // An error that grows is constant, and one that would become negative ends at 0.
        let (a, b, _) = law(&[(1.0, 0.1), (2.0, 0.2), (4.0, 0.3)]);
        assert!((a - 0.2).abs() < 1e-9 && b == 0.0, "{a} {b}");
        let (a, b, _) = law(&[(1.0, 0.9), (2.0, 0.3), (4.0, 0.0)]);
        assert!(a >= 0.0 && b > 0.0, "{a} {b}");
    }
}
