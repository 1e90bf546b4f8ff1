//! Cross-validation for sets too small to hold galaxies out: the folds choose the number of epochs, and then
//! the model learns from all galaxies.

use super::heads::{self, Known};
use super::solved::Galaxies;
use super::truth::Truth;
use super::{Finetune, Finetuned, Plan, encoded, network, say};
use crate::train::{End, Epoch, Event, FitConfig, TrainingHistory, Watch, note_copies};
use ndarray::Axis;
use std::collections::HashSet;
use zoobot_base::error::{Error, Result};
use zoobot_base::interrupt;
use zoobot_data::catalog::{Catalog, Target};
use zoobot_representation::probe::folds::{divide, part};
use zoobot_show::figure::{Figure, lines};
use zoobot_show::notebook::{Bundle, Progress, Show};

/// The default number of folds.
const USUAL: usize = 10;

/// How the number of epochs was chosen: the training history of each fold.
#[derive(Debug, Clone, PartialEq)]
pub struct CrossValidated {
    folds: Vec<TrainingHistory>,
    chosen: u64,
}

impl CrossValidated {
    /// Chooses the epoch with the lowest mean validation loss, among the epochs that all folds reached.
    fn new(folds: Vec<TrainingHistory>) -> Result<Self> {
        let found = Self { folds, chosen: 0 };
        let best = found.mean().into_iter().min_by(|a, b| a.validation.total_cmp(&b.validation));
        match best {
            Some(best) => Ok(Self { chosen: best.epoch, ..found }),
            None => Err(Error::unsuitable(
                "there is no epoch that all folds reached",
                "Let each fold train for at least one",
            )),
        }
    }

    /// The number of epochs of the last run, which uses all galaxies.
    pub fn chosen(&self) -> u64 {
        self.chosen
    }

    /// The training history of each fold.
    pub fn folds(&self) -> &[TrainingHistory] {
        &self.folds
    }

    /// The mean over the folds, for each epoch that all of them reached.
    pub fn mean(&self) -> Vec<Epoch> {
        let n = self.folds.len() as f64;
        let reached = self.folds.iter().map(|it| it.epochs.len()).min().unwrap_or(0);
        let mean = |place: usize| {
            let all = || self.folds.iter().map(move |it| &it.epochs[place]);
            let mut epoch = self.folds[0].epochs[place].clone();
            epoch.training = all().map(|it| it.training).sum::<f64>() / n;
            epoch.validation = all().map(|it| it.validation).sum::<f64>() / n;
            for (i, (_, value)) in epoch.parts.iter_mut().enumerate() {
                *value = all().filter_map(|it| it.parts.get(i)).map(|it| it.1).sum::<f64>() / n;
            }
            epoch
        };
        (0..reached).map(mean).collect()
    }

    /// The mean results of the folds at the chosen epoch: an estimate of the model's quality. It is slightly
    /// optimistic, since the epoch was chosen by it.
    ///
    /// # Errors
    /// Fails only if the folds did not reach the chosen epoch, which is a fault of the library.
    pub fn best(&self) -> Result<Epoch> {
        let found = self.mean().into_iter().find(|it| it.epoch == self.chosen);
        let missing = || Error::Internal(format!("some fold did not reach epoch {}", self.chosen));
        found.ok_or_else(missing)
    }

    /// A figure of the validation loss over the epochs, for each fold and on average.
    ///
    /// # If it cannot be drawn
    /// [`Error::Figure`] when it cannot be drawn.
    pub fn figure(&self) -> Figure {
        let mean = self.mean();
        let all = |of: &[Epoch], value: fn(&Epoch) -> f64| of.iter().map(value).collect::<Vec<_>>();
        let mut figure = lines().labels("epoch", "validation").series(
            "mean",
            all(&mean, |it| it.epoch as f64),
            all(&mean, |it| it.validation),
        );
        for (i, fold) in self.folds.iter().enumerate() {
            let (x, y) =
                (all(&fold.epochs, |it| it.epoch as f64), all(&fold.epochs, |it| it.validation));
            figure = figure.series(&format!("fold {}", i + 1), &x, &y);
        }
        figure.title(&format!("{} epochs are best on average", self.chosen)).build()
    }
}

impl Show for CrossValidated {
    fn show(&self) -> Bundle {
        self.figure().show()
    }
}

impl Finetune {
    /// Learns from all galaxies, for the number of epochs that cross-validation finds best. This suits small
    /// sets, where each galaxy counts. The galaxies are divided into folds (stratified by class for a
    /// classifier). For each fold, a network or head learns from the other folds and is validated on this
    /// one. The last run learns from all galaxies and ends at the epoch that was best on average.
    ///
    /// The folds of a head cost only their training, since pictures are encoded once; a whole network takes
    /// `folds + 1` times as long. The model is the last epoch of the last run; the results of the folds are
    /// in [`Finetuned::cross_validated`].
    ///
    /// # Errors
    /// As for [`train`](Self::train); [`Error::Parameter`] for fewer than two folds; [`Error::Unsuitable`]
    /// for a class with fewer galaxies than folds; [`Error::Interrupted`] if it is stopped before the last
    /// run.
    pub fn cross_validate(&self, galaxies: &Catalog, folds: usize) -> Result<Finetuned> {
        let mut watch = Watch::new("fine-tuning");
        self.cross_validate_told(galaxies, folds, &say, &mut |event| watch.see(&event))
    }

    /// Like [`cross_validate`](Self::cross_validate), but passes the plan to `show` and the events of the
    /// last run to `observe`.
    ///
    /// # Errors
    /// As for [`cross_validate`](Self::cross_validate).
    pub fn cross_validate_told(
        &self,
        galaxies: &Catalog,
        folds: usize,
        show: &dyn Fn(&Plan),
        observe: &mut dyn FnMut(Event),
    ) -> Result<Finetuned> {
        self.by_folds(galaxies, Some(folds), show, observe)
    }

    /// Learns from all galaxies with a default number of folds: see [`cross_validate`].
    ///
    /// [`cross_validate`]: Self::cross_validate
    ///
    /// # Errors
    /// As for [`cross_validate`](Self::cross_validate).
    pub fn learn_all(
        &self,
        galaxies: &Catalog,
        show: &dyn Fn(&Plan),
        observe: &mut dyn FnMut(Event),
    ) -> Result<Finetuned> {
        self.by_folds(galaxies, None, show, observe)
    }

    fn by_folds(
        &self,
        galaxies: &Catalog,
        wished: Option<usize>,
        show: &dyn Fn(&Plan),
        observe: &mut dyn FnMut(Event),
    ) -> Result<Finetuned> {
        self.check()?;
        let folds = wished.unwrap_or(USUAL);
        if folds < 2 {
            return Err(Error::parameter("folds", folds, "at least 2"));
        }
        let mut truth = Truth::to_learn(self.question(), galaxies)?;
        self.weights(&truth)?;
        note_copies(galaxies);
        let solves = self.solves();
        if !solves || wished.is_some() {
            divide(&target(&truth), folds, self.settings().seed)?;
        }
        let encoder = self.begin()?;
        let plan = Plan::new(self, &encoder, &truth, &truth)?.of_folds(folds, self.settings());
        show(&plan);
        if let Some(folder) = self.home() {
            encoded::same_run(self, folder, &encoder, [galaxies, &galaxies.head(0)], Some(folds))?;
        }
        let head_only = self.settings().head_only;
        let mut galaxies = galaxies.clone();
        let mut first = None;
        if head_only || self.settings().head_first {
            let (known, failed) = encoded::features(self, &encoder, &galaxies, &truth, true)?;
            let gone: HashSet<&String> = failed.iter().map(|it| &it.id_str).collect();
            let ids = galaxies.ids();
            let rows: Vec<usize> =
                (0..ids.len()).filter(|&row| !gone.contains(&ids[row])).collect();
            (galaxies, truth) = (galaxies.at(&rows)?, truth.select(&rows)?);
            if solves {
                let learn = Galaxies { known, ids: galaxies.ids().to_vec(), catalog: &galaxies };
                let done = self.solved(encoder, learn, None, wished)?;
                return Ok(done.planned(Some(plan), failed));
            }
            let mut still = |_: Event| ();
            let watch: &mut dyn FnMut(Event) = if head_only { &mut *observe } else { &mut still };
            let found = self.heads_by_folds(&known, truth.len(), folds, watch)?;
            if head_only {
                let done = Finetuned::of_head(self, encoder, found.all, truth.classes())?;
                return Ok(done.planned(Some(plan), failed).by(found.by));
            }
            first = Some(found);
        }
        let division = divide(&target(&truth), folds, self.settings().seed)?;
        let config = self.fit_of_network();
        let progress = Progress::new("folds", Some(folds));
        let mut runs = Vec::with_capacity(folds);
        for fold in 0..folds {
            let (learn, kept) = part(&division, fold);
            let (learning, keeping) = (galaxies.at(&learn)?, galaxies.at(&kept)?);
            let (learn, kept) = (truth.select(&learn)?, truth.select(&kept)?);
            let mut run = self.clone();
            run.folder = self.home().map(|it| it.join(format!("fold-{}", fold + 1)));
            let head = first.as_ref().map(|it| &it.folds[fold].head);
            let (learn, kept) = ((&learning, &learn), Some((&keeping, &kept)));
            let done = network::train(&run, &encoder, learn, kept, head, &config, &mut |_| ())?;
            runs.push(finished(done.fitted, fold, folds)?);
            progress.advance(1);
        }
        drop(progress);
        let by = CrossValidated::new(runs)?;
        let config = FitConfig { patience: None, until: Some(by.chosen), ..config };
        let head = first.as_ref().map(|it| &it.all.head);
        let all = (&galaxies, &truth);
        let trained = network::train(self, &encoder, all, None, head, &config, observe)?;
        let head_fitted = first.map(|it| it.all.fitted);
        Ok(Finetuned::of_network(self, encoder, trained, head_fitted, plan).by(Some(by)))
    }

    /// The head for all galaxies and the heads of the folds. The first `count` rows of `known` are the
    /// original pictures; the remaining rows are views of them.
    fn heads_by_folds(
        &self,
        known: &Known,
        count: usize,
        folds: usize,
        observe: &mut dyn FnMut(Event),
    ) -> Result<Heads> {
        let originals: Vec<usize> = (0..count).collect();
        let division =
            divide(&target(&known.truth.select(&originals)?), folds, self.settings().seed)?;
        // Heads train in a moment, so every epoch can be run, without early stopping.
        let config = FitConfig { patience: None, ..self.fit_of_head() };
        let mut heads = Vec::with_capacity(folds);
        for fold in 0..folds {
            let (learn, kept) = part(&division, fold);
            let galaxies = learn.len();
            let blocks = 0..known.truth.len() / count;
            let learn: Vec<usize> =
                blocks.flat_map(|block| learn.iter().map(move |row| block * count + row)).collect();
            let (learn, kept) = (known.select(&learn)?, known.select(&kept)?);
            if self.solves_head() {
                heads.push(self.first_head(&learn, galaxies)?);
            } else {
                let trained = heads::train(self, &learn, Some(&kept), &config, &mut |_| ())?;
                finished(trained.fitted.clone(), fold, folds)?;
                heads.push(trained);
            }
        }
        if self.solves_head() {
            return Ok(Heads { all: self.first_head(known, count)?, folds: heads, by: None });
        }
        let by = CrossValidated::new(heads.iter().map(|it| it.fitted.clone()).collect())?;
        let config = FitConfig { until: Some(by.chosen), ..config };
        let all = heads::train(self, known, None, &config, observe)?;
        Ok(Heads { all, folds: heads, by: Some(by) })
    }
}

/// The heads of a cross-validation.
struct Heads {
    /// Trained on all galaxies.
    all: heads::Trained,
    /// For each fold, trained on the other folds.
    folds: Vec<heads::Trained>,
    /// How the number of epochs of `all` was chosen; `None` if heads are solved for.
    by: Option<CrossValidated>,
}

impl Known {
    fn select(&self, rows: &[usize]) -> Result<Self> {
        let features = self.features.select(Axis(0), rows);
        Ok(Self { features, truth: self.truth.select(rows)? })
    }
}

/// The history of a fold, or an error if it was interrupted.
fn finished(fitted: TrainingHistory, fold: usize, folds: usize) -> Result<TrainingHistory> {
    match fitted.end {
        End::Interrupted => {
            interrupt::check("cross-validation", || format!("{fold} of {folds} folds"))?;
            let done = format!("{fold} of {folds} folds");
            Err(Error::Interrupted { during: "cross-validation", done })
        }
        _ => Ok(fitted),
    }
}

/// The target by which folds are stratified: classes, if there are any.
fn target(truth: &Truth) -> Target {
    match truth {
        Truth::One(target) => target.clone(),
        other => Target::Numbers(vec![0.0; other.len()]),
    }
}

#[cfg(test)]
mod tests;
