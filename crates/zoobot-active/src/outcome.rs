//! What a loop has found: chosen galaxies, the learning curve, estimates for the pool, and when to stop.

use super::acquisition::VoteAcquisition;
use super::choice::ChosenGalaxy;
use super::fit::mixture_loss;
use super::folder::LoopFolder;
use super::heads::VoteHeads;
use super::weights::{drawn, lure_weights, pool_mean};
use ndarray::s;
use polars::prelude::{Column, DataFrame};
use serde::{Deserialize, Serialize};
use std::fmt;
use zoobot_base::error::{Error, Result};
use zoobot_base::table::table_of;
use zoobot_data::catalog::{ID, write_table};
use zoobot_data::schema::Votes;
use zoobot_learn::predict::Posterior;
use zoobot_representation::metrics::Estimate;
use zoobot_show::figure::{Curve, Dash, Figure, curves};
use zoobot_show::notebook::{Bundle, Show, Table};

/// A round of active learning.
///
/// ```
/// use zoobot_core::active::ActiveRound;
/// let round = ActiveRound { round: 2, labels: 512, loss: Some(2.9), questions: vec![], losses: vec![] };
/// assert_eq!(round.labels, 512);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActiveRound {
    /// The round, from 0 for the start.
    pub round: usize,
    /// The number of labelled galaxies.
    pub labels: usize,
    /// Minus the logarithm of the probability of a held-out galaxy's votes, per question, in nats. Without
    /// held-out galaxies it is known after the next round.
    pub loss: Option<f64>,
    /// The loss of each question.
    pub questions: Vec<(String, f64)>,
    /// What each held-out galaxy contributes: their mean is the loss.
    pub losses: Vec<f64>,
}

impl ActiveRound {
    /// Judges a posterior by votes for the same galaxies.
    pub(super) fn judge(
        &mut self,
        posterior: &Posterior,
        votes: &Votes,
        questions: &[String],
    ) -> Result<()> {
        let mut losses = vec![0.0; votes.len()];
        for name in questions {
            let range = votes.schema().question(name)?.range();
            let mut each = vec![None; votes.len()];
            for (row, to) in each.iter_mut().enumerate() {
                let own = votes.counts().slice(s![row, range.clone()]).to_vec();
                if own.iter().sum::<f64>() > 0.0 {
                    let expected = posterior.concentrations();
                    *to = Some(mixture_loss(expected.slice(s![row, range.clone(), ..]), &own));
                }
            }
            let asked = each.iter().flatten().count() as f64;
            self.questions.push((name.clone(), each.iter().flatten().sum::<f64>() / asked));
            let share = votes.len() as f64 / (asked * questions.len() as f64);
            for (sum, loss) in losses.iter_mut().zip(each) {
                *sum += share * loss.unwrap_or(0.0);
            }
        }
        self.loss = Some(losses.iter().sum::<f64>() / losses.len() as f64);
        self.losses = losses;
        Ok(())
    }
}

/// Whether more labels are worth asking for.
///
/// ```
/// use zoobot_core::active::StopAdvice;
/// let advice = StopAdvice { labels: 1024, window: 200, change: -0.002, scatter: 0.005, is_over: true };
/// assert!(advice.to_string().contains("less than its scatter"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct StopAdvice {
    /// The number of labels so far.
    pub labels: usize,
    /// The number of labels that the change is over.
    pub window: usize,
    /// By how much they changed the loss.
    pub change: f64,
    /// The standard error of the change, over held-out galaxies.
    pub scatter: f64,
    /// Whether they lowered the loss by less than its scatter.
    pub is_over: bool,
}

impl fmt::Display for StopAdvice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { labels, window, change, scatter, is_over } = self;
        let judged = match change.abs() < *scatter {
            true => "less than its scatter",
            false => "more than its scatter",
        };
        let advice = match is_over {
            true => "More labels of this kind teach little",
            false => "More labels still help",
        };
        write!(
            f,
            "The last {window} of {labels} labels changed the loss by {change:+.4}, {judged} ({scatter:.4}). {advice}."
        )
    }
}

/// The result of [`ActiveLearning`](super::ActiveLearning).
#[derive(Debug, Clone)]
pub struct ActiveOutcome {
    pub(super) pool: usize,
    pub(super) method: VoteAcquisition,
    pub(super) chosen: Vec<ChosenGalaxy>,
    pub(super) votes: Votes,
    pub(super) rounds: Vec<ActiveRound>,
    pub(super) waiting: Vec<String>,
    pub(super) heads: VoteHeads,
}

impl ActiveOutcome {
    /// The number of galaxies of the pool, before the first was chosen.
    pub fn pool(&self) -> usize {
        self.pool
    }

    /// The chosen galaxies that were answered, in the order of their choice.
    pub fn chosen(&self) -> &[ChosenGalaxy] {
        &self.chosen
    }

    /// Their votes, in the same order.
    pub fn votes(&self) -> &Votes {
        &self.votes
    }

    /// The rounds, in order.
    pub fn rounds(&self) -> &[ActiveRound] {
        &self.rounds
    }

    /// Galaxies that were asked about and are not answered yet: answer them and repeat the call.
    pub fn waiting(&self) -> &[String] {
        &self.waiting
    }

    /// The heads after the last round.
    pub fn heads(&self) -> &VoteHeads {
        &self.heads
    }

    /// The weight of each chosen galaxy in an average that stands for the whole pool: see [`lure_weights`].
    ///
    /// # Errors
    /// [`Error::Unsuitable`] when galaxies were not chosen by [`BatchChoice::Stochastic`](super::BatchChoice).
    pub fn weights(&self) -> Result<Vec<f64>> {
        lure_weights(self.pool, &drawn(&self.chosen)?)
    }

    /// The mean of a value over the whole pool, from its value for each chosen galaxy, with its 95 % confidence
    /// interval: see [`pool_mean`].
    ///
    /// # Errors
    /// As for [`weights`](Self::weights) and [`pool_mean`].
    pub fn mean(&self, values: &[f64]) -> Result<Estimate> {
        pool_mean(self.pool, &drawn(&self.chosen)?, values)
    }

    /// The mean vote fraction of an answer (`question_answer`) over the whole pool, with its 95 % confidence
    /// interval. The question must be one that everyone is asked.
    ///
    /// # Errors
    /// As for [`weights`](Self::weights); [`Error::Missing`] for an unknown answer; [`Error::Unsuitable`] when a
    /// galaxy has no votes for the question.
    pub fn mean_fraction(&self, answer: &str) -> Result<Estimate> {
        let place = self.votes.schema().answer(answer)?.index();
        let fractions = self.votes.fractions().column(place).to_vec();
        if let Some(row) = fractions.iter().position(|it| it.is_nan()) {
            let problem = format!(
                "no volunteer was asked about {answer:?} for {:?}",
                self.chosen[row].id_str
            );
            return Err(Error::unsuitable(
                problem,
                "Choose an answer to a question that everyone is asked",
            ));
        }
        self.mean(&fractions)
    }

    /// The chosen galaxies: `id_str`, `round` and `probability`.
    pub fn chosen_table(&self) -> DataFrame {
        let ids: Vec<&str> = self.chosen.iter().map(|it| it.id_str.as_str()).collect();
        let rounds: Vec<u64> = self.chosen.iter().map(|it| it.round as u64).collect();
        let probabilities: Vec<f64> = self.chosen.iter().map(|it| it.probability).collect();
        table_of(
            self.chosen.len(),
            vec![
                Column::new(ID.into(), ids),
                Column::new("round".into(), rounds),
                Column::new("probability".into(), probabilities),
            ],
        )
    }

    /// The learning curve: `labels`, `loss`, and a column `loss_QUESTION` for each question if there are several.
    pub fn curve_table(&self) -> DataFrame {
        let labels: Vec<u64> = self.rounds.iter().map(|it| it.labels as u64).collect();
        let losses: Vec<Option<f64>> = self.rounds.iter().map(|it| it.loss).collect();
        let mut columns =
            vec![Column::new("labels".into(), labels), Column::new("loss".into(), losses)];
        let questions = self.rounds.iter().map(|it| it.questions.len()).max().unwrap_or(0);
        for place in (0..questions).filter(|_| questions > 1) {
            let name = self.rounds.iter().find_map(|it| it.questions.get(place));
            let name = name.map_or_else(String::new, |it| format!("loss_{}", it.0));
            let each: Vec<Option<f64>> =
                self.rounds.iter().map(|it| it.questions.get(place).map(|it| it.1)).collect();
            columns.push(Column::new(name.into(), each));
        }
        table_of(self.rounds.len(), columns)
    }

    /// The learning curve as a figure.
    ///
    /// # If it cannot be drawn
    /// [`Error::Empty`] before any loss is known.
    pub fn figure(&self) -> Figure {
        let points = self.rounds.iter().filter_map(|it| Some((it.labels as f64, it.loss?, 0.0)));
        let points: Vec<_> = points.collect();
        let curve =
            Curve { name: self.method.to_string(), points, dash: Dash::Full, colour: Some(0) };
        curves(&[curve], "labels", "loss of held-out galaxies (nats)")
    }

    /// Whether the last `window` labels (200 is usual) still lowered the loss of held-out galaxies; `None` before
    /// there are that many, and without held-out galaxies.
    pub fn stop_advice(&self, window: usize) -> Option<StopAdvice> {
        let last = self.rounds.last()?;
        let before = self.rounds.iter().rev().find(|it| it.labels + window <= last.labels)?;
        let pairs = last.losses.iter().zip(&before.losses).map(|(now, then)| now - then);
        let changes: Vec<f64> = pairs.collect();
        let n = changes.len() as f64;
        if n < 2.0 {
            return None;
        }
        let change = changes.iter().sum::<f64>() / n;
        let variance = changes.iter().map(|it| (it - change).powi(2)).sum::<f64>() / (n - 1.0);
        let scatter = (variance / n).sqrt();
        Some(StopAdvice {
            labels: last.labels,
            window: last.labels - before.labels,
            change,
            scatter,
            is_over: -change < scatter,
        })
    }

    /// Writes the tables, and the figure into the folder of the last round.
    pub(super) fn save(&self, folder: &LoopFolder) -> Result<()> {
        write_table(&self.chosen_table(), folder.file("chosen.csv"))?;
        write_table(&self.curve_table(), folder.file("curve.csv"))?;
        match self.rounds.last().filter(|_| self.rounds.iter().any(|it| it.loss.is_some())) {
            Some(last) => self.figure().save(folder.of_round(last.round, "curve.svg")),
            None => Ok(()),
        }
    }
}

impl Show for ActiveOutcome {
    fn show(&self) -> Bundle {
        let title = format!("{} of {} galaxies labelled", self.chosen.len(), self.pool);
        Table::new(self.curve_table()).title(title).show()
    }
}
