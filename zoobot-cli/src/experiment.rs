//! `zoobot experiment`.

mod anomalies;
mod rings;

use anomalies::Anomalies;
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
    Anomalies(Anomalies),
    Rings(Rings),
}

impl Experiment {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        match &self.which {
            Which::Anomalies(anomalies) => anomalies.run(),
            Which::Rings(rings) => rings.run(),
        }
    }
}
