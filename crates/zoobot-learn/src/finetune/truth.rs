//! The labels of a catalogue, read and checked: unusable labels are errors that name the column,
//! the galaxy and what to do.

use super::LabelKind;
use ndarray::{Array2, ArrayView2};
use std::collections::{BTreeMap, HashMap};
use tch::{Device, Tensor};
use zoobot_base::advice::advice;
use zoobot_base::error::{Error, Result};
use zoobot_data::catalog::{Catalog, FILE, ID, Label};
use zoobot_data::schema::Votes;

/// Fewer galaxies than these teach nothing.
const LEAST: usize = 4;
/// What is known of some galaxies.
#[derive(Debug, Clone)]
pub enum Truth {
    /// The place of each one's class among the names.
    Classes { names: Vec<String>, of: Vec<usize> },
    /// A number for each.
    Numbers(Vec<f64>),
    /// Galaxies x things, 0 or 1.
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

    /// The labels of validation galaxies, or of galaxies to judge by: of the same classes.
    pub fn like(&self, question: &LabelKind, catalog: &Catalog) -> Result<Self> {
        let names = match self {
            Self::Classes { names, .. } => Some(names.as_slice()),
            _ => None,
        };
        Self::read(question, catalog, names)
    }

    /// The labels of a catalogue; the classes are `names`, where they are known.
    pub fn read(question: &LabelKind, catalog: &Catalog, names: Option<&[String]>) -> Result<Self> {
        Ok(match question {
            LabelKind::Classes { label } => {
                let texts = classes(catalog, label)?;
                let names = names.map_or_else(|| sorted(&texts), <[String]>::to_vec);
                let places: HashMap<&str, usize> =
                    names.iter().enumerate().map(|(i, name)| (name.as_str(), i)).collect();
                let place = |(row, text): (usize, &String)| {
                    places.get(text.as_str()).copied().ok_or_else(|| {
                        let problem = format!(
                            "{label:?} is {text:?} for {:?}, a class that was not learnt",
                            catalog.ids()[row]
                        );
                        let hint = format!("Give only the classes learnt: {}", names.join(", "));
                        Error::unsuitable(problem, hint)
                    })
                };
                let of = texts.iter().enumerate().map(place).collect::<Result<_>>()?;
                Self::Classes { names, of }
            }
            LabelKind::Numbers { label, unit_interval, .. } => {
                let values = numbers(catalog, label)?;
                let outside = |value: &f64| *unit_interval && !(0.0..=1.0).contains(value);
                if let Some(row) = values.iter().position(outside) {
                    let problem =
                        format!("{label:?} is {} for {:?}", values[row], catalog.ids()[row]);
                    let hint = format!(
                        "With {} every label must be between 0 and 1",
                        advice("unit_interval()", "--unit-interval")
                    );
                    return Err(Error::unsuitable(problem, hint));
                }
                Self::Numbers(values)
            }
            LabelKind::Tags { labels } => {
                let mut all = Array2::zeros((catalog.len(), labels.len()));
                for (mut to, label) in all.columns_mut().into_iter().zip(labels) {
                    for (row, text) in classes(catalog, label)?.iter().enumerate() {
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

    /// Whether there is something to tell apart.
    fn check_learnable(&self, question: &LabelKind) -> Result<()> {
        let column = |i: usize| question.columns().swap_remove(i);
        match self {
            Self::Classes { names, of } => {
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
                for (class, name) in names.iter().enumerate() {
                    if of.iter().filter(|it| **it == class).count() < 2 {
                        let problem =
                            format!("only one galaxy has the class {name:?} in {:?}", column(0));
                        let hint = "Give at least two galaxies of each class";
                        return Err(Error::unsuitable(problem, hint));
                    }
                }
                Ok(())
            }
            Self::Numbers(values) => match values.iter().all(|it| *it == values[0]) {
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

    /// How many galaxies there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Classes { of, .. } => of.len(),
            Self::Numbers(values) => values.len(),
            Self::Tags(all) => all.nrows(),
            Self::Votes(votes) => votes.len(),
        }
    }

    /// The names of the classes.
    pub fn classes(&self) -> &[String] {
        match self {
            Self::Classes { names, .. } => names,
            _ => &[],
        }
    }

    /// How many galaxies there are of each class, or are true of each tag.
    pub fn counts(&self, question: &LabelKind) -> Vec<(String, usize)> {
        match self {
            Self::Classes { names, of } => {
                let count = |class| of.iter().filter(|it| **it == class).count();
                names.iter().cloned().zip((0..names.len()).map(count)).collect()
            }
            Self::Tags(all) => {
                let counts = all.columns().into_iter().map(|it| it.sum() as usize);
                question.columns().into_iter().zip(counts).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Only the galaxies at these places.
    pub fn select(&self, rows: &[usize]) -> Result<Self> {
        Ok(match self {
            Self::Classes { names, of } => Self::Classes {
                names: names.clone(),
                of: rows.iter().map(|&row| of[row]).collect(),
            },
            Self::Numbers(values) => Self::Numbers(rows.iter().map(|&row| values[row]).collect()),
            Self::Tags(all) => Self::Tags(all.select(ndarray::Axis(0), rows)),
            Self::Votes(votes) => {
                let ids = rows.iter().map(|&row| votes.ids()[row].clone()).collect();
                let counts = votes.counts().select(ndarray::Axis(0), rows);
                Self::Votes(Box::new(Votes::new(votes.schema(), ids, counts)?))
            }
        })
    }

    /// The targets of the galaxies at these places, as [`Loss`](crate::train::Loss) takes them.
    pub fn batch(&self, rows: &[usize], device: Device) -> Result<Tensor> {
        let targets = match self {
            Self::Classes { of, .. } => {
                Tensor::f_from_slice(&rows.iter().map(|&row| of[row] as i64).collect::<Vec<_>>())?
            }
            Self::Numbers(values) => {
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

/// Fails where a feature is the label itself.
pub fn no_leak(features: ArrayView2<f32>, truth: &Truth, question: &LabelKind) -> Result<()> {
    let known: Vec<Vec<f64>> = match truth {
        Truth::Classes { of, .. } => vec![of.iter().map(|it| *it as f64).collect()],
        Truth::Numbers(values) => vec![values.clone()],
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

/// A column of labels, which says nothing of which galaxy it is.
fn column(catalog: &Catalog, label: &str) -> Result<Label> {
    if label == ID || label == FILE {
        let problem = format!("{label:?} identifies galaxies and is not a label");
        return Err(Error::unsuitable(problem, "Choose a column of labels"));
    }
    let column = Label::of(catalog, label)?;
    column.ask_about_sentinels();
    Ok(column)
}

/// The class of each galaxy as text, whole numbers without a point. Every galaxy must have one:
/// which galaxies to learn from is for the user to say.
pub fn classes(catalog: &Catalog, label: &str) -> Result<Vec<String>> {
    let column = column(catalog, label)?;
    if column.dtype().is_float() || column.dtype().is_decimal() {
        let numbers = column.finite()?;
        if let Some(row) = numbers.iter().position(|it| it.is_some_and(|it| it.fract() != 0.0)) {
            let number = numbers[row].unwrap_or(f64::NAN);
            let problem = format!("{label:?} of {:?} is {number}, not a class", column.id(row));
            return Err(column.wrong(problem, &regressor()));
        }
    }
    column.all(column.classes()?)
}

/// The number of each galaxy; every one must have one.
pub fn numbers(catalog: &Catalog, label: &str) -> Result<Vec<f64>> {
    let column = column(catalog, label)?;
    column.all(column.finite()?)
}

/// What numbers are learnt with.
fn regressor() -> String {
    advice("For numbers, use Finetune::regressor", "For numbers, use zoobot finetune regressor")
}

/// The different texts, whole numbers by their size.
fn sorted(texts: &[String]) -> Vec<String> {
    let mut names: Vec<String> = texts.to_vec();
    names.sort_unstable();
    names.dedup();
    let numbers: Option<BTreeMap<i64, String>> =
        names.iter().map(|name| Some((name.parse().ok()?, name.clone()))).collect();
    match numbers {
        Some(numbers) if numbers.len() == names.len() => numbers.into_values().collect(),
        _ => names,
    }
}
