//! A few examples of each class: five lenses, three jellyfish.
//!
//! [`Finetune::few`] learns classes from a handful of labelled galaxies (the support set) and ranks a survey
//! by them. The survey needs no labels, but is used: it tells what the average galaxy looks like, and which
//! galaxies are neighbours.
//!
//! * [`FewMethod`]: the ways to learn, under one call.
//! * `ground`: what the methods on encoded pictures start from; `mean`, `probes` and `propagation` are these.
//! * `choice`: which of them predicts examples best that are left out.
//! * [`FewRanking`]: the result.
//! * [`Episodes`]: how well methods do, measured by many small tasks; [`LabelCurve`]: what more labels buy.
//! * [`GroupSearch`]: the search for the groups of grouped gradients.

mod choice;
mod curve;
mod episodes;
mod ground;
mod mean;
mod method;
mod outcome;
mod probes;
mod propagation;
mod ranking;
mod search;

pub use choice::FewTrial;
pub use curve::LabelCurve;
pub use episodes::Episodes;
pub use method::FewMethod;
pub use outcome::{EpisodeRow, EpisodesOutcome};
pub use ranking::FewRanking;
pub use search::{GroupSearch, GroupTrial, GroupsFound, SearchRule};

use crate::finetune::Finetune;
use crate::train::{End, Watch, on_both_sides};
use choice::{Chosen, choose};
use ground::Ground;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use zoobot_base::advice::advice;
use zoobot_base::error::{Error, Result};
use zoobot_base::seed;
use zoobot_data::catalog::{Catalog, Target};
use zoobot_data::picture::{Augment, Failures};
use zoobot_representation::encoder::Encoder;
use zoobot_representation::space::Space;
use zoobot_show::notes::note;

/// Learns classes from a few examples of each and ranks a survey by them.
///
/// By default ([`FewMethod::Auto`]) each method on encoded pictures predicts every example from the others,
/// and the best one is used: [`FewRanking::reason`] says why. Features are standardised by the survey.
///
/// ```
/// use zoobot_core::{ndarray::Array2, prelude::*};
/// // Ten galaxies of two classes, as an encoder might represent them.
/// let features = |n: usize| Array2::from_shape_fn((n, 3), |(i, j)| {
///     (i % 2) as f32 * 4.0 + ((i * 7 + j * 5) % 11) as f32 * 0.1
/// });
/// let ids = |prefix: &str, n: usize| (0..n).map(|i| format!("{prefix}{i}")).collect::<Vec<_>>();
/// let table = df!("id_str" => ids("s", 6), "file_loc" => ids("s", 6),
///     "kind" => ["disc", "ring", "disc", "ring", "disc", "ring"])?;
/// let support = Space::new(ids("s", 6), features(6))?.with_catalog(&Catalog::from_table(table, ".")?)?;
/// let survey = Space::new(ids("g", 10), features(10))?;
/// let ranking = Finetune::few("kind").sought("ring").rank_encoded(&support, &survey)?;
/// assert_eq!(ranking.ids().len(), 10);
/// assert!(ranking.ids()[..5].iter().all(|id| ["g1", "g3", "g5", "g7", "g9"].contains(&id.as_str())));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct FewShot {
    label: String,
    method: FewMethod,
    encoder: Option<Encoder>,
    views: usize,
    sought: Option<String>,
    leave_out: bool,
    groups: Option<Vec<usize>>,
    rank: usize,
    epochs: u64,
    learning_rate: f64,
    augment: Option<Augment>,
    folder: Option<PathBuf>,
    seed: u64,
}

/// The rank of adapters.
const RANK: usize = 4;
/// The number of passes over the examples for methods that train the encoder.
const EPOCHS: u64 = 20;
/// The learning rate of these methods.
const RATE: f64 = 1e-4;
/// The number of examples in a batch.
const BATCH: usize = 16;
/// The number of groups in each layer.
const GROUPS: usize = 8;

impl Finetune {
    /// Learns the classes in a column from a few examples of each: see [`FewShot`].
    pub fn few(label: impl Into<String>) -> FewShot {
        FewShot {
            label: label.into(),
            method: FewMethod::Auto,
            encoder: None,
            views: 1,
            sought: None,
            leave_out: false,
            groups: None,
            rank: RANK,
            epochs: EPOCHS,
            learning_rate: RATE,
            augment: None,
            folder: None,
            seed: seed::DEFAULT,
        }
    }
}

/// Examples with their classes.
struct Examples {
    names: Vec<String>,
    of: Vec<usize>,
}

impl FewShot {
    /// Sets the method ([`FewMethod::Auto`]).
    pub fn method(mut self, method: FewMethod) -> Self {
        self.method = method;
        self
    }

    /// Sets the label.
    pub(super) fn of_label(mut self, label: &str) -> Self {
        self.label = label.to_owned();
        self
    }

    /// Sets the encoder (the one that comes with the library).
    pub fn encoder(mut self, encoder: &Encoder) -> Self {
        self.encoder = Some(encoder.clone());
        self
    }

    /// Sets the number of views of each picture whose mean representation is used (1, the picture itself; at most 8: see
    /// [`Encoder::with_views`]). Encoding takes as many times longer.
    pub fn views(mut self, views: usize) -> Self {
        self.views = views;
        self
    }

    /// Sets the class by which galaxies are ranked (the one that is rarest in the survey).
    pub fn sought(mut self, class: impl Into<String>) -> Self {
        self.sought = Some(class.into());
        self
    }

    /// Leaves examples out of the survey, in place of an error that names those which are in both.
    pub fn leave_out(mut self) -> Self {
        self.leave_out = true;
        self
    }

    /// Sets the number of groups of filters that share gradients, for each layer or one number for all (8):
    /// see [`FewMethod::Grouped`].
    pub fn groups(mut self, groups: impl Into<Vec<usize>>) -> Self {
        self.groups = Some(groups.into());
        self
    }

    /// Sets the rank of adapters (4): see [`FewMethod::Lora`].
    pub fn rank_of_adapters(mut self, rank: usize) -> Self {
        self.rank = rank;
        self
    }

    /// Sets the number of passes over the examples for methods that train the encoder (20).
    pub fn epochs(mut self, epochs: u64) -> Self {
        self.epochs = epochs;
        self
    }

    /// Sets the learning rate of methods that train the encoder (1e-4).
    pub fn learning_rate(mut self, rate: f64) -> Self {
        self.learning_rate = rate;
        self
    }

    /// Sets the augmentation for methods that train the encoder ([`Augment::zoobot`]).
    pub fn augment(mut self, augment: Augment) -> Self {
        self.augment = Some(augment);
        self
    }

    /// Sets the folder in which a method that trains the encoder keeps its state, so that repeating the call
    /// resumes it; `best` in it is the best model so far.
    pub fn folder(mut self, folder: impl AsRef<Path>) -> Self {
        self.folder = Some(folder.as_ref().to_path_buf());
        self
    }

    /// Sets the random seed (0).
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Learns from the labels of `support`, and ranks the galaxies of `survey`.
    ///
    /// Pictures that cannot be read are left out, with a note ([`FewRanking::failed`]).
    ///
    /// # Errors
    /// * [`Error::Missing`] for a column or a sought class that does not exist, with the nearest name.
    /// * [`Error::Catalog`] for missing labels, and for galaxies or pictures that are in both catalogues.
    /// * [`Error::Unsuitable`] for a single class and for labels of another type; [`Error::Empty`] for a
    ///   survey without galaxies.
    /// * [`Error::Parameter`] for a number of views that is out of range.
    /// * [`Error::Picture`] when no picture can be read.
    pub fn rank(&self, support: &Catalog, survey: &Catalog) -> Result<FewRanking> {
        let all = self.examples(support)?;
        let survey = self.apart(support, survey)?;
        let encoder = match &self.encoder {
            Some(encoder) => encoder.clone(),
            None => Encoder::load("sample")?,
        };
        let encoder = encoder.with_views(self.views)?;
        let known = encoder.encode(support)?;
        let (known, examples) = self.readable(support, &known, all)?;
        let galaxies = encoder.encode(&survey)?;
        if self.method.trains_encoder() {
            return self.trained(&encoder, support, &survey, (&known, examples), &galaxies);
        }
        let mut ranking = self.on_features(&known, examples, &galaxies)?;
        ranking.failed = galaxies.failed().clone();
        Ok(ranking)
    }

    /// Like [`rank`](Self::rank), for pictures that are already encoded; `support` has its catalogue attached.
    ///
    /// # Errors
    /// As for [`rank`](Self::rank); [`Error::Recipe`] and [`Error::Weights`] for spaces from different
    /// encoders or recipes; [`Error::Shape`] for different numbers of features; [`Error::Unsuitable`] for
    /// methods that train the encoder.
    pub fn rank_encoded(&self, support: &Space, survey: &Space) -> Result<FewRanking> {
        if self.method.trains_encoder() {
            let problem = format!("the method {} needs pictures, not representations", self.method);
            return Err(Error::unsuitable(problem, "Call rank(…) with catalogues"));
        }
        if let Some(encoder) = &self.encoder {
            encoder.check(support)?;
            encoder.check(survey)?;
        }
        if support.width() != survey.width() {
            let (ours, theirs) = (support.width(), survey.width());
            let problem =
                format!("the support set has {ours} features, but the survey has {theirs}");
            return Err(Error::shape(problem, "Encode both with the same encoder"));
        }
        let examples = self.examples(support.known_catalog()?)?;
        let known: HashMap<&String, usize> = support.ids().iter().zip(0..).collect();
        let twice: Vec<&String> = survey.ids().iter().filter(|id| known.contains_key(id)).collect();
        if twice.is_empty() {
            return self.on_features(support, examples, survey);
        }
        if !self.leave_out {
            let names: Vec<String> = twice.iter().take(3).map(|id| format!("{id:?}")).collect();
            let more = if twice.len() > 3 { ", …" } else { "" };
            let problem = format!(
                "{} galaxies are in both the support set and the survey: {}{more}",
                twice.len(),
                names.join(", ")
            );
            return Err(Error::unsuitable(problem, both_hint()));
        }
        let rest: Vec<&String> = survey.ids().iter().filter(|id| !known.contains_key(id)).collect();
        self.on_features(support, examples, &survey.select(&rest)?)
    }

    /// The labels of the support set, after all checks.
    fn examples(&self, support: &Catalog) -> Result<Examples> {
        let Target::Classes { names, of } = Target::classes(support, &self.label, None)? else {
            return Err(Error::Internal("classes that are numbers".to_owned()));
        };
        if names.len() < 2 {
            let found =
                names.first().map_or("no class".to_owned(), |it| format!("only the class {it:?}"));
            let problem = format!("{:?} has {found}", self.label);
            let hint = "Give examples of at least two classes, such as a few ordinary galaxies as \"other\"";
            return Err(Error::unsuitable(problem, hint));
        }
        if names.len() == of.len() && of.len() > 10 {
            let problem = format!(
                "{:?} has {} different values for {} galaxies",
                self.label,
                names.len(),
                of.len()
            );
            return Err(Error::unsuitable(
                problem,
                "Choose a column of classes that several galaxies share",
            ));
        }
        if let Some(class) =
            self.sought.as_deref().filter(|it| !names.iter().any(|name| name == it))
        {
            let known = names.iter().map(String::as_str);
            return Err(Error::missing("class", class, format!("{:?}", self.label), known));
        }
        Ok(Examples { names, of })
    }

    /// The survey without examples; an error if they are there and are not to be left out.
    fn apart(&self, support: &Catalog, survey: &Catalog) -> Result<Catalog> {
        if survey.is_empty() {
            return Err(Error::empty("the survey has no galaxies", "Give at least one to rank"));
        }
        let common = on_both_sides(support, survey, ["support", "survey"]);
        let Some(problem) = common.problem else { return Ok(survey.clone()) };
        if !self.leave_out {
            let path = survey.source().to_path_buf();
            return Err(Error::Catalog { path, problem, hint: both_hint() });
        }
        let rest: Vec<usize> =
            (0..survey.len()).filter(|row| common.rows.binary_search(row).is_err()).collect();
        if rest.is_empty() {
            let what = "every galaxy of the survey is an example";
            return Err(Error::empty(what, "Give other galaxies to rank"));
        }
        note(format!("{} examples are left out of the survey", common.rows.len()));
        survey.at(&rest)
    }

    /// The examples whose pictures can be read.
    fn readable(
        &self,
        support: &Catalog,
        known: &Space,
        all: Examples,
    ) -> Result<(Space, Examples)> {
        if known.len() == support.len() {
            return Ok((known.clone(), all));
        }
        let places: HashMap<&String, usize> = support.ids().iter().zip(0..).collect();
        let of: Vec<usize> =
            known.ids().iter().filter_map(|id| places.get(id)).map(|&row| all.of[row]).collect();
        let gone: Vec<&String> =
            support.ids().iter().filter(|id| !known.ids().contains(id)).collect();
        note(format!("{} pictures of examples cannot be read, such as {:?}", gone.len(), gone[0]));
        if let Some(class) = (0..all.names.len()).find(|class| !of.contains(class)) {
            let problem = format!("no picture of the class {:?} can be read", all.names[class]);
            return Err(Error::unsuitable(problem, "Give examples whose pictures can be read"));
        }
        Ok((known.clone(), Examples { names: all.names, of }))
    }

    /// Ranks by a method that trains the encoder, starting with logistic regression.
    fn trained(
        &self,
        encoder: &Encoder,
        support: &Catalog,
        survey: &Catalog,
        (known, examples): (&Space, Examples),
        galaxies: &Space,
    ) -> Result<FewRanking> {
        let Examples { names, of } = examples;
        let ground = Ground::new(known.features(), galaxies.features(), &of, names.len())?;
        let Chosen { evidence, trials, .. } = choose(&ground, FewMethod::Probe, self.seed)?;
        let linear = probes::logistic_of_scaled(&ground, evidence.strength)?;
        let some = support.select(known.ids())?;
        let mut run = Finetune::classifier(&self.label)
            .encoder(encoder)
            .full()
            .epochs(self.epochs)
            .patience(None)
            .batch(BATCH)
            .weight_decay(0.0)
            .learning_rate(self.learning_rate)
            .unlabelled(survey)
            .seed(self.seed);
        if let Some(augment) = &self.augment {
            run = run.augment(augment.clone());
        }
        if let Some(folder) = &self.folder {
            run = run.folder(folder);
        }
        run = match self.method {
            FewMethod::Grouped => run.grouped(self.groups.clone().unwrap_or_else(|| vec![GROUPS])),
            FewMethod::Lora => run.lora(self.rank),
            _ => run,
        };
        let head = run.head_of(&names, &linear, &ground.scaling)?;
        let target = Target::Classes { names: names.clone(), of };
        let mut watch = Watch::new("fine-tuning");
        let done = run.taught(&some, target, &head, &mut |event| watch.see(&event))?;
        if done.fitted.end == End::Interrupted {
            let steps = format!("{} steps", done.fitted.steps);
            return Err(Error::Interrupted { during: "fine-tuning", done: steps });
        }
        let predicted = done.model.predict(survey)?;
        let ranking = FewRanking {
            label: self.label.clone(),
            sought: 0,
            ids: predicted.ids().to_vec(),
            probabilities: predicted.values().to_owned(),
            method: self.method,
            reason: "it was asked for".to_owned(),
            trials,
            counts: ground.counts(),
            catalog: Some(survey.clone()),
            failed: predicted.failed().clone(),
            classes: names,
        };
        ranking.sorted(self.sought.as_deref())
    }

    /// Ranks by a method on features.
    fn on_features(&self, known: &Space, examples: Examples, survey: &Space) -> Result<FewRanking> {
        let Examples { names, of } = examples;
        let ground = Ground::new(known.features(), survey.features(), &of, names.len())?;
        let Chosen { method, evidence, trials, reason } = choose(&ground, self.method, self.seed)?;
        let ranking = FewRanking {
            label: self.label.clone(),
            sought: 0,
            ids: survey.ids().to_vec(),
            probabilities: evidence.survey,
            method,
            reason,
            trials,
            counts: ground.counts(),
            catalog: survey.catalog().cloned(),
            failed: Failures::default(),
            classes: names,
        };
        ranking.sorted(self.sought.as_deref())
    }
}

/// What to do about examples that are in the survey.
fn both_hint() -> String {
    advice(
        "Their class is known. Call leave_out() to rank the others, or take them out of one of the two",
        "Their class is known. Add --leave-out to rank the others, or take them out of one of the two",
    )
}

#[cfg(test)]
mod tests;
