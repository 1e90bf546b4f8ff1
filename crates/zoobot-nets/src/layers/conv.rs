//! Convolutions.

use super::form::{Form, Layer};
use super::response;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;
use tch::nn::{Init, Path};
use tch::{Device, Kind, Tensor};
use zoobot_base::Result;

/// How a picture is padded with zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Padding {
    /// Equally on both sides by `(kernel - 1) / 2`, as in PyTorch.
    Symmetric,
    /// As little as gives `ceil(size / stride)` outputs, with an odd zero at the right and at the
    /// bottom, like TensorFlow's "SAME".
    Same,
    /// No padding: pixels that do not fill a window are ignored.
    None,
}

impl Padding {
    /// The number of zeros before and after `size` pixels.
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
///
/// ```
/// use zoobot_nets::layers::Shape;
/// let shape = Shape::pointwise(64, 128);
/// assert_eq!((shape.kernel, shape.stride), (1, 1));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// The number of input channels.
    pub inputs: i64,
    /// The number of output channels.
    pub outputs: i64,
    /// The width and height of a filter, in pixels.
    pub kernel: i64,
    /// The stride of the filter, in pixels.
    pub stride: i64,
    /// How the picture is padded.
    pub padding: Padding,
    /// Whether each channel has its own filter, instead of filters over all channels.
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
pub struct Conv {
    pub(super) weight: Tensor,
    pub(super) bias: Option<Tensor>,
    pub(super) shape: Shape,
}

impl Conv {
    /// Creates a convolution with normal initial weights of variance `2 / fan_out`, as in timm.
    pub fn new(path: &Path, shape: Shape, bias: bool) -> Result<Self> {
        let dims = shape.weight();
        let fan_out = dims[2] * dims[3] * if shape.depthwise { 1 } else { shape.outputs };
        let normal = Init::Randn { mean: 0.0, stdev: (2.0 / fan_out as f64).sqrt() };
        let weight = path.f_var("weight", &dims, normal)?;
        let bias = if bias { Some(path.f_zeros("bias", &[shape.outputs])?) } else { None };
        Ok(Self { weight, bias, shape })
    }

    /// The kind of numbers with which it computes, whatever the input.
    pub fn kind(&self) -> Kind {
        self.weight.kind()
    }

    /// # Shapes
    /// `[n, inputs, h, w]` to `[n, outputs, h', w']`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let x = &x.f_to_kind(self.kind())?;
        let Shape { kernel, stride, padding, depthwise, inputs, .. } = self.shape;
        let (_, _, h, w) = x.size4()?;
        let (top, bottom) = padding.amounts(h, kernel, stride);
        let (left, right) = padding.amounts(w, kernel, stride);
        let groups = if depthwise { inputs } else { 1 };
        let convolve = |x: &Tensor, zeros: [i64; 2]| {
            convolve(x, &self.weight, self.bias.as_ref(), stride, zeros, groups)
        };
        let y = if (top, left) == (bottom, right) {
            convolve(x, [top, left])?
        } else {
            convolve(&x.f_constant_pad_nd([left, right, top, bottom])?, [0, 0])?
        };
        response::filters(&self.weight, self.bias.as_ref(), &y, true)?;
        Ok(y)
    }
}

impl Layer for Conv {
    fn in_form(&self, form: Form) -> Result<Self> {
        let weight = self.weight.in_form(form)?;
        let weight = if form == Form::Folded { channels_last(&weight)? } else { weight };
        Ok(Self { weight, bias: self.bias.in_form(form)?, shape: self.shape })
    }
}

/// Whether the user lets libtorch multiply matrices in TF32 on a GPU (32-bit numbers, of which the
/// products use 19 bits). This also applies to convolutions, so without the variable, 32 bits are not
/// reduced.
static TF32: LazyLock<bool> = LazyLock::new(|| {
    std::env::var("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE").is_ok_and(|value| value == "1")
});

/// Computes a convolution. Without gradients, it uses oneDNN on a CPU and cuDNN on a GPU.
///
/// By default, libtorch uses another implementation for small batches on one thread, and MKL's matrix
/// product for linear maps, which does not use all features of processors not made by Intel. On a GPU it
/// would use TF32.
pub(super) fn convolve(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    stride: i64,
    zeros: [i64; 2],
    groups: i64,
) -> Result<Tensor> {
    let (strides, dilation) = ([stride; 2], [1, 1]);
    let known = matches!(x.kind(), Kind::Float | Kind::BFloat16) && x.kind() == weight.kind();
    let plain = known && !x.requires_grad() && !weight.requires_grad();
    Ok(match x.device() {
        Device::Cpu if plain && tch::utils::has_mkldnn() => {
            x.f_mkldnn_convolution(weight, bias, zeros, strides, dilation, groups)?
        }
        Device::Cuda(_) if plain && tch::Cuda::cudnn_is_available() => {
            let (tuned, repeatable) = (false, false);
            let mut y = x.f_cudnn_convolution(
                weight, zeros, strides, dilation, groups, tuned, repeatable, *TF32,
            )?;
            match bias {
                Some(bias) => y.f_add_(&bias.f_view([1, -1, 1, 1])?)?,
                None => y,
            }
        }
        _ => x.f_conv2d(weight, bias, strides, zeros, dilation, groups)?,
    })
}

/// Converts a tensor `[n, c, h, w]` to channels-last memory order, which convolutions read faster.
pub fn channels_last(x: &Tensor) -> Result<Tensor> {
    Ok(x.f_permute([0, 2, 3, 1])?.f_contiguous()?.f_permute([0, 3, 1, 2])?)
}
