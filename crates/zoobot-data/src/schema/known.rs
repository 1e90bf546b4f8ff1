//! The decision trees of the Galaxy Zoo campaigns.
//!
//! `known.json` holds facts about public vote tables: the names of questions, answers and columns as
//! published by `galaxy-datasets` 0.0.25 and `zoobot` 2.9.0. `jwst_cosmos_ortho` is a vote table for which
//! `zoobot` has no tree; `decals_paper_nonortho` is the tree of Walmsley et al. (2022), with its looser
//! dependencies.

use super::Schema;
use std::sync::LazyLock;

/// Every known schema.
pub(super) fn all() -> &'static [Schema] {
    static ALL: LazyLock<Vec<Schema>> =
        // The text is part of the program and a test parses all of it, so parsing cannot fail.
        LazyLock::new(|| serde_json::from_str(include_str!("known.json")).unwrap_or_default());
    &ALL
}
