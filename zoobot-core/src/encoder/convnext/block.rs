//! The block that a ConvNeXt repeats, and its layers.

use super::Config;
use crate::Result;
use crate::encoder::layers::{Conv, Padding, Shape, convolve};
use tch::nn::{Init, Path};
use tch::{Kind, Tensor};

/// Side of the depthwise filters, in pixels.
const KERNEL: i64 = 7;
/// Channels inside a block for each channel that enters it.
const EXPANSION: i64 = 4;
/// From so many pixels on, a linear map in 32 bits is computed as a convolution.
const CONVOLVED: i64 = 512;
/// timm's first values of the weights are normal with this deviation.
const WEIGHT: f64 = 0.02;
/// timm's first value of a block's share of the sum.
const GAMMA: f64 = 1e-6;

/// Filters each channel, normalises each pixel, mixes the channels through a wider layer, scales
/// the result and adds it to what came in.
#[derive(Debug)]
pub(super) struct Block {
    filter: Conv,
    norm: LayerNorm,
    expand: Linear,
    project: Linear,
    /// `None` once it is folded into `project`.
    gamma: Option<Tensor>,
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
        let inner = EXPANSION * channels;
        let mlp = path / "mlp";
        Ok(Self {
            filter: Conv::new(&(path / "conv_dw"), filter, true)?,
            norm: LayerNorm::new(&(path / "norm"), channels, config.norm_eps)?,
            expand: Linear::new(&(&mlp / "fc1"), channels, inner, config.pointwise)?,
            project: Linear::new(&(&mlp / "fc2"), inner, channels, config.pointwise)?,
            gamma: Some(path.f_var("gamma", &[channels], Init::Const(GAMMA))?),
        })
    }

    /// # Shapes
    /// `[n, channels, h, w]` to the same, best channels last in memory.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = pixels_last(&self.filter.forward(x)?)?;
        let y = self.expand.forward(&self.norm.forward(&y)?)?.f_gelu_("none")?;
        let mut y = self.project.forward(&y)?;
        if let Some(gamma) = &self.gamma {
            y = y.f_mul(gamma)?;
        }
        Ok(y.f_permute([0, 3, 1, 2])?.f_add_(x)?)
    }

    /// The same block with numbers of another kind, without gradients; the normalisation adapts to
    /// what it is given. To be folded before.
    pub fn of_kind(&self, kind: Kind) -> Result<Self> {
        let detached = self.detached()?;
        Ok(Self {
            filter: self.filter.of_kind(kind)?,
            expand: detached.expand.of_kind(kind)?,
            project: detached.project.of_kind(kind)?,
            ..detached
        })
    }

    /// The same block on the same memory, without gradients.
    pub fn detached(&self) -> Result<Self> {
        Ok(Self {
            filter: self.filter.detached()?,
            norm: self.norm.detached()?,
            expand: self.expand.detached()?,
            project: self.project.detached()?,
            gamma: self.gamma.as_ref().map(Tensor::f_detach).transpose()?,
        })
    }

    /// The same map with what is linear multiplied together, in double precision. For `z` the
    /// normalised pixel, `W (z·g + b) + c = (W·g) z + (W b + c)`, and
    /// `gamma·(V y + d) = (gamma·V) y + gamma·d`.
    pub fn folded(&self) -> Result<Self> {
        let (mut expand, mut project) = (self.expand.double()?, self.project.double()?);
        if let Some((gain, shift)) = &self.norm.affine {
            let shift = expand.weight.f_matmul(&double(shift)?)?;
            expand.bias = expand.bias.f_add(&shift)?;
            expand.weight = expand.weight.f_mul(&double(gain)?)?;
        }
        if let Some(gamma) = &self.gamma {
            let gamma = double(gamma)?;
            project.bias = project.bias.f_mul(&gamma)?;
            project.weight = project.weight.f_mul(&gamma.f_unsqueeze(1)?)?;
        }
        let kind = self.expand.weight.kind();
        Ok(Self {
            filter: self.filter.folded()?,
            norm: LayerNorm { affine: None, ..self.norm.detached()? },
            expand: expand.of_kind(kind)?,
            project: project.of_kind(kind)?,
            gamma: None,
        })
    }
}

/// Layer normalisation over the channels of a pixel.
#[derive(Debug)]
pub(super) struct LayerNorm {
    channels: i64,
    /// Scale and shift; `None` once they are folded into what follows.
    affine: Option<(Tensor, Tensor)>,
    eps: f64,
}

impl LayerNorm {
    pub fn new(path: &Path, channels: i64, eps: f64) -> Result<Self> {
        let affine = (path.f_ones("weight", &[channels])?, path.f_zeros("bias", &[channels])?);
        Ok(Self { channels, affine: Some(affine), eps })
    }

    /// # Shapes
    /// `[..., channels]` to the same.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let affine = match &self.affine {
            Some((weight, bias)) => Some((weight.f_to_kind(x.kind())?, bias.f_to_kind(x.kind())?)),
            None => None,
        };
        let (weight, bias) = affine.unzip();
        Ok(x.f_layer_norm([self.channels], weight, bias, self.eps, true)?)
    }

    /// # Shapes
    /// `[n, channels, h, w]` to the same, channels last in memory.
    pub fn forward_picture(&self, x: &Tensor) -> Result<Tensor> {
        Ok(self.forward(&pixels_last(x)?)?.f_permute([0, 3, 1, 2])?)
    }

    pub fn detached(&self) -> Result<Self> {
        let affine = match &self.affine {
            Some((weight, bias)) => Some((weight.f_detach()?, bias.f_detach()?)),
            None => None,
        };
        Ok(Self { affine, ..*self })
    }
}

/// A linear map of the channels of a pixel.
#[derive(Debug)]
struct Linear {
    /// `[outputs, inputs]`, or with two more dimensions of 1.
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    fn new(path: &Path, inputs: i64, outputs: i64, pointwise: bool) -> Result<Self> {
        let dims = [outputs, inputs, 1, 1];
        let dims = if pointwise { &dims[..] } else { &dims[..2] };
        let normal = Init::Randn { mean: 0.0, stdev: WEIGHT };
        let weight = path.f_var("weight", dims, normal)?;
        Ok(Self { weight, bias: path.f_zeros("bias", &[outputs])? })
    }

    /// # Shapes
    /// `[..., inputs]` to `[..., outputs]`.
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (weight, bias) = (self.weight.f_flatten(1, -1)?, Some(&self.bias));
        let [_, height, width, _] = x.size()[..] else { return Ok(x.f_linear(&weight, bias)?) };
        // For few pixels, bringing the weights into order costs more than the better product saves.
        if x.kind() != Kind::Float || x.size()[0] * height * width < CONVOLVED {
            return Ok(x.f_linear(&weight, bias)?);
        }
        let weight = weight.f_unsqueeze(-1)?.f_unsqueeze(-1)?;
        let y = convolve(&x.f_permute([0, 3, 1, 2])?, &weight, bias, 1, [0, 0], 1)?;
        Ok(y.f_permute([0, 2, 3, 1])?)
    }

    fn detached(&self) -> Result<Self> {
        Ok(Self { weight: self.weight.f_detach()?, bias: self.bias.f_detach()? })
    }

    fn double(&self) -> Result<Self> {
        Ok(Self { weight: double(&self.weight)?.f_flatten(1, -1)?, bias: double(&self.bias)? })
    }

    fn of_kind(&self, kind: Kind) -> Result<Self> {
        Ok(Self { weight: self.weight.f_to_kind(kind)?, bias: self.bias.f_to_kind(kind)? })
    }
}

fn double(t: &Tensor) -> Result<Tensor> {
    Ok(t.f_detach()?.f_to_kind(Kind::Double)?)
}

/// `[n, channels, h, w]` as `[n, h, w, channels]`; nothing moves where it lies so already.
fn pixels_last(x: &Tensor) -> Result<Tensor> {
    Ok(x.f_permute([0, 2, 3, 1])?.f_contiguous()?)
}
