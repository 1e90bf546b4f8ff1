//! FITS binary tables (FITS standard 4.0, section 7.3), which TOPCAT, astropy and cfitsio read.
//!
//! Only what a table of galaxies needs. The crate fitsio would do as much and more, but the C library
//! that it builds defines a symbol of bzip2's, which tch brings too: both do not link into one
//! dynamic library.

use crate::error::{Error, Result};
use polars::prelude::{Column, DataFrame, DataType};
use std::fmt::Display;
use std::io::Write;

/// Headers and data come in blocks of so many bytes.
const BLOCK: usize = 2880;
/// What an empty cell of whole numbers holds.
const NULL: i64 = i64::MIN;
/// More have no keywords.
const MOST_COLUMNS: usize = 999;
/// The longest name of a column that a header card holds.
const LONGEST_NAME: usize = 68;

/// A column of a FITS table.
#[derive(Debug, Clone)]
pub(super) struct FitsColumn {
    name: String,
    kind: Kind,
}

/// How values are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// ASCII of so many bytes.
    Text(usize),
    Single,
    Double,
    Whole,
    Truth,
}

impl Kind {
    fn of(column: &Column) -> Result<Self> {
        Ok(match column.dtype() {
            DataType::String => Self::Text(1),
            DataType::Float32 => Self::Single,
            DataType::Float64 => Self::Double,
            DataType::Boolean => Self::Truth,
            whole if whole.is_integer() => Self::Whole,
            other => {
                let value = format!("{other} in {:?}", column.name());
                let expected = "text, numbers or true and false in a FITS table";
                return Err(Error::invalid("type of a column", value, expected));
            }
        })
    }

    /// Bytes of a cell.
    fn bytes(self) -> usize {
        match self {
            Self::Text(width) => width,
            Self::Single => 4,
            Self::Double | Self::Whole => 8,
            Self::Truth => 1,
        }
    }

    /// The value of `TFORM`.
    fn form(self) -> String {
        match self {
            Self::Text(width) => format!("{width}A"),
            Self::Single => "E".to_owned(),
            Self::Double => "D".to_owned(),
            Self::Whole => "K".to_owned(),
            Self::Truth => "L".to_owned(),
        }
    }
}

/// The unit of a column, where its name leaves no doubt (VOUnits' spelling). Fractions have none.
fn unit(name: &str) -> Option<&'static str> {
    matches!(name, "ra" | "dec").then_some("deg")
}

/// The columns of a table as FITS has them.
pub(super) fn columns(table: &DataFrame) -> Result<Vec<FitsColumn>> {
    let column = |column: &Column| {
        let name = column.name().to_string();
        // A quote takes two characters of a card.
        let length = name.len() + name.matches('\'').count();
        if !is_text(&name) || !(1..=LONGEST_NAME).contains(&length) {
            let expected = format!("1 to {LONGEST_NAME} ASCII characters in a FITS table");
            return Err(Error::invalid("name of a column", format!("{name:?}"), expected));
        }
        Ok(FitsColumn { name, kind: Kind::of(column)? })
    };
    if table.width() > MOST_COLUMNS {
        let expected = format!("at most {MOST_COLUMNS} in a FITS table: write .parquet instead");
        return Err(Error::invalid("number of columns", table.width(), expected));
    }
    let mut columns = table.columns().iter().map(column).collect::<Result<Vec<_>>>()?;
    widen(&mut columns, table)?;
    Ok(columns)
}

/// Makes room for the texts of a table with these columns.
pub(super) fn widen(columns: &mut [FitsColumn], table: &DataFrame) -> Result<()> {
    for FitsColumn { name, kind } in columns {
        let Kind::Text(width) = kind else { continue };
        for text in table.column(name)?.str()?.iter().flatten() {
            check_text(name, text)?;
            *width = text.len().max(*width);
        }
    }
    Ok(())
}

pub(super) fn check_text(column: &str, text: &str) -> Result<()> {
    if is_text(text) {
        return Ok(());
    }
    let value = format!("{text:?} in {column:?}");
    Err(Error::invalid("text", value, "ASCII in a FITS table: write .parquet or .csv instead"))
}

/// What FITS calls text: ASCII without control characters.
fn is_text(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// A FITS table that is being written.
pub(super) struct FitsWriter<W: Write> {
    out: W,
    columns: Vec<FitsColumn>,
    bytes: usize,
}

impl<W: Write> FitsWriter<W> {
    /// Begins a file of one table with so many rows.
    pub(super) fn new(
        mut out: W,
        columns: &[FitsColumn],
        rows: usize,
        note: Option<&str>,
    ) -> std::io::Result<Self> {
        out.write_all(&first_header())?;
        out.write_all(&table_header(columns, rows, note))?;
        Ok(Self { out, columns: columns.to_vec(), bytes: 0 })
    }

    /// Adds the rows of a table with these columns.
    pub(super) fn write(&mut self, table: &DataFrame) -> Result<std::io::Result<()>> {
        let stride = self.columns.iter().map(|column| column.kind.bytes()).sum();
        let mut bytes = vec![0; stride * table.height()];
        let mut offset = 0;
        for FitsColumn { name, kind } in &self.columns {
            let cells = bytes.chunks_exact_mut(stride).map(|row| &mut row[offset..]);
            fill(table.column(name)?, *kind, cells)?;
            offset += kind.bytes();
        }
        self.bytes += bytes.len();
        Ok(self.out.write_all(&bytes))
    }

    /// Fills the last block.
    pub(super) fn finish(mut self) -> std::io::Result<()> {
        let rest = self.bytes.next_multiple_of(BLOCK) - self.bytes;
        self.out.write_all(&vec![0; rest])?;
        self.out.flush()
    }
}

/// Puts a column's values at the begin of cells, big end first.
fn fill<'a>(column: &Column, kind: Kind, cells: impl Iterator<Item = &'a mut [u8]>) -> Result<()> {
    let put = |(cell, bytes): (&mut [u8], &[u8])| cell[..bytes.len()].copy_from_slice(bytes);
    match kind {
        Kind::Text(_) => {
            let texts = column.str()?.iter().map(|text| text.unwrap_or_default().as_bytes());
            cells.zip(texts).for_each(put);
        }
        Kind::Single => {
            let values = column.f32()?.iter().map(|it| it.unwrap_or(f32::NAN).to_be_bytes());
            cells.zip(values).for_each(|(cell, bytes)| put((cell, &bytes)));
        }
        Kind::Double => {
            let values = column.f64()?.iter().map(|it| it.unwrap_or(f64::NAN).to_be_bytes());
            cells.zip(values).for_each(|(cell, bytes)| put((cell, &bytes)));
        }
        Kind::Whole => {
            let column = column.cast(&DataType::Int64)?;
            let values = column.i64()?.iter().map(|it| it.unwrap_or(NULL).to_be_bytes());
            cells.zip(values).for_each(|(cell, bytes)| put((cell, &bytes)));
        }
        Kind::Truth => {
            let value = |it: Option<bool>| it.map_or(0, |it| if it { b'T' } else { b'F' });
            let values = column.bool()?.iter().map(value);
            cells.zip(values).for_each(|(cell, byte)| put((cell, &[byte])));
        }
    }
    Ok(())
}

/// A file begins with an image; here one of nothing.
fn first_header() -> Vec<u8> {
    let mut cards = Cards::default();
    cards.value("SIMPLE", "T");
    cards.value("BITPIX", 8);
    cards.value("NAXIS", 0);
    cards.value("EXTEND", "T");
    cards.end()
}

fn table_header(columns: &[FitsColumn], rows: usize, note: Option<&str>) -> Vec<u8> {
    let mut cards = Cards::default();
    cards.text("XTENSION", "BINTABLE");
    cards.value("BITPIX", 8);
    cards.value("NAXIS", 2);
    cards.value("NAXIS1", columns.iter().map(|column| column.kind.bytes()).sum::<usize>());
    cards.value("NAXIS2", rows);
    cards.value("PCOUNT", 0);
    cards.value("GCOUNT", 1);
    cards.value("TFIELDS", columns.len());
    for (place, FitsColumn { name, kind }) in (1..).zip(columns) {
        cards.text(&format!("TTYPE{place}"), name);
        cards.text(&format!("TFORM{place}"), &kind.form());
        if let Some(unit) = unit(name) {
            cards.text(&format!("TUNIT{place}"), unit);
        }
        if *kind == Kind::Whole {
            cards.value(&format!("TNULL{place}"), NULL);
        }
    }
    cards.text("EXTNAME", "GALAXIES");
    note.into_iter().for_each(|note| cards.history(note));
    cards.end()
}

/// The cards of a header: 80 characters each.
#[derive(Default)]
struct Cards(String);

impl Cards {
    /// A number, or T or F.
    fn value(&mut self, key: &str, value: impl Display) {
        self.card(&format!("{key:<8}= {:>20}", value.to_string()));
    }

    /// A text; quotes in it are doubled, and it has eight characters at least.
    fn text(&mut self, key: &str, text: &str) {
        self.card(&format!("{key:<8}= '{:<8}'", text.replace('\'', "''")));
    }

    /// A line, over as many cards as it takes.
    fn history(&mut self, line: &str) {
        let plain: Vec<char> =
            line.chars().map(|it| if is_text(&it.to_string()) { it } else { '?' }).collect();
        for part in plain.chunks(72) {
            self.card(&format!("HISTORY {}", part.iter().collect::<String>()));
        }
    }

    fn card(&mut self, card: &str) {
        self.0.push_str(&format!("{card:<80}"));
    }

    /// The header in whole blocks.
    fn end(mut self) -> Vec<u8> {
        self.card("END");
        let mut bytes = self.0.into_bytes();
        bytes.resize(bytes.len().next_multiple_of(BLOCK), b' ');
        bytes
    }
}
