//! The inner loops, in double precision: sixteen candidates side by side, so that no sum runs across a
//! register.

use super::kernel::Form;
use zoobot_base::processor::for_each_processor;
pub use zoobot_base::simd::LANES;
use zoobot_base::simd::double::{exp, fma, ln};

/// Rows that share a pass over the candidates.
pub const ROWS: usize = 4;

for_each_processor! {
    /// Squared distances of [`LANES`] candidates to rows.
    ///
    /// # Shapes
    /// `columns`: width x lanes. `rows`: rows x width, a multiple of [`ROWS`] of them. `out`: rows x
    /// lanes.
    pub fn distances(columns: &[f64], rows: &[f64], out: &mut [f64]) = distances_any;
    /// Like [`distances`], but from products: it takes half the time and loses the last digits of small
    /// distances. Each row holds its squared length, then its features times -2.
    ///
    /// # Shapes
    /// As [`distances`], except for `rows`: rows x (1 + width).
    pub fn distances_by_products(columns: &[f64], rows: &[f64], out: &mut [f64]) = products_any;
    /// Replaces squared distances by covariances; `scale` is 1 over the squared length scale.
    pub fn covariances(form: Form, scale: f64, values: &mut [f64]) = covariances_any;
    /// The sums of `weights` times the derivatives of the covariances, with respect to the logarithm of
    /// the length scale and to that of alpha.
    pub fn slopes(form: Form, scale: f64, squared: &[f64], weights: &[f64]) -> [f64; 2] =
        slopes_any;
    /// For each lane, the sum of `weights` times its values (rows x lanes).
    pub fn weighted(weights: &[f64], values: &[f64]) -> [f64; LANES] = weighted_any;
    /// For each lane, the sum of its squared values.
    pub fn squares(values: &[f64]) -> [f64; LANES] = squares_any;
    /// Solves `L v = values` for each lane, in place, by forward substitution. `panels`: see
    /// [`panels`].
    pub fn solve(panels: &[f64], values: &mut [f64]) = solve_any;
    /// `h` of [`falloff`] for each squared distance.
    pub fn falloffs(form: Form, squared: &[f64], out: &mut [f64]) = falloffs_any;
}

/// The lower triangle of a factor, in panels of [`ROWS`] rows, column by column, with the reciprocals
/// of the diagonal; rows beyond `n` are rows of the identity.
pub fn panels(n: usize, factor: &[f64]) -> Vec<f64> {
    let padded = n.next_multiple_of(ROWS);
    let mut all = Vec::with_capacity(padded * (padded + ROWS) / 2);
    for first in (0..padded).step_by(ROWS) {
        for column in 0..first + ROWS {
            for row in first..first + ROWS {
                all.push(match row.cmp(&column) {
                    std::cmp::Ordering::Less => 0.0,
                    _ if row >= n => f64::from(u8::from(row == column)),
                    std::cmp::Ordering::Equal => factor[row * n + column].recip(),
                    std::cmp::Ordering::Greater => factor[row * n + column],
                });
            }
        }
    }
    all
}

#[inline(always)]
fn distances_any<const FUSED: bool>(columns: &[f64], rows: &[f64], out: &mut [f64]) {
    let width = columns.len() / LANES;
    for (rows, out) in rows.chunks_exact(ROWS * width).zip(out.chunks_exact_mut(ROWS * LANES)) {
        let (a, rest) = rows.split_at(width);
        let (b, rest) = rest.split_at(width);
        let (c, d) = rest.split_at(width);
        let mut sums = [[0.0; LANES]; ROWS];
        let columns = columns.chunks_exact(LANES);
        for ((((column, &a), &b), &c), &d) in columns.zip(a).zip(b).zip(c).zip(d) {
            let row = [a, b, c, d];
            for q in 0..ROWS {
                for lane in 0..LANES {
                    let difference = column[lane] - row[q];
                    sums[q][lane] = fma::<FUSED>(difference, difference, sums[q][lane]);
                }
            }
        }
        for (out, sums) in out.chunks_exact_mut(LANES).zip(&sums) {
            out.copy_from_slice(sums);
        }
    }
}

#[inline(always)]
fn products_any<const FUSED: bool>(columns: &[f64], rows: &[f64], out: &mut [f64]) {
    let width = columns.len() / LANES;
    let lengths = squares_any::<FUSED>(columns);
    let step = ROWS * (width + 1);
    for (rows, out) in rows.chunks_exact(step).zip(out.chunks_exact_mut(ROWS * LANES)) {
        let (a, rest) = rows.split_at(width + 1);
        let (b, rest) = rest.split_at(width + 1);
        let (c, d) = rest.split_at(width + 1);
        let mut sums = [[0.0; LANES]; ROWS];
        for (sums, own) in sums.iter_mut().zip([a[0], b[0], c[0], d[0]]) {
            for lane in 0..LANES {
                sums[lane] = lengths[lane] + own;
            }
        }
        let columns = columns.chunks_exact(LANES);
        for ((((column, &a), &b), &c), &d) in
            columns.zip(&a[1..]).zip(&b[1..]).zip(&c[1..]).zip(&d[1..])
        {
            let row = [a, b, c, d];
            for q in 0..ROWS {
                for lane in 0..LANES {
                    sums[q][lane] = fma::<FUSED>(column[lane], row[q], sums[q][lane]);
                }
            }
        }
        for (out, sums) in out.chunks_exact_mut(LANES).zip(&sums) {
            for lane in 0..LANES {
                out[lane] = if sums[lane] > 0.0 { sums[lane] } else { 0.0 };
            }
        }
    }
}

#[inline(always)]
fn covariances_any<const FUSED: bool>(form: Form, scale: f64, values: &mut [f64]) {
    match form {
        Form::RationalQuadratic { alpha } => {
            let (scale, alpha) = (scale / (2.0 * alpha), -alpha);
            for value in values {
                *value = exp::<FUSED>(alpha * ln::<FUSED>(1.0 + *value * scale));
            }
        }
        Form::Matern12 => {
            for value in values {
                *value = exp::<FUSED>(-(*value * scale).sqrt());
            }
        }
        Form::Matern32 => {
            for value in values {
                let s = (3.0 * *value * scale).sqrt();
                *value = (1.0 + s) * exp::<FUSED>(-s);
            }
        }
        Form::Matern52 => {
            for value in values {
                let s = (5.0 * *value * scale).sqrt();
                *value = (1.0 + s + s * s / 3.0) * exp::<FUSED>(-s);
            }
        }
        Form::Rbf => {
            for value in values {
                *value = exp::<FUSED>(-0.5 * *value * scale);
            }
        }
    }
}

/// `h = -2 dk/dr`: the derivative of the covariance with respect to the logarithm of a length scale is
/// `h` times the part of `r` along that axis.
#[inline(always)]
fn falloff<const FUSED: bool>(form: Form, r: f64) -> f64 {
    match form {
        Form::RationalQuadratic { alpha } => {
            exp::<FUSED>(-(alpha + 1.0) * ln::<FUSED>(1.0 + r / (2.0 * alpha)))
        }
        Form::Matern12 => {
            let s = r.sqrt();
            // Infinite at 0, but it is multiplied by `r`, which approaches 0 faster.
            exp::<FUSED>(-s) / (s + 1e-300)
        }
        Form::Matern32 => 3.0 * exp::<FUSED>(-(3.0 * r).sqrt()),
        Form::Matern52 => {
            let s = (5.0 * r).sqrt();
            5.0 / 3.0 * (1.0 + s) * exp::<FUSED>(-s)
        }
        Form::Rbf => exp::<FUSED>(-0.5 * r),
    }
}

#[inline(always)]
fn falloffs_any<const FUSED: bool>(form: Form, squared: &[f64], out: &mut [f64]) {
    for (out, &r) in out.iter_mut().zip(squared) {
        *out = falloff::<FUSED>(form, r);
    }
}

/// The weighted sums of two numbers for each squared distance. A macro, because the loop must not call
/// closures: see [`zoobot_base::processor`].
macro_rules! summed {
    ($squared:expr, $weights:expr, $value:ident => $both:expr) => {{
        let mut sums = [[0.0; LANES]; 2];
        let (squared, last_squared) = $squared.as_chunks::<LANES>();
        let (weights, last_weights) = $weights.as_chunks::<LANES>();
        for (squared, weights) in squared.iter().zip(weights) {
            for lane in 0..LANES {
                let $value = squared[lane];
                let both: [f64; 2] = $both;
                sums[0][lane] += weights[lane] * both[0];
                sums[1][lane] += weights[lane] * both[1];
            }
        }
        for (lane, (&$value, weight)) in last_squared.iter().zip(last_weights).enumerate() {
            let both: [f64; 2] = $both;
            sums[0][lane] += weight * both[0];
            sums[1][lane] += weight * both[1];
        }
        [sums[0].iter().sum(), sums[1].iter().sum()]
    }};
}

#[inline(always)]
fn slopes_any<const FUSED: bool>(
    form: Form,
    scale: f64,
    squared: &[f64],
    weights: &[f64],
) -> [f64; 2] {
    match form {
        Form::RationalQuadratic { alpha } => summed!(squared, weights, squared => {
            let r = squared * scale;
            let base = 1.0 + r / (2.0 * alpha);
            let log = alpha * ln::<FUSED>(base);
            let k = exp::<FUSED>(-log);
            let h = r / base;
            [k * h, k * (0.5 * h - log)]
        }),
        form => summed!(squared, weights, squared => {
            let r = squared * scale;
            [falloff::<FUSED>(form, r) * r, 0.0]
        }),
    }
}

#[inline(always)]
fn weighted_any<const FUSED: bool>(weights: &[f64], values: &[f64]) -> [f64; LANES] {
    let mut sums = [0.0; LANES];
    for (&weight, values) in weights.iter().zip(values.chunks_exact(LANES)) {
        for lane in 0..LANES {
            sums[lane] = fma::<FUSED>(weight, values[lane], sums[lane]);
        }
    }
    sums
}

#[inline(always)]
fn squares_any<const FUSED: bool>(values: &[f64]) -> [f64; LANES] {
    let mut sums = [0.0; LANES];
    for values in values.chunks_exact(LANES) {
        for lane in 0..LANES {
            sums[lane] = fma::<FUSED>(values[lane], values[lane], sums[lane]);
        }
    }
    sums
}

#[inline(always)]
fn solve_any<const FUSED: bool>(panels: &[f64], values: &mut [f64]) {
    let count = values.len() / LANES;
    let mut panels = panels;
    for first in (0..count).step_by(ROWS) {
        let (panel, rest) = panels.split_at((first + ROWS) * ROWS);
        panels = rest;
        let (before, here) = values.split_at_mut(first * LANES);
        let here = &mut here[..ROWS * LANES];
        let (left, triangle) = panel.split_at(first * ROWS);
        let mut sums = [[0.0; LANES]; ROWS];
        for (sums, here) in sums.iter_mut().zip(here.chunks_exact(LANES)) {
            sums.copy_from_slice(here);
        }
        for (factor, value) in left.chunks_exact(ROWS).zip(before.chunks_exact(LANES)) {
            for q in 0..ROWS {
                for lane in 0..LANES {
                    sums[q][lane] = fma::<FUSED>(-factor[q], value[lane], sums[q][lane]);
                }
            }
        }
        for column in 0..ROWS {
            let factor = &triangle[column * ROWS..(column + 1) * ROWS];
            for sum in &mut sums[column] {
                *sum *= factor[column];
            }
            let solved = sums[column];
            for row in column + 1..ROWS {
                for lane in 0..LANES {
                    sums[row][lane] = fma::<FUSED>(-factor[row], solved[lane], sums[row][lane]);
                }
            }
        }
        for (here, sums) in here.chunks_exact_mut(LANES).zip(&sums) {
            here.copy_from_slice(sums);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_triangular_system_is_solved_for_every_lane() {
        let n = 6;
        let at =
            |i: usize, j: usize| if i == j { 2.0 + i as f64 } else { (i * 3 + j) as f64 / 7.0 };
        let mut factor = vec![0.0; n * n];
        for i in 0..n {
            (0..=i).for_each(|j| factor[i * n + j] = at(i, j));
        }
        let known = |j: usize, lane: usize| (j * 5 + lane) as f64 / 3.0 - 2.0;
        let mut values = vec![0.0; 8 * LANES];
        for i in 0..n {
            for lane in 0..LANES {
                values[i * LANES + lane] = (0..=i).map(|j| at(i, j) * known(j, lane)).sum();
            }
        }
        let mut plain = values.clone();
        solve(&panels(n, &factor), &mut values);
        solve_any::<false>(&panels(n, &factor), &mut plain);
        for i in 0..n {
            for lane in 0..LANES {
                for found in [values[i * LANES + lane], plain[i * LANES + lane]] {
                    assert!((found - known(i, lane)).abs() < 1e-12, "{i} {lane}");
                }
            }
        }
    }
}
