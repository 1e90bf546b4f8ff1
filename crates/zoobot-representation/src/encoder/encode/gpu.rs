//! The thread that feeds a GPU with the pictures that the cores prepare.
//!
//! A GPU runs kernels one after another, whichever thread launches them, and libtorch initialises itself
//! anew in each thread. One thread is therefore enough, while the cores keep preparing pictures.

use super::{Batch, ByRecipe, Networks, Rows};
use crate::encoder::{batch, numbers, views};
use std::sync::mpsc::{Receiver, SyncSender};
use tch::{Tensor, no_grad};
use zoobot_base::error::Result;

/// The first row of a batch, its rows without features, and its pictures prepared with each recipe. A
/// batch without a readable picture has no tensors.
pub(super) type Packed<'a> = (usize, Result<(Rows, ByRecipe<'a, Tensor>)>);

/// A batch that is being computed, with the features of each encoder in parts.
type Begun = (Rows, Vec<Vec<Tensor>>);

/// Passes batches through the networks until none is left or the receiver is gone. The features of a
/// batch are fetched after the next batch has been launched, so that the GPU always has work.
pub(super) fn run(networks: &Networks, packed: Receiver<Packed>, send: &SyncSender<Batch>) {
    let mut before: Option<(usize, Result<Begun>)> = None;
    for (first, packed) in packed {
        let begun = packed.and_then(|it| begin(networks, it));
        if let Some((first, begun)) = before.replace((first, begun))
            && send.send((first, begun.and_then(finish))).is_err()
        {
            return;
        }
    }
    if let Some((first, begun)) = before {
        // The receiver may already be gone.
        let _ = send.send((first, begun.and_then(finish)));
    }
}

fn begin(networks: &Networks, (rows, pictures): (Rows, ByRecipe<Tensor>)) -> Result<Begun> {
    let mut features = Vec::with_capacity(networks.len());
    for (encoder, network) in networks {
        let Some((recipe, packed)) = pictures.iter().find(|(of, _)| *of == encoder.recipe()) else {
            features.push(Vec::new());
            continue;
        };
        features.push(batch::in_memory(0..packed.size()[0] as usize, &mut |some| {
            let some = packed.f_narrow(0, some.start as i64, some.len() as i64)?;
            let pictures = recipe.seen(&some, encoder.device())?;
            no_grad(|| views::features(network, &pictures, encoder.views()))
        })?);
    }
    Ok((rows, features))
}

fn finish((rows, features): Begun) -> Result<Vec<Rows>> {
    let of_each = |parts: Vec<Tensor>| {
        let parts = parts.iter().map(numbers).collect::<Result<Vec<_>>>()?;
        Ok(Rows { features: parts.concat(), ..rows.clone() })
    };
    features.into_iter().map(of_each).collect()
}
