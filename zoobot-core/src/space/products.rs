//! Sums of products of columns over many rows, in single precision within a few rows and in double
//! precision across them: the work of a principal component analysis.
//!
//! Columns are gathered into panels, shifted on the way; each pair of panels is summed by itself, and
//! pairs below the diagonal, which mirror others, not at all.

use crate::processor::{Instructions, for_each_processor};
use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

/// Columns of a panel.
const WIDE: usize = 32;
/// Rows over which sums stay in single precision.
const DEEP: usize = 256;
/// Columns of the left panel that share a pass over the right one.
const ROWS: usize = 4;
/// Numbers of a panel of so many rows.
const PANEL: usize = DEEP * WIDE;

/// One pair of panels.
#[derive(Debug)]
struct Pair {
    left: usize,
    right: usize,
    /// WIDE x WIDE.
    sums: Vec<f64>,
}

/// The sums so far.
#[derive(Debug)]
pub struct Products {
    width: usize,
    /// Of each column, padded to whole panels.
    sum: Vec<f64>,
    pairs: Vec<Pair>,
    /// The rows that are added, DEEP after DEEP, each panel by panel: kept for the next.
    panels: Vec<f32>,
}

impl Products {
    /// For rows of `width` columns.
    pub fn new(width: usize) -> Self {
        let panels = width.div_ceil(WIDE);
        let pair = |left, right| Pair { left, right, sums: vec![0.0; WIDE * WIDE] };
        let pairs = (0..panels).flat_map(|l| (l..panels).map(move |r| (l, r)));
        Self {
            width,
            sum: vec![0.0; panels * WIDE],
            pairs: pairs.map(|(left, right)| pair(left, right)).collect(),
            panels: Vec::new(),
        }
    }

    /// Adds rows less a shift of each column.
    ///
    /// # Shapes
    /// `rows`: n x width; `shift`: width.
    pub fn add(&mut self, rows: ArrayView2<f32>, shift: &[f32]) {
        let Self { width, sum, pairs, panels } = self;
        let rows = rows.as_standard_layout();
        let rows = rows.as_slice().unwrap_or_default();
        // Panels of DEEP rows.
        let whole = sum.len() * DEEP;
        panels.resize(rows.len().div_ceil(DEEP * *width) * whole, 0.0);
        let parts = panels.par_chunks_exact_mut(whole).zip(rows.par_chunks(DEEP * *width));
        let sums: Vec<Vec<f64>> = parts.map(|(panels, rows)| gather(rows, shift, panels)).collect();
        for part in sums {
            sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
        pairs.par_iter_mut().for_each(|Pair { left, right, sums }| {
            for panels in panels.chunks_exact(whole) {
                let panel = |place: usize| &panels[place * PANEL..][..PANEL];
                multiply(panel(*left), panel(*right), sums);
            }
        });
    }

    /// The sum of each column, and that of the products of each two.
    pub fn finish(self) -> (Vec<f64>, Array2<f64>) {
        let Self { width, mut sum, pairs, .. } = self;
        sum.truncate(width);
        let mut all = Array2::zeros((width, width));
        for Pair { left, right, sums } in pairs {
            for (i, row) in sums.chunks_exact(WIDE).enumerate() {
                for (j, &value) in row.iter().enumerate() {
                    let (i, j) = (left * WIDE + i, right * WIDE + j);
                    if i < width && j < width {
                        all[[i, j]] = value;
                        all[[j, i]] = value;
                    }
                }
            }
        }
        (sum, all)
    }
}

for_each_processor! {
    /// Brings at most DEEP rows into panels, shifted; what is beyond the last row and column becomes 0.
    /// Their sums, column by column.
    fn gather(rows: &[f32], shift: &[f32], panels: &mut [f32]) -> Vec<f64> = gather_any;
}

#[inline(always)]
fn gather_any<const FUSED: bool>(rows: &[f32], shift: &[f32], panels: &mut [f32]) -> Vec<f64> {
    let count = rows.len() / shift.len();
    let mut sums = vec![0.0; panels.len() / DEEP];
    for (at, row) in rows.chunks_exact(shift.len()).enumerate() {
        for (first, place) in (0..row.len()).step_by(WIDE).zip(0..) {
            let last = (first + WIDE).min(row.len());
            let (row, shift, sums) =
                (&row[first..last], &shift[first..last], &mut sums[first..last]);
            let to = &mut panels[place * PANEL + at * WIDE..][..row.len()];
            for i in 0..row.len() {
                // One rounding, as a difference of single numbers has.
                to[i] = row[i] - shift[i];
                sums[i] += f64::from(to[i]);
            }
        }
    }
    for panel in panels.chunks_exact_mut(PANEL) {
        panel[count * WIDE..].fill(0.0);
    }
    sums
}

/// Adds the products of a few rows of two panels.
fn multiply(left: &[f32], right: &[f32], sums: &mut [f64]) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512vl,fma")]
        fn avx512(left: &[f32], right: &[f32], sums: &mut [f64]) {
            tiles::<true, WIDE>(left, right, sums);
        }
        // Half as many registers, and half as wide.
        #[target_feature(enable = "avx2,fma")]
        fn avx2(left: &[f32], right: &[f32], sums: &mut [f64]) {
            tiles::<true, { WIDE / 4 }>(left, right, sums);
        }
        match Instructions::in_use() {
            // SAFETY: the processor has what the function was compiled for.
            Instructions::Avx512 => return unsafe { avx512(left, right, sums) },
            // SAFETY: as above.
            Instructions::Avx2 => return unsafe { avx2(left, right, sums) },
            Instructions::Baseline => {}
        }
    }
    tiles::<false, { WIDE / 4 }>(left, right, sums);
}

/// In tiles of [`ROWS`] x `C`, whose sums stay in registers.
#[inline(always)]
fn tiles<const FUSED: bool, const C: usize>(left: &[f32], right: &[f32], sums: &mut [f64]) {
    for at in (0..WIDE).step_by(C) {
        for from in (0..WIDE).step_by(ROWS) {
            let mut tile = [[0.0_f32; C]; ROWS];
            for (left, right) in left.chunks_exact(WIDE).zip(right.chunks_exact(WIDE)) {
                let (left, right) = (&left[from..from + ROWS], &right[at..at + C]);
                for i in 0..ROWS {
                    for j in 0..C {
                        tile[i][j] = match FUSED {
                            true => left[i].mul_add(right[j], tile[i][j]),
                            false => tile[i][j] + left[i] * right[j],
                        };
                    }
                }
            }
            for (i, row) in tile.iter().enumerate() {
                let to = &mut sums[(from + i) * WIDE + at..][..C];
                to.iter_mut().zip(row).for_each(|(to, &value)| *to += f64::from(value));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_products_are_those_of_a_plain_loop_on_every_instruction_set() {
        // Neither a multiple of a panel nor of a block.
        let (rows, width) = (DEEP + 37, WIDE + 13);
        let values = Array2::from_shape_fn((rows, width), |(i, j)| {
            ((i * 31 + j * 17) % 101) as f32 / 8.0 + j as f32
        });
        let shift: Vec<f32> = (0..width).map(|j| 6.0 + j as f32).collect();
        let mut products = Products::new(width);
        products.add(values.view(), &shift);
        products.add(values.slice(ndarray::s![..5, ..]), &shift);
        let (sum, found) = products.finish();
        let off = |i: usize, j: usize| f64::from(values[[i, j]]) - f64::from(shift[j]);
        let rows = || (0..rows).chain(0..5);
        for a in 0..width {
            assert!((sum[a] - rows().map(|i| off(i, a)).sum::<f64>()).abs() < 1e-9);
            for b in 0..width {
                let expected: f64 = rows().map(|i| off(i, a) * off(i, b)).sum();
                assert!((found[[a, b]] - expected).abs() < 1e-2, "{a} {b}");
            }
        }
        let panel: Vec<f32> = (0..DEEP * WIDE).map(|i| (i % 23) as f32 - 11.0).collect();
        let mut each = [vec![0.0; WIDE * WIDE], vec![0.0; WIDE * WIDE], vec![0.0; WIDE * WIDE]];
        multiply(&panel, &panel, &mut each[0]);
        tiles::<false, 8>(&panel, &panel, &mut each[1]);
        tiles::<false, WIDE>(&panel, &panel, &mut each[2]);
        // Whole numbers, which single precision holds exactly.
        assert_eq!(each[0], each[1]);
        assert_eq!(each[1], each[2]);
    }
}
