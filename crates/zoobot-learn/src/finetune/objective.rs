//! The loss that training minimises, and the metrics that are reported after each epoch.

use super::truth::Truth;
use super::{Finetune, LabelKind};
use crate::train::Loss;
use std::fmt;
use std::sync::Arc;
use tch::Tensor;
use zoobot_base::error::Result;
use zoobot_base::moments::moments;
use zoobot_data::catalog::Target;

/// A custom loss or metric.
pub(super) type OwnLoss = Arc<dyn Fn(&Tensor, &Tensor) -> Result<Tensor> + Send + Sync>;

/// The loss of the outputs `[n, outputs]` against the targets.
#[derive(Clone)]
pub struct Objective {
    loss: Loss,
    own: Option<OwnLoss>,
    metrics: Vec<(String, OwnLoss)>,
    /// The mean and standard deviation by which numbers are standardised.
    pub scale: (f64, f64),
}

impl fmt::Debug for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Objective").field("loss", &self.loss).field("scale", &self.scale).finish()
    }
}

impl Objective {
    pub fn new(finetune: &Finetune, truth: &Truth) -> Result<Self> {
        let settings = finetune.settings();
        let weights = finetune.weights(truth)?;
        let loss = finetune.question().loss(settings.label_smoothing, &weights)?;
        let scale = match (finetune.question(), truth) {
            (
                LabelKind::Numbers { unit_interval: false, .. },
                Truth::One(Target::Numbers(values)),
            ) => {
                let (mean, deviation) = moments(values.iter().copied());
                (mean, deviation.max(f64::MIN_POSITIVE))
            }
            _ => (0.0, 1.0),
        };
        let (own, metrics) = (finetune.own_loss.clone(), finetune.own_metrics.clone());
        Ok(Self { loss, own, metrics, scale })
    }

    /// The loss of a batch, differentiable.
    pub fn of(&self, outputs: &Tensor, targets: &Tensor) -> Result<Tensor> {
        let targets = match self.scale {
            (0.0, 1.0) => targets.shallow_clone(),
            (mean, deviation) => targets.f_sub_scalar(mean)?.f_div_scalar(deviation)?,
        };
        match &self.own {
            Some(own) => own(outputs, &targets),
            None => self.loss.of(outputs, &targets),
        }
    }

    /// The validation loss, and familiar metrics such as the accuracy of classes and the root mean squared
    /// error of numbers in their own unit.
    pub fn judge(&self, outputs: &Tensor, targets: &Tensor) -> Result<(f64, Vec<(String, f64)>)> {
        let loss = self.of(outputs, targets)?.f_double_value(&[])?;
        let mut parts = self.loss.figures(outputs, targets, self.scale)?;
        for (name, metric) in &self.metrics {
            parts.push((name.clone(), metric(outputs, targets)?.f_double_value(&[])?));
        }
        Ok((loss, parts))
    }
}
