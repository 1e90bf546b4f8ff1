//! From files to features: pictures are decoded by all cores while the network works on the batch
//! before; results come out in catalogue order.

use super::Encoder;
use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::notebook::Progress;
use crate::picture::{self, Prepared, Recipe};
use polars::prelude::{DataFrame, df};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Pictures in one pass of the network.
const BATCH: usize = 32;

/// A picture that could not be encoded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// The galaxy.
    pub id_str: String,
    /// Its picture.
    pub file_loc: PathBuf,
    /// Why it could not be read.
    pub reason: String,
}

impl Failed {
    /// A table of `id_str`, `file_loc`, `reason`.
    ///
    /// # Errors
    /// Only when memory for the columns cannot be had.
    pub fn table(all: &[Self]) -> Result<DataFrame> {
        let ids: Vec<&str> = all.iter().map(|failed| failed.id_str.as_str()).collect();
        let files: Vec<String> =
            all.iter().map(|failed| failed.file_loc.display().to_string()).collect();
        let reasons: Vec<&str> = all.iter().map(|failed| failed.reason.as_str()).collect();
        Ok(df!("id_str" => ids, "file_loc" => files, "reason" => reasons)?)
    }
}

/// The error for a catalogue of which no picture can be read.
pub fn nothing_readable(failed: &[Failed]) -> Error {
    match failed.first() {
        Some(Failed { file_loc, reason, .. }) => Error::Picture {
            path: file_loc.clone(),
            reason: format!("{reason}; none of the catalogue's {} pictures can be read", failed.len()),
        },
        None => Error::invalid("galaxies", 0, "at least one"),
    }
}

/// Rows of a catalogue that have been worked on, in order.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// The number of rows, the failed ones included.
    pub done: usize,
    /// The galaxies that were encoded.
    pub ids: Vec<String>,
    /// Their features, one galaxy after the other.
    pub features: Vec<f32>,
    /// The galaxies that were not.
    pub failed: Vec<Failed>,
}

impl Rows {
    /// Takes over the rows that follow.
    pub fn append(&mut self, mut other: Self) {
        self.done += other.done;
        self.ids.append(&mut other.ids);
        self.features.append(&mut other.features);
        self.failed.append(&mut other.failed);
    }
}

/// One picture, ready for the network, or why not.
type Picture = (usize, Result<Prepared, String>);

/// Encodes the rows of a catalogue from `start` on and hands every batch of them to `sink`.
///
/// Stops with [`Error::Interrupted`](crate::Error::Interrupted) after the batch in which the user
/// asked for it, and with the sink's error.
pub fn encode_rows(
    encoder: &Encoder,
    catalog: &Catalog,
    start: usize,
    sink: &mut dyn FnMut(Rows) -> Result<()>,
) -> Result<()> {
    let (ids, files) = (catalog.ids(), catalog.files());
    let progress = Progress::new("encode", Some(files.len()));
    progress.advance(start);
    let next = AtomicUsize::new(start);
    let (send, receive) = sync_channel(2 * BATCH);
    let recipe = encoder.recipe();
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            let send = send.clone();
            scope.spawn(|| prepare(recipe, &files, &next, send));
        }
        drop(send);
        let mut work = || -> Result<()> {
            let mut early = BTreeMap::new();
            let mut row = start;
            while row < files.len() {
                crate::interrupt::check("encode", || format!("{row} of {} galaxies", files.len()))?;
                let mut rows = Rows::default();
                let mut batch = Vec::with_capacity(BATCH);
                while batch.len() < BATCH && row < files.len() {
                    match in_order(row, &mut early, &receive) {
                        Ok(picture) => {
                            batch.push(picture);
                            rows.ids.push(ids[row].clone());
                        }
                        Err(reason) => rows.failed.push(Failed {
                            id_str: ids[row].clone(),
                            file_loc: files[row].clone(),
                            reason,
                        }),
                    }
                    rows.done += 1;
                    row += 1;
                }
                if !batch.is_empty() {
                    rows.features = encoder.features_of(&batch)?;
                }
                progress.advance(rows.done);
                sink(rows)?;
            }
            Ok(())
        };
        let result = work();
        // Workers that wait to send see the channel closed and end.
        drop(receive);
        next.store(files.len(), Ordering::Relaxed);
        result
    })
}

fn prepare(
    recipe: &Recipe,
    files: &[PathBuf],
    next: &AtomicUsize,
    send: SyncSender<Picture>,
) {
    loop {
        let row = next.fetch_add(1, Ordering::Relaxed);
        let Some(file) = files.get(row) else { return };
        let prepared = picture::read(file)
            .and_then(|picture| recipe.prepare(&picture))
            .map_err(|error| match error {
                crate::Error::Picture { reason, .. } => reason,
                other => other.to_string(),
            });
        if send.send((row, prepared)).is_err() {
            return;
        }
    }
}

/// The picture of `row`; those that come before their turn wait in `early`.
fn in_order(
    row: usize,
    early: &mut BTreeMap<usize, Result<Prepared, String>>,
    receive: &Receiver<Picture>,
) -> Result<Prepared, String> {
    loop {
        if let Some(picture) = early.remove(&row) {
            return picture;
        }
        match receive.recv() {
            Ok((row, picture)) => early.insert(row, picture),
            Err(_) => return Err("its decoder ended unexpectedly".to_owned()),
        };
    }
}

/// Encodes a whole catalogue in memory. `rows` may hold the first rows already, and holds all that
/// was done when the call fails.
pub fn encode_all(encoder: &Encoder, catalog: &Catalog, rows: &mut Rows) -> Result<()> {
    encode_rows(encoder, catalog, rows.done, &mut |batch| {
        rows.append(batch);
        Ok(())
    })
}
