//! The plan of fine-tuning, shown before it starts.

use super::network;
use super::truth::Truth;
use super::{Finetune, LabelKind};
use crate::train::{Built, groups};
use polars::prelude::{Column, DataFrame};
use std::collections::HashMap;
use std::fmt::Write;
use tch::{Kind, Tensor};
use zoobot_base::advice::advice;
use zoobot_base::error::Result;
use zoobot_base::table::table_of;
use zoobot_representation::encoder::Encoder;
use zoobot_show::notebook::{Bundle, Show, Table};

/// A part of the network: the number of its parameters, and how they learn.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// The name: the prefix of its variables' names in timm.
    pub name: String,
    /// The number of parameters.
    pub parameters: usize,
    /// The number of trained parameters.
    pub trained: usize,
    /// The smallest and largest learning rates of the trained parameters; `None` if all are frozen.
    pub rate: Option<(f64, f64)>,
}

/// What training will do: what is frozen, how fast each part learns, and how much work it is.
///
/// ```no_run
/// use zoobot_core::prelude::*;
/// let parts = Catalog::read("rings/catalog.csv")?.split([0.7, 0.1, 0.2], 42)?;
/// let plan = Finetune::classifier("ring").plan(&parts.train, &parts.val)?;
/// println!("{plan}"); // what learns, from how many galaxies, in how many minutes
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The kind of question, such as `classifier`.
    pub kind: &'static str,
    /// A short description of the question.
    pub question: String,
    /// The names of the encoder and its architecture.
    pub encoder: (String, String),
    /// The mode of training: `head only, solved for`, `head only, by gradient descent`, `full`, `head, then
    /// full`, or `head, then from block K`.
    pub mode: String,
    /// The numbers of training and validation galaxies.
    pub galaxies: (usize, usize),
    /// The number of training galaxies of each class.
    pub classes: Vec<(String, usize)>,
    /// The parts of the network, from the input to the output.
    pub blocks: Vec<Block>,
    /// The batch size in galaxies.
    pub batch: usize,
    /// The number of steps in an epoch.
    pub batches: usize,
    /// The maximum number of epochs; 0 for a head that is solved for.
    pub epochs: u64,
    /// The number of epochs without improvement after which training ends.
    pub patience: Option<u64>,
    /// An upper estimate of the time in minutes, measured on a few pictures on this machine.
    pub minutes: f64,
    /// Notes for the user.
    pub notes: Vec<String>,
}

impl Plan {
    pub(super) fn new(
        finetune: &Finetune,
        encoder: &Encoder,
        learn: &Truth,
        kept: &Truth,
    ) -> Result<Self> {
        let settings = finetune.settings();
        let solves = finetune.solves();
        let built = network::built(finetune, encoder, learn.classes())?;
        let blocks = blocks(finetune, &built)?;
        let (train, val) = (learn.len(), kept.len());
        let encoding = seconds_to_encode(encoder)? * (train + val) as f64;
        let epochs = settings.epochs as f64;
        // A step of a head takes about a millisecond at the usual feature widths.
        let head = finetune.fit_of_head().epochs as f64
            * (train as f64 / settings.batch as f64).ceil()
            * 1e-3;
        let views = (settings.views + 1) as f64;
        let seconds = if solves {
            // A fit takes about a tenth of a millisecond per galaxy, output and view.
            let outputs = built.head.config().outputs as f64;
            encoding * views + 1e-4 * views * (train + val) as f64 * outputs
        } else if settings.head_only {
            encoding * views + head
        } else {
            let (step, look) = network::seconds(&built, encoder.recipe())?;
            let first = if settings.head_first { encoding + head } else { 0.0 };
            first + epochs * (train as f64 * step + val as f64 * look)
        };
        let mode = match settings.unfreeze_from {
            _ if solves => "head only, solved for".to_owned(),
            _ if settings.head_only => "head only, by gradient descent".to_owned(),
            Some(block) => format!("head, then from block {block}"),
            None if settings.head_first => "head, then full".to_owned(),
            None => "full".to_owned(),
        };
        Ok(Self {
            kind: finetune.question().kind(),
            question: finetune.question().about(),
            encoder: (encoder.name().to_owned(), encoder.architecture().name().to_owned()),
            mode,
            galaxies: (train, val),
            classes: learn.counts(finetune.question()),
            blocks,
            batch: settings.batch,
            batches: train.div_ceil(settings.batch.max(1)),
            epochs: if solves { 0 } else { settings.epochs },
            patience: settings.patience,
            minutes: seconds / 60.0,
            notes: notes(finetune, learn, kept),
        })
    }

    /// Adjusts the plan for a number of epochs that is chosen by cross-validation.
    pub(super) fn of_folds(mut self, folds: usize, settings: &super::Settings) -> Self {
        // A head needs no more encoding for the folds, since pictures are encoded once.
        if !settings.head_only {
            self.minutes *= (folds + 1) as f64;
        }
        if self.epochs > 0 {
            self.notes.push(format!(
                "the number of epochs is chosen by {folds} folds; then all galaxies are learnt from"
            ));
        } else {
            self.galaxies.1 = 0;
        }
        self
    }

    /// The number of parameters of the network, and how many of them are trained.
    pub fn parameters(&self) -> (usize, usize) {
        let sum = |of: fn(&Block) -> usize| self.blocks.iter().map(of).sum();
        (sum(|it| it.parameters), sum(|it| it.trained))
    }

    /// A row for each part: its name, the number of parameters, how many are trained, and the learning rates.
    pub fn table(&self) -> DataFrame {
        let all = |of: fn(&Block) -> u64| self.blocks.iter().map(of).collect::<Vec<u64>>();
        let rates = |of: fn((f64, f64)) -> f64| {
            self.blocks.iter().map(|it| it.rate.map(of)).collect::<Vec<Option<f64>>>()
        };
        let names: Vec<&str> = self.blocks.iter().map(|it| it.name.as_str()).collect();
        let columns = vec![
            Column::new("block".into(), names),
            Column::new("parameters".into(), all(|it| it.parameters as u64)),
            Column::new("trained".into(), all(|it| it.trained as u64)),
            Column::new("rate_from".into(), rates(|it| it.0)),
            Column::new("rate_to".into(), rates(|it| it.1)),
        ];
        table_of(self.blocks.len(), columns)
    }
}

/// Warnings to show before training starts.
fn notes(finetune: &Finetune, learn: &Truth, kept: &Truth) -> Vec<String> {
    let settings = finetune.settings();
    let mut notes = Vec::new();
    if learn.len() < 50 && !settings.head_only {
        notes.push(format!(
            "{} galaxies are few for a whole network: {} is quicker and often as good",
            learn.len(),
            advice("head_only()", "the head alone, without --full,")
        ));
    }
    if kept.len() < 20 && !finetune.solves() {
        notes.push(format!(
            "{} validation galaxies are too few to tell which epoch is the best",
            kept.len()
        ));
    }
    if let (LabelKind::Classes { .. }, Truth::One(_)) = (finetune.question(), learn) {
        let counts = learn.counts(finetune.question());
        let most = counts.iter().map(|it| it.1).max().unwrap_or(0);
        let least = counts.iter().min_by_key(|it| it.1);
        if let Some((name, count)) = least
            && most >= 4 * count
            && !settings.balanced
            && settings.class_weights.is_empty()
        {
            notes.push(format!(
                "the class {name:?} has {count} galaxies, but another has {most}: see {}",
                advice("balanced()", "--balanced")
            ));
        }
    }
    notes
}

fn blocks(finetune: &Finetune, built: &Built) -> Result<Vec<Block>> {
    let settings = finetune.settings();
    let fit = finetune.fit_of_network();
    let layers = if settings.layer_decay < 1.0 { built.layers() } else { Vec::new() };
    let rates: HashMap<String, f64> = match settings.head_only {
        true => HashMap::new(),
        false => groups(&built.store, &layers, fit.layer_decay, fit.weight_decay)?
            .into_iter()
            .flat_map(|group| group.variables.into_iter().map(move |name| (name, group.rate)))
            .collect(),
    };
    let variables = built.store.variables();
    let head = vec!["head.".to_owned()];
    let mut blocks = Vec::new();
    for stage in built.stages().into_iter().chain([head]) {
        let is_head = stage[0] == "head.";
        let mut block = Block {
            name: stage
                .join(" ")
                .replace("encoder.", "")
                .replace(". ", " ")
                .trim_end_matches('.')
                .to_owned(),
            parameters: 0,
            trained: 0,
            rate: None,
        };
        let of_stage = |name: &&String| stage.iter().any(|start| name.starts_with(start.as_str()));
        for name in variables.keys().filter(of_stage) {
            // The running statistics of normalisation layers are not parameters.
            if name.ends_with("running_mean")
                || name.ends_with("running_var")
                || name.ends_with("num_batches_tracked")
            {
                continue;
            }
            let count = variables[name].numel();
            block.parameters += count;
            let rate = match settings.head_only {
                true => is_head.then(|| finetune.fit_of_head().rate),
                false => rates.get(name).map(|factor| factor * fit.rate),
            };
            if let Some(rate) = rate {
                block.trained += count;
                let (low, high) = block.rate.unwrap_or((rate, rate));
                block.rate = Some((low.min(rate), high.max(rate)));
            }
        }
        blocks.push(block);
    }
    Ok(blocks)
}

/// The seconds that encoding takes per picture, without reading and preparing it.
fn seconds_to_encode(encoder: &Encoder) -> Result<f64> {
    const PICTURES: i64 = 2;
    let recipe = encoder.recipe();
    let side = recipe.size as i64;
    let shape = [PICTURES, recipe.channels() as i64, side, side];
    let pictures = Tensor::f_zeros(shape, (Kind::Float, encoder.device()))?;
    let mut seconds = 0.0;
    for _ in 0..2 {
        let start = std::time::Instant::now();
        encoder.features(&pictures)?.f_sum(Kind::Float)?.f_double_value(&[])?;
        seconds = start.elapsed().as_secs_f64() / PICTURES as f64;
    }
    Ok(seconds)
}

impl std::fmt::Display for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (all, trained) = self.parameters();
        let (name, architecture) = &self.encoder;
        writeln!(
            f,
            "Plan: {} ({}) with encoder {name} ({architecture}): {}",
            self.kind, self.question, self.mode
        )?;
        let mut classes = String::new();
        for (name, count) in &self.classes {
            let comma = if classes.is_empty() { "" } else { ", " };
            let _ = write!(classes, "{comma}{name}: {count}");
        }
        let classes = if classes.is_empty() { classes } else { format!(" ({classes})") };
        let aside = match (self.epochs, self.galaxies.1) {
            (0, 0) => String::new(),
            (0, kept) => format!(", {kept} to judge by, which the last fit learns from too"),
            (_, kept) => format!(", {kept} to choose the best epoch by"),
        };
        writeln!(f, "  galaxies    {} to learn from{classes}{aside}", self.galaxies.0)?;
        writeln!(f, "  parameters  {trained} of {all} learn")?;
        for block in &self.blocks {
            let rate = match block.rate {
                None => "frozen".to_owned(),
                Some(_) if self.epochs == 0 => "solved for".to_owned(),
                Some((low, high)) if low == high => format!("rate {low:.1e}"),
                Some((low, high)) => format!("rate {low:.1e} to {high:.1e}"),
            };
            writeln!(f, "    {:<24} {:>10}  {rate}", block.name, block.parameters)?;
        }
        let patience = match self.patience {
            Some(epochs) => format!("; it ends {epochs} epochs after the best"),
            None => String::new(),
        };
        match self.epochs {
            0 => writeln!(
                f,
                "  work        a linear model on the encoder's features; the strength of its penalty is \
                 chosen by predicting galaxies that are left out"
            )?,
            epochs => writeln!(
                f,
                "  work        {} batches of {} an epoch, at most {epochs} epochs{patience}",
                self.batches, self.batch
            )?,
        }
        write!(f, "  time        at most about {}", minutes(self.minutes))?;
        self.notes.iter().try_for_each(|note| write!(f, "\n  note        {note}"))
    }
}

fn minutes(minutes: f64) -> String {
    match minutes {
        less if less < 1.5 => format!("{:.0} s", (less * 60.0).max(1.0)),
        some if some < 90.0 => format!("{some:.0} min"),
        many => format!("{:.1} h", many / 60.0),
    }
}

impl Show for Plan {
    fn show(&self) -> Bundle {
        let text = self.to_string();
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("    ")).collect();
        let escaped = zoobot_show::notebook::text::escape(&lines.join("\n"));
        let table = Table::new(self.table()).show();
        let html = table.get("text/html").unwrap_or_default();
        Bundle::plain(text).with("text/html", format!("<pre>{escaped}</pre>{html}"))
    }
}
