//! FITS tables (FITS standard 4.0, sections 7.2 and 7.3): the first table of a file, binary or ASCII.
//!
//! Whole numbers keep all their digits, even unsigned 64-bit numbers. Empty cells hold `TNULL`, NaN, or only
//! spaces. A column with several values in a cell becomes a column of lists.

mod ascii;
mod binary;
mod header;

use super::{Lined, wrong};
use crate::tables::{ColumnInfo, ColumnShape, Infos};
use header::Header;
use polars::prelude::{Column, DataFrame, PlSmallStr};
use std::collections::HashMap;
use std::path::Path;
use zoobot_base::error::Result;

/// Reads the first table of a FITS file.
pub fn table(bytes: &[u8], path: &Path) -> Result<Lined> {
    let (height, columns, infos) =
        read(bytes).map_err(|problem| wrong(path, problem.0, problem.1))?;
    Ok(Lined { infos, ..DataFrame::new(height, columns)?.into() })
}

/// The number of rows, the columns, and what the header says of them.
type Described = (usize, Vec<Column>, Infos);

/// The problem, and what to do.
type Wrong = (String, String);

fn wrong_because(problem: impl Into<String>, hint: &str) -> Wrong {
    (problem.into(), hint.to_owned())
}

fn read(bytes: &[u8]) -> Result<Described, Wrong> {
    let mut at = 0;
    while at < bytes.len() {
        let Some((header, start)) = Header::read(bytes, at) else {
            // Padding may follow the last part of a file.
            if at > 0 && bytes[at..].iter().all(|&byte| matches!(byte, 0 | b' ')) {
                break;
            }
            return Err(cut_off("its header does not end"));
        };
        let data = bytes.get(start..).unwrap_or_default();
        let size = header.size().ok_or_else(|| cut_off("a header gives no size"))?;
        match header.text("XTENSION").as_deref() {
            Some("BINTABLE" | "A3DTABLE") if !header.truth("ZIMAGE") => {
                if header.truth("ZTABLE") {
                    let hint = "Uncompress it with `funpack`";
                    return Err(wrong_because("its table is compressed, as `fpack` does it", hint));
                }
                return columns(&header, data, binary::column);
            }
            Some("TABLE") => return columns(&header, data, ascii::column),
            _ => {}
        }
        at = match start.checked_add(size).map(|end| end.next_multiple_of(header::BLOCK)) {
            Some(next) => next,
            None => return Err(cut_off("a header gives no size")),
        };
    }
    let hint = "A catalogue is a table that names the pictures; give their folder to use all";
    Err(wrong_because("the FITS file holds no table, only images", hint))
}

fn cut_off(problem: &str) -> Wrong {
    let hint = "It may have been cut off while it was written or copied";
    wrong_because(format!("damaged FITS file: {problem}"), hint)
}

/// The rows of a table, and the header that describes its columns.
struct Data<'a> {
    header: &'a Header,
    rows: &'a [u8],
    /// The number of bytes per row.
    stride: usize,
    height: usize,
    /// The heap after the rows, for cells of variable length.
    after: &'a [u8],
}

impl<'a> Data<'a> {
    /// A range of bytes of each row; `None` where rows are shorter.
    fn cells(
        &self,
        offset: usize,
        width: usize,
    ) -> Option<impl Iterator<Item = &'a [u8]> + use<'a>> {
        let fits = offset.checked_add(width).is_some_and(|end| end <= self.stride);
        let rows = self.rows.chunks_exact(self.stride.max(1)).take(self.height);
        fits.then(|| rows.map(move |row| &row[offset..offset + width]))
    }
}

/// Reads a column by its number and name; `offset` is where its bytes begin in a row, and is advanced to the
/// start of the next column.
type ReadColumn = fn(&Data, usize, PlSmallStr, &mut usize) -> Result<Column, Wrong>;

fn columns(header: &Header, data: &[u8], read: ReadColumn) -> Result<Described, Wrong> {
    let size = |key: &str| {
        let size = header.whole(key).and_then(|size| usize::try_from(size).ok());
        size.ok_or_else(|| cut_off(&format!("its header has no {key}")))
    };
    let (stride, height, fields) = (size("NAXIS1")?, size("NAXIS2")?, size("TFIELDS")?);
    let there = data.len().checked_div(stride).unwrap_or(0);
    if there < height {
        return Err(cut_off(&format!("its header announces {height} rows, but it holds {there}")));
    }
    let heap = header.whole("THEAP").and_then(|heap| usize::try_from(heap).ok());
    let after = data.get(heap.unwrap_or(stride * height)..).unwrap_or_default();
    let data = Data { header, rows: &data[..stride * height], stride, height, after };
    let mut first = HashMap::new();
    let mut offset = 0;
    let mut columns = Vec::new();
    let mut infos = Infos::new();
    for field in 1..=fields {
        let name = header.text(&format!("TTYPE{field}")).unwrap_or_default();
        let name = if name.is_empty() { format!("column_{field}") } else { name };
        if let Some(before) = first.insert(name.clone(), field) {
            let problem =
                format!("the column {name:?} occurs twice, as columns {before} and {field}");
            return Err(wrong_because(problem, "Rename one of them, or delete it"));
        }
        let info = info(header, field);
        if !info.is_empty() {
            infos.insert(name.clone(), info);
        }
        columns.push(read(&data, field, name.into(), &mut offset)?);
    }
    Ok((height, columns, infos))
}

/// What the header says of a column.
fn info(header: &Header, field: usize) -> ColumnInfo {
    let text = |key: &str| header.text(&format!("{key}{field}")).filter(|it| !it.is_empty());
    let form = text("TFORM").unwrap_or_default().to_ascii_uppercase();
    let digits = form.bytes().take_while(u8::is_ascii_digit).count();
    let axes = text("TDIM").unwrap_or_default();
    let axes: Option<Vec<usize>> =
        axes.trim_matches(['(', ')']).split(',').map(|it| it.trim().parse().ok()).collect();
    let shape = match (form[digits..].chars().next(), axes) {
        (Some('P' | 'Q'), _) if !form.ends_with('A') && !form[digits..].contains('A') => {
            ColumnShape::Variable
        }
        (Some('C' | 'M'), _) => ColumnShape::Complex,
        (Some('X'), _) => ColumnShape::Bits,
        (Some('A'), _) => ColumnShape::Unsaid,
        (_, Some(axes)) => ColumnShape::Fixed(axes),
        _ => match form[..digits].parse() {
            Ok(count) if count > 1 => ColumnShape::Fixed(vec![count]),
            _ => ColumnShape::Unsaid,
        },
    };
    let shape = if header.text("XTENSION").as_deref() == Some("TABLE") {
        ColumnShape::Unsaid
    } else {
        shape
    };
    ColumnInfo { unit: text("TUNIT"), description: text("TCOMM"), ucd: text("TUCD"), shape }
}
