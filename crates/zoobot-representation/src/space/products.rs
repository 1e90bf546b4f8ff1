//! Sums the products of columns over many rows, which is most of the work of a principal component
//! analysis. Products are summed in single precision within the rows added at a time, and in double
//! precision across them.
//!
//! Columns are shifted and gathered into panels. Each pair of panels is summed separately, and pairs
//! below the diagonal are skipped, since the matrix is symmetric. A core processes the pairs of a few
//! neighbouring panels together, so that the panels stay in its cache.

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;
use zoobot_base::processor::{Instructions, for_each_processor};

/// Columns per panel.
const WIDE: usize = 32;
/// Rows per panel: two panels fit into a core's L1 cache.
const DEEP: usize = 128;
/// Panels on each side of a group of pairs processed together: 8 panels of 16 KB.
const SIDE: usize = 4;
/// Numbers per panel.
const PANEL: usize = DEEP * WIDE;
/// Numbers per cache line. Panels are aligned to cache lines, because loading a register across two
/// lines takes twice as long.
const LINE: usize = 16;

/// A pair of panels.
#[derive(Debug)]
struct Pair {
    left: usize,
    right: usize,
    /// The sums of products, WIDE x WIDE.
    sums: Vec<f64>,
    /// The sums over the rows being added; 0 afterwards.
    recent: Vec<f32>,
}

impl Pair {
    fn new(left: usize, right: usize) -> Self {
        Self { left, right, sums: vec![0.0; WIDE * WIDE], recent: vec![0.0; WIDE * WIDE] }
    }

    fn settle(&mut self) {
        for (sum, recent) in self.sums.iter_mut().zip(&mut self.recent) {
            *sum += f64::from(std::mem::take(recent));
        }
    }
}

/// The sums so far.
#[derive(Debug)]
pub struct Products {
    width: usize,
    /// The sum of each column, padded to whole panels.
    sum: Vec<f64>,
    /// The pairs, in groups that share panels.
    pairs: Vec<Vec<Pair>>,
    /// A buffer for the rows being added, in blocks of DEEP rows, panel by panel.
    panels: Vec<f32>,
}

impl Products {
    /// Creates empty sums for rows of `width` columns.
    pub fn new(width: usize) -> Self {
        let panels = width.div_ceil(WIDE);
        let side = |first: usize| first..(first + SIDE).min(panels);
        let firsts = || (0..panels).step_by(SIDE);
        let squares = firsts().flat_map(|l| firsts().filter(move |&r| r >= l).map(move |r| (l, r)));
        let pairs = |(left, right)| {
            let all = side(left).flat_map(|l| side(right).map(move |r| (l, r)));
            all.filter(|(l, r)| r >= l).map(|(l, r)| Pair::new(l, r)).collect()
        };
        Self {
            width,
            sum: vec![0.0; panels * WIDE],
            pairs: squares.map(pairs).collect(),
            panels: Vec::new(),
        }
    }

    /// Adds rows after subtracting `shift`.
    ///
    /// # Shapes
    /// `rows`: n x width; `shift`: width.
    pub fn add(&mut self, rows: ArrayView2<f32>, shift: &[f32]) {
        let Self { width, sum, pairs, panels } = self;
        let rows = rows.as_standard_layout();
        let rows = rows.as_slice().unwrap_or_default();
        // The size of a block of DEEP rows.
        let whole = sum.len() * DEEP;
        let blocks = rows.len().div_ceil(DEEP * *width);
        panels.resize(blocks * whole + LINE, 0.0);
        let first = panels.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
        let panels = &mut panels[first..][..blocks * whole];
        let parts = panels.par_chunks_exact_mut(whole).zip(rows.par_chunks(DEEP * *width));
        let sums: Vec<Vec<f64>> = parts.map(|(panels, rows)| gather(rows, shift, panels)).collect();
        for part in sums {
            sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
        pairs.par_iter_mut().for_each(|pairs| {
            for panels in panels.chunks_exact(whole) {
                let panel = |place: usize| &panels[place * PANEL..][..PANEL];
                for Pair { left, right, recent, .. } in &mut *pairs {
                    multiply(panel(*left), panel(*right), recent);
                }
            }
            pairs.iter_mut().for_each(Pair::settle);
        });
    }

    /// The sum of each column, and the sum of the products of each pair of columns.
    pub fn finish(self) -> (Vec<f64>, Array2<f64>) {
        let Self { width, mut sum, pairs, .. } = self;
        sum.truncate(width);
        let mut all = Array2::zeros((width, width));
        for Pair { left, right, sums, .. } in pairs.into_iter().flatten() {
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
    /// Gathers at most DEEP rows into panels, subtracting the shift; padding becomes 0. Returns the sum
    /// of each column.
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
                // Rounded once, as a single-precision difference.
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

/// Adds the products of a few rows of two panels, in tiles whose sums stay in registers.
fn multiply(left: &[f32], right: &[f32], sums: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    match Instructions::in_use() {
        // SAFETY: the processor has the features that the function was compiled for.
        Instructions::Avx512 => return unsafe { wide::avx512(left, right, sums) },
        // SAFETY: as above.
        Instructions::Avx2 => return unsafe { wide::avx2(left, right, sums) },
        Instructions::Baseline => {}
    }
    plain(left, right, sums);
}

/// The implementation of `multiply` for any processor.
fn plain(left: &[f32], right: &[f32], sums: &mut [f32]) {
    /// Columns of the left panel and of the right one.
    const TILE: [usize; 2] = [4, 8];
    for at in (0..WIDE).step_by(TILE[1]) {
        for from in (0..WIDE).step_by(TILE[0]) {
            let mut tile = [[0.0_f32; TILE[1]]; TILE[0]];
            for (left, right) in left.chunks_exact(WIDE).zip(right.chunks_exact(WIDE)) {
                let (left, right) = (&left[from..from + TILE[0]], &right[at..at + TILE[1]]);
                for (row, left) in tile.iter_mut().zip(left) {
                    row.iter_mut().zip(right).for_each(|(sum, right)| *sum += left * right);
                }
            }
            for (row, sums) in tile.iter().zip(sums[from * WIDE..].chunks_exact_mut(WIDE)) {
                sums[at..].iter_mut().zip(row).for_each(|(to, value)| *to += value);
            }
        }
    }
}

/// Implementations that name each register: left to itself, the compiler spills a tile's sums to the
/// stack as soon as there are enough of them to hide the latency of a multiplication.
#[cfg(target_arch = "x86_64")]
mod wide {
    use super::WIDE;
    use std::arch::x86_64::*;

    /// Defines the function for one register width: a tile is `$rows` columns of the left panel by two
    /// registers of the right one.
    macro_rules! multiply {
        ($name:ident: $features:literal, $rows:literal rows of $lanes:literal numbers,
         $zero:ident $load:ident $store:ident $all:ident $add:ident $fused:ident) => {
            #[target_feature(enable = $features)]
            pub fn $name(left: &[f32], right: &[f32], sums: &mut [f32]) {
                const { assert!(WIDE % (2 * $lanes) == 0 && WIDE % $rows == 0) };
                for at in (0..WIDE).step_by(2 * $lanes) {
                    for from in (0..WIDE).step_by($rows) {
                        let mut tile = [[$zero(); 2]; $rows];
                        for (left, right) in left.chunks_exact(WIDE).zip(right.chunks_exact(WIDE)) {
                            let left = &left[from..from + $rows];
                            let (low, high) = right[at..at + 2 * $lanes].split_at($lanes);
                            // SAFETY: both slices are as long as a register.
                            let (low, high) =
                                unsafe { ($load(low.as_ptr()), $load(high.as_ptr())) };
                            for i in 0..$rows {
                                let left = $all(left[i]);
                                tile[i][0] = $fused(left, low, tile[i][0]);
                                tile[i][1] = $fused(left, high, tile[i][1]);
                            }
                        }
                        for i in 0..$rows {
                            for (register, at) in tile[i].into_iter().zip([at, at + $lanes]) {
                                let to = &mut sums[(from + i) * WIDE + at..][..$lanes];
                                // SAFETY: the slice is as long as a register.
                                unsafe {
                                    let sum = $add(register, $load(to.as_ptr()));
                                    $store(to.as_mut_ptr(), sum);
                                }
                            }
                        }
                    }
                }
            }
        };
    }
    multiply!(avx512: "avx512f,avx512vl,fma", 8 rows of 16 numbers,
        _mm512_setzero_ps _mm512_loadu_ps _mm512_storeu_ps _mm512_set1_ps _mm512_add_ps _mm512_fmadd_ps);
    multiply!(avx2: "avx2,fma", 4 rows of 8 numbers,
        _mm256_setzero_ps _mm256_loadu_ps _mm256_storeu_ps _mm256_set1_ps _mm256_add_ps _mm256_fmadd_ps);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_products_are_those_of_a_plain_loop_on_every_instruction_set() {
        // Not a multiple of a panel or a block, and more panels than are processed together.
        let (rows, width) = (DEEP + 37, SIDE * WIDE + 13);
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
        let other: Vec<f32> = (0..DEEP * WIDE).map(|i| (i % 29) as f32 - 13.0).collect();
        // Integers, which single precision represents exactly.
        let mut plainly = vec![0.0; WIDE * WIDE];
        plain(&panel, &other, &mut plainly);
        let product = |a: usize, b: usize| -> f32 {
            (0..DEEP).map(|row| panel[row * WIDE + a] * other[row * WIDE + b]).sum()
        };
        assert_eq!(plainly[0], product(0, 0));
        assert_eq!(plainly[5 * WIDE + 31], product(5, 31));
        let mut here = vec![0.0; WIDE * WIDE];
        multiply(&panel, &other, &mut here);
        assert_eq!(here, plainly);
        #[cfg(target_arch = "x86_64")]
        if Instructions::in_use() >= Instructions::Avx2 {
            let mut narrower = vec![0.0; WIDE * WIDE];
            // SAFETY: the processor has these features.
            unsafe { wide::avx2(&panel, &other, &mut narrower) };
            assert_eq!(narrower, plainly);
        }
    }
}
