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
use zoobot_core::schema::Schema;
use zoobot_core::survey::{Kind, Simulation, Survey, efigi, gz2, keep_out};
use zoobot_core::train::{FitConfig, OptimizerConfig, Schedule, Start, Trained, VoteTraining};
use zoobot_core::{Error, Result};

/// Make the encoder that is included in the library.
///
/// From EfficientNet-Lite0 trained on ImageNet, in stages, on the attributes of EFIGI and the votes
/// of Galaxy Zoo 2 in DATA (without the galaxies that `zoobot-lab judge-encoders` judges on) and on
/// simulated galaxies. At the end its posteriors are corrected, question by question, with held-out
/// galaxies. Repeat the command to resume a run that was stopped.
#[derive(Debug, Args)]
pub struct MakeEncoder {
    /// The folder with efigi/catalog.csv and s82_votes/catalog.csv and their pictures
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
    /// How many times an epoch shows each real galaxy
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    repeat: u16,
    /// The stages of training, each as SIZE:EPOCHS:RATE, followed by "b" if batch normalisation learns
    /// its statistics; none to only correct the model that it starts from
    #[arg(long, num_args = 0.., value_delimiter = ',', default_value = "128:1:1e-3b,128:6:1e-3,160:2:5e-4")]
    stages: Vec<Stage>,
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

/// The fraction of galaxies that are held out to choose the best epoch.
const VALIDATION: f64 = 0.05;

impl MakeEncoder {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        let (galaxies, schemas, real) = self.galaxies()?;
        let schema = Schema::union("sample", &schemas)?;
        let mut parts = galaxies.split([1.0 - VALIDATION, VALIDATION, 0.0], self.seed)?;
        parts.train = repeated(&parts.train, self.repeat)?;
        eprintln!("{} galaxies, {} questions", parts.train.len(), schema.questions().len());
        let trained = self.trained(&parts, &schema)?;
        let model = match &trained {
            Some(trained) => trained.model("sample")?.rounded()?,
            None => Model::load(&self.start)?,
        };
        // EFIGI's attributes are not recalibrated, since their votes do not come from volunteers.
        let volunteers = Schema::union("volunteers", &schemas[1..])?;
        corrected(model, Precision::Fp32, &parts.val, &volunteers)?.save(&self.out)?;
        let train = json!({
            "galaxies": parts.train.len(),
            "questions": schema.questions().len(),
            "data": {"EFIGI": real[0], "Galaxy Zoo 2, Stripe 82": real[1], "simulated": 3 * self.simulated},
            "start": Path::new(&self.start).file_name().map(|it| it.to_string_lossy()),
            "repeat": self.repeat,
            "shear": self.shear,
            "stages": self.stages.iter().map(Stage::to_string).collect::<Vec<_>>(),
            "batch": self.batch,
            "seed": self.seed,
        });
        note(&self.out.join("card.json"), train)?;
        let epochs = trained.iter().flat_map(|it| &it.fitted().epochs);
        let figures = json!({
            "out": self.out,
            "galaxies": parts.train.len(),
            "validation": epochs.map(|it| it.validation).collect::<Vec<_>>(),
        });
        report(self.json, &figures, || Ok(format!("the encoder lies in {}", self.out.display())))?;
        Ok(ExitCode::SUCCESS)
    }

    /// The result of the last stage, if there are any stages.
    fn trained(&self, parts: &Split, schema: &Schema) -> Result<Option<Trained>> {
        let start: Start = match Architecture::named(&self.start) {
            Ok(architecture) => architecture.into(),
            Err(_) => (&Encoder::load(&self.start)?).into(),
        };
        let mut trained: Option<Trained> = None;
        for (number, stage) in (1..).zip(&self.stages) {
            let folder = self.work.join(format!("stage-{number}"));
            let mut training = self.training(schema, &start, stage).folder(folder);
            if let Some(before) = &trained {
                training = training.after(before)?;
            }
            let done = training.train(&parts.train, &parts.val)?;
            done.model("sample")?.save(self.work.join(format!("encoder-{number}")))?;
            trained = Some(done);
        }
        Ok(trained)
    }

    /// All training galaxies, the schemas of their questions (EFIGI's first), and the number of real galaxies
    /// from each catalogue.
    fn galaxies(&self) -> Result<(Catalog, Vec<Schema>, [usize; 2])> {
        let attributes = efigi::read(self.data.join("efigi/catalog.csv"))?;
        let votes = gz2::read(self.data.join("s82_votes/catalog.csv"))?;
        let mut all =
            vec![keep_out(&attributes, efigi::KEPT_OUT)?.0, keep_out(&votes, gz2::KEPT_OUT)?.0];
        let real = [all[0].len(), all[1].len()];
        let simulated =
            [(Survey::Decals, "decals_dr5"), (Survey::Sdss, "gz2"), (Survey::Nearby, "decals_dr5")];
        for (place, (survey, schema)) in (1..).zip(simulated).filter(|_| self.simulated > 0) {
            let folder = self.work.join(format!("simulated-{survey}"));
            let simulation = Simulation::new(self.simulated)
                .seed(100 * self.seed + place)
                .size(160)
                .kinds(Kind::ALL)
                .survey(survey)
                .volunteers(schema);
            all.push(simulated_by(&simulation, &folder, &survey.to_string())?);
        }
        let mut schemas = vec![efigi::schema()?, gz2::schema()?];
        if self.simulated > 0 {
            schemas.push(Schema::named("decals_dr5")?);
        }
        Ok((Catalog::stack(&all)?, schemas, real))
    }

    fn training(&self, schema: &Schema, start: &Start, stage: &Stage) -> VoteTraining {
        let settings = FitConfig {
            epochs: stage.epochs,
            batch: self.batch,
            rate: stage.rate,
            weight_decay: 0.05,
            schedule: Schedule { warmup: 60, ..Schedule::default() },
            optimizer: OptimizerConfig { clip: Some(5.0), ..OptimizerConfig::default() },
            save_every: 100,
            seed: self.seed,
            ..FitConfig::default()
        };
        // The recipe of the network that it starts from, with or without its weights.
        let recipe = Recipe { size: stage.size, ..Recipe::imagenet_lite() };
        VoteTraining::new(schema, start.clone())
            .recipe(recipe)
            .augment(Augment::zoobot().rotation(180.0).scale(1.0, 1.4).shear(0.0, self.shear))
            .statistics(stage.statistics)
            .settings(settings)
    }
}

/// Adds the training data and the licence of the initial weights to the card of a model folder.
fn note(path: &Path, train: serde_json::Value) -> Result<()> {
    let wrong = |error: serde_json::Error| {
        let problem = format!("{} is not a JSON object: {error}", path.display());
        Error::unsuitable(problem, "Remove the folder and make the encoder again")
    };
    let text = std::fs::read(path).map_err(Error::io("read", path))?;
    let mut card: serde_json::Map<_, _> = serde_json::from_slice(&text).map_err(wrong)?;
    card.insert("training".to_owned(), train);
    card.insert("license".to_owned(), "Apache-2.0".into());
    let text = serde_json::to_vec_pretty(&card).map_err(wrong)?;
    std::fs::write(path, text).map_err(Error::io("write", path))
}

/// The text between the survey's name and the number in the name of a simulated galaxy.
const SIMULATED: &str = "-SIM";

/// Repeats each real galaxy this many times.
fn repeated(galaxies: &Catalog, times: u16) -> Result<Catalog> {
    let ids = galaxies.ids();
    let often = |id: &str| if id.contains(SIMULATED) { 1 } else { usize::from(times) };
    let places: Vec<usize> =
        (0..ids.len()).flat_map(|place| std::iter::repeat_n(place, often(&ids[place]))).collect();
    galaxies.at(&places)
}

/// Simulates a survey into a folder, unless it is already there completely. The survey's name is prefixed to
/// the name of each galaxy: `decals-SIM000001`.
fn simulated_by(simulation: &Simulation, folder: &Path, survey: &str) -> Result<Catalog> {
    let path = folder.join("catalog.csv");
    let catalog = match Catalog::read(&path) {
        Ok(there) if there.len() == simulation.galaxies => there,
        _ => simulation.write(folder)?,
    };
    let ids: Vec<String> = catalog.ids().iter().map(|id| format!("{survey}-{id}")).collect();
    let mut table = catalog.table().clone();
    table.with_column(Column::new(ID.into(), ids))?;
    Catalog::from_table(table, folder)
}
