//! Splits the text of a table into rows and cells.

use super::decode::{line_of, newlines};
use std::borrow::Cow;

/// The separator between the values of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Separator {
    /// A character, such as a comma.
    Char(u8),
    /// Any number of spaces and tabs.
    Spaces,
}

impl Separator {
    /// The separator's name with an article, for use in a sentence.
    pub fn name(self) -> String {
        match self {
            Self::Char(b',') => "a comma".to_owned(),
            Self::Char(b';') => "a semicolon".to_owned(),
            Self::Char(b'\t') => "a tab".to_owned(),
            Self::Char(other) => format!("{:?}", char::from(other)),
            Self::Spaces => "a space".to_owned(),
        }
    }

    fn is(self, byte: u8) -> bool {
        match self {
            Self::Char(char) => byte == char,
            Self::Spaces => matches!(byte, b' ' | b'\t'),
        }
    }
}

/// The style of a table's rows.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    pub separator: Separator,
    /// Whether spaces around a value are padding.
    pub padded: bool,
}

/// A value of a row, without its quotation marks.
#[derive(Debug)]
pub struct Cell<'a> {
    pub text: Cow<'a, str>,
    pub quoted: bool,
}

impl Cell<'_> {
    pub fn is_blank(&self) -> bool {
        !self.quoted && self.text.trim_ascii().is_empty()
    }
}

/// An opening quotation mark without a proper closing one.
#[derive(Debug)]
pub struct Quote {
    /// The position of the opening mark.
    opens: usize,
    /// The position of a closing mark that is followed by text; `None` if there is no closing mark.
    closes: Option<usize>,
}

/// The cells of the row at a position; returns the position of the next row.
///
/// A value in quotation marks may contain separators, line breaks and doubled quotation marks; a quotation
/// mark inside a value that does not begin with one is an ordinary character.
pub fn row<'a>(
    text: &'a str,
    start: usize,
    style: Style,
    cells: &mut Vec<Cell<'a>>,
) -> Result<usize, Quote> {
    let Style { separator, padded } = style;
    let bytes = text.as_bytes();
    let spaces = |from: usize| {
        let space =
            |&byte: &u8| byte == b' ' || (byte == b'\t' && separator != Separator::Char(b'\t'));
        from + bytes[from..].iter().take_while(|byte| space(byte)).count()
    };
    cells.clear();
    let mut at = if padded { spaces(start) } else { start };
    loop {
        if bytes.get(at) == Some(&b'"') {
            let (value, end) = quoted(text, at)?;
            cells.push(Cell { text: value, quoted: true });
            let opens = at;
            at = if padded && separator != Separator::Spaces { spaces(end) } else { end };
            let ends = match bytes.get(at) {
                None | Some(b'\n') => true,
                Some(b'\r') => matches!(bytes.get(at + 1), None | Some(b'\n')),
                Some(&byte) => separator.is(byte),
            };
            if !ends {
                return Err(Quote { opens, closes: Some(end - 1) });
            }
            at += usize::from(bytes.get(at) == Some(&b'\r'));
        } else {
            let ends = |&byte: &u8| byte == b'\n' || separator.is(byte);
            let end = bytes[at..].iter().position(ends).map_or(bytes.len(), |long| at + long);
            let value = &text[at..end];
            let last = matches!(bytes.get(end), None | Some(b'\n'));
            let value = if last { value.strip_suffix('\r').unwrap_or(value) } else { value };
            let value = if padded { value.trim_ascii() } else { value };
            // Spaces at the end of a line separate nothing.
            if !(value.is_empty() && separator == Separator::Spaces) {
                cells.push(Cell { text: Cow::Borrowed(value), quoted: false });
            }
            at = end;
        }
        match bytes.get(at) {
            None => return Ok(at),
            Some(b'\n') => return Ok(at + 1),
            Some(_) => at = if padded { spaces(at + 1) } else { at + 1 },
        }
    }
}

/// The quoted value at a position, and where it ends.
fn quoted(text: &str, opens: usize) -> Result<(Cow<'_, str>, usize), Quote> {
    let bytes = text.as_bytes();
    let mut from = opens + 1;
    loop {
        let mark = bytes[from..].iter().position(|&byte| byte == b'"').map(|long| from + long);
        let mark = mark.ok_or(Quote { opens, closes: None })?;
        if bytes.get(mark + 1) == Some(&b'"') {
            from = mark + 2;
            continue;
        }
        let inside = &text[opens + 1..mark];
        let value = match inside.contains('"') {
            true => Cow::Owned(inside.replace("\"\"", "\"")),
            false => Cow::Borrowed(inside),
        };
        return Ok((value, mark + 1));
    }
}

/// The rows below a header.
#[derive(Debug)]
pub struct Body<'a> {
    pub text: &'a str,
    pub style: Style,
    /// Whether lines that begin with `#` are comments if they do not have as many values as a row: only if
    /// comments precede the header. A line with that many values is a galaxy whose name begins with `#`.
    pub comments: bool,
    /// The number of values in each row.
    pub width: usize,
}

/// Some rows of a [`Body`].
#[derive(Debug, Clone, Copy)]
pub struct Part {
    pub start: usize,
    pub end: usize,
    /// The line number of the first row.
    pub line: usize,
}

/// A row that cannot be read.
#[derive(Debug)]
pub enum Fault {
    /// The row has the wrong number of values.
    Width { lines: (usize, usize), values: usize, begins: String },
    /// A quotation mark is not closed, or text follows the closing mark.
    Quote { line: usize, closes: Option<usize>, begins: String },
}

impl Body<'_> {
    /// Calls a function with the line and the cells of each row; lines without a value are skipped.
    pub fn each_row(&self, part: Part, mut call: impl FnMut(usize, &[Cell])) -> Result<(), Fault> {
        let Part { start: mut at, end, mut line } = part;
        let mut cells = Vec::with_capacity(self.width);
        while at < end {
            let next =
                row(self.text, at, self.style, &mut cells).map_err(|quote| self.fault(&quote))?;
            let lines = match cells.iter().any(|cell| cell.quoted) {
                true => newlines(&self.text.as_bytes()[at..next]).max(1),
                false => 1,
            };
            if !self.is_comment(at, cells.len()) && !cells.iter().all(Cell::is_blank) {
                if cells.len() != self.width {
                    let last = line + lines - 1;
                    let begins = beginning(self.text, at);
                    return Err(Fault::Width { lines: (line, last), values: cells.len(), begins });
                }
                call(line, &cells);
            }
            line += lines;
            at = next;
        }
        Ok(())
    }

    fn is_comment(&self, at: usize, values: usize) -> bool {
        self.comments && values != self.width && self.text.as_bytes()[at] == b'#'
    }

    /// Parts of about `size` bytes, which end at row boundaries.
    pub fn parts(&self, start: usize, line: usize, size: usize) -> Result<Vec<Part>, Fault> {
        let bytes = self.text.as_bytes();
        let mut parts = Vec::new();
        let (mut from, mut first) = (start, line);
        // Without quotation marks every line is a row.
        let plain = !bytes[start..].contains(&b'"');
        let mut cells = Vec::new();
        while from < bytes.len() {
            let wanted = (from + size).min(bytes.len());
            let end = if plain {
                let rest = bytes[wanted..].iter().position(|&byte| byte == b'\n');
                rest.map_or(bytes.len(), |long| wanted + long + 1)
            } else {
                let mut at = from;
                while at < wanted {
                    at = row(self.text, at, self.style, &mut cells)
                        .map_err(|quote| self.fault(&quote))?;
                }
                at
            };
            parts.push(Part { start: from, end, line: first });
            first += newlines(&bytes[from..end]);
            from = end;
        }
        Ok(parts)
    }

    fn fault(&self, quote: &Quote) -> Fault {
        Fault::Quote {
            line: line_of(self.text, quote.opens),
            closes: quote.closes.map(|place| line_of(self.text, place)),
            begins: beginning(self.text, quote.opens),
        }
    }
}

/// The first characters of the text at a position.
pub fn beginning(text: &str, at: usize) -> String {
    let line = text[at..].lines().next().unwrap_or_default();
    match line.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line.to_owned(),
    }
}
