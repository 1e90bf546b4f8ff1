//! Answers for galaxies, what is true of them where it is known, and how good the answers are.

use super::Question;
use super::encoded::each_view;
use super::truth::{self, Truth};
use crate::catalog::{Catalog, ID, TableFormat};
use crate::encoder::{Failed, Report, Rows, TableJob, array, catalog_key};
use crate::error::{Error, Result};
use crate::metrics::{Estimate, average_precision, bootstrap, f1, roc_auc};
use crate::model::{Labels, Model};
use crate::notebook::{Bundle, Show, Table};
use crate::picture::Augment;
use crate::probe::{Target, score};
use crate::space::Space;
use crate::train::Output;
use ndarray::{Array2, ArrayView2, Axis};
use polars::prelude::{Column, DataFrame};
use std::path::Path;
use tch::Tensor;

/// What a model says of galaxies: probabilities of classes, of things that may be true together, or
/// numbers. Where the truth is known, the figures of [`measures`](Self::measures) tell how good it is,
/// each with its 95 % interval.
#[derive(Debug, Clone)]
pub struct Predicted {
    pub(super) kind: Kind,
    /// Of classes, things or quantities.
    pub(super) names: Vec<String>,
    pub(super) ids: Vec<String>,
    /// Galaxies x names.
    pub(super) values: Array2<f64>,
    /// What is true, a target for each name of [`Kind::Chances`], else one; or why it is not known.
    pub(super) truth: std::result::Result<Known, String>,
    /// For galleries.
    pub(super) catalog: Option<Catalog>,
    pub(super) failed: DataFrame,
    pub(super) seed: u64,
}

#[derive(Debug, Clone)]
pub(super) struct Known {
    labels: Vec<String>,
    targets: Vec<Target>,
}

/// A name, its probabilities, and whether it is true of each galaxy.
type Chance = (String, Vec<f64>, Vec<bool>);

/// A figure of probabilities, what was found, and what is true.
type OfChances = dyn Fn(&[f64], &[bool], &[bool]) -> f64 + Sync;

/// What numbers mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Classes,
    Chances,
    Numbers,
}

impl Predicted {
    fn new(model: &Model, ids: Vec<String>, values: Array2<f64>) -> Result<Self> {
        let (kind, names) = match (model.labels(), model.head().output) {
            (Labels::Classes(names), _) => (Kind::Classes, names.clone()),
            (Labels::Values(names), Output::Chances) => (Kind::Chances, names.clone()),
            (Labels::Values(names), _) => (Kind::Numbers, names.clone()),
            (Labels::Votes(schema), _) => {
                let value = format!("votes for {}", schema.name());
                let expected = "classes or numbers; for votes, Model::predict gives posteriors";
                return Err(Error::invalid("what the model predicts", value, expected));
            }
        };
        let truth = Err("give the labels: predicted.against(&galaxies, \"LABEL\")?".to_owned());
        let (catalog, failed) = (None, DataFrame::empty());
        Ok(Self { kind, names, ids, values, truth, catalog, failed, seed: 1 })
    }

    /// The same with the truth from a catalogue's column: the class, or the number. For things that may
    /// be true together it is read from the columns of their names, whatever `label` is.
    ///
    /// # Errors
    /// [`Error::Missing`] for a galaxy or a column that the catalogue lacks; [`Error::Catalog`] for
    /// labels that are missing or not finite; [`Error::Invalid`] for a class that the model does not
    /// know, and labels of the wrong type.
    pub fn against(mut self, catalog: &Catalog, label: &str) -> Result<Self> {
        let catalog = catalog.select(&self.ids)?;
        let labels = match self.kind {
            Kind::Chances => self.names.clone(),
            _ => vec![label.to_owned()],
        };
        let mut targets = Vec::with_capacity(labels.len());
        for label in &labels {
            targets.push(match self.kind {
                Kind::Classes => {
                    let question = Question::Classes { label: label.clone() };
                    match Truth::read(&question, &catalog, Some(&self.names))? {
                        Truth::Classes { names, of } => Target::Classes { names, of },
                        _ => continue,
                    }
                }
                Kind::Numbers => Target::Numbers(truth::numbers(&catalog, label)?),
                Kind::Chances => {
                    let question = Question::Tags { labels: vec![label.clone()] };
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
        self.truth = Ok(Known { labels, targets });
        self.catalog = Some(catalog);
        Ok(self)
    }

    /// The same with the truth where the catalogue has it, and the reason where it has not.
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

    /// The mean of what several models, or several views, say of the same galaxies: an ensemble.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is none, or they are of other galaxies or other answers.
    pub fn mean(all: &[Self]) -> Result<Self> {
        let Some(first) = all.first() else {
            return Err(Error::invalid("predictions to average", 0, "at least one"));
        };
        let mut mean = first.clone();
        for other in &all[1..] {
            if (other.kind, &other.names, &other.ids) != (first.kind, &first.names, &first.ids) {
                let expected = "the same galaxies, in the same order, and the same answers";
                return Err(Error::invalid("predictions to average", "different", expected));
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

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The names of the classes, things or quantities: the columns of [`values`](Self::values).
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Galaxies x names: probabilities, or numbers in their own unit.
    pub fn values(&self) -> ArrayView2<'_, f64> {
        self.values.view()
    }

    /// The pictures that could not be read: `id_str`, `file_loc`, `reason`.
    pub fn failed(&self) -> &DataFrame {
        &self.failed
    }

    /// The likeliest class of each galaxy.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what are no classes.
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
                    Kind::Chances => "of things that may be true together",
                    Kind::Numbers => "of numbers",
                };
                Err(Error::invalid("predictions", found, format!("of {what}")))
            }
        }
    }

    fn known(&self) -> Result<&Known> {
        self.truth.as_ref().map_err(|reason| Error::Missing {
            kind: "truth",
            name: self.names.join(", "),
            place: "these predictions".to_owned(),
            hint: reason.clone(),
        })
    }

    /// The place of each galaxy's true class.
    pub(super) fn true_classes(&self) -> Result<&[usize]> {
        self.only(Kind::Classes, "classes")?;
        match self.known()?.targets.first() {
            Some(Target::Classes { of, .. }) => Ok(of),
            _ => Err(Error::invalid("truth", "of numbers", "of classes")),
        }
    }

    /// For each name, its probabilities and whether it is true.
    pub(super) fn each_chance(&self) -> Result<Vec<Chance>> {
        let known = self.known()?;
        let column = |i: usize| self.values.column(i).to_vec();
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
            Kind::Numbers => Err(Error::invalid("predictions", "of numbers", "of classes")),
        }
    }

    /// The names of the figures there are: of classes, and of things that may be true together (the
    /// mean over them), `accuracy`, `auc`, `average_precision`, `f1`, `log_loss` (nats); of numbers
    /// `rmse`, `r2`, `spearman`. Of two classes the last by name is the positive one; of more, the
    /// middle three are the mean over the classes, each against all others.
    pub fn measures(&self) -> &'static [&'static str] {
        let none = Vec::new();
        let numbers = Target::Numbers(Vec::new());
        let classes = Target::Classes { names: none, of: Vec::new() };
        score::measures(if self.kind == Kind::Numbers { &numbers } else { &classes })
    }

    /// A figure by its name among [`measures`](Self::measures), with the interval that holds it with
    /// 95 % confidence: see [`bootstrap`].
    ///
    /// # Errors
    /// [`Error::Missing`] for another name, and where the truth is not known, saying why.
    pub fn measure(&self, name: &str) -> Result<Estimate> {
        let measures = self.measures();
        if !measures.contains(&name) {
            return Err(Error::Missing {
                kind: "measure",
                name: name.to_owned(),
                place: "these predictions".to_owned(),
                hint: crate::catalog::near(name, measures.iter().copied()),
            });
        }
        let known = self.known()?;
        if self.kind != Kind::Chances {
            let target = &known.targets[0];
            let among = |places: &[usize]| score::among(name, target, &self.values, places);
            return Ok(bootstrap(self.len(), self.seed, among));
        }
        let both: Vec<Array2<f64>> = self
            .values
            .columns()
            .into_iter()
            .map(|it| Array2::from_shape_fn((it.len(), 2), |(row, i)| [1.0 - it[row], it[row]][i]))
            .collect();
        let among = |places: &[usize]| {
            let each = known.targets.iter().zip(&both);
            let sum: f64 = each.map(|(target, it)| score::among(name, target, it, places)).sum();
            sum / both.len() as f64
        };
        Ok(bootstrap(self.len(), self.seed, among))
    }

    /// The share of galaxies whose likeliest class is the true one.
    ///
    /// # Errors
    /// As [`measure`](Self::measure).
    pub fn accuracy(&self) -> Result<Estimate> {
        self.measure("accuracy")
    }

    /// The area under the receiver operating characteristic.
    ///
    /// # Errors
    /// As [`measure`](Self::measure).
    pub fn auc(&self) -> Result<Estimate> {
        self.measure("auc")
    }

    /// The root of the mean squared error, in the numbers' unit.
    ///
    /// # Errors
    /// As [`measure`](Self::measure).
    pub fn rmse(&self) -> Result<Estimate> {
        self.measure("rmse")
    }

    /// The share of the variance that is explained.
    ///
    /// # Errors
    /// As [`measure`](Self::measure).
    pub fn r2(&self) -> Result<Estimate> {
        self.measure("r2")
    }

    /// A row for each class, or each thing that may be true: how many galaxies are of it, precision,
    /// recall, `f1`, `auc` and `average_precision`, the last three with the ends of their 95 %
    /// intervals. A class counts as found where it is the likeliest, a thing from probability 0.5 on.
    ///
    /// # Errors
    /// [`Error::Missing`] where the truth is not known; [`Error::Invalid`] for numbers.
    pub fn per_class(&self) -> Result<DataFrame> {
        let mut each = self.each_chance()?;
        if self.kind == Kind::Classes && self.names.len() == 2 {
            let of = self.true_classes()?.iter().map(|it| *it == 0).collect();
            each.insert(0, (self.names[0].clone(), self.values.column(0).to_vec(), of));
        }
        let (mut names, mut counts) = (Vec::new(), Vec::new());
        let mut shares = [Vec::new(), Vec::new()];
        let mut figures: [Vec<Estimate>; 3] = Default::default();
        for (place, (name, chances, is)) in each.into_iter().enumerate() {
            let found: Vec<bool> = match self.kind {
                Kind::Classes => (0..self.len()).map(|row| self.likeliest(row) == place).collect(),
                _ => chances.iter().map(|it| *it >= 0.5).collect(),
            };
            let count = |a: &[bool]| a.iter().filter(|it| **it).count();
            let both = found.iter().zip(&is).filter(|(a, b)| **a && **b).count() as f64;
            shares[0].push(both / count(&found) as f64);
            shares[1].push(both / count(&is) as f64);
            let some = |places: &[usize]| -> (Vec<f64>, Vec<bool>, Vec<bool>) {
                (
                    places.iter().map(|&i| chances[i]).collect(),
                    places.iter().map(|&i| found[i]).collect(),
                    places.iter().map(|&i| is[i]).collect(),
                )
            };
            let of = |figure: &OfChances| {
                bootstrap(self.len(), self.seed, |places| {
                    let (chances, found, is) = some(places);
                    figure(&chances, &found, &is)
                })
            };
            figures[0].push(of(&|_, found, is| f1(found, is)));
            figures[1].push(of(&|chances, _, is| roc_auc(chances, is)));
            figures[2].push(of(&|chances, _, is| average_precision(chances, is)));
            names.push(name);
            counts.push(count(&is) as u64);
        }
        let rows = names.len();
        let [precision, recall] = shares;
        let mut columns = vec![
            Column::new("class".into(), names),
            Column::new("galaxies".into(), counts),
            Column::new("precision".into(), precision),
            Column::new("recall".into(), recall),
        ];
        for (name, all) in ["f1", "auc", "average_precision"].into_iter().zip(&figures) {
            let of = |end: fn(&Estimate) -> f64| all.iter().map(end).collect::<Vec<f64>>();
            columns.push(Column::new(name.into(), of(|it| it.value)));
            columns.push(Column::new(format!("{name}_low").into(), of(|it| it.low)));
            columns.push(Column::new(format!("{name}_high").into(), of(|it| it.high)));
        }
        Ok(DataFrame::new(rows, columns)?)
    }

    /// Every figure with its interval: `measure`, `value`, `low`, `high`.
    ///
    /// # Errors
    /// [`Error::Missing`] where the truth is not known.
    pub fn figures(&self) -> Result<DataFrame> {
        let measures = self.measures();
        let all: Vec<Estimate> =
            measures.iter().map(|name| self.measure(name)).collect::<Result<_>>()?;
        let of = |end: fn(&Estimate) -> f64| all.iter().map(end).collect::<Vec<f64>>();
        let columns = vec![
            Column::new("measure".into(), measures.to_vec()),
            Column::new("value".into(), of(|it| it.value)),
            Column::new("low".into(), of(|it| it.low)),
            Column::new("high".into(), of(|it| it.high)),
        ];
        Ok(DataFrame::new(measures.len(), columns)?)
    }

    /// A table of `id_str`, what is true where it is known (by the labels' names), and what is
    /// predicted: for classes `predicted` and `probability_CLASS`, for things `NAME_probability`, for
    /// numbers `NAME_predicted`.
    ///
    /// # Errors
    /// [`Error::Polars`] when columns would share a name.
    pub fn table(&self) -> Result<DataFrame> {
        let mut columns = vec![Column::new(ID.into(), &self.ids)];
        if let Ok(known) = &self.truth {
            for (label, target) in known.labels.iter().zip(&known.targets) {
                columns.push(match target {
                    Target::Numbers(values) => Column::new(label.as_str().into(), values),
                    Target::Classes { names, of } => {
                        let texts: Vec<&str> = of.iter().map(|&i| names[i].as_str()).collect();
                        Column::new(label.as_str().into(), texts)
                    }
                });
            }
        }
        columns.extend(columns_of(self.kind, &self.names, self.values.view()));
        Ok(DataFrame::new(self.len(), columns)?)
    }
}

/// The columns of predictions.
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
        let table =
            self.table().map(|table| Table::new(table).title(format!("{count} galaxies")).rows(5));
        match self.figures() {
            Ok(figures) => {
                let title = "How good they are, with 95 % intervals";
                Table::new(figures).title(title).show().above(&table.show())
            }
            Err(_) => table.show(),
        }
    }
}

impl Model {
    /// What a model of classes or numbers says of a catalogue's galaxies, in its order. Those whose
    /// pictures cannot be read are left out: [`Predicted::failed`].
    ///
    /// ```no_run
    /// use zoobot_core::prelude::*;
    /// let galaxies = Catalog::read("rings/test.csv")?;
    /// let predicted = Model::load("rings-model")?.predict_labels(&galaxies)?;
    /// predicted.against(&galaxies, "ring")?.accuracy()?;
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] for a model of votes; else as
    /// [`Encoder::encode`](crate::encoder::Encoder::encode).
    pub fn predict_labels(&self, catalog: &Catalog) -> Result<Predicted> {
        // Whether it can is known before the pictures are.
        Predicted::new(self, Vec::new(), Array2::zeros((0, 0)))?;
        let space = self.encoder().encode(catalog)?;
        let mut predicted = self.predict_labels_encoded(&space)?;
        predicted.catalog = space.catalog().cloned();
        predicted.failed = space.failed().clone();
        Ok(predicted)
    }

    /// The same of galaxies that were encoded already.
    ///
    /// # Errors
    /// As [`Encoder::check`](crate::encoder::Encoder::check) when the space is of another encoder or
    /// other pictures; [`Error::Invalid`] for a model of votes.
    pub fn predict_labels_encoded(&self, space: &Space) -> Result<Predicted> {
        self.encoder().check(space)?;
        Predicted::new(self, space.ids().to_vec(), self.answers(space.features())?)
    }

    /// The mean over so many random views of each picture besides the picture as it is: test-time
    /// augmentation.
    ///
    /// # Errors
    /// As [`predict_labels`](Self::predict_labels); [`Error::Invalid`] for an augmentation out of
    /// range.
    pub fn predict_labels_by_views(
        &self,
        catalog: &Catalog,
        augment: &Augment,
        views: usize,
        seed: u64,
    ) -> Result<Predicted> {
        let first = self.predict_labels(catalog)?;
        let (catalog, failed) = (catalog.select(first.ids())?, first.failed.clone());
        let mut all = vec![first];
        for features in each_view(self.encoder(), &catalog, augment, views, seed)? {
            let ids = all[0].ids.clone();
            all.push(Predicted::new(self, ids, self.answers(features.view())?)?);
        }
        let mean = Predicted::mean(&all)?;
        Ok(Predicted { catalog: Some(catalog), failed, ..mean })
    }

    /// Predicts a catalogue into a file, of the format that its ending names, with the columns of
    /// [`Predicted::table`]. Memory stays the same however long the catalogue, and a run that stops
    /// is taken up by the next.
    ///
    /// # Errors
    /// As [`Ensemble::predict_to`](crate::predict::Ensemble::predict_to); [`Error::Invalid`] for a
    /// model of votes.
    pub fn predict_labels_to(&self, catalog: &Catalog, out: impl AsRef<Path>) -> Result<Report> {
        let out = out.as_ref();
        let format = TableFormat::of(out)?;
        format.check(ID, &catalog.ids())?;
        let empty = Predicted::new(self, Vec::new(), Array2::zeros((0, self.width())))?;
        let note = serde_json::json!({
            "model": self.encoder().name(),
            "fingerprint": self.fingerprint()?,
            "version": env!("CARGO_PKG_VERSION"),
        })
        .to_string();
        let mut mark = note.clone().into_bytes();
        mark.extend(self.encoder().mark()?);
        let table = |rows: Vec<Rows>| -> Result<DataFrame> {
            let Rows { ids, features, .. } = rows.into_iter().next().unwrap_or_default();
            let features = array(features, (ids.len(), self.encoder().width()))?;
            let values = match ids.is_empty() {
                true => Array2::zeros((0, self.width())),
                false => self.answers(features.view())?,
            };
            Predicted { ids, values, ..empty.clone() }.table()
        };
        let encoders = [self.encoder()];
        let job = TableJob {
            encoders: &encoders,
            catalog,
            key: catalog_key(mark, catalog),
            table: &table,
            format,
            note: Some(note),
        };
        job.write(out)
    }

    /// How many numbers leave its head.
    fn width(&self) -> usize {
        self.head().outputs as usize
    }

    /// The head's answers to features: probabilities of classes or things, or numbers.
    fn answers(&self, features: ArrayView2<f32>) -> Result<Array2<f64>> {
        let (galaxies, width) = features.dim();
        let flat: Vec<f32> = features.iter().copied().collect();
        let features = Tensor::f_from_slice(&flat)?.f_view([galaxies as i64, width as i64])?;
        let mut values = self.outputs(&features, None)?;
        if self.head().output == Output::Scores {
            for mut row in values.axis_iter_mut(Axis(0)) {
                let most = row.fold(f64::NEG_INFINITY, |most, it| most.max(*it));
                row.mapv_inplace(|it| (it - most).exp());
                let sum = row.sum();
                row /= sum;
            }
        }
        Ok(values)
    }
}

impl Predicted {
    /// The pictures that could not be read, as a command lists them.
    #[doc(hidden)]
    pub fn failures(&self) -> Vec<Failed> {
        let column = |name: &str| -> Vec<String> {
            let column = self.failed.column(name).and_then(|it| it.str().cloned());
            column.map_or_else(
                |_| Vec::new(),
                |it| it.iter().map(|text| text.unwrap_or_default().to_owned()).collect(),
            )
        };
        let (ids, files, reasons) = (column(ID), column("file_loc"), column("reason"));
        let rows = ids.into_iter().zip(files).zip(reasons);
        rows.map(|((id_str, file_loc), reason)| Failed {
            id_str,
            file_loc: file_loc.into(),
            reason,
        })
        .collect()
    }
}
