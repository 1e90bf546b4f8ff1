//! A convolution followed by batch normalisation and an activation.

use super::activation::Activation;
use super::conv::{Conv, Shape, channels_last};
use super::double;
use super::form::{Form, Layer, Statistics};
use super::norm::BatchNorm;
use tch::Tensor;
use tch::nn::Path;
use zoobot_base::Result;

/// A convolution followed by normalisation and an activation, both of which are optional after folding.
#[derive(Debug)]
pub struct ConvNorm {
    conv: Conv,
    norm: Option<BatchNorm>,
    activation: Option<Activation>,
    /// Whether the normalisation is multiplied into the weights at each call. Outputs and gradients are
    /// unchanged, but it saves a pass over the pictures.
    merged: bool,
}

impl ConvNorm {
    /// Creates the layers under timm's names, which are side by side: `conv` and `norm`.
    pub fn new(
        names: (&Path, &Path),
        shape: Shape,
        eps: f64,
        activation: Option<Activation>,
    ) -> Result<Self> {
        Self::biased(names, shape, false, eps, activation)
    }

    /// Like [`new`](Self::new), with an optional bias in the convolution, which the normalisation makes
    /// redundant.
    pub fn biased(
        (conv, norm): (&Path, &Path),
        shape: Shape,
        bias: bool,
        eps: f64,
        activation: Option<Activation>,
    ) -> Result<Self> {
        Ok(Self {
            conv: Conv::new(conv, shape, bias)?,
            norm: Some(BatchNorm::new(norm, shape.outputs, eps)?),
            activation,
            merged: false,
        })
    }

    /// # Shapes
    /// `[n, inputs, h, w]` to `[n, outputs, h', w']`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = match &self.norm {
            Some(norm) if self.merged => self.merged(norm)?.forward(x)?,
            Some(norm) => norm.forward(&self.conv.forward(x)?)?,
            None => self.conv.forward(x)?,
        };
        match self.activation {
            Some(activation) => activation.apply(y),
            None => Ok(y),
        }
    }

    /// Folds this layer together with a normalisation before it, whose output is used nowhere else. It
    /// must be a pointwise convolution, because padding would not be normalised.
    ///
    /// `W (x·g + s) + b = (W·g) x + (W s + b)`.
    pub fn folded_behind(&self, before: &BatchNorm) -> Result<Self> {
        let (mut weight, mut bias) = self.product()?;
        let (gain, shift) = before.affine()?;
        let shift = weight.f_flatten(1, -1)?.f_matmul(&shift)?;
        bias = Some(match bias {
            Some(bias) => bias.f_add(&shift)?,
            None => shift,
        });
        weight = weight.f_mul(&gain.f_view([1, -1, 1, 1])?)?;
        self.of(weight, bias)
    }

    /// The weights and bias with the normalisation multiplied in, in double precision:
    /// `(w·x + c)·g + s = (w·g)·x + (c·g + s)`.
    fn product(&self) -> Result<(Tensor, Option<Tensor>)> {
        let weight = double(&self.conv.weight)?;
        let bias = self.conv.bias.as_ref().map(double).transpose()?;
        let Some(norm) = &self.norm else { return Ok((weight, bias)) };
        let (gain, shift) = norm.affine()?;
        let bias = match bias {
            Some(bias) => bias.f_mul(&gain)?.f_add(&shift)?,
            None => shift,
        };
        Ok((weight.f_mul(&gain.f_view([-1, 1, 1, 1])?)?, Some(bias)))
    }

    /// The convolution with a normalisation by fixed statistics multiplied in, differentiable.
    fn merged(&self, norm: &BatchNorm) -> Result<Conv> {
        let (gain, shift) = norm.learnt_affine()?;
        let bias = match &self.conv.bias {
            Some(bias) => bias.f_mul(&gain)?.f_add(&shift)?,
            None => shift,
        };
        let weight = self.conv.weight.f_mul(&gain.f_view([-1, 1, 1, 1])?)?;
        Ok(Conv { weight, bias: Some(bias), shape: self.conv.shape })
    }

    /// A folded layer with these weights.
    fn of(&self, weight: Tensor, bias: Option<Tensor>) -> Result<Self> {
        let kind = self.conv.weight.kind();
        let weight = channels_last(&weight.f_to_kind(kind)?)?;
        let bias = bias.map(|bias| bias.f_to_kind(kind)).transpose()?;
        let conv = Conv { weight, bias, shape: self.conv.shape };
        Ok(Self { conv, norm: None, activation: self.activation, merged: false })
    }
}

impl Layer for ConvNorm {
    fn in_form(&self, form: Form) -> Result<Self> {
        if form == Form::Folded {
            let (weight, bias) = self.product()?;
            return self.of(weight, bias);
        }
        if let (true, Form::Mixed(_), Some(norm)) = (self.merged, form, &self.norm) {
            // Multiplied in 32 bits, then rounded once.
            let conv = self.merged(norm)?.in_form(form)?;
            return Ok(Self { conv, norm: None, activation: self.activation, merged: false });
        }
        let (conv, norm) = (self.conv.in_form(form)?, self.norm.in_form(form)?);
        let merged = form == Form::Training(Statistics::Frozen);
        Ok(Self { conv, norm, activation: self.activation, merged })
    }
}
