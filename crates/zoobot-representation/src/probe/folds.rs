//! Divides galaxies into folds.

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use zoobot_base::error::{Error, Result};
use zoobot_data::catalog::Target;

/// Assigns each galaxy to a fold. Fold sizes differ by at most one galaxy, and classes are stratified.
pub fn divide(target: &Target, count: usize, seed: u64) -> Result<Vec<usize>> {
    let too_few = |what: String| {
        let problem = format!("{what}, but each of the {count} folds needs one");
        Error::unsuitable(problem, "Take fewer folds, or give more galaxies")
    };
    let mut order: Vec<usize> = (0..target.len()).collect();
    order.shuffle(&mut StdRng::seed_from_u64(seed));
    match target {
        Target::Classes { names, of } => {
            for (class, name) in names.iter().enumerate() {
                let galaxies = of.iter().filter(|&&it| it == class).count();
                if galaxies < count {
                    return Err(too_few(format!(
                        "the class {name:?} has only {galaxies} galaxies"
                    )));
                }
            }
            // The sort is stable, so the order within a class stays random.
            order.sort_by_key(|&row| of[row]);
        }
        Target::Numbers(values) if values.len() < count => {
            return Err(too_few(format!("only {} galaxies have a label", values.len())));
        }
        Target::Numbers(_) => {}
    }
    let mut folds = vec![0; target.len()];
    order.into_iter().enumerate().for_each(|(place, row)| folds[row] = place % count);
    Ok(folds)
}

/// The galaxies outside a fold, to fit on, and those inside, to predict.
pub fn part(folds: &[usize], fold: usize) -> (Vec<usize>, Vec<usize>) {
    (0..folds.len()).partition(|&row| folds[row] != fold)
}
