//! EfficientNet: inverted bottlenecks with depthwise convolutions.
//!
//! Papers: <https://arxiv.org/abs/1905.11946>; for the Lite variants (no squeeze-and-excite, ReLU6)
//! <https://blog.tensorflow.org/2020/03/higher-accuracy-on-vision-models-with-efficientnet-lite.html>;
//! for V2 (full convolutions in the first stages) <https://arxiv.org/abs/2104.00298>. Parameter names
//! and numbers follow timm's `efficientnet_*` and `tf_efficientnet_*`.

mod block;
mod config;

pub use config::{BlockKind, Config, Stage};

use super::layers::{ConvNorm, Form, Layer, Shape, channels_last, mean_of_pixels};
use crate::family::{Family, Group, Named, Trunk, group, numbered};
use block::Block;
use tch::Tensor;
use tch::nn::Path;
use zoobot_base::Result;

/// An EfficientNet without a classifier: pictures to feature vectors.
#[derive(Debug)]
pub struct EfficientNet {
    config: Config,
    stem: ConvNorm,
    stages: Vec<Vec<Block>>,
    head: ConvNorm,
}

impl EfficientNet {
    /// Creates a network with random weights. Its variables are named below `path` as in timm.
    /// Set them with [`Weights::load_into`](super::Weights::load_into).
    ///
    /// # Errors
    /// [`Error::Parameter`](zoobot_base::Error::Parameter) for a size below 1 or an even kernel.
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

    /// The configuration of the network.
    pub fn config(&self) -> &Config {
        &self.config
    }
}

impl Family for Config {
    type Network = EfficientNet;
    const NAMES: &'static [Named<Self>] = &[
        ("efficientnet_b0", Self::b0),
        ("efficientnet_lite0", Self::lite0),
        ("efficientnetv2_s", Self::v2_s),
        ("efficientnetv2_rw_s", Self::v2_rw_s),
        ("tf_efficientnet_b0", Self::tf_b0),
        ("tf_efficientnet_lite0", Self::tf_lite0),
        ("tf_efficientnetv2_s", Self::tf_v2_s),
    ];
    const FIRST_WEIGHT: &'static str = "conv_stem.weight";
    const CLASSIFIER: &'static str = "classifier.";

    fn inputs(self, channels: i64) -> Self {
        Self::inputs(self, channels)
    }

    fn channels(&self) -> i64 {
        self.inputs
    }

    fn width(&self) -> i64 {
        self.features
    }

    fn build(&self, path: &Path) -> Result<EfficientNet> {
        EfficientNet::new(path, self)
    }

    fn stages(&self) -> Vec<Group> {
        [
            group(&["conv_stem.", "bn1."]),
            numbered("blocks.", 0..self.stages.len()),
            group(&["conv_head.", "bn2."]),
        ]
        .concat()
    }

    fn layers(&self) -> Vec<Group> {
        let mut groups = group(&["conv_stem.", "bn1."]);
        for (s, stage) in self.stages.iter().enumerate() {
            groups.extend((0..stage.blocks).map(|b| vec![format!("blocks.{s}.{b}.")]));
        }
        // The last convolution is in one group with the last block.
        if let Some(last) = groups.last_mut() {
            last.extend(["conv_head.", "bn2."].map(str::to_owned));
        }
        groups
    }
}

impl Trunk for EfficientNet {
    fn channels(&self) -> i64 {
        self.config.inputs
    }

    fn maps(&self, pictures: &Tensor) -> Result<Tensor> {
        let mut x = self.stem.forward(&channels_last(pictures)?)?;
        for block in self.stages.iter().flatten() {
            x = block.forward(x)?;
        }
        self.head.forward(&x)
    }

    fn pooled(&self, maps: &Tensor) -> Result<Tensor> {
        mean_of_pixels(maps, false)
    }
}

impl Layer for EfficientNet {
    fn in_form(&self, form: Form) -> Result<Self> {
        Ok(Self {
            config: self.config.clone(),
            // Rounding to 16 bits would lose faint light.
            stem: self.stem.in_form(form.in_full())?,
            stages: self.stages.in_form(form)?,
            head: self.head.in_form(form)?,
        })
    }
}

#[cfg(test)]
mod tests;
