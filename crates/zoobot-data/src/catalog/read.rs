//! Reads a table from a file: text, Parquet, FITS or VOTable, compressed or not, or a folder of pictures.

mod content;
mod fits;
mod folder;
mod parquet;
mod partitions;
mod text;
mod votable;

use super::names::text_ids;
use crate::tables::Infos;
use content::{Bytes, Kind};
use polars::prelude::DataFrame;
use std::path::Path;
use zoobot_base::error::{Error, Result};

pub use folder::pictures;
pub use parquet::{lined as parquet_lined, parquet};
pub use partitions::joined;

/// A table that was read from a file, with the lines of its rows.
#[derive(Debug)]
pub struct Lined {
    pub table: DataFrame,
    /// The line of each row in a text file, counted from 1; empty for other files.
    pub lines: Vec<u32>,
    /// Columns of the file whose values are of a kind that cannot be read.
    pub left_out: Vec<String>,
    /// Units, descriptions and shapes.
    pub infos: Infos,
}

impl From<DataFrame> for Lined {
    fn from(table: DataFrame) -> Self {
        Self { table, lines: Vec::new(), left_out: Vec::new(), infos: Infos::new() }
    }
}

/// Reads a table in any format, recognised by its first bytes.
pub fn lined(path: &Path) -> Result<Lined> {
    if path.is_dir() {
        return partitions::table(path);
    }
    let bytes = Bytes::of(path)?;
    match content::kind(&bytes, path)? {
        Kind::Text => text::table(bytes.whole(path)?, path),
        Kind::Parquet => match bytes {
            Bytes::File { .. } => parquet::lined(path),
            Bytes::Unpacked(bytes) => parquet::from_bytes(bytes, path),
        },
        Kind::Fits => fits::table(&bytes.whole(path)?, path),
        Kind::VoTable => votable::table(bytes.whole(path)?, path),
    }
}

/// Reads a table in any format; converts `id_str` to text if the table has it.
pub fn table(path: &Path) -> Result<DataFrame> {
    text_ids(lined(path)?.table, path)
}

/// An error about a file.
pub fn wrong(path: &Path, problem: impl Into<String>, hint: impl Into<String>) -> Error {
    Error::Catalog { path: path.to_path_buf(), problem: problem.into(), hint: hint.into() }
}

#[cfg(test)]
mod tests;
