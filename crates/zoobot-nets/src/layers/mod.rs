//! Layers shared by the networks, with timm's parameter names.

mod activation;
mod conv;
mod conv_norm;
mod form;
mod linear;
mod mlp;
mod norm;
mod response;
mod squeeze;

pub use activation::Activation;
pub use conv::{Conv, Padding, Shape, channels_last};
pub use conv_norm::ConvNorm;
pub use form::{Form, Layer, Statistics};
pub use linear::Linear;
pub use mlp::{Mlp, MlpShape};
pub use norm::{BatchNorm, LayerNorm};
pub use response::{Responses, recorded};
pub use squeeze::SqueezeExcite;

use tch::{Kind, Tensor};
use zoobot_base::{Error, Result};

/// Converts `[n, channels, h, w]` to `[n, h, w, channels]`, without a copy if memory is already in this
/// order.
pub fn pixels_last(x: &Tensor) -> Result<Tensor> {
    Ok(x.f_permute([0, 2, 3, 1])?.f_contiguous()?)
}

/// The mean of `[n, channels, h, w]` over the pixels, in at least 32 bits: `[n, channels]`, or with
/// `keep` `[n, channels, 1, 1]`.
pub fn mean_of_pixels(x: &Tensor, keep: bool) -> Result<Tensor> {
    Ok(x.f_mean_dim([2i64, 3].as_slice(), keep, full(x.kind()))?)
}

/// The kind in which to sum numbers: their own, but at least 32 bits.
pub fn full(kind: Kind) -> Kind {
    if matches!(kind, Kind::BFloat16 | Kind::Half) { Kind::Float } else { kind }
}

/// Converts to double precision without gradients, for products of weights that are computed once.
fn double(t: &Tensor) -> Result<Tensor> {
    Ok(t.f_detach()?.f_to_kind(Kind::Double)?)
}

/// Checks that a size is at least 1.
pub fn at_least_one(name: &'static str, value: i64) -> Result<()> {
    if value < 1 { Err(Error::parameter(name, value, "at least 1")) } else { Ok(()) }
}

/// Checks that a value is above 0, such as the epsilon in a normalisation.
pub fn positive(name: &'static str, value: f64) -> Result<()> {
    if value > 0.0 { Ok(()) } else { Err(Error::parameter(name, value, "above 0")) }
}
