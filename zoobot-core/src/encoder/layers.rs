//! The layers that the convolutional encoders share, with timm's parameter names.

use crate::Result;
use serde::{Deserialize, Serialize};
use tch::nn::{Init, Path};
use tch::{Device, Kind, Tensor};

/// The function between two layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `x · sigmoid(x)`, also called swish.
    Silu,
    /// `max(x, 0)`.
    Relu,
    /// `min(max(x, 0), 6)`.
    Relu6,
}

impl Activation {
    /// The activation of `x`, computed in place: `x` must be a fresh result.
    pub(super) fn apply(self, mut x: Tensor) -> Result<Tensor> {
        Ok(match self {
            Self::Silu => x.f_silu_()?,
            Self::Relu => x.f_relu_()?,
            Self::Relu6 => x.f_clamp_(0.0, 6.0)?,
        })
    }
}

/// Where the zeros around a picture go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Padding {
    /// The same on both sides, `(kernel - 1) / 2`, as PyTorch does.
    Symmetric,
    /// As few as give `ceil(size / stride)` outputs, the odd one at the right and at the bottom, as
    /// TensorFlow's "SAME" does.
    Same,
    /// There are none: pixels that do not fill a window are left out.
    None,
}

impl Padding {
    /// Zeros before and after `size` pixels.
    fn amounts(self, size: i64, kernel: i64, stride: i64) -> (i64, i64) {
        match self {
            Self::Symmetric => ((kernel - 1) / 2, (kernel - 1) / 2),
            Self::Same => {
                let outputs = (size + stride - 1) / stride;
                let zeros = ((outputs - 1) * stride + kernel - size).max(0);
                (zeros / 2, zeros - zeros / 2)
            }
            Self::None => (0, 0),
        }
    }
}

/// The shape of a convolution.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub inputs: i64,
    pub outputs: i64,
    pub kernel: i64,
    pub stride: i64,
    pub padding: Padding,
    /// Each channel has its own filter, instead of one filter over all channels.
    pub depthwise: bool,
}

impl Shape {
    /// A 1x1 convolution: a linear map of the channels of each pixel.
    pub fn pointwise(inputs: i64, outputs: i64) -> Self {
        let (kernel, stride, padding) = (1, 1, Padding::Symmetric);
        Self { inputs, outputs, kernel, stride, padding, depthwise: false }
    }

    fn weight(&self) -> [i64; 4] {
        [self.outputs, if self.depthwise { 1 } else { self.inputs }, self.kernel, self.kernel]
    }
}

/// A convolution.
#[derive(Debug)]
pub(super) struct Conv {
    weight: Tensor,
    bias: Option<Tensor>,
    shape: Shape,
}

impl Conv {
    /// Initial weights are normal with variance `2 / fan_out`, as timm's are.
    pub fn new(path: &Path, shape: Shape, bias: bool) -> Result<Self> {
        let dims = shape.weight();
        let fan_out = dims[2] * dims[3] * if shape.depthwise { 1 } else { shape.outputs };
        let normal = Init::Randn { mean: 0.0, stdev: (2.0 / fan_out as f64).sqrt() };
        let weight = path.f_var("weight", &dims, normal)?;
        let bias = if bias { Some(path.f_zeros("bias", &[shape.outputs])?) } else { None };
        Ok(Self { weight, bias, shape })
    }

    /// # Shapes
    /// `[n, inputs, h, w]` to `[n, outputs, h', w']`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let Shape { kernel, stride, padding, depthwise, inputs, .. } = self.shape;
        let (_, _, h, w) = x.size4()?;
        let (top, bottom) = padding.amounts(h, kernel, stride);
        let (left, right) = padding.amounts(w, kernel, stride);
        let groups = if depthwise { inputs } else { 1 };
        let convolve = |x: &Tensor, zeros: [i64; 2]| {
            convolve(x, &self.weight, self.bias.as_ref(), stride, zeros, groups)
        };
        Ok(if (top, left) == (bottom, right) {
            convolve(x, [top, left])?
        } else {
            convolve(&x.f_constant_pad_nd([left, right, top, bottom])?, [0, 0])?
        })
    }

    /// The same convolution on the same memory, without gradients.
    pub fn detached(&self) -> Result<Self> {
        let bias = self.bias.as_ref().map(Tensor::f_detach).transpose()?;
        Ok(Self { weight: self.weight.f_detach()?, bias, shape: self.shape })
    }

    /// The same convolution with numbers of another kind, without gradients.
    pub fn of_kind(&self, kind: Kind) -> Result<Self> {
        let of_kind = |t: &Tensor| t.f_detach()?.f_to_kind(kind);
        let bias = self.bias.as_ref().map(of_kind).transpose()?;
        Ok(Self { weight: of_kind(&self.weight)?, bias, shape: self.shape })
    }

    /// The same convolution without gradients, its weights channels last.
    pub fn folded(&self) -> Result<Self> {
        let detached = self.detached()?;
        Ok(Self { weight: channels_last(&detached.weight)?, ..detached })
    }
}

/// Batch normalisation with its running statistics.
#[derive(Debug)]
pub(super) struct BatchNorm {
    weight: Tensor,
    bias: Tensor,
    mean: Tensor,
    variance: Tensor,
    eps: f64,
}

impl BatchNorm {
    pub fn new(path: &Path, channels: i64, eps: f64) -> Result<Self> {
        // Only PyTorch's own training loop counts batches; kept so that state dicts agree.
        let count = Tensor::f_zeros([], (Kind::Int64, path.device()))?;
        let _ = path.add("num_batches_tracked", count, false);
        Ok(Self {
            weight: path.f_ones("weight", &[channels])?,
            bias: path.f_zeros("bias", &[channels])?,
            mean: path.f_zeros_no_train("running_mean", &[channels])?,
            variance: path.f_ones_no_train("running_var", &[channels])?,
            eps,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (weight, bias) = (Some(&self.weight), Some(&self.bias));
        let (mean, variance) = (Some(&self.mean), Some(&self.variance));
        Ok(x.f_batch_norm(weight, bias, mean, variance, false, 0.0, self.eps, true)?)
    }

    fn detached(&self) -> Result<Self> {
        Ok(Self {
            weight: self.weight.f_detach()?,
            bias: self.bias.f_detach()?,
            mean: self.mean.f_detach()?,
            variance: self.variance.f_detach()?,
            eps: self.eps,
        })
    }
}

/// A convolution, its normalisation and an activation.
#[derive(Debug)]
pub(super) struct ConvNorm {
    conv: Conv,
    norm: Option<BatchNorm>,
    activation: Option<Activation>,
}

impl ConvNorm {
    /// timm keeps the two under names of their own, side by side: `conv` and `norm`.
    pub fn new(
        (conv, norm): (&Path, &Path),
        shape: Shape,
        eps: f64,
        activation: Option<Activation>,
    ) -> Result<Self> {
        Ok(Self {
            conv: Conv::new(conv, shape, false)?,
            norm: Some(BatchNorm::new(norm, shape.outputs, eps)?),
            activation,
        })
    }

    /// # Shapes
    /// `[n, inputs, h, w]` to `[n, outputs, h', w']`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let mut y = self.conv.forward(x)?;
        if let Some(norm) = &self.norm {
            y = norm.forward(&y)?;
        }
        match self.activation {
            Some(activation) => activation.apply(y),
            None => Ok(y),
        }
    }

    /// The same map on the same memory, without gradients.
    pub fn detached(&self) -> Result<Self> {
        Ok(Self {
            conv: self.conv.detached()?,
            norm: self.norm.as_ref().map(BatchNorm::detached).transpose()?,
            activation: self.activation,
        })
    }

    /// The same map with numbers of another kind, without gradients. To be folded before.
    pub fn of_kind(&self, kind: Kind) -> Result<Self> {
        let norm = self.norm.as_ref().map(BatchNorm::detached).transpose()?;
        Ok(Self { conv: self.conv.of_kind(kind)?, norm, activation: self.activation })
    }

    /// The same map with the normalisation multiplied into the convolution (in double precision):
    /// `(w·x - mean) · g + b = (w·g)·x + (b - mean·g)` with `g = weight / sqrt(variance + eps)`.
    pub fn folded(&self) -> Result<Self> {
        let shape = self.conv.shape;
        let conv = self.conv.detached()?;
        let (mut weight, mut bias) = (conv.weight, conv.bias);
        if let Some(norm) = &self.norm {
            let double = |t: &Tensor| t.f_detach()?.f_to_kind(Kind::Double);
            let gain = double(&norm.weight)?
                .f_div(&double(&norm.variance)?.f_add_scalar(norm.eps)?.f_sqrt()?)?;
            let shift = double(&norm.bias)?.f_sub(&double(&norm.mean)?.f_mul(&gain)?)?;
            let kind = weight.kind();
            weight = double(&weight)?.f_mul(&gain.f_view([-1, 1, 1, 1])?)?.f_to_kind(kind)?;
            bias = Some(shift.f_to_kind(kind)?);
        }
        let conv = Conv { weight: channels_last(&weight)?, bias, shape };
        Ok(Self { conv, norm: None, activation: self.activation })
    }
}

/// Squeeze and excitation (<https://arxiv.org/abs/1709.01507>): the channels weigh each other by
/// their means.
#[derive(Debug)]
pub(super) struct SqueezeExcite {
    reduce: Conv,
    expand: Conv,
    activation: Activation,
}

impl SqueezeExcite {
    pub fn new(path: &Path, channels: i64, reduced: i64, activation: Activation) -> Result<Self> {
        Ok(Self {
            reduce: Conv::new(&(path / "conv_reduce"), Shape::pointwise(channels, reduced), true)?,
            expand: Conv::new(&(path / "conv_expand"), Shape::pointwise(reduced, channels), true)?,
            activation,
        })
    }

    /// In 32 bits whatever the pictures are in: it costs nothing, and an error here would touch a
    /// whole channel.
    ///
    /// # Shapes
    /// `[n, channels, h, w]` to the same.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let mean = mean_of_pixels(x, true)?;
        let squeezed = self.activation.apply(self.reduce.forward(&mean)?)?;
        let share = self.expand.forward(&squeezed)?.f_sigmoid_()?;
        Ok(x.f_mul(&share.f_to_kind(x.kind())?)?)
    }

    /// The same map on the same memory, without gradients.
    pub fn detached(&self) -> Result<Self> {
        Ok(Self {
            reduce: self.reduce.detached()?,
            expand: self.expand.detached()?,
            activation: self.activation,
        })
    }
}

/// The mean of `[n, c, h, w]` over the pixels, in 32 bits: `[n, c]`, or with two more dimensions of
/// 1 where they are to be kept.
pub(super) fn mean_of_pixels(x: &Tensor, keep: bool) -> Result<Tensor> {
    Ok(x.f_mean_dim([2i64, 3].as_slice(), keep, Kind::Float)?)
}

/// A convolution; on a processor, and where no gradient is asked for, by oneDNN.
///
/// Left to itself, libtorch takes another way for small batches on one thread, and MKL's matrix
/// product for linear maps, which does not use all of the processors that Intel did not make:
/// EfficientNet-B0 took 1.3 times, the linear maps of ConvNeXt 1.15 times as long.
pub(super) fn convolve(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    stride: i64,
    zeros: [i64; 2],
    groups: i64,
) -> Result<Tensor> {
    let (strides, dilation) = ([stride; 2], [1, 1]);
    let here = x.device() == Device::Cpu && tch::utils::has_mkldnn();
    let known = matches!(x.kind(), Kind::Float | Kind::BFloat16) && x.kind() == weight.kind();
    Ok(if here && known && !x.requires_grad() && !weight.requires_grad() {
        x.f_mkldnn_convolution(weight, bias, zeros, strides, dilation, groups)?
    } else {
        x.f_conv2d(weight, bias, strides, zeros, dilation, groups)?
    })
}

/// The same tensor `[n, c, h, w]` with the channels of a pixel next to each other in memory, which
/// convolutions on the CPU read faster.
pub(super) fn channels_last(x: &Tensor) -> Result<Tensor> {
    Ok(x.f_permute([0, 2, 3, 1])?.f_contiguous()?.f_permute([0, 3, 1, 2])?)
}
