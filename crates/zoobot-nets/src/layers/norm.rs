//! Batch normalisation and layer normalisation.

use super::form::{Form, Layer, Statistics};
use super::{double, pixels_last, response};
use tch::nn::Path;
use tch::{Kind, Tensor};
use zoobot_base::Result;

/// Batch normalisation with its running statistics.
#[derive(Debug)]
pub struct BatchNorm {
    weight: Tensor,
    bias: Tensor,
    mean: Tensor,
    variance: Tensor,
    eps: f64,
    /// Whether it uses the statistics of the batch and updates the running ones.
    learns: bool,
}

/// The share by which a batch updates the running statistics (PyTorch's default).
const MOMENTUM: f64 = 0.1;

impl BatchNorm {
    /// A normalisation of `channels` channels; `eps` is added to the variance.
    pub fn new(path: &Path, channels: i64, eps: f64) -> Result<Self> {
        // Only PyTorch's own training loop counts batches; the count is kept so that state dicts agree.
        let count = Tensor::f_zeros([], (Kind::Int64, path.device()))?;
        let _ = path.add("num_batches_tracked", count, false);
        Ok(Self {
            weight: path.f_ones("weight", &[channels])?,
            bias: path.f_zeros("bias", &[channels])?,
            mean: path.f_zeros_no_train("running_mean", &[channels])?,
            variance: path.f_ones_no_train("running_var", &[channels])?,
            eps,
            learns: false,
        })
    }

    /// # Shapes
    /// `[n, channels, h, w]` to `[n, channels, h, w]`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        response::norm(&self.weight, &self.bias, x);
        let (weight, bias) = (Some(&self.weight), Some(&self.bias));
        let (mean, variance) = (Some(&self.mean), Some(&self.variance));
        Ok(x.f_batch_norm(weight, bias, mean, variance, self.learns, MOMENTUM, self.eps, true)?)
    }

    /// The map as `x·gain + shift`, with one gain and one shift per channel in double precision.
    pub(super) fn affine(&self) -> Result<(Tensor, Tensor)> {
        let deviation = double(&self.variance)?.f_add_scalar(self.eps)?.f_sqrt()?;
        let gain = double(&self.weight)?.f_div(&deviation)?;
        let shift = double(&self.bias)?.f_sub(&double(&self.mean)?.f_mul(&gain)?)?;
        Ok((gain, shift))
    }

    /// The gain and shift in their own kind, differentiable with respect to weight and bias.
    pub(super) fn learnt_affine(&self) -> Result<(Tensor, Tensor)> {
        let gain = self.weight.f_div(&self.variance.f_add_scalar(self.eps)?.f_sqrt()?)?;
        let shift = self.bias.f_sub(&self.mean.f_mul(&gain)?)?;
        Ok((gain, shift))
    }
}

impl Layer for BatchNorm {
    fn in_form(&self, form: Form) -> Result<Self> {
        let form = form.in_full();
        Ok(Self {
            weight: self.weight.in_form(form)?,
            bias: self.bias.in_form(form)?,
            mean: self.mean.in_form(form)?,
            variance: self.variance.in_form(form)?,
            eps: self.eps,
            learns: match form {
                Form::Training(statistics) => statistics == Statistics::Batch,
                Form::Mixed(_) => self.learns,
                Form::Detached | Form::Folded | Form::Of(_) => false,
            },
        })
    }
}

/// Layer normalisation over the channels of each pixel.
#[derive(Debug)]
pub struct LayerNorm {
    channels: i64,
    /// Scale and shift; `None` once they are folded into the next layer.
    pub(super) affine: Option<(Tensor, Tensor)>,
    eps: f64,
}

impl LayerNorm {
    /// A normalisation of `channels` channels; `eps` is added to the variance.
    pub fn new(path: &Path, channels: i64, eps: f64) -> Result<Self> {
        let affine = (path.f_ones("weight", &[channels])?, path.f_zeros("bias", &[channels])?);
        Ok(Self { channels, affine: Some(affine), eps })
    }

    /// # Shapes
    /// `[..., channels]` to `[..., channels]`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let affine = match &self.affine {
            Some((weight, bias)) => Some((weight.f_to_kind(x.kind())?, bias.f_to_kind(x.kind())?)),
            None => None,
        };
        let (weight, bias) = affine.unzip();
        Ok(x.f_layer_norm([self.channels], weight, bias, self.eps, true)?)
    }

    /// # Shapes
    /// `[n, channels, h, w]` to `[n, channels, h, w]`, channels last in memory.
    pub fn forward_picture(&self, x: &Tensor) -> Result<Tensor> {
        Ok(self.forward(&pixels_last(x)?)?.f_permute([0, 3, 1, 2])?)
    }

    /// This normalisation without scale and shift.
    pub fn bare(&self) -> Self {
        Self { affine: None, ..*self }
    }
}

impl Layer for LayerNorm {
    fn in_form(&self, form: Form) -> Result<Self> {
        Ok(Self { affine: self.affine.in_form(form.in_full())?, ..*self })
    }
}
