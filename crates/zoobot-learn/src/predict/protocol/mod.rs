//! Posteriors compared with many volunteers, in the protocol of Galaxy Zoo DECaLS.

mod bins;
mod comparison;
mod judged;
mod question;

pub use bins::{BinnedComparison, ComparisonBin};
pub use comparison::VoteComparison;
pub use question::QuestionComparison;

use super::calibration::{Asked, paired};
use super::posterior::Posterior;
use judged::Judged;
use rayon::prelude::*;
use zoobot_base::advice::advice;
use zoobot_base::error::{Error, Result};
use zoobot_base::{interrupt, seed};
use zoobot_data::catalog::Catalog;
use zoobot_data::schema::{Question, Schema, Votes};

/// The rules by which posteriors are compared with volunteers: which galaxies count for a question.
///
/// By default they are those of table 1 of Walmsley et al. (2022, MNRAS 509, 3966): galaxies with at least 34
/// volunteers and, for each question, galaxies of which at least half of the volunteers were asked it. The
/// volunteers of a galaxy are those who answered the first of the questions that lead to this one.
///
/// ```
/// use zoobot_core::{ndarray::{Array2, Array3}, prelude::*};
/// let rings = Schema::named("gz_rings")?;
/// let ids: Vec<String> = (0..40).map(|i| format!("G{i}")).collect();
/// let counts = Array2::from_shape_fn((40, 2), |(i, k)| [i as f64, 40.0 - i as f64][k]);
/// let votes = Votes::new(&rings, ids.clone(), counts.clone())?;
/// let expected = (counts + 1.0).insert_axis(zoobot_core::ndarray::Axis(2));
/// let posterior = Posterior::new(&rings, ids, expected)?;
/// let comparison = Protocol::new().measure(&posterior, &votes)?;
/// assert!(comparison.questions()[0].mean_absolute_deviation.value < 0.02);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Protocol {
    min_volunteers: u32,
    min_asked: f64,
    seed: u64,
}

impl Default for Protocol {
    fn default() -> Self {
        Self { min_volunteers: 34, min_asked: 0.5, seed: seed::DEFAULT }
    }
}

impl Protocol {
    /// The protocol of Galaxy Zoo DECaLS: 34 volunteers, at least half of whom were asked.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the number of volunteers that a galaxy must have (default 34, at least 1). Lower it for campaigns
    /// with fewer volunteers.
    pub fn min_volunteers(mut self, number: u32) -> Self {
        self.min_volunteers = number;
        self
    }

    /// Sets the fraction of a galaxy's volunteers who must have been asked a question for the galaxy to count
    /// for it (default 0.5, 0 to 1).
    pub fn min_asked(mut self, fraction: f64) -> Self {
        self.min_asked = fraction;
        self
    }

    /// Sets the random seed of the bootstrap and of the probability integral transform (default 0).
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Compares a posterior with votes, question by question. Questions without galaxies are left out.
    ///
    /// # Errors
    /// [`Error::Shape`] when the votes are for other galaxies; [`Error::Unsuitable`] for another schema;
    /// [`Error::Parameter`] for settings outside their ranges; [`Error::Empty`] when no galaxy has enough
    /// volunteers, with the largest number; [`Error::Interrupted`].
    pub fn measure(&self, posterior: &Posterior, votes: &Votes) -> Result<VoteComparison> {
        self.check(posterior, votes)?;
        self.of_rows(posterior, votes, &(0..posterior.len()).collect::<Vec<_>>())
    }

    /// Repeats the comparison in `bins` bins with equal numbers of galaxies, by a column of the catalogue
    /// such as a magnitude or a radius. Only galaxies with enough volunteers are binned; galaxies without a
    /// value are left out, with a note. Galaxies with equal values are in the same bin, so that there may be
    /// fewer bins.
    ///
    /// # Errors
    /// As for [`measure`](Self::measure); [`Error::Missing`] for a column or a galaxy that the catalogue
    /// lacks; [`Error::Catalog`] for a column that does not hold finite numbers; [`Error::Parameter`] for
    /// 0 bins; [`Error::Empty`] when no galaxy has a value.
    pub fn measure_by(
        &self,
        posterior: &Posterior,
        votes: &Votes,
        galaxies: &Catalog,
        column: &str,
        bins: usize,
    ) -> Result<BinnedComparison> {
        self.check(posterior, votes)?;
        BinnedComparison::measure(self, posterior, votes, galaxies, column, bins)
    }

    /// The rules in words, for titles.
    fn words(&self) -> String {
        let Self { min_volunteers, min_asked, .. } = self;
        let asked = 100.0 * min_asked;
        format!("galaxies with {min_volunteers} volunteers or more, {asked:.0} % of them asked")
    }

    fn check(&self, posterior: &Posterior, votes: &Votes) -> Result<()> {
        paired(posterior, votes)?;
        if self.min_volunteers == 0 {
            return Err(Error::parameter("min_volunteers", 0, "at least 1"));
        }
        if !(0.0..=1.0).contains(&self.min_asked) {
            return Err(Error::parameter("min_asked", self.min_asked, "between 0 and 1"));
        }
        Ok(())
    }

    /// The comparison over the galaxies in these rows.
    fn of_rows(
        &self,
        posterior: &Posterior,
        votes: &Votes,
        rows: &[usize],
    ) -> Result<VoteComparison> {
        let chosen = self.chosen(votes, rows)?;
        let mut questions = Vec::new();
        for (question, rows) in votes.schema().questions().iter().zip(chosen) {
            let done = || format!("{} questions", questions.len());
            interrupt::check("the comparison with volunteers", done)?;
            if !rows.is_empty() {
                let judge = |&row: &usize| {
                    let galaxy = Asked::of(posterior, votes, question.range(), row);
                    let cell = (row * votes.schema().width() + question.range().start) as u64;
                    Judged::new(row, &galaxy, seed::mixed(self.seed, cell))
                };
                let galaxies: Vec<Judged> = rows.par_iter().map(judge).collect();
                questions.push((question, galaxies));
            }
        }
        Ok(VoteComparison::of(*self, &questions))
    }

    /// For each question, the rows that count for it.
    ///
    /// # Errors
    /// [`Error::Empty`] when there are none for any question.
    fn chosen(&self, votes: &Votes, rows: &[usize]) -> Result<Vec<Vec<usize>>> {
        let (schema, totals) = (votes.schema(), votes.totals());
        let (mut chosen, mut most) = (Vec::new(), 0.0_f64);
        for (place, question) in schema.questions().iter().enumerate() {
            let first = schema.position(first_question(schema, question).name())?;
            let counts = |row: &&usize| {
                let (asked, all) = (totals[[**row, place]], totals[[**row, first]]);
                // The tolerance keeps a fraction exactly at the minimum, despite rounding.
                let enough = asked >= self.min_asked * all - 1e-9;
                all >= f64::from(self.min_volunteers) && asked > 0.0 && enough
            };
            chosen.push(rows.iter().filter(counts).copied().collect::<Vec<usize>>());
            most = rows.iter().map(|row| totals[[*row, first]]).fold(most, f64::max);
        }
        if chosen.iter().any(|rows| !rows.is_empty()) {
            return Ok(chosen);
        }
        let least = self.min_volunteers;
        let what = format!("no galaxy has {least} or more volunteers (the most is {most})");
        Err(match most > 0.0 {
            true => Error::empty(
                what,
                advice(
                    format!("Lower the number: Protocol::new().min_volunteers({most})"),
                    format!("Lower the number: --min-volunteers {most}"),
                ),
            ),
            false => Error::empty(what, "Give galaxies with votes"),
        })
    }
}

/// The first of the questions that lead to a question; the question itself if everyone is asked it.
fn first_question<'a>(schema: &'a Schema, mut question: &'a Question) -> &'a Question {
    while let Some((before, _)) = schema.asked_after(question) {
        question = before;
    }
    question
}

#[cfg(test)]
mod tests;
