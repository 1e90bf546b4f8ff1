//! The question about each galaxy: a class, a number, several labels at once, or the whole decision tree of a
//! schema.

use crate::model::Labels;
use crate::train::{Distance, HeadConfig, Loss, Output, VoteLoss};
use zoobot_base::advice::advice;
use zoobot_base::error::Result;
use zoobot_data::schema::Schema;

/// The question that a [`Finetune`](super::Finetune) learns to answer.
///
/// ```
/// use zoobot_core::finetune::Finetune;
/// let question = Finetune::multilabel(["bar", "ring"]).question().clone();
/// assert_eq!(question.columns(), ["bar", "ring"]);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum LabelKind {
    /// The class that a column names.
    Classes {
        /// The column.
        label: String,
    },
    /// The number in a column.
    Numbers {
        /// The column.
        label: String,
        /// How errors are measured.
        distance: Distance,
        /// Whether numbers and predictions are between 0 and 1.
        unit_interval: bool,
    },
    /// Which of several columns are true; more than one may be.
    Tags {
        /// The columns, of 0 and 1.
        labels: Vec<String>,
    },
    /// The volunteers' votes for the answers of a schema.
    Votes(Box<Schema>),
}

impl LabelKind {
    /// The columns of a catalogue that hold the truth.
    pub fn columns(&self) -> Vec<String> {
        match self {
            Self::Classes { label } | Self::Numbers { label, .. } => vec![label.clone()],
            Self::Tags { labels } => labels.clone(),
            Self::Votes(schema) => schema.columns(),
        }
    }

    /// The kind of question in one word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Classes { .. } => "classifier",
            Self::Numbers { .. } => "regressor",
            Self::Tags { .. } => "multilabel",
            Self::Votes(_) => "tree",
        }
    }

    /// The call or command by which the user chose this kind.
    pub(super) fn called(&self) -> String {
        let kind = self.kind();
        advice(format!("Finetune::{kind}"), format!("`zoobot finetune {kind}`"))
    }

    /// A short description.
    pub(super) fn about(&self) -> String {
        match self {
            Self::Classes { label } => format!("class by {label:?}"),
            Self::Numbers { label, unit_interval: true, .. } => format!("{label:?}, 0 to 1"),
            Self::Numbers { label, .. } => format!("number {label:?}"),
            Self::Tags { labels } => format!("which of {}", labels.join(", ")),
            Self::Votes(schema) => format!("votes for {}", schema.name()),
        }
    }

    /// The configuration of the head that answers the question; `classes` are the class names.
    pub(super) fn head(&self, classes: &[String], dropout: f64) -> HeadConfig {
        match self {
            Self::Classes { .. } => HeadConfig::scores(classes.len()),
            Self::Numbers { unit_interval, .. } => {
                let output = if *unit_interval { Output::Shares } else { Output::Numbers };
                HeadConfig { output, ..HeadConfig::numbers(1) }
            }
            Self::Tags { labels } => HeadConfig::chances(labels.len()),
            Self::Votes(schema) => {
                let answers = schema.questions().iter().map(|it| it.answers().len());
                HeadConfig::dirichlet(answers.collect::<Vec<_>>())
            }
        }
        .dropout(dropout)
    }

    /// The labels that describe the outputs of the head.
    pub(super) fn labels(&self, classes: &[String]) -> Labels {
        match self {
            Self::Classes { .. } => Labels::Classes(classes.to_vec()),
            Self::Numbers { label, .. } => Labels::Values(vec![label.clone()]),
            Self::Tags { labels } => Labels::Values(labels.clone()),
            Self::Votes(schema) => Labels::Votes((**schema).clone()),
        }
    }

    /// The loss that training minimises.
    pub(super) fn loss(&self, smoothing: f64, weights: &[f32]) -> Result<Loss> {
        Ok(match self {
            Self::Classes { .. } => Loss::Classes { smoothing, weights: weights.to_vec() },
            Self::Numbers { distance, .. } => Loss::Numbers(*distance),
            Self::Tags { .. } => Loss::Chances { smoothing },
            Self::Votes(schema) => Loss::Votes(VoteLoss::new(schema)),
        })
    }
}
