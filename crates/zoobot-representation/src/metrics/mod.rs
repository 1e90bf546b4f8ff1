//! Measures of the quality of predictions: plain functions on slices, and confidence intervals for them.
//!
//! Functions return NaN for scores of NaN, slices of different lengths, and undefined measures, such as
//! an AUC with a single class. [`bootstrap`] gives the confidence interval of any of them.

mod bootstrap;
mod classes;
mod numbers;
mod ranking;
mod trust;

pub use bootstrap::{Estimate, bootstrap};
pub use classes::{accuracy, f1, log_loss};
pub use numbers::{pearson, r2, rmse, spearman};
pub use ranking::{average_precision, precision_at, rank_weighted_score, roc_auc};
pub use trust::trustworthiness;

/// Whether two slices can be compared: they have the same length and are not empty.
fn paired<A, B>(a: &[A], b: &[B]) -> bool {
    a.len() == b.len() && !a.is_empty()
}

/// The indices of the scores from the highest to the lowest; equal scores keep their order.
fn best_first(scores: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    order
}

#[cfg(test)]
mod tests;
