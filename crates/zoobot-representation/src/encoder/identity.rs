//! The fingerprint of an encoder, and a check that its recipe fits its network.

use super::Architecture;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use tch::{Device, Tensor, nn};
use zoobot_base::error::{Error, Result};
use zoobot_data::picture::Recipe;
use zoobot_show::notebook::text::plural;

/// Checks that a network accepts the pictures that a recipe makes.
pub fn fits(recipe: &Recipe, architecture: &Architecture) -> Result<()> {
    recipe.check()?;
    let (made, taken) = (recipe.channels(), architecture.channels());
    if made as i64 != taken {
        let made = plural(made, "channel");
        let problem = format!("the recipe makes pictures of {made}, but the network takes {taken}");
        let hint = "Choose a recipe and a network with the same number of channels";
        return Err(Error::shape(problem, hint));
    }
    if let Some(taken) = architecture.size().filter(|size| recipe.size as i64 % size != 0) {
        let problem = format!(
            "the recipe makes pictures of {0} x {0} pixels, but the network takes {taken} x {taken} \
             or multiples of it",
            recipe.size
        );
        let hint = format!("Set the recipe's size to a multiple of {taken}");
        return Err(Error::shape(problem, hint));
    }
    Ok(())
}

/// See [`Encoder::fingerprint`](super::Encoder::fingerprint).
pub fn fingerprint(architecture: &Architecture, store: &nn::VarStore) -> Result<String> {
    let mut hash = Sha256::new();
    hash.update(architecture.name());
    if let Some(size) = architecture.size() {
        // With another window size, the same weights compute something else.
        hash.update(size.to_string());
    }
    let sorted: BTreeMap<String, Tensor> = store.variables().into_iter().collect();
    for (name, tensor) in sorted {
        // The number of training steps does not change what a network computes.
        if name.ends_with("num_batches_tracked") {
            continue;
        }
        let flat = tensor.f_detach()?.f_to_device(Device::Cpu)?.f_contiguous()?.f_view(-1)?;
        let bytes: Vec<u8> =
            Vec::<f32>::try_from(flat)?.into_iter().flat_map(f32::to_le_bytes).collect();
        hash.update(format!("\n{name} {:?}\n", tensor.size()));
        hash.update(bytes);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
