//! A folder of Parquet files as one table: as Spark and Hive write them, and HATS.

use super::{Lined, parquet, wrong};
use crate::catalog::names::as_text;
use crate::tables::{HATS_PROPERTIES, Infos, hats_main, hats_table};
use polars::prelude::*;
use std::path::{Path, PathBuf};
use zoobot_base::error::{Error, Result};
use zoobot_base::interrupt;

/// Reads all Parquet files of a folder and of the folders in it, in the order of their names.
pub fn table(folder: &Path) -> Result<Lined> {
    let main = hats_main(folder)?;
    if HATS_PROPERTIES.iter().any(|name| main.join(name).is_file()) {
        let (table, infos) = hats_table(&main)?;
        return Ok(Lined { infos, ..table.into() });
    }
    let mut files = Vec::new();
    find(folder, &mut files)?;
    if files.is_empty() {
        let hint = "Give the file of the table, or a folder with Parquet files";
        return Err(wrong(folder, "it is a folder without a Parquet table", hint));
    }
    let read = |file: &PathBuf| -> Result<(DataFrame, Infos)> {
        interrupt::check("reading tables", || "some of the files".to_owned())?;
        let Lined { mut table, infos, .. } = parquet::lined(file)?;
        for (key, value) in keys(folder, file) {
            let value: Option<String> = (value != "__HIVE_DEFAULT_PARTITION__").then_some(value);
            if table.column(&key).is_err() {
                let values = vec![value; table.height()];
                table.with_column(Column::new(key.into(), values))?;
            }
        }
        Ok((table, infos))
    };
    let pieces = files.iter().map(read).collect::<Result<Vec<_>>>()?;
    let infos = pieces.first().map(|(_, infos)| infos.clone()).unwrap_or_default();
    let mut whole = joined(folder, &files, pieces.into_iter().map(|(table, _)| table).collect())?;
    // Values in the names of folders are whole numbers if all of them are.
    for (key, _) in files.first().map(|file| keys(folder, file)).unwrap_or_default() {
        let column = whole.column(&key)?;
        let Ok(texts) = column.str() else { continue };
        let plain = |text: &str| text.parse::<i64>().is_ok_and(|it| it.to_string() == text);
        if texts.null_count() < texts.len() && texts.iter().flatten().all(plain) {
            let whole_numbers = column.cast(&DataType::Int64)?;
            whole.with_column(whole_numbers)?;
        }
    }
    Ok(Lined { infos, ..whole.into() })
}

/// Puts tables below each other; columns are found by their names.
pub fn joined(folder: &Path, files: &[PathBuf], tables: Vec<DataFrame>) -> Result<DataFrame> {
    let mut tables = tables.into_iter().zip(files);
    let Some((mut whole, first)) = tables.next() else { return Ok(DataFrame::empty()) };
    for (table, file) in tables {
        let names = whole.get_column_names_owned();
        let aligned = table.select(names.iter().cloned());
        let Ok(mut aligned) = aligned
            .map_err(|_| ())
            .and_then(|it| if it.width() == table.width() { Ok(it) } else { Err(()) })
        else {
            let problem = format!("{} has other columns than {}", file.display(), first.display());
            return Err(wrong(folder, problem, "Give files with the same columns"));
        };
        for name in &names {
            let (have, got) = (whole.column(name)?.dtype().clone(), aligned.column(name)?.clone());
            if have == *got.dtype() {
                continue;
            }
            // The first file may have had only whole numbers, or no value at all.
            let common = match (have.is_primitive_numeric(), got.dtype().is_primitive_numeric()) {
                (true, true) => DataType::Float64,
                _ => DataType::String,
            };
            let text = |column: &Column| match common {
                DataType::String => {
                    as_text(column).map_err(|(problem, hint)| wrong(file, problem, hint))
                }
                _ => Ok(column.cast(&common)?),
            };
            let (before, after) = (text(whole.column(name)?)?, text(&got)?);
            whole.with_column(before)?;
            aligned.with_column(after)?;
        }
        whole.vstack_mut(&aligned)?;
    }
    whole.rechunk_mut();
    Ok(whole)
}

/// The values in the names of the folders between a folder and a file.
fn keys(folder: &Path, file: &Path) -> Vec<(String, String)> {
    let inner = file.parent().and_then(|it| it.strip_prefix(folder).ok()).unwrap_or(Path::new(""));
    let parts = inner.components().map(|it| it.as_os_str().to_string_lossy().into_owned());
    parts
        .filter_map(|part| part.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned())))
        .collect()
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = std::fs::read_dir(folder).map_err(Error::io("read", folder))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // Such names are for the program that wrote them.
        if name.starts_with(['_', '.']) {
            continue;
        }
        if path.is_dir() {
            find(&path, files)?;
        } else if name.ends_with(".parquet") || name.ends_with(".parq") {
            files.push(path);
        }
    }
    Ok(())
}
