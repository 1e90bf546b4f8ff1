//! Writes a table to a file in any format, completely or not at all.

use super::fits::{self, FitsWriter};
use super::{Catalog, FILE, ID};
use crate::tables::{Infos, VoTableWriter, votable_kinds, write_ecsv, yaml};
use polars::prelude::*;
use std::io::{BufWriter, Write};
use std::path::Path;
use zoobot_base::error::{Error, Result, kind_words};
use zoobot_base::files::write_whole;
use zoobot_show::notes::note_about;

/// The file formats that tables can be written in.
///
/// ```
/// use zoobot_core::catalog::TableFormat;
/// assert_eq!(TableFormat::of("votes.fits")?, TableFormat::Fits);
/// assert!(TableFormat::of("votes.docx").is_err());
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableFormat {
    /// Comma-separated text.
    Csv,
    /// Parquet.
    Parquet,
    /// A FITS binary table, which TOPCAT and astropy can open.
    Fits,
    /// Text separated by tabs.
    Tsv,
    /// ECSV, astropy's text with the types and units of the columns.
    Ecsv,
    /// A VOTable, the XML of the virtual observatory.
    VoTable,
}

impl TableFormat {
    /// The format that a file's extension asks for: `.csv`, `.tsv`, `.ecsv`, `.parquet`, `.fits`, `.fit`, `.vot`,
    /// `.votable` or `.xml`; all but Parquet may be followed by `.gz`, which packs the file.
    ///
    /// # Errors
    /// [`Error::Unsuitable`] for another extension.
    pub fn of(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let packed = name.ends_with(".gz");
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        match ending {
            "csv" => Ok(Self::Csv),
            "parquet" if !packed => Ok(Self::Parquet),
            "fits" | "fit" => Ok(Self::Fits),
            "tsv" => Ok(Self::Tsv),
            "ecsv" => Ok(Self::Ecsv),
            "vot" | "votable" | "xml" => Ok(Self::VoTable),
            _ => {
                let problem = format!("a table cannot be written to {}", path.display());
                let hint = "Choose a name that ends in .parquet, .csv or .fits (or in .tsv, .ecsv, \
                            .vot, .fits.gz)";
                Err(Error::unsuitable(problem, hint))
            }
        }
    }
}

impl TableFormat {
    /// Fails when the format cannot hold one of these texts, so that the error comes before a long
    /// computation.
    #[doc(hidden)]
    pub fn check(self, column: &str, texts: &[String]) -> Result<()> {
        match self {
            Self::Fits => texts.iter().try_for_each(|text| fits::check_text(column, text)),
            _ => Ok(()),
        }
    }
}

/// Writes a table, in the format of the file's extension. The file is written completely or not at all, and
/// its folder is created if needed.
///
/// In FITS, text and dates are `A`, numbers are `D`, `E` or `K` and truth values are `L`; an empty cell is
/// blank, NaN, or `TNULL`. FITS holds only ASCII, and no column with both empty cells and whole numbers above
/// 9223372036854775807: a table that it cannot hold is an error.
///
/// ```
/// use zoobot_core::catalog::write_table;
/// use zoobot_core::polars::prelude::df;
/// let table = df!("id_str" => ["a", "b"], "ra" => [10.5, 11.0])?;
/// let path = std::env::temp_dir().join(format!("doc-{}.fits", std::process::id()));
/// write_table(&table, &path)?;
/// # std::fs::remove_file(path).expect("just written");
/// # Ok::<(), zoobot_core::Error>(())
/// ```
///
/// # Errors
/// [`Error::Unsuitable`] for another extension; [`Error::Io`], [`Error::Catalog`] or [`Error::Polars`] when
/// the file cannot be written or the format cannot hold the table.
pub fn write_table(table: &DataFrame, path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    write_pieces(path, TableFormat::of(path)?, &table.clear(), None, &|each| each(table))
}

impl Catalog {
    /// Writes the catalogue's table as [`write_table`] does: CSV, Parquet or FITS by the extension of `path`.
    /// Outside the catalogue's own folder, pictures get absolute paths, so that they can still be found.
    ///
    /// ```
    /// use zoobot_core::prelude::*;
    /// let path = std::env::temp_dir().join(format!("doc-save-{}.csv", std::process::id()));
    /// let rings = Catalog::sample()?.filter(col("class").eq(lit("ring")))?;
    /// rings.save(&path)?;
    /// assert_eq!(Catalog::read(&path)?.len(), rings.len());
    /// # std::fs::remove_file(path).expect("just written");
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`write_table`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let whole = |folder: &Path| match folder.as_os_str().is_empty() {
            true => Path::new(".").canonicalize(),
            false => folder.canonicalize(),
        };
        let target = path.parent().and_then(|folder| whole(folder).ok());
        if target.is_some() && target == whole(&self.folder).ok() {
            return write_table(self.table(), path);
        }
        let here = std::env::current_dir().map_err(Error::io("find", "the current folder"))?;
        let files = self.files();
        let files = files.iter().map(|file| here.join(file).to_string_lossy().into_owned());
        let mut table = self.table().clone();
        table.with_column(Column::new(FILE.into(), files.collect::<Vec<_>>()))?;
        write_table(&table, path)
    }
}

/// Fails if a CSV file cannot hold a column, and notes text that would be read back as numbers.
fn check_csv(table: &DataFrame) -> Result<()> {
    for column in table.columns() {
        let name = column.name().as_str();
        match column.dtype() {
            // These columns are always read as text.
            DataType::String if [ID, FILE].contains(&name) => {}
            DataType::String => {
                let zeros = |text: &&str| {
                    let digits = text.len() > 1 && text.bytes().all(|it| it.is_ascii_digit());
                    digits && text.starts_with('0')
                };
                if let Some(text) = column.str()?.iter().flatten().find(zeros) {
                    let subject = format!("digits in {name:?} of a .csv file");
                    let text = format!(
                        "{name:?} holds text such as {text:?}, which is read from a .csv file as a \
                         number, without its zeros: write .parquet to keep it as text"
                    );
                    note_about(subject, text);
                }
            }
            other if other.is_nested() || other.is_binary() => {
                let holds = if other.is_nested() { kind_words(other) } else { "bytes" };
                let problem =
                    format!("the column {name:?} holds {holds}, which a .csv file cannot hold");
                return Err(Error::unsuitable(problem, "Write .parquet instead"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// A table in pieces with the same columns: calls its argument with each piece, in order.
#[doc(hidden)]
pub type Pieces<'a> = dyn Fn(&mut dyn FnMut(&DataFrame) -> Result<()>) -> Result<()> + 'a;

/// The key of the note in the metadata of a Parquet table.
#[doc(hidden)]
pub const NOTE: &str = "zoobot";

/// The key under which astropy keeps the units and descriptions of columns in the metadata of a Parquet table.
pub(crate) const YAML: &str = "table_meta_yaml";

/// Writes a table that need not fit in memory.
///
/// `empty` has the table's columns and no rows. `note` describes the table on one line: it goes into
/// Parquet's metadata under [`NOTE`] and into FITS's history; CSV cannot store it.
#[doc(hidden)]
pub fn write_pieces(
    path: &Path,
    format: TableFormat,
    empty: &DataFrame,
    note: Option<&str>,
    pieces: &Pieces,
) -> Result<()> {
    write_described(path, format, empty, None, note, pieces)
}

/// Writes a table with what is said of its columns: see [`write_pieces`].
pub(crate) fn write_described(
    path: &Path,
    format: TableFormat,
    empty: &DataFrame,
    infos: Option<&Infos>,
    note: Option<&str>,
    pieces: &Pieces,
) -> Result<()> {
    let none = Infos::new();
    let said = infos.unwrap_or(&none);
    let full = |error| Error::io("write", path)(error);
    match format {
        TableFormat::Csv | TableFormat::Tsv => whole(path, |out| {
            let separator = if format == TableFormat::Tsv { b'\t' } else { b',' };
            let mut first = true;
            let mut write = |table: &mut DataFrame| {
                let header = std::mem::replace(&mut first, false);
                check_csv(table)?;
                let writer = CsvWriter::new(&mut *out).with_separator(separator);
                Ok(writer.include_header(header).finish(table)?)
            };
            write(&mut empty.clone())?;
            pieces(&mut |table| write(&mut table.clone()))
        }),
        TableFormat::Ecsv => whole(path, |out| write_ecsv(out, empty, said, pieces, &full)),
        TableFormat::VoTable => {
            let kinds = votable_kinds(empty, pieces)?;
            whole(path, |out| {
                let writer = VoTableWriter::new(out, empty, said, kinds, note);
                let mut writer = writer.map_err(full)?;
                pieces(&mut |table| writer.write(table)?.map_err(full))?;
                writer.finish().map_err(full)
            })
        }
        TableFormat::Parquet => write_whole(path, |file| {
            let mut keys: Vec<(String, String)> = Vec::new();
            keys.extend(note.map(|note| (NOTE.to_owned(), note.to_owned())));
            if infos.is_some() {
                let yaml = yaml(empty.schema(), said).join("\n");
                keys.push((YAML.to_owned(), yaml));
            }
            let keys = (!keys.is_empty()).then(|| KeyValueMetadata::from_static(keys));
            let writer = ParquetWriter::new(file).with_key_value_metadata(keys);
            let mut writer = writer.batched(empty.schema())?;
            pieces(&mut |table| {
                if table.height() > 0 {
                    writer.write_batch(table)?;
                }
                Ok(())
            })?;
            writer.finish()?;
            Ok(())
        }),
        TableFormat::Fits => {
            let (mut columns, mut rows) = (fits::columns(empty, infos)?, 0);
            pieces(&mut |table| {
                rows += table.height();
                fits::widen(&mut columns, table)
            })?;
            fits::settle(&mut columns)?;
            whole(path, |out| {
                let mut writer = FitsWriter::new(out, &columns, rows, note).map_err(full)?;
                pieces(&mut |table| writer.write(table)?.map_err(full))?;
                writer.finish().map(drop).map_err(full)
            })
        }
    }
}

/// Writes a file whole, packed with gzip if its name ends in `.gz`.
fn whole(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let packed = path.extension().is_some_and(|it| it.eq_ignore_ascii_case("gz"));
    write_whole(path, |file| {
        let mut out = BufWriter::new(file);
        if !packed {
            write(&mut out)?;
            return out.flush().map_err(Error::io("write", path));
        }
        let mut out = flate2::write::GzEncoder::new(out, flate2::Compression::default());
        write(&mut out)?;
        let out = out.finish().and_then(|mut out| out.flush());
        out.map_err(Error::io("write", path))
    })
}

#[cfg(test)]
mod tests;
