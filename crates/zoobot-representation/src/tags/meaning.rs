//! Finds tags by meaning: the tags nearest to a text, synonyms, and topics.

use super::{Tags, TextEncoder};
use crate::similar::{Neighbours, Query, Searched};
use crate::space::Space;
use ndarray::Array2;
use polars::prelude::{Column, DataFrame, df};
use std::collections::{BTreeMap, HashSet};
use zoobot_base::error::{Error, Result};
use zoobot_base::table::table_of;
use zoobot_show::notebook::{Bundle, Show, Table};

/// Puts a tag into a phrase, because the text encoder does not know that it describes a galaxy.
fn told(words: &str) -> String {
    format!("a galaxy picture showing {words}")
}

/// The number of galaxies at which co-occurrence has half of its full weight.
const FEW: f32 = 5.0;

/// Tags and the similarity of their meanings to a text, nearest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Meant {
    /// Each tag with the cosine similarity of its meaning to the text, which is 1 for equal meanings.
    pub tags: Vec<(String, f32)>,
}

impl Meant {
    /// The table: `tag`, `similarity`.
    pub fn table(&self) -> DataFrame {
        let (tags, similarity): (Vec<&str>, Vec<f32>) =
            self.tags.iter().map(|(tag, near)| (tag.as_str(), *near)).unzip();
        let similarity = Column::new("similarity".into(), similarity);
        table_of(tags.len(), vec![Column::new("tag".into(), &tags), similarity])
    }
}

impl Show for Meant {
    fn show(&self) -> Bundle {
        Table::new(self.table()).show()
    }
}

/// How tags are grouped into topics.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicConfig {
    /// Tags with fewer galaxies are left out (default 2).
    pub least: usize,
    /// The similarity from which two groups of tags are merged, 0 to 1 (default 0.55). A lower value
    /// gives fewer topics.
    pub similarity: f32,
    /// The weight of co-occurrence (how often two tags are on the same galaxies), relative to the
    /// meaning of their words, 0 to 1 (default 0.3).
    pub together: f32,
    /// Given topics, each with some of its tags (default none). Other tags join them if they are similar
    /// enough, and otherwise form topics of their own.
    pub wanted: BTreeMap<String, Vec<String>>,
}

impl Default for TopicConfig {
    fn default() -> Self {
        Self { least: 2, similarity: 0.55, together: 0.3, wanted: BTreeMap::new() }
    }
}

impl Tags {
    /// The `k` tags nearest in meaning to a text. The text need not be a tag.
    ///
    /// A tag is represented by all spellings and synonyms that [`clean`](Self::clean) merged into it;
    /// the nearest of them counts.
    ///
    /// # Errors
    /// [`Error::Empty`] for an empty text or no tags; [`Error::Parameter`] for a `k` of 0.
    pub fn meant_by(&self, text: &str, encoder: &TextEncoder, k: usize) -> Result<Meant> {
        Ok(self.meant_by_each(&[text], encoder, k)?.swap_remove(0))
    }

    /// Like [`meant_by`](Self::meant_by) for several texts, but faster than separate calls.
    ///
    /// # Errors
    /// As [`meant_by`](Self::meant_by).
    pub fn meant_by_each(
        &self,
        texts: &[&str],
        encoder: &TextEncoder,
        k: usize,
    ) -> Result<Vec<Meant>> {
        if let Some(text) = texts.iter().find(|text| text.trim().is_empty()) {
            let what = format!("the text {text:?} has no words");
            return Err(Error::empty(what, "Describe what you look for, such as \"a ring\""));
        }
        if self.galaxies.is_empty() {
            return Err(no_tags());
        }
        if k == 0 {
            return Err(Error::parameter("k", k, "at least 1"));
        }
        let (tags, phrases) = self.phrases(&self.names());
        let vectors = encoder.embed(&phrases)?;
        let asked = encoder.embed(&texts.iter().map(|text| told(text)).collect::<Vec<_>>())?;
        let meant = asked.rows().into_iter().map(|asked| {
            let mut best = BTreeMap::<&str, f32>::new();
            for (&tag, vector) in tags.iter().zip(vectors.rows()) {
                let best = best.entry(tag).or_insert(f32::NEG_INFINITY);
                *best = best.max(vector.dot(&asked));
            }
            let mut all: Vec<(String, f32)> =
                best.into_iter().map(|(tag, near)| (tag.to_owned(), near)).collect();
            all.sort_by(|a, b| b.1.total_cmp(&a.1));
            all.truncate(k);
            Meant { tags: all }
        });
        Ok(meant.collect())
    }

    /// The phrases for some tags, including spellings and synonyms, and the tag of each phrase.
    fn phrases<'a>(&'a self, tags: &[&'a str]) -> (Vec<&'a str>, Vec<String>) {
        let all = tags.iter().flat_map(|&tag| {
            let spelt = self.spelt.get(tag).into_iter().flatten().map(String::as_str);
            std::iter::once(tag).chain(spelt.filter(move |&it| it != tag)).map(move |it| (tag, it))
        });
        all.map(|(tag, phrase)| (tag, told(phrase))).unzip()
    }

    /// Pairs of tags that may be synonyms, because the similarity of their meanings is at least `least`
    /// (0.8 is a good start). The table has `tag`, `other` (the rarer tag) and `similarity`, with the
    /// most similar pairs first. Add the correct ones to a [`Cleaning`](super::Cleaning).
    ///
    /// # Errors
    /// [`Error::Parameter`] when `least` is not between 0 and 1.
    pub fn synonyms(&self, encoder: &TextEncoder, least: f32) -> Result<DataFrame> {
        if !(0.0..=1.0).contains(&least) {
            return Err(Error::parameter("least", least, "between 0 and 1"));
        }
        let names = self.names();
        let vectors = encoder.embed(&names.iter().map(|name| told(name)).collect::<Vec<_>>())?;
        let mut pairs = Vec::new();
        for (i, a) in vectors.rows().into_iter().enumerate() {
            zoobot_base::interrupt::check("synonyms", || format!("{i} of {} tags", names.len()))?;
            for (j, b) in vectors.rows().into_iter().enumerate().skip(i + 1) {
                let near = a.dot(&b);
                if near >= least {
                    let count = |tag: &str| self.galaxies[tag].len();
                    let rarer_first = count(names[i]) < count(names[j]);
                    let (tag, other) = if rarer_first { (j, i) } else { (i, j) };
                    pairs.push((names[tag], names[other], near));
                }
            }
        }
        pairs.sort_by(|a, b| b.2.total_cmp(&a.2).then(a.0.cmp(b.0)));
        let column = |of: fn(&(&'_ str, &'_ str, f32)) -> String| -> Vec<String> {
            pairs.iter().map(of).collect()
        };
        let near: Vec<f32> = pairs.iter().map(|pair| pair.2).collect();
        Ok(df!(
            "tag" => column(|pair| pair.0.to_owned()),
            "other" => column(|pair| pair.1.to_owned()),
            "similarity" => near
        )?)
    }

    /// Groups tags with similar meanings and on the same galaxies into topics. Each topic is named after
    /// its most frequent tag, or has the name given in [`wanted`](TopicConfig::wanted). The table has
    /// `topic`, `tag` and the tag's `galaxies`; the largest topic comes first.
    ///
    /// Time and memory grow as the square of the number of tags, which may be at most 5,000.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a share outside 0 to 1; [`Error::Unsuitable`] when no tag or too many
    /// tags have `least` galaxies; [`Error::Missing`] for an unknown tag in a wanted topic.
    pub fn topics(&self, encoder: &TextEncoder, config: &TopicConfig) -> Result<DataFrame> {
        for (name, share) in [("similarity", config.similarity), ("together", config.together)] {
            if !(0.0..=1.0).contains(&share) {
                return Err(Error::parameter(name, share, "between 0 and 1"));
            }
        }
        for tag in config.wanted.values().flatten() {
            self.galaxies(tag)?;
        }
        let asked: HashSet<&str> = config.wanted.values().flatten().map(String::as_str).collect();
        let names: Vec<&str> = self
            .galaxies
            .iter()
            .filter(|(tag, ids)| ids.len() >= config.least || asked.contains(tag.as_str()))
            .map(|(tag, _)| tag.as_str())
            .collect();
        if names.is_empty() || names.len() > 5000 {
            let count = names.len();
            let problem = format!(
                "{count} tags have {} or more galaxies, but topics are made of 1 to 5000",
                config.least
            );
            let hint = if count == 0 { "Lower `least`" } else { "Raise `least`" };
            return Err(Error::unsuitable(problem, hint));
        }
        let vectors = encoder.embed(&names.iter().map(|name| told(name)).collect::<Vec<_>>())?;
        let alike = self.alike(&names, &vectors, config.together);
        let mut groups: Vec<(Option<&str>, Vec<usize>)> = Vec::new();
        let place = |tag: &str| names.iter().position(|name| *name == tag);
        for (topic, tags) in &config.wanted {
            groups.push((Some(topic), tags.iter().filter_map(|tag| place(tag)).collect()));
        }
        let rest = (0..names.len()).filter(|&i| !asked.contains(names[i]));
        groups.extend(rest.map(|i| (None, vec![i])));
        gather(&mut groups, &alike, config.similarity)?;

        let count = |tag: usize| self.galaxies[names[tag]].len();
        let mut topics: Vec<(String, Vec<usize>)> = groups
            .into_iter()
            .filter(|(_, tags)| !tags.is_empty())
            .map(|(topic, mut tags)| {
                tags.sort_by_key(|&tag| (std::cmp::Reverse(count(tag)), tag));
                (topic.unwrap_or(names[tags[0]]).to_owned(), tags)
            })
            .collect();
        topics.sort_by_key(|(_, tags)| {
            std::cmp::Reverse(tags.iter().map(|&tag| count(tag)).sum::<usize>())
        });
        let rows = || topics.iter().flat_map(|(topic, tags)| tags.iter().map(move |&t| (topic, t)));
        Ok(df!(
            "topic" => rows().map(|(topic, _)| topic.as_str()).collect::<Vec<_>>(),
            "tag" => rows().map(|(_, tag)| names[tag]).collect::<Vec<_>>(),
            "galaxies" => rows().map(|(_, tag)| count(tag) as u32).collect::<Vec<_>>()
        )?)
    }

    /// The similarity of each pair of tags: of their meanings, combined with their co-occurrence.
    fn alike(&self, names: &[&str], vectors: &Array2<f32>, together: f32) -> Array2<f32> {
        let mut alike = vectors.dot(&vectors.t());
        let on: Vec<HashSet<&str>> = names
            .iter()
            .map(|name| self.galaxies[*name].iter().map(String::as_str).collect())
            .collect();
        for i in 0..names.len() {
            for j in 0..i {
                let both = on[i].intersection(&on[j]).count() as f32;
                // The share of the rarer tag's galaxies that also have the other tag. A few galaxies say
                // little.
                let share = both / (on[i].len().min(on[j].len()) as f32 + FEW);
                let joint = (1.0 - together) * alike[[i, j]] + together * share;
                alike[[i, j]] = joint;
                alike[[j, i]] = joint;
            }
        }
        alike
    }
}

/// Merges the two groups with the highest mean similarity, until none reaches `least` (average linkage).
/// Two named groups are never merged.
fn gather(
    groups: &mut Vec<(Option<&str>, Vec<usize>)>,
    alike: &Array2<f32>,
    least: f32,
) -> Result<()> {
    // Sums over pairs, from which the mean similarity follows after any merge.
    let count = groups.len();
    let mut sums = Array2::<f32>::zeros((count, count));
    for i in 0..count {
        for j in 0..count {
            let pairs = groups[i].1.iter().flat_map(|&a| groups[j].1.iter().map(move |&b| (a, b)));
            sums[[i, j]] = pairs.map(|(a, b)| alike[[a, b]]).sum();
        }
    }
    let near = |groups: &[(Option<&str>, Vec<usize>)], sums: &Array2<f32>, i: usize, j: usize| {
        let ((a, first), (b, second)) = (&groups[i], &groups[j]);
        match a.is_some() && b.is_some() || first.is_empty() || second.is_empty() {
            true => f32::NEG_INFINITY,
            false => sums[[i, j]] / (first.len() * second.len()) as f32,
        }
    };
    let nearest = |groups: &[(Option<&str>, Vec<usize>)], sums: &Array2<f32>, i: usize| {
        let others = (0..count).filter(|&j| j != i).map(|j| (near(groups, sums, i, j), j));
        others.fold((f32::NEG_INFINITY, i), |best, it| if it.0 > best.0 { it } else { best })
    };
    let mut best: Vec<(f32, usize)> = (0..count).map(|i| nearest(groups, &sums, i)).collect();
    loop {
        zoobot_base::interrupt::check("topics", || format!("{count} tags"))?;
        let first = (0..count).fold(0, |most, i| if best[i].0 > best[most].0 { i } else { most });
        let (near, other) = best[first];
        if near < least || other == first {
            return Ok(());
        }
        // A named group keeps its name.
        let (keep, give) = if groups[other].0.is_some() { (other, first) } else { (first, other) };
        let given = std::mem::take(&mut groups[give].1);
        groups[keep].1.extend(given);
        for j in 0..count {
            let sum = sums[[give, j]];
            sums[[keep, j]] += sum;
        }
        for j in 0..count {
            let sum = sums[[j, give]];
            sums[[j, keep]] += sum;
        }
        for i in 0..count {
            if i == keep || i == give || best[i].1 == keep || best[i].1 == give {
                best[i] = nearest(groups, &sums, i);
            } else {
                // The merged group may now be the nearest.
                let others = groups[i].1.len() * groups[keep].1.len();
                if others > 0 && !(groups[i].0.is_some() && groups[keep].0.is_some()) {
                    let now = sums[[i, keep]] / others as f32;
                    if now > best[i].0 {
                        best[i] = (now, keep);
                    }
                }
            }
        }
    }
}

impl Space {
    /// The `k` galaxies nearest to the galaxies with the tag that a text means. The text need not be a
    /// tag itself: of the three tags nearest in meaning, the first that galaxies of the space have is
    /// used.
    ///
    /// # Errors
    /// As [`Tags::meant_by`] and [`similar_to_tag`](Self::similar_to_tag).
    pub fn similar_to_text(
        &self,
        tags: &Tags,
        encoder: &TextEncoder,
        text: &str,
        k: usize,
    ) -> Result<Neighbours> {
        self.similar_to(tags.query_text(text, encoder, self)?.1, k)
    }
}

impl Tags {
    /// The tag that a text means, and its galaxies as a query: see [`Space::similar_to_text`].
    ///
    /// # Errors
    /// As [`meant_by`](Self::meant_by) and [`query`](Self::query).
    pub fn query_text(
        &self,
        text: &str,
        encoder: &TextEncoder,
        within: &impl Searched,
    ) -> Result<(String, Query)> {
        let meant = self.meant_by(text, encoder, 3)?.tags;
        let mut first = None;
        for (tag, _) in meant {
            match self.query(&tag, within) {
                Ok(query) => return Ok((tag, query)),
                Err(error) => {
                    first.get_or_insert(error);
                }
            }
        }
        Err(first.unwrap_or_else(no_tags))
    }
}

fn no_tags() -> Error {
    Error::empty("there are no tags to compare with", "Give at least one")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_join_while_they_are_alike_and_names_stay_apart() {
        // Two pairs and a single point along a line.
        let at = [0.0_f32, 0.1, 1.0, 1.1, 5.0];
        let alike = Array2::from_shape_fn((5, 5), |(i, j)| 1.0 - (at[i] - at[j]).abs());
        let mut groups: Vec<_> = (0..5).map(|i| (None, vec![i])).collect();
        gather(&mut groups, &alike, 0.5).unwrap();
        let mut found: Vec<Vec<usize>> =
            groups.into_iter().map(|group| group.1).filter(|tags| !tags.is_empty()).collect();
        found.iter_mut().for_each(|tags| tags.sort_unstable());
        found.sort();
        assert_eq!(found, [vec![0, 1], vec![2, 3], vec![4]]);
        let mut named = vec![(Some("a"), vec![0]), (Some("b"), vec![1]), (None, vec![2])];
        gather(&mut named, &alike, 0.0).unwrap();
        assert_eq!(named[1].1, [1, 2]);
        assert_eq!(named[0].1, [0]);
    }
}
