//! From a table to a file: CSV, Parquet or FITS, whole or not at all.

use super::fits::{self, FitsWriter};
use super::{FILE, ID};
use crate::error::{Error, Result, kind_words};
use crate::files::write_whole;
use polars::prelude::*;
use std::io::BufWriter;
use std::path::Path;

/// The kinds of file that tables are written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableFormat {
    /// Comma-separated text.
    Csv,
    /// Parquet.
    Parquet,
    /// A FITS binary table, which TOPCAT and astropy open.
    Fits,
}

impl TableFormat {
    /// The format that a file's name asks for: `.csv`, `.parquet`, `.fits` or `.fit`.
    ///
    /// # Errors
    /// [`Error::Invalid`] for another ending.
    pub fn of(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        match ending.to_lowercase().as_str() {
            "csv" => Ok(Self::Csv),
            "parquet" => Ok(Self::Parquet),
            "fits" | "fit" => Ok(Self::Fits),
            _ => {
                let expected = "a name that ends in .parquet, .csv or .fits";
                Err(Error::invalid("the file to write", path.display(), expected))
            }
        }
    }
}

impl TableFormat {
    /// Fails when the format cannot hold one of these texts: to be told before long work.
    pub(crate) fn check(self, column: &str, texts: &[String]) -> Result<()> {
        match self {
            Self::Fits => texts.iter().try_for_each(|text| fits::check_text(column, text)),
            _ => Ok(()),
        }
    }
}

/// Writes a table, in the format of the file's ending. The file appears whole or not at all, and its
/// folder is made where it is missing.
///
/// In FITS, text and dates are `A`, numbers are `D`, `E` or `K` and truth is `L`; an empty cell is
/// blank, NaN, or `TNULL`. FITS holds ASCII only, and no column both with empty cells and with whole
/// numbers above 9223372036854775807: what it cannot hold is an error.
///
/// ```
/// use zoobot_core::catalog::write_table;
/// use zoobot_core::polars::prelude::df;
/// let table = df!("id_str" => ["a", "b"], "ra" => [10.5, 11.0])?;
/// let path = std::env::temp_dir().join(format!("doc-{}.fits", std::process::id()));
/// write_table(&table, &path)?;
/// # std::fs::remove_file(path).expect("just written");
/// # Ok::<(), zoobot_core::Error>(())
/// ```
///
/// # Errors
/// [`Error::Invalid`] for another ending; [`Error::Io`], [`Error::Catalog`] or [`Error::Polars`]
/// when the file cannot be written or the format cannot hold the table.
pub fn write_table(table: &DataFrame, path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    write_pieces(path, TableFormat::of(path)?, &table.clear(), None, &|each| each(table))
}

/// Which quotes a CSV file needs, so that text such as `0012` is read again as text.
fn quotes(table: &DataFrame) -> Result<QuoteStyle> {
    let typed = |text: &str| {
        let text = text.trim();
        text.parse::<f64>().is_ok() || ["true", "false"].contains(&text.to_lowercase().as_str())
    };
    for column in table.columns() {
        match column.dtype() {
            // These are text whatever they look like.
            DataType::String if [ID, FILE].contains(&column.name().as_str()) => {}
            DataType::String => {
                if column.str()?.iter().flatten().any(typed) {
                    return Ok(QuoteStyle::NonNumeric);
                }
            }
            other if other.is_nested() || other.is_binary() => {
                let value = format!("{} in {:?}", kind_words(other), column.name());
                let expected = "one value to a cell in a .csv file: write .parquet instead";
                return Err(Error::invalid("what a column holds", value, expected));
            }
            _ => {}
        }
    }
    Ok(QuoteStyle::Necessary)
}

/// A table that comes in pieces of the same columns: calls what it is given with each, in order.
pub(crate) type Pieces<'a> = dyn Fn(&mut dyn FnMut(&DataFrame) -> Result<()>) -> Result<()> + 'a;

/// Under which a Parquet table keeps what it is.
pub(crate) const NOTE: &str = "zoobot";

/// Writes a table that is never whole in memory.
///
/// `empty` has its columns and no row. `note` says what the table is, on one line: it goes into
/// Parquet's metadata under [`NOTE`] and into FITS's history; CSV has no place for it.
pub(crate) fn write_pieces(
    path: &Path,
    format: TableFormat,
    empty: &DataFrame,
    note: Option<&str>,
    pieces: &Pieces,
) -> Result<()> {
    match format {
        TableFormat::Csv => write_whole(path, |file| {
            let mut first = true;
            let mut write = |table: &mut DataFrame| {
                let header = std::mem::replace(&mut first, false);
                let quotes = quotes(table)?;
                let writer = CsvWriter::new(file).include_header(header);
                Ok(writer.with_quote_style(quotes).finish(table)?)
            };
            write(&mut empty.clone())?;
            pieces(&mut |table| write(&mut table.clone()))
        }),
        TableFormat::Parquet => write_whole(path, |file| {
            let note = note.map(|note| {
                KeyValueMetadata::from_static(vec![(NOTE.to_owned(), note.to_owned())])
            });
            let writer = ParquetWriter::new(file).with_key_value_metadata(note);
            let mut writer = writer.batched(empty.schema())?;
            pieces(&mut |table| {
                if table.height() > 0 {
                    writer.write_batch(table)?;
                }
                Ok(())
            })?;
            writer.finish()?;
            Ok(())
        }),
        TableFormat::Fits => {
            let (mut columns, mut rows) = (fits::columns(empty)?, 0);
            pieces(&mut |table| {
                rows += table.height();
                fits::widen(&mut columns, table)
            })?;
            fits::settle(&mut columns)?;
            write_whole(path, |file| {
                let full = |error| Error::io("write", path)(error);
                let out = BufWriter::new(file);
                let mut writer = FitsWriter::new(out, &columns, rows, note).map_err(full)?;
                pieces(&mut |table| writer.write(table)?.map_err(full))?;
                writer.finish().map_err(full)
            })
        }
    }
}

#[cfg(test)]
mod tests;
