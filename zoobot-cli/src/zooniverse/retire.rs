//! `zoobot zooniverse retire`.

use crate::output::Overwrite;
use crate::report;
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use zoobot_core::asking::{Effort, Retired, Retirement, VotePrior};
use zoobot_core::catalog::{TableFormat, read_table, write_table};
use zoobot_core::schema::{Schema, Votes};
use zoobot_core::volunteers::Classifications;
use zoobot_core::{Error, Result};

/// Say which galaxies have enough votes, and how much effort such a rule saves.
///
/// A galaxy is retired when the probability that its leading answer is the most common one is at least --sure, given
/// its votes and a prior; and in any case after --most votes. The prior is 1 vote for each answer, or what a model
/// expects (--prior, the table from `zoobot predict`), counted as --prior-votes votes.
///
/// The effort that the rule saves against a fixed number of --most volunteers is told for the votes that are there,
/// in random order, or in the order in which they were given if VOTES are single answers (from `zoobot zooniverse
/// import --classifications`).
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zoobot simulate --galaxies 60 --votes gz_rings --out crowd
  zoobot zooniverse retire crowd/catalog.csv --schema gz_rings --question ring --out retired.csv
  zoobot zooniverse retire crowd/catalog.csv --schema gz_rings --question ring --sure 0.99 --most 30 --json")]
pub struct Retire {
    /// The table of votes, or of single answers
    #[arg(value_name = "VOTES")]
    votes: PathBuf,
    /// The decision tree: a name such as decals_dr5, or a .json file
    #[arg(long)]
    schema: String,
    /// The question that decides, usually the first
    #[arg(long)]
    question: String,
    /// The probability at which a galaxy is retired, above 0 and below 1
    #[arg(long, default_value_t = 0.95)]
    sure: f64,
    /// The minimum number of votes
    #[arg(long, default_value_t = 3)]
    least: u32,
    /// The maximum number of votes
    #[arg(long, default_value_t = 40)]
    most: u32,
    /// A model's expected vote fractions: the table from `zoobot predict`
    #[arg(long, value_name = "TABLE")]
    prior: Option<PathBuf>,
    /// How many votes the model's expectation is worth
    #[arg(long, default_value_t = 5.0)]
    prior_votes: f64,
    /// The random seed of the order of votes
    #[arg(long, default_value_t = zoobot_core::seed::DEFAULT)]
    seed: u64,
    /// The table to write: .csv, .parquet or .fits, with id_str, votes, leader, probability and retired
    #[arg(long)]
    out: Option<PathBuf>,
    #[command(flatten)]
    overwrite: Overwrite,
    /// Print the results as one JSON object on the last line
    #[arg(long)]
    json: bool,
}

impl Retire {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        let schema = Schema::load(&self.schema)?;
        schema.question(&self.question)?;
        let rule =
            Retirement::new(&self.question).sure(self.sure).least(self.least).most(self.most);
        let prior = match &self.prior {
            None => None,
            Some(path) => {
                let table = read_table(path)?;
                Some(VotePrior::from_table(&table, &schema, &self.question, self.prior_votes)?)
            }
        };
        let read = [Some(self.votes.as_path()), self.prior.as_deref()];
        let read: Vec<&Path> = read.into_iter().flatten().collect();
        self.out.as_ref().map_or(Ok(()), |it| TableFormat::of(it).map(drop))?;
        self.overwrite.any_file("--out", self.out.as_deref(), &read)?;
        let table = read_table(&self.votes)?;
        let single = ["volunteer", "question", "answer"].iter().all(|it| table.column(it).is_ok());
        let (votes, effort): (Votes, Effort) = match single {
            true => {
                let all = Classifications::keeping_last(&table, &schema)?;
                (all.votes()?, rule.replay(&all, prior.as_ref())?)
            }
            false => {
                let votes = Votes::from_table(&table, &schema)?;
                let effort = rule.expected(&votes, prior.as_ref(), self.seed)?;
                (votes, effort)
            }
        };
        let decisions = rule.retired(&votes, prior.as_ref())?;
        if let Some(out) = &self.out {
            write_table(&rule.table(&votes, prior.as_ref())?, out)?;
        }
        let count = |kind: Retired| decisions.iter().filter(|it| **it == kind).count();
        let (sure, limit, open) = (count(Retired::Sure), count(Retired::Limit), count(Retired::No));
        let figures = json!({
            "out": self.out, "galaxies": votes.len(), "sure": sure, "limit": limit, "open": open,
            "effort": {
                "galaxies": effort.galaxies(), "answers": effort.answers(), "fixed": effort.fixed(),
                "saved": effort.saved(), "same": effort.same(),
            },
        });
        if !effort.saved().is_finite() {
            return Err(Error::empty("There are no votes", "Choose a table with votes"));
        }
        report(self.json, &figures, || {
            Ok(format!(
                "{} galaxies: {sure} retired as sure, {limit} at the limit, {open} open\n\
                 In turn, this rule would have used {} of {} answers ({:.0} % saved), with the same leading answer \
                 for {:.1} % of the galaxies",
                votes.len(),
                effort.answers(),
                effort.fixed(),
                100.0 * effort.saved(),
                100.0 * effort.same()
            ))
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
