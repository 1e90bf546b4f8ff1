//! The part of a checkpoint that is not tensors.

use super::fit::Run;
use super::history::Epoch;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zoobot_base::error::Result;

/// The exact progress of a run.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Progress {
    /// The settings as JSON, since text compares exactly.
    pub config: String,
    pub galaxies: usize,
    /// The training loss, validation loss and learning rate of each epoch.
    epochs: Vec<[Exact; 3]>,
    /// The parts of the validation loss of each epoch.
    #[serde(default)]
    parts: Vec<Vec<(String, Exact)>>,
    /// The sum of the losses in the current epoch.
    pub sum: Exact,
}

/// A number stored as text: Rust's text keeps every bit, while JSON readers may not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Exact(pub f64);

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

impl Progress {
    pub fn of(run: &Run) -> Result<Self> {
        let epoch = |it: &Epoch| [it.training, it.validation, it.rate].map(Exact);
        let part = |(name, value): &(String, f64)| (name.clone(), Exact(*value));
        let parts = |it: &Epoch| it.parts.iter().map(part).collect();
        Ok(Self {
            config: serde_json::to_string(&run.config)?,
            galaxies: run.galaxies,
            epochs: run.epochs.iter().map(epoch).collect(),
            parts: run.epochs.iter().map(parts).collect(),
            sum: Exact(run.sum),
        })
    }

    pub fn epochs(&self) -> Vec<Epoch> {
        let part = |(name, value): &(String, Exact)| (name.clone(), value.0);
        let parts = |at: usize| self.parts.get(at).map(|it| it.iter().map(part).collect());
        let epoch = |(at, [training, validation, rate]): (usize, &[Exact; 3])| Epoch {
            epoch: at as u64 + 1,
            training: training.0,
            validation: validation.0,
            rate: rate.0,
            parts: parts(at).unwrap_or_default(),
        };
        self.epochs.iter().enumerate().map(epoch).collect()
    }
}
