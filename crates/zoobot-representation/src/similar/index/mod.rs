//! Approximate search with an index: finds most of the nearest galaxies in a fraction of the time.
//!
//! The index is a hierarchical navigable small world (Malkov & Yashunin 2018, IEEE TPAMI 42, 824): every
//! galaxy is linked to some near ones, and a search follows the links towards the query. It may miss
//! some, so its recall is measured against exact search when the index is built.
//!
//! * `build`: the layers, and the order in which rows join each.
//! * `grow`: how rows are linked, on all cores.
//! * `graph`, `rows`: links and vectors in flat tables, and the search over them.
//! * `recall`: the measured recall.
//! * `store`: the file format.

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

/// The number of galaxies above which an index is worth building (see [`Index`]).
pub const EXACT: usize = 1_000_000;

/// How an index is built. The defaults are those commonly used.
///
/// ```
/// use zoobot_core::similar::IndexConfig;
/// let config = IndexConfig { half: true, ..IndexConfig::default() };
/// assert_eq!(config.links, 16);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IndexConfig {
    /// The metric (default [`Metric::L2`]).
    pub metric: Metric,
    /// The number of links of a galaxy (`M` in the literature), 2 to 256 (default 16; layer 0 allows
    /// twice as many). More links find more and take more memory.
    pub links: usize,
    /// The number of candidates in the search for a galaxy's links (`ef_construction` in the literature;
    /// default 200). A larger number takes longer to build and finds more.
    pub construction: usize,
    /// The recall to aim for: the share of the true 10 nearest that a search finds, above 0 and at most
    /// 1 (default 0.99).
    pub recall: f64,
    /// Whether the index stores its vectors in half precision (default false), which halves its memory.
    /// Results are still ordered by the table's own numbers.
    pub half: bool,
    /// The seed of the order in which galaxies are added (default 0). A seed gives the same index on any
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
            return Err(Error::parameter("links", self.links, "between 2 and 256"));
        }
        if !(self.links..=100_000).contains(&self.construction) {
            let range = format!("between {} (the value of links) and 100000", self.links);
            return Err(Error::parameter("construction", self.construction, range));
        }
        if !(self.recall > 0.0 && self.recall <= 1.0) {
            return Err(Error::parameter("recall", self.recall, "above 0 and at most 1"));
        }
        Ok(())
    }
}

/// An index of a table of representations.
///
/// Building takes about a minute for 300,000 galaxies on two cores; a search then takes a fraction of a
/// millisecond. Up to a million galaxies ([`EXACT`]), exact search answers within tens of milliseconds
/// and needs no index. The index holds a copy of the vectors (4 bytes per number, or 2 with
/// [`half`](IndexConfig::half), with rows padded to a multiple of 16 numbers) and about (8 `links` + 8)
/// bytes of graph per galaxy.
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
    /// The true neighbours of a sample, once they have been computed.
    truth: OnceLock<Truth>,
}

/// The indexed table, from which the distances of results are computed.
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
    /// Builds an [`Index`] of this space and measures its recall.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a parameter outside its range; [`Error::Unsuitable`] for a number too
    /// large for half precision; [`Error::Interrupted`].
    pub fn index(&self, config: &IndexConfig) -> Result<Index> {
        Index::build(Table::Memory(self.shared()), config)
    }

    /// Reads an index of this space that [`Index::save`] wrote.
    ///
    /// # Errors
    /// When the file cannot be read, is damaged, or is the index of another table or of an earlier
    /// version of this one.
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
            let problem =
                format!("the table has {count} galaxies, but an index takes at most {}", i32::MAX);
            return Err(Error::unsuitable(problem, "Search without an index, or in parts"));
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

    /// Assembles an index that was read from a file.
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

    /// Returns this index with the ef (see [`wide`](Self::wide)) that reaches another recall, measured
    /// again on a sample. [`recall`](Self::recall) returns the recall that was reached.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless `recall` is above 0 and at most 1; [`Error::Interrupted`].
    pub fn for_recall(&self, recall: f64) -> Result<Self> {
        IndexConfig { recall, ..self.config().clone() }.check()?;
        let measured = self.truth()?.tune(self, recall)?;
        Ok(Self { measured, ..self.clone() })
    }

    /// Returns this index with another ef, the number of candidates in a search for 10 neighbours. Its
    /// recall is measured again.
    ///
    /// # Errors
    /// [`Error::Parameter`] for 0; [`Error::Interrupted`].
    pub fn wide(&self, wide: usize) -> Result<Self> {
        if wide == 0 {
            return Err(Error::parameter("wide", wide, "at least 1"));
        }
        let measured = self.truth()?.recall(self, wide);
        Ok(Self { measured, ..self.clone() })
    }

    /// The share of the true 10 nearest that a search finds, measured on a sample of points. Each point
    /// lies beyond a galaxy as seen from one of its neighbours.
    pub fn recall(&self) -> f64 {
        self.measured.recall
    }

    /// The measured recall with its ef, standard error and sample size.
    pub fn measured(&self) -> Recall {
        self.measured
    }

    /// The configuration with which the index was built.
    pub fn config(&self) -> &IndexConfig {
        &self.inner.config
    }

    /// The time it took to build, in seconds, without measuring the recall.
    pub fn seconds(&self) -> f64 {
        self.inner.seconds
    }

    /// The memory used, in bytes.
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

    /// Fails if the index was built for another table or metric.
    pub(super) fn check(&self, table: &Table, metric: Metric) -> Result<()> {
        let same = match (table, &self.inner.table) {
            (Table::Memory(a), Table::Memory(b)) => Arc::ptr_eq(a, b),
            _ => false,
        };
        if !same && table.fingerprint() != self.fingerprint() {
            let problem = format!(
                "the index is of another table (fingerprint {}) than the one searched",
                self.fingerprint()
            );
            return Err(Error::unsuitable(problem, "Build an index of this table"));
        }
        if metric != self.config().metric {
            let built = self.config().metric;
            let problem = format!("the search uses {metric}, but the index was built for {built}");
            let hint = format!("Search with {built}, or build an index for {metric}");
            return Err(Error::unsuitable(problem, hint));
        }
        Ok(())
    }

    /// The `k` nearest rows that the index finds for each query (one per row), with exact distances. The
    /// search uses all cores; their number does not change the result.
    ///
    /// # Errors
    /// [`Error::Shape`] for queries of another width; [`Error::Unsuitable`] for a number that is not
    /// finite; [`Error::Parameter`] if `k` is 0 or exceeds the number of galaxies;
    /// [`Error::Interrupted`].
    pub fn nearest(&self, queries: ArrayView2<f32>, k: usize) -> Result<Nearest> {
        self.nearest_among(queries, k, None)
    }

    /// Like [`nearest`](Self::nearest), but restricted to some of the rows (in increasing order). If
    /// these are few, or the search finds fewer than `k` of them, they are searched exactly.
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
            let range = format!("between 1 and {count}, the number of rows searched");
            return Err(Error::parameter("k", k, range));
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

    /// The ef for finding `k` of `count` rows. It grows with `k` and with the share of rows excluded.
    fn width(&self, k: usize, count: usize) -> usize {
        let rows = self.table().len();
        let wide = self.measured.wide.max(k) as f64 * (k as f64 / NEIGHBOURS as f64).max(1.0);
        // Twice the expected share for a subset of the rows, since they may be clustered.
        let share = if count < rows { 2.0 * rows as f64 / count as f64 } else { 1.0 };
        ((wide * share).ceil() as usize).min(rows)
    }

    /// Whether a search with this ef visits about as many rows as exact search. Visiting a row costs
    /// several times as much as reading it in order.
    fn is_dear(&self, wide: usize, count: usize) -> bool {
        4 * wide * self.config().links >= count
    }

    /// The `k` nearest rows that one search finds, with their exact distances in the table.
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
        let found = graph.nearest(stored, &rows::query(prepared), 0, wide.max(k), absolute, walk);
        // Half precision may swap neighbours at similar distances, so all candidates are sorted again.
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

/// The vectors in the layout that searches use.
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
        let problem =
            format!("a feature is {largest}, but half precision holds numbers up to 65504");
        return Err(Error::unsuitable(problem, "Leave `half` off"));
    }
    Ok(stored)
}

/// Scales a row to length 1. A row of zeros has no direction and is placed far from all others.
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
             true {NEIGHBOURS} nearest at {} places, with ef {} ({} distance, built in {:.1} s)",
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
