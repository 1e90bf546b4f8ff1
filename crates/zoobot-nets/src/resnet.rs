//! ResNet: stages of convolutions whose results are added to their inputs.
//!
//! Paper: <https://arxiv.org/abs/1512.03385>. As in torchvision and timm, the stride of a bottleneck is
//! at its 3x3 convolution. Parameter names and numbers follow timm's `resnet*`.

use super::layers::{
    Activation, ConvNorm, Form, Layer, Padding, Shape, at_least_one, channels_last, mean_of_pixels,
    positive,
};
use crate::family::{Family, Group, Named, Trunk, group, numbered};
use serde::{Deserialize, Serialize};
use tch::Tensor;
use tch::nn::Path;
use zoobot_base::Result;

/// The number of channels of the first convolution, and inside the blocks of the first stage.
const STEM: i64 = 64;

/// The sizes of a [`ResNet`].
///
/// ```
/// use zoobot_nets::resnet::Config;
/// let network = Config::resnet18().inputs(1);
/// assert_eq!((network.inputs, network.features()), (1, 512));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Channels of the pictures: 3, or 1 for greyscale.
    pub inputs: i64,
    /// The number of blocks in each stage.
    pub blocks: [i64; 4],
    /// Whether a block reduces the channels to a quarter before filtering them.
    pub bottleneck: bool,
    /// The constant added to the variance in batch normalisation.
    pub norm_eps: f64,
}

impl Config {
    /// timm's `resnet18`: 512 features, 11.2 million parameters.
    pub fn resnet18() -> Self {
        Self { inputs: 3, blocks: [2, 2, 2, 2], bottleneck: false, norm_eps: 1e-5 }
    }

    /// timm's `resnet34`: 512 features, 21.3 million parameters.
    pub fn resnet34() -> Self {
        Self { blocks: [3, 4, 6, 3], ..Self::resnet18() }
    }

    /// timm's `resnet50`: 2048 features, 23.5 million parameters.
    pub fn resnet50() -> Self {
        Self { blocks: [3, 4, 6, 3], bottleneck: true, ..Self::resnet18() }
    }

    /// timm's `resnet101`: 2048 features, 42.5 million parameters.
    pub fn resnet101() -> Self {
        Self { blocks: [3, 4, 23, 3], ..Self::resnet50() }
    }

    /// timm's `resnet152`: 2048 features, 58.1 million parameters.
    pub fn resnet152() -> Self {
        Self { blocks: [3, 8, 36, 3], ..Self::resnet50() }
    }

    /// Sets the number of channels of the pictures.
    pub fn inputs(mut self, channels: i64) -> Self {
        self.inputs = channels;
        self
    }

    /// The length of the feature vector.
    pub fn features(&self) -> i64 {
        8 * STEM * self.widening()
    }

    /// The ratio of a block's output channels to those inside it.
    fn widening(&self) -> i64 {
        if self.bottleneck { 4 } else { 1 }
    }

    fn check(&self) -> Result<()> {
        at_least_one("inputs", self.inputs)?;
        self.blocks.iter().try_for_each(|&blocks| at_least_one("blocks", blocks))?;
        positive("norm_eps", self.norm_eps)
    }
}

/// A ResNet without a classifier: pictures to feature vectors.
///
/// ```
/// use zoobot_core::tch::{Device, Kind, Tensor, nn};
/// use zoobot_nets::resnet::{Config, ResNet};
/// use zoobot_nets::family::Trunk;
/// let variables = nn::VarStore::new(Device::Cpu);
/// let network = ResNet::new(&variables.root(), &Config::resnet18())?;
/// let pictures = Tensor::zeros([1, 3, 32, 32], (Kind::Float, Device::Cpu));
/// assert_eq!(network.features(&pictures)?.size(), [1, 512]);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug)]
pub struct ResNet {
    config: Config,
    stem: ConvNorm,
    stages: Vec<Vec<Block>>,
}

impl ResNet {
    /// Creates a network with random weights. Its variables are named below `path` as in timm.
    /// Set them with [`Weights::load_into`](super::Weights::load_into).
    ///
    /// # Errors
    /// [`Error::Parameter`](zoobot_base::Error::Parameter) for a size below 1.
    pub fn new(path: &Path, config: &Config) -> Result<Self> {
        config.check()?;
        let stem = square(config.inputs, STEM, 7, 2);
        let names = (&(path / "conv1"), &(path / "bn1"));
        let stem = ConvNorm::new(names, stem, config.norm_eps, Some(Activation::Relu))?;
        let mut channels = STEM;
        let mut stages = Vec::new();
        for (s, &count) in config.blocks.iter().enumerate() {
            let path = path / format!("layer{}", s + 1);
            let inner = STEM << s;
            let mut blocks = Vec::new();
            for b in 0..count {
                let stride = if s > 0 && b == 0 { 2 } else { 1 };
                blocks.push(Block::new(&(&path / b), config, channels, inner, stride)?);
                channels = inner * config.widening();
            }
            stages.push(blocks);
        }
        Ok(Self { config: config.clone(), stem, stages })
    }

    /// The configuration of the network.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Reduces the width and height of the pictures to a quarter.
    fn stem(&self, pictures: &Tensor) -> Result<Tensor> {
        let x = self.stem.forward(&channels_last(pictures)?)?;
        Ok(x.f_max_pool2d([3, 3], [2, 2], [1, 1], [1, 1], false)?)
    }
}

impl Family for Config {
    type Network = ResNet;
    const NAMES: &'static [Named<Self>] = &[
        ("resnet18", Self::resnet18),
        ("resnet34", Self::resnet34),
        ("resnet50", Self::resnet50),
        ("resnet101", Self::resnet101),
        ("resnet152", Self::resnet152),
    ];
    const FIRST_WEIGHT: &'static str = "conv1.weight";
    const CLASSIFIER: &'static str = "fc.";

    fn inputs(self, channels: i64) -> Self {
        Self::inputs(self, channels)
    }

    fn channels(&self) -> i64 {
        self.inputs
    }

    fn width(&self) -> i64 {
        self.features()
    }

    fn build(&self, path: &Path) -> Result<ResNet> {
        ResNet::new(path, self)
    }

    fn stages(&self) -> Vec<Group> {
        [group(&["conv1.", "bn1."]), numbered("layer", 1..5)].concat()
    }

    fn layers(&self) -> Vec<Group> {
        let mut groups = group(&["conv1.", "bn1."]);
        for (s, count) in (1..).zip(self.blocks) {
            groups.extend((0..count).map(|b| vec![format!("layer{s}.{b}.")]));
        }
        groups
    }
}

impl Trunk for ResNet {
    fn channels(&self) -> i64 {
        self.config.inputs
    }

    fn maps(&self, pictures: &Tensor) -> Result<Tensor> {
        let mut x = self.stem(pictures)?;
        for block in self.stages.iter().flatten() {
            x = block.forward(&x)?;
        }
        Ok(x)
    }

    fn pooled(&self, maps: &Tensor) -> Result<Tensor> {
        mean_of_pixels(maps, false)
    }
}

impl Layer for ResNet {
    fn in_form(&self, form: Form) -> Result<Self> {
        Ok(Self {
            config: self.config.clone(),
            // Rounding to 16 bits would lose faint light.
            stem: self.stem.in_form(form.in_full())?,
            stages: self.stages.in_form(form)?,
        })
    }
}

/// A convolution with symmetric padding.
fn square(inputs: i64, outputs: i64, kernel: i64, stride: i64) -> Shape {
    let padding = Padding::Symmetric;
    Shape { inputs, outputs, kernel, stride, padding, depthwise: false }
}

/// Two or three convolutions whose result is added to the input.
#[derive(Debug)]
struct Block {
    layers: Vec<ConvNorm>,
    /// Converts the input to the shape of the result, if they differ.
    shortcut: Option<ConvNorm>,
}

impl Block {
    fn new(path: &Path, config: &Config, inputs: i64, inner: i64, stride: i64) -> Result<Self> {
        let outputs = inner * config.widening();
        let shapes = if config.bottleneck {
            let narrow = Shape::pointwise(inputs, inner);
            vec![narrow, square(inner, inner, 3, stride), Shape::pointwise(inner, outputs)]
        } else {
            vec![square(inputs, inner, 3, stride), square(inner, outputs, 3, 1)]
        };
        let last = shapes.len();
        let layer = |(i, shape)| {
            let names = (&(path / format!("conv{i}")), &(path / format!("bn{i}")));
            // The activation of the last layer comes after the sum.
            ConvNorm::new(names, shape, config.norm_eps, (i < last).then_some(Activation::Relu))
        };
        let layers = (1..).zip(shapes).map(layer).collect::<Result<_>>()?;
        let shortcut = if stride > 1 || inputs != outputs {
            let path = path / "downsample";
            let names = (&(&path / 0), &(&path / 1));
            let shape = square(inputs, outputs, 1, stride);
            Some(ConvNorm::new(names, shape, config.norm_eps, None)?)
        } else {
            None
        };
        Ok(Self { layers, shortcut })
    }

    fn forward(&self, input: &Tensor) -> Result<Tensor> {
        let mut x = input.shallow_clone();
        for layer in &self.layers {
            x = layer.forward(&x)?;
        }
        let sum = match &self.shortcut {
            Some(shortcut) => x.f_add_(&shortcut.forward(input)?)?,
            None => x.f_add_(input)?,
        };
        Activation::Relu.apply(sum)
    }
}

impl Layer for Block {
    fn in_form(&self, form: Form) -> Result<Self> {
        Ok(Self { layers: self.layers.in_form(form)?, shortcut: self.shortcut.in_form(form)? })
    }
}

#[cfg(test)]
mod tests;
