//! Functions that generated code in a notebook cell calls: to keep variables between cells, to report how the
//! cell ended, and to show its last expression. Only the kernel generates these calls.

mod columns;
mod flush;
mod shown;
mod stack;
mod stop;
mod variables;

pub use columns::{TableOf, look_into};
pub use shown::{DebugDisplay, ShowDisplay, show_debug, show_name};
pub use stack::enter;
pub use stop::stop_point;
pub use variables::{keep, keep_new, load};

use super::{Board, MARK, begin_cell, in_kernel};
use std::any::Any;
use std::cell::Cell;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use zoobot_base::interrupt::Stopped;

/// How a cell ended.
pub type Ended = Result<(), Failure>;

/// The reason why a cell ended early: an error from `?`, a panic, or the stop button.
#[derive(Debug)]
pub struct Failure(Reason);

#[derive(Debug)]
enum Reason {
    Error(Box<dyn std::error::Error>),
    /// A panic that has already been reported.
    Panic,
    Stopped,
}

/// Lets `?` accept every error type, and texts.
impl<E: Into<Box<dyn std::error::Error>>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(Reason::Error(error.into()))
    }
}

thread_local! {
    /// Whether this thread runs a cell: only panics on this thread end the cell.
    static RUNNING: Cell<bool> = const { Cell::new(false) };
    /// Whether the panic hook has reported a panic of the running cell.
    static REPORTED: Cell<bool> = const { Cell::new(false) };
}

/// The first call of cell number `cell`. Prepares the process on first use: the stop button keeps the
/// variables, and panics are reported to the notebook.
pub fn begin(cell: u64) {
    begin_cell(cell);
    zoobot_base::interrupt::begin_run();
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        zoobot_base::interrupt::install();
        flush::start();
        let printed = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !in_kernel() {
                printed(panic);
            } else if RUNNING.get() {
                stop::rest_if_left();
                report_panic(panic);
            } else if Board::here().is_none() {
                // A job's panic is reported with its result.
                let thread = std::thread::current();
                let name = thread.name().map(|name| format!(" `{name}`")).unwrap_or_default();
                eprintln!("a thread{name} panicked: {}", payload(panic.payload()));
            }
        }));
    });
}

/// Runs the user's statements; a panic becomes a [`Failure`].
pub fn attempt(statements: impl FnOnce() -> Ended) -> Ended {
    // The stop button may have been pressed while the cell was compiled.
    zoobot_base::interrupt::check("compiling", || "nothing was run".to_owned())?;
    tell(&serde_json::json!({"kind": "begin"}));
    RUNNING.set(true);
    REPORTED.set(false);
    flush::begin();
    let result = catch_unwind(AssertUnwindSafe(statements));
    flush::end();
    RUNNING.set(false);
    result.unwrap_or_else(|panic| {
        // A panic after the button was pressed comes from a stopped thread, or from a lock that it held.
        if panic.is::<Stopped>() || zoobot_base::interrupt::requested() {
            return Err(Failure(Reason::Stopped));
        }
        if !REPORTED.get() {
            // The panic came from another thread.
            tell_panic(&payload(&*panic), None);
        }
        Err(Failure(Reason::Panic))
    })
}

/// The last call of a cell: keeps its new variables if it succeeded, and reports to the kernel.
pub fn finish(outcome: Ended) {
    stop::end();
    variables::settle(outcome.is_ok());
    zoobot_base::interrupt::clear();
    let columns = columns::take(outcome.is_ok());
    if !columns.is_empty() {
        tell(&serde_json::json!({"kind": "columns", "columns": columns}));
    }
    match outcome {
        Ok(()) => tell(&serde_json::json!({"kind": "done"})),
        Err(Failure(Reason::Panic)) => {}
        Err(Failure(Reason::Stopped)) => tell(&serde_json::json!({
            "kind": "error", "message": STOPPED, "interrupted": true,
        })),
        Err(Failure(Reason::Error(error))) => report_error(error.as_ref()),
    }
    end_streams();
}

const STOPPED: &str = "the cell was stopped. The variables of earlier cells are kept, with what it \
    has changed in them so far; those that it would have made are not there";

/// Called instead of the statements when the variable `name` is missing, or does not have the type that the
/// kernel expects.
pub fn lost(name: &str) {
    stop::end();
    variables::settle(false);
    tell(&serde_json::json!({"kind": "lost", "name": name}));
    end_streams();
}

fn report_error(error: &(dyn std::error::Error + 'static)) {
    let interrupted = matches!(
        error.downcast_ref::<zoobot_base::Error>(),
        Some(zoobot_base::Error::Interrupted { .. })
    );
    let message = error.to_string();
    let mut causes = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        // Many errors repeat their cause in their own message.
        if !message.contains(&text) && !causes.contains(&text) {
            causes.push(text);
        }
        source = cause.source();
    }
    tell(&serde_json::json!({
        "kind": "error", "message": message, "causes": causes, "interrupted": interrupted,
    }));
}

fn report_panic(panic: &std::panic::PanicHookInfo<'_>) {
    if zoobot_base::interrupt::requested() {
        return;
    }
    REPORTED.set(true);
    tell_panic(&payload(panic.payload()), panic.location());
}

fn tell_panic(message: &str, location: Option<&std::panic::Location<'_>>) {
    let place = location
        .map(|at| serde_json::json!({"file": at.file(), "line": at.line(), "column": at.column()}));
    tell(&serde_json::json!({"kind": "panic", "message": message, "place": place}));
}

fn payload(payload: &(dyn Any + Send)) -> String {
    match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (None, Some(text)) => text.clone(),
        (None, None) => "a panic without a message".to_owned(),
    }
}

fn tell(message: &serde_json::Value) {
    let mut out = std::io::stdout().lock();
    // If standard output is closed, the error cannot be reported.
    let _ = writeln!(out, "{MARK}{message}").and_then(|()| out.flush());
}

/// Marks the end of the cell's output on both streams, so that the kernel knows that it is complete.
fn end_streams() {
    tell(&serde_json::json!({"kind": "end"}));
    let mut err = std::io::stderr().lock();
    let _ = writeln!(err, "{MARK}{{\"kind\":\"end\"}}").and_then(|()| err.flush());
}

/// Reports that the cell was left behind. Its thread may hold the locks of the streams.
fn say_left() {
    let end = format!("{MARK}{{\"kind\":\"end\"}}\n");
    let left = format!("{MARK}{{\"kind\":\"left\"}}\n{end}");
    for (stream, text) in [(libc::STDOUT_FILENO, left), (libc::STDERR_FILENO, end)] {
        // SAFETY: the pointer and the length belong to `text`. Writes this short are not split.
        let _ = unsafe { libc::write(stream, text.as_ptr().cast(), text.len()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fails<E: Into<Box<dyn std::error::Error>>>(error: E) -> Ended {
        Err(error)?;
        Ok(())
    }

    #[test]
    fn question_mark_takes_errors_texts_and_boxed_errors() {
        let boxed: Box<dyn std::error::Error> = "boxed".into();
        for outcome in [
            fails("x".parse::<f64>().unwrap_err()),
            fails("a text"),
            fails(String::from("a text")),
            fails(boxed),
            fails(zoobot_base::Error::Figure("no points".into())),
        ] {
            assert!(matches!(outcome, Err(Failure(Reason::Error(_)))));
        }
    }

    #[test]
    fn a_panic_ends_the_attempt_and_not_the_process() {
        let outcome = attempt(|| panic!("no"));
        assert!(matches!(outcome, Err(Failure(Reason::Panic))));
    }

    #[test]
    fn a_stopped_cell_is_neither_a_panic_nor_an_error() {
        let outcome = attempt(|| std::panic::resume_unwind(Box::new(Stopped)));
        assert!(matches!(outcome, Err(Failure(Reason::Stopped))));
    }

    #[test]
    fn panic_messages_are_read_from_both_kinds_of_text() {
        assert_eq!(payload(&"plain"), "plain");
        assert_eq!(payload(&String::from("made")), "made");
        assert_eq!(payload(&1_u8), "a panic without a message");
    }
}
