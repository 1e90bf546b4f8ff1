//! How good predictions are: plain functions on slices, and confidence intervals for each.
//!
//! Scores of NaN and slices of different lengths are the caller's mistake and give NaN, as does a
//! figure that has no meaning, such as an AUC where all are of one class. [`bootstrap`] gives any of
//! them its interval.

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

/// Whether two slices can be compared: of one length, and not empty.
fn paired<A, B>(a: &[A], b: &[B]) -> bool {
    a.len() == b.len() && !a.is_empty()
}

/// The places of the scores from the highest to the lowest; equal ones in their order.
fn best_first(scores: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    order
}

#[cfg(test)]
mod tests;
