//! The result of a probe.

use super::Probe;
use super::score;
use crate::metrics::{Estimate, bootstrap};
use ndarray::{Array2, ArrayView2};
use polars::prelude::{Column, DataFrame, IntoColumn, NamedFrom, Series};
use zoobot_base::error::{Error, Result};
use zoobot_base::table::table_of;
use zoobot_data::catalog::ID;
use zoobot_data::catalog::Target;
use zoobot_show::notebook::{Bundle, Show, Table};

/// Predictions for every galaxy with a label, each from a model that was not fitted to it, and their
/// quality.
///
/// ```
/// use zoobot_core::{ndarray::Array2, prelude::*};
/// let galaxies = Catalog::sample()?.labelled("axis_ratio")?;
/// let ratios = galaxies.numbers("axis_ratio")?;
/// let features = Array2::from_shape_fn((ratios.len(), 1), |(i, _)| ratios[i] as f32);
/// let probed = Space::new(galaxies.ids().to_vec(), features)?.with_catalog(&galaxies)?.probe("axis_ratio")?;
/// assert!(probed.value("r2")? > 0.99); // the feature is the label
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Probed {
    pub(super) probe: Probe,
    pub(super) ids: Vec<String>,
    pub(super) target: Target,
    pub(super) predictions: Array2<f64>,
    pub(super) penalties: Vec<f64>,
    pub(super) unlabelled: usize,
}

impl Probed {
    /// The galaxies, in the order of the space.
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// The names of the classes, in the order of the columns of
    /// [`predictions`](Self::predictions); empty for numbers.
    pub fn classes(&self) -> &[String] {
        match &self.target {
            Target::Classes { names, .. } => names,
            Target::Numbers(_) => &[],
        }
    }

    /// The predictions: galaxies x classes with probabilities, or galaxies x 1 with numbers.
    pub fn predictions(&self) -> ArrayView2<'_, f64> {
        self.predictions.view()
    }

    /// The penalty chosen for each fold.
    pub fn penalties(&self) -> &[f64] {
        &self.penalties
    }

    /// The number of galaxies left out because they have no label.
    pub fn unlabelled(&self) -> usize {
        self.unlabelled
    }

    /// The names of the available measures. For classes: `accuracy`, `auc`, `average_precision`, `f1`
    /// and `log_loss` (nats). With two classes, the alphabetically last one is the positive class; with
    /// more, `auc`, `average_precision` and `f1` are means over the classes, each against all others.
    /// For numbers: `rmse`, `r2` and `spearman`.
    pub fn measures(&self) -> &'static [&'static str] {
        score::measures(&self.target)
    }

    /// The value of a measure (see [`measures`](Self::measures)) over all predictions.
    ///
    /// # Errors
    /// [`Error::Missing`], with the most similar name.
    pub fn value(&self, name: &str) -> Result<f64> {
        self.known(name)?;
        Ok(self.among(name, &(0..self.ids.len()).collect::<Vec<_>>()))
    }

    /// The value of a measure with its confidence interval (see [`bootstrap`]).
    ///
    /// # Errors
    /// As [`value`](Self::value).
    pub fn measure(&self, name: &str) -> Result<Estimate> {
        self.known(name)?;
        Ok(bootstrap(self.ids.len(), self.probe.seed, |places| self.among(name, places)))
    }

    fn known(&self, name: &str) -> Result<()> {
        if self.measures().contains(&name) {
            return Ok(());
        }
        Err(Error::missing(
            "measure",
            name,
            format!("the probe of {:?}", self.probe.label),
            self.measures().iter().copied(),
        ))
    }

    /// The value of a known measure over the galaxies in `places`.
    fn among(&self, name: &str, places: &[usize]) -> f64 {
        score::among(name, &self.target, &self.predictions, places)
    }

    /// A table of `id_str`, the label, `predicted`, and for classes the probability of each class
    /// (`probability_NAME`).
    pub fn table(&self) -> DataFrame {
        let mut columns = vec![Column::new(ID.into(), &self.ids)];
        let label = self.probe.label.as_str();
        match &self.target {
            Target::Classes { names, of } => {
                let named =
                    |of: &[usize]| of.iter().map(|&i| names[i].as_str()).collect::<Vec<_>>();
                let likeliest: Vec<usize> = (0..of.len()).map(|row| self.likeliest(row)).collect();
                columns.push(Series::new(label.into(), named(of)).into_column());
                columns.push(Series::new("predicted".into(), named(&likeliest)).into_column());
                for (name, values) in names.iter().zip(self.predictions.columns()) {
                    let name = format!("probability_{name}");
                    columns.push(Series::new(name.into(), values.to_vec()).into_column());
                }
            }
            Target::Numbers(values) => {
                columns.push(Column::new(label.into(), values));
                columns.push(Column::new("predicted".into(), self.predictions.column(0).to_vec()));
            }
        }
        table_of(self.ids.len(), columns)
    }

    /// The index of the most probable class of a galaxy.
    fn likeliest(&self, row: usize) -> usize {
        score::likeliest(self.predictions.row(row))
    }
}

impl Show for Probed {
    fn show(&self) -> Bundle {
        let estimates: Vec<Estimate> =
            self.measures().iter().filter_map(|name| self.measure(name).ok()).collect();
        let column = |name: &str, of: fn(&Estimate) -> f64| {
            Column::new(name.into(), estimates.iter().map(of).collect::<Vec<f64>>())
        };
        let columns = vec![
            Series::new("measure".into(), self.measures()).into_column(),
            column("value", |it| it.value),
            column("low", |it| it.low),
            column("high", |it| it.high),
        ];
        let unlabelled = match self.unlabelled {
            0 => String::new(),
            some => format!(" ({some} without a label left out)"),
        };
        let title = format!(
            "Linear probe of {:?}: {} galaxies{unlabelled}, each predicted from a fit on other folds",
            self.probe.label,
            self.ids.len()
        );
        let table = DataFrame::new(estimates.len(), columns).map_err(Error::from);
        table.map(|table| Table::new(table).title(title)).show()
    }
}
