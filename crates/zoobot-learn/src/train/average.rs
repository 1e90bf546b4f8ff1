//! A moving average of the weights, which often performs better than the weights themselves.

use super::optimizer::Optimizer;
use tch::nn::VarStore;
use tch::{Tensor, no_grad};
use zoobot_base::error::{Error, Result};

/// An exponential moving average of a network: of its weights and, as in timm, of the statistics of its
/// normalisation layers.
#[derive(Debug)]
pub struct Average {
    keep: f64,
    updates: u64,
    /// Each tensor of the network with its average.
    parts: Vec<(Tensor, Tensor)>,
}

impl Average {
    /// Creates an average that keeps the fraction `keep` of itself at each update (0.999 is usual). The first
    /// updates keep less, so that the random initial weights are soon forgotten.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless `keep` is at least 0 and below 1.
    pub fn new(store: &VarStore, optimizer: &Optimizer, keep: f64) -> Result<Self> {
        if !(0.0..1.0).contains(&keep) {
            return Err(Error::parameter("average", keep, "at least 0 and below 1"));
        }
        let mut fixed: Vec<(String, Tensor)> = store
            .variables()
            .into_iter()
            .filter(|(_, it)| !it.requires_grad() && it.is_floating_point())
            .collect();
        fixed.sort_by(|a, b| a.0.cmp(&b.0));
        let live = optimizer.weights().map(Tensor::shallow_clone);
        let live = live.chain(fixed.into_iter().map(|(_, tensor)| tensor));
        let parts = no_grad(|| {
            live.map(|live| copied(&live).map(|average| (live, average))).collect::<Result<_>>()
        })?;
        Ok(Self { keep, updates: 0, parts })
    }

    /// Moves the average towards the current weights; call it after each step.
    ///
    /// # Errors
    /// [`Error::Torch`] when memory runs out.
    pub fn update(&mut self) -> Result<()> {
        self.updates += 1;
        let seen = self.updates as f64;
        let keep = self.keep.min(seen / (10.0 + seen));
        no_grad(|| {
            for (live, average) in &mut self.parts {
                let _ = average.f_lerp_(live, 1.0 - keep)?;
            }
            Ok(())
        })
    }

    /// Swaps the network's weights with the average. A second call swaps them back.
    ///
    /// # Errors
    /// [`Error::Torch`] when memory runs out.
    pub fn exchange(&mut self) -> Result<()> {
        no_grad(|| {
            for (live, average) in &mut self.parts {
                let weights = copied(live)?;
                live.f_copy_(average)?;
                average.f_copy_(&weights)?;
            }
            Ok(())
        })
    }

    pub(super) fn state(&self) -> Vec<(String, Tensor)> {
        let parts = self.parts.iter().enumerate();
        parts.map(|(i, (_, average))| (format!("average.{i}"), average.shallow_clone())).collect()
    }

    pub(super) fn restore(
        &mut self,
        updates: u64,
        mut find: impl FnMut(&str, &Tensor) -> Result<()>,
    ) -> Result<()> {
        for (i, (_, average)) in self.parts.iter().enumerate() {
            find(&format!("average.{i}"), average)?;
        }
        self.updates = updates;
        Ok(())
    }
}

/// A copy in separate memory.
fn copied(tensor: &Tensor) -> Result<Tensor> {
    let mut copy = tensor.f_detach()?.f_zeros_like()?;
    copy.f_copy_(tensor)?;
    Ok(copy)
}
