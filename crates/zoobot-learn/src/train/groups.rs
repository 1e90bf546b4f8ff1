//! Groups of variables by learning rate and weight decay.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tch::nn::VarStore;
use zoobot_base::error::{Error, Result};

/// Variables with the same learning rate and weight decay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// The factor of the learning rate.
    pub rate: f64,
    /// The weight decay: the fraction of the weights that a step at a learning rate of 1 removes.
    pub weight_decay: f64,
    /// The names of the variables, sorted.
    pub variables: Vec<String>,
}

/// Groups the trainable variables of a network as timm does.
///
/// `layers` lists the layers of an encoder from input to output, each by the prefixes of its variables' names
/// ([`Architecture::layers`](zoobot_representation::encoder::Architecture::layers) below a path). The rate of
/// layer i of n is multiplied by `layer_decay^(n − 1 − i)`, so that the layers nearest to the input learn
/// slowest; other variables, such as those of a head, have the full rate. Biases and the scales of
/// normalisation layers (vectors) do not decay. Variables without gradients are in no group: to freeze a
/// layer, turn off its gradients.
///
/// # Errors
/// [`Error::Parameter`] for a decay that is out of range; [`Error::Empty`] when no variable is trainable.
pub fn groups(
    store: &VarStore,
    layers: &[Vec<String>],
    layer_decay: f64,
    weight_decay: f64,
) -> Result<Vec<Group>> {
    if !(layer_decay > 0.0 && layer_decay <= 1.0) {
        return Err(Error::parameter("layer_decay", layer_decay, "above 0 and at most 1"));
    }
    if !(0.0..1.0).contains(&weight_decay) {
        return Err(Error::parameter("weight_decay", weight_decay, "at least 0 and below 1"));
    }
    let mut by_kind: BTreeMap<(usize, bool), Vec<String>> = BTreeMap::new();
    for (name, variable) in store.variables() {
        if !variable.requires_grad() {
            continue;
        }
        let holds = |layer: &Vec<String>| layer.iter().any(|start| name.starts_with(start));
        let above = layers.iter().position(holds).map_or(0, |i| layers.len() - 1 - i);
        by_kind.entry((above, variable.dim() > 1)).or_default().push(name);
    }
    if by_kind.is_empty() {
        return Err(Error::empty("all weights are frozen", "Leave some of them to train"));
    }
    let group = |((above, decays), mut variables): ((usize, bool), Vec<String>)| {
        variables.sort();
        let weight_decay = if decays { weight_decay } else { 0.0 };
        Group { rate: layer_decay.powi(above as i32), weight_decay, variables }
    };
    Ok(by_kind.into_iter().map(group).collect())
}
