//! Comparisons of columns, row by row.

use super::Rows;
use super::number::Number;
use super::read::Sign;
use crate::catalog::is_missing;
use half::f16;
use polars::prelude::{
    BooleanChunked, Column, DataType, Float32Chunked, Float64Chunked, Int64Chunked, StringChunked,
    UInt64Chunked,
};
use std::borrow::Cow;
use std::cmp::Ordering;
use zoobot_base::error::{Error, Result};

/// The values of a column, or one value for all rows.
pub struct Cells<'a> {
    /// The name of the column.
    name: &'a str,
    kind: Kind<'a>,
}

enum Kind<'a> {
    Signed(Int64Chunked),
    Unsigned(UInt64Chunked),
    /// Half precision, widened to single precision.
    Half(Float32Chunked),
    Single(Float32Chunked),
    Double(Float64Chunked),
    /// Numbers of other types.
    Numbers(Vec<Option<Number>>),
    Texts(StringChunked),
    /// Dates and times in ISO 8601.
    Dates(Vec<Option<String>>),
    Truths(BooleanChunked),
    Number(Number),
    Text(&'a str),
    Truth(bool),
}

/// One value of a row.
enum Cell<'a> {
    Number(Number),
    Text(Cow<'a, str>),
    Truth(bool),
}

/// The type that both sides of a comparison are converted to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum As {
    Numbers,
    Texts,
    Truths,
}

impl<'a> Cells<'a> {
    pub fn number(number: Number) -> Self {
        Self { name: "", kind: Kind::Number(number) }
    }

    pub fn text(text: &'a str) -> Self {
        Self { name: "", kind: Kind::Text(text) }
    }

    pub fn truth(truth: bool) -> Self {
        Self { name: "", kind: Kind::Truth(truth) }
    }

    /// The values of a column.
    pub fn of(name: &'a str, column: &Column) -> Result<Self> {
        let column = column.rechunk();
        let cast = |dtype: &DataType| column.cast(dtype);
        let texts = || -> Result<StringChunked> { Ok(cast(&DataType::String)?.str()?.clone()) };
        let kind = match column.dtype() {
            DataType::UInt64 => Kind::Unsigned(column.u64()?.clone()),
            DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::UInt8
            | DataType::UInt16
            | DataType::UInt32 => Kind::Signed(cast(&DataType::Int64)?.i64()?.clone()),
            DataType::Float32 => Kind::Single(column.f32()?.clone()),
            DataType::Float64 => Kind::Double(column.f64()?.clone()),
            DataType::Float16 => Kind::Half(cast(&DataType::Float32)?.f32()?.clone()),
            DataType::Boolean => Kind::Truths(column.bool()?.clone()),
            DataType::Date | DataType::Datetime(..) | DataType::Time => {
                Kind::Dates(texts()?.iter().map(|text| text.map(moment)).collect())
            }
            DataType::Decimal(..) => {
                let decimals = column.decimal()?;
                let places = i32::try_from(decimals.scale()).unwrap_or_default();
                let number = |digits: i128| Number::scaled(digits, places);
                Kind::Numbers(decimals.physical().iter().map(|it| it.and_then(number)).collect())
            }
            DataType::String | DataType::Null | DataType::Categorical(..) | DataType::Enum(..) => {
                Kind::Texts(texts()?)
            }
            _ => {
                let problem = format!("a condition cannot compare the column {name:?}");
                let hint = "Choose a column of numbers, text, dates, or true and false";
                return Err(Error::unsuitable(problem, hint));
            }
        };
        Ok(Self { name, kind })
    }

    /// The unconverted value of a row; `None` where it is missing.
    fn cell(&self, row: usize) -> Option<Cell<'_>> {
        let whole = |it: i128| Cell::Number(Number::Whole(it));
        let float = |it: f64| (!it.is_nan()).then_some(Cell::Number(Number::Float(it)));
        match &self.kind {
            Kind::Signed(values) => values.get(row).map(|it| whole(it.into())),
            Kind::Unsigned(values) => values.get(row).map(|it| whole(it.into())),
            Kind::Half(values) | Kind::Single(values) => {
                values.get(row).and_then(|it| float(it.into()))
            }
            Kind::Double(values) => values.get(row).and_then(float),
            Kind::Numbers(values) => values[row].map(Cell::Number),
            Kind::Texts(values) => values.get(row).map(|it| Cell::Text(it.into())),
            Kind::Dates(values) => values[row].as_deref().map(|it| Cell::Text(it.into())),
            Kind::Truths(values) => values.get(row).map(Cell::Truth),
            Kind::Number(number) => Some(Cell::Number(*number)),
            Kind::Text(text) => Some(Cell::Text((*text).into())),
            Kind::Truth(truth) => Some(Cell::Truth(*truth)),
        }
    }

    /// Whether a row has no value.
    pub fn is_missing(&self, row: usize) -> bool {
        match self.cell(row) {
            None => true,
            Some(Cell::Text(text)) => is_missing(&text),
            Some(_) => false,
        }
    }

    /// The values of a column that is used as a condition by itself.
    pub fn alone(&self, rows: &Rows) -> Result<Vec<Option<bool>>> {
        let example = match &self.kind {
            Kind::Truths(_) | Kind::Truth(_) | Kind::Texts(_) => {
                return (0..rows.table.height()).map(|row| self.as_truth(rows, row)).collect();
            }
            Kind::Dates(_) => format!("{} > '2024-05-31'", self.name),
            Kind::Text(_) => "class = 'ring'".to_owned(),
            Kind::Number(_) => "mag_r < 17.5".to_owned(),
            _ => format!("{} > 0", self.name),
        };
        let problem = match self.name {
            "" => "a value alone is not a condition".to_owned(),
            name => {
                format!("the column {name:?} alone is not a condition: it is not true or false")
            }
        };
        Err(Error::unsuitable(problem, format!("Write a comparison, such as {example}")))
    }

    /// Converts a value that is compared with numbers to a number that `other` can hold: a fraction without
    /// an exact binary form becomes the nearest number. Whole numbers are unchanged.
    fn number_for(self, other: &Self, rows: &Rows) -> Result<Self> {
        let number = match self.kind {
            Kind::Number(number) => number,
            Kind::Text(text) => match Number::read(text) {
                Some(number) => number,
                None if is_missing(text) => return Err(nothing(text, other)),
                None => {
                    let problem =
                        format!("{:?} holds numbers, but is compared with {text:?}", other.name);
                    let hint = "Compare it with a number, such as mag_r < 17.5".to_owned();
                    return Err(Error::Catalog { path: rows.place.into(), problem, hint });
                }
            },
            _ => return Ok(self),
        };
        Ok(Self::number(match (number, &other.kind) {
            (Number::Whole(_), _) => number,
            (_, Kind::Half(_)) => Number::Float(f16::from_f64(number.float()).to_f64()),
            (_, Kind::Single(_)) => Number::Float((number.float() as f32).into()),
            _ => number,
        }))
    }

    fn as_number(&self, rows: &Rows, row: usize) -> Result<Option<Number>> {
        Ok(match self.cell(row) {
            None => None,
            Some(Cell::Number(number)) => Some(number),
            Some(Cell::Truth(truth)) => Some(Number::Whole(truth.into())),
            Some(Cell::Text(text)) if is_missing(&text) => None,
            Some(Cell::Text(text)) => match Number::read(&text) {
                Some(number) => Some(number),
                None => {
                    let hint = "Put the number in quotes to compare texts: '17'";
                    return Err(self.odd(rows, row, &text, "a number", hint));
                }
            },
        })
    }

    fn as_truth(&self, rows: &Rows, row: usize) -> Result<Option<bool>> {
        Ok(match self.cell(row) {
            Some(Cell::Truth(truth)) => Some(truth),
            Some(Cell::Text(text)) if !is_missing(&text) => match text.to_lowercase().trim() {
                "true" => Some(true),
                "false" => Some(false),
                _ => {
                    let hint = "Compare it with a text, such as class = 'ring'";
                    return Err(self.odd(rows, row, &text, "true or false", hint));
                }
            },
            _ => None,
        })
    }

    /// The error for a text that cannot be compared with the other side.
    fn odd(&self, rows: &Rows, row: usize, text: &str, wanted: &str, hint: &str) -> Error {
        let problem = match self.name {
            "" => format!("the condition compares {text:?}, which is not {wanted}"),
            name => format!("{name:?} of {} is {text:?}, not {wanted}", rows.galaxy(row)),
        };
        Error::Catalog { path: rows.place.into(), problem, hint: hint.to_owned() }
    }
}

/// A date or time in ISO 8601, without trailing zeros of a second's fraction.
fn moment(text: &str) -> String {
    let text = text.trim().replacen('T', " ", 1);
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// Compares two columns, or a column and a value, in every row: `None` where a value is missing.
pub fn compare<'a>(
    rows: &Rows,
    mut left: Cells<'a>,
    sign: Sign,
    mut right: Cells<'a>,
) -> Result<Vec<Option<bool>>> {
    let what = taken_for(rows, &left, &right)?;
    if what == As::Numbers {
        left = left.number_for(&right, rows)?;
        right = right.number_for(&left, rows)?;
    }
    let mut found = Vec::with_capacity(rows.table.height());
    for row in 0..rows.table.height() {
        let order: Option<Ordering> = match what {
            As::Numbers => {
                let (a, b) = (left.as_number(rows, row)?, right.as_number(rows, row)?);
                a.zip(b).map(|(a, b)| a.order(b))
            }
            As::Truths => {
                let (a, b) = (left.as_truth(rows, row)?, right.as_truth(rows, row)?);
                a.zip(b).map(|(a, b)| a.cmp(&b))
            }
            As::Texts => order_of_texts(&left, &right, row),
        };
        found.push(order.map(|order| match sign {
            Sign::Less => order.is_lt(),
            Sign::LessOrEqual => order.is_le(),
            Sign::Greater => order.is_gt(),
            Sign::GreaterOrEqual => order.is_ge(),
            Sign::Equal => order.is_eq(),
            Sign::Different => order.is_ne(),
        }));
    }
    Ok(found)
}

/// A word for "no value" counts as missing, unless the condition asks for it: `class = 'none'`.
fn order_of_texts(left: &Cells, right: &Cells, row: usize) -> Option<Ordering> {
    let asked_for =
        [left, right].iter().any(|it| matches!(it.kind, Kind::Text(text) if is_missing(text)));
    let (Cell::Text(a), Cell::Text(b)) = (left.cell(row)?, right.cell(row)?) else { return None };
    let missing = |text: &str| if asked_for { text.trim().is_empty() } else { is_missing(text) };
    (!missing(&a) && !missing(&b)).then(|| a.cmp(&b))
}

/// The error for a comparison with a text that means a missing value.
fn nothing(text: &str, other: &Cells) -> Error {
    let column = if other.name.is_empty() { "class" } else { other.name };
    let problem = format!("the condition compares {column} with '{text}', which is not a value");
    let hint = format!("To ask for galaxies without a value, write \"{column} is missing\"");
    Error::unsuitable(problem, hint)
}

/// Chooses the type for a comparison from the contents of both sides.
fn taken_for(rows: &Rows, left: &Cells, right: &Cells) -> Result<As> {
    for (cells, other) in [(left, right), (right, left)] {
        match cells.kind {
            Kind::Text(text) if text.trim().is_empty() => return Err(nothing(text, other)),
            _ => {}
        }
    }
    let is_number = |cells: &Cells| {
        matches!(
            cells.kind,
            Kind::Signed(_)
                | Kind::Unsigned(_)
                | Kind::Half(_)
                | Kind::Single(_)
                | Kind::Double(_)
                | Kind::Numbers(_)
                | Kind::Number(_)
        )
    };
    let is_truth = |cells: &Cells| matches!(cells.kind, Kind::Truths(_) | Kind::Truth(_));
    let dates = [left, right].into_iter().find(|it| matches!(it.kind, Kind::Dates(_)));
    match (is_number(left) || is_number(right), is_truth(left) || is_truth(right), dates) {
        (true, _, Some(dates)) | (_, true, Some(dates)) => Err(Error::Catalog {
            path: rows.place.into(),
            problem: format!(
                "the column {:?} holds dates, but is compared with something else",
                dates.name
            ),
            hint: format!("Write the date in quotes: {} > '2024-05-31'", dates.name),
        }),
        (true, ..) => Ok(As::Numbers),
        (_, true, _) => Ok(As::Truths),
        _ => Ok(As::Texts),
    }
}
