//! Checkpoints that survive crashes: each is a folder that is written completely or not at all.
//!
//! A folder `step-000000000123` holds `tensors.safetensors` and `state.json`. It is written under a temporary
//! name, synced to disk and renamed, so that a power cut, a `kill -9` or a full disk leaves the previous
//! checkpoint intact.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use tch::Tensor;
use zoobot_base::error::{Error, Result};

const TENSORS: &str = "tensors.safetensors";
const STATE: &str = "state.json";
const BEGIN: &str = "step-";
const UNFINISHED: &str = "unfinished-";

/// A folder of checkpoints.
///
/// ```
/// use zoobot_core::{tch::Tensor, train::Checkpoints};
/// let folder = std::env::temp_dir().join(format!("zoobot-checkpoints-{}", std::process::id()));
/// let checkpoints = Checkpoints::new(&folder, 1)?;
/// checkpoints.save(100, Some(0.4), &"epoch 1", &[("weight".to_owned(), Tensor::from_slice(&[1.0]))])?;
/// let saved = checkpoints.newest::<String>()?.expect("it was saved");
/// assert_eq!((saved.step, saved.state.as_str()), (100, "epoch 1"));
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Checkpoints {
    folder: PathBuf,
    keep: usize,
}

/// A checkpoint that was read from disk.
#[derive(Debug)]
pub struct Saved<S> {
    /// The number of steps when it was saved.
    pub step: u64,
    /// The validation score, lower is better; `None` for a checkpoint between two validations.
    pub score: Option<f64>,
    /// The caller's state.
    pub state: S,
    /// The named tensors, in the order in which they were saved.
    pub tensors: Vec<(String, Tensor)>,
}

/// The content of `state.json`.
#[derive(Debug, Serialize, Deserialize)]
struct Record<S> {
    step: u64,
    score: Option<f64>,
    state: S,
}

/// The part of [`Record`] that is needed to rank checkpoints.
#[derive(Debug, Deserialize)]
struct Score {
    score: Option<f64>,
}

impl Checkpoints {
    /// Opens `folder` for checkpoints, and creates it if necessary. The newest checkpoint and the `keep` best
    /// ones are kept.
    ///
    /// # Errors
    /// [`Error::Io`] when the folder cannot be created.
    pub fn new(folder: impl AsRef<Path>, keep: usize) -> Result<Self> {
        let folder = folder.as_ref().to_path_buf();
        fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
        Ok(Self { folder, keep })
    }

    /// Writes a checkpoint, then removes all others except the best.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Torch`], for example when the disk is full; earlier checkpoints are then
    /// left intact.
    pub fn save<S: Serialize>(
        &self,
        step: u64,
        score: Option<f64>,
        state: &S,
        tensors: &[(String, Tensor)],
    ) -> Result<()> {
        let name = format!("{step:012}");
        let unfinished = self.folder.join(format!("{UNFINISHED}{name}"));
        let place = self.folder.join(format!("{BEGIN}{name}"));
        let written = write(&unfinished, &Record { step, score, state }, tensors).and_then(|()| {
            // A checkpoint of the same step comes from the same run, and is replaced.
            remove(&place)?;
            fs::rename(&unfinished, &place).map_err(Error::io("write", &place))?;
            sync(&self.folder)
        });
        if written.is_err() {
            // The first error is the one to report.
            let _ = remove(&unfinished);
            return written;
        }
        self.prune(step)
    }

    /// The newest readable checkpoint; `None` without checkpoints.
    ///
    /// # Errors
    /// [`Error::Io`] when the folder cannot be read; the error of the newest checkpoint when no checkpoint
    /// can be read.
    pub fn newest<S: DeserializeOwned>(&self) -> Result<Option<Saved<S>>> {
        let mut first_error = None;
        for step in self.steps()?.into_iter().rev() {
            match self.read(step) {
                Ok(saved) => return Ok(Some(saved)),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        first_error.map_or(Ok(None), Err)
    }

    /// The checkpoint with the lowest score; `None` when no checkpoint has a score.
    ///
    /// # Errors
    /// As for [`newest`](Self::newest).
    pub fn best<S: DeserializeOwned>(&self) -> Result<Option<Saved<S>>> {
        match self.ranked()?.first() {
            Some((step, _)) => self.read(*step).map(Some),
            None => Ok(None),
        }
    }

    /// Reads the checkpoint of this step.
    fn read<S: DeserializeOwned>(&self, step: u64) -> Result<Saved<S>> {
        let folder = self.place(step);
        let path = folder.join(STATE);
        let text = fs::read_to_string(&path).map_err(Error::io("read", &path))?;
        let Record { step, score, state } = serde_json::from_str(&text)?;
        let tensors = Tensor::read_safetensors(folder.join(TENSORS))?;
        Ok(Saved { step, score, state, tensors })
    }

    fn place(&self, step: u64) -> PathBuf {
        self.folder.join(format!("{BEGIN}{step:012}"))
    }

    /// The steps that have checkpoints, in ascending order.
    fn steps(&self) -> Result<Vec<u64>> {
        let entries = fs::read_dir(&self.folder).map_err(Error::io("read", &self.folder))?;
        let names = entries.flatten().map(|entry| entry.file_name());
        let step = |name: std::ffi::OsString| name.to_str()?.strip_prefix(BEGIN)?.parse().ok();
        let mut steps: Vec<u64> = names.filter_map(step).collect();
        steps.sort_unstable();
        Ok(steps)
    }

    /// The steps with a score, best first; ties are ordered by step.
    fn ranked(&self) -> Result<Vec<(u64, f64)>> {
        let score = |step: u64| {
            let text = fs::read_to_string(self.place(step).join(STATE)).ok()?;
            let score = serde_json::from_str::<Score>(&text).ok()?.score?;
            Some((step, score))
        };
        let mut ranked: Vec<_> = self.steps()?.into_iter().filter_map(score).collect();
        ranked.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        Ok(ranked)
    }

    /// Removes unfinished checkpoints that a killed run left behind.
    pub(super) fn tidy(&self) -> Result<()> {
        let entries = fs::read_dir(&self.folder).map_err(Error::io("read", &self.folder))?;
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                remove(&entry.path())?;
            }
        }
        Ok(())
    }

    fn prune(&self, newest: u64) -> Result<()> {
        let best: Vec<u64> = self.ranked()?.into_iter().take(self.keep).map(|it| it.0).collect();
        for step in self.steps()? {
            if step != newest && !best.contains(&step) {
                remove(&self.place(step))?;
            }
        }
        Ok(())
    }
}

fn write<S: Serialize>(
    folder: &Path,
    record: &Record<&S>,
    tensors: &[(String, Tensor)],
) -> Result<()> {
    remove(folder)?;
    fs::create_dir(folder).map_err(Error::io("create", folder))?;
    let path = folder.join(TENSORS);
    Tensor::write_safetensors(tensors, &path)?;
    sync(&path)?;
    let path = folder.join(STATE);
    let text = serde_json::to_string(record)?;
    fs::write(&path, text).map_err(Error::io("write", &path))?;
    sync(&path)?;
    sync(folder)
}

/// Waits until a file, or the entries of a folder, are on disk.
fn sync(path: &Path) -> Result<()> {
    File::open(path).and_then(|it| it.sync_all()).map_err(Error::io("write", path))
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io("remove", folder)(error))
        }
        _ => Ok(()),
    }
}
