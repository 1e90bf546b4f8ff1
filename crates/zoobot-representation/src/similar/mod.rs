//! Search for similar galaxies.
//!
//! [`Space::similar_to`] answers in one call. [`Space::search`] adds conditions, counter-examples and
//! other metrics. Search is exact: it compares every galaxy, in memory or (with a [`VectorFile`]) on
//! disk. Among millions of galaxies, an [`Index`] quickly finds most of the nearest.

mod exact;
mod file;
mod index;
mod kernel;
mod metric;
mod neighbours;
mod query;
mod search;
mod sky;
mod top;
mod vectors;

use crate::space::Space;
use zoobot_base::error::Result;

pub use exact::Nearest;
pub use file::{VectorFile, VectorWriter};
pub use index::{EXACT, Index, IndexConfig, Recall};
pub use metric::Metric;
pub use neighbours::Neighbours;
pub use query::Query;
pub use search::{Search, Searched};
#[doc(hidden)]
pub use vectors::Vectors;

impl Space {
    /// The `k` galaxies nearest to a galaxy (its `id_str`), several galaxies (their mean), a picture (a
    /// path), or a representation, nearest first in Euclidean distance.
    ///
    /// The queried galaxies are left out. With positions in the catalogue (see [`Search::apart`]), so is
    /// everything within 100 arcseconds of them, which counts as the same object. Every galaxy is
    /// compared, so the answer is exact; equal distances keep the table's order.
    /// [`search`](Self::search) offers filters, counter-examples and other metrics.
    ///
    /// ```
    /// use zoobot_core::{ndarray::array, space::Space};
    /// let ids = vec!["a".to_owned(), "b".to_owned(), "c".to_owned()];
    /// let space = Space::new(ids, array![[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]])?;
    /// let near = space.similar_to("a", 2)?;
    /// assert_eq!(near.ids(), ["c", "b"]);
    /// assert_eq!(near.distances(), [1.0, 5.0]);
    /// assert_eq!(space.similar_to(vec![0.0, 0.9], 1)?.ids(), ["c"]);
    /// # Ok::<(), zoobot_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Search::nearest`].
    pub fn similar_to(&self, query: impl Into<Query>, k: usize) -> Result<Neighbours> {
        self.search().like(query).nearest(k)
    }
}

impl Space {
    /// Shows what a component responds to: the galaxies nearest to points along its axis, in `steps`
    /// even steps from `reach` standard deviations below the mean to `reach` above, with all other
    /// components at their mean. Each galaxy comes with the distance from its point.
    ///
    /// ```
    /// use zoobot_core::{ndarray::Array2, space::Space};
    /// let ids = (0..9).map(|i| format!("g{i}")).collect();
    /// let line = Array2::from_shape_fn((9, 2), |(i, j)| (i * (2 - j)) as f32);
    /// let seen = Space::new(ids, line)?.pca(1)?.along(0, 3, 1.5)?;
    /// assert_eq!(seen.ids(), ["g0", "g4", "g8"]);
    /// # Ok::<(), zoobot_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Unsuitable`](zoobot_base::Error::Unsuitable) without a preceding [`pca`](Self::pca);
    /// [`Error::Parameter`](zoobot_base::Error::Parameter) for a component that does not exist, for 0
    /// steps, or for a reach that is not above 0.
    pub fn along(&self, component: usize, steps: usize, reach: f64) -> Result<Neighbours> {
        let count = self.variance_ratio()?.len().min(self.width());
        if component >= count {
            let range = format!("between 0 and {}", count - 1);
            return Err(zoobot_base::Error::parameter("component", component, range));
        }
        if steps == 0 {
            return Err(zoobot_base::Error::parameter("steps", steps, "at least 1"));
        }
        if !(reach > 0.0 && reach.is_finite()) {
            let range = "a finite number above 0, in standard deviations";
            return Err(zoobot_base::Error::parameter("reach", reach, range));
        }
        let column = self.features().column(component).mapv(f64::from);
        let (mean, spread) = (column.mean().unwrap_or(0.0), column.std(0.0));
        let means: Vec<f32> = self
            .features()
            .columns()
            .into_iter()
            .map(|column| column.mapv(f64::from).mean().unwrap_or(0.0) as f32)
            .collect();
        let points = ndarray::Array2::from_shape_fn((steps, self.width()), |(step, column)| {
            let share = if steps > 1 { 2.0 * step as f64 / (steps - 1) as f64 - 1.0 } else { 0.0 };
            if column == component { (mean + share * reach * spread) as f32 } else { means[column] }
        });
        let found = self.nearest(points.view(), 1, Metric::L2)?;
        let rows: Vec<usize> = found.rows.iter().map(|&row| row as usize).collect();
        let query = format!("along component {}", component + 1);
        let ids = rows.into_iter().map(|row| self.ids()[row].clone()).collect();
        let distances = found.distances.into_iter().collect();
        Neighbours::new(self.catalog(), query, &[], ids, distances)
    }
}

#[cfg(test)]
mod tests;
