//! Activation functions.

use serde::{Deserialize, Serialize};
use tch::Tensor;
use zoobot_base::Result;

/// The activation function between two layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `x · sigmoid(x)`, also called swish.
    Silu,
    /// `max(x, 0)`.
    Relu,
    /// `min(max(x, 0), 6)`.
    Relu6,
    /// `x · Φ(x)`, where Φ is the cumulative normal distribution.
    Gelu,
    /// GELU in the tanh approximation that TensorFlow uses.
    GeluTanh,
}

impl Activation {
    /// The activation of `x`, computed in place: `x` must be a fresh result.
    pub(crate) fn apply(self, mut x: Tensor) -> Result<Tensor> {
        Ok(match self {
            Self::Silu => x.f_silu_()?,
            Self::Relu => x.f_relu_()?,
            // The gradient of `clamp` takes four unvectorised passes; that of `relu6` takes one.
            Self::Relu6 => x.f_relu6_()?,
            Self::Gelu => x.f_gelu_("none")?,
            Self::GeluTanh => x.f_gelu_("tanh")?,
        })
    }
}
