//! libtorch's random numbers, which come from one generator for the whole process.

use std::sync::{Mutex, PoisonError};

static GENERATOR: Mutex<()> = Mutex::new(());

/// Seeds libtorch's global generator and runs `draw`. Only one thread at a time does so, because the
/// generator is shared by the whole process.
pub fn seeded<T>(seed: u64, draw: impl FnOnce() -> T) -> T {
    let _turn = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    tch::manual_seed(seed as i64);
    draw()
}
