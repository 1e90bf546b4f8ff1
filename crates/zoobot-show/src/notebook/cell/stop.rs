//! The stop button for the user's own code.
//!
//! The kernel writes a [`stop_point`] at the head of every loop and closure of a cell, and
//! [`enter`](super::enter) at the head of every function. Where a stop was asked for, the thread
//! unwinds from there to the start of the cell, like a panic, and the variables are kept.
//!
//! A call that has no such points can only be left behind ([`zoobot_leave_cell`]): the kernel
//! continues with another thread, and the old one sleeps forever once it returns to the code of the
//! cell.

use super::RUNNING;
use crate::notebook::{Board, board};
use zoobot_base::interrupt;
use zoobot_base::interrupt::Stopped;

/// Unwinds this thread when cell number `cell`, to which the calling code belongs, is to stop.
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
    // The threads that a cell has started belong to it, those of earlier cells do not.
    let mine = || RUNNING.get() || board::running_cell() == cell;
    if interrupt::requested() && (Board::here().is_some() || mine()) {
        std::panic::resume_unwind(Box::new(Stopped));
    }
}

/// The cell of this thread has come to an end and cannot be left behind any more.
pub(super) fn end() {
    rest_if_left();
    interrupt::end_run();
}

/// A thread whose cell was left behind must not touch the variables again, not even to drop some.
pub(super) fn rest_if_left() {
    if interrupt::is_left() {
        interrupt::leaving_ends();
        loop {
            std::thread::park();
        }
    }
}

/// Asks the cell that is about to begin to stop: the button was pressed before the library was there.
#[unsafe(no_mangle)]
pub extern "C" fn zoobot_stop_cell() {
    interrupt::request();
}

/// Leaves the running cell behind: its thread rests as soon as it comes back to the cell's code.
/// False when the cell has ended after all.
///
/// The process that runs the cells calls it from its main thread.
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
