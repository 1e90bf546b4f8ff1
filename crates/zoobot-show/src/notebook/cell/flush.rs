//! Flushes output without a line break, such as `print!(".")`, while a cell runs.

use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Thread;
use std::time::Duration;

const PAUSE: Duration = Duration::from_millis(200);

static RUNNING: AtomicBool = AtomicBool::new(false);
static FLUSHER: OnceLock<Thread> = OnceLock::new();

/// Starts the flushing thread. If that fails, such output appears at the end of the cell.
pub(super) fn start() {
    let work = || {
        loop {
            if RUNNING.load(Ordering::SeqCst) {
                std::thread::park_timeout(PAUSE);
                // If standard output is closed, the error cannot be reported.
                let _ = std::io::stdout().flush();
            } else {
                std::thread::park();
            }
        }
    };
    if let Ok(thread) = std::thread::Builder::new().name("flush".into()).spawn(work) {
        let _ = FLUSHER.set(thread.thread().clone());
    }
}

/// Called when the statements of a cell begin.
pub(super) fn begin() {
    RUNNING.store(true, Ordering::SeqCst);
    if let Some(thread) = FLUSHER.get() {
        thread.unpark();
    }
}

/// Called when they have ended.
pub(super) fn end() {
    RUNNING.store(false, Ordering::SeqCst);
}
