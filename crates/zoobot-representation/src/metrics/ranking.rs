//! Figures that depend on the order of the scores alone.

use super::{best_first, paired};

/// The area under the receiver operating characteristic: how often a positive has a higher score
/// than a negative, where equal scores count half. 0.5 for random scores.
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

/// Average precision: the sum over distinct scores, from the highest, of the step in recall times
/// the precision down to there. For random scores it is the share of positives.
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

/// The share of the positive among the `n` highest scores; NaN for 0 and for more than there are.
pub fn precision_at(n: usize, scores: &[f64], positive: &[bool]) -> f64 {
    if n == 0 || n > scores.len() || !paired(scores, positive) {
        return f64::NAN;
    }
    best_first(scores)[..n].iter().filter(|&&place| positive[place]).count() as f64 / n as f64
}

/// The rank-weighted score of the `n` highest: `sum of (n - i) over the positive at places i from 0`,
/// divided by its largest value, n (n + 1) / 2 (Walmsley et al. 2022, after Lochner & Bassett 2021).
/// 1 where all of them are positive; NaN for 0 and for more than there are.
pub fn rank_weighted_score(n: usize, scores: &[f64], positive: &[bool]) -> f64 {
    if n == 0 || n > scores.len() || !paired(scores, positive) {
        return f64::NAN;
    }
    let order = best_first(scores);
    let weights = order[..n].iter().enumerate().filter(|(_, place)| positive[**place]);
    let sum: usize = weights.map(|(i, _)| n - i).sum();
    sum as f64 / (n * (n + 1) / 2) as f64
}

/// Hands every distinct score, from the highest, to `each`: how many positives and how many
/// negatives have it. False where there is nothing to compare.
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
