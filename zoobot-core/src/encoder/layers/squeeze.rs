//! Squeeze and excitation.

use super::activation::Activation;
use super::conv::{Conv, Shape};
use super::form::{Form, Layer};
use crate::Result;
use tch::Tensor;
use tch::nn::Path;

/// Squeeze and excitation (<https://arxiv.org/abs/1709.01507>): the channels weigh each other by
/// their means.
#[derive(Debug)]
pub struct SqueezeExcite {
    reduce: Conv,
    expand: Conv,
    activation: Activation,
}

impl SqueezeExcite {
    /// `reduce` and `expand` name the two layers in timm.
    pub fn new(
        (reduce, expand): (&Path, &Path),
        channels: i64,
        reduced: i64,
        activation: Activation,
    ) -> Result<Self> {
        Ok(Self {
            reduce: Conv::new(reduce, Shape::pointwise(channels, reduced), true)?,
            expand: Conv::new(expand, Shape::pointwise(reduced, channels), true)?,
            activation,
        })
    }

    /// # Shapes
    /// `[n, channels, h, w]` to the same.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let mean = x.f_mean_dim([2i64, 3].as_slice(), true, None)?;
        let squeezed = self.activation.apply(self.reduce.forward(&mean)?)?;
        Ok(x.f_mul(&self.expand.forward(&squeezed)?.f_sigmoid_()?)?)
    }
}

impl Layer for SqueezeExcite {
    fn in_form(&self, form: Form) -> Result<Self> {
        Ok(Self {
            reduce: self.reduce.in_form(form)?,
            expand: self.expand.in_form(form)?,
            activation: self.activation,
        })
    }
}
