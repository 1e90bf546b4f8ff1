//! The events of a training run, and its result.

use polars::prelude::{Column, DataFrame};
use serde::{Deserialize, Serialize};
use zoobot_base::table::table_of;
use zoobot_show::figure::{Figure, lines};
use zoobot_show::notebook::{Bundle, Show, Table};

/// The ratio of a validation loss to the best one from which training counts as diverged.
const DIVERGED: f64 = 10.0;

/// A finished epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// The number of the epoch, from 1.
    pub epoch: u64,
    /// The mean training loss of its steps.
    pub training: f64,
    /// The validation loss after the epoch.
    pub validation: f64,
    /// The learning rate of the last step.
    pub rate: f64,
    /// The named parts of the validation loss, such as the loss of each question: [`Task::parts`].
    ///
    /// [`Task::parts`]: super::Task::parts
    pub parts: Vec<(String, f64)>,
}

/// A row for each epoch: its number, training and validation loss, learning rate, and the parts of the
/// validation loss.
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

/// A figure of the training and validation loss over the epochs.
pub(super) fn figure(epochs: &[Epoch]) -> Figure {
    let all = |value: fn(&Epoch) -> f64| epochs.iter().map(value).collect::<Vec<f64>>();
    let numbers = all(|it| it.epoch as f64);
    lines()
        .series("training", &numbers, all(|it| it.training))
        .series("validation", &numbers, all(|it| it.validation))
        .labels("epoch", "loss")
        .build()
}

/// The result of a training run.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingHistory {
    /// All epochs, in order.
    pub epochs: Vec<Epoch>,
    /// The number of steps.
    pub steps: u64,
    /// Why the run ended.
    pub end: End,
}

impl TrainingHistory {
    /// A row for each epoch: its number, training and validation loss, learning rate, and the parts of the
    /// validation loss, such as the loss of each question.
    pub fn table(&self) -> DataFrame {
        table(&self.epochs)
    }

    /// The ratio of the largest later validation loss to the best one, if it is at least ten: a sign that
    /// training diverged. `None` if the best loss is not positive, since ratios then mean nothing.
    pub fn diverged(&self) -> Option<f64> {
        let all = self.epochs.iter().map(|it| it.validation);
        let (place, best) = all.clone().enumerate().min_by(|a, b| a.1.total_cmp(&b.1))?;
        let worst = all.skip(place).filter(|it| !it.is_nan()).fold(best, f64::max);
        Some(worst / best).filter(|it| best > 0.0 && *it >= DIVERGED)
    }

    /// A figure of the training and validation loss over the epochs.
    ///
    /// # If it cannot be drawn
    /// [`Error::Empty`](zoobot_base::Error::Empty) when no epoch was finished.
    pub fn history(&self) -> Figure {
        figure(&self.epochs)
    }
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// All epochs were finished.
    Complete,
    /// Early stopping: the validation loss had not improved for the given number of epochs.
    Patience,
    /// The user stopped the run; repeating the call with the same folder resumes it.
    Interrupted,
}

/// An event of a training run.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A run resumes from a checkpoint.
    Resumed {
        /// The number of steps already taken.
        step: u64,
        /// The number of steps in the whole run.
        steps: u64,
        /// The finished epochs.
        epochs: Vec<Epoch>,
    },
    /// A step was taken.
    Step {
        /// The number of steps so far.
        step: u64,
        /// The number of steps in the whole run.
        steps: u64,
        /// The loss of the step.
        loss: f64,
        /// The learning rate of the step.
        rate: f64,
    },
    /// An epoch has finished.
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
