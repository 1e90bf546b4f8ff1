//! The settings of training, their ranges, and the training configurations that follow from them.

use super::truth::Truth;
use super::{Finetune, LabelKind};
use crate::train::{FitConfig, OptimizerConfig, Schedule};
use serde::{Deserialize, Serialize};
use std::fmt::Display;
use zoobot_base::advice::advice;
use zoobot_base::error::{Error, Result};
use zoobot_base::seed;
use zoobot_data::catalog::Target;
use zoobot_data::picture::Augment;
use zoobot_representation::encoder::{Precision, Statistics};

/// The learning rate of a head on fixed features, as in the paper's first phase.
pub(super) const RATE_OF_HEAD: f64 = 1e-3;
/// The learning rate of a whole network, as in zoobot 2.9.
const RATE: f64 = 1e-4;
/// The learning rate of the paper's second phase.
const RATE_OF_SECOND_PHASE: f64 = 1e-5;

/// What a whole network may change.
///
/// ```
/// use zoobot_core::finetune::{Finetune, Tuning};
/// let finetune = Finetune::classifier("lens").grouped([16]);
/// assert_eq!(finetune.settings().tuning, Tuning::Grouped(vec![16]));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tuning {
    /// Every weight on its own. The default.
    #[default]
    Free,
    /// Filters of a layer that respond alike share one gradient; the numbers of groups in each layer, in the
    /// order of a pass, or one number for all layers. A layer with fewer filters is not grouped.
    Grouped(Vec<usize>),
    /// Low-rank adapters of this rank.
    LowRank(usize),
}

/// The settings of a [`Finetune`]; the question is its [`LabelKind`].
///
/// ```
/// use zoobot_core::finetune::{Finetune, Settings};
/// let settings = Settings { balanced: true, seed: 7, ..Settings::default() };
/// assert_eq!(Finetune::classifier("ring").with(settings.clone()).settings(), &settings);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Whether the encoder is frozen. Default `true`.
    pub head_only: bool,
    /// The first stage of the encoder to train, with all batch normalisation frozen; `None`, the default,
    /// trains the whole encoder.
    pub unfreeze_from: Option<usize>,
    /// Whether a whole network starts with a head that was trained on the frozen encoder (Kumar et al. 2022,
    /// arXiv:2202.10054). Default `true`.
    pub head_first: bool,
    /// The peak learning rate; `None` for 1e-3 (head), 1e-4 (full), 1e-5 (second phase).
    pub learning_rate: Option<f64>,
    /// The weight decay: the fraction of the weights that a step at a learning rate of 1 removes. Default
    /// 0.05.
    pub weight_decay: f64,
    /// The factor by which the learning rate falls with each deeper layer. Default 0.75.
    pub layer_decay: f64,
    /// The dropout of the head: the fraction of features that are dropped at random. Default 0.5.
    pub head_dropout: f64,
    /// The label smoothing: the fraction of the target that is spread over all classes. Default 0.
    pub label_smoothing: f64,
    /// The weight of each class, in the order of the sorted class names. By default all are equal.
    pub class_weights: Vec<f32>,
    /// Whether each class has the same total weight, however few galaxies it has. Default `false`.
    pub balanced: bool,
    /// The maximum number of epochs. Default 100.
    pub epochs: u64,
    /// The number of epochs without improvement after which training ends; `None` turns early stopping off.
    /// Default 10.
    pub patience: Option<u64>,
    /// The batch size in galaxies. Default 32.
    pub batch: usize,
    /// The learning-rate schedule. Default a cosine without warm-up.
    pub schedule: Schedule,
    /// Which statistics batch normalisation uses. Default frozen.
    pub statistics: Statistics,
    /// The augmentation of the pictures that a whole network learns from. Default [`Augment::zoobot`].
    pub augment: Augment,
    /// The number of random views of each galaxy that a head learns from besides the original picture.
    /// Default 0.
    pub views: usize,
    /// The parameter of mixup (Zhang et al. 2018, arXiv:1710.09412): how strongly galaxies are blended with
    /// each other, both pictures and labels. For a head alone, features are blended. The default, 0, turns
    /// mixup off; 0.1 to 0.4 is usual.
    #[serde(skip_serializing_if = "is_zero")]
    pub mixup: f64,
    /// What a whole network may change. Default every weight on its own.
    #[serde(skip_serializing_if = "is_free")]
    pub tuning: Tuning,
    /// The number of steps between checkpoints of a whole network; 0, the default, saves only after each
    /// epoch.
    pub save_every: u64,
    /// The precision that a whole network computes with
    /// ([`Training::precision`](zoobot_representation::encoder::Training::precision)). Default 32
    /// bits.
    pub precision: Precision,
    /// The random seed. Default 0.
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
            mixup: 0.0,
            tuning: Tuning::Free,
            save_every: 0,
            seed: seed::DEFAULT,
        }
    }
}

/// Leaves mixup out of the file when it is off, so that runs from before it existed can resume.
fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

/// Leaves the tuning out of the file when it is free, so that runs from before it existed can resume.
fn is_free(value: &Tuning) -> bool {
    *value == Tuning::Free
}

/// Returns an error for a setting that is out of range.
fn within(name: &'static str, value: impl Display, is_within: bool, range: &str) -> Result<()> {
    if is_within { Ok(()) } else { Err(Error::parameter(name, value, range)) }
}

impl Finetune {
    /// Whether only a head is trained and it is solved for: the encoder is frozen, and no setting needs
    /// gradient descent.
    pub fn solves(&self) -> bool {
        self.settings.head_only && self.solves_head()
    }

    /// Whether a head is solved for. For the head that a whole network starts with, fewer settings matter,
    /// since most of them are about the network.
    pub(super) fn solves_head(&self) -> bool {
        let (it, usual) = (&self.settings, Settings::default());
        let solved = match &self.question {
            LabelKind::Numbers { distance, .. } => distance.is_solved(),
            _ => true,
        };
        let alike = solved && self.own_loss.is_none() && it.mixup == 0.0;
        let untouched = it.learning_rate.is_none()
            && it.head_dropout == usual.head_dropout
            && (it.epochs, it.patience, it.batch) == (usual.epochs, usual.patience, usual.batch)
            && it.schedule == usual.schedule;
        alike && (untouched || !it.head_only)
    }

    /// Checks the settings and reports all problems at once.
    pub(super) fn check(&self) -> Result<()> {
        let it = &self.settings;
        let misfits =
            self.misfits.iter().map(|(problem, hint)| Err(Error::unsuitable(problem, hint)));
        let labels = match &self.question {
            LabelKind::Tags { labels } if labels.is_empty() => {
                Err(Error::empty("there are no labels to learn", "Give at least one column"))
            }
            _ => Ok(()),
        };
        let share = |name, value: f64| {
            within(name, value, (0.0..1.0).contains(&value), "at least 0 and below 1")
        };
        let count = |name, value: u64| within(name, value, value > 0, "at least 1");
        let layers = it.layer_decay > 0.0 && it.layer_decay <= 1.0;
        let rate = |rate: f64| {
            within("learning_rate", rate, rate > 0.0 && rate.is_finite(), "a finite number above 0")
        };
        let patience = |epochs: u64| {
            let range = "at least 1 (or None for no early stopping)";
            within("patience", epochs, epochs > 0, range)
        };
        let tuning = match &it.tuning {
            Tuning::Free => Ok(()),
            _ if it.head_only => Err(Error::unsuitable(
                "grouped gradients and adapters change the encoder, but only the head is trained",
                "Leave out head_only()",
            )),
            Tuning::Grouped(groups) if groups.is_empty() || groups.contains(&0) => {
                Err(Error::parameter("groups", format!("{groups:?}"), "at least 1 for each layer"))
            }
            // Decay would move the filters of a group apart.
            Tuning::Grouped(_) => {
                let none = "0 with grouped gradients, since decay is not shared";
                within("weight_decay", it.weight_decay, it.weight_decay == 0.0, none)
            }
            Tuning::LowRank(rank) => within("rank", rank, *rank > 0, "at least 1"),
        };
        let mixup = (0.0..=100.0).contains(&it.mixup);
        let checks = [
            labels,
            share("head_dropout", it.head_dropout),
            share("label_smoothing", it.label_smoothing),
            share("weight_decay", it.weight_decay),
            within("layer_decay", it.layer_decay, layers, "above 0 and at most 1"),
            it.learning_rate.map_or(Ok(()), rate),
            count("epochs", it.epochs),
            count("batch", it.batch as u64),
            it.patience.map_or(Ok(()), patience),
            within("mixup", it.mixup, mixup, "between 0 (none) and 100"),
            tuning,
            it.schedule.check(),
            it.augment.check(),
        ];
        Error::together(misfits.chain(checks))
    }

    /// The weight of each class.
    pub(super) fn weights(&self, truth: &Truth) -> Result<Vec<f32>> {
        let it = &self.settings;
        let Truth::One(target @ Target::Classes { names, of }) = truth else {
            return match it.balanced || !it.class_weights.is_empty() {
                true => Err(Error::unsuitable(
                    format!(
                        "class weights are only for classifiers, but this is {}",
                        self.question.called()
                    ),
                    advice(
                        "Leave out balanced() and class_weights(…)",
                        "Leave out --balanced and --class-weights",
                    ),
                )),
                false => Ok(Vec::new()),
            };
        };
        if it.balanced {
            let even = of.len() as f32 / names.len() as f32;
            return Ok(target.counts().into_iter().map(|it| even / it.max(1) as f32).collect());
        }
        if !it.class_weights.is_empty() && it.class_weights.len() != names.len() {
            let problem = format!(
                "the number of class weights ({}) differs from the number of classes ({})",
                it.class_weights.len(),
                names.len()
            );
            let hint = format!("Give one for each of {}", names.join(", "));
            return Err(Error::shape(problem, hint));
        }
        if let Some(wrong) = it.class_weights.iter().find(|it| !(**it > 0.0 && it.is_finite())) {
            let problem = format!("a class weight is {wrong}");
            return Err(Error::unsuitable(problem, "Every one must be a finite number above 0"));
        }
        Ok(it.class_weights.clone())
    }

    /// The training configuration of a head. A head that a network starts with uses the default number of
    /// epochs.
    pub(super) fn fit_of_head(&self) -> FitConfig {
        if self.settings.head_only {
            return self.fit(self.settings.learning_rate.unwrap_or(RATE_OF_HEAD));
        }
        let usual = Settings::default();
        FitConfig { epochs: usual.epochs, patience: usual.patience, ..self.fit(RATE_OF_HEAD) }
    }

    /// The training configuration of a network.
    pub(super) fn fit_of_network(&self) -> FitConfig {
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
            until: None,
            keep: 1,
            save_every: it.save_every,
            precision: it.precision,
            seed: it.seed,
        }
    }
}
