//! A display whose content changes in place.

use super::board::{self, Board};
use super::{Bundle, Show};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// A place in the notebook where each value replaces the previous one, such as the figure of a training run
/// in progress.
///
/// It appears below the cell that first shows something in it. In a background [`Job`](super::Job) it keeps
/// updating after that cell has ended.
///
/// # Example
/// ```
/// use zoobot_core::figure::lines;
/// use zoobot_core::notebook::Live;
///
/// let live = Live::new();
/// let mut loss = Vec::new();
/// for epoch in 1..=3 {
///     loss.push(1.0 / f64::from(epoch));
///     let epochs: Vec<f64> = (1..=epoch).map(f64::from).collect();
///     live.show(&lines().series("training", &epochs, &loss).labels("epoch", "loss"));
/// }
/// ```
#[derive(Debug)]
pub struct Live {
    id: String,
    board: Option<Arc<Board>>,
    shown: AtomicBool,
}

impl Live {
    /// Creates an empty display.
    pub fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let id = format!("zoobot-{}-{}-{count}", std::process::id(), now.as_nanos());
        Self { id, board: Board::here(), shown: AtomicBool::new(false) }
    }

    /// Shows a value in place of the previous one.
    pub fn show(&self, value: &(impl Show + ?Sized)) {
        self.put(&value.show());
    }

    pub(crate) fn put(&self, bundle: &Bundle) {
        let update = self.shown.swap(true, Ordering::Relaxed);
        board::send(self.board.as_deref(), bundle, Some(&self.id), update);
    }

    /// Creates a display on the board of a job that has not started yet.
    pub(crate) fn on(board: &Arc<Board>) -> Self {
        Self { board: Some(Arc::clone(board)), ..Self::new() }
    }
}

impl Default for Live {
    fn default() -> Self {
        Self::new()
    }
}
