//! Advice in the reader's own terms: code in a notebook, options on the command line.
//!
//! Errors, notes and plans read alike in both; only the advice in them differs. All advice that names
//! code comes from this module.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether this process is the command `zoobot`.
static COMMAND: AtomicBool = AtomicBool::new(false);

/// Makes all further advice in this process name options and files of the command `zoobot` in place
/// of code. The command calls it once at its start; without the call, advice is for a notebook.
///
/// ```
/// use zoobot_core::{advice, model::Model};
/// advice::for_command();
/// let error = Model::load("no such folder").unwrap_err().to_string();
/// assert!(!error.contains("::"));
/// ```
pub fn for_command() {
    COMMAND.store(true, Ordering::Relaxed);
}

/// Whether the reader is at the command line.
#[doc(hidden)]
pub fn is_for_command() -> bool {
    COMMAND.load(Ordering::Relaxed)
}

/// Chooses between two forms of a piece of advice: code in a notebook, options at the command line.
#[doc(hidden)]
pub fn advice(notebook: impl Into<String>, command: impl Into<String>) -> String {
    if is_for_command() { command.into() } else { notebook.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The command's own tests cover the other form, because the setting holds for a whole process.
    #[test]
    fn a_process_that_is_not_the_command_gives_advice_for_a_notebook() {
        assert_eq!(advice("galaxies.pca(2)?", "--pca 2"), "galaxies.pca(2)?");
    }
}
