//! Free-text tags that people gave to pictures of galaxies: cleaning them, and searching with them.

mod cleaning;
mod meaning;
mod precision;
mod text;

use crate::similar::{Neighbours, Query, Searched};
use crate::space::Space;
use polars::prelude::{Column, DataFrame, DataType};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;
use zoobot_base::error::{Error, Result};
use zoobot_base::table::table_of;
use zoobot_data::catalog::{self, is_missing};
use zoobot_show::notebook::{Bundle, Show, Table};
use zoobot_show::notes::note;

pub use cleaning::Cleaning;
pub use meaning::{Meant, TopicConfig};
pub use text::TextEncoder;

/// Tags and the galaxies that have them.
///
/// ```
/// use zoobot_core::polars::prelude::df;
/// use zoobot_core::tags::{Cleaning, Tags};
/// let written = df!("id_str" => ["a", "b", "b"], "tag" => ["#Ring", "ringed", "what is this?"])?;
/// let tags = Tags::from_table(&written)?.clean(&Cleaning::standard())?;
/// assert_eq!(tags.names(), ["ring"]);
/// assert_eq!(tags.galaxies("ring")?, ["a", "b"]);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tags {
    galaxies: BTreeMap<String, Vec<String>>,
    /// The spellings and synonyms that were merged into a tag.
    spelt: BTreeMap<String, BTreeSet<String>>,
}

impl Tags {
    /// Reads a table in any format of [`Catalog::read`](zoobot_data::catalog::Catalog::read), and passes
    /// it to [`from_table`](Self::from_table).
    ///
    /// # Errors
    /// When the file cannot be read or lacks a column.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        Self::from_table(&catalog::read_table(path.as_ref())?)
    }

    /// Collects raw tags from a table with one row per tag of a picture, with the galaxy (`id_str`) and
    /// the `tag`. Other columns, such as `user` and `time`, are ignored: a galaxy has a tag once, even
    /// if many people gave it. Rows without a galaxy or a tag (empty, or a word such as `NaN`, see
    /// [`is_missing`]) are left out, and a note gives their number.
    ///
    /// # Errors
    /// [`Error::Missing`] if either column does not exist.
    pub fn from_table(table: &DataFrame) -> Result<Self> {
        let texts = |name: &str| {
            let missing = |_| Error::Missing {
                kind: "column",
                name: name.to_owned(),
                place: "the table of tags".to_owned(),
                hint: "Each row needs id_str and tag".to_owned(),
            };
            Ok::<_, Error>(table.column(name).map_err(missing)?.cast(&DataType::String)?)
        };
        let (ids, tags) = (texts(catalog::ID)?, texts("tag")?);
        let given = |text: Option<&str>| {
            text.map(str::trim).filter(|text| !is_missing(text)).map(str::to_owned)
        };
        let pairs = ids.str()?.iter().zip(tags.str()?.iter());
        let pairs: Vec<(String, String)> =
            pairs.filter_map(|(id, tag)| Some((given(id)?, given(tag)?))).collect();
        if pairs.len() < table.height() {
            let (left, all) = (table.height() - pairs.len(), table.height());
            note(format!(
                "{left} of {all} rows of the tags have no galaxy or no tag, and are left out"
            ));
        }
        Ok(Self::of(pairs.into_iter()))
    }

    fn of(pairs: impl Iterator<Item = (String, String)>) -> Self {
        let mut galaxies = BTreeMap::<String, Vec<String>>::new();
        let mut seen = HashSet::new();
        for (id, tag) in pairs.filter(|(id, tag)| !id.is_empty() && !tag.is_empty()) {
            if seen.insert((id.clone(), tag.clone())) {
                galaxies.entry(tag).or_default().push(id);
            }
        }
        Self { galaxies, spelt: BTreeMap::new() }
    }

    /// Merges spellings and synonyms, and drops tags that say nothing about the galaxy. A tag without a
    /// rule is written in lower case, with spaces between words.
    ///
    /// # Errors
    /// [`Error::Unsuitable`] when the cleaning gives one tag two meanings.
    pub fn clean(&self, cleaning: &Cleaning) -> Result<Self> {
        let rules = cleaning.rules()?;
        let plain = |tag: &str| {
            let words = tag.to_lowercase().replace(['#', '-', '_'], " ");
            words.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        // Of "dust lane" and "dustlane", keep the longer.
        let mut spelt = HashMap::<String, String>::new();
        for tag in self.galaxies.keys() {
            let (plain, spelt) = (plain(tag), spelt.entry(cleaning::key(tag)).or_default());
            if plain.len() > spelt.len() {
                *spelt = plain;
            }
        }
        let cleaned = |tag: &str| {
            let key = cleaning::key(tag);
            if tag.contains('?') || key.is_empty() {
                return None;
            }
            match rules.get(&key) {
                Some(meaning) => meaning.map(str::to_owned),
                None => spelt.get(&key).cloned(),
            }
        };
        let mut clean = Self::of(self.galaxies.iter().flat_map(|(tag, ids)| {
            let tag = cleaned(tag);
            ids.iter().filter_map(move |id| Some((id.clone(), tag.clone()?)))
        }));
        let words = |tag: &String| spelt.get(&cleaning::key(tag)).cloned();
        for tag in self.galaxies.keys() {
            if let (Some(kept), Some(words)) = (cleaned(tag), words(tag)) {
                clean.spelt.entry(kept).or_default().insert(words);
            }
        }
        // Also add synonyms that no picture has yet.
        for (tag, others) in &cleaning.same {
            if clean.galaxies.contains_key(tag) {
                clean.spelt.entry(tag.clone()).or_default().extend(others.iter().cloned());
            }
        }
        Ok(clean)
    }

    /// All tags, in alphabetical order.
    pub fn names(&self) -> Vec<&str> {
        self.galaxies.keys().map(String::as_str).collect()
    }

    /// The galaxies with a tag.
    ///
    /// # Errors
    /// [`Error::Missing`], with the most similar tag.
    pub fn galaxies(&self, tag: &str) -> Result<&[String]> {
        self.galaxies.get(tag).map(Vec::as_slice).ok_or_else(|| {
            Error::missing("tag", tag, "these tags", self.galaxies.keys().map(String::as_str))
        })
    }

    /// A query for galaxies similar to those with a tag, in a space or a file of vectors.
    ///
    /// # Errors
    /// [`Error::Missing`] for a tag that does not exist or that none of these galaxies has.
    pub fn query(&self, tag: &str, within: &impl Searched) -> Result<Query> {
        let tagged = self.galaxies(tag)?;
        let here: Vec<Query> = within.held(tagged).into_iter().map(Query::from).collect();
        if here.is_empty() {
            return Err(Error::Missing {
                kind: "galaxy with the tag",
                name: tag.to_owned(),
                place: "this representation".to_owned(),
                hint: format!("It has none of the {} galaxies with this tag", tagged.len()),
            });
        }
        Ok(Query::Several(here))
    }

    /// The table: each `tag` and the number of `galaxies` that have it, most frequent first.
    pub fn table(&self) -> DataFrame {
        let mut all: Vec<(&str, u32)> =
            self.galaxies.iter().map(|(tag, ids)| (tag.as_str(), ids.len() as u32)).collect();
        all.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        let (tags, counts): (Vec<&str>, Vec<u32>) = all.into_iter().unzip();
        let columns =
            vec![Column::new("tag".into(), &tags), Column::new("galaxies".into(), counts)];
        table_of(tags.len(), columns)
    }
}

impl Show for Tags {
    fn show(&self) -> Bundle {
        Table::new(self.table()).show()
    }
}

impl Space {
    /// The `k` galaxies nearest to the mean of the galaxies with a tag. Those galaxies are left out, so
    /// the result is galaxies that probably deserve the tag but do not have it yet.
    ///
    /// # Errors
    /// As [`Tags::query`] and [`Search::nearest`](crate::similar::Search::nearest).
    pub fn similar_to_tag(&self, tags: &Tags, tag: &str, k: usize) -> Result<Neighbours> {
        self.similar_to(tags.query(tag, self)?, k)
    }
}

#[cfg(test)]
mod tests;
