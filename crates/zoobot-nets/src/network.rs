//! What the networks have in common: one type for all of them, by timm's names.

mod groups;
mod names;

use super::convnext::{self, ConvNext};
use super::efficientnet::{self, EfficientNet};
use super::layers::{Form, Layer, Statistics};
use super::maxvit::{self, MaxVit};
use super::resnet::{self, ResNet};
use crate::batch;
use crate::precision::Precision;
use names::NAMES;
use tch::nn::Path;
use tch::{Device, Kind, Tensor};
use zoobot_base::generator;
use zoobot_base::memory::Keep;
use zoobot_base::{Error, Result};

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
    MaxVit(maxvit::Config),
    ResNet(resnet::Config),
}

/// The same expression for whichever family it is of.
macro_rules! each {
    ($of:expr, $family:ident => $value:expr) => {
        match $of {
            Self::ConvNext($family) => $value,
            Self::EfficientNet($family) => $value,
            Self::MaxVit($family) => $value,
            Self::ResNet($family) => $value,
        }
    };
}

/// Each family's conversion into the type of all.
macro_rules! families {
    ($($family:ident $module:ident),*) => {$(
        impl From<$module::Config> for Config {
            fn from(config: $module::Config) -> Self {
                Self::$family(config)
            }
        }

        impl From<$family> for Network {
            fn from(network: $family) -> Self {
                Self::$family(network)
            }
        }
    )*};
}

families!(ConvNext convnext, EfficientNet efficientnet, MaxVit maxvit, ResNet resnet);

impl Config {
    fn inputs(self, channels: i64) -> Self {
        each!(self, config => config.inputs(channels).into())
    }

    fn channels(&self) -> i64 {
        each!(self, config => config.inputs)
    }

    fn build(&self, path: &Path) -> Result<Network> {
        Ok(match self {
            Self::ConvNext(config) => ConvNext::new(path, config)?.into(),
            Self::EfficientNet(config) => EfficientNet::new(path, config)?.into(),
            Self::MaxVit(config) => MaxVit::new(path, config)?.into(),
            Self::ResNet(config) => ResNet::new(path, config)?.into(),
        })
    }
}

impl Architecture {
    /// The names of those there are, which are timm's.
    pub fn names() -> &'static [&'static str] {
        &NAMES
    }

    /// The architecture of timm's name, for pictures of 3 channels. What follows a dot in timm's
    /// names says with what a network was trained, and is ignored. The names that galaxy encoders
    /// are published under are known too, where timm has another for the same network.
    ///
    /// # Errors
    /// [`Error::Missing`] for another name, with a near one.
    pub fn named(name: &str) -> Result<Self> {
        let base = name.split('.').next().unwrap_or(name);
        let found = names::find(base).map(|(name, config)| Self { name, config });
        found.ok_or_else(|| Error::Missing {
            kind: "architecture",
            name: name.to_owned(),
            place: format!("{} (timm's names)", NAMES.join(", ")),
            hint: zoobot_base::spelling::near(base, NAMES.into_iter()),
        })
    }

    /// The same for pictures of so many channels.
    pub fn inputs(mut self, channels: i64) -> Self {
        self.config = self.config.inputs(channels);
        self
    }

    /// The same for pictures of another side, in pixels. It matters only to a network whose
    /// [`size`](Self::size) is fixed, and there it must be a multiple of 32.
    pub fn sized(mut self, pixels: i64) -> Self {
        if let Config::MaxVit(config) = self.config {
            self.config = config.size(pixels).into();
        }
        self
    }

    /// The side in pixels for which a network is built that takes no other; `None` for the many
    /// that take any.
    pub fn size(&self) -> Option<i64> {
        match &self.config {
            Config::MaxVit(config) => Some(config.size),
            _ => None,
        }
    }

    /// timm's name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Channels of the pictures.
    pub fn channels(&self) -> i64 {
        self.config.channels()
    }

    /// Length of the feature vector.
    pub fn width(&self) -> i64 {
        match &self.config {
            Config::ConvNext(config) => config.features(),
            Config::EfficientNet(config) => config.features,
            Config::MaxVit(config) => config.features(),
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

    #[doc(hidden)]
    /// timm's name of the first convolution's weights, whose second dimension is the channels.
    pub fn first_weight(&self) -> &'static str {
        match &self.config {
            Config::ConvNext(_) => "stem.0.weight",
            Config::EfficientNet(_) => "conv_stem.weight",
            Config::MaxVit(_) => "stem.conv1.weight",
            Config::ResNet(_) => "conv1.weight",
        }
    }

    #[doc(hidden)]
    /// What the names of the classifier's tensors begin with in timm.
    pub fn classifier(&self) -> &'static str {
        match &self.config {
            Config::ConvNext(_) | Config::MaxVit(_) => "head.fc.",
            Config::EfficientNet(_) => "classifier.",
            Config::ResNet(_) => "fc.",
        }
    }

    /// A network with random weights, which the seed decides, whose variables are named below `path`
    /// as timm names them.
    ///
    /// # Errors
    /// [`Error::Invalid`] for less than one channel; [`Error::Torch`] when memory is short.
    pub fn build(&self, path: &Path, seed: u64) -> Result<Network> {
        generator::seeded(seed, || self.config.build(path))
    }
}

/// A network of any architecture, without a classifier.
#[derive(Debug)]
pub enum Network {
    /// See [`ConvNext`].
    ConvNext(ConvNext),
    /// See [`EfficientNet`].
    EfficientNet(EfficientNet),
    /// See [`MaxVit`].
    MaxVit(MaxVit),
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
        each!(self, network => network.features(pictures))
    }

    #[doc(hidden)]
    /// The last feature map of prepared pictures, which [`pooled`](Self::pooled) makes features of.
    ///
    /// # Shapes
    /// `[n, channels, h, w]` to `[n, maps, rows, columns]`.
    ///
    /// # Errors
    /// As [`features`](Self::features).
    pub fn maps(&self, pictures: &Tensor) -> Result<Tensor> {
        each!(self, network => {
            check(pictures, network.config().inputs)?;
            network.maps(pictures)
        })
    }

    #[doc(hidden)]
    /// The feature vectors of what [`maps`](Self::maps) gives, differentiable to it.
    ///
    /// # Errors
    /// [`Error::Torch`] for a tensor of another shape.
    pub fn pooled(&self, maps: &Tensor) -> Result<Tensor> {
        each!(self, network => network.pooled(maps))
    }

    /// A copy of its present state that computes the same features faster and cannot be trained:
    /// normalisations and factors are multiplied into the weights beside them, and weights of
    /// convolutions lie channels last.
    ///
    /// # Errors
    /// [`Error::Torch`] when memory is short.
    pub fn folded(&self) -> Result<Self> {
        self.in_form(Form::Folded)
    }

    /// The [`folded`](Self::folded) network with numbers of another kind between the layers, such
    /// as [`Kind::BFloat16`]. It takes pictures in 32 bits and its features are of 32 bits all the
    /// same; so are normalisations and the first convolutions.
    ///
    /// # Errors
    /// [`Error::Torch`] when memory is short.
    pub fn of_kind(&self, kind: Kind) -> Result<Self> {
        self.in_form(Form::Of(kind))
    }

    /// The same network on the same variables as it is trained; `statistics` are those that batch
    /// normalisations go by. What is learnt shows in both.
    ///
    /// # Errors
    /// [`Error::Torch`] when memory is short.
    pub fn training(&self, statistics: Statistics) -> Result<Training> {
        let network = self.in_form(Form::Training(statistics))?;
        Ok(Training { network, kind: Kind::Float, _kept: Keep::new() })
    }

    /// The same network on the same memory, without gradients. A network cannot be used by two
    /// threads at once; each takes one of these instead.
    ///
    /// # Errors
    /// [`Error::Torch`] when memory is short.
    pub fn detached(&self) -> Result<Self> {
        self.in_form(Form::Detached)
    }
}

impl Network {
    fn forward(&self, pictures: &Tensor) -> Result<Tensor> {
        each!(self, network => {
            check(pictures, network.config().inputs)?;
            network.forward(pictures)
        })
    }
}

impl Layer for Network {
    fn in_form(&self, form: Form) -> Result<Self> {
        Ok(each!(self, network => network.in_form(form)?.into()))
    }
}

/// A network as it is trained, from [`Network::training`]. While it lives, the process keeps the
/// memory that steps take.
#[derive(Debug)]
pub struct Training {
    network: Network,
    /// What lies between the layers.
    kind: Kind,
    _kept: Keep,
}

impl Training {
    /// Sets the numbers that it computes with on a device ([`Precision::Fp32`]). With 16 bits the
    /// variables and their gradients stay in 32, and so do normalisations, the first convolutions and
    /// the features: mixed precision (<https://arxiv.org/abs/1710.03740>). bfloat16 has the range of
    /// 32 bits, so the loss need not be scaled. [`Precision::Auto`] takes 16 bits wherever the
    /// hardware computes with them natively.
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
    /// [`Error::Invalid`] when `pictures` has another shape.
    pub fn features(&self, pictures: &Tensor) -> Result<Tensor> {
        // All at once: the statistics are those of the batch.
        match self.kind {
            Kind::Float => self.network.forward(pictures),
            kind => self.network.in_form(Form::Mixed(kind))?.forward(pictures),
        }
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
    let size = check(pictures, inputs)?;
    let side = (size[2] as usize).max(size[3] as usize);
    // The most that is good at any precision; who knows it, as an encoder does, comes with fewer.
    let chunk = batch::length(side, Device::Cpu, Precision::Bf16) as i64;
    if size[0] > chunk && pictures.device() == Device::Cpu {
        let chunks = pictures.f_split(chunk, 0)?;
        let features: Vec<Tensor> = chunks.iter().map(forward).collect::<Result<_>>()?;
        return Ok(Tensor::f_cat(&features, 0)?);
    }
    forward(pictures)
}

/// The shape of pictures `[n, inputs, h, w]`.
fn check(pictures: &Tensor, inputs: i64) -> Result<Vec<i64>> {
    let size = if pictures.defined() { pictures.size() } else { Vec::new() };
    if size.len() != 4 || size[1] != inputs || size[2] < 1 || size[3] < 1 {
        let expected = format!("[pictures, {inputs}, height, width]");
        return Err(Error::invalid("the shape of pictures", format!("{size:?}"), expected));
    }
    Ok(size)
}

#[cfg(test)]
mod tests;
