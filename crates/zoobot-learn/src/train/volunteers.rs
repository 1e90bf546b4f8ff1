//! Learning from volunteers: a network trained to answer every question of a schema at once.

use super::apart::{apart, empty_side, with_copies_together};
use super::fit::{FitConfig, Task, fit};
use super::galaxies::Galaxies;
use super::head::{Head, HeadConfig};
use super::history::{Event, TrainingHistory};
use super::questions::QuestionLosses;
use super::votes::VoteLoss;
use super::watch::Watch;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};
use zoobot_base::error::{Error, Result};
use zoobot_data::catalog::Catalog;
use zoobot_data::picture::{Augment, Failures, Recipe};
use zoobot_data::schema::{Schema, Votes};
use zoobot_picture::Stretch;
use zoobot_representation::encoder::{Architecture, Encoder, Network, Statistics, Training};
use zoobot_show::notebook::Job;

/// Pictures that are looked at together in validation.
const VALIDATED: usize = 64;
/// Where the encoder's variables lie in the network.
const ENCODER: &str = "encoder";
/// Where the head's do.
const HEAD: &str = "head";

/// Training from votes: the network, its head, and how they learn.
///
/// ```no_run
/// use zoobot_core::encoder::Architecture;
/// use zoobot_core::prelude::*;
/// use zoobot_core::train::VoteTraining;
/// let schema = zoobot_core::schema::Schema::named("decals_dr5")?;
/// let (train, val) = (Catalog::read("train.csv")?, Catalog::read("val.csv")?);
/// let trained = VoteTraining::new(&schema, Architecture::named("convnext_pico")?)
///     .folder("run")
///     .train(&train, &val)?;
/// trained.model("mine")?.save("mine")?;
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct VoteTraining {
    schema: Schema,
    start: Start,
    recipe: Recipe,
    augment: Augment,
    dropout: f64,
    statistics: Statistics,
    settings: FitConfig,
    /// What its head begins as.
    head: Option<Arc<Mutex<Head>>>,
    folder: Option<PathBuf>,
}

/// What a network begins as.
///
/// ```
/// use zoobot_core::{encoder::Architecture, train::Start};
/// let start = Start::from(Architecture::named("convnext_pico")?);
/// assert!(start.rate() > 0.0);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub enum Start {
    /// Random weights.
    Random(Architecture),
    /// An encoder's.
    Encoder(Box<Encoder>),
}

impl Start {
    /// The largest learning rate to begin with: 1e-3 from random weights, 3e-4 from an encoder, whose
    /// frozen normalisations keep nothing within bounds. At 1e-3 what it knows is lost: of 480
    /// galaxies it learns nothing about "smooth", at 3e-4 fractions correlate by 0.75.
    pub fn rate(&self) -> f64 {
        match self {
            Self::Random(_) => 1e-3,
            Self::Encoder(_) => 3e-4,
        }
    }
}

impl From<Architecture> for Start {
    fn from(architecture: Architecture) -> Self {
        Self::Random(architecture)
    }
}

impl From<&Encoder> for Start {
    fn from(encoder: &Encoder) -> Self {
        Self::Encoder(Box::new(encoder.clone()))
    }
}

impl VoteTraining {
    /// Training on the questions of a schema, from an architecture's random weights or from an
    /// encoder. Pictures are prepared by the encoder's recipe, or [`Recipe::zoobot`] (in luminance
    /// for one channel), and seen through [`Augment::zoobot`].
    pub fn new(schema: &Schema, start: impl Into<Start>) -> Self {
        let start = start.into();
        // Of a few galaxies the running statistics would be far from what the network learnt behind.
        let statistics = match &start {
            Start::Random(_) => Statistics::Batch,
            Start::Encoder(_) => Statistics::Frozen,
        };
        let recipe = match &start {
            Start::Random(architecture) if architecture.channels() == 1 => {
                Recipe::zoobot().grey(zoobot_data::picture::Grey::Luma)
            }
            Start::Random(_) => Recipe::zoobot(),
            Start::Encoder(encoder) => encoder.recipe().clone(),
        };
        let settings = FitConfig { rate: start.rate(), ..FitConfig::default() };
        Self {
            schema: schema.clone(),
            start,
            recipe,
            augment: Augment::zoobot(),
            dropout: 0.2,
            statistics,
            settings,
            head: None,
            folder: None,
        }
    }

    /// Sets how pictures are prepared.
    pub fn recipe(mut self, recipe: Recipe) -> Self {
        self.recipe = recipe;
        self
    }

    /// Sets how the flux of FITS pictures becomes a picture; others stay as they are.
    pub fn stretch(mut self, stretch: Stretch) -> Self {
        self.recipe = self.recipe.stretch(stretch);
        self
    }

    /// Sets what random views of pictures are shown.
    pub fn augment(mut self, augment: Augment) -> Self {
        self.augment = augment;
        self
    }

    /// Sets the share of features that are left out at random at each step (0.2).
    pub fn dropout(mut self, dropout: f64) -> Self {
        self.dropout = dropout;
        self
    }

    /// Sets what batch normalisations go by: from an encoder [`Statistics::Frozen`], from random
    /// weights [`Statistics::Batch`].
    pub fn statistics(mut self, statistics: Statistics) -> Self {
        self.statistics = statistics;
        self
    }

    /// Continues from an earlier training on the same questions, with its encoder and its head, on
    /// other pictures or with other settings.
    ///
    /// # Errors
    /// [`Error::Unsuitable`](zoobot_base::Error::Unsuitable) when it answers another schema.
    pub fn after(mut self, trained: &Trained) -> Result<Self> {
        if trained.schema != self.schema {
            let problem = format!(
                "the earlier training was on votes for {}, but this one is on votes for {}",
                trained.schema.name(),
                self.schema.name()
            );
            return Err(Error::unsuitable(problem, "Continue from a training on the same schema"));
        }
        self.start = Start::Encoder(Box::new(trained.encoder("before")?));
        self.head = Some(Arc::new(Mutex::new(trained.head.detached()?)));
        Ok(self)
    }

    /// Sets how often each galaxy is shown (10).
    pub fn epochs(mut self, epochs: u64) -> Self {
        self.settings.epochs = epochs;
        self
    }

    /// Sets the side of the pictures that the network sees, in pixels.
    pub fn size(mut self, pixels: usize) -> Self {
        self.recipe.size = pixels;
        self
    }

    /// Sets the magnification about the centre of the pictures that the network sees (1.2).
    pub fn zoom(mut self, zoom: f64) -> Self {
        self.recipe.zoom = zoom;
        self
    }

    /// Sets epochs, batch size, learning rate and all other settings of the run.
    pub fn settings(mut self, settings: FitConfig) -> Self {
        self.settings = settings;
        self
    }

    /// Sets the folder of checkpoints and prepared pictures: a run that finds its own files there
    /// resumes. Without a folder, prepared pictures go to a temporary folder and nothing else is
    /// kept.
    pub fn folder(mut self, folder: impl AsRef<Path>) -> Self {
        self.folder = Some(folder.as_ref().to_path_buf());
        self
    }

    /// Holds out a share of the galaxies, at random by the settings' seed: the first part is for
    /// training, the second for validation. Galaxies of one picture, or of copies of it, stay on
    /// one side.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a share that is not between 0 and 1; [`Error::Unsuitable`] for one
    /// that leaves a side empty.
    pub fn hold_out(&self, catalog: &Catalog, share: f64) -> Result<(Catalog, Catalog)> {
        if !(share > 0.0 && share < 1.0) {
            return Err(Error::parameter("share", share, "above 0 and below 1"));
        }
        let parts = catalog.split([1.0 - share, share, 0.0], self.settings.seed)?;
        if parts.val.is_empty() || parts.train.is_empty() {
            return Err(empty_side(share, catalog.len()));
        }
        with_copies_together(catalog, parts.train, parts.val)
    }

    /// Trains on the votes in a catalogue's columns `question_answer`, with a line of progress and
    /// in a notebook the history so far; the votes in `val` tell which epoch is best. An empty cell
    /// counts as no votes, so that one table may hold galaxies of several campaigns. Galaxies whose
    /// pictures cannot be read are left out: [`Trained::failed`].
    ///
    /// The stop button, or Ctrl-C, ends it after the current step with the network as it is then
    /// ([`End::Interrupted`](super::End::Interrupted)); with a [`folder`](Self::folder) a repeated
    /// call resumes.
    ///
    /// # Errors
    /// As [`Votes::of`] and [`fit`](fit()); [`Error::Picture`](zoobot_base::Error::Picture) when no
    /// picture can be read; [`Error::Catalog`](zoobot_base::Error::Catalog) for galaxies or
    /// pictures in both catalogues, under any name.
    pub fn train(&self, train: &Catalog, val: &Catalog) -> Result<Trained> {
        let mut watch = Watch::new("training");
        self.observed(train, val, &mut |event| watch.see(&event))
    }

    /// [`train`](Self::train) in the background, while the notebook's next cells run.
    /// [`Job::cancel`] ends it as the stop button does, and [`Job::result`] returns the network.
    ///
    /// # Errors
    /// When the system gives no more threads; the errors of [`train`](Self::train) come with the
    /// result.
    pub fn train_in_background(&self, train: &Catalog, val: &Catalog) -> Result<Job<Trained>> {
        let (run, train, val) = (self.clone(), train.clone(), val.clone());
        Job::start("training", move || run.train(&train, &val))
    }

    /// [`train`](Self::train) that hands events to `observe` instead of showing them.
    ///
    /// # Errors
    /// As [`train`](Self::train).
    pub fn observed(
        &self,
        train: &Catalog,
        val: &Catalog,
        observe: &mut dyn FnMut(Event),
    ) -> Result<Trained> {
        let (learn, kept) = (Votes::of(train, &self.schema)?, Votes::of(val, &self.schema)?);
        apart(train, val)?;
        learn.say_without();
        kept.say_without();
        let temporary;
        let (pictures, checkpoints) = match &self.folder {
            Some(folder) => (folder.join("pictures"), Some(folder.join("checkpoints"))),
            None => {
                temporary = tempfile::tempdir().map_err(Error::io("create", "a folder"))?;
                (temporary.path().to_path_buf(), None)
            }
        };
        let source = self.augment.source(&self.recipe);
        let learn = Galaxies::open(&pictures, train, learn, &source)?;
        let kept = Galaxies::open(&pictures, val, kept, &self.recipe)?;
        let mut task = VoteTask::new(self, learn, kept)?;
        let fitted = fit(&mut task, &self.settings, checkpoints.as_deref(), observe)?;
        Ok(Trained {
            schema: self.schema.clone(),
            architecture: task.architecture,
            recipe: self.recipe.clone(),
            failed: [&task.learn, &task.kept].iter().flat_map(|it| it.failed().to_vec()).collect(),
            store: task.store,
            head: task.head,
            fitted,
        })
    }
}

/// A network that was trained on votes.
#[derive(Debug)]
pub struct Trained {
    schema: Schema,
    architecture: Architecture,
    recipe: Recipe,
    store: VarStore,
    head: Head,
    fitted: TrainingHistory,
    failed: Failures,
}

impl Trained {
    /// The history of the training.
    pub fn fitted(&self) -> &TrainingHistory {
        &self.fitted
    }

    /// The galaxies whose pictures could not be read, each with the reason: nothing was learnt from
    /// them.
    pub fn failed(&self) -> &Failures {
        &self.failed
    }

    /// The questions that it answers.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Its head, whose outputs are concentrations of the schema's answers.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The encoder, with a name of its own.
    ///
    /// # Errors
    /// [`Error::Torch`](zoobot_base::Error::Torch) when memory is short.
    pub fn encoder(&self, name: &str) -> Result<Encoder> {
        let mut store = VarStore::new(self.store.device());
        let network = self.architecture.build(&store.root(), 0)?;
        copy(&self.store, &format!("{ENCODER}."), &mut store, "")?;
        Encoder::of_store(name, self.architecture.clone(), network, store, self.recipe.clone())
    }
}

/// Copies the variables below a path to those of the same names below another.
#[doc(hidden)]
pub fn copy(from: &VarStore, below: &str, to: &mut VarStore, onto: &str) -> Result<()> {
    let targets = to.variables();
    tch::no_grad(|| {
        for (name, tensor) in from.variables() {
            let Some(rest) = name.strip_prefix(below) else { continue };
            if let Some(target) = targets.get(&format!("{onto}{rest}")) {
                target.shallow_clone().f_copy_(&tensor)?;
            }
        }
        Ok(())
    })
}

/// Pictures to concentrations, from votes.
struct VoteTask {
    schema: Schema,
    architecture: Architecture,
    store: VarStore,
    /// The same network on the same variables, to be looked at and to be trained.
    network: Network,
    training: Training,
    head: Head,
    loss: VoteLoss,
    recipe: Recipe,
    augment: Augment,
    learn: Galaxies,
    kept: Galaxies,
    /// Of the last validation.
    losses: QuestionLosses,
}

impl VoteTask {
    fn new(training: &VoteTraining, learn: Galaxies, kept: Galaxies) -> Result<Self> {
        let architecture = match &training.start {
            Start::Random(architecture) => architecture.clone(),
            Start::Encoder(encoder) => encoder.architecture().clone(),
        };
        let seed = training.settings.seed;
        let mut store = VarStore::new(Device::cuda_if_available());
        training.settings.precision.check(store.device())?;
        let network = architecture.build(&(store.root() / ENCODER), seed)?;
        let head = HeadConfig::concentrations(training.schema.width()).dropout(training.dropout);
        let mut head = head.build(&(store.root() / HEAD), architecture.width(), seed)?;
        if let Some(before) = &training.head {
            head.become_like(&before.lock().unwrap_or_else(PoisonError::into_inner))?;
        }
        if let Start::Encoder(encoder) = &training.start {
            encoder.with_store(|from| copy(from, "", &mut store, &format!("{ENCODER}.")))?;
        }
        Ok(Self {
            training: network
                .training(training.statistics)?
                .precision(training.settings.precision, store.device()),
            schema: training.schema.clone(),
            loss: VoteLoss::new(&training.schema),
            losses: QuestionLosses::new(&training.schema),
            recipe: training.recipe.clone(),
            augment: training.augment.clone(),
            architecture,
            store,
            network,
            head,
            learn,
            kept,
        })
    }
}

impl Task for VoteTask {
    fn store(&self) -> &VarStore {
        &self.store
    }

    fn layers(&self) -> Vec<Vec<String>> {
        let below = |names: Vec<String>| names.iter().map(|it| format!("{ENCODER}.{it}")).collect();
        self.architecture.layers().into_iter().map(below).collect()
    }

    fn galaxies(&self) -> usize {
        self.learn.len()
    }

    fn loss(&mut self, galaxies: &[usize], seed: u64) -> Result<Tensor> {
        let (pictures, votes) = self.learn.batch(galaxies, self.store.device())?;
        let views = self.augment.apply(&pictures, &self.recipe, seed)?;
        let features = self.training.features(&views)?;
        self.loss.of(&self.head.forward(&features, Some(seed))?, &votes)
    }

    fn validate(&mut self) -> Result<f64> {
        let all: Vec<usize> = (0..self.kept.len()).collect();
        let (mut sum, mut losses) = (0.0, QuestionLosses::new(&self.schema));
        for galaxies in all.chunks(VALIDATED) {
            let (pictures, votes) = self.kept.batch(galaxies, self.store.device())?;
            let outputs = self.head.forward(&self.network.features(&pictures)?, None)?;
            let (each, votes) =
                (self.loss.each(&outputs, &votes)?, votes.f_to_device(Device::Cpu)?);
            sum += each.f_sum(Kind::Double)?.f_double_value(&[])?;
            losses.add(&each, &votes)?;
        }
        self.losses = losses;
        Ok(sum / all.len() as f64)
    }

    fn parts(&self) -> Vec<(String, f64)> {
        self.losses.parts()
    }
}

#[cfg(test)]
mod tests;
