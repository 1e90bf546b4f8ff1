//! `zoobot-lab features`: runs only the network, on tensors. `cargo xtask parity` compares it with timm.

use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;
use zoobot_cli::report;
use zoobot_core::encoder::Encoder;
use zoobot_core::tch::{Device, Kind, Tensor};
use zoobot_core::{Error, Result};

/// Compute the features of prepared pictures, and save the encoder.
#[derive(Debug, Args)]
pub struct Features {
    /// The encoder, as for `zoobot encode`
    #[arg(long)]
    encoder: String,
    /// A .npy file of pictures x channels x height x width, float32
    #[arg(long)]
    inputs: PathBuf,
    /// The .npy file to write, of pictures x features
    #[arg(long)]
    out: PathBuf,
    /// A folder to save the encoder into
    #[arg(long)]
    save: Option<PathBuf>,
    /// Print the results as one JSON object on the last line
    #[arg(long)]
    json: bool,
}

impl Features {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        let inputs = Tensor::read_npy(&self.inputs)?;
        if inputs.kind() != Kind::Float {
            let problem = format!("--inputs holds numbers of the kind {:?}", inputs.kind());
            return Err(Error::unsuitable(problem, "Save them as float32"));
        }
        let encoder = Encoder::load(&self.encoder)?;
        let features = encoder.features(&inputs.f_to_device(encoder.device())?)?;
        features.f_to_device(Device::Cpu)?.f_contiguous()?.write_npy(&self.out)?;
        if let Some(folder) = &self.save {
            encoder.save(folder)?;
        }
        let figures = json!({
            "out": self.out,
            "encoder": encoder.name(),
            "architecture": encoder.architecture().name(),
            "shape": features.size(),
            "notes": encoder.notes(),
        });
        report(self.json, &figures, || Ok(format!("{:?} features", features.size())))?;
        Ok(ExitCode::SUCCESS)
    }
}
