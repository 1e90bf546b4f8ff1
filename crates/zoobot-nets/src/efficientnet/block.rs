//! The repeated blocks of an EfficientNet.

use super::{BlockKind, Config, Stage};
use crate::layers::{ConvNorm, Form, Layer, Shape, SqueezeExcite};
use tch::Tensor;
use tch::nn::Path;
use zoobot_base::Result;

/// Filters, weights the channels, projects them, and adds the input if the shapes allow it.
#[derive(Debug)]
pub(super) struct Block {
    filters: Vec<ConvNorm>,
    squeeze_excite: Option<SqueezeExcite>,
    project: Option<ConvNorm>,
    residual: bool,
}

impl Block {
    /// A block of the stage's kind and stride, for `inputs` channels.
    pub fn new(path: &Path, config: &Config, stage: &Stage, inputs: i64) -> Result<Self> {
        let Stage { kind, kernel, stride, expansion, channels, .. } = *stage;
        let inner = inputs * expansion;
        let convolution = |inputs, outputs, depthwise| Shape {
            inputs,
            outputs,
            kernel,
            stride,
            padding: config.padding,
            depthwise,
        };
        // timm's names. A block without expansion numbers its layers differently.
        let mut filters = match (kind, expansion) {
            (BlockKind::Plain, _) => vec![("conv", convolution(inputs, channels, false))],
            (BlockKind::Fused, _) => vec![("conv_exp", convolution(inputs, inner, false))],
            (BlockKind::Inverted, 1) => vec![("conv_dw", convolution(inner, inner, true))],
            (BlockKind::Inverted, _) => vec![
                ("conv_pw", Shape::pointwise(inputs, inner)),
                ("conv_dw", convolution(inner, inner, true)),
            ],
        };
        let filtering = filters.len();
        match (kind, expansion) {
            (BlockKind::Plain, _) => {}
            (BlockKind::Inverted, 1) => {
                filters.push(("conv_pw", Shape::pointwise(inner, channels)))
            }
            _ => filters.push(("conv_pwl", Shape::pointwise(inner, channels))),
        }
        let layer = |(i, (name, shape)): (usize, (&str, Shape))| {
            let names = (&(path / name), &(path / format!("bn{}", i + 1)));
            let activation = (i < filtering).then_some(config.activation);
            ConvNorm::new(names, shape, config.norm_eps, activation)
        };
        let mut filters: Vec<_> =
            filters.into_iter().enumerate().map(layer).collect::<Result<_>>()?;
        let project = if filters.len() > filtering { filters.pop() } else { None };
        let squeeze_excite = if config.squeeze_excite && kind == BlockKind::Inverted {
            let path = path / "se";
            let names = (&(&path / "conv_reduce"), &(&path / "conv_expand"));
            let reduced = (inputs / 4).max(1);
            Some(SqueezeExcite::new(names, inner, reduced, config.activation)?)
        } else {
            None
        };
        let residual = stride == 1 && inputs == channels;
        Ok(Self { filters, squeeze_excite, project, residual })
    }

    /// # Shapes
    /// `[n, inputs, h, w]` to `[n, channels, h / stride, w / stride]`.
    pub fn forward(&self, input: Tensor) -> Result<Tensor> {
        let mut x = input.shallow_clone();
        for filter in &self.filters {
            x = filter.forward(&x)?;
        }
        if let Some(squeeze_excite) = &self.squeeze_excite {
            x = squeeze_excite.forward(&x)?;
        }
        if let Some(project) = &self.project {
            x = project.forward(&x)?;
        }
        if self.residual {
            // Not in place: without a projection, `x` is the result of an activation, whose gradient may
            // need it.
            x = x.f_add(&input)?;
        }
        Ok(x)
    }
}

impl Layer for Block {
    fn in_form(&self, form: Form) -> Result<Self> {
        Ok(Self {
            filters: self.filters.in_form(form)?,
            squeeze_excite: self.squeeze_excite.in_form(form)?,
            project: self.project.in_form(form)?,
            residual: self.residual,
        })
    }
}
