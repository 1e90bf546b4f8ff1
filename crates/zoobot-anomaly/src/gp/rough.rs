//! Upper bounds of the means of many candidates, in single precision: candidates that cannot be among
//! the highest need no exact prediction.
//!
//! The bound is the computed mean plus the largest possible rounding error.

use super::kernel::{Form, Kernel};
use ndarray::ArrayView2;
use rayon::prelude::*;
use std::iter::once;
use zoobot_base::processor::for_each_processor;
use zoobot_base::simd::LANES;
use zoobot_base::simd::single::{exp, fma, ln_1p};

/// Rated galaxies that share a pass over the candidates.
const ROWS: usize = 4;
/// The number of candidates in a thread's unit of work.
const BLOCK: usize = 128 * LANES;
/// The column that adds the squared lengths.
const ONES: [f32; LANES] = [1.0; LANES];
/// The rounding error of the covariance function itself: a few units of the last digit.
const OFF: f64 = 1e-6;
/// The steepest slope of a covariance in the squared distance, in units of the length scale.
const STEEPEST: f64 = 1.5;

/// The rated galaxies in the layout of the single-precision loops.
#[derive(Debug, Clone)]
pub struct Rough {
    form: Form,
    scale: f32,
    width: usize,
    /// Groups of [`ROWS`] rated galaxies: their squared lengths, then column by column their features
    /// times -2; padded with zeros to whole groups.
    rows: Vec<f32>,
    weights: Vec<f64>,
    /// The sum of the absolute weights.
    size: f64,
    /// The largest squared length of a rated galaxy.
    largest: f64,
}

impl Rough {
    /// Prepares bounds for a kernel with one length scale and any form but `Matern12`, with or without
    /// noise; `None` for other kernels. The weights are `K⁻¹ y`.
    pub fn new(kernel: &Kernel, rows: ArrayView2<f64>, weights: &[f64]) -> Option<Self> {
        let (form, length) = match kernel {
            Kernel::Sum(a, b) => match (&**a, &**b) {
                (one, Kernel::White(_)) | (Kernel::White(_), one) => single(one)?,
                _ => return None,
            },
            one => single(one)?,
        };
        let width = rows.ncols();
        let padded = rows.nrows().next_multiple_of(ROWS);
        let mut flat = vec![0.0; padded * (1 + width)];
        let mut largest = 0.0_f64;
        for (place, row) in rows.rows().into_iter().enumerate() {
            let group = &mut flat[place / ROWS * ROWS * (1 + width)..];
            let square: f64 = row.iter().map(|value| value * value).sum();
            largest = largest.max(square);
            group[place % ROWS] = square as f32;
            for (column, value) in row.iter().enumerate() {
                group[(1 + column) * ROWS + place % ROWS] = (-2.0 * value) as f32;
            }
        }
        let mut weights = weights.to_vec();
        weights.resize(padded, 0.0);
        let size = weights.iter().map(|weight| weight.abs()).sum();
        let scale = length.powi(-2) as f32;
        Some(Self { form, scale, width, rows: flat, weights, size, largest })
    }

    /// An upper bound on the mean of each candidate.
    pub fn bounds(&self, candidates: ArrayView2<f32>) -> Vec<f64> {
        let mut all = vec![0.0; candidates.nrows()];
        all.par_chunks_mut(BLOCK).enumerate().for_each(|(block, all)| {
            let mut columns = vec![0.0; self.width * LANES];
            let mut values = vec![0.0; self.weights.len() * LANES];
            for (group, out) in all.chunks_mut(LANES).enumerate() {
                let first = block * BLOCK + group * LANES;
                for lane in 0..out.len() {
                    let row = candidates.row(first + lane);
                    for (to, &value) in columns.chunks_exact_mut(LANES).zip(row) {
                        to[lane] = value;
                    }
                }
                let mut means = [0.0; LANES];
                let mut squares = [0.0; LANES];
                rough(self, &columns, &mut values, &mut means, &mut squares);
                // Each product may be off by half a unit of the last digit, and so may each sum.
                let step = (self.width + 8) as f64 * f64::from(f32::EPSILON) * STEEPEST;
                for ((out, mean), square) in out.iter_mut().zip(means).zip(squares) {
                    let lengths = (f64::from(square) + self.largest) * f64::from(self.scale);
                    *out = mean + self.size * (OFF + step * lengths);
                }
            }
        });
        all
    }
}

fn single(kernel: &Kernel) -> Option<(Form, f64)> {
    match kernel {
        Kernel::Stationary { form, lengths } if lengths.len() == 1 && *form != Form::Matern12 => {
            Some((*form, lengths[0]))
        }
        _ => None,
    }
}

for_each_processor! {
    /// Means and squared lengths of a group of candidates; `values` is a buffer of rows x lanes.
    fn rough(it: &Rough, columns: &[f32], values: &mut [f32], means: &mut [f64; LANES], squares: &mut [f32; LANES]) = rough_any;
}

#[inline(always)]
fn rough_any<const FUSED: bool>(
    it: &Rough,
    columns: &[f32],
    values: &mut [f32],
    means: &mut [f64; LANES],
    squares: &mut [f32; LANES],
) {
    let columns = columns.as_chunks::<LANES>().0;
    for column in columns {
        for lane in 0..LANES {
            squares[lane] = fma::<FUSED>(column[lane], column[lane], squares[lane]);
        }
    }
    // Squared distances. The loops below raise negative ones, which are due to rounding, to 0: a
    // comparison here would cost as much as all the products.
    let groups = it.rows.chunks_exact(ROWS * (it.width + 1));
    let out = values.as_chunks_mut::<LANES>().0.as_chunks_mut::<ROWS>().0;
    for (group, out) in groups.zip(out) {
        let mut sums = [*squares; ROWS];
        for (column, row) in once(&ONES).chain(columns).zip(group.as_chunks::<ROWS>().0) {
            for q in 0..ROWS {
                for lane in 0..LANES {
                    sums[q][lane] = fma::<FUSED>(column[lane], row[q], sums[q][lane]);
                }
            }
        }
        *out = sums;
    }
    match it.form {
        Form::RationalQuadratic { alpha } => {
            let (scale, power) = (it.scale * (0.5 / alpha) as f32, -alpha as f32);
            for value in values.iter_mut() {
                *value = exp::<FUSED>(power * ln_1p::<FUSED>(value.max(0.0) * scale));
            }
        }
        Form::Matern32 => {
            for value in values.iter_mut() {
                let s = (value.max(0.0) * (3.0 * it.scale)).sqrt();
                *value = (1.0 + s) * exp::<FUSED>(-s);
            }
        }
        Form::Matern52 => {
            for value in values.iter_mut() {
                let s = (value.max(0.0) * (5.0 * it.scale)).sqrt();
                *value = (1.0 + s + s * s / 3.0) * exp::<FUSED>(-s);
            }
        }
        // `Rough::new` refuses `Matern12`.
        Form::Matern12 | Form::Rbf => {
            for value in values.iter_mut() {
                *value = exp::<FUSED>(value.max(0.0) * (-0.5 * it.scale));
            }
        }
    }
    for (&weight, values) in it.weights.iter().zip(values.as_chunks::<LANES>().0) {
        for lane in 0..LANES {
            means[lane] += weight * f64::from(values[lane]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gp::GaussianProcess;
    use ndarray::Array2;
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    #[test]
    fn no_mean_is_above_its_bound_and_bounds_are_tight() {
        let mut rng = StdRng::seed_from_u64(1);
        let mut some =
            |count: usize| Array2::from_shape_fn((count, 12), |_| rng.random_range(-2.0_f32..2.0));
        let (rated, candidates) = (some(61), some(3000));
        let ratings: Vec<f64> = (0..61).map(|i| f64::from(i % 6)).collect();
        for kernel in [
            Kernel::rational_quadratic(0.7, 3.0),
            Kernel::rational_quadratic(1e5, 4.0),
            Kernel::matern32(5.0),
            Kernel::matern52(2.0),
            Kernel::rbf(1e3),
        ] {
            let kernel = kernel + Kernel::white(0.05);
            let fitted =
                GaussianProcess::new(kernel.clone()).condition(rated.view(), &ratings).unwrap();
            let means = fitted.mean(candidates.view()).unwrap();
            let bounds = fitted.bounds(candidates.view()).unwrap();
            for (mean, bound) in means.iter().zip(&bounds) {
                assert!(mean <= bound && bound - mean < 0.05, "{kernel}: {mean} {bound}");
            }
        }
        let bare = GaussianProcess::new(Kernel::matern12(1.0) + Kernel::white(1.0));
        let bare = bare.condition(rated.view(), &ratings).unwrap();
        assert_eq!(bare.bounds(candidates.view()).unwrap(), bare.mean(candidates.view()).unwrap());
    }
}
