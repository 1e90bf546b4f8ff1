//! How much of the truth an index finds, measured, and how wide a walk has to be for more.

use super::Index;
use super::graph::Walk;
use crate::error::Result;
use crate::similar::exact;
use ndarray::Array2;
use rand::SeedableRng;
use rayon::prelude::*;

/// Neighbours of each galaxy of the sample.
pub const NEIGHBOURS: usize = 10;
/// Galaxies that are searched for, both ways.
const SAMPLE: usize = 1000;
/// Of tables so large that the exact search of a sample takes long.
const LARGE: (usize, usize) = (2_000_000, 200);
/// How wide walks are tried.
const WIDTHS: [usize; 22] = [
    10, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192, 256, 320, 384, 512, 768, 1024, 2048,
    4096,
];

/// What a sample of a table tells of an index.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Recall {
    /// How wide a walk goes for 10 neighbours.
    pub wide: usize,
    /// The share of the true 10 nearest that it finds.
    pub recall: f64,
    /// The standard error of that share.
    pub error: f64,
    /// Galaxies of the sample.
    pub sample: usize,
}

/// Rows of the table, and how far the farthest of their true nearest others is.
pub struct Truth {
    rows: Vec<u32>,
    queries: Array2<f32>,
    bound: Vec<f64>,
    k: usize,
}

impl Truth {
    /// Searches exactly for the others nearest to a sample of the rows.
    pub fn of(index: &Index) -> Result<Self> {
        let table = index.table();
        let (count, width) = (table.len(), table.width());
        let wanted = if count > LARGE.0 { LARGE.1 } else { SAMPLE };
        let mut rng = rand::rngs::StdRng::seed_from_u64(index.config().seed);
        let mut rows: Vec<u32> = rand::seq::index::sample(&mut rng, count, wanted.min(count))
            .into_iter()
            .map(|row| row as u32)
            .collect();
        rows.sort_unstable();
        let mut queries = Array2::zeros((rows.len(), width));
        for (&row, mut to) in rows.iter().zip(queries.rows_mut()) {
            if let Some(to) = to.as_slice_mut() {
                table.read(row as usize, to);
            }
        }
        // A direction is needed for the cosine; what has none is nobody's neighbour.
        let directed: Vec<usize> =
            (0..rows.len()).filter(|&i| queries.row(i).iter().any(|&value| value != 0.0)).collect();
        let queries = queries.select(ndarray::Axis(0), &directed);
        let rows: Vec<u32> = directed.into_iter().map(|i| rows[i]).collect();
        let k = NEIGHBOURS.min(count - 1);
        if rows.is_empty() || k == 0 {
            return Ok(Self { rows: Vec::new(), queries, bound: Vec::new(), k });
        }
        // One more, for a row finds itself.
        let metric = index.config().metric;
        let exact = exact::nearest(table, queries.view(), k + 1, metric, None)?;
        let bound = exact.distances.column(k).iter().map(|&far| f64::from(far)).collect();
        Ok(Self { rows, queries, bound, k })
    }

    /// The share that is found by walks of this width. Copies at one distance count alike.
    pub fn recall(&self, index: &Index, wide: usize) -> Recall {
        let metric = index.config().metric;
        let prepared = metric.prepared(self.queries.view());
        let hits: Vec<f64> = (0..self.rows.len())
            .into_par_iter()
            .map_init(Walk::default, |walk, i| {
                let query = self.queries.row(i).to_vec();
                let found = index.walk(&query, &prepared.row(i).to_vec(), self.k + 1, wide, walk);
                let bound = self.bound[i] * (1.0 + 1e-6) + 1e-12;
                let hits = found.iter().filter(|it| it.0 <= bound).count().saturating_sub(1);
                hits.min(self.k) as f64 / self.k as f64
            })
            .collect();
        let number = hits.len().max(1) as f64;
        let recall = if hits.is_empty() { 1.0 } else { hits.iter().sum::<f64>() / number };
        let variance = hits.iter().map(|hit| (hit - recall).powi(2)).sum::<f64>() / number;
        Recall { wide, recall, error: (variance / number).sqrt(), sample: hits.len() }
    }

    /// The narrowest walk that finds the wanted share by more than its error, or the widest tried.
    pub fn tune(&self, index: &Index, wanted: f64) -> Result<Recall> {
        let most = index.table().len();
        let mut last = self.recall(index, WIDTHS[0].min(most));
        for wide in WIDTHS.into_iter().skip(1) {
            if last.recall - last.error >= wanted || last.recall >= 1.0 || last.wide >= most {
                break;
            }
            crate::interrupt::check("index", || format!("walks {} wide", last.wide))?;
            last = self.recall(index, wide.min(most));
        }
        Ok(last)
    }
}
