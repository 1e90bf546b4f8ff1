//! Search by an index: most of the nearest galaxies, in a fraction of the time.
//!
//! A hierarchical navigable small world (Malkov & Yashunin 2018, IEEE TPAMI 42, 824): every galaxy
//! is linked to some near ones, and a search walks along the links towards the query. It may miss
//! some, so how many it finds is measured against exact search when it is built.
//!
//! * `build`: the graph of the first rows by `hnsw_rs`, and the order in which others join.
//! * `grow`: how they do, on all cores.
//! * `graph`, `rows`: both in flat tables, and the walk over them.
//! * `recall`: what is found, measured.
//! * `store`: on disk.

mod build;
mod graph;
mod grow;
mod recall;
mod rows;
mod store;

use super::exact::{self, Nearest};
use super::file::VectorFile;
use super::{Metric, Vectors};
use crate::space::Space;
use graph::{Graph, Walk};
use grow::Growth;
use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;
use rows::{Rows, Stored};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Instant;
use zoobot_base::error::{Error, Result};
use zoobot_base::seed;
use zoobot_show::notebook::{Bundle, Show};

pub use recall::Recall;
use recall::{NEIGHBOURS, Truth};

/// Above so many galaxies an index is worth its building: see [`Index`].
pub const EXACT: usize = 1_000_000;

/// How an index is built. The defaults are those of common use.
///
/// ```
/// use zoobot_core::similar::IndexConfig;
/// let config = IndexConfig { half: true, ..IndexConfig::default() };
/// assert_eq!(config.links, 16);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IndexConfig {
    /// The distance that it is for (default [`Metric::L2`]).
    pub metric: Metric,
    /// Links of a galaxy, 2 to 256 (default 16; twice as many on the ground). More find more, and
    /// take more memory.
    pub links: usize,
    /// How wide the walk is that finds a galaxy's links (default 200). Wider builds slower and finds
    /// more.
    pub construction: usize,
    /// The share of the true 10 nearest that searches are to find, above 0 to 1 (default 0.99).
    pub recall: f64,
    /// Whether it keeps its vectors in half precision (default false): half the memory. What it
    /// finds is ordered by the table's own numbers anyway.
    pub half: bool,
    /// Decides the order in which galaxies go in (default 0): one seed gives one index, whatever the
    /// number of cores.
    pub seed: u64,
}

impl Default for IndexConfig {
    fn default() -> Self {
        Self {
            metric: Metric::L2,
            links: 16,
            construction: 200,
            recall: 0.99,
            half: false,
            seed: seed::DEFAULT,
        }
    }
}

impl IndexConfig {
    fn check(&self) -> Result<()> {
        if !(2..=256).contains(&self.links) {
            return Err(Error::invalid("links", self.links, "2 to 256"));
        }
        if !(self.links..=100_000).contains(&self.construction) {
            let expected = format!("{} (the links) to 100000", self.links);
            return Err(Error::invalid("construction", self.construction, expected));
        }
        if !(self.recall > 0.0 && self.recall <= 1.0) {
            return Err(Error::invalid("recall", self.recall, "above 0, to 1"));
        }
        Ok(())
    }
}

/// An index of a table of representations.
///
/// Building takes about a minute for 300,000 galaxies on two cores; a search then takes a fraction of a
/// millisecond. Up to a million galaxies ([`EXACT`]), exact search answers within tens of
/// milliseconds and needs no index. It holds a copy of the vectors (4 bytes a number, 2 with
/// [`half`](IndexConfig::half), rows padded to 16 numbers) and (8 `links` + 8) bytes of graph for each
/// galaxy.
///
/// ```
/// use zoobot_core::{ndarray::Array2, similar::IndexConfig, space::Space};
/// let ids = (0..500).map(|i| format!("g{i}")).collect();
/// let features = Array2::from_shape_fn((500, 3), |(i, j)| ((i * (7 + j * 4)) % 101) as f32);
/// let space = Space::new(ids, features)?;
/// let index = space.index(&IndexConfig::default())?;
/// assert!(index.recall() >= 0.99);
/// let found = space.search().like("g7").index(&index).nearest(5)?;
/// assert_eq!(found.ids(), space.similar_to("g7", 5)?.ids());
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Index {
    inner: Arc<Inner>,
    measured: Recall,
}

struct Inner {
    table: Table,
    fingerprint: String,
    config: IndexConfig,
    stored: Stored,
    graph: Graph,
    seconds: f64,
    /// What a sample should find, once it is known.
    truth: OnceLock<Truth>,
}

/// The table that an index is of: distances are computed anew from it.
#[derive(Debug, Clone)]
pub(super) enum Table {
    Memory(Arc<Array2<f32>>),
    File(VectorFile),
}

impl Table {
    fn rows(&self) -> &dyn Vectors {
        match self {
            Self::Memory(array) => array.as_ref(),
            Self::File(file) => file,
        }
    }

    fn fingerprint(&self) -> String {
        match self {
            Self::Memory(array) => super::vectors::fingerprint(array),
            Self::File(file) => file.fingerprint().to_owned(),
        }
    }
}

impl Space {
    /// Builds an [`Index`] of this space, and measures what it finds.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a parameter outside its range, or a number too large for half
    /// precision; [`Error::Interrupted`].
    pub fn index(&self, config: &IndexConfig) -> Result<Index> {
        Index::build(Table::Memory(self.shared()), config)
    }

    /// Reads an index that [`Index::save`] wrote of this space.
    ///
    /// # Errors
    /// When the file cannot be read, is damaged, or is the index of another table or of this one
    /// before it changed.
    pub fn open_index(&self, path: impl AsRef<Path>) -> Result<Index> {
        Index::read(path.as_ref(), Table::Memory(self.shared()))
    }
}

impl Index {
    /// Builds the index of a table.
    pub(super) fn build(table: Table, config: &IndexConfig) -> Result<Self> {
        config.check()?;
        let start = Instant::now();
        let count = table.rows().len();
        if count > i32::MAX as usize {
            return Err(Error::invalid("galaxies", count, format!("at most {}", i32::MAX)));
        }
        let stored = stored(table.rows(), config)?;
        let growth = Growth {
            stored: &stored,
            absolute: config.metric == Metric::L1,
            links: config.links,
            wide: config.construction,
        };
        let graph = build::graph(growth, count, config.seed)?;
        let seconds = start.elapsed().as_secs_f64();
        let fingerprint = table.fingerprint();
        let none = Recall { wide: NEIGHBOURS, recall: 0.0, error: 0.0, sample: 0 };
        let inner = Inner {
            table,
            fingerprint,
            config: config.clone(),
            stored,
            graph,
            seconds,
            truth: OnceLock::new(),
        };
        Self { inner: Arc::new(inner), measured: none }.for_recall(config.recall)
    }

    /// One that was read.
    fn of(
        table: Table,
        fingerprint: String,
        config: IndexConfig,
        graph: Graph,
        measured: Recall,
        seconds: f64,
    ) -> Result<Self> {
        config.check()?;
        let stored = stored(table.rows(), &config)?;
        let inner =
            Inner { table, fingerprint, config, stored, graph, seconds, truth: OnceLock::new() };
        Ok(Self { inner: Arc::new(inner), measured })
    }

    /// The same index with walks wide enough for another share of the true neighbours, measured
    /// anew on a sample. [`recall`](Self::recall) says what was reached.
    ///
    /// # Errors
    /// [`Error::Invalid`] when `recall` is not above 0 to 1; [`Error::Interrupted`].
    pub fn for_recall(&self, recall: f64) -> Result<Self> {
        IndexConfig { recall, ..self.config().clone() }.check()?;
        let measured = self.truth()?.tune(self, recall)?;
        Ok(Self { measured, ..self.clone() })
    }

    /// The same index with walks of another width (`ef` in the literature), for 10 neighbours. Its
    /// recall is measured anew.
    ///
    /// # Errors
    /// [`Error::Invalid`] for 0; [`Error::Interrupted`].
    pub fn wide(&self, wide: usize) -> Result<Self> {
        if wide == 0 {
            return Err(Error::invalid("wide", wide, "at least 1"));
        }
        let measured = self.truth()?.recall(self, wide);
        Ok(Self { measured, ..self.clone() })
    }

    /// The share of the true 10 nearest that was found at a sample of places, each beyond a
    /// galaxy as seen from one of its neighbours.
    pub fn recall(&self) -> f64 {
        self.measured.recall
    }

    /// All that was measured on the sample.
    pub fn measured(&self) -> Recall {
        self.measured
    }

    /// How it was built.
    pub fn config(&self) -> &IndexConfig {
        &self.inner.config
    }

    /// Seconds that building took, without the measurement.
    pub fn seconds(&self) -> f64 {
        self.inner.seconds
    }

    /// Bytes of memory that it takes.
    pub fn bytes(&self) -> usize {
        self.inner.stored.bytes() + self.inner.graph.bytes()
    }

    fn truth(&self) -> Result<&Truth> {
        match self.inner.truth.get() {
            Some(truth) => Ok(truth),
            None => {
                let truth = Truth::of(self)?;
                Ok(self.inner.truth.get_or_init(|| truth))
            }
        }
    }

    fn table(&self) -> &dyn Vectors {
        self.inner.table.rows()
    }

    fn graph(&self) -> &Graph {
        &self.inner.graph
    }

    fn fingerprint(&self) -> &str {
        &self.inner.fingerprint
    }

    /// Fails for another table or metric than those that it is for.
    pub(super) fn check(&self, table: &Table, metric: Metric) -> Result<()> {
        let same = match (table, &self.inner.table) {
            (Table::Memory(a), Table::Memory(b)) => Arc::ptr_eq(a, b),
            _ => false,
        };
        if !same && table.fingerprint() != self.fingerprint() {
            let value = format!("of another table (fingerprint {})", self.fingerprint());
            return Err(Error::invalid("the index", value, "the index of the table searched"));
        }
        if metric != self.config().metric {
            let expected = format!("{}, for which the index was built", self.config().metric);
            return Err(Error::invalid("metric", metric, expected));
        }
        Ok(())
    }

    /// For each query (one a row) the `k` nearest rows that walks find; exact distances. On all
    /// cores, and the same whatever their number.
    ///
    /// # Errors
    /// [`Error::Invalid`] for queries of another width or with a number that is not finite, for a
    /// `k` of 0 or of more than the galaxies; [`Error::Interrupted`].
    pub fn nearest(&self, queries: ArrayView2<f32>, k: usize) -> Result<Nearest> {
        self.nearest_among(queries, k, None)
    }

    /// The same among some of the rows (increasing places). Where these are few, or a walk comes by
    /// too few of them, they are searched exactly.
    pub(super) fn nearest_among(
        &self,
        queries: ArrayView2<f32>,
        k: usize,
        among: Option<&[u32]>,
    ) -> Result<Nearest> {
        let (table, metric) = (self.table(), self.config().metric);
        metric.check(queries, table.width())?;
        let rows = table.len();
        let count = among.map_or(rows, <[u32]>::len);
        if k == 0 || k > count {
            let expected = format!("1 to {count}, the number of rows searched");
            return Err(Error::invalid("k", k, expected));
        }
        let wide = self.width(k, count);
        let exactly = |queries| exact::nearest(table, queries, k, metric, among);
        if self.is_dear(wide, count) {
            return exactly(queries);
        }
        let wanted = among.filter(|_| count < rows).map(|among| {
            let mut bits = vec![0_u64; rows.div_ceil(64)];
            among.iter().for_each(|&row| bits[row as usize / 64] |= 1 << (row % 64));
            bits
        });
        let prepared = metric.prepared(queries);
        let found: Vec<Vec<(f64, u32)>> = (0..queries.nrows())
            .into_par_iter()
            .with_min_len(16)
            .map_init(Walk::default, |walk, i| {
                zoobot_base::interrupt::check("search", || format!("{i} of the queries"))?;
                let query = queries.row(i).to_vec();
                let prepared = prepared.row(i);
                let prepared = prepared.as_slice().unwrap_or(&query);
                Ok(match &wanted {
                    None => self.walk(&query, prepared, k, wide, walk),
                    Some(bits) => {
                        let mut found = self.walk(&query, prepared, wide, wide, walk);
                        found.retain(|&(_, row)| bits[row as usize / 64] >> (row % 64) & 1 == 1);
                        found.truncate(k);
                        found
                    }
                })
            })
            .collect::<Result<_>>()?;
        let mut nearest = Nearest {
            rows: Array2::zeros((queries.nrows(), k)),
            distances: Array2::zeros((queries.nrows(), k)),
        };
        for (i, found) in found.into_iter().enumerate() {
            if found.len() < k {
                let one = exactly(queries.slice(ndarray::s![i..i + 1, ..]))?;
                nearest.rows.row_mut(i).assign(&one.rows.row(0));
                nearest.distances.row_mut(i).assign(&one.distances.row(0));
                continue;
            }
            for (place, (distance, row)) in found.into_iter().enumerate() {
                nearest.rows[[i, place]] = row;
                nearest.distances[[i, place]] = distance as f32;
            }
        }
        Ok(nearest)
    }

    /// How wide a walk goes for `k` of `count` rows: more neighbours and rarer rows widen it.
    fn width(&self, k: usize, count: usize) -> usize {
        let rows = self.table().len();
        let wide = self.measured.wide.max(k) as f64 * (k as f64 / NEIGHBOURS as f64).max(1.0);
        // Twice what is expected where only some count, for they may lie together.
        let share = if count < rows { 2.0 * rows as f64 / count as f64 } else { 1.0 };
        ((wide * share).ceil() as usize).min(rows)
    }

    /// Whether a walk looks at about as many rows as exact search would. A row that it comes by
    /// costs several times one that is read in turn.
    fn is_dear(&self, wide: usize, count: usize) -> bool {
        4 * wide * self.config().links >= count
    }

    /// The `k` nearest that one walk finds, with their distances in the table.
    fn walk(
        &self,
        query: &[f32],
        prepared: &[f32],
        k: usize,
        wide: usize,
        walk: &mut Walk,
    ) -> Vec<(f64, u32)> {
        let Inner { stored, graph, config, .. } = self.inner.as_ref();
        let absolute = config.metric == Metric::L1;
        let found = graph.nearest(stored, &rows::query(prepared), wide.max(k), absolute, walk);
        // Rounding may change the order of neighbours near each other.
        let sure = if config.half { found.len() } else { k.min(found.len()) };
        let mut values = vec![0.0; query.len()];
        let mut nearest: Vec<(f64, u32)> = found[..sure]
            .iter()
            .map(|&(_, row)| {
                self.table().read(row as usize, &mut values);
                (config.metric.distance(query, &values), row)
            })
            .collect();
        nearest.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        nearest.truncate(k);
        nearest
    }
}

/// The vectors, as walks take them.
fn stored(table: &dyn Vectors, config: &IndexConfig) -> Result<Stored> {
    let (count, width) = (table.len(), table.width());
    let mut largest = 0.0_f32;
    let mut step = 0;
    let read = |row: usize, to: &mut [f32]| {
        table.read(row, to);
        if config.metric == Metric::Cosine {
            unit(to);
        }
        largest = to.iter().fold(largest, |largest, value| largest.max(value.abs()));
        if row >= step + 65_536 {
            table.release(step..row);
            step = row;
        }
    };
    let stored = match config.half {
        true => Stored::Half(Rows::new(count, width, read)),
        false => Stored::Single(Rows::new(count, width, read)),
    };
    if config.half && largest > 65_504.0 {
        let expected = "at most 65504 in half precision: leave `half` off";
        return Err(Error::invalid("a feature", largest, expected));
    }
    Ok(stored)
}

/// Scales a row to length 1; one of zeros has no direction and goes far from every one.
fn unit(row: &mut [f32]) {
    let length = row.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt();
    match length > 0.0 {
        true => row.iter_mut().for_each(|value| *value = (f64::from(*value) / length) as f32),
        false => row.fill(1000.0),
    }
}

impl fmt::Display for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (table, config, measured) = (self.table(), self.config(), self.measured);
        write!(
            f,
            "index of {} galaxies with {} features, {} links, {} MB: finds {:.1} % (± {:.1}) of the \
             true {NEIGHBOURS} nearest at {} places, with walks {} wide ({} distance, built in {:.1} s)",
            table.len(),
            table.width(),
            config.links,
            self.bytes().div_ceil(1_000_000),
            100.0 * measured.recall,
            100.0 * measured.error,
            measured.sample,
            measured.wide,
            config.metric,
            self.seconds(),
        )
    }
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Index({self})")
    }
}

impl Show for Index {
    fn show(&self) -> Bundle {
        Bundle::plain(self.to_string())
    }
}

#[cfg(test)]
mod tests;
