//! Files written by other programs, and their contents: see `tests/recorded/tables/make.py`.

use crate::catalog::Catalog;
use polars::prelude::*;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Words of the underlying libraries, which must not appear in errors.
const JARGON: [&str; 13] = [
    "polars",
    "Schema",
    "truncate_ragged_lines",
    "infer_schema_length",
    "chunk",
    "byte offset",
    "Utf8",
    "ComputeError",
    "i64",
    "f64",
    "unwrap",
    "thrift",
    "out-of-spec",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/recorded/tables")
}

/// Checks the files of a folder, and returns the differences.
fn wrong(kind: &str) -> Vec<String> {
    let text = std::fs::read_to_string(folder().join("expected.json")).unwrap();
    let all: serde_json::Map<String, Value> = serde_json::from_str(&text).unwrap();
    let files = all.iter().filter(|(name, _)| name.starts_with(kind));
    let mut wrong = Vec::new();
    let mut count = 0;
    for (name, expected) in files {
        count += 1;
        let read = Catalog::read(folder().join(name));
        let problem = match (expected.get("error"), read) {
            (None, Ok(catalog)) => columns(&catalog, expected),
            (None, Err(error)) => Some(format!("not read: {error}")),
            (Some(_), Ok(catalog)) => Some(format!("read: {:?}", catalog.table())),
            (Some(says), Err(error)) => {
                let message = error.to_string();
                let says: Vec<&str> =
                    says.as_array().unwrap().iter().flat_map(Value::as_str).collect();
                let lacks = says.iter().find(|word| !message.contains(**word));
                let jargon = JARGON.iter().find(|word| message.contains(**word));
                let lacks = lacks.map(|word| format!("{word:?} is not in: {message}"));
                lacks.or(jargon.map(|word| format!("{word:?} is in: {message}")))
            }
        };
        wrong.extend(problem.map(|problem| format!("{name}: {problem}")));
    }
    assert!(count >= 10, "{count}");
    wrong
}

fn columns(catalog: &Catalog, expected: &Value) -> Option<String> {
    expected.as_object().unwrap().iter().find_map(|(name, column)| {
        if column["kind"] == "left out" {
            let message = catalog.column(name).unwrap_err().to_string();
            return (!message.contains("cannot be read")).then_some(message);
        }
        let Ok(read) = catalog.column(name) else {
            return Some(format!("no column {name:?} in {:?}", catalog.table().get_column_names()));
        };
        let kind = read.dtype();
        let is_kind = match column["kind"].as_str().unwrap() {
            // Lists are recorded as the text of their values.
            "text" => kind == &DataType::String || kind.is_list(),
            "whole" => kind.is_integer(),
            "number" => kind.is_float(),
            "truth" => kind == &DataType::Boolean,
            "list" => kind.is_list(),
            _ => return None,
        };
        let series = read.as_materialized_series();
        let values: Vec<Value> = series.iter().map(|value| plain(&value)).collect();
        let wanted = column["values"].as_array().unwrap();
        (!is_kind || &values != wanted)
            .then(|| format!("{name:?} is {kind} of {values:?}, not {column}"))
    })
}

fn plain(value: &AnyValue) -> Value {
    let text = |value: &AnyValue| match value {
        AnyValue::Float32(number) => format!("{number:?}"),
        AnyValue::Float64(number) => format!("{number:?}"),
        AnyValue::String(text) => (*text).to_owned(),
        other => other.to_string(),
    };
    match value {
        AnyValue::Null => Value::Null,
        AnyValue::Boolean(truth) => Value::Bool(*truth),
        // pandas reads NaN as an empty cell.
        AnyValue::Float32(number) => serde_json::json!(f64::from(*number)),
        AnyValue::Float64(number) if number.is_infinite() => Value::String("inf".to_owned()),
        AnyValue::Float64(number) => serde_json::json!(number),
        AnyValue::List(series) => {
            Value::String(series.iter().map(|value| text(&value)).collect::<Vec<_>>().join(" "))
        }
        other => Value::String(text(other)),
    }
}

#[test]
fn tables_of_text_are_read_as_they_are_written() {
    assert_eq!(wrong("text/"), [""; 0]);
}

#[test]
fn what_cannot_be_read_is_refused_in_words_of_the_file() {
    assert_eq!(wrong("broken/"), [""; 0]);
}

#[test]
fn parquet_of_other_programs_is_read_or_refused() {
    assert_eq!(wrong("parquet/"), [""; 0]);
}

#[test]
fn fits_tables_are_read_as_astropy_reads_them() {
    assert_eq!(wrong("fits/"), [""; 0]);
}

#[test]
fn votables_are_read_as_astropy_reads_them() {
    assert_eq!(wrong("votable/"), [""; 0]);
}

#[test]
fn what_is_written_is_read_again() {
    let table = df!(
        "id_str" => ["0012", "a, b", "\"x\""], "file_loc" => ["a.jpg", "b.jpg", ""],
        "n" => [i64::MIN + 1, 0, 1_237_648_720_693_755_918], "x" => [Some(0.1), None, Some(-3e300)],
        "t" => [Some(true), None, Some(false)],
    );
    let table = table.unwrap();
    let folder = tempfile::tempdir().unwrap();
    for ending in ["csv", "parquet", "fits"] {
        let path = folder.path().join(format!("t.{ending}"));
        crate::catalog::write_table(&table, &path).unwrap();
        let read = Catalog::read(&path).unwrap();
        assert_eq!(read.ids(), ["0012", "a, b", "\"x\""], "{ending}");
        for name in ["n", "x", "t"] {
            let [read, wanted] = [read.table(), &table].map(|it| it.column(name).unwrap().clone());
            assert!(read.equals_missing(&wanted), "{ending}: {read:?} {wanted:?}");
        }
    }
}

#[test]
fn a_long_table_has_its_rows_and_lines_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.csv");
    let mut text = String::from("id_str,file_loc,n,remark\n");
    for row in 0..150_000 {
        let remark = if row % 1000 == 7 { "\"two\nlines\"" } else { "" };
        text.push_str(&format!("g{row},{row}.jpg,{row},{remark}\n"));
    }
    std::fs::write(&path, &text).unwrap();
    let catalog = Catalog::read(&path).unwrap();
    let numbers: Vec<i64> = catalog.column("n").unwrap().i64().unwrap().iter().flatten().collect();
    assert_eq!(numbers, (0..150_000).collect::<Vec<i64>>());
    assert_eq!(catalog.ids()[149_999], "g149999");
    // 150 rows span two lines.
    std::fs::write(&path, text + "g5,5.jpg,1\n").unwrap();
    let message = Catalog::read(&path).unwrap_err().to_string();
    assert!(message.contains("line 150152 has 3 values"), "{message}");
}
