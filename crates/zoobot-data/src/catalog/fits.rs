//! FITS binary tables (FITS standard 4.0, section 7.3), which TOPCAT, astropy and cfitsio read.
//!
//! Covers only what a table of galaxies needs.

mod cards;
mod many;
mod values;

use super::is_missing;
use crate::tables::{ColumnInfo, Infos, lists};
use cards::Cards;
use many::Many;
use polars::prelude::{Column, DataFrame, IntoColumn, Series};
use std::io::Write;
use values::Whole;
pub(crate) use values::plain;
use zoobot_base::error::{Error, Result};
use zoobot_show::notes::note;

/// Headers and data come in blocks of this many bytes.
const BLOCK: usize = 2880;
/// The maximum number of columns: FITS has no keywords for more.
const MOST_COLUMNS: usize = 999;
/// The longest column name that fits on a header card.
const LONGEST_NAME: usize = 68;

/// A column of a FITS table.
#[derive(Debug, Clone)]
pub(super) struct FitsColumn {
    name: String,
    kind: Kind,
    info: ColumnInfo,
    /// The number of texts that end in spaces, which FITS does not keep.
    trailing: usize,
}

/// How values are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// ASCII of this many bytes.
    Text(usize),
    Single,
    Double,
    Whole(Whole),
    Truth,
    /// Several values in a cell.
    Many(Box<Kind>, Many),
}

impl Kind {
    /// The number of bytes of a cell in the row.
    fn bytes(&self) -> usize {
        match self {
            Self::Text(width) => *width,
            Self::Single => 4,
            Self::Double => 8,
            Self::Whole(whole) => whole.bytes(),
            Self::Truth => 1,
            Self::Many(each, many) => match many.is_variable() {
                true => many.place(each),
                false => many.bytes(each, many.most),
            },
        }
    }

    /// The value of `TFORM`.
    fn form(&self) -> String {
        match self {
            Self::Text(width) => format!("{width}A"),
            Self::Single => "E".to_owned(),
            Self::Double => "D".to_owned(),
            Self::Whole(whole) => whole.letter().to_owned(),
            Self::Truth => "L".to_owned(),
            Self::Many(each, many) => many.form(each),
        }
    }

    /// How whole numbers are stored, in cells or in lists.
    fn whole(&self) -> Option<&Whole> {
        match self {
            Self::Whole(whole) => Some(whole),
            Self::Many(each, _) => each.whole(),
            _ => None,
        }
    }

    fn whole_mut(&mut self) -> Option<&mut Whole> {
        match self {
            Self::Whole(whole) => Some(whole),
            Self::Many(each, _) => each.whole_mut(),
            _ => None,
        }
    }
}

/// The unit of a column, where its name leaves no doubt (VOUnits' spelling). Fractions have none.
fn unit(name: &str) -> Option<&'static str> {
    matches!(name, "ra" | "dec").then_some("deg")
}

/// The FITS columns of a table. With what is said of the columns, whole numbers are stored in their own width;
/// otherwise all are `K`.
pub(super) fn columns(table: &DataFrame, infos: Option<&Infos>) -> Result<Vec<FitsColumn>> {
    let column = |column: &Column| {
        let name = column.name().to_string();
        // A quote takes two characters of a card.
        let length = name.len() + name.matches('\'').count();
        let kept = name.trim_end() == name;
        if !is_text(&name) || !kept || !(1..=LONGEST_NAME).contains(&length) {
            let problem = format!("a FITS table cannot have a column named {name:?}");
            let hint = format!(
                "Rename it to 1 to {LONGEST_NAME} ASCII characters without a space at the end, or \
                 write .parquet or .csv"
            );
            return Err(Error::unsuitable(problem, hint));
        }
        let mut info = infos.and_then(|it| it.get(&name)).cloned().unwrap_or_default();
        if infos.is_none() {
            info.unit = unit(&name).map(str::to_owned);
        }
        let kind = values::kind(&name, column.dtype(), infos.is_some(), &info.shape)?;
        Ok(FitsColumn { kind, name, info, trailing: 0 })
    };
    if !(1..=MOST_COLUMNS).contains(&table.width()) {
        let problem = format!("a FITS table cannot have {} columns", table.width());
        let hint = format!("Write 1 to {MOST_COLUMNS} columns, or a .parquet file");
        return Err(Error::unsuitable(problem, hint));
    }
    table.columns().iter().map(column).collect()
}

/// Widens the columns to hold the values of a table.
pub(super) fn widen(columns: &mut [FitsColumn], table: &DataFrame) -> Result<()> {
    for FitsColumn { name, kind, trailing, .. } in columns {
        see(name, kind, trailing, table.column(name)?)?;
    }
    Ok(())
}

fn see(name: &str, kind: &mut Kind, trailing: &mut usize, column: &Column) -> Result<()> {
    match kind {
        Kind::Text(width) => {
            for text in plain(column)?.str()?.iter().flatten() {
                check_text(name, text)?;
                *width = text.len().max(*width);
                *trailing += usize::from(text.ends_with(' ') && !is_missing(text));
            }
        }
        Kind::Whole(whole) => whole.see(&values::wholes(column)?),
        Kind::Many(each, many) => {
            for list in lists(column)? {
                let Some(list) = list else {
                    many.empty = true;
                    continue;
                };
                many.see(list.len());
                see(name, each, trailing, &list.into_column())?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Fixes how all values are stored, once every value has been seen.
pub(super) fn settle(columns: &mut [FitsColumn]) -> Result<()> {
    for FitsColumn { name, kind, trailing, .. } in columns {
        if let Kind::Many(each, many) = kind {
            many.settle(name, each)?;
            let padded = many.empty && !many.is_variable() && many.most > 0;
            if let (Some(whole), true) = (each.whole_mut(), padded) {
                whole.see(&[None]);
            }
        }
        if let Some(whole) = kind.whole() {
            whole.settle(name)?;
        }
        if *trailing > 0 {
            note(format!(
                "FITS does not keep the spaces at the end of {trailing} texts in {name:?}"
            ));
        }
    }
    Ok(())
}

pub(super) fn check_text(column: &str, text: &str) -> Result<()> {
    if is_text(text) {
        return Ok(());
    }
    let problem = format!(
        "the text {text:?} in the column {column:?} has characters that a FITS table cannot hold"
    );
    Err(Error::unsuitable(problem, "FITS holds ASCII only: write .parquet or .csv instead"))
}

/// Whether FITS can store a text: ASCII without control characters.
fn is_text(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// A FITS table that is being written.
pub(super) struct FitsWriter<W: Write> {
    out: W,
    columns: Vec<FitsColumn>,
    bytes: usize,
    /// The values of cells of variable length, which follow the rows.
    heap: Vec<u8>,
}

impl<W: Write> FitsWriter<W> {
    /// Begins a file of one table with this many rows.
    pub(super) fn new(
        mut out: W,
        columns: &[FitsColumn],
        rows: usize,
        note: Option<&str>,
    ) -> std::io::Result<Self> {
        out.write_all(&first_header())?;
        out.write_all(&table_header(columns, rows, note))?;
        Ok(Self { out, columns: columns.to_vec(), bytes: 0, heap: Vec::new() })
    }

    /// Adds the rows of a table with these columns.
    pub(super) fn write(&mut self, table: &DataFrame) -> Result<std::io::Result<()>> {
        let stride: usize = self.columns.iter().map(|column| column.kind.bytes()).sum();
        let mut bytes = vec![0; stride * table.height()];
        let mut offset = 0;
        for FitsColumn { name, kind, .. } in &self.columns {
            let width = kind.bytes();
            if stride > 0 && width > 0 {
                let cells =
                    bytes.chunks_exact_mut(stride).map(|row| &mut row[offset..offset + width]);
                fill(table.column(name)?, kind, cells, &mut self.heap)?;
            }
            offset += width;
        }
        self.bytes += bytes.len();
        Ok(self.out.write_all(&bytes))
    }

    /// Writes the values of variable length, and fills the last block.
    pub(super) fn finish(mut self) -> std::io::Result<W> {
        self.out.write_all(&self.heap)?;
        self.bytes += self.heap.len();
        let rest = self.bytes.next_multiple_of(BLOCK) - self.bytes;
        self.out.write_all(&vec![0; rest])?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Writes a column's values to the cells, in big-endian order.
fn fill<'a>(
    column: &Column,
    kind: &Kind,
    cells: impl Iterator<Item = &'a mut [u8]>,
    heap: &mut Vec<u8>,
) -> Result<()> {
    let put = |(cell, bytes): (&mut [u8], &[u8])| cell[..bytes.len()].copy_from_slice(bytes);
    if let Kind::Many(each, many) = kind {
        for (cell, list) in cells.zip(lists(column)?) {
            let count = list.as_ref().map_or(0, |list| list.len());
            let stored = match list {
                Some(list) => many.stored(each, &list.into_column())?,
                None if many.is_variable() => Vec::new(),
                None => {
                    let nothing =
                        Series::full_null("".into(), many.most, column.list()?.inner_dtype());
                    many.stored(each, &nothing.into_column())?
                }
            };
            if !many.is_variable() {
                cell[..stored.len()].copy_from_slice(&stored);
                continue;
            }
            let (half, count) = (cell.len() / 2, many.values(count) as u64);
            let at = if count == 0 { 0 } else { heap.len() as u64 };
            cell[..half].copy_from_slice(&count.to_be_bytes()[8 - half..]);
            cell[half..].copy_from_slice(&at.to_be_bytes()[8 - half..]);
            heap.extend(stored);
        }
        return Ok(());
    }
    if let Kind::Whole(whole) = kind {
        let (from, values) = (8 - whole.bytes(), values::wholes(column)?);
        let values = values.into_iter().map(|it| whole.stored(it).to_be_bytes());
        cells.zip(values).for_each(|(cell, bytes)| put((cell, &bytes[from..])));
        return Ok(());
    }
    let column = plain(column)?;
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
        Kind::Truth => {
            let value = |it: Option<bool>| it.map_or(0, |it| if it { b'T' } else { b'F' });
            let values = column.bool()?.iter().map(value);
            cells.zip(values).for_each(|(cell, byte)| put((cell, &[byte])));
        }
        Kind::Whole(_) | Kind::Many(..) => {}
    }
    Ok(())
}

/// The primary header, which must come first in a FITS file; it describes an empty image.
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
    let heap = columns.iter().map(|column| match &column.kind {
        Kind::Many(each, many) => many.heap(each),
        _ => 0,
    });
    cards.value("PCOUNT", heap.sum::<usize>());
    cards.value("GCOUNT", 1);
    cards.value("TFIELDS", columns.len());
    for (place, FitsColumn { name, kind, info, .. }) in (1..).zip(columns) {
        cards.text(&format!("TTYPE{place}"), name);
        cards.text(&format!("TFORM{place}"), &kind.form());
        if let Kind::Many(each, many) = kind
            && let Some(axes) = many.axes(each, &info.shape)
        {
            cards.text(&format!("TDIM{place}"), &format!("({axes})"));
        }
        if let Some(unit) = &info.unit {
            cards.long_text(&format!("TUNIT{place}"), unit);
        }
        if let Some(whole) = kind.whole() {
            if let Some(zero) = whole.zero() {
                cards.value(&format!("TZERO{place}"), zero);
            }
            if let Some(null) = whole.null() {
                cards.value(&format!("TNULL{place}"), null);
            }
        }
        if let Some(ucd) = &info.ucd {
            cards.long_text(&format!("TUCD{place}"), ucd);
        }
        if let Some(description) = &info.description {
            cards.long_text(&format!("TCOMM{place}"), description);
        }
    }
    cards.text("EXTNAME", "GALAXIES");
    note.into_iter().for_each(|note| cards.history(note));
    cards.end()
}
