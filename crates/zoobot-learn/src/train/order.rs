//! The order of galaxies: a function of the seed and the step alone, so that a resumed run sees the galaxies
//! of an uninterrupted one.

use rand::seq::SliceRandom;
use rand::{SeedableRng, rngs::StdRng};
pub use zoobot_base::seed::mixed;

/// Shuffles galaxies in each epoch and divides them into batches.
///
/// ```
/// use zoobot_core::train::Order;
/// let mut order = Order::new(10, 4, 7);
/// assert_eq!(order.batches(), 3);
/// assert_eq!((order.at(0).len(), order.at(2).len()), (4, 2));
/// ```
#[derive(Debug, Clone)]
pub struct Order {
    count: usize,
    batch: usize,
    seed: u64,
    /// The epoch that was last shuffled.
    epoch: Option<u64>,
    shuffled: Vec<usize>,
}

impl Order {
    /// An order for `count` galaxies in batches of `batch`, both at least 1; the last batch of an epoch may
    /// be smaller.
    pub fn new(count: usize, batch: usize, seed: u64) -> Self {
        Self { count: count.max(1), batch: batch.max(1), seed, epoch: None, shuffled: Vec::new() }
    }

    /// The number of batches in an epoch.
    pub fn batches(&self) -> u64 {
        self.count.div_ceil(self.batch) as u64
    }

    /// The indices of the galaxies of a step, counted from 0.
    pub fn at(&mut self, step: u64) -> &[usize] {
        let (epoch, place) = (step / self.batches(), (step % self.batches()) as usize);
        if self.epoch != Some(epoch) {
            self.shuffled = (0..self.count).collect();
            self.shuffled.shuffle(&mut StdRng::seed_from_u64(mixed(self.seed, epoch)));
            self.epoch = Some(epoch);
        }
        let start = place * self.batch;
        &self.shuffled[start..(start + self.batch).min(self.count)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_epoch_shows_every_galaxy_once_in_an_order_of_its_own() {
        let mut order = Order::new(10, 4, 7);
        let mut epoch = |first: u64| -> Vec<usize> {
            (first..first + 3).flat_map(|step| order.at(step).to_vec()).collect()
        };
        let (one, two) = (epoch(0), epoch(3));
        assert_ne!(one, two);
        for mut epoch in [one, two] {
            epoch.sort_unstable();
            assert_eq!(epoch, (0..10).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_step_shows_the_same_whatever_was_asked_before() {
        let (mut one, mut other) = (Order::new(100, 8, 3), Order::new(100, 8, 3));
        let all: Vec<Vec<usize>> = (0..40).map(|step| one.at(step).to_vec()).collect();
        assert_eq!(other.at(31), all[31]);
        assert_ne!(Order::new(100, 8, 4).at(0), all[0]);
    }
}
