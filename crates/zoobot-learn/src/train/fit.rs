//! The training loop, both from scratch and for fine-tuning.
//!
//! All randomness in a step follows from the seed and the step's number: the order of galaxies, augmentation
//! and dropout. A checkpoint therefore needs no random generator, and a killed run resumes as if it had not
//! been interrupted.

use super::average::Average;
use super::checkpoint::{Checkpoints, Saved};
use super::groups::groups;
use super::history::{End, Epoch, Event, TrainingHistory};
use super::log::Log;
use super::optimizer::{Optimizer, OptimizerConfig};
pub use super::order::{Order, mixed};
use super::progress::Progress;
use super::schedule::Schedule;
use serde::{Deserialize, Serialize};
use std::path::Path;
use tch::nn::VarStore;
use tch::{Tensor, no_grad};
use zoobot_base::error::{Error, Result};
use zoobot_base::interrupt;
use zoobot_base::seed;
use zoobot_representation::encoder::Precision;

/// The model to train, with its training and validation galaxies.
pub trait Task {
    /// The network's variables, on their device. Variables without gradients are not trained.
    fn store(&self) -> &VarStore;

    /// The layers of the network, in the form that [`groups`] takes, for a learning rate that falls with
    /// depth. None by default.
    fn layers(&self) -> Vec<Vec<String>> {
        Vec::new()
    }

    /// The number of training galaxies.
    fn galaxies(&self) -> usize;

    /// The differentiable loss for the galaxies with these indices. `seed` controls all randomness, such as
    /// augmentation and dropout. libtorch's own generator is also seeded, but everything that runs in the
    /// process draws from it.
    ///
    /// # Errors
    /// Any error that prevents the loss from being computed; it ends the run.
    fn loss(&mut self, galaxies: &[usize], seed: u64) -> Result<Tensor>;

    /// Changes the gradients of a step before the optimiser uses them. Does nothing by default.
    ///
    /// # Errors
    /// Any error that prevents it; it ends the run.
    fn share_gradients(&mut self) -> Result<()> {
        Ok(())
    }

    /// The loss on the validation galaxies, lower is better. Called without gradients.
    ///
    /// # Errors
    /// As for [`loss`](Self::loss).
    fn validate(&mut self) -> Result<f64>;

    /// The named parts of the last validation loss, such as the loss of each question
    /// ([`QuestionLosses`](super::QuestionLosses)), for the history and the log. None by default.
    fn parts(&self) -> Vec<(String, f64)> {
        Vec::new()
    }
}

/// The settings of a training run, as saved with its result.
///
/// ```
/// use zoobot_core::prelude::*;
/// let settings = FitConfig { epochs: 30, patience: Some(5), ..FitConfig::default() };
/// assert_eq!((settings.batch, settings.rate), (64, 1e-3));
/// let network = Architecture::named("convnext_pico")?;
/// VoteTraining::new(&Schema::named("gz_rings")?, network).settings(settings);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FitConfig {
    /// The number of epochs (10).
    pub epochs: u64,
    /// The batch size in galaxies (64).
    pub batch: usize,
    /// The peak learning rate (1e-3).
    pub rate: f64,
    /// The weight decay: the fraction of the weights that a step at a learning rate of 1 removes (0.05).
    pub weight_decay: f64,
    /// The factor by which the learning rate falls with each deeper layer (1: equal rates).
    pub layer_decay: f64,
    /// The learning-rate schedule.
    pub schedule: Schedule,
    /// The settings of the optimiser.
    pub optimizer: OptimizerConfig,
    /// The fraction that a moving average of the weights keeps of itself at each step, such as 0.999. If it
    /// is set, the average is validated and returned (`None`).
    pub average: Option<f64>,
    /// Early stopping: the number of epochs without improvement after which the run ends (`None`: no early
    /// stopping).
    pub patience: Option<u64>,
    /// The epoch after which the run ends with its last weights, while the schedule still spans all `epochs`.
    /// It is for runs whose best length is already known (`None`: the run uses all epochs and keeps the best
    /// weights).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// The number of best checkpoints to keep (1).
    pub keep: usize,
    /// The number of steps between checkpoints; 0, the default, saves only after each epoch.
    pub save_every: u64,
    /// The precision that the network computes with ([`Precision::Fp32`]); with 16 bits the variables stay in
    /// 32 bits: see [`Training::precision`](zoobot_representation::encoder::Training::precision).
    pub precision: Precision,
    /// The random seed (0).
    pub seed: u64,
}

impl Default for FitConfig {
    fn default() -> Self {
        Self {
            epochs: 10,
            batch: 64,
            rate: 1e-3,
            weight_decay: 0.05,
            layer_decay: 1.0,
            schedule: Schedule::default(),
            optimizer: OptimizerConfig::default(),
            average: None,
            patience: None,
            until: None,
            keep: 1,
            save_every: 0,
            precision: Precision::Fp32,
            seed: seed::DEFAULT,
        }
    }
}

/// Trains the network, and leaves it with the weights of the best epoch.
///
/// With a `folder`, checkpoints and a log (`steps.csv`, `epochs.csv`) are kept in it. A run that finds its
/// own checkpoints resumes after the newest one: on a CPU with the same number of threads it ends with
/// exactly the weights of an uninterrupted run. Without a folder, the network keeps the weights of the last
/// step.
///
/// # Errors
/// [`Error::Parameter`] for settings that are out of range; [`Error::Unsuitable`] for a loss that is not
/// finite, or a folder with checkpoints of another run; any error of the task or of writing a checkpoint.
pub fn fit(
    task: &mut dyn Task,
    config: &FitConfig,
    folder: Option<&Path>,
    observe: &mut dyn FnMut(Event),
) -> Result<TrainingHistory> {
    check(task, config)?;
    let checkpoints = folder.map(|it| Checkpoints::new(it, config.keep.max(1))).transpose()?;
    checkpoints.as_ref().map_or(Ok(()), Checkpoints::tidy)?;
    let mut run = Run::new(task, config)?;
    if let Some(saved) = checkpoints.as_ref().map(Checkpoints::newest).transpose()?.flatten() {
        run.resume(task, saved)?;
        let (step, steps) = (run.optimizer.steps(), run.steps());
        observe(Event::Resumed { step, steps, epochs: run.epochs.clone() });
    }
    run.log = folder.map(|it| Log::open(it, run.optimizer.steps(), &run.epochs)).transpose()?;
    let end = run.go(task, checkpoints.as_ref(), observe)?;
    if end != End::Interrupted {
        run.settle(task, checkpoints.as_ref())?;
    }
    Ok(TrainingHistory { epochs: run.epochs, steps: run.optimizer.steps(), end })
}

fn check(task: &dyn Task, config: &FitConfig) -> Result<()> {
    config.schedule.check()?;
    if !(config.rate > 0.0 && config.rate.is_finite()) {
        return Err(Error::parameter("rate", config.rate, "a finite number above 0"));
    }
    let until = config.until.unwrap_or(1);
    let counts = [("epochs", config.epochs), ("batch", config.batch as u64), ("until", until)];
    for (name, count) in counts {
        if count == 0 {
            return Err(Error::parameter(name, 0, "at least 1"));
        }
    }
    match task.galaxies() {
        0 => Err(Error::empty("there are no galaxies to learn from", "Give at least one")),
        _ => Ok(()),
    }
}

/// A run in progress.
pub(super) struct Run {
    pub config: FitConfig,
    pub galaxies: usize,
    optimizer: Optimizer,
    average: Option<Average>,
    order: Order,
    pub epochs: Vec<Epoch>,
    /// The sum of the losses in the current epoch.
    pub sum: f64,
    log: Option<Log>,
}

impl Run {
    fn new(task: &dyn Task, config: &FitConfig) -> Result<Self> {
        let store = task.store();
        let groups = groups(store, &task.layers(), config.layer_decay, config.weight_decay)?;
        let optimizer = Optimizer::new(store, &groups, config.optimizer)?;
        let average =
            config.average.map(|keep| Average::new(store, &optimizer, keep)).transpose()?;
        let galaxies = task.galaxies();
        let order = Order::new(galaxies, config.batch, config.seed);
        let config = *config;
        let (epochs, sum, log) = (Vec::new(), 0.0, None);
        Ok(Self { config, galaxies, optimizer, average, order, epochs, sum, log })
    }

    /// The number of steps in the whole run.
    fn steps(&self) -> u64 {
        self.order.batches() * self.config.epochs
    }

    fn go(
        &mut self,
        task: &mut dyn Task,
        checkpoints: Option<&Checkpoints>,
        observe: &mut dyn FnMut(Event),
    ) -> Result<End> {
        let config = self.config;
        let (batches, steps) = (self.order.batches(), self.steps());
        let last = config.until.map_or(steps, |epoch| steps.min(batches * epoch));
        loop {
            let step = self.optimizer.steps();
            if self.out_of_patience() {
                return Ok(End::Patience);
            }
            if step >= last {
                return Ok(End::Complete);
            }
            if interrupt::requested() {
                self.save(task, checkpoints, None)?;
                return Ok(End::Interrupted);
            }
            let rate = config.rate * config.schedule.factor(step, steps);
            let loss = self.step(task, step, rate)?;
            self.sum += loss;
            self.log.as_mut().map_or(Ok(()), |log| log.step(step + 1, loss, rate))?;
            observe(Event::Step { step: step + 1, steps: last, loss, rate });
            if (step + 1).is_multiple_of(batches) {
                let epoch = self.end_epoch(task, rate)?;
                let score = epoch.validation;
                observe(Event::Epoch(epoch));
                self.save(task, checkpoints, Some(score))?;
                self.log.as_ref().map_or(Ok(()), |log| log.epochs(&self.epochs))?;
            } else if config.save_every > 0 && (step + 1).is_multiple_of(config.save_every) {
                self.save(task, checkpoints, None)?;
            }
        }
    }

    fn step(&mut self, task: &mut dyn Task, step: u64, rate: f64) -> Result<f64> {
        let seed = mixed(self.config.seed, step);
        let galaxies = self.order.at(step);
        let loss = task.loss(galaxies, seed)?;
        let value = loss.f_double_value(&[])?;
        if !value.is_finite() {
            let problem = format!("the loss is {value} at step {}", step + 1);
            let hint = "Lower the learning rate, or look for odd labels";
            return Err(Error::unsuitable(problem, hint));
        }
        self.optimizer.zero_grad();
        loss.f_backward()?;
        task.share_gradients()?;
        self.optimizer.step(rate)?;
        if let Some(average) = &mut self.average {
            average.update()?;
        }
        Ok(value)
    }

    fn end_epoch(&mut self, task: &mut dyn Task, rate: f64) -> Result<Epoch> {
        self.exchange()?;
        let validation = no_grad(|| task.validate());
        self.exchange()?;
        let epoch = Epoch {
            epoch: self.epochs.len() as u64 + 1,
            training: self.sum / self.order.batches() as f64,
            validation: validation?,
            rate,
            parts: task.parts(),
        };
        if !epoch.validation.is_finite() {
            let problem =
                format!("the validation loss is {} after epoch {}", epoch.validation, epoch.epoch);
            let hint = "Lower the learning rate, or look for odd labels";
            return Err(Error::unsuitable(problem, hint));
        }
        self.sum = 0.0;
        self.epochs.push(epoch.clone());
        Ok(epoch)
    }

    fn exchange(&mut self) -> Result<()> {
        self.average.as_mut().map_or(Ok(()), Average::exchange)
    }

    fn out_of_patience(&self) -> bool {
        let Some(patience) = self.config.patience else { return false };
        let epochs = &self.epochs;
        let better = |best: usize, i: usize| epochs[i].validation < epochs[best].validation;
        let best = (0..epochs.len()).reduce(|best, i| if better(best, i) { i } else { best });
        best.is_some_and(|best| (epochs.len() - 1 - best) as u64 >= patience.max(1))
    }

    fn save(
        &self,
        task: &dyn Task,
        checkpoints: Option<&Checkpoints>,
        score: Option<f64>,
    ) -> Result<()> {
        let Some(checkpoints) = checkpoints else { return Ok(()) };
        let mut tensors: Vec<(String, Tensor)> = task.store().variables().into_iter().collect();
        tensors.sort_by(|a, b| a.0.cmp(&b.0));
        for (name, _) in &mut tensors {
            name.insert_str(0, "network.");
        }
        tensors.extend(self.optimizer.state());
        tensors.extend(self.average.iter().flat_map(Average::state));
        checkpoints.save(self.optimizer.steps(), score, &Progress::of(self)?, &tensors)
    }

    /// Continues from a checkpoint.
    fn resume(&mut self, task: &dyn Task, saved: Saved<Progress>) -> Result<()> {
        let (now, then) = (Progress::of(self)?, &saved.state);
        if then.config != now.config || then.galaxies != now.galaxies {
            let problem = "the checkpoint is of a run with other settings or galaxies";
            let hint = "Choose another folder, or the settings and galaxies of that run";
            return Err(Error::unsuitable(problem, hint));
        }
        let put = |name: &str, to: &Tensor| put(&saved.tensors, name, to);
        for (name, variable) in task.store().variables() {
            put(&format!("network.{name}"), &variable)?;
        }
        self.optimizer.restore(saved.step, put)?;
        if let Some(average) = &mut self.average {
            average.restore(saved.step, put)?;
        }
        (self.epochs, self.sum) = (saved.state.epochs(), saved.state.sum.0);
        Ok(())
    }

    /// Leaves the network with the best weights.
    fn settle(&mut self, task: &dyn Task, checkpoints: Option<&Checkpoints>) -> Result<()> {
        // A run with a fixed length keeps its last weights.
        let checkpoints = checkpoints.filter(|_| self.config.until.is_none());
        let best = checkpoints.map(Checkpoints::best::<Progress>).transpose()?.flatten();
        if let Some(best) = best {
            let put = |name: &str, to: &Tensor| put(&best.tensors, name, to);
            for (name, variable) in task.store().variables() {
                put(&format!("network.{name}"), &variable)?;
            }
            if let Some(average) = &mut self.average {
                average.restore(best.step, put)?;
            }
        }
        self.exchange()
    }
}

/// Copies a tensor of a checkpoint to its destination.
fn put(tensors: &[(String, Tensor)], name: &str, to: &Tensor) -> Result<()> {
    let Some((_, from)) = tensors.iter().find(|(known, _)| known == name) else {
        return Err(Error::Missing {
            kind: "tensor",
            name: name.to_owned(),
            place: "the checkpoint".to_owned(),
            hint: "The checkpoint is of another network: choose another folder".to_owned(),
        });
    };
    if from.size() != to.size() {
        let problem = format!(
            "{name} has the shape {:?} in the checkpoint, but {:?} in this network",
            from.size(),
            to.size()
        );
        return Err(Error::shape(problem, "Choose another folder"));
    }
    no_grad(|| Ok(to.shallow_clone().f_copy_(from)?))
}

#[cfg(test)]
mod tests;
