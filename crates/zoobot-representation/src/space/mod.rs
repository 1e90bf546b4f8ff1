//! The representation as a table: one row per galaxy, one column per feature.

mod origin;
mod pca;
mod place;
mod products;
mod store;

use ndarray::{Array2, ArrayView2, Axis};
use polars::prelude::{Column, DataFrame, IntoColumn, NamedFrom, Series};
use std::sync::Arc;
use zoobot_base::advice::advice;
use zoobot_base::error::{Error, Result};
use zoobot_base::moments::{column_moments, scale};
use zoobot_base::table::table_of;
use zoobot_data::catalog::{Catalog, GalaxyNames, places};
use zoobot_data::picture::Failures;
use zoobot_show::figure::{self, Figure, PointLabels};
use zoobot_show::notebook::{Bundle, Show, Table};

pub use origin::Origin;
pub use pca::{Pca, PcaFit};
#[doc(hidden)]
pub use pca::{array, tensor};
#[doc(hidden)]
pub use store::write_parquet;

/// Representations of galaxies. `features` is rows x columns, float32 and always finite; row `i` belongs
/// to `ids()[i]`.
///
/// ```
/// use zoobot_core::{ndarray::array, space::Space};
/// let ids = vec!["a".to_owned(), "b".to_owned(), "c".to_owned()];
/// let space = Space::new(ids, array![[0.0, 1.0], [2.0, 5.0], [4.0, 9.0]])?;
/// let line = space.pca(1)?;
/// assert!((line.variance_ratio()?[0] - 1.0).abs() < 1e-6);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Space {
    ids: Arc<Vec<String>>,
    features: Arc<Array2<f32>>,
    /// The kind of features, which determines the names of columns and axes.
    kind: Kind,
    catalog: Option<Catalog>,
    failed: Failures,
    /// The steps applied to the encoder's features, in order.
    steps: Vec<place::Step>,
    origin: Option<Arc<Origin>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Features,
    Components,
}

impl Kind {
    fn column(self, i: usize) -> String {
        match self {
            Self::Features => format!("feat_{i}"),
            Self::Components => format!("feat_{i}_pca"),
        }
    }
}

zoobot_data::named_by_ids!(Space);

impl Space {
    /// Creates a space from names and features (one row each).
    ///
    /// # Errors
    /// [`Error::Shape`] when the numbers of names and rows differ; [`Error::Empty`] without
    /// galaxies or features; [`Error::Unsuitable`] when a feature is not finite.
    pub fn new(ids: Vec<String>, features: Array2<f32>) -> Result<Self> {
        let (rows, columns) = features.dim();
        if ids.len() != rows {
            let problem = format!("there are {} names for {rows} rows", ids.len());
            return Err(Error::shape(problem, "Give one name for each row"));
        }
        if rows == 0 || columns == 0 {
            let what = format!("the features are empty ({rows} rows x {columns} columns)");
            return Err(Error::empty(what, "Give at least one galaxy and one feature"));
        }
        if let Some(((row, column), value)) = features.indexed_iter().find(|(_, v)| !v.is_finite())
        {
            let problem = format!("feature {column} is {value} for {:?}", ids[row]);
            return Err(Error::unsuitable(problem, "Every feature must be a finite number"));
        }
        Ok(Self {
            ids: Arc::new(ids),
            features: Arc::new(features),
            kind: Kind::Features,
            catalog: None,
            failed: Failures::default(),
            steps: Vec::new(),
            origin: None,
        })
    }

    /// Attaches the catalogue that the pictures came from, which galleries and labels need. Galaxies of
    /// the catalogue that are not in the space are left out.
    ///
    /// # Errors
    /// [`Error::Missing`] when a galaxy of the space is not in the catalogue.
    pub fn with_catalog(mut self, catalog: &Catalog) -> Result<Self> {
        self.catalog = Some(catalog.select(self.ids.as_slice())?);
        Ok(self)
    }

    pub(crate) fn with_failed(mut self, failed: Failures) -> Self {
        self.failed = failed;
        self
    }

    #[doc(hidden)]
    pub fn with_origin(mut self, origin: Origin) -> Self {
        self.origin = Some(Arc::new(origin));
        self
    }

    /// The encoder that made the space and its recipe, if they are known: they are for spaces from an
    /// encoder, and from tables that this library wrote.
    pub fn origin(&self) -> Option<&Origin> {
        self.origin.as_deref()
    }

    /// The number of galaxies.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Always false: a space has at least one galaxy.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The number of features of each galaxy.
    pub fn width(&self) -> usize {
        self.features.ncols()
    }

    /// The galaxies' names, in order.
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// The features, rows x columns.
    pub fn features(&self) -> ArrayView2<'_, f32> {
        self.features.view()
    }

    /// The features as an array, for search.
    pub(crate) fn array(&self) -> &Array2<f32> {
        &self.features
    }

    /// The features as a shared array.
    pub(crate) fn shared(&self) -> Arc<Array2<f32>> {
        self.features.clone()
    }

    /// The catalogue of exactly these galaxies, in this order, if one is attached.
    pub fn catalog(&self) -> Option<&Catalog> {
        self.catalog.as_ref()
    }

    /// The pictures that could not be encoded.
    pub fn failed(&self) -> &Failures {
        &self.failed
    }

    /// The row of a galaxy.
    ///
    /// # Errors
    /// [`Error::Missing`], with the most similar name.
    pub fn row(&self, id: &str) -> Result<usize> {
        self.ids.iter().position(|known| known == id).ok_or_else(|| {
            Error::missing("galaxy", id, "this representation", self.ids.iter().map(String::as_str))
        })
    }

    /// Selects galaxies, in the order given: by their names, or by a table or a catalogue that contains
    /// them.
    ///
    /// # Errors
    /// [`Error::Missing`] for a galaxy that is not in the space; [`Error::Empty`] if none is given.
    pub fn select(&self, galaxies: &(impl GalaxyNames + ?Sized)) -> Result<Self> {
        let rows = places(&self.ids, galaxies, || "this representation".into())?;
        if rows.is_empty() {
            return Err(Error::empty("there are no galaxies to select", "Give at least one name"));
        }
        let ids: Vec<String> = rows.iter().map(|&row| self.ids[row].clone()).collect();
        let catalog = self.catalog.as_ref().map(|catalog| catalog.select(&ids)).transpose()?;
        let features = Arc::new(self.features.select(Axis(0), &rows));
        Ok(Self { ids: Arc::new(ids), features, catalog, ..self.clone() })
    }

    /// The table: `id_str`, then `feat_0`, `feat_1`, ... (after [`pca`](Self::pca), `feat_0_pca`, ...).
    pub fn table(&self) -> DataFrame {
        let mut columns: Vec<Column> =
            vec![Series::new(zoobot_data::catalog::ID.into(), self.ids.as_slice()).into_column()];
        for (i, feature) in self.features.columns().into_iter().enumerate() {
            let values: Vec<f32> = feature.to_vec();
            columns.push(Series::new(self.kind.column(i).into(), values).into_column());
        }
        table_of(self.len(), columns)
    }

    /// Reduces the space to its first `components` principal components. See [`Pca`].
    ///
    /// # Errors
    /// When `components` is 0 or exceeds the number of columns or rows.
    pub fn pca(&self, components: usize) -> Result<Self> {
        let pca = Pca::fit(self.features(), components)?;
        let kind = Kind::Components;
        Self { kind, ..self.clone() }.then(place::Step::Compress(Arc::new(pca)))
    }

    /// Shifts every column to mean 0 and scales it to standard deviation 1 (divided by the number of
    /// rows, like scikit-learn's StandardScaler). A constant column becomes 0.
    ///
    /// # Errors
    /// None for a space made by [`new`](Self::new).
    pub fn standardize(&self) -> Result<Self> {
        let (mean, deviations) = column_moments(self.features.rows().into_iter(), self.width());
        let scale = mean.iter().zip(deviations).map(|(&mean, it)| scale(mean, it)).collect();
        self.clone().then(place::Step::Scale(Arc::new(place::Scale { mean, scale })))
    }

    /// The share of the variance that each component explains.
    ///
    /// # Errors
    /// [`Error::Unsuitable`] without a preceding [`pca`](Self::pca).
    pub fn variance_ratio(&self) -> Result<&[f64]> {
        match self.compression() {
            Some(pca) => Ok(pca.variance_ratio()),
            None => Err(Error::unsuitable(
                "this space has no principal components",
                advice("Call pca(n) first", "Give --pca N"),
            )),
        }
    }

    /// The latest PCA of this space, with which other galaxies can be placed in it.
    pub fn compression(&self) -> Option<&Pca> {
        self.steps.iter().rev().find_map(|step| match step {
            place::Step::Compress(pca) => Some(pca.as_ref()),
            place::Step::Scale(_) => None,
        })
    }

    /// A figure of the share of the variance that each component explains, and of the cumulative share.
    ///
    /// # If it cannot be drawn
    /// [`Error::Unsuitable`] without a preceding [`pca`](Self::pca).
    pub fn explained_variance(&self) -> Figure {
        match self.variance_ratio() {
            Ok(shares) => figure::explained_variance(shares),
            Err(error) => Err(error).into(),
        }
    }

    /// A figure of the first two columns, with one point per galaxy, coloured by a column of the
    /// catalogue: text is shown as classes, numbers with a colour bar.
    ///
    /// # If it cannot be drawn
    /// [`Error::Missing`] when there is no catalogue or no such column.
    pub fn scatter(&self, colour_by: &str) -> Figure {
        match self.panel(colour_by) {
            Ok(panel) => panel.build(),
            Err(error) => Err(error).into(),
        }
    }

    /// The data of [`scatter`](Self::scatter), before it is drawn.
    #[doc(hidden)]
    pub fn panel(&self, colour_by: &str) -> Result<figure::Scatter> {
        if self.width() < 2 {
            let problem = "a scatter plot needs at least 2 features, but this space has 1";
            return Err(Error::unsuitable(problem, "Choose a space with more features"));
        }
        let column = self.known_catalog()?.column(colour_by)?;
        let axis = |i: usize| self.features.column(i).mapv(f64::from).to_vec();
        let name = |i: usize| match self.kind {
            Kind::Components => format!("component {}", i + 1),
            Kind::Features => format!("feature {i}"),
        };
        Ok(figure::scatter(axis(0), axis(1))
            .colour_by(colour_by, PointLabels::from(&column))
            .labels(&name(0), &name(1)))
    }

    /// The catalogue, or an error that says how to attach one.
    #[doc(hidden)]
    pub fn known_catalog(&self) -> Result<&Catalog> {
        self.catalog.as_ref().ok_or_else(|| Error::Missing {
            kind: "catalogue",
            name: "catalog".to_owned(),
            place: "this representation".to_owned(),
            hint: advice("Attach it: space.with_catalog(&galaxies)?", "Give it: --catalog FILE"),
        })
    }
}

/// The number of columns of a wide table that are shown.
const SHOWN: usize = 8;

impl Show for Space {
    fn show(&self) -> Bundle {
        let shown = self.features.slice(ndarray::s![.., ..self.width().min(SHOWN)]).to_owned();
        let narrow = Self { features: Arc::new(shown), ..self.clone() };
        let title = match self.width() {
            width if width > SHOWN => format!(
                "{} galaxies with {width} features, the first {SHOWN} of them shown",
                self.len()
            ),
            width => format!("{} galaxies with {width} features", self.len()),
        };
        let table = Table::new(narrow.table()).title(title).show();
        match self.failed.is_empty() {
            true => table,
            false => table.above(&self.failed.show()),
        }
    }
}

#[cfg(test)]
mod tests;
