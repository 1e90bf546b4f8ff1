//! What is predicted: classes or numbers, read from a column of the catalogue.

use crate::catalog::Catalog;
use crate::error::{Error, Result, kind_words};
use crate::metrics::log_loss;
use ndarray::Array2;
use polars::prelude::{Column, DataType};

/// Whole numbers of more values than these are numbers, not classes.
const MOST_CLASSES: usize = 10;

/// A label for each galaxy.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// The place of each galaxy's class among the names, which are sorted.
    Classes {
        names: Vec<String>,
        of: Vec<usize>,
    },
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

    pub fn len(&self) -> usize {
        match self {
            Self::Classes { of, .. } => of.len(),
            Self::Numbers(values) => values.len(),
        }
    }

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

/// The rows that have a label, and their labels.
pub fn read(catalog: &Catalog, name: &str, numbers: Option<bool>) -> Result<(Vec<usize>, Target)> {
    let column = catalog.column(name)?;
    let numbers = match numbers {
        Some(numbers) => numbers,
        None => are_numbers(&column)?,
    };
    let (rows, target) =
        if numbers { read_numbers(&column, name)? } else { read_classes(&column, name)? };
    let varies = match &target {
        Target::Classes { names, .. } => names.len() > 1,
        Target::Numbers(values) => values.iter().any(|value| *value != values[0]),
    };
    if !varies {
        let value = format!("{name:?} with one value for all of {} galaxies", rows.len());
        return Err(Error::invalid("the label", value, "one with at least two values"));
    }
    Ok((rows, target))
}

fn are_numbers(column: &Column) -> Result<bool> {
    Ok(match column.dtype() {
        DataType::Float32 | DataType::Float64 => true,
        other if other.is_integer() => column.drop_nulls().n_unique()? > MOST_CLASSES,
        _ => false,
    })
}

fn read_numbers(column: &Column, name: &str) -> Result<(Vec<usize>, Target)> {
    if !column.dtype().is_primitive_numeric() {
        let value = format!("{name:?}, which holds {}", kind_words(column.dtype()));
        return Err(Error::invalid("the label", value, "a column of numbers"));
    }
    let column = column.cast(&DataType::Float64)?;
    let known = column.f64()?.iter().enumerate();
    let known = known.filter_map(|(row, value)| Some((row, value.filter(|it| !it.is_nan())?)));
    let (rows, values): (Vec<usize>, Vec<f64>) = known.unzip();
    if let Some(value) = values.iter().find(|value| !value.is_finite()) {
        return Err(Error::invalid("the label", format!("{value} in {name:?}"), "finite numbers"));
    }
    Ok((rows, Target::Numbers(values)))
}

fn read_classes(column: &Column, name: &str) -> Result<(Vec<usize>, Target)> {
    let column = column.cast(&DataType::String)?;
    let known = column.str()?.iter().enumerate();
    let known = known.filter_map(|(row, text)| Some((row, text.filter(|it| !it.is_empty())?)));
    let (rows, texts): (Vec<usize>, Vec<&str>) = known.unzip();
    let mut names: Vec<&str> = texts.clone();
    names.sort_unstable();
    names.dedup();
    if names.len() > rows.len() / 2 {
        let value = format!("{name:?} with {} classes for {} galaxies", names.len(), rows.len());
        return Err(Error::invalid("the label", value, "classes of several galaxies, or numbers"));
    }
    let of = texts.iter().map(|text| names.partition_point(|name| name < text)).collect();
    let names = names.into_iter().map(str::to_owned).collect();
    Ok((rows, Target::Classes { names, of }))
}
