//! Galaxies like others.
//!
//! [`Space::similar_to`] answers at once; [`Space::search`] takes conditions, counter-examples and
//! other distances. Search is exact: every galaxy is looked at, in memory or (a [`VectorFile`]) where
//! they lie on disk. Among millions, an [`Index`] finds most of the nearest at once.

mod condition;
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

use crate::error::Result;
use crate::space::Space;

pub use condition::condition;
pub use exact::Nearest;
pub use file::{FileSearch, VectorFile, VectorWriter};
pub use index::{EXACT, Index, IndexConfig, Recall};
pub use metric::Metric;
pub use neighbours::Neighbours;
pub use query::Query;
pub use search::Search;
pub(crate) use vectors::Vectors;

impl Space {
    /// The `k` galaxies most like a galaxy (its `id_str`), several galaxies (their mean), a picture
    /// (a path), or a representation, nearest first in Euclidean distance.
    ///
    /// The galaxies asked about are left out, and with `ra` and `dec` in the catalogue everything
    /// within 100 arcseconds of them, which is the same object. Every galaxy is looked at, so the
    /// answer is exact; equal distances keep the table's order. [`search`](Self::search) can more.
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

#[cfg(test)]
mod tests;
