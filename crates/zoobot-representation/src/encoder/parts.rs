//! Encodes a catalogue to a file, part by part. Memory does not grow with the catalogue, and after any
//! interruption (the stop button, a full disk, a power cut) the next run resumes.

use super::encode::{self, Rows, encode_rows, nothing_readable};
use super::{Encoder, Precision};
use crate::space::{Space, write_parquet};
use ndarray::Array2;
use polars::prelude::DataFrame;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::time::Instant;
use zoobot_base::error::{Error, Result};
use zoobot_data::catalog::{Catalog, ID, TableFormat, write_pieces};
use zoobot_data::picture::{Failed, Failures};

/// The number of galaxies per part.
const PART: usize = 2048;

/// The result of writing a catalogue's representations or predictions to a file.
#[derive(Debug, Clone)]
pub struct Report {
    /// The number of galaxies in the file.
    pub encoded: usize,
    /// The number of galaxies that an earlier, unfinished run had already processed.
    pub resumed: usize,
    /// Galaxies whose pictures could not be read.
    pub failed: Failures,
    /// The speed of this run in galaxies per second, including reading and decoding.
    pub images_per_second: f64,
}

/// The file that accompanies a part's table.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    /// The number of catalogue rows that the part covers, including those that failed.
    done: usize,
    failed: Vec<Failed>,
}

/// Finished parts, which are kept until the whole table is complete.
pub(super) struct Parts {
    /// The folder beside the result.
    home: PathBuf,
    /// A folder in the system's temporary folder, for when the disk of the result is full.
    refuge: PathBuf,
    /// The tables so far, in order.
    tables: Vec<PathBuf>,
    /// The number of catalogue rows that the tables cover.
    done: usize,
    failed: Vec<Failed>,
}

/// A table to be computed from a catalogue's pictures.
#[doc(hidden)]
pub struct TableJob<'a> {
    /// The encoders to use.
    pub encoders: &'a [&'a Encoder],
    /// The catalogue to process.
    pub catalog: &'a Catalog,
    /// Identifies this job, so that only its own parts are resumed.
    pub key: String,
    /// Computes the table of some rows from one [`Rows`] per encoder. Without rows, the table has all
    /// columns.
    pub table: &'a dyn Fn(Vec<Rows>) -> Result<DataFrame>,
    /// The format of the file.
    pub format: TableFormat,
    /// The note for [`write_pieces`].
    pub note: Option<String>,
}

impl Parts {
    /// Finds the parts left by an earlier run of this job.
    pub(super) fn open(out: &Path, key: &str) -> Self {
        let name = out.file_name().map(|name| name.to_string_lossy().into_owned());
        let folder = format!("{}.{key}.parts", name.unwrap_or_default());
        let refuge = std::env::temp_dir().join(format!("zoobot-{folder}"));
        let home = out.with_file_name(folder);
        let mut parts = Self { home, refuge, tables: Vec::new(), done: 0, failed: Vec::new() };
        while let Some((table, note)) = parts.find(parts.tables.len()) {
            parts.tables.push(table);
            parts.done += note.done;
            parts.failed.extend(note.failed);
        }
        parts
    }

    fn find(&self, part: usize) -> Option<(PathBuf, Note)> {
        [&self.home, &self.refuge].into_iter().find_map(|folder| {
            let (table, note) = names(folder, part);
            let note = std::fs::read(note).ok()?;
            table.is_file().then_some((table, serde_json::from_slice(&note).ok()?))
        })
    }

    /// Writes the next part. If the disk is full, it is written to `refuge`, and the call still fails.
    pub(super) fn keep(
        &mut self,
        rows: Vec<Rows>,
        table: &dyn Fn(Vec<Rows>) -> Result<DataFrame>,
    ) -> Result<()> {
        let Some(first) = rows.first() else { return Ok(()) };
        let note = Note { done: first.done, failed: first.failed.clone() };
        let mut table = table(rows)?;
        let text = serde_json::to_vec(&note)?;
        let mut write = |folder: &Path| -> Result<PathBuf> {
            let (path, note) = names(folder, self.tables.len());
            std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
            std::fs::write(&note, &text).map_err(Error::io("write", &note))?;
            write_parquet(&mut table, &path)?;
            Ok(path)
        };
        let (path, trouble) = match write(&self.home) {
            Ok(path) => (path, None),
            Err(error) => match write(&self.refuge) {
                Ok(path) => (path, Some(error)),
                Err(_) => return Err(error),
            },
        };
        self.tables.push(path);
        self.done += note.done;
        self.failed.extend(note.failed);
        match trouble {
            None => Ok(()),
            Some(error) => Err(self.unfinished(error)),
        }
    }

    /// Adds to an error where the finished parts are.
    fn unfinished(&self, cause: Error) -> Error {
        let folders: std::collections::BTreeSet<_> =
            self.tables.iter().filter_map(|table| table.parent()).collect();
        let folders: Vec<String> =
            folders.into_iter().map(|folder| folder.display().to_string()).collect();
        if folders.is_empty() {
            return cause;
        }
        Error::Unfinished {
            cause: Box::new(cause),
            kept: format!("{} galaxies are done and kept in {}", self.done, folders.join(", ")),
        }
    }

    /// Joins the parts. The result appears whole or not at all.
    fn join(&self, out: &Path, job: &TableJob) -> Result<()> {
        let empty = (job.table)(vec![Rows::default(); job.encoders.len()])?;
        write_pieces(out, job.format, &empty, job.note.as_deref(), &|each| {
            self.tables.iter().try_for_each(|path| each(&zoobot_data::catalog::parquet(path)?))
        })
    }

    fn remove(&self) {
        // Best effort: leftover files only take up disk space.
        let _ = std::fs::remove_dir_all(&self.home);
        let _ = std::fs::remove_dir_all(&self.refuge);
    }
}

/// A key of twelve hexadecimal digits that identifies a job on a catalogue. It depends on `mark`, which
/// must include everything that affects the result, and on the galaxies and their files.
#[doc(hidden)]
pub fn catalog_key(mark: impl AsRef<[u8]>, catalog: &Catalog) -> String {
    let mut hash = Sha256::new();
    hash.update(mark);
    for (id, file) in catalog.ids().iter().zip(catalog.files()) {
        hash.update(format!("{id}\n{}\n", file.display()));
    }
    hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

impl Encoder {
    /// A key that identifies the features of these galaxies by this encoder, for caches. It depends on
    /// the weights, the recipe, the views, the precision, the galaxies and their files.
    ///
    /// # Errors
    /// None for a recipe that this library read or made.
    #[doc(hidden)]
    pub fn key(&self, catalog: &Catalog) -> Result<String> {
        Ok(catalog_key(self.mark()?, catalog))
    }

    /// Everything that the features depend on, apart from the pictures.
    #[doc(hidden)]
    pub fn mark(&self) -> Result<Vec<u8>> {
        let mut mark = self.fingerprint().as_bytes().to_vec();
        mark.extend(serde_json::to_vec(self.recipe())?);
        if self.precision() != Precision::Fp32 {
            mark.extend(self.precision().name().as_bytes());
        }
        if self.views() > 1 {
            mark.extend(format!("{} views", self.views()).as_bytes());
        }
        Ok(mark)
    }
}

fn names(folder: &Path, part: usize) -> (PathBuf, PathBuf) {
    (folder.join(format!("{part:06}.parquet")), folder.join(format!("{part:06}.json")))
}

/// The table of one encoder's rows.
pub(super) fn table(rows: Vec<Rows>, width: usize) -> Result<DataFrame> {
    let Rows { ids, features, .. } = rows.into_iter().next().unwrap_or_default();
    if ids.is_empty() {
        // A part whose pictures all failed still has its columns.
        return Ok(Space::new(vec![String::new()], Array2::zeros((1, width)))?.table().clear());
    }
    let shape = (ids.len(), width);
    Ok(Space::new(ids, array(features, shape)?)?.table())
}

/// Arranges the features from an encoder in an array, one row per galaxy.
#[doc(hidden)]
pub fn array(features: Vec<f32>, shape: (usize, usize)) -> Result<Array2<f32>> {
    Array2::from_shape_vec(shape, features)
        .map_err(Error::internal("the features of an encoder do not fill their table"))
}

/// See [`Encoder::encode_to`].
pub fn encode_to(encoder: &Encoder, catalog: &Catalog, out: &Path) -> Result<Report> {
    let width = encoder.width();
    let job = TableJob {
        encoders: &[encoder],
        catalog,
        key: encoder.key(catalog)?,
        table: &|rows| table(rows, width),
        format: TableFormat::Parquet,
        note: encoder.origin().text(),
    };
    job.write(out)
}

impl<'a> TableJob<'a> {
    /// The job of writing predictions for a catalogue to a file, whose extension gives the format.
    /// `note` describes the predictor in one line; together with the encoders, it identifies the job.
    ///
    /// # Errors
    /// As [`TableFormat::of`] and [`TableFormat::check`].
    #[doc(hidden)]
    pub fn of_predictions(
        encoders: &'a [&'a Encoder],
        catalog: &'a Catalog,
        out: &Path,
        note: String,
        table: &'a dyn Fn(Vec<Rows>) -> Result<DataFrame>,
    ) -> Result<Self> {
        let format = TableFormat::of(out)?;
        format.check(ID, catalog.ids())?;
        let mut mark = note.clone().into_bytes();
        for encoder in encoders {
            mark.extend(encoder.mark()?);
        }
        let key = catalog_key(mark, catalog);
        Ok(Self { encoders, catalog, key, table, format, note: Some(note) })
    }

    /// Does the job, or the rest of it, and writes the table.
    #[doc(hidden)]
    pub fn write(&self, out: &Path) -> Result<Report> {
        let mut parts = Parts::open(out, &self.key);
        // Reports a location that cannot be written to before any work is done.
        let probe = parts.home.join("probe");
        std::fs::create_dir_all(&parts.home)
            .and_then(|()| std::fs::write(&probe, b""))
            .and_then(|()| std::fs::remove_file(&probe))
            .map_err(Error::io("write", out))?;

        let (resumed, started) = (parts.done, Instant::now());
        let none = vec![Rows::default(); self.encoders.len()];
        let mut rows = none.clone();
        let outcome = encode_rows(self.encoders, self.catalog, resumed, &mut |batch| {
            rows.iter_mut().zip(batch).for_each(|(all, some)| all.append(some));
            if encode::done(&rows) >= PART {
                parts.keep(std::mem::replace(&mut rows, none.clone()), self.table)?;
            }
            Ok(())
        });
        let seconds = started.elapsed().as_secs_f64().max(1e-9);
        let kept = if encode::done(&rows) > 0 { parts.keep(rows, self.table) } else { Ok(()) };
        if let Err(error) = outcome {
            return Err(match error {
                already @ Error::Unfinished { .. } => already,
                other => parts.unfinished(other),
            });
        }
        kept?;
        if parts.failed.len() == parts.done {
            parts.remove();
            return Err(nothing_readable(&parts.failed));
        }
        parts.join(out, self).map_err(|error| parts.unfinished(error))?;
        parts.remove();
        let images_per_second = (parts.done - resumed) as f64 / seconds;
        let encoded = parts.done - parts.failed.len();
        Ok(Report { encoded, resumed, failed: parts.failed.into(), images_per_second })
    }
}
