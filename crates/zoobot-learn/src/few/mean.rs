//! The nearest class mean: each galaxy is given the class whose mean direction is nearest to its own.
//!
//! Features are centred on the survey's mean, so that a direction says how a galaxy differs from the average
//! galaxy of the survey, and lengths are ignored (Wang et al. 2019, arXiv:1911.04623).

use super::ground::{Evidence, Ground, direction, directions, probabilities};
use ndarray::{Array1, Array2};

/// The factor of the cosine where no example can be left out.
const SHARPNESS: f64 = 8.0;

/// Predicts by the nearest class mean.
pub fn nearest_mean(ground: &Ground) -> Evidence {
    let examples = directions(ground.scaling.apply(ground.examples));
    let mut sums = Array2::<f64>::zeros((ground.classes, examples.ncols()));
    for (row, &class) in ground.of.iter().enumerate() {
        let mut sum = sums.row_mut(class);
        sum += &examples.row(row);
    }
    let means = directions(sums.clone());
    let mut left_out = examples.dot(&means.t());
    for &row in &ground.judged {
        let class = ground.of[row];
        let others: Array1<f64> = &sums.row(class) - &examples.row(row);
        left_out[[row, class]] = direction(others).dot(&examples.row(row));
    }
    let sharpness = ground.sharpness(&left_out, SHARPNESS);
    let survey =
        ground.of_survey(|rows| probabilities(&directions(rows).dot(&means.t()), sharpness));
    Evidence { left_out: probabilities(&left_out, sharpness), survey, strength: sharpness }
}
