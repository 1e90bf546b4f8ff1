//! How much effort a rule saves.

use super::{Known, Priors, Retired, Retirement, VotePrior};
use polars::prelude::{Column, DataFrame};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use zoobot_base::error::{Error, Result};
use zoobot_base::interrupt;
use zoobot_base::table::table_of;
use zoobot_data::catalog::ID;
use zoobot_data::schema::{Question, Votes};
use zoobot_data::volunteers::Classifications;
use zoobot_show::notebook::text::thousands;
use zoobot_show::notebook::{Bundle, Show, Table};

/// What a [`Retirement`] rule would have spent on votes that are known, and what it would have cost.
///
/// ```
/// use zoobot_core::asking::Retirement;
/// use zoobot_core::prelude::*;
/// let votes = df!("id_str" => ["a", "b"], "ring_yes" => [40, 18], "ring_no" => [0, 22])?;
/// let votes = Votes::from_table(&votes, &Schema::named("gz_rings")?)?;
/// let effort = Retirement::new("ring").expected(&votes, None, 0)?;
/// // The clear galaxy is retired after four votes of forty.
/// assert!(effort.saved() > 0.4 && effort.answers() < effort.fixed());
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Effort {
    ids: Vec<String>,
    used: Vec<u32>,
    fixed: Vec<u32>,
    retired: Vec<Retired>,
    same: Vec<bool>,
}

impl Retirement {
    /// Replays classifications in the order in which they were given: each galaxy gets the answers to the question
    /// until it is retired. What it would have had with a fixed number of volunteers is all its answers, at most
    /// [`most`](Self::most).
    ///
    /// # Errors
    /// As [`retired`](Self::retired); [`Error::Empty`] if nobody answered the question;
    /// [`Error::Interrupted`] after the stop button.
    pub fn replay(&self, all: &Classifications, prior: Option<&VotePrior>) -> Result<Effort> {
        let question = all.schema().question(&self.question)?;
        let mut given = vec![Vec::new(); all.ids().len()];
        for (_, galaxy, answer) in all.places() {
            if question.range().contains(&(answer as usize)) {
                given[galaxy as usize].push(answer as usize - question.range().start);
            }
        }
        let galaxies = all.ids().iter().cloned().zip(given).collect();
        self.effort(question, galaxies, prior)
    }

    /// Replays votes in a random order, which a seed chooses: the effort to be expected if only counts are known.
    ///
    /// # Errors
    /// As [`replay`](Self::replay).
    pub fn expected(&self, votes: &Votes, prior: Option<&VotePrior>, seed: u64) -> Result<Effort> {
        let question = votes.schema().question(&self.question)?;
        let mut draw = StdRng::seed_from_u64(seed);
        let counts = votes.counts();
        let galaxies = votes.ids().iter().zip(counts.rows()).map(|(id, counts)| {
            let answers = question.range().zip(0..);
            let mut given: Vec<usize> =
                answers.flat_map(|(it, answer)| vec![answer; counts[it] as usize]).collect();
            given.shuffle(&mut draw);
            (id.clone(), given)
        });
        let galaxies = galaxies.collect();
        self.effort(question, galaxies, prior)
    }

    fn effort(
        &self,
        question: &Question,
        galaxies: Vec<(String, Vec<usize>)>,
        prior: Option<&VotePrior>,
    ) -> Result<Effort> {
        self.check()?;
        let priors = Priors::new(question, prior)?;
        let mut known = Known::default();
        let (ids, used) = (Vec::new(), Vec::new());
        let (fixed, retired, same) = (Vec::new(), Vec::new(), Vec::new());
        let mut effort = Effort { ids, used, fixed, retired, same };
        for (row, (id, given)) in galaxies.into_iter().enumerate() {
            if row % 256 == 0 {
                interrupt::check("replaying votes", || format!("{row} galaxies"))?;
            }
            let given = &given[..given.len().min(self.most as usize)];
            if given.is_empty() {
                continue;
            }
            let prior = priors.of(&id)?;
            let mut counts = vec![0.0; question.answers().len()];
            let (mut used, mut last) = (0, known.decided(self, &counts, prior));
            for answer in given {
                if last.0 != Retired::No {
                    break;
                }
                counts[*answer] += 1.0;
                used += 1;
                last = known.decided(self, &counts, prior);
            }
            let mut whole = vec![0.0; counts.len()];
            given.iter().for_each(|answer| whole[*answer] += 1.0);
            let most = whole.iter().copied().fold(0.0, f64::max);
            effort.same.push(whole[last.1] == most);
            effort.ids.push(id);
            effort.used.push(used);
            effort.fixed.push(given.len() as u32);
            effort.retired.push(last.0);
        }
        match effort.ids.is_empty() {
            false => Ok(effort),
            true => {
                let problem = format!("There are no votes for {:?}", question.name());
                Err(Error::empty(problem, "Choose a question that volunteers answered"))
            }
        }
    }
}

impl Effort {
    /// The number of galaxies with votes.
    pub fn galaxies(&self) -> usize {
        self.ids.len()
    }

    /// The number of answers that the rule uses.
    pub fn answers(&self) -> u64 {
        self.used.iter().map(|it| u64::from(*it)).sum()
    }

    /// The number of answers with a fixed number of volunteers.
    pub fn fixed(&self) -> u64 {
        self.fixed.iter().map(|it| u64::from(*it)).sum()
    }

    /// The share of the answers that the rule saves, 0 to 1.
    pub fn saved(&self) -> f64 {
        1.0 - self.answers() as f64 / self.fixed() as f64
    }

    /// The share of galaxies whose leading answer when they are retired is also a most frequent one of all their
    /// answers, 0 to 1.
    pub fn same(&self) -> f64 {
        self.same.iter().filter(|it| **it).count() as f64 / self.same.len() as f64
    }

    /// The number of galaxies that are retired for a reason, or are not.
    pub fn count(&self, retired: Retired) -> usize {
        self.retired.iter().filter(|it| **it == retired).count()
    }

    /// A table with the columns `id_str`, `used` (answers), `fixed` (answers with a fixed number of volunteers),
    /// `retired` (`no`, `sure` or `limit`) and `same` (whether the leading answer is that of all answers).
    pub fn table(&self) -> DataFrame {
        let columns = vec![
            Column::new(ID.into(), &self.ids),
            Column::new("used".into(), &self.used),
            Column::new("fixed".into(), &self.fixed),
            Column::new(
                "retired".into(),
                self.retired.iter().map(|it| it.name()).collect::<Vec<&str>>(),
            ),
            Column::new("same".into(), &self.same),
        ];
        table_of(self.ids.len(), columns)
    }
}

impl Show for Effort {
    fn show(&self) -> Bundle {
        let title = format!(
            "{} of {} answers: {:.0} % saved, the same leading answer for {:.1} % of the galaxies",
            thousands(self.answers()),
            thousands(self.fixed()),
            100.0 * self.saved(),
            100.0 * self.same()
        );
        Table::new(self.table()).title(title).show()
    }
}
