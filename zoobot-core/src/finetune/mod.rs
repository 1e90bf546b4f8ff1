//! Teaching an encoder a new question with a few hundred labels.
//!
//! A [`Finetune`] is told what to ask and how to learn, prints its [`Plan`], and gives a
//! [`Finetuned`] that predicts, is judged, and becomes a [`Model`](crate::model::Model).
//!
//! * [`question`](Question): classes, numbers, several things at once, or a tree of votes.
//! * `truth`: labels, checked.
//! * `heads`: a head alone, on features that are computed once.
//! * `network`: the encoder with it, from pictures.
//! * [`Predicted`]: answers for other galaxies, with figures and their intervals.

mod encoded;
mod finetuned;
mod heads;
mod hold_out;
mod looks;
mod network;
mod objective;
mod plan;
mod predicted;
mod question;
mod truth;

pub use finetuned::Finetuned;
pub use plan::{Block, Plan};
pub use predicted::Predicted;
pub use question::Question;

use crate::catalog::Catalog;
use crate::encoder::{Architecture, Encoder, Precision, Statistics};
use crate::error::{Error, Result};
use crate::notebook::{Job, display, in_kernel};
use crate::picture::{Augment, Recipe};
use crate::schema::Schema;
use crate::space::Space;
use crate::train::{Distance, Event, FitConfig, OptimizerConfig, Schedule, Watch};
use heads::Known;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tch::Tensor;
use truth::Truth;

/// The learning rate of a head on features that do not change, as in the paper's first phase.
const RATE_OF_HEAD: f64 = 1e-3;
/// The learning rate of a whole network, as zoobot 2.9 has it.
const RATE: f64 = 1e-4;
/// That of the paper's second phase.
const RATE_OF_SECOND_PHASE: f64 = 1e-5;

/// How a [`Finetune`] learns; what it learns is its [`Question`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Whether the encoder stays as it is. Default `true`.
    pub head_only: bool,
    /// The first stage of the encoder that learns, with all batch normalisation frozen; `None`, the
    /// default, for all of it.
    pub unfreeze_from: Option<usize>,
    /// Whether a whole network begins with a head that was trained on the encoder as it is (Kumar
    /// et al. 2022, arXiv:2202.10054). Default `true`.
    pub head_first: bool,
    /// The largest learning rate; `None` for 1e-3 (head), 1e-4 (full), 1e-5 (second phase).
    pub learning_rate: Option<f64>,
    /// The share of the weights that a step at rate 1 takes away. Default 0.05.
    pub weight_decay: f64,
    /// How much slower each deeper layer learns. Default 0.75.
    pub layer_decay: f64,
    /// The share of features that the head does without, at random. Default 0.5.
    pub head_dropout: f64,
    /// The share of the target that is spread over all classes. Default 0.
    pub label_smoothing: f64,
    /// How much each class counts, in the order of their names. Default all the same.
    pub class_weights: Vec<f32>,
    /// Whether each class counts as much as any other, however few it has. Default `false`.
    pub balanced: bool,
    /// Epochs at most. Default 100.
    pub epochs: u64,
    /// Epochs without a better validation after which it ends; `None` for never. Default 10.
    pub patience: Option<u64>,
    /// Galaxies to a step. Default 32.
    pub batch: usize,
    /// How the rate goes. Default a cosine without warm-up.
    pub schedule: Schedule,
    /// What batch normalisations go by. Default frozen.
    pub statistics: Statistics,
    /// The random views that a whole network is shown. Default [`Augment::zoobot`].
    pub augment: Augment,
    /// Random views of each galaxy that a head learns from besides the picture as it is. Default 0.
    pub views: usize,
    /// Steps between two checkpoints of a whole network; 0, the default, for one after each epoch.
    pub save_every: u64,
    /// The numbers that a whole network computes with ([`Training::precision`](crate::encoder::Training::precision)). Default 32 bits.
    pub precision: Precision,
    /// The seed of everything random. Default 42.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            head_only: true,
            unfreeze_from: None,
            head_first: true,
            learning_rate: None,
            weight_decay: 0.05,
            layer_decay: 0.75,
            head_dropout: 0.5,
            label_smoothing: 0.0,
            class_weights: Vec::new(),
            balanced: false,
            epochs: 100,
            patience: Some(10),
            batch: 32,
            schedule: Schedule::default(),
            statistics: Statistics::Frozen,
            precision: Precision::Fp32,
            augment: Augment::zoobot(),
            views: 0,
            save_every: 0,
            seed: 42,
        }
    }
}

/// Teaches an encoder a question with the labels there are.
///
/// ```no_run
/// use zoobot_core::prelude::*;
/// let rings = Catalog::read("rings/catalog.csv")?.split([0.7, 0.1, 0.2], 42)?;
/// let encoder = Encoder::load("sample")?;
/// let run = Finetune::classifier("ring").encoder(&encoder).train(&rings.train, &rings.val)?;
/// run.predict(&rings.test)?.accuracy()?;
/// run.model("rings")?.save("rings-model")?;
/// # Ok::<(), Error>(())
/// ```
///
/// By default only a head learns ([`head_only`](Self::head_only)): seconds for hundreds of galaxies,
/// and hard to get wrong. [`full`](Self::full) trains the encoder with it, which is worth its time
/// above about a thousand galaxies, or where the encoder has never seen such pictures.
#[derive(Clone)]
pub struct Finetune {
    question: Question,
    settings: Settings,
    start: Start,
    folder: Option<PathBuf>,
    own_loss: Option<objective::OwnLoss>,
    own_metrics: Vec<(String, objective::OwnLoss)>,
}

#[derive(Debug, Clone)]
enum Start {
    /// The encoder that travels with the library.
    Shipped,
    Encoder(Box<Encoder>),
    /// Random weights.
    Scratch(Box<Architecture>, Box<Recipe>),
}

impl std::fmt::Debug for Finetune {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Finetune")
            .field("question", &self.question)
            .field("settings", &self.settings)
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

impl Finetune {
    /// Which class a galaxy is of: a column of text, of whole numbers, or of true and false, with two
    /// classes or more. Classes are sorted; of two, the last counts as positive.
    pub fn classifier(label: impl Into<String>) -> Self {
        Self::of(Question::Classes { label: label.into() })
    }

    /// A number: any column of finite numbers. See [`unit_interval`](Self::unit_interval) and
    /// [`distance`](Self::distance).
    pub fn regressor(label: impl Into<String>) -> Self {
        let (label, distance) = (label.into(), Distance::Squared);
        Self::of(Question::Numbers { label, distance, unit_interval: false })
    }

    /// How volunteers would vote on every question of a schema.
    pub fn tree(schema: &Schema) -> Self {
        Self::of(Question::Votes(Box::new(schema.clone())))
    }

    /// Which of several columns of 0 and 1 are true; any number of them may be at once.
    pub fn multilabel<T: Into<String>>(labels: impl IntoIterator<Item = T>) -> Self {
        Self::of(Question::Tags { labels: labels.into_iter().map(Into::into).collect() })
    }

    fn of(question: Question) -> Self {
        Self {
            question,
            settings: Settings::default(),
            start: Start::Shipped,
            folder: None,
            own_loss: None,
            own_metrics: Vec::new(),
        }
    }

    /// Sets the encoder that it begins with. Default `Encoder::load("sample")`.
    pub fn encoder(mut self, encoder: &Encoder) -> Self {
        self.start = Start::Encoder(Box::new(encoder.clone()));
        self
    }

    /// Begins with random weights instead, for comparison: everything learns at one rate (1e-3), by the
    /// statistics of each batch.
    pub fn scratch(mut self, architecture: Architecture, recipe: Recipe) -> Self {
        self.start = Start::Scratch(Box::new(architecture), Box::new(recipe));
        self.settings.head_only = false;
        self.settings.head_first = false;
        self.settings.layer_decay = 1.0;
        self.settings.statistics = Statistics::Batch;
        self.settings.learning_rate = self.settings.learning_rate.or(Some(RATE_OF_HEAD));
        self
    }

    /// Trains the head alone, on features that are computed once. The default.
    pub fn head_only(mut self) -> Self {
        self.settings.head_only = true;
        self
    }

    /// Trains the encoder with the head, from pictures.
    pub fn full(mut self) -> Self {
        (self.settings.head_only, self.settings.unfreeze_from) = (false, None);
        self
    }

    /// The two phases of Walmsley et al. (2022): the head alone at 1e-3, then, at 1e-5, all from stage
    /// `block` of the encoder on ([`Architecture::stages`]; 0 is all of it), with batch
    /// normalisation frozen and every layer at the same rate.
    pub fn two_phase(mut self, block: usize) -> Self {
        self.settings.head_only = false;
        self.settings.head_first = true;
        self.settings.unfreeze_from = Some(block);
        self.settings.layer_decay = 1.0;
        self
    }

    /// Sets whether a whole network begins with a head that was trained alone (`true`), or with one
    /// that knows nothing, as in zoobot 2.9.
    pub fn head_first(mut self, yes: bool) -> Self {
        self.settings.head_first = yes;
        self
    }

    /// Sets how much slower each deeper layer learns (0.75): the rate of a layer is multiplied by this
    /// for every layer above it.
    pub fn layer_decay(mut self, decay: f64) -> Self {
        self.settings.layer_decay = decay;
        self
    }

    /// Sets the share of the weights that a step at rate 1 takes away (0.05).
    pub fn weight_decay(mut self, decay: f64) -> Self {
        self.settings.weight_decay = decay;
        self
    }

    /// Sets the largest learning rate: by default 1e-3 for a head, 1e-4 for a whole network, 1e-5 for a
    /// second phase.
    pub fn learning_rate(mut self, rate: f64) -> Self {
        self.settings.learning_rate = Some(rate);
        self
    }

    /// Sets how the rate goes: warm-up, then constant, a cosine or stairs.
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.settings.schedule = schedule;
        self
    }

    /// Sets the share of features that the head does without at random at each step (0.5).
    pub fn head_dropout(mut self, dropout: f64) -> Self {
        self.settings.head_dropout = dropout;
        self
    }

    /// Sets the share of the target that is spread evenly over all classes (0).
    pub fn label_smoothing(mut self, share: f64) -> Self {
        self.settings.label_smoothing = share;
        self
    }

    /// Sets how much each class counts, in the order of their sorted names.
    pub fn class_weights(mut self, weights: impl Into<Vec<f32>>) -> Self {
        self.settings.class_weights = weights.into();
        self
    }

    /// Lets each class count as much as any other, however few galaxies it has.
    pub fn balanced(mut self) -> Self {
        self.settings.balanced = true;
        self
    }

    /// For a regressor: numbers lie from 0 to 1, and so do predictions.
    ///
    /// # Errors
    /// [`Error::Invalid`] for another question.
    pub fn unit_interval(mut self) -> Result<Self> {
        match &mut self.question {
            Question::Numbers { unit_interval, .. } => *unit_interval = true,
            other => return Err(Error::invalid("unit interval", other.kind(), "a regressor")),
        }
        Ok(self)
    }

    /// For a regressor: whether errors count squared (`mse`, the default) or as they are (`mae`).
    ///
    /// # Errors
    /// [`Error::Invalid`] for another question.
    pub fn distance(mut self, of: Distance) -> Result<Self> {
        match &mut self.question {
            Question::Numbers { distance, .. } => *distance = of,
            other => return Err(Error::invalid("distance", other.kind(), "a regressor")),
        }
        Ok(self)
    }

    /// Sets how often each galaxy is shown at most (100).
    pub fn epochs(mut self, epochs: u64) -> Self {
        self.settings.epochs = epochs;
        self
    }

    /// Sets after how many epochs without a better validation it ends (10); `None` for never.
    pub fn patience(mut self, epochs: impl Into<Option<u64>>) -> Self {
        self.settings.patience = epochs.into();
        self
    }

    /// Sets how many galaxies make a step (32).
    pub fn batch(mut self, galaxies: usize) -> Self {
        self.settings.batch = galaxies;
        self
    }

    /// Sets the random views that a whole network is shown, and a head with
    /// [`views`](Self::views).
    pub fn augment(mut self, augment: Augment) -> Self {
        self.settings.augment = augment;
        self
    }

    /// Lets a head learn from so many random views of each galaxy besides the picture as it is (0).
    /// Each is encoded once.
    pub fn views(mut self, views: usize) -> Self {
        self.settings.views = views;
        self
    }

    /// Sets what batch normalisations go by (frozen).
    pub fn statistics(mut self, statistics: Statistics) -> Self {
        self.settings.statistics = statistics;
        self
    }

    /// Sets after how many steps a whole network is saved, besides after each epoch (0: never).
    pub fn save_every(mut self, steps: u64) -> Self {
        self.settings.save_every = steps;
        self
    }

    /// Sets the numbers that a whole network computes with ([`Precision::Fp32`]); with 16 bits its
    /// variables stay in 32 ([`Training::precision`](crate::encoder::Training::precision)).
    pub fn precision(mut self, precision: Precision) -> Self {
        self.settings.precision = precision;
        self
    }

    /// Sets the seed of everything random (42).
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// Lets the network see luminance only: see [`Encoder::greyscale`]. Call it after
    /// [`encoder`](Self::encoder).
    ///
    /// # Errors
    /// As there, and as [`Encoder::load`].
    pub fn greyscale(mut self) -> Result<Self> {
        self.start = Start::Encoder(Box::new(self.begin()?.greyscale()?));
        Ok(self)
    }

    /// Sets all settings at once, as a file keeps them.
    pub fn with(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Sets the folder of a run: encoded features, prepared pictures, checkpoints, the log, and in
    /// `best` the best model so far. A run that finds its own there goes on.
    pub fn folder(mut self, folder: impl AsRef<Path>) -> Self {
        self.folder = Some(folder.as_ref().to_path_buf());
        self
    }

    /// Takes a loss of your own: of what leaves the head, `[n, outputs]`, and targets (classes `[n]` of
    /// whole numbers, else `[n, outputs]`; numbers are in standard deviations from the mean unless
    /// they lie in the unit interval), a scalar, differentiable, lower is better.
    ///
    /// ```
    /// use zoobot_core::prelude::*;
    /// let run = Finetune::regressor("T").loss(|outputs, targets| {
    ///     Ok(outputs.f_huber_loss(targets, tch::Reduction::Mean, 0.5)?)
    /// });
    /// ```
    pub fn loss(
        mut self,
        loss: impl Fn(&Tensor, &Tensor) -> Result<Tensor> + Send + Sync + 'static,
    ) -> Self {
        self.own_loss = Some(Arc::new(loss));
        self
    }

    /// Tells a figure of your own after each epoch, of outputs and targets of all galaxies that are
    /// chosen by.
    pub fn metric(
        mut self,
        name: impl Into<String>,
        metric: impl Fn(&Tensor, &Tensor) -> Result<Tensor> + Send + Sync + 'static,
    ) -> Self {
        self.own_metrics.push((name.into(), Arc::new(metric)));
        self
    }

    /// What is asked.
    pub fn question(&self) -> &Question {
        &self.question
    }

    /// How it learns.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The folder of the run.
    fn home(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// The encoder that it begins with.
    fn begin(&self) -> Result<Encoder> {
        match &self.start {
            Start::Shipped => Encoder::load("sample"),
            Start::Encoder(encoder) => Ok((**encoder).clone()),
            Start::Scratch(architecture, recipe) => {
                let (architecture, recipe) = ((**architecture).clone(), (**recipe).clone());
                Encoder::untrained(architecture, recipe, self.settings.seed)
            }
        }
    }

    /// What would be done, without doing it.
    ///
    /// # Errors
    /// As [`train`](Self::train), for what can be told beforehand.
    pub fn plan(&self, train: &Catalog, val: &Catalog) -> Result<Plan> {
        let (learn, kept) = self.labels(train, val)?;
        Plan::new(self, &self.begin()?, &learn, &kept)
    }

    /// Shows its [`Plan`], then learns from the labels in `train` until those in `val` are predicted no
    /// better.
    ///
    /// The stop button, or Ctrl-C, ends it with the best there was; with a
    /// [`folder`](Self::folder) the same call goes on from there.
    ///
    /// # Errors
    /// * [`Error::Missing`] for a column that is not there, with a near name.
    /// * [`Error::Catalog`] for labels that are missing or not finite, and for galaxies or pictures on
    ///   both sides.
    /// * [`Error::Invalid`] for fewer than four galaxies, one class only, a class of a single galaxy or
    ///   one that `val` has and `train` has not, labels of the wrong type, nothing to choose by, and
    ///   settings out of their range.
    /// * [`Error::Picture`] when no picture can be read.
    pub fn train(&self, train: &Catalog, val: &Catalog) -> Result<Finetuned> {
        let mut watch = Watch::new("fine-tuning");
        let show = |plan: &Plan| match in_kernel() {
            true => display(plan),
            false => eprintln!("{plan}"),
        };
        self.told(train, val, &show, &mut |event| watch.see(&event))
    }

    /// The same in the background, while the notebook's next cells run.
    ///
    /// # Errors
    /// When the system gives no more threads; those of [`train`](Self::train) come with the result.
    pub fn train_in_background(&self, train: &Catalog, val: &Catalog) -> Result<Job<Finetuned>> {
        let (run, train, val) = (self.clone(), train.clone(), val.clone());
        Job::start("fine-tuning", move || run.train(&train, &val))
    }

    /// The same, telling what happens instead of showing it, and without a plan.
    ///
    /// # Errors
    /// As [`train`](Self::train).
    pub fn observed(
        &self,
        train: &Catalog,
        val: &Catalog,
        observe: &mut dyn FnMut(Event),
    ) -> Result<Finetuned> {
        self.told(train, val, &|_| (), observe)
    }

    /// Trains a head on galaxies that were encoded already, with their catalogues attached: several
    /// questions can so be learnt from one encoding.
    ///
    /// # Errors
    /// As [`train`](Self::train); [`Error::Recipe`] and [`Error::Weights`] for spaces of another
    /// encoder or recipe, [`Error::Invalid`] for one that was compressed, or with the label among its
    /// features.
    pub fn train_encoded(&self, train: &Space, val: &Space) -> Result<Finetuned> {
        self.check()?;
        let encoder = self.begin()?;
        for space in [train, val] {
            encoder.check(space)?;
            if space.width() != encoder.width() {
                let expected = format!(
                    "{}, as {} gives them: the space before pca()",
                    encoder.width(),
                    encoder.name()
                );
                return Err(Error::invalid("features", space.width(), expected));
            }
        }
        let (learn, kept) = self.labels(train.known_catalog()?, val.known_catalog()?)?;
        truth::no_leak(train.features(), &learn, &self.question)?;
        let learn = Known { features: train.features().to_owned(), truth: learn };
        let kept = Known { features: val.features().to_owned(), truth: kept };
        let trained = heads::train(self, &learn, &kept, &mut |_| ())?;
        Finetuned::of_head(self, encoder, trained, learn.truth.classes(), Vec::new(), None)
    }

    /// The same, handing the plan to one function and what happens to another.
    ///
    /// # Errors
    /// As [`train`](Self::train).
    pub fn told(
        &self,
        train: &Catalog,
        val: &Catalog,
        show: &dyn Fn(&Plan),
        observe: &mut dyn FnMut(Event),
    ) -> Result<Finetuned> {
        let (learn, kept) = self.labels(train, val)?;
        let encoder = self.begin()?;
        let plan = Plan::new(self, &encoder, &learn, &kept)?;
        show(&plan);
        if let Some(folder) = self.home() {
            encoded::same_run(self, folder, &encoder, train, val)?;
        }
        let mut first = None;
        if self.settings.head_only || self.settings.head_first {
            let (learn, mut failed) = encoded::features(self, &encoder, train, &learn, true)?;
            let (kept, more) = encoded::features(self, &encoder, val, &kept, false)?;
            failed.extend(more);
            let mut still = |_: Event| ();
            let watch: &mut dyn FnMut(Event) =
                if self.settings.head_only { observe } else { &mut still };
            let trained = heads::train(self, &learn, &kept, watch)?;
            if self.settings.head_only {
                let classes = learn.truth.classes();
                return Finetuned::of_head(self, encoder, trained, classes, failed, Some(plan));
            }
            first = Some(trained);
        }
        let head = first.as_ref().map(|it| &it.head);
        let trained = network::train(self, &encoder, (train, &learn), (val, &kept), head, observe)?;
        Ok(Finetuned::of_network(self, trained, first.map(|it| it.fitted), plan))
    }

    /// The labels of both sides, after all that can be wrong with them.
    fn labels(&self, train: &Catalog, val: &Catalog) -> Result<(Truth, Truth)> {
        self.check()?;
        let learn = Truth::to_learn(&self.question, train)?;
        truth::apart(train, val)?;
        let kept = learn.like(&self.question, val)?;
        self.weights(&learn)?;
        Ok((learn, kept))
    }

    /// Checks the settings.
    fn check(&self) -> Result<()> {
        let it = &self.settings;
        if let Question::Tags { labels } = &self.question
            && labels.is_empty()
        {
            return Err(Error::invalid("labels", 0, "at least one column"));
        }
        for (name, share) in
            [("head dropout", it.head_dropout), ("label smoothing", it.label_smoothing)]
        {
            if !(0.0..1.0).contains(&share) {
                return Err(Error::invalid(name, share, "0 to below 1"));
            }
        }
        if !(0.0..1.0).contains(&it.weight_decay) {
            return Err(Error::invalid("weight decay", it.weight_decay, "0 to below 1"));
        }
        if !(it.layer_decay > 0.0 && it.layer_decay <= 1.0) {
            return Err(Error::invalid("layer decay", it.layer_decay, "above 0, at most 1"));
        }
        if let Some(rate) = it.learning_rate.filter(|it| !(*it > 0.0 && it.is_finite())) {
            return Err(Error::invalid("learning rate", rate, "above 0"));
        }
        for (name, count) in [("epochs", it.epochs), ("batch", it.batch as u64)] {
            if count == 0 {
                return Err(Error::invalid(name, 0, "at least 1"));
            }
        }
        if it.patience == Some(0) {
            return Err(Error::invalid("patience", 0, "at least 1 epoch, or None for no end"));
        }
        it.schedule.check()?;
        it.augment.check()
    }

    /// How much each class counts.
    fn weights(&self, truth: &Truth) -> Result<Vec<f32>> {
        let it = &self.settings;
        let Truth::Classes { names, of } = truth else {
            return match it.balanced || !it.class_weights.is_empty() {
                true => Err(Error::invalid("class weights", self.question.kind(), "a classifier")),
                false => Ok(Vec::new()),
            };
        };
        if it.balanced {
            let count = |class| of.iter().filter(|it| **it == class).count().max(1);
            let even = of.len() as f32 / names.len() as f32;
            return Ok((0..names.len()).map(|class| even / count(class) as f32).collect());
        }
        if !it.class_weights.is_empty() && it.class_weights.len() != names.len() {
            let expected = format!("{}, one for each of {}", names.len(), names.join(", "));
            return Err(Error::invalid("class weights", it.class_weights.len(), expected));
        }
        if let Some(wrong) = it.class_weights.iter().find(|it| !(**it > 0.0 && it.is_finite())) {
            return Err(Error::invalid("class weight", wrong, "above 0"));
        }
        Ok(it.class_weights.clone())
    }

    /// The run of a head; where it is the beginning of a network's, it need not take as long.
    fn fit_of_head(&self) -> FitConfig {
        if self.settings.head_only {
            return self.fit(self.settings.learning_rate.unwrap_or(RATE_OF_HEAD));
        }
        let usual = Settings::default();
        FitConfig { epochs: usual.epochs, patience: usual.patience, ..self.fit(RATE_OF_HEAD) }
    }

    /// The run of a network.
    fn fit_of_network(&self) -> FitConfig {
        let usual = match self.settings.unfreeze_from {
            Some(_) => RATE_OF_SECOND_PHASE,
            None => RATE,
        };
        self.fit(self.settings.learning_rate.unwrap_or(usual))
    }

    fn fit(&self, rate: f64) -> FitConfig {
        let it = &self.settings;
        FitConfig {
            epochs: it.epochs,
            batch: it.batch,
            rate,
            weight_decay: it.weight_decay,
            layer_decay: it.layer_decay,
            schedule: it.schedule,
            optimizer: OptimizerConfig { clip: Some(5.0), ..OptimizerConfig::default() },
            average: None,
            patience: it.patience,
            keep: 1,
            save_every: it.save_every,
            precision: it.precision,
            seed: it.seed,
        }
    }
}

#[cfg(test)]
mod tests;
