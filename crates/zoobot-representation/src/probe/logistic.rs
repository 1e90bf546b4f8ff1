//! Logistic regression with a penalty on the squared weights, fitted to convergence.
//!
//! It uses Newton's method and finds each step by conjugate gradients, which need a few products with
//! the coordinates instead of the Hessian. Along the axes of a [`Basis`], the Hessian is bounded by a
//! diagonal matrix (Böhning 1992, Ann. Inst. Stat. Math. 44, 197). As a preconditioner, this diagonal
//! reduces the number of products to a handful.

use super::basis::Linear;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, CowArray, Ix2, Zip, s};
use rayon::prelude::*;
use zoobot_base::error::{Error, Result};

/// The maximum number of Newton steps; about ten are typical.
const STEPS: usize = 100;
/// The maximum number of products with the Hessian per step.
const PRODUCTS: usize = 200;
/// The tolerance of the squared gradient, in the preconditioner's norm and relative to the loss. The
/// relative error of the weights is about its square root.
pub const EXACT: f64 = 1e-14;
/// The tolerance of fits that are only compared with each other.
pub const ROUGH: f64 = 1e-6;
/// The number of galaxies per block of work for a thread.
const BLOCK: usize = 1024;

/// The target of a logistic regression: the share of each class for each galaxy, and the galaxy's
/// weight.
///
/// ```
/// use zoobot_core::{ndarray::array, probe::Shares};
/// assert_eq!(Shares::of_classes(&[1, 0], 2).shares, array![[1.0], [0.0]]);
/// assert_eq!(Shares::of_classes(&[2, 0], 3).shares, array![[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Shares {
    /// Galaxies x classes; for two classes galaxies x 1, the share of the second class.
    pub shares: Array2<f64>,
    /// The weight of each galaxy, 0 or more.
    pub weights: Array1<f64>,
}

impl Shares {
    /// The target for galaxies that have one class each, with equal weights.
    pub fn of_classes(classes: &[usize], count: usize) -> Self {
        let outputs = if count == 2 { 1 } else { count };
        let mut shares = Array2::zeros((classes.len(), outputs));
        for (mut row, &class) in shares.rows_mut().into_iter().zip(classes) {
            match outputs {
                1 => row[0] = class as f64,
                _ => row[class] = 1.0,
            }
        }
        Self { shares, weights: Array1::ones(classes.len()) }
    }

    /// The mean loss of outputs (rows x outputs) for the galaxies in `places`.
    pub fn mean_loss(&self, places: &[usize], outputs: &Array2<f64>) -> f64 {
        let (mut sum, mut weight) = (0.0, 0.0);
        for (&place, row) in places.iter().zip(outputs.rows()) {
            let own = self.weights[place];
            let mut row = row.to_owned();
            sum += own * into_probabilities_with_loss(&mut row.view_mut(), self.shares.row(place));
            weight += own;
        }
        sum / f64::max(weight, f64::MIN_POSITIVE)
    }

    /// The number of outputs: one for two classes, otherwise one per class.
    fn outputs(&self) -> usize {
        self.shares.ncols()
    }
}

/// Logistic regression of class shares on the coordinates of galaxies.
///
/// Two classes have one set of weights, as in scikit-learn. More classes have one set each (softmax),
/// and all sets are penalised.
#[derive(Debug)]
pub struct Logistic<'a> {
    /// The coordinates of the fitted galaxies, and perhaps of others with weight 0.
    coordinates: CowArray<'a, f64, Ix2>,
    /// Galaxies x outputs.
    shares: CowArray<'a, f64, Ix2>,
    /// The weight of each galaxy.
    counts: Array1<f64>,
    /// The weighted squared length of the galaxies along each axis.
    squares: Array1<f64>,
    exact: f64,
    /// The starting point of the next fit: outputs x (coordinates, intercept).
    weights: Array2<f64>,
}

/// A fitted logistic regression.
#[derive(Debug, Clone)]
pub struct Fitted(pub Linear);

/// The loss and its gradient at some weights.
struct Point {
    loss: f64,
    gradient: Array2<f64>,
    /// Galaxies x outputs.
    probabilities: Array2<f64>,
}

impl Fitted {
    /// The predicted probabilities: galaxies x classes.
    pub fn probabilities(&self, coordinates: &Array2<f64>) -> Array2<f64> {
        let mut outputs = self.0.apply(coordinates);
        let single = outputs.ncols() == 1;
        for mut row in outputs.rows_mut() {
            into_probabilities(&mut row.view_mut());
        }
        if single {
            let second = outputs.column(0).to_owned();
            let mut both = Array2::zeros((second.len(), 2));
            both.column_mut(0).assign(&second.mapv(|p| 1.0 - p));
            both.column_mut(1).assign(&second);
            return both;
        }
        outputs
    }
}

impl<'a> Logistic<'a> {
    /// Prepares a fit on the galaxies in `rows`; `coordinates` and `target` cover all galaxies. `exact`
    /// is the tolerance of the fit.
    pub fn new(
        coordinates: &'a Array2<f64>,
        target: &'a Shares,
        rows: &'a [usize],
        exact: f64,
    ) -> Self {
        let weights = Array2::zeros((target.outputs(), coordinates.ncols() + 1));
        // A small subset is copied; otherwise the other galaxies get weight 0.
        let few = 2 * rows.len() < coordinates.nrows();
        let (coordinates, shares, counts): (CowArray<f64, Ix2>, CowArray<f64, Ix2>, Array1<f64>) =
            if few {
                let counts = target.weights.select(Axis(0), rows);
                let coordinates = coordinates.select(Axis(0), rows);
                (coordinates.into(), target.shares.select(Axis(0), rows).into(), counts)
            } else {
                let mut counts = Array1::zeros(coordinates.nrows());
                rows.iter().for_each(|&row| counts[row] += target.weights[row]);
                (coordinates.into(), (&target.shares).into(), counts)
            };
        let mut squares = Array1::zeros(coordinates.ncols());
        for (row, &count) in coordinates.rows().into_iter().zip(&counts) {
            Zip::from(&mut squares).and(row).for_each(|sum, value| *sum += count * value * value);
        }
        Self { coordinates, shares, counts, squares, exact, weights }
    }

    /// Fits with a penalty, starting from the last fit.
    ///
    /// # Errors
    /// [`Error::Unsuitable`] when the fit does not converge, as with a penalty near 0.
    pub fn with(&mut self, penalty: f64) -> Result<Fitted> {
        let axes = self.coordinates.ncols();
        // The maximum of p (1 - p).
        let steepest = 0.25;
        let mut scale = self.squares.mapv(|square| steepest * square + penalty).to_vec();
        scale.push(steepest * self.counts.sum());
        let scale = Array1::from(scale);
        let penalty_of = |weights: &Array2<f64>| {
            let mut part = weights * penalty;
            part.column_mut(axes).fill(0.0);
            part
        };
        let mut weights = self.weights.clone();
        let mut point = self.at(&weights, &penalty_of);
        for _ in 0..STEPS {
            zoobot_base::interrupt::check("probe", || "some steps of a fit".to_owned())?;
            let left = (&point.gradient * &point.gradient / &scale).sum();
            if left <= self.exact * (1.0 + point.loss) {
                self.weights = weights.clone();
                let intercepts = weights.column(axes).to_owned();
                return Ok(Fitted(Linear {
                    intercepts,
                    weights: weights.slice_move(s![.., ..axes]),
                }));
            }
            let step = self.solve(&point, &scale, left, &penalty_of);
            let slope = (&step * &point.gradient).sum();
            let mut length = 1.0;
            let next = loop {
                let there = &weights + &(&step * length);
                let next = self.at(&there, &penalty_of);
                // If the loss is flat to its last digits, any step is accepted.
                let rounding = 1e-15 * (1.0 + point.loss);
                if next.loss <= point.loss + 1e-4 * length * slope + rounding || length < 1e-6 {
                    weights = there;
                    break next;
                }
                length /= 2.0;
            };
            point = next;
        }
        let problem =
            format!("the fit with the penalty {penalty} did not converge in {STEPS} steps");
        Err(Error::unsuitable(problem, "Give a larger penalty"))
    }

    /// The Newton step, which is minus the inverse Hessian times the gradient, by conjugate gradients.
    fn solve(
        &self,
        point: &Point,
        scale: &Array1<f64>,
        left: f64,
        penalty_of: &impl Fn(&Array2<f64>) -> Array2<f64>,
    ) -> Array2<f64> {
        let mut step = Array2::zeros(self.weights.dim());
        let mut rest = -&point.gradient;
        let mut scaled = &rest / scale;
        let mut direction = scaled.clone();
        let mut size = left;
        // Steps are solved more accurately near the end, for superlinear convergence.
        let enough = left * left.sqrt().clamp(1e-8, 0.01);
        for _ in 0..PRODUCTS {
            if size <= enough {
                break;
            }
            let curved = self.curved(&point.probabilities, &direction) + penalty_of(&direction);
            let along = size / (&direction * &curved).sum();
            if !along.is_finite() {
                break;
            }
            step.scaled_add(along, &direction);
            rest.scaled_add(-along, &curved);
            scaled.assign(&(&rest / scale));
            let next = (&rest * &scaled).sum();
            direction *= next / size;
            direction += &scaled;
            size = next;
        }
        step
    }

    /// Loss, gradient and probabilities at some weights.
    fn at(
        &self,
        weights: &Array2<f64>,
        penalty_of: &impl Fn(&Array2<f64>) -> Array2<f64>,
    ) -> Point {
        let parts = self.blocks(|block| {
            let mut loss = 0.0;
            let mut probabilities = outputs_of(block.coordinates, weights);
            let mut slopes = Array2::zeros(probabilities.dim());
            for (i, &count) in block.counts.iter().enumerate() {
                if count == 0.0 {
                    probabilities.row_mut(i).fill(0.0);
                    continue;
                }
                let (truth, mut p) = (block.shares.row(i), probabilities.row_mut(i));
                loss += count * into_probabilities_with_loss(&mut p, truth);
                Zip::from(slopes.row_mut(i))
                    .and(&p)
                    .and(truth)
                    .for_each(|slope, p, truth| *slope = count * (p - truth));
            }
            (loss, summed(&slopes, block.coordinates), probabilities)
        });
        let mut gradient = penalty_of(weights);
        let mut loss = (weights * &gradient).sum() / 2.0;
        let mut probabilities = Array2::zeros(self.shares.dim());
        let chunks = probabilities.axis_chunks_iter_mut(Axis(0), BLOCK);
        for ((some, slope, p), mut chunk) in parts.into_iter().zip(chunks) {
            loss += some;
            gradient += &slope;
            chunk.assign(&p);
        }
        Point { loss, gradient, probabilities }
    }

    /// The Hessian of the loss (without the penalty) times a direction.
    fn curved(&self, probabilities: &Array2<f64>, direction: &Array2<f64>) -> Array2<f64> {
        let parts = self.blocks(|block| {
            let mut changes = outputs_of(block.coordinates, direction);
            for (i, (mut change, &count)) in
                changes.rows_mut().into_iter().zip(block.counts).enumerate()
            {
                let p = probabilities.row(block.first + i);
                let mean = p.dot(&change);
                Zip::from(&mut change).and(p).for_each(|it, p| *it = count * p * (*it - mean));
            }
            summed(&changes, block.coordinates)
        });
        parts.into_iter().fold(Array2::zeros(direction.dim()), |sum, part| sum + part)
    }

    /// Applies a function to blocks of galaxies in parallel; results are in order.
    fn blocks<T: Send>(&self, one: impl Fn(Block) -> T + Sync) -> Vec<T> {
        let count = self.counts.len();
        let blocks = (0..count.div_ceil(BLOCK)).into_par_iter().map(|place| {
            let (first, last) = (place * BLOCK, ((place + 1) * BLOCK).min(count));
            one(Block {
                first,
                coordinates: self.coordinates.slice(s![first..last, ..]),
                shares: self.shares.slice(s![first..last, ..]),
                counts: self.counts.slice(s![first..last]),
            })
        });
        blocks.collect()
    }
}

/// A block of consecutive galaxies.
#[derive(Clone, Copy)]
struct Block<'a> {
    first: usize,
    coordinates: ArrayView2<'a, f64>,
    shares: ArrayView2<'a, f64>,
    counts: ArrayView1<'a, f64>,
}

/// The outputs of galaxies (galaxies x outputs); the intercept is the last weight.
fn outputs_of(coordinates: ArrayView2<f64>, weights: &Array2<f64>) -> Array2<f64> {
    let axes = coordinates.ncols();
    let intercepts = weights.column(axes);
    if weights.nrows() == 1 {
        // For a single output, a matrix product would copy the coordinates.
        let outputs: Array1<f64> = coordinates.dot(&weights.slice(s![0, ..axes]));
        return (outputs + intercepts[0]).insert_axis(Axis(1));
    }
    coordinates.dot(&weights.slice(s![.., ..axes]).t()) + intercepts
}

/// The sum over galaxies of the coordinates times `times` (galaxies x outputs). The last column is the
/// sum for the intercept: outputs x (coordinates, intercept).
fn summed(times: &Array2<f64>, coordinates: ArrayView2<f64>) -> Array2<f64> {
    let axes = coordinates.ncols();
    let mut sums = Array2::zeros((times.ncols(), axes + 1));
    if times.ncols() == 1 {
        let mut sum = sums.slice_mut(s![0, ..axes]);
        for (row, &times) in coordinates.rows().into_iter().zip(times) {
            if times != 0.0 {
                sum.scaled_add(times, &row);
            }
        }
    } else {
        sums.slice_mut(s![.., ..axes]).assign(&times.t().dot(&coordinates));
    }
    sums.column_mut(axes).assign(&times.sum_axis(Axis(0)));
    sums
}

/// Converts outputs to probabilities; a single output becomes the probability of the second class.
fn into_probabilities(outputs: &mut ndarray::ArrayViewMut1<f64>) {
    if outputs.len() == 1 {
        outputs[0] = 1.0 / (1.0 + (-outputs[0]).exp());
        return;
    }
    let largest = outputs.fold(f64::NEG_INFINITY, |a, &b| a.max(b));
    outputs.mapv_inplace(|output| (output - largest).exp());
    let sum = outputs.sum();
    outputs.mapv_inplace(|part| part / sum);
}

/// Converts outputs to probabilities, and returns the loss for the given shares.
fn into_probabilities_with_loss(
    outputs: &mut ndarray::ArrayViewMut1<f64>,
    shares: ArrayView1<f64>,
) -> f64 {
    let loss = if outputs.len() == 1 {
        let output = outputs[0];
        // ln(1 + exp(x)) without overflow.
        let both = output.max(0.0) + (-output.abs()).exp().ln_1p();
        both - shares[0] * output
    } else {
        let largest = outputs.fold(f64::NEG_INFINITY, |a, &b| a.max(b));
        let sum: f64 = outputs.iter().map(|output| (output - largest).exp()).sum();
        sum.ln() + largest - outputs.dot(&shares)
    };
    into_probabilities(outputs);
    loss
}
