//! `zoobot-lab judge-encoders`, as called by `cargo xtask judge`.

use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;
use zoobot_cli::report;
use zoobot_core::encoder::Precision;
use zoobot_core::{Error, Result};
use zoobot_lab::judge::{Judge, encoder};

/// Compare encoders on real galaxies by linear probes of their features.
///
/// The galaxies are in DATA/rings and DATA/gz2_odd, and a fixed fifth of DATA/efigi, which training
/// leaves out. Prints Markdown.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  zoobot-lab judge-encoders --encoders imagenet,untrained,my-model --data galaxies"
)]
pub struct JudgeEncoders {
    /// Encoders as for `zoobot encode`, `untrained` (EfficientNet-Lite0 with random weights), or
    /// `untrained:ARCHITECTURE`; NAME=ENCODER names an encoder in the table
    #[arg(long, value_delimiter = ',', default_value = "imagenet,untrained")]
    encoders: Vec<String>,
    /// The folder with the galaxies
    #[arg(long)]
    data: PathBuf,
    /// Repeats of each probe, each with another division into folds
    #[arg(long, default_value_t = 5)]
    seeds: u64,
    /// A folder to keep features in, so that judging an encoder again is fast
    #[arg(long)]
    cache: Option<PathBuf>,
    /// The precision: fp32, bf16, or auto (bf16 if the hardware computes it faster and the
    /// architecture keeps its accuracy, else fp32)
    #[arg(long, default_value_t)]
    precision: Precision,
    /// Print the results as one JSON object on the last line
    #[arg(long)]
    json: bool,
}

impl JudgeEncoders {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        let mut judge = Judge::new(&self.data).seeds(self.seeds);
        if let Some(folder) = &self.cache {
            judge = judge.cache(folder);
        }
        let named = |text: &String| {
            let (name, address) = text.split_once('=').unwrap_or((text, text));
            Ok((name.to_owned(), encoder(address)?.with_precision(self.precision)))
        };
        let encoders = self.encoders.iter().map(named).collect::<Result<Vec<_>>>()?;
        let mut names: Vec<&String> = encoders.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            let problem = format!("two --encoders are called {:?}", twice[0]);
            return Err(Error::unsuitable(problem, "Name them differently: NAME=ENCODER"));
        }
        let verdict = judge.run(&encoders)?;
        report(self.json, &serde_json::to_value(&verdict)?, || Ok(verdict.markdown()))?;
        Ok(ExitCode::SUCCESS)
    }
}
