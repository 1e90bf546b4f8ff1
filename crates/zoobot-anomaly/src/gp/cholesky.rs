//! The Cholesky factor and the inverse of symmetric positive definite matrices, in double precision, row
//! by row.

use zoobot_base::processor::for_each_processor;
use zoobot_base::simd::double::fma;

/// The number of columns that are processed together.
const PANEL: usize = 4;
/// The number of rows that share a pass over them: with fewer, loading takes longer than multiplying.
const PAIR: usize = 2;
/// The number of products that are summed side by side.
const SIDE: usize = 8;

for_each_processor! {
    /// Replaces the lower triangle of an `n` x `n` matrix by its Cholesky factor `L`, where `L Lᵀ` is the
    /// matrix; the upper triangle is unchanged. If the matrix is not positive definite, fails with the
    /// first row where this shows.
    pub fn factor(n: usize, matrix: &mut [f64]) -> Result<(), usize> = factor_any;
    /// The lower triangle of the inverse of `L Lᵀ`; the upper triangle is 0.
    pub fn inverse(n: usize, factor: &[f64]) -> Vec<f64> = inverse_any;
}

/// Solves `L Lᵀ x = b` in place.
pub fn solve(n: usize, factor: &[f64], b: &mut [f64]) {
    for i in 0..n {
        let row = &factor[i * n..i * n + i];
        let sum: f64 = row.iter().zip(&*b).map(|(a, b)| a * b).sum();
        b[i] = (b[i] - sum) / factor[i * n + i];
    }
    for i in (0..n).rev() {
        b[i] /= factor[i * n + i];
        let solved = b[i];
        for (b, a) in b.iter_mut().zip(&factor[i * n..i * n + i]) {
            *b -= a * solved;
        }
    }
}

/// The dot products of two vectors with four others of equal length.
#[inline(always)]
fn dots<const FUSED: bool>(rows: [&[f64]; PAIR], others: [&[f64]; PANEL]) -> [[f64; PANEL]; PAIR] {
    // Eight named arrays: an array of arrays would be kept in memory instead of in registers.
    const ZERO: [f64; SIDE] = [0.0; SIDE];
    let (mut r_b, mut r_c, mut r_d, mut r_e) = (ZERO, ZERO, ZERO, ZERO);
    let (mut s_b, mut s_c, mut s_d, mut s_e) = (ZERO, ZERO, ZERO, ZERO);
    let [r, s] = rows.map(|row| row.as_chunks::<SIDE>().0);
    let [b, c, d, e] = others.map(|other| other.as_chunks::<SIDE>().0);
    for (((((r, s), b), c), d), e) in r.iter().zip(s).zip(b).zip(c).zip(d).zip(e) {
        macro_rules! add {
            ($sums:ident, $row:ident, $other:ident) => {
                for side in 0..SIDE {
                    $sums[side] = fma::<FUSED>($row[side], $other[side], $sums[side]);
                }
            };
        }
        add!(r_b, r, b);
        add!(r_c, r, c);
        add!(r_d, r, d);
        add!(r_e, r, e);
        add!(s_b, s, b);
        add!(s_c, s, c);
        add!(s_d, s, d);
        add!(s_e, s, e);
    }
    let mut out = [[0.0; PANEL]; PAIR];
    let sums = [[r_b, r_c, r_d, r_e], [s_b, s_c, s_d, s_e]];
    for ((out, sums), row) in out.iter_mut().zip(sums).zip(rows) {
        for ((out, sums), other) in out.iter_mut().zip(sums).zip(others) {
            let [s, t, u, v, w, x, y, z] = sums;
            *out = ((s + w) + (u + y)) + ((t + x) + (v + z));
            let whole = row.len() / SIDE * SIDE;
            for (a, b) in row[whole..].iter().zip(&other[whole..]) {
                *out += a * b;
            }
        }
    }
    out
}

#[inline(always)]
fn factor_any<const FUSED: bool>(n: usize, matrix: &mut [f64]) -> Result<(), usize> {
    for first in (0..n).step_by(PANEL) {
        let end = (first + PANEL).min(n);
        let mut pivots = [0.0; PANEL];
        for pair in (first..n).step_by(PAIR) {
            let known = {
                let row = |i: usize| &matrix[i * n..i * n + first];
                let panel = [0, 1, 2, 3].map(|q| row((first + q).min(n - 1)));
                dots::<FUSED>([row(pair), row((pair + 1).min(n - 1))], panel)
            };
            for (i, known) in (pair..n).zip(known) {
                for (j, known) in (first..end.min(i + 1)).zip(known) {
                    let mut sum = matrix[i * n + j] - known;
                    for k in first..j {
                        sum -= matrix[i * n + k] * matrix[j * n + k];
                    }
                    if i == j {
                        if sum <= 0.0 || sum.is_nan() {
                            return Err(i);
                        }
                        matrix[i * n + i] = sum.sqrt();
                        pivots[i - first] = matrix[i * n + i].recip();
                    } else {
                        matrix[i * n + j] = sum * pivots[j - first];
                    }
                }
            }
        }
    }
    Ok(())
}

#[inline(always)]
fn inverse_any<const FUSED: bool>(n: usize, factor: &[f64]) -> Vec<f64> {
    // The columns of the inverse factor, as rows; each begins at the diagonal.
    let mut columns = vec![0.0; n * n];
    for first in (0..n).step_by(PANEL) {
        for pair in (first..n).step_by(PAIR) {
            let sums = {
                let row = |i: usize| &columns[i * n + first..i * n + pair];
                let panel = [0, 1, 2, 3].map(|q| row((first + q).min(n - 1)));
                let own = |k: usize| &factor[k * n + first..k * n + pair];
                dots::<FUSED>([own(pair), own((pair + 1).min(n - 1))], panel)
            };
            for (k, sums) in (pair..n).zip(sums) {
                let pivot = factor[k * n + k].recip();
                for (i, mut sum) in (first..(first + PANEL).min(n)).zip(sums) {
                    // The other row of the pair, which was computed just before.
                    for before in pair..k {
                        sum += factor[k * n + before] * columns[i * n + before];
                    }
                    match i.cmp(&k) {
                        std::cmp::Ordering::Less => columns[i * n + k] = -sum * pivot,
                        std::cmp::Ordering::Equal => columns[i * n + k] = pivot,
                        std::cmp::Ordering::Greater => {}
                    }
                }
            }
        }
    }
    let mut inverse = vec![0.0; n * n];
    for first in (0..n).step_by(PANEL) {
        for pair in (first..n).step_by(PAIR) {
            let row = |i: usize| &columns[i * n + pair..(i + 1) * n];
            let panel = [0, 1, 2, 3].map(|q| row((first + q).min(n - 1)));
            let sums = dots::<FUSED>([row(pair), row((pair + 1).min(n - 1))], panel);
            for (j, sums) in (pair..n).zip(sums) {
                for (i, sum) in (first..(first + PANEL).min(j + 1)).zip(sums) {
                    inverse[j * n + i] = sum;
                }
            }
        }
    }
    inverse
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    fn matrix(n: usize) -> Array2<f64> {
        let half = Array2::from_shape_fn((n, n), |(i, j)| ((i * 7 + j * 13 + i * j) % 23) as f64);
        half.dot(&half.t()) / (50 * n) as f64 + Array2::<f64>::eye(n)
    }

    #[test]
    fn factor_inverse_and_solution_give_the_matrix_back() {
        for n in [1, 3, 4, 5, 8, 30, 67] {
            let matrix = matrix(n);
            let raw = || matrix.iter().copied().collect::<Vec<f64>>();
            let (mut found, mut plain) = (raw(), raw());
            factor(n, &mut found).unwrap();
            factor_any::<false>(n, &mut plain).unwrap();
            for i in 0..n {
                for j in 0..=i {
                    let sum: f64 = (0..=j).map(|k| found[i * n + k] * found[j * n + k]).sum();
                    assert!((sum - matrix[[i, j]]).abs() < 1e-9, "{n}: {i} {j}");
                    assert!((found[i * n + j] - plain[i * n + j]).abs() < 1e-9);
                }
            }
            let lower = inverse(n, &found);
            let inverse = Array2::from_shape_fn((n, n), |(i, j)| lower[i.max(j) * n + i.min(j)]);
            let one = matrix.dot(&inverse) - Array2::<f64>::eye(n);
            assert!(one.iter().all(|value| value.abs() < 1e-9), "{n}");
            let known: Vec<f64> = (0..n).map(|i| i as f64 - 2.5).collect();
            let mut b = matrix.dot(&ndarray::Array1::from(known.clone())).to_vec();
            solve(n, &found, &mut b);
            assert!(b.iter().zip(&known).all(|(a, b)| (a - b).abs() < 1e-9), "{n}");
        }
    }

    #[test]
    fn what_is_not_positive_definite_is_refused_with_the_row() {
        let mut matrix = vec![1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0];
        assert_eq!(factor(3, &mut matrix), Err(2));
        assert_eq!(factor(1, &mut [f64::NAN]), Err(0));
    }
}
