//! A common type for all networks, which are built by timm's names.

mod training;

pub use training::Training;

use crate::batch;
use crate::family::{Family, Group, Trunk};
use crate::layers::{Form, Layer, Responses, Statistics, recorded};
use crate::precision::Precision;
use crate::{convnext, efficientnet, maxvit, resnet};
use std::sync::LazyLock;
use tch::nn::Path;
use tch::{Device, Kind, Tensor};
use zoobot_base::generator;
use zoobot_base::{Error, Result};

/// The architecture of a [`Network`]: timm's name and its configuration.
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

/// Defines the types for all families, one line per family.
macro_rules! families {
    ($($family:ident $module:ident;)*) => {
        /// The configuration of each family.
        #[derive(Clone, Debug, PartialEq)]
        enum Config {
            $($family($module::Config),)*
        }

        /// A network of any architecture, without a classifier.
        #[derive(Debug)]
        pub enum Network {
            $(
                #[doc = concat!("See [`", stringify!($module), "::", stringify!($family), "`].")]
                $family($module::$family),
            )*
        }

        /// Evaluates an expression for every family.
        macro_rules! each {
            ($of:expr, $it:ident => $value:expr) => {
                match $of {
                    $(Self::$family($it) => $value,)*
                }
            };
        }

        $(
            impl From<$module::Config> for Config {
                fn from(config: $module::Config) -> Self {
                    Self::$family(config)
                }
            }

            impl From<$module::$family> for Network {
                fn from(network: $module::$family) -> Self {
                    Self::$family(network)
                }
            }
        )*

        /// timm's names, family by family.
        static NAMES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
            let mut names = Vec::new();
            $(names.extend($module::Config::NAMES.iter().map(|(name, _)| *name));)*
            names
        });

        /// timm's name and the configuration of a network, found by timm's name or by a name under which
        /// a galaxy encoder is published.
        fn find(name: &str) -> Option<(&'static str, Config)> {
            $(
                if let Some((timm, config)) = named::<$module::Config>(name) {
                    return Some((timm, config.into()));
                }
            )*
            None
        }
    };
}

families! {
    ConvNext convnext;
    EfficientNet efficientnet;
    MaxVit maxvit;
    ResNet resnet;
}

/// Finds a name in one family.
fn named<F: Family>(name: &str) -> Option<(&'static str, F)> {
    let timms = F::NAMES.iter().map(|&(known, config)| (known, known, config));
    let mut all = timms.chain(F::PUBLISHED.iter().copied());
    all.find(|(known, ..)| *known == name).map(|(_, timm, config)| (timm, config()))
}

impl Config {
    fn inputs(self, channels: i64) -> Self {
        each!(self, config => Family::inputs(config, channels).into())
    }

    fn channels(&self) -> i64 {
        each!(self, config => Family::channels(config))
    }

    fn width(&self) -> i64 {
        each!(self, config => Family::width(config))
    }

    fn size(&self) -> Option<i64> {
        each!(self, config => Family::size(config))
    }

    fn sized(self, pixels: i64) -> Self {
        each!(self, config => Family::sized(config, pixels).into())
    }

    fn build(&self, path: &Path) -> Result<Network> {
        Ok(each!(self, config => config.build(path)?.into()))
    }

    fn stages(&self) -> Vec<Group> {
        each!(self, config => Family::stages(config))
    }

    fn layers(&self) -> Vec<Group> {
        each!(self, config => Family::layers(config))
    }

    fn first_weight(&self) -> &'static str {
        each!(self, config => first_weight(config))
    }

    fn classifier(&self) -> &'static str {
        each!(self, config => classifier(config))
    }

    fn bears_16_bits(&self) -> bool {
        each!(self, config => bears_16_bits(config))
    }
}

fn first_weight<F: Family>(_: &F) -> &'static str {
    F::FIRST_WEIGHT
}

fn classifier<F: Family>(_: &F) -> &'static str {
    F::CLASSIFIER
}

fn bears_16_bits<F: Family>(_: &F) -> bool {
    F::BEARS_16_BITS
}

impl Architecture {
    /// The names of all architectures, which are those of timm.
    pub fn names() -> &'static [&'static str] {
        &NAMES
    }

    /// Finds an architecture by timm's name, for pictures with 3 channels. The part of timm's names
    /// after a dot, which says how a network was trained, is ignored. Names under which galaxy encoders
    /// are published are also known if they differ from timm's.
    ///
    /// # Errors
    /// [`Error::Missing`] for another name, with the most similar one.
    pub fn named(name: &str) -> Result<Self> {
        let base = name.split('.').next().unwrap_or(name);
        let found = find(base).map(|(name, config)| Self { name, config });
        found.ok_or_else(|| Error::Missing {
            kind: "architecture",
            name: name.to_owned(),
            place: format!("{} (timm's names)", NAMES.join(", ")),
            hint: zoobot_base::spelling::near(base, NAMES.iter().copied()),
        })
    }

    /// Sets the number of channels of the pictures.
    pub fn inputs(mut self, channels: i64) -> Self {
        self.config = self.config.inputs(channels);
        self
    }

    /// Sets the side of the pictures, in pixels. It has an effect only on networks with a fixed
    /// [`size`](Self::size), and must there be a multiple of 32.
    pub fn sized(mut self, pixels: i64) -> Self {
        self.config = self.config.sized(pixels);
        self
    }

    /// The side in pixels that the network requires; `None` for networks that accept any size, as most
    /// do.
    pub fn size(&self) -> Option<i64> {
        self.config.size()
    }

    /// timm's name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The number of channels of the pictures.
    pub fn channels(&self) -> i64 {
        self.config.channels()
    }

    /// The length of the feature vector.
    pub fn width(&self) -> i64 {
        self.config.width()
    }

    /// The stages of the network, from the pictures to the features, each as name prefixes of its
    /// variables. Every variable is in exactly one stage. Stages are used to freeze parts of a network.
    pub fn stages(&self) -> Vec<Vec<String>> {
        self.config.stages()
    }

    /// The variables in finer groups, one per block. These are timm's groups for layer-wise learning
    /// rates, where the rate of group i of n is multiplied by `decay^(n - 1 - i)`, so that the first
    /// layers learn slowest.
    pub fn layers(&self) -> Vec<Vec<String>> {
        self.config.layers()
    }

    /// timm's name of the first convolution's weights, whose second dimension is the channels.
    #[doc(hidden)]
    pub fn first_weight(&self) -> &'static str {
        self.config.first_weight()
    }

    /// The name prefix of the classifier's tensors in timm.
    #[doc(hidden)]
    pub fn classifier(&self) -> &'static str {
        self.config.classifier()
    }

    /// Whether features in 16 bits still distinguish galaxies.
    pub(crate) fn bears_16_bits(&self) -> bool {
        self.config.bears_16_bits()
    }

    /// Builds a network with random weights from a seed. Its variables are named below `path` as in
    /// timm.
    ///
    /// # Errors
    /// [`Error::Parameter`] for less than one channel; [`Error::Torch`] when memory runs out.
    pub fn build(&self, path: &Path, seed: u64) -> Result<Network> {
        generator::seeded(seed, || self.config.build(path))
    }
}

impl Network {
    /// Feature vectors of prepared pictures, in evaluation mode. Call it within [`tch::no_grad`]
    /// unless gradients are wanted.
    ///
    /// # Shapes
    /// `[n, channels, h, w]` to `[n, width]`.
    ///
    /// # Errors
    /// [`Error::Shape`] when `pictures` has another shape.
    pub fn features(&self, pictures: &Tensor) -> Result<Tensor> {
        each!(self, network => network.features(pictures))
    }

    /// The last feature map of prepared pictures, from which [`pooled`](Self::pooled) computes the
    /// features.
    ///
    /// # Shapes
    /// `[n, channels, h, w]` to `[n, maps, rows, columns]`.
    ///
    /// # Errors
    /// As [`features`](Self::features).
    #[doc(hidden)]
    pub fn maps(&self, pictures: &Tensor) -> Result<Tensor> {
        each!(self, network => {
            check(pictures, Trunk::channels(network))?;
            network.maps(pictures)
        })
    }

    /// Computes feature vectors from the feature maps of [`maps`](Self::maps), differentiably.
    ///
    /// # Errors
    /// [`Error::Torch`] for a tensor of another shape.
    #[doc(hidden)]
    pub fn pooled(&self, maps: &Tensor) -> Result<Tensor> {
        each!(self, network => network.pooled(maps))
    }

    /// The responses of the filters of each layer to prepared pictures, in the order of the pass, without
    /// gradients. A network that is not folded reports its own variables.
    ///
    /// # Errors
    /// As [`features`](Self::features).
    #[doc(hidden)]
    pub fn responses(&self, pictures: &Tensor) -> Result<Vec<Responses>> {
        tch::no_grad(|| recorded(|| self.forward(pictures).map(drop)))
    }

    /// A copy of the present state that computes equal features faster and cannot be trained.
    /// Normalisations and factors are multiplied into adjacent weights, and weights of convolutions are
    /// channels last.
    ///
    /// # Errors
    /// [`Error::Torch`] when memory runs out.
    pub fn folded(&self) -> Result<Self> {
        self.in_form(Form::Folded)
    }

    /// Converts the numbers between the layers to another kind, such as [`Kind::BFloat16`]. Use it on a
    /// [`folded`](Self::folded) network. Pictures and features remain in 32 bits, and so do
    /// normalisations and the first convolutions.
    ///
    /// # Errors
    /// [`Error::Torch`] when memory runs out.
    pub fn of_kind(&self, kind: Kind) -> Result<Self> {
        self.in_form(Form::Of(kind))
    }

    /// This network in training mode. Both share their variables, so training changes both. `statistics`
    /// selects what batch normalisation uses.
    ///
    /// # Errors
    /// [`Error::Torch`] when memory runs out.
    pub fn training(&self, statistics: Statistics) -> Result<Training> {
        let network = self.in_form(Form::Training(statistics))?;
        Ok(Training::new(network))
    }

    /// A copy that shares memory with this network and has no gradients. Two threads cannot use a
    /// network at once, so each thread needs its own copy.
    ///
    /// # Errors
    /// [`Error::Torch`] when memory runs out.
    pub fn detached(&self) -> Result<Self> {
        self.in_form(Form::Detached)
    }
}

impl Network {
    fn forward(&self, pictures: &Tensor) -> Result<Tensor> {
        each!(self, network => {
            check(pictures, Trunk::channels(network))?;
            network.forward(pictures)
        })
    }
}

impl Layer for Network {
    fn in_form(&self, form: Form) -> Result<Self> {
        Ok(each!(self, network => network.in_form(form)?.into()))
    }
}

/// The features of pictures `[n, inputs, h, w]`, computed in small batches on a CPU.
///
/// # Errors
/// [`Error::Shape`] for another shape.
pub(crate) fn in_chunks(
    pictures: &Tensor,
    inputs: i64,
    forward: impl Fn(&Tensor) -> Result<Tensor>,
) -> Result<Tensor> {
    let size = check(pictures, inputs)?;
    let side = (size[2] as usize).max(size[3] as usize);
    // The largest batch suitable for any precision. Callers that know the precision, such as an encoder,
    // pass smaller batches.
    let chunk = batch::length(side, Device::Cpu, Precision::Bf16) as i64;
    if size[0] > chunk && pictures.device() == Device::Cpu {
        let chunks = pictures.f_split(chunk, 0)?;
        let features: Vec<Tensor> = chunks.iter().map(forward).collect::<Result<_>>()?;
        return Ok(Tensor::f_cat(&features, 0)?);
    }
    forward(pictures)
}

/// Checks and returns the shape of pictures `[n, inputs, h, w]`.
fn check(pictures: &Tensor, inputs: i64) -> Result<Vec<i64>> {
    let size = if pictures.defined() { pictures.size() } else { Vec::new() };
    if size.len() != 4 || size[1] != inputs || size[2] < 1 || size[3] < 1 {
        let problem = format!("the pictures have the shape {size:?}");
        let hint = format!("Give a tensor of the shape [pictures, {inputs}, height, width]");
        return Err(Error::shape(problem, hint));
    }
    Ok(size)
}

#[cfg(test)]
mod tests;
