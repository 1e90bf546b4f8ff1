//! Parquet tables, also as other programs write them.

use super::wrong;
use crate::catalog::names;
use crate::error::{Error, Result};
use polars::prelude::*;
use std::fs::File;
use std::io::Cursor;
use std::path::Path;

/// Reads a Parquet file.
pub fn parquet(path: &Path) -> Result<DataFrame> {
    let file = File::open(path).map_err(Error::io("read", path))?;
    plain(ParquetReader::new(file).finish(), path)
}

/// Reads the bytes of a Parquet file.
pub fn from_bytes(bytes: Vec<u8>, path: &Path) -> Result<DataFrame> {
    plain(ParquetReader::new(Cursor::new(bytes)).finish(), path)
}

/// The table with columns of the kinds that tables of text have, too.
fn plain(read: PolarsResult<DataFrame>, path: &Path) -> Result<DataFrame> {
    let table = read.map_err(|error| refusal(&error, path))?;
    let columns = table.columns().iter().map(column).collect::<PolarsResult<Vec<_>>>()?;
    names::text_ids(DataFrame::new(table.height(), columns)?, path)
}

fn refusal(error: &PolarsError, path: &Path) -> Error {
    let said = error.to_string();
    if let PolarsError::Duplicate(_) = error {
        let name = said.split('\'').nth(1).unwrap_or_default();
        let problem = format!("the column {name:?} occurs twice in the Parquet table");
        return wrong(path, problem, "Rename one of them, or delete it");
    }
    let problem = "not a Parquet table that can be read";
    let unknown = ["not implemented", "not supported", "not yet supported", "unsupported"];
    match unknown.iter().any(|word| said.to_lowercase().contains(word)) {
        true => {
            let hint = "It uses a part of Parquet that is not known here: write it again, with fewer \
                        kinds of column";
            wrong(path, problem, hint)
        }
        false => wrong(path, problem, "It may have been cut off while it was written or copied"),
    }
}

/// A column as text, whole numbers, single or double precision, truth or times, where it can be.
fn column(column: &Column) -> PolarsResult<Column> {
    let without_loss = |kind: DataType| {
        let cast = column.cast(&kind).ok()?;
        (cast.null_count() == column.null_count()).then_some(cast)
    };
    match column.dtype() {
        DataType::Categorical(..) | DataType::Enum(..) | DataType::Null => {
            column.cast(&DataType::String)
        }
        // Bytes stay bytes where they are no text.
        DataType::Binary => {
            let bytes = column.binary()?.iter();
            let texts = bytes.map(|cell| cell.map(std::str::from_utf8).transpose());
            let texts: Result<Vec<Option<&str>>, _> = texts.collect();
            Ok(texts.map_or_else(|_| column.clone(), |it| Column::new(column.name().clone(), it)))
        }
        DataType::Float16 => column.cast(&DataType::Float32),
        DataType::Decimal(_, 0) => match without_loss(DataType::Int64) {
            Some(whole) => Ok(whole),
            None => match without_loss(DataType::UInt64) {
                Some(whole) => Ok(whole),
                None => column.cast(&DataType::String),
            },
        },
        _ => Ok(column.clone()),
    }
}
