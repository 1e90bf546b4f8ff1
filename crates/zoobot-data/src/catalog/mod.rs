//! A table of galaxies: their names (`id_str`), their pictures (`file_loc`), and any labels.
//! Everything starts from a [`Catalog`].

mod check;
mod condition;
mod filter;
mod fits;
mod label;
#[doc(hidden)]
pub mod missing;
#[doc(hidden)]
pub mod names;
mod position;
mod read;
mod rows;
mod show;
mod split;
mod target;
mod votes;
mod write;

use polars::prelude::*;
use read::Lined;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use zoobot_base::error::{Error, Result};

/// The column with each galaxy's unique name.
pub const ID: &str = "id_str";
/// The column with each galaxy's picture, absolute or relative to the catalogue's folder.
pub const FILE: &str = "file_loc";

/// A checked table of galaxies.
///
/// It has a text column `id_str`, unique and never empty, and a text column `file_loc`; all other
/// columns are free. NaN in a column of numbers becomes an empty cell. A catalogue never changes:
/// [`head`](Self::head), [`filter`](Self::filter) and similar methods return new catalogues.
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
    /// Columns of the file that could not be read.
    left_out: Arc<[String]>,
    /// Every `id_str`, cached on first use.
    ids: Arc<OnceLock<Vec<String>>>,
}

impl Catalog {
    /// Reads a table of galaxies from a file or a HATS catalogue, or the pictures in a folder as
    /// [`from_folder`](Self::from_folder) does. A relative `file_loc` starts at the file's own folder.
    ///
    /// The format of a file is recognised by its contents: text (CSV, also with semicolons, tabs, bars or
    /// spaces between the values; ECSV), Parquet, a FITS table (the first in the file), or a VOTable. Text,
    /// FITS and VOTable may be compressed with gzip or bzip2. In text, lines that begin with `#` may precede
    /// the column names, or contain them. A column of whole numbers keeps every digit; a column of numbers
    /// may use words such as `nan` or `NA` for empty cells.
    ///
    /// ```
    /// use zoobot_core::prelude::*;
    /// let file = std::env::temp_dir().join(format!("zoobot-example-{}.csv", std::process::id()));
    /// std::fs::write(&file, "id_str;file_loc;z\n0012;a.jpg;0,05\n0013;b.jpg;NA\n").expect("written");
    /// let galaxies = Catalog::read(&file)?;
    /// assert_eq!(galaxies.ids(), ["0012", "0013"]);
    /// assert_eq!(galaxies.column("z")?.f64()?.get(0), Some(0.05));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// When the file cannot be read (for text, with the line at fault), or is not a catalogue: see
    /// [`from_table`](Self::from_table).
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        if path.is_dir() && !crate::tables::is_hats(path) {
            return Self::from_folder(path);
        }
        let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Self::checked(read::lined(path)?, folder, path.to_path_buf())
    }

    /// Creates a catalogue from a polars table; a relative `file_loc` starts at `folder`.
    ///
    /// # Errors
    /// When `id_str` or `file_loc` is missing or not text, an `id_str` is empty, occurs twice or has lost
    /// digits as a floating-point number, or the table has no rows.
    pub fn from_table(table: DataFrame, folder: impl AsRef<Path>) -> Result<Self> {
        Self::checked(table.into(), folder.as_ref().to_path_buf(), PathBuf::from("<table>"))
    }

    /// Creates a catalogue of the pictures in a folder (`.jpg`, `.jpeg`, `.png`, `.fits`, also `.fits.fz`,
    /// `.fits.gz` and `.fits.bz2`), sorted by name; the `id_str` is the file's name without its extension.
    ///
    /// # Errors
    /// When the folder cannot be read or contains no picture.
    pub fn from_folder(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        let table = read::pictures(folder)?;
        Self::checked(table.into(), folder.to_path_buf(), folder.to_path_buf())
    }

    fn checked(read: Lined, folder: PathBuf, source: PathBuf) -> Result<Self> {
        let mut table = check::catalog(&read, &source)?;
        missing::without_nan(&mut table)?;
        Ok(Self { table, folder, source, left_out: read.left_out.into(), ids: Arc::default() })
    }

    /// The number of galaxies.
    pub fn len(&self) -> usize {
        self.table.height()
    }

    /// Whether the catalogue is empty, as after a [`filter`](Self::filter) that matches no galaxy.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The whole table.
    pub fn table(&self) -> &DataFrame {
        &self.table
    }

    /// The folder that a relative `file_loc` starts from.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file this catalogue was read from.
    pub fn source(&self) -> &Path {
        &self.source
    }

    /// Every `id_str`, in order.
    pub fn ids(&self) -> &[String] {
        self.ids.get_or_init(|| self.texts(ID))
    }

    /// The full path of every picture, in order; empty where `file_loc` is empty.
    pub fn files(&self) -> Vec<PathBuf> {
        let place = |file: String| match file.is_empty() {
            true => PathBuf::new(),
            false => self.folder.join(file),
        };
        self.texts(FILE).into_iter().map(place).collect()
    }

    /// A text column; [`check::catalog`] has checked its type.
    fn texts(&self, column: &str) -> Vec<String> {
        let Ok(column) = self.table.column(column).and_then(|column| column.str()) else {
            return Vec::new();
        };
        column.iter().map(|text: Option<&str>| text.unwrap_or_default().to_owned()).collect()
    }

    /// One column, by name.
    ///
    /// # Errors
    /// [`Error::Missing`], with the existing columns; [`Error::Catalog`] when the file has the column, but
    /// its values are of a kind that cannot be read.
    pub fn column(&self, name: &str) -> Result<Column> {
        let place = self.source.display().to_string();
        if self.left_out.iter().any(|it| it == name) {
            return Err(check::unreadable(name, &place));
        }
        check::column(&self.table, name, &place).cloned()
    }

    /// One column as text, a class for each galaxy; empty where there is no value: see [`is_missing`].
    ///
    /// # Errors
    /// [`Error::Missing`], with the existing columns.
    pub fn labels(&self, name: &str) -> Result<Vec<String>> {
        if name == ID || name == FILE {
            return Ok(self.texts(name));
        }
        let classes = Label::of(self, name)?.classes()?.into_iter();
        Ok(classes.map(Option::unwrap_or_default).collect())
    }

    /// One column as numbers; NaN where a galaxy has no value.
    ///
    /// ```
    /// use zoobot_core::prelude::*;
    /// let radii = Catalog::sample()?.numbers("radius")?;
    /// let known = radii.iter().filter(|radius| radius.is_finite()).count();
    /// assert!(radii.len() == 600 && known < 600, "stars have no radius");
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Missing`], with the existing columns; [`Error::Catalog`] for a column that does not hold
    /// numbers, with the columns that do.
    pub fn numbers(&self, name: &str) -> Result<Vec<f64>> {
        let column = self.column(name)?;
        let is_numeric = |column: &Column| {
            let kind = column.dtype();
            kind.is_primitive_numeric() || kind.is_decimal() || kind.is_bool() || kind.is_null()
        };
        if !is_numeric(&column) {
            let names = self.table.columns().iter().filter(|column| is_numeric(column));
            let names: Vec<&str> = names.map(|column| column.name().as_str()).collect();
            let (first, more) = names.split_at(names.len().min(8));
            let dots = if more.is_empty() { "" } else { ", ..." };
            return Err(Error::Catalog {
                path: self.source.clone(),
                problem: format!("the column {name:?} does not hold numbers"),
                hint: match first {
                    [] => "No column does".to_owned(),
                    first => format!("Columns with numbers: {}{dots}", first.join(", ")),
                },
            });
        }
        let numbers = column.cast(&DataType::Float64)?;
        Ok(numbers.f64()?.iter().map(|value| value.unwrap_or(f64::NAN)).collect())
    }

    /// The first `n` galaxies.
    pub fn head(&self, n: usize) -> Self {
        self.with(self.table.head(Some(n)))
    }

    /// Selects galaxies, in the order given: by their names, or by a table or catalogue that contains them.
    ///
    /// ```
    /// use zoobot_core::prelude::*;
    /// let galaxies = Catalog::sample()?;
    /// let bright = galaxies.table().top("radius", 3)?;
    /// assert_eq!(galaxies.select(&bright)?.len(), 3);
    /// assert_eq!(galaxies.select(&["SIM000005"])?.len(), 1);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Missing`] for the first name that is not in the catalogue, and for a table without `id_str`.
    pub fn select(&self, galaxies: &(impl GalaxyNames + ?Sized)) -> Result<Self> {
        let rows = rows::places(self.ids(), galaxies, || self.source.display().to_string())?;
        self.at(&rows)
    }

    /// The galaxies at these row indices, in the order given.
    ///
    /// # Errors
    /// [`Error::Polars`] when an index is out of range.
    pub fn at(&self, places: &[usize]) -> Result<Self> {
        let places = places.iter().map(|&place| place as IdxSize).collect();
        Ok(self.with(self.table.take(&IdxCa::from_vec("rows".into(), places))?))
    }

    fn with(&self, table: DataFrame) -> Self {
        Self { table, ids: Arc::default(), ..self.clone() }
    }
}

pub use condition::{Condition, condition};
pub use filter::Filter;
pub(crate) use fits::plain as fits_plain;
#[doc(hidden)]
pub use label::Label;
pub use missing::is_missing;
pub(crate) use position::table_positions;
#[doc(hidden)]
pub use position::{Positions, is_position, position_of};
pub(crate) use read::lined as read_lined;
#[doc(hidden)]
pub use read::parquet;
#[doc(hidden)]
pub use read::table as read_table;
pub(crate) use read::{joined as read_joined, parquet_lined as read_parquet_lined};
#[doc(hidden)]
pub use rows::places;
pub use rows::{GalaxyNames, Rows};
pub use split::Split;
#[doc(hidden)]
pub use target::{Target, labelled, regressor};
#[doc(hidden)]
pub use write::{NOTE, write_pieces};
pub(crate) use write::{Pieces, write_described};
pub use write::{TableFormat, write_table};

#[cfg(test)]
mod tests;
