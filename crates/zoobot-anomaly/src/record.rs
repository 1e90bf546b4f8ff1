//! The ratings of one table, shared by a notebook's search and its page in the browser.

use super::journal::{Journal, Line};
use super::ratings::{Act, Rating, Ratings};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use zoobot_base::error::Result;

/// A handle to ratings; its clones are handles to the same.
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

    /// Writes every further rating to this file too.
    pub fn keep_in(&self, journal: Journal) {
        self.lock().journal = Some(journal);
    }

    /// Takes in what is on the disk already; each line with its galaxy's place.
    pub fn replay(&self, lines: &[Line], rows: &[usize]) {
        self.lock().take(lines, rows);
    }

    /// Takes in lines when they are on the disk.
    pub fn add(&self, lines: &[Line], rows: &[usize]) -> Result<()> {
        self.lock().add(lines, rows)
    }

    /// Takes back the last rating of a user, or the last galaxy that they skipped, and gives the
    /// galaxy's place; `None` without one. `line` makes the line that says so.
    pub fn undo(&self, user: &str, line: impl FnOnce(usize) -> Line) -> Result<Option<usize>> {
        // Under one lock: two who take back at once take back two ratings.
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

    /// How often a rating was added, changed or taken back.
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
