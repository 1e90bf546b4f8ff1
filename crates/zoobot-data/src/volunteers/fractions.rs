//! Vote fractions that are not whole numbers of votes.

use crate::catalog::{ID, Label, names};
use crate::schema::{Schema, Votes};
use ndarray::{Array2, ArrayView2};
use polars::prelude::{Column, DataFrame};
use zoobot_base::error::{Error, Result};
use zoobot_base::table::table_of;
use zoobot_show::notebook::{Bundle, Show, Table};

/// The place that errors name.
const PLACE: &str = "<table>";
/// By how much fractions may miss a sum of 1: published tables are rounded.
const TOLERANCE: f64 = 0.02;

/// The vote fractions of galaxies, and how many volunteers they are of.
///
/// Fractions are conditional: they sum to 1 over the answers of each question, and are NaN where the question
/// was not asked. They may be weighted by volunteers ([`Classifications::fractions`]) or debiased
/// ([`Debiasing`]), and are for analysis. Training needs whole numbers of votes ([`Votes`]).
///
/// [`Classifications::fractions`]: super::Classifications::fractions
/// [`Debiasing`]: super::Debiasing
///
/// ```
/// use zoobot_core::prelude::*;
/// let rings = Schema::named("gz_rings")?;
/// let table = df!("id_str" => ["a", "b"], "ring_yes" => [9, 0], "ring_no" => [1, 0])?;
/// let fractions = FractionTable::of(&Votes::from_table(&table, &rings)?);
/// assert_eq!(fractions.fractions()[[0, 0]], 0.9);
/// assert!(fractions.fractions()[[1, 0]].is_nan());
/// assert_eq!(fractions.totals()[[0, 0]], 10.0);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct FractionTable {
    pub(super) schema: Schema,
    pub(super) ids: Vec<String>,
    pub(super) fractions: Array2<f64>,
    pub(super) totals: Array2<f64>,
}

impl FractionTable {
    /// The fractions of votes, each volunteer counting as one.
    pub fn of(votes: &Votes) -> Self {
        Self {
            schema: votes.schema().clone(),
            ids: votes.ids().to_vec(),
            fractions: votes.fractions(),
            totals: votes.totals(),
        }
    }

    /// The fractions of counts that need not be whole, `[galaxies, answers]`.
    pub(super) fn from_counts(schema: &Schema, ids: Vec<String>, counts: Array2<f64>) -> Self {
        let totals = schema.sums(counts.view());
        let fractions = schema.shares(counts);
        Self { schema: schema.clone(), ids, fractions, totals }
    }

    /// Reads a table with `id_str`, `QUESTION_ANSWER_fraction` for each answer, and `QUESTION_total-votes` for
    /// each question, as [`table`](Self::table) writes it and as Galaxy Zoo publishes its catalogues. A
    /// question whose fractions are all empty was not asked.
    ///
    /// # Errors
    /// [`Error::Missing`] for a column that the table lacks, with a similar name; [`Error::Catalog`], naming
    /// the galaxy, for a value that is not a fraction, a negative number of votes, and fractions of a question
    /// that do not sum to 1 (within 0.02).
    pub fn from_table(table: &DataFrame, schema: &Schema) -> Result<Self> {
        let wrong = |(problem, hint)| Error::Catalog { path: PLACE.into(), problem, hint };
        let ids = names::as_text(column(table, ID)?).map_err(wrong)?;
        let ids: Vec<String> =
            ids.str()?.iter().map(|id| id.unwrap_or_default().to_owned()).collect();
        let mut fractions = Array2::zeros((ids.len(), schema.width()));
        let mut totals = Array2::zeros((ids.len(), schema.questions().len()));
        for (place, question) in schema.questions().iter().enumerate() {
            let votes = numbers(table, &total_name(question.name()), 0.0..=f64::MAX)?;
            for (to, value) in totals.column_mut(place).iter_mut().zip(votes) {
                *to = value.unwrap_or(0.0);
            }
            for answer in question.answers() {
                let shares =
                    numbers(table, &fraction_name(answer.column()), 0.0..=1.0 + TOLERANCE)?;
                for (to, value) in fractions.column_mut(answer.index()).iter_mut().zip(shares) {
                    *to = value.unwrap_or(f64::NAN);
                }
            }
            for (row, mut shares) in fractions.rows_mut().into_iter().enumerate() {
                let known = || question.range().filter(|answer| !shares[*answer].is_nan());
                let sum: f64 = known().map(|answer| shares[answer]).sum();
                let asked = known().count() > 0;
                if asked && (sum - 1.0).abs() > TOLERANCE {
                    let problem = format!(
                        "the fractions of {:?} sum to {sum:.3} for {:?}",
                        question.name(),
                        ids[row]
                    );
                    let hint = "Give fractions of the volunteers who were asked the question: they sum to 1";
                    return Err(wrong((problem, hint.to_owned())));
                }
                for answer in question.range() {
                    shares[answer] = match asked {
                        true if shares[answer].is_nan() => 0.0,
                        true => shares[answer] / sum,
                        false => f64::NAN,
                    };
                }
            }
        }
        Ok(Self { schema: schema.clone(), ids, fractions, totals })
    }

    /// The schema of the questions and answers.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Every galaxy's name, in order.
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// The number of galaxies.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is no galaxy.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The fraction of each answer among the volunteers who were asked, `[galaxies, answers]`; NaN if no
    /// volunteer was asked.
    pub fn fractions(&self) -> ArrayView2<'_, f64> {
        self.fractions.view()
    }

    /// The number of volunteers who were asked each question, or the sum of their weights,
    /// `[galaxies, questions]`.
    pub fn totals(&self) -> ArrayView2<'_, f64> {
        self.totals.view()
    }

    /// A table of `id_str`, `QUESTION_total-votes` and `QUESTION_ANSWER_fraction` (empty where no volunteer was
    /// asked), as in Galaxy Zoo's catalogues.
    pub fn table(&self) -> DataFrame {
        let mut columns = vec![Column::new(ID.into(), &self.ids)];
        for (place, question) in self.schema.questions().iter().enumerate() {
            let totals = self.totals.column(place).to_vec();
            columns.push(Column::new(total_name(question.name()).into(), totals));
            for answer in question.answers() {
                let shares = self.fractions.column(answer.index());
                let shares: Vec<Option<f64>> =
                    shares.iter().map(|it| it.is_finite().then_some(*it)).collect();
                columns.push(Column::new(fraction_name(answer.column()).into(), shares));
            }
        }
        table_of(self.len(), columns)
    }
}

impl Show for FractionTable {
    fn show(&self) -> Bundle {
        let title = format!("{}: vote fractions of {} galaxies", self.schema.name(), self.len());
        Table::new(self.table()).title(title).show()
    }
}

/// The column with the number of volunteers who were asked a question.
pub(crate) fn total_name(question: &str) -> String {
    format!("{question}_total-votes")
}

/// The column with the fraction of an answer.
pub(crate) fn fraction_name(answer: &str) -> String {
    format!("{answer}_fraction")
}

/// A column by name, or an error with a similar name.
pub(crate) fn column<'a>(table: &'a DataFrame, name: &str) -> Result<&'a Column> {
    table.column(name).map_err(|_| {
        let columns = table.get_column_names();
        Error::missing("column", name, PLACE, columns.iter().map(|it| it.as_str()))
    })
}

/// The numbers in a column, `None` for an empty cell.
///
/// # Errors
/// [`Error::Catalog`] for a number out of range, naming the galaxy.
pub(crate) fn numbers(
    table: &DataFrame,
    name: &str,
    range: std::ops::RangeInclusive<f64>,
) -> Result<Vec<Option<f64>>> {
    let label = Label::new(name, column(table, name)?.clone(), column(table, ID)?.clone(), PLACE);
    let numbers = label.numbers()?;
    let odd = numbers.iter().position(|it| it.is_some_and(|it| !range.contains(&it)));
    let Some(row) = odd else { return Ok(numbers) };
    let value = numbers[row].unwrap_or_default();
    let problem = format!("{name:?} is {value} for {:?}", label.id(row));
    let hint = match *range.end() < 2.0 {
        true => {
            "A vote fraction is between 0 and 1. Divide counts by the total votes of the question"
        }
        false => "A number of votes is at least 0 and finite",
    };
    Err(label.wrong(problem, hint))
}
