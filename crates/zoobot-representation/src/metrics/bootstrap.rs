//! How far a result can be trusted.

use ndarray::Array1;
use ndarray_stats::Quantile1dExt;
use ndarray_stats::interpolate::Linear;
use noisy_float::types::n64;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rayon::prelude::*;
use serde::Serialize;
use zoobot_base::seed::mixed;

/// How often galaxies are drawn again.
const DRAWS: u64 = 1000;

/// A figure with the interval that holds it with 95 % confidence.
///
/// ```
/// use zoobot_core::metrics::Estimate;
/// let accuracy = Estimate { value: 0.9, low: 0.84, high: 0.95 };
/// assert_eq!(accuracy.to_string(), "0.900 (0.840 to 0.950)");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// Of all galaxies.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl std::fmt::Display for Estimate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { value, low, high } = self;
        write!(f, "{value:.3} ({low:.3} to {high:.3})")
    }
}

/// The figure that `measure` gives for some of `n` galaxies (their places, which may repeat), and
/// its interval: 2.5 % to 97.5 % of what it is for 1,000 samples of `n` drawn with replacement
/// (the percentile bootstrap). Samples for which it has no meaning are left out; where none is left
/// the interval is NaN.
///
/// The interval is for other galaxies of the same kind. It does not cover other training sets.
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
