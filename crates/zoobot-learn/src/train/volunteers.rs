//! Learning from volunteers: a network that learns to answer every question of a schema at once.

use super::apart::{apart, empty_side, with_copies_together};
use super::fit::{FitConfig, fit};
use super::galaxies::{Pictured, Place};
use super::head::{Head, HeadConfig};
use super::history::{Event, TrainingHistory};
use super::network::{Built, Constraint, Lesson, NetworkTask, Plans};
use super::questions::QuestionLosses;
use super::start::Start;
use super::votes::VoteLoss;
use super::watch::Watch;
use crate::model::Model;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tch::{Device, Kind, Tensor, nn};
use zoobot_base::error::{Error, Result};
use zoobot_data::catalog::Catalog;
use zoobot_data::picture::{Augment, Failures, Recipe};
use zoobot_data::schema::{Schema, Votes};
use zoobot_picture::Stretch;
use zoobot_representation::encoder::{Encoder, Statistics};
use zoobot_show::notebook::Job;

/// Training from votes: the network, its head, and the training settings.
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
    /// The initial head.
    head: Option<Arc<Mutex<Head>>>,
    folder: Option<PathBuf>,
}

impl VoteTraining {
    /// Training on the questions of a schema, starting from random weights of an architecture or from an
    /// encoder. Pictures are prepared with the encoder's recipe or [`Recipe::zoobot`] (in luminance for one
    /// channel), and augmented with [`Augment::zoobot`].
    pub fn new(schema: &Schema, start: impl Into<Start>) -> Self {
        let start = start.into();
        // With few galaxies, the running statistics would lag far behind what the network learnt.
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

    /// Training on the questions of a schema, starting from a model of votes: from its encoder and, for each
    /// answer that its schema has too (by the name of the column), from the weights of its head. The weights
    /// for all other answers are random, as are those for answers that [`Model::refit`] fitted.
    ///
    /// # Errors
    /// [`Error::Unsuitable`](zoobot_base::Error::Unsuitable) for a model that does not predict votes.
    pub fn from_model(schema: &Schema, model: &Model) -> Result<Self> {
        let mut training = Self::new(schema, model.encoder());
        let config = HeadConfig::concentrations(schema.width()).dropout(training.dropout);
        let store = nn::VarStore::new(Device::Cpu);
        let features = model.encoder().width() as i64;
        let mut head = config.build(&store.root(), features, training.settings.seed)?;
        let known = model.schema()?;
        let (own, theirs): (Vec<usize>, Vec<usize>) = schema
            .answers()
            .filter_map(|it| Some((it.index(), known.answer(it.column()).ok()?.index())))
            .filter(|(_, theirs)| !model.head().is_fraction(*theirs))
            .unzip();
        let (weight, bias) = model.own_head()?.rows_of(&theirs)?;
        head.set_rows(&own, &weight, &bias)?;
        training.head = Some(Arc::new(Mutex::new(head.detached()?)));
        Ok(training)
    }

    /// Sets the recipe that prepares pictures.
    pub fn recipe(mut self, recipe: Recipe) -> Self {
        self.recipe = recipe;
        self
    }

    /// Sets the stretch for the flux of FITS pictures; other pictures are not affected.
    pub fn stretch(mut self, stretch: Stretch) -> Self {
        self.recipe = self.recipe.stretch(stretch);
        self
    }

    /// Sets the augmentation.
    pub fn augment(mut self, augment: Augment) -> Self {
        self.augment = augment;
        self
    }

    /// Sets the dropout: the fraction of features that each step drops at random (0.2).
    pub fn dropout(mut self, dropout: f64) -> Self {
        self.dropout = dropout;
        self
    }

    /// Sets which statistics batch normalisation uses. Default [`Statistics::Frozen`] for an encoder,
    /// [`Statistics::Batch`] for random weights.
    pub fn statistics(mut self, statistics: Statistics) -> Self {
        self.statistics = statistics;
        self
    }

    /// Continues from an earlier training on the same questions, with its encoder and head, on other pictures
    /// or with other settings.
    ///
    /// # Errors
    /// [`Error::Unsuitable`](zoobot_base::Error::Unsuitable) when the earlier training was on another schema.
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
        self.head = Some(Arc::new(Mutex::new(trained.built.head.detached()?)));
        Ok(self)
    }

    /// Sets the number of epochs (10).
    pub fn epochs(mut self, epochs: u64) -> Self {
        self.settings.epochs = epochs;
        self
    }

    /// Sets the side length of the network's input, in pixels.
    pub fn size(mut self, pixels: usize) -> Self {
        self.recipe.size = pixels;
        self
    }

    /// Sets the magnification about the centre of the pictures (1.2).
    pub fn zoom(mut self, zoom: f64) -> Self {
        self.recipe.zoom = zoom;
        self
    }

    /// Replaces the number of epochs, batch size, learning rate and all other settings of the run.
    pub fn settings(mut self, settings: FitConfig) -> Self {
        self.settings = settings;
        self
    }

    /// Sets the folder of checkpoints and prepared pictures: a run that finds its own files there resumes.
    /// Without a folder, prepared pictures go to a temporary folder and no checkpoints are kept.
    pub fn folder(mut self, folder: impl AsRef<Path>) -> Self {
        self.folder = Some(folder.as_ref().to_path_buf());
        self
    }

    /// Holds out a fraction of the galaxies at random, with the seed of the settings. Returns the training
    /// galaxies, then the validation galaxies. Galaxies that share a picture, or whose pictures are copies,
    /// stay on the same side.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a share that is not between 0 and 1; [`Error::Unsuitable`] for a share that
    /// leaves a side empty.
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

    /// Trains on the votes in a catalogue's columns `question_answer`. The votes in `val` determine the best
    /// epoch. Shows a progress line and, in a notebook, the history so far. An empty cell counts as no votes,
    /// so a table may hold galaxies of several campaigns. Galaxies whose pictures cannot be read are left
    /// out: see [`Trained::failed`].
    ///
    /// The stop button, or Ctrl-C, ends training after the current step with the current weights
    /// ([`End::Interrupted`](super::End::Interrupted)); with a [`folder`](Self::folder), repeating the call
    /// resumes the training.
    ///
    /// # Errors
    /// As for [`Votes::of`] and [`fit`](fit()); [`Error::Picture`](zoobot_base::Error::Picture) when no
    /// picture can be read; [`Error::Catalog`](zoobot_base::Error::Catalog) for galaxies or pictures that are
    /// in both catalogues, under any name.
    pub fn train(&self, train: &Catalog, val: &Catalog) -> Result<Trained> {
        let mut watch = Watch::new("training");
        self.observed(train, val, &mut |event| watch.see(&event))
    }

    /// Runs [`train`](Self::train) in the background, while the notebook's next cells run. [`Job::cancel`]
    /// ends it like the stop button, and [`Job::result`] returns the network.
    ///
    /// # Errors
    /// If the system cannot start another thread; the errors of [`train`](Self::train) come with the result.
    pub fn train_in_background(&self, train: &Catalog, val: &Catalog) -> Result<Job<Trained>> {
        let (run, train, val) = (self.clone(), train.clone(), val.clone());
        Job::start("training", move || run.train(&train, &val))
    }

    /// Like [`train`](Self::train), but passes events to `observe` instead of showing them.
    ///
    /// # Errors
    /// As for [`train`](Self::train).
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
        let place = Place::new(self.folder.as_deref())?;
        let source = self.augment.source(&self.recipe);
        let learn = Pictured::open(&place.pictures, train, learn, &source)?;
        let kept = Pictured::open(&place.pictures, val, kept, &self.recipe)?;
        let mut task = NetworkTask {
            built: self.built()?,
            lesson: VoteLesson::new(&self.schema),
            recipe: self.recipe.clone(),
            augment: self.augment.clone(),
            layered: true,
            mixup: 0.0,
            constraint: Constraint::None,
            learn,
            kept,
            parts: Vec::new(),
        };
        let fitted = fit(&mut task, &self.settings, place.checkpoints.as_deref(), observe)?;
        let failed = task.failed();
        let (schema, recipe, built) = (self.schema.clone(), self.recipe.clone(), task.built);
        Ok(Trained { schema, recipe, built, fitted, failed })
    }

    /// The network before training.
    fn built(&self) -> Result<Built> {
        let (architecture, encoder) = match &self.start {
            Start::Random(architecture) => (architecture.clone(), None),
            Start::Encoder(encoder) => (encoder.architecture().clone(), Some(encoder.as_ref())),
        };
        let mut built = Built::new(Plans {
            architecture,
            head: HeadConfig::concentrations(self.schema.width()).dropout(self.dropout),
            encoder,
            seed: self.settings.seed,
            statistics: self.statistics,
            precision: self.settings.precision,
            unfreeze_from: None,
        })?;
        if let Some(before) = &self.head {
            built.head.become_like(&before.lock().unwrap_or_else(PoisonError::into_inner))?;
        }
        Ok(built)
    }
}

/// A network that was trained on votes.
#[derive(Debug)]
pub struct Trained {
    schema: Schema,
    recipe: Recipe,
    built: Built,
    fitted: TrainingHistory,
    failed: Failures,
}

impl Trained {
    /// The history of the training.
    pub fn fitted(&self) -> &TrainingHistory {
        &self.fitted
    }

    /// The galaxies whose pictures could not be read, each with the reason. They were not used for training.
    pub fn failed(&self) -> &Failures {
        &self.failed
    }

    /// The schema that the network answers.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The head, whose outputs are concentrations of the schema's answers.
    pub fn head(&self) -> &Head {
        &self.built.head
    }

    /// The encoder under a new name.
    ///
    /// # Errors
    /// [`Error::Torch`](zoobot_base::Error::Torch) when memory runs out.
    pub fn encoder(&self, name: &str) -> Result<Encoder> {
        self.built.encoder(name, &self.recipe)
    }
}

/// Learns votes by their likelihood.
struct VoteLesson {
    schema: Schema,
    loss: VoteLoss,
}

impl VoteLesson {
    fn new(schema: &Schema) -> Self {
        Self { schema: schema.clone(), loss: VoteLoss::new(schema) }
    }
}

impl Lesson for VoteLesson {
    type Truth = Votes;

    fn targets(votes: &Votes, rows: &[usize], device: Device) -> Result<Tensor> {
        Ok(votes.batch(rows)?.f_to_device(device)?)
    }

    fn loss(&self, outputs: &Tensor, votes: &Tensor) -> Result<Tensor> {
        self.loss.of(outputs, votes)
    }

    fn judge(
        &mut self,
        _: &Built,
        answers: &[(Tensor, Tensor)],
    ) -> Result<(f64, Vec<(String, f64)>)> {
        let (mut sum, mut galaxies) = (0.0, 0);
        let mut losses = QuestionLosses::new(&self.schema);
        for (outputs, votes) in answers {
            let (each, votes) = (self.loss.each(outputs, votes)?, votes.f_to_device(Device::Cpu)?);
            sum += each.f_sum(Kind::Double)?.f_double_value(&[])?;
            galaxies += votes.size()[0];
            losses.add(&each, &votes)?;
        }
        Ok((sum / galaxies as f64, losses.parts()))
    }
}

#[cfg(test)]
mod tests;
