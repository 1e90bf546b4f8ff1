//! The binary table that tiles are stored in (FITS standard 4.0, section 7.3).

use super::super::part::Part;
use super::super::source::Source;
use std::borrow::Cow;

/// A table whose rows are in memory, and whose heap is read when needed.
#[derive(Debug)]
pub(super) struct Table {
    rows: Vec<u8>,
    width: usize,
    count: usize,
    /// Where the heap begins and ends in the file.
    heap: (u64, u64),
    columns: Vec<(String, Column)>,
}

/// A column: where it is in a row, and what it holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Column {
    start: usize,
    /// The letter of its type.
    kind: u8,
    /// The number of values in a row.
    repeat: usize,
    /// For a variable-length array the number of bytes of an element.
    element: usize,
}

/// The number of bytes of a value; for `X` that of 8 bits.
fn width(kind: u8) -> Option<usize> {
    Some(match kind {
        b'L' | b'B' | b'A' | b'X' => 1,
        b'I' => 2,
        b'J' | b'E' => 4,
        b'K' | b'D' | b'C' | b'P' => 8,
        b'M' | b'Q' => 16,
        _ => return None,
    })
}

impl Column {
    /// Reads a form such as `1PB(120)` or `1D`.
    fn of(form: &str, start: usize) -> Option<Self> {
        let form = form.trim();
        let digits = form.len() - form.trim_start_matches(|it: char| it.is_ascii_digit()).len();
        let repeat = if digits == 0 { 1 } else { form[..digits].parse().ok()? };
        let kind = *form.as_bytes().get(digits)?;
        let element = form.as_bytes().get(digits + 1).and_then(|kind| width(*kind)).unwrap_or(1);
        width(kind).map(|_| Self { start, kind, repeat, element })
    }

    fn bytes(&self) -> Option<usize> {
        match self.kind {
            b'X' => Some(self.repeat.div_ceil(8)),
            kind => width(kind)?.checked_mul(self.repeat),
        }
    }

    fn is_variable(&self) -> bool {
        matches!(self.kind, b'P' | b'Q')
    }
}

fn wrong(what: &str) -> String {
    format!("damaged FITS file: the table of tiles has {what}")
}

impl Table {
    pub fn of(source: &Source, part: &Part) -> Result<Self, String> {
        let header = &part.header;
        let length = |key: &str| {
            let value = header.whole(key).and_then(|it| usize::try_from(it).ok());
            value.ok_or_else(|| wrong(&format!("no {key}")))
        };
        let (width, count) = (length("NAXIS1")?, length("NAXIS2")?);
        let bytes = width.checked_mul(count).ok_or_else(|| wrong("too many rows"))?;
        part.check_length(source)?;
        let rows = source.read(part.start, bytes)?.into_owned();
        let place = header.whole("THEAP").map_or(Ok(bytes as u64), u64::try_from);
        let place = place.map_err(|_| wrong("a heap before its rows"))?;
        let (mut columns, mut start) = (Vec::new(), 0_usize);
        for i in 1..=header.whole("TFIELDS").unwrap_or(0).clamp(0, 999) {
            let form = header.text(&format!("TFORM{i}")).unwrap_or_default();
            let column = Column::of(&form, start);
            let end =
                column.and_then(|it| start.checked_add(it.bytes()?)).filter(|end| *end <= width);
            let (Some(column), Some(end)) = (column, end) else {
                return Err(wrong(&format!("a column of the form {form:?}")));
            };
            let name = header.text(&format!("TTYPE{i}")).unwrap_or_default();
            columns.push((name.trim().to_ascii_uppercase(), column));
            start = end;
        }
        let end = part.start.saturating_add(part.length);
        Ok(Self { rows, width, count, heap: (part.start.saturating_add(place), end), columns })
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.count
    }

    pub fn column(&self, name: &str) -> Option<Column> {
        self.columns.iter().find(|(known, _)| known == name).map(|(_, column)| *column)
    }

    /// The bytes of a cell.
    fn cell(&self, column: &Column, row: usize) -> Result<&[u8], String> {
        let start = row.checked_mul(self.width).and_then(|it| it.checked_add(column.start));
        let range = start.zip(column.bytes()).map(|(start, length)| start..start + length);
        range.and_then(|range| self.rows.get(range)).ok_or_else(|| wrong("too few rows"))
    }

    /// The number of elements of a variable-length array, and its place in the heap.
    fn descriptor(&self, column: &Column, row: usize) -> Result<(u64, u64), String> {
        let cell = self.cell(column, row)?;
        let pair = match column.kind {
            b'P' => cell.first_chunk::<8>().map(|it| {
                let both = u64::from_be_bytes(*it);
                (both >> 32, both & 0xffff_ffff)
            }),
            _ => cell.first_chunk::<16>().map(|it| {
                let both = u128::from_be_bytes(*it);
                ((both >> 64) as u64, both as u64)
            }),
        };
        // An array that may be empty has no descriptor when there is none in any row: 0PB.
        Ok(pair.unwrap_or((0, 0)))
    }

    /// The number of bytes in a cell or its array.
    pub fn length(&self, column: &Column, row: usize) -> Result<usize, String> {
        if !column.is_variable() {
            return self.cell(column, row).map(<[u8]>::len);
        }
        let (count, place) = self.descriptor(column, row)?;
        let length = count.checked_mul(column.element as u64);
        let end = length.and_then(|it| it.checked_add(place)?.checked_add(self.heap.0));
        match (length, end) {
            (Some(0), _) => Ok(0),
            (Some(length), Some(end)) if end <= self.heap.1 => Ok(length as usize),
            _ => Err(wrong("a tile behind its end")),
        }
    }

    /// The bytes in a cell or its array.
    pub fn bytes<'a>(
        &'a self,
        source: &'a Source,
        column: &Column,
        row: usize,
    ) -> Result<Cow<'a, [u8]>, String> {
        if !column.is_variable() {
            return self.cell(column, row).map(Cow::Borrowed);
        }
        let (length, (_, place)) = (self.length(column, row)?, self.descriptor(column, row)?);
        if length == 0 {
            return Ok(Cow::Borrowed(&[]));
        }
        source.read(self.heap.0 + place, length)
    }

    /// The number in a cell.
    pub fn number(&self, column: &Column, row: usize) -> Result<f64, String> {
        let cell = self.cell(column, row)?;
        let value = match column.kind {
            b'D' => cell.first_chunk().map(|it| f64::from_be_bytes(*it)),
            b'E' => cell.first_chunk().map(|it| f64::from(f32::from_be_bytes(*it))),
            _ => return self.whole(column, row).map(|it| it as f64),
        };
        value.ok_or_else(|| wrong("an empty cell"))
    }

    /// The whole number in a cell.
    pub fn whole(&self, column: &Column, row: usize) -> Result<i64, String> {
        let cell = self.cell(column, row)?;
        let value = match column.kind {
            b'B' => cell.first_chunk::<1>().map(|[it]| i64::from(*it)),
            b'I' => cell.first_chunk().map(|it| i64::from(i16::from_be_bytes(*it))),
            b'J' => cell.first_chunk().map(|it| i64::from(i32::from_be_bytes(*it))),
            b'K' => cell.first_chunk().map(|it| i64::from_be_bytes(*it)),
            _ => None,
        };
        value.ok_or_else(|| wrong("a cell without a number"))
    }
}
