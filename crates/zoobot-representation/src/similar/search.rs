//! Searches for similar galaxies, with conditions.

use super::index::Table;
use super::{Index, Metric, Nearest, Neighbours, Query, VectorFile, Vectors, exact, sky};
use crate::encoder::Encoder;
use crate::space::Space;
use ndarray::{Array1, ArrayView2, Axis};
use std::collections::{HashMap, HashSet};
use zoobot_base::advice::advice;
use zoobot_base::error::{Error, Result};
use zoobot_data::catalog::{Catalog, Filter};
use zoobot_show::notes;

/// How far unwanted examples push the query away, in units of the distance between the two (Rocchio 1971
/// uses this value for relevance feedback).
const PUSH: f64 = 0.5;

/// A search to configure: say what to search for, then call [`nearest`](Self::nearest).
///
/// ```
/// use zoobot_core::{ndarray::array, similar::Metric, space::Space};
/// let ids = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
/// let space = Space::new(ids, array![[0.0, 0.0], [3.0, 4.0], [0.0, 1.0], [0.0, 2.0]])?;
/// let near = space.search().like("a").metric(Metric::L1).nearest(2)?;
/// assert_eq!(near.ids(), ["c", "d"]);
/// let between = space.search().like(["a", "b"]).unlike("c").nearest(1)?;
/// assert_eq!(between.ids(), ["d"]);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Search {
    within: Within,
    like: Vec<Query>,
    unlike: Vec<Query>,
    metric: Metric,
    filters: Vec<Filter>,
    apart: f64,
    encoder: Option<Encoder>,
    index: Option<Index>,
}

/// A table that can be searched: a [`Space`] or a [`VectorFile`].
pub trait Searched {
    /// The given galaxies that the table has, in the order given.
    fn held<'a>(&self, ids: &'a [String]) -> Vec<&'a str>;
}

impl Searched for Space {
    fn held<'a>(&self, ids: &'a [String]) -> Vec<&'a str> {
        held(ids, self.ids().iter().map(String::as_str))
    }
}

impl Searched for VectorFile {
    fn held<'a>(&self, ids: &'a [String]) -> Vec<&'a str> {
        held(ids, (0..self.len()).map(|row| self.id(row)))
    }
}

/// The ids that also occur in `many`, which is read once and not stored.
fn held<'a, 'b>(ids: &'a [String], many: impl Iterator<Item = &'b str>) -> Vec<&'a str> {
    let wanted: HashSet<&str> = ids.iter().map(String::as_str).collect();
    let there: HashSet<&str> = many.filter_map(|id| wanted.get(id).copied()).collect();
    ids.iter().map(String::as_str).filter(|id| there.contains(id)).collect()
}

/// The table that is searched.
#[derive(Debug, Clone)]
pub(super) enum Within {
    Space(Space),
    File(VectorFile),
}

impl Within {
    fn len(&self) -> usize {
        match self {
            Self::Space(space) => space.len(),
            Self::File(file) => file.len(),
        }
    }

    /// The rows of some galaxies. All names are read once, however many galaxies are given.
    fn rows(&self, ids: &[&str]) -> Result<Vec<usize>> {
        let wanted: HashSet<&str> = ids.iter().copied().collect();
        let mut places = HashMap::new();
        for row in 0..self.len() {
            if places.len() == wanted.len() {
                break;
            }
            if let Some(&id) = wanted.get(self.id(row)) {
                places.entry(id).or_insert(row);
            }
        }
        // For an unknown id, these return the error.
        let missing = |id: &str| match self {
            Self::Space(space) => space.row(id),
            Self::File(file) => file.row(id),
        };
        ids.iter().map(|id| places.get(id).copied().map_or_else(|| missing(id), Ok)).collect()
    }

    fn id(&self, row: usize) -> &str {
        match self {
            Self::Space(space) => &space.ids()[row],
            Self::File(file) => file.id(row),
        }
    }

    fn catalog(&self) -> Option<&Catalog> {
        match self {
            Self::Space(space) => space.catalog(),
            Self::File(file) => file.catalog(),
        }
    }

    fn vectors(&self) -> &dyn Vectors {
        match self {
            Self::Space(space) => space.array(),
            Self::File(file) => file,
        }
    }

    fn table(&self) -> Table {
        match self {
            Self::Space(space) => Table::Memory(space.shared()),
            Self::File(file) => Table::File(file.clone()),
        }
    }

    /// A space in memory that has at least these rows.
    fn space(&self, mut rows: Vec<usize>) -> Result<Space> {
        match self {
            Self::Space(space) => Ok(space.clone()),
            Self::File(file) => {
                // A space cannot be empty, and row 0 always exists.
                rows.push(0);
                rows.sort_unstable();
                rows.dedup();
                file.space(&rows)
            }
        }
    }
}

impl Space {
    /// Begins a search with conditions. Without any, [`similar_to`](Self::similar_to) is shorter.
    pub fn search(&self) -> Search {
        Search::within(Within::Space(self.clone()))
    }

    /// The `k` rows nearest to each of many `queries` (one per row, as wide as the space), exactly.
    ///
    /// A galaxy of the space finds itself first. Besides the answer, the search needs little memory for
    /// any number of galaxies and queries.
    ///
    /// # Errors
    /// [`Error::Shape`] for queries of another width; [`Error::Unsuitable`] for a number that is not
    /// finite; [`Error::Parameter`] if `k` is 0 or exceeds the number of galaxies;
    /// [`Error::Interrupted`].
    pub fn nearest(&self, queries: ArrayView2<f32>, k: usize, metric: Metric) -> Result<Nearest> {
        exact::nearest(self.array(), queries, k, metric, None)
    }
}

impl Search {
    pub(super) fn within(within: Within) -> Self {
        Self {
            within,
            like: Vec::new(),
            unlike: Vec::new(),
            metric: Metric::default(),
            filters: Vec::new(),
            apart: sky::SAME_OBJECT,
            encoder: None,
            index: None,
        }
    }

    /// Adds an example of what is wanted. With several, the search is for their mean.
    pub fn like(mut self, query: impl Into<Query>) -> Self {
        self.like.push(query.into());
        self
    }

    /// Adds an example of what is not wanted. The query moves away from the mean of these examples by
    /// half of its distance to that mean; distances are measured from the new point.
    pub fn unlike(mut self, query: impl Into<Query>) -> Self {
        self.unlike.push(query.into());
        self
    }

    /// Sets the metric (default [`Metric::L2`]).
    pub fn metric(mut self, metric: Metric) -> Self {
        self.metric = metric;
        self
    }

    /// Searches only galaxies for which an expression on the catalogue's columns holds, such as
    /// `col("mag_r").lt(lit(17.5))`, or a [`condition`](zoobot_data::catalog::condition). If it is
    /// called twice, both must hold.
    pub fn filter(mut self, wanted: impl Into<Filter>) -> Self {
        self.filters.push(wanted.into());
        self
    }

    /// Sets the radius in arcseconds around an example within which rows count as the same object and
    /// are left out (default 100, as in the paper; 0 leaves out only the example itself). It has an
    /// effect only if the catalogue has positions: right ascension and declination under any usual name
    /// (`ra` and `dec`, `RAJ2000` and `DEJ2000`, `ALPHA_J2000` and `DELTA_J2000`, ...), in degrees or
    /// sexagesimal.
    pub fn apart(mut self, arcsec: f64) -> Self {
        self.apart = arcsec;
        self
    }

    /// Sets the encoder for pictures. By default, the encoder that made the space is loaded by its name.
    pub fn encoder(mut self, encoder: &Encoder) -> Self {
        self.encoder = Some(encoder.clone());
        self
    }

    /// Searches with an index of this space: faster among millions of galaxies, but it finds most rather
    /// than all of the nearest. If a filter leaves few galaxies, they are searched exactly.
    pub fn index(mut self, index: &Index) -> Self {
        self.index = Some(index.clone());
        self
    }

    /// The `k` galaxies nearest to the query, without the examples themselves.
    ///
    /// # Errors
    /// [`Error::Missing`] when a galaxy, the catalogue or a column does not exist, or a picture comes
    /// without an encoder; [`Error::Empty`] when the query is empty, or no galaxy is left to find;
    /// [`Error::Shape`] when a vector has another width; [`Error::Parameter`] when `k` is 0 or exceeds
    /// the number of galaxies left; [`Error::Unsuitable`] for a number that is not finite, or an index
    /// of another table or metric.
    pub fn nearest(&self, k: usize) -> Result<Neighbours> {
        let query = Query::Several(self.like.clone());
        let away = Query::Several(self.unlike.clone());
        let examples = query.galaxies();
        let rows = self.within.rows(&[&examples[..], &away.galaxies()].concat())?;
        let mut left_out = rows[..examples.len()].to_vec();
        left_out.sort_unstable();
        left_out.dedup();
        let target = self.target(&query, &away, rows)?;
        let among = self.among(&left_out)?;
        let most = among.as_ref().map_or(self.within.len() - left_out.len(), Vec::len);
        if most == 0 && !self.filters.is_empty() {
            let what = "no galaxy passes the filter besides the examples";
            return Err(Error::empty(what, "Loosen the filter, or leave it out"));
        }
        if most == 0 {
            let what = "there is no galaxy to find besides the examples";
            return Err(Error::empty(what, "Search among more galaxies"));
        }
        if k == 0 || k > most {
            let left = if !self.filters.is_empty() {
                "other galaxies that pass the filter"
            } else {
                "other galaxies"
            };
            let range = format!("between 1 and {most}, the number of {left}");
            return Err(Error::parameter("k", k, range));
        }
        // Without a list of rows to search, the examples are found too.
        let wanted = if among.is_some() { k } else { k + left_out.len() };
        let (targets, among) = (target.view().insert_axis(Axis(0)), among.as_deref());
        let found = match &self.index {
            Some(index) => {
                index.check(&self.within.table(), self.metric)?;
                index.nearest_among(targets, wanted, among)?
            }
            None => exact::nearest(self.within.vectors(), targets, wanted, self.metric, among)?,
        };
        let (ids, distances) = found
            .rows
            .iter()
            .map(|&row| row as usize)
            .zip(found.distances)
            .filter(|(row, _)| left_out.binary_search(row).is_err())
            .take(k)
            .map(|(row, distance)| (self.within.id(row).to_owned(), distance))
            .unzip();
        Neighbours::new(self.within.catalog(), query.name(), &examples, ids, distances)
    }

    /// The vector to search for: near the wanted examples and away from the unwanted ones. `rows` are
    /// the rows of all examples.
    fn target(&self, query: &Query, away: &Query, rows: Vec<usize>) -> Result<Array1<f32>> {
        let space = self.within.space(rows)?;
        let mut target = query.vector(&space, self.encoder.as_ref())?;
        if !self.unlike.is_empty() {
            let away = away.vector(&space, self.encoder.as_ref())?;
            target.iter_mut().zip(away).for_each(|(to, away)| *to += PUSH * (*to - away));
        }
        Ok(target.into_iter().map(|value| value as f32).collect())
    }

    /// The rows to search, in order, or `None` for all rows.
    fn among(&self, examples: &[usize]) -> Result<Option<Vec<u32>>> {
        let sky = match self.within.catalog().filter(|_| self.apart != 0.0) {
            Some(catalog) => sky::Sky::of(catalog)?,
            None => None,
        };
        if self.filters.is_empty() && sky.is_none() {
            return Ok(None);
        }
        let mut wanted = vec![true; self.within.len()];
        for filter in &self.filters {
            let catalog = self.within.catalog().ok_or_else(|| no_catalog("a condition"))?;
            wanted.iter_mut().zip(filter.holds(catalog)?).for_each(|(all, one)| *all &= one);
        }
        if let Some(sky) = &sky {
            sky.check(|row| wanted[row] || examples.contains(&row))?;
        }
        for &row in examples {
            wanted[row] = false;
            if let Some(sky) = &sky {
                if !sky.knows(row) {
                    let id = self.within.id(row);
                    let pictures = "other pictures of it may be among the results";
                    notes::note(format!("{id:?} has no position in the catalogue: {pictures}"));
                }
                let same = sky.near(row, self.apart)?;
                wanted.iter_mut().zip(same).for_each(|(wanted, same)| *wanted &= !same);
            }
        }
        let rows = (0..).zip(wanted).filter_map(|(row, wanted)| wanted.then_some(row));
        Ok(Some(rows.collect()))
    }
}

/// The error when an operation needs the catalogue of the searched table.
pub(super) fn no_catalog(what: &str) -> Error {
    Error::Missing {
        kind: "catalogue",
        name: "catalog".to_owned(),
        place: format!("what is searched, for {what}"),
        hint: advice("Attach it: with_catalog(&galaxies)?", "Give it: --catalog FILE"),
    }
}
