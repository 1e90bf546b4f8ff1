//! Confidence intervals of measures.

use ndarray::Array1;
use ndarray_stats::Quantile1dExt;
use ndarray_stats::interpolate::Linear;
use noisy_float::types::n64;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rayon::prelude::*;
use serde::Serialize;
use zoobot_base::seed::mixed;

/// The number of bootstrap samples.
const DRAWS: u64 = 1000;

/// A value with its 95 % confidence interval.
///
/// ```
/// use zoobot_core::metrics::Estimate;
/// let accuracy = Estimate { value: 0.9, low: 0.84, high: 0.95 };
/// assert_eq!(accuracy.to_string(), "0.900 (0.840 to 0.950)");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The value for all galaxies.
    pub value: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
}

impl std::fmt::Display for Estimate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { value, low, high } = self;
        write!(f, "{value:.3} ({low:.3} to {high:.3})")
    }
}

/// Evaluates a measure on `n` galaxies, with its confidence interval. `measure` computes it for a list
/// of galaxies (their indices, which may repeat). The interval is from 2.5 % to 97.5 % of its values for
/// 1,000 samples of `n` galaxies drawn with replacement (the percentile bootstrap). Samples that give
/// NaN are left out; if none is left, the interval is NaN.
///
/// The interval covers the choice of test galaxies, but not the choice of training set.
///
/// ```
/// use zoobot_core::metrics::{bootstrap, rmse};
/// let (predicted, truth) = ([1.0, 2.5, 3.0, 4.0], [1.0, 2.0, 3.5, 4.0]);
/// let some = |values: &[f64; 4], places: &[usize]| places.iter().map(|&i| values[i]).collect::<Vec<_>>();
/// let error = bootstrap(4, 1, |places| rmse(&some(&predicted, places), &some(&truth, places)));
/// assert!(error.low < error.value && error.value < error.high);
/// ```
pub fn bootstrap(n: usize, seed: u64, measure: impl Fn(&[usize]) -> f64 + Sync) -> Estimate {
    let all: Vec<usize> = (0..n).collect();
    let value = measure(&all);
    let draw = |draw: u64| {
        let mut rng = StdRng::seed_from_u64(mixed(seed, draw));
        let places: Vec<usize> = (0..n).map(|_| rng.random_range(0..n)).collect();
        measure(&places)
    };
    let drawn: Vec<f64> = (0..DRAWS).into_par_iter().map(draw).collect();
    let mut drawn: Array1<_> = drawn.into_iter().filter(|it| !it.is_nan()).map(n64).collect();
    let mut at = |share| {
        let quantile = drawn.quantile_mut(n64(share), &Linear);
        quantile.map_or(f64::NAN, f64::from)
    };
    Estimate { value, low: at(0.025), high: at(0.975) }
}
