//! The search for the numbers of groups of grouped gradients: a recurrent controller that is trained by
//! REINFORCE, and random search with as many trials.
//!
//! The controller (Zoph and Le 2017, arXiv:1611.01578) proposes a number of groups for each layer, one after
//! another: a recurrent layer reads the proposal for the layer before and gives the chance of each choice. A
//! trial's reward is the accuracy on examples that were left out. Its policy gradient is weighted by the reward
//! minus a moving average of rewards (Williams 1992, Machine Learning 8, 229).

use super::ground::likeliest;
use super::{Examples, FewMethod, FewShot};
use crate::finetune::Finetune;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use tch::nn::{self, OptimizerConfig};
use tch::{Device, Kind, Tensor, no_grad};
use zoobot_base::error::{Error, Result};
use zoobot_base::files::write_whole_at;
use zoobot_base::generator;
use zoobot_base::interrupt;
use zoobot_base::seed::{self, mixed};
use zoobot_data::catalog::{Catalog, Target};
use zoobot_representation::encoder::Encoder;
use zoobot_representation::probe::folds::{divide, part};

/// The width of the controller's recurrent layer.
const WIDTH: i64 = 24;
/// The learning rate of the controller.
const RATE: f64 = 0.02;
/// How much of the moving average of rewards each trial keeps.
const KEEP: f64 = 0.8;
/// The weight of the entropy of the choices, which keeps the controller trying.
const ENTROPY: f64 = 0.003;

/// How proposals are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SearchRule {
    /// Every choice with the same chance. The default.
    #[default]
    Random,
    /// By a recurrent controller that learns from the rewards.
    Controller,
}

/// A search for the numbers of groups in each layer.
///
/// ```
/// use zoobot_core::few::{GroupSearch, SearchRule};
/// // A reward that is known: the more layers have 4 groups, the better.
/// let reward = |groups: &[usize]| Ok(groups.iter().filter(|it| **it == 4).count() as f64 / 6.0);
/// let found = GroupSearch::new(6, [1, 4, 16]).rule(SearchRule::Controller).trials(60).run(reward)?;
/// assert!(found.best().expect("there were trials").reward >= 5.0 / 6.0);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct GroupSearch {
    layers: usize,
    choices: Vec<usize>,
    rule: SearchRule,
    trials: usize,
    seed: u64,
    file: Option<PathBuf>,
}

/// A proposal and its reward.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupTrial {
    /// The number of groups in each layer.
    pub groups: Vec<usize>,
    /// The reward; higher is better.
    pub reward: f64,
}

/// The trials of a [`GroupSearch`], in order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GroupsFound {
    /// All trials.
    pub trials: Vec<GroupTrial>,
}

impl GroupsFound {
    /// The first trial with the highest reward.
    pub fn best(&self) -> Option<&GroupTrial> {
        let better = |a: &'_ GroupTrial, b: &'_ GroupTrial| b.reward > a.reward;
        self.trials.iter().reduce(|a, b| if better(a, b) { b } else { a })
    }
}

/// The numbers of groups that [`FewShot::search_groups`] tries for each layer.
const CHOICES: [usize; 5] = [1, 4, 16, 64, 256];
/// The number of parts of the examples that are left out in turn.
const FOLDS: usize = 3;

impl FewShot {
    /// Searches for the numbers of groups in each layer of grouped gradients, for [`groups`](Self::groups). The
    /// reward of a proposal is the accuracy on examples that were left out, a third at a time, so a trial trains
    /// the network three times. With a [`folder`](Self::folder), `search.json` in it has all trials so far.
    ///
    /// # Errors
    /// As for [`rank`](Self::rank); [`Error::Unsuitable`] for a class with a single example.
    pub fn search_groups(
        &self,
        support: &Catalog,
        rule: SearchRule,
        trials: usize,
    ) -> Result<GroupsFound> {
        let Examples { names, of } = self.examples(support)?;
        let encoder = match &self.encoder {
            Some(encoder) => encoder.clone(),
            None => Encoder::load("sample")?,
        };
        let layers = Finetune::classifier(&self.label).layers_of(&encoder, &names)?;
        let target = Target::Classes { names, of };
        let count = FOLDS.min(target.smallest_class()).max(2);
        let division = divide(&target, count, self.seed)?;
        let few = Self { folder: None, sought: None, ..self.clone() };
        let few = few.method(FewMethod::Grouped).encoder(&encoder);
        let mut search =
            GroupSearch::new(layers, CHOICES).rule(rule).trials(trials).seed(self.seed);
        if let Some(folder) = &self.folder {
            std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
            search = search.file(folder.join("search.json"));
        }
        search.run(|groups| {
            let mut right = 0;
            for fold in 0..count {
                let (learn, held) = part(&division, fold);
                let (learn, held) = (support.at(&learn)?, support.at(&held)?);
                let truth: HashMap<&String, String> =
                    held.ids().iter().zip(held.labels(&self.label)?).collect();
                let ranking = few.clone().groups(groups).rank(&learn, &held)?;
                let found = ranking.probabilities();
                let rows = ranking.ids().iter().zip(found.rows());
                right += rows
                    .filter(|(id, row)| {
                        truth.get(id) == Some(&ranking.classes()[likeliest(row.view())])
                    })
                    .count();
            }
            Ok(right as f64 / support.len() as f64)
        })
    }
}

impl GroupSearch {
    /// A search of 20 trials for a network with this number of layers, each with one of `choices` groups.
    pub fn new(layers: usize, choices: impl Into<Vec<usize>>) -> Self {
        let (rule, seed, file) = (SearchRule::Random, seed::DEFAULT, None);
        Self { layers, choices: choices.into(), rule, trials: 20, seed, file }
    }

    /// Sets how proposals are made (at random).
    pub fn rule(mut self, rule: SearchRule) -> Self {
        self.rule = rule;
        self
    }

    /// Sets the number of trials (20).
    pub fn trials(mut self, trials: usize) -> Self {
        self.trials = trials;
        self
    }

    /// Sets the random seed (0).
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets a file that holds all trials so far after each one, so that a search which was stopped or killed
    /// continues from them.
    pub fn file(mut self, file: impl AsRef<Path>) -> Self {
        self.file = Some(file.as_ref().to_path_buf());
        self
    }

    /// Searches. A proposal that was made before is not evaluated again.
    ///
    /// # Errors
    /// [`Error::Parameter`] without layers, choices or trials; the errors of `reward`;
    /// [`Error::Interrupted`] when stopped: the file has the trials so far.
    pub fn run(&self, mut reward: impl FnMut(&[usize]) -> Result<f64>) -> Result<GroupsFound> {
        for (name, value) in
            [("layers", self.layers), ("choices", self.choices.len()), ("trials", self.trials)]
        {
            if value == 0 {
                return Err(Error::parameter(name, value, "at least 1"));
            }
        }
        let mut found = self.so_far()?;
        let mut known: HashMap<Vec<usize>, f64> = HashMap::new();
        let mut controller = match self.rule {
            SearchRule::Controller => Some(Controller::new(self.choices.len(), self.seed)?),
            SearchRule::Random => None,
        };
        let before = std::mem::take(&mut found.trials);
        for trial in 0..self.trials {
            interrupt::check("search for groups", || format!("{trial} of {} trials", self.trials))?;
            let mut rng = StdRng::seed_from_u64(mixed(self.seed, trial as u64));
            let picks: Vec<usize> = match &controller {
                Some(controller) => controller.propose(self.layers, &mut rng)?,
                None => (0..self.layers).map(|_| rng.random_range(0..self.choices.len())).collect(),
            };
            let groups: Vec<usize> = picks.iter().map(|&it| self.choices[it]).collect();
            // The trials of a search that was stopped are the same, since the seeds are.
            let done = before.get(trial).filter(|it| it.groups == groups).map(|it| it.reward);
            let value = match done.or_else(|| known.get(&groups).copied()) {
                Some(value) => value,
                None => reward(&groups)?,
            };
            known.insert(groups.clone(), value);
            found.trials.push(GroupTrial { groups, reward: value });
            if done.is_none() {
                self.keep(&found)?;
            }
            if let Some(controller) = &mut controller {
                controller.learn(&picks, value)?;
            }
        }
        Ok(found)
    }

    fn so_far(&self) -> Result<GroupsFound> {
        let Some(file) = self.file.as_ref().filter(|it| it.is_file()) else {
            return Ok(GroupsFound::default());
        };
        let text = std::fs::read_to_string(file).map_err(Error::io("read", file))?;
        Ok(serde_json::from_str(&text)?)
    }

    fn keep(&self, found: &GroupsFound) -> Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let text = serde_json::to_string(found)? + "\n";
        write_whole_at(file, |partial| {
            std::fs::write(partial, &text).map_err(Error::io("write", partial))
        })
    }
}

/// A recurrent network that gives the chance of each choice, layer by layer.
struct Controller {
    store: nn::VarStore,
    inputs: Tensor,
    state: Tensor,
    outputs: Tensor,
    optimizer: nn::Optimizer,
    choices: usize,
    average: Option<f64>,
}

impl Controller {
    fn new(choices: usize, seed: u64) -> Result<Self> {
        let store = nn::VarStore::new(Device::Cpu);
        let root = store.root();
        let some = nn::Init::Uniform { lo: -0.1, up: 0.1 };
        let (inputs, state, outputs) = generator::seeded(seed, || {
            // One more input: the beginning.
            let inputs = root.f_var("inputs", &[choices as i64 + 1, WIDTH], some)?;
            let state = root.f_var("state", &[WIDTH, WIDTH], some)?;
            let outputs = root.f_var("outputs", &[WIDTH, choices as i64], some)?;
            Ok::<_, tch::TchError>((inputs, state, outputs))
        })?;
        let optimizer = nn::Adam::default().build(&store, RATE)?;
        Ok(Self { store, inputs, state, outputs, optimizer, choices, average: None })
    }

    /// The state after a choice, and the logarithms of the chances of the next one.
    fn next(&self, before: Option<&Tensor>, choice: usize) -> Result<(Tensor, Tensor)> {
        let mut sum = self.inputs.f_get(choice as i64)?;
        if let Some(before) = before {
            sum = sum.f_add(&before.f_unsqueeze(0)?.f_matmul(&self.state)?.f_squeeze()?)?;
        }
        let state = sum.f_tanh()?;
        let scores = state.f_unsqueeze(0)?.f_matmul(&self.outputs)?.f_view([-1])?;
        Ok((state, scores.f_log_softmax(0, Kind::Float)?))
    }

    fn propose(&self, layers: usize, rng: &mut StdRng) -> Result<Vec<usize>> {
        no_grad(|| {
            let (mut state, mut choice) = (None, self.choices);
            let mut picks = Vec::with_capacity(layers);
            for _ in 0..layers {
                let (next, chances) = self.next(state.as_ref(), choice)?;
                let chances: Vec<f64> = Vec::try_from(chances.f_exp()?.f_to_kind(Kind::Double)?)?;
                let mut left = rng.random_range(0.0..1.0);
                choice = chances
                    .iter()
                    .position(|chance| {
                        left -= chance;
                        left < 0.0
                    })
                    .unwrap_or(self.choices - 1);
                picks.push(choice);
                state = Some(next);
            }
            Ok(picks)
        })
    }

    /// A step of REINFORCE.
    fn learn(&mut self, picks: &[usize], reward: f64) -> Result<()> {
        let average = self.average.unwrap_or(reward);
        self.average = Some(KEEP * average + (1.0 - KEEP) * reward);
        let advantage = reward - average;
        let (mut state, mut choice) = (None, self.choices);
        let mut loss = Tensor::f_zeros([], (Kind::Float, Device::Cpu))?;
        for &pick in picks {
            let (next, chances) = self.next(state.as_ref(), choice)?;
            loss = loss.f_sub(&chances.f_get(pick as i64)?.f_mul_scalar(advantage)?)?;
            let entropy = chances.f_exp()?.f_mul(&chances)?.f_sum(Kind::Float)?;
            loss = loss.f_add(&entropy.f_mul_scalar(ENTROPY)?)?;
            (state, choice) = (Some(next), pick);
        }
        self.optimizer.zero_grad();
        loss.f_backward()?;
        self.optimizer.step();
        Ok(())
    }
}

impl std::fmt::Debug for Controller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Controller").field("variables", &self.store.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reward(groups: &[usize]) -> Result<f64> {
        Ok(groups.iter().filter(|it| **it == 8).count() as f64 / groups.len() as f64)
    }

    #[test]
    fn the_controller_learns_what_is_rewarded_and_beats_random_search() {
        let search = GroupSearch::new(8, [1, 2, 4, 8, 16]).trials(120).seed(3);
        let random = search.run(reward).unwrap();
        let learnt = search.clone().rule(SearchRule::Controller).run(reward).unwrap();
        let late =
            |of: &GroupsFound| of.trials[80..].iter().map(|it| it.reward).sum::<f64>() / 40.0;
        assert!((late(&random) - 0.2).abs() < 0.1, "{}", late(&random));
        assert!(late(&learnt) > 0.6, "{}", late(&learnt));
        assert!(learnt.best().unwrap().reward > random.best().unwrap().reward);
    }

    #[test]
    fn a_search_that_was_stopped_continues_from_its_file() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("search.json");
        for rule in [SearchRule::Random, SearchRule::Controller] {
            let _ = std::fs::remove_file(&file);
            let search = GroupSearch::new(3, [1, 8]).rule(rule).trials(9).file(&file);
            let whole = search.run(reward).unwrap();
            std::fs::remove_file(&file).unwrap();
            let mut count = 0;
            let stopped = search.run(|groups| {
                count += 1;
                match count {
                    4 => Err(Error::Internal("killed".to_owned())),
                    _ => reward(groups),
                }
            });
            assert!(stopped.is_err());
            let kept: GroupsFound =
                serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
            assert!(kept.best().is_some() && kept.trials.len() < 9);
            assert_eq!(search.run(reward).unwrap(), whole);
        }
        assert!(GroupSearch::new(0, [1]).run(reward).is_err());
    }
}
