//! The forms that a network can be had in, and the walk that brings every layer of it into one.

use crate::Result;
use tch::{Kind, Tensor};

/// What a network is wanted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// On the same memory, without gradients: what another thread takes.
    Detached,
    /// A copy that computes the same faster and cannot be trained: what is linear is multiplied
    /// together, in double precision, and weights of convolutions lie channels last.
    Folded,
    /// Without gradients and with numbers of another kind between the layers. What is sensitive
    /// stays in 32 bits: normalisations, and what is computed once for a picture. To be folded
    /// before.
    Of(Kind),
}

impl Form {
    /// The form of what stays in 32 bits.
    pub fn in_full(self) -> Self {
        match self {
            Self::Of(_) => Self::Detached,
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
        let detached = self.f_detach()?;
        match form {
            Form::Of(kind) => Ok(detached.f_to_kind(kind)?),
            Form::Detached | Form::Folded => Ok(detached),
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
