//! `zoobot train`.

use crate::output::{Overwrite, finished};
use crate::report;
use crate::stretching::Stretching;
use crate::wanted::Wanted;
use clap::Args;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use zoobot_core::catalog::Catalog;
use zoobot_core::encoder::{Architecture, Encoder, Precision, Statistics};
use zoobot_core::picture::Augment;
use zoobot_core::schema::{Schema, Votes};
use zoobot_core::train::{
    End, Event, FitConfig, OptimizerConfig, Schedule, Start, VoteTraining, Watch,
};
use zoobot_core::{Error, Result};

/// Train an encoder on volunteers' votes.
///
/// Checkpoints are written during the run. Repeat the command to resume a run that was stopped, however
/// it was stopped, from the last checkpoint. On a CPU the final weights are those of a run without
/// interruption. A finished model is replaced only with --overwrite. To start an unfinished run from the
/// beginning, remove its folder or choose another.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zoobot simulate --galaxies 40 --votes decals_dr5 --tags 0.5 --out voted
  zoobot train voted --schema decals_dr5 --start resnet18 --size 64 --batch 16 --epochs 1 --out mine
  zoobot predict voted --model mine --out voted-predicted.csv

Several catalogues, each with its schema: zoobot train A.csv B.csv --schema gz2 --schema decals_dr5 ...")]
pub struct Train {
    /// A table with the columns id_str, file_loc and QUESTION_ANSWER (the votes, as whole numbers);
    /// several tables are learnt from together
    #[arg(value_name = "CATALOG", required_unless_present = "catalog", conflicts_with = "catalog")]
    galaxies: Vec<PathBuf>,
    /// A catalogue, given as an option; repeat for more
    #[arg(long, value_name = "CATALOG")]
    catalog: Vec<PathBuf>,
    #[command(flatten)]
    wanted: Wanted,
    /// The schema of the catalogue's votes: a name such as decals_dr5, or a .json file; one for
    /// each catalogue, in the same order
    #[arg(long, required = true)]
    schema: Vec<String>,
    /// What to start from: an architecture with random weights (timm's name), or an encoder (imagenet,
    /// a model folder, hf:OWNER/NAME)
    #[arg(long, default_value = "convnext_pico")]
    start: String,
    /// The folder to write the model into; checkpoints and logs go into its folder "run"
    #[arg(long)]
    out: PathBuf,
    /// The share of the galaxies that is held out to choose the best epoch on
    #[arg(long, default_value_t = 0.1, value_name = "SHARE", conflicts_with = "val")]
    validation: f64,
    /// A catalogue to choose the best epoch on, instead of a held-out share; one for each catalogue, in
    /// the same order
    #[arg(long, value_name = "CATALOG")]
    val: Vec<PathBuf>,
    /// The side of the pictures that the network sees, in pixels (default: that of the encoder to start
    /// from, else 224)
    #[arg(long)]
    size: Option<usize>,
    /// Magnification about the centre (default: that of the encoder to start from, else 1.2)
    #[arg(long)]
    zoom: Option<f64>,
    #[command(flatten)]
    stretching: Stretching,
    /// Smallest and largest magnification in training
    #[arg(long, num_args = 2, value_names = ["FROM", "TO"])]
    scale: Option<Vec<f64>>,
    /// The number of epochs
    #[arg(long, default_value_t = 10)]
    epochs: u64,
    /// The number of galaxies in a batch
    #[arg(long, default_value_t = 64)]
    batch: usize,
    /// The largest learning rate (default: 1e-3 from random weights, 3e-4 from an encoder)
    #[arg(long)]
    rate: Option<f64>,
    /// The number of warm-up steps, during which the learning rate grows
    #[arg(long, default_value_t = 100)]
    warmup: u64,
    /// Weight decay: the share of the weights that a step at a learning rate of 1 removes
    #[arg(long, default_value_t = 0.05)]
    weight_decay: f64,
    /// Layer decay: the learning rate of each deeper layer is multiplied by it
    #[arg(long, default_value_t = 1.0)]
    layer_decay: f64,
    /// The decay of the running average of the weights at each step; 0 for no average
    #[arg(long, default_value_t = 0.0)]
    average: f64,
    /// The statistics of batch normalisation: batch (of each batch; default with random weights) or
    /// frozen (of the encoder; default with an encoder)
    #[arg(long, value_name = "batch|frozen")]
    statistics: Option<Statistics>,
    /// The precision: fp32, bf16, or auto (bf16 if the hardware computes it faster and the
    /// architecture keeps its accuracy, else fp32)
    #[arg(long, default_value_t)]
    precision: Precision,
    /// Stop after this many epochs without improvement
    #[arg(long)]
    patience: Option<u64>,
    /// Steps between checkpoints; 0 for checkpoints only after each epoch
    #[arg(long, default_value_t = 0)]
    save_every: u64,
    /// The random seed
    #[arg(long, default_value_t = zoobot_core::seed::DEFAULT)]
    seed: u64,
    #[command(flatten)]
    overwrite: Overwrite,
    /// Print the results as one JSON object on the last line
    #[arg(long)]
    json: bool,
}

impl Train {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        let (galaxies, val, schema) = self.votes()?;
        let training = self.training(&schema)?;
        self.overwrite.model("--out", &self.out)?;
        let run = training.folder(self.out.join("run"));
        let (train, val) = match val {
            Some(val) => (galaxies, val),
            None => run.hold_out(&galaxies, self.validation)?,
        };
        let (mut watch, mut resumed_at) = (Watch::new("training"), 0);
        let trained = run.observed(&train, &val, &mut |event| {
            if let Event::Resumed { step, .. } = &event {
                resumed_at = *step;
            }
            watch.see(&event);
        })?;
        let fitted = trained.fitted();
        if fitted.end == End::Interrupted {
            let done = format!("{} steps; repeat the command to resume", fitted.steps);
            return Err(Error::Interrupted { during: "training", done });
        }
        if let Some(first) = trained.failed().first() {
            let (failed, all) = (trained.failed().len(), train.len() + val.len());
            eprintln!(
                "zoobot: warning: {failed} of {all} pictures could not be read, such as {}: {}",
                first.id_str, first.reason
            );
        }
        let name = self.out.file_name().map_or("encoder".into(), |it| it.to_string_lossy());
        trained.model(&name)?.save(&self.out)?;
        finished(&self.out.join("run"))?;
        let best = fitted.epochs.iter().min_by(|a, b| a.validation.total_cmp(&b.validation));
        let figures = json!({
            "out": self.out,
            "schema": schema.name(),
            "train": train.len(),
            "val": val.len(),
            "failed": trained.failed().len(),
            "steps": fitted.steps,
            "resumed_at": resumed_at,
            "epochs": fitted.epochs.len(),
            "best_epoch": best.map(|it| it.epoch),
            "best_validation": best.map(|it| it.validation),
            "losses": best.map(|it| it.parts.iter().cloned().collect::<BTreeMap<_, _>>()),
        });
        report(self.json, &figures, || {
            let (epoch, loss) = best.map_or((0, f64::NAN), |it| (it.epoch, it.validation));
            let out = self.out.display();
            Ok(format!(
                "{} steps; the best, of epoch {epoch} (validation {loss:.4}), is in {out}",
                fitted.steps
            ))
        })?;
        Ok(ExitCode::SUCCESS)
    }

    fn catalogs(&self) -> &[PathBuf] {
        if self.galaxies.is_empty() { &self.catalog } else { &self.galaxies }
    }

    /// The galaxies to learn from, the validation galaxies if given, and all questions in one schema.
    fn votes(&self) -> Result<(Catalog, Option<Catalog>, Schema)> {
        for (option, given) in [("--schema", self.schema.len()), ("--val", self.val.len())] {
            let catalogs = self.catalogs().len();
            if given != catalogs && (option == "--schema" || given > 0) {
                let problem = format!("{option} is given {given} times");
                let hint =
                    format!("Give it once for each catalogue (number of catalogues: {catalogs})");
                return Err(Error::unsuitable(problem, hint));
            }
        }
        let schemas: Vec<Schema> =
            self.schema.iter().map(|it| Schema::load(it)).collect::<Result<_>>()?;
        let schema = match &schemas[..] {
            [schema] => schema.clone(),
            several => {
                let mut names: Vec<&str> = several.iter().map(Schema::name).collect();
                names.dedup();
                Schema::union(&names.join("+"), several)?
            }
        };
        let galaxies = together(self.catalogs(), &schemas, &self.wanted)?;
        let val = (!self.val.is_empty())
            .then(|| together(&self.val, &schemas, &self.wanted))
            .transpose()?;
        Ok((galaxies, val, schema))
    }

    fn training(&self, schema: &Schema) -> Result<VoteTraining> {
        let start: Start = match Architecture::named(&self.start) {
            Ok(architecture) => architecture.into(),
            Err(_) => (&Encoder::load(&self.start)?).into(),
        };
        let rate = self.rate.unwrap_or_else(|| start.rate());
        let mut training = VoteTraining::new(schema, start);
        if let Some(statistics) = self.statistics {
            training = training.statistics(statistics);
        }
        if let Some(size) = self.size {
            training = training.size(size);
        }
        if let Some(zoom) = self.zoom {
            training = training.zoom(zoom);
        }
        if let Some(stretch) = &self.stretching.stretch {
            training = training.stretch(stretch.clone());
        }
        let mut augment = Augment::zoobot();
        if let Some([from, to]) = self.scale.as_deref() {
            augment = augment.scale(*from, *to);
        }
        let schedule = Schedule { warmup: self.warmup, ..Schedule::default() };
        let settings = FitConfig {
            epochs: self.epochs,
            batch: self.batch,
            rate,
            weight_decay: self.weight_decay,
            layer_decay: self.layer_decay,
            schedule,
            optimizer: OptimizerConfig { clip: Some(5.0), ..OptimizerConfig::default() },
            average: (self.average > 0.0).then_some(self.average),
            patience: self.patience,
            save_every: self.save_every,
            precision: self.precision,
            seed: self.seed,
            ..FitConfig::default()
        };
        Ok(training.augment(augment).settings(settings))
    }
}

/// Reads several catalogues, each with its own votes, and stacks them.
fn together(paths: &[PathBuf], schemas: &[Schema], wanted: &Wanted) -> Result<Catalog> {
    let mut catalogs = Vec::with_capacity(paths.len());
    for (path, schema) in paths.iter().zip(schemas) {
        let catalog = wanted.read(path)?;
        // Checked before stacking: afterwards, columns that a catalogue lacks would count as 0 votes.
        Votes::of(&catalog, schema)?;
        catalogs.push(catalog);
    }
    match &catalogs[..] {
        [catalog] => Ok(catalog.clone()),
        several => Catalog::stack(several),
    }
}
