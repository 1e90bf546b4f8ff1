//! Asking for galaxies like others, with conditions.

use super::index::Table;
use super::{Index, Metric, Nearest, Neighbours, Query, exact, sky};
use crate::encoder::Encoder;
use crate::error::{Error, Result};
use crate::space::Space;
use ndarray::{Array1, ArrayView2, Axis};
use polars::prelude::{DataType, Expr, IntoLazy};

/// How far examples of what is not wanted push the query away, in units of the distance between
/// both (Rocchio 1971 takes this much for relevance feedback).
const PUSH: f64 = 0.5;

/// A search under way: say what it is for, then [`nearest`](Self::nearest).
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
    space: Space,
    like: Vec<Query>,
    unlike: Vec<Query>,
    metric: Metric,
    filter: Option<Expr>,
    apart: f64,
    encoder: Option<Encoder>,
    index: Option<Index>,
}

impl Space {
    /// Begins a search with conditions. Without any, [`similar_to`](Self::similar_to) is shorter.
    pub fn search(&self) -> Search {
        Search {
            space: self.clone(),
            like: Vec::new(),
            unlike: Vec::new(),
            metric: Metric::default(),
            filter: None,
            apart: sky::SAME_OBJECT,
            encoder: None,
            index: None,
        }
    }

    /// The `k` rows nearest to each of many `queries` (one a row, as wide as the space), exactly.
    ///
    /// A galaxy of the space finds itself first. Memory beyond the answer stays small whatever the
    /// numbers of galaxies and queries.
    ///
    /// # Errors
    /// [`Error::Invalid`] for queries of another width or with a number that is not finite, for a
    /// `k` of 0 or of more than the galaxies; [`Error::Interrupted`].
    pub fn nearest(&self, queries: ArrayView2<f32>, k: usize, metric: Metric) -> Result<Nearest> {
        exact::nearest(self.array(), queries, k, metric, None)
    }
}

impl Search {
    /// Adds an example of what is wanted; of several, the mean is searched for.
    pub fn like(mut self, query: impl Into<Query>) -> Self {
        self.like.push(query.into());
        self
    }

    /// Adds an example of what is not wanted. The query moves away from the mean of these by half
    /// the distance between both; the distances that are found are those from there.
    pub fn unlike(mut self, query: impl Into<Query>) -> Self {
        self.unlike.push(query.into());
        self
    }

    /// Sets the distance (default [`Metric::L2`]).
    pub fn metric(mut self, metric: Metric) -> Self {
        self.metric = metric;
        self
    }

    /// Searches only galaxies for which an expression on the catalogue's columns holds, before
    /// their distances are looked at: `col("mag_r").lt(lit(17.5))`. Called twice, both must hold.
    pub fn filter(mut self, condition: Expr) -> Self {
        self.filter = Some(match self.filter {
            Some(before) => before.and(condition),
            None => condition,
        });
        self
    }

    /// Sets within how many arcseconds of an example a row is the same object and left out (default
    /// 100, as the paper; 0 keeps all but the example itself). It matters only where the catalogue
    /// has `ra` and `dec`, in degrees.
    pub fn apart(mut self, arcsec: f64) -> Self {
        self.apart = arcsec;
        self
    }

    /// Names the encoder for pictures. Without it, the one that the space says it was made with is
    /// loaded by its name.
    pub fn encoder(mut self, encoder: &Encoder) -> Self {
        self.encoder = Some(encoder.clone());
        self
    }

    /// Searches by an index of this space: faster among millions, and most but not all of the
    /// nearest are found. A filter that leaves few galaxies has them searched exactly.
    pub fn index(mut self, index: &Index) -> Self {
        self.index = Some(index.clone());
        self
    }

    /// The `k` galaxies nearest to what was asked for, the examples themselves left out.
    ///
    /// # Errors
    /// [`Error::Missing`] when a galaxy, the catalogue or a column is not there, or a picture comes
    /// without an encoder; [`Error::Invalid`] when nothing was asked for, a vector has another width
    /// or a number that is not finite, `k` is 0 or more than the galaxies that are left, or an index
    /// is that of another table or distance.
    pub fn nearest(&self, k: usize) -> Result<Neighbours> {
        let query = Query::Several(self.like.clone());
        let target = target(&self.space, &self.like, &self.unlike, self.encoder.as_ref())?;
        let among = self.among(&query)?;
        if k == 0 || k > among.len() {
            let left =
                if self.filter.is_some() { "others that the filter leaves" } else { "others" };
            let expected = format!("1 to {}, the number of {left}", among.len());
            return Err(Error::invalid("k", k, expected));
        }
        let targets = target.view().insert_axis(Axis(0));
        let found = match &self.index {
            Some(index) => {
                index.check(&Table::Memory(self.space.shared()), self.metric)?;
                index.nearest_among(targets, k, Some(&among))?
            }
            None => exact::nearest(self.space.array(), targets, k, self.metric, Some(&among))?,
        };
        let rows = found.rows.iter().map(|&row| row as usize).collect::<Vec<_>>();
        let examples = query.galaxies();
        Neighbours::new(
            &self.space,
            query.name(),
            &examples,
            &rows,
            found.distances.into_iter().collect(),
        )
    }

    /// The rows that are searched, in order.
    fn among(&self, query: &Query) -> Result<Vec<u32>> {
        let mut wanted = vec![true; self.space.len()];
        if let Some(condition) = &self.filter {
            let table = self.space.known_catalog()?.table();
            wanted = holds(table.clone().lazy(), condition, self.space.len())?;
        }
        let sky = match self.space.catalog() {
            Some(catalog) => sky::Sky::of(catalog)?,
            None => None,
        };
        for id in query.galaxies() {
            let row = self.space.row(id)?;
            wanted[row] = false;
            if let (Some(sky), true) = (&sky, self.apart != 0.0) {
                let same = sky.near(row, self.apart)?;
                wanted.iter_mut().zip(same).for_each(|(wanted, same)| *wanted &= !same);
            }
        }
        Ok((0..).zip(wanted).filter_map(|(row, wanted)| wanted.then_some(row)).collect())
    }
}

/// Where to search for what is like some and unlike others.
pub(super) fn target(
    space: &Space,
    like: &[Query],
    unlike: &[Query],
    encoder: Option<&Encoder>,
) -> Result<Array1<f32>> {
    let mut target = Query::Several(like.to_vec()).vector(space, encoder)?;
    if !unlike.is_empty() {
        let away = Query::Several(unlike.to_vec()).vector(space, encoder)?;
        target.iter_mut().zip(away).for_each(|(to, away)| *to += PUSH * (*to - away));
    }
    Ok(target.into_iter().map(|value| value as f32).collect())
}

/// For which rows a condition holds; a missing value is no.
fn holds(table: polars::prelude::LazyFrame, condition: &Expr, rows: usize) -> Result<Vec<bool>> {
    let column = table.select([condition.clone().alias("holds")]).collect()?;
    let column = column.column("holds")?;
    if column.dtype() != &DataType::Boolean {
        return Err(Error::invalid("the filter", column.dtype(), "true or false for each galaxy"));
    }
    let found: Vec<bool> = column.bool()?.iter().map(|holds| holds.unwrap_or(false)).collect();
    match found.as_slice() {
        [one] => Ok(vec![*one; rows]),
        _ if found.len() == rows => Ok(found),
        _ => Err(Error::invalid("the filter", format!("{} values", found.len()), "one a galaxy")),
    }
}
