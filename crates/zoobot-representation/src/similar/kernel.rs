//! Distances of a few queries to a block of rows: the inner loop of exact search.
//!
//! Sixteen rows are interleaved column by column, so that a vector register holds one column of sixteen
//! rows and no sum runs across a register. Differences are taken before they are squared. The usual
//! matrix product is no faster at these widths, because its result must still be searched for the
//! smallest distances, and it loses precision for near neighbours.

use super::top::Top;
use zoobot_base::processor::for_each_processor;
use zoobot_base::simd::single::fma;
pub use zoobot_base::simd::{LANES, total};

/// The number of queries that share a pass over the rows.
pub const QUERIES: usize = 4;

/// A block of rows, stored by column.
#[derive(Debug, Default)]
pub struct Block {
    /// The row numbers in the table, in order, without padding.
    rows: Vec<u32>,
    count: usize,
    width: usize,
    /// For each group of [`LANES`] rows: column by column, one number per row.
    columns: Vec<f32>,
}

impl Block {
    /// Fills the block with rows, which `read` writes one at a time. With `unit`, rows are scaled to
    /// length 1.
    pub fn fill(
        &mut self,
        rows: impl ExactSizeIterator<Item = u32>,
        width: usize,
        unit: bool,
        mut read: impl FnMut(u32, &mut [f32]),
    ) {
        self.count = rows.len();
        self.width = width;
        self.rows.clear();
        self.rows.extend(rows);
        let groups = self.count.div_ceil(LANES);
        self.columns.resize(groups * LANES * width, 0.0);
        let mut lanes = vec![0.0; LANES * width];
        let groups = self.columns.chunks_exact_mut(LANES * width);
        for (rows, group) in self.rows.chunks(LANES).zip(groups) {
            for (&row, lane) in rows.iter().zip(lanes.chunks_exact_mut(width)) {
                read(row, lane);
                if unit {
                    scale_to_unit(lane);
                }
            }
            for (column, side_by_side) in group.chunks_exact_mut(LANES).enumerate() {
                for (lane, to) in side_by_side.iter_mut().enumerate() {
                    *to = lanes[lane * width + column];
                }
            }
        }
    }
}

/// Scales a row to length 1. A row of zeros has no direction and is placed far from all others.
pub fn scale_to_unit(row: &mut [f32]) {
    let length = row.iter().map(|value| value * value).sum::<f32>().sqrt();
    match length > 0.0 {
        true => row.iter_mut().for_each(|value| *value /= length),
        false => row.fill(1e9),
    }
}

for_each_processor! {
    /// Offers every row of the block to the `best` of each query. `absolute` sums absolute differences
    /// instead of squares. `queries` holds [`QUERIES`] queries, one after another; `best` may have fewer
    /// entries if the last queries are padding.
    pub fn offer(block: &Block, queries: &[f32], absolute: bool, best: &mut [Top]) = offer_any;
}

#[inline(always)]
fn offer_any<const FUSED: bool>(block: &Block, queries: &[f32], absolute: bool, best: &mut [Top]) {
    match absolute {
        true => offer_by::<true, FUSED>(block, queries, best),
        false => offer_by::<false, FUSED>(block, queries, best),
    }
}

/// Adds the square of a difference to the sum, or with `ABSOLUTE` its absolute value.
#[inline(always)]
pub fn add<const ABSOLUTE: bool, const FUSED: bool>(sum: f32, difference: f32) -> f32 {
    if ABSOLUTE { sum + difference.abs() } else { fma::<FUSED>(difference, difference, sum) }
}

#[inline(always)]
fn offer_by<const ABSOLUTE: bool, const FUSED: bool>(
    block: &Block,
    queries: &[f32],
    best: &mut [Top],
) {
    let width = block.width;
    let (q0, rest) = queries.split_at(width);
    let (q1, rest) = rest.split_at(width);
    let (q2, q3) = rest.split_at(width);
    let groups = block.columns.chunks_exact(LANES * width);
    for (rows, group) in block.rows.chunks(LANES).zip(groups) {
        let mut sums = [[0.0_f32; LANES]; QUERIES];
        let columns = group.chunks_exact(LANES);
        for ((((column, &a), &b), &c), &d) in columns.zip(q0).zip(q1).zip(q2).zip(q3) {
            let query = [a, b, c, d];
            for q in 0..QUERIES {
                for lane in 0..LANES {
                    sums[q][lane] = add::<ABSOLUTE, FUSED>(sums[q][lane], column[lane] - query[q]);
                }
            }
        }
        for (best, sums) in best.iter_mut().zip(&sums) {
            // A NaN means that there is no bound yet.
            let bound = best.bound();
            let near = sums.iter().fold(false, |near, sum| near | (*sum < bound)) || bound.is_nan();
            if near {
                for (&row, &sum) in rows.iter().zip(sums) {
                    best.offer(sum, row);
                }
            }
        }
    }
}

for_each_processor! {
    /// The distance of one query to each of a few consecutive rows. A single query is answered as fast
    /// as the rows are read, without interleaving them. Rows and query are padded with zeros to a
    /// multiple of [`LANES`] columns.
    pub fn one(rows: &[f32], query: &[f32], absolute: bool, distances: &mut [f32]) = one_any;
}

#[inline(always)]
fn one_any<const FUSED: bool>(rows: &[f32], query: &[f32], absolute: bool, distances: &mut [f32]) {
    match absolute {
        true => one_by::<true, FUSED>(rows, query, distances),
        false => one_by::<false, FUSED>(rows, query, distances),
    }
}

#[inline(always)]
fn one_by<const ABSOLUTE: bool, const FUSED: bool>(
    rows: &[f32],
    query: &[f32],
    distances: &mut [f32],
) {
    for (row, distance) in rows.chunks_exact(query.len()).zip(distances) {
        let mut sums = [0.0_f32; LANES];
        for (row, query) in row.chunks_exact(LANES).zip(query.chunks_exact(LANES)) {
            for lane in 0..LANES {
                sums[lane] = add::<ABSOLUTE, FUSED>(sums[lane], row[lane] - query[lane]);
            }
        }
        *distance = total(sums);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instruction_set_finds_the_same_rows() {
        let (width, count) = (13, 45);
        let value = |row: u32, column: usize| ((row * 31 + column as u32 * 17) % 97) as f32 / 7.0;
        let mut block = Block::default();
        block.fill(100..100 + count, width, false, |row, to| {
            to.iter_mut().enumerate().for_each(|(column, to)| *to = value(row, column));
        });
        let queries: Vec<f32> = (0..QUERIES * width).map(|i| (i % 11) as f32).collect();
        for absolute in [false, true] {
            let mut plain: Vec<Top> = (0..3).map(|_| Top::new(5)).collect();
            let mut fast: Vec<Top> = (0..3).map(|_| Top::new(5)).collect();
            offer_any::<false>(&block, &queries, absolute, &mut plain);
            offer(&block, &queries, absolute, &mut fast);
            for (q, (plain, fast)) in plain.into_iter().zip(fast).enumerate() {
                let mut brute: Vec<(f32, u32)> = (100..100 + count)
                    .map(|row| {
                        let terms = (0..width).map(|c| value(row, c) - queries[q * width + c]);
                        let sum = terms.map(|t| if absolute { t.abs() } else { t * t }).sum();
                        (sum, row)
                    })
                    .collect();
                brute.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                let rows =
                    |top: Top| top.into_sorted().into_iter().map(|it| it.1).collect::<Vec<_>>();
                let expected: Vec<u32> = brute[..5].iter().map(|it| it.1).collect();
                assert_eq!(rows(plain), expected);
                assert_eq!(rows(fast), expected);
            }
        }
    }

    #[test]
    fn one_query_alone_has_the_distances_of_a_plain_loop() {
        let (width, count) = (2 * LANES, 5);
        let rows: Vec<f32> = (0..count * width).map(|i| ((i * 31) % 97) as f32 / 8.0).collect();
        let query: Vec<f32> = (0..width).map(|i| (i % 11) as f32).collect();
        for absolute in [false, true] {
            let mut found = [0.0; 5];
            one(&rows, &query, absolute, &mut found);
            for (row, found) in rows.chunks(width).zip(found) {
                let terms = row.iter().zip(&query).map(|(a, b)| f64::from(a - b));
                let sum: f64 = terms.map(|t| if absolute { t.abs() } else { t * t }).sum();
                assert!((sum - f64::from(found)).abs() < 1e-5 * sum, "{sum} {found}");
            }
        }
    }
}
