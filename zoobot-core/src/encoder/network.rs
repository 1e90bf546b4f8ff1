//! What the networks have in common: one type for all of them, by timm's names.

mod groups;

use super::convnext::{self, ConvNext};
use super::efficientnet::{self, EfficientNet};
use super::resnet::{self, ResNet};
use super::{Precision, batch};
use crate::{Error, Result};
use tch::nn::Path;
use tch::{Device, Kind, Tensor};

/// The networks there are, by timm's names.
const NAMES: [&str; 14] = [
    "convnext_atto",
    "convnext_femto",
    "convnext_pico",
    "convnext_nano",
    "convnext_tiny",
    "convnext_small",
    "convnext_base",
    "convnext_large",
    "efficientnet_b0",
    "tf_efficientnet_b0",
    "tf_efficientnet_lite0",
    "resnet18",
    "resnet50",
    "resnet101",
];

/// What a [`Network`] is built from: timm's name and the sizes that it stands for.
///
/// ```
/// use zoobot_core::encoder::Architecture;
/// let nano = Architecture::named("convnext_nano")?.inputs(1);
/// assert_eq!((nano.name(), nano.width(), nano.channels()), ("convnext_nano", 640, 1));
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Architecture {
    name: &'static str,
    config: Config,
}

/// The sizes of each family.
#[derive(Clone, Debug, PartialEq)]
enum Config {
    ConvNext(convnext::Config),
    EfficientNet(efficientnet::Config),
    ResNet(resnet::Config),
}

impl Architecture {
    /// The names of those there are, which are timm's.
    pub fn names() -> &'static [&'static str] {
        &NAMES
    }

    /// The architecture of timm's name, for pictures of 3 channels. What follows a dot in timm's
    /// names says with what a network was trained, and is ignored.
    ///
    /// # Errors
    /// [`Error::Missing`] for another name, with a near one.
    pub fn named(name: &str) -> Result<Self> {
        let base = name.split('.').next().unwrap_or(name);
        let Some(known) = NAMES.into_iter().find(|known| *known == base) else {
            return Err(Error::Missing {
                kind: "architecture",
                name: name.to_owned(),
                place: format!("{} (timm's names)", NAMES.join(", ")),
                hint: crate::catalog::near(base, NAMES.into_iter()),
            });
        };
        let config = match known {
            "convnext_atto" => Config::ConvNext(convnext::Config::atto()),
            "convnext_femto" => Config::ConvNext(convnext::Config::femto()),
            "convnext_pico" => Config::ConvNext(convnext::Config::pico()),
            "convnext_nano" => Config::ConvNext(convnext::Config::nano()),
            "convnext_tiny" => Config::ConvNext(convnext::Config::tiny()),
            "convnext_small" => Config::ConvNext(convnext::Config::small()),
            "convnext_base" => Config::ConvNext(convnext::Config::base()),
            "convnext_large" => Config::ConvNext(convnext::Config::large()),
            "tf_efficientnet_b0" => Config::EfficientNet(efficientnet::Config::tf_b0()),
            "tf_efficientnet_lite0" => Config::EfficientNet(efficientnet::Config::lite0()),
            "resnet18" => Config::ResNet(resnet::Config::resnet18()),
            "resnet50" => Config::ResNet(resnet::Config::resnet50()),
            "resnet101" => Config::ResNet(resnet::Config::resnet101()),
            _ => Config::EfficientNet(efficientnet::Config::b0()),
        };
        Ok(Self { name: known, config })
    }

    /// The same for pictures of so many channels.
    pub fn inputs(mut self, channels: i64) -> Self {
        self.config = match self.config {
            Config::ConvNext(config) => Config::ConvNext(config.inputs(channels)),
            Config::EfficientNet(config) => Config::EfficientNet(config.inputs(channels)),
            Config::ResNet(config) => Config::ResNet(config.inputs(channels)),
        };
        self
    }

    /// timm's name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Channels of the pictures.
    pub fn channels(&self) -> i64 {
        match &self.config {
            Config::ConvNext(config) => config.inputs,
            Config::EfficientNet(config) => config.inputs,
            Config::ResNet(config) => config.inputs,
        }
    }

    /// Length of the feature vector.
    pub fn width(&self) -> i64 {
        match &self.config {
            Config::ConvNext(config) => config.features(),
            Config::EfficientNet(config) => config.features,
            Config::ResNet(config) => config.features(),
        }
    }

    /// The stages of the network from the pictures to the features, each by the beginnings of its
    /// variables' names: what freezing goes by. Together they hold every variable once.
    pub fn stages(&self) -> Vec<Vec<String>> {
        groups::stages(&self.config)
    }

    /// The same in finer steps, a group for each block: timm's for layer-wise learning rates, where
    /// that of group i of n is multiplied by `decay^(n - 1 - i)`, so that what lies deepest learns
    /// slowest.
    pub fn layers(&self) -> Vec<Vec<String>> {
        groups::layers(&self.config)
    }

    /// timm's name of the first convolution's weights, whose second dimension is the channels.
    pub(super) fn first_weight(&self) -> &'static str {
        match &self.config {
            Config::ConvNext(_) => "stem.0.weight",
            Config::EfficientNet(_) => "conv_stem.weight",
            Config::ResNet(_) => "conv1.weight",
        }
    }

    /// What the names of the classifier's tensors begin with in timm.
    pub(super) fn classifier(&self) -> &'static str {
        match &self.config {
            Config::ConvNext(_) => "head.fc.",
            Config::EfficientNet(_) => "classifier.",
            Config::ResNet(_) => "fc.",
        }
    }

    /// A network with random weights whose variables are named below `path` as timm names them.
    ///
    /// # Errors
    /// [`Error::Invalid`] for less than one channel; [`Error::Torch`] when memory is short.
    pub fn build(&self, path: &Path) -> Result<Network> {
        Ok(match &self.config {
            Config::ConvNext(config) => Network::ConvNext(ConvNext::new(path, config)?),
            Config::EfficientNet(config) => Network::EfficientNet(EfficientNet::new(path, config)?),
            Config::ResNet(config) => Network::ResNet(ResNet::new(path, config)?),
        })
    }
}

/// A network of any architecture, without a classifier.
#[derive(Debug)]
pub enum Network {
    /// See [`ConvNext`].
    ConvNext(ConvNext),
    /// See [`EfficientNet`].
    EfficientNet(EfficientNet),
    /// See [`ResNet`].
    ResNet(ResNet),
}

impl Network {
    /// Feature vectors of prepared pictures, in evaluation mode. Call it within [`tch::no_grad`]
    /// unless gradients are wanted.
    ///
    /// # Shapes
    /// `[n, channels, h, w]` to `[n, width]`.
    ///
    /// # Errors
    /// [`Error::Invalid`] when `pictures` has another shape.
    pub fn features(&self, pictures: &Tensor) -> Result<Tensor> {
        match self {
            Self::ConvNext(network) => network.features(pictures),
            Self::EfficientNet(network) => network.features(pictures),
            Self::ResNet(network) => network.features(pictures),
        }
    }

    /// A copy of its present state that computes the same features faster and cannot be trained.
    ///
    /// # Errors
    /// [`Error::Torch`] when memory is short.
    pub fn folded(&self) -> Result<Self> {
        Ok(match self {
            Self::ConvNext(network) => Self::ConvNext(network.folded()?),
            Self::EfficientNet(network) => Self::EfficientNet(network.folded()?),
            Self::ResNet(network) => Self::ResNet(network.folded()?),
        })
    }

    /// The [`folded`](Self::folded) network with numbers of another kind between the layers, such
    /// as [`Kind::BFloat16`], for pictures of that kind; its features are of 32 bits all the same.
    ///
    /// # Errors
    /// [`Error::Torch`] when memory is short.
    pub fn of_kind(&self, kind: Kind) -> Result<Self> {
        Ok(match self {
            Self::ConvNext(network) => Self::ConvNext(network.of_kind(kind)?),
            Self::EfficientNet(network) => Self::EfficientNet(network.of_kind(kind)?),
            Self::ResNet(network) => Self::ResNet(network.of_kind(kind)?),
        })
    }

    /// The same network on the same memory, without gradients. A network cannot be used by two
    /// threads at once; each takes one of these instead.
    ///
    /// # Errors
    /// [`Error::Torch`] when memory is short.
    pub fn detached(&self) -> Result<Self> {
        Ok(match self {
            Self::ConvNext(network) => Self::ConvNext(network.detached()?),
            Self::EfficientNet(network) => Self::EfficientNet(network.detached()?),
            Self::ResNet(network) => Self::ResNet(network.detached()?),
        })
    }
}

/// The features of pictures `[n, inputs, h, w]`, on a CPU a few at a time.
///
/// # Errors
/// [`Error::Invalid`] for another shape.
pub(super) fn in_chunks(
    pictures: &Tensor,
    inputs: i64,
    forward: impl Fn(&Tensor) -> Result<Tensor>,
) -> Result<Tensor> {
    let size = if pictures.defined() { pictures.size() } else { Vec::new() };
    if size.len() != 4 || size[1] != inputs || size[2] < 1 || size[3] < 1 {
        let expected = format!("[pictures, {inputs}, height, width]");
        return Err(Error::invalid("the shape of pictures", format!("{size:?}"), expected));
    }
    let side = (size[2] as usize).max(size[3] as usize);
    let precision = match pictures.kind() {
        Kind::BFloat16 => Precision::Bf16,
        _ => Precision::Fp32,
    };
    let chunk = batch::length(side, Device::Cpu, precision) as i64;
    if size[0] > chunk && pictures.device() == Device::Cpu {
        let chunks = pictures.f_split(chunk, 0)?;
        let features: Vec<Tensor> = chunks.iter().map(forward).collect::<Result<_>>()?;
        return Ok(Tensor::f_cat(&features, 0)?);
    }
    forward(pictures)
}

pub(super) fn at_least_one(name: &'static str, value: i64) -> Result<()> {
    if value < 1 { Err(Error::invalid(name, value, "at least 1")) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
