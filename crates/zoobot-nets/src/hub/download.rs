//! Downloads a file into the cache. Interrupted downloads are resumed, and a file gets its name only
//! after it has been verified.

use super::cache::{Cache, parent};
use super::client::{Client, Fault, Meta, stopped, wait};
use super::{Address, Settings};
use reqwest::StatusCode;
use reqwest::header::CONTENT_RANGE;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use zoobot_base::Error;
use zoobot_show::notebook::Progress;

/// The number of consecutive attempts without progress before giving up.
const ATTEMPTS: u32 = 4;
/// Bytes per megabyte, the unit of progress.
const MEGABYTE: u64 = 1_000_000;

/// Progress over several files.
pub(super) struct Meter {
    progress: Progress,
    bytes: AtomicU64,
}

impl Meter {
    pub fn new(address: &Address, total: u64) -> Self {
        let total = total.div_ceil(MEGABYTE) as usize;
        Self {
            progress: Progress::new(format!("fetch {} (MB)", address.name), Some(total)),
            bytes: AtomicU64::new(0),
        }
    }

    fn advance(&self, bytes: u64) {
        let before = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        let steps = (before + bytes) / MEGABYTE - before / MEGABYTE;
        self.progress.advance(steps as usize);
    }
}

/// Downloads the bytes of a file into the cache, unless they are already there.
pub(super) async fn download(
    client: &Client,
    meta: &Meta,
    cache: &Cache,
    settings: &Settings,
    meter: &Meter,
) -> Result<(), Fault> {
    let blob = cache.blob(&meta.etag);
    let there = || blob.metadata().is_ok_and(|blob| blob.len() == meta.size);
    if !there() {
        let _lock = cache.lock(&meta.etag).await?;
        if !there() {
            Download { client, meta, settings, blob: &blob, partial: partial(&blob) }
                .run(meter)
                .await?;
            return Ok(());
        }
    }
    meter.advance(meta.size);
    Ok(())
}

/// The path of an incomplete file.
fn partial(blob: &Path) -> PathBuf {
    let mut path = blob.as_os_str().to_owned();
    path.push(".incomplete");
    path.into()
}

struct Download<'a> {
    client: &'a Client,
    meta: &'a Meta,
    settings: &'a Settings,
    blob: &'a Path,
    partial: PathBuf,
}

impl Download<'_> {
    async fn run(&self, meter: &Meter) -> Result<(), Fault> {
        parent(self.blob).map_err(|error| self.io(error))?;
        let before = self.partial.metadata().map_or(0, |partial| partial.len());
        self.fill(meter).await?;
        let mut sound = self.is_sound().map_err(|error| self.io(error))?;
        if !sound && before > 0 {
            // The existing part, from another program, may have been wrong.
            self.discard()?;
            self.fill(meter).await?;
            sound = self.is_sound().map_err(|error| self.io(error))?;
        }
        if !sound {
            self.discard()?;
            return Err(self.damaged(&format!("its SHA-256 is not {}", self.meta.etag)));
        }
        std::fs::rename(&self.partial, self.blob).map_err(|error| self.io(error))
    }

    fn damaged(&self, how: &str) -> Fault {
        Fault::Refused {
            problem: format!("{} arrived damaged: {how}", self.meta.file),
            hint: "It is not kept. Try again; if it is damaged again, a proxy or a mirror may be \
                   changing the file"
                .into(),
        }
    }

    fn io(&self, error: std::io::Error) -> Fault {
        Fault::Other(Error::io("write", &self.partial)(error))
    }

    fn discard(&self) -> Result<(), Fault> {
        std::fs::remove_file(&self.partial).map_err(|error| self.io(error))
    }

    /// Fills the partial file to its full length, using as many connections as necessary.
    async fn fill(&self, meter: &Meter) -> Result<(), Fault> {
        let mut options = File::options();
        let options = options.create(true).truncate(false).write(true).open(&self.partial);
        let mut file = options.map_err(|error| self.io(error))?;
        let mut done = file.metadata().map_err(|error| self.io(error))?.len();
        if done > self.meta.size {
            done = 0;
        }
        meter.advance(done);
        let mut idle = 0;
        while done < self.meta.size {
            let before = done;
            let outcome = self.pull(&mut file, &mut done, meter).await;
            // After a power cut, the file must not contain a hole that its length hides.
            file.sync_data().map_err(|error| self.io(error))?;
            let Err(fault) = outcome else { continue };
            let Fault::Unreachable(reason) = fault else { return Err(fault) };
            idle = if done > before { 0 } else { idle + 1 };
            if idle >= ATTEMPTS {
                let (file, size) = (&self.meta.file, self.meta.size);
                let kept = format!("{reason}; {done} of {size} bytes of {file} are kept");
                return Err(Fault::Unreachable(kept));
            }
            self.pause(idle).await?;
        }
        file.set_len(done).and_then(|()| file.sync_all()).map_err(|error| self.io(error))
    }

    /// Uses one connection: writes what it receives from `done` on.
    async fn pull(&self, file: &mut File, done: &mut u64, meter: &Meter) -> Result<(), Fault> {
        let mut answer = self.client.bytes(self.meta, *done).await?;
        let fits = answer.status() == StatusCode::PARTIAL_CONTENT && starts_at(&answer, *done);
        if !fits {
            *done = 0;
        }
        if !fits && answer.status() != StatusCode::OK {
            return Err(Fault::Unreachable(
                "the server sent another part than was requested".into(),
            ));
        }
        file.seek(SeekFrom::Start(*done)).map_err(|error| self.io(error))?;
        file.set_len(*done).map_err(|error| self.io(error))?;
        while let Some(chunk) = wait(answer.chunk()).await? {
            if *done + chunk.len() as u64 > self.meta.size {
                self.discard()?;
                return Err(self.damaged("it has more bytes than it should"));
            }
            file.write_all(&chunk).map_err(|error| self.io(error))?;
            *done += chunk.len() as u64;
            meter.advance(chunk.len() as u64);
            stopped()?;
        }
        if *done < self.meta.size {
            return Err(Fault::Unreachable("the connection was dropped".into()));
        }
        Ok(())
    }

    async fn pause(&self, idle: u32) -> Result<(), Fault> {
        let end = tokio::time::Instant::now() + self.settings.pause * 2_u32.pow(idle);
        while tokio::time::Instant::now() < end {
            stopped()?;
            let look = std::time::Duration::from_millis(100);
            tokio::time::sleep_until(end.min(tokio::time::Instant::now() + look)).await;
        }
        Ok(())
    }

    /// Whether the bytes match the ETag. The ETag of a small file is Git's hash; such files are not
    /// verified beyond their length, and their content is JSON, which is parsed next.
    fn is_sound(&self) -> std::io::Result<bool> {
        let etag = &self.meta.etag;
        if etag.len() != 64 || !etag.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(true);
        }
        let mut file = File::open(&self.partial)?;
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                n => hash.update(&buffer[..n]),
            }
        }
        let found: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(found.eq_ignore_ascii_case(etag))
    }
}

/// Whether an answer begins at this byte.
fn starts_at(answer: &reqwest::Response, start: u64) -> bool {
    let range = answer.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
    let first = range.and_then(|range| range.strip_prefix("bytes ")?.split_once('-'));
    first.and_then(|(first, _)| first.parse().ok()) == Some(start)
}
