//! The interrupt flag: a SIGINT to the process that runs the cells sets it; long calls check it
//! between batches and return [`Error::Interrupted`](crate::Error::Interrupted). The loops of a
//! cell check it too. A background job has its own [`CancelToken`], and a cell that was left
//! behind counts as stopped.

mod job;
mod left;

pub use job::CancelToken;
pub use left::{Stopped, begin_run, end_run, is_left, is_undisturbed, leave_run, undisturbed};

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

static FLAG: AtomicBool = AtomicBool::new(false);
/// Whether anything at all is asked to stop: the only flag that the loops of a cell read at every step.
static ASKED: AtomicBool = AtomicBool::new(false);
/// The number of cancelled jobs and left cells that still run.
static LEAVING: AtomicUsize = AtomicUsize::new(0);

/// Whether the user asked for a stop since the last [`clear`]; in a background job, whether the job was
/// cancelled.
pub fn requested() -> bool {
    match CancelToken::here() {
        Some(job) => job.is_cancelled(),
        None => FLAG.load(Ordering::Relaxed) || is_left(),
    }
}

/// Asks the running call to stop at its next step, as the stop button does.
pub fn request() {
    FLAG.store(true, Ordering::Relaxed);
    ASKED.store(true, Ordering::Relaxed);
}

/// Waits, for a second at most, for a request that the kernel has already announced in another way.
/// The kernel sends the signal first, but the system may deliver it last, and a signal that arrives
/// after its cell would stop the next one.
#[doc(hidden)]
pub fn wait_for_request() {
    for _ in 0..1000 {
        if FLAG.load(Ordering::Relaxed) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

/// Forgets a request: the kernel calls this after each cell.
pub fn clear() {
    FLAG.store(false, Ordering::Relaxed);
    ASKED.store(false, Ordering::SeqCst);
    if LEAVING.load(Ordering::SeqCst) > 0 {
        ASKED.store(true, Ordering::SeqCst);
    }
}

/// Whether anything is being asked to stop, here or on another thread.
#[doc(hidden)]
#[inline]
pub fn is_anything_asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}

/// Counts a job that was cancelled or a cell that was left behind, while it still runs.
#[doc(hidden)]
pub fn leaving_begins() {
    LEAVING.fetch_add(1, Ordering::SeqCst);
    ASKED.store(true, Ordering::SeqCst);
}

/// Marks the end of such a job or cell.
#[doc(hidden)]
pub fn leaving_ends() {
    LEAVING.fetch_sub(1, Ordering::SeqCst);
}

/// Fails with [`Error::Interrupted`](crate::Error::Interrupted) when a stop was asked for.
pub fn check(during: &'static str, done: impl FnOnce() -> String) -> crate::Result<()> {
    if requested() {
        // Undisturbed, because in a cell the closure would itself check the stop button.
        return Err(crate::Error::Interrupted { during, done: undisturbed(done) });
    }
    Ok(())
}

/// Makes SIGINT set the flag instead of ending the process.
pub fn install() {
    extern "C" fn on_sigint(_: libc::c_int) {
        request();
    }
    // SAFETY: the handler only stores to atomics, which is async-signal-safe.
    unsafe {
        libc::signal(libc::SIGINT, on_sigint as *const () as libc::sighandler_t);
    }
}
