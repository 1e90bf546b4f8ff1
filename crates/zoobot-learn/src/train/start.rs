//! What a training starts from.

use zoobot_representation::encoder::{Architecture, Encoder};

/// The initial weights of a network.
///
/// ```
/// use zoobot_core::{encoder::Architecture, train::Start};
/// let start = Start::from(Architecture::named("convnext_pico")?);
/// assert!(start.rate() > 0.0);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub enum Start {
    /// Random weights.
    Random(Architecture),
    /// The weights of an encoder.
    Encoder(Box<Encoder>),
}

impl Start {
    /// The default peak learning rate: 1e-3 for random weights, 3e-4 for an encoder, whose frozen
    /// normalisation does not keep activations in bounds. At 1e-3 the encoder forgets what it knows: from 480
    /// galaxies it learns nothing about "smooth", while at 3e-4 the fractions correlate with 0.75.
    pub fn rate(&self) -> f64 {
        match self {
            Self::Random(_) => 1e-3,
            Self::Encoder(_) => 3e-4,
        }
    }
}

impl From<Architecture> for Start {
    fn from(architecture: Architecture) -> Self {
        Self::Random(architecture)
    }
}

impl From<&Encoder> for Start {
    fn from(encoder: &Encoder) -> Self {
        Self::Encoder(Box::new(encoder.clone()))
    }
}
