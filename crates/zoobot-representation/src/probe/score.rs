//! Measures of predictions, by name.

use crate::metrics::{accuracy, average_precision, f1, log_loss, r2, rmse, roc_auc, spearman};
use ndarray::{Array2, ArrayView1};
use zoobot_data::catalog::Target;

/// Measures for classes.
const OF_CLASSES: [&str; 5] = ["accuracy", "auc", "average_precision", "f1", "log_loss"];
/// Measures for numbers.
const OF_NUMBERS: [&str; 3] = ["rmse", "r2", "spearman"];

/// The names of the available measures.
pub fn measures(target: &Target) -> &'static [&'static str] {
    match target {
        Target::Classes { .. } => &OF_CLASSES,
        Target::Numbers(_) => &OF_NUMBERS,
    }
}

/// The loss of predictions, summed over these rows: log loss or squared error.
pub fn loss(target: &Target, rows: &[usize], predicted: &Array2<f64>) -> f64 {
    let rows = rows.iter().zip(predicted.rows());
    match target {
        Target::Classes { of, .. } => {
            let given: Vec<f64> = rows.map(|(&row, values)| values[of[row]]).collect();
            log_loss(&given) * given.len() as f64
        }
        Target::Numbers(truth) => rows.map(|(&row, values)| (values[0] - truth[row]).powi(2)).sum(),
    }
}

/// The index of the largest probability, or the first of equal ones.
pub fn likeliest(all: ArrayView1<f64>) -> usize {
    let best = all.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)));
    best.map_or(0, |(class, _)| class)
}

/// The value of one of the [`measures`] over the galaxies in `places`. For more than two classes, it is
/// the mean over the classes, each against all others; for two, the second class is the positive one.
pub fn among(name: &str, target: &Target, predictions: &Array2<f64>, places: &[usize]) -> f64 {
    let column = |i| places.iter().map(|&row| predictions[[row, i]]).collect::<Vec<_>>();
    match target {
        Target::Numbers(truth) => {
            let truth: Vec<f64> = places.iter().map(|&row| truth[row]).collect();
            match name {
                "rmse" => rmse(&column(0), &truth),
                "r2" => r2(&column(0), &truth),
                _ => spearman(&column(0), &truth),
            }
        }
        Target::Classes { names, of } => {
            let truth: Vec<usize> = places.iter().map(|&row| of[row]).collect();
            let is = |all: &[usize], class| all.iter().map(|&it| it == class).collect::<Vec<_>>();
            // Each class against the others; of two classes, only the second.
            let first = if names.len() == 2 { 1 } else { 0 };
            let mean = |of: &dyn Fn(usize) -> f64| {
                let all = first..names.len();
                all.clone().map(of).sum::<f64>() / all.len() as f64
            };
            let found =
                || places.iter().map(|&row| likeliest(predictions.row(row))).collect::<Vec<_>>();
            match name {
                "accuracy" => accuracy(&found(), &truth),
                "auc" => mean(&|it| roc_auc(&column(it), &is(&truth, it))),
                "average_precision" => mean(&|it| average_precision(&column(it), &is(&truth, it))),
                "f1" => {
                    let found = found();
                    mean(&|it| f1(&is(&found, it), &is(&truth, it)))
                }
                _ => {
                    let given = places.iter().zip(&truth);
                    let given = given.map(|(&row, &class)| predictions[[row, class]]);
                    log_loss(&given.collect::<Vec<_>>())
                }
            }
        }
    }
}
