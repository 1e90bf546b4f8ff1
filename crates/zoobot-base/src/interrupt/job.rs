//! Cancellation of background jobs.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// The states of a job.
const WORKING: u8 = 0;
const CANCELLED: u8 = 1;
const ENDED: u8 = 2;

thread_local! {
    /// The token of the job that this thread works for.
    static HERE: RefCell<Option<Arc<CancelToken>>> = const { RefCell::new(None) };
}

/// Asks one background job to stop; other jobs and cells go on.
///
/// ```
/// use zoobot_core::interrupt::CancelToken;
/// let token = CancelToken::default();
/// token.cancel();
/// assert!(token.is_cancelled());
/// token.end();
/// ```
#[derive(Debug, Default)]
pub struct CancelToken {
    /// One of [`WORKING`], [`CANCELLED`] and [`ENDED`].
    state: AtomicU8,
}

impl CancelToken {
    /// Makes this the token of the current thread.
    pub fn enter(self: &Arc<Self>) {
        HERE.set(Some(Arc::clone(self)));
    }

    /// The token of this thread, if it works for a job.
    pub fn here() -> Option<Arc<Self>> {
        HERE.with_borrow(Clone::clone)
    }

    /// Asks the job to stop at its next step.
    pub fn cancel(&self) {
        let (now, then) = (Ordering::SeqCst, Ordering::Relaxed);
        if self.state.compare_exchange(WORKING, CANCELLED, now, then).is_ok() {
            super::leaving_begins();
        }
    }

    /// Whether the job was asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.state.load(Ordering::Relaxed) == CANCELLED
    }

    /// Marks the job as ended.
    pub fn end(&self) {
        if self.state.swap(ENDED, Ordering::SeqCst) == CANCELLED {
            super::leaving_ends();
        }
    }
}
