//! The requirements on a catalogue, and errors that name the row at fault.

use super::read::{Lined, wrong};
use super::{FILE, ID, names};
use polars::prelude::*;
use std::collections::HashMap;
use std::path::Path;
use zoobot_base::error::{Error, Result};
use zoobot_base::spelling;

/// The maximum number of examples in an error.
const EXAMPLES: usize = 3;

/// Checks a table and makes `id_str` and `file_loc` text.
pub fn catalog(read: &Lined, source: &Path) -> Result<DataFrame> {
    let Lined { table, lines, left_out, .. } = read;
    let mut table = table.clone();
    let place = source.display().to_string();
    for name in [ID, FILE] {
        if left_out.iter().any(|it| it == name) {
            return Err(unreadable(name, &place));
        }
        let text = names::as_text(own_column(&table, name, &place)?);
        let text = text.map_err(|(problem, hint)| wrong(source, problem, hint))?;
        table.with_column(text)?;
    }
    // Decimal columns are kept as floating point.
    let decimals: Vec<Column> = (table.columns().iter())
        .filter(|column| matches!(column.dtype(), DataType::Decimal(..)))
        .map(|column| column.cast(&DataType::Float64))
        .collect::<PolarsResult<_>>()?;
    for column in decimals {
        table.with_column(column)?;
    }
    if table.height() == 0 {
        return Err(wrong(source, "there is no galaxy in it", "A catalogue has at least one row"));
    }
    unique(&table, lines, source)?;
    Ok(table)
}

fn unique(table: &DataFrame, lines: &[u32], source: &Path) -> Result<()> {
    let ids = table.column(ID)?.str()?;
    if let Some(example) = names::find_rounded(ids.iter().flatten()) {
        let (problem, hint) = names::rounded(ID, example);
        return Err(wrong(source, problem, hint));
    }
    // For a text file report the line, for other files the row.
    let (word, words) = if lines.is_empty() { ("row", "rows") } else { ("line", "lines") };
    let place = |row: usize| lines.get(row).map_or(row + 1, |&line| line as usize);
    let mut first_seen: HashMap<&str, usize> = HashMap::with_capacity(ids.len());
    let mut empty = Vec::new();
    let mut twice = Vec::new();
    for (row, id) in ids.iter().enumerate() {
        match id.map(str::trim).filter(|id| !id.is_empty()) {
            None => empty.push(format!("{word} {}", place(row))),
            Some(id) => {
                if let Some(first) = first_seen.insert(id, row) {
                    twice.push(format!("{id:?} ({words} {} and {})", place(first), place(row)));
                }
            }
        }
    }
    if !empty.is_empty() {
        let problem = format!("{ID} is empty in {}", examples(&empty));
        return Err(wrong(source, problem, "Give every galaxy a unique name"));
    }
    if !twice.is_empty() {
        let problem = format!("{ID} occurs more than once: {}", examples(&twice));
        let hint = "Give every galaxy a unique name, or drop the repeated rows";
        return Err(wrong(source, problem, hint));
    }
    Ok(())
}

/// Other names for the columns of galaxy names and picture files, the likeliest first.
const ALIASES: [(&str, &str); 2] = [
    (
        ID,
        "id iauname objid objectid galaxyid galaxy dr7objid dr8objid sourceid designation specobjid \
         objname assetid object name",
    ),
    (
        FILE,
        "file filename filepath filelocation path imagepath imageloc image imagefile picture pngloc \
         localpngloc jpgloc fitsloc",
    ),
];

/// One of the two required columns, or an error that names the column that may be meant.
fn own_column<'a>(table: &'a DataFrame, name: &'static str, place: &str) -> Result<&'a Column> {
    let plain = |name: &str| -> String {
        let letters = name.chars().filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    column(table, name, place).map_err(|error| {
        let names = || table.get_column_names().into_iter().map(|name| name.as_str());
        let aliases = ALIASES.iter().find(|(own, _)| *own == name).map_or("", |(_, all)| all);
        let spelt = names().find(|other| plain(other) == plain(name));
        let likely = || aliases.split(' ').find_map(|it| names().find(|name| plain(name) == it));
        let meant =
            spelt.or_else(|| spelling::nearest(name, &names().collect::<Vec<_>>())).or_else(likely);
        let Some(meant) = meant else { return error };
        Error::Missing {
            kind: "column",
            name: name.to_owned(),
            place: place.to_owned(),
            hint: format!("Did you mean {meant:?}? Rename that column to {name:?}"),
        }
    })
}

/// The error for a column of a file whose values cannot be read.
pub fn unreadable(name: &str, place: &str) -> Error {
    let problem = format!("the values of the column {name:?} are of a kind that cannot be read");
    wrong(Path::new(place), problem, "Write them as text, numbers or lists")
}

/// A column by name, or an error with similar names.
pub fn column<'a>(table: &'a DataFrame, name: &str, place: &str) -> Result<&'a Column> {
    table.column(name).map_err(|_| {
        let columns = table.get_column_names();
        Error::missing(
            "column",
            name,
            place.to_owned(),
            columns.iter().map(|column| column.as_str()),
        )
    })
}

/// Turns an error of a condition into one about the table.
pub fn condition(error: PolarsError, table: &DataFrame, place: &str) -> Error {
    let mut error = error;
    while let PolarsError::Context { error: inner, .. }
    | PolarsError::ExprContext { error: inner, .. } = error
    {
        error = *inner;
    }
    let said = error.to_string();
    let said = said.split("\n\n").next().unwrap_or_default();
    if let PolarsError::ColumnNotFound(name) = &error {
        // The message is the name, or contains it in quotation marks.
        let text = name.split("\n\n").next().unwrap_or_default();
        let name = text.split('"').nth(1).unwrap_or(text);
        if let Err(missing) = column(table, name, place) {
            return missing;
        }
    }
    let said = if said.contains("cannot compare string") {
        "it compares text with numbers"
    } else if said.contains("predicate must be") {
        "it does not give true or false for each row"
    } else {
        said
    };
    let problem = format!("the condition cannot be applied: {said}");
    let hint =
        "Compare numbers with numbers and text with text; catalog.columns() shows what each is";
    wrong(Path::new(place), problem, hint)
}

fn examples(all: &[String]) -> String {
    let mut text = all.iter().take(EXAMPLES).cloned().collect::<Vec<_>>().join(", ");
    if all.len() > EXAMPLES {
        text.push_str(&format!(" and {} more", all.len() - EXAMPLES));
    }
    text
}
