//! Suggested cuts: which galaxies have enough votes for a question to be trusted.

mod published;

use super::{Question, Schema};
use crate::catalog::{ID, names};
use crate::volunteers::fractions::{column, fraction_name, numbers, total_name};
use polars::prelude::{Column, DataFrame};
use std::fmt;
use zoobot_base::error::{Error, Result};
use zoobot_base::table::table_of;
use zoobot_show::notebook::{Bundle, Show, Table};

/// The place that errors name.
const PLACE: &str = "<table>";

/// Suggested cuts for the questions of a schema, and for populations of galaxies where a paper suggests them.
///
/// A cut has the name of its question, such as `bar-gz2`, or of its population, such as `strong-bar-dr5`. It
/// displays itself as a table.
///
/// ```
/// use zoobot_core::prelude::*;
/// let cuts = Schema::named("gz2")?.cuts();
/// let bar = cuts.named("bar-gz2")?.clone();
/// assert_eq!(
///     bar.condition(),
///     "smooth-or-featured-gz2_featured-or-disk > 0.43 and disk-edge-on-gz2_no > 0.715"
/// );
/// assert_eq!(bar.minimum_votes(), 20);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Cuts {
    schema: String,
    cuts: Vec<Cut>,
}

/// A suggested cut: conditions on vote fractions, and a minimum number of votes for a question.
///
/// ```
/// use zoobot_core::prelude::*;
/// let schema = Schema::named("gz_rings")?;
/// let votes = df!("id_str" => ["a", "b"], "ring_yes" => [9, 1], "ring_no" => [1, 1])?;
/// let votes = Votes::from_table(&votes, &schema)?;
/// let cuts = schema.cuts();
/// assert_eq!(cuts.named("ring")?.ids(&votes.table())?, ["a"]);
/// assert_eq!(cuts.named("ring")?.at_least(2).mask(&votes.table())?, [true, true]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Cut {
    name: String,
    question: String,
    conditions: Vec<Condition>,
    votes: u32,
    source: &'static str,
}

/// A condition on the fractions of some answers.
#[derive(Debug, Clone, PartialEq)]
struct Condition {
    /// The columns of the answers.
    answers: Vec<String>,
    of: Of,
    is: Is,
    threshold: f64,
}

/// What a condition compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Sum,
    Product,
}

/// How a condition compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Is {
    Above,
    AtLeast,
    Below,
}

impl Schema {
    /// Suggested cuts to select galaxies whose votes for a question can be trusted, in the order of the questions.
    ///
    /// - Galaxy Zoo 2 (questions that end in `-gz2`): the thresholds for at least 20 votes of Willett et al. 2013
    ///   (MNRAS 435, 2835), table 3.
    /// - Galaxy Zoo DECaLS (questions that end in `-dr12`, `-dr5` or `-dr8`, and the schema `decals_paper`): the
    ///   cuts of Walmsley et al. 2022 (MNRAS 509, 3966), table 2. Each question takes the cuts "disk"
    ///   (featured > 0.3), "not edge-on disk" (yes < 0.3), "edge-on disk" (yes > 0.8), "spiral arms" (yes > 0.6)
    ///   and "elliptical" (smooth > 0.7) of the answers that lead to it. The populations of the table follow
    ///   their questions; the table is about the answers of `-dr5`, which `-dr8` has too. The paper has no
    ///   minimum number of votes for how round a galaxy is, for bulges and for the winding of spirals; these
    ///   questions have the minimum of edge-on discs (5), bars (20) and spiral counts (30).
    /// - Other questions: at least half of the volunteers were asked, that is, the product of the fractions of
    ///   the answers that lead to the question is at least 0.5, and more than 5 did answer (the sample for
    ///   debiasing in Walmsley et al. 2022, section 4.3.2).
    pub fn cuts(&self) -> Cuts {
        let of = |question: &Question| {
            published::cuts(self, question).unwrap_or_else(|| vec![self.half(question)])
        };
        let cuts = self.questions.iter().flat_map(of).collect();
        Cuts { schema: self.name.clone(), cuts }
    }

    /// The cut of a question without a published one: at least half of the volunteers were asked.
    fn half(&self, question: &Question) -> Cut {
        let mut answers: Vec<String> = Vec::new();
        let mut above = self.asked_after(question);
        while let Some((before, answer)) = above {
            answers.push(answer.column().to_owned());
            above = self.asked_after(before);
        }
        answers.reverse();
        let all = Condition { answers, of: Of::Product, is: Is::AtLeast, threshold: 0.5 };
        Cut {
            name: question.name().to_owned(),
            question: question.name().to_owned(),
            conditions: if all.answers.is_empty() { Vec::new() } else { vec![all] },
            votes: 6,
            source: "at least half of the volunteers were asked",
        }
    }
}

impl Cuts {
    /// A cut by the name of its question or population.
    ///
    /// # Errors
    /// [`Error::Missing`] for an unknown name, with a similar one.
    pub fn named(&self, name: &str) -> Result<&Cut> {
        self.cuts.iter().find(|it| it.name == name).ok_or_else(|| {
            let names = self.cuts.iter().map(|it| it.name.as_str());
            Error::missing("cut", name, format!("the cuts of {}", self.schema), names)
        })
    }

    /// All cuts, each question followed by its populations.
    pub fn all(&self) -> &[Cut] {
        &self.cuts
    }

    /// A table with the columns `cut`, `question`, `condition` (empty if there is none), `minimum_votes` and
    /// `source`.
    pub fn table(&self) -> DataFrame {
        let text = |name: &str, of: fn(&Cut) -> &str| {
            Column::new(name.into(), self.cuts.iter().map(of).collect::<Vec<&str>>())
        };
        let conditions: Vec<Option<String>> = (self.cuts.iter())
            .map(|it| (!it.conditions.is_empty()).then(|| it.condition()))
            .collect();
        let votes: Vec<u32> = self.cuts.iter().map(|it| it.votes).collect();
        let columns = vec![
            text("cut", |it| &it.name),
            text("question", |it| &it.question),
            Column::new("condition".into(), conditions),
            Column::new("minimum_votes".into(), votes),
            text("source", |it| it.source),
        ];
        table_of(self.cuts.len(), columns)
    }
}

impl Show for Cuts {
    fn show(&self) -> Bundle {
        let title = format!("Suggested cuts for {}", self.schema);
        Table::new(self.table()).title(title).rows(self.cuts.len()).show()
    }
}

impl Cut {
    /// The name of the question or population.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The question that needs the votes.
    pub fn question(&self) -> &str {
        &self.question
    }

    /// The conditions on vote fractions, such as `bar-dr5_strong + bar-dr5_weak > 0.6`; empty if there is none.
    pub fn condition(&self) -> String {
        let all: Vec<String> = self.conditions.iter().map(ToString::to_string).collect();
        all.join(" and ")
    }

    /// The minimum number of votes for the question.
    pub fn minimum_votes(&self) -> u32 {
        self.votes
    }

    /// Where the cut is published.
    pub fn source(&self) -> &'static str {
        self.source
    }

    /// The cut with another minimum number of votes. With 0, the table needs no votes: for fractions that a
    /// model predicts.
    pub fn at_least(&self, votes: u32) -> Self {
        Self { votes, ..self.clone() }
    }

    /// Which rows of a table pass the cut.
    ///
    /// The table has `id_str`, `QUESTION_ANSWER_fraction` for the answers of the condition (fractions of the
    /// volunteers who were asked), and `QUESTION_total-votes` for the question:
    /// [`Votes::table`](super::Votes::table) and
    /// [`FractionTable::table`](crate::volunteers::FractionTable::table) make one. An empty fraction passes no
    /// condition.
    ///
    /// # Errors
    /// [`Error::Missing`] for a column that the table lacks, with a similar name; [`Error::Catalog`] for a value
    /// that is no fraction or no number of votes, naming the galaxy.
    pub fn mask(&self, table: &DataFrame) -> Result<Vec<bool>> {
        let mut passed = vec![true; table.height()];
        if self.votes > 0 {
            let votes = numbers(table, &total_name(&self.question), 0.0..=f64::MAX)?;
            for (passed, votes) in passed.iter_mut().zip(votes) {
                *passed = votes.is_some_and(|it| it >= f64::from(self.votes));
            }
        }
        for condition in &self.conditions {
            let mut values = vec![condition.of.start(); table.height()];
            for answer in &condition.answers {
                let shares = numbers(table, &fraction_name(answer), 0.0..=1.02)?;
                for (value, share) in values.iter_mut().zip(shares) {
                    *value = condition.of.with(*value, share.unwrap_or(f64::NAN));
                }
            }
            for (passed, value) in passed.iter_mut().zip(values) {
                *passed &= condition.holds(value);
            }
        }
        Ok(passed)
    }

    /// The names of the galaxies that pass the cut, in the order of the table; `galaxies.select(&ids)` selects
    /// them.
    ///
    /// # Errors
    /// As [`mask`](Self::mask).
    pub fn ids(&self, table: &DataFrame) -> Result<Vec<String>> {
        let passed = self.mask(table)?;
        let ids = names::as_text(column(table, ID)?).map_err(|(problem, hint)| Error::Catalog {
            path: PLACE.into(),
            problem,
            hint,
        })?;
        let chosen = ids.str()?.iter().zip(passed).filter(|(_, passed)| *passed);
        Ok(chosen.map(|(id, _)| id.unwrap_or_default().to_owned()).collect())
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, question, votes, .. } = self;
        write!(f, "{name}: at least {votes} votes for {question}")?;
        match self.conditions.is_empty() {
            true => Ok(()),
            false => write!(f, ", {}", self.condition()),
        }
    }
}

impl Show for Cut {
    fn show(&self) -> Bundle {
        Bundle::plain(self.to_string())
    }
}

impl Of {
    fn start(self) -> f64 {
        match self {
            Self::Sum => 0.0,
            Self::Product => 1.0,
        }
    }

    fn with(self, value: f64, share: f64) -> f64 {
        match self {
            Self::Sum => value + share,
            Self::Product => value * share,
        }
    }
}

impl Condition {
    /// A condition on the fraction of one answer.
    fn one(answer: String, is: Is, threshold: f64) -> Self {
        Self { answers: vec![answer], of: Of::Sum, is, threshold }
    }

    /// Whether a value passes; NaN does not.
    fn holds(&self, value: f64) -> bool {
        match self.is {
            Is::Above => value > self.threshold,
            Is::AtLeast => value >= self.threshold,
            Is::Below => value < self.threshold,
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let between = match self.of {
            Of::Sum => " + ",
            Of::Product => " * ",
        };
        let sign = match self.is {
            Is::Above => ">",
            Is::AtLeast => ">=",
            Is::Below => "<",
        };
        write!(f, "{} {sign} {}", self.answers.join(between), self.threshold)
    }
}

#[cfg(test)]
mod tests;
