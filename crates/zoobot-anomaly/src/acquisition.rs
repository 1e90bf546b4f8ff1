//! Which galaxies to show next.

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

/// Galaxies whose deviation is worked out at a time, from the highest mean on.
const FIRST: usize = 1024;
/// Galaxies that a draw of Thompson's goes over.
const DRAWN: usize = 1000;

/// What makes a galaxy worth a rating, given what to expect of it.
///
/// ```
/// use zoobot_core::anomaly::Acquisition;
/// assert_eq!("ei".parse::<Acquisition>()?, Acquisition::ExpectedImprovement { xi: 0.5 });
/// let bound = Acquisition::UpperConfidenceBound { kappa: 2.0 };
/// assert_eq!(bound.value(1.0, 0.5, 5.0), 2.0);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Acquisition {
    /// How much it is expected to exceed the best rating so far by more than `xi`:
    /// `(mean - best - xi) Φ(z) + std φ(z)` with `z = (mean - best - xi) / std` (Mockus 1975;
    /// Walmsley et al. 2022 with `xi` 0.5).
    ExpectedImprovement {
        /// How much the best rating must be exceeded by.
        xi: f64,
    },
    /// `mean + kappa std` (Srinivas et al. 2010).
    UpperConfidenceBound {
        /// How many deviations count.
        kappa: f64,
    },
    /// The standard deviation: how uncertain the rating of the galaxy is.
    Variance,
    /// The highest of one draw from the posterior, a draw for each galaxy of a batch (Thompson
    /// 1933), over 1,000 random galaxies.
    Thompson,
    /// Any galaxy.
    Random,
}

impl Default for Acquisition {
    fn default() -> Self {
        Self::ExpectedImprovement { xi: 0.5 }
    }
}

impl Acquisition {
    /// The value of a galaxy, given its expected rating, the standard deviation of the expectation,
    /// and the best rating so far. It is 0 for Thompson sampling and random choice, which do not
    /// use it.
    ///
    /// ```
    /// use zoobot_core::anomaly::Acquisition;
    /// let improvement = Acquisition::ExpectedImprovement { xi: 0.5 };
    /// assert!((improvement.value(5.5, 1e-3, 5.0) - 3.989_4e-4).abs() < 1e-8);
    /// assert_eq!(Acquisition::UpperConfidenceBound { kappa: 2.0 }.value(1.0, 0.5, 5.0), 2.0);
    /// ```
    pub fn value(self, mean: f64, std: f64, best: f64) -> f64 {
        match self {
            Self::ExpectedImprovement { xi } => {
                let gain = mean - best - xi;
                if std <= 0.0 {
                    return gain.max(0.0);
                }
                let z = gain / std;
                (gain * normal::below(z) + std * normal::density(z)).max(0.0)
            }
            Self::UpperConfidenceBound { kappa } => mean + kappa * std,
            Self::Variance => std,
            Self::Thompson | Self::Random => 0.0,
        }
    }

    /// What it makes of a galaxy, in words for the person who rates.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::ExpectedImprovement { .. } => "promising",
            Self::UpperConfidenceBound { .. } => "promising",
            Self::Variance => "little is known",
            Self::Thompson => "drawn",
            Self::Random => "random",
        }
    }

    /// Whether the value grows with the mean, for any deviation.
    fn grows_with_mean(self) -> bool {
        matches!(self, Self::ExpectedImprovement { .. } | Self::UpperConfidenceBound { .. })
    }
}

impl fmt::Display for Acquisition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ExpectedImprovement { .. } => "ei",
            Self::UpperConfidenceBound { .. } => "ucb",
            Self::Variance => "variance",
            Self::Thompson => "thompson",
            Self::Random => "random",
        })
    }
}

/// By name: `ei`, `ucb` (with kappa 2), `variance`, `thompson`, `random`.
impl FromStr for Acquisition {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Ok(match name {
            "ei" => Self::default(),
            "ucb" => Self::UpperConfidenceBound { kappa: 2.0 },
            "variance" => Self::Variance,
            "thompson" => Self::Thompson,
            "random" => Self::Random,
            other => {
                let range = "ei, ucb, variance, thompson or random";
                return Err(Error::parameter("acquisition", format!("{other:?}"), range));
            }
        })
    }
}

/// The galaxies that may be chosen, and what is known.
#[derive(Debug)]
pub struct Pool<'a> {
    /// Galaxies x features.
    pub rows: ArrayView2<'a, f32>,
    /// Which of them are not for choice.
    pub taken: &'a [bool],
    /// The best rating so far.
    pub best: f64,
    /// For what is drawn at random.
    pub seed: u64,
}

/// A chosen galaxy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chosen {
    /// Its place.
    pub row: usize,
    /// What to expect of it.
    pub mean: f64,
    /// The deviation of that.
    pub std: f64,
    /// Its value.
    pub value: f64,
}

/// The `count` galaxies to show next, the best first; fewer where no more are left.
pub fn choose(
    fitted: &FittedProcess,
    pool: &Pool,
    acquisition: Acquisition,
    count: usize,
) -> Result<Vec<Chosen>> {
    let mut open: Vec<usize> = (0..pool.rows.nrows()).filter(|&row| !pool.taken[row]).collect();
    let mut rng = StdRng::seed_from_u64(pool.seed);
    match acquisition {
        Acquisition::Random => {
            let (random, _) = open.partial_shuffle(&mut rng, count);
            return described(fitted, pool, acquisition, random);
        }
        Acquisition::Thompson => return thompson(fitted, pool, open, count, &mut rng),
        _ => {}
    }
    highest(fitted, pool, acquisition, open, count)
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

/// Those of the highest values.
///
/// The deviation takes most of the time of a prediction, and no deviation is larger than before any
/// rating. So bounds of the means are worked out for all, and the rest from the highest bound on,
/// until with its bound and the largest deviation the next one would not be among the highest.
fn highest(
    fitted: &FittedProcess,
    pool: &Pool,
    acquisition: Acquisition,
    mut open: Vec<usize>,
    count: usize,
) -> Result<Vec<Chosen>> {
    // Equal ones in random order, for that of a table may mean something.
    let shuffled = |a: usize, b: usize| {
        mixed(pool.seed, a as u64).cmp(&mixed(pool.seed, b as u64)).then(a.cmp(&b))
    };
    let order =
        |a: &Chosen, b: &Chosen| b.value.total_cmp(&a.value).then_with(|| shuffled(a.row, b.row));
    let means = match acquisition.grows_with_mean() {
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
        // `select_nth` left the highest of the rest at its place.
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

fn thompson(
    fitted: &FittedProcess,
    pool: &Pool,
    mut open: Vec<usize>,
    count: usize,
    rng: &mut StdRng,
) -> Result<Vec<Chosen>> {
    let (open, _) = open.partial_shuffle(rng, DRAWN.max(2 * count));
    open.sort_unstable();
    let rows = pool.rows.select(Axis(0), open);
    let covariance = fitted.covariance(rows.view())?;
    let mut candidates = described(fitted, pool, Acquisition::Thompson, open)?;
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
