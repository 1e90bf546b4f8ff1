//! Which tags are synonyms and which say nothing about the galaxy: data that you can edit.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use zoobot_base::error::{Error, Result};

/// How tags are cleaned before they are used. The default merges and drops common tags of pictures
/// of galaxies; change the fields, or [`read`](Self::read) your own.
///
/// Capitals, hash signs, spaces, hyphens and underscores never tell tags apart: `#Edge-On` is
/// `edge on`. A tag with a question mark is a question and is dropped.
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
    /// For each tag that is kept, its synonyms.
    pub same: BTreeMap<String, BTreeSet<String>>,
    /// Tags that are left out: questions, remarks, the data's own terms.
    pub dropped: BTreeSet<String>,
}

impl Cleaning {
    /// The cleaning that comes with this library.
    pub fn standard() -> Self {
        // A test makes sure that it can be read.
        let none = || Self { same: BTreeMap::new(), dropped: BTreeSet::new() };
        serde_json::from_str(include_str!("cleaning.json")).unwrap_or_else(|_| none())
    }

    /// Reads a JSON file of `same` (an object of lists) and `dropped` (a list).
    ///
    /// # Errors
    /// When the file cannot be read or is not such a file. A tag with two meanings is an error of
    /// [`Tags::clean`](super::Tags::clean).
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
        Ok(serde_json::from_str(&text)?)
    }

    /// For the key of a tag, what becomes of it: another name, or `None` where it is dropped.
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

/// What is left of a tag when spelling is taken away.
pub(super) fn key(tag: &str) -> String {
    tag.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
