//! `zoobot active`.

use crate::galaxies;
use crate::oracles::{Oracles, question};
use crate::report;
use clap::Args;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use zoobot_core::active::{
    ActiveLearning, ActiveOutcome, AskSheet, BatchChoice, Members, Oracle, VoteAcquisition,
};
use zoobot_core::catalog::Catalog;
use zoobot_core::model::Model;
use zoobot_core::notes::note;
use zoobot_core::rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};
use zoobot_core::schema::{Schema, Votes};
use zoobot_core::space::Space;
use zoobot_core::{Error, Result};

/// The number of labels that the advice to stop looks back on.
const WINDOW: usize = 200;

/// Ask the right galaxies: choose those whose votes would teach a model most, learn from the votes, and choose
/// again.
///
/// The first round is random. Each later round values every galaxy that is not labelled yet, draws a batch, asks, and
/// fits an ensemble of heads on the representations to all votes so far. The votes come from tables (--oracle), or
/// from people who fill in OUT/ask.csv (--ask): enter the number of volunteers who gave each answer, or 1 for your
/// own, and repeat the command.
///
/// Writes OUT/chosen.csv (id_str, round, and the probability with which the galaxy was drawn, given the galaxies
/// before it), OUT/curve.csv (labels, loss), OUT/curve.svg, and a folder for each round. The loss is minus the
/// logarithm of the probability of held-out galaxies' votes. Repeat the command to resume a run that was stopped in
/// any way; with more --rounds it continues.
///
/// By the probabilities, the chosen galaxies stand for the whole pool: the command prints the mean vote fraction of
/// each answer with its 95 % interval (levelled weights, Farquhar et al. 2021).
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zoobot active --schema gz2 --catalog real_sample --rounds 3 --batch 20 --method bald --oracle-of-catalog --out asked
  zoobot active --schema gz2 --catalog real_sample --batch 10 --rounds 2 --ask --out by_hand

With your own table of votes: --oracle votes.csv")]
pub struct Active {
    /// The pool: a table with the columns id_str and file_loc, a folder of pictures, sample or real_sample
    #[arg(long)]
    catalog: PathBuf,
    /// The schema of the questions: a name, or a .json file
    #[arg(long)]
    schema: String,
    #[command(flatten)]
    oracles: Oracles,
    /// The catalogue itself has the votes
    #[arg(long, conflicts_with = "oracles")]
    oracle_of_catalog: bool,
    /// Ask people, who fill in OUT/ask.csv
    #[arg(long, conflicts_with_all = ["oracles", "oracle_of_catalog"])]
    ask: bool,
    /// The questions to learn: names, or words such as smooth, bar, spiral and merger (default: those that everyone
    /// is asked)
    #[arg(long, value_delimiter = ',')]
    questions: Vec<String>,
    /// The folder of a model whose encoder makes the representations, or sample (included)
    #[arg(
        long,
        default_value = "sample",
        value_name = "MODEL",
        conflicts_with = "representations"
    )]
    model: PathBuf,
    /// The table from `zoobot encode`, in place of --model
    #[arg(long)]
    representations: Option<PathBuf>,
    /// The number of principal components of the representations
    #[arg(long, default_value_t = 128)]
    pca: usize,
    #[arg(long, default_value_t, help = methods())]
    method: VoteAcquisition,
    /// How a batch is chosen: stochastic (drawn with known probabilities), top (the highest values), or diverse (the
    /// highest values without near-duplicates)
    #[arg(long, default_value_t)]
    choice: BatchChoice,
    /// With --choice stochastic, the power of the value that a probability is proportional to
    #[arg(long)]
    beta: Option<f64>,
    /// How the members of the ensemble differ: bootstrap, anchored or dropout
    #[arg(long, default_value_t)]
    ensemble: Members,
    /// The number of members of the ensemble
    #[arg(long, default_value_t = 10)]
    members: usize,
    /// The number of galaxies of a round
    #[arg(long, default_value_t = 20)]
    batch: usize,
    /// The number of rounds, with the random one
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// The number of galaxies of the random round, if it differs from --batch
    #[arg(long)]
    start: Option<usize>,
    /// The number of volunteers who will see a galaxy
    #[arg(long, default_value_t = 40)]
    expect: u32,
    /// The share of the galaxies with votes that is held out, to judge every round by
    #[arg(long, default_value_t = 0.25)]
    test: f64,
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

fn methods() -> String {
    let named = |it: &VoteAcquisition| format!("{} ({})", it.name(), it.about());
    let all: Vec<String> = VoteAcquisition::all().iter().map(named).collect();
    format!("What a galaxy is worth: {}", all.join(", "))
}

impl Active {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        let schema = Schema::load(&self.schema)?;
        let questions: Vec<String> =
            self.questions.iter().map(|it| question(&schema, it)).collect::<Result<_>>()?;
        if self.rounds == 0 {
            return Err(Error::parameter("rounds", self.rounds, "at least 1"));
        }
        let catalog = galaxies::read(&self.catalog)?;
        let votes = self.votes(&catalog, &schema)?;
        let with = votes.as_ref().map(|votes| with_votes(&catalog, votes)).transpose()?;
        let space = self.space(&catalog)?;
        let (pool, held_out) = match (&votes, with) {
            (Some(votes), Some(ids)) => {
                let (test, pool) = apart(&space, &ids, self.test, self.seed)?;
                let test = test.map(|ids| space.select(&ids)).transpose()?;
                (space.select(&pool)?, test.map(|it| (it, votes.clone())))
            }
            _ => (space, None),
        };
        let mut run = ActiveLearning::new(&pool, &schema)
            .method(self.method)
            .choice(self.choice()?)
            .ensemble(self.ensemble)
            .members(self.members)
            .start(self.start.unwrap_or(self.batch))
            .batch(self.batch)
            .rounds(self.rounds - 1)
            .volunteers(self.expect)
            .seed(self.seed)
            .folder(&self.out);
        if !questions.is_empty() {
            run = run.questions(questions);
        }
        if let Some((space, votes)) = &held_out {
            run = run.held_out(space, votes);
        }
        let mut oracle: Box<dyn Oracle> = match votes {
            Some(votes) => Box::new(votes),
            None => Box::new(AskSheet::new(self.sheet()).with_pictures(&catalog)),
        };
        let outcome = run.run(oracle.as_mut())?;
        if outcome.rounds().iter().any(|it| it.loss.is_some()) {
            outcome.figure().save(self.out.join("curve.svg"))?;
        }
        let figures = self.figures(&outcome, held_out.map_or(0, |it| it.0.len()));
        report(self.json, &figures, || Ok(self.text(&outcome)))?;
        Ok(ExitCode::SUCCESS)
    }

    fn sheet(&self) -> PathBuf {
        self.out.join("ask.csv")
    }

    /// The table of votes; none if people are asked.
    fn votes(&self, catalog: &Catalog, schema: &Schema) -> Result<Option<Votes>> {
        match (self.ask, self.oracle_of_catalog, self.oracles.oracles.is_empty()) {
            (true, ..) => Ok(None),
            (_, true, _) => Votes::of(catalog, schema).map(Some),
            (_, _, false) => self.oracles.votes(schema).map(Some),
            _ => Err(Error::empty(
                "nobody is there to ask",
                "Give a table of votes with --oracle, or --ask to fill in a table yourself",
            )),
        }
    }

    fn choice(&self) -> Result<BatchChoice> {
        match (self.choice, self.beta) {
            (BatchChoice::Stochastic { .. }, Some(beta)) => Ok(BatchChoice::Stochastic { beta }),
            (choice, Some(_)) => Err(Error::unsuitable(
                format!("--beta is for --choice stochastic, not for {choice}"),
                "Leave one of them out",
            )),
            (choice, None) => Ok(choice),
        }
    }

    /// The representations of the catalogue's galaxies.
    fn space(&self, catalog: &Catalog) -> Result<Space> {
        let space = match &self.representations {
            Some(path) => {
                let space = Space::read(path)?;
                let known: HashSet<&String> = space.ids().iter().collect();
                let ids: Vec<&String> =
                    catalog.ids().iter().filter(|id| known.contains(id)).collect();
                if ids.is_empty() {
                    return Err(none_matches("the representations", catalog, &space.ids()[0]));
                }
                if ids.len() < catalog.len() {
                    note(format!(
                        "{} of {} galaxies have no representation",
                        catalog.len() - ids.len(),
                        catalog.len()
                    ));
                }
                space.select(&ids)?
            }
            None => encoded(&self.model, catalog, &self.out.join("representations.parquet"))?,
        };
        compressed(&space, self.pca)
    }

    fn figures(&self, outcome: &ActiveOutcome, held_out: usize) -> Value {
        let round = |it: &zoobot_core::active::ActiveRound| json!({ "round": it.round, "labels": it.labels, "loss": it.loss });
        let means: serde_json::Map<String, Value> = outcome
            .votes()
            .schema()
            .columns()
            .into_iter()
            .filter_map(|answer| {
                let mean = outcome.mean_fraction(&answer).ok()?;
                Some((answer, json!({ "value": mean.value, "low": mean.low, "high": mean.high })))
            })
            .collect();
        json!({
            "out": self.out,
            "method": self.method,
            "pool": outcome.pool(),
            "held_out": held_out,
            "labels": outcome.chosen().len(),
            "waiting": outcome.waiting().len(),
            "loss": outcome.rounds().last().and_then(|it| it.loss),
            "rounds": outcome.rounds().iter().map(round).collect::<Vec<_>>(),
            "mean_fractions": means,
            "stop": outcome.stop_advice(WINDOW),
        })
    }

    fn text(&self, outcome: &ActiveOutcome) -> String {
        let mut lines = vec![format!("{:>8} {:>10}", "labels", "loss")];
        for it in outcome.rounds() {
            let loss = it.loss.map_or_else(|| "-".to_owned(), |loss| format!("{loss:.4}"));
            lines.push(format!("{:>8} {loss:>10}", it.labels));
        }
        let columns = outcome.votes().schema().columns();
        for answer in columns.iter().filter(|_| outcome.chosen().len() > 1) {
            if let Ok(mean) = outcome.mean_fraction(answer) {
                lines.push(format!("mean fraction of {answer} in the pool: {mean}"));
            }
        }
        lines.extend(outcome.stop_advice(WINDOW).map(|it| it.to_string()));
        if !outcome.waiting().is_empty() {
            lines.push(format!(
                "{} galaxies wait for answers: fill in {} and repeat the command",
                outcome.waiting().len(),
                self.sheet().display()
            ));
        }
        lines.join("\n")
    }
}

/// The galaxies of a catalogue that have votes.
pub fn with_votes(catalog: &Catalog, votes: &Votes) -> Result<Vec<String>> {
    let without: HashSet<&str> = votes.without_votes().into_iter().collect();
    let known: HashSet<&String> = votes.ids().iter().collect();
    let has = |id: &&String| known.contains(*id) && !without.contains(id.as_str());
    let ids: Vec<String> = catalog.ids().iter().filter(has).cloned().collect();
    match (ids.len(), votes.ids().first()) {
        (0, Some(example)) if !catalog.ids().iter().any(|id| known.contains(id)) => {
            Err(none_matches("the table of votes", catalog, example))
        }
        (0, _) => Err(Error::empty(
            format!(
                "none of the {} galaxies of {} has votes",
                catalog.len(),
                catalog.source().display()
            ),
            "Give a table with votes for the questions of the schema",
        )),
        (some, _) => {
            if some < catalog.len() {
                note(format!(
                    "{} of {} galaxies have no votes and are left out",
                    catalog.len() - some,
                    catalog.len()
                ));
            }
            Ok(ids)
        }
    }
}

fn none_matches(table: &str, catalog: &Catalog, example: &str) -> Error {
    let own = catalog.ids().first().map_or("", String::as_str);
    let problem = format!(
        "none of the {} galaxies of {} is in {table}: it has names such as {example:?}, the catalogue {own:?}",
        catalog.len(),
        catalog.source().display()
    );
    Error::unsuitable(problem, "Give tables with the same names in id_str")
}

/// The representations of a catalogue by the encoder of a model, from a file if an earlier run wrote it.
pub fn encoded(model: &Path, catalog: &Catalog, file: &Path) -> Result<Space> {
    if file.exists() {
        let space = Space::read(file)?;
        let known: HashSet<&String> = space.ids().iter().collect();
        if catalog.ids().iter().any(|id| known.contains(id)) {
            return space.with_catalog(catalog);
        }
    }
    Model::load(model)?.encoder().encode_to(catalog, file)?;
    Space::read(file)
}

/// A space of at most this many principal components.
pub fn compressed(space: &Space, components: usize) -> Result<Space> {
    match space.width() > components {
        true => space.pca(components.min(space.len())),
        false => Ok(space.clone()),
    }
}

/// Divides galaxies with votes into those that are held out, if any, and the pool.
fn apart(
    space: &Space,
    with_votes: &[String],
    share: f64,
    seed: u64,
) -> Result<(Option<Vec<String>>, Vec<String>)> {
    if !(0.0..1.0).contains(&share) {
        return Err(Error::parameter("test", share, "at least 0 and below 1"));
    }
    let known: HashSet<&String> = space.ids().iter().collect();
    let mut ids: Vec<String> = with_votes.iter().filter(|id| known.contains(id)).cloned().collect();
    ids.shuffle(&mut StdRng::seed_from_u64(seed));
    let pool = ids.split_off((share * ids.len() as f64).round() as usize);
    Ok(((!ids.is_empty()).then_some(ids), pool))
}
