//! The events of a run, and its result.

use polars::prelude::{Column, DataFrame};
use serde::{Deserialize, Serialize};
use zoobot_base::table::table_of;
use zoobot_show::figure::{Figure, lines};
use zoobot_show::notebook::{Bundle, Show, Table};

/// A validation this many times the best says that training diverged.
const DIVERGED: f64 = 10.0;

/// An epoch that is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Its number, from 1.
    pub epoch: u64,
    /// The mean loss of its steps.
    pub training: f64,
    /// The validation after it.
    pub validation: f64,
    /// The learning rate of its last step.
    pub rate: f64,
    /// The parts of the validation by name, such as the loss of each question: [`Task::parts`].
    ///
    /// [`Task::parts`]: super::Task::parts
    pub parts: Vec<(String, f64)>,
}

/// A row for each epoch: its number, training and validation, the learning rate, and its parts.
pub(super) fn table(epochs: &[Epoch]) -> DataFrame {
    let column = |name: &str, value: fn(&Epoch) -> f64| {
        Column::new(name.into(), epochs.iter().map(value).collect::<Vec<f64>>())
    };
    let numbers: Vec<u64> = epochs.iter().map(|it| it.epoch).collect();
    let mut columns = vec![
        Column::new("epoch".into(), numbers),
        column("training", |it| it.training),
        column("validation", |it| it.validation),
        column("rate", |it| it.rate),
    ];
    let mut names: Vec<&String> = Vec::new();
    for (name, _) in epochs.iter().flat_map(|it| &it.parts) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    for name in names {
        let part = |epoch: &Epoch| {
            epoch.parts.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
        };
        columns.push(Column::new(name.into(), epochs.iter().map(part).collect::<Vec<_>>()));
    }
    table_of(epochs.len(), columns)
}

/// Training and validation over the epochs.
pub(super) fn figure(epochs: &[Epoch]) -> Figure {
    let all = |value: fn(&Epoch) -> f64| epochs.iter().map(value).collect::<Vec<f64>>();
    let numbers = all(|it| it.epoch as f64);
    lines()
        .series("training", &numbers, all(|it| it.training))
        .series("validation", &numbers, all(|it| it.validation))
        .labels("epoch", "loss")
        .build()
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingHistory {
    /// Every epoch, in order.
    pub epochs: Vec<Epoch>,
    /// Steps taken.
    pub steps: u64,
    /// Why it ended.
    pub end: End,
}

impl TrainingHistory {
    /// A row for each epoch: its number, training and validation, the learning rate, and the parts
    /// of the validation, such as each question's loss.
    pub fn table(&self) -> DataFrame {
        table(&self.epochs)
    }

    /// The largest later validation in units of the best, where that is ten or more: a sign that
    /// training diverged. `None` for losses of both signs, which cannot be compared in this way.
    pub fn diverged(&self) -> Option<f64> {
        let all = self.epochs.iter().map(|it| it.validation);
        let (place, best) = all.clone().enumerate().min_by(|a, b| a.1.total_cmp(&b.1))?;
        let worst = all.skip(place).filter(|it| !it.is_nan()).fold(best, f64::max);
        Some(worst / best).filter(|it| best > 0.0 && *it >= DIVERGED)
    }

    /// Training and validation over the epochs.
    ///
    /// # Problems shown in its place
    /// [`Error::Empty`](zoobot_base::Error::Empty) when no epoch was finished.
    pub fn history(&self) -> Figure {
        figure(&self.epochs)
    }
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It had all its epochs.
    Complete,
    /// Validation had not improved for the patience that was set.
    Patience,
    /// The user stopped it; a repeated call with the same folder resumes.
    Interrupted,
}

/// Something that happened in a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A run resumes after a checkpoint.
    Resumed {
        /// Steps that were taken.
        step: u64,
        /// The steps of the whole run.
        steps: u64,
        /// The epochs that are over.
        epochs: Vec<Epoch>,
    },
    /// A step was taken.
    Step {
        /// Steps so far.
        step: u64,
        /// The steps of the whole run.
        steps: u64,
        /// Its loss.
        loss: f64,
        /// Its learning rate.
        rate: f64,
    },
    /// An epoch is over.
    Epoch(Epoch),
}

impl Show for TrainingHistory {
    fn show(&self) -> Bundle {
        let end = match self.end {
            End::Complete => "complete",
            End::Patience => "ended, as validation no longer improved",
            End::Interrupted => "stopped; repeat the call to resume",
        };
        let title = format!("{} steps, {end}", self.steps);
        Table::new(self.table()).title(title).show()
    }
}
