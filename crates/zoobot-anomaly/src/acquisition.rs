//! Which galaxies to show next: the acquisitions, one entry of `acquisitions!` each, and how they choose
//! galaxies.

use super::gp::{FittedProcess, draws};
use ndarray::{ArrayView2, Axis};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_distr::StandardNormal;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use zoobot_base::error::{Error, Result};
use zoobot_base::seed::mixed;
use zoobot_base::special::normal;

/// The number of galaxies whose deviation is computed first, from the highest mean on.
const FIRST: usize = 1024;
/// The number of random galaxies that Thompson sampling draws for.
const DRAWN: usize = 1000;

/// The rule that chooses which galaxies to rate next, from the model's predictions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Acquisition {
    /// The expected improvement over the best rating so far plus a margin of `xi`:
    /// `(mean - best - xi) Φ(z) + std φ(z)` with `z = (mean - best - xi) / std` (Mockus 1975;
    /// Walmsley et al. 2022 with `xi` 0.5).
    ExpectedImprovement {
        /// The margin by which the best rating must be exceeded.
        xi: f64,
    },
    /// The upper confidence bound, `mean + kappa std` (Srinivas et al. 2010).
    UpperConfidenceBound {
        /// The number of standard deviations above the mean.
        kappa: f64,
    },
    /// The standard deviation: how uncertain the model is about the galaxy.
    Variance,
    /// Thompson sampling: the highest value of a draw from the posterior over 1,000 random galaxies,
    /// with a new draw for each galaxy of a batch (Thompson 1933).
    Thompson,
    /// A random galaxy.
    Random,
}

/// The description of an acquisition, without the formula of its value.
struct Entry {
    name: &'static str,
    about: &'static str,
    /// Why it chooses a galaxy, in words for the person who rates.
    words: &'static str,
    way: Way,
}

/// How galaxies are chosen by an acquisition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The galaxies with the highest values. If the value grows with the mean at any deviation, not
    /// every deviation has to be computed.
    Highest { grows_with_mean: bool },
    /// The highest of a draw from the posterior, with a new draw for each galaxy.
    Drawn,
    /// Random galaxies.
    Random,
}

/// The prediction for a galaxy.
#[derive(Debug, Clone, Copy)]
struct Belief {
    mean: f64,
    std: f64,
    /// The best rating so far.
    best: f64,
}

/// Defines the acquisitions, one entry each; a variant without an entry does not compile. An acquisition
/// that is chosen by name gets the parameters' usual values from its entry.
macro_rules! acquisitions {
    ($(
        $variant:ident $({ $($parameter:ident: $usual:literal),* })?:
        $entry:expr,
        |$belief:pat_param| $value:expr;
    )*) => {
        /// Every acquisition, with the usual values of its parameters.
        static ACQUISITIONS: &[Acquisition] =
            &[$(Acquisition::$variant $({ $($parameter: $usual),* })?),*];

        impl Acquisition {
            fn entry(self) -> Entry {
                match self { $(Self::$variant { .. } => $entry,)* }
            }

            fn value_of(self, belief: Belief) -> f64 {
                match self {
                    $(Self::$variant $({ $($parameter),* })? => {
                        let $belief = belief;
                        $value
                    })*
                }
            }
        }
    };
}

acquisitions! {
    ExpectedImprovement { xi: 0.5 }:
    Entry {
        name: "ei",
        about: "expected improvement",
        words: "promising",
        way: Way::Highest { grows_with_mean: true },
    },
    |it| improvement(it, xi);

    UpperConfidenceBound { kappa: 2.0 }:
    Entry {
        name: "ucb",
        about: "upper confidence bound",
        words: "promising",
        way: Way::Highest { grows_with_mean: true },
    },
    |it| it.mean + kappa * it.std;

    Variance:
    Entry {
        name: "variance",
        about: "what the model knows least",
        words: "little is known",
        way: Way::Highest { grows_with_mean: false },
    },
    |it| it.std;

    Thompson:
    Entry { name: "thompson", about: "Thompson sampling", words: "drawn", way: Way::Drawn },
    |_| 0.0;

    Random:
    Entry { name: "random", about: "any galaxy", words: "random", way: Way::Random },
    |_| 0.0;
}

impl Default for Acquisition {
    fn default() -> Self {
        Self::ExpectedImprovement { xi: 0.5 }
    }
}

impl Acquisition {
    /// Every acquisition, with the usual values of its parameters.
    pub fn all() -> &'static [Self] {
        ACQUISITIONS
    }

    /// The short name, such as `ei`.
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// A description in a few words.
    pub fn about(self) -> &'static str {
        self.entry().about
    }

    /// Why it chooses a galaxy, in words for the person who rates.
    pub(super) fn words(self) -> &'static str {
        self.entry().words
    }

    /// The acquisition with this name, such as `ei`, with the usual values of its parameters.
    ///
    /// # Errors
    /// [`Error::Missing`] for an unknown name, with the nearest name.
    pub fn named(name: &str) -> Result<Self> {
        let found = ACQUISITIONS.iter().find(|it| it.name() == name);
        found.copied().ok_or_else(|| {
            Error::missing(
                "acquisition",
                name,
                "this library",
                ACQUISITIONS.iter().map(|it| it.name()),
            )
        })
    }

    /// The value of a galaxy, given the mean and standard deviation of its expected rating, and the best
    /// rating so far. 0 for Thompson sampling and random choice, which use no such value.
    ///
    /// ```
    /// use zoobot_core::anomaly::Acquisition;
    /// let improvement = Acquisition::ExpectedImprovement { xi: 0.5 };
    /// assert!((improvement.value(5.5, 1e-3, 5.0) - 3.989_4e-4).abs() < 1e-8);
    /// assert_eq!(Acquisition::UpperConfidenceBound { kappa: 2.0 }.value(1.0, 0.5, 5.0), 2.0);
    /// ```
    pub fn value(self, mean: f64, std: f64, best: f64) -> f64 {
        self.value_of(Belief { mean, std, best })
    }
}

fn improvement(Belief { mean, std, best }: Belief, xi: f64) -> f64 {
    let gain = mean - best - xi;
    if std <= 0.0 {
        return gain.max(0.0);
    }
    let z = gain / std;
    (gain * normal::below(z) + std * normal::density(z)).max(0.0)
}

impl fmt::Display for Acquisition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Parses a name: see [`named`](Acquisition::named).
impl FromStr for Acquisition {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::named(name)
    }
}

/// The galaxies to choose from, and the best rating so far.
#[derive(Debug)]
pub struct Pool<'a> {
    /// The representations, galaxies x features.
    pub rows: ArrayView2<'a, f32>,
    /// For each galaxy, whether it cannot be chosen.
    pub taken: &'a [bool],
    /// The best rating so far.
    pub best: f64,
    /// The random seed.
    pub seed: u64,
}

/// A chosen galaxy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chosen {
    /// The galaxy's row in the space.
    pub row: usize,
    /// The expected rating.
    pub mean: f64,
    /// The standard deviation of the rating.
    pub std: f64,
    /// The value of the acquisition.
    pub value: f64,
}

/// The `count` galaxies to show next, the best first; fewer if no more are left.
pub fn choose(
    fitted: &FittedProcess,
    pool: &Pool,
    acquisition: Acquisition,
    count: usize,
) -> Result<Vec<Chosen>> {
    let mut open: Vec<usize> = (0..pool.rows.nrows()).filter(|&row| !pool.taken[row]).collect();
    let mut rng = StdRng::seed_from_u64(pool.seed);
    match acquisition.entry().way {
        Way::Random => {
            let (random, _) = open.partial_shuffle(&mut rng, count);
            described(fitted, pool, acquisition, random)
        }
        Way::Drawn => drawn(fitted, pool, acquisition, open, count, &mut rng),
        Way::Highest { grows_with_mean } => {
            highest(fitted, pool, (acquisition, grows_with_mean), open, count)
        }
    }
}

fn described(
    fitted: &FittedProcess,
    pool: &Pool,
    acquisition: Acquisition,
    rows: &[usize],
) -> Result<Vec<Chosen>> {
    let expected = fitted.predict_at(pool.rows, rows)?;
    let pairs = expected.mean.into_par_iter().zip(expected.std);
    let chosen = |(&row, (mean, std)): (&usize, (f64, f64))| {
        let value = acquisition.value(mean, std, pool.best);
        Chosen { row, mean, std, value }
    };
    Ok(rows.par_iter().zip(pairs).map(chosen).collect())
}

/// The galaxies with the highest values.
///
/// The deviation takes most of the time of a prediction, and no posterior deviation exceeds the prior
/// deviation. So this computes upper bounds of the means for all galaxies, and full predictions from the
/// highest bound on, until the next galaxy could not be among the highest even with the prior deviation.
fn highest(
    fitted: &FittedProcess,
    pool: &Pool,
    (acquisition, grows_with_mean): (Acquisition, bool),
    mut open: Vec<usize>,
    count: usize,
) -> Result<Vec<Chosen>> {
    // Ties are in random order, because the order of the table may mean something.
    let shuffled = |a: usize, b: usize| {
        mixed(pool.seed, a as u64).cmp(&mixed(pool.seed, b as u64)).then(a.cmp(&b))
    };
    let order =
        |a: &Chosen, b: &Chosen| b.value.total_cmp(&a.value).then_with(|| shuffled(a.row, b.row));
    let means = match grows_with_mean {
        true => fitted.bounds(pool.rows)?,
        false => Vec::new(),
    };
    let largest = fitted.kernel().variance().sqrt();
    let mut best: Vec<Chosen> = Vec::new();
    let mut size = if means.is_empty() { open.len() } else { FIRST.max(4 * count) };
    let mut rest = &mut open[..];
    while !rest.is_empty() {
        let here = size.min(rest.len());
        if here < rest.len() {
            rest.select_nth_unstable_by(here, |&a, &b| {
                means[b].total_cmp(&means[a]).then_with(|| shuffled(a, b))
            });
        }
        let (now, later) = rest.split_at_mut(here);
        best.extend(described(fitted, pool, acquisition, now)?);
        if best.len() > count {
            best.select_nth_unstable_by(count, order);
            best.truncate(count);
        }
        best.sort_by(order);
        // `select_nth_unstable_by` has put the highest of the rest first.
        if let (Some(next), Some(last)) = (later.first(), best.get(count.saturating_sub(1)))
            && acquisition.value(means[*next], largest, pool.best) <= last.value
        {
            break;
        }
        rest = later;
        size *= 2;
    }
    Ok(best)
}

/// Thompson sampling: the highest value of a new draw for each galaxy.
fn drawn(
    fitted: &FittedProcess,
    pool: &Pool,
    acquisition: Acquisition,
    mut open: Vec<usize>,
    count: usize,
    rng: &mut StdRng,
) -> Result<Vec<Chosen>> {
    let (open, _) = open.partial_shuffle(rng, DRAWN.max(2 * count));
    open.sort_unstable();
    let rows = pool.rows.select(Axis(0), open);
    let covariance = fitted.covariance(rows.view())?;
    let mut candidates = described(fitted, pool, acquisition, open)?;
    let mut chosen: Vec<Chosen> = Vec::new();
    let mut noise = || open.iter().map(|_| rng.sample(StandardNormal)).collect();
    let noise: Vec<Vec<f64>> = (0..count.min(candidates.len())).map(|_| noise()).collect();
    for drawn in draws(covariance, &noise)? {
        for (it, drawn) in candidates.iter_mut().zip(drawn) {
            it.value = it.mean + drawn;
        }
        let free = candidates.iter().filter(|it| chosen.iter().all(|known| known.row != it.row));
        chosen.extend(free.max_by(|a, b| a.value.total_cmp(&b.value)).copied());
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests;
