//! A table of single classifications.

use super::read::{self, Repeats};
use crate::catalog::ID;
use crate::schema::{Schema, Votes};
use ndarray::Array2;
use polars::prelude::{Column, DataFrame};
use std::collections::{HashMap, HashSet};
use zoobot_base::error::{Error, Result};
use zoobot_base::table::table_of;
use zoobot_show::notebook::text::{plural, thousands};
use zoobot_show::notebook::{Bundle, Show, Table};

/// The column with the name of the volunteer.
pub(super) const VOLUNTEER: &str = "volunteer";
/// The column with the name of the question.
pub(super) const QUESTION: &str = "question";
/// The column with the name of the answer.
pub(super) const ANSWER: &str = "answer";

/// An answer that a volunteer gave, as places in the lists of a [`Classifications`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Given {
    pub volunteer: u32,
    pub galaxy: u32,
    /// The index of the answer in the whole schema.
    pub answer: u32,
}

/// The answers of volunteers, one for each volunteer, galaxy and question.
///
/// A million answers are read, filtered, weighted and counted in 0.4 s (Intel Xeon, one busy core of two; the test
/// `a_million_classifications_take_seconds` measures it).
///
/// ```
/// use zoobot_core::prelude::*;
/// let table = df!(
///     "volunteer" => ["ann", "ann", "bob"], "id_str" => ["g1", "g2", "g1"],
///     "question" => ["ring", "ring", "ring"], "answer" => ["yes", "no", "yes"],
/// )?;
/// let all = Classifications::from_table(&table, &Schema::named("gz_rings")?)?;
/// assert_eq!((all.len(), all.volunteers().len(), all.ids()), (3, 2, &["g1".into(), "g2".into()][..]));
/// assert_eq!(all.without(&["ann"])?.votes()?.without_votes(), ["g2"]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Classifications {
    pub(super) schema: Schema,
    pub(super) volunteers: Vec<String>,
    pub(super) ids: Vec<String>,
    pub(super) given: Vec<Given>,
}

impl Classifications {
    /// Reads a table with the columns `volunteer`, `id_str`, `question` and `answer`, one row for each answer
    /// that a volunteer gave. Questions and answers have the names of the schema, such as `bar-dr5` and
    /// `strong`. Other columns are ignored.
    ///
    /// # Errors
    /// [`Error::Missing`] for a column that the table lacks, and for a question or an answer that the schema
    /// lacks, with the row and a similar name; [`Error::Catalog`] for an empty cell, and when a volunteer
    /// answered a question about a galaxy more than once; [`Error::Empty`] for a table without rows.
    pub fn from_table(table: &DataFrame, schema: &Schema) -> Result<Self> {
        read::read(table, schema, Repeats::Refused)
    }

    /// Reads a table as [`from_table`](Self::from_table) does. If a volunteer classified a galaxy more than
    /// once, only the last classification counts, as in Galaxy Zoo 2 (Willett et al. 2013, section 3.1).
    ///
    /// Rows must be in the order in which the answers were given. A second answer to a question begins a new
    /// classification, and discards the volunteer's earlier answers about this galaxy.
    ///
    /// # Errors
    /// As [`from_table`](Self::from_table), except that repeated answers are no error.
    pub fn keeping_last(table: &DataFrame, schema: &Schema) -> Result<Self> {
        read::read(table, schema, Repeats::LastCounts)
    }

    /// Classifications by the places of a volunteer, a galaxy and an answer of the schema.
    #[doc(hidden)]
    pub fn of_places(
        schema: &Schema,
        volunteers: Vec<String>,
        ids: Vec<String>,
        given: Vec<(u32, u32, u32)>,
    ) -> Self {
        let given = given.into_iter();
        let given = given.map(|(volunteer, galaxy, answer)| Given { volunteer, galaxy, answer });
        Self { schema: schema.clone(), volunteers, ids, given: given.collect() }
    }

    /// The places of the volunteer, the galaxy and the answer, in the order of reading.
    #[doc(hidden)]
    pub fn places(&self) -> impl Iterator<Item = (u32, u32, u32)> {
        self.given.iter().map(|it| (it.volunteer, it.galaxy, it.answer))
    }

    /// The schema of the questions and answers.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The number of answers.
    pub fn len(&self) -> usize {
        self.given.len()
    }

    /// Whether there is no answer.
    pub fn is_empty(&self) -> bool {
        self.given.is_empty()
    }

    /// The names of the volunteers, in the order in which they first appear.
    pub fn volunteers(&self) -> &[String] {
        &self.volunteers
    }

    /// The names of the galaxies, in the order in which they first appear.
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// The number of volunteers who gave each answer, for each galaxy of [`ids`](Self::ids). Every volunteer
    /// counts as one, so the counts are whole numbers and may be used for training.
    ///
    /// # Errors
    /// None for classifications that were read by this type; the result is that of [`Votes::new`].
    pub fn votes(&self) -> Result<Votes> {
        Votes::new(&self.schema, self.ids.clone(), self.counts(&vec![1.0; self.volunteers.len()]))
    }

    /// The sum of the weights of the volunteers who gave each answer, `[galaxies, answers]`.
    pub(super) fn counts(&self, weights: &[f64]) -> Array2<f64> {
        let mut counts = Array2::zeros((self.ids.len(), self.schema.width()));
        for it in &self.given {
            counts[[it.galaxy as usize, it.answer as usize]] += weights[it.volunteer as usize];
        }
        counts
    }

    /// The classifications without those of some volunteers. Galaxies stay, also those that lose all votes.
    ///
    /// # Errors
    /// [`Error::Missing`] for a name that is not a volunteer's, with a similar name.
    pub fn without(&self, volunteers: &[impl AsRef<str>]) -> Result<Self> {
        let known: HashSet<&str> = self.volunteers.iter().map(String::as_str).collect();
        for name in volunteers.iter().map(AsRef::as_ref) {
            if !known.contains(name) {
                let names = self.volunteers.iter().map(String::as_str);
                return Err(Error::missing("volunteer", name, "the classifications", names));
            }
        }
        let left_out: HashSet<&str> = volunteers.iter().map(AsRef::as_ref).collect();
        let mut places: HashMap<u32, u32> = HashMap::new();
        let mut kept = Vec::new();
        for (place, name) in self.volunteers.iter().enumerate() {
            if !left_out.contains(name.as_str()) {
                places.insert(place as u32, kept.len() as u32);
                kept.push(name.clone());
            }
        }
        let given = self
            .given
            .iter()
            .filter_map(|it| Some(Given { volunteer: *places.get(&it.volunteer)?, ..*it }));
        let (schema, ids) = (self.schema.clone(), self.ids.clone());
        Ok(Self { schema, volunteers: kept, ids, given: given.collect() })
    }

    /// The index of the question that each answer of the schema belongs to.
    pub(super) fn questions(schema: &Schema) -> Vec<usize> {
        let questions = schema.questions().iter().enumerate();
        questions.flat_map(|(place, it)| it.range().map(move |_| place)).collect()
    }

    /// A table with the columns `volunteer`, `id_str`, `question` and `answer`, in the order of reading.
    pub fn table(&self) -> DataFrame {
        let answers: Vec<(&str, &str)> = (self.schema.questions().iter())
            .flat_map(|it| it.answers().iter().map(|answer| (it.name(), answer.name())))
            .collect();
        let (volunteers, ids) = (&self.volunteers, &self.ids);
        let given = self.given.iter();
        let columns = vec![
            text(VOLUNTEER, given.clone().map(|it| volunteers[it.volunteer as usize].as_str())),
            text(ID, given.clone().map(|it| ids[it.galaxy as usize].as_str())),
            text(QUESTION, given.clone().map(|it| answers[it.answer as usize].0)),
            text(ANSWER, given.map(|it| answers[it.answer as usize].1)),
        ];
        table_of(self.len(), columns)
    }
}

/// A column of text.
fn text<'a>(name: &str, cells: impl Iterator<Item = &'a str>) -> Column {
    Column::new(name.into(), cells.collect::<Vec<&str>>())
}

impl Show for Classifications {
    fn show(&self) -> Bundle {
        let (volunteers, galaxies) = (self.volunteers.len(), self.ids.len());
        let title = format!(
            "{} answers of {} about {}",
            thousands(self.len() as u64),
            plural(volunteers, "volunteer"),
            match galaxies {
                1 => "1 galaxy".to_owned(),
                all => format!("{} galaxies", thousands(all as u64)),
            }
        );
        Table::new(self.table()).title(title).show()
    }
}
