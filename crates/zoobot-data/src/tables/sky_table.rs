//! A table with the units of its columns, from and to every file format.

use super::info::{ColumnInfo, Infos};
use crate::catalog::{TableFormat, read_lined, write_described};
use polars::prelude::DataFrame;
use std::path::Path;
use zoobot_base::error::{Error, Result};

/// A table with what its file says of the columns: units, descriptions, shapes.
///
/// It need not be a catalogue of pictures: any table is read. Types, units, empty cells and all digits are kept from
/// one format to another: FITS, VOTable, Parquet (in the metadata, as astropy does it) and ECSV. CSV and TSV keep values
/// only.
///
/// ```
/// use zoobot_core::prelude::*;
/// use zoobot_core::tables::SkyTable;
/// let folder = std::env::temp_dir().join(format!("zoobot-sky-table-{}", std::process::id()));
/// let stars = df!("objid" => [1237648720693755918_i64, 5], "z" => [Some(0.05), None])?;
/// let mut stars = SkyTable::new(stars);
/// stars.set_unit("z", "km/s")?;
/// stars.write(folder.join("stars.fits"))?;
/// SkyTable::read(folder.join("stars.fits"))?.write(folder.join("stars.vot"))?;
/// let again = SkyTable::read(folder.join("stars.vot"))?;
/// assert_eq!(again.info("z").unit.as_deref(), Some("km/s"));
/// assert!(again.frame().equals_missing(stars.frame()));
/// # std::fs::remove_dir_all(folder).expect("just written");
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SkyTable {
    frame: DataFrame,
    infos: Infos,
}

impl SkyTable {
    /// Creates a table from a polars table; nothing is said of its columns.
    pub fn new(frame: DataFrame) -> Self {
        Self { frame, infos: Infos::new() }
    }

    /// Reads a table in any format, recognised by its contents; see [`Catalog::read`](crate::catalog::Catalog::read).
    /// A folder is read as one table of all Parquet files in it: folders named `KEY=VALUE` become columns, as
    /// Hive and Spark write them, and a folder with `hats.properties` is a HATS catalogue.
    ///
    /// # Errors
    /// When the file cannot be read, with what is wrong in it and what to do.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let read = read_lined(path.as_ref())?;
        Ok(Self { frame: read.table, infos: read.infos })
    }

    /// Writes the table in the format of the file's ending: `.fits`, `.fits.gz`, `.vot`, `.xml`, `.parquet`,
    /// `.ecsv`, `.csv`, `.tsv`. The file is written completely or not at all.
    ///
    /// FITS columns have the type of their values: `B`, `I`, `J`, `K`, `E`, `D`, `L`, `A`, also as vectors or of
    /// variable length; empty cells are `TNULL`, NaN or blank.
    ///
    /// # Errors
    /// [`Error::Unsuitable`] for another ending, and when the format cannot hold the table, such as text beyond
    /// ASCII in FITS or lists in CSV; [`Error::Io`] when the file cannot be written.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        let (path, table) = (path.as_ref(), &self.frame);
        let format = TableFormat::of(path)?;
        write_described(path, format, &table.clear(), Some(&self.infos), None, &|each| each(table))
    }

    /// The values.
    pub fn frame(&self) -> &DataFrame {
        &self.frame
    }

    /// What is said of a column; nothing for a column that is not there.
    pub fn info(&self, column: &str) -> ColumnInfo {
        self.infos.get(column).cloned().unwrap_or_default()
    }

    /// Sets the unit of a column.
    ///
    /// # Errors
    /// [`Error::Missing`] for a column that is not there.
    pub fn set_unit(&mut self, column: &str, unit: &str) -> Result<()> {
        let names = || self.frame.get_column_names().into_iter().map(|it| it.as_str());
        if !names().any(|it| it == column) {
            return Err(Error::missing("column", column, "the table", names()));
        }
        self.infos.entry(column.to_owned()).or_default().unit = Some(unit.to_owned());
        Ok(())
    }

    /// A table of other rows or columns with the infos of this one.
    pub(crate) fn with_frame(&self, frame: DataFrame) -> Self {
        Self { frame, infos: self.infos.clone() }
    }

    pub(crate) fn infos(&self) -> &Infos {
        &self.infos
    }

    pub(crate) fn with_infos(frame: DataFrame, infos: Infos) -> Self {
        Self { frame, infos }
    }
}
