//! Exact search: compares every row, in blocks, on all cores.
//!
//! Besides the table, it needs memory for one block of rows per core and `k` candidates per query.

use super::Metric;
use super::kernel::{self, Block, LANES, QUERIES};
use super::top::Top;
use super::vectors::Vectors;
use ndarray::{Array2, ArrayView2, s};
use rayon::prelude::*;
use std::ops::Range;
use zoobot_base::error::{Error, Result};

/// The size of a block in bytes: it fits into a core's own cache together with the queries.
const BLOCK_BYTES: usize = 128 << 10;
/// The number of queries searched for at a time; more are searched in batches.
const ROUND: usize = 4096;
/// The number of bytes read (as float32) after which pages of a file are released.
const KEPT_BYTES: usize = 4 << 20;

/// The nearest rows of each query.
///
/// # Shapes
/// Both arrays are queries x `k`, nearest first.
///
/// ```
/// use zoobot_core::{ndarray::array, similar::Metric, space::Space};
/// let ids = vec!["a".to_owned(), "b".to_owned(), "c".to_owned()];
/// let space = Space::new(ids, array![[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]])?;
/// let nearest = space.nearest(array![[0.0, 0.0]].view(), 2, Metric::L2)?;
/// assert_eq!(nearest.rows, array![[0, 2]]);
/// assert_eq!(nearest.distances, array![[0.0, 1.0]]);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Nearest {
    /// The row numbers of the neighbours in the table.
    pub rows: Array2<u32>,
    /// The neighbours' distances.
    pub distances: Array2<f32>,
}

/// The `k` rows nearest to each query, among the rows in `among` (in increasing order) or all rows.
pub fn nearest(
    vectors: &dyn Vectors,
    queries: ArrayView2<f32>,
    k: usize,
    metric: Metric,
    among: Option<&[u32]>,
) -> Result<Nearest> {
    metric.check(queries, vectors.width())?;
    let count = among.map_or(vectors.len(), <[u32]>::len);
    if u32::try_from(vectors.len()).is_err() {
        let problem = format!(
            "the table has {} rows, but a search takes at most {}",
            vectors.len(),
            u32::MAX
        );
        return Err(Error::unsuitable(problem, "Search the table in parts"));
    }
    if k == 0 || k > count {
        let range = format!("between 1 and {count}, the number of rows searched");
        return Err(Error::parameter("k", k, range));
    }
    let mut found = Nearest {
        rows: Array2::zeros((queries.nrows(), k)),
        distances: Array2::zeros((queries.nrows(), k)),
    };
    let search = Search { vectors, metric, among, count, k };
    for start in (0..queries.nrows()).step_by(ROUND) {
        let round = start..(start + ROUND).min(queries.nrows());
        let best = search.round(queries.slice(s![round.clone(), ..]))?;
        for (query, best) in round.zip(best) {
            for (place, (distance, row)) in best.into_iter().enumerate() {
                found.rows[[query, place]] = row;
                found.distances[[query, place]] = distance as f32;
            }
        }
    }
    Ok(found)
}

struct Search<'a> {
    vectors: &'a dyn Vectors,
    metric: Metric,
    among: Option<&'a [u32]>,
    count: usize,
    k: usize,
}

impl Search<'_> {
    /// The rows nearest to each query of a batch, with distances in double precision.
    fn round(&self, queries: ArrayView2<f32>) -> Result<Vec<Vec<(f64, u32)>>> {
        let (number, width) = queries.dim();
        let mut padded = Array2::zeros((number.next_multiple_of(QUERIES), width));
        padded.slice_mut(s![..number, ..]).assign(&self.metric.prepared(queries));
        let padded = padded.as_slice().unwrap_or_default();

        // Cores share the queries if there are enough of them, and otherwise the rows.
        let cores = rayon::current_num_threads();
        let by_query = number >= 8 * QUERIES * cores;
        let (query_parts, row_parts) = if by_query { (cores, 1) } else { (1, 2 * cores) };
        let query_step = number.div_ceil(query_parts).next_multiple_of(QUERIES);
        let row_step = self.count.div_ceil(row_parts).max(1);
        let starts = |count: usize, step: usize| (0..count).step_by(step);
        let parts: Vec<(usize, usize)> = starts(number, query_step)
            .flat_map(|query| starts(self.count, row_step).map(move |row| (query, row)))
            .collect();
        let found: Vec<(usize, Vec<Top>)> = parts
            .into_par_iter()
            .map(|(query, row)| {
                let queries = query..(query + query_step).min(number);
                let rows = row..(row + row_step).min(self.count);
                let values = &padded[query * width..queries.end.next_multiple_of(QUERIES) * width];
                Ok((query, self.part(values, queries.len(), rows)?))
            })
            .collect::<Result<_>>()?;

        let mut best: Vec<Option<Top>> = (0..number).map(|_| None).collect();
        for (start, part) in found {
            for (best, part) in best[start..].iter_mut().zip(part) {
                match best {
                    Some(best) => best.merge(part),
                    None => *best = Some(part),
                }
            }
        }
        let best: Vec<Top> = best.into_iter().flatten().collect();
        let refined = best.into_par_iter().enumerate();
        Ok(refined
            .map(|(query, best)| self.refine(best.into_sorted(), &queries.row(query).to_vec()))
            .collect())
    }

    /// The rows nearest to some queries, among a range of the rows.
    fn part(&self, queries: &[f32], number: usize, rows: Range<usize>) -> Result<Vec<Top>> {
        let width = self.vectors.width();
        if number == 1 {
            return Ok(vec![self.part_of_one(&queries[..width], rows)?]);
        }
        let mut best: Vec<Top> = (0..number).map(|_| Top::new(self.k)).collect();
        let step = (BLOCK_BYTES / (4 * width)).next_multiple_of(LANES).max(LANES);
        let unit = self.metric == Metric::Cosine;
        let absolute = self.metric == Metric::L1;
        let mut block = Block::default();
        let read = |row: u32, to: &mut [f32]| self.vectors.read(row as usize, to);
        let kept = (KEPT_BYTES / (4 * width)).max(step);
        let mut released = rows.start;
        for start in rows.clone().step_by(step) {
            if start - released >= kept {
                self.release(released..start);
                released = start;
            }
            zoobot_base::interrupt::check("search", || format!("{start} of {} rows", self.count))?;
            let end = (start + step).min(rows.end);
            match self.among {
                Some(among) => block.fill(among[start..end].iter().copied(), width, unit, read),
                None => block.fill(start as u32..end as u32, width, unit, read),
            }
            let fours = queries.chunks_exact(QUERIES * width);
            for (four, best) in fours.zip(best.chunks_mut(QUERIES)) {
                kernel::offer(&block, four, absolute, best);
            }
        }
        self.release(released..rows.end);
        Ok(best)
    }

    /// The rows nearest to one query, among a range of the rows.
    fn part_of_one(&self, query: &[f32], rows: Range<usize>) -> Result<Top> {
        let (width, padded) = (query.len(), query.len().next_multiple_of(LANES));
        let query = [query, &vec![0.0; padded - width]].concat();
        let (mut values, mut distances) = (vec![0.0; LANES * padded], [0.0; LANES]);
        let mut best = Top::new(self.k);
        let mut released = rows.start;
        for start in rows.clone().step_by(LANES) {
            let read = (start - released) * 4 * width;
            if read == 0 || read >= KEPT_BYTES {
                zoobot_base::interrupt::check("search", || {
                    format!("{start} of {} rows", self.count)
                })?;
            }
            if read >= KEPT_BYTES {
                self.release(released..start);
                released = start;
            }
            let places = start..(start + LANES).min(rows.end);
            let place = |at: usize| self.among.map_or(at as u32, |among| among[at]);
            match self.among {
                None => self.vectors.read_rows(places.clone(), padded, &mut values),
                Some(among) => {
                    for (&row, to) in
                        among[places.clone()].iter().zip(values.chunks_exact_mut(padded))
                    {
                        self.vectors.read(row as usize, &mut to[..width]);
                    }
                }
            }
            if self.metric == Metric::Cosine {
                let rows = values.chunks_exact_mut(padded).take(places.len());
                rows.for_each(|row| kernel::scale_to_unit(&mut row[..width]));
            }
            let (values, distances) =
                (&values[..places.len() * padded], &mut distances[..places.len()]);
            kernel::one(values, &query, self.metric == Metric::L1, distances);
            for (at, &distance) in places.zip(&*distances) {
                best.offer(distance, place(at));
            }
        }
        self.release(released..rows.end);
        Ok(best)
    }

    /// Releases the memory of rows that have been read, if the table is in a file.
    fn release(&self, read: Range<usize>) {
        let Some(last) = read.end.checked_sub(1).filter(|&last| last >= read.start) else { return };
        match self.among {
            Some(among) => {
                self.vectors.release(among[read.start] as usize..among[last] as usize + 1)
            }
            None => self.vectors.release(read),
        }
    }

    /// Recomputes the distances in double precision and sorts by them.
    fn refine(&self, best: Vec<(f32, u32)>, query: &[f32]) -> Vec<(f64, u32)> {
        let mut values = vec![0.0; query.len()];
        let mut refined: Vec<(f64, u32)> = best
            .into_iter()
            .map(|(_, row)| {
                self.vectors.read(row as usize, &mut values);
                (self.metric.distance(query, &values), row)
            })
            .collect();
        refined.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        refined
    }
}
