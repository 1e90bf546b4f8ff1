//! Vote columns of a catalogue.

use super::{Catalog, ID};
use polars::prelude::{IntoColumn, NamedFrom, Series};
use zoobot_base::error::{Error, Result};

impl Catalog {
    /// The catalogue with vote columns added, or replaced.
    pub(crate) fn with_votes(&self, votes: Vec<(String, Vec<u32>)>) -> Result<Self> {
        let mut table = self.table().clone();
        for (name, counts) in votes {
            table.with_column(Series::new(name.into(), counts).into_column())?;
        }
        Self::from_table(table, self.folder())
    }

    /// The error for an impossible value in a row, naming the galaxy.
    pub(crate) fn impossible(&self, row: usize, problem: &str, hint: &str) -> Error {
        let id = self.labels(ID).ok().and_then(|ids| ids.get(row).cloned()).unwrap_or_default();
        Error::Catalog {
            path: self.source().to_path_buf(),
            problem: format!("{problem} for {id:?}"),
            hint: hint.to_owned(),
        }
    }
}
