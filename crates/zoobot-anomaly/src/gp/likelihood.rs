//! The log marginal likelihood of ratings, and its gradient with respect to the logarithms of a kernel's
//! parameters.
//!
//! `ln p(y) = -½ yᵀ K⁻¹ y - ½ ln |K| - n/2 ln 2π` (Rasmussen & Williams 2006, eq. 2.30), its gradient
//! `½ tr((α αᵀ - K⁻¹) ∂K/∂θ)` with `α = K⁻¹ y` (eq. 5.9). The gradient is propagated backwards through
//! the expression, so that no matrix is needed for each parameter.
//!
//! Symmetric matrices are stored as the lower triangle, row by row: `0 0, 1 0, 1 1, 2 0, ...`.

use super::kernel::{Form, Kernel};
use super::lanes::{self, LANES, ROWS};
use super::{cholesky, not_positive_definite};
use ndarray::Array2;
use zoobot_base::error::Result;

/// Rated galaxies.
#[derive(Debug, Clone)]
pub struct Rated {
    /// Galaxies x features.
    pub rows: Array2<f64>,
    /// Their ratings.
    pub ratings: Vec<f64>,
    /// The squared distances of all pairs (lower triangle), in units of the features.
    squared: Vec<f64>,
}

/// The covariance matrix of rated galaxies, factored.
#[derive(Debug)]
pub struct Factored {
    /// `L` in the lower triangle of n x n.
    pub factor: Vec<f64>,
    /// `K⁻¹ y`.
    pub weights: Vec<f64>,
    /// The log marginal likelihood.
    pub likelihood: f64,
}

/// The covariances of all pairs under an expression.
enum Covariance {
    /// Every covariance, in the order of the lower triangle.
    Full(Vec<f64>),
    /// `all` for every pair, plus `diagonal` for a galaxy with itself.
    Simple { diagonal: f64, all: f64 },
}
use Covariance::{Full, Simple};

/// A node of the expression, with the intermediate results that the backward pass needs.
enum Node<'a> {
    Leaf(&'a Kernel),
    /// Squared distances in units of the lengths, for a kernel with a length for each feature.
    Scaled(Form, &'a [f64], Vec<f64>),
    Sum(Box<Node<'a>>, Box<Node<'a>>),
    Product(Box<Node<'a>>, Box<Node<'a>>, Covariance, Covariance),
}

impl Rated {
    pub fn new(rows: Array2<f64>, ratings: Vec<f64>) -> Self {
        let squared = squared_distances(&rows, None);
        Self { rows, ratings, squared }
    }

    fn len(&self) -> usize {
        self.ratings.len()
    }

    /// The factored covariance matrix.
    ///
    /// # Errors
    /// When the matrix is not positive definite.
    pub fn factored(&self, kernel: &Kernel, jitter: f64) -> Result<Factored> {
        let (covariance, _) = self.forward(kernel);
        self.factor(kernel, covariance, jitter)
    }

    /// The log marginal likelihood and its gradient with respect to the logarithms of the parameters.
    ///
    /// # Errors
    /// As [`factored`](Self::factored).
    pub fn likelihood(&self, kernel: &Kernel, jitter: f64) -> Result<(f64, Vec<f64>)> {
        let n = self.len();
        let (covariance, node) = self.forward(kernel);
        let Factored { factor, weights, likelihood } = self.factor(kernel, covariance, jitter)?;
        let inverse = cholesky::inverse(n, &factor);
        // A pair counts twice, once in each triangle; a galaxy with itself counts once.
        let mut outer = Vec::with_capacity(pairs(n));
        for ((i, row), &a) in inverse.chunks_exact(n).enumerate().zip(&weights) {
            outer.extend(row[..i].iter().zip(&weights).map(|(inverse, b)| a * b - inverse));
            outer.push(0.5 * (a * a - row[i]));
        }
        let mut slope = Vec::new();
        self.backward(&node, &outer, &mut slope);
        Ok((likelihood, slope))
    }

    fn factor(&self, kernel: &Kernel, covariance: Covariance, jitter: f64) -> Result<Factored> {
        let n = self.len();
        let lower = match covariance {
            Full(values) => values,
            Simple { diagonal, all } => {
                let mut values = vec![all; pairs(n)];
                diagonals(n).for_each(|i| values[i] += diagonal);
                values
            }
        };
        let mut factor = vec![0.0; n * n];
        for (i, row) in factor.chunks_exact_mut(n).enumerate() {
            row[..=i].copy_from_slice(&lower[pairs(i)..pairs(i + 1)]);
            row[i] += jitter;
        }
        cholesky::factor(n, &mut factor).map_err(|row| not_positive_definite(kernel, row))?;
        let mut weights = self.ratings.clone();
        cholesky::solve(n, &factor, &mut weights);
        let fit: f64 = weights.iter().zip(&self.ratings).map(|(a, b)| a * b).sum();
        let log: f64 = (0..n).map(|i| factor[i * n + i].ln()).sum();
        let likelihood = -0.5 * fit - log - 0.5 * n as f64 * (2.0 * std::f64::consts::PI).ln();
        if !likelihood.is_finite() {
            return Err(not_positive_definite(kernel, 0));
        }
        Ok(Factored { factor, weights, likelihood })
    }

    fn forward<'a>(&self, kernel: &'a Kernel) -> (Covariance, Node<'a>) {
        match kernel {
            Kernel::White(variance) => {
                (Simple { diagonal: *variance, all: 0.0 }, Node::Leaf(kernel))
            }
            Kernel::Constant(value) => (Simple { diagonal: 0.0, all: *value }, Node::Leaf(kernel)),
            Kernel::Stationary { form, lengths } if lengths.len() == 1 => {
                let mut values = self.squared.clone();
                lanes::covariances(*form, lengths[0].powi(-2), &mut values);
                (Full(values), Node::Leaf(kernel))
            }
            Kernel::Stationary { form, lengths } => {
                let squared = squared_distances(&self.rows, Some(lengths));
                let mut values = squared.clone();
                lanes::covariances(*form, 1.0, &mut values);
                (Full(values), Node::Scaled(*form, lengths, squared))
            }
            Kernel::Sum(a, b) => {
                let ((a, left), (b, right)) = (self.forward(a), self.forward(b));
                (self.sum(a, b), Node::Sum(left.into(), right.into()))
            }
            Kernel::Product(a, b) => {
                let ((a, left), (b, right)) = (self.forward(a), self.forward(b));
                let product = match (&a, &b) {
                    (Simple { .. }, Full(values)) => Full(self.times(&a, values)),
                    (Full(values), _) => Full(self.times(&b, values)),
                    (Simple { diagonal: a, all: c }, Simple { diagonal: b, all: d }) => {
                        Simple { diagonal: (a + c) * (b + d) - c * d, all: c * d }
                    }
                };
                (product, Node::Product(left.into(), right.into(), a, b))
            }
        }
    }

    fn sum(&self, a: Covariance, b: Covariance) -> Covariance {
        match (a, b) {
            (Full(mut a), Full(b)) => {
                a.iter_mut().zip(&b).for_each(|(a, b)| *a += b);
                Full(a)
            }
            (Full(mut values), Simple { diagonal, all })
            | (Simple { diagonal, all }, Full(mut values)) => {
                if all != 0.0 {
                    values.iter_mut().for_each(|value| *value += all);
                }
                diagonals(self.len()).for_each(|i| values[i] += diagonal);
                Full(values)
            }
            (Simple { diagonal: a, all: c }, Simple { diagonal: b, all: d }) => {
                Simple { diagonal: a + b, all: c + d }
            }
        }
    }

    /// A matrix (lower triangle) times covariances, element by element.
    fn times(&self, covariance: &Covariance, matrix: &[f64]) -> Vec<f64> {
        match covariance {
            Full(values) => values.iter().zip(matrix).map(|(a, b)| a * b).collect(),
            Simple { diagonal, all } => {
                let mut product: Vec<f64> = matrix.iter().map(|value| value * all).collect();
                diagonals(self.len()).for_each(|i| product[i] += diagonal * matrix[i]);
                product
            }
        }
    }

    /// Appends the gradient with respect to a node's parameters, given the gradient with respect to its
    /// covariances.
    fn backward(&self, node: &Node, outer: &[f64], slope: &mut Vec<f64>) {
        match node {
            Node::Sum(a, b) => {
                self.backward(a, outer, slope);
                self.backward(b, outer, slope);
            }
            Node::Product(a, b, left, right) => {
                self.backward(a, &self.times(right, outer), slope);
                self.backward(b, &self.times(left, outer), slope);
            }
            Node::Leaf(Kernel::White(variance)) => {
                slope.push(variance * diagonals(self.len()).map(|i| outer[i]).sum::<f64>());
            }
            Node::Leaf(Kernel::Constant(value)) => slope.push(value * outer.iter().sum::<f64>()),
            Node::Leaf(Kernel::Stationary { form, lengths }) => {
                let scale = lengths[0].powi(-2);
                let [length, shape] = lanes::slopes(*form, scale, &self.squared, outer);
                if matches!(form, Form::RationalQuadratic { .. }) {
                    slope.push(shape);
                }
                slope.push(length);
            }
            Node::Leaf(_) => {}
            Node::Scaled(form, lengths, squared) => {
                if matches!(form, Form::RationalQuadratic { .. }) {
                    slope.push(lanes::slopes(*form, 1.0, squared, outer)[1]);
                }
                slope.extend(self.along_axes(*form, lengths, squared, outer));
            }
        }
    }

    /// The derivative with respect to the logarithm of each length: `sum_ij M_ij (x_i - x_j)² / l²` with
    /// `M = outer * h`, as `2 (sum_i x_i² sum_j M_ij - sum_ij x_i M_ij x_j) / l²`.
    fn along_axes(&self, form: Form, lengths: &[f64], squared: &[f64], outer: &[f64]) -> Vec<f64> {
        let n = self.len();
        let mut lower = vec![0.0; pairs(n)];
        lanes::falloffs(form, squared, &mut lower);
        lower.iter_mut().zip(outer).for_each(|(weight, outer)| *weight *= 0.5 * outer);
        // The diagonal cancels in the end, but may be infinite.
        diagonals(n).for_each(|i| lower[i] = 0.0);
        let weights = Array2::from_shape_fn((n, n), |(i, j)| lower[pairs(i.max(j)) + i.min(j)]);
        let sums = weights.sum_axis(ndarray::Axis(1));
        let products = weights.dot(&self.rows);
        let columns = self.rows.columns().into_iter().zip(products.columns());
        columns
            .zip(lengths)
            .map(|((x, product), length)| {
                let own: f64 = x.iter().zip(&sums).map(|(x, sum)| x * x * sum).sum();
                2.0 * (own - x.dot(&product)) / (length * length)
            })
            .collect()
    }
}

/// The number of pairs of `n` galaxies, each galaxy with itself included: where row `n` of a lower
/// triangle begins.
fn pairs(n: usize) -> usize {
    n * (n + 1) / 2
}

/// The indices of the diagonal in a lower triangle.
fn diagonals(n: usize) -> impl Iterator<Item = usize> {
    (1..=n).map(|i| pairs(i) - 1)
}

/// The squared distances of all pairs of rows, in units of the features, or of `lengths` if given.
fn squared_distances(rows: &Array2<f64>, lengths: Option<&[f64]>) -> Vec<f64> {
    let (n, width) = rows.dim();
    let padded = n.next_multiple_of(ROWS);
    let mut others = vec![0.0; padded * width];
    for (row, to) in rows.rows().into_iter().zip(others.chunks_exact_mut(width)) {
        for (column, (value, to)) in row.iter().zip(to).enumerate() {
            *to = lengths.map_or(*value, |lengths| value / lengths[column]);
        }
    }
    let mut squared = vec![0.0; pairs(n)];
    let mut columns = vec![0.0; width * LANES];
    let mut out = vec![0.0; padded * LANES];
    for first in (0..n).step_by(LANES) {
        let count = LANES.min(n - first);
        for lane in 0..count {
            for column in 0..width {
                columns[column * LANES + lane] = others[(first + lane) * width + column];
            }
        }
        lanes::distances(&columns, &others, &mut out);
        for (row, out) in out.chunks_exact(LANES).take(n).enumerate().skip(first) {
            let start = pairs(row);
            let count = count.min(row + 1 - first);
            squared[start + first..start + first + count].copy_from_slice(&out[..count]);
        }
    }
    squared
}
