//! ConvNeXt: large depthwise filters, each followed by two layers that mix the channels.
//!
//! Paper: <https://arxiv.org/abs/2201.03545>. Parameter names and numbers follow timm's
//! `convnext_*`, whose smaller sizes (atto to nano) are by Ross Wightman.

mod block;

use super::layers::{
    Conv, Form, Layer, LayerNorm, Padding, Shape, at_least_one, channels_last, mean_of_pixels,
    positive,
};
use crate::family::{Family, Group, Named, Trunk, group, numbered};
use block::Block;
use serde::{Deserialize, Serialize};
use tch::Tensor;
use tch::nn::Path;
use zoobot_base::Result;

/// The sizes of a [`ConvNext`].
///
/// ```
/// use zoobot_nets::convnext::Config;
/// let network = Config::atto().inputs(1);
/// assert_eq!((network.inputs, network.features()), (1, 320));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Channels of the pictures: 3, or 1 for greyscale.
    pub inputs: i64,
    /// The number of blocks in each stage.
    pub blocks: [i64; 4],
    /// The number of channels in each stage; those of the last stage are the features.
    pub channels: [i64; 4],
    /// Whether timm stores the layers that mix channels as 1x1 convolutions, as in its smaller networks,
    /// instead of linear layers. The sums are equal, but the weights have different shapes.
    pub pointwise: bool,
    /// The constant added to the variance in layer normalisation.
    pub norm_eps: f64,
}

impl Config {
    fn new(blocks: [i64; 4], first: i64, pointwise: bool) -> Self {
        let channels = [first, 2 * first, 4 * first, 8 * first];
        Self { inputs: 3, blocks, channels, pointwise, norm_eps: 1e-6 }
    }

    /// timm's `convnext_atto`: 320 features, 3.4 million parameters.
    pub fn atto() -> Self {
        Self::new([2, 2, 6, 2], 40, true)
    }

    /// timm's `convnext_femto`: 384 features, 4.8 million parameters.
    pub fn femto() -> Self {
        Self::new([2, 2, 6, 2], 48, true)
    }

    /// timm's `convnext_pico`: 512 features, 8.5 million parameters.
    pub fn pico() -> Self {
        Self::new([2, 2, 6, 2], 64, true)
    }

    /// timm's `convnext_nano`: 640 features, 15.0 million parameters.
    pub fn nano() -> Self {
        Self::new([2, 2, 8, 2], 80, true)
    }

    /// timm's `convnext_tiny`: 768 features, 27.8 million parameters.
    pub fn tiny() -> Self {
        Self::new([3, 3, 9, 3], 96, false)
    }

    /// timm's `convnext_small`: 768 features, 49.5 million parameters.
    pub fn small() -> Self {
        Self::new([3, 3, 27, 3], 96, false)
    }

    /// timm's `convnext_base`: 1024 features, 87.6 million parameters.
    pub fn base() -> Self {
        Self::new([3, 3, 27, 3], 128, false)
    }

    /// timm's `convnext_large`: 1536 features, 196.2 million parameters.
    pub fn large() -> Self {
        Self::new([3, 3, 27, 3], 192, false)
    }

    /// Sets the number of channels of the pictures.
    pub fn inputs(mut self, channels: i64) -> Self {
        self.inputs = channels;
        self
    }

    /// The length of the feature vector.
    pub fn features(&self) -> i64 {
        self.channels[3]
    }

    fn check(&self) -> Result<()> {
        at_least_one("inputs", self.inputs)?;
        self.blocks.iter().try_for_each(|&blocks| at_least_one("blocks", blocks))?;
        self.channels.iter().try_for_each(|&channels| at_least_one("channels", channels))?;
        positive("norm_eps", self.norm_eps)
    }
}

/// A ConvNeXt without a classifier: pictures to feature vectors.
///
/// ```
/// use zoobot_core::tch::{Device, Kind, Tensor, nn};
/// use zoobot_nets::convnext::{Config, ConvNext};
/// use zoobot_nets::family::Trunk;
/// let variables = nn::VarStore::new(Device::Cpu);
/// let network = ConvNext::new(&variables.root(), &Config::atto())?;
/// let pictures = Tensor::zeros([1, 3, 32, 32], (Kind::Float, Device::Cpu));
/// assert_eq!(network.features(&pictures)?.size(), [1, 320]);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug)]
pub struct ConvNext {
    config: Config,
    stem: (Conv, LayerNorm),
    stages: Vec<Stage>,
    norm: LayerNorm,
}

impl ConvNext {
    /// Creates a network with random weights. Its variables are named below `path` as in timm.
    /// Set them with [`Weights::load_into`](super::Weights::load_into).
    ///
    /// # Errors
    /// [`Error::Parameter`](zoobot_base::Error::Parameter) for a size below 1.
    pub fn new(path: &Path, config: &Config) -> Result<Self> {
        config.check()?;
        let eps = config.norm_eps;
        let [mut channels, ..] = config.channels;
        let stem = (
            patches(&(path / "stem" / 0), config.inputs, channels, 4)?,
            LayerNorm::new(&(path / "stem" / 1), channels, eps)?,
        );
        let mut stages = Vec::new();
        for (s, outputs) in config.channels.into_iter().enumerate() {
            let path = path / "stages" / s;
            let halve = if s == 0 {
                None
            } else {
                let path = &path / "downsample";
                let norm = LayerNorm::new(&(&path / 0), channels, eps)?;
                Some((norm, patches(&(&path / 1), channels, outputs, 2)?))
            };
            channels = outputs;
            let block = |b| Block::new(&(&path / "blocks" / b), channels, config);
            let blocks = (0..config.blocks[s]).map(block).collect::<Result<_>>()?;
            stages.push(Stage { halve, blocks });
        }
        let norm = LayerNorm::new(&(path / "head" / "norm"), channels, eps)?;
        Ok(Self { config: config.clone(), stem, stages, norm })
    }

    /// The configuration of the network.
    pub fn config(&self) -> &Config {
        &self.config
    }

    fn stem(&self, pictures: &Tensor) -> Result<Tensor> {
        self.stem.1.forward_picture(&self.stem.0.forward(&channels_last(pictures)?)?)
    }
}

impl Family for Config {
    type Network = ConvNext;
    const NAMES: &'static [Named<Self>] = &[
        ("convnext_atto", Self::atto),
        ("convnext_femto", Self::femto),
        ("convnext_pico", Self::pico),
        ("convnext_nano", Self::nano),
        ("convnext_tiny", Self::tiny),
        ("convnext_small", Self::small),
        ("convnext_base", Self::base),
        ("convnext_large", Self::large),
    ];
    const FIRST_WEIGHT: &'static str = "stem.0.weight";
    const CLASSIFIER: &'static str = "head.fc.";
    const BEARS_16_BITS: bool = true;

    fn inputs(self, channels: i64) -> Self {
        Self::inputs(self, channels)
    }

    fn channels(&self) -> i64 {
        self.inputs
    }

    fn width(&self) -> i64 {
        self.features()
    }

    fn build(&self, path: &Path) -> Result<ConvNext> {
        ConvNext::new(path, self)
    }

    fn stages(&self) -> Vec<Group> {
        [group(&["stem."]), numbered("stages.", 0..4), group(&["head.norm."])].concat()
    }

    fn layers(&self) -> Vec<Group> {
        let mut groups = group(&["stem."]);
        for (s, count) in self.blocks.into_iter().enumerate() {
            let first = groups.len();
            groups.extend((0..count).map(|b| vec![format!("stages.{s}.blocks.{b}.")]));
            // The downsampling is in one group with the first block after it.
            groups[first].push(format!("stages.{s}.downsample."));
        }
        groups.extend(group(&["head.norm."]));
        groups
    }
}

impl Trunk for ConvNext {
    fn channels(&self) -> i64 {
        self.config.inputs
    }

    fn maps(&self, pictures: &Tensor) -> Result<Tensor> {
        let mut x = self.stem(pictures)?;
        for stage in &self.stages {
            x = stage.forward(x)?;
        }
        Ok(x)
    }

    fn pooled(&self, maps: &Tensor) -> Result<Tensor> {
        self.norm.forward(&mean_of_pixels(maps, false)?)
    }
}

impl Layer for ConvNext {
    fn in_form(&self, form: Form) -> Result<Self> {
        Ok(Self {
            config: self.config.clone(),
            // Rounding to 16 bits would lose faint light.
            stem: self.stem.in_form(form.in_full())?,
            stages: self.stages.in_form(form)?,
            norm: self.norm.in_form(form)?,
        })
    }
}

/// A convolution of adjacent patches that do not overlap.
fn patches(path: &Path, inputs: i64, outputs: i64, side: i64) -> Result<Conv> {
    let (kernel, stride, padding) = (side, side, Padding::None);
    Conv::new(path, Shape { inputs, outputs, kernel, stride, padding, depthwise: false }, true)
}

/// The blocks of one resolution, and the downsampling before them.
#[derive(Debug)]
struct Stage {
    /// The layers that halve width and height.
    halve: Option<(LayerNorm, Conv)>,
    blocks: Vec<Block>,
}

impl Stage {
    fn forward(&self, mut x: Tensor) -> Result<Tensor> {
        if let Some((norm, conv)) = &self.halve {
            x = conv.forward(&norm.forward_picture(&x)?)?;
        }
        for block in &self.blocks {
            x = block.forward(&x)?;
        }
        Ok(x)
    }
}

impl Layer for Stage {
    fn in_form(&self, form: Form) -> Result<Self> {
        // Everything later depends on the downsampling, which costs little.
        Ok(Self { halve: self.halve.in_form(form.in_full())?, blocks: self.blocks.in_form(form)? })
    }
}

#[cfg(test)]
mod tests;
