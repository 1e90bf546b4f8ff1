//! The network of all-MiniLM-L6-v2: a BERT with six small blocks.
//!
//! Devlin et al. 2019 (arXiv:1810.04805), Wang et al. 2020 (MiniLM, arXiv:2002.10957); weights from
//! <https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2>. The names of the weights are those
//! in its file.

use crate::encoder::Weights;
use serde::Deserialize;
use std::path::Path;
use tch::{Kind, Tensor};
use zoobot_base::error::{Error, Result};

/// The settings of the network in `config.json`.
#[derive(Debug, Clone, Deserialize)]
pub struct Config {
    hidden_size: i64,
    num_hidden_layers: usize,
    num_attention_heads: i64,
    layer_norm_eps: f64,
    max_position_embeddings: usize,
}

/// Weights and biases of a linear layer or a normalisation.
#[derive(Debug)]
struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.f_linear(&self.weight, Some(&self.bias))?)
    }
}

#[derive(Debug)]
struct Block {
    query: Linear,
    key: Linear,
    value: Linear,
    attended: Linear,
    attended_norm: Linear,
    wide: Linear,
    narrow: Linear,
    norm: Linear,
}

/// The network, which computes a vector for each token of a text.
#[derive(Debug)]
pub struct Bert {
    config: Config,
    words: Tensor,
    positions: Tensor,
    kind: Tensor,
    norm: Linear,
    blocks: Vec<Block>,
}

impl Bert {
    /// Reads the network from a folder with `config.json` and `model.safetensors`.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("config.json");
        let text = std::fs::read_to_string(&path).map_err(Error::io("read", &path))?;
        let config: Config = serde_json::from_str(&text)?;
        let path = folder.join("model.safetensors");
        let weights = Weights::read(&path)?;
        let tensor = |name: &str| {
            let found = weights.get(name).ok_or_else(|| Error::Weights {
                path: path.clone(),
                problem: format!("it has no {name}"),
                hint: "It is another network: use all-MiniLM-L6-v2".to_owned(),
            })?;
            Ok::<_, Error>(found.f_to_kind(Kind::Float)?)
        };
        let linear = |name: &str| {
            Ok::<_, Error>(Linear {
                weight: tensor(&format!("{name}.weight"))?,
                bias: tensor(&format!("{name}.bias"))?,
            })
        };
        let block = |i: usize| {
            let part = |name: &str| linear(&format!("encoder.layer.{i}.{name}"));
            Ok::<_, Error>(Block {
                query: part("attention.self.query")?,
                key: part("attention.self.key")?,
                value: part("attention.self.value")?,
                attended: part("attention.output.dense")?,
                attended_norm: part("attention.output.LayerNorm")?,
                wide: part("intermediate.dense")?,
                narrow: part("output.dense")?,
                norm: part("output.LayerNorm")?,
            })
        };
        Ok(Self {
            words: tensor("embeddings.word_embeddings.weight")?,
            positions: tensor("embeddings.position_embeddings.weight")?,
            kind: tensor("embeddings.token_type_embeddings.weight")?.f_get(0)?,
            norm: linear("embeddings.LayerNorm")?,
            blocks: (0..config.num_hidden_layers).map(block).collect::<Result<_>>()?,
            config,
        })
    }

    /// The number of values of a vector.
    pub fn width(&self) -> usize {
        self.config.hidden_size as usize
    }

    /// The maximum number of tokens of a text.
    pub fn longest(&self) -> usize {
        self.config.max_position_embeddings
    }

    /// Computes the vectors of the tokens. `there` is 1 for tokens and 0 for padding.
    ///
    /// # Shapes
    /// `numbers` (int64) and `there` (float): texts x tokens; the result: texts x tokens x width.
    pub fn forward(&self, numbers: &Tensor, there: &Tensor) -> Result<Tensor> {
        let (_, pieces) = numbers.size2()?;
        let x = Tensor::f_embedding(&self.words, numbers, -1, false, false)?;
        let x = x.f_add(&self.positions.f_narrow(0, 0, pieces)?)?.f_add(&self.kind)?;
        let mut x = self.normed(&x, &self.norm)?;
        // Padding gets no attention.
        let mask = there.f_neg()?.f_add_scalar(1.0)?.f_mul_scalar(-1e9)?;
        let mask = mask.f_unsqueeze(1)?.f_unsqueeze(1)?;
        for block in &self.blocks {
            let attended = block.attended.forward(&self.attention(&x, &mask, block)?)?;
            x = self.normed(&x.f_add(&attended)?, &block.attended_norm)?;
            let wide = block.wide.forward(&x)?.f_gelu("none")?;
            x = self.normed(&x.f_add(&block.narrow.forward(&wide)?)?, &block.norm)?;
        }
        Ok(x)
    }

    fn attention(&self, x: &Tensor, mask: &Tensor, block: &Block) -> Result<Tensor> {
        let (texts, pieces, width) = x.size3()?;
        let heads = self.config.num_attention_heads;
        let each = width / heads;
        let split = |part: &Linear| {
            let x = part.forward(x)?.f_view([texts, pieces, heads, each])?;
            Ok::<_, Error>(x.f_transpose(1, 2)?)
        };
        let (query, key, value) = (split(&block.query)?, split(&block.key)?, split(&block.value)?);
        let scores = query.f_matmul(&key.f_transpose(-2, -1)?)?;
        let scores = scores.f_div_scalar((each as f64).sqrt())?.f_add(mask)?;
        let shares = scores.f_softmax(-1, Kind::Float)?;
        let found = shares.f_matmul(&value)?.f_transpose(1, 2)?.f_contiguous()?;
        Ok(found.f_view([texts, pieces, width])?)
    }

    fn normed(&self, x: &Tensor, by: &Linear) -> Result<Tensor> {
        let (width, eps) = (self.config.hidden_size, self.config.layer_norm_eps);
        Ok(x.f_layer_norm([width], Some(&by.weight), Some(&by.bias), eps, false)?)
    }
}
