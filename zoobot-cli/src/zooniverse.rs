//! `zoobot zooniverse`.

mod import;

use clap::{Args, Subcommand};
use import::Import;
use std::process::ExitCode;
use zoobot_core::Result;

/// Ask the volunteers of the Zooniverse: read their answers.
#[derive(Debug, Args)]
pub struct Zooniverse {
    #[command(subcommand)]
    which: Which,
}

#[derive(Debug, Subcommand)]
enum Which {
    Import(Import),
}

impl Zooniverse {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        match &self.which {
            Which::Import(command) => command.run(),
        }
    }
}
