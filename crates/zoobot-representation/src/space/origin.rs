//! The origin of a representation.

use polars::prelude::KeyValueMetadata;
use serde::{Deserialize, Serialize};
use zoobot_data::catalog::NOTE;
use zoobot_data::picture::Recipe;

/// The encoder that made a representation, and how the pictures were prepared for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// The encoder's name.
    pub encoder: String,
    /// Identifies the encoder's weights; see `Encoder::fingerprint`.
    pub fingerprint: String,
    /// How pictures were prepared.
    pub recipe: Recipe,
    /// How many views of each picture were averaged; see `Encoder::with_views`.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub views: usize,
}

fn one() -> usize {
    1
}

/// By reference, as serde asks.
fn is_one(views: &usize) -> bool {
    *views == 1
}

impl Origin {
    /// The origin as one line of JSON.
    pub(crate) fn text(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }

    /// The metadata for a Parquet table.
    pub(super) fn metadata(&self) -> Option<KeyValueMetadata> {
        Some(KeyValueMetadata::from_static(vec![(NOTE.to_owned(), self.text()?)]))
    }

    /// Finds the origin in the metadata of a Parquet table.
    pub(super) fn find<'a>(
        mut all: impl Iterator<Item = (&'a str, Option<&'a str>)>,
    ) -> Option<Self> {
        let (_, text) = all.find(|(key, _)| *key == NOTE)?;
        serde_json::from_str(text?).ok()
    }
}
