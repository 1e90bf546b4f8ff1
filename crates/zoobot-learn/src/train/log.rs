//! The log of a run: tables that other programs can read during the run.
//!
//! `steps.csv` has a line for each step, `epochs.csv` for each epoch. A run that resumes removes the lines of
//! the steps that it repeats, so that no step is logged twice.

use super::history::{Epoch, table};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use zoobot_base::error::{Error, Result};
use zoobot_base::files::write_whole;
use zoobot_data::catalog::write_table;

const STEPS: &str = "steps.csv";
const EPOCHS: &str = "epochs.csv";
const HEADER: &str = "step,loss,rate";

/// The log of a run with a folder.
#[derive(Debug)]
pub(super) struct Log {
    folder: PathBuf,
    steps: File,
}

impl Log {
    /// Opens the log of a run that starts after `step` with these epochs.
    pub fn open(folder: &Path, step: u64, epochs: &[Epoch]) -> Result<Self> {
        let path = folder.join(STEPS);
        let before = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(Error::io("read", &path)(error)),
        };
        let taken = |line: &&str| {
            let number = line.split(',').next().and_then(|number| number.parse::<u64>().ok());
            // A line that was truncated when the process was killed belongs to a later step.
            number.is_some_and(|number| number <= step)
        };
        let lines = std::iter::once(HEADER).chain(before.lines().filter(taken));
        let text: String = lines.flat_map(|line| [line, "\n"]).collect();
        write_whole(&path, |mut file| {
            file.write_all(text.as_bytes()).map_err(Error::io("write", &path))
        })?;
        let steps = OpenOptions::new().append(true).open(&path);
        let log = Self { folder: folder.into(), steps: steps.map_err(Error::io("write", &path))? };
        log.epochs(epochs)?;
        Ok(log)
    }

    /// Appends a step.
    pub fn step(&mut self, step: u64, loss: f64, rate: f64) -> Result<()> {
        let line = format!("{step},{loss},{rate}\n");
        let written = self.steps.write_all(line.as_bytes());
        written.map_err(Error::io("write", self.folder.join(STEPS)))
    }

    /// Writes all epochs so far.
    pub fn epochs(&self, epochs: &[Epoch]) -> Result<()> {
        write_table(&table(epochs), self.folder.join(EPOCHS))
    }
}
