//! All galaxies of a search, from the most to the least interesting.

use super::gp::Prediction;
use polars::prelude::{Column, DataFrame};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use zoobot_base::error::{Error, Result};
use zoobot_base::table::table_of;
use zoobot_data::catalog::{self, write_table};
use zoobot_representation::space::Space;
use zoobot_show::notebook::{Bundle, Gallery, Show, Table, Tile};

/// The number of galaxies shown by default.
const SHOWN: usize = 12;

/// If all expected ratings differ by less than this, the order means nothing.
const FLAT: f64 = 0.1;

/// Galaxies from the most to the least interesting.
///
/// ```
/// use zoobot_core::{ndarray::Array2, prelude::*};
/// let features = Array2::from_shape_fn((100, 2), |(i, j)| ((i * (j + 3)) % 17) as f32);
/// let space = Space::new((0..100).map(|i| format!("G{i}")).collect(), features)?;
/// let mut search = AnomalySearch::new(&space).seed(1);
/// for (k, id) in search.next()?.ids().iter().enumerate() {
///     search.rate(id, k % 6)?;
/// }
/// let ranking = search.ranking()?;
/// assert_eq!((ranking.len(), ranking.unrated().len()), (100, 90));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Ranking {
    space: Space,
    order: Vec<usize>,
    expected: Prediction,
    ratings: Vec<Option<u8>>,
    /// The names in this order, made on first use.
    ids: Arc<OnceLock<Vec<String>>>,
}

zoobot_data::named_by_ids!(Ranking);

impl Ranking {
    /// Ranks galaxies rated `interesting` or more first (by rating), then unrated galaxies by their
    /// expected rating, and other rated galaxies last.
    pub(super) fn new(
        space: &Space,
        expected: Prediction,
        ratings: Vec<Option<u8>>,
        interesting: u8,
    ) -> Result<Self> {
        let group = |row: usize| match ratings[row] {
            Some(value) if value >= interesting => (0, 5_u8.saturating_sub(value)),
            None => (1, 0),
            Some(value) => (2, 5_u8.saturating_sub(value)),
        };
        let mean = |row: usize| expected.mean[row];
        let mut order: Vec<usize> = (0..space.len()).collect();
        order.sort_by(|&a, &b| {
            group(a).cmp(&group(b)).then(mean(b).total_cmp(&mean(a))).then(a.cmp(&b))
        });
        Ok(Self { space: space.clone(), order, expected, ratings, ids: Arc::default() })
    }

    /// The ranking of the galaxies that are not rated yet.
    pub fn unrated(&self) -> Self {
        let open = |row: &usize| self.ratings[*row].is_none();
        self.with(self.order.iter().copied().filter(open).collect())
    }

    /// The number of galaxies.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether the ranking has no galaxies, such as [`unrated`](Self::unrated) when all are rated.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The galaxies' names, best first.
    pub fn ids(&self) -> &[String] {
        let ids = || self.order.iter().map(|&row| self.space.ids()[row].clone()).collect();
        self.ids.get_or_init(ids)
    }

    /// The galaxies' rows in the space, best first.
    pub fn rows(&self) -> &[usize] {
        &self.order
    }

    /// A warning if this order means nothing, else `None`.
    ///
    /// The model may find no connection between the ratings and the galaxies' representations, for
    /// example if there are few ratings, or if they are about something that the pictures do not show.
    /// It then expects nearly the same rating for every galaxy.
    pub fn note(&self) -> Option<&'static str> {
        let open = || self.ratings.iter().zip(&self.expected.mean);
        let open = || open().filter(|(rating, _)| rating.is_none()).map(|(_, &mean)| mean);
        let least = open().fold(f64::INFINITY, f64::min);
        let most = open().fold(f64::NEG_INFINITY, f64::max);
        (open().count() > 1 && most - least < FLAT).then_some(
            "The model expects nearly the same rating for every galaxy: it finds no connection yet \
             between your ratings and what the pictures show. Rate more galaxies, including some that \
             you would give a 4 or 5, before you rely on this order.",
        )
    }

    /// The mean and standard deviation of the expected rating of the galaxy in this row of the space.
    pub(super) fn expectation(&self, row: usize) -> (f64, f64) {
        (self.expected.mean[row], self.expected.std[row])
    }

    fn with(&self, order: Vec<usize>) -> Self {
        Self { order, ids: Arc::default(), ..self.clone() }
    }

    /// The ranking of the first `n` galaxies.
    pub fn head(&self, n: usize) -> Self {
        self.with(self.order.iter().copied().take(n).collect())
    }

    /// A table with the columns `rank` (from 1), `id_str`, `expected` (the expected rating), `deviation`
    /// (its standard deviation) and `rating` (empty for unrated galaxies).
    pub fn table(&self) -> DataFrame {
        let of = |values: &[f64]| self.order.iter().map(|&row| values[row]).collect::<Vec<f64>>();
        let ratings: Vec<Option<u32>> =
            self.order.iter().map(|&row| self.ratings[row].map(u32::from)).collect();
        let columns = vec![
            Column::new("rank".into(), (1..=self.len() as u32).collect::<Vec<_>>()),
            Column::new(catalog::ID.into(), self.ids()),
            Column::new("expected".into(), of(&self.expected.mean)),
            Column::new("deviation".into(), of(&self.expected.std)),
            Column::new("rating".into(), ratings),
        ];
        table_of(self.len(), columns)
    }

    /// The pictures of the first `n` galaxies, below the [note](Self::note) if there is one.
    ///
    /// # If it cannot be drawn
    /// [`Error::Missing`] without a catalogue, [`Error::Parameter`] when `n` is 0.
    pub fn gallery(&self, n: usize) -> Gallery {
        self.pictures(n).into()
    }

    fn pictures(&self, n: usize) -> Result<Gallery> {
        if n == 0 {
            return Err(Error::parameter("n", n, "at least 1"));
        }
        let catalog = self.space.known_catalog()?;
        let first: Vec<usize> = self.order.iter().copied().take(n).collect();
        let files = catalog.at(&first)?.files();
        let tiles = first.iter().zip(files).map(|(&row, file)| {
            let caption = match self.ratings[row] {
                Some(rating) => format!("rated {rating}"),
                None => format!(
                    "expected {:.1} ± {:.1}",
                    self.expected.mean[row], self.expected.std[row]
                ),
            };
            Tile::new(&self.space.ids()[row], file).caption(caption)
        });
        let mut title = format!("The most interesting {} of {}", first.len(), self.len());
        if let Some(note) = self.note() {
            title = format!("{title}. {note}");
        }
        Ok(Gallery::new(tiles.collect()).title(title))
    }

    /// Writes the table to a file; its ending (.csv, .parquet or .fits) chooses the format.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        write_table(&self.table(), path)
    }
}

impl Show for Ranking {
    fn show(&self) -> Bundle {
        let mut title = format!("{} galaxies, the most interesting first", self.len());
        let table = |title: &str| Table::new(self.head(1000).table()).title(title).show();
        match self.pictures(SHOWN) {
            Ok(gallery) => gallery.show().above(&table(&title)),
            Err(_) => {
                if let Some(note) = self.note() {
                    title = format!("{title}. {note}");
                }
                table(&title)
            }
        }
    }
}
