//! Encodes files into features, on all cores and in catalogue order.

mod gpu;

use super::{Encoder, batch};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;
use zoobot_base::error::{Error, Result};
use zoobot_data::catalog::Catalog;
use zoobot_data::picture::{Failed, Prepared, Recipe};
use zoobot_nets::network::Network;
use zoobot_picture as picture;
use zoobot_show::notebook::Progress;

/// How often to check for an interrupt while waiting for a batch.
const LOOK: Duration = Duration::from_millis(100);

/// The error for a catalogue none of whose pictures can be read.
pub fn nothing_readable(failed: &[Failed]) -> Error {
    match failed.first() {
        Some(Failed { file_loc, reason, .. }) => Error::Picture {
            path: file_loc.clone(),
            reason: match failed.len() {
                1 => reason.clone(),
                all => {
                    format!("{reason}; none of the catalogue's {all} pictures can be read")
                }
            },
        },
        None => Error::empty("there are no galaxies to encode", "Give a catalogue of at least one"),
    }
}

/// Rows of a catalogue that have been processed, in order.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// The number of rows, including those that failed.
    pub done: usize,
    /// The galaxies that were encoded.
    pub ids: Vec<String>,
    /// Their features, one galaxy after another.
    pub features: Vec<f32>,
    /// The galaxies that could not be encoded.
    pub failed: Vec<Failed>,
}

impl Rows {
    /// Appends the rows that follow.
    pub fn append(&mut self, mut other: Self) {
        self.done += other.done;
        self.ids.append(&mut other.ids);
        self.features.append(&mut other.features);
        self.failed.append(&mut other.failed);
    }
}

/// Encodes the rows of a catalogue from `start` on with each of the encoders, and passes them to `sink`
/// in batches, in catalogue order, with one [`Rows`] per encoder.
///
/// Each core takes the next few rows, reads and decodes their pictures once, prepares them with each
/// distinct recipe and passes them through its own networks (which share their weights). The cores share
/// no state, so none of them waits for another. With a GPU, the cores only prepare pictures, and one
/// additional thread feeds the GPU.
///
/// The function stops with [`Error::Interrupted`] after the batch during which the user stopped it, or
/// with an error of the sink.
pub fn encode_rows(
    encoders: &[&Encoder],
    catalog: &Catalog,
    start: usize,
    sink: &mut dyn FnMut(Vec<Rows>) -> Result<()>,
) -> Result<()> {
    let on_gpu = encoders.iter().any(|encoder| encoder.device().is_cuda());
    encode_rows_by(on_gpu, encoders, catalog, start, sink)
}

/// Like [`encode_rows`], with a choice between one thread that feeds a network and encoding on all
/// cores.
fn encode_rows_by(
    on_gpu: bool,
    encoders: &[&Encoder],
    catalog: &Catalog,
    start: usize,
    sink: &mut dyn FnMut(Vec<Rows>) -> Result<()>,
) -> Result<()> {
    let (ids, files) = (catalog.ids(), catalog.files());
    let batch = encoders.iter().map(|encoder| encoder.batch()).min().unwrap_or(1);
    let next = AtomicUsize::new(start);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let work = Work { ids, files: &files, encoders, batch, cores, on_gpu, next };
    let mut networks = networks(encoders, if on_gpu { 1 } else { cores })?;
    for encoder in encoders {
        zoobot_data::picture::say_stretch(encoder.recipe(), &files);
    }
    let progress = Progress::new("encode", Some(files.len()));
    progress.advance(start);
    let threads = tch::get_num_threads();
    let (send, receive) = sync_channel(4 * cores);
    let outcome = std::thread::scope(|scope| {
        let work = &work;
        if on_gpu && let Some(networks) = networks.pop() {
            let (give, packed) = sync_channel(cores);
            for _ in 0..cores {
                let give = give.clone();
                scope.spawn(move || work.pack(&give));
            }
            scope.spawn(move || gpu::run(&networks, packed, &send));
        } else {
            for networks in networks {
                let send = send.clone();
                scope.spawn(move || work.run(&networks, &send));
            }
            drop(send);
        }
        let outcome = in_order(start, files.len(), &receive, &mut |rows| {
            progress.advance(done(&rows));
            sink(rows)
        });
        // Workers take no more rows, and those waiting to send find the channel closed.
        work.next.store(files.len(), Ordering::Relaxed);
        drop(receive);
        outcome
    });
    // The number of threads that a worker sets is also the default for later threads.
    tch::set_num_threads(threads);
    outcome
}

/// The encoders' networks, for one thread.
type Networks<'a> = Vec<(&'a Encoder, Network)>;

/// For each thread, networks that share their weights.
fn networks<'a>(encoders: &[&'a Encoder], threads: usize) -> Result<Vec<Networks<'a>>> {
    let first: Networks =
        encoders.iter().map(|&encoder| Ok((encoder, encoder.network()?))).collect::<Result<_>>()?;
    let again = |(encoder, network): &(&'a Encoder, Network)| Ok((*encoder, network.detached()?));
    let mut all = (1..threads)
        .map(|_| first.iter().map(again).collect::<Result<Networks>>())
        .collect::<Result<Vec<_>>>()?;
    all.push(first);
    Ok(all)
}

/// Pictures prepared with several recipes.
type ByRecipe<'a, T> = Vec<(&'a Recipe, T)>;

/// The work that the cores share.
struct Work<'a> {
    ids: &'a [String],
    files: &'a [PathBuf],
    encoders: &'a [&'a Encoder],
    batch: usize,
    cores: usize,
    on_gpu: bool,
    next: AtomicUsize,
}

/// The first row of a batch, and its rows for each encoder.
type Batch = (usize, Result<Vec<Rows>>);

/// The number of rows of a batch.
pub fn done(rows: &[Rows]) -> usize {
    rows.first().map_or(0, |rows| rows.done)
}

impl<'a> Work<'a> {
    /// Encodes batches until no rows are left or the receiver is gone.
    fn run(&self, networks: &Networks, send: &SyncSender<Batch>) {
        // There is already one network per core.
        tch::set_num_threads(1);
        while let Some(rows) = self.take() {
            if send.send((rows.start, self.rows(networks, rows))).is_err() {
                return;
            }
        }
    }

    /// Prepares batches for a GPU until no rows are left or the receiver is gone.
    fn pack(&self, send: &SyncSender<gpu::Packed<'a>>) {
        while let Some(rows) = self.take() {
            let first = rows.start;
            let (rows, pictures) = self.prepared(rows);
            let device = self.encoders[0].device();
            let pack = |(recipe, some): (&'a Recipe, Vec<Prepared>)| {
                Ok((recipe, recipe.pack(&some, device)?))
            };
            let some = pictures.into_iter().filter(|(_, some)| !some.is_empty());
            let packed = some.map(pack).collect::<Result<_>>().map(|packed| (rows, packed));
            if send.send((first, packed)).is_err() {
                return;
            }
        }
    }

    /// The next rows, if any are left. The last batches get shorter, so that no core waits long for the
    /// others (guided self-scheduling, Polychronopoulos & Kuck 1987, IEEE Trans. Comput. 36, 1425). A
    /// GPU always takes full batches.
    fn take(&self) -> Option<Range<usize>> {
        let length = |first: usize| {
            let left = self.files.len().saturating_sub(first);
            let share = if self.on_gpu { left } else { left.div_ceil(2 * self.cores) };
            share.min(self.batch)
        };
        let next = |first| Some(first + length(first)).filter(|end| *end > first);
        let first = self.next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).ok()?;
        Some(first..first + length(first))
    }

    fn rows(&self, networks: &Networks, rows: Range<usize>) -> Result<Vec<Rows>> {
        let (rows, prepared) = self.prepared(rows);
        let of_each = |(encoder, network): &(&Encoder, Network)| {
            let mut rows = rows.clone();
            let made = prepared.iter().find(|(recipe, _)| *recipe == encoder.recipe());
            if let Some((_, pictures)) = made.filter(|(_, pictures)| !pictures.is_empty()) {
                let features = batch::in_memory(0..pictures.len(), &mut |some| {
                    encoder.features_of(network, &pictures[some])
                })?;
                rows.features = features.concat();
            }
            Ok(rows)
        };
        networks.iter().map(of_each).collect()
    }

    /// Rows without features, and their pictures prepared with each recipe.
    fn prepared(&self, rows: Range<usize>) -> (Rows, ByRecipe<'a, Vec<Prepared>>) {
        let mut out = Rows { done: rows.len(), ..Rows::default() };
        let mut prepared: ByRecipe<Vec<Prepared>> = Vec::new();
        for recipe in self.encoders.iter().map(|encoder| encoder.recipe()) {
            if prepared.iter().all(|(of, _)| *of != recipe) {
                prepared.push((recipe, Vec::with_capacity(rows.len())));
            }
        }
        for row in rows {
            let made = picture::open(&self.files[row]).and_then(|picture| {
                let each = prepared.iter().map(|(recipe, _)| recipe.prepare_any(&picture));
                each.collect::<Result<Vec<_>>>()
            });
            match made {
                Ok(made) => {
                    prepared.iter_mut().zip(made).for_each(|((_, all), one)| all.push(one));
                    out.ids.push(self.ids[row].clone());
                }
                Err(error) => out.failed.push(Failed {
                    id_str: self.ids[row].clone(),
                    file_loc: self.files[row].clone(),
                    reason: match error {
                        Error::Picture { reason, .. } => reason,
                        other => other.to_string(),
                    },
                }),
            }
        }
        (out, prepared)
    }
}

/// Passes the batches from `row` to `end` to `sink` in order. Batches that arrive early wait.
fn in_order(
    mut row: usize,
    end: usize,
    receive: &Receiver<Batch>,
    sink: &mut dyn FnMut(Vec<Rows>) -> Result<()>,
) -> Result<()> {
    let mut early = BTreeMap::new();
    while row < end {
        zoobot_base::interrupt::check("encode", || format!("{row} of {end} galaxies"))?;
        if let Some(rows) = early.remove(&row) {
            let rows: Vec<Rows> = rows?;
            row += done(&rows);
            sink(rows)?;
            continue;
        }
        match receive.recv_timeout(LOOK) {
            Ok((first, rows)) => {
                early.insert(first, rows);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                let found = format!("all gone after {row} of {end} galaxies");
                let found = format!("an encoding thread stopped unexpectedly ({found})");
                return Err(Error::Internal(found));
            }
        }
    }
    Ok(())
}

/// Encodes a whole catalogue in memory. `rows` (one per encoder) may already contain the first rows. If
/// the call fails, it contains everything done so far.
pub fn encode_all(encoders: &[&Encoder], catalog: &Catalog, rows: &mut [Rows]) -> Result<()> {
    encode_rows(encoders, catalog, done(rows), &mut |batch| {
        rows.iter_mut().zip(batch).for_each(|(all, some)| all.append(some));
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(done: usize) -> Rows {
        Rows { done, ..Rows::default() }
    }

    #[test]
    fn batches_come_in_order_and_threads_that_end_early_are_an_error_instead_of_a_wait() {
        let (send, receive) = sync_channel(4);
        for (first, done) in [(4, 2), (0, 4), (9, 1)] {
            send.send((first, Ok(vec![rows(done)]))).unwrap();
        }
        drop(send);
        let mut seen = Vec::new();
        let outcome = in_order(0, 10, &receive, &mut |rows| {
            seen.push(done(&rows));
            Ok(())
        });
        assert_eq!(seen, [4, 2]);
        assert!(outcome.unwrap_err().to_string().contains("6 of 10 galaxies"));
    }

    #[test]
    fn every_row_is_taken_once_in_ever_shorter_batches_but_by_a_gpu_in_whole_ones() {
        let files = vec![PathBuf::new(); 330];
        let taken = |on_gpu| {
            let next = AtomicUsize::new(7);
            let work =
                Work { ids: &[], files: &files, encoders: &[], batch: 3, cores: 2, on_gpu, next };
            std::iter::from_fn(|| work.take()).collect::<Vec<_>>()
        };
        for on_gpu in [false, true] {
            let all: Vec<usize> = taken(on_gpu).into_iter().flatten().collect();
            assert_eq!(all, (7..330).collect::<Vec<_>>());
        }
        let lengths: Vec<usize> = taken(false).iter().map(Range::len).collect();
        assert!(lengths.is_sorted_by(|a, b| a >= b) && lengths[0] == 3, "{lengths:?}");
        assert_eq!(lengths[lengths.len() - 2..], [1, 1]);
        assert!(taken(true).iter().rev().skip(1).all(|rows| rows.len() == 3));
    }

    #[test]
    fn one_thread_that_is_fed_gives_the_features_that_the_cores_give() {
        let folder = tempfile::tempdir().unwrap();
        let (mut ids, mut files) = (Vec::new(), Vec::new());
        for i in 0..40u8 {
            ids.push(format!("g{i}"));
            files.push(format!("{i}.png"));
            let colour = |x, y| image::Rgb([x as u8 * i, y as u8 * 3, i]);
            let picture = image::RgbImage::from_fn(40, 40, colour);
            picture.save(folder.path().join(&files[i as usize])).unwrap();
        }
        std::fs::write(folder.path().join(&files[5]), b"no picture").unwrap();
        let table = polars::df!("id_str" => &ids, "file_loc" => &files).unwrap();
        let catalog = Catalog::from_table(table, folder.path()).unwrap();
        let encoder = |recipe: Recipe| {
            let atto = super::super::Architecture::named("convnext_atto").unwrap();
            Encoder::untrained(atto, Recipe { size: 32, ..recipe }, 1).unwrap()
        };
        let encoders = [encoder(Recipe::zoobot()), encoder(Recipe::imagenet_lite())];
        let both: Vec<&Encoder> = encoders.iter().collect();
        let encoded = |on_gpu| {
            let mut all = vec![Rows::default(); 2];
            encode_rows_by(on_gpu, &both, &catalog, 0, &mut |some| {
                all.iter_mut().zip(some).for_each(|(all, some)| all.append(some));
                Ok(())
            })
            .unwrap();
            all
        };
        let (cores, fed) = (encoded(false), encoded(true));
        assert_ne!(cores[0].features, cores[1].features);
        for (cores, fed) in cores.iter().zip(&fed) {
            assert_eq!((cores.done, &cores.ids, &cores.failed), (fed.done, &fed.ids, &fed.failed));
            assert_eq!((fed.failed.len(), fed.features.len()), (1, 39 * 320));
            let off = cores.features.iter().zip(&fed.features).map(|(a, b)| (a - b).abs());
            assert!(off.fold(0.0, f32::max) < 1e-5);
        }
        // A sink that returns an error stops both.
        for on_gpu in [false, true] {
            let enough = encode_rows_by(on_gpu, &both, &catalog, 0, &mut |_| {
                Err(Error::unsuitable("these rows are enough", "Stop here"))
            });
            assert!(enough.is_err());
        }
    }
}
