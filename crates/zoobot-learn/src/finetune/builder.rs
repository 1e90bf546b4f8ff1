//! The builder methods of [`Finetune`], one for each setting.

use super::settings::RATE_OF_HEAD;
use super::{Finetune, LabelKind, Settings, Start, Tuning};
use crate::train::{Distance, Schedule};
use std::path::Path;
use std::sync::Arc;
use tch::Tensor;
use zoobot_base::advice::advice;
use zoobot_base::error::Result;
use zoobot_data::catalog::Catalog;
use zoobot_data::picture::{Augment, Recipe};
use zoobot_data::schema::Schema;
use zoobot_representation::encoder::{Architecture, Encoder, Precision, Statistics};

impl Finetune {
    /// Learns the class of each galaxy from a column of text, whole numbers or booleans with at least two
    /// classes. Classes are sorted; with two classes, the last is the positive one.
    pub fn classifier(label: impl Into<String>) -> Self {
        Self::of(LabelKind::Classes { label: label.into() })
    }

    /// Learns a number from a column of finite numbers. See
    /// [`unit_interval`](Self::unit_interval) and [`distance`](Self::distance).
    pub fn regressor(label: impl Into<String>) -> Self {
        let (label, distance) = (label.into(), Distance::Squared);
        Self::of(LabelKind::Numbers { label, distance, unit_interval: false })
    }

    /// Learns how volunteers would vote on every question of a schema.
    pub fn tree(schema: &Schema) -> Self {
        Self::of(LabelKind::Votes(Box::new(schema.clone())))
    }

    /// Learns which of several columns of 0 and 1 are true; any number of them may be true at once.
    pub fn multilabel<T: Into<String>>(labels: impl IntoIterator<Item = T>) -> Self {
        Self::of(LabelKind::Tags { labels: labels.into_iter().map(Into::into).collect() })
    }

    fn of(question: LabelKind) -> Self {
        Self {
            question,
            settings: Settings::default(),
            start: Start::Shipped,
            grey: false,
            misfits: Vec::new(),
            folder: None,
            unlabelled: None,
            own_loss: None,
            own_metrics: Vec::new(),
        }
    }

    /// Sets the encoder to start from. Default `Encoder::load("sample")`.
    pub fn encoder(mut self, encoder: &Encoder) -> Self {
        self.start = Start::Encoder(Box::new(encoder.clone()));
        self
    }

    /// Starts from random weights, as a baseline: all layers learn at the same rate (1e-3), and batch
    /// normalisation uses the statistics of each batch.
    pub fn scratch(mut self, architecture: Architecture, recipe: Recipe) -> Self {
        self.start = Start::Scratch(Box::new(architecture), Box::new(recipe));
        self.settings.head_only = false;
        self.settings.head_first = false;
        self.settings.layer_decay = 1.0;
        self.settings.statistics = Statistics::Batch;
        self.settings.learning_rate = self.settings.learning_rate.or(Some(RATE_OF_HEAD));
        self
    }

    /// Trains only the head, on features that are computed once. The default.
    pub fn head_only(mut self) -> Self {
        self.settings.head_only = true;
        self
    }

    /// Trains the encoder together with the head, from pictures.
    pub fn full(mut self) -> Self {
        (self.settings.head_only, self.settings.unfreeze_from) = (false, None);
        self
    }

    /// Trains the whole network with grouped gradients (Yoo et al. 2018, arXiv:1710.02277): filters of a layer
    /// that respond alike to the training pictures, and to [`unlabelled`](Self::unlabelled) ones, move
    /// together. `groups` is the number of groups in each layer, or one number for all layers. There is no
    /// weight decay, which is not shared.
    pub fn grouped(mut self, groups: impl Into<Vec<usize>>) -> Self {
        self.settings.tuning = Tuning::Grouped(groups.into());
        self.settings.weight_decay = 0.0;
        self.full()
    }

    /// Trains low-rank adapters of the encoder's convolutions and linear maps, together with the head (LoRA, Hu
    /// et al. 2021, arXiv:2106.09685); 4 is a usual rank. Normalisations stay as they are.
    pub fn lora(mut self, rank: usize) -> Self {
        self.settings.tuning = Tuning::LowRank(rank);
        self.full()
    }

    /// Adds pictures without labels, whose responses tell which filters are alike: see
    /// [`grouped`](Self::grouped).
    pub fn unlabelled(mut self, galaxies: &Catalog) -> Self {
        self.unlabelled = Some(galaxies.clone());
        self
    }

    /// The two phases of Walmsley et al. (2022): first the head alone at a learning rate of 1e-3, then
    /// everything from stage `block` of the encoder on ([`Architecture::stages`]; 0 trains the whole encoder)
    /// at 1e-5, with batch normalisation frozen and a single learning rate for all layers.
    pub fn two_phase(mut self, block: usize) -> Self {
        self.settings.head_only = false;
        self.settings.head_first = true;
        self.settings.unfreeze_from = Some(block);
        self.settings.layer_decay = 1.0;
        self
    }

    /// Sets whether training of a whole network starts with a head that was trained alone (`true`), or with
    /// an untrained head, as in zoobot 2.9.
    pub fn head_first(mut self, yes: bool) -> Self {
        self.settings.head_first = yes;
        self
    }

    /// Sets the factor by which the learning rate falls with each deeper layer (0.75): the rate of a layer is
    /// multiplied by this factor once for every layer above it.
    pub fn layer_decay(mut self, decay: f64) -> Self {
        self.settings.layer_decay = decay;
        self
    }

    /// Sets the weight decay: the fraction of the weights that a step at a learning rate of 1 removes (0.05).
    pub fn weight_decay(mut self, decay: f64) -> Self {
        self.settings.weight_decay = decay;
        self
    }

    /// Sets the peak learning rate: by default 1e-3 for a head, 1e-4 for a whole network, 1e-5 for a second
    /// phase.
    pub fn learning_rate(mut self, rate: f64) -> Self {
        self.settings.learning_rate = Some(rate);
        self
    }

    /// Sets the learning-rate schedule: a warm-up, then a constant, cosine or stepped rate.
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.settings.schedule = schedule;
        self
    }

    /// Sets the dropout: the fraction of features that each step drops at random (0.5).
    pub fn head_dropout(mut self, dropout: f64) -> Self {
        self.settings.head_dropout = dropout;
        self
    }

    /// Sets the label smoothing: the fraction of the target that is spread evenly over all classes (0).
    pub fn label_smoothing(mut self, share: f64) -> Self {
        self.settings.label_smoothing = share;
        self
    }

    /// Sets the weight of each class, in the order of the sorted class names.
    pub fn class_weights(mut self, weights: impl Into<Vec<f32>>) -> Self {
        self.settings.class_weights = weights.into();
        self
    }

    /// Gives each class the same total weight, however few galaxies it has.
    pub fn balanced(mut self) -> Self {
        self.settings.balanced = true;
        self
    }

    /// For a regressor: restricts predictions to the range 0 to 1; labels must be in it too. With another
    /// kind of question, [`train`](Self::train) returns an error.
    pub fn unit_interval(self) -> Self {
        self.of_regressor("unit_interval()", "--unit-interval", |_, limited| *limited = true)
    }

    /// For a regressor: sets how errors are measured (squared by default). With another kind of question,
    /// [`train`](Self::train) returns an error.
    pub fn distance(self, of: Distance) -> Self {
        self.of_regressor("distance(…)", "--distance", |distance, _| *distance = of)
    }

    /// Applies a setting that only regressors have. For another question, records a misfit, which the check
    /// of all settings reports.
    fn of_regressor(
        mut self,
        setting: &str,
        option: &str,
        set: impl FnOnce(&mut Distance, &mut bool),
    ) -> Self {
        match &mut self.question {
            LabelKind::Numbers { distance, unit_interval, .. } => set(distance, unit_interval),
            other => {
                let name = advice(setting, option);
                let problem =
                    format!("{name} is only for regressors, but this is {}", other.called());
                let hint = advice(
                    "Leave it out, or use Finetune::regressor",
                    "Leave it out, or use `zoobot finetune regressor`",
                );
                self.misfits.push((problem, hint));
            }
        }
        self
    }

    /// Sets the maximum number of epochs (100).
    pub fn epochs(mut self, epochs: u64) -> Self {
        self.settings.epochs = epochs;
        self
    }

    /// Sets early stopping: training ends after this many epochs without an improvement of the validation
    /// loss (10); `None` turns early stopping off.
    pub fn patience(mut self, epochs: impl Into<Option<u64>>) -> Self {
        self.settings.patience = epochs.into();
        self
    }

    /// Sets the batch size in galaxies (32).
    pub fn batch(mut self, galaxies: usize) -> Self {
        self.settings.batch = galaxies;
        self
    }

    /// Sets the augmentation of the pictures that a whole network, or a head with [`views`](Self::views),
    /// learns from.
    pub fn augment(mut self, augment: Augment) -> Self {
        self.settings.augment = augment;
        self
    }

    /// Sets the number of random views of each galaxy that a head learns from in addition to the original
    /// picture (0). Each view is encoded once.
    pub fn views(mut self, views: usize) -> Self {
        self.settings.views = views;
        self
    }

    /// Sets mixup: blends each galaxy of a batch with another one, both the picture (for a head alone, the
    /// features) and the label. The blending weight is drawn from a Beta distribution with this parameter
    /// (0 turns mixup off; 0.2 is usual). Mixup is a mild protection against overfitting to a few hundred
    /// galaxies.
    pub fn mixup(mut self, strength: f64) -> Self {
        self.settings.mixup = strength;
        self
    }

    /// Sets which statistics batch normalisation uses (frozen).
    pub fn statistics(mut self, statistics: Statistics) -> Self {
        self.settings.statistics = statistics;
        self
    }

    /// Sets the number of steps between checkpoints of a whole network, besides the one after each epoch (0:
    /// none).
    pub fn save_every(mut self, steps: u64) -> Self {
        self.settings.save_every = steps;
        self
    }

    /// Sets the precision that a whole network computes with ([`Precision::Fp32`]); with 16 bits the
    /// variables stay in 32 bits: see
    /// [`Training::precision`](zoobot_representation::encoder::Training::precision).
    pub fn precision(mut self, precision: Precision) -> Self {
        self.settings.precision = precision;
        self
    }

    /// Sets the random seed (0).
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// Gives the network only the luminance: see [`Encoder::greyscale`].
    pub fn greyscale(mut self) -> Self {
        self.grey = true;
        self
    }

    /// Replaces all settings, for example with those read from a file.
    pub fn with(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Sets the folder of the run. It holds encoded features, prepared pictures, checkpoints, the log and, in
    /// `best`, the best model so far. A run that finds its own files there resumes.
    pub fn folder(mut self, folder: impl AsRef<Path>) -> Self {
        self.folder = Some(folder.as_ref().to_path_buf());
        self
    }

    /// Sets a custom loss. It receives the outputs of the head, `[n, outputs]`, and the targets (class
    /// indices `[n]`, otherwise `[n, outputs]`; numbers are standardised unless they are in the unit
    /// interval). It returns a differentiable scalar; lower is better.
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

    /// Adds a custom metric, computed after each epoch from the outputs and targets of all validation
    /// galaxies.
    pub fn metric(
        mut self,
        name: impl Into<String>,
        metric: impl Fn(&Tensor, &Tensor) -> Result<Tensor> + Send + Sync + 'static,
    ) -> Self {
        self.own_metrics.push((name.into(), Arc::new(metric)));
        self
    }
}
