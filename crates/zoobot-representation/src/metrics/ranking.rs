//! Measures that depend only on the order of the scores.

use super::{best_first, paired};

/// The area under the receiver operating characteristic: the probability that a positive has a higher
/// score than a negative, where ties count half. It is 0.5 for random scores.
///
/// ```
/// use zoobot_core::metrics::roc_auc;
/// assert_eq!(roc_auc(&[0.1, 0.4, 0.35, 0.8], &[false, false, true, true]), 0.75);
/// ```
pub fn roc_auc(scores: &[f64], positive: &[bool]) -> f64 {
    let (mut area, mut positives, mut negatives) = (0.0, 0.0, 0.0);
    let whole = steps(scores, positive, |more, less| {
        area += less * (positives + more / 2.0);
        positives += more;
        negatives += less;
    });
    if whole { area / (positives * negatives) } else { f64::NAN }
}

/// Average precision: the sum over distinct scores, from the highest, of the increase in recall times
/// the precision up to that score. For random scores, it is the share of positives.
///
/// ```
/// use zoobot_core::metrics::average_precision;
/// let precision = average_precision(&[0.1, 0.4, 0.35, 0.8], &[false, false, true, true]);
/// assert!((precision - 5.0 / 6.0).abs() < 1e-12);
/// ```
pub fn average_precision(scores: &[f64], positive: &[bool]) -> f64 {
    let (mut sum, mut positives, mut all) = (0.0, 0.0, 0.0);
    let whole = steps(scores, positive, |more, less| {
        positives += more;
        all += more + less;
        sum += more * positives / all;
    });
    if whole { sum / positives } else { f64::NAN }
}

/// The share of positives among the `n` highest scores; NaN if `n` is 0 or exceeds the number of scores.
pub fn precision_at(n: usize, scores: &[f64], positive: &[bool]) -> f64 {
    if n == 0 || n > scores.len() || !paired(scores, positive) {
        return f64::NAN;
    }
    best_first(scores)[..n].iter().filter(|&&place| positive[place]).count() as f64 / n as f64
}

/// The rank-weighted score of the `n` highest scores: the sum of (n - i) over the ranks i (from 0) of
/// positives, divided by its maximum, n (n + 1) / 2 (Walmsley et al. 2022, after Lochner & Bassett
/// 2021). It is 1 if all of them are positive, and NaN if `n` is 0 or exceeds the number of scores.
pub fn rank_weighted_score(n: usize, scores: &[f64], positive: &[bool]) -> f64 {
    if n == 0 || n > scores.len() || !paired(scores, positive) {
        return f64::NAN;
    }
    let order = best_first(scores);
    let weights = order[..n].iter().enumerate().filter(|(_, place)| positive[**place]);
    let sum: usize = weights.map(|(i, _)| n - i).sum();
    sum as f64 / (n * (n + 1) / 2) as f64
}

/// Calls `each` for every distinct score, from the highest, with its numbers of positives and negatives.
/// Returns false if the inputs cannot be compared.
fn steps(scores: &[f64], positive: &[bool], mut each: impl FnMut(f64, f64)) -> bool {
    if !paired(scores, positive) || scores.iter().any(|score| score.is_nan()) {
        return false;
    }
    let order = best_first(scores);
    for same in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        let more = same.iter().filter(|&&place| positive[place]).count();
        each(more as f64, (same.len() - more) as f64);
    }
    true
}
