//! The setters of a [`Finetune`], one for each thing that can be chosen.

use super::settings::RATE_OF_HEAD;
use super::{Finetune, LabelKind, Settings, Start};
use crate::train::{Distance, Schedule};
use std::path::Path;
use std::sync::Arc;
use tch::Tensor;
use zoobot_base::error::{Error, Result};
use zoobot_data::picture::{Augment, Recipe};
use zoobot_data::schema::Schema;
use zoobot_representation::encoder::{Architecture, Encoder, Precision, Statistics};

impl Finetune {
    /// Which class a galaxy is of: a column of text, of whole numbers, or of true and false, with two
    /// classes or more. Classes are sorted; of two, the last counts as positive.
    pub fn classifier(label: impl Into<String>) -> Self {
        Self::of(LabelKind::Classes { label: label.into() })
    }

    /// A number: any column of finite numbers. See [`unit_interval`](Self::unit_interval) and
    /// [`distance`](Self::distance).
    pub fn regressor(label: impl Into<String>) -> Self {
        let (label, distance) = (label.into(), Distance::Squared);
        Self::of(LabelKind::Numbers { label, distance, unit_interval: false })
    }

    /// How volunteers would vote on every question of a schema.
    pub fn tree(schema: &Schema) -> Self {
        Self::of(LabelKind::Votes(Box::new(schema.clone())))
    }

    /// Which of several columns of 0 and 1 are true; any number of them may be at once.
    pub fn multilabel<T: Into<String>>(labels: impl IntoIterator<Item = T>) -> Self {
        Self::of(LabelKind::Tags { labels: labels.into_iter().map(Into::into).collect() })
    }

    fn of(question: LabelKind) -> Self {
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
            LabelKind::Numbers { unit_interval, .. } => *unit_interval = true,
            other => return Err(Error::invalid("unit interval", other.kind(), "a regressor")),
        }
        Ok(self)
    }

    /// For a regressor: how errors count (squared, unless this says otherwise).
    ///
    /// # Errors
    /// [`Error::Invalid`] for another question.
    pub fn distance(mut self, of: Distance) -> Result<Self> {
        match &mut self.question {
            LabelKind::Numbers { distance, .. } => *distance = of,
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

    /// Blends each galaxy of a batch with another one, picture (of a head alone, features) and label
    /// alike, by a share that is drawn from the Beta distribution of this parameter (0: not at all; 0.2
    /// say): a mild protection against learning a few hundred galaxies by heart.
    pub fn mixup(mut self, strength: f64) -> Self {
        self.settings.mixup = strength;
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
    /// variables stay in 32 ([`Training::precision`](zoobot_representation::encoder::Training::precision)).
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
}
