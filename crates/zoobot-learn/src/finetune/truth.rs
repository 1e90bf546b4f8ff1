//! The labels of a catalogue, read as [`Target`]s and checked. Unusable or missing labels are errors that
//! name the column, the galaxy and the remedy.

use super::LabelKind;
use ndarray::{Array2, ArrayView2};
use tch::{Device, Tensor};
use zoobot_base::advice::advice;
use zoobot_base::error::{Error, Result};
use zoobot_data::catalog::{Catalog, Target, regressor};
use zoobot_data::schema::Votes;

/// The minimum number of galaxies to learn from.
const LEAST: usize = 4;

/// The truth for some galaxies.
#[derive(Debug, Clone)]
pub enum Truth {
    /// A class or a number for each.
    One(Target),
    /// Galaxies x tags, 0 or 1.
    Tags(Array2<f32>),
    /// Votes for each answer.
    Votes(Box<Votes>),
}

impl Truth {
    /// The labels of galaxies to learn from.
    pub fn to_learn(question: &LabelKind, catalog: &Catalog) -> Result<Self> {
        if catalog.len() < LEAST {
            let problem = format!("there are too few galaxies to learn from ({})", catalog.len());
            let hint = format!("Give at least {LEAST}; a useful model needs a few dozen");
            return Err(Error::unsuitable(problem, hint));
        }
        let truth = Self::read(question, catalog, None)?;
        truth.check_learnable(question)?;
        if let Self::Votes(votes) = &truth {
            votes.say_without();
        }
        Ok(truth)
    }

    /// The labels of galaxies for validation or testing, with the classes of `self`.
    pub fn like(&self, question: &LabelKind, catalog: &Catalog) -> Result<Self> {
        let names = match self {
            Self::One(Target::Classes { names, .. }) => Some(names.as_slice()),
            _ => None,
        };
        Self::read(question, catalog, names)
    }

    /// The labels of galaxies, each of which must have one: users choose which galaxies to learn from. If
    /// `names` are given, they are the classes.
    pub fn read(question: &LabelKind, catalog: &Catalog, names: Option<&[String]>) -> Result<Self> {
        Ok(match question {
            LabelKind::Classes { label } => Self::One(Target::classes(catalog, label, names)?),
            LabelKind::Numbers { label, unit_interval, .. } => {
                let target = Target::numbers(catalog, label)?;
                let outside = |value: &f64| *unit_interval && !(0.0..=1.0).contains(value);
                if let Target::Numbers(values) = &target
                    && let Some(row) = values.iter().position(outside)
                {
                    let problem =
                        format!("{label:?} is {} for {:?}", values[row], catalog.ids()[row]);
                    let hint = format!(
                        "With {} every label must be between 0 and 1",
                        advice("unit_interval()", "--unit-interval")
                    );
                    return Err(Error::unsuitable(problem, hint));
                }
                Self::One(target)
            }
            LabelKind::Tags { labels } => {
                let mut all = Array2::zeros((catalog.len(), labels.len()));
                for (mut to, label) in all.columns_mut().into_iter().zip(labels) {
                    for (row, text) in Target::texts(catalog, label)?.iter().enumerate() {
                        to[row] = match text.to_lowercase().as_str() {
                            "0" | "false" => 0.0,
                            "1" | "true" => 1.0,
                            _ => {
                                let problem =
                                    format!("{label:?} is {text:?} for {:?}", catalog.ids()[row]);
                                return Err(Error::unsuitable(
                                    problem,
                                    "Every label must be 0 or 1",
                                ));
                            }
                        };
                    }
                }
                Self::Tags(all)
            }
            LabelKind::Votes(schema) => Self::Votes(Box::new(Votes::of(catalog, schema)?)),
        })
    }

    /// Checks that the labels differ enough to learn from.
    fn check_learnable(&self, question: &LabelKind) -> Result<()> {
        let column = |i: usize| question.columns().swap_remove(i);
        match self {
            Self::One(Target::Classes { names, of }) => {
                if names.len() < 2 {
                    let problem = format!("{:?} has only the class {:?}", column(0), names[0]);
                    return Err(Error::unsuitable(
                        problem,
                        "Give galaxies of at least two classes",
                    ));
                }
                if names.len() > of.len() / 2 {
                    let problem = format!(
                        "{:?} has {} classes for {} galaxies",
                        column(0),
                        names.len(),
                        of.len()
                    );
                    let hint = format!("Each class needs several galaxies. {}", regressor());
                    return Err(Error::unsuitable(problem, hint));
                }
                for (name, count) in self.counts(question) {
                    if count < 2 {
                        let problem =
                            format!("only one galaxy has the class {name:?} in {:?}", column(0));
                        let hint = "Give at least two galaxies of each class";
                        return Err(Error::unsuitable(problem, hint));
                    }
                }
                Ok(())
            }
            Self::One(Target::Numbers(values)) => match values.iter().all(|it| *it == values[0]) {
                true => {
                    let problem = format!("{:?} is {} for every galaxy", column(0), values[0]);
                    Err(Error::unsuitable(problem, "Choose a column of numbers that differ"))
                }
                false => Ok(()),
            },
            Self::Tags(all) => {
                for (i, of) in all.columns().into_iter().enumerate() {
                    if of.iter().all(|it| *it == of[0]) {
                        let problem = format!("{:?} is {} for every galaxy", column(i), of[0]);
                        let hint = "Choose columns that hold both 0 and 1";
                        return Err(Error::unsuitable(problem, hint));
                    }
                }
                Ok(())
            }
            Self::Votes(votes) => match votes.counts().iter().any(|it| *it > 0.0) {
                true => Ok(()),
                false => {
                    let what = format!(
                        "none of the {} galaxies has a vote for {}",
                        votes.len(),
                        votes.schema().name()
                    );
                    Err(Error::empty(what, "Choose the schema whose columns the catalogue has"))
                }
            },
        }
    }

    /// The number of galaxies.
    pub fn len(&self) -> usize {
        match self {
            Self::One(target) => target.len(),
            Self::Tags(all) => all.nrows(),
            Self::Votes(votes) => votes.len(),
        }
    }

    /// The names of the classes.
    pub fn classes(&self) -> &[String] {
        match self {
            Self::One(Target::Classes { names, .. }) => names,
            _ => &[],
        }
    }

    /// The number of galaxies of each class, or with each tag.
    pub fn counts(&self, question: &LabelKind) -> Vec<(String, usize)> {
        match self {
            Self::One(target) => self.classes().iter().cloned().zip(target.counts()).collect(),
            Self::Tags(all) => {
                let counts = all.columns().into_iter().map(|it| it.sum() as usize);
                question.columns().into_iter().zip(counts).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Selects these rows.
    pub fn select(&self, rows: &[usize]) -> Result<Self> {
        Ok(match self {
            Self::One(target) => Self::One(target.select(rows)),
            Self::Tags(all) => Self::Tags(all.select(ndarray::Axis(0), rows)),
            Self::Votes(votes) => {
                let ids = rows.iter().map(|&row| votes.ids()[row].clone()).collect();
                let counts = votes.counts().select(ndarray::Axis(0), rows);
                Self::Votes(Box::new(Votes::new(votes.schema(), ids, counts)?))
            }
        })
    }

    /// The targets of these rows, in the form that [`Loss`](crate::train::Loss) takes.
    pub fn batch(&self, rows: &[usize], device: Device) -> Result<Tensor> {
        let targets = match self {
            Self::One(Target::Classes { of, .. }) => {
                Tensor::f_from_slice(&rows.iter().map(|&row| of[row] as i64).collect::<Vec<_>>())?
            }
            Self::One(Target::Numbers(values)) => {
                let some: Vec<f32> = rows.iter().map(|&row| values[row] as f32).collect();
                Tensor::f_from_slice(&some)?.f_view([-1, 1])?
            }
            Self::Tags(all) => {
                let some: Vec<f32> = rows.iter().flat_map(|&row| all.row(row).to_vec()).collect();
                Tensor::f_from_slice(&some)?.f_view([rows.len() as i64, -1])?
            }
            Self::Votes(votes) => votes.batch(rows)?,
        };
        Ok(targets.f_to_device(device)?)
    }
}

/// Fails if a feature is identical to a label.
pub fn no_leak(features: ArrayView2<f32>, truth: &Truth, question: &LabelKind) -> Result<()> {
    let known: Vec<Vec<f64>> = match truth {
        Truth::One(Target::Classes { of, .. }) => vec![of.iter().map(|it| *it as f64).collect()],
        Truth::One(Target::Numbers(values)) => vec![values.clone()],
        Truth::Tags(all) => {
            all.columns().into_iter().map(|it| it.mapv(f64::from).to_vec()).collect()
        }
        Truth::Votes(_) => return Ok(()),
    };
    for (label, values) in question.columns().iter().zip(&known) {
        for (place, feature) in features.columns().into_iter().enumerate() {
            let same = |(a, b): (&f32, &f64)| (f64::from(*a) - b).abs() <= 1e-6 * b.abs().max(1.0);
            if feature.iter().zip(values).all(same) {
                let problem =
                    format!("column {place} of the features is the label {label:?} itself");
                return Err(Error::unsuitable(problem, "Take the label out of the features"));
            }
        }
    }
    Ok(())
}
