//! What a catalogue must hold, and errors that say which row does not.

use super::{FILE, ID};
use crate::error::{Error, Result};
use polars::prelude::*;
use std::collections::HashMap;
use std::path::Path;

/// How many examples an error names.
const EXAMPLES: usize = 3;

/// Checks a table and makes `id_str` and `file_loc` text.
pub fn catalog(mut table: DataFrame, source: &Path) -> Result<DataFrame> {
    let place = source.display().to_string();
    for name in [ID, FILE] {
        let text = column(&table, name, &place)?.cast(&DataType::String)?;
        table.with_column(text)?;
    }
    if table.height() == 0 {
        return Err(problem(
            source,
            "there is no galaxy in it",
            "A catalogue has at least one row",
        ));
    }
    unique(&table, source)?;
    Ok(table)
}

fn unique(table: &DataFrame, source: &Path) -> Result<()> {
    let ids = table.column(ID)?.str()?;
    let mut first_seen: HashMap<&str, usize> = HashMap::with_capacity(ids.len());
    let mut empty = Vec::new();
    let mut twice = Vec::new();
    for (row, id) in ids.iter().enumerate() {
        match id.map(str::trim).filter(|id| !id.is_empty()) {
            None => empty.push(format!("row {}", row + 1)),
            Some(id) => {
                if let Some(first) = first_seen.insert(id, row) {
                    twice.push(format!("{id:?} (rows {} and {})", first + 1, row + 1));
                }
            }
        }
    }
    if !empty.is_empty() {
        let problem_text = format!("{ID} is empty in {}", examples(&empty));
        return Err(problem(source, &problem_text, "Give every galaxy a name of its own"));
    }
    if !twice.is_empty() {
        let problem_text = format!("{ID} stands more than once: {}", examples(&twice));
        return Err(problem(
            source,
            &problem_text,
            "Give every galaxy a name of its own, or drop the repeated rows",
        ));
    }
    Ok(())
}

/// A column by name, or an error with near names.
pub fn column<'a>(table: &'a DataFrame, name: &str, place: &str) -> Result<&'a Column> {
    table.column(name).map_err(|_| {
        let columns = table.get_column_names();
        Error::Missing {
            kind: "column",
            name: name.to_owned(),
            place: place.to_owned(),
            hint: near(name, columns.iter().map(|column| column.as_str())),
        }
    })
}

/// "Did you mean …?" for the nearest names, or the first few that there are.
pub fn near<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    let wanted = name.to_lowercase();
    let mut close: Vec<(usize, &str)> = known
        .iter()
        .map(|&candidate| (distance(&wanted, &candidate.to_lowercase()), candidate))
        .filter(|&(distance, _)| distance <= 1 + name.chars().count() / 4)
        .collect();
    close.sort();
    if let Some((_, best)) = close.first() {
        return format!("Did you mean {best:?}?");
    }
    let some: Vec<String> = known.iter().take(8).map(|name| format!("{name:?}")).collect();
    let more = if known.len() > some.len() { ", ..." } else { "" };
    format!("There are {} names: {}{more}", known.len(), some.join(", "))
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &cb) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(ca != cb);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

fn examples(all: &[String]) -> String {
    let mut text = all.iter().take(EXAMPLES).cloned().collect::<Vec<_>>().join(", ");
    if all.len() > EXAMPLES {
        text.push_str(&format!(" and {} more", all.len() - EXAMPLES));
    }
    text
}

fn problem(source: &Path, problem: &str, hint: &str) -> Error {
    Error::Catalog {
        path: source.to_path_buf(),
        problem: problem.to_owned(),
        hint: hint.to_owned(),
    }
}
