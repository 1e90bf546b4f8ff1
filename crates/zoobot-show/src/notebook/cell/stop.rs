//! Makes the stop button work in the user's own code.
//!
//! The kernel inserts a [`stop_point`] at the start of every loop and closure of a cell, and
//! [`enter`](super::enter) at the start of every function. After a stop request, the thread unwinds from
//! there to the start of the cell, like a panic, and the variables are kept.
//!
//! A call without such points can only be left behind ([`zoobot_leave_cell`]): the kernel continues with
//! another thread, and the old thread sleeps forever once it returns to the code of the cell.

use super::RUNNING;
use crate::notebook::{Board, board};
use zoobot_base::interrupt;
use zoobot_base::interrupt::Stopped;

/// Unwinds this thread if cell number `cell`, to which the calling code belongs, should stop.
#[inline(never)]
pub fn stop_point(cell: u64) {
    if interrupt::is_anything_asked() {
        look_closer(cell);
    }
}

#[cold]
fn look_closer(cell: u64) {
    rest_if_left();
    // A second unwinding would end the process.
    if std::thread::panicking() || interrupt::is_undisturbed() {
        return;
    }
    // Threads that this cell started belong to it; those of earlier cells do not.
    let mine = || RUNNING.get() || board::running_cell() == cell;
    if interrupt::requested() && (Board::here().is_some() || mine()) {
        std::panic::resume_unwind(Box::new(Stopped));
    }
}

/// Marks the cell of this thread as ended: it can no longer be left behind.
pub(super) fn end() {
    rest_if_left();
    interrupt::end_run();
}

/// A thread whose cell was left behind must not touch the variables again, not even to drop them.
pub(super) fn rest_if_left() {
    if interrupt::is_left() {
        interrupt::leaving_ends();
        loop {
            std::thread::park();
        }
    }
}

/// Asks the next cell to stop: the button was pressed before the library was loaded.
#[unsafe(no_mangle)]
pub extern "C" fn zoobot_stop_cell() {
    interrupt::request();
}

/// Leaves the running cell behind: its thread sleeps as soon as it returns to the cell's code. Returns false
/// if the cell has ended in the meantime.
///
/// The process that runs the cells calls this from its main thread.
#[unsafe(no_mangle)]
pub extern "C" fn zoobot_leave_cell() -> bool {
    if !interrupt::leave_run() {
        return false;
    }
    super::variables::forget_new();
    interrupt::leaving_begins();
    interrupt::clear();
    super::say_left();
    true
}
