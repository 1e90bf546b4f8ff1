//! Measures of the quality of predictions, with 95 % confidence intervals.

use super::predicted::{Kind, Predicted};
use ndarray::Array2;
use polars::prelude::{Column, DataFrame};
use zoobot_base::error::{Error, Result};
use zoobot_data::catalog::Target;
use zoobot_representation::metrics::{Estimate, average_precision, bootstrap, f1, roc_auc};
use zoobot_representation::probe::score;

/// A measure computed from probabilities, predicted labels and true labels.
type OfChances = dyn Fn(&[f64], &[bool], &[bool]) -> f64 + Sync;

impl Predicted {
    /// The names of the measures. For classes, and for labels that can be true together (averaged over the
    /// labels): `accuracy`, `auc`, `average_precision`, `f1`, `log_loss` (nats). For numbers: `rmse`, `r2`,
    /// `spearman`. With two classes the last by name is positive; with more, `auc`, `average_precision` and
    /// `f1` are the mean over the classes, each against all others.
    pub fn measures(&self) -> &'static [&'static str] {
        let none = Vec::new();
        let numbers = Target::Numbers(Vec::new());
        let classes = Target::Classes { names: none, of: Vec::new() };
        score::measures(if self.kind == Kind::Numbers { &numbers } else { &classes })
    }

    /// One of the [`measures`](Self::measures) by name, with its 95 % confidence interval: see [`bootstrap`].
    ///
    /// # Errors
    /// [`Error::Missing`] for another name, and if the truth is not known; the error gives the reason.
    pub fn measure(&self, name: &str) -> Result<Estimate> {
        let measures = self.measures();
        if !measures.contains(&name) {
            return Err(Error::missing(
                "measure",
                name,
                "these predictions",
                measures.iter().copied(),
            ));
        }
        let (known, judged) = (self.known()?, self.judged()?);
        let count = judged.nrows();
        if self.kind != Kind::Chances {
            let target = &known.targets[0];
            let among = |places: &[usize]| score::among(name, target, &judged, places);
            return Ok(bootstrap(count, self.seed, among));
        }
        let both: Vec<Array2<f64>> = judged
            .columns()
            .into_iter()
            .map(|it| Array2::from_shape_fn((it.len(), 2), |(row, i)| [1.0 - it[row], it[row]][i]))
            .collect();
        let among = |places: &[usize]| {
            let each = known.targets.iter().zip(&both);
            let sum: f64 = each.map(|(target, it)| score::among(name, target, it, places)).sum();
            sum / both.len() as f64
        };
        Ok(bootstrap(count, self.seed, among))
    }

    /// The fraction of galaxies whose likeliest class is the true one.
    ///
    /// # Errors
    /// As for [`measure`](Self::measure).
    pub fn accuracy(&self) -> Result<Estimate> {
        self.measure("accuracy")
    }

    /// The area under the receiver operating characteristic curve.
    ///
    /// # Errors
    /// As for [`measure`](Self::measure).
    pub fn auc(&self) -> Result<Estimate> {
        self.measure("auc")
    }

    /// The root mean squared error, in the unit of the labels.
    ///
    /// # Errors
    /// As for [`measure`](Self::measure).
    pub fn rmse(&self) -> Result<Estimate> {
        self.measure("rmse")
    }

    /// The fraction of the variance that is explained.
    ///
    /// # Errors
    /// As for [`measure`](Self::measure).
    pub fn r2(&self) -> Result<Estimate> {
        self.measure("r2")
    }

    /// A row for each class or label: the number of galaxies, precision, recall, `f1`, `auc` and
    /// `average_precision`, the last three with the bounds of their 95 % intervals. A class counts as
    /// predicted if it is the likeliest, a label if its probability is at least 0.5.
    ///
    /// # Errors
    /// [`Error::Missing`] if the truth is not known; [`Error::Unsuitable`] for numbers.
    pub fn per_class(&self) -> Result<DataFrame> {
        let (mut each, judged) = (self.each_chance()?, self.judged()?);
        let count = judged.nrows();
        if self.kind == Kind::Classes && self.names.len() == 2 {
            let of = self.true_classes()?.iter().map(|it| *it == 0).collect();
            each.insert(0, (self.names[0].clone(), judged.column(0).to_vec(), of));
        }
        let (mut names, mut counts) = (Vec::new(), Vec::new());
        let mut shares = [Vec::new(), Vec::new()];
        let mut figures: [Vec<Estimate>; 3] = Default::default();
        for (place, (name, chances, is)) in each.into_iter().enumerate() {
            let found: Vec<bool> = match self.kind {
                Kind::Classes => {
                    judged.rows().into_iter().map(|it| score::likeliest(it) == place).collect()
                }
                _ => chances.iter().map(|it| *it >= 0.5).collect(),
            };
            let true_of = |a: &[bool]| a.iter().filter(|it| **it).count();
            let both = found.iter().zip(&is).filter(|(a, b)| **a && **b).count() as f64;
            shares[0].push(both / true_of(&found) as f64);
            shares[1].push(both / true_of(&is) as f64);
            let some = |places: &[usize]| -> (Vec<f64>, Vec<bool>, Vec<bool>) {
                (
                    places.iter().map(|&i| chances[i]).collect(),
                    places.iter().map(|&i| found[i]).collect(),
                    places.iter().map(|&i| is[i]).collect(),
                )
            };
            let of = |figure: &OfChances| {
                bootstrap(count, self.seed, |places| {
                    let (chances, found, is) = some(places);
                    figure(&chances, &found, &is)
                })
            };
            figures[0].push(of(&|_, found, is| f1(found, is)));
            figures[1].push(of(&|chances, _, is| roc_auc(chances, is)));
            figures[2].push(of(&|chances, _, is| average_precision(chances, is)));
            names.push(name);
            counts.push(true_of(&is) as u64);
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

    /// Every measure with its interval: `measure`, `value`, `low`, `high`.
    ///
    /// # Errors
    /// [`Error::Missing`] if the truth is not known.
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
}
