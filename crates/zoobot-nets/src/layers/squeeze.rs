//! Squeeze and excitation.

use super::activation::Activation;
use super::conv::{Conv, Shape};
use super::form::{Form, Layer};
use super::mean_of_pixels;
use tch::Tensor;
use tch::nn::Path;
use zoobot_base::Result;

/// Squeeze and excitation (<https://arxiv.org/abs/1709.01507>): weights each channel, depending on the
/// means of all channels.
#[derive(Debug)]
pub struct SqueezeExcite {
    reduce: Conv,
    expand: Conv,
    activation: Activation,
}

impl SqueezeExcite {
    /// Creates the layers; `reduce` and `expand` are their names in timm.
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

    /// Computes in 32 bits in any case: the cost is negligible, and an error here would affect a whole
    /// channel.
    ///
    /// # Shapes
    /// `[n, channels, h, w]` to `[n, channels, h, w]`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let mean = mean_of_pixels(x, true)?;
        let squeezed = self.activation.apply(self.reduce.forward(&mean)?)?;
        let share = self.expand.forward(&squeezed)?.f_sigmoid_()?;
        Ok(x.f_mul(&share.f_to_kind(x.kind())?)?)
    }
}

impl Layer for SqueezeExcite {
    fn in_form(&self, form: Form) -> Result<Self> {
        let form = form.in_full();
        Ok(Self {
            reduce: self.reduce.in_form(form)?,
            expand: self.expand.in_form(form)?,
            activation: self.activation,
        })
    }
}
