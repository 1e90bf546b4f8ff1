//! A head for one question on frozen features, fitted by the likelihood of votes.
//!
//! The concentrations of a galaxy are a total times a softmax of linear scores: the Dirichlet-multinomial
//! likelihood of Walmsley et al. 2022 (MNRAS 509, 3966) with one total for the question. The penalty on the
//! weights is a Gaussian prior, so that its influence falls as labels come in.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, s};
use serde::{Deserialize, Serialize};
use zoobot_base::error::Result;
use zoobot_base::minimise::{Enough, minimise};
use zoobot_learn::train::{ln_probability, question_loss};

/// When a fit has converged, in nats of all votes together.
const ENOUGH: Enough = Enough { slope: 1e-2, gain: 1e-3 };
/// The smallest concentration.
const LEAST: f64 = 1e-6;
/// The prior of the logarithm of the total: mean and deviation.
const TOTAL: (f64, f64) = (3.0, 2.0);
/// The penalty on squared intercepts, which keeps them finite when all votes are for one answer.
const INTERCEPT: f64 = 0.01;
/// The bounds of every variable, in units of scores.
const BOUNDS: (f64, f64) = (-1e4, 1e4);

/// The linear scores of a question's answers, and the logarithm of its total.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinearVotes {
    /// The number of answers.
    pub answers: usize,
    /// One row for each answer, or a single row for two answers (the score of the first): the weights of the
    /// features, then the intercept.
    pub weights: Vec<Vec<f64>>,
    /// The logarithm of the total concentration.
    pub ln_total: f64,
}

impl LinearVotes {
    /// A head that expects the same of all galaxies.
    fn flat(answers: usize, width: usize) -> Self {
        let rows = if answers == 2 { 1 } else { answers };
        Self { answers, weights: vec![vec![0.0; width + 1]; rows], ln_total: TOTAL.0 }
    }

    /// The weights and the intercepts.
    pub fn parts(&self) -> (Array2<f64>, Array1<f64>) {
        let width = self.weights.first().map_or(0, |it| it.len() - 1);
        let weights =
            Array2::from_shape_fn((self.weights.len(), width), |(row, j)| self.weights[row][j]);
        (weights, self.weights.iter().map(|it| it[width]).collect())
    }
}

/// Turns the scores of one galaxy into vote fractions.
pub fn fractions(scores: ArrayView1<'_, f64>, to: &mut [f64]) {
    if scores.len() == 1 {
        to[0] = 1.0 / (1.0 + (-scores[0]).exp());
        to[1] = 1.0 / (1.0 + scores[0].exp());
        return;
    }
    let largest = scores.iter().copied().fold(f64::MIN, f64::max);
    to.iter_mut().zip(scores).for_each(|(to, score)| *to = (score - largest).exp());
    let total: f64 = to.iter().sum();
    to.iter_mut().for_each(|it| *it /= total);
}

/// Turns vote fractions into concentrations.
pub fn concentrated(fractions: &mut [f64], ln_total: f64) {
    let total = ln_total.exp();
    fractions.iter_mut().for_each(|it| *it = (*it * total).max(LEAST));
}

/// Galaxies to fit a head to.
#[derive(Debug, Clone)]
pub struct VoteFit<'a> {
    /// `[galaxies, features]`
    pub features: ArrayView2<'a, f64>,
    /// `[galaxies, answers]`
    pub votes: ArrayView2<'a, f64>,
    /// How often each galaxy counts.
    pub counts: Vec<f64>,
    /// The penalty on the squared weights.
    pub penalty: f64,
    /// The weights that cost nothing, as [`LinearVotes::weights`] without intercepts; none for zeros.
    pub anchor: Option<Array2<f64>>,
}

impl VoteFit<'_> {
    /// Fits a head, from an earlier one if there is one.
    pub fn solve(&self, start: Option<&LinearVotes>) -> Result<LinearVotes> {
        let used: Vec<usize> = (0..self.counts.len())
            .filter(|row| self.counts[*row] > 0.0 && self.votes.row(*row).sum() > 0.0)
            .collect();
        let (answers, width) = (self.votes.ncols(), self.features.ncols());
        let features = self.features.select(Axis(0), &used);
        let votes = self.votes.select(Axis(0), &used);
        let counts: Vec<f64> = used.iter().map(|row| self.counts[*row]).collect();
        let mut fallback = LinearVotes::flat(answers, width);
        if let Some(anchor) = &self.anchor {
            for (row, anchor) in fallback.weights.iter_mut().zip(anchor.rows()) {
                row.iter_mut().zip(anchor).for_each(|(weight, anchor)| *weight = *anchor);
            }
        }
        let start = start.filter(|it| it.weights.iter().all(|row| row.len() == width + 1));
        let start = start.unwrap_or(&fallback);
        let rows = start.weights.len();
        // Each variable is scaled by the root of its curvature, so that the search is short.
        let mut curvature = vec![self.penalty.max(1e-6); width];
        for (row, count) in features.rows().into_iter().zip(&counts) {
            curvature.iter_mut().zip(row).for_each(|(sum, x)| *sum += count * x * x);
        }
        let all: f64 = counts.iter().sum();
        let mut scale: Vec<f64> = curvature.iter().map(|it| (it / (1.0 + all)).sqrt()).collect();
        scale.push(1.0);
        let last = 0.7;
        let anchor = self.anchor.clone().unwrap_or_else(|| Array2::zeros((rows, width)));
        let unscaled = |u: &[f64]| {
            let weights = Array2::from_shape_fn((rows, width + 1), |(k, j)| {
                u[k * (width + 1) + j] / scale[j]
            });
            (weights, u[rows * (width + 1)] / last)
        };
        let objective = |u: &[f64]| -> Result<(f64, Vec<f64>)> {
            let (weights, ln_total) = unscaled(u);
            let slopes = weights.slice(s![.., ..width]);
            let mut scores = features.dot(&slopes.t());
            scores += &weights.column(width);
            let mut loss = 0.0;
            let (mut p, mut gradient) = (vec![0.0; answers], vec![0.0; answers]);
            let mut of_total = 0.0;
            for ((mut row, votes), count) in
                scores.rows_mut().into_iter().zip(votes.rows()).zip(&counts)
            {
                fractions(row.view(), &mut p);
                let mut alpha = p.clone();
                concentrated(&mut alpha, ln_total);
                gradient.fill(0.0);
                let votes = votes.as_slice().unwrap_or_default();
                loss += count * question_loss(&alpha, votes, *count, &mut gradient);
                let all: f64 = gradient.iter().zip(&alpha).map(|(g, a)| g * a).sum();
                of_total += all;
                // The scores are no longer needed: their place takes the derivatives.
                for (k, to) in row.iter_mut().enumerate() {
                    *to = gradient[k] * alpha[k] - p[k] * all;
                }
            }
            let change = &slopes - &anchor;
            loss += 0.5 * self.penalty * change.iter().map(|it| it * it).sum::<f64>();
            let away = (ln_total - TOTAL.0) / TOTAL.1;
            loss += 0.5 * away * away;
            let of_weights = scores.t().dot(&features) + self.penalty * change;
            let of_intercepts = scores.sum_axis(Axis(0));
            let mut slope = Vec::with_capacity(u.len());
            for k in 0..rows {
                slope.extend((0..width).map(|j| of_weights[[k, j]] / scale[j]));
                slope.push((of_intercepts[k] + INTERCEPT * weights[[k, width]]) / scale[width]);
            }
            loss += 0.5 * INTERCEPT * weights.column(width).iter().map(|it| it * it).sum::<f64>();
            slope.push((of_total + away / TOTAL.1) / last);
            Ok((loss, slope))
        };
        let mut at = Vec::with_capacity(rows * (width + 1) + 1);
        for row in &start.weights {
            at.extend(row.iter().zip(&scale).map(|(weight, scale)| weight * scale));
        }
        at.push(start.ln_total * last);
        let found = minimise(&at, BOUNDS, ENOUGH, objective)?;
        let (weights, ln_total) = unscaled(&found.at);
        let weights = weights.rows().into_iter().map(|it| it.to_vec()).collect();
        Ok(LinearVotes { answers, weights, ln_total })
    }
}

/// Minus the logarithm of the probability of votes in the mixture of the members.
///
/// # Shapes
/// `concentrations` is `[answers, members]`.
pub fn mixture_loss(concentrations: ArrayView2<'_, f64>, votes: &[f64]) -> f64 {
    let members = concentrations.ncols() as f64;
    let each: Vec<f64> = concentrations
        .columns()
        .into_iter()
        .map(|member| ln_probability(&member.to_vec(), votes))
        .collect();
    let largest = each.iter().copied().fold(f64::MIN, f64::max);
    let sum: f64 = each.iter().map(|ln| (ln - largest).exp()).sum();
    -(largest + (sum / members).ln())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    /// Galaxies whose votes follow from two features, and noise in a third.
    fn galaxies(count: usize, answers: usize) -> (Array2<f64>, Array2<f64>) {
        let mut rng = StdRng::seed_from_u64(5);
        let features = Array2::from_shape_fn((count, 3), |_| rng.random_range(-1.7..1.7));
        let mut votes = Array2::zeros((count, answers));
        for (row, mut votes) in features.rows().into_iter().zip(votes.rows_mut()) {
            let scores = Array1::from_shape_fn(answers, |k| [1.5 * row[0], row[1], 0.0][k]);
            let mut p = vec![0.0; answers];
            fractions(scores.view(), &mut p);
            for _ in 0..30 {
                let mut at = rng.random::<f64>();
                let place = p.iter().position(|share| {
                    at -= share;
                    at < 0.0
                });
                votes[place.unwrap_or(0)] += 1.0;
            }
        }
        (features, votes)
    }

    fn fit<'a>(features: &'a Array2<f64>, votes: &'a Array2<f64>, penalty: f64) -> VoteFit<'a> {
        let counts = vec![1.0; votes.nrows()];
        VoteFit { features: features.view(), votes: votes.view(), counts, penalty, anchor: None }
    }

    #[test]
    fn a_head_finds_the_scores_that_votes_were_drawn_from() {
        let (features, votes) = galaxies(3000, 3);
        let found = fit(&features, &votes, 0.1).solve(None).unwrap();
        let slope = |k: usize, j: usize| found.weights[k][j] - found.weights[2][j];
        for (k, j, expected) in [(0, 0, 1.5), (0, 1, 0.0), (1, 1, 1.0), (1, 0, 0.0), (0, 2, 0.0)] {
            assert!((slope(k, j) - expected).abs() < 0.03, "{k} {j}: {}", slope(k, j));
        }
        // The votes were multinomial: the total is large.
        assert!(found.ln_total > 4.5, "{}", found.ln_total);
        let (features, votes) = galaxies(3000, 2);
        let found = fit(&features, &votes, 0.1).solve(None).unwrap();
        let expected = [1.5, -1.0, 0.0];
        assert_eq!(found.weights.len(), 1);
        assert!((0..3).all(|j| (found.weights[0][j] - expected[j]).abs() < 0.03), "{found:?}");
    }

    #[test]
    fn a_fit_ends_at_the_same_place_from_any_start_and_stays_near_an_anchor() {
        let (features, votes) = galaxies(200, 2);
        let task = fit(&features, &votes, 3.0);
        let cold = task.solve(None).unwrap();
        let far = LinearVotes { answers: 2, weights: vec![vec![3.0; 4]], ln_total: 1.0 };
        let warm = task.solve(Some(&far)).unwrap();
        for (a, b) in cold.weights[0].iter().zip(&warm.weights[0]) {
            assert!((a - b).abs() < 0.01, "{cold:?} {warm:?}");
        }
        let anchor = Some(Array2::from_elem((1, 3), -4.0));
        let held = VoteFit { penalty: 1e7, anchor, ..task }.solve(None).unwrap();
        assert!(held.weights[0][..3].iter().all(|it| (it + 4.0).abs() < 0.01), "{held:?}");
    }

    #[test]
    fn votes_for_one_answer_alone_leave_all_numbers_finite() {
        let features =
            Array2::from_shape_fn((20, 2), |(row, j)| (row as f64 * [1.0, 0.3][j]).sin());
        let votes = Array2::from_shape_fn((20, 2), |(_, j)| [10.0, 0.0][j]);
        let found = fit(&features, &votes, 1.0).solve(None).unwrap();
        assert!(found.weights[0].iter().all(|it| it.is_finite()) && found.ln_total.is_finite());
        assert!(found.weights[0][2] > 3.0, "{found:?}");
    }

    #[test]
    fn a_mixture_is_judged_by_its_mean_probability() {
        // Two members, sure of opposite answers: one vote has the probability 1/2.
        let members = ndarray::array![[99.0, 1.0], [1.0, 99.0]];
        assert!((mixture_loss(members.view(), &[1.0, 0.0]) - 2f64.ln()).abs() < 1e-12);
    }
}
