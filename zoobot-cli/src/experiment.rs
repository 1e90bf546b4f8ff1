//! `zoobot experiment`.

mod active;
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
    Active(active::Active),
    Rings(Rings),
}

impl Experiment {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        match &self.which {
            Which::Active(active) => active.run(),
            Which::Rings(rings) => rings.run(),
        }
    }
}
