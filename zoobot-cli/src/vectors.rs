//! `zoobot vectors`.

use crate::output::Overwrite;
use crate::report;
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use zoobot_core::Result;
use zoobot_core::similar::VectorFile;
use zoobot_core::space::Space;

/// Put representations into one flat file, which is searched without being read into memory.
///
/// The tables are read one at a time, so memory is needed only for the largest. `zoobot similar
/// --representations OUT` searches the file.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zoobot encode sample --out reps.parquet
  zoobot vectors --representations reps.parquet --out sample.vectors --half
  zoobot similar --representations sample.vectors --id SIM000005")]
pub struct Vectors {
    /// The tables from `zoobot encode`, all by one encoder
    #[arg(long, required = true, num_args = 1..)]
    representations: Vec<PathBuf>,
    /// The file to write
    #[arg(long)]
    out: PathBuf,
    /// Store numbers in half precision, in half the space
    #[arg(long)]
    half: bool,
    #[command(flatten)]
    overwrite: Overwrite,
    /// Print the results as one JSON object on the last line
    #[arg(long)]
    json: bool,
}

impl Vectors {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        let read: Vec<&Path> = self.representations.iter().map(PathBuf::as_path).collect();
        self.overwrite.file("--out", &self.out, &read)?;
        let file = VectorFile::write(&self.out, self.half, |to| {
            self.representations.iter().try_for_each(|table| to.add(&Space::read(table)?))
        })?;
        let figures = json!({
            "galaxies": file.len(), "features": file.width(), "half": self.half,
            "fingerprint": file.fingerprint(), "out": self.out,
        });
        report(self.json, &figures, || {
            let out = self.out.display();
            Ok(format!("{} galaxies with {} features in {out}", file.len(), file.width()))
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
