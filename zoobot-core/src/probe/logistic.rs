//! Logistic regression with a penalty on the squared weights, fitted to convergence.
//!
//! Newton's method, whose steps are solved for by conjugate gradients: a few products with the
//! coordinates instead of a matrix of second derivatives. Along the axes of a [`Basis`] these
//! derivatives are bounded by a diagonal (Böhning 1992, Ann. Inst. Stat. Math. 44, 197), which
//! serves as preconditioner, so that a handful of products are enough.

use super::basis::Linear;
use crate::error::{Error, Result};
use ndarray::{Array1, Array2, ArrayView1, Axis, s};
use rayon::prelude::*;

/// Newton steps, of which it takes about ten.
const STEPS: usize = 100;
/// Products with the second derivatives for a step.
const PRODUCTS: usize = 200;
/// The gradient's length that is left, in the preconditioner's units and as a share of the loss:
/// weights are exact to about its root.
pub const EXACT: f64 = 1e-14;
/// The same where one fit is only compared with another.
pub const ROUGH: f64 = 1e-6;
/// Galaxies that a thread takes at a time.
const BLOCK: usize = 4096;

/// A logistic regression of classes on the coordinates of galaxies.
///
/// Two classes have one set of weights, as in scikit-learn; more have one for each (softmax), all
/// of them penalised.
#[derive(Debug)]
pub struct Logistic<'a> {
    coordinates: &'a Array2<f64>,
    classes: &'a [usize],
    /// The galaxies that it is fitted on, by their places.
    rows: &'a [usize],
    /// Their squared length along each axis, or nearly so.
    squares: Array1<f64>,
    exact: f64,
    /// Outputs x (coordinates, intercept): where the next fit starts.
    weights: Array2<f64>,
}

/// A fitted one.
#[derive(Debug, Clone)]
pub struct Fitted(pub Linear);

/// Loss and slope at some weights.
struct Point {
    loss: f64,
    gradient: Array2<f64>,
    /// Galaxies x outputs.
    probabilities: Array2<f64>,
}

impl Fitted {
    /// Galaxies x classes.
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
    /// Of the galaxies at some places, by the coordinates and classes of all that a basis was fitted
    /// on; `squares` are the basis's. The fit ends when it is as exact as `exact` says.
    pub fn new(
        squares: &Array1<f64>,
        coordinates: &'a Array2<f64>,
        classes: &'a [usize],
        count: usize,
        rows: &'a [usize],
        exact: f64,
    ) -> Self {
        let outputs = if count == 2 { 1 } else { count };
        let weights = Array2::zeros((outputs, coordinates.ncols() + 1));
        let squares = squares * (rows.len() as f64 / classes.len().max(1) as f64);
        Self { coordinates, classes, rows, squares, exact, weights }
    }

    /// The fit with a penalty; it starts from the last one.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it does not converge, as with a penalty next to nothing.
    pub fn with(&mut self, penalty: f64) -> Result<Fitted> {
        let (n, axes) = (self.rows.len(), self.coordinates.ncols());
        // The most that p (1 - p) can be.
        let steepest = 0.25;
        let mut scale = self.squares.mapv(|square| steepest * square + penalty).to_vec();
        scale.push(steepest * n as f64);
        let scale = Array1::from(scale);
        let penalty_of = |weights: &Array2<f64>| {
            let mut part = weights * penalty;
            part.column_mut(axes).fill(0.0);
            part
        };
        let mut weights = self.weights.clone();
        let mut point = self.at(&weights, &penalty_of);
        for _ in 0..STEPS {
            crate::interrupt::check("probe", || "some steps of a fit".to_owned())?;
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
                // Where the loss is flat to its last digits, any step is as good.
                let rounding = 1e-15 * (1.0 + point.loss);
                if next.loss <= point.loss + 1e-4 * length * slope + rounding || length < 1e-6 {
                    weights = there;
                    break next;
                }
                length /= 2.0;
            };
            point = next;
        }
        let expected = format!("a larger one: no fit in {STEPS} steps");
        Err(Error::invalid("penalty", penalty, expected))
    }

    /// Minus the inverse of the second derivatives times the gradient, by conjugate gradients.
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
        // The nearer the end, the more exactly: convergence is faster than linear.
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
        let outputs = weights.nrows();
        let parts = self.blocks(|_, rows| {
            let mut loss = 0.0;
            let mut gradient = Array2::zeros(weights.dim());
            let mut probabilities = Array2::zeros((rows.len(), outputs));
            for (place, &row) in rows.iter().enumerate() {
                let (row, class) = (self.coordinates.row(row), self.classes[row]);
                let mut p = probabilities.row_mut(place);
                outputs_of(row, weights, &mut p);
                loss += into_probabilities_with_loss(&mut p, class);
                for (output, mut to) in gradient.rows_mut().into_iter().enumerate() {
                    let truth = if outputs == 1 { class == 1 } else { class == output };
                    add(p[output] - f64::from(u8::from(truth)), row, &mut to);
                }
            }
            (loss, gradient, probabilities)
        });
        let mut loss = 0.0;
        let mut gradient = penalty_of(weights);
        loss += (weights * &gradient).sum() / 2.0;
        let mut probabilities = Array2::zeros((self.rows.len(), outputs));
        let mut chunks = probabilities.axis_chunks_iter_mut(Axis(0), BLOCK);
        for (some, slope, p) in parts {
            loss += some;
            gradient += &slope;
            if let Some(mut chunk) = chunks.next() {
                chunk.assign(&p);
            }
        }
        Point { loss, gradient, probabilities }
    }

    /// The second derivatives of the loss (without the penalty's) times a direction.
    fn curved(&self, probabilities: &Array2<f64>, direction: &Array2<f64>) -> Array2<f64> {
        let parts = self.blocks(|first, rows| {
            let mut sum = Array2::zeros(direction.dim());
            let mut change = Array1::zeros(direction.nrows());
            for (place, &row) in rows.iter().enumerate() {
                let row = self.coordinates.row(row);
                outputs_of(row, direction, &mut change.view_mut());
                let p = probabilities.row(first + place);
                let mean = p.dot(&change);
                for (output, mut to) in sum.rows_mut().into_iter().enumerate() {
                    add(p[output] * (change[output] - mean), row, &mut to);
                }
            }
            sum
        });
        parts.into_iter().fold(Array2::zeros(direction.dim()), |sum, part| sum + part)
    }

    /// What a function gives for some galaxies at a time and the place of the first among all, in
    /// order, whatever thread was first.
    fn blocks<T: Send>(&self, one: impl Fn(usize, &[usize]) -> T + Sync) -> Vec<T> {
        let blocks = self.rows.par_chunks(BLOCK).enumerate();
        blocks.map(|(i, rows)| one(i * BLOCK, rows)).collect()
    }
}

/// The outputs of one galaxy; the intercept is the last weight.
fn outputs_of(row: ArrayView1<f64>, weights: &Array2<f64>, to: &mut ndarray::ArrayViewMut1<f64>) {
    for (to, weights) in to.iter_mut().zip(weights.rows()) {
        *to = row.dot(&weights.slice(s![..row.len()])) + weights[row.len()];
    }
}

/// Adds a galaxy's coordinates, and 1 for the intercept, so many times.
fn add(times: f64, row: ArrayView1<f64>, to: &mut ndarray::ArrayViewMut1<f64>) {
    to.slice_mut(s![..row.len()]).scaled_add(times, &row);
    to[row.len()] += times;
}

/// Outputs into probabilities: of the second of two classes for a single one.
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

/// The same, and the loss for the class that it is.
fn into_probabilities_with_loss(outputs: &mut ndarray::ArrayViewMut1<f64>, class: usize) -> f64 {
    let loss = if outputs.len() == 1 {
        let against = if class == 1 { -outputs[0] } else { outputs[0] };
        // ln(1 + exp(x)) without overflow.
        against.max(0.0) + (-against.abs()).exp().ln_1p()
    } else {
        let largest = outputs.fold(f64::NEG_INFINITY, |a, &b| a.max(b));
        let sum: f64 = outputs.iter().map(|output| (output - largest).exp()).sum();
        sum.ln() + largest - outputs[class]
    };
    into_probabilities(outputs);
    loss
}
