//! Asks the user of the notebook for input.

use super::in_kernel;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::sync::Mutex;
use zoobot_base::{Error, Result};

/// Allows one question at a time, across all threads.
static ASKING: Mutex<()> = Mutex::new(());

/// The environment variable with the descriptor for the kernel's replies.
const PIPE: &str = "ZOOBOT_KERNEL_REPLIES";

/// The kernel's reply.
#[derive(serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Reply {
    Answer(String),
    Refused(String),
    Interrupted(()),
}

/// Asks for a line of text below the running cell and waits for it.
///
/// # Errors
/// Outside a notebook, and if the front end takes no input (`nbconvert --execute`, papermill);
/// [`Error::Interrupted`] when the stop button is pressed instead.
///
/// # Example
/// ```no_run
/// let name = zoobot_core::notebook::input("Your name? ")?;
/// println!("Hello, {name}");
/// # Ok::<(), zoobot_core::Error>(())
/// ```
pub fn input(prompt: &str) -> Result<String> {
    ask(prompt, "EVCXR_INPUT_REQUEST")
}

/// Asks for a line of text like [`input`], without showing it while it is typed.
pub fn password(prompt: &str) -> Result<String> {
    ask(prompt, "EVCXR_INPUT_REQUEST_PASSWORD")
}

fn ask(prompt: &str, request: &str) -> Result<String> {
    let failed = |source| Error::Io { action: "read", path: asked(prompt), source };
    if !in_kernel() {
        let reason = "a question can be asked only in a notebook cell";
        return Err(failed(std::io::Error::other(reason)));
    }
    let _one = ASKING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    {
        let mut out = std::io::stdout().lock();
        // An empty message first: it ends an unfinished line, and shows nothing.
        writeln!(out, "{}{{\"kind\":\"pause\"}}\n{request}:{}", super::MARK, escaped(prompt))
            .and_then(|()| out.flush())
            .map_err(failed)?;
    }
    let line = reply().map_err(failed)?;
    match serde_json::from_str(&line)? {
        Reply::Answer(text) => Ok(text),
        Reply::Refused(reason) => Err(failed(std::io::Error::other(reason))),
        Reply::Interrupted(()) => {
            zoobot_base::interrupt::wait_for_request();
            Err(Error::Interrupted { during: "input", done: "nothing was answered".to_owned() })
        }
    }
}

/// The kernel's reply line. It does not use standard input, which belongs to the cell.
fn reply() -> std::io::Result<String> {
    let pipe = std::env::var(PIPE).ok().and_then(|number| number.parse().ok());
    let pipe: i32 = pipe.ok_or_else(|| std::io::Error::other("the kernel cannot ask questions"))?;
    // SAFETY: the kernel keeps this descriptor open for the lifetime of the process.
    let pipe = unsafe { BorrowedFd::borrow_raw(pipe) };
    let mut line = String::new();
    BufReader::new(File::from(pipe.try_clone_to_owned()?)).read_line(&mut line)?;
    Ok(line)
}

/// What an error calls an answer that could not be read.
fn asked(prompt: &str) -> PathBuf {
    PathBuf::from(format!("the answer to {:?}", prompt.trim()))
}

/// The prompt on one line and without colons, as the protocol with the kernel requires.
fn escaped(prompt: &str) -> String {
    let escape = |c: char| match c {
        ':' | '%' | '\n' | '\r' => format!("%{:02x}", u32::from(c)),
        c => c.to_string(),
    };
    prompt.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_of_a_notebook_a_question_is_refused_by_name() {
        let error = input("Which survey? ").unwrap_err().to_string();
        assert!(error.contains("Which survey?") && error.contains("notebook"), "{error}");
    }

    #[test]
    fn prompts_travel_on_one_line_without_colons() {
        assert_eq!(escaped("a: 50 %\nb"), "a%3a 50 %25%0ab");
    }
}
