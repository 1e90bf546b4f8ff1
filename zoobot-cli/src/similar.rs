//! `zoobot similar`.

use crate::report;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;
use zoobot_core::Result;
use zoobot_core::space::Space;

/// Find the galaxies most like a given one.
///
/// Distances are Euclidean and every galaxy is looked at.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  zoobot similar --representations reps.parquet --id J003937.09-032825.0 -k 9"
)]
pub struct Similar {
    /// The table that `zoobot encode` wrote
    #[arg(long)]
    representations: PathBuf,
    /// The id_str of the galaxy
    #[arg(long)]
    id: String,
    /// How many galaxies to find
    #[arg(short, default_value_t = 9)]
    k: usize,
    /// Compress to this many principal components before (the paper: 10)
    #[arg(long)]
    pca: Option<usize>,
    /// Print the result as one JSON object on the last line
    #[arg(long)]
    json: bool,
}

impl Similar {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        let space = Space::read(&self.representations)?;
        let space = match self.pca {
            Some(components) => space.pca(components)?,
            None => space,
        };
        let found = space.similar_to(&self.id, self.k)?;
        let pairs = || found.ids().iter().zip(found.distances()).enumerate();
        let neighbours: Vec<_> = pairs()
            .map(|(i, (id, distance))| json!({"rank": i + 1, "id_str": id, "distance": distance}))
            .collect();
        let figures = json!({"id": self.id, "k": self.k, "neighbours": neighbours});
        report(self.json, &figures, || {
            let line = |(i, (id, distance)): (usize, (&String, &f32))| {
                format!("{:>4}  {id}  {distance:.4}", i + 1)
            };
            Ok(pairs().map(line).collect::<Vec<_>>().join("\n"))
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
