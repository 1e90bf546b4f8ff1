//! `zoobot train`.

use crate::report;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;
use zoobot_core::catalog::Catalog;
use zoobot_core::encoder::{Architecture, Encoder, Statistics};
use zoobot_core::picture::Augment;
use zoobot_core::schema::Schema;
use zoobot_core::train::{FitConfig, OptimizerConfig, Schedule, Start, VoteTraining};
use zoobot_core::{Error, Result};

/// Train an encoder on volunteers' votes.
///
/// A run that was stopped, in whatever way, goes on where its last checkpoint was written when
/// started again with the same options.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  zoobot train --catalog votes.csv --schema decals_dr5 --out mine\n  \
                  zoobot train --start imagenet --catalog efigi.csv --schema efigi.json \\\n      \
                  --catalog simulated/catalog.csv --schema decals_dr5 --size 128 --out mine"
)]
pub struct Train {
    /// A catalogue with votes in columns question_answer; several are learnt from together
    #[arg(long, required = true)]
    catalog: Vec<PathBuf>,
    /// The schema of the catalogue's votes: a name such as decals_dr5, or a .json file; one for
    /// each catalogue, in the same order
    #[arg(long, required = true)]
    schema: Vec<String>,
    /// What the network begins as: an architecture by timm's name, for random weights; or an
    /// encoder (imagenet, a model folder, hf:OWNER/NAME)
    #[arg(long, default_value = "convnext_pico")]
    start: String,
    /// The folder to write the model into; checkpoints and logs lie in its folder "run"
    #[arg(long)]
    out: PathBuf,
    /// The share of the galaxies that is kept aside to choose the best epoch by
    #[arg(long, default_value_t = 0.1)]
    validation: f64,
    /// Pixels a side that the network sees; else as the encoder it starts from, or 224
    #[arg(long)]
    size: Option<usize>,
    /// Magnification about the centre; else as the encoder it starts from, or 1.2
    #[arg(long)]
    zoom: Option<f64>,
    /// Smallest and largest magnification in training
    #[arg(long, num_args = 2, value_names = ["FROM", "TO"])]
    scale: Option<Vec<f64>>,
    /// How often each galaxy is shown
    #[arg(long, default_value_t = 10)]
    epochs: u64,
    /// Galaxies to a step
    #[arg(long, default_value_t = 64)]
    batch: usize,
    /// The largest learning rate
    #[arg(long, default_value_t = 1e-3)]
    rate: f64,
    /// Steps in which the learning rate grows
    #[arg(long, default_value_t = 100)]
    warmup: u64,
    /// The share of the weights that a step at rate 1 takes away
    #[arg(long, default_value_t = 0.05)]
    weight_decay: f64,
    /// How much slower each deeper layer learns
    #[arg(long, default_value_t = 1.0)]
    layer_decay: f64,
    /// What a running average of the weights keeps of itself at each step; 0 for no average
    #[arg(long, default_value_t = 0.0)]
    average: f64,
    /// Keep the statistics of batch normalisations as they are: a step takes half the time
    #[arg(long)]
    frozen_statistics: bool,
    /// Epochs without improvement after which the run ends
    #[arg(long)]
    patience: Option<u64>,
    /// The seed of everything random
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print the figures as one JSON object on the last line
    #[arg(long)]
    json: bool,
}

impl Train {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        let (catalog, schema) = self.votes()?;
        let shares = [1.0 - self.validation, self.validation, 0.0];
        let parts = catalog.split(shares, self.seed)?;
        let run = self.training(&schema)?.folder(self.out.join("run"));
        let trained = run.train(&parts.train, &parts.val)?;
        let name = self.out.file_name().map_or("encoder".into(), |it| it.to_string_lossy());
        trained.model(&name)?.save(&self.out)?;
        let fitted = trained.fitted();
        let best = fitted.epochs.iter().map(|it| it.validation).fold(f64::INFINITY, f64::min);
        let figures = json!({
            "out": self.out,
            "steps": fitted.steps,
            "epochs": fitted.epochs.len(),
            "galaxies": parts.train.len(),
            "best_validation": best,
        });
        report(self.json, &figures, || {
            Ok(format!(
                "{} steps, best validation {best:.4}, in {}",
                fitted.steps,
                self.out.display()
            ))
        })?;
        Ok(ExitCode::SUCCESS)
    }

    /// All galaxies in one table, and all questions in one schema.
    fn votes(&self) -> Result<(Catalog, Schema)> {
        if self.schema.len() != self.catalog.len() {
            let value = format!("{} for {} catalogues", self.schema.len(), self.catalog.len());
            return Err(Error::invalid("--schema", value, "one for each --catalog"));
        }
        let catalogs: Vec<Catalog> =
            self.catalog.iter().map(Catalog::read).collect::<Result<_>>()?;
        let schemas: Vec<Schema> =
            self.schema.iter().map(|it| Schema::load(it)).collect::<Result<_>>()?;
        match &schemas[..] {
            [schema] => Ok((catalogs[0].clone(), schema.clone())),
            several => {
                let mut names: Vec<&str> = several.iter().map(Schema::name).collect();
                names.dedup();
                Ok((Catalog::stack(&catalogs)?, Schema::union(&names.join("+"), several)?))
            }
        }
    }

    fn training(&self, schema: &Schema) -> Result<VoteTraining> {
        let start: Start = match Architecture::named(&self.start) {
            Ok(architecture) => architecture.into(),
            Err(_) => (&Encoder::load(&self.start)?).into(),
        };
        let mut training = VoteTraining::new(schema, start);
        if let Some(size) = self.size {
            training = training.size(size);
        }
        if let Some(zoom) = self.zoom {
            training = training.zoom(zoom);
        }
        let mut augment = Augment::zoobot();
        if let Some([from, to]) = self.scale.as_deref() {
            augment = augment.scale(*from, *to);
        }
        let schedule = Schedule { warmup: self.warmup, ..Schedule::default() };
        let settings = FitConfig {
            epochs: self.epochs,
            batch: self.batch,
            rate: self.rate,
            weight_decay: self.weight_decay,
            layer_decay: self.layer_decay,
            schedule,
            optimizer: OptimizerConfig { clip: Some(5.0), ..OptimizerConfig::default() },
            average: (self.average > 0.0).then_some(self.average),
            patience: self.patience,
            seed: self.seed,
            ..FitConfig::default()
        };
        let statistics =
            if self.frozen_statistics { Statistics::Frozen } else { Statistics::Batch };
        Ok(training.augment(augment).statistics(statistics).settings(settings))
    }
}
