//! `zoobot zooniverse`.

mod export;
mod import;
mod retire;

use clap::{Args, Subcommand};
use export::Export;
use import::Import;
use retire::Retire;
use std::process::ExitCode;
use zoobot_core::Result;

/// Ask the volunteers of the Zooniverse: write subject sets, read their answers, retire galaxies.
#[derive(Debug, Args)]
pub struct Zooniverse {
    #[command(subcommand)]
    which: Which,
}

#[derive(Debug, Subcommand)]
enum Which {
    Export(Export),
    Import(Import),
    Retire(Retire),
}

impl Zooniverse {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        match &self.which {
            Which::Export(command) => command.run(),
            Which::Import(command) => command.run(),
            Which::Retire(command) => command.run(),
        }
    }
}
