//! The interrupt flag: a SIGINT to the process that runs the cells sets it, long calls look at it
//! between batches and return [`Error::Interrupted`](crate::Error::Interrupted).

use crate::notebook::Board;
use std::sync::atomic::{AtomicBool, Ordering};

static FLAG: AtomicBool = AtomicBool::new(false);

/// Whether the user asked for a stop since the last [`clear`]; in a background job, whether it was
/// cancelled.
pub fn requested() -> bool {
    match Board::here() {
        Some(job) => job.is_cancelled(),
        None => FLAG.load(Ordering::Relaxed),
    }
}

/// Asks the running call to stop at its next step, as the stop button does.
pub fn request() {
    FLAG.store(true, Ordering::Relaxed);
}

/// Forgets a request: the kernel calls this before each cell.
pub fn clear() {
    FLAG.store(false, Ordering::Relaxed);
}

/// Fails with [`Error::Interrupted`](crate::Error::Interrupted) when a stop was asked for.
pub fn check(during: &'static str, done: impl FnOnce() -> String) -> crate::Result<()> {
    if requested() {
        return Err(crate::Error::Interrupted { during, done: done() });
    }
    Ok(())
}

/// Makes SIGINT set the flag instead of ending the process.
pub fn install() {
    extern "C" fn on_sigint(_: libc::c_int) {
        FLAG.store(true, Ordering::Relaxed);
    }
    // SAFETY: the handler only stores to an atomic, which is async-signal-safe.
    unsafe {
        libc::signal(libc::SIGINT, on_sigint as *const () as libc::sighandler_t);
    }
}
