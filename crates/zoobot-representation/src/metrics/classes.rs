//! Measures of predicted classes.

use super::paired;

/// The share of correct predictions.
pub fn accuracy<T: PartialEq>(predicted: &[T], truth: &[T]) -> f64 {
    if !paired(predicted, truth) {
        return f64::NAN;
    }
    let right = predicted.iter().zip(truth).filter(|(a, b)| a == b).count();
    right as f64 / truth.len() as f64
}

/// F1, the harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN). It is 0 if there are no
/// positives at all.
///
/// ```
/// use zoobot_core::metrics::f1;
/// let (predicted, truth) = ([true, true, false, false], [true, false, true, false]);
/// assert_eq!(f1(&predicted, &truth), 0.5);
/// ```
pub fn f1(predicted: &[bool], truth: &[bool]) -> f64 {
    if !paired(predicted, truth) {
        return f64::NAN;
    }
    let both = predicted.iter().zip(truth).filter(|(a, b)| **a && **b).count();
    let either = [predicted, truth].iter().flat_map(|it| it.iter()).filter(|it| **it).count();
    if either == 0 { 0.0 } else { 2.0 * both as f64 / either as f64 }
}

/// The mean negative logarithm of the probabilities given to the true classes, in nats. Probabilities
/// below 1e-15 count as 1e-15.
pub fn log_loss(given_to_truth: &[f64]) -> f64 {
    let sum: f64 = given_to_truth.iter().map(|p| -p.max(1e-15).ln()).sum();
    sum / given_to_truth.len() as f64
}
