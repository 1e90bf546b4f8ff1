//! Which tags are synonyms, and which say nothing about the galaxy. Users can edit these rules.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use zoobot_base::error::{Error, Result};

/// How tags are cleaned before use. The default merges and drops common tags of galaxy pictures; change
/// the fields, or [`read`](Self::read) your own.
///
/// Capitals, hash signs, spaces, hyphens and underscores make no difference: `#Edge-On` is `edge on`. A
/// tag with a question mark counts as a question and is dropped.
///
/// ```
/// use zoobot_core::prelude::*;
/// let written = df!("id_str" => ["a", "b"], "tag" => ["#Ring", "nice!"])?;
/// let mut cleaning = Cleaning::standard();
/// cleaning.dropped.insert("nice".to_owned());
/// assert_eq!(Tags::from_table(&written)?.clean(&cleaning)?.names(), ["ring"]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cleaning {
    /// The synonyms of each tag that is kept.
    pub same: BTreeMap<String, BTreeSet<String>>,
    /// Tags to drop: questions, remarks and technical terms of the data.
    pub dropped: BTreeSet<String>,
}

impl Cleaning {
    /// The cleaning that comes with this library.
    pub fn standard() -> Self {
        // A test makes sure that this file can be read.
        let none = || Self { same: BTreeMap::new(), dropped: BTreeSet::new() };
        serde_json::from_str(include_str!("cleaning.json")).unwrap_or_else(|_| none())
    }

    /// Reads a JSON file with `same` (an object of lists) and `dropped` (a list).
    ///
    /// # Errors
    /// When the file cannot be read or has another format. [`Tags::clean`](super::Tags::clean) rejects a
    /// tag with two meanings.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
        Ok(serde_json::from_str(&text)?)
    }

    /// Maps the key of each tag to its new name, or to `None` if the tag is dropped.
    pub(super) fn rules(&self) -> Result<HashMap<String, Option<&str>>> {
        let mut rules = HashMap::new();
        let kept = self.same.iter().flat_map(|(name, others)| {
            std::iter::once(name).chain(others).map(move |tag| (tag, Some(name.as_str())))
        });
        for (tag, meaning) in kept.chain(self.dropped.iter().map(|tag| (tag, None))) {
            if let Some(before) = rules.insert(key(tag), meaning).filter(|&it| it != meaning) {
                let both = [before, meaning].map(|it| it.unwrap_or("(dropped)"));
                let problem =
                    format!("the tag {tag:?} is cleaned to both {:?} and {:?}", both[0], both[1]);
                return Err(Error::unsuitable(problem, "Give each tag one meaning"));
            }
        }
        Ok(rules)
    }
}

/// Reduces a tag to its lower-case letters and digits, so that spellings compare equal.
pub(super) fn key(tag: &str) -> String {
    tag.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
