//! Convolutions.

use super::form::{Form, Layer};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;
use tch::nn::{Init, Path};
use tch::{Device, Kind, Tensor};
use zoobot_base::Result;

/// Where the zeros around a picture go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Padding {
    /// Equal on both sides, `(kernel - 1) / 2`, as in PyTorch.
    Symmetric,
    /// The fewest that give `ceil(size / stride)` outputs, with an odd one at the right and at the
    /// bottom, as TensorFlow's "SAME" does.
    Same,
    /// No zeros: pixels that do not fill a window are left out.
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
///
/// ```
/// use zoobot_nets::layers::Shape;
/// let shape = Shape::pointwise(64, 128);
/// assert_eq!((shape.kernel, shape.stride), (1, 1));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Input channels.
    pub inputs: i64,
    /// Output channels.
    pub outputs: i64,
    /// Width and height of a filter.
    pub kernel: i64,
    /// Step of the filter, in pixels.
    pub stride: i64,
    /// The zeros around the picture.
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
pub struct Conv {
    pub(super) weight: Tensor,
    pub(super) bias: Option<Tensor>,
    pub(super) shape: Shape,
}

impl Conv {
    /// Initial weights are normal with variance `2 / fan_out`, as in timm.
    pub fn new(path: &Path, shape: Shape, bias: bool) -> Result<Self> {
        let dims = shape.weight();
        let fan_out = dims[2] * dims[3] * if shape.depthwise { 1 } else { shape.outputs };
        let normal = Init::Randn { mean: 0.0, stdev: (2.0 / fan_out as f64).sqrt() };
        let weight = path.f_var("weight", &dims, normal)?;
        let bias = if bias { Some(path.f_zeros("bias", &[shape.outputs])?) } else { None };
        Ok(Self { weight, bias, shape })
    }

    /// The kind of numbers it computes with, whatever it is given.
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
        Ok(if (top, left) == (bottom, right) {
            convolve(x, [top, left])?
        } else {
            convolve(&x.f_constant_pad_nd([left, right, top, bottom])?, [0, 0])?
        })
    }
}

impl Layer for Conv {
    fn in_form(&self, form: Form) -> Result<Self> {
        let weight = self.weight.in_form(form)?;
        let weight = if form == Form::Folded { channels_last(&weight)? } else { weight };
        Ok(Self { weight, bias: self.bias.in_form(form)?, shape: self.shape })
    }
}

/// The variable by which libtorch is told to multiply matrices in TF32 on a GPU: 32 bits, of which the
/// products see 19. It goes for convolutions too, so that without it 32 bits are 32 bits.
static TF32: LazyLock<bool> = LazyLock::new(|| {
    std::env::var("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE").is_ok_and(|value| value == "1")
});

/// A convolution; where no gradient is asked for, on a processor by oneDNN and on a GPU by cuDNN.
///
/// Left to itself, libtorch takes another way for small batches on one thread, and MKL's matrix
/// product for linear maps, which does not use all of the processors that Intel did not make. On a
/// GPU it would take TF32.
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

/// A tensor `[n, c, h, w]` with the channels of a pixel next to each other in memory, which
/// convolutions read faster.
pub fn channels_last(x: &Tensor) -> Result<Tensor> {
    Ok(x.f_permute([0, 2, 3, 1])?.f_contiguous()?.f_permute([0, 3, 1, 2])?)
}
