//! The file of an export, and where its columns are.

use super::csv::Row;
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use zoobot_base::error::{Error, Result};

/// The size of the pieces that are read, in bytes.
pub const PIECE: usize = 1 << 18;
/// The columns that are needed.
pub const COLUMNS: [&str; 10] = [
    "classification_id",
    "user_name",
    "user_id",
    "workflow_id",
    "workflow_version",
    "created_at",
    "metadata",
    "annotations",
    "subject_data",
    "subject_ids",
];
// The places of these columns in `COLUMNS`.
pub const CLASSIFICATION: usize = 0;
pub const USER: usize = 1;
pub const USER_ID: usize = 2;
pub const WORKFLOW: usize = 3;
pub const VERSION: usize = 4;
pub const CREATED: usize = 5;
pub const METADATA: usize = 6;
pub const ANNOTATIONS: usize = 7;
pub const DATA: usize = 8;
pub const SUBJECTS: usize = 9;

pub const BROKEN: &str = "Download the export again";

/// A row that cannot be read.
pub struct Wrong {
    pub problem: String,
    pub hint: &'static str,
}

impl Wrong {
    pub fn new(problem: impl Into<String>, hint: &'static str) -> Self {
        Self { problem: problem.into(), hint }
    }
}

/// Parses a cell.
pub fn json<'a, T: serde::Deserialize<'a>>(
    row: &'a Row,
    columns: &[usize; 10],
    which: usize,
) -> Result<T, Wrong> {
    serde_json::from_slice(row.cell(columns[which]))
        .map_err(|error| Wrong::new(format!("{} is not JSON ({error})", COLUMNS[which]), BROKEN))
}

/// Opens a file, also one packed with gzip, behind a byte order mark.
pub fn opened(path: &Path) -> Result<Box<dyn BufRead>> {
    let failed = || Error::io("read", path);
    let file = File::open(path).map_err(failed())?;
    let mut file = BufReader::with_capacity(PIECE, file);
    let packed = file.fill_buf().map_err(failed())?.starts_with(&[0x1f, 0x8b]);
    let plain: Box<dyn Read> = match packed {
        true => Box::new(MultiGzDecoder::new(file)),
        false => Box::new(file),
    };
    let mut plain = BufReader::with_capacity(PIECE, plain);
    if plain.fill_buf().map_err(failed())?.starts_with(b"\xef\xbb\xbf") {
        plain.consume(3);
    }
    Ok(Box::new(plain))
}

/// Where the columns are.
pub fn columns(header: &Row, path: &Path) -> Result<[usize; 10]> {
    let names: Vec<String> = (0..header.len()).map(|it| header.text(it).into_owned()).collect();
    let mut places = [0; 10];
    let mut lacking = Vec::new();
    for (place, name) in places.iter_mut().zip(COLUMNS) {
        match names.iter().position(|it| it == name) {
            Some(found) => *place = found,
            None => lacking.push(name),
        }
    }
    if lacking.is_empty() {
        return Ok(places);
    }
    let path = PathBuf::from(path);
    let what = match names.iter().any(|it| it == "subject_set_id") {
        true => " It looks like a subject export",
        false => "",
    };
    Err(Error::Catalog {
        path,
        problem: format!("it is no classification export: it lacks {}", lacking.join(", ")),
        hint: format!(
            "In the project's Lab, choose \"Data Exports\" and request the classification export.{what}"
        ),
    })
}
