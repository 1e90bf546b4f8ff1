//! `zoobot experiment`.

mod active;
mod kshot;
mod rings;

use clap::{Args, Subcommand};
use kshot::KShot;
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
    #[command(name = "kshot")]
    KShot(KShot),
    Rings(Rings),
}

impl Experiment {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        match &self.which {
            Which::Active(active) => active.run(),
            Which::KShot(kshot) => kshot.run(),
            Which::Rings(rings) => rings.run(),
        }
    }
}
