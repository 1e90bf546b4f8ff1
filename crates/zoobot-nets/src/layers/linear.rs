//! Linear maps of the channels of each pixel.

use super::conv::convolve;
use super::double;
use super::form::{Form, Layer};
use super::norm::LayerNorm;
use super::response;
use tch::nn::{Init, Path};
use tch::{Kind, Tensor};
use zoobot_base::Result;

/// The number of pixels from which a linear map in 32 bits is computed as a convolution.
const CONVOLVED: i64 = 512;

/// A linear map of the channels of each pixel.
#[derive(Debug)]
pub struct Linear {
    /// `[outputs, inputs]`, or with two additional dimensions of 1.
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    /// Creates a map with initial weights from `first`. `pointwise` says whether timm stores it as a 1x1
    /// convolution.
    pub fn new(
        path: &Path,
        inputs: i64,
        outputs: i64,
        pointwise: bool,
        first: Init,
    ) -> Result<Self> {
        let dims = [outputs, inputs, 1, 1];
        let dims = if pointwise { &dims[..] } else { &dims[..2] };
        let weight = path.f_var("weight", dims, first)?;
        Ok(Self { weight, bias: path.f_zeros("bias", &[outputs])? })
    }

    /// Initial weights that preserve the variance of inputs and gradients (Glorot and Bengio 2010).
    pub fn glorot(inputs: i64, outputs: i64) -> Init {
        let up = (6.0 / (inputs + outputs) as f64).sqrt();
        Init::Uniform { lo: -up, up }
    }

    /// # Shapes
    /// `[..., inputs]` to `[..., outputs]`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = self.mapped(x)?;
        response::filters(&self.weight, Some(&self.bias), &y, false)?;
        Ok(y)
    }

    fn mapped(&self, x: &Tensor) -> Result<Tensor> {
        let x = &x.f_to_kind(self.weight.kind())?;
        let weight = match self.weight.dim() {
            2 => self.weight.shallow_clone(),
            _ => self.weight.f_flatten(1, -1)?,
        };
        let bias = Some(&self.bias);
        if x.device().is_cuda() {
            // A single matrix product, which also adds the bias.
            let mut shape = x.size();
            if let Some(last) = shape.last_mut() {
                *last = weight.size()[0];
            }
            return Ok(x.f_flatten(0, -2)?.f_linear(&weight, bias)?.f_view(shape.as_slice())?);
        }
        let pixels: i64 = x.size().iter().rev().skip(1).product();
        // For few pixels, reordering the weights costs more than the faster product saves.
        if x.dim() != 4 || x.kind() != Kind::Float || pixels < CONVOLVED {
            return Ok(x.f_linear(&weight, bias)?);
        }
        let weight = weight.f_unsqueeze(-1)?.f_unsqueeze(-1)?;
        let y = convolve(&x.f_permute([0, 3, 1, 2])?, &weight, bias, 1, [0, 0], 1)?;
        Ok(y.f_permute([0, 2, 3, 1])?)
    }

    /// Folds in the scale and shift of a normalisation before the map:
    /// `W (z·g + b) + c = (W·g) z + (W b + c)`.
    pub fn folded_behind(&self, norm: &LayerNorm) -> Result<Self> {
        let Some((gain, shift)) = &norm.affine else { return self.in_form(Form::Folded) };
        let (weight, bias) = (self.double_weight()?, double(&self.bias)?);
        let bias = bias.f_add(&weight.f_matmul(&double(shift)?)?)?;
        self.of(weight.f_mul(&double(gain)?)?, bias)
    }

    /// Folds in a factor on the outputs: `gamma·(V y + d) = (gamma·V) y + gamma·d`.
    pub fn folded_before(&self, gamma: Option<&Tensor>) -> Result<Self> {
        let Some(gamma) = gamma else { return self.in_form(Form::Folded) };
        let gamma = double(gamma)?;
        let bias = double(&self.bias)?.f_mul(&gamma)?;
        self.of(self.double_weight()?.f_mul(&gamma.f_unsqueeze(1)?)?, bias)
    }

    fn double_weight(&self) -> Result<Tensor> {
        Ok(double(&self.weight)?.f_flatten(1, -1)?)
    }

    fn of(&self, weight: Tensor, bias: Tensor) -> Result<Self> {
        let kind = self.weight.kind();
        Ok(Self { weight: weight.f_to_kind(kind)?, bias: bias.f_to_kind(kind)? })
    }
}

impl Layer for Linear {
    fn in_form(&self, form: Form) -> Result<Self> {
        Ok(Self { weight: self.weight.in_form(form)?, bias: self.bias.in_form(form)? })
    }
}
