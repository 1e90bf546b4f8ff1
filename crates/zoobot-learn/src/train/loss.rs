//! How wrong a network's output is, for each kind of label.

use super::votes::VoteLoss;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};
use zoobot_base::error::{Error, Result};

/// How far a predicted number is from the true one.
///
/// ```
/// use zoobot_core::{finetune::Finetune, train::Distance};
/// Finetune::regressor("axis_ratio").distance(Distance::Absolute)?;
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distance {
    /// The mean squared error. The default.
    #[default]
    Squared,
    /// The mean absolute error, which outliers pull less.
    Absolute,
}

/// A loss: one number for a batch, lower is better, that training follows downhill.
///
/// ```
/// use zoobot_core::{tch::Tensor, train::{Distance, Loss}};
/// let (predicted, truth) = (Tensor::from_slice(&[1.0, 2.0]), Tensor::from_slice(&[1.0, 5.0]));
/// let loss = Loss::Numbers(Distance::Absolute).of(&predicted, &truth)?;
/// assert_eq!(loss.double_value(&[]), 1.5);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub enum Loss {
    /// Votes of volunteers against concentrations.
    Votes(VoteLoss),
    /// A class against one score for each class: the cross-entropy.
    Classes {
        /// The share of the target spread evenly over all classes, 0 to below 1 (usually 0).
        smoothing: f64,
        /// How much each class counts; empty when all count the same.
        weights: Vec<f32>,
    },
    /// A number against a predicted number.
    Numbers(Distance),
    /// What is true, 1, and what is not, 0, against the probability of each: the binary
    /// cross-entropy.
    Chances {
        /// The share of the target that is spread evenly over true and false, 0 to below 1.
        smoothing: f64,
    },
}

impl Loss {
    /// The cross-entropy without smoothing, all classes alike.
    pub fn classes() -> Self {
        Self::Classes { smoothing: 0.0, weights: Vec::new() }
    }

    /// The loss of a batch as a scalar, differentiable to `outputs`.
    ///
    /// # Shapes
    /// | loss | `outputs` | `targets` |
    /// |---|---|---|
    /// | votes | concentrations `[n, answers]` | votes `[n, answers]` |
    /// | classes | scores `[n, classes]` | the class of each, from 0, `[n]` of whole numbers |
    /// | numbers | `[n]` or `[n, values]` | the same |
    /// | chances | probabilities `[n, things]` | the same, 0 or 1 |
    ///
    /// # Errors
    /// [`Error::Invalid`] for other shapes, a class that is not there, or a parameter outside its
    /// range.
    pub fn of(&self, outputs: &Tensor, targets: &Tensor) -> Result<Tensor> {
        match self {
            Self::Votes(votes) => votes.of(outputs, targets),
            Self::Classes { smoothing, weights } => {
                cross_entropy(outputs, targets, *smoothing, weights)
            }
            Self::Numbers(distance) => {
                let targets = like(outputs, targets)?;
                let mean = tch::Reduction::Mean;
                Ok(match distance {
                    Distance::Squared => outputs.f_mse_loss(&targets, mean)?,
                    Distance::Absolute => outputs.f_l1_loss(&targets, mean)?,
                })
            }
            Self::Chances { smoothing } => {
                if !(0.0..1.0).contains(smoothing) {
                    return Err(Error::invalid("label smoothing", smoothing, "0 to below 1"));
                }
                let targets = like(outputs, targets)? * (1.0 - smoothing) + smoothing / 2.0;
                let mean = tch::Reduction::Mean;
                Ok(outputs.f_binary_cross_entropy::<Tensor>(&targets, None, mean)?)
            }
        }
    }
}

/// Targets of the outputs' shape, in their kind.
fn like(outputs: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let (shape, other) = (outputs.size(), targets.size());
    if shape != other || outputs.numel() == 0 {
        let expected = format!("{shape:?}, as the predictions, and not empty");
        return Err(Error::invalid("shape of numbers", format!("{other:?}"), expected));
    }
    Ok(targets.f_to_device(outputs.device())?.f_to_kind(outputs.kind())?)
}

fn cross_entropy(
    scores: &Tensor,
    classes: &Tensor,
    smoothing: f64,
    weights: &[f32],
) -> Result<Tensor> {
    let shape = scores.size();
    let [count, kinds] = shape[..] else {
        return Err(Error::invalid("shape of scores", format!("{shape:?}"), "[n, classes]"));
    };
    if classes.size() != [count] || count == 0 {
        let value = format!("{:?}", classes.size());
        return Err(Error::invalid("shape of classes", value, format!("[{count}], at least [1]")));
    }
    if !(0.0..1.0).contains(&smoothing) {
        return Err(Error::invalid("label smoothing", smoothing, "0 to below 1"));
    }
    if !weights.is_empty() && weights.len() as i64 != kinds {
        let expected = format!("{kinds}, one for each class, or none");
        return Err(Error::invalid(
            "class weights",
            format!("{} numbers", weights.len()),
            expected,
        ));
    }
    let classes = classes.f_to_kind(Kind::Int64)?.f_to_device(scores.device())?;
    // libtorch would stop the process on a GPU, so it is asked here.
    let (low, high) = (classes.f_min()?.f_int64_value(&[])?, classes.f_max()?.f_int64_value(&[])?);
    if low < 0 || high >= kinds {
        let wrong = if low < 0 { low } else { high };
        return Err(Error::invalid("class", wrong, format!("0 to {}", kinds - 1)));
    }
    let weights = match weights {
        [] => None,
        weights => Some(
            Tensor::f_from_slice(weights)?
                .f_to_kind(scores.kind())?
                .f_to_device(scores.device())?,
        ),
    };
    let ignored = -100;
    let mean = tch::Reduction::Mean;
    Ok(scores.f_cross_entropy_loss(&classes, weights.as_ref(), mean, ignored, smoothing)?)
}
