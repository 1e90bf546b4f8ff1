//! From the values of galaxies to a batch to ask about.

use ndarray::{ArrayView1, ArrayView2};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use zoobot_base::error::{Error, Result};
use zoobot_base::interrupt;
use zoobot_base::seed::mixed;

/// The number of pairs of galaxies whose distances say what is near.
const PAIRS: usize = 2000;
/// The share of draws that are uniform, so that every galaxy has a chance and no weight exceeds five times the
/// usual one.
const UNIFORM: f64 = 0.2;

/// How a batch is chosen from the values of an acquisition.
///
/// ```
/// use zoobot_core::active::BatchChoice;
/// assert_eq!("stochastic".parse::<BatchChoice>()?, BatchChoice::Stochastic { beta: 1.0 });
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchChoice {
    /// The galaxies with the highest values.
    Top,
    /// The galaxies with the highest values, none of which is nearer to another of the batch than `distance`
    /// times the median distance of two random galaxies.
    Diverse {
        /// At least 0; 0.3 leaves out near-duplicates.
        distance: f64,
    },
    /// Galaxies drawn one after another with known probabilities: proportional to value^`beta`, and for a fifth
    /// of the draws uniform, so that every galaxy has a chance. Only this choice allows unbiased estimates for the
    /// whole pool ([`lure_weights`](super::lure_weights)), and it avoids a batch of similar galaxies (Kirsch et
    /// al. 2021, arXiv:2106.12059).
    Stochastic {
        /// At least 0: 0 is uniform, larger values come nearer to [`Top`](Self::Top).
        beta: f64,
    },
}

impl Default for BatchChoice {
    fn default() -> Self {
        Self::Stochastic { beta: 1.0 }
    }
}

impl BatchChoice {
    /// All choices, with the usual values of their parameters.
    pub fn all() -> &'static [Self] {
        &[Self::Stochastic { beta: 1.0 }, Self::Top, Self::Diverse { distance: 0.3 }]
    }

    /// The name, such as `stochastic`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Top => "top",
            Self::Diverse { .. } => "diverse",
            Self::Stochastic { .. } => "stochastic",
        }
    }

    /// The choice with this name, with the usual value of its parameter.
    ///
    /// # Errors
    /// [`Error::Missing`] for an unknown name, with the nearest name.
    pub fn named(name: &str) -> Result<Self> {
        let names = || Self::all().iter().map(|it| it.name());
        let found = Self::all().iter().find(|it| it.name() == name);
        found.copied().ok_or_else(|| Error::missing("choice", name, "this library", names()))
    }

    pub(super) fn check(self) -> Result<()> {
        let (name, value) = match self {
            Self::Top => return Ok(()),
            Self::Diverse { distance } => ("distance", distance),
            Self::Stochastic { beta } => ("beta", beta),
        };
        match value >= 0.0 && value.is_finite() {
            true => Ok(()),
            false => Err(Error::parameter(name, value, "at least 0 and finite")),
        }
    }
}

impl fmt::Display for BatchChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Parses a name: see [`named`](BatchChoice::named).
impl FromStr for BatchChoice {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::named(name)
    }
}

/// A galaxy that was chosen to ask about.
///
/// ```
/// use zoobot_core::active::ChosenGalaxy;
/// let first =
///     ChosenGalaxy { id_str: "G7".into(), round: 0, probability: 0.01, value: 0.0, is_drawn: true };
/// assert_eq!(first.round, 0);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChosenGalaxy {
    /// The galaxy's name.
    pub id_str: String,
    /// The round, from 0 for the galaxies at the start.
    pub round: usize,
    /// The probability with which it was chosen, given the galaxies before it; 1 for a galaxy that was chosen
    /// for its value alone.
    pub probability: f64,
    /// The value of the acquisition; 0 at the start.
    pub value: f64,
    /// Whether it was drawn, so that all other galaxies had a chance.
    pub is_drawn: bool,
}

/// A chosen row: the row, its probability, and whether it was drawn.
pub type Choice = (usize, f64, bool);

/// The galaxies to choose from.
#[derive(Debug, Clone, Copy)]
pub struct Offer<'a> {
    /// The rows that can be chosen.
    pub open: &'a [usize],
    /// The value of each open row, in the same order.
    pub values: &'a [f64],
    /// The representations of all rows.
    pub features: ArrayView2<'a, f32>,
    /// The share that is chosen at random, 1 for all.
    pub at_random: f64,
    /// The random seed.
    pub seed: u64,
}

impl Offer<'_> {
    /// Chooses `count` rows, or all if there are fewer.
    pub fn choose(&self, choice: BatchChoice, count: usize) -> Result<Vec<Choice>> {
        let count = count.min(self.open.len());
        if self.at_random >= 1.0 {
            return self.drawn(0.0, count);
        }
        match choice {
            BatchChoice::Stochastic { beta } => self.drawn(beta, count),
            BatchChoice::Top => Ok(self.highest(0.0, count)),
            BatchChoice::Diverse { distance } => Ok(self.highest(distance * self.usual(), count)),
        }
    }

    /// Draws rows one after another.
    fn drawn(&self, beta: f64, count: usize) -> Result<Vec<Choice>> {
        let largest = self.values.iter().copied().fold(0.0, f64::max);
        let weight = |value: &f64| match largest > 0.0 {
            true => (value.max(0.0) / largest).powf(beta),
            false => 1.0,
        };
        let mut weights: Vec<f64> = self.values.iter().map(weight).collect();
        let mut taken = vec![false; weights.len()];
        let mut rng = StdRng::seed_from_u64(self.seed);
        let mut chosen = Vec::with_capacity(count);
        for done in 0..count {
            interrupt::check("choosing galaxies", || format!("{done} of {count}"))?;
            let left = (weights.len() - done) as f64;
            let total: f64 = weights.iter().sum();
            let uniform = self.at_random.max(UNIFORM);
            let q = |place: usize| match total > 0.0 {
                true => (1.0 - uniform) * weights[place] / total + uniform / left,
                false => 1.0 / left,
            };
            let mut at = rng.random::<f64>();
            let mut found = None;
            for place in (0..weights.len()).filter(|it| !taken[*it]) {
                let here = q(place);
                // If rounding leaves a rest after the last row, that row is chosen.
                found = Some((place, here));
                at -= here;
                if at < 0.0 {
                    break;
                }
            }
            if let Some((place, here)) = found {
                chosen.push((self.open[place], here.min(1.0), true));
                taken[place] = true;
                weights[place] = 0.0;
            }
        }
        Ok(chosen)
    }

    /// The rows with the highest values, except for the random share, and those nearer than `nearest` to a row
    /// that is chosen already. If too few are left, the nearest rows fill the batch.
    fn highest(&self, nearest: f64, count: usize) -> Vec<Choice> {
        let tie = |place: usize| mixed(self.seed, place as u64);
        let mut order: Vec<usize> = (0..self.open.len()).collect();
        order.sort_by(|&a, &b| {
            self.values[b].total_cmp(&self.values[a]).then_with(|| tie(a).cmp(&tie(b)))
        });
        let random = (self.at_random * count as f64).round() as usize;
        let by_value = count - random;
        let (mut chosen, mut near): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
        for place in order {
            if chosen.len() == by_value {
                break;
            }
            let row = self.features.row(self.open[place]);
            let is_near = nearest > 0.0
                && chosen
                    .iter()
                    .any(|it| distance(row, self.features.row(self.open[*it])) < nearest);
            if is_near { near.push(place) } else { chosen.push(place) }
        }
        let missing = by_value - chosen.len();
        chosen.extend(near.into_iter().take(missing));
        let mut is_chosen = vec![false; self.open.len()];
        chosen.iter().for_each(|place| is_chosen[*place] = true);
        let mut rest: Vec<usize> =
            (0..self.open.len()).filter(|place| random > 0 && !is_chosen[*place]).collect();
        rest.sort_by_key(|place| tie(*place + self.open.len()));
        let left = rest.len() as f64;
        let by_value = chosen.into_iter().map(|place| (self.open[place], 1.0, false));
        let others = rest.into_iter().take(random).enumerate();
        let others = others.map(|(place, it)| (self.open[it], 1.0 / (left - place as f64), false));
        by_value.chain(others).collect()
    }

    /// The median distance of two random rows.
    fn usual(&self) -> f64 {
        let mut rng = StdRng::seed_from_u64(mixed(self.seed, 1));
        let mut any = || self.features.row(self.open[rng.random_range(0..self.open.len())]);
        let mut all: Vec<f64> = (0..PAIRS).map(|_| distance(any(), any())).collect();
        all.sort_by(f64::total_cmp);
        all.get(PAIRS / 2).copied().unwrap_or(0.0)
    }
}

fn distance(a: ArrayView1<'_, f32>, b: ArrayView1<'_, f32>) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    fn offer<'a>(open: &'a [usize], values: &'a [f64], features: &'a Array2<f32>) -> Offer<'a> {
        Offer { open, values, features: features.view(), at_random: 0.0, seed: 3 }
    }

    #[test]
    fn rows_are_drawn_as_often_as_their_probabilities_say() {
        let features = Array2::zeros((5, 1));
        let (open, values) = ([0, 2, 3, 4], [4.0, 1.0, 0.0, 2.0]);
        let mut counts = [0.0; 5];
        let repeats = 20_000_u64;
        for seed in 0..repeats {
            let offer = Offer { seed, ..offer(&open, &values, &features) };
            let found = offer.choose(BatchChoice::Stochastic { beta: 1.0 }, 2).unwrap();
            let (row, q, is_drawn) = found[0];
            counts[row] += 1.0;
            let value = values[open.iter().position(|it| *it == row).unwrap()];
            assert!(is_drawn && (q - (0.8 * value / 7.0 + 0.2 / 4.0)).abs() < 1e-12);
            // The second is drawn from the three that are left.
            let (second, q2, _) = found[1];
            let other = values[open.iter().position(|it| *it == second).unwrap()];
            assert!(second != row);
            assert!((q2 - (0.8 * other / (7.0 - value) + 0.2 / 3.0)).abs() < 1e-12);
        }
        for (row, value) in open.iter().zip(values) {
            let expected = 0.8 * value / 7.0 + 0.2 / 4.0;
            let off = counts[*row] / repeats as f64 - expected;
            // Four standard deviations of a binomial count.
            assert!(off.abs() < 4.0 * (expected / repeats as f64).sqrt(), "{row}: {off}");
        }
    }

    #[test]
    fn the_highest_come_first_and_near_duplicates_are_left_out() {
        // Rows 0 and 1 are the same galaxy twice.
        let features = Array2::from_shape_fn((40, 2), |(row, column)| match row {
            0 | 1 => 0.0,
            _ => (row as f32 * [1.0, 7.3][column]) % 11.0,
        });
        let open: Vec<usize> = (0..40).collect();
        let values: Vec<f64> = (0..40).map(|row| 1.0 / (1.0 + f64::from(row))).collect();
        let offer = offer(&open, &values, &features);
        let rows = |choice, count| -> Vec<usize> {
            offer.choose(choice, count).unwrap().into_iter().map(|it| it.0).collect()
        };
        assert_eq!(rows(BatchChoice::Top, 3), [0, 1, 2]);
        let diverse = rows(BatchChoice::Diverse { distance: 0.05 }, 3);
        assert!(diverse[0] == 0 && !diverse.contains(&1), "{diverse:?}");
        // A batch is never smaller than asked for.
        assert_eq!(rows(BatchChoice::Diverse { distance: 100.0 }, 5).len(), 5);
        assert_eq!(rows(BatchChoice::Top, 99).len(), 40);
    }

    #[test]
    fn a_fifth_is_chosen_at_random_by_the_rule_of_galaxy_zoo() {
        let features = Array2::zeros((100, 1));
        let open: Vec<usize> = (0..100).collect();
        let values: Vec<f64> = (0..100).map(|row| f64::from(row % 4 == 0)).collect();
        let offer = Offer { at_random: 0.2, ..offer(&open, &values, &features) };
        let found = offer.choose(BatchChoice::Top, 20).unwrap();
        let first = found.iter().filter(|it| it.0 % 4 == 0).count();
        assert!((16..=19).contains(&first), "{first}");
        assert!(found[..16].iter().all(|it| it.0 % 4 == 0));
    }

    #[test]
    fn parameters_are_checked() {
        assert!(BatchChoice::Stochastic { beta: -1.0 }.check().is_err());
        assert!(BatchChoice::Diverse { distance: f64::NAN }.check().is_err());
        let message = BatchChoice::named("stocastic").unwrap_err().to_string();
        assert!(message.contains("Did you mean \"stochastic\"?"), "{message}");
    }
}
