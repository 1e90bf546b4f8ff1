//! The stop button for code that calls nothing of ours but prints.
//!
//! A while after the button was pressed, the streams of the cell lead to a device that is always
//! full. The next `println!` panics, as Rust has it, and that panic ends the cell.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long calls that look at the flag themselves have to end in good order.
const GRACE: Duration = Duration::from_millis(300);
const LOOK: Duration = Duration::from_millis(50);
/// How std begins the message of that panic.
const PANIC: &str = "failed printing to std";

static STREAMS: Mutex<Streams> =
    Mutex::new(Streams { running: false, refused: false, asked: Duration::ZERO, open: None });

struct Streams {
    running: bool,
    refused: bool,
    /// For how long the cell has been asked to stop.
    asked: Duration,
    /// Standard output and error as they were, while nothing can be printed.
    open: Option<[OwnedFd; 2]>,
}

/// Starts to look at the stop button. Without another thread it stops only calls that look at it.
pub fn watch() {
    let look = || {
        loop {
            std::thread::sleep(LOOK);
            let mut streams = streams();
            if !streams.running || !crate::interrupt::requested() {
                continue;
            }
            streams.asked += LOOK;
            if streams.asked >= GRACE && streams.open.is_none() {
                // Where there is no such device, printing goes on.
                streams.open = refuse().ok();
                streams.refused = streams.open.is_some();
            }
        }
    };
    let _ = std::thread::Builder::new().name("stop button".into()).spawn(look);
}

/// The statements of a cell begin.
pub fn begin() {
    let mut streams = streams();
    (streams.running, streams.refused, streams.asked) = (true, false, Duration::ZERO);
}

/// The statements have ended: all can be printed again. Whether printing was refused.
pub fn end() -> bool {
    let mut streams = streams();
    streams.running = false;
    if let Some(open) = streams.open.take() {
        for (stream, target) in open.iter().zip([1, 2]) {
            put(stream, target);
        }
    }
    streams.refused
}

/// Whether a panic with this message is one we caused.
pub fn caused(message: &str) -> bool {
    message.starts_with(PANIC) && streams().refused
}

fn refuse() -> io::Result<[OwnedFd; 2]> {
    let full = File::options().write(true).open("/dev/full")?;
    let open =
        [io::stdout().as_fd().try_clone_to_owned()?, io::stderr().as_fd().try_clone_to_owned()?];
    for target in [1, 2] {
        put(&full, target);
    }
    Ok(open)
}

fn put(stream: &impl AsRawFd, target: i32) {
    // SAFETY: both are open descriptors of this process.
    unsafe {
        libc::dup2(stream.as_raw_fd(), target);
    }
}

fn streams() -> MutexGuard<'static, Streams> {
    STREAMS.lock().unwrap_or_else(PoisonError::into_inner)
}
