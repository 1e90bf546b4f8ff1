//! libtorch's random numbers: one generator for all that happens in a process.

use std::sync::{Mutex, PoisonError};

static GENERATOR: Mutex<()> = Mutex::new(());

/// What `draw` makes of random numbers that the seed alone decides: one thread at a time draws.
pub fn seeded<T>(seed: u64, draw: impl FnOnce() -> T) -> T {
    let _turn = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    tch::manual_seed(seed as i64);
    draw()
}
