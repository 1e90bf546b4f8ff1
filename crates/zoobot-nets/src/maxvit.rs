//! MaxViT: convolutions, then attention within windows, then attention across them.
//!
//! Paper: <https://arxiv.org/abs/2204.01697>. Parameter names and numbers are those of timm's
//! `maxvit_*_tf_*`, which are the original's, and `maxvit_*_rw_*`, which are Ross Wightman's.

mod attention;
mod config;
mod convolution;
mod position;

pub use config::{Config, Position, Reading};

use super::layers::{
    Conv, ConvNorm, Form, Layer, LayerNorm, Linear, Shape, channels_last, full, pixels_last,
};
use super::network;
use attention::{Partition, PartitionAttention};
use convolution::InvertedBottleneck;
use tch::Tensor;
use tch::nn::Path;
use zoobot_base::{Error, Result};

/// The network without a classifier: pictures to feature vectors.
#[derive(Debug)]
pub struct MaxVit {
    config: Config,
    stem: (ConvNorm, Conv),
    stages: Vec<Vec<Block>>,
    norm: LayerNorm,
    hidden: Option<Linear>,
}

impl MaxVit {
    /// A network with random weights whose variables are named below `path` as timm names them.
    /// Set them with [`Weights::load_into`](super::Weights::load_into).
    ///
    /// # Errors
    /// [`Error::Invalid`] for a size below 1, or one that is not a multiple of 32 where it must be.
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

    /// What it was built from.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Feature vectors of prepared pictures, in evaluation mode: batch normalisation uses its
    /// running statistics. Call it within [`tch::no_grad`] unless gradients are wanted.
    ///
    /// # Shapes
    /// `[n, inputs, h, w]`, `h` and `w` multiples of the configuration's `size`, to
    /// `[n, features]`.
    ///
    /// # Errors
    /// [`Error::Invalid`] when `pictures` has another shape.
    pub fn features(&self, pictures: &Tensor) -> Result<Tensor> {
        network::in_chunks(pictures, self.config.inputs, |chunk| self.forward(chunk))
    }

    pub(super) fn forward(&self, pictures: &Tensor) -> Result<Tensor> {
        self.pooled(&self.maps(pictures)?)
    }

    /// The last feature map, before pooling.
    pub(super) fn maps(&self, pictures: &Tensor) -> Result<Tensor> {
        let (size, (_, _, h, w)) = (self.config.size, pictures.size4()?);
        if h % size != 0 || w % size != 0 {
            let expected = format!("multiples of {size}, for which the network is built");
            return Err(Error::invalid("the sides of pictures", format!("{h} x {w}"), expected));
        }
        let mut x = self.stem(pictures)?;
        for block in self.stages.iter().flatten() {
            x = block.forward(&x)?;
        }
        Ok(x)
    }

    /// Half the pictures' width and height.
    fn stem(&self, pictures: &Tensor) -> Result<Tensor> {
        self.stem.1.forward(&self.stem.0.forward(&channels_last(pictures)?)?)
    }

    /// The feature vectors of what [`maps`](Self::maps) gives.
    pub(super) fn pooled(&self, maps: &Tensor) -> Result<Tensor> {
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
            // Faint light would be lost among the last bits of 16.
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
    /// `[n, inputs, h, w]` to `[n, outputs, h, w]`, or half of `h` and `w`.
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
