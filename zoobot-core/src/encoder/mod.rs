//! Networks that turn a picture into a representation, their weights, and encoding a catalogue.

pub mod convnext;
pub mod efficientnet;
mod encode;
#[cfg(test)]
mod golden;
mod layers;
pub mod lite0;
mod network;
mod parts;
mod pickle;
pub mod resnet;
mod weights;

pub use encode::Failed;
pub use layers::{Activation, Padding};
pub use network::{Architecture, Network};
pub use parts::Report;
pub use weights::Weights;

use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::notebook::{Bundle, Show};
use crate::picture::Recipe;
use crate::space::Space;
use efficientnet::EfficientNet;
use encode::Rows;
use ndarray::Array2;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tch::{Device, Tensor};

/// The encoder that `cargo xtask setup` fetches: EfficientNet-Lite0 trained on ImageNet.
const IMAGENET: &str = "imagenet";

/// A network that gives each picture a representation, together with the [`Recipe`] by which
/// pictures are prepared for it.
///
/// ```no_run
/// use zoobot_core::prelude::*;
/// let galaxies = Catalog::sample()?;
/// let encoder = Encoder::load("imagenet")?;
/// let space = encoder.encode(&galaxies)?;
/// assert_eq!((space.len(), space.width()), (600, 1280));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Encoder {
    name: String,
    /// Threads take a network of their own from it.
    network: Arc<Mutex<EfficientNet>>,
    width: usize,
    recipe: Recipe,
    device: Device,
    fingerprint: String,
    /// What an interrupted [`encode`](Self::encode) had done, for the next call to go on from.
    kept: Arc<Mutex<Option<(String, Rows)>>>,
}

impl Encoder {
    /// Loads an encoder by name, onto the GPU where there is one.
    ///
    /// `"imagenet"` is EfficientNet-Lite0 trained on ImageNet: 1280 features that know nothing of
    /// galaxies, the baseline of Walmsley et al. (2022).
    ///
    /// # Errors
    /// [`Error::Missing`] for another name; [`Error::Weights`] when the weights are not there or
    /// are damaged.
    pub fn load(name: &str) -> Result<Self> {
        if name != IMAGENET {
            return Err(Error::Missing {
                kind: "encoder",
                name: name.to_owned(),
                place: "the encoders".to_owned(),
                hint: crate::catalog::near(name, std::iter::once(IMAGENET)),
            });
        }
        let device = Device::cuda_if_available();
        let (_, network) = lite0::load(device)?;
        Ok(Self {
            name: name.to_owned(),
            width: network.config().features as usize,
            network: Arc::new(Mutex::new(network.folded()?)),
            recipe: Recipe::imagenet_lite(),
            device,
            fingerprint: lite0::fingerprint()?,
            kept: Arc::default(),
        })
    }

    /// The encoder's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How pictures are prepared for it.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// The number of features of each galaxy.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Where it computes.
    pub fn device(&self) -> Device {
        self.device
    }

    /// SHA-256 of its weights: two encoders with the same one and the same recipe are the same.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Encodes every galaxy of a catalogue, in its order.
    ///
    /// Pictures that cannot be read are left out and listed in [`Space::failed`] with the reason.
    /// Stopped by the stop button, the same call on the same catalogue goes on where it stopped.
    ///
    /// # Errors
    /// [`Error::Interrupted`] when it was stopped; [`Error::Picture`] with the first reason when no
    /// picture at all could be read.
    pub fn encode(&self, catalog: &Catalog) -> Result<Space> {
        let key = parts::key(self, catalog)?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rows = match kept.take() {
            Some((of, rows)) if of == key => rows,
            _ => Rows::default(),
        };
        if let Err(error) = encode::encode_all(self, catalog, &mut rows) {
            *kept = Some((key, rows));
            return Err(error);
        }
        if rows.ids.is_empty() {
            return Err(encode::nothing_readable(&rows.failed));
        }
        let failed = Failed::table(&rows.failed)?;
        let shape = (rows.ids.len(), self.width());
        let features = Array2::from_shape_vec(shape, rows.features)
            .map_err(|error| Error::invalid("features", error, format!("{shape:?}")))?;
        Ok(Space::new(rows.ids, features)?.with_catalog(catalog)?.with_failed(failed))
    }

    /// Encodes a catalogue into a Parquet file of `id_str, feat_0, ...`, for catalogues of any
    /// length: memory stays the same, and a run that stops for whatever reason is taken up by the
    /// next.
    ///
    /// # Errors
    /// When the file cannot be written, which is tried before the work starts;
    /// [`Error::Unfinished`] when the work stopped with something done, saying where it is kept.
    pub fn encode_to(&self, catalog: &Catalog, out: impl AsRef<Path>) -> Result<Report> {
        parts::encode_to(self, catalog, out.as_ref())
    }

    /// The network, for one thread to use.
    fn network(&self) -> Result<EfficientNet> {
        self.network.lock().unwrap_or_else(PoisonError::into_inner).detached()
    }

    /// The features of a batch made by [`Recipe::batch`].
    ///
    /// # Shapes
    /// pictures x channels x size x size to pictures x [`width`](Self::width).
    ///
    /// # Errors
    /// [`Error::Torch`] for a tensor of another shape.
    pub fn features(&self, batch: &Tensor) -> Result<Tensor> {
        let network = self.network()?;
        tch::no_grad(|| network.features(batch))
    }
}

impl Show for Encoder {
    fn show(&self) -> Bundle {
        let Recipe { size, .. } = self.recipe;
        Bundle::plain(format!(
            "Encoder {}: EfficientNet-Lite0, {} channels of {size} x {size} pixels to {} features, on {:?}",
            self.name,
            self.recipe.channels(),
            self.width(),
            self.device,
        ))
    }
}

#[cfg(test)]
mod tests;
