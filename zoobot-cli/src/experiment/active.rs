//! `zoobot experiment active`.

use crate::active::{compressed, encoded, with_votes};
use crate::galaxies;
use crate::oracles::{Oracles, question};
use crate::report;
use clap::Args;
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::process::ExitCode;
use zoobot_core::active::{ActiveComparison, ActiveExperiment, Members};
use zoobot_core::catalog::{Catalog, write_table};
use zoobot_core::rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};
use zoobot_core::schema::{Schema, Votes};
use zoobot_core::survey::{Kind, Simulation};
use zoobot_core::{Error, Result};

/// Measure how many labels active learning saves, as in Walmsley et al. (2020): learning curves of several methods
/// beside random choice, on galaxies whose votes are known.
///
/// The galaxies are simulated, with the votes of simulated volunteers, or real (--oracle). For each question, method
/// and repeat, an ensemble of heads on frozen representations begins with the same random galaxies as all other
/// methods, and adds a batch in each round. A method saves 0.4 of the labels if it reaches the final loss of random
/// choice with 60 % of them; a negative number says that random choice wins.
///
/// Writes OUT/runs.jsonl (a line for each run as it ends), OUT/table.csv and a figure OUT/QUESTION.svg for each
/// question. Repeat the command to resume an experiment that was stopped; you may add methods, questions and repeats.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zoobot experiment active --pool 60 --test 30 --start 16 --batch 8 --rounds 2 --members 2 --repeats 2 --questions smooth --methods bald --out active

With real galaxies: --oracle votes.csv --schema gz2, a table with pictures (file_loc) and votes")]
pub struct Active {
    /// The number of galaxies to choose from
    #[arg(long, default_value_t = 6000)]
    pool: usize,
    /// The number of galaxies to judge by
    #[arg(long, default_value_t = 2000)]
    test: usize,
    /// The schema of the questions: a name, or a .json file
    #[arg(long, default_value = "decals_dr5")]
    schema: String,
    #[command(flatten)]
    oracles: Oracles,
    /// The questions: names, or words such as smooth, bar, spiral and merger
    #[arg(long, value_delimiter = ',', default_value = "smooth,bar,spiral,merger")]
    questions: Vec<String>,
    /// The methods beside random choice: bald, entropy, margin, variance or galaxy_zoo, drawn with probabilities;
    /// followed by _top or _diverse, the highest values
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "bald,bald_top,bald_diverse,entropy,variance,galaxy_zoo"
    )]
    methods: Vec<String>,
    /// The folder of a model whose encoder makes the representations, or sample (included)
    #[arg(long, default_value = "sample", value_name = "MODEL")]
    model: PathBuf,
    /// The number of principal components of the representations
    #[arg(long, default_value_t = 128)]
    pca: usize,
    /// The number of galaxies at the start
    #[arg(long, default_value_t = 256)]
    start: usize,
    /// The number of galaxies of each round
    #[arg(long, default_value_t = 128)]
    batch: usize,
    /// The number of rounds after the start
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// How the members of the ensemble differ: bootstrap, anchored or dropout
    #[arg(long, default_value_t)]
    ensemble: Members,
    /// The number of members of the ensemble
    #[arg(long, default_value_t = 10)]
    members: usize,
    /// The number of volunteers who see a galaxy
    #[arg(long, default_value_t = 40)]
    expect: u32,
    /// The number of repeats
    #[arg(long, default_value_t = 10)]
    repeats: u64,
    /// The random seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The folder to write into
    #[arg(long)]
    out: PathBuf,
    /// Print the results as one JSON object on the last line
    #[arg(long)]
    json: bool,
}

impl Active {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        let schema = Schema::load(&self.schema)?;
        let questions = self.questions.iter().map(|it| Ok((it.as_str(), question(&schema, it)?)));
        let questions = questions.collect::<Result<Vec<_>>>()?;
        let (catalog, votes) = match self.oracles.oracles.is_empty() {
            true => self.simulated(&schema)?,
            false => self.real(&schema)?,
        };
        let ids = with_votes(&catalog, &votes)?;
        let space = encoded(&self.model, &catalog, &self.out.join("representations.parquet"))?;
        let space = compressed(&space, self.pca)?;
        let mut ids: Vec<String> = ids.into_iter().filter(|id| space.row(id).is_ok()).collect();
        ids.shuffle(&mut StdRng::seed_from_u64(self.seed));
        if self.test == 0 || self.test >= ids.len() {
            let range = format!("at least 1 and less than the number of galaxies, {}", ids.len());
            return Err(Error::parameter("test", self.test, range));
        }
        let pool = ids.split_off(self.test);
        let (pool, test) = (space.select(&pool)?, space.select(&ids)?);
        let mut experiment = ActiveExperiment::new((&pool, &votes), (&test, &votes))
            .methods(&self.methods)?
            .ensemble(self.ensemble)
            .members(self.members)
            .sizes(self.start, self.batch, self.rounds)
            .volunteers(self.expect)
            .repeats(self.repeats)
            .seed(self.seed);
        for (word, name) in &questions {
            experiment = experiment.question(word, name);
        }
        let compared = experiment.run(Some(&self.out.join("runs.jsonl")))?;
        write_table(&compared.table(), self.out.join("table.csv"))?;
        for (word, _) in &questions {
            compared.figure(word).save(self.out.join(format!("{word}.svg")))?;
        }
        let figures = self.figures(&compared, (pool.len(), test.len()));
        report(self.json, &figures, || {
            let lines = compared.all_saved().iter().map(ToString::to_string).collect::<Vec<_>>();
            Ok(lines.join("\n"))
        })?;
        Ok(ExitCode::SUCCESS)
    }

    /// Simulated galaxies with the votes of simulated volunteers, or those of an earlier run.
    fn simulated(&self, schema: &Schema) -> Result<(Catalog, Votes)> {
        let (folder, galaxies) = (self.out.join("galaxies"), self.pool + self.test);
        let path = folder.join("catalog.csv");
        let made = path.is_file().then(|| Catalog::read(&path)).transpose()?;
        let catalog = match made.filter(|it| it.len() == galaxies) {
            Some(catalog) => catalog,
            None => {
                let survey = Simulation::new(galaxies)
                    .seed(self.seed)
                    .kinds(Kind::sky())
                    .volunteers(&self.schema);
                survey.write(&folder)?
            }
        };
        let votes = Votes::of(&catalog, schema)?;
        Ok((catalog, votes))
    }

    /// Real galaxies from tables with pictures and votes.
    fn real(&self, schema: &Schema) -> Result<(Catalog, Votes)> {
        let votes = self.oracles.votes(schema)?;
        let all = self.oracles.oracles.iter().map(|it| galaxies::read(it));
        let all = all.collect::<Result<Vec<_>>>()?;
        // The votes are known already; other columns may differ in type between the tables.
        let bare = |it: &Catalog| -> Result<Catalog> {
            let table = it.table().select(["id_str", "file_loc"])?;
            Catalog::from_table(table, it.folder())
        };
        let all = all.iter().map(bare).collect::<Result<Vec<_>>>()?;
        Ok((Catalog::stack(&all)?, votes))
    }

    fn figures(&self, compared: &ActiveComparison, (pool, test): (usize, usize)) -> Value {
        let (mut values, mut bands) = (Map::new(), Map::new());
        for it in compared.all_saved() {
            let of = |all: &mut Map<String, Value>, value: Value| {
                if let Some(method) =
                    all.entry(&it.method).or_insert_with(|| json!({})).as_object_mut()
                {
                    method.insert(it.question.clone(), value);
                }
            };
            of(&mut values, json!(it.saved.value));
            of(&mut bands, json!([it.saved.low, it.saved.high]));
        }
        json!({
            "out": self.out,
            "pool": pool,
            "test": test,
            "repeats": self.repeats,
            "labels": self.start + self.rounds * self.batch,
            "labels_saved": values,
            "labels_saved_95": bands,
        })
    }
}
