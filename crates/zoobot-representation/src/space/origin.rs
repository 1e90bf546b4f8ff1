//! Where a representation comes from.

use polars::prelude::KeyValueMetadata;
use serde::{Deserialize, Serialize};
use zoobot_data::catalog::NOTE;
use zoobot_data::picture::Recipe;

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
    /// As one line of JSON.
    pub(crate) fn text(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }

    /// For a Parquet table.
    pub(super) fn metadata(&self) -> Option<KeyValueMetadata> {
        Some(KeyValueMetadata::from_static(vec![(NOTE.to_owned(), self.text()?)]))
    }

    /// From what a Parquet table has beside its columns.
    pub(super) fn find<'a>(
        mut all: impl Iterator<Item = (&'a str, Option<&'a str>)>,
    ) -> Option<Self> {
        let (_, text) = all.find(|(key, _)| *key == NOTE)?;
        serde_json::from_str(text?).ok()
    }
}
