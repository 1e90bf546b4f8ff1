//! Predictions for galaxies, with the truth where it is known and measures of their quality.

use super::LabelKind;
use super::truth::Truth;
use crate::model::{Labels, Model};
use crate::train::Output;
use ndarray::{Array2, ArrayView2, Axis};
use polars::prelude::{Column, DataFrame};
use zoobot_base::advice::advice;
use zoobot_base::error::{Error, Result};
use zoobot_base::seed;
use zoobot_base::table::table_of;
use zoobot_data::catalog::{Catalog, ID, Target, labelled};
use zoobot_data::picture::Failures;
use zoobot_representation::probe::score;
use zoobot_show::notebook::{Bundle, Show, Table};

/// Predictions of a model for galaxies: probabilities of classes, probabilities of labels that may be true
/// together, or numbers. If the truth is known, the [`measures`](Self::measures) say how good the predictions
/// are, each with a 95 % interval.
///
/// ```no_run
/// use zoobot_core::prelude::*;
/// let test = Catalog::read("rings/test.csv")?;
/// let predicted = Model::load("rings-model")?.predict(&test)?.against(&test, "ring")?;
/// println!("accuracy {}, AUC {}", predicted.accuracy()?, predicted.auc()?);
/// let likely = predicted.table().top("probability_1", 20)?;
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Predicted {
    pub(super) kind: Kind,
    /// The names of the classes, labels or quantities.
    pub(super) names: Vec<String>,
    pub(super) ids: Vec<String>,
    /// Galaxies x names.
    pub(super) values: Array2<f64>,
    /// The truth, with a target for each name of [`Kind::Chances`], otherwise one; or the reason why it is
    /// unknown.
    pub(super) truth: std::result::Result<Known, String>,
    /// The source of the pictures in galleries.
    pub(super) catalog: Option<Catalog>,
    pub(super) failed: Failures,
    pub(super) seed: u64,
}

/// The truth for the galaxies that have a label.
#[derive(Debug, Clone)]
pub(super) struct Known {
    labels: Vec<String>,
    pub targets: Vec<Target>,
    /// The rows of these galaxies among all.
    pub rows: Vec<usize>,
}

/// A name, its probability for each galaxy, and whether it is true.
pub(super) type Chance = (String, Vec<f64>, Vec<bool>);

/// What the values mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Classes,
    Chances,
    Numbers,
}

impl Predicted {
    pub(super) fn new(model: &Model, ids: Vec<String>, values: Array2<f64>) -> Result<Self> {
        let (kind, names) = match (model.labels(), model.head().output) {
            (Labels::Classes(names), _) => (Kind::Classes, names.clone()),
            (Labels::Values(names), Output::Chances) => (Kind::Chances, names.clone()),
            (Labels::Values(names), _) => (Kind::Numbers, names.clone()),
            (Labels::Votes(schema), _) => {
                let problem = format!(
                    "this model predicts votes for {}, not classes or numbers",
                    schema.name()
                );
                let hint = advice(
                    "For posteriors of votes, use Model::posterior",
                    "For votes, use `zoobot calibrate`",
                );
                return Err(Error::unsuitable(problem, hint));
            }
        };
        let truth = Err(advice(
            "Give the labels: predicted.against(&galaxies, \"LABEL\")?",
            "Give the labels: --label COLUMN",
        ));
        let (catalog, failed) = (None, Failures::default());
        Ok(Self { kind, names, ids, values, truth, catalog, failed, seed: seed::DEFAULT })
    }

    /// Adds the truth from a catalogue's column: the class or the number. For labels that can be true
    /// together, `label` is ignored and the truth is read from the columns named after the labels. Galaxies
    /// without a label are left out of all measures, with a note; [`unlabelled`](Self::unlabelled) counts
    /// them.
    ///
    /// # Errors
    /// [`Error::Missing`] for a galaxy or a column that the catalogue lacks; [`Error::Catalog`] for labels
    /// that are not finite, and if no galaxy has a label; [`Error::Unsuitable`] for a class that the model
    /// does not know, and for labels of the wrong type.
    pub fn against(mut self, catalog: &Catalog, label: &str) -> Result<Self> {
        let all = catalog.select(&self.ids)?;
        let labels = match self.kind {
            Kind::Chances => self.names.clone(),
            _ => vec![label.to_owned()],
        };
        let (rows, catalog) = labelled(&all, &labels)?;
        let mut targets = Vec::with_capacity(labels.len());
        for label in &labels {
            targets.push(match self.kind {
                Kind::Classes => Target::classes(&catalog, label, Some(&self.names))?,
                Kind::Numbers => Target::numbers(&catalog, label)?,
                Kind::Chances => {
                    let question = LabelKind::Tags { labels: vec![label.clone()] };
                    match Truth::read(&question, &catalog, None)? {
                        Truth::Tags(all) => Target::Classes {
                            names: vec!["0".to_owned(), "1".to_owned()],
                            of: all.iter().map(|it| usize::from(*it > 0.5)).collect(),
                        },
                        _ => continue,
                    }
                }
            });
        }
        self.truth = Ok(Known { labels, targets, rows });
        self.catalog = Some(all);
        Ok(self)
    }

    /// Adds the truth if the catalogue has it, otherwise the reason why it is missing.
    pub(super) fn perhaps_against(mut self, catalog: &Catalog, label: &str) -> Self {
        match self.clone().against(catalog, label) {
            Ok(known) => known,
            Err(error) => {
                self.truth = Err(error.to_string());
                self.catalog = catalog.select(&self.ids).ok();
                self
            }
        }
    }

    /// Averages predictions for the same galaxies from several models or views: an ensemble.
    ///
    /// # Errors
    /// [`Error::Empty`] if there are no predictions; [`Error::Unsuitable`] if the galaxies or answers differ.
    pub fn mean(all: &[Self]) -> Result<Self> {
        let Some(first) = all.first() else {
            return Err(Error::empty("there are no predictions to average", "Give at least one"));
        };
        let mut mean = first.clone();
        for other in &all[1..] {
            if (other.kind, &other.names, &other.ids) != (first.kind, &first.names, &first.ids) {
                let problem = "the predictions to average differ in their galaxies or answers";
                let hint = "Give predictions of the same galaxies, in the same order";
                return Err(Error::unsuitable(problem, hint));
            }
            mean.values += &other.values;
        }
        mean.values /= all.len() as f64;
        Ok(mean)
    }

    /// The galaxies, in order.
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// The number of galaxies.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are no galaxies.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The names of the classes, labels or quantities: the columns of [`values`](Self::values).
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Galaxies x names: probabilities, or numbers in their own unit.
    pub fn values(&self) -> ArrayView2<'_, f64> {
        self.values.view()
    }

    /// The pictures that could not be read.
    pub fn failed(&self) -> &Failures {
        &self.failed
    }

    /// The likeliest class of each galaxy.
    ///
    /// # Errors
    /// [`Error::Unsuitable`] unless classes are predicted.
    pub fn classes(&self) -> Result<Vec<&str>> {
        self.only(Kind::Classes, "classes")?;
        Ok((0..self.len()).map(|row| self.names[self.likeliest(row)].as_str()).collect())
    }

    pub(super) fn likeliest(&self, row: usize) -> usize {
        score::likeliest(self.values.row(row))
    }

    pub(super) fn only(&self, kind: Kind, what: &str) -> Result<()> {
        match self.kind == kind {
            true => Ok(()),
            false => {
                let found = match self.kind {
                    Kind::Classes => "of classes",
                    Kind::Chances => "of labels that can be true together",
                    Kind::Numbers => "of numbers",
                };
                let problem = format!("these predictions are {found}, not of {what}");
                Err(Error::unsuitable(problem, "Use the predictions of a classifier"))
            }
        }
    }

    pub(super) fn known(&self) -> Result<&Known> {
        self.truth.as_ref().map_err(|reason| Error::Missing {
            kind: "truth",
            name: self.names.join(", "),
            place: "these predictions".to_owned(),
            hint: reason.clone(),
        })
    }

    /// The number of galaxies without a label, which all measures leave out; 0 if the truth is not known.
    pub fn unlabelled(&self) -> usize {
        self.truth.as_ref().map_or(0, |known| self.len() - known.rows.len())
    }

    /// The predictions for the galaxies that have a label.
    pub(super) fn judged(&self) -> Result<Array2<f64>> {
        Ok(self.values.select(Axis(0), &self.known()?.rows))
    }

    /// The index of the true class of each galaxy that has a label.
    pub(super) fn true_classes(&self) -> Result<&[usize]> {
        self.only(Kind::Classes, "classes")?;
        match self.known()?.targets.first() {
            Some(Target::Classes { of, .. }) => Ok(of),
            _ => Err(Error::Internal("predictions of classes with a truth of numbers".to_owned())),
        }
    }

    /// For each name, its probabilities and whether it is true, for the galaxies that have a label.
    pub(super) fn each_chance(&self) -> Result<Vec<Chance>> {
        let (known, judged) = (self.known()?, self.judged()?);
        let column = |i: usize| judged.column(i).to_vec();
        match self.kind {
            Kind::Classes => {
                let of = self.true_classes()?;
                let first = if self.names.len() == 2 { 1 } else { 0 };
                let one = |i: usize| {
                    (self.names[i].clone(), column(i), of.iter().map(|it| *it == i).collect())
                };
                Ok((first..self.names.len()).map(one).collect())
            }
            Kind::Chances => {
                let one = |(i, target): (usize, &Target)| {
                    let of = match target {
                        Target::Classes { of, .. } => of.iter().map(|it| *it == 1).collect(),
                        Target::Numbers(_) => Vec::new(),
                    };
                    (self.names[i].clone(), column(i), of)
                };
                Ok(known.targets.iter().enumerate().map(one).collect())
            }
            Kind::Numbers => Err(Error::unsuitable(
                "these predictions are of numbers, which have no probabilities",
                "Use the predictions of a classifier",
            )),
        }
    }

    /// A table with `id_str`, the truth if it is known (named after the labels; empty for galaxies without a
    /// label), and the predictions: `predicted` and `probability_CLASS` for classes, `NAME_probability` for
    /// labels that can be true together, and `NAME_predicted` for numbers.
    pub fn table(&self) -> DataFrame {
        let mut columns = vec![Column::new(ID.into(), &self.ids)];
        if let Ok(known) = &self.truth {
            let mut places = vec![None; self.len()];
            known.rows.iter().enumerate().for_each(|(place, &row)| places[row] = Some(place));
            for (label, target) in known.labels.iter().zip(&known.targets) {
                let label = label.as_str().into();
                let places = places.iter();
                columns.push(match target {
                    Target::Numbers(values) => {
                        let values = places.map(|it| it.map(|it| values[it]));
                        Column::new(label, values.collect::<Vec<_>>())
                    }
                    Target::Classes { names, of } => {
                        let texts = places.map(|it| it.map(|it| names[of[it]].as_str()));
                        Column::new(label, texts.collect::<Vec<_>>())
                    }
                });
            }
        }
        columns.extend(columns_of(self.kind, &self.names, self.values.view()));
        table_of(self.len(), columns)
    }
}

/// The columns that hold the predictions.
fn columns_of(kind: Kind, names: &[String], values: ArrayView2<f64>) -> Vec<Column> {
    let mut columns = Vec::new();
    if kind == Kind::Classes {
        let of = |row| names[score::likeliest(row)].as_str();
        let predicted: Vec<&str> = values.rows().into_iter().map(of).collect();
        columns.push(Column::new("predicted".into(), predicted));
    }
    for (name, values) in names.iter().zip(values.columns()) {
        let name = match kind {
            Kind::Classes => format!("probability_{name}"),
            Kind::Chances => format!("{name}_probability"),
            Kind::Numbers => format!("{name}_predicted"),
        };
        columns.push(Column::new(name.into(), values.to_vec()));
    }
    columns
}

impl Show for Predicted {
    fn show(&self) -> Bundle {
        let count = self.len();
        let table = Table::new(self.table()).title(format!("{count} galaxies")).rows(5);
        match self.figures() {
            Ok(figures) => {
                let without = match self.unlabelled() {
                    0 => String::new(),
                    some => format!("; {some} galaxies without a label are left out"),
                };
                let title = format!("Quality of the predictions, with 95 % intervals{without}");
                Table::new(figures).title(title).show().above(&table.show())
            }
            Err(_) => table.show(),
        }
    }
}
