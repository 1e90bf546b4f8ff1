//! `zoobot finetune`.

use crate::galaxies::Galaxies;
use crate::output::{Overwrite, finished};
use crate::report;
use crate::stretching::Stretching;
use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::process::ExitCode;
use zoobot_core::catalog::Catalog;
use zoobot_core::encoder::{Architecture, Encoder, Precision};
use zoobot_core::finetune::{Finetune, Predicted};
use zoobot_core::schema::Schema;
use zoobot_core::train::{Distance, End, Event, Schedule, Watch};
use zoobot_core::{Error, Result};

/// Fine-tune an encoder: teach it a new question with your labels.
///
/// Prints its plan, trains, and writes a model folder for `zoobot predict` and `zoobot judge`.
/// By default it fits a linear model to the encoder's features, which takes seconds: the strength of
/// the penalty is chosen by predicting galaxies that were left out, and the model that is written
/// learns from all galaxies. With an option that only gradient descent has (--rate, --epochs,
/// --patience, --batch, --warmup, --dropout, --mixup, --distance absolute), the head is trained by
/// gradient descent instead; --full trains the encoder as well. Repeat the command to resume a run that
/// was stopped: OUT/run holds its state, and OUT/run/best the best model so far. A finished model is
/// replaced only with --overwrite.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zoobot finetune classifier sample --label ring --out sample-rings
  zoobot simulate --galaxies 40 --kinds ring,spiral --out disks
  zoobot finetune classifier disks --label ring --out rings
  zoobot finetune multilabel disks --label ring --label bar --out both
  zoobot finetune regressor disks --label radius --out radii
  zoobot finetune classifier disks --label class --encoder imagenet --full --epochs 1 --out full
  zoobot simulate --galaxies 40 --votes decals_dr5 --tags 0.5 --out voted
  zoobot finetune tree voted --schema decals_dr5 --out tree")]
pub struct Finetuning {
    /// What the labels are: classes, numbers, several things that may be true at once (multilabel), or
    /// votes for a schema's answers (tree)
    #[arg(value_enum)]
    kind: Kind,
    /// The column with the label; for multilabel, repeat it for each column of 0 and 1
    #[arg(long, required_if_eq_any([("kind", "classifier"), ("kind", "regressor"), ("kind", "multilabel")]))]
    label: Vec<String>,
    /// For a tree: the schema of the votes, a name such as decals_dr5 or a .json file
    #[arg(long, required_if_eq("kind", "tree"))]
    schema: Option<String>,
    /// The encoder: sample (included, trained on galaxies), imagenet, a model folder, or hf:OWNER/NAME
    #[arg(long, default_value = "sample")]
    encoder: String,
    #[command(flatten)]
    galaxies: Galaxies,
    /// A catalogue to judge the model on, and with gradient descent to choose the best epoch on
    #[arg(long, value_name = "CATALOG")]
    val: Option<PathBuf>,
    /// The share of the galaxies to hold out to judge the model on, and with gradient descent to choose
    /// the best epoch on [default: 0.2 with gradient descent; else each galaxy is judged by a fit without
    /// it]
    #[arg(long, value_name = "SHARE", conflicts_with = "val")]
    validation: Option<f64>,
    /// The number of folds for cross-validation, which chooses the penalty, or with gradient descent the
    /// number of epochs; the model learns from all galaxies [default: 10, or fewer for a small class]
    #[arg(long, value_name = "K", conflicts_with_all = ["val", "validation"])]
    folds: Option<usize>,
    /// The folder to write the model into
    #[arg(long)]
    out: PathBuf,
    /// Train the whole network, not only its head
    #[arg(long, conflicts_with_all = ["two_phase", "scratch"])]
    full: bool,
    /// Train the head first, then also the encoder from this block on, at a learning rate of 1e-5
    #[arg(long, value_name = "BLOCK", conflicts_with = "scratch")]
    two_phase: Option<usize>,
    /// Start from random weights of this architecture (timm's name), for comparison
    #[arg(long, value_name = "ARCHITECTURE")]
    scratch: Option<String>,
    /// The maximum number of epochs
    #[arg(long, default_value_t = 100)]
    epochs: u64,
    /// Stop after this many epochs without improvement; 0 for never
    #[arg(long, default_value_t = 10)]
    patience: u64,
    /// The number of galaxies in a batch
    #[arg(long, default_value_t = 32)]
    batch: usize,
    /// The largest learning rate (default: 1e-3 for a head, 1e-4 for a whole network, 1e-5 with
    /// --two-phase)
    #[arg(long)]
    rate: Option<f64>,
    /// The number of warm-up steps, during which the learning rate grows
    #[arg(long, default_value_t = 0)]
    warmup: u64,
    /// Weight decay: the share of the weights that a step at a learning rate of 1 removes
    #[arg(long, default_value_t = 0.05)]
    weight_decay: f64,
    /// Layer decay: the learning rate of each deeper layer is multiplied by it (default: 0.75, or 1 with
    /// --two-phase or --scratch)
    #[arg(long)]
    layer_decay: Option<f64>,
    /// Dropout: the share of features that the head leaves out at random
    #[arg(long, default_value_t = 0.5)]
    dropout: f64,
    /// Label smoothing: the share of the target that is spread over all classes
    #[arg(long, default_value_t = 0.0)]
    label_smoothing: f64,
    /// The weight of each class, in the order of their names
    #[arg(long, value_delimiter = ',', conflicts_with = "balanced")]
    class_weights: Vec<f32>,
    /// Weight the classes equally, however many galaxies each has
    #[arg(long)]
    balanced: bool,
    /// The number of random views of each galaxy that a head learns from, besides the unchanged picture
    #[arg(long, default_value_t = 0)]
    views: usize,
    /// Mixup: blend pairs of galaxies and their labels, with this parameter, such as 0.2; 0 for no mixup
    #[arg(long, default_value_t = 0.0, value_name = "STRENGTH")]
    mixup: f64,
    #[command(flatten)]
    stretching: Stretching,
    /// Show the network only the luminance
    #[arg(long)]
    greyscale: bool,
    /// For a regressor: the numbers are between 0 and 1
    #[arg(long)]
    unit_interval: bool,
    #[arg(long, value_name = "NAME", help = distances())]
    distance: Option<Distance>,
    /// Steps between checkpoints of a whole network; 0 for checkpoints only after each epoch
    #[arg(long, default_value_t = 0)]
    save_every: u64,
    /// The precision of a whole network: fp32, bf16, or auto (bf16 if the hardware computes it faster and
    /// the architecture keeps its accuracy, else fp32)
    #[arg(long, default_value_t)]
    precision: Precision,
    /// The random seed
    #[arg(long, default_value_t = zoobot_core::seed::DEFAULT)]
    seed: u64,
    #[command(flatten)]
    overwrite: Overwrite,
    /// Print the results as one JSON object on the last line
    #[arg(long)]
    json: bool,
}

/// The default share of galaxies to hold out, on which gradient descent chooses the best epoch.
const USUAL_SHARE: f64 = 0.2;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Classifier,
    Regressor,
    Tree,
    Multilabel,
}

/// The distances, for `--help`.
fn distances() -> String {
    let named = |it: &Distance| format!("{} ({})", it.name(), it.about());
    let all: Vec<String> = Distance::all().iter().map(named).collect();
    format!(
        "For a regressor, how errors count: {} [default: {}]",
        all.join(", "),
        Distance::default()
    )
}

impl Finetuning {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        let run = self.finetune()?;
        let catalog = self.galaxies.read()?;
        // Checked on all galaxies, before they are split.
        self.label.iter().try_for_each(|label| catalog.note_sentinels(label))?;
        let aside =
            self.validation.or((!run.solves() && self.folds.is_none()).then_some(USUAL_SHARE));
        let (train, val) = match (&self.val, aside) {
            (Some(path), _) => (catalog, Some(self.galaxies.other(path)?)),
            (None, Some(share)) => {
                let (train, val) = run.hold_out(&catalog, share)?;
                (train, Some(val))
            }
            (None, None) => (catalog, None),
        };
        self.overwrite.model("--out", &self.out)?;
        let run = run.folder(self.out.join("run"));
        let started = std::time::Instant::now();
        let (mut watch, mut resumed_at) = (Watch::new("fine-tuning"), 0);
        let show = |plan: &zoobot_core::finetune::Plan| eprintln!("{plan}");
        let mut see = |event: Event| {
            if let Event::Resumed { step, .. } = &event {
                resumed_at = *step;
            }
            watch.see(&event);
        };
        let done = match (&val, self.folds) {
            (Some(val), _) => run.told(&train, val, &show, &mut see)?,
            (None, Some(folds)) => run.cross_validate_told(&train, folds, &show, &mut see)?,
            (None, None) => run.learn_all(&train, &show, &mut see)?,
        };
        let kept = val.as_ref().map_or(0, Catalog::len);
        let fitted = done.fitted();
        if fitted.end == End::Interrupted {
            let best = self.out.join("run/best");
            let best = match best.join("head.json").is_file() {
                true => format!(", and the best so far is in {}", best.display()),
                false => String::new(),
            };
            let done = format!("{} steps; repeat the command to resume{best}", fitted.steps);
            return Err(Error::Interrupted { during: "fine-tuning", done });
        }
        if let Some(first) = done.failed().first() {
            let (failed, all) = (done.failed().len(), train.len() + kept);
            eprintln!(
                "zoobot: warning: {failed} of {all} pictures could not be read, such as {}: {}",
                first.id_str, first.reason
            );
        }
        let name = self.out.file_name().map_or("fine-tuned".into(), |it| it.to_string_lossy());
        let model = done.model(&name);
        model.save(&self.out)?;
        finished(&self.out.join("run"))?;
        let best = done.best();
        let best = best.as_ref();
        let mut figures = json!({
            "out": self.out,
            "kind": run.question().kind(),
            "labels": self.label,
            "encoder": self.encoder,
            "mode": done.plan().map(|it| it.mode.clone()),
            "train": train.len(),
            "val": kept,
            "folds": self.folds,
            "failed": done.failed().len(),
            "steps": fitted.steps,
            "resumed_at": resumed_at,
            "epochs": fitted.epochs.len(),
            "best_epoch": best.map(|it| it.epoch),
            "best_validation": best.map(|it| it.validation),
            "seconds": started.elapsed().as_secs_f64(),
        });
        let mut text = String::new();
        let judged = match (done.unseen(), &val) {
            (Some(unseen), _) => Some(unseen.clone()),
            (None, Some(val)) if self.kind != Kind::Tree => Some(done.predict(val)?),
            _ => None,
        };
        if let Some(strength) = done.strength() {
            let penalty = |it: &zoobot_core::finetune::Choice| (it.name.clone(), json!(it.penalty));
            let penalties = strength.choices().iter().map(penalty).collect();
            figures["penalties"] = Value::Object(penalties);
        }
        if let Some(judged) = judged {
            for name in judged.measures() {
                text += &format!(", {name} {}", judged.measure(name)?);
            }
            figures["classes"] = json!(judged.names());
            figures["validation"] = Value::Object(measures(&judged)?);
        } else if let Some(best) = best {
            // The averages over the folds.
            let parts = best.parts.iter().map(|(name, value)| (name.clone(), json!(value)));
            figures["folds_say"] = Value::Object(parts.collect());
            text = best.parts.iter().map(|(name, value)| format!(", {name} {value:.3}")).collect();
        }
        if let Some(factor) = fitted.diverged() {
            figures["diverged"] = json!(factor);
            eprintln!(
                "zoobot: warning: validation rose {factor:.0}-fold after its best epoch; look for \
                 galaxies with extreme labels or damaged pictures"
            );
        }
        report(self.json, &figures, || {
            let (epoch, loss) = best.map_or((0, f64::NAN), |it| (it.epoch, it.validation));
            let out = self.out.display();
            Ok(match done.strength() {
                Some(_) => format!(
                    "The model is in {out}. Galaxies that it had not seen: loss {loss:.4}{text}"
                ),
                None => {
                    format!("The best, of epoch {epoch} (validation {loss:.4}{text}), is in {out}")
                }
            })
        })?;
        Ok(ExitCode::SUCCESS)
    }

    fn finetune(&self) -> Result<Finetune> {
        let only = || match &self.label[..] {
            [label] => Ok(label.as_str()),
            several => {
                let problem = format!("--label names {} columns", several.len());
                let hint = "Give one, or fine-tune a multilabel model to learn several";
                Err(Error::unsuitable(problem, hint))
            }
        };
        let mut run = match (self.kind, &self.schema) {
            (Kind::Classifier, _) => Finetune::classifier(only()?),
            (Kind::Regressor, _) => Finetune::regressor(only()?),
            (Kind::Multilabel, _) => Finetune::multilabel(self.label.iter().cloned()),
            (Kind::Tree, Some(schema)) => Finetune::tree(&Schema::load(schema)?),
            (Kind::Tree, None) => {
                return Err(Error::empty("--schema is missing", "Give a name or a .json file"));
            }
        };
        let encoder = self.stretching.of_encoder(Encoder::load(&self.encoder)?)?;
        for note in encoder.notes() {
            eprintln!("zoobot: note: {note}");
        }
        run = run.encoder(&encoder);
        if self.full {
            run = run.full();
        }
        if let Some(block) = self.two_phase {
            run = run.two_phase(block);
        }
        if let Some(architecture) = &self.scratch {
            run = run.scratch(Architecture::named(architecture)?, encoder.recipe().clone());
        }
        if self.unit_interval {
            run = run.unit_interval();
        }
        if let Some(distance) = self.distance {
            run = run.distance(distance);
        }
        if self.greyscale {
            run = run.greyscale();
        }
        if self.balanced {
            run = run.balanced();
        }
        if let Some(decay) = self.layer_decay {
            run = run.layer_decay(decay);
        }
        if let Some(rate) = self.rate {
            run = run.learning_rate(rate);
        }
        let schedule = Schedule { warmup: self.warmup, ..Schedule::default() };
        Ok(run
            .save_every(self.save_every)
            .epochs(self.epochs)
            .patience((self.patience > 0).then_some(self.patience))
            .batch(self.batch)
            .schedule(schedule)
            .weight_decay(self.weight_decay)
            .head_dropout(self.dropout)
            .label_smoothing(self.label_smoothing)
            .class_weights(self.class_weights.clone())
            .views(self.views)
            .mixup(self.mixup)
            .precision(self.precision)
            .seed(self.seed))
    }
}

/// Every measure, as `NAME`, and its 95 % interval, as `NAME_interval`.
pub fn measures(predicted: &Predicted) -> Result<Map<String, Value>> {
    let mut all = Map::new();
    for name in predicted.measures() {
        let found = predicted.measure(name)?;
        all.insert((*name).to_owned(), json!(found.value));
        all.insert(format!("{name}_interval"), json!([found.low, found.high]));
    }
    Ok(all)
}
