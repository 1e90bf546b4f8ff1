//! What is predicted: classes or numbers, read from a column of the catalogue.

use crate::metrics::log_loss;
use ndarray::Array2;
use polars::prelude::DataType;
use std::collections::BTreeSet;
use zoobot_base::error::{Error, Result};
use zoobot_data::catalog::{Catalog, Label};

/// Whole numbers of more values than these are numbers, not classes.
const MOST_CLASSES: usize = 10;

/// A label for each galaxy.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// The place of each galaxy's class among the names, which are sorted.
    Classes {
        /// Sorted.
        names: Vec<String>,
        /// Of each galaxy.
        of: Vec<usize>,
    },
    /// A number of each galaxy.
    Numbers(Vec<f64>),
}

impl Target {
    /// Columns of a prediction: probabilities of the classes, or one number.
    pub fn width(&self) -> usize {
        match self {
            Self::Classes { names, .. } => names.len(),
            Self::Numbers(_) => 1,
        }
    }

    /// Galaxies.
    pub fn len(&self) -> usize {
        match self {
            Self::Classes { of, .. } => of.len(),
            Self::Numbers(values) => values.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Those of some galaxies.
    pub fn select(&self, rows: &[usize]) -> Self {
        match self {
            Self::Classes { names, of } => {
                Self::Classes { names: names.clone(), of: rows.iter().map(|&i| of[i]).collect() }
            }
            Self::Numbers(values) => Self::Numbers(rows.iter().map(|&i| values[i]).collect()),
        }
    }

    /// How many galaxies the rarest class has; all there are where they are numbers.
    pub fn smallest_class(&self) -> usize {
        match self {
            Self::Classes { names, of } => {
                let count = |class| of.iter().filter(|&&it| it == class).count();
                (0..names.len()).map(count).min().unwrap_or(0)
            }
            Self::Numbers(values) => values.len(),
        }
    }

    /// How bad predictions are for these rows, summed over them: log loss or squared error.
    pub fn loss(&self, rows: &[usize], predicted: &Array2<f64>) -> f64 {
        let rows = rows.iter().zip(predicted.rows());
        match self {
            Self::Classes { of, .. } => {
                let given: Vec<f64> = rows.map(|(&row, values)| values[of[row]]).collect();
                log_loss(&given) * given.len() as f64
            }
            Self::Numbers(truth) => {
                rows.map(|(&row, values)| (values[0] - truth[row]).powi(2)).sum()
            }
        }
    }
}

/// The rows that have a label, and their labels; the others are left out, which is said.
pub fn read(catalog: &Catalog, name: &str, numbers: Option<bool>) -> Result<(Vec<usize>, Target)> {
    let label = Label::of(catalog, name)?;
    let numbers = match numbers {
        Some(numbers) => numbers,
        None => are_numbers(&label)?,
    };
    label.ask_about_sentinels();
    let (rows, target) = if numbers { read_numbers(&label)? } else { read_classes(&label, name)? };
    if rows.is_empty() {
        let what = format!("{name:?} is empty for all {} galaxies", catalog.len());
        return Err(Error::empty(what, "Choose a column with values"));
    }
    let varies = match &target {
        Target::Classes { names, .. } => names.len() > 1,
        Target::Numbers(values) => values.iter().any(|value| *value != values[0]),
    };
    if !varies {
        let problem = format!("{name:?} has one value for all {} galaxies", rows.len());
        return Err(Error::unsuitable(problem, "Choose a label with at least two values"));
    }
    Ok((rows, target))
}

/// Numbers with a fraction, and whole numbers of many values.
fn are_numbers(label: &Label) -> Result<bool> {
    Ok(match label.dtype() {
        kind if kind.is_float() || kind.is_decimal() => true,
        kind if kind.is_integer() => {
            let different: BTreeSet<String> = label.classes()?.into_iter().flatten().collect();
            different.len() > MOST_CLASSES
        }
        // A column of numbers may have been read as text for the words in it.
        DataType::String => {
            let known: Vec<String> = label.classes()?.into_iter().flatten().collect();
            let different: BTreeSet<&String> = known.iter().collect();
            let number = |text: &&String| text.parse::<f64>().is_ok();
            different.len() > MOST_CLASSES && different.iter().copied().all(|it| number(&it))
        }
        _ => false,
    })
}

fn read_numbers(label: &Label) -> Result<(Vec<usize>, Target)> {
    let (rows, values) = known(label, label.finite()?);
    Ok((rows, Target::Numbers(values)))
}

/// The rows that have a value, and the values.
fn known<T>(label: &Label, values: Vec<Option<T>>) -> (Vec<usize>, Vec<T>) {
    label.say_left_out(&values);
    values.into_iter().enumerate().filter_map(|(row, value)| Some((row, value?))).unzip()
}

fn read_classes(label: &Label, name: &str) -> Result<(Vec<usize>, Target)> {
    let (rows, texts) = known(label, label.classes()?);
    let mut names = texts.clone();
    names.sort_unstable();
    names.dedup();
    if names.len() > rows.len() / 2 {
        let problem = format!("{name:?} has {} classes for {} galaxies", names.len(), rows.len());
        let hint = "Choose a label with several galaxies in each class, or a label of numbers";
        return Err(Error::unsuitable(problem, hint));
    }
    let of = texts.iter().map(|text| names.partition_point(|name| name < text)).collect();
    Ok((rows, Target::Classes { names, of }))
}
