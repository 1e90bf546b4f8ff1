//! The linear probe: a quick test of whether a representation can answer a question.
//!
//! A [`Probe`] fits a simple model to fixed features: logistic regression for classes, and ridge
//! regression for numbers. It predicts every galaxy with a model that was not fitted to it
//! (cross-validation). A fine-tuned network should do at least as well, and probes compare
//! representations without training a network.

#[doc(hidden)]
pub mod basis;
#[doc(hidden)]
pub mod folds;
#[doc(hidden)]
pub mod logistic;
mod outcome;
#[doc(hidden)]
pub mod scaling;
#[doc(hidden)]
pub mod score;
mod target;

pub use basis::Basis;
pub use logistic::{Logistic, Shares};
pub use outcome::Probed;

use crate::space::Space;
use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use zoobot_base::error::{Error, Result};
use zoobot_base::interrupt;
use zoobot_base::seed::{self, mixed};
use zoobot_data::catalog::Target;

/// A linear probe of a column of the catalogue.
///
/// Features are standardised on the fitted galaxies. The penalty is as in scikit-learn's
/// `Ridge(alpha=penalty)` and `LogisticRegression(C=1 / penalty)`, without a penalty on the intercept.
/// It is chosen for each fold by nested validation within the fitted galaxies: for numbers by the
/// leave-one-out squared error, for classes by the cross-validated log loss, from the strongest penalty
/// on until the loss rises. If `penalties` has one value, that value is used.
///
/// ```
/// use zoobot_core::probe::Probe;
/// let probe = Probe::of("ring").seed(3).folds(10).penalties([100.0]);
/// assert_eq!((probe.seed, probe.folds), (3, 10));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Probe {
    /// The column to predict. Text, true or false, and whole numbers with at most ten values are
    /// classes; other values are predicted as numbers.
    pub label: String,
    /// Whether the label holds numbers (`true`) or classes (`false`), instead of detecting it. Default
    /// none.
    pub numbers: Option<bool>,
    /// The number of folds into which galaxies are divided; each is predicted from the others. Default
    /// 5.
    pub folds: usize,
    /// The seed of the division into folds and of the bootstrap. Default 0.
    pub seed: u64,
    /// The penalties to choose from. Default 1, 10, ... 100,000.
    pub penalties: Vec<f64>,
}

impl Default for Probe {
    fn default() -> Self {
        let penalties = (0..6).map(|power| 10_f64.powi(power)).collect();
        Self { label: String::new(), numbers: None, folds: 5, seed: seed::DEFAULT, penalties }
    }
}

impl Space {
    /// Tests whether this representation can predict a column of the catalogue, with a [`Probe`] with
    /// default settings. Galaxies without a value are left out.
    ///
    /// ```
    /// use zoobot_core::{ndarray::Array2, prelude::*};
    /// let galaxies = Catalog::sample()?;
    /// let features = Array2::from_shape_fn((600, 4), |(i, j)| (i * (j + 3) % 17) as f32);
    /// let space = Space::new(galaxies.ids().to_vec(), features)?.with_catalog(&galaxies)?;
    /// let probed = space.probe("ring")?;
    /// assert!((0.3..0.7).contains(&probed.measure("auc")?.value)); // these features know nothing
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Probe::run`].
    pub fn probe(&self, label: &str) -> Result<Probed> {
        Probe::of(label).run(self)
    }
}

impl Probe {
    /// A probe of a column with the default settings.
    pub fn of(label: impl Into<String>) -> Self {
        Self { label: label.into(), ..Self::default() }
    }

    /// Sets the seed.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Sets the number of folds.
    pub fn folds(self, folds: usize) -> Self {
        Self { folds, ..self }
    }

    /// Sets the penalties to choose from.
    pub fn penalties(self, penalties: impl Into<Vec<f64>>) -> Self {
        Self { penalties: penalties.into(), ..self }
    }

    /// Treats the label as numbers in any case.
    pub fn numbers(self) -> Self {
        Self { numbers: Some(true), ..self }
    }

    /// Treats the label as classes in any case.
    pub fn classes(self) -> Self {
        Self { numbers: Some(false), ..self }
    }

    /// Predicts every galaxy that has a label with a model fitted on the other folds.
    ///
    /// # Errors
    /// [`Error::Missing`] when the space has no catalogue or the catalogue no such column;
    /// [`Error::Parameter`] for a setting out of its range; [`Error::Unsuitable`] for a label that does
    /// not vary, or a class with fewer galaxies than folds; [`Error::Catalog`] for numbers that are not
    /// finite; [`Error::Interrupted`] when stopped.
    pub fn run(&self, space: &Space) -> Result<Probed> {
        self.check()?;
        let (rows, target) = target::read(space.known_catalog()?, &self.label, self.numbers)?;
        let known;
        let features = match rows.len() == space.len() {
            true => space.features(),
            false => {
                known = space.features().select(Axis(0), &rows);
                known.view()
            }
        };
        let ids = rows.iter().map(|&row| space.ids()[row].clone()).collect();
        self.on(ids, features, target, space.len() - rows.len())
    }

    fn check(&self) -> Result<()> {
        if self.folds < 2 {
            return Err(Error::parameter("folds", self.folds, "at least 2"));
        }
        if self.penalties.is_empty() {
            return Err(Error::empty("there are no penalties to choose from", "Give at least one"));
        }
        match self.penalties.iter().find(|it| !it.is_finite() || **it <= 0.0) {
            Some(wrong) => Err(Error::parameter("penalty", wrong, "a finite number above 0")),
            None => Ok(()),
        }
    }

    /// Runs the probe on galaxies that all have a label.
    fn on(
        &self,
        ids: Vec<String>,
        features: ArrayView2<f32>,
        target: Target,
        unlabelled: usize,
    ) -> Result<Probed> {
        let parts = folds::divide(&target, self.folds, self.seed)?;
        let fold = |part: usize| -> Result<(Vec<usize>, Array2<f64>, f64)> {
            interrupt::check("probe", || format!("some of {} folds", self.folds))?;
            let (fitted, held) = folds::part(&parts, part);
            let (basis, coordinates) = Basis::fit(features.select(Axis(0), &fitted).view())?;
            let on = basis.coordinates(features.select(Axis(0), &held).view())?;
            let inner = target.select(&fitted);
            let (predicted, penalty) = match &inner {
                Target::Numbers(values) => {
                    let penalty = self.best_for_numbers(&basis, &coordinates, values);
                    (basis.ridge(&coordinates, values, penalty).apply(&on), penalty)
                }
                Target::Classes { names, of } => {
                    let penalty = self.best_for_classes(&coordinates, &inner)?;
                    let all: Vec<usize> = (0..of.len()).collect();
                    let shares = Shares::of_classes(of, names.len());
                    let mut fit = Logistic::new(&coordinates, &shares, &all, logistic::EXACT);
                    (fit.with(penalty)?.probabilities(&on), penalty)
                }
            };
            Ok((held, predicted, penalty))
        };
        let mut predictions = Array2::zeros((features.nrows(), target.width()));
        let mut penalties = Vec::with_capacity(self.folds);
        for (held, predicted, penalty) in each(self.folds, features.len(), fold)? {
            for (row, values) in held.into_iter().zip(predicted.rows()) {
                predictions.row_mut(row).assign(&values);
            }
            penalties.push(penalty);
        }
        Ok(Probed { probe: self.clone(), ids, target, predictions, penalties, unlabelled })
    }

    /// The penalties, strongest first.
    fn strongest_first(&self) -> Vec<f64> {
        let mut penalties = self.penalties.clone();
        penalties.sort_by(|a, b| b.total_cmp(a));
        penalties
    }

    /// The penalty with the lowest leave-one-out squared error of ridge regression.
    fn best_for_numbers(&self, basis: &Basis, of: &Array2<f64>, values: &[f64]) -> f64 {
        let penalties = self.strongest_first();
        let loss = |penalty: f64| -> f64 {
            let predicted = basis.ridge_left_out(of, values, penalty);
            predicted.iter().zip(values).map(|(a, b)| (a - b).powi(2)).sum()
        };
        let losses = penalties.iter().map(|&penalty| (penalty, loss(penalty)));
        losses.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(penalties[0], |(penalty, _)| penalty)
    }

    /// The penalty with the lowest cross-validated log loss of logistic regression.
    fn best_for_classes(&self, of: &Array2<f64>, target: &Target) -> Result<f64> {
        let penalties = self.strongest_first();
        let (Target::Classes { names, of: classes }, [strongest, _, ..]) = (target, &penalties[..])
        else {
            return Ok(penalties[0]);
        };
        // The smallest class may have lost galaxies to the outer fold.
        let count = self.folds.min(target.smallest_class()).max(2);
        let folds = folds::divide(target, count, mixed(self.seed, 0))?;
        let parts: Vec<_> = (0..count).map(|part| folds::part(&folds, part)).collect();
        let held: Vec<_> = parts.iter().map(|(_, on)| of.select(Axis(0), on)).collect();
        let shares = Shares::of_classes(classes, names.len());
        let mut fits: Vec<_> = parts
            .iter()
            .map(|(rows, _)| Logistic::new(of, &shares, rows, logistic::ROUGH))
            .collect();
        let mut best = (*strongest, f64::INFINITY);
        for penalty in penalties.iter().copied() {
            let mut loss = 0.0;
            for ((fit, (_, rows)), on) in fits.iter_mut().zip(&parts).zip(&held) {
                loss += score::loss(target, rows, &fit.with(penalty)?.probabilities(on));
            }
            if loss > best.1 {
                // Weaker penalties give a larger loss and take longest to fit.
                break;
            }
            best = (penalty, loss);
        }
        Ok(best.0)
    }
}

/// The number of feature values above which folds run one after another, since each copies the features
/// in double precision.
const LARGE: usize = 1 << 25;

/// Applies a function to the numbers below `count`, in parallel unless the features are large. Results
/// are in order.
fn each<T: Send>(
    count: usize,
    numbers: usize,
    one: impl Fn(usize) -> Result<T> + Sync + Send,
) -> Result<Vec<T>> {
    match numbers > LARGE {
        true => (0..count).map(one).collect(),
        false => (0..count).into_par_iter().map(one).collect(),
    }
}

#[cfg(test)]
mod tests;
