//! When a galaxy has been seen by enough volunteers.

mod chance;
mod effort;
mod prior;

pub use effort::Effort;
pub use prior::VotePrior;

use chance::leader;
use polars::prelude::{Column, DataFrame};
use std::collections::HashMap;
use zoobot_base::error::{Error, Result};
use zoobot_base::table::table_of;
use zoobot_data::catalog::ID;
use zoobot_data::schema::{Question, Votes};

/// When a galaxy is retired: shown to no more volunteers.
///
/// The vote fractions of a galaxy have a Dirichlet posterior, whose concentrations are the votes plus a prior: 1 for
/// each answer, or what a model expects ([`VotePrior`]). A galaxy is retired when the probability that its leading
/// answer is the most common one is at least [`sure`](Self::sure), and it has at least [`least`](Self::least) votes;
/// and in any case when it has [`most`](Self::most) votes, as where every galaxy is shown to a fixed number of
/// volunteers.
///
/// ```
/// use zoobot_core::asking::{Retired, Retirement};
/// use zoobot_core::prelude::*;
/// let rule = Retirement::new("ring").sure(0.95).most(40);
/// let rings = Schema::named("gz_rings")?;
/// let votes = df!("id_str" => ["a", "b", "c"], "ring_yes" => [4, 3, 21], "ring_no" => [0, 2, 19])?;
/// let votes = Votes::from_table(&votes, &rings)?;
/// // The probability that most people would say yes: 1 - 1/32 after four of four.
/// assert_eq!(rule.decide(&[4.0, 0.0], &[1.0, 1.0])?, (Retired::Sure, 1.0 - 1.0 / 32.0));
/// assert_eq!(rule.retired(&votes, None)?, [Retired::Sure, Retired::No, Retired::Limit]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Retirement {
    question: String,
    sure: f64,
    least: u32,
    most: u32,
}

/// Whether and why a galaxy is retired.
///
/// ```
/// use zoobot_core::asking::Retired;
/// assert_eq!((Retired::Sure.name(), Retired::No.name()), ("sure", "no"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retired {
    /// It needs more votes.
    No,
    /// The leading answer is sure enough.
    Sure,
    /// It has the maximum number of votes.
    Limit,
}

impl Retired {
    /// `no`, `sure` or `limit`.
    pub fn name(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Sure => "sure",
            Self::Limit => "limit",
        }
    }
}

impl Retirement {
    /// A rule by the answers to one question. The first question of a schema, which everyone is asked, counts
    /// volunteers.
    pub fn new(question: impl Into<String>) -> Self {
        Self { question: question.into(), sure: 0.95, least: 3, most: 40 }
    }

    /// The probability at which a galaxy is retired, above 0 and below 1. Default 0.95.
    #[must_use]
    pub fn sure(self, sure: f64) -> Self {
        Self { sure, ..self }
    }

    /// The minimum number of votes. Default 3.
    #[must_use]
    pub fn least(self, least: u32) -> Self {
        Self { least, ..self }
    }

    /// The maximum number of votes, at least 1. Default 40.
    #[must_use]
    pub fn most(self, most: u32) -> Self {
        Self { most, ..self }
    }

    fn check(&self) -> Result<()> {
        let sure = match self.sure > 0.0 && self.sure < 1.0 {
            true => Ok(()),
            false => Err(Error::parameter("sure", self.sure, "above 0 and below 1")),
        };
        let most = match self.most >= self.least.max(1) {
            true => Ok(()),
            false => {
                let range = format!("at least 1, and at least {} (the minimum)", self.least);
                Err(Error::parameter("most", self.most, range))
            }
        };
        Error::together([sure, most])
    }

    /// Decides about one galaxy, from its votes for each answer of the question and the concentrations of the prior.
    /// Also returns the probability that the leading answer is the most common one.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a setting out of range, for a concentration that is not above 0, and for negative
    /// votes; [`Error::Shape`] for lists of different lengths or fewer than two answers.
    pub fn decide(&self, counts: &[f64], prior: &[f64]) -> Result<(Retired, f64)> {
        self.check()?;
        if counts.len() != prior.len() || counts.len() < 2 {
            let problem = format!("there are {} counts and {} priors", counts.len(), prior.len());
            return Err(Error::shape(problem, "Give one of each for every answer"));
        }
        if let Some(it) = prior.iter().find(|it| !(it.is_finite() && **it > 0.0)) {
            return Err(Error::parameter("a concentration of the prior", it, "above 0 and finite"));
        }
        if let Some(it) = counts.iter().find(|it| !(it.is_finite() && **it >= 0.0)) {
            return Err(Error::parameter("a number of votes", it, "at least 0 and finite"));
        }
        let (retired, _, chance) = self.decided(counts, prior);
        Ok((retired, chance))
    }

    /// The decision, the leading answer, and its probability.
    fn decided(&self, counts: &[f64], prior: &[f64]) -> (Retired, usize, f64) {
        let posterior: Vec<f64> =
            counts.iter().zip(prior).map(|(count, prior)| count + prior).collect();
        let (first, chance) = leader(&posterior);
        let votes: f64 = counts.iter().sum();
        let retired = match votes {
            votes if votes >= f64::from(self.least) && chance >= self.sure => Retired::Sure,
            votes if votes >= f64::from(self.most) => Retired::Limit,
            _ => Retired::No,
        };
        (retired, first, chance)
    }

    /// Whether each galaxy is retired.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a setting out of range; [`Error::Missing`] for an unknown question, and for a galaxy
    /// without a prior.
    pub fn retired(&self, votes: &Votes, prior: Option<&VotePrior>) -> Result<Vec<Retired>> {
        Ok(self.each(votes, prior)?.into_iter().map(|it| it.0).collect())
    }

    /// A table with the columns `id_str`, `votes` (for the question), `leader` (the leading answer), `probability`
    /// (that it is the most common one) and `retired` (`no`, `sure` or `limit`).
    ///
    /// # Errors
    /// As [`retired`](Self::retired).
    pub fn table(&self, votes: &Votes, prior: Option<&VotePrior>) -> Result<DataFrame> {
        let each = self.each(votes, prior)?;
        let question = votes.schema().question(&self.question)?;
        let totals = votes.totals();
        let totals = totals.column(votes.schema().position(&self.question)?);
        let totals: Vec<u32> = totals.iter().map(|it| *it as u32).collect();
        let names: Vec<&str> = each.iter().map(|it| question.answers()[it.1].name()).collect();
        let columns = vec![
            Column::new(ID.into(), votes.ids()),
            Column::new("votes".into(), totals),
            Column::new("leader".into(), names),
            Column::new("probability".into(), each.iter().map(|it| it.2).collect::<Vec<f64>>()),
            Column::new("retired".into(), each.iter().map(|it| it.0.name()).collect::<Vec<&str>>()),
        ];
        Ok(table_of(votes.len(), columns))
    }

    fn each(&self, votes: &Votes, prior: Option<&VotePrior>) -> Result<Vec<(Retired, usize, f64)>> {
        self.check()?;
        let question = votes.schema().question(&self.question)?;
        let priors = Priors::new(question, prior)?;
        let mut known = Known::default();
        let counts = votes.counts();
        let all = votes.ids().iter().zip(counts.rows()).map(|(id, counts)| {
            let counts: Vec<f64> = question.range().map(|it| counts[it]).collect();
            Ok(known.decided(self, &counts, priors.of(id)?))
        });
        let all: Vec<(Retired, usize, f64)> = all.collect::<Result<_>>()?;
        Ok(all)
    }
}

/// The prior of each galaxy.
struct Priors<'a> {
    flat: Vec<f64>,
    given: Option<&'a VotePrior>,
}

impl<'a> Priors<'a> {
    fn new(question: &Question, given: Option<&'a VotePrior>) -> Result<Self> {
        if let Some(given) = given {
            given.fits(question)?;
        }
        Ok(Self { flat: vec![1.0; question.answers().len()], given })
    }

    fn of(&self, id: &str) -> Result<&[f64]> {
        self.given.map_or(Ok(self.flat.as_slice()), |it| it.of(id))
    }
}

/// Decisions that were made before: galaxies have few different votes.
#[derive(Default)]
struct Known(HashMap<Vec<u64>, (Retired, usize, f64)>);

/// The maximum number of decisions to remember.
const REMEMBERED: usize = 1 << 18;

impl Known {
    fn decided(
        &mut self,
        rule: &Retirement,
        counts: &[f64],
        prior: &[f64],
    ) -> (Retired, usize, f64) {
        let key: Vec<u64> = counts.iter().chain(prior).map(|it| it.to_bits()).collect();
        if let Some(known) = self.0.get(&key) {
            return *known;
        }
        let decided = rule.decided(counts, prior);
        if self.0.len() < REMEMBERED {
            self.0.insert(key, decided);
        }
        decided
    }
}

#[cfg(test)]
mod tests;
