//! The convolutions at the start of a MaxViT block.

use super::config::Config;
use crate::layers::{Activation, BatchNorm, Conv, ConvNorm, Form, Layer, Shape, SqueezeExcite};
use tch::Tensor;
use tch::nn::Path;
use zoobot_base::Result;

/// An inverted bottleneck with normalisation at its input: expands the channels, filters each, weights
/// them, projects them, and adds the input, converted to the same shape.
#[derive(Debug)]
pub(super) struct InvertedBottleneck {
    /// `None` once it is folded into `expand`.
    norm: Option<BatchNorm>,
    expand: ConvNorm,
    filter: ConvNorm,
    squeeze_excite: SqueezeExcite,
    project: Conv,
    /// Whether width and height are halved.
    halves: bool,
    /// Converts the input to the number of output channels.
    shortcut: Option<Conv>,
}

impl InvertedBottleneck {
    pub fn new(
        path: &Path,
        config: &Config,
        (inputs, outputs): (i64, i64),
        halves: bool,
    ) -> Result<Self> {
        let reading = config.reading;
        let (eps, biased) = (reading.batch_eps(), reading.biased());
        let activation = Some(reading.convolution_activation());
        let inner = reading.inner(inputs, outputs);
        let filter = Shape {
            inputs: inner,
            outputs: inner,
            kernel: 3,
            stride: if halves { 2 } else { 1 },
            padding: reading.padding(),
            depthwise: true,
        };
        let layer = |(conv, norm), shape| {
            ConvNorm::new((&(path / conv), &(path / norm)), shape, eps, activation)
        };
        let se = path / "se";
        let shortcut = if inputs != outputs {
            let path = path / "shortcut" / "expand";
            Some(Conv::new(&path, Shape::pointwise(inputs, outputs), biased)?)
        } else {
            None
        };
        Ok(Self {
            norm: Some(BatchNorm::new(&(path / "pre_norm"), inputs, eps)?),
            expand: layer(("conv1_1x1", "norm1"), Shape::pointwise(inputs, inner))?,
            filter: layer(("conv2_kxk", "norm2"), filter)?,
            squeeze_excite: SqueezeExcite::new(
                (&(&se / "fc1"), &(&se / "fc2")),
                inner,
                reading.squeezed(inputs, outputs),
                Activation::Silu,
            )?,
            project: Conv::new(&(path / "conv3_1x1"), Shape::pointwise(inner, outputs), biased)?,
            halves,
            shortcut,
        })
    }

    /// # Shapes
    /// `[n, inputs, h, w]` to `[n, outputs, h, w]`, or with half of `h` and `w`, which must then be
    /// even.
    pub fn forward(&self, input: &Tensor) -> Result<Tensor> {
        let x = match &self.norm {
            Some(norm) => self.expand.forward(&norm.forward(input)?)?,
            None => self.expand.forward(input)?,
        };
        let x = self.squeeze_excite.forward(&self.filter.forward(&x)?)?;
        let x = self.project.forward(&x)?;
        let mut shortcut = input.shallow_clone();
        if self.halves {
            shortcut = shortcut.f_avg_pool2d([2, 2], [2, 2], [0, 0], false, true, None)?;
        }
        if let Some(expand) = &self.shortcut {
            shortcut = expand.forward(&shortcut)?;
        }
        Ok(x.f_add(&shortcut)?)
    }
}

impl Layer for InvertedBottleneck {
    fn in_form(&self, form: Form) -> Result<Self> {
        let (norm, expand) = match (&self.norm, form) {
            (Some(norm), Form::Folded) => (None, self.expand.folded_behind(norm)?),
            (norm, _) => (norm.in_form(form)?, self.expand.in_form(form)?),
        };
        Ok(Self {
            norm,
            expand,
            filter: self.filter.in_form(form)?,
            squeeze_excite: self.squeeze_excite.in_form(form)?,
            project: self.project.in_form(form)?,
            halves: self.halves,
            shortcut: self.shortcut.in_form(form)?,
        })
    }
}
