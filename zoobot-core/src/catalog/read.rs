//! From a file to a table: CSV, Parquet, or a folder of pictures.

use super::{FILE, ID};
use crate::error::{Error, Result};
use polars::prelude::*;
use std::fs::File;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

/// The picture files that a folder is searched for.
const PICTURES: [&str; 3] = ["jpg", "jpeg", "png"];

/// Reads a table by the ending of its name.
pub fn table(path: &Path) -> Result<DataFrame> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    match ending.to_lowercase().as_str() {
        "csv" => csv(path),
        "parquet" => parquet(path),
        _ => Err(Error::Catalog {
            path: path.to_path_buf(),
            problem: format!("the ending {ending:?} is not known"),
            hint: "Catalogues end in .csv or .parquet; for a folder of pictures use \
                   Catalog::from_folder"
                .to_owned(),
        }),
    }
}

fn csv(path: &Path) -> Result<DataFrame> {
    let damaged = |problem: String, hint: &str| Error::Catalog {
        path: path.to_path_buf(),
        problem,
        hint: hint.to_owned(),
    };
    let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
    if let Err(error) = std::str::from_utf8(&bytes) {
        let line = bytes[..error.valid_up_to()].iter().filter(|&&byte| byte == b'\n').count() + 1;
        return Err(damaged(
            format!("line {line} is not UTF-8 text"),
            "Save the table as UTF-8 (in a spreadsheet: \"CSV UTF-8\")",
        ));
    }
    // Spreadsheets put a byte-order mark before the first column's name.
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes).to_vec();
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err(damaged("the file is empty".to_owned(), "It needs a line of column names"));
    }
    // Names of galaxies are text even where all are digits: as numbers they would lose zeros.
    let text_columns: Schema =
        [ID, FILE].into_iter().map(|name| Field::new(name.into(), DataType::String)).collect();
    CsvReadOptions::default()
        .with_has_header(true)
        .with_infer_schema_length(None)
        .with_schema_overwrite(Some(Arc::new(text_columns)))
        .into_reader_with_file_handle(Cursor::new(text))
        .finish()
        .map_err(|error| damaged(format!("not a CSV table: {error}"), "Check the line it names"))
}

/// Reads a Parquet file.
pub fn parquet(path: &Path) -> Result<DataFrame> {
    let file = File::open(path).map_err(Error::io("read", path))?;
    ParquetReader::new(file).finish().map_err(|error| Error::Catalog {
        path: path.to_path_buf(),
        problem: format!("not a Parquet table: {error}"),
        hint: "It may have been cut off while it was written or copied".to_owned(),
    })
}

/// The pictures in a folder as a table of `id_str` and `file_loc`.
pub fn pictures(folder: &Path) -> Result<DataFrame> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Error::io("read", folder))? {
        let path = entry.map_err(Error::io("read", folder))?.path();
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if !path.is_file() || !PICTURES.contains(&ending.to_lowercase().as_str()) {
            continue;
        }
        match path.file_name().and_then(|name| name.to_str()) {
            Some(name) => names.push(name.to_owned()),
            None => {
                return Err(Error::Picture {
                    path,
                    reason: "its name is not UTF-8 text; rename it".to_owned(),
                });
            }
        }
    }
    if names.is_empty() {
        return Err(Error::Catalog {
            path: folder.to_path_buf(),
            problem: "there is no picture in this folder".to_owned(),
            hint: "Pictures end in .jpg, .jpeg or .png; folders inside are not searched".to_owned(),
        });
    }
    names.sort();
    let stem =
        |name: &String| Path::new(name).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let ids: Vec<String> = names.iter().filter_map(stem).collect();
    let unique = ids.iter().collect::<std::collections::HashSet<_>>().len() == names.len();
    // a.jpg beside a.png: only the whole names tell them apart.
    let ids = if unique { ids } else { names.clone() };
    Ok(df!(ID => ids, FILE => names)?)
}
