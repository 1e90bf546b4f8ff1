//! The forms of a network, and the conversion of its layers between them.

use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};
use zoobot_base::{Error, Result};

/// The statistics that batch normalisation uses in training.
///
/// ```
/// use zoobot_core::encoder::Statistics;
/// assert_eq!("frozen".parse::<Statistics>()?, Statistics::Frozen);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistics {
    /// The mean and variance of each batch, which also update the running statistics. The default.
    #[default]
    Batch,
    /// The running statistics, unchanged. This suits few galaxies and small batches, and a step takes
    /// half the time.
    Frozen,
}

impl std::str::FromStr for Statistics {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "batch" => Ok(Self::Batch),
            "frozen" => Ok(Self::Frozen),
            other => Err(Error::parameter("statistics", format!("{other:?}"), "batch or frozen")),
        }
    }
}

/// The form to convert a network to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Shares memory with the network, without gradients, for use in another thread.
    Detached,
    /// Shares the network's variables, with gradients.
    Training(Statistics),
    /// A copy that computes the same result faster and cannot be trained. Consecutive linear maps are
    /// multiplied together, in double precision, and weights of convolutions are channels last.
    Folded,
    /// Without gradients, and with numbers of another kind between the layers. Sensitive parts stay in
    /// 32 bits: normalisations, and layers that run once per picture. Fold the network first.
    Of(Kind),
    /// For one training step: shares the network's variables, with gradients, and uses numbers of
    /// another kind between the layers as in [`Form::Of`].
    Mixed(Kind),
}

impl Form {
    /// The form of parts that stay in 32 bits.
    pub fn in_full(self) -> Self {
        match self {
            Self::Of(_) => Self::Detached,
            Self::Mixed(_) => Self::Mixed(Kind::Float),
            other => other,
        }
    }
}

/// A part of a network, which may consist of other layers.
pub trait Layer: Sized {
    /// Converts the layer to another form.
    fn in_form(&self, form: Form) -> Result<Self>;
}

impl Layer for Tensor {
    fn in_form(&self, form: Form) -> Result<Self> {
        match form {
            Form::Training(_) => Ok(self.shallow_clone()),
            Form::Of(kind) => Ok(self.f_detach()?.f_to_kind(kind)?),
            Form::Mixed(kind) => Ok(self.f_to_kind(kind)?),
            Form::Detached | Form::Folded => Ok(self.f_detach()?),
        }
    }
}

impl<L: Layer> Layer for Option<L> {
    fn in_form(&self, form: Form) -> Result<Self> {
        self.as_ref().map(|layer| layer.in_form(form)).transpose()
    }
}

impl<L: Layer> Layer for Vec<L> {
    fn in_form(&self, form: Form) -> Result<Self> {
        self.iter().map(|layer| layer.in_form(form)).collect()
    }
}

impl<A: Layer, B: Layer> Layer for (A, B) {
    fn in_form(&self, form: Form) -> Result<Self> {
        Ok((self.0.in_form(form)?, self.1.in_form(form)?))
    }
}
