//! The destination of displays: below the running cell or, from a background job, below the cell that started
//! it, at any time.

use super::{Bundle, MARK, display_message, in_kernel};
use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use zoobot_base::interrupt::CancelToken;

/// Jupyter's number for the running cell.
static CELL: AtomicU64 = AtomicU64::new(0);
/// The environment variable with the pipe on which jobs reach the kernel while no cell runs.
const PIPE: &str = "ZOOBOT_KERNEL_JOBS";

thread_local! {
    /// The board of the job that this thread belongs to.
    static HERE: RefCell<Option<Arc<Board>>> = const { RefCell::new(None) };
}

/// The displays of a background job.
#[doc(hidden)]
#[derive(Debug)]
pub struct Board {
    cell: AtomicU64,
    /// The token that stops the job.
    token: Arc<CancelToken>,
    /// The latest version of each display, in the order of first appearance.
    shown: Mutex<Vec<(String, Bundle)>>,
}

impl Board {
    /// Creates a board for a job of the running cell.
    #[doc(hidden)]
    pub fn new() -> Arc<Self> {
        let cell = AtomicU64::new(CELL.load(Ordering::Relaxed));
        Arc::new(Self { cell, token: Arc::default(), shown: Mutex::default() })
    }

    /// Makes this board current for the thread.
    #[doc(hidden)]
    pub fn enter(self: &Arc<Self>) {
        self.token.enter();
        HERE.set(Some(Arc::clone(self)));
    }

    /// The board of this thread, if it belongs to a job.
    #[doc(hidden)]
    pub fn here() -> Option<Arc<Self>> {
        HERE.with_borrow(Clone::clone)
    }

    /// The token that stops the job.
    pub fn token(&self) -> &CancelToken {
        &self.token
    }

    /// Shows all displays again below the running cell; updates reach both places.
    #[doc(hidden)]
    pub fn show_again(&self) {
        self.cell.store(CELL.load(Ordering::Relaxed), Ordering::Relaxed);
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, bundle) in shown.iter() {
            print(bundle, Some(id), false);
        }
    }

    fn send(&self, bundle: &Bundle, id: Option<&str>, update: bool) {
        if let Some(id) = id {
            let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
            match shown.iter_mut().find(|(known, _)| known == id) {
                Some((_, old)) => *old = bundle.clone(),
                None => shown.push((id.to_owned(), bundle.clone())),
            }
        }
        let mut message = display_message(bundle, id, update);
        message["cell"] = self.cell.load(Ordering::Relaxed).into();
        // Without a kernel there is nothing to show.
        if let Some(pipe) = pipe() {
            let mut pipe = pipe.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = pipe.write_all(format!("{message}\n").as_bytes());
        }
    }
}

/// Records the number of a cell that begins.
pub(crate) fn begin_cell(number: u64) {
    CELL.store(number, Ordering::Relaxed);
}

/// Jupyter's number for the running or last cell.
pub(crate) fn running_cell() -> u64 {
    CELL.load(Ordering::Relaxed)
}

/// Shows a bundle on `board`, or else below the running cell.
pub(crate) fn send(board: Option<&Board>, bundle: &Bundle, id: Option<&str>, update: bool) {
    match board {
        Some(board) => board.send(bundle, id, update),
        None => print(bundle, id, update),
    }
}

fn print(bundle: &Bundle, id: Option<&str>, update: bool) {
    let mut out = std::io::stdout().lock();
    // If standard output is closed, the error cannot be reported.
    let _ = if in_kernel() {
        writeln!(out, "{MARK}{}", display_message(bundle, id, update))
    } else {
        writeln!(out, "{}", bundle.get("text/plain").unwrap_or_default())
    };
    let _ = out.flush();
}

fn pipe() -> Option<&'static Mutex<File>> {
    static OPEN: OnceLock<Option<Mutex<File>>> = OnceLock::new();
    let open = || {
        let path = std::env::var_os(PIPE)?;
        OpenOptions::new().append(true).open(path).ok().map(Mutex::new)
    };
    OPEN.get_or_init(open).as_ref()
}
