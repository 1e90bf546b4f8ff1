//! Turns endless recursion into a panic, which keeps the variables, instead of ending the process.

use super::stop::stop_point;
use std::cell::Cell;

/// The maximum stack that a recursion may use, in bytes; it is also limited to 7/8 of the stack.
const MOST: usize = 128 << 20;

thread_local! {
    /// The lowest stack address that functions of a cell may reach on this thread; `usize::MAX` until it is
    /// known.
    static LIMIT: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Called at the start of a function of cell number `cell`: panics if the stack is almost full, and is a
/// [`stop_point`].
#[inline(never)]
#[track_caller]
pub fn enter(cell: u64) {
    let here = 0_u8;
    let here = &raw const here as usize;
    if here < LIMIT.get() {
        look_closer(here);
    }
    stop_point(cell);
}

#[cold]
#[track_caller]
fn look_closer(here: usize) {
    if LIMIT.get() == usize::MAX {
        LIMIT.set(limit().unwrap_or(0));
    }
    // A second panic would end the process.
    if here < LIMIT.get() && !std::thread::panicking() {
        panic!(
            "stack overflow: the functions of this cell call each other too deeply. A recursion \
             needs a case that ends it; where it must go this deep, keep what is left to do in a \
             `Vec` and work it off in a loop"
        );
    }
}

/// The limit for the stack of this thread.
#[cfg(target_os = "linux")]
fn limit() -> Option<usize> {
    let (mut low, mut size) = (std::ptr::null_mut(), 0);
    // SAFETY: the attributes are initialised by the first call, read by the second, and destroyed.
    unsafe {
        let mut attributes = std::mem::zeroed();
        if libc::pthread_getattr_np(libc::pthread_self(), &raw mut attributes) != 0 {
            return None;
        }
        let read = libc::pthread_attr_getstack(&raw const attributes, &raw mut low, &raw mut size);
        libc::pthread_attr_destroy(&raw mut attributes);
        if read != 0 {
            return None;
        }
    }
    Some(low as usize + size - MOST.min(size / 8 * 7))
}

/// Other systems rely on the operating system's own guard.
#[cfg(not(target_os = "linux"))]
fn limit() -> Option<usize> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(unconditional_recursion)]
    fn endless(depth: u64) -> u64 {
        enter(u64::MAX);
        std::hint::black_box(endless(depth + 1) + depth)
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn endless_recursion_is_a_panic() {
        let result = std::thread::spawn(|| endless(0)).join();
        let panic = result.unwrap_err();
        assert!(panic.downcast_ref::<&str>().is_some_and(|text| text.contains("stack overflow")));
    }
}
