//! Skipping galaxies, and notes on them.

use super::journal::Line;
use super::search::AnomalySearch;
use polars::prelude::{Column, DataFrame};
use std::collections::BTreeMap;
use zoobot_base::error::Result;
use zoobot_base::table::table_of;
use zoobot_data::catalog::ID;

impl AnomalySearch {
    /// Skips a galaxy that you are unsure about: it does not count as rated, the model learns nothing
    /// from it, and it is not proposed again. You can still rate it later, and [`undo`](Self::undo) takes
    /// the skip back.
    ///
    /// ```
    /// use zoobot_core::anomaly::AnomalySearch;
    /// use zoobot_core::{ndarray::Array2, space::Space};
    /// let features = Array2::from_shape_fn((20, 2), |(i, j)| (i * (j + 1)) as f32);
    /// let space = Space::new((0..20).map(|i| format!("G{i}")).collect(), features)?;
    /// let mut search = AnomalySearch::new(&space);
    /// search.skip("G7")?;
    /// assert!(search.ratings().is_empty());
    /// assert!(!search.next()?.ids().contains(&"G7".to_owned()));
    /// # Ok::<(), zoobot_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Missing`](zoobot_base::Error::Missing) for an unknown galaxy (with the nearest name),
    /// [`Error::Io`](zoobot_base::Error::Io) when the journal cannot be written.
    pub fn skip(&mut self, id: &str) -> Result<()> {
        let line = self.line(id, None);
        self.record(&[Line { skip: true, ..line }])
    }

    /// The names of the galaxies that were skipped and not rated since.
    pub fn skipped(&self) -> Vec<String> {
        self.skipped_rows().into_iter().map(|row| self.space().ids()[row].clone()).collect()
    }

    /// The rows in the space of the galaxies that were skipped and not rated since.
    pub(super) fn skipped_rows(&self) -> Vec<usize> {
        self.record.skipped(self.name())
    }

    /// Keeps a note on a galaxy. It replaces an earlier note; an empty text removes it. Like a rating, it
    /// is written to the [`journal`](Self::journal). The model does not use it.
    ///
    /// ```
    /// use zoobot_core::anomaly::AnomalySearch;
    /// use zoobot_core::{ndarray::Array2, space::Space};
    /// let space = Space::new(vec!["a".into(), "b".into()], Array2::eye(2))?;
    /// let mut search = AnomalySearch::new(&space);
    /// search.note("b", "a tidal tail?")?;
    /// assert_eq!(search.notes().height(), 1);
    /// # Ok::<(), zoobot_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`skip`](Self::skip).
    pub fn note(&mut self, id: &str, text: &str) -> Result<()> {
        let line = self.line(id, None);
        self.record(&[Line { note: Some(text.to_owned()), ..line }])
    }

    /// The notes of this user: a table with the columns `id_str` and `note`, one row for each galaxy with
    /// a note.
    pub fn notes(&self) -> DataFrame {
        let notes = self.noted();
        let ids: Vec<&str> = notes.keys().map(|&row| self.space().ids()[row].as_str()).collect();
        let texts: Vec<&str> = notes.values().map(String::as_str).collect();
        let columns = vec![Column::new(ID.into(), ids), Column::new("note".into(), texts)];
        table_of(notes.len(), columns)
    }

    /// The notes of this user, by the galaxies' rows in the space.
    pub(super) fn noted(&self) -> BTreeMap<usize, String> {
        self.record.notes(self.name())
    }
}

#[cfg(test)]
mod tests {
    use crate::{AnomalySearch, journal};
    use ndarray::Array2;
    use zoobot_representation::space::Space;

    fn space() -> Space {
        let features = Array2::from_shape_fn((40, 2), |(row, column)| (row * (column + 1)) as f32);
        Space::new((0..40).map(|row| format!("G{row}")).collect(), features).unwrap()
    }

    #[test]
    fn what_is_skipped_is_not_rated_not_proposed_and_can_be_taken_back() {
        let mut search = AnomalySearch::new(&space());
        let batch = search.next().unwrap();
        let (first, second) = (&batch.ids()[0], &batch.ids()[1]);
        search.skip(first).unwrap();
        search.rate(second, 4).unwrap();
        search.skip(second).unwrap();
        assert!(search.ratings().is_empty());
        assert_eq!(search.skipped(), [first.clone(), second.clone()]);
        assert_eq!(search.next().unwrap().ids(), &batch.ids()[2..]);
        // Taking back a skip restores the rating before it.
        assert_eq!(search.undo().unwrap().as_ref(), Some(second));
        assert_eq!(search.ratings().len(), 1);
        // A rating counts after a skip.
        search.rate(first, 0).unwrap();
        assert_eq!((search.ratings().len(), search.skipped().len()), (2, 0));
        for id in space().ids() {
            search.skip(id).unwrap();
        }
        assert!(search.next().unwrap().ids().is_empty());
        assert!(search.skip("G99").unwrap_err().to_string().contains("G99"));
    }

    #[test]
    fn skips_and_notes_are_kept_and_older_files_are_read_as_before() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ratings.jsonl");
        let old = "{\"user\":\"\",\"id_str\":\"G1\",\"rating\":5,\"at\":1}\n\
                   {\"user\":\"\",\"id_str\":\"G2\",\"rating\":0,\"at\":2}\n\
                   {\"user\":\"\",\"id_str\":\"G2\",\"undo\":true,\"at\":3}\n";
        std::fs::write(&path, old).unwrap();
        let open = || AnomalySearch::new(&space()).journal(&path).unwrap();
        let mut search = open();
        assert_eq!(search.ratings().len(), 1);
        search.skip("G3").unwrap();
        search.note("G3", "a \"tail\",\nor a bar: ü").unwrap();
        search.note("G4", "gone soon").unwrap();
        search.note("G4", " ").unwrap();
        search.note("G1", "bright").unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(old), "{text}");
        for line in text.lines() {
            assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
        }
        let again = open();
        assert_eq!((again.ratings().len(), again.skipped()), (1, vec!["G3".to_owned()]));
        let notes = again.notes();
        let texts = notes.column("note").unwrap().str().unwrap().clone();
        let texts: Vec<&str> = texts.iter().flatten().collect();
        assert_eq!(texts, ["bright", "a \"tail\",\nor a bar: ü"]);
        // The table of ratings includes the notes.
        assert!(again.table().column("note").is_ok());
        assert_eq!(journal::read(&path).unwrap().len(), 8);
        // Another user has no notes or skips.
        let other = open().user("ana");
        assert!(other.notes().height() == 0 && other.skipped().is_empty());
    }
}
