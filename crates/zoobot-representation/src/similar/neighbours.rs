//! The result of a search.

use super::search::no_catalog;
use polars::prelude::{DataFrame, IntoColumn, NamedFrom, Series};
use zoobot_base::error::Result;
use zoobot_base::table::table_of;
use zoobot_data::catalog::{self, Catalog};
use zoobot_show::notebook::{Bundle, Gallery, Show, Table, Tile};

/// The number of examples in a gallery. A tag may have hundreds.
const EXAMPLES: usize = 3;

/// The galaxies nearest to a query, nearest first.
///
/// ```
/// use zoobot_core::{ndarray::array, space::Space};
/// let ids = vec!["a".to_owned(), "b".to_owned(), "c".to_owned()];
/// let space = Space::new(ids, array![[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]])?;
/// let near = space.similar_to("a", 2)?;
/// assert_eq!(near.ids(), ["c", "b"]);
/// assert_eq!(near.distances(), [1.0, 5.0]);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Neighbours {
    query: String,
    ids: Vec<String>,
    distances: Vec<f32>,
    /// The examples, then the neighbours.
    catalog: Option<Catalog>,
    examples: usize,
}

zoobot_data::named_by_ids!(Neighbours);

impl Neighbours {
    /// Collects the galaxies that a search found, with the catalogue of the searched table.
    pub(super) fn new(
        catalog: Option<&Catalog>,
        query: String,
        examples: &[&str],
        ids: Vec<String>,
        distances: Vec<f32>,
    ) -> Result<Self> {
        let shown: Vec<&str> =
            examples.iter().copied().chain(ids.iter().map(String::as_str)).collect();
        let catalog = catalog.map(|catalog| catalog.select(&shown)).transpose()?;
        let examples = if catalog.is_some() { examples.len() } else { 0 };
        Ok(Self { query, ids, distances, catalog, examples })
    }

    /// The query: the `id_str` of a galaxy, a file name, and so on.
    pub fn query(&self) -> &str {
        &self.query
    }

    /// The neighbours' names, nearest first.
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// The neighbours' distances, smallest first.
    pub fn distances(&self) -> &[f32] {
        &self.distances
    }

    /// The table: `rank` from 1, `id_str`, `distance`, and the catalogue's columns if there is a
    /// catalogue.
    pub fn table(&self) -> DataFrame {
        let rank: Vec<u32> = (1..=self.ids.len() as u32).collect();
        let mut columns = vec![
            Series::new("rank".into(), rank).into_column(),
            Series::new(catalog::ID.into(), self.ids.as_slice()).into_column(),
            Series::new("distance".into(), self.distances.as_slice()).into_column(),
        ];
        if let Some(known) = &self.catalog {
            let known = known.table().slice(self.examples as i64, self.ids.len());
            let known = known.into_columns().into_iter();
            columns.extend(known.filter(|it| it.name() != catalog::ID));
        }
        table_of(self.ids.len(), columns)
    }

    /// The neighbours' values in a column of the catalogue, as text, nearest first: [`Catalog::labels`].
    ///
    /// ```no_run
    /// use zoobot_core::prelude::*;
    /// let galaxies = Catalog::sample()?;
    /// let space = Encoder::load("sample")?.encode(&galaxies)?;
    /// println!("{}", space.similar_to("SIM000005", 9)?.labels("class")?.join(", "));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Missing`](zoobot_base::Error::Missing) without a catalogue, or if it does not have the
    /// column.
    pub fn labels(&self, column: &str) -> Result<Vec<String>> {
        let catalog = self.catalog.as_ref().ok_or_else(|| no_catalog("labels"))?;
        Ok(catalog.labels(column)?.split_off(self.examples))
    }

    /// The first three examples and the nearest `n` neighbours as pictures. The first example is framed.
    ///
    /// # If it cannot be drawn
    /// When no catalogue is attached: it lists the picture files.
    pub fn gallery(&self, n: usize) -> Gallery {
        self.pictures(n).into()
    }

    fn pictures(&self, n: usize) -> Result<Gallery> {
        let catalog = self.catalog.as_ref().ok_or_else(|| no_catalog("pictures"))?;
        let shown = self.examples.min(EXAMPLES);
        let example = match self.examples - shown {
            0 => "example".to_owned(),
            _ => format!("one of {} examples", self.examples),
        };
        let captions = std::iter::repeat_n(example, shown)
            .chain(self.distances.iter().map(|distance| format!("distance {distance:.3}")));
        let all = catalog.ids().iter().zip(catalog.files());
        let tiles = all.enumerate().filter(|(place, _)| *place < shown || *place >= self.examples);
        let tiles = tiles.take(shown.saturating_add(n));
        let tiles = tiles
            .zip(captions)
            .map(|((_, (id, file)), caption)| Tile::new(id, file).caption(caption))
            .collect();
        let gallery = Gallery::new(tiles);
        Ok(if self.examples > 0 { gallery.first_is_query() } else { gallery })
    }
}

impl Show for Neighbours {
    fn show(&self) -> Bundle {
        // The gallery already shows the files.
        let table = self.table();
        let table = Table::new(table.drop(catalog::FILE).unwrap_or(table)).show();
        match self.pictures(usize::MAX) {
            Ok(gallery) => gallery.show().above(&table),
            Err(_) => table,
        }
    }
}
