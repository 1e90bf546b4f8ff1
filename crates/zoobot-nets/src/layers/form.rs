//! The forms that a network can be had in, and the walk that brings every layer of it into one.

use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};
use zoobot_base::{Error, Result};

/// What batch normalisations go by while a network is trained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistics {
    /// The mean and variance of each batch; the running mean and variance move towards them. The default.
    #[default]
    Batch,
    /// The running mean and variance, which do not change: for few galaxies, small batches, and steps
    /// in half the time.
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

/// What a network is wanted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// On the same memory, without gradients: what another thread takes.
    Detached,
    /// On the same variables, for gradients to flow into.
    Training(Statistics),
    /// A copy that computes the same faster and cannot be trained: what is linear is multiplied
    /// together, in double precision, and weights of convolutions lie channels last.
    Folded,
    /// Without gradients and with numbers of another kind between the layers. What is sensitive
    /// stays in 32 bits: normalisations, and what is computed once for a picture. To be folded
    /// before.
    Of(Kind),
    /// For one step of a network in training: on the same variables, for gradients to flow into, with
    /// numbers of another kind between the layers as in [`Form::Of`].
    Mixed(Kind),
}

impl Form {
    /// The form of what stays in 32 bits.
    pub fn in_full(self) -> Self {
        match self {
            Self::Of(_) => Self::Detached,
            Self::Mixed(_) => Self::Mixed(Kind::Float),
            other => other,
        }
    }
}

/// A part of a network, whose parts are layers too.
pub trait Layer: Sized {
    /// The same map in another form.
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
