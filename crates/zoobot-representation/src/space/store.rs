//! Representations on disk: a Parquet table of `id_str, feat_0, ...`.

use super::{Kind, Origin, Space};
use ndarray::Array2;
use polars::prelude::{DataFrame, DataType, ParquetReader, ParquetWriter, SerReader};
use std::fs::File;
use std::path::Path;
use zoobot_base::advice::advice;
use zoobot_base::error::{Error, Result};
use zoobot_base::files::write_whole;
use zoobot_data::catalog::ID;
use zoobot_data::catalog::names::text_ids;

impl Space {
    /// Writes the table as Parquet, with the [`Origin`] in its metadata. The file appears whole or not
    /// at all.
    ///
    /// # Errors
    /// When the file cannot be written, as on a full disk.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let (mut table, origin) = (self.table(), self.origin().and_then(Origin::metadata));
        write_whole(path.as_ref(), |file| {
            let writer = ParquetWriter::new(file).with_key_value_metadata(origin);
            Ok(writer.finish(&mut table).map(drop)?)
        })
    }

    /// Reads a table written by [`save`](Self::save), by `zoobot encode`, or by any program that writes
    /// `id_str` and numeric columns whose names start with `feat`.
    ///
    /// # Errors
    /// When the file is not such a table, or a number is not finite.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let table = zoobot_data::catalog::parquet(path)?;
        let space = Self::from_table(&table).map_err(|error| wrong(path, &error.to_string()))?;
        Ok(match origin(path)? {
            Some(origin) => space.with_origin(origin),
            None => space,
        })
    }

    /// Creates a space from a table of `id_str` and numeric columns whose names start with `feat`.
    ///
    /// # Errors
    /// When a column is missing or a number is not finite.
    pub fn from_table(table: &DataFrame) -> Result<Self> {
        let missing = |name: &str, hint: &str| Error::Missing {
            kind: "column",
            name: name.to_owned(),
            place: "the table".to_owned(),
            hint: hint.to_owned(),
        };
        table.column(ID).map_err(|_| missing(ID, "Each row needs the galaxy's name"))?;
        let named = text_ids(table.select([ID])?, Path::new("<table>"))?;
        let ids = named.column(ID)?;
        let ids =
            ids.str()?.iter().map(|id: Option<&str>| id.unwrap_or_default().to_owned()).collect();
        let names: Vec<String> = table
            .get_column_names()
            .into_iter()
            .map(|name| name.to_string())
            .filter(|name| name.starts_with("feat"))
            .collect();
        if names.is_empty() {
            return Err(missing("feat_0", "Representations are columns feat_0, feat_1, ..."));
        }
        let mut features = Array2::<f32>::zeros((table.height(), names.len()));
        for (name, mut column) in names.iter().zip(features.columns_mut()) {
            let numbers = table.column(name)?.cast(&DataType::Float32)?;
            for (to, value) in column.iter_mut().zip(numbers.f32()?.iter()) {
                *to = value.unwrap_or(f32::NAN);
            }
        }
        let mut space = Self::new(ids, features)?;
        if names[0].ends_with("_pca") {
            space.kind = Kind::Components;
        }
        Ok(space)
    }
}

/// Reads the origin from the metadata of the file.
fn origin(path: &Path) -> Result<Option<Origin>> {
    let file = File::open(path).map_err(Error::io("read", path))?;
    let mut reader = ParquetReader::new(file);
    let metadata = reader.get_metadata()?;
    let pairs = metadata.key_value_metadata.iter().flatten();
    Ok(Origin::find(pairs.map(|pair| (pair.key.as_str(), pair.value.as_deref()))))
}

fn wrong(path: &Path, problem: &str) -> Error {
    Error::Catalog {
        path: path.to_path_buf(),
        problem: problem.to_owned(),
        hint: advice(
            "Make it with `zoobot encode` or space.save(..)",
            "Make it with `zoobot encode`",
        ),
    }
}

/// Writes a table; the file appears whole or not at all.
#[doc(hidden)]
pub fn write_parquet(table: &mut DataFrame, path: &Path) -> Result<()> {
    write_whole(path, |file| Ok(ParquetWriter::new(file).finish(table).map(drop)?))
}
