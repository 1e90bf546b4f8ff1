//! The header of astropy's ECSV (enhanced character-separated values): YAML in comment lines.

use super::kinds::Kind;
use super::rows::Separator;
use crate::catalog::is_missing;
use crate::tables::{Entry, entries};
use polars::prelude::*;

/// The contents of an ECSV header.
#[derive(Debug)]
pub struct Header {
    pub separator: Separator,
    /// The columns, with their types and units.
    pub columns: Vec<Entry>,
}

impl Header {
    /// Parses comment lines, without their `#`; `None` if they are not an ECSV header.
    pub fn of(comments: &[&str]) -> Option<Self> {
        let (first, lines) = comments.split_first()?;
        if !first.trim_start().starts_with("%ECSV") {
            return None;
        }
        let lines: Vec<&str> = lines.iter().map(|it| it.strip_prefix(' ').unwrap_or(it)).collect();
        let delimiter = lines.iter().find_map(|line| line.strip_prefix("delimiter:"));
        let separator = match delimiter.map(|it| it.trim().trim_matches(['\'', '"'])) {
            Some(",") => Separator::Char(b','),
            _ => Separator::Spaces,
        };
        Some(Self { separator, columns: entries(&lines).unwrap_or_default() })
    }
}

/// The type of a column, where it matters for reading it.
pub fn kind(entry: &Entry) -> Option<Kind> {
    match entry.datatype.as_str() {
        "string" => Some(Kind::Text),
        "float16" | "float32" | "float64" | "float128" => Some(Kind::Number { comma: false }),
        _ => None,
    }
}

/// The table with the types that its header declares: whole numbers of fewer bits, single precision, and lists, which
/// ECSV writes as JSON.
pub fn typed(mut table: DataFrame, entries: &[Entry]) -> PolarsResult<DataFrame> {
    for entry in entries {
        let Ok(column) = table.column(&entry.name) else { continue };
        let Some(kind) = dtype(&entry.datatype) else { continue };
        let inner = entry.subtype.split('[').next().and_then(dtype);
        let typed = match (inner, column.dtype()) {
            (Some(inner), DataType::String) if entry.subtype.contains('[') => {
                match lists(column, &inner) {
                    Some(lists) => lists,
                    None => continue,
                }
            }
            (_, from) if from.is_primitive_numeric() && kind.is_primitive_numeric() => {
                let cast = column.cast(&kind)?;
                let narrower = kind != DataType::Float64 || from.is_integer();
                if !narrower || cast.null_count() != column.null_count() {
                    continue;
                }
                cast
            }
            _ => continue,
        };
        table.with_column(typed)?;
    }
    Ok(table)
}

fn dtype(word: &str) -> Option<DataType> {
    Some(match word {
        "bool" => DataType::Boolean,
        "int8" => DataType::Int8,
        "int16" => DataType::Int16,
        "int32" => DataType::Int32,
        "int64" => DataType::Int64,
        "uint8" => DataType::UInt8,
        "uint16" => DataType::UInt16,
        "uint32" => DataType::UInt32,
        "uint64" => DataType::UInt64,
        "float32" => DataType::Float32,
        "float64" => DataType::Float64,
        "string" => DataType::String,
        _ => return None,
    })
}

/// A column of lists from JSON; `None` if a cell is not a list.
fn lists(column: &Column, inner: &DataType) -> Option<Column> {
    let list = |text: Option<&str>| -> Option<Option<Series>> {
        let Some(text) = text.filter(|it| !is_missing(it)) else { return Some(None) };
        let text = text.replace("NaN", "null").replace("-Infinity", "-1e999");
        let text = text.replace("Infinity", "1e999");
        // Numbers stay text, so that no digit is lost.
        let values: Vec<&str> = match inner {
            DataType::String => {
                let values: Vec<Option<String>> = serde_json::from_str(&text).ok()?;
                return Some(Some(Series::new(PlSmallStr::EMPTY, values)));
            }
            _ => text.split(['[', ']', ',', ' ']).filter(|it| !it.is_empty()).collect(),
        };
        let series = match inner {
            DataType::Boolean => {
                let truths = values.iter().map(|it| it.parse::<bool>().ok());
                return Some(Some(Series::new(PlSmallStr::EMPTY, truths.collect::<Vec<_>>())));
            }
            DataType::UInt64 => Series::new(
                PlSmallStr::EMPTY,
                values.iter().map(|it| it.parse::<u64>().ok()).collect::<Vec<_>>(),
            ),
            whole if whole.is_integer() => Series::new(
                PlSmallStr::EMPTY,
                values.iter().map(|it| it.parse::<i64>().ok()).collect::<Vec<_>>(),
            ),
            _ => Series::new(
                PlSmallStr::EMPTY,
                values.iter().map(|it| it.parse::<f64>().ok()).collect::<Vec<_>>(),
            ),
        };
        Some(Some(series.cast(inner).ok()?))
    };
    let lists: Vec<Option<Series>> = column.str().ok()?.iter().map(list).collect::<Option<_>>()?;
    let kind = DataType::List(Box::new(inner.clone()));
    match lists.iter().all(Option::is_none) {
        true => Some(Column::full_null(column.name().clone(), lists.len(), &kind)),
        false => Some(Column::new(column.name().clone(), lists)),
    }
}
