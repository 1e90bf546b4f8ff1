//! `zoobot experiment`.

mod rings;

use clap::{Args, Subcommand};
use rings::Rings;
use std::process::ExitCode;
use zoobot_core::Result;

/// Repeat a paper's experiment on your galaxies.
#[derive(Debug, Args)]
pub struct Experiment {
    #[command(subcommand)]
    which: Which,
}

#[derive(Debug, Subcommand)]
enum Which {
    Rings(Rings),
}

impl Experiment {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        match &self.which {
            Which::Rings(rings) => rings.run(),
        }
    }
}
