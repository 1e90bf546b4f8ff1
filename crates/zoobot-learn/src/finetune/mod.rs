//! Fine-tuning: learning a new question from a few hundred labels.
//!
//! A [`Finetune`] holds the question and the settings, prints its [`Plan`], and returns a [`Finetuned`],
//! which predicts, can be judged, and becomes a [`Model`](crate::model::Model).
//!
//! * [`question`](LabelKind): classes, numbers, several labels at once, or a tree of votes.
//! * `truth`: labels, after validation.
//! * `solve`: the default, a head alone, solved for on features that are computed once.
//! * `heads`: a head alone, trained by gradient descent on such features.
//! * `network`: encoder and head together, from pictures.
//! * `folds`: cross-validation, for sets too small to hold galaxies out.
//! * `refit`: [`Model::refit`](crate::model::Model::refit), new answers to some questions of a model of votes.
//! * [`Predicted`]: predictions for other galaxies, with measures and their intervals.
//! * [`Saliency`]: which parts of the pictures a prediction comes from.

mod answers;
mod builder;
mod encoded;
mod few;
mod finetuned;
mod folds;
mod heads;
mod hold_out;
mod looks;
mod measures;
mod network;
mod objective;
mod parts;
mod plan;
mod predicted;
mod question;
mod refit;
mod saliency;
mod settings;
mod solve;
mod solved;
mod strength;
mod totals;
mod truth;

pub use finetuned::Finetuned;
pub use folds::CrossValidated;
pub use plan::{Block, Plan};
pub use predicted::Predicted;
pub use question::LabelKind;
pub use saliency::Saliency;
pub use settings::{Settings, Tuning};
pub use strength::{Choice, Strength};

use crate::train::{Event, Watch, apart};
use heads::Known;
use solved::Galaxies;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use truth::Truth;
use zoobot_base::advice::advice;
use zoobot_base::error::{Error, Result};
use zoobot_data::catalog::Catalog;
use zoobot_data::picture::{Failures, Recipe};
use zoobot_representation::encoder::{Architecture, Encoder};
use zoobot_representation::space::Space;
use zoobot_show::notebook::{Job, display, in_kernel};

/// Teaches an encoder a new question from labelled galaxies.
///
/// ```no_run
/// use zoobot_core::prelude::*;
/// let rings = Catalog::read("rings/catalog.csv")?.split([0.7, 0.1, 0.2], 42)?;
/// let encoder = Encoder::load("sample")?;
/// let run = Finetune::classifier("ring").encoder(&encoder).train(&rings.train, &rings.val)?;
/// run.predict(&rings.test)?.accuracy()?;
/// run.model("rings").save("rings-model")?;
/// # Ok::<(), Error>(())
/// ```
///
/// By default only a head learns ([`head_only`](Self::head_only)): a linear model on the encoder's features.
/// It is solved for directly, and the strength of its penalty is chosen by predicting left-out galaxies
/// ([`Strength`]). That takes seconds for hundreds of galaxies. The last fit includes the validation
/// galaxies. Changing a setting of gradient descent ([`learning_rate`](Self::learning_rate),
/// [`epochs`](Self::epochs), [`patience`](Self::patience), [`batch`](Self::batch),
/// [`schedule`](Self::schedule), [`head_dropout`](Self::head_dropout), [`mixup`](Self::mixup),
/// [`distance`](Self::distance) or a custom [`loss`](Self::loss)) trains the head by gradient descent
/// instead; the [`Plan`] says which method is used. [`full`](Self::full) trains the encoder too. This is
/// worth the time with more than about a thousand galaxies, or if the encoder has never seen such pictures.
#[derive(Clone)]
pub struct Finetune {
    question: LabelKind,
    settings: Settings,
    start: Start,
    /// Whether the network sees luminance only.
    grey: bool,
    /// Settings that do not fit the question, each with a hint.
    misfits: Vec<(String, String)>,
    folder: Option<PathBuf>,
    /// Galaxies by which filters are grouped, besides those to learn from.
    unlabelled: Option<Catalog>,
    own_loss: Option<objective::OwnLoss>,
    own_metrics: Vec<(String, objective::OwnLoss)>,
}

#[derive(Debug, Clone)]
enum Start {
    /// The encoder that comes with the library.
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
    /// The question to learn.
    pub fn question(&self) -> &LabelKind {
        &self.question
    }

    /// The settings of the training.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The folder of the run.
    pub(super) fn home(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// The encoder to start from.
    fn begin(&self) -> Result<Encoder> {
        let encoder = match &self.start {
            Start::Shipped => Encoder::load("sample")?,
            Start::Encoder(encoder) => (**encoder).clone(),
            Start::Scratch(architecture, recipe) => {
                let (architecture, recipe) = ((**architecture).clone(), (**recipe).clone());
                Encoder::untrained(architecture, recipe, self.settings.seed)?
            }
        };
        if self.grey { encoder.greyscale() } else { Ok(encoder) }
    }

    /// The plan of the training, without starting it.
    ///
    /// # Errors
    /// As for [`train`](Self::train), for problems that can be found beforehand.
    pub fn plan(&self, train: &Catalog, val: &Catalog) -> Result<Plan> {
        let (learn, kept) = self.labels(train, val)?;
        Plan::new(self, &self.begin()?, &learn, &kept)
    }

    /// Shows its [`Plan`], then learns from the labels in `train` until the loss on `val` no longer improves.
    ///
    /// The stop button, or Ctrl-C, ends the training and keeps the best model so far; with a
    /// [`folder`](Self::folder), repeating the call resumes the training.
    ///
    /// # Errors
    /// * [`Error::Missing`] for a column that does not exist, with the nearest name.
    /// * [`Error::Catalog`] for labels that are missing or not finite, and for galaxies or pictures on
    ///   both sides.
    /// * [`Error::Parameter`] for settings that are out of range.
    /// * [`Error::Unsuitable`] for fewer than four galaxies, a single class, a class of a single galaxy,
    ///   a class that `val` has and `train` has not, and labels of the wrong type.
    /// * [`Error::Empty`] when `val` has no galaxies.
    /// * [`Error::Picture`] when no picture can be read.
    pub fn train(&self, train: &Catalog, val: &Catalog) -> Result<Finetuned> {
        let mut watch = Watch::new("fine-tuning");
        self.told(train, val, &say, &mut |event| watch.see(&event))
    }

    /// Runs [`train`](Self::train) in the background, while the notebook's next cells run.
    ///
    /// # Errors
    /// If the system cannot start another thread; the errors of [`train`](Self::train) come with the result.
    pub fn train_in_background(&self, train: &Catalog, val: &Catalog) -> Result<Job<Finetuned>> {
        let (run, train, val) = (self.clone(), train.clone(), val.clone());
        Job::start("fine-tuning", move || run.train(&train, &val))
    }

    /// Like [`train`](Self::train), but passes events to `observe` instead of showing them, and shows no
    /// plan. A head that is solved for has no events.
    ///
    /// # Errors
    /// As for [`train`](Self::train).
    pub fn observed(
        &self,
        train: &Catalog,
        val: &Catalog,
        observe: &mut dyn FnMut(Event),
    ) -> Result<Finetuned> {
        self.told(train, val, &|_| (), observe)
    }

    /// Trains a head on galaxies that are already encoded, with their catalogues attached. Several questions
    /// can thus be learnt from one encoding.
    ///
    /// # Errors
    /// As for [`train`](Self::train); [`Error::Recipe`] and [`Error::Weights`] for spaces from another
    /// encoder or recipe, [`Error::Shape`] for a space that was compressed; [`Error::Unsuitable`] if the
    /// label is among the features.
    pub fn train_encoded(&self, train: &Space, val: &Space) -> Result<Finetuned> {
        self.check()?;
        let encoder = self.fitting(train)?;
        self.fitting(val)?;
        let (learn, kept) = self.labels(train.known_catalog()?, val.known_catalog()?)?;
        truth::no_leak(train.features(), &learn, &self.question)?;
        let learn = Known { features: train.features().to_owned(), truth: learn };
        let kept = Known { features: val.features().to_owned(), truth: kept };
        if self.solves() {
            let galaxies = |known, space: &'_ Space| -> Result<_> {
                Ok((known, space.ids().to_vec(), space.known_catalog()?.clone()))
            };
            let (known, ids, catalog) = galaxies(learn, train)?;
            let learn = Galaxies { known, ids, catalog: &catalog };
            let (known, ids, catalog) = galaxies(kept, val)?;
            let kept = Galaxies { known, ids, catalog: &catalog };
            return self.solved(encoder, learn, Some(kept), None);
        }
        let trained = heads::train(self, &learn, Some(&kept), &self.fit_of_head(), &mut |_| ())?;
        Finetuned::of_head(self, encoder, trained, learn.truth.classes())
    }

    /// Learns from all galaxies of a space with its catalogue attached: like [`learn_all`](Self::learn_all),
    /// for galaxies that are already encoded. The number of left-out parts depends on the number of galaxies.
    /// [`Finetuned::unseen`] has a prediction for each galaxy by a head that was fitted without it.
    ///
    /// # Errors
    /// As for [`train_encoded`](Self::train_encoded); [`Error::Unsuitable`] if a setting of gradient descent
    /// was changed.
    pub fn learn_all_encoded(&self, galaxies: &Space) -> Result<Finetuned> {
        self.check()?;
        if !self.solves() {
            let problem = "these settings need gradient descent, which needs validation galaxies to \
                           choose the best epoch";
            let hint = "Call train_encoded(…), or leave the settings of gradient descent out";
            return Err(Error::unsuitable(problem, hint));
        }
        let encoder = self.fitting(galaxies)?;
        let catalog = galaxies.known_catalog()?;
        let truth = Truth::to_learn(&self.question, catalog)?;
        self.weights(&truth)?;
        truth::no_leak(galaxies.features(), &truth, &self.question)?;
        let known = Known { features: galaxies.features().to_owned(), truth };
        let learn = Galaxies { known, ids: galaxies.ids().to_vec(), catalog };
        self.solved(encoder, learn, None, None)
    }

    /// The encoder, after a check that the space comes from it.
    fn fitting(&self, space: &Space) -> Result<Encoder> {
        let encoder = self.begin()?;
        encoder.check(space)?;
        if space.width() != encoder.width() {
            let problem = format!(
                "the space has {} features, but {} gives {}",
                space.width(),
                encoder.name(),
                encoder.width()
            );
            let hint = advice(
                "Give the space as it was before pca()",
                "Give the table as `zoobot encode` wrote it",
            );
            return Err(Error::shape(problem, hint));
        }
        Ok(encoder)
    }

    /// Like [`train`](Self::train), but passes the plan to `show` and the events to `observe`.
    ///
    /// # Errors
    /// As for [`train`](Self::train).
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
            encoded::same_run(self, folder, &encoder, [train, val], None)?;
        }
        let mut first = None;
        if self.settings.head_only || self.settings.head_first {
            let (learn, mut failed) = encoded::features(self, &encoder, train, &learn, true)?;
            let (kept, more) = encoded::features(self, &encoder, val, &kept, false)?;
            let [learn_ids, kept_ids] = [(train, &failed), (val, &more)].map(read);
            failed.extend(more);
            if self.solves() {
                let learn = Galaxies { known: learn, ids: learn_ids, catalog: train };
                let kept = Galaxies { known: kept, ids: kept_ids, catalog: val };
                let done = self.solved(encoder, learn, Some(kept), None)?;
                return Ok(done.planned(Some(plan), failed));
            }
            if self.solves_head() {
                first = Some(self.first_head(&learn, learn_ids.len())?);
            } else {
                let mut still = |_: Event| ();
                let watch: &mut dyn FnMut(Event) =
                    if self.settings.head_only { observe } else { &mut still };
                let trained = heads::train(self, &learn, Some(&kept), &self.fit_of_head(), watch)?;
                if self.settings.head_only {
                    let classes = learn.truth.classes();
                    let done = Finetuned::of_head(self, encoder, trained, classes)?;
                    return Ok(done.planned(Some(plan), failed));
                }
                first = Some(trained);
            }
        }
        let head = first.as_ref().map(|it| &it.head);
        let (config, kept) = (self.fit_of_network(), Some((val, &kept)));
        let trained =
            network::train(self, &encoder, (train, &learn), kept, head, &config, observe)?;
        Ok(Finetuned::of_network(self, encoder, trained, first.map(|it| it.fitted), plan))
    }

    /// The labels of both catalogues, after all checks.
    fn labels(&self, train: &Catalog, val: &Catalog) -> Result<(Truth, Truth)> {
        self.check()?;
        let learn = Truth::to_learn(&self.question, train)?;
        apart(train, val)?;
        let kept = learn.like(&self.question, val)?;
        self.weights(&learn)?;
        Ok((learn, kept))
    }
}

/// The galaxies of a catalogue whose pictures can be read.
fn read((catalog, failed): (&Catalog, &Failures)) -> Vec<String> {
    let gone: HashSet<&String> = failed.iter().map(|it| &it.id_str).collect();
    catalog.ids().iter().filter(|id| !gone.contains(id)).cloned().collect()
}

/// Shows a plan to the user.
fn say(plan: &Plan) {
    match in_kernel() {
        true => display(plan),
        false => eprintln!("{plan}"),
    }
}

#[cfg(test)]
mod tests;
