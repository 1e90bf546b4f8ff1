//! The sizes of the EfficientNets.

use crate::layers::{Activation, Padding, at_least_one, positive};
use serde::{Deserialize, Serialize};
use zoobot_base::{Error, Result};

/// How the blocks of a stage filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    /// One full convolution, added to its input if the shapes allow it.
    Plain,
    /// A full convolution that also expands the channels, followed by the projection, as in V2's first
    /// stages.
    Fused,
    /// An expansion, a depthwise convolution, squeeze and excitation, and the projection.
    Inverted,
}

/// The blocks of one resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// How the blocks filter.
    pub kind: BlockKind,
    /// The number of blocks.
    pub blocks: i64,
    /// The side of the filters, in pixels.
    pub kernel: i64,
    /// The stride of the first block, in pixels.
    pub stride: i64,
    /// The ratio of the channels inside a block to its input channels. With 1, an inverted block has no
    /// expansion; a plain block never has one.
    pub expansion: i64,
    /// The number of output channels of a block.
    pub channels: i64,
}

/// The sizes of an [`EfficientNet`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Channels of the pictures: 3, or 1 for greyscale.
    pub inputs: i64,
    /// The number of channels of the first convolution.
    pub stem: i64,
    /// The stages, in order.
    pub stages: Vec<Stage>,
    /// The length of the feature vector.
    pub features: i64,
    /// The activation between the layers.
    pub activation: Activation,
    /// How pictures are padded.
    pub padding: Padding,
    /// Whether inverted blocks have squeeze and excitation.
    pub squeeze_excite: bool,
    /// The constant added to the variance in batch normalisation.
    pub norm_eps: f64,
}

impl Config {
    /// Inverted blocks, given as (blocks, kernel, stride, expansion, channels).
    fn inverted(stages: &[(i64, i64, i64, i64, i64)]) -> Vec<Stage> {
        let kind = BlockKind::Inverted;
        let stage = |&(blocks, kernel, stride, expansion, channels)| Stage {
            kind,
            blocks,
            kernel,
            stride,
            expansion,
            channels,
        };
        stages.iter().map(stage).collect()
    }

    /// timm's `efficientnet_b0`: 1280 features, 4.0 million parameters, pictures of 224 px.
    pub fn b0() -> Self {
        Self {
            inputs: 3,
            stem: 32,
            stages: Self::inverted(&[
                (1, 3, 1, 1, 16),
                (2, 3, 2, 6, 24),
                (2, 5, 2, 6, 40),
                (3, 3, 2, 6, 80),
                (3, 5, 1, 6, 112),
                (4, 5, 2, 6, 192),
                (1, 3, 1, 6, 320),
            ]),
            features: 1280,
            activation: Activation::Silu,
            padding: Padding::Symmetric,
            squeeze_excite: true,
            norm_eps: 1e-5,
        }
    }

    /// timm's `tf_efficientnet_b0`: B0 as TensorFlow computes it.
    pub fn tf_b0() -> Self {
        Self::b0().tensorflow()
    }

    /// timm's `efficientnet_lite0`: 1280 features, 3.4 million parameters, pictures of 224 px.
    pub fn lite0() -> Self {
        Self { activation: Activation::Relu6, squeeze_excite: false, ..Self::b0() }
    }

    /// timm's `tf_efficientnet_lite0`: Lite0 as TensorFlow computes it.
    pub fn tf_lite0() -> Self {
        Self::lite0().tensorflow()
    }

    /// timm's `efficientnetv2_s`: 1280 features, 20.2 million parameters, pictures of 288 to
    /// 384 px.
    pub fn v2_s() -> Self {
        let first = Stage {
            kind: BlockKind::Plain,
            blocks: 2,
            kernel: 3,
            stride: 1,
            expansion: 1,
            channels: 24,
        };
        let fused = Stage { kind: BlockKind::Fused, blocks: 4, stride: 2, expansion: 4, ..first };
        let mut stages =
            vec![first, Stage { channels: 48, ..fused }, Stage { channels: 64, ..fused }];
        stages.extend(Self::inverted(&[(6, 3, 2, 4, 128), (9, 3, 1, 6, 160), (15, 3, 2, 6, 256)]));
        Self { stem: 24, stages, ..Self::b0() }
    }

    /// timm's `tf_efficientnetv2_s`: V2-S as TensorFlow computes it.
    pub fn tf_v2_s() -> Self {
        Self::v2_s().tensorflow()
    }

    /// timm's `efficientnetv2_rw_s`: 1792 features, 22.2 million parameters. It is timm's own
    /// implementation of the paper, from before the original was published.
    pub fn v2_rw_s() -> Self {
        let mut config = Self::v2_s();
        config.stages[0].kind = BlockKind::Fused;
        config.stages[5].channels = 272;
        Self { features: 1792, ..config }
    }

    /// Sets TensorFlow's padding and its epsilon in batch normalisation.
    fn tensorflow(self) -> Self {
        Self { padding: Padding::Same, norm_eps: 1e-3, ..self }
    }

    /// Sets the number of channels of the pictures.
    pub fn inputs(mut self, channels: i64) -> Self {
        self.inputs = channels;
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        let Self { inputs, stem, features, stages, norm_eps, .. } = self;
        for (name, value) in [("inputs", inputs), ("stem", stem), ("features", features)] {
            at_least_one(name, *value)?;
        }
        positive("norm_eps", *norm_eps)?;
        for stage in stages {
            at_least_one("blocks", stage.blocks)?;
            at_least_one("stride", stage.stride)?;
            at_least_one("expansion", stage.expansion)?;
            at_least_one("channels", stage.channels)?;
            if stage.kernel < 1 || stage.kernel % 2 == 0 {
                return Err(Error::parameter("kernel", stage.kernel, "an odd number"));
            }
        }
        Ok(())
    }
}
