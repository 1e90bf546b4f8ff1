//! Heads that are solved for: a linear model with a penalty on its squared weights. The strength of the
//! penalty is chosen by predicting left-out galaxies.
//!
//! | question | model | left out |
//! |---|---|---|
//! | classes, several tags, shares of 0 to 1 | logistic regression | one fold at a time |
//! | numbers | ridge regression | each galaxy in turn |
//! | votes | for each question: multinomial logistic regression, a total by likelihood | one fold at a time |
//!
//! Features are scaled by [`Scaling::bounded`], so that an unusual picture can neither dominate a fit nor
//! receive an extreme prediction.

use super::Finetune;
use super::heads::Known;
use super::parts::{Part, parts};
use super::strength::{Choice, Strength};
use super::totals;
use super::truth::Truth;
use crate::train::Head;
use ndarray::{Array2, Axis, concatenate, s};
use rayon::prelude::*;
use std::collections::HashMap;
use tch::Tensor;
use zoobot_base::error::{Error, Result};
use zoobot_base::interrupt;
use zoobot_data::catalog::Target;
use zoobot_representation::probe::Shares;
use zoobot_representation::probe::basis::{Basis, Linear};
use zoobot_representation::probe::folds::{divide, part};
use zoobot_representation::probe::logistic::{Logistic, ROUGH};
use zoobot_representation::probe::scaling::Scaling;

/// The default number of folds.
const FOLDS: usize = 10;
/// The number of galaxies above which half as many folds are enough.
const MANY: usize = 2000;
/// The tolerance of the last fit: the weights are accurate to about 1e-5.
const FINE: f64 = 1e-10;
/// The number of weaker penalties without improvement after which the search ends.
const PATIENCE: usize = 3;

/// The penalties to choose from, strongest first: two per factor of ten.
fn penalties() -> impl Iterator<Item = f64> {
    (0..17).map(|i| 10_f64.powf(5.0 - 0.5 * f64::from(i)))
}

/// A head, and how its penalty was chosen.
#[derive(Debug)]
pub struct Solved {
    pub head: Head,
    pub strength: Strength,
    /// The outputs of the head's linear layer for each galaxy when it is left out: galaxies x rows.
    pub left_out: Array2<f64>,
}

/// Features with labels; several rows may be views of one galaxy.
pub struct Rows<'a> {
    pub known: &'a Known,
    /// The galaxy of each row; the first row of each galaxy is the original picture.
    pub galaxy: Vec<usize>,
}

impl<'a> Rows<'a> {
    /// For `count` galaxies, with rows ordered view by view.
    pub fn of(known: &'a Known, count: usize) -> Self {
        Self { known, galaxy: (0..known.truth.len()).map(|row| row % count.max(1)).collect() }
    }

    /// The row of each galaxy's original picture.
    fn originals(&self) -> Vec<usize> {
        let mut first = HashMap::new();
        self.galaxy.iter().enumerate().for_each(|(row, &galaxy)| {
            first.entry(galaxy).or_insert(row);
        });
        (0..first.len()).filter_map(|galaxy| first.get(&galaxy).copied()).collect()
    }
}

/// Solves for a head. The strength of each part's penalty is chosen with `folds` folds, or with a default for
/// the number of galaxies.
pub fn solve(finetune: &Finetune, rows: &Rows, folds: Option<usize>) -> Result<Solved> {
    let problem = Problem::new(finetune, rows)?;
    let mut fits = Vec::with_capacity(problem.parts.len());
    for place in 0..problem.parts.len() {
        interrupt::check("fine-tuning", || format!("{place} of {} fits", problem.parts.len()))?;
        fits.push(problem.choose(place, folds)?);
    }
    let left_out: Vec<_> = fits.iter().map(|it| it.left_out.view()).collect();
    let scores = concatenate(Axis(1), &left_out)
        .map_err(Error::internal("the table of left-out predictions"))?;
    let totals = problem.totals(&scores)?;
    let linear = fits.iter().zip(&problem.parts);
    let linear = linear.map(|(fit, (_, part))| problem.fit(part, fit.choice.penalty));
    let head = problem.head(&linear.collect::<Result<Vec<_>>>()?, &totals)?;
    let mut left_out = Array2::zeros((scores.nrows(), scores.ncols() + totals.len()));
    left_out.slice_mut(s![.., ..scores.ncols()]).assign(&scores);
    for (mut column, total) in
        left_out.slice_mut(s![.., scores.ncols()..]).columns_mut().into_iter().zip(&totals)
    {
        column.fill(*total);
    }
    let strength = Strength::new(fits.into_iter().map(|it| it.choice).collect(), totals);
    Ok(Solved { head, strength, left_out })
}

/// The head for penalties and totals that were chosen before.
pub fn solve_with(finetune: &Finetune, rows: &Rows, strength: &Strength) -> Result<Head> {
    let problem = Problem::new(finetune, rows)?;
    let choices = problem.parts.iter().zip(strength.choices());
    let linear = choices.map(|((_, part), choice)| problem.fit(part, choice.penalty));
    problem.head(&linear.collect::<Result<Vec<_>>>()?, strength.totals())
}

/// The fitting problem, in coordinates that make it quick to solve.
struct Problem<'a> {
    finetune: &'a Finetune,
    rows: &'a Rows<'a>,
    originals: Vec<usize>,
    basis: Basis,
    coordinates: Array2<f64>,
    parts: Vec<(String, Part)>,
}

/// A chosen penalty, and the predictions of its fits for left-out galaxies.
struct Fit {
    choice: Choice,
    /// Galaxies x rows of the head.
    left_out: Array2<f64>,
}

impl<'a> Problem<'a> {
    fn new(finetune: &'a Finetune, rows: &'a Rows<'a>) -> Result<Self> {
        let features = rows.known.features.view();
        let (basis, coordinates) = Basis::scaled(features, Scaling::bounded(features))?;
        let parts = parts(finetune, &rows.known.truth)?;
        Ok(Self { finetune, rows, originals: rows.originals(), basis, coordinates, parts })
    }

    /// Chooses the strength of one part's penalty.
    fn choose(&self, place: usize, folds: Option<usize>) -> Result<Fit> {
        let (name, part) = &self.parts[place];
        let views = self.originals.len() < self.rows.galaxy.len();
        let (tried, folds) = match part {
            Part::Numbers(values) if !views && folds.is_none() => {
                (self.each_left_out(values), self.originals.len())
            }
            _ => {
                let division = self.division(part, folds)?;
                let count = division.iter().max().map_or(0, |it| it + 1);
                let sides = self.sides(&division, count);
                let tried = match part {
                    Part::Numbers(values) => self.numbers_left_out(values, &sides)?,
                    Part::Shares { shares, .. } => {
                        let judged_by = part.judged_by(shares, &self.originals);
                        self.shares_left_out(shares, &judged_by, &sides)?
                    }
                };
                (tried, count)
            }
        };
        let best = tried.iter().min_by(|a, b| a.loss.total_cmp(&b.loss));
        let Some(best) = best else {
            let problem = "the fit did not converge with any penalty";
            return Err(Error::unsuitable(problem, "Look for features that are not finite"));
        };
        let choice = Choice {
            name: name.clone(),
            penalty: best.penalty,
            losses: tried.iter().map(|it| (it.penalty, it.loss)).collect(),
            galaxies: self.known(part),
            folds,
        };
        Ok(Fit { choice, left_out: part.expanded(&best.left_out) })
    }

    /// The number of galaxies for which a part is known.
    fn known(&self, part: &Part) -> usize {
        match part {
            Part::Numbers(_) => self.originals.len(),
            // Its weight exceeds that of the prior.
            Part::Shares { shares, .. } => {
                let least = shares.weights.iter().copied().fold(f64::INFINITY, f64::min);
                let more = |row: &&usize| shares.weights[**row] > 1.5 * least || least > 0.1;
                self.originals.iter().filter(more).count()
            }
        }
    }

    /// The fold of each galaxy.
    fn division(&self, of: &Part, folds: Option<usize>) -> Result<Vec<usize>> {
        let count = self.originals.len();
        let usual = if count > MANY { FOLDS / 2 } else { FOLDS };
        let seed = self.finetune.settings().seed;
        let target = of.target(&self.originals);
        let smallest = target.smallest_class();
        let folds = match folds {
            Some(folds) => folds,
            None if smallest >= 2 => usual.min(smallest),
            // A tag that is true for one galaxy only: the folds are not stratified.
            None => {
                let folds = usual.min(count).max(2);
                return divide(&Target::Numbers(vec![0.0; count]), folds, seed);
            }
        };
        divide(&target, folds, seed)
    }

    /// Ridge regression for every penalty, leaving out each galaxy in turn.
    fn each_left_out(&self, values: &[f64]) -> Vec<Tried> {
        let one = |penalty| {
            let left_out = self.basis.ridge_left_out(&self.coordinates, values, penalty);
            let loss = mean_square(left_out.iter().zip(values));
            Tried { penalty, loss, left_out: left_out.insert_axis(Axis(1)) }
        };
        penalties().map(one).filter(|it| it.loss.is_finite()).collect()
    }

    /// For each fold: the rows of all other galaxies, including their views, to fit on, and the galaxies of
    /// the fold.
    fn sides(&self, division: &[usize], count: usize) -> Vec<(Vec<usize>, Vec<usize>)> {
        let side = |fold: usize| {
            let rows = self.rows.galaxy.iter().enumerate();
            let others = rows.filter(|(_, galaxy)| division[**galaxy] != fold);
            (others.map(|(row, _)| row).collect(), part(division, fold).1)
        };
        (0..count).map(side).collect()
    }

    /// Ridge regression for every penalty, leaving out one fold at a time.
    fn numbers_left_out(
        &self,
        values: &[f64],
        sides: &[(Vec<usize>, Vec<usize>)],
    ) -> Result<Vec<Tried>> {
        let features = &self.rows.known.features;
        let penalties: Vec<f64> = penalties().collect();
        let mut all = vec![Array2::zeros((self.originals.len(), 1)); penalties.len()];
        for (learn, held) in sides {
            let some = features.select(Axis(0), learn);
            let (basis, fitted) = Basis::scaled(some.view(), self.basis.scaling().clone())?;
            let known: Vec<f64> = learn.iter().map(|&row| values[row]).collect();
            let rows: Vec<usize> = held.iter().map(|&it| self.originals[it]).collect();
            let on = basis.coordinates(features.select(Axis(0), &rows).view())?;
            for (penalty, left_out) in penalties.iter().zip(&mut all) {
                let found = basis.ridge(&fitted, &known, *penalty).apply(&on);
                held.iter().zip(found.column(0)).for_each(|(&row, it)| left_out[[row, 0]] = *it);
            }
        }
        let truth: Vec<f64> = self.originals.iter().map(|&row| values[row]).collect();
        let tried = penalties.into_iter().zip(all).map(|(penalty, left_out)| {
            let loss = mean_square(left_out.iter().zip(&truth));
            Tried { penalty, loss, left_out }
        });
        Ok(tried.filter(|it| it.loss.is_finite()).collect())
    }

    /// Logistic regression, leaving out one fold at a time, from the strongest penalty until weaker ones
    /// bring no improvement. Predictions are compared with the shares in `judged_by`.
    fn shares_left_out(
        &self,
        shares: &Shares,
        judged_by: &Shares,
        sides: &[(Vec<usize>, Vec<usize>)],
    ) -> Result<Vec<Tried>> {
        let on = |held: &[usize]| {
            let rows: Vec<usize> = held.iter().map(|&it| self.originals[it]).collect();
            self.coordinates.select(Axis(0), &rows)
        };
        let mut fits: Vec<(Logistic, Array2<f64>)> = sides
            .iter()
            .map(|(learn, held)| (Logistic::new(&self.coordinates, shares, learn, ROUGH), on(held)))
            .collect();
        let mut tried: Vec<Tried> = Vec::new();
        for penalty in penalties() {
            interrupt::check("fine-tuning", || format!("{} penalties", tried.len()))?;
            let fitted: Result<Vec<Array2<f64>>> =
                fits.par_iter_mut().map(|(fit, on)| Ok(fit.with(penalty)?.0.apply(on))).collect();
            let fitted = match fitted {
                Ok(fitted) => fitted,
                Err(stopped @ Error::Interrupted { .. }) => return Err(stopped),
                // If a fit does not converge with this penalty, neither it nor weaker ones are candidates.
                Err(_) => break,
            };
            let mut left_out = Array2::zeros((self.originals.len(), shares.shares.ncols()));
            for ((_, held), outputs) in sides.iter().zip(&fitted) {
                for (&galaxy, row) in held.iter().zip(outputs.rows()) {
                    left_out.row_mut(galaxy).assign(&row);
                }
            }
            let loss = judged_by.mean_loss(&self.originals, &left_out);
            if !loss.is_finite() {
                break;
            }
            tried.push(Tried { penalty, loss, left_out });
            let best = tried.iter().enumerate().min_by(|a, b| a.1.loss.total_cmp(&b.1.loss));
            if best.is_some_and(|(place, _)| tried.len() > place + PATIENCE) {
                break;
            }
        }
        Ok(tried)
    }

    /// The fit on all galaxies, expanded to one row of coordinates for each row of the head.
    fn fit(&self, of: &Part, penalty: f64) -> Result<Linear> {
        let linear = match of {
            Part::Numbers(values) => self.basis.ridge(&self.coordinates, values, penalty),
            Part::Shares { shares, .. } => {
                let rows: Vec<usize> = (0..shares.weights.len()).collect();
                Logistic::new(&self.coordinates, shares, &rows, FINE).with(penalty)?.0
            }
        };
        Ok(of.expanded_linear(linear))
    }

    /// The logarithm of each question's total, for votes.
    fn totals(&self, scores: &Array2<f64>) -> Result<Vec<f64>> {
        match &self.rows.known.truth {
            Truth::Votes(votes) => Ok(totals::fit(votes, &self.originals, scores)),
            _ => Ok(Vec::new()),
        }
    }

    fn head(&self, linear: &[Linear], totals: &[f64]) -> Result<Head> {
        let scaled: Vec<Linear> = linear.iter().map(|it| self.basis.of_scaled(it)).collect();
        let width = self.rows.known.features.ncols();
        let mut weights: Vec<f32> =
            scaled.iter().flat_map(|it| it.weights.iter().map(|it| *it as f32)).collect();
        let mut biases: Vec<f32> =
            scaled.iter().flat_map(|it| it.intercepts.iter().map(|it| *it as f32)).collect();
        weights.extend(std::iter::repeat_n(0.0, width * totals.len()));
        biases.extend(totals.iter().map(|it| *it as f32));
        let classes = self.rows.known.truth.classes();
        let config = self.finetune.question().head(classes, 0.0);
        let weight = Tensor::f_from_slice(&weights)?.f_view([biases.len() as i64, width as i64])?;
        Head::of(&config, &weight, &Tensor::f_from_slice(&biases)?)?
            .standardised(self.basis.scaling())
    }
}

/// The result of one penalty.
struct Tried {
    penalty: f64,
    /// The mean loss of left-out galaxies.
    loss: f64,
    /// Galaxies x outputs of the part.
    left_out: Array2<f64>,
}

fn mean_square<'a>(pairs: impl Iterator<Item = (&'a f64, &'a f64)>) -> f64 {
    let (sum, count) =
        pairs.fold((0.0, 0.0), |(sum, count), (a, b)| (sum + (a - b).powi(2), count + 1.0));
    sum / f64::max(count, 1.0)
}

#[cfg(test)]
mod tests;
