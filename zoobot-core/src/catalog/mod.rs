//! A table of galaxies: which they are (`id_str`), where their pictures lie (`file_loc`), and any
//! labels. Everything starts from a [`Catalog`].

mod check;
mod fits;
mod read;
mod show;
mod split;
mod write;

use crate::error::{Error, Result};
use polars::prelude::*;
use std::path::{Path, PathBuf};

/// The column with each galaxy's unique name.
pub const ID: &str = "id_str";
/// The column with each galaxy's picture, absolute or relative to the catalogue's folder.
pub const FILE: &str = "file_loc";

/// A checked table of galaxies.
///
/// It has a text column `id_str`, unique and never empty, and a text column `file_loc`; all other
/// columns are yours. A catalogue never changes: [`head`](Self::head), [`filter`](Self::filter) and
/// the like return new ones.
///
/// ```
/// use zoobot_core::prelude::*;
/// let galaxies = Catalog::sample()?;
/// assert_eq!(galaxies.len(), 600);
/// let rings = galaxies.filter(col("class").eq(lit("ring")))?;
/// assert!(rings.len() < galaxies.len());
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Catalog {
    table: DataFrame,
    folder: PathBuf,
    source: PathBuf,
}

impl Catalog {
    /// Reads a `.csv` or `.parquet` file, or a folder of pictures as [`from_folder`](Self::from_folder)
    /// does. Relative `file_loc` start at the file's own folder.
    ///
    /// # Errors
    /// When the file cannot be read, or is not a catalogue: see [`from_table`](Self::from_table).
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        if path.is_dir() {
            return Self::from_folder(path);
        }
        let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Self::checked(read::table(path)?, folder, path.to_path_buf())
    }

    /// A catalogue from a polars table; relative `file_loc` start at `folder`.
    ///
    /// # Errors
    /// When `id_str` or `file_loc` is missing, an `id_str` is empty or stands twice, or there is
    /// no row.
    pub fn from_table(table: DataFrame, folder: impl AsRef<Path>) -> Result<Self> {
        Self::checked(table, folder.as_ref().to_path_buf(), PathBuf::from("<table>"))
    }

    /// A catalogue of the pictures in a folder (`.jpg`, `.jpeg`, `.png`), sorted by name; the
    /// `id_str` is the file's name without its ending.
    ///
    /// # Errors
    /// When the folder cannot be read or holds no picture.
    pub fn from_folder(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        let table = read::pictures(folder)?;
        Self::checked(table, folder.to_path_buf(), folder.to_path_buf())
    }

    fn checked(table: DataFrame, folder: PathBuf, source: PathBuf) -> Result<Self> {
        let table = check::catalog(table, &source)?;
        Ok(Self { table, folder, source })
    }

    /// The number of galaxies.
    pub fn len(&self) -> usize {
        self.table.height()
    }

    /// Whether there is no galaxy, as after a [`filter`](Self::filter) that matches none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The whole table.
    pub fn table(&self) -> &DataFrame {
        &self.table
    }

    /// The folder where relative `file_loc` start.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file this catalogue was read from.
    pub fn source(&self) -> &Path {
        &self.source
    }

    /// Every `id_str`, in order.
    pub fn ids(&self) -> Vec<String> {
        self.texts(ID)
    }

    /// Every picture's full path, in order; empty where `file_loc` is empty.
    pub fn files(&self) -> Vec<PathBuf> {
        let place = |file: String| match file.is_empty() {
            true => PathBuf::new(),
            false => self.folder.join(file),
        };
        self.texts(FILE).into_iter().map(place).collect()
    }

    /// A text column that [`check::catalog`] made sure of.
    fn texts(&self, column: &str) -> Vec<String> {
        let Ok(column) = self.table.column(column).and_then(|column| column.str()) else {
            return Vec::new();
        };
        column.iter().map(|text: Option<&str>| text.unwrap_or_default().to_owned()).collect()
    }

    /// One column, by name.
    ///
    /// # Errors
    /// [`Error::Missing`], with the columns there are.
    pub fn column(&self, name: &str) -> Result<Column> {
        check::column(&self.table, name, &self.source.display().to_string()).cloned()
    }

    /// One column as text, a class for each galaxy; empty where there is no value.
    ///
    /// # Errors
    /// [`Error::Missing`], with the columns there are.
    pub fn labels(&self, name: &str) -> Result<Vec<String>> {
        let column = self.column(name)?.cast(&DataType::String)?;
        Ok(column.str()?.iter().map(|text| text.unwrap_or_default().to_owned()).collect())
    }

    /// The first `n` galaxies.
    pub fn head(&self, n: usize) -> Self {
        self.with(self.table.head(Some(n)))
    }

    /// The galaxies for which a polars expression holds.
    ///
    /// # Errors
    /// When the expression names a column that is not there or does not give true or false.
    pub fn filter(&self, condition: Expr) -> Result<Self> {
        Ok(self.with(self.table.clone().lazy().filter(condition).collect()?))
    }

    /// The galaxies with these names, in the order given.
    ///
    /// # Errors
    /// [`Error::Missing`] for the first name that is not there.
    pub fn select(&self, ids: &[impl AsRef<str>]) -> Result<Self> {
        let known = self.ids();
        let place: std::collections::HashMap<&str, IdxSize> =
            known.iter().enumerate().map(|(i, id)| (id.as_str(), i as IdxSize)).collect();
        let rows: Vec<IdxSize> = ids
            .iter()
            .map(|id| {
                place.get(id.as_ref()).copied().ok_or_else(|| self.missing(id.as_ref(), &known))
            })
            .collect::<Result<_>>()?;
        Ok(self.with(self.table.take(&IdxCa::from_vec("rows".into(), rows))?))
    }

    /// The galaxies in these places, in the order given.
    ///
    /// # Errors
    /// [`Error::Polars`] when there is no such place.
    pub fn at(&self, places: &[usize]) -> Result<Self> {
        let places = places.iter().map(|&place| place as IdxSize).collect();
        Ok(self.with(self.table.take(&IdxCa::from_vec("rows".into(), places))?))
    }

    /// The error for a galaxy that is not here.
    fn missing(&self, id: &str, known: &[String]) -> Error {
        Error::Missing {
            kind: "galaxy",
            name: id.to_owned(),
            place: self.source.display().to_string(),
            hint: check::near(id, known.iter().map(String::as_str)),
        }
    }

    fn with(&self, table: DataFrame) -> Self {
        Self { table, folder: self.folder.clone(), source: self.source.clone() }
    }
}

pub(crate) use check::near;
pub(crate) use read::parquet;
pub(crate) use read::table as read_table;
pub use read::write_csv;
pub use split::Split;
pub(crate) use write::{NOTE, write_pieces};
pub use write::{TableFormat, write_table};

#[cfg(test)]
mod tests;
