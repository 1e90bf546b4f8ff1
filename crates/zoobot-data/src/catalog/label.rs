//! A column that is read as labels: classes or numbers, and which galaxies have none.

use super::missing::{is_missing, sentinel};
use super::{Catalog, ID};
use polars::prelude::{Column, DataType};
use std::path::PathBuf;
use zoobot_base::advice::advice;
use zoobot_base::error::{Error, Result, kind_words};
use zoobot_show::notes::{self, examples};

/// A column of labels, with the names of the galaxies.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct Label {
    name: String,
    column: Column,
    /// The names of the galaxies, as text.
    ids: Column,
    source: PathBuf,
}

impl Label {
    /// Takes a column of a catalogue.
    pub fn of(catalog: &Catalog, name: &str) -> Result<Self> {
        Ok(Self::new(name, catalog.column(name)?, catalog.column(ID)?, catalog.source()))
    }

    /// Combines a column of any table with the names of its galaxies and the source of both.
    pub fn new(name: &str, column: Column, ids: Column, source: impl Into<PathBuf>) -> Self {
        Self { name: name.to_owned(), column, ids, source: source.into() }
    }

    /// The name of the column.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The column itself.
    pub fn column(&self) -> &Column {
        &self.column
    }

    /// The type of the column.
    pub fn dtype(&self) -> &DataType {
        self.column.dtype()
    }

    /// Whether the column holds text, which may spell numbers.
    fn is_text(&self) -> bool {
        matches!(
            self.dtype(),
            DataType::String | DataType::Categorical(..) | DataType::Enum(..) | DataType::Null
        )
    }

    /// Which galaxies have a value.
    pub fn known(&self) -> Result<Vec<bool>> {
        if self.is_text() {
            return Ok(self.texts()?.iter().map(Option::is_some).collect());
        }
        if self.dtype().is_float() {
            return Ok(self.numbers()?.iter().map(Option::is_some).collect());
        }
        Ok(self.column.is_not_null().iter().map(|it| it == Some(true)).collect())
    }

    /// The trimmed text of each cell, `None` where there is no value.
    fn texts(&self) -> Result<Vec<Option<String>>> {
        let column = self.column.cast(&DataType::String)?;
        let texts = column
            .str()?
            .iter()
            .map(|text| text.map(str::trim).filter(|text| !is_missing(text)).map(str::to_owned));
        Ok(texts.collect())
    }

    /// The class of each galaxy as text, whole numbers without a point; `None` where there is no
    /// value.
    pub fn classes(&self) -> Result<Vec<Option<String>>> {
        if !self.dtype().is_float() {
            return self.texts();
        }
        let numbers = self.numbers()?.into_iter();
        Ok(numbers.map(|it| it.map(|it| format!("{it}"))).collect())
    }

    /// The number of each galaxy, which may be infinite; `None` where there is no value. Text is parsed as
    /// numbers.
    ///
    /// # Errors
    /// [`Error::Catalog`] for another type of column, and, naming the galaxy, for text that is not a number.
    pub fn numbers(&self) -> Result<Vec<Option<f64>>> {
        if self.dtype().is_primitive_numeric() || self.dtype().is_decimal() {
            let column = self.column.cast(&DataType::Float64)?;
            return Ok(column.f64()?.iter().map(|it| it.filter(|it| !it.is_nan())).collect());
        }
        if !self.is_text() {
            let kind = kind_words(self.dtype());
            let problem = format!("the column {:?} holds {kind}, not numbers", self.name);
            return Err(self.wrong(problem, "Choose a column of numbers"));
        }
        let texts = self.texts()?;
        let mut numbers = Vec::with_capacity(texts.len());
        let mut odd = Vec::new();
        for (row, text) in texts.iter().enumerate() {
            let number: Option<f64> = text.as_deref().and_then(|text| text.parse().ok());
            if text.is_some() && number.is_none() {
                odd.push(row);
            }
            numbers.push(number);
        }
        let Some(&row) = odd.first() else { return Ok(numbers) };
        let text = texts[row].as_deref().unwrap_or_default();
        let all = texts.iter().flatten().count() == odd.len() && odd.len() > 1;
        let problem = match all {
            true => format!("the column {:?} holds text, such as {text:?}", self.name),
            false => {
                let more = match odd.len() - 1 {
                    0 => String::new(),
                    more => format!(" ({} such galaxies)", more + 1),
                };
                format!("{:?} of {:?} is {text:?}, not a number{more}", self.name, self.id(row))
            }
        };
        let plain = if all {
            let command =
                "Choose a column of numbers, or use zoobot finetune classifier for classes";
            advice("Choose a column of numbers, or use Finetune::classifier for classes", command)
        } else {
            let hint =
                "Write plain numbers such as 1.5, and leave the cell empty if there is no value";
            hint.to_owned()
        };
        Err(self.wrong(problem, &as_number(text).unwrap_or(plain)))
    }

    /// The number of each galaxy; `None` where there is no value.
    ///
    /// # Errors
    /// As [`numbers`](Self::numbers), and for a number that is not finite.
    pub fn finite(&self) -> Result<Vec<Option<f64>>> {
        let numbers = self.numbers()?;
        let endless = |row: &usize| numbers[*row].is_some_and(f64::is_infinite);
        let rows: Vec<usize> = (0..numbers.len()).filter(endless).collect();
        if rows.is_empty() {
            return Ok(numbers);
        }
        let problem = format!(
            "{:?} is infinite for {} of {} galaxies: {}",
            self.name,
            rows.len(),
            numbers.len(),
            self.names(&rows)
        );
        let hint = "Write a finite number, or leave the cell empty if there is no value";
        Err(self.wrong(problem, hint))
    }

    /// The values, if every galaxy has one.
    ///
    /// # Errors
    /// [`Error::Catalog`], naming galaxies that have none.
    pub fn all<T>(&self, values: Vec<Option<T>>) -> Result<Vec<T>> {
        match self.without(&values) {
            None => Ok(values.into_iter().flatten().collect()),
            Some(without) => Err(self.wrong(without, &notes::leave_out(&self.name))),
        }
    }

    /// Adds a note that counts the galaxies left out because they have no value.
    pub fn say_left_out<T>(&self, values: &[Option<T>]) {
        if let Some(without) = self.without(values) {
            notes::note(format!("{without}. They are left out"));
        }
    }

    /// A text with the number of galaxies without a value, and the names of the first ones.
    fn without<T>(&self, values: &[Option<T>]) -> Option<String> {
        let rows: Vec<usize> = (0..values.len()).filter(|&row| values[row].is_none()).collect();
        let named = || self.names(&rows);
        let (name, all) = (&self.name, values.len());
        (!rows.is_empty()).then(|| {
            format!("{name:?} has no value for {} of {all} galaxies: {}", rows.len(), named())
        })
    }

    /// Adds a note that asks about a number such as -999 that may mean "no value". The number is used
    /// unchanged.
    pub fn ask_about_sentinels(&self) {
        // Text that is not a number causes an error elsewhere, where numbers are required.
        let Ok(values) = self.numbers() else { return };
        let Some((sentinel, rows)) = sentinel(&values) else { return };
        let name = &self.name;
        let wanted = advice(
            format!("galaxies.filter(col({name:?}).neq(lit({sentinel})))?"),
            format!("--where '{} != {sentinel}'", notes::in_condition(name)),
        );
        let subject = format!("{sentinel} in {name:?} of {}", self.source.display());
        let text = format!(
            "{name:?} is {sentinel} for {} of {} galaxies, far from all others: {}. It is used as a \
             number; if it means no value, leave these galaxies out: {wanted}",
            rows.len(),
            values.len(),
            self.names(&rows)
        );
        notes::note_about(subject, text);
    }

    /// The names of the first galaxies in these rows.
    fn names(&self, rows: &[usize]) -> String {
        let ids: Vec<String> = rows.iter().map(|&row| self.id(row)).collect();
        examples(&ids)
    }

    /// The name of the galaxy in a row.
    pub fn id(&self, row: usize) -> String {
        match self.ids.get(row) {
            Ok(id) => id.get_str().map_or_else(|| id.to_string(), str::to_owned),
            Err(_) => format!("row {}", row + 1),
        }
    }

    /// An error about this column's values.
    pub fn wrong(&self, problem: String, hint: &str) -> Error {
        Error::Catalog { path: self.source.clone(), problem, hint: hint.to_owned() }
    }
}

/// A suggestion for how to write text that is almost a number.
fn as_number(text: &str) -> Option<String> {
    let is_number = |text: &str| text.parse::<f64>().is_ok_and(f64::is_finite);
    let pointed = text.replace(',', ".");
    if pointed != text && is_number(&pointed) {
        return Some(format!("Write it with a decimal point: {pointed}"));
    }
    let first = text.split(|c: char| !(c.is_ascii_digit() || "+-.eE".contains(c))).next()?;
    (first != text && is_number(first)).then(|| format!("Write the number alone: {first}"))
}
