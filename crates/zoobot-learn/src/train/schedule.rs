//! Learning-rate schedules.

use serde::{Deserialize, Serialize};
use zoobot_base::error::{Error, Result};

/// The shape of the learning rate after the warm-up.
///
/// ```
/// use zoobot_core::train::{Schedule, Shape};
/// let halved = Schedule { warmup: 0, shape: Shape::Stairs { every: 10, factor: 0.5 } };
/// assert_eq!((halved.factor(9, 100), halved.factor(20, 100)), (1.0, 0.25));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// A constant rate.
    Constant,
    /// A half cosine that falls to `floor` times the peak rate. The default, with a floor of 1 %.
    Cosine {
        /// The fraction of the peak rate at the end, 0 to 1.
        floor: f64,
    },
    /// A stepped rate, multiplied by `factor` after every `every` steps.
    Stairs {
        /// The number of steps between two changes.
        every: u64,
        /// The factor of each change, above 0 and at most 1.
        factor: f64,
    },
}

/// A learning-rate schedule: a factor by which the rate of every group is multiplied.
///
/// ```
/// use zoobot_core::train::{Schedule, Shape};
/// let schedule = Schedule { warmup: 4, shape: Shape::Cosine { floor: 0.1 } };
/// assert_eq!((schedule.factor(0, 15), schedule.factor(3, 15)), (0.25, 1.0));
/// assert!((schedule.factor(14, 15) - 0.1).abs() < 1e-12);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// The number of warm-up steps, in which the rate rises linearly from near 0 to its peak (default 0). A
    /// warm-up limits the harm of the first steps, whose gradients carry little information.
    pub warmup: u64,
    /// The shape after the warm-up.
    pub shape: Shape,
}

impl Default for Shape {
    fn default() -> Self {
        Self::Cosine { floor: 0.01 }
    }
}

impl Schedule {
    /// The factor at a step, counted from 0, of a run of `steps` steps. A cosine stays at its floor after the
    /// end.
    pub fn factor(&self, step: u64, steps: u64) -> f64 {
        if step < self.warmup {
            return (step + 1) as f64 / self.warmup as f64;
        }
        let (done, all) = (step - self.warmup, steps.saturating_sub(self.warmup));
        match self.shape {
            Shape::Constant => 1.0,
            Shape::Cosine { floor } => {
                let share = (done as f64 / (all.max(2) - 1) as f64).min(1.0);
                floor + (1.0 - floor) * 0.5 * (1.0 + (std::f64::consts::PI * share).cos())
            }
            Shape::Stairs { every, factor } => factor.powf((done / every.max(1)) as f64),
        }
    }

    /// Checks that the settings are in range.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub fn check(&self) -> Result<()> {
        match self.shape {
            Shape::Cosine { floor } if !(0.0..=1.0).contains(&floor) => {
                Err(Error::parameter("floor", floor, "between 0 and 1"))
            }
            Shape::Stairs { every: 0, .. } => Err(Error::parameter("every", 0, "at least 1")),
            Shape::Stairs { factor, .. } if !(factor > 0.0 && factor <= 1.0) => {
                Err(Error::parameter("factor", factor, "above 0 and at most 1"))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_rises_in_equal_steps_and_falls_to_its_floor() {
        let schedule = Schedule { warmup: 4, shape: Shape::Cosine { floor: 0.1 } };
        let factors: Vec<f64> = (0..4).map(|step| schedule.factor(step, 15)).collect();
        assert_eq!(factors, [0.25, 0.5, 0.75, 1.0]);
        assert_eq!(schedule.factor(4, 15), 1.0);
        assert!((schedule.factor(9, 15) - 0.55).abs() < 1e-12);
        assert!((schedule.factor(14, 15) - 0.1).abs() < 1e-12);
        assert!((schedule.factor(99, 15) - 0.1).abs() < 1e-12);
        let stairs = Schedule { warmup: 0, shape: Shape::Stairs { every: 10, factor: 0.5 } };
        assert_eq!([0, 9, 10, 25].map(|step| stairs.factor(step, 30)), [1.0, 1.0, 0.5, 0.25]);
        let wrong = Schedule { warmup: 0, shape: Shape::Cosine { floor: 2.0 } };
        assert!(wrong.check().unwrap_err().to_string().contains("floor must be between 0 and 1"));
    }
}
