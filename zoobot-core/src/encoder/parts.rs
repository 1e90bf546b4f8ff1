//! Encoding a catalogue to a file, part by part: memory does not grow with the catalogue, and
//! whatever stops the work (the stop button, a full disk, a power cut), the next run goes on where
//! this one stopped.

use super::encode::{Failed, Rows, encode_rows, nothing_readable};
use super::{Encoder, Precision};
use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::space::{Origin, Space, write_parquet, write_whole};
use ndarray::Array2;
use polars::prelude::{DataFrame, ParquetWriter};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Galaxies in one part.
const PART: usize = 2048;

/// What [`Encoder::encode_to`] did.
#[derive(Debug, Clone)]
pub struct Report {
    /// Galaxies in the file.
    pub encoded: usize,
    /// Galaxies that an earlier, unfinished run had already done.
    pub resumed: usize,
    /// Galaxies whose pictures could not be read.
    pub failed: Vec<Failed>,
    /// Galaxies a second in this run, reading and decoding included.
    pub images_per_second: f64,
}

/// What is written beside a part's table.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    /// Rows of the catalogue that the part covers, the failed ones included.
    done: usize,
    failed: Vec<Failed>,
}

/// Finished parts, kept until all are there.
pub(super) struct Parts {
    /// Beside the result.
    home: PathBuf,
    /// In the system's temporary folder, for the day the disk of the result is full.
    refuge: PathBuf,
    /// The tables so far, in order.
    tables: Vec<PathBuf>,
    /// Rows of the catalogue that they cover.
    done: usize,
    failed: Vec<Failed>,
}

impl Parts {
    /// Finds what an earlier run of the same encoder on the same catalogue left.
    pub(super) fn open(out: &Path, encoder: &Encoder, catalog: &Catalog) -> Result<Self> {
        let key = key(encoder, catalog)?;
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
        Ok(parts)
    }

    fn find(&self, part: usize) -> Option<(PathBuf, Note)> {
        [&self.home, &self.refuge].into_iter().find_map(|folder| {
            let (table, note) = names(folder, part);
            let note = std::fs::read(note).ok()?;
            table.is_file().then_some((table, serde_json::from_slice(&note).ok()?))
        })
    }

    /// Writes rows as the next part; on a full disk into the refuge, and then fails all the same.
    pub(super) fn keep(&mut self, rows: Rows, width: usize) -> Result<()> {
        let mut table = table(rows.ids, rows.features, width)?;
        let note = Note { done: rows.done, failed: rows.failed };
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

    /// An error with the news that nothing is lost.
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

    /// Puts the parts together; the result appears whole or not at all.
    fn join(&self, out: &Path, width: usize, origin: &Origin) -> Result<usize> {
        write_whole(out, |file| {
            let empty = table(Vec::new(), Vec::new(), width)?;
            let writer = ParquetWriter::new(file).with_key_value_metadata(origin.metadata());
            let mut writer = writer.batched(empty.schema())?;
            let mut rows = 0;
            for path in &self.tables {
                let part = crate::catalog::parquet(path)?;
                rows += part.height();
                if part.height() > 0 {
                    writer.write_batch(&part)?;
                }
            }
            writer.finish()?;
            Ok(rows)
        })
    }

    fn remove(&self) {
        // Best effort: what stays costs disk and nothing else.
        let _ = std::fs::remove_dir_all(&self.home);
        let _ = std::fs::remove_dir_all(&self.refuge);
    }
}

/// Tells one piece of work from another: the encoder, its recipe, the galaxies and their files.
pub fn key(encoder: &Encoder, catalog: &Catalog) -> Result<String> {
    let mut hash = Sha256::new();
    hash.update(encoder.fingerprint());
    hash.update(serde_json::to_vec(encoder.recipe())?);
    if encoder.precision() != Precision::Fp32 {
        hash.update(encoder.precision().name());
    }
    for (id, file) in catalog.ids().iter().zip(catalog.files()) {
        hash.update(format!("{id}\n{}\n", file.display()));
    }
    Ok(hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect())
}

fn names(folder: &Path, part: usize) -> (PathBuf, PathBuf) {
    (folder.join(format!("{part:06}.parquet")), folder.join(format!("{part:06}.json")))
}

fn table(ids: Vec<String>, features: Vec<f32>, width: usize) -> Result<DataFrame> {
    if ids.is_empty() {
        // A part in which every picture failed still has its columns.
        return Ok(Space::new(vec![String::new()], Array2::zeros((1, width)))?.table()?.clear());
    }
    let rows = ids.len();
    let features = Array2::from_shape_vec((rows, width), features)
        .map_err(|error| Error::invalid("features", error, format!("{rows} x {width}")))?;
    Space::new(ids, features)?.table()
}

/// See [`Encoder::encode_to`].
pub fn encode_to(encoder: &Encoder, catalog: &Catalog, out: &Path) -> Result<Report> {
    let mut parts = Parts::open(out, encoder, catalog)?;
    // Tells of a place that cannot be written to before any work is done.
    let probe = parts.home.join("probe");
    std::fs::create_dir_all(&parts.home)
        .and_then(|()| std::fs::write(&probe, b""))
        .and_then(|()| std::fs::remove_file(&probe))
        .map_err(Error::io("write", out))?;

    let (width, resumed, started) = (encoder.width(), parts.done, Instant::now());
    let mut rows = Rows::default();
    let outcome = encode_rows(&[encoder], catalog, resumed, &mut |batch| {
        batch.into_iter().for_each(|some| rows.append(some));
        if rows.done >= PART {
            parts.keep(std::mem::take(&mut rows), width)?;
        }
        Ok(())
    });
    let seconds = started.elapsed().as_secs_f64().max(1e-9);
    let kept = if rows.done > 0 { parts.keep(rows, width) } else { Ok(()) };
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
    let encoded =
        parts.join(out, width, &encoder.origin()).map_err(|error| parts.unfinished(error))?;
    parts.remove();
    let images_per_second = (parts.done - resumed) as f64 / seconds;
    Ok(Report { encoded, resumed, failed: parts.failed, images_per_second })
}
