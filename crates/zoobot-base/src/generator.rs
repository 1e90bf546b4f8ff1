//! libtorch's random numbers, which come from one generator for the whole process.

use std::sync::{Mutex, PoisonError};

static GENERATOR: Mutex<()> = Mutex::new(());

/// Runs `draw` with libtorch's global generator seeded. One thread at a time does so, since that generator
/// belongs to the whole process.
pub fn seeded<T>(seed: u64, draw: impl FnOnce() -> T) -> T {
    let _turn = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    tch::manual_seed(seed as i64);
    draw()
}
