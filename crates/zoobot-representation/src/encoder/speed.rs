//! Measures how fast this machine encodes, and what limits it.

use super::{Encoder, Network, Precision};
use serde::Serialize;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use tch::{Device, Kind, Tensor};
use zoobot_base::error::{Error, Result};
use zoobot_data::catalog::Catalog;
use zoobot_show::notebook::{Bundle, Show};

/// The side of the matrices whose product shows the speed of the hardware.
const MATRIX: i64 = 1024;
/// The minimum number of pictures to prepare, so that the time can be measured reliably.
const PREPARED: usize = 2000;
/// The number of matrix products that each thread computes.
const PRODUCTS: i64 = 96;
/// The number of passes on a GPU between two readings of the clock, and to warm up.
const PASSES: usize = 20;
/// The minimum time to keep a GPU busy, in seconds, since its clock rate rises at first.
const BUSY: f64 = 1.0;

/// The speed of each part of encoding on its own, with as many threads as encoding uses.
#[derive(Debug, Clone, Serialize)]
pub struct Speed {
    /// The number of threads.
    pub threads: usize,
    /// Pictures read, decoded and prepared per second.
    pub prepared: f64,
    /// Pictures per second that pass through the network. On a GPU, one thread is used, and the pictures
    /// are already in its memory.
    pub network: f64,
    /// Pictures per batch.
    pub batch: usize,
    /// Billions of floating-point operations per second in matrix products on all threads together,
    /// which shows what the hardware can do at the encoder's precision. It is not measured on a GPU (0).
    pub product_gflops: f64,
}

impl Encoder {
    /// Measures each part of encoding a catalogue on its own. This takes about as long as encoding it.
    ///
    /// # Errors
    /// [`Error::Picture`] for the first picture that cannot be read.
    pub fn speed(&self, catalog: &Catalog) -> Result<Speed> {
        let files = catalog.files();
        if files.is_empty() {
            let what = "there are no galaxies to encode";
            return Err(Error::empty(what, "Give a catalogue of at least one"));
        }
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let before = tch::get_num_threads();
        let measured = self.parts(&files, threads);
        tch::set_num_threads(before);
        measured
    }

    fn parts(&self, files: &[PathBuf], threads: usize) -> Result<Speed> {
        let prepare = |file: &PathBuf| self.recipe().read(file);
        let (next, all) = (AtomicUsize::new(0), files.len() * PREPARED.div_ceil(files.len()));
        let prepared = timed(vec![(); threads], |()| {
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                if place >= all {
                    return Ok(());
                }
                prepare(&files[place % files.len()])?;
            }
        })?;
        let batch = self.batch();
        let network = self.network()?;
        let rate = match self.device() {
            Device::Cuda(index) => {
                let files = files.iter().cycle().take(batch);
                let pictures = files.map(prepare).collect::<Result<Vec<_>>>()?;
                let pictures = self.recipe().batch(&pictures, self.device())?;
                on_gpu(&network, &pictures, index)?
            }
            _ => {
                let length = batch.min(files.len());
                let pictures = files[..length].iter().map(prepare).collect::<Result<Vec<_>>>()?;
                let passes = files.len().div_ceil(length * threads);
                self.features_of(&network, &pictures)?;
                let networks = copies(threads, || network.detached())?;
                let seconds = timed(networks, |network| {
                    (0..passes).try_for_each(|_| self.features_of(&network, &pictures).map(drop))
                })?;
                (passes * threads * length) as f64 / seconds
            }
        };
        let mut product_gflops = 0.0;
        if !self.device().is_cuda() {
            let kind = match self.precision() {
                Precision::Bf16 => Kind::BFloat16,
                _ => Kind::Float,
            };
            let matrix = || Ok(Tensor::f_ones([MATRIX, MATRIX], (kind, self.device()))?);
            let warm: Tensor = matrix()?;
            let _ = warm.f_matmul(&warm)?;
            let matrices = copies(threads, matrix)?;
            let seconds = timed(matrices, |own| {
                (0..PRODUCTS).try_for_each(|_| Ok(own.f_matmul(&own).map(drop)?))
            })?;
            let operations = 2 * MATRIX.pow(3) * PRODUCTS * threads as i64;
            product_gflops = operations as f64 / seconds / 1e9;
        }
        Ok(Speed { threads, prepared: all as f64 / prepared, network: rate, batch, product_gflops })
    }
}

/// Measures how many pictures per second pass through a network on a GPU.
fn on_gpu(network: &Network, pictures: &Tensor, index: usize) -> Result<f64> {
    let some = || {
        for _ in 0..PASSES {
            drop(tch::no_grad(|| network.features(pictures))?);
        }
        // A pass returns before the GPU has computed it.
        tch::Cuda::synchronize(index as i64);
        Ok::<_, Error>(())
    };
    some()?;
    let (start, mut passes) = (Instant::now(), 0);
    while start.elapsed().as_secs_f64() < BUSY {
        some()?;
        passes += PASSES;
    }
    Ok((passes as i64 * pictures.size()[0]) as f64 / start.elapsed().as_secs_f64())
}

fn copies<T>(threads: usize, copy: impl Fn() -> Result<T>) -> Result<Vec<T>> {
    (0..threads).map(|_| copy()).collect()
}

/// Runs one thread per item, on one core each, and returns the total time in seconds.
fn timed<T: Send>(things: Vec<T>, work: impl Fn(T) -> Result<()> + Sync) -> Result<f64> {
    let start = Instant::now();
    let outcomes: Vec<Result<()>> = std::thread::scope(|scope| {
        let one = |thing| {
            let work = &work;
            move || {
                tch::set_num_threads(1);
                work(thing)
            }
        };
        let running: Vec<_> = things.into_iter().map(|thing| scope.spawn(one(thing))).collect();
        let gone = |_| Err(Error::Internal("a thread that was timed stopped".to_owned()));
        running.into_iter().map(|thread| thread.join().unwrap_or_else(gone)).collect()
    });
    outcomes.into_iter().collect::<Result<()>>()?;
    Ok(start.elapsed().as_secs_f64().max(1e-9))
}

impl Show for Speed {
    fn show(&self) -> Bundle {
        let Self { threads, prepared, network, product_gflops, .. } = self;
        Bundle::plain(format!(
            "On {threads} threads: {prepared:.0} pictures a second read, decoded and prepared; \
             {network:.1} through the network; {product_gflops:.0} GFLOP/s in a product of matrices"
        ))
    }
}
