//! Text tables: CSV and its variants, and ECSV.
//!
//! A first pass looks at all values and chooses for each column a type that holds them without loss; a second
//! pass reads the values. Both passes process parts of the file in parallel.

mod build;
mod decode;
mod ecsv;
mod fixed;
mod kinds;
mod layout;
mod rows;
mod units;

use super::Lined;
use crate::catalog::missing::is_missing;
use crate::catalog::{FILE, ID};
pub use decode::{decode, line_of};
use kinds::{Kind, Seen};
use layout::Layout;
use polars::prelude::{Column, DataFrame};
use rayon::prelude::*;
use rows::{Fault, Part, Separator};
use std::path::Path;
use zoobot_base::error::{Error, Result};

/// The number of bytes of a part.
const PART: usize = 1 << 21;

/// Reads a text table.
///
/// # Errors
/// [`Error::Catalog`] with the line at fault.
pub fn table(bytes: Vec<u8>, path: &Path) -> Result<Lined> {
    let wrong = |(problem, hint): (String, String)| Error::Catalog {
        path: path.to_path_buf(),
        problem,
        hint,
    };
    let text = decode(bytes).map_err(wrong)?;
    let text = fixed::with_tabs(&text).unwrap_or(text);
    let layout = Layout::of(&text).map_err(wrong)?;
    read(&layout).map_err(wrong)
}

fn read(layout: &Layout) -> Result<Lined, (String, String)> {
    let Layout { names, declared, described, body, start } = layout;
    let first_line = line_of(body.text, *start);
    let parts = body.parts(*start, first_line, PART).map_err(|fault| say(&fault, layout))?;
    let looked: Vec<Looked> = parts.par_iter().map(|&part| look(layout, part)).collect();
    let mut seen = vec![Seen::default(); names.len()];
    let mut below = seen.clone();
    for part in &looked {
        if let Some(fault) = &part.fault {
            return Err(say(fault, layout));
        }
        let both = |(to, from): (&mut Seen, &Seen)| *to = to.and(*from);
        seen.iter_mut().zip(&part.seen).for_each(both);
        below.iter_mut().zip(&part.below).for_each(both);
    }
    if let Some(first) = looked.iter().find_map(|part| part.first.as_ref()) {
        refuse_units(first, names, &below)?;
    }
    let kinds: Vec<Kind> = (names.iter().zip(declared).zip(&seen))
        .map(|((name, declared), seen)| match (declared, seen.kind()) {
            _ if [ID, FILE].contains(&name.as_str()) => Kind::Text,
            (Some(Kind::Text), _) => Kind::Text,
            (Some(Kind::Number { .. }), Kind::Whole | Kind::Unsigned) => {
                Kind::Number { comma: false }
            }
            (_, kind) => kind,
        })
        .collect();
    let rows: Vec<usize> = looked.iter().map(|part| part.lines.len()).collect();
    let columns =
        build::columns(body, &parts, &rows, &kinds).map_err(|fault| say(&fault, layout))?;
    let lines = looked.into_iter().flat_map(|part| part.lines).collect();
    let height = rows.iter().sum();
    let table = DataFrame::new(height, named(names, columns))
        .and_then(|table| ecsv::typed(table, described))
        .map_err(|error| (error.to_string(), "Check the names of the columns".to_owned()))?;
    let said = described.iter().filter(|entry| !entry.info.is_empty());
    let infos = said.map(|entry| (entry.name.clone(), entry.info.clone())).collect();
    Ok(Lined { table, lines, left_out: Vec::new(), infos })
}

/// Names the columns. A column without a name is dropped if it is empty, and otherwise named after its
/// position.
fn named(names: &[String], columns: Vec<Column>) -> Vec<Column> {
    let kept = (1..).zip(names).zip(columns).filter_map(|((place, name), mut column)| {
        if !name.is_empty() {
            column.rename(name.into());
            return Some(column);
        }
        let free = |name: &String| !names.contains(name);
        let mut called =
            (0..).map(|more| format!("column_{place}{}", "_".repeat(more))).filter(free);
        column.rename(called.next()?.into());
        (column.null_count() < column.len()).then_some(column)
    });
    kept.collect()
}

/// The result of the first pass over a part.
struct Looked {
    seen: Vec<Seen>,
    /// What was seen after the first row of the part.
    below: Vec<Seen>,
    lines: Vec<u32>,
    /// The first row.
    first: Option<First>,
    fault: Option<Fault>,
}

struct First {
    line: usize,
    cells: Vec<String>,
}

fn look(layout: &Layout, part: Part) -> Looked {
    let Layout { names, body, .. } = layout;
    let comma = body.style.separator != Separator::Char(b',');
    let none = vec![Seen::default(); names.len()];
    let (mut seen, mut lines, mut first) = (none.clone(), Vec::new(), None);
    let mut first_seen = none;
    let fault = body.each_row(part, |line, cells| {
        lines.push(u32::try_from(line).unwrap_or(u32::MAX));
        let now = cells.iter().map(|cell| Seen::of(&cell.text, comma));
        if first.is_none() {
            first_seen = now.collect();
            let cells = cells.iter().map(|cell| cell.text.to_string()).collect();
            first = Some(First { line, cells });
        } else {
            seen.iter_mut().zip(now).for_each(|(to, seen)| *to = to.and(seen));
        }
    });
    // Only the first row of the table can be a row of units.
    let below = seen.clone();
    seen.iter_mut().zip(&first_seen).for_each(|(to, first)| *to = to.and(*first));
    let below = if part.start == layout.start { below } else { seen.clone() };
    Looked { seen, below, lines, first, fault: fault.err() }
}

fn refuse_units(first: &First, names: &[String], below: &[Seen]) -> Result<(), (String, String)> {
    let cells = || names.iter().zip(&first.cells).zip(below);
    let nameless = |cell: &String| is_missing(cell) || units::is_unit(cell);
    let without_name = cells().any(|((name, cell), _)| name == ID && nameless(cell));
    // A word above numbers may be a unit.
    let above: Vec<String> = cells()
        .filter(|((_, cell), below)| {
            let word = Seen::of(cell, true).is_text();
            below.is_numbers() && word && (without_name || units::is_unit(cell))
        })
        .map(|((name, cell), _)| format!("{cell:?} in {name:?}"))
        .collect();
    if above.is_empty() {
        return Ok(());
    }
    Err((
        format!("line {} looks like a row of units: {}", first.line, above.join(", ")),
        "Delete that line; FITS, VOTable and ECSV keep units apart from the values".to_owned(),
    ))
}

/// Describes a fault in words.
fn say(fault: &Fault, layout: &Layout) -> (String, String) {
    let count = |n: usize| if n == 1 { "1 value".to_owned() } else { format!("{n} values") };
    match fault {
        Fault::Width { lines: (line, last), values, begins } => {
            let wanted = layout.body.width;
            let separator = layout.body.style.separator.name();
            let place = match last > line {
                true => format!("the row in lines {line} to {last} has"),
                false => format!("line {line} has"),
            };
            let advice = if last > line {
                format!("Look for a quotation mark that is not closed in line {line}")
            } else if begins.starts_with('#') {
                "Comment lines may only come before the header: delete it".to_owned()
            } else if *values > wanted {
                format!("A value that contains {separator} needs quotation marks around it")
            } else {
                format!("Write {separator} for every empty value, too")
            };
            let problem =
                format!("{place} {}, but the header has {wanted}. It begins: {begins}", count(*values));
            (problem, advice)
        }
        Fault::Quote { line, closes: None, begins } => (
            format!("a quotation mark in line {line} is not closed. The value begins: {begins}"),
            "Close it; a quotation mark that belongs to a value is written twice, and the value in \
             quotation marks, such as \"5\"\" wide\""
                .to_owned(),
        ),
        Fault::Quote { line, closes: Some(closes), begins } => {
            let place = match closes == line {
                true => format!("in line {line}, text follows a closing quotation mark"),
                false => format!(
                    "the quotation mark that opens in line {line} is closed in line {closes}, and \
                     text follows there"
                ),
            };
            (
                format!("{place}. The value begins: {begins}"),
                "A quotation mark that belongs to a value is written twice, and the value in \
                 quotation marks, such as \"5\"\" wide\""
                    .to_owned(),
            )
        }
    }
}
