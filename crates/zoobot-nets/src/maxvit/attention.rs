//! Attention within parts of a picture, and the layers that follow it.

use super::config::{Config, HEAD, Reading};
use super::position::RelativePosition;
use crate::layers::{Form, Layer, LayerNorm, Linear, Mlp, MlpShape};
use tch::Tensor;
use tch::nn::{Init, Path};
use zoobot_base::Result;

/// Which pixels attend to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Partition {
    /// The pixels of a window.
    Window,
    /// The pixels at the same position in all cells of a grid over the picture.
    Grid,
}

impl Partition {
    /// # Shapes
    /// `[n, h, w, channels]` to `[parts, side · side, channels]`.
    fn split(self, x: &Tensor, side: i64) -> Result<Tensor> {
        let (n, h, w, channels) = x.size4()?;
        let (cells, order) = match self {
            Self::Window => ([n, h / side, side, w / side, side, channels], [0, 1, 3, 2, 4, 5]),
            Self::Grid => ([n, side, h / side, side, w / side, channels], [0, 2, 4, 1, 3, 5]),
        };
        let parts = x.f_reshape(cells)?.f_permute(order)?;
        Ok(parts.f_reshape([-1, side * side, channels])?)
    }

    /// Reverses [`split`](Self::split), for a tensor of `whole`'s shape.
    fn join(self, parts: &Tensor, whole: &Tensor, side: i64) -> Result<Tensor> {
        let (n, h, w, channels) = whole.size4()?;
        let cells = [n, h / side, w / side, side, side, channels];
        let order = match self {
            Self::Window => [0, 1, 3, 2, 4, 5],
            Self::Grid => [0, 3, 1, 4, 2, 5],
        };
        Ok(parts.f_view(cells)?.f_permute(order)?.f_reshape([n, h, w, channels])?)
    }
}

/// Normalises, applies attention within each part and adds the result to the input; then mixes the
/// channels of each pixel in the same way.
#[derive(Debug)]
pub(super) struct PartitionAttention {
    partition: Partition,
    /// The side of a part, in pixels.
    side: i64,
    norm: LayerNorm,
    attention: Attention,
    /// A factor on the attention's output; `None` if there is none or it is folded into the attention.
    gamma: Option<Tensor>,
    mlp: Mlp,
}

impl PartitionAttention {
    pub fn new(path: &Path, config: &Config, channels: i64, partition: Partition) -> Result<Self> {
        let eps = config.reading.layer_eps();
        let gamma = |name| {
            let factors = config
                .layer_scale
                .map(|first| (path / name).f_var("gamma", &[channels], Init::Const(first)));
            factors.transpose()
        };
        let shape = MlpShape {
            channels,
            eps,
            activation: config.reading.attention_activation(),
            pointwise: false,
        };
        let names = (&(path / "norm2"), &(path / "mlp"));
        Ok(Self {
            partition,
            side: config.window(),
            norm: LayerNorm::new(&(path / "norm1"), channels, eps)?,
            attention: Attention::new(&(path / "attn"), config, channels)?,
            gamma: gamma("ls1")?,
            mlp: Mlp::new(names, shape, gamma("ls2")?, Linear::glorot)?,
        })
    }

    /// # Shapes
    /// `[n, h, w, channels]` to `[n, h, w, channels]`; `h` and `w` are multiples of the side.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let parts = self.partition.split(&self.norm.forward(x)?, self.side)?;
        let mut attended = self.attention.forward(&parts)?;
        if let Some(gamma) = &self.gamma {
            attended = attended.f_mul(gamma)?;
        }
        let x = x.f_add(&self.partition.join(&attended, x, self.side)?)?;
        Ok(self.mlp.forward(&x)?.f_add_(&x)?)
    }
}

impl Layer for PartitionAttention {
    fn in_form(&self, form: Form) -> Result<Self> {
        let Self { partition, side, .. } = *self;
        let (norm, attention, gamma) = match form {
            Form::Folded => {
                (self.norm.bare(), self.attention.folded(&self.norm, self.gamma.as_ref())?, None)
            }
            Form::Detached | Form::Training(_) | Form::Of(_) | Form::Mixed(_) => {
                (self.norm.in_form(form)?, self.attention.in_form(form)?, self.gamma.in_form(form)?)
            }
        };
        Ok(Self { partition, side, norm, attention, gamma, mlp: self.mlp.in_form(form)? })
    }
}

/// Multi-head attention within each part.
#[derive(Debug)]
struct Attention {
    /// The queries, keys and values of all heads.
    qkv: Linear,
    position: RelativePosition,
    project: Linear,
    reading: Reading,
}

impl Attention {
    fn new(path: &Path, config: &Config, channels: i64) -> Result<Self> {
        let linear = |name, outputs| {
            let first = Linear::glorot(channels, outputs);
            Linear::new(&(path / name), channels, outputs, false, first)
        };
        Ok(Self {
            qkv: linear("qkv", 3 * channels)?,
            position: RelativePosition::new(&(path / "rel_pos"), config, channels)?,
            project: linear("proj", channels)?,
            reading: config.reading,
        })
    }

    /// # Shapes
    /// `[parts, area, channels]` to `[parts, area, channels]`.
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (parts, area, channels) = x.size3()?;
        let heads = channels / HEAD;
        let qkv = self.qkv.forward(x)?;
        // Each tensor is `[parts, heads, area, HEAD]`.
        let qkv = match self.reading {
            Reading::Timm => {
                qkv.f_view([parts, area, heads, 3 * HEAD])?.f_transpose(1, 2)?.f_chunk(3, 3)?
            }
            Reading::Google => {
                qkv.f_view([parts, area, 3, heads, HEAD])?.f_transpose(1, 3)?.f_unbind(2)?
            }
        };
        let [query, key, value] = &qkv[..] else {
            let problem = format!("an attention has {} parts instead of 3", qkv.len());
            return Err(zoobot_base::Error::Internal(problem));
        };
        let mask = Some(self.position.forward()?);
        let attended = Tensor::f_scaled_dot_product_attention(
            query, key, value, mask, 0.0, false, None, false,
        )?;
        self.project.forward(&attended.f_transpose(1, 2)?.f_reshape([parts, area, channels])?)
    }

    /// The folded form, with the normalisation before it and a factor on its result.
    fn folded(&self, norm: &LayerNorm, gamma: Option<&Tensor>) -> Result<Self> {
        Ok(Self {
            qkv: self.qkv.folded_behind(norm)?,
            position: self.position.in_form(Form::Folded)?,
            project: self.project.folded_before(gamma)?,
            reading: self.reading,
        })
    }
}

impl Layer for Attention {
    fn in_form(&self, form: Form) -> Result<Self> {
        Ok(Self {
            qkv: self.qkv.in_form(form)?,
            position: self.position.in_form(form)?,
            project: self.project.in_form(form)?,
            reading: self.reading,
        })
    }
}
