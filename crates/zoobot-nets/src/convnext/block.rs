//! The repeated block of a ConvNeXt.

use super::Config;
use crate::layers::{Activation, Conv, Form, Layer, Mlp, MlpShape, Padding, Shape, pixels_last};
use tch::Tensor;
use tch::nn::{Init, Path};
use zoobot_base::Result;

/// The side of the depthwise filters, in pixels.
const KERNEL: i64 = 7;
/// The standard deviation of the initial weights, as in timm.
const WEIGHT: f64 = 0.02;
/// The initial scale of a block's output, as in timm.
const GAMMA: f64 = 1e-6;

/// Filters each channel, normalises each pixel, mixes the channels through a wider layer, scales the
/// result and adds it to the input.
#[derive(Debug)]
pub(super) struct Block {
    filter: Conv,
    mlp: Mlp,
}

impl Block {
    pub fn new(path: &Path, channels: i64, config: &Config) -> Result<Self> {
        let filter = Shape {
            inputs: channels,
            outputs: channels,
            kernel: KERNEL,
            stride: 1,
            padding: Padding::Symmetric,
            depthwise: true,
        };
        let mlp = MlpShape {
            channels,
            eps: config.norm_eps,
            activation: Activation::Gelu,
            pointwise: config.pointwise,
        };
        let names = (&(path / "norm"), &(path / "mlp"));
        let gamma = path.f_var("gamma", &[channels], Init::Const(GAMMA))?;
        let first = |_, _| Init::Randn { mean: 0.0, stdev: WEIGHT };
        Ok(Self {
            filter: Conv::new(&(path / "conv_dw"), filter, true)?,
            mlp: Mlp::new(names, mlp, Some(gamma), first)?,
        })
    }

    /// # Shapes
    /// `[n, channels, h, w]` to `[n, channels, h, w]`, fastest with channels last in memory.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let x = &x.f_to_kind(self.filter.kind())?;
        let y = self.mlp.forward(&pixels_last(&self.filter.forward(x)?)?)?;
        Ok(y.f_permute([0, 3, 1, 2])?.f_add_(x)?)
    }
}

impl Layer for Block {
    fn in_form(&self, form: Form) -> Result<Self> {
        Ok(Self { filter: self.filter.in_form(form)?, mlp: self.mlp.in_form(form)? })
    }
}
