//! The galaxies that a search asks about.

use super::acquisition::{Acquisition, Chosen};
use polars::prelude::{Column, DataFrame};
use zoobot_base::error::Result;
use zoobot_base::table::table_of;
use zoobot_data::catalog::{self, Catalog};
use zoobot_representation::space::Space;
use zoobot_show::notebook::{Bundle, Gallery, Show, Table, Tile};

/// Why galaxies are proposed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Why {
    /// The search begins, so the galaxies are random.
    First,
    /// Every rating so far is 0, so the model cannot know what you want: half of the galaxies are
    /// random, half are unlike all rated ones.
    AllZero,
    /// The model chose the galaxies by this acquisition.
    Chosen(Acquisition),
}

/// Galaxies to rate, the most promising first.
///
/// ```
/// use zoobot_core::{ndarray::Array2, prelude::*};
/// let features = Array2::from_shape_fn((100, 2), |(i, j)| ((i * (j + 3)) % 17) as f32);
/// let space = Space::new((0..100).map(|i| format!("G{i}")).collect(), features)?;
/// let mut search = AnomalySearch::new(&space).seed(1);
/// let proposal = search.next()?;
/// assert_eq!(proposal.ids().len(), 10);
/// assert_eq!(proposal.why(), zoobot_core::anomaly::Why::First);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Proposal {
    ids: Vec<String>,
    rows: Vec<usize>,
    why: Why,
    /// The prediction for each galaxy; empty if the galaxies are random.
    expected: Vec<Chosen>,
    catalog: Option<Catalog>,
}

zoobot_data::named_by_ids!(Proposal);

impl Proposal {
    pub(super) fn random(space: &Space, rows: &[usize], why: Why) -> Result<Self> {
        Self::new(space, rows.to_vec(), why, Vec::new())
    }

    pub(super) fn chosen(space: &Space, chosen: Vec<Chosen>, by: Acquisition) -> Result<Self> {
        let rows = chosen.iter().map(|it| it.row).collect();
        Self::new(space, rows, Why::Chosen(by), chosen)
    }

    fn new(space: &Space, rows: Vec<usize>, why: Why, expected: Vec<Chosen>) -> Result<Self> {
        let ids: Vec<String> = rows.iter().map(|&row| space.ids()[row].clone()).collect();
        let catalog = space.catalog().map(|catalog| catalog.at(&rows)).transpose()?;
        Ok(Self { ids, rows, why, expected, catalog })
    }

    /// The proposal without the galaxies in the rows for which `dropped` is true.
    pub(super) fn without(&self, dropped: impl Fn(usize) -> bool) -> Self {
        let kept: Vec<usize> =
            (0..self.rows.len()).filter(|&place| !dropped(self.rows[place])).collect();
        let catalog = self.catalog.as_ref().and_then(|catalog| catalog.at(&kept).ok());
        Self {
            ids: kept.iter().map(|&place| self.ids[place].clone()).collect(),
            rows: kept.iter().map(|&place| self.rows[place]).collect(),
            why: self.why,
            expected: kept.iter().filter_map(|&place| self.expected.get(place).copied()).collect(),
            catalog,
        }
    }

    /// The galaxies' names.
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// The galaxies' rows in the space.
    pub fn rows(&self) -> &[usize] {
        &self.rows
    }

    /// Why these galaxies are proposed.
    pub fn why(&self) -> Why {
        self.why
    }

    /// The model's prediction for each galaxy; empty if the galaxies are random.
    pub fn expected(&self) -> &[Chosen] {
        &self.expected
    }

    /// A table with the column `id_str`, and with `expected`, `deviation` and `value` if the model chose
    /// the galaxies.
    pub fn table(&self) -> DataFrame {
        let mut columns = vec![Column::new(catalog::ID.into(), &self.ids)];
        if !self.expected.is_empty() {
            let column = |name: &str, of: fn(&Chosen) -> f64| {
                Column::new(name.into(), self.expected.iter().map(of).collect::<Vec<f64>>())
            };
            columns.push(column("expected", |it| it.mean));
            columns.push(column("deviation", |it| it.std));
            columns.push(column("value", |it| it.value));
        }
        table_of(self.ids.len(), columns)
    }

    /// The pictures; `None` without a catalogue.
    pub fn gallery(&self) -> Option<Gallery> {
        let catalog = self.catalog.as_ref()?;
        let tiles = catalog.ids().iter().zip(catalog.files()).enumerate();
        let tiles = tiles.map(|(place, (id, file))| {
            let caption = match self.expected.get(place) {
                Some(it) => format!("expected {:.1} ± {:.1}", it.mean, it.std),
                None => String::new(),
            };
            Tile::new(id, file).caption(caption)
        });
        Some(Gallery::new(tiles.collect()).columns(5).title(self.title()))
    }

    fn title(&self) -> String {
        let why = match self.why {
            Why::First => "random, to begin with".to_owned(),
            Why::AllZero => {
                "random, or unlike all rated so far, since every rating is 0".to_owned()
            }
            Why::Chosen(by) => format!("chosen by {by}"),
        };
        let galaxies = if self.ids.len() == 1 { "galaxy" } else { "galaxies" };
        format!("{} {galaxies} to rate from 0 to 5, {why}", self.ids.len())
    }
}

impl Show for Proposal {
    fn show(&self) -> Bundle {
        let table = Table::new(self.table()).title(self.title()).show();
        match self.gallery() {
            Some(gallery) => gallery.show().above(&table),
            None => table,
        }
    }
}
