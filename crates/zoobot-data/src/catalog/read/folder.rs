//! Reads a folder of pictures as a table.

use super::wrong;
use crate::catalog::{FILE, ID};
use polars::prelude::{DataFrame, df};
use std::collections::HashSet;
use std::path::Path;
use zoobot_base::error::{Error, Result};
use zoobot_picture::PictureFormat;

/// The extensions of catalogues that the user may have meant if the folder has no pictures.
const TABLES: [&str; 5] = ["csv", "parquet", "tsv", "vot", "ecsv"];

/// The pictures in a folder as a table of `id_str` and `file_loc`.
pub fn pictures(folder: &Path) -> Result<DataFrame> {
    let (mut found, mut table) = (Vec::new(), None);
    for entry in std::fs::read_dir(folder).map_err(Error::io("read", folder))? {
        let path = entry.map_err(Error::io("read", folder))?.path();
        let name = path.file_name().unwrap_or_default();
        let Some(stem) = stem(&name.to_string_lossy()).filter(|_| path.is_file()) else {
            if TABLES.iter().any(|table| path.extension().is_some_and(|ending| ending == *table)) {
                table = Some(name.to_string_lossy().into_owned());
            }
            continue;
        };
        match name.to_str() {
            Some(name) => found.push((name.to_owned(), stem)),
            None => {
                let reason = "its name is not UTF-8 text; rename it".to_owned();
                return Err(Error::Picture { path, reason });
            }
        }
    }
    if let (true, Some(table)) = (found.is_empty(), table) {
        let hint = format!("For a catalogue, give its file, such as {table}");
        return Err(wrong(folder, "there is no picture in this folder", hint));
    }
    if found.is_empty() {
        let endings = PictureFormat::usual_endings();
        let hint = format!("Pictures end in {endings}; folders inside are not searched");
        return Err(wrong(folder, "there is no picture in this folder", hint));
    }
    found.sort();
    let unique = found.iter().map(|(_, stem)| stem).collect::<HashSet<_>>().len() == found.len();
    let (names, stems): (Vec<String>, Vec<String>) = found.into_iter().unzip();
    // Both a.jpg and a.png exist: only the full names distinguish them.
    let ids = if unique { stems } else { names.clone() };
    Ok(df!(ID => ids, FILE => names)?)
}

/// The name of a picture's file without its extension; `None` for other files and for hidden ones.
fn stem(name: &str) -> Option<String> {
    let (_, stem) = PictureFormat::of_name(name)?;
    (!stem.is_empty() && !stem.starts_with('.')).then(|| stem.to_owned())
}
