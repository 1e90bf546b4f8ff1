//! Decision trees: what volunteers are asked about a galaxy, and which answer leads to which
//! question.
//!
//! A [`Schema`] names the columns of a vote table, groups them into questions and says which question is
//! asked after which answer. It computes nothing about pictures. The trees of the Galaxy Zoo campaigns are
//! available by name ([`Schema::named`]); others are read from JSON.

mod chances;
mod check;
mod cuts;
mod draw;
mod fractions;
mod known;
mod show;
mod votes;
mod written;

pub use cuts::{Cut, Cuts};
pub use fractions::VoteFractions;
pub use votes::Votes;

use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::path::Path;
use written::Written;
use zoobot_base::error::{Error, Result};
use zoobot_base::spelling::near;

/// A decision tree.
///
/// In JSON it has a name and questions. A question without `depends_on` is asked about every galaxy; other
/// questions are asked only of volunteers who gave the answer in the column `depends_on`:
///
/// ```
/// use zoobot_core::schema::Schema;
/// let schema = Schema::from_json(
///     r#"{"name": "rings", "questions": [
///         {"question": "disk", "answers": ["yes", "no"]},
///         {"question": "ring", "answers": ["yes", "no"], "depends_on": "disk_yes"}
///     ]}"#,
/// )?;
/// assert_eq!(schema.columns(), ["disk_yes", "disk_no", "ring_yes", "ring_no"]);
/// assert_eq!(schema.question("ring")?.range(), 2..4);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Schema {
    name: String,
    questions: Vec<Question>,
    /// The indices of the questions, each after the one it depends on.
    order: Vec<usize>,
}

/// A question of a [`Schema`].
///
/// ```
/// use zoobot_core::prelude::*;
/// let schema = Schema::named("decals_dr5")?;
/// let bar = schema.question("bar-dr5")?.clone();
/// assert_eq!(bar.answers().len(), 3);
/// assert_eq!(bar.depends_on(), Some("disk-edge-on-dr5_no"));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    name: String,
    answers: Vec<Answer>,
    depends_on: Option<String>,
    parent: Option<Parent>,
}

/// An answer to a [`Question`].
///
/// ```
/// use zoobot_core::prelude::*;
/// let rings = Schema::named("gz_rings")?;
/// let answer = rings.answer("ring_yes")?.clone();
/// assert_eq!((answer.name(), answer.column(), answer.index()), ("yes", "ring_yes", 0));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    name: String,
    column: String,
    index: usize,
}

/// The question and answer that a question follows.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Parent {
    question: usize,
    /// The index of the answer in the whole schema.
    answer: usize,
}

impl Schema {
    /// The Galaxy Zoo schemas that [`named`](Self::named) knows.
    pub fn names() -> Vec<String> {
        known::all().iter().map(|schema| schema.name.clone()).collect()
    }

    /// A Galaxy Zoo schema by its name in `galaxy-datasets`, such as `decals_dr5_ortho_schema`; the endings
    /// `_schema` and `_ortho_schema` are optional.
    ///
    /// # Errors
    /// [`Error::Missing`] for an unknown name, with a similar one.
    pub fn named(name: &str) -> Result<Self> {
        let endings = ["", "_schema", "_ortho_schema", "_ortho", "_nonortho"];
        let full =
            |ending: &&str| known::all().iter().find(|it| it.name == format!("{name}{ending}"));
        endings.iter().find_map(full).cloned().ok_or_else(|| {
            let short =
                |name: &str| name.trim_end_matches("_schema").trim_end_matches("_ortho").to_owned();
            let names: Vec<String> = known::all().iter().map(|it| short(&it.name)).collect();
            Error::Missing {
                kind: "schema",
                name: name.to_owned(),
                place: format!("the {} schemas of Galaxy Zoo", names.len()),
                hint: near(&short(name), names.iter().map(String::as_str)),
            }
        })
    }

    /// Loads a schema by a known name, or from a JSON file: accepts a command-line argument.
    ///
    /// # Errors
    /// As [`named`](Self::named), or [`read`](Self::read) when `text` ends in `.json`.
    pub fn load(text: &str) -> Result<Self> {
        if text.ends_with(".json") { Self::read(text) } else { Self::named(text) }
    }

    /// Parses a schema from JSON, as shown at [`Schema`].
    ///
    /// # Errors
    /// [`Error::Json`] for other JSON; [`Error::Schema`] when two questions share a name, a question has
    /// fewer than two answers or repeats one, `depends_on` is not an answer of the schema, or questions
    /// depend on each other in a cycle.
    pub fn from_json(text: &str) -> Result<Self> {
        Self::try_from(serde_json::from_str::<Written>(text)?)
    }

    /// The schema as JSON, one question per line.
    pub fn to_json(&self) -> String {
        Written::from(self.clone()).text()
    }

    /// Reads a schema from a JSON file.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be read; otherwise as [`from_json`](Self::from_json).
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::from_json(&std::fs::read_to_string(path).map_err(Error::io("read", path))?)
    }

    /// Combines the questions of several campaigns, in order, into one schema. A galaxy has votes for the
    /// questions of the campaigns that showed it and none for the others.
    ///
    /// # Errors
    /// [`Error::Schema`] without schemas, and when two of them share a question name.
    pub fn union(name: &str, schemas: &[Self]) -> Result<Self> {
        let questions = schemas.iter().flat_map(|it| Written::from(it.clone()).questions);
        Self::try_from(Written { name: name.to_owned(), questions: questions.collect() })
    }

    /// The schema's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The questions, in the order of their columns.
    pub fn questions(&self) -> &[Question] {
        &self.questions
    }

    /// The total number of answers: the width of a vote table, and of a network's output.
    pub fn width(&self) -> usize {
        self.questions.iter().map(|question| question.answers.len()).sum()
    }

    /// Every answer, in the order of the columns.
    pub fn answers(&self) -> impl Iterator<Item = &Answer> {
        self.questions.iter().flat_map(|question| &question.answers)
    }

    /// The columns of a vote table, `question_answer`, in order.
    pub fn columns(&self) -> Vec<String> {
        self.answers().map(|answer| answer.column.clone()).collect()
    }

    /// A question by name.
    ///
    /// # Errors
    /// [`Error::Missing`], with a similar name.
    pub fn question(&self, name: &str) -> Result<&Question> {
        Ok(&self.questions[self.position(name)?])
    }

    /// The index of a question in [`questions`](Self::questions).
    ///
    /// # Errors
    /// [`Error::Missing`], with a similar name.
    pub fn position(&self, name: &str) -> Result<usize> {
        let names = || self.questions.iter().map(|it| it.name.as_str());
        let place = names().position(|it| it == name);
        place.ok_or_else(|| self.missing("question", name, &mut names()))
    }

    /// An answer by the name of its column.
    ///
    /// # Errors
    /// [`Error::Missing`], with a similar name.
    pub fn answer(&self, column: &str) -> Result<&Answer> {
        let found = self.answers().find(|answer| answer.column == column);
        let mut names = self.answers().map(|it| it.column.as_str());
        found.ok_or_else(|| self.missing("answer", column, &mut names))
    }

    /// The index of each answer of another schema, whose questions are some of this schema's.
    ///
    /// # Errors
    /// [`Error::Missing`] for a question or an answer that this schema does not have; [`Error::Shape`] for a
    /// question with a different number of answers.
    #[doc(hidden)]
    pub fn places_of(&self, part: &Self) -> Result<Vec<usize>> {
        let mut places = Vec::with_capacity(part.width());
        for question in part.questions() {
            let own = self.question(question.name())?;
            for answer in question.answers() {
                places.push(self.answer(answer.column())?.index());
            }
            let (found, expected) = (question.answers().len(), own.answers().len());
            if found != expected {
                let problem = format!(
                    "{:?} has {found} answers in {}, but {expected} in {}",
                    question.name(),
                    part.name(),
                    self.name()
                );
                return Err(Error::shape(problem, "Give a schema with the same answers"));
            }
        }
        Ok(places)
    }

    fn missing(
        &self,
        kind: &'static str,
        name: &str,
        known: &mut dyn Iterator<Item = &str>,
    ) -> Error {
        Error::missing(kind, name, format!("the schema {}", self.name), known)
    }

    /// The question and answer that lead to this question; `None` for a question that everyone is asked.
    pub fn asked_after(&self, question: &Question) -> Option<(&Question, &Answer)> {
        let parent = question.parent?;
        let before = &self.questions[parent.question];
        Some((before, &before.answers[parent.answer - before.first()]))
    }

    /// The questions asked after this answer, in order.
    pub fn leads_to(&self, answer: &Answer) -> impl Iterator<Item = &Question> {
        let index = answer.index;
        self.questions.iter().filter(move |it| it.parent.is_some_and(|at| at.answer == index))
    }

    /// The questions, each after the one it depends on.
    #[doc(hidden)]
    pub fn in_order(&self) -> impl Iterator<Item = &Question> {
        self.order.iter().map(|place| &self.questions[*place])
    }

    /// The questions asked of every galaxy.
    pub fn first_questions(&self) -> impl Iterator<Item = &Question> {
        self.questions.iter().filter(|question| question.parent.is_none())
    }
}

impl Question {
    /// The name, such as `bar-dr5`: the question, then the campaign.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The answers, in the order of their columns.
    pub fn answers(&self) -> &[Answer] {
        &self.answers
    }

    /// The columns of the answers, as indices in [`Schema::columns`].
    pub fn range(&self) -> Range<usize> {
        self.first()..self.first() + self.answers.len()
    }

    /// The column of the answer that leads to the question; `None` for a question that everyone is asked.
    pub fn depends_on(&self) -> Option<&str> {
        self.depends_on.as_deref()
    }

    fn first(&self) -> usize {
        self.answers.first().map_or(0, |answer| answer.index)
    }
}

impl Answer {
    /// The name, such as `strong`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The column of a vote table, such as `bar-dr5_strong`.
    pub fn column(&self) -> &str {
        &self.column
    }

    /// The index in [`Schema::columns`].
    pub fn index(&self) -> usize {
        self.index
    }
}

#[cfg(test)]
mod tests;
