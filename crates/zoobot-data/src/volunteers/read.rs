//! Reads and checks a table of classifications.

use super::Classifications;
use super::classifications::{ANSWER, Given, QUESTION, VOLUNTEER};
use crate::catalog::{ID, names};
use crate::schema::Schema;
use polars::prelude::{Column, DataFrame, DataType};
use std::collections::{HashMap, HashSet};
use zoobot_base::error::{Error, Result};
use zoobot_base::interrupt;

/// The place that errors name.
const PLACE: &str = "<table>";
/// The maximum number of examples in an error.
const EXAMPLES: usize = 3;
/// The number of rows between two looks at the stop button.
const ROWS: usize = 1 << 16;

/// What happens if a volunteer answered a question about a galaxy more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeats {
    Refused,
    LastCounts,
}

/// The names in a column, each once, in the order in which they first appear.
#[derive(Default)]
struct Names<'a> {
    places: HashMap<&'a str, u32>,
    all: Vec<String>,
}

impl<'a> Names<'a> {
    fn place(&mut self, name: &'a str) -> u32 {
        *self.places.entry(name).or_insert_with(|| {
            self.all.push(name.to_owned());
            (self.all.len() - 1) as u32
        })
    }
}

/// Reads a table with one row for each volunteer, galaxy and question.
pub(super) fn read(
    table: &DataFrame,
    schema: &Schema,
    repeats: Repeats,
) -> Result<Classifications> {
    if table.height() == 0 {
        let hint = "Give one row for each answer of a volunteer";
        return Err(Error::empty("The table has no classifications", hint));
    }
    let [who, galaxy, question, answer] =
        [text(table, VOLUNTEER)?, text(table, ID)?, text(table, QUESTION)?, text(table, ANSWER)?];
    let known: HashMap<&str, usize> =
        schema.questions().iter().enumerate().map(|(place, it)| (it.name(), place)).collect();
    let answers: Vec<HashMap<&str, u32>> = (schema.questions().iter())
        .map(|it| it.answers().iter().map(|it| (it.name(), it.index() as u32)).collect())
        .collect();
    let (mut volunteers, mut ids) = (Names::default(), Names::default());
    let mut given = Vec::with_capacity(table.height());
    let cells = who.str()?.iter().zip(galaxy.str()?.iter());
    let cells = cells.zip(question.str()?.iter().zip(answer.str()?.iter()));
    for (row, ((who, id), (question, answer))) in cells.enumerate() {
        if row % ROWS == 0 {
            interrupt::check("reading classifications", || format!("{row} rows"))?;
        }
        let who = filled(who, VOLUNTEER, row)?;
        let id = filled(id, ID, row)?;
        let question = filled(question, QUESTION, row)?;
        let answer = filled(answer, ANSWER, row)?;
        let Some(&place) = known.get(question) else {
            let place = format!("the schema {} (row {})", schema.name(), row + 1);
            let names = schema.questions().iter().map(|it| it.name());
            return Err(Error::missing("question", question, place, names));
        };
        let Some(&answer) = answers[place].get(answer) else {
            let place = format!("the question {question:?} of {} (row {})", schema.name(), row + 1);
            let names = schema.question(question)?.answers().iter().map(|it| it.name());
            return Err(Error::missing("answer", answer, place, names));
        };
        given.push(Given { volunteer: volunteers.place(who), galaxy: ids.place(id), answer });
    }
    let mut read =
        Classifications { schema: schema.clone(), volunteers: volunteers.all, ids: ids.all, given };
    match repeats {
        Repeats::Refused => refuse_repeats(&read)?,
        Repeats::LastCounts => keep_last(&mut read),
    }
    Ok(read)
}

/// A column as text.
fn text(table: &DataFrame, name: &str) -> Result<Column> {
    let Ok(column) = table.column(name) else {
        let columns = table.get_column_names();
        let place = format!("{PLACE}, which a table of classifications needs");
        return Err(Error::missing("column", name, place, columns.iter().map(|it| it.as_str())));
    };
    let text = names::as_text(column).map_err(|(problem, hint)| wrong(problem, &hint))?;
    Ok(text.cast(&DataType::String)?)
}

/// The text of a cell, which must not be empty. The word `none` is an answer.
fn filled<'a>(cell: Option<&'a str>, column: &str, row: usize) -> Result<&'a str> {
    match cell.map(str::trim) {
        Some(text) if !text.is_empty() => Ok(text),
        _ => {
            let hint = match column {
                VOLUNTEER => "Name volunteers who were not logged in by their session",
                _ => "Fill in the cell, or leave the row out",
            };
            Err(wrong(format!("{column:?} is empty in row {}", row + 1), hint))
        }
    }
}

/// Refuses two answers of a volunteer to one question about a galaxy.
fn refuse_repeats(read: &Classifications) -> Result<()> {
    let questions = Classifications::questions(&read.schema);
    let mut seen: HashSet<(u64, u32)> = HashSet::with_capacity(read.given.len());
    let mut repeated: Vec<String> = Vec::new();
    let mut count = 0;
    for it in &read.given {
        let question = questions[it.answer as usize];
        let pair = u64::from(it.volunteer) << 32 | u64::from(it.galaxy);
        if seen.insert((pair, question as u32)) {
            continue;
        }
        count += 1;
        if repeated.len() < EXAMPLES {
            repeated.push(format!(
                "{:?} about {:?} ({:?})",
                read.volunteers[it.volunteer as usize],
                read.ids[it.galaxy as usize],
                read.schema.questions()[question].name()
            ));
        }
    }
    if count == 0 {
        return Ok(());
    }
    let more = match count - repeated.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let problem = format!(
        "volunteers answered a question about a galaxy more than once: {}{more}",
        repeated.join(", ")
    );
    let hint = "Remove the repeated rows, or use Classifications::keeping_last, which counts the last \
                classification of each volunteer";
    Err(wrong(problem, hint))
}

/// Keeps the last classification of each volunteer and galaxy.
fn keep_last(read: &mut Classifications) {
    let questions = Classifications::questions(&read.schema);
    let mut current: HashMap<(u32, u32), Vec<usize>> = HashMap::new();
    let mut kept = vec![true; read.given.len()];
    for (row, it) in read.given.iter().enumerate() {
        let question = |row: usize| questions[read.given[row].answer as usize];
        let rows = current.entry((it.volunteer, it.galaxy)).or_default();
        if rows.iter().any(|&before| question(before) == question(row)) {
            rows.drain(..).for_each(|before| kept[before] = false);
        }
        rows.push(row);
    }
    let mut kept = kept.into_iter();
    read.given.retain(|_| kept.next().unwrap_or(true));
}

fn wrong(problem: String, hint: &str) -> Error {
    Error::Catalog { path: PLACE.into(), problem, hint: hint.to_owned() }
}
