//! Measures the recall of an index and chooses its ef.

use super::Index;
use super::graph::Walk;
use crate::similar::{Vectors, exact};
use ndarray::{Array2, Axis};
use rand::SeedableRng;
use rayon::prelude::*;
use zoobot_base::error::Result;

/// The number of neighbours searched for.
pub const NEIGHBOURS: usize = 10;
/// The number of galaxies in the sample.
const SAMPLE: usize = 1000;
/// The number of rows above which exact search is slow, and the smaller sample used then.
const LARGE: (usize, usize) = (2_000_000, 200);
/// The values of ef to try.
const WIDTHS: [usize; 22] = [
    10, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192, 256, 320, 384, 512, 768, 1024, 2048,
    4096,
];

/// The recall of an index, measured on a sample of its table.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Recall {
    /// The ef: the number of candidates in a search for 10 neighbours.
    pub wide: usize,
    /// The share of the true 10 nearest that a search finds.
    pub recall: f64,
    /// The standard error of the recall.
    pub error: f64,
    /// The number of galaxies in the sample.
    pub sample: usize,
}

/// Points that are not in the table, like new galaxies, and the distance of the farthest of each point's
/// true neighbours. A point lies beyond a row as seen from the row's farthest neighbour, by half the
/// distance between the two.
pub struct Truth {
    queries: Array2<f32>,
    bound: Vec<f64>,
    k: usize,
}

impl Truth {
    /// Searches exactly around a sample of rows.
    pub fn of(index: &Index) -> Result<Self> {
        let (table, metric) = (index.table(), index.config().metric);
        let count = table.len();
        let wanted = if count > LARGE.0 { LARGE.1 } else { SAMPLE };
        let mut rng = rand::rngs::StdRng::seed_from_u64(index.config().seed);
        let mut rows = rand::seq::index::sample(&mut rng, count, wanted.min(count)).into_vec();
        rows.sort_unstable();
        let queries = directed(read(table, &rows));
        let k = NEIGHBOURS.min(count);
        if queries.nrows() == 0 {
            return Ok(Self { queries, bound: Vec::new(), k });
        }
        let near = exact::nearest(table, queries.view(), k, metric, None)?;
        let last: Vec<usize> = near.rows.column(k - 1).iter().map(|&row| row as usize).collect();
        let queries = directed((queries * 3.0 - read(table, &last)) / 2.0);
        let exact = exact::nearest(table, queries.view(), k, metric, None)?;
        let bound = exact.distances.column(k - 1).iter().map(|&far| f64::from(far)).collect();
        Ok(Self { queries, bound, k })
    }

    /// The recall of searches with this ef. Any row as near as the farthest true neighbour counts as
    /// found.
    pub fn recall(&self, index: &Index, wide: usize) -> Recall {
        let prepared = index.config().metric.prepared(self.queries.view());
        let hits: Vec<f64> = (0..self.queries.nrows())
            .into_par_iter()
            .map_init(Walk::default, |walk, i| {
                let query = self.queries.row(i).to_vec();
                let found = index.walk(&query, &prepared.row(i).to_vec(), self.k, wide, walk);
                let bound = self.bound[i] * (1.0 + 1e-6) + 1e-12;
                found.iter().filter(|it| it.0 <= bound).count() as f64 / self.k as f64
            })
            .collect();
        let number = hits.len().max(1) as f64;
        let recall = if hits.is_empty() { 1.0 } else { hits.iter().sum::<f64>() / number };
        let variance = hits.iter().map(|hit| (hit - recall).powi(2)).sum::<f64>() / number;
        Recall { wide, recall, error: (variance / number).sqrt(), sample: hits.len() }
    }

    /// The smallest ef whose recall exceeds the wanted one by its standard error, or the largest tried.
    pub fn tune(&self, index: &Index, wanted: f64) -> Result<Recall> {
        let most = index.table().len();
        let mut last = self.recall(index, WIDTHS[0].min(most));
        for wide in WIDTHS.into_iter().skip(1) {
            if last.recall - last.error >= wanted || last.recall >= 1.0 || last.wide >= most {
                break;
            }
            zoobot_base::interrupt::check("index", || format!("walks {} wide", last.wide))?;
            last = self.recall(index, wide.min(most));
        }
        Ok(last)
    }
}

/// Reads some rows of a table.
fn read(table: &dyn Vectors, rows: &[usize]) -> Array2<f32> {
    let mut found = Array2::zeros((rows.len(), table.width()));
    for (&row, mut to) in rows.iter().zip(found.rows_mut()) {
        if let Some(to) = to.as_slice_mut() {
            table.read(row, to);
        }
    }
    found
}

/// Keeps the rows that are not all zeros, since the cosine needs a direction.
fn directed(rows: Array2<f32>) -> Array2<f32> {
    let some = |&i: &usize| rows.row(i).iter().any(|&value| value != 0.0);
    let kept: Vec<usize> = (0..rows.nrows()).filter(some).collect();
    rows.select(Axis(0), &kept)
}
