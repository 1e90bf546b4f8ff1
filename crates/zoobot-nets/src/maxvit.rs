//! MaxViT: convolutions, then attention within windows, then attention across them.
//!
//! Paper: <https://arxiv.org/abs/2204.01697>. Parameter names and numbers follow timm's
//! `maxvit_*_tf_*` (the original) and `maxvit_*_rw_*` (by Ross Wightman).

mod attention;
mod config;
mod convolution;
mod position;

pub use config::{Config, Position, Reading};

use super::layers::{
    Conv, ConvNorm, Form, Layer, LayerNorm, Linear, Shape, channels_last, full, pixels_last,
};
use crate::family::{Family, Group, Named, Published, Trunk, group, numbered};
use attention::{Partition, PartitionAttention};
use convolution::InvertedBottleneck;
use tch::Tensor;
use tch::nn::Path;
use zoobot_base::{Error, Result};

/// A MaxViT without a classifier: pictures to feature vectors.
#[derive(Debug)]
pub struct MaxVit {
    config: Config,
    stem: (ConvNorm, Conv),
    stages: Vec<Vec<Block>>,
    norm: LayerNorm,
    hidden: Option<Linear>,
}

impl MaxVit {
    /// Creates a network with random weights. Its variables are named below `path` as in timm.
    /// Set them with [`Weights::load_into`](super::Weights::load_into).
    ///
    /// # Errors
    /// [`Error::Parameter`] for a size below 1, or a size that must be a multiple of 32 but is not.
    pub fn new(path: &Path, config: &Config) -> Result<Self> {
        config.check()?;
        let reading = config.reading;
        let [first, second] = config.stem;
        let convolution = |inputs, outputs, stride| {
            let (kernel, padding, depthwise) = (3, reading.padding(), false);
            Shape { inputs, outputs, kernel, stride, padding, depthwise }
        };
        let stem_path = path / "stem";
        let stem = (
            ConvNorm::biased(
                (&(&stem_path / "conv1"), &(&stem_path / "norm1")),
                convolution(config.inputs, first, 2),
                reading.biased(),
                reading.batch_eps(),
                Some(reading.convolution_activation()),
            )?,
            Conv::new(&(&stem_path / "conv2"), convolution(first, second, 1), reading.biased())?,
        );
        let mut channels = second;
        let mut stages = Vec::new();
        for (s, (count, outputs)) in config.blocks.into_iter().zip(config.channels).enumerate() {
            let mut blocks = Vec::new();
            for b in 0..count {
                let path = path / "stages" / s / "blocks" / b;
                blocks.push(Block::new(&path, config, (channels, outputs), b == 0)?);
                channels = outputs;
            }
            stages.push(blocks);
        }
        let head = path / "head";
        let norm = if config.hidden { &head / "norm" } else { path / "norm" };
        let hidden = if config.hidden {
            let path = &head / "pre_logits" / "fc";
            Some(Linear::new(&path, channels, channels, false, Linear::glorot(channels, channels))?)
        } else {
            None
        };
        let norm = LayerNorm::new(&norm, channels, reading.layer_eps())?;
        Ok(Self { config: config.clone(), stem, stages, norm, hidden })
    }

    /// The configuration of the network.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Halves the width and height of the pictures.
    fn stem(&self, pictures: &Tensor) -> Result<Tensor> {
        self.stem.1.forward(&self.stem.0.forward(&channels_last(pictures)?)?)
    }
}

impl Family for Config {
    type Network = MaxVit;
    const NAMES: &'static [Named<Self>] = &[
        ("maxvit_pico_rw_256", Self::pico_rw),
        ("maxvit_nano_rw_256", Self::nano_rw),
        ("maxvit_tiny_rw_224", Self::tiny_rw),
        ("maxvit_tiny_rw_256", || Self::tiny_rw().size(256)),
        ("maxvit_rmlp_pico_rw_256", Self::rmlp_pico_rw),
        ("maxvit_rmlp_nano_rw_256", Self::rmlp_nano_rw),
        ("maxvit_rmlp_tiny_rw_256", Self::rmlp_tiny_rw),
        ("maxvit_rmlp_small_rw_224", Self::rmlp_small_rw),
        ("maxvit_rmlp_small_rw_256", || Self::rmlp_small_rw().size(256)),
        ("maxvit_rmlp_base_rw_224", Self::rmlp_base_rw),
        ("maxvit_rmlp_base_rw_384", || Self::rmlp_base_rw().size(384)),
        ("maxvit_tiny_tf_224", Self::tiny_tf),
        ("maxvit_tiny_tf_384", || Self::tiny_tf().size(384)),
        ("maxvit_tiny_tf_512", || Self::tiny_tf().size(512)),
        ("maxvit_small_tf_224", Self::small_tf),
        ("maxvit_small_tf_384", || Self::small_tf().size(384)),
        ("maxvit_small_tf_512", || Self::small_tf().size(512)),
        ("maxvit_base_tf_224", Self::base_tf),
        ("maxvit_base_tf_384", || Self::base_tf().size(384)),
        ("maxvit_base_tf_512", || Self::base_tf().size(512)),
        ("maxvit_large_tf_224", Self::large_tf),
        ("maxvit_large_tf_384", || Self::large_tf().size(384)),
        ("maxvit_large_tf_512", || Self::large_tf().size(512)),
        ("maxvit_xlarge_tf_224", Self::xlarge_tf),
        ("maxvit_xlarge_tf_384", || Self::xlarge_tf().size(384)),
        ("maxvit_xlarge_tf_512", || Self::xlarge_tf().size(512)),
    ];
    const PUBLISHED: &'static [Published<Self>] = &[
        // Built by timm with `img_size=224`.
        ("maxvit_rmlp_tiny_rw_224", "maxvit_rmlp_tiny_rw_256", || Self::rmlp_tiny_rw().size(224)),
        ("maxvit_base_rw_224", "maxvit_rmlp_base_rw_224", Self::rmlp_base_rw),
    ];
    const FIRST_WEIGHT: &'static str = "stem.conv1.weight";
    const CLASSIFIER: &'static str = "head.fc.";

    fn inputs(self, channels: i64) -> Self {
        Self::inputs(self, channels)
    }

    fn channels(&self) -> i64 {
        self.inputs
    }

    fn width(&self) -> i64 {
        self.features()
    }

    fn size(&self) -> Option<i64> {
        Some(self.size)
    }

    fn sized(self, pixels: i64) -> Self {
        self.size(pixels)
    }

    fn build(&self, path: &Path) -> Result<MaxVit> {
        MaxVit::new(path, self)
    }

    fn stages(&self) -> Vec<Group> {
        [group(&["stem."]), numbered("stages.", 0..4), group(&["norm.", "head."])].concat()
    }

    fn layers(&self) -> Vec<Group> {
        // One group per stage.
        let mut groups = [group(&["stem."]), numbered("stages.", 0..4)].concat();
        if self.hidden {
            groups.extend(group(&["head."]));
        } else {
            groups[4].push("norm.".to_owned());
        }
        groups
    }
}

impl Trunk for MaxVit {
    fn channels(&self) -> i64 {
        self.config.inputs
    }

    fn maps(&self, pictures: &Tensor) -> Result<Tensor> {
        let (size, (_, _, h, w)) = (self.config.size, pictures.size4()?);
        if h % size != 0 || w % size != 0 {
            let problem = format!("the pictures have {h} x {w} pixels");
            let hint = format!("This network takes sides that are multiples of {size} pixels");
            return Err(Error::shape(problem, hint));
        }
        let mut x = self.stem(pictures)?;
        for block in self.stages.iter().flatten() {
            x = block.forward(&x)?;
        }
        Ok(x)
    }

    fn pooled(&self, maps: &Tensor) -> Result<Tensor> {
        let x = pixels_last(maps)?;
        let pool = |x: Tensor| x.f_mean_dim([1i64, 2].as_slice(), false, full(x.kind()));
        match &self.hidden {
            Some(hidden) => Ok(hidden.forward(&self.norm.forward(&pool(x)?)?)?.f_tanh_()?),
            None => Ok(pool(self.norm.forward(&x)?)?),
        }
    }
}

impl Layer for MaxVit {
    fn in_form(&self, form: Form) -> Result<Self> {
        Ok(Self {
            config: self.config.clone(),
            // Rounding to 16 bits would lose faint light.
            stem: self.stem.in_form(form.in_full())?,
            stages: self.stages.in_form(form)?,
            norm: self.norm.in_form(form)?,
            hidden: self.hidden.in_form(form.in_full())?,
        })
    }
}

/// Convolutions, then attention within windows, then attention across them.
#[derive(Debug)]
struct Block {
    convolution: InvertedBottleneck,
    window: PartitionAttention,
    grid: PartitionAttention,
}

impl Block {
    fn new(path: &Path, config: &Config, channels: (i64, i64), halves: bool) -> Result<Self> {
        let attention = |name, partition| {
            PartitionAttention::new(&(path / name), config, channels.1, partition)
        };
        Ok(Self {
            convolution: InvertedBottleneck::new(&(path / "conv"), config, channels, halves)?,
            window: attention("attn_block", Partition::Window)?,
            grid: attention("attn_grid", Partition::Grid)?,
        })
    }

    /// # Shapes
    /// `[n, inputs, h, w]` to `[n, outputs, h, w]`, or with half of `h` and `w`.
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let x = pixels_last(&self.convolution.forward(x)?)?;
        let x = self.grid.forward(&self.window.forward(&x)?)?;
        Ok(x.f_permute([0, 3, 1, 2])?)
    }
}

impl Layer for Block {
    fn in_form(&self, form: Form) -> Result<Self> {
        Ok(Self {
            convolution: self.convolution.in_form(form)?,
            window: self.window.in_form(form)?,
            grid: self.grid.in_form(form)?,
        })
    }
}

#[cfg(test)]
mod tests;
