//! Measures of predicted numbers.

use super::paired;
use ndarray::{Array2, ArrayView1, ArrayView2};
use ndarray_stats::{CorrelationExt, DeviationExt};

/// The root mean squared error, in the unit of the numbers.
pub fn rmse(predicted: &[f64], truth: &[f64]) -> f64 {
    ArrayView1::from(truth).root_mean_sq_err(&ArrayView1::from(predicted)).unwrap_or(f64::NAN)
}

/// R², the share of the variance that predictions explain: 1 for perfect predictions, 0 for predicting
/// the mean, and negative for worse ones. NaN if the truth does not vary.
pub fn r2(predicted: &[f64], truth: &[f64]) -> f64 {
    let truth = ArrayView1::from(truth);
    let (Some(mean), Ok(off)) = (truth.mean(), truth.sq_l2_dist(&ArrayView1::from(predicted)))
    else {
        return f64::NAN;
    };
    let spread: f64 = truth.iter().map(|value| (value - mean).powi(2)).sum();
    if spread > 0.0 { 1.0 - off / spread } else { f64::NAN }
}

/// Pearson's correlation, -1 to 1; NaN if either input does not vary.
pub fn pearson(a: &[f64], b: &[f64]) -> f64 {
    let constant = |values: &[f64]| values.iter().all(|value| *value == values[0]);
    if !paired(a, b) || a.len() < 2 || constant(a) || constant(b) {
        return f64::NAN;
    }
    let both: Vec<f64> = a.iter().chain(b).copied().collect();
    let pair: Option<Array2<f64>> = ArrayView2::from_shape((2, a.len()), &both)
        .ok()
        .and_then(|both| both.pearson_correlation().ok());
    pair.map_or(f64::NAN, |pair| pair[[0, 1]])
}

/// Spearman's rank correlation: 1 for predictions in the right order, whatever their values.
///
/// ```
/// use zoobot_core::metrics::spearman;
/// assert!((spearman(&[1.0, 2.0, 30.0], &[-7.0, 0.1, 0.2]) - 1.0).abs() < 1e-12);
/// ```
pub fn spearman(a: &[f64], b: &[f64]) -> f64 {
    if a.iter().chain(b).any(|value| value.is_nan()) {
        return f64::NAN;
    }
    pearson(&ranks(a), &ranks(b))
}

/// Ranks from 1; equal values share their mean rank.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for same in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let shared = before as f64 + (same.len() as f64 + 1.0) / 2.0;
        same.iter().for_each(|&place| ranks[place] = shared);
        before += same.len();
    }
    ranks
}
