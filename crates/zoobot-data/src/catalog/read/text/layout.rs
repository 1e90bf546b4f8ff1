//! Finds the header of a text table, its separator, and the start of its rows.

use super::decode::line_of;
use super::ecsv;
use super::kinds::Kind;
use super::rows::{Body, Cell, Separator, Style, beginning, row};
use crate::catalog::{FILE, ID};
use crate::tables::Entry;
use std::collections::HashMap;

/// The characters that may separate values, the likeliest first.
const SEPARATORS: [u8; 4] = [b',', b'\t', b';', b'|'];

/// A text table whose rows have not been read yet.
#[derive(Debug)]
pub struct Layout<'a> {
    /// The names of the columns; empty for a column without a name.
    pub names: Vec<String>,
    /// The column types that the header declares.
    pub declared: Vec<Option<Kind>>,
    /// The columns as ECSV describes them; empty for other text.
    pub described: Vec<Entry>,
    pub body: Body<'a>,
    /// The position of the first row.
    pub start: usize,
}

/// The problem, and what to do about it.
type Wrong = (String, String);

impl<'a> Layout<'a> {
    /// Finds header, separator and rows.
    pub fn of(text: &'a str) -> Result<Self, Wrong> {
        let Preamble { comments, at, separator } = Preamble::of(text);
        if text[at..].trim_ascii().is_empty() && comments.is_empty() {
            let hint = "It needs a line with the names of the columns".to_owned();
            return Err(("the file is empty".to_owned(), hint));
        }
        foreign(&text[at..])?;
        let ecsv = ecsv::Header::of(&comments.iter().map(|it| it.text).collect::<Vec<_>>());
        let header = match &ecsv {
            Some(ecsv) => Header::at(text, at, ecsv.separator),
            None => Header::find(text, at, &comments, separator),
        }?;
        let Header { mut names, line, next: mut start, style } = header;
        let mut rows = Rows { text, style, at: start };
        let mut first = rows.next();
        // A line of dashes ends a header; the line above it holds units.
        for _ in 0..2 {
            let after = rows.at;
            match first.take() {
                Some(cells) if is_ruler(&cells) => {
                    start = after;
                    first = rows.next();
                    break;
                }
                _ => first = rows.next(),
            }
        }
        if start == header.next {
            first = Rows { text, style, at: start }.next();
        }
        let first = first.unwrap_or_default();
        // There may be a separator at the end of every line, or only of the header's.
        if first.len() == names.len() + 1 && first.last().is_some_and(|last| last.is_empty()) {
            names.push(String::new());
        }
        while first.len() < names.len()
            && !first.is_empty()
            && names.last().is_some_and(String::is_empty)
        {
            names.pop();
        }
        twice(&names, line)?;
        let declared = match &ecsv {
            Some(ecsv) if ecsv.columns.len() == names.len() => {
                ecsv.columns.iter().map(ecsv::kind).collect()
            }
            _ => vec![None; names.len()],
        };
        let described = ecsv.map(|ecsv| ecsv.columns).unwrap_or_default();
        let comments = !comments.is_empty();
        let body = Body { text, style, comments, width: names.len() };
        Ok(Self { names, declared, described, body, start })
    }
}

/// The lines before the header.
struct Preamble<'a> {
    comments: Vec<Comment<'a>>,
    /// The position of the first line that is not a comment.
    at: usize,
    /// The separator that Excel's line `sep=;` declares.
    separator: Option<Separator>,
}

/// A comment line, without its `#`.
struct Comment<'a> {
    text: &'a str,
    line: usize,
}

impl<'a> Preamble<'a> {
    fn of(text: &'a str) -> Self {
        let mut found = Self { comments: Vec::new(), at: 0, separator: None };
        for (line, content) in (1..).zip(text.split_inclusive('\n')) {
            let plain = content.trim_ascii();
            if let Some(comment) = plain.strip_prefix('#') {
                found.comments.push(Comment { text: comment, line });
            } else if let (&[separator], 1) =
                (plain.strip_prefix("sep=").unwrap_or_default().as_bytes(), line)
            {
                found.separator = Some(Separator::Char(separator));
            } else if !plain.is_empty() {
                break;
            }
            found.at += content.len();
        }
        found
    }
}

/// The line with the names of the columns.
#[derive(Debug)]
struct Header {
    names: Vec<String>,
    line: usize,
    /// The position of the next line.
    next: usize,
    style: Style,
}

impl Header {
    /// The header at a position; or in a comment, if only the comment names a column of a catalogue.
    fn find(
        text: &str,
        at: usize,
        comments: &[Comment],
        separator: Option<Separator>,
    ) -> Result<Self, Wrong> {
        let line = text[at..].lines().next().unwrap_or_default();
        if separator.is_none() && naming(line).is_none() {
            for Comment { text: comment, line } in comments.iter().rev() {
                let Some(separator) = naming(comment) else { continue };
                let header = Self::at(comment, 0, separator)?;
                let first = Rows { text, style: header.style, at }.next();
                // Otherwise the comment is a sentence about the columns.
                if first.is_none_or(|first| first.len().abs_diff(header.names.len()) <= 1) {
                    return Ok(Self { next: at, line: *line, ..header });
                }
            }
        }
        if line.is_empty() {
            let hint = "It needs a line with the names of the columns, such as id_str,file_loc";
            return Err(("there are only comment lines".to_owned(), hint.to_owned()));
        }
        let separator = separator.or_else(|| naming(line)).unwrap_or_else(|| likeliest(text, at));
        Self::at(text, at, separator)
    }

    fn at(text: &str, at: usize, separator: Separator) -> Result<Self, Wrong> {
        let mut style = Style { separator, padded: separator == Separator::Spaces };
        let line = line_of(text, at);
        let mut cells = Vec::new();
        let next = row(text, at, style, &mut cells).or_else(|_| {
            style.padded = true;
            row(text, at, style, &mut cells).map_err(|_| {
                let problem = format!(
                    "a quotation mark in line {line}, the names of the columns, is not closed"
                );
                (problem, format!("Line {line} begins: {}", beginning(text, at)))
            })
        })?;
        let around = |cell: &Cell| !cell.quoted && cell.text.trim_ascii().len() < cell.text.len();
        style.padded |= separator == Separator::Char(b'|') || cells.iter().any(around);
        let names = cells.iter().map(|cell| cell.text.trim().to_owned()).collect();
        Ok(Self { names, line, next, style })
    }
}

/// The texts of the rows from a position on; empty lines are skipped.
struct Rows<'a> {
    text: &'a str,
    style: Style,
    at: usize,
}

impl Rows<'_> {
    fn next(&mut self) -> Option<Vec<String>> {
        let mut cells = Vec::new();
        while self.at < self.text.len() {
            self.at = row(self.text, self.at, self.style, &mut cells).ok()?;
            if !cells.iter().all(Cell::is_blank) {
                return Some(cells.iter().map(|cell| cell.text.to_string()).collect());
            }
        }
        None
    }
}

/// Whether a row consists of dashes, one group below each name.
fn is_ruler(cells: &[String]) -> bool {
    let dashes = |cell: &String| !cell.is_empty() && cell.bytes().all(|byte| byte == b'-');
    cells.iter().all(dashes) && cells.iter().any(|cell| cell.len() > 2)
}

/// The separator with which a line contains the value `id_str` or `file_loc`, in any spelling.
fn naming(line: &str) -> Option<Separator> {
    let plain = |cell: &Cell| -> String {
        let letters = cell.text.chars().filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    let all = SEPARATORS.map(Separator::Char).into_iter().chain([Separator::Spaces]);
    all.into_iter().find(|&separator| {
        let mut cells = Vec::new();
        let style = Style { separator, padded: true };
        let split = row(line, 0, style, &mut cells).is_ok();
        split
            && cells
                .iter()
                .any(|cell| [ID, FILE].map(|name| name.replace('_', "")).contains(&plain(cell)))
    })
}

/// The most frequent separator in a header; spaces if no other occurs.
fn likeliest(text: &str, at: usize) -> Separator {
    let line = text[at..].lines().next().unwrap_or_default();
    let count = |separator: &u8| line.bytes().filter(|byte| byte == separator).count();
    let most = SEPARATORS.into_iter().rev().max_by_key(count).filter(|it| count(it) > 0);
    if let Some(separator) = most {
        return Separator::Char(separator);
    }
    let mut rows = Rows { text, style: Style { separator: Separator::Spaces, padded: true }, at };
    match (rows.next(), rows.next()) {
        (Some(names), Some(first)) if names.len() > 1 && names.len() == first.len() => {
            Separator::Spaces
        }
        _ => Separator::Char(b','),
    }
}

/// Refuses fixed-width tables, where the position in the line decides which column a value belongs to.
fn foreign(text: &str) -> Result<(), Wrong> {
    let start: Vec<&str> = text.lines().take(200).collect();
    let first = start.first().copied().unwrap_or_default();
    // In an IPAC table, the second line of the header holds the column types.
    let types =
        ["char", "c", "int", "i", "long", "l", "double", "d", "real", "r", "float", "f", "date"];
    let typed = |line: &&str| {
        let mut words = line.split('|').map(str::trim).filter(|word| !word.is_empty()).peekable();
        line.starts_with('|') && words.peek().is_some() && words.all(|word| types.contains(&word))
    };
    let kind = if start.iter().any(|line| line.contains("Byte-by-byte Description")) {
        "a machine-readable table of a journal or of CDS"
    } else if first.starts_with('\\') || (first.starts_with('|') && start.get(1).is_some_and(typed))
    {
        "an IPAC table"
    } else {
        return Ok(());
    };
    let hint = "Save it as CSV, FITS or VOTable, for example in TOPCAT".to_owned();
    Err((format!("it is {kind}, which is not read"), hint))
}

fn twice(names: &[String], line: usize) -> Result<(), Wrong> {
    let mut first = HashMap::new();
    for (place, name) in (1..).zip(names).filter(|(_, name)| !name.is_empty()) {
        if let Some(before) = first.insert(name, place) {
            return Err((
                format!(
                    "the column {name:?} occurs twice in line {line}, as columns {before} and {place}"
                ),
                "Rename one of them, or delete it".to_owned(),
            ));
        }
    }
    Ok(())
}
