//! The layers that the encoders share, with timm's parameter names.

mod activation;
mod conv;
mod conv_norm;
mod form;
mod linear;
mod mlp;
mod norm;
mod squeeze;

pub use activation::Activation;
pub use conv::{Conv, Padding, Shape, channels_last};
pub use conv_norm::ConvNorm;
pub use form::{Form, Layer, Statistics};
pub use linear::Linear;
pub use mlp::{Mlp, MlpShape};
pub use norm::{BatchNorm, LayerNorm};
pub use squeeze::SqueezeExcite;

use tch::{Kind, Tensor};
use zoobot_base::{Error, Result};

/// `[n, channels, h, w]` as `[n, h, w, channels]`; without a copy where memory is in this order already.
pub fn pixels_last(x: &Tensor) -> Result<Tensor> {
    Ok(x.f_permute([0, 2, 3, 1])?.f_contiguous()?)
}

/// The mean of `[n, channels, h, w]` over the pixels, in 32 bits at least: `[n, channels]`, or with
/// two more dimensions of 1 where they are to be kept.
pub fn mean_of_pixels(x: &Tensor, keep: bool) -> Result<Tensor> {
    Ok(x.f_mean_dim([2i64, 3].as_slice(), keep, full(x.kind()))?)
}

/// The kind in which numbers are summed: their own, or 32 bits where theirs has fewer.
pub fn full(kind: Kind) -> Kind {
    if matches!(kind, Kind::BFloat16 | Kind::Half) { Kind::Float } else { kind }
}

/// Without gradients and in double precision, for products of weights that are made once.
fn double(t: &Tensor) -> Result<Tensor> {
    Ok(t.f_detach()?.f_to_kind(Kind::Double)?)
}

/// Refuses a size below 1.
pub fn at_least_one(name: &'static str, value: i64) -> Result<()> {
    if value < 1 { Err(Error::parameter(name, value, "at least 1")) } else { Ok(()) }
}

/// Refuses a value that is not above 0, such as an epsilon by which equal values would be divided.
pub fn positive(name: &'static str, value: f64) -> Result<()> {
    if value > 0.0 { Ok(()) } else { Err(Error::parameter(name, value, "above 0")) }
}
