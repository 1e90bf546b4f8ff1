//! A vote table, checked against its schema.

use super::Schema;
use crate::catalog::{Catalog, ID, Label};
use crate::volunteers::fractions::{fraction_name, total_name};
use ndarray::{Array2, ArrayView2, s};
use polars::prelude::{Column, DataFrame, DataType};
use std::collections::{HashMap, HashSet};
use zoobot_base::error::{Error, Result};
use zoobot_base::table::table_of;
use zoobot_show::notes::{self, examples};

/// The maximum number of galaxies named in an error.
const EXAMPLES: usize = 3;

/// The number of volunteers who gave each answer, for many galaxies.
///
/// If a galaxy has no votes for a question, the question was not asked, for example because the columns of
/// another campaign are empty. This is not an error, and teaches a network nothing about the question.
///
/// ```
/// use zoobot_core::prelude::*;
/// let rings = Schema::named("gz_rings")?;
/// let table = df!("id_str" => ["a", "b"], "ring_yes" => [9, 0], "ring_no" => [1, 0])?;
/// let votes = Votes::from_table(&table, &rings)?;
/// assert_eq!(votes.fractions()[[0, 0]], 0.9);
/// assert_eq!(votes.without_votes(), ["b"]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Votes {
    schema: Schema,
    ids: Vec<String>,
    counts: Array2<f64>,
}

impl Votes {
    /// The votes in a catalogue: its columns `question_answer`.
    ///
    /// # Errors
    /// As [`from_table`](Self::from_table).
    pub fn of(catalog: &Catalog, schema: &Schema) -> Result<Self> {
        let place = catalog.source().display().to_string();
        Self::checked(catalog.table(), schema, &place)
    }

    /// The votes in a table with a column `id_str` and a column for each answer; an empty cell, NaN or a word
    /// such as `n/a` ([`is_missing`](crate::catalog::is_missing)) counts as no votes.
    ///
    /// # Errors
    /// [`Error::Missing`] for a column of the schema that the table lacks, with a similar name;
    /// [`Error::Catalog`] when a column does not hold numbers, or a count is negative, fractional or not
    /// finite, naming the galaxies.
    pub fn from_table(table: &DataFrame, schema: &Schema) -> Result<Self> {
        Self::checked(table, schema, "<table>")
    }

    /// Creates votes from an array of counts.
    ///
    /// # Shapes
    /// `counts` is `[galaxies, answers]`, with a row for each of `ids`.
    ///
    /// # Errors
    /// [`Error::Shape`] when the shape does not match; [`Error::Catalog`] for a count, as in
    /// [`from_table`](Self::from_table).
    pub fn new(schema: &Schema, ids: Vec<String>, counts: Array2<f64>) -> Result<Self> {
        schema.check_width("votes", counts.ncols())?;
        if ids.len() != counts.nrows() {
            let problem = format!("the votes have {} rows for {} ids", counts.nrows(), ids.len());
            return Err(Error::shape(problem, "Give one row for each id"));
        }
        let votes = Self { schema: schema.clone(), ids, counts };
        for (answer, column) in schema.answers().zip(votes.counts.columns()) {
            check_counts(answer.column(), column.iter().copied(), &votes.ids, "<numbers>")?;
        }
        Ok(votes)
    }

    /// Combines the votes of several campaigns in one table, with the questions of all, to train one network
    /// on them. A galaxy in two campaigns has one row with the votes of both, and no votes for the questions
    /// of the campaigns that did not show it. Rows are in the order in which galaxies first appear.
    ///
    /// # Errors
    /// [`Error::Schema`] as for [`Schema::union`]; [`Error::Catalog`] when a campaign contains a galaxy
    /// twice.
    pub fn union(name: &str, campaigns: &[Self]) -> Result<Self> {
        let schemas: Vec<Schema> = campaigns.iter().map(|it| it.schema.clone()).collect();
        let schema = Schema::union(name, &schemas)?;
        let mut ids: Vec<String> = Vec::new();
        let mut rows: HashMap<&str, usize> = HashMap::new();
        for campaign in campaigns {
            let mut seen = HashSet::new();
            for id in &campaign.ids {
                if !seen.insert(id) {
                    let problem = format!("the galaxy {id:?} has two rows of votes");
                    let hint = "Add them up, or keep one";
                    return Err(wrong(campaign.schema.name(), problem, hint));
                }
                rows.entry(id).or_insert_with(|| {
                    ids.push(id.clone());
                    ids.len() - 1
                });
            }
        }
        let mut counts = Array2::zeros((ids.len(), schema.width()));
        let mut first = 0;
        for campaign in campaigns {
            let next = first + campaign.schema.width();
            for (id, votes) in campaign.ids.iter().zip(campaign.counts.rows()) {
                counts.slice_mut(s![rows[id.as_str()], first..next]).assign(&votes);
            }
            first = next;
        }
        Ok(Self { schema, ids, counts })
    }

    fn checked(table: &DataFrame, schema: &Schema, place: &str) -> Result<Self> {
        let ids = ids(table, place)?;
        let mut counts = Array2::zeros((table.height(), schema.width()));
        for answer in schema.answers() {
            let column = counted(table, answer.column(), schema, place)?;
            let values = || column.iter().map(|count| count.unwrap_or(0.0));
            check_counts(answer.column(), values(), &ids, place)?;
            for (to, value) in counts.column_mut(answer.index()).iter_mut().zip(values()) {
                *to = value;
            }
        }
        Ok(Self { schema: schema.clone(), ids, counts })
    }

    /// The galaxies without any votes.
    pub fn without_votes(&self) -> Vec<&str> {
        let none =
            |(_, votes): &(&String, ndarray::ArrayView1<f64>)| votes.iter().all(|it| *it == 0.0);
        let rows = self.ids.iter().zip(self.counts.rows()).filter(none);
        rows.map(|(id, _)| id.as_str()).collect()
    }

    /// Adds a note naming galaxies without votes: they are used neither for training nor for testing.
    #[doc(hidden)]
    pub fn say_without(&self) {
        let without = self.without_votes();
        if !without.is_empty() {
            let (count, all, named) = (without.len(), self.len(), examples(&without));
            notes::note(format!("{count} of {all} galaxies have no votes: {named}"));
        }
    }

    /// The schema of the votes.
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

    /// The number of volunteers who gave each answer, `[galaxies, answers]`.
    pub fn counts(&self) -> ArrayView2<'_, f64> {
        self.counts.view()
    }

    /// The number of volunteers who were asked each question, `[galaxies, questions]`.
    pub fn totals(&self) -> Array2<f64> {
        self.schema.sums(self.counts.view())
    }

    /// The vote fraction of each answer among the volunteers who were asked, `[galaxies, answers]`; NaN if no
    /// volunteer was asked.
    pub fn fractions(&self) -> Array2<f64> {
        self.schema.shares(self.counts.clone())
    }

    /// The votes of the galaxies at these indices, as a float32 tensor `[places, answers]`.
    ///
    /// # Errors
    /// [`Error::Parameter`] for an index out of range.
    pub fn batch(&self, places: &[usize]) -> Result<tch::Tensor> {
        let mut values = Vec::with_capacity(places.len() * self.schema.width());
        for &place in places {
            if place >= self.len() {
                let range = format!("less than {}, the number of galaxies", self.len());
                return Err(Error::parameter("the place of a galaxy", place, range));
            }
            values.extend(self.counts.row(place).iter().map(|count| *count as f32));
        }
        let shape = [places.len() as i64, self.schema.width() as i64];
        Ok(tch::Tensor::f_from_slice(&values)?.f_view(shape)?)
    }

    /// A table of `id_str`, every count, `QUESTION_total-votes` and `ANSWER_fraction` (empty where
    /// no volunteer was asked), as in Galaxy Zoo's catalogues.
    pub fn table(&self) -> DataFrame {
        let (totals, fractions) = (self.totals(), self.fractions());
        let mut columns = vec![Column::new(ID.into(), &self.ids)];
        for (place, question) in self.schema.questions().iter().enumerate() {
            let whole: Vec<i64> = totals.column(place).iter().map(|it| *it as i64).collect();
            columns.push(Column::new(total_name(question.name()).into(), whole));
            for answer in question.answers() {
                let votes = self.counts.column(answer.index());
                let votes: Vec<i64> = votes.iter().map(|it| *it as i64).collect();
                columns.push(Column::new(answer.column().into(), votes));
                let shares = fractions.column(answer.index());
                let shares: Vec<Option<f64>> =
                    shares.iter().map(|it| it.is_finite().then_some(*it)).collect();
                columns.push(Column::new(fraction_name(answer.column()).into(), shares));
            }
        }
        table_of(self.len(), columns)
    }
}

fn ids(table: &DataFrame, place: &str) -> Result<Vec<String>> {
    let missing = |_| Error::Missing {
        kind: "column",
        name: ID.to_owned(),
        place: place.to_owned(),
        hint: "Each row needs the galaxy's name".to_owned(),
    };
    let ids = table.column(ID).map_err(missing)?.cast(&DataType::String)?;
    Ok(ids.str()?.iter().map(|id: Option<&str>| id.unwrap_or_default().to_owned()).collect())
}

/// The column of an answer, as numbers.
fn counted(
    table: &DataFrame,
    name: &str,
    schema: &Schema,
    place: &str,
) -> Result<Vec<Option<f64>>> {
    let Ok(column) = table.column(name) else {
        let columns = table.get_column_names();
        // Columns of other answers are not candidates.
        let free = columns.iter().map(|it| it.as_str()).filter(|it| schema.answer(it).is_err());
        return Err(Error::missing(
            "column",
            name,
            format!("{place}, which {} needs for its votes", schema.name()),
            free,
        ));
    };
    let votes = Label::new(name, column.clone(), table.column(ID)?.clone(), place);
    let counts = votes.numbers()?;
    votes.ask_about_sentinels();
    Ok(counts)
}

/// Checks that votes are whole numbers of at least 0.
fn check_counts(
    column: &str,
    counts: impl Iterator<Item = f64>,
    ids: &[String],
    place: &str,
) -> Result<()> {
    let kind = |count: f64| match count {
        _ if !count.is_finite() => Some("not finite"),
        _ if count < 0.0 => Some("negative"),
        _ if count.fract() != 0.0 => Some("fractional"),
        _ => None,
    };
    let mut found = counts.zip(ids).filter_map(|(count, id)| Some((kind(count)?, count, id)));
    let Some((kind, count, id)) = found.next() else { return Ok(()) };
    let rest: Vec<_> = found.map(|(_, count, id)| format!(", {count} for {id:?}")).collect();
    let (named, more) = rest.split_at(rest.len().min(EXAMPLES - 1));
    let more = match more.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let hint = match kind {
        "fractional" => "Give counts, not fractions: multiply these by the total votes",
        "negative" => "Leave the cell empty, or write 0, if no volunteer gave the answer",
        _ => "Leave the cell empty, or write 0, if no volunteer was asked",
    };
    let problem =
        format!("votes of {column:?} are {kind}: {count} for {id:?}{}{more}", named.concat());
    Err(wrong(place, problem, hint))
}

fn wrong(place: &str, problem: String, hint: &str) -> Error {
    Error::Catalog { path: place.into(), problem, hint: hint.to_owned() }
}
