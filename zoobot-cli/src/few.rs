//! `zoobot few`.

use crate::galaxies::{self, Galaxies};
use crate::output::Overwrite;
use crate::report;
use crate::stretching::Stretching;
use clap::{Args, ValueEnum};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;
use zoobot_core::catalog::{Catalog, write_table};
use zoobot_core::encoder::Encoder;
use zoobot_core::few::{FewMethod, FewShot, SearchRule};
use zoobot_core::finetune::Finetune;
use zoobot_core::space::Space;
use zoobot_core::{Error, Result};

/// Rank a survey by a few examples of each class, such as five lenses and five ordinary galaxies.
///
/// Every galaxy of the catalogue gets the probability of each class, and the likeliest of the sought class
/// come first. By default several quick methods predict each example from the others, and the best one is
/// used; the output says which and why. The survey's own galaxies help, without labels: they tell what
/// the average galaxy looks like. Probabilities are for a survey with as many galaxies of each class: use
/// them to rank. An example that is also in the catalogue is an error that names it, unless --leave-out is
/// given.
///
/// Methods that train the encoder (grouped, full, lora) keep their state in OUT.run: repeat a command that was
/// stopped to resume it. OUT.run/best has the best model so far; the folder goes when the ranking is written.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zoobot simulate --galaxies 40 --kinds ring,spiral --out hidden
  head -n 11 hidden/catalog.csv > hidden/examples.csv
  zoobot few hidden --support hidden/examples.csv --label class --leave-out --out few.csv
  zoobot encode hidden --out hidden.parquet
  zoobot few hidden --support hidden/examples.csv --label class --leave-out --representations hidden.parquet --method mean --sought ring --out quick.csv")]
pub struct Few {
    /// The examples: a catalogue with the column of --label
    #[arg(long, value_name = "CATALOG")]
    support: PathBuf,
    /// The column of the examples' classes
    #[arg(long)]
    label: String,
    #[command(flatten)]
    galaxies: Galaxies,
    /// The file to write the ranking into (.csv, .parquet or .fits): id_str, predicted, and
    /// probability_CLASS for each class
    #[arg(long)]
    out: PathBuf,
    #[arg(long, default_value_t = FewMethod::Auto, help = methods())]
    method: FewMethod,
    /// The class by which to rank [default: the rarest one of the survey, by the probabilities]
    #[arg(long, value_name = "CLASS")]
    sought: Option<String>,
    /// Leave examples that are in the catalogue out of the ranking
    #[arg(long)]
    leave_out: bool,
    /// The encoder: sample (included, trained on galaxies), imagenet, a model folder, or hf:OWNER/NAME
    #[arg(long, default_value = "sample")]
    encoder: String,
    /// A table from `zoobot encode` with the galaxies of the catalogue and the examples, to save encoding
    #[arg(long, value_name = "TABLE", conflicts_with_all = ["encoder", "views"])]
    representations: Option<PathBuf>,
    /// The number of views of each picture, 1 to 8, whose features are averaged: turned, mirrored and magnified
    #[arg(long, default_value_t = 1)]
    views: usize,
    /// Passes over the examples, for methods that train the encoder
    #[arg(long, default_value_t = 20)]
    epochs: u64,
    /// The largest learning rate, for methods that train the encoder
    #[arg(long, default_value_t = 1e-4)]
    rate: f64,
    /// The number of groups in each layer, or one for every layer, for grouped gradients
    #[arg(long, value_delimiter = ',', default_value = "8")]
    groups: Vec<usize>,
    /// Search for the numbers of groups in each layer, in place of --groups: at random, or by a controller that
    /// learns from the accuracy on examples that are left out
    #[arg(long, value_enum, value_name = "RULE")]
    search: Option<Rule>,
    /// The number of trials of a search; each trains the network up to three times
    #[arg(long, default_value_t = 10, requires = "search")]
    trials: usize,
    /// The rank of adapters
    #[arg(long, default_value_t = 4)]
    rank: usize,
    #[command(flatten)]
    stretching: Stretching,
    /// The random seed
    #[arg(long, default_value_t = zoobot_core::seed::DEFAULT)]
    seed: u64,
    #[command(flatten)]
    overwrite: Overwrite,
    /// Print the results as one JSON object on the last line
    #[arg(long)]
    json: bool,
}

/// How a search proposes groups.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Rule {
    Random,
    Controller,
}

/// The methods, for `--help`.
fn methods() -> String {
    let all: Vec<String> =
        FewMethod::all().map(|it| format!("{} ({})", it.name(), it.about())).collect();
    format!("How to learn: {}", all.join(", "))
}

impl Few {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        let started = std::time::Instant::now();
        let support = galaxies::read(&self.support)?;
        let survey = self.galaxies.read()?;
        support.note_sentinels(&self.label)?;
        self.overwrite.file("--out", &self.out, &[self.galaxies.path(), &self.support])?;
        let mut few: FewShot = Finetune::few(&self.label).method(self.method).views(self.views);
        few = few.seed(self.seed).epochs(self.epochs).learning_rate(self.rate);
        few = few.groups(self.groups.clone()).rank_of_adapters(self.rank);
        let mut run = self.out.clone().into_os_string();
        run.push(".run");
        let run = PathBuf::from(run);
        if self.method.trains_encoder() {
            few = few.folder(&run);
        }
        if let Some(class) = &self.sought {
            few = few.sought(class);
        }
        if self.leave_out {
            few = few.leave_out();
        }
        let mut searched = None;
        let ranking = match &self.representations {
            None => {
                let encoder = self.stretching.of_encoder(Encoder::load(&self.encoder)?)?;
                few = few.encoder(&encoder);
                if let (Some(rule), FewMethod::Grouped) = (self.search, self.method) {
                    let rule = match rule {
                        Rule::Random => SearchRule::Random,
                        Rule::Controller => SearchRule::Controller,
                    };
                    let found = few.search_groups(&support, rule, self.trials)?;
                    if let Some(best) = found.best() {
                        few = few.groups(best.groups.clone());
                    }
                    searched = Some(found);
                }
                few.rank(&support, &survey)?
            }
            Some(table) => {
                let all = Space::read(table)?;
                let part = |of: &Catalog| all.select(of)?.with_catalog(of);
                few.rank_encoded(&part(&support)?, &part(&survey)?)?
            }
        };
        if let Some(first) = ranking.failed().first() {
            let (failed, all) = (ranking.failed().len(), survey.len());
            eprintln!(
                "zoobot: warning: {failed} of {all} pictures could not be read, such as {}: {}",
                first.id_str, first.reason
            );
        }
        write_table(&ranking.table(), &self.out)?;
        if self.method.trains_encoder() {
            std::fs::remove_dir_all(&run).map_err(Error::io("remove", &run))?;
        }
        let figures = json!({
            "out": self.out,
            "label": self.label,
            "classes": ranking.classes(),
            "examples": ranking.counts(),
            "sought": ranking.sought(),
            "galaxies": ranking.ids().len(),
            "failed": ranking.failed().len(),
            "method": ranking.method().name(),
            "reason": ranking.reason(),
            "trials": ranking.trials(),
            "search": searched,
            "seconds": started.elapsed().as_secs_f64(),
        });
        report(self.json, &figures, || {
            let mut text = format!(
                "{} galaxies are ranked by {:?} in {}. Method: {}, since {}",
                ranking.ids().len(),
                ranking.sought(),
                self.out.display(),
                ranking.method(),
                ranking.reason()
            );
            for trial in ranking.trials().iter().filter(|it| it.examples > 0) {
                text += &format!(
                    "\n  {:<12} {:>5.1} % of {} left-out examples correct, loss {:.3}",
                    trial.method,
                    100.0 * trial.accuracy,
                    trial.examples,
                    trial.loss
                );
            }
            Ok(text)
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
