//! `zoobot experiment kshot`.

use crate::{galaxies, report};
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;
use zoobot_core::catalog::write_table;
use zoobot_core::encoder::Encoder;
use zoobot_core::experiment::{self, FewSet};
use zoobot_core::few::{FewMethod, LabelCurve};
use zoobot_core::finetune::Finetune;
use zoobot_core::{Error, Result};

/// Compare ways to learn classes from a few examples of each, by many small tasks (episodes).
///
/// An episode draws examples and queries of each class; every method learns from the examples and is judged
/// by the queries. Means over the episodes come with 95 % intervals, and differences between methods are taken
/// within each episode. Writes OUT/results.jsonl (a line for each result as it ends), OUT/table.csv, and
/// OUT/figure.svg, with OUT/SET-ENCODER.svg for each set and encoder, and, from three numbers of examples on,
/// OUT/SET-ENCODER-labels.svg: the accuracy that more labels are expected to give, by a power law. Repeat the command to resume an experiment
/// that was stopped; you may add methods and episodes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zoobot experiment kshot --simulate 52 --shots 1,2 --queries 2 --episodes 2 --encoders galaxies=sample --out episodes

With your own labels: zoobot experiment kshot galaxies.csv --label kind --shots 1,5 --out mine. With real
data sets: --efigi efigi/catalog.csv --gz1 gz1/catalog.csv. Whole networks are trained for each episode:
--methods full,grouped,lora --size 96 --episodes 5")]
pub struct KShot {
    /// Your own galaxies: a catalogue with the column of --label
    #[arg(value_name = "CATALOG", requires = "label")]
    galaxies: Option<PathBuf>,
    /// The column with the classes of your own galaxies
    #[arg(long, requires = "galaxies")]
    label: Option<String>,
    /// The table of EFIGI: five classes by Hubble type
    #[arg(long, value_name = "TABLE")]
    efigi: Option<PathBuf>,
    /// The table of Galaxy Zoo 1: smooth, edge-on, spiral and merger
    #[arg(long, value_name = "TABLE")]
    gz1: Option<PathBuf>,
    /// Simulate this number of galaxies of all kinds
    #[arg(long, value_name = "GALAXIES")]
    simulate: Option<usize>,
    /// Encoders to start from; NAME=ENCODER names an encoder
    #[arg(long, value_delimiter = ',', default_value = "galaxies=sample,ImageNet=imagenet")]
    encoders: Vec<String>,
    /// The methods to compare [default: auto and all methods on encoded pictures]
    #[arg(long, value_delimiter = ',', value_name = "METHODS")]
    methods: Vec<FewMethod>,
    /// Numbers of examples of each class
    #[arg(long, value_delimiter = ',', default_value = "1,5,10,20")]
    shots: Vec<usize>,
    /// The number of galaxies of each class to judge by
    #[arg(long, default_value_t = 15)]
    queries: usize,
    /// The number of episodes
    #[arg(long, default_value_t = 20)]
    episodes: u64,
    /// Galaxies of each class of Galaxy Zoo 1 that take part, at most
    #[arg(long, default_value_t = 200)]
    most: usize,
    /// The side to which pictures are resized [default: that of each encoder]
    #[arg(long, value_name = "PIXELS")]
    size: Option<usize>,
    /// Passes over the examples for methods that train the encoder
    #[arg(long, default_value_t = 20)]
    epochs: u64,
    /// The learning rate of methods that train the encoder
    #[arg(long, default_value_t = 1e-4)]
    rate: f64,
    /// The number of groups in each layer for grouped gradients
    #[arg(long, default_value_t = 8)]
    groups: usize,
    /// The random seed
    #[arg(long, default_value_t = zoobot_core::seed::DEFAULT)]
    seed: u64,
    /// The folder to write into
    #[arg(long)]
    out: PathBuf,
    /// Print the results as one JSON object on the last line
    #[arg(long)]
    json: bool,
}

impl KShot {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        let training =
            Finetune::few("").epochs(self.epochs).learning_rate(self.rate).groups([self.groups]);
        let mut run = experiment::KShot::new()
            .shots(self.shots.clone())
            .episodes(self.episodes)
            .queries(self.queries)
            .training(training)
            .seed(self.seed);
        if !self.methods.is_empty() {
            run = run.methods(self.methods.clone());
        }
        let mut sets = Vec::new();
        if let (Some(path), Some(label)) = (&self.galaxies, &self.label) {
            sets.push(FewSet::of("galaxies", label, &galaxies::read(path)?));
        }
        if let Some(path) = &self.efigi {
            sets.push(FewSet::efigi(galaxies::file(path)?)?);
        }
        if let Some(path) = &self.gz1 {
            sets.push(FewSet::gz1(galaxies::file(path)?, self.most)?);
        }
        if let Some(count) = self.simulate {
            sets.push(FewSet::simulated(count, self.out.join("simulated"), 1)?);
        }
        if sets.is_empty() {
            let hint = "Give a catalogue with --label, --efigi, --gz1 or --simulate";
            return Err(Error::empty("there are no galaxies to draw episodes from", hint));
        }
        run = sets.into_iter().fold(run, experiment::KShot::set);
        for text in &self.encoders {
            let (name, address) = text.split_once('=').unwrap_or((text, text));
            let mut encoder = Encoder::load(address)?;
            if let Some(size) = self.size {
                let recipe = encoder.recipe().clone();
                encoder = encoder.with_recipe(zoobot_core::picture::Recipe { size, ..recipe })?;
            }
            run = run.start(name, &encoder);
        }
        let outcome = run.run(&self.out)?;
        write_table(&outcome.table()?, self.out.join("table.csv"))?;
        outcome.figure().save(self.out.join("figure.svg"))?;
        let (mut parts, mut more): (Vec<Value>, Vec<Value>) = (Vec::new(), Vec::new());
        for (set, start, of) in &outcome.parts {
            of.figure().save(self.out.join(format!("{set}-{start}.svg")))?;
            let method = match of.methods().first() {
                Some(first) if of.shots().len() >= 3 => *first,
                _ => FewMethod::Auto,
            };
            if let Ok(curve) = LabelCurve::of(of, method) {
                curve.figure().save(self.out.join(format!("{set}-{start}-labels.svg")))?;
                let most = of.shots().last().copied().unwrap_or(1);
                let expected = [2, 5, 10].map(|times| {
                    let it = curve.accuracy((times * most) as f64);
                    json!({"examples": times * most, "accuracy": it.value, "interval": [it.low, it.high]})
                });
                more.push(json!({
                    "set": set, "encoder": start, "method": method, "rest": curve.rest,
                    "factor": curve.factor, "exponent": curve.exponent, "expected": expected,
                }));
            }
            for method in of.methods() {
                for shots in of.shots() {
                    let Ok(accuracy) = of.accuracy(method, shots) else { continue };
                    let best = of.best(shots).unwrap_or(method);
                    let behind = of.difference(method, best, shots)?;
                    parts.push(json!({
                        "set": set, "encoder": start, "method": method, "shots": shots,
                        "accuracy": accuracy.value, "interval": [accuracy.low, accuracy.high],
                        "best": best, "to_best": behind.value,
                        "to_best_interval": [behind.low, behind.high],
                    }));
                }
            }
        }
        let figures = json!({
            "out": self.out, "episodes": self.episodes, "queries": self.queries, "results": parts,
            "more_labels": more,
        });
        report(self.json, &figures, || Ok(outcome.markdown()))?;
        Ok(ExitCode::SUCCESS)
    }
}
