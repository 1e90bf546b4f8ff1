//! The channel mixing of ConvNeXt and MaxViT blocks.

use super::activation::Activation;
use super::form::{Form, Layer};
use super::linear::Linear;
use super::norm::LayerNorm;
use tch::Tensor;
use tch::nn::{Init, Path};
use zoobot_base::Result;

/// The ratio of the channels inside to those outside.
const EXPANSION: i64 = 4;

/// The sizes of an [`Mlp`].
#[derive(Clone, Copy, Debug)]
pub struct MlpShape {
    /// The number of input and output channels.
    pub channels: i64,
    /// The constant added to the variance in the normalisation.
    pub eps: f64,
    /// The activation between the two linear maps.
    pub activation: Activation,
    /// Whether timm stores the linear maps as 1x1 convolutions.
    pub pointwise: bool,
}

/// Normalises each pixel, mixes its channels through a wider layer and scales the result.
#[derive(Debug)]
pub struct Mlp {
    norm: LayerNorm,
    expand: Linear,
    project: Linear,
    /// A factor on the result; `None` if there is none or it is folded into `project`.
    gamma: Option<Tensor>,
    activation: Activation,
}

impl Mlp {
    /// Creates the layers. `norm` and `mlp` are their names in timm, side by side; `first` returns the
    /// initial values of a map for its numbers of inputs and outputs.
    pub fn new(
        (norm, mlp): (&Path, &Path),
        shape: MlpShape,
        gamma: Option<Tensor>,
        first: impl Fn(i64, i64) -> Init,
    ) -> Result<Self> {
        let MlpShape { channels, eps, activation, pointwise } = shape;
        let inner = EXPANSION * channels;
        let linear = |name, inputs, outputs| {
            Linear::new(&(mlp / name), inputs, outputs, pointwise, first(inputs, outputs))
        };
        Ok(Self {
            norm: LayerNorm::new(norm, channels, eps)?,
            expand: linear("fc1", channels, inner)?,
            project: linear("fc2", inner, channels)?,
            gamma,
            activation,
        })
    }

    /// # Shapes
    /// `[..., channels]` to `[..., channels]`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = self.activation.apply(self.expand.forward(&self.norm.forward(x)?)?)?;
        let y = self.project.forward(&y)?;
        Ok(match &self.gamma {
            Some(gamma) => y.f_mul(gamma)?,
            None => y,
        })
    }
}

impl Layer for Mlp {
    fn in_form(&self, form: Form) -> Result<Self> {
        let activation = self.activation;
        Ok(match form {
            Form::Folded => Self {
                norm: self.norm.bare(),
                expand: self.expand.folded_behind(&self.norm)?,
                project: self.project.folded_before(self.gamma.as_ref())?,
                gamma: None,
                activation,
            },
            Form::Detached | Form::Training(_) | Form::Of(_) | Form::Mixed(_) => Self {
                norm: self.norm.in_form(form)?,
                expand: self.expand.in_form(form)?,
                project: self.project.in_form(form)?,
                gamma: self.gamma.in_form(form)?,
                activation,
            },
        })
    }
}
