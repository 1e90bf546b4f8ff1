//! `zoobot speed`.

use crate::galaxies::Galaxies;
use crate::report;
use clap::Args;
use serde_json::json;
use std::process::ExitCode;
use zoobot_core::Result;
use zoobot_core::encoder::{Encoder, Precision};
use zoobot_core::notebook::Show;

/// Measure how fast this machine prepares pictures, and how fast the network encodes them, separately.
///
/// Prints pictures per second. It takes a few seconds.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  zoobot simulate --galaxies 24 --out survey\n  zoobot speed survey"
)]
pub struct Speed {
    /// The encoder: sample, imagenet, the folder of a model, or hf:OWNER/NAME
    #[arg(long, default_value = "sample")]
    encoder: String,
    #[command(flatten)]
    galaxies: Galaxies,
    /// The precision: fp32, bf16, or auto (bf16 if the hardware computes it faster and the
    /// architecture keeps its accuracy, else fp32)
    #[arg(long, default_value_t)]
    precision: Precision,
    /// Print the results as one JSON object on the last line
    #[arg(long)]
    json: bool,
}

impl Speed {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        let encoder = Encoder::load(&self.encoder)?.with_precision(self.precision);
        let speed = encoder.speed(&self.galaxies.read()?)?;
        let figures = json!({
            "threads": speed.threads,
            "prepared_per_second": speed.prepared,
            "network_per_second": speed.network,
            "batch": speed.batch,
            "product_gflops": speed.product_gflops,
            "precision": encoder.precision(),
        });
        report(self.json, &figures, || {
            Ok(speed.show().get("text/plain").unwrap_or_default().to_owned())
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
