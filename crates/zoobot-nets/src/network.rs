//! One type for all networks, by timm's names.

mod training;

pub use training::Training;

use crate::batch;
use crate::family::{Family, Group, Trunk};
use crate::layers::{Form, Layer, Statistics};
use crate::precision::Precision;
use crate::{convnext, efficientnet, maxvit, resnet};
use std::sync::LazyLock;
use tch::nn::Path;
use tch::{Device, Kind, Tensor};
use zoobot_base::generator;
use zoobot_base::{Error, Result};

/// The plan of a [`Network`]: timm's name and its sizes.
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

/// The families there are: one line for each.
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

        /// An expression for every family.
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

        /// timm's name and the configuration of a network, by timm's name or by a name under which a
        /// galaxy encoder is published.
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

/// A name of one family.
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
    /// The names of all architectures, which are timm's.
    pub fn names() -> &'static [&'static str] {
        &NAMES
    }

    /// The architecture of timm's name, for pictures of 3 channels. The part of timm's names after
    /// a dot says on what a network was trained, and is ignored. Names under which galaxy encoders
    /// are published are known too, where timm's name differs.
    ///
    /// # Errors
    /// [`Error::Missing`] for another name, with a near one.
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

    /// Sets the side of the pictures, in pixels. It matters only to a network whose
    /// [`size`](Self::size) is fixed, and there it must be a multiple of 32.
    pub fn sized(mut self, pixels: i64) -> Self {
        self.config = self.config.sized(pixels);
        self
    }

    /// The side in pixels that the network requires; `None` for networks that take any size, as
    /// most do.
    pub fn size(&self) -> Option<i64> {
        self.config.size()
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
        self.config.width()
    }

    /// The stages of the network from the pictures to the features, each as prefixes of the names
    /// of its variables; freezing uses them. Together they hold every variable once.
    pub fn stages(&self) -> Vec<Vec<String>> {
        self.config.stages()
    }

    /// The variables in finer groups, one for each block: timm's groups for layer-wise learning rates,
    /// where the rate of group i of n is multiplied by `decay^(n - 1 - i)`, so that the deepest layers
    /// learn slowest.
    pub fn layers(&self) -> Vec<Vec<String>> {
        self.config.layers()
    }

    /// timm's name of the first convolution's weights, whose second dimension is the channels.
    #[doc(hidden)]
    pub fn first_weight(&self) -> &'static str {
        self.config.first_weight()
    }

    /// The prefix of the classifier's tensors in timm.
    #[doc(hidden)]
    pub fn classifier(&self) -> &'static str {
        self.config.classifier()
    }

    /// Whether features in 16 bits keep what tells galaxies apart.
    pub(crate) fn bears_16_bits(&self) -> bool {
        self.config.bears_16_bits()
    }

    /// A network with random weights, which the seed decides, whose variables are named below `path`
    /// as timm names them.
    ///
    /// # Errors
    /// [`Error::Parameter`] for less than one channel; [`Error::Torch`] when memory is short.
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

    /// The last feature map of prepared pictures, which [`pooled`](Self::pooled) makes features of.
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

    /// The feature vectors of what [`maps`](Self::maps) gives, differentiable to it.
    ///
    /// # Errors
    /// [`Error::Torch`] for a tensor of another shape.
    #[doc(hidden)]
    pub fn pooled(&self, maps: &Tensor) -> Result<Tensor> {
        each!(self, network => network.pooled(maps))
    }

    /// A copy of its present state that computes equal features faster and cannot be trained:
    /// normalisations and factors are multiplied into adjacent weights, and weights of convolutions
    /// are channels last.
    ///
    /// # Errors
    /// [`Error::Torch`] when memory is short.
    pub fn folded(&self) -> Result<Self> {
        self.in_form(Form::Folded)
    }

    /// The [`folded`](Self::folded) network with numbers of another kind between the layers, such
    /// as [`Kind::BFloat16`]. Pictures and features remain in 32 bits, and so do normalisations and
    /// the first convolutions.
    ///
    /// # Errors
    /// [`Error::Torch`] when memory is short.
    pub fn of_kind(&self, kind: Kind) -> Result<Self> {
        self.in_form(Form::Of(kind))
    }

    /// This network for training, on shared variables: what is learnt shows in both. `statistics` are
    /// the statistics that batch normalisations use.
    ///
    /// # Errors
    /// [`Error::Torch`] when memory is short.
    pub fn training(&self, statistics: Statistics) -> Result<Training> {
        let network = self.in_form(Form::Training(statistics))?;
        Ok(Training::new(network))
    }

    /// This network on shared memory, without gradients. A network cannot be used by two threads at
    /// once; each thread takes one of these instead.
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

/// The features of pictures `[n, inputs, h, w]`, on a CPU a few at a time.
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
        let problem = format!("the pictures have the shape {size:?}");
        let hint = format!("Give a tensor of the shape [pictures, {inputs}, height, width]");
        return Err(Error::shape(problem, hint));
    }
    Ok(size)
}

#[cfg(test)]
mod tests;
