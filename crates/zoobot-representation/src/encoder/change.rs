//! Encoders derived from others: rounded, averaged, or for grey pictures.

use super::{Architecture, Encoder};
use tch::{Kind, Tensor, nn};
use zoobot_base::error::{Error, Result};
use zoobot_data::picture::{Grey, Recipe};

impl Encoder {
    /// Returns the encoder with its matrices and filters rounded to 16-bit floats (about three decimal
    /// places), so that [`save`](Self::save) needs half the space. It still computes in 32 bits;
    /// statistics and biases are not rounded.
    ///
    /// # Errors
    /// [`Error::Torch`] when memory runs out.
    pub fn rounded(&self) -> Result<Self> {
        self.with_weights(|_, value| match value.dim() > 1 {
            true => Ok(value.f_to_kind(Kind::Half)?),
            false => Ok(value.shallow_clone()),
        })
    }

    /// Averages the weights of several encoders (Wortsman et al. 2022, arXiv:2203.05482). An average of
    /// encoders that were trained from the same start combines their strengths and is no slower than a
    /// single encoder. The result has the name and the recipe of the first encoder.
    ///
    /// # Errors
    /// [`Error::Empty`] for no encoders; [`Error::Unsuitable`] for encoders of different architectures
    /// or recipes.
    pub fn average(encoders: &[&Self]) -> Result<Self> {
        let Some((first, others)) = encoders.split_first() else {
            return Err(Error::empty("there are no encoders to average", "Give one or more"));
        };
        for other in others {
            let both = [&first.architecture, &other.architecture].map(Architecture::name);
            if both[0] != both[1] {
                let problem = format!(
                    "encoders of different architectures ({} and {}) cannot be averaged",
                    both[0], both[1]
                );
                return Err(Error::unsuitable(problem, "Give encoders of the same architecture"));
            }
            if first.recipe != other.recipe {
                let problem = format!(
                    "encoders with different recipes ({:?} and {:?}) cannot be averaged",
                    first.recipe, other.recipe
                );
                return Err(Error::unsuitable(problem, "Give encoders with the same recipe"));
            }
        }
        let share = 1.0 / encoders.len() as f64;
        let others: Vec<_> =
            others.iter().map(|other| other.with_store(nn::VarStore::variables)).collect();
        first.with_weights(|name, value| {
            let mut sum = value.f_mul_scalar(share)?;
            for other in &others {
                let value = other.get(name);
                let value = value.ok_or_else(|| {
                    Error::Internal(format!("an encoder to average has no weights {name:?}"))
                })?;
                sum = sum.f_add(&value.f_to_device(first.device)?.f_mul_scalar(share)?)?;
            }
            Ok(sum)
        })
    }

    /// Builds this network with other weights, computed from each weight's name and value.
    fn with_weights(&self, change: impl Fn(&str, &Tensor) -> Result<Tensor>) -> Result<Self> {
        self.remade(self.name.clone(), self.architecture.clone(), self.recipe.clone(), change)
    }

    /// Builds an encoder of another architecture whose weights have the same names.
    fn remade(
        &self,
        name: String,
        architecture: Architecture,
        recipe: Recipe,
        change: impl Fn(&str, &Tensor) -> Result<Tensor>,
    ) -> Result<Self> {
        let store = nn::VarStore::new(self.device);
        let network = architecture.build(&store.root(), 0)?;
        let kept = self.with_store(nn::VarStore::variables);
        tch::no_grad(|| {
            for (name, mut variable) in store.variables() {
                let Some(value) = kept.get(&name) else { continue };
                variable.f_copy_(&change(&name, value)?)?;
            }
            Ok::<_, Error>(())
        })?;
        Self::of_store(name, architecture, network, store, recipe)
    }

    /// Returns an encoder for pictures in luminance. The weights for red, green and blue are summed, as
    /// timm does for one channel, so that a grey picture has the same features as it had with three
    /// equal channels. An encoder that already takes one channel is returned unchanged.
    ///
    /// # Errors
    /// [`Error::Unsuitable`] when its recipe normalises the three channels differently;
    /// [`Error::Torch`] when memory runs out.
    pub fn greyscale(&self) -> Result<Self> {
        if self.architecture.channels() == 1 {
            return Ok(self.clone());
        }
        let Recipe { mean, std, .. } = &self.recipe;
        let same = |values: &[f32; 3]| values.iter().all(|it| *it == values[0]);
        if !same(mean) || !same(std) {
            let problem = format!(
                "the three channels are normalised differently (mean {mean:?}, std {std:?}) and \
                 cannot become one"
            );
            let hint = "Give an encoder whose recipe normalises its channels alike";
            return Err(Error::unsuitable(problem, hint));
        }
        let architecture = self.architecture.clone().inputs(1);
        let first = architecture.first_weight();
        let recipe = self.recipe.clone().grey(Grey::Luma);
        let grey =
            self.remade(format!("grey {}", self.name), architecture, recipe, |name, it| {
                Ok(match name == first {
                    true => it.f_sum_dim_intlist([1_i64].as_slice(), true, it.kind())?,
                    false => it.shallow_clone(),
                })
            })?;
        Ok(grey.with_precision(self.precision))
    }
}
