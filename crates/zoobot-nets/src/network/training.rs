//! A network in training.

use super::Network;
use crate::layers::{Form, Layer};
use crate::precision::Precision;
use tch::{Device, Kind, Tensor};
use zoobot_base::Result;
use zoobot_base::memory::Keep;

/// A network in training, from [`Network::training`]. While it exists, the process keeps memory
/// allocated between steps.
///
/// ```
/// use zoobot_core::encoder::{Architecture, Statistics};
/// use zoobot_core::tch::{Device, Kind, Tensor, nn};
/// let variables = nn::VarStore::new(Device::Cpu);
/// let network = Architecture::named("resnet18")?.build(&variables.root(), 1)?;
/// let training = network.training(Statistics::Frozen)?;
/// let features = training.features(&Tensor::zeros([1, 3, 32, 32], (Kind::Float, Device::Cpu)))?;
/// assert!(features.requires_grad());
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Training {
    network: Network,
    /// The kind of numbers between the layers.
    kind: Kind,
    _kept: Keep,
}

impl Training {
    pub(super) fn new(network: Network) -> Self {
        Self { network, kind: Kind::Float, _kept: Keep::new() }
    }

    /// Sets the precision on a device (default [`Precision::Fp32`]). With 16 bits, the variables and
    /// their gradients stay in 32 bits, and so do normalisations, the first convolutions and the
    /// features (mixed precision, <https://arxiv.org/abs/1710.03740>). bfloat16 has the range of 32-bit
    /// numbers, so the loss need not be scaled. [`Precision::Auto`] uses 16 bits on hardware that
    /// supports them natively.
    pub fn precision(mut self, precision: Precision, device: Device) -> Self {
        self.kind = precision.in_training(device);
        self
    }

    /// Feature vectors of a batch of prepared pictures.
    ///
    /// # Shapes
    /// `[n, channels, h, w]` to `[n, width]`.
    ///
    /// # Errors
    /// [`Error::Shape`] when `pictures` has another shape.
    pub fn features(&self, pictures: &Tensor) -> Result<Tensor> {
        // In one pass, since the statistics are those of the batch.
        match self.kind {
            Kind::Float => self.network.forward(pictures),
            kind => self.network.in_form(Form::Mixed(kind))?.forward(pictures),
        }
    }
}
