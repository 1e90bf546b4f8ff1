//! The sizes of the MaxViTs.

use crate::layers::{Activation, Padding, at_least_one, positive};
use serde::{Deserialize, Serialize};
use zoobot_base::{Error, Result};

/// The ratio of the pictures' side to that of the last stage.
pub(super) const REDUCTION: i64 = 32;
/// The number of channels per attention head.
pub(super) const HEAD: i64 = 32;

/// Which of timm's two implementations of the paper a network follows. They differ in many details,
/// which no network mixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// timm's own implementation from before the original was published, `rw` in names.
    Timm,
    /// The original as computed by TensorFlow, `tf` in names.
    Google,
}

/// The source of the positional term of attention, which depends only on the positions of two pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// A table with one number per head and per offset between two pixels.
    Table,
    /// A small network of the logarithm of the offset, `rmlp` in names.
    Mlp,
}

/// The sizes of a [`MaxVit`](super::MaxVit).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Channels of the pictures: 3, or 1 for greyscale.
    pub inputs: i64,
    /// The side of the pictures in pixels, a multiple of 32. The windows of attention have 1/32 of it as
    /// their side. Pictures whose sides are multiples of it are accepted too.
    pub size: i64,
    /// The number of channels of the two convolutions in the stem.
    pub stem: [i64; 2],
    /// The number of blocks in each stage.
    pub blocks: [i64; 4],
    /// The number of channels in each stage, multiples of 32; those of the last stage are the features.
    pub channels: [i64; 4],
    /// Which implementation of the paper it follows.
    pub reading: Reading,
    /// How attention depends on positions.
    pub position: Position,
    /// The initial value of the factors on the outputs of attention and its MLP; `None` for no factors.
    pub layer_scale: Option<f64>,
    /// Whether the features pass through one more layer and a hyperbolic tangent.
    pub hidden: bool,
}

impl Config {
    fn timm(blocks: [i64; 4], first: i64) -> Self {
        Self {
            inputs: 3,
            size: 224,
            stem: [32, 64],
            blocks,
            channels: [first, 2 * first, 4 * first, 8 * first],
            reading: Reading::Timm,
            position: Position::Table,
            layer_scale: None,
            hidden: false,
        }
    }

    fn google(blocks: [i64; 4], stem: i64, first: i64) -> Self {
        Self {
            stem: [stem; 2],
            reading: Reading::Google,
            hidden: true,
            ..Self::timm(blocks, first)
        }
    }

    /// timm's `maxvit_pico_rw_256`: 256 features, 7.2 million parameters.
    pub fn pico_rw() -> Self {
        Self { stem: [24, 32], ..Self::timm([2, 2, 5, 2], 32) }.size(256)
    }

    /// timm's `maxvit_nano_rw_256`: 512 features, 14.9 million parameters.
    pub fn nano_rw() -> Self {
        Self::timm([1, 2, 3, 1], 64).size(256)
    }

    /// timm's `maxvit_tiny_rw_224`: 512 features, 28.5 million parameters.
    pub fn tiny_rw() -> Self {
        Self::timm([2, 2, 5, 2], 64)
    }

    /// timm's `maxvit_rmlp_pico_rw_256`: 256 features, 7.3 million parameters.
    pub fn rmlp_pico_rw() -> Self {
        Self { position: Position::Mlp, ..Self::pico_rw() }
    }

    /// timm's `maxvit_rmlp_nano_rw_256`: 512 features, 15.0 million parameters.
    pub fn rmlp_nano_rw() -> Self {
        Self { position: Position::Mlp, ..Self::nano_rw() }
    }

    /// timm's `maxvit_rmlp_tiny_rw_256`: 512 features, 28.6 million parameters.
    pub fn rmlp_tiny_rw() -> Self {
        Self { position: Position::Mlp, ..Self::tiny_rw() }.size(256)
    }

    /// timm's `maxvit_rmlp_small_rw_224`: 768 features, 64.1 million parameters.
    pub fn rmlp_small_rw() -> Self {
        let position = Position::Mlp;
        Self { position, layer_scale: Some(1e-6), ..Self::timm([2, 2, 5, 2], 96) }
    }

    /// timm's `maxvit_rmlp_base_rw_224`: 768 features, 115.4 million parameters.
    pub fn rmlp_base_rw() -> Self {
        Self { position: Position::Mlp, hidden: true, ..Self::timm([2, 6, 14, 2], 96) }
    }

    /// timm's `maxvit_tiny_tf_224`: 512 features, 30.4 million parameters.
    pub fn tiny_tf() -> Self {
        Self::google([2, 2, 5, 2], 64, 64)
    }

    /// timm's `maxvit_small_tf_224`: 768 features, 68.2 million parameters.
    pub fn small_tf() -> Self {
        Self::google([2, 2, 5, 2], 64, 96)
    }

    /// timm's `maxvit_base_tf_224`: 768 features, 118.7 million parameters.
    pub fn base_tf() -> Self {
        Self::google([2, 6, 14, 2], 64, 96)
    }

    /// timm's `maxvit_large_tf_224`: 1024 features, 210.8 million parameters.
    pub fn large_tf() -> Self {
        Self::google([2, 6, 14, 2], 128, 128)
    }

    /// timm's `maxvit_xlarge_tf_224`: 1536 features, 473.4 million parameters.
    pub fn xlarge_tf() -> Self {
        Self::google([2, 6, 14, 2], 192, 192)
    }

    /// Sets the number of channels of the pictures.
    pub fn inputs(mut self, channels: i64) -> Self {
        self.inputs = channels;
        self
    }

    /// Sets the side of the pictures, in pixels.
    pub fn size(mut self, pixels: i64) -> Self {
        self.size = pixels;
        self
    }

    /// The length of the feature vector.
    pub fn features(&self) -> i64 {
        self.channels[3]
    }

    /// The side of the attention windows, in pixels of a stage.
    pub(super) fn window(&self) -> i64 {
        self.size / REDUCTION
    }

    pub(super) fn check(&self) -> Result<()> {
        at_least_one("inputs", self.inputs)?;
        at_least_one("size", self.size)?;
        if self.size % REDUCTION != 0 {
            return Err(Error::parameter("size", self.size, "a multiple of 32"));
        }
        self.stem.iter().try_for_each(|&channels| at_least_one("stem", channels))?;
        self.blocks.iter().try_for_each(|&blocks| at_least_one("blocks", blocks))?;
        for channels in self.channels {
            at_least_one("channels", channels)?;
            if channels % HEAD != 0 {
                return Err(Error::parameter("channels", channels, "a multiple of 32"));
            }
        }
        self.layer_scale.map_or(Ok(()), |scale| positive("layer_scale", scale))
    }
}

/// The details of each implementation.
impl Reading {
    /// The activation of the convolutions.
    pub(super) fn convolution_activation(self) -> Activation {
        match self {
            Self::Timm => Activation::Silu,
            Self::Google => Activation::GeluTanh,
        }
    }

    /// The activation of the layers after an attention.
    pub(super) fn attention_activation(self) -> Activation {
        match self {
            Self::Timm => Activation::Gelu,
            Self::Google => Activation::GeluTanh,
        }
    }

    pub(super) fn padding(self) -> Padding {
        match self {
            Self::Timm => Padding::Symmetric,
            Self::Google => Padding::Same,
        }
    }

    /// Whether the stem and the final convolution of a block have biases.
    pub(super) fn biased(self) -> bool {
        self == Self::Google
    }

    /// The constant added to the variance in batch normalisation.
    pub(super) fn batch_eps(self) -> f64 {
        match self {
            Self::Timm => 1e-5,
            Self::Google => 1e-3,
        }
    }

    /// The constant added to the variance in layer normalisation.
    pub(super) fn layer_eps(self) -> f64 {
        match self {
            Self::Timm => 1e-6,
            Self::Google => 1e-5,
        }
    }

    /// The number of channels inside the convolutions of a block, from its input and output channels.
    pub(super) fn inner(self, inputs: i64, outputs: i64) -> i64 {
        match self {
            Self::Timm => 4 * inputs,
            Self::Google => 4 * outputs,
        }
    }

    /// The number of channels inside squeeze and excitation.
    pub(super) fn squeezed(self, inputs: i64, outputs: i64) -> i64 {
        self.inner(inputs, outputs) / 16
    }
}
