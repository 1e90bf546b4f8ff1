//! EfficientNet: inverted bottlenecks with depthwise convolutions.
//!
//! Papers: <https://arxiv.org/abs/1905.11946>, and for the Lite variants (no squeeze-and-excite,
//! ReLU6) <https://blog.tensorflow.org/2020/03/higher-accuracy-on-vision-models-with-efficientnet-lite.html>.
//! Parameter names and numbers are those of timm's `efficientnet_*` and `tf_efficientnet_*`.

use super::layers::{
    Activation, ConvNorm, Padding, Shape, SqueezeExcite, channels_last, mean_of_pixels,
};
use super::network::{self, at_least_one};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use tch::nn::Path;
use tch::{Kind, Tensor};

/// Blocks of one resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// Blocks in the stage.
    pub blocks: i64,
    /// Side of the depthwise filters, in pixels.
    pub kernel: i64,
    /// Step of the first block's depthwise filter, in pixels.
    pub stride: i64,
    /// Channels inside a block for each channel that enters it; 1 leaves the expansion out.
    pub expansion: i64,
    /// Channels that leave a block.
    pub channels: i64,
}

/// What an [`EfficientNet`] is built from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Channels of the pictures: 3, or 1 for greyscale.
    pub inputs: i64,
    /// Channels of the first convolution.
    pub stem: i64,
    /// The stages, in order.
    pub stages: Vec<Stage>,
    /// Length of the feature vector.
    pub features: i64,
    /// The function between the layers.
    pub activation: Activation,
    /// Where the zeros around a picture go.
    pub padding: Padding,
    /// Whether channels weigh each other inside the blocks.
    pub squeeze_excite: bool,
    /// Added to the variance in batch normalisation.
    pub norm_eps: f64,
}

impl Config {
    /// timm's `efficientnet_b0`: 1280 features, 4.0 million parameters, pictures of 224 px.
    pub fn b0() -> Self {
        let stage = |(blocks, kernel, stride, expansion, channels)| Stage {
            blocks,
            kernel,
            stride,
            expansion,
            channels,
        };
        Self {
            inputs: 3,
            stem: 32,
            stages: [
                (1, 3, 1, 1, 16),
                (2, 3, 2, 6, 24),
                (2, 5, 2, 6, 40),
                (3, 3, 2, 6, 80),
                (3, 5, 1, 6, 112),
                (4, 5, 2, 6, 192),
                (1, 3, 1, 6, 320),
            ]
            .map(stage)
            .into(),
            features: 1280,
            activation: Activation::Silu,
            padding: Padding::Symmetric,
            squeeze_excite: true,
            norm_eps: 1e-5,
        }
    }

    /// timm's `tf_efficientnet_b0`: B0 as TensorFlow computes it.
    pub fn tf_b0() -> Self {
        Self { padding: Padding::Same, norm_eps: 1e-3, ..Self::b0() }
    }

    /// timm's `tf_efficientnet_lite0`: 1280 features, 3.4 million parameters, pictures of 224 px.
    pub fn lite0() -> Self {
        Self { activation: Activation::Relu6, squeeze_excite: false, ..Self::tf_b0() }
    }

    /// The same for pictures of so many channels.
    pub fn inputs(mut self, channels: i64) -> Self {
        self.inputs = channels;
        self
    }

    fn check(&self) -> Result<()> {
        let Self { inputs, stem, features, stages, norm_eps, .. } = self;
        for (name, value) in [("inputs", inputs), ("stem", stem), ("features", features)] {
            at_least_one(name, *value)?;
        }
        if *norm_eps <= 0.0 || norm_eps.is_nan() {
            return Err(Error::invalid("norm_eps", norm_eps, "a positive number"));
        }
        for stage in stages {
            at_least_one("blocks", stage.blocks)?;
            at_least_one("stride", stage.stride)?;
            at_least_one("expansion", stage.expansion)?;
            at_least_one("channels", stage.channels)?;
            if stage.kernel < 1 || stage.kernel % 2 == 0 {
                return Err(Error::invalid("kernel", stage.kernel, "an odd number"));
            }
        }
        Ok(())
    }
}

/// The network without a classifier: pictures to feature vectors.
#[derive(Debug)]
pub struct EfficientNet {
    config: Config,
    stem: ConvNorm,
    stages: Vec<Vec<Block>>,
    head: ConvNorm,
}

impl EfficientNet {
    /// A network with random weights whose variables are named below `path` as timm names them.
    /// Set them with [`Weights::load_into`](super::Weights::load_into).
    ///
    /// # Errors
    /// [`Error::Invalid`] for a size below 1 or an even kernel.
    pub fn new(path: &Path, config: &Config) -> Result<Self> {
        config.check()?;
        let activation = Some(config.activation);
        let stem = Shape {
            inputs: config.inputs,
            outputs: config.stem,
            kernel: 3,
            stride: 2,
            padding: config.padding,
            depthwise: false,
        };
        let mut channels = config.stem;
        let mut stages = Vec::new();
        for (s, stage) in config.stages.iter().enumerate() {
            let mut blocks = Vec::new();
            for b in 0..stage.blocks {
                let stage = Stage { stride: if b == 0 { stage.stride } else { 1 }, ..*stage };
                blocks.push(Block::new(&(path / "blocks" / s / b), config, &stage, channels)?);
                channels = stage.channels;
            }
            stages.push(blocks);
        }
        Ok(Self {
            stem: ConvNorm::new(
                (&(path / "conv_stem"), &(path / "bn1")),
                stem,
                config.norm_eps,
                activation,
            )?,
            stages,
            head: ConvNorm::new(
                (&(path / "conv_head"), &(path / "bn2")),
                Shape::pointwise(channels, config.features),
                config.norm_eps,
                activation,
            )?,
            config: config.clone(),
        })
    }

    /// What it was built from.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// A copy of its present state that computes the same features faster and cannot be trained:
    /// normalisation is folded into the convolutions, whose weights lie channels last.
    ///
    /// # Errors
    /// [`Error::Torch`] when memory is short.
    pub fn folded(&self) -> Result<Self> {
        self.map(ConvNorm::folded)
    }

    /// The same network on the same memory, without gradients. A network cannot be used by two
    /// threads at once; each takes one of these instead.
    ///
    /// # Errors
    /// [`Error::Torch`] when memory is short.
    pub fn detached(&self) -> Result<Self> {
        self.map(ConvNorm::detached)
    }

    /// The folded network with numbers of another kind between the layers; the features stay in 32
    /// bits.
    ///
    /// # Errors
    /// [`Error::Torch`] when memory is short.
    pub fn of_kind(&self, kind: Kind) -> Result<Self> {
        self.map(|layer| layer.of_kind(kind))
    }

    fn map(&self, convert: impl Fn(&ConvNorm) -> Result<ConvNorm> + Copy) -> Result<Self> {
        Ok(Self {
            config: self.config.clone(),
            stem: convert(&self.stem)?,
            stages: self
                .stages
                .iter()
                .map(|blocks| blocks.iter().map(|block| block.map(convert)).collect())
                .collect::<Result<_>>()?,
            head: convert(&self.head)?,
        })
    }

    /// Feature vectors of prepared pictures, in evaluation mode: batch normalisation uses its
    /// running statistics. Call it within [`tch::no_grad`] unless gradients are wanted.
    ///
    /// # Shapes
    /// `[n, inputs, h, w]` to `[n, features]`.
    ///
    /// # Errors
    /// [`Error::Invalid`] when `pictures` has another shape.
    pub fn features(&self, pictures: &Tensor) -> Result<Tensor> {
        network::in_chunks(pictures, self.config.inputs, |chunk| self.forward(chunk))
    }

    fn forward(&self, pictures: &Tensor) -> Result<Tensor> {
        let mut x = self.stem.forward(&channels_last(pictures)?)?;
        for block in self.stages.iter().flatten() {
            x = block.forward(x)?;
        }
        mean_of_pixels(&self.head.forward(&x)?, false)
    }
}

/// An inverted bottleneck: expand the channels, filter each, weigh them, project them back, and add
/// what came in where the shapes allow it.
#[derive(Debug)]
struct Block {
    expand: Option<ConvNorm>,
    filter: ConvNorm,
    squeeze_excite: Option<SqueezeExcite>,
    project: ConvNorm,
    residual: bool,
}

impl Block {
    fn new(path: &Path, config: &Config, stage: &Stage, inputs: i64) -> Result<Self> {
        let eps = config.norm_eps;
        let activation = Some(config.activation);
        let inner = inputs * stage.expansion;
        let expands = stage.expansion > 1;
        // timm numbers the layers, so that those of a block without expansion have other names.
        let [filter, project] = if expands { ["bn2", "conv_pwl"] } else { ["bn1", "conv_pw"] };
        let last = if expands { "bn3" } else { "bn2" };

        let expand = match expands {
            true => Some(ConvNorm::new(
                (&(path / "conv_pw"), &(path / "bn1")),
                Shape::pointwise(inputs, inner),
                eps,
                activation,
            )?),
            false => None,
        };
        let depthwise = Shape {
            inputs: inner,
            outputs: inner,
            kernel: stage.kernel,
            stride: stage.stride,
            padding: config.padding,
            depthwise: true,
        };
        let filter =
            ConvNorm::new((&(path / "conv_dw"), &(path / filter)), depthwise, eps, activation)?;
        let squeeze_excite = match config.squeeze_excite {
            true => {
                let reduced = (inputs / 4).max(1);
                Some(SqueezeExcite::new(&(path / "se"), inner, reduced, config.activation)?)
            }
            false => None,
        };
        let project = ConvNorm::new(
            (&(path / project), &(path / last)),
            Shape::pointwise(inner, stage.channels),
            eps,
            None,
        )?;
        let residual = stage.stride == 1 && inputs == stage.channels;
        Ok(Self { expand, filter, squeeze_excite, project, residual })
    }

    fn map(&self, convert: impl Fn(&ConvNorm) -> Result<ConvNorm>) -> Result<Self> {
        Ok(Self {
            expand: self.expand.as_ref().map(&convert).transpose()?,
            filter: convert(&self.filter)?,
            squeeze_excite: self
                .squeeze_excite
                .as_ref()
                .map(SqueezeExcite::detached)
                .transpose()?,
            project: convert(&self.project)?,
            residual: self.residual,
        })
    }

    fn forward(&self, input: Tensor) -> Result<Tensor> {
        let mut x = match &self.expand {
            Some(expand) => self.filter.forward(&expand.forward(&input)?)?,
            None => self.filter.forward(&input)?,
        };
        if let Some(squeeze_excite) = &self.squeeze_excite {
            x = squeeze_excite.forward(&x)?;
        }
        let mut x = self.project.forward(&x)?;
        if self.residual { Ok(x.f_add_(&input)?) } else { Ok(x) }
    }
}

#[cfg(test)]
mod tests;
