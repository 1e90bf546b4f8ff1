//! Linear probes of a few examples: ridge and logistic regression, with the strength of the penalty chosen by
//! predicting examples that are left out.

use super::ground::{Evidence, Ground, probabilities};
use ndarray::{Array2, Axis, concatenate};
use rayon::prelude::*;
use zoobot_base::error::{Error, Result};
use zoobot_base::interrupt;
use zoobot_data::catalog::Target;
use zoobot_representation::probe::Shares;
use zoobot_representation::probe::basis::{Basis, Linear};
use zoobot_representation::probe::folds::{divide, part};
use zoobot_representation::probe::logistic::{Logistic, ROUGH};

/// The number of examples up to which logistic regression leaves out each one in turn.
const EACH: usize = 60;
/// The number of parts that are left out with more examples.
const FOLDS: usize = 10;
/// The tolerance of the last fit.
const FINE: f64 = 1e-10;
/// The factor of ridge scores where no example can be left out.
const SHARPNESS: f64 = 3.0;
/// The penalty per feature where no example can be left out.
const PENALTY: f64 = 1.0;

/// The penalties to choose from, strongest first: two per factor of ten.
fn penalties() -> impl Iterator<Item = f64> {
    (0..13).map(|i| 10_f64.powf(5.0 - 0.5 * f64::from(i)))
}

/// Ridge regression of 1 for the class of an example and -1 for the others. The penalty has the lowest squared
/// error when each example is left out, in closed form.
pub fn ridge(ground: &Ground) -> Result<Evidence> {
    let (basis, coordinates) = Basis::scaled(ground.examples, ground.scaling.clone())?;
    let side = |class: usize| -> Vec<f64> {
        ground.of.iter().map(|&it| if it == class { 1.0 } else { -1.0 }).collect()
    };
    let sides: Vec<Vec<f64>> = (0..ground.classes).map(side).collect();
    let left_out = |penalty: f64| {
        let mut scores = Array2::zeros((ground.of.len(), ground.classes));
        for (class, values) in sides.iter().enumerate() {
            let found = basis.ridge_left_out(&coordinates, values, penalty);
            scores.column_mut(class).assign(&found);
        }
        scores
    };
    let error = |penalty: f64| -> f64 {
        let scores = left_out(penalty);
        let of = |row: &usize| -> f64 {
            let pairs = sides.iter().enumerate();
            pairs.map(|(class, values)| (scores[[*row, class]] - values[*row]).powi(2)).sum()
        };
        ground.judged.iter().map(of).sum()
    };
    let penalty = match ground.judged.is_empty() {
        true => PENALTY * ground.examples.ncols() as f64,
        false => {
            let all = penalties().map(|it| (it, error(it))).filter(|it| it.1.is_finite());
            all.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(1.0, |it| it.0)
        }
    };
    let scores = left_out(penalty);
    let sharpness = ground.sharpness(&scores, SHARPNESS);
    let fits: Vec<Linear> =
        sides.iter().map(|values| basis.ridge(&coordinates, values, penalty)).collect();
    let survey = basis.coordinates(ground.survey)?;
    let columns: Vec<Array2<f64>> = fits.iter().map(|fit| fit.apply(&survey)).collect();
    let views: Vec<_> = columns.iter().map(|it| it.view()).collect();
    let survey =
        concatenate(Axis(1), &views).map_err(Error::internal("the scores of ridge regression"))?;
    Ok(Evidence {
        left_out: probabilities(&scores, sharpness),
        survey: probabilities(&survey, sharpness),
        strength: penalty,
    })
}

/// Logistic regression. The penalty has the lowest loss when examples are left out: each one in turn, or a
/// tenth at a time of more than sixty.
pub fn logistic(ground: &Ground, seed: u64) -> Result<Evidence> {
    let (basis, coordinates) = Basis::scaled(ground.examples, ground.scaling.clone())?;
    let shares = Shares::of_classes(&ground.of, ground.classes);
    let count = ground.of.len();
    let even = 1.0 / ground.classes as f64;
    let mut best: Option<(f64, f64, Array2<f64>)> = None;
    if !ground.judged.is_empty() {
        let sides = sides(ground, seed)?;
        let mut fits: Vec<(Logistic, Array2<f64>)> = sides
            .iter()
            .map(|(learn, held)| {
                let on = coordinates.select(Axis(0), held);
                (Logistic::new(&coordinates, &shares, learn, ROUGH), on)
            })
            .collect();
        for penalty in penalties() {
            interrupt::check("few examples", || "the choice of a penalty".to_owned())?;
            let fitted: Result<Vec<Array2<f64>>> = fits
                .par_iter_mut()
                .map(|(fit, on)| Ok(fit.with(penalty)?.probabilities(on)))
                .collect();
            // Weaker penalties do not converge either.
            let Ok(fitted) = fitted else { break };
            let mut left_out = Array2::from_elem((count, ground.classes), even);
            for ((_, held), found) in sides.iter().zip(&fitted) {
                for (&row, found) in held.iter().zip(found.rows()) {
                    left_out.row_mut(row).assign(&found);
                }
            }
            let loss = ground.loss(&left_out);
            if best.as_ref().is_none_or(|(_, least, _)| loss < *least) {
                best = Some((penalty, loss, left_out));
            }
        }
    }
    let (penalty, left_out) = match best {
        Some((penalty, _, left_out)) => (penalty, left_out),
        None => {
            let usual = PENALTY * ground.examples.ncols() as f64;
            (usual, Array2::from_elem((count, ground.classes), even))
        }
    };
    let all: Vec<usize> = (0..count).collect();
    let fit = Logistic::new(&coordinates, &shares, &all, FINE).with(penalty)?;
    let survey = fit.probabilities(&basis.coordinates(ground.survey)?);
    Ok(Evidence { left_out, survey, strength: penalty })
}

/// The logistic regression with a penalty, as a function of the scaled features.
pub fn logistic_of_scaled(ground: &Ground, penalty: f64) -> Result<Linear> {
    let (basis, coordinates) = Basis::scaled(ground.examples, ground.scaling.clone())?;
    let shares = Shares::of_classes(&ground.of, ground.classes);
    let all: Vec<usize> = (0..ground.of.len()).collect();
    let fit = Logistic::new(&coordinates, &shares, &all, FINE).with(penalty)?;
    Ok(basis.of_scaled(&fit.0))
}

/// The examples to fit on and those to predict, for each part that is left out.
fn sides(ground: &Ground, seed: u64) -> Result<Vec<(Vec<usize>, Vec<usize>)>> {
    let count = ground.of.len();
    let division = if count <= EACH {
        (0..count).collect()
    } else {
        let smallest = ground.counts().into_iter().min().unwrap_or(0);
        let names = (0..ground.classes).map(|it| it.to_string()).collect();
        let target = match smallest {
            2.. => Target::Classes { names, of: ground.of.clone() },
            _ => Target::Numbers(vec![0.0; count]),
        };
        divide(&target, if smallest >= 2 { FOLDS.min(smallest) } else { FOLDS }, seed)?
    };
    let parts = division.iter().max().map_or(0, |it| it + 1);
    Ok((0..parts).map(|it| part(&division, it)).collect())
}
