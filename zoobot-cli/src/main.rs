//! The command `zoobot`: the library's work without a notebook.
//!
//! Results go to standard output (with `--json`, one JSON object on its last line), progress and
//! warnings to standard error. Exit status: 0 done, 2 bad input or a failure (one line on standard
//! error says what was wrong and what to do), 130 stopped by Ctrl-C.

use std::process::ExitCode;

fn main() -> ExitCode {
    zoobot_cli::zoobot()
}
