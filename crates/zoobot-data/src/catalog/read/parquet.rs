//! Parquet tables, including those that other programs write.

use super::{Lined, wrong};
use crate::catalog::names::text_ids;
use crate::catalog::write::YAML;
use crate::tables::{Infos, entries};
use polars::io::mmap::MmapBytesReader;
use polars::prelude::*;
use std::fs::File;
use std::io::{Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use zoobot_base::error::{Error, Result};

/// Reads a Parquet file.
pub fn parquet(path: &Path) -> Result<DataFrame> {
    text_ids(lined(path)?.table, path)
}

/// Reads a Parquet file, and lists the columns that are left out.
pub fn lined(path: &Path) -> Result<Lined> {
    let file = File::open(path).map_err(Error::io("read", path))?;
    read(ParquetReader::new(file), path)
}

/// Reads the bytes of a Parquet file.
pub fn from_bytes(bytes: Vec<u8>, path: &Path) -> Result<Lined> {
    read(ParquetReader::new(Cursor::new(bytes)), path)
}

fn read<R: MmapBytesReader>(reader: ParquetReader<R>, path: &Path) -> Result<Lined> {
    // polars panics at some damaged files.
    let read = catch_unwind(AssertUnwindSafe(|| unguarded(reader, path)));
    read.unwrap_or_else(|_| {
        Err(wrong(path, "not a Parquet table that can be read", "The file is damaged"))
    })
}

fn unguarded<R: MmapBytesReader>(mut reader: ParquetReader<R>, path: &Path) -> Result<Lined> {
    let refused = |error| refusal(&error, path);
    let schema = reader.schema().map_err(refused)?;
    let (kept, left_out): (Vec<_>, Vec<_>) =
        schema.iter().partition(|(_, field)| is_known(&field.dtype));
    let infos = infos(&mut reader).map_err(refused)?;
    let [kept, left_out] = [kept, left_out]
        .map(|fields| fields.into_iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>());
    if !left_out.is_empty() {
        reader = reader.with_columns(Some(kept));
    }
    let table = reader.finish().map_err(refused)?;
    let columns = table.columns().iter().map(column).collect::<PolarsResult<Vec<_>>>()?;
    let table = DataFrame::new(table.height(), columns)?;
    Ok(Lined { table, lines: Vec::new(), left_out, infos })
}

/// What the metadata says of the columns, where astropy or this library wrote it.
fn infos<R: MmapBytesReader>(reader: &mut ParquetReader<R>) -> PolarsResult<Infos> {
    let keys = reader.get_metadata()?.key_value_metadata().clone().unwrap_or_default();
    let yaml = keys.into_iter().find(|it| it.key == YAML).and_then(|it| it.value);
    let yaml = yaml.unwrap_or_default();
    let entries = entries(&yaml.lines().collect::<Vec<_>>()).unwrap_or_default();
    let said = entries.into_iter().filter(|entry| !entry.info.is_empty());
    Ok(said.map(|entry| (entry.name, entry.info)).collect())
}

/// Whether polars supports a column type; on others it panics or rejects the whole file.
fn is_known(kind: &ArrowDataType) -> bool {
    use ArrowDataType as Kind;
    match kind {
        Kind::List(inner) | Kind::LargeList(inner) | Kind::Map(inner, _) => is_known(&inner.dtype),
        Kind::Struct(fields) => fields.iter().all(|field| is_known(&field.dtype)),
        Kind::Dictionary(_, inner, _) => is_known(inner),
        Kind::FixedSizeList(..)
        | Kind::Decimal256(..)
        | Kind::Interval(_)
        | Kind::Int128
        | Kind::UInt128
        | Kind::Extension(_)
        | Kind::Union(_)
        | Kind::Unknown => false,
        _ => true,
    }
}

/// Whether a file begins with the Parquet magic bytes.
fn starts_as_parquet(path: &Path) -> bool {
    let mut first = [0; 4];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut first));
    read.is_ok() && first == *b"PAR1"
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
            let hint = "It uses a feature of Parquet that is not supported: write it again, with \
                        plain columns";
            wrong(path, problem, hint)
        }
        false if starts_as_parquet(path) => {
            wrong(path, problem, "It may have been cut off while it was written or copied")
        }
        false => wrong(path, problem, "It is a file of another kind"),
    }
}

/// Converts a column to text, whole numbers, single or double precision, truth values or times, if possible.
fn column(column: &Column) -> PolarsResult<Column> {
    let without_loss = |kind: DataType| {
        let cast = column.cast(&kind).ok()?;
        (cast.null_count() == column.null_count()).then_some(cast)
    };
    match column.dtype() {
        DataType::Categorical(..) | DataType::Enum(..) | DataType::Null => {
            column.cast(&DataType::String)
        }
        // Bytes that are not UTF-8 stay bytes.
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
