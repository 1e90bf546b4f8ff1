//! Cells that were left behind: their thread continues for a while, but its results no longer
//! count.

use std::cell::Cell;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The panic payload that unwinds a thread to stop it.
#[derive(Debug)]
pub struct Stopped;

/// The running cell; cells are counted from the start of the process.
#[derive(Debug)]
struct Run {
    number: u64,
    ended: bool,
}

static RUN: Mutex<Run> = Mutex::new(Run { number: 0, ended: true });

thread_local! {
    /// The number of the cell that this thread runs; 0 if it runs no cell.
    static MINE: Cell<u64> = const { Cell::new(0) };
    /// Whether this thread must not be stopped now.
    static UNDISTURBED: Cell<bool> = const { Cell::new(false) };
}

/// Runs code of a cell that must finish even if the stop button is pressed.
pub fn undisturbed<T>(code: impl FnOnce() -> T) -> T {
    let before = UNDISTURBED.replace(true);
    let value = code();
    UNDISTURBED.set(before);
    value
}

/// Whether this thread runs code within [`undisturbed`].
pub fn is_undisturbed() -> bool {
    UNDISTURBED.get()
}

/// Marks the beginning of a cell on this thread.
pub fn begin_run() {
    let mut run = run();
    *run = Run { number: run.number + 1, ended: false };
    MINE.set(run.number);
    UNDISTURBED.set(false);
}

/// Marks the running cell as finished, so that it can no longer be left behind.
pub fn end_run() {
    run().ended = true;
}

/// Leaves the running cell behind; false if it has ended already.
pub fn leave_run() -> bool {
    let mut run = run();
    if run.ended {
        return false;
    }
    *run = Run { number: run.number + 1, ended: true };
    true
}

/// Whether this thread runs a cell that was left behind.
pub fn is_left() -> bool {
    match MINE.get() {
        0 => false,
        mine => mine != run().number,
    }
}

fn run() -> MutexGuard<'static, Run> {
    RUN.lock().unwrap_or_else(PoisonError::into_inner)
}
