//! Where a representation comes from.

use crate::picture::Recipe;
use polars::prelude::KeyValueMetadata;
use serde::{Deserialize, Serialize};

/// Under which a Parquet table has it.
const KEY: &str = "zoobot";

/// The encoder that made a representation, and how the pictures were prepared for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// Its name.
    pub encoder: String,
    /// Tells its weights from others: see `Encoder::fingerprint`.
    pub fingerprint: String,
    /// How pictures were prepared.
    pub recipe: Recipe,
}

impl Origin {
    /// For a Parquet table.
    pub(crate) fn metadata(&self) -> Option<KeyValueMetadata> {
        let text = serde_json::to_string(self).ok()?;
        Some(KeyValueMetadata::from_static(vec![(KEY.to_owned(), text)]))
    }

    /// From what a Parquet table has beside its columns.
    pub(super) fn find<'a>(
        mut all: impl Iterator<Item = (&'a str, Option<&'a str>)>,
    ) -> Option<Self> {
        let (_, text) = all.find(|(key, _)| *key == KEY)?;
        serde_json::from_str(text?).ok()
    }
}
