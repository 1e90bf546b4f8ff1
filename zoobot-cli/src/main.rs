//! The program `zoobot`.

use std::process::ExitCode;

fn main() -> ExitCode {
    zoobot_cli::zoobot()
}
