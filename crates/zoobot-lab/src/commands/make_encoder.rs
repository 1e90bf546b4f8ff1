//! `zoobot-lab make-encoder`: makes the encoder that is included in the library, as called by `cargo xtask
//! encoder`.

use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use zoobot_cli::{corrected, report};
use zoobot_core::catalog::{Catalog, ID, Split};
use zoobot_core::encoder::{Architecture, Encoder, Precision, Statistics};
use zoobot_core::model::Model;
use zoobot_core::picture::{Augment, Recipe};
use zoobot_core::polars::prelude::Column;
use zoobot_core::predict::Ensemble;
use zoobot_core::schema::{Schema, VoteFractions, Votes};
use zoobot_core::survey::{
    Kind, Simulation, Survey, efigi, galaxy_challenge, gz1, gz2, is_kept_out, keep_out,
};
use zoobot_core::train::{FitConfig, OptimizerConfig, Schedule, Trained, VoteTraining};
use zoobot_core::{Error, Result};

/// Make the encoder that is included in the library.
///
/// In stages, on the real galaxies in DATA (without those that encoders and posteriors are judged on): the
/// votes of Galaxy Zoo 2, the classes of Galaxy Zoo 1 and the attributes of EFIGI; and on simulated galaxies.
/// The questions of Galaxy Zoo 2 are learned from real votes alone. At the end the posteriors are corrected,
/// question by question, with held-out galaxies. Repeat the command to resume a run that was stopped.
#[derive(Debug, Args)]
pub struct MakeEncoder {
    /// The folder with catalog.csv and pictures in each of gz2_votes, s82_votes, gz1, gz2_odd and efigi
    #[arg(long)]
    data: PathBuf,
    /// A folder for simulated pictures, prepared ones and checkpoints
    #[arg(long)]
    work: PathBuf,
    /// The folder to write the encoder into
    #[arg(long)]
    out: PathBuf,
    /// Simulated galaxies for each of the surveys decals, sdss and nearby; 0 for none
    #[arg(long, default_value_t = 2000)]
    simulated: usize,
    /// How many times an epoch shows each real galaxy with votes of Galaxy Zoo 2
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    repeat: u16,
    /// The stages of training, each as SIZE:EPOCHS:RATE, followed by "b" if batch normalisation learns
    /// its statistics; none to keep the encoder and only fit the answers to the questions of Galaxy Zoo 2
    #[arg(long, num_args = 0.., value_delimiter = ',', default_value = "128:1:1e-3b,128:6:1e-3,160:2:5e-4")]
    stages: Vec<Stage>,
    /// A model of votes: its expected fractions for the questions of Galaxy Zoo 2 are learned for the real
    /// galaxies without such votes (gz1 and gz2_odd, of which no label of odd galaxies is read)
    #[arg(long)]
    teacher: Option<PathBuf>,
    /// The fraction that the moving average of the weights keeps of itself at each step
    #[arg(long, default_value_t = 0.998)]
    average: f64,
    /// The number of galaxies in a batch
    #[arg(long, default_value_t = 32)]
    batch: usize,
    /// The largest shear of views, in degrees. A shear changes how round a galaxy looks, which volunteers
    /// are asked about
    #[arg(long, default_value_t = 0.0)]
    shear: f64,
    /// What to start from: an encoder, or an architecture with random weights (timm's name)
    #[arg(long, default_value = "imagenet")]
    start: String,
    /// The number of views of each picture that the answers to the questions of Galaxy Zoo 2 are fitted to
    #[arg(long, default_value_t = 4)]
    views: usize,
    /// The random seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print the results as one JSON object on the last line
    #[arg(long)]
    json: bool,
}

/// A stage of the training.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Stage {
    /// The side length in pixels.
    size: usize,
    epochs: u64,
    rate: f64,
    statistics: Statistics,
}

impl std::str::FromStr for Stage {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let (numbers, statistics) = match text.strip_suffix('b') {
            Some(numbers) => (numbers, Statistics::Batch),
            None => (text, Statistics::Frozen),
        };
        let parts: Vec<&str> = numbers.split(':').collect();
        let wrong = || format!("{text:?} is not SIZE:EPOCHS:RATE, such as 128:8:1e-3");
        let [size, epochs, rate] = parts[..] else { return Err(wrong()) };
        Ok(Self {
            size: size.parse().map_err(|_| wrong())?,
            epochs: epochs.parse().map_err(|_| wrong())?,
            rate: rate.parse().map_err(|_| wrong())?,
            statistics,
        })
    }
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { size, epochs, rate, statistics } = self;
        let learnt = if *statistics == Statistics::Batch { "b" } else { "" };
        write!(f, "{size}:{epochs}:{rate:e}{learnt}")
    }
}

/// The fraction of galaxies that are held out to correct the posteriors.
const HELD_OUT: f64 = 0.05;
/// The same for real galaxies with votes of Galaxy Zoo 2, which are few.
const HELD_OUT_VOTED: f64 = 0.15;
/// How much less certain a posterior must be on the sky than in the simulation that it was learned from. The
/// encoder before this one had learned `gz2` mostly from simulated votes: the certainty that makes the votes
/// for the 334 galaxies of the Galaxy Challenge most likely is this fraction, the median of ten questions, of
/// the certainty that simulated votes ask for (`docs/encoder.md`).
const SKY: f64 = 0.09;
/// The number of votes that an expected fraction of the teacher is worth.
const TAUGHT_VOTES: u32 = 10;

/// Pictures of which no label is read.
const UNLABELLED: &str = "pictures without labels";
const GALAXY_ZOO_1: &str = "Galaxy Zoo 1";
/// The sources that a teacher answers about.
const TAUGHT: [&str; 2] = [GALAXY_ZOO_1, UNLABELLED];

/// Real galaxies of one source that may be learned from.
struct Source {
    name: &'static str,
    galaxies: Catalog,
    /// Whether they have votes of Galaxy Zoo 2.
    voted: bool,
}

impl MakeEncoder {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        let sources = self.real()?;
        let counted: serde_json::Map<String, serde_json::Value> =
            sources.iter().map(|it| (it.name.to_owned(), it.galaxies.len().into())).collect();
        let voted = sources.iter().filter(|it| it.voted).map(|it| it.galaxies.clone());
        let voted = Catalog::stack(&voted.collect::<Vec<_>>())?;
        let (mut galaxies, mut validation) = (voted.len(), Vec::new());
        let model = match self.stages.is_empty() {
            true => Model::load(&self.start)?,
            false => {
                let parts = self.parts(sources)?;
                galaxies = parts.train.len();
                let (model, losses) = self.trained(&parts)?;
                validation = losses;
                // EFIGI's attributes and the classes of Galaxy Zoo 1 are not recalibrated, since their votes
                // are no counts of volunteers.
                let volunteers = Schema::union("volunteers", &self.campaigns()?)?;
                corrected(model, Precision::Fp32, &parts.val, &volunteers)?
            }
        };
        let space = model.encoder().clone().with_views(self.views)?.encode(&voted)?;
        let votes = Votes::of(&voted.select(space.ids())?, &gz2::schema()?)?;
        widened(model.refit(&space, &votes, self.seed)?)?.save(&self.out)?;
        let name = |path: &Path| path.file_name().map(|it| it.to_string_lossy().into_owned());
        let train = match self.stages.is_empty() {
            true => card_of(Path::new(&self.start)).remove("training").unwrap_or_default(),
            false => json!({
                "galaxies": galaxies,
                "real": counted,
                "simulated": SIMULATED_SURVEYS.len() * self.simulated,
                "start": name(Path::new(&self.start)),
                "teacher": self.teacher.as_deref().and_then(name),
                "repeat": self.repeat,
                "shear": self.shear,
                "stages": self.stages.iter().map(Stage::to_string).collect::<Vec<_>>(),
                "batch": self.batch,
                "average": self.average,
                "seed": self.seed,
            }),
        };
        let posteriors = json!({
            "gz2": format!("real votes for {} galaxies, {} views each", votes.len(), self.views),
            SIMULATED_SCHEMA: format!("simulated votes, certainty times {SKY}"),
        });
        note(&self.out.join("card.json"), train, posteriors)?;
        let figures = json!({ "out": self.out, "galaxies": galaxies, "validation": validation });
        report(self.json, &figures, || Ok(format!("the encoder lies in {}", self.out.display())))?;
        Ok(ExitCode::SUCCESS)
    }

    /// The schemas of volunteers' votes.
    fn campaigns(&self) -> Result<Vec<Schema>> {
        let simulated =
            (self.simulated > 0).then(|| Schema::named(SIMULATED_SCHEMA)).transpose()?;
        Ok([gz2::schema()?].into_iter().chain(simulated).collect())
    }

    /// All questions.
    fn schema(&self) -> Result<Schema> {
        let schemas = [vec![efigi::schema()?, gz1::schema()?], self.campaigns()?].concat();
        Schema::union("sample", &schemas)
    }

    /// The model after the last stage, and the validation loss of each of its epochs.
    fn trained(&self, parts: &Split) -> Result<(Model, Vec<f64>)> {
        let schema = &self.schema()?;
        eprintln!("{} galaxies, {} questions", parts.train.len(), schema.questions().len());
        let start = if let Ok(architecture) = Architecture::named(&self.start) {
            VoteTraining::new(schema, architecture)
        } else if let Ok(model) = Model::load(&self.start) {
            VoteTraining::from_model(schema, &model)?
        } else {
            VoteTraining::new(schema, &Encoder::load(&self.start)?)
        };
        let mut trained: Option<Trained> = None;
        for (number, stage) in (1..).zip(&self.stages) {
            let folder = self.work.join(format!("stage-{number}"));
            let mut training = self.training(start.clone(), stage).folder(folder);
            if let Some(before) = &trained {
                training = training.after(before)?;
            }
            let done = training.train(&parts.train, &parts.val)?;
            done.model("sample")?.save(self.work.join(format!("encoder-{number}")))?;
            trained = Some(done);
        }
        let trained = trained.ok_or_else(|| Error::Internal("no stage of training".to_owned()))?;
        let losses = trained.fitted().epochs.iter().map(|it| it.validation).collect();
        Ok((trained.model("sample")?.rounded()?, losses))
    }

    /// The real galaxies that may be learned from, with votes for the questions of their sources.
    fn real(&self) -> Result<Vec<Source>> {
        let table = |folder: &str| self.data.join(folder).join("catalog.csv");
        let source = |name, all: Catalog, one_in, voted| -> Result<Source> {
            Ok(Source { name, galaxies: keep_out(&all, one_in)?.0, voted })
        };
        let challenge = galaxy_challenge::read(table("gz2_votes"))?;
        let mut sources = vec![
            source("Galaxy Challenge", challenge, galaxy_challenge::KEPT_OUT, true)?,
            source("Galaxy Zoo 2, Stripe 82", gz2::read(table("s82_votes"))?, gz2::KEPT_OUT, true)?,
            source(GALAXY_ZOO_1, gz1::read(table("gz1"))?, gz1::KEPT_OUT, false)?,
            source("EFIGI", efigi::read(table("efigi"))?, efigi::KEPT_OUT, false)?,
        ];
        if self.teacher.is_some() {
            // Pictures of the Galaxy Challenge, by its names: those that are kept out stay out.
            let odd = Catalog::read(table("gz2_odd"))?;
            let ids = odd.ids().to_vec();
            let free = ids.iter().filter(|id| !is_kept_out(id, galaxy_challenge::KEPT_OUT));
            let free = renamed(&odd.select(&free.collect::<Vec<_>>())?, "odd")?;
            sources.push(Source { name: UNLABELLED, galaxies: free, voted: false });
        }
        Ok(sources)
    }

    /// Training galaxies, repeated as `--repeat` says, and galaxies held out to correct the posteriors.
    fn parts(&self, sources: Vec<Source>) -> Result<Split> {
        let (mut train, mut held_out) = (Vec::new(), Vec::new());
        let mut rows: Vec<usize> = Vec::new();
        let mut first = 0;
        let mut learn = |part: Catalog, times: u16| {
            let next = first + part.len();
            (0..times).for_each(|_| rows.extend(first..next));
            first = next;
            train.push(part);
        };
        for Source { name, galaxies, voted } in sources {
            let share = match name {
                UNLABELLED => 0.0,
                _ if voted => HELD_OUT_VOTED,
                _ => HELD_OUT,
            };
            let parts = galaxies.split([1.0 - share, share, 0.0], self.seed)?;
            // Held-out galaxies keep their own votes alone, since these correct the posteriors.
            let part = match &self.teacher {
                Some(teacher) if TAUGHT.contains(&name) => taught(&parts.train, teacher)?,
                _ => parts.train,
            };
            learn(part, if voted { self.repeat } else { 1 });
            if !parts.val.is_empty() {
                held_out.push(parts.val);
            }
        }
        for (place, survey) in (1..).zip(SIMULATED_SURVEYS).filter(|_| self.simulated > 0) {
            let folder = self.work.join(format!("simulated-{survey}"));
            let simulation = Simulation::new(self.simulated)
                .seed(100 * self.seed + place)
                .size(160)
                .kinds(Kind::ALL)
                .survey(survey)
                .volunteers(SIMULATED_SCHEMA);
            let galaxies = simulated_by(&simulation, &folder, &survey.to_string())?;
            let parts = galaxies.split([1.0 - HELD_OUT, HELD_OUT, 0.0], self.seed)?;
            learn(parts.train, 1);
            held_out.push(parts.val);
        }
        let train = Catalog::stack(&train)?.at(&rows)?;
        let test = train.head(0);
        Ok(Split { train, val: Catalog::stack(&held_out)?, test })
    }

    fn training(&self, start: VoteTraining, stage: &Stage) -> VoteTraining {
        let settings = FitConfig {
            epochs: stage.epochs,
            batch: self.batch,
            rate: stage.rate,
            weight_decay: 0.05,
            schedule: Schedule { warmup: 60, ..Schedule::default() },
            optimizer: OptimizerConfig { clip: Some(5.0), ..OptimizerConfig::default() },
            average: Some(self.average),
            until: Some(stage.epochs),
            save_every: 100,
            seed: self.seed,
            ..FitConfig::default()
        };
        // The recipe of the network that it starts from, with or without its weights.
        let recipe = Recipe { size: stage.size, ..Recipe::imagenet_lite() };
        start
            .recipe(recipe)
            .augment(Augment::zoobot().rotation(180.0).scale(1.0, 1.4).shear(0.0, self.shear))
            .statistics(stage.statistics)
            .settings(settings)
    }
}

/// The card of a model folder; empty if there is none.
fn card_of(folder: &Path) -> serde_json::Map<String, serde_json::Value> {
    let text = std::fs::read(folder.join("card.json")).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

/// Adds the training data, the sources of the posteriors and the licence of the initial weights to the card of a model folder.
fn note(path: &Path, train: serde_json::Value, posteriors: serde_json::Value) -> Result<()> {
    let wrong = |error: serde_json::Error| {
        let problem = format!("{} is not a JSON object: {error}", path.display());
        Error::unsuitable(problem, "Remove the folder and make the encoder again")
    };
    let text = std::fs::read(path).map_err(Error::io("read", path))?;
    let mut card: serde_json::Map<_, _> = serde_json::from_slice(&text).map_err(wrong)?;
    card.insert("training".to_owned(), train);
    card.insert("posteriors".to_owned(), posteriors);
    card.insert("license".to_owned(), "Apache-2.0".into());
    let text = serde_json::to_vec_pretty(&card).map_err(wrong)?;
    std::fs::write(path, text).map_err(Error::io("write", path))
}

/// The surveys whose pictures are simulated.
const SIMULATED_SURVEYS: [Survey; 3] = [Survey::Decals, Survey::Sdss, Survey::Nearby];
/// The questions that simulated volunteers answer: of a campaign without real votes here, so that no posterior
/// is learned from both.
const SIMULATED_SCHEMA: &str = "decals_dr5";

/// The model, less certain about the questions that simulated volunteers alone have answered; unchanged if it
/// has no such questions, or is less certain about them already.
fn widened(model: Model) -> Result<Model> {
    let simulated = Schema::named(SIMULATED_SCHEMA)?;
    let first = simulated.questions()[0].name();
    if model.schema()?.question(first).is_err() || !model.simulated().is_empty() {
        return Ok(model);
    }
    let Some(found) = model.recalibration().cloned() else { return Ok(model) };
    let found = found.scale_certainty(&simulated, SKY)?;
    let names = simulated.questions().iter().map(|it| it.name().to_owned()).collect();
    model.with_recalibration(Some(found))?.with_simulated(names)
}

/// The catalogue with the votes of Galaxy Zoo 2 that a model expects.
fn taught(catalog: &Catalog, teacher: &Path) -> Result<Catalog> {
    let schema = gz2::schema()?;
    let posterior =
        Ensemble::new([Model::load(teacher)?])?.posterior(catalog)?.of_schema(&schema)?;
    let expected = posterior.fractions();
    let mut table = catalog.select(posterior.ids())?.table().clone();
    for answer in schema.answers() {
        let fractions = expected.column(answer.index()).to_vec();
        table.with_column(Column::new(answer.column().into(), fractions))?;
    }
    let catalog = Catalog::from_table(table, catalog.folder())?;
    VoteFractions::conditional(TAUGHT_VOTES).counts(&catalog, &schema)
}

/// Simulates a survey into a folder, unless it is already there completely. The survey's name is prefixed to
/// the name of each galaxy: `decals-SIM000001`.
fn simulated_by(simulation: &Simulation, folder: &Path, survey: &str) -> Result<Catalog> {
    let path = folder.join("catalog.csv");
    let catalog = match Catalog::read(&path) {
        Ok(there) if there.len() == simulation.galaxies => there,
        _ => simulation.write(folder)?,
    };
    renamed(&catalog, survey)
}

/// The catalogue with a prefix before each galaxy's name.
fn renamed(catalog: &Catalog, prefix: &str) -> Result<Catalog> {
    let ids: Vec<String> = catalog.ids().iter().map(|id| format!("{prefix}-{id}")).collect();
    let mut table = catalog.table().clone();
    table.with_column(Column::new(ID.into(), ids))?;
    Catalog::from_table(table, catalog.folder())
}
