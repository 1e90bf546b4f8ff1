//! Reads the rows of a CSV file one after another, in bounded memory (RFC 4180: quoted cells, doubled quotes,
//! ends of line within quotes).

use std::io::{BufRead, Result};

/// The maximum size of a row, in bytes. A quote that is not closed would make one row of the rest of the file.
const LONGEST: usize = 32 << 20;

/// A row: its cells, without quotes.
#[derive(Debug, Default)]
pub struct Row {
    bytes: Vec<u8>,
    /// Where each cell ends.
    ends: Vec<usize>,
    /// Whether an end of line followed.
    pub ended: bool,
}

impl Row {
    /// The number of cells.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// A cell; empty if the row has no such cell.
    pub fn cell(&self, place: usize) -> &[u8] {
        let start = if place == 0 { Some(&0) } else { self.ends.get(place - 1) };
        match (start, self.ends.get(place)) {
            (Some(&start), Some(&end)) => &self.bytes[start..end],
            _ => &[],
        }
    }

    /// A cell as text without blanks at its ends; bytes that are no UTF-8 are replaced.
    pub fn text(&self, place: usize) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.cell(place).trim_ascii())
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.ended = false;
    }

    fn end_cell(&mut self) {
        self.ends.push(self.bytes.len());
    }

    fn is_blank(&self) -> bool {
        self.ends.len() == 1 && self.bytes.is_empty()
    }
}

/// What reading a row gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    Row,
    /// The file ended before.
    End,
    /// The file ended within quotes.
    Torn,
    /// The row is too long: a quote is not closed.
    Endless,
}

/// Where in a row the reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Start,
    Plain,
    Quoted,
    /// After a quote within a quoted cell: its end, or the first of two.
    Quote,
}

/// The rows of a file.
#[derive(Debug)]
pub struct Rows<R> {
    input: R,
}

impl<R: BufRead> Rows<R> {
    pub fn new(input: R) -> Self {
        Self { input }
    }

    /// Reads the next row that is not blank.
    pub fn next(&mut self, row: &mut Row) -> Result<Found> {
        loop {
            match self.one(row)? {
                Found::Row if row.is_blank() => {}
                found => return Ok(found),
            }
        }
    }

    fn one(&mut self, row: &mut Row) -> Result<Found> {
        row.clear();
        let mut at = At::Start;
        loop {
            let piece = self.input.fill_buf()?;
            if piece.is_empty() {
                return Ok(match at {
                    At::Quoted => Found::Torn,
                    At::Start if row.ends.is_empty() => Found::End,
                    _ => {
                        row.end_cell();
                        Found::Row
                    }
                });
            }
            let mut place = 0;
            let mut ended = false;
            while let (Some(&byte), false) = (piece.get(place), ended) {
                match (at, byte) {
                    (At::Start, b'"') => (at, place) = (At::Quoted, place + 1),
                    (At::Quoted, _) => {
                        let rest = &piece[place..];
                        let run = rest.iter().position(|it| *it == b'"').unwrap_or(rest.len());
                        row.bytes.extend_from_slice(&rest[..run]);
                        place += run;
                        if run < rest.len() {
                            (at, place) = (At::Quote, place + 1);
                        }
                    }
                    (At::Quote, b'"') => {
                        row.bytes.push(b'"');
                        (at, place) = (At::Quoted, place + 1);
                    }
                    (_, b',') => {
                        row.end_cell();
                        (at, place) = (At::Start, place + 1);
                    }
                    (_, b'\n') => {
                        row.end_cell();
                        (ended, place) = (true, place + 1);
                    }
                    (_, b'\r') => place += 1,
                    (At::Start | At::Plain | At::Quote, _) => {
                        let rest = &piece[place..];
                        let stops = |it: &u8| matches!(it, b',' | b'\n' | b'\r');
                        let run = rest.iter().position(stops).unwrap_or(rest.len());
                        row.bytes.extend_from_slice(&rest[..run]);
                        (at, place) = (At::Plain, place + run);
                    }
                }
            }
            self.input.consume(place);
            if ended {
                row.ended = true;
                return Ok(Found::Row);
            }
            if row.bytes.len() > LONGEST {
                return Ok(Found::Endless);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    fn rows(text: &str, buffer: usize) -> (Vec<Vec<String>>, Found) {
        let mut rows = Rows::new(BufReader::with_capacity(buffer, text.as_bytes()));
        let (mut row, mut all) = (Row::default(), Vec::new());
        loop {
            match rows.next(&mut row).unwrap() {
                Found::Row => {
                    all.push((0..row.len()).map(|it| row.text(it).into_owned()).collect());
                }
                found => return (all, found),
            }
        }
    }

    #[test]
    fn cells_are_read_whatever_the_size_of_the_pieces() {
        let text = "a,\"b \"\"c\"\", d\",\r\n\n,\"two\nlines\",x\ny\"z,,\"\"";
        let expected =
            [vec!["a", "b \"c\", d", ""], vec!["", "two\nlines", "x"], vec!["y\"z", "", ""]];
        for buffer in [1, 2, 3, 7, 4096] {
            let (all, found) = rows(text, buffer);
            assert_eq!(
                (all, found),
                (
                    expected
                        .iter()
                        .map(|it| it.iter().map(|it| (*it).to_owned()).collect())
                        .collect(),
                    Found::End
                ),
                "{buffer}"
            );
        }
    }

    #[test]
    fn a_file_that_ends_within_quotes_is_torn() {
        assert_eq!(rows("a,b\n1,\"tw", 4096), (vec![vec!["a".into(), "b".into()]], Found::Torn));
        assert_eq!(rows("", 4096), (vec![], Found::End));
        let endless = format!("\"{}", "x".repeat(LONGEST + 5000));
        assert_eq!(rows(&endless, 4096).1, Found::Endless);
    }
}
