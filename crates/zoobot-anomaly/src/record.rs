//! The ratings of one table, shared by a notebook's search and its page in the browser.

use super::journal::{Journal, Line};
use super::ratings::{Act, Rating, Ratings};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use zoobot_base::error::Result;

/// A handle to ratings; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Record(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    ratings: Ratings,
    journal: Option<Journal>,
    changes: u64,
}

impl Record {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Also writes every further rating to this file.
    pub fn keep_in(&self, journal: Journal) {
        self.lock().journal = Some(journal);
    }

    /// Adds lines that are on the disk already; `rows` holds the galaxy's row for each line.
    pub fn replay(&self, lines: &[Line], rows: &[usize]) {
        self.lock().take(lines, rows);
    }

    /// Writes lines to the disk, then adds them.
    pub fn add(&self, lines: &[Line], rows: &[usize]) -> Result<()> {
        self.lock().add(lines, rows)
    }

    /// Takes back a user's last rating or skip, and returns the galaxy's row; `None` if there is
    /// nothing to take back. `line` makes the journal line for it.
    pub fn undo(&self, user: &str, line: impl FnOnce(usize) -> Line) -> Result<Option<usize>> {
        // Under one lock, so that two undos at once take back two ratings.
        let mut kept = self.lock();
        let Some(row) = kept.ratings.history(user).last().map(|last| last.row()) else {
            return Ok(None);
        };
        kept.add(&[line(row)], &[row])?;
        Ok(Some(row))
    }

    /// See [`Ratings::current`].
    pub fn current(&self, user: &str) -> Vec<Rating> {
        self.lock().ratings.current(user)
    }

    /// See [`Ratings::history`].
    pub fn history(&self, user: &str) -> Vec<Act> {
        self.lock().ratings.history(user).to_vec()
    }

    /// See [`Ratings::skipped`].
    pub fn skipped(&self, user: &str) -> Vec<usize> {
        self.lock().ratings.skipped(user)
    }

    /// See [`Ratings::notes`].
    pub fn notes(&self, user: &str) -> BTreeMap<usize, String> {
        self.lock().ratings.notes(user)
    }

    /// See [`Ratings::people`].
    pub fn people(&self) -> Vec<String> {
        self.lock().ratings.people().into_iter().map(str::to_owned).collect()
    }

    /// How many times a rating was added, changed or taken back.
    pub fn changes(&self) -> u64 {
        self.lock().changes
    }
}

impl Kept {
    fn add(&mut self, lines: &[Line], rows: &[usize]) -> Result<()> {
        if let Some(journal) = &mut self.journal {
            journal.append(lines)?;
        }
        self.take(lines, rows);
        Ok(())
    }

    fn take(&mut self, lines: &[Line], rows: &[usize]) {
        for (line, row) in lines.iter().zip(rows) {
            self.changes += u64::from(self.ratings.take(line, *row));
        }
    }
}
