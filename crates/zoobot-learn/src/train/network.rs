//! An encoder and a head trained together from pictures, both for votes and for fine-tuning.

use super::adapters::Adapters;
use super::fit::Task;
use super::galaxies::Pictured;
use super::grouping::Grouping;
use super::head::{Head, HeadConfig};
use super::mixing::Mix;
use std::collections::HashSet;
use tch::nn::VarStore;
use tch::{Device, Tensor, no_grad};
use zoobot_base::error::{Error, Result};
use zoobot_data::picture::{Augment, Failures, Recipe};
use zoobot_representation::encoder::{
    Architecture, Encoder, Network, Precision, Responses, Statistics, Training,
};

/// The batch size of validation in pictures.
const VALIDATED: usize = 64;
/// The path of the encoder's variables in the network.
const ENCODER: &str = "encoder";
/// The path of the head's variables.
const HEAD: &str = "head";

/// The specification of a network before training.
#[derive(Debug)]
pub struct Plans<'a> {
    pub architecture: Architecture,
    pub head: HeadConfig,
    /// The encoder that provides the initial weights; without one, they are random.
    pub encoder: Option<&'a Encoder>,
    /// The seed of the random weights.
    pub seed: u64,
    pub statistics: Statistics,
    pub precision: Precision,
    /// The first stage of the encoder to train; `None` trains the whole encoder. With `Some`, batch
    /// normalisation is not trained either.
    pub unfreeze_from: Option<usize>,
}

/// A network in training, with its variables.
#[derive(Debug)]
pub struct Built {
    pub store: VarStore,
    pub architecture: Architecture,
    /// Two views of the same variables: `network` for inference, `training` for training.
    network: Network,
    training: Training,
    pub head: Head,
}

impl Built {
    /// Builds the network with a head of random weights, on the GPU if there is one.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a precision that the hardware lacks, and for a stage that does not exist;
    /// [`Error::Torch`] when memory runs out.
    pub fn new(plans: Plans) -> Result<Self> {
        let Plans { architecture, seed, .. } = plans;
        let mut store = VarStore::new(Device::cuda_if_available());
        plans.precision.check(store.device())?;
        let network = architecture.build(&(store.root() / ENCODER), seed)?;
        let head = plans.head.build(&(store.root() / HEAD), architecture.width(), seed)?;
        if let Some(encoder) = plans.encoder {
            encoder.with_store(|from| copy(from, "", &mut store, &format!("{ENCODER}.")))?;
        }
        for name in frozen(&store, &architecture, plans.unfreeze_from)? {
            if let Some(variable) = store.variables().get(&name) {
                let _ = variable.f_set_requires_grad(false)?;
            }
        }
        let training =
            network.training(plans.statistics)?.precision(plans.precision, store.device());
        Ok(Self { store, architecture, network, training, head })
    }

    /// The layers of the encoder, for a learning rate that falls with depth, with names as in the network.
    pub fn layers(&self) -> Vec<Vec<String>> {
        self.architecture.layers().into_iter().map(below).collect()
    }

    /// The stages of the encoder, with names as in `layers`.
    pub fn stages(&self) -> Vec<Vec<String>> {
        self.architecture.stages().into_iter().map(below).collect()
    }

    /// The outputs for pictures in training mode.
    pub fn outputs(&self, pictures: &Tensor, seed: u64) -> Result<Tensor> {
        self.head.forward(&self.training.features(pictures)?, Some(seed))
    }

    /// The outputs for pictures in inference mode.
    pub fn judged(&self, pictures: &Tensor) -> Result<Tensor> {
        self.head.forward(&self.network.features(pictures)?, None)
    }

    /// The responses of the encoder's filters to pictures.
    pub fn responses(&self, pictures: &Tensor) -> Result<Vec<Responses>> {
        self.network.responses(pictures)
    }

    /// A named copy of the current encoder, in separate memory.
    pub fn encoder(&self, name: &str, recipe: &Recipe) -> Result<Encoder> {
        let mut store = VarStore::new(self.store.device());
        let network = self.architecture.build(&store.root(), 0)?;
        copy(&self.store, &format!("{ENCODER}."), &mut store, "")?;
        Encoder::of_store(name, self.architecture.clone(), network, store, recipe.clone())
    }
}

fn below(names: Vec<String>) -> Vec<String> {
    names.iter().map(|it| format!("{ENCODER}.{it}")).collect()
}

/// The frozen variables: the stages before `unfreeze_from` and, if it is set, all variables of batch
/// normalisation.
fn frozen(
    store: &VarStore,
    architecture: &Architecture,
    unfreeze_from: Option<usize>,
) -> Result<Vec<String>> {
    let Some(from) = unfreeze_from else { return Ok(Vec::new()) };
    let stages = architecture.stages();
    if from >= stages.len() {
        let range =
            format!("between 0 (all of the encoder) and {} (its last stage)", stages.len() - 1);
        return Err(Error::parameter("block", from, range));
    }
    let still: Vec<String> = stages.into_iter().take(from).flat_map(below).collect();
    let variables = store.variables();
    let norms: HashSet<&str> =
        variables.keys().filter_map(|name| name.strip_suffix("running_mean")).collect();
    let is_still = |name: &&String| {
        let of_norm = ["weight", "bias"]
            .iter()
            .filter_map(|end| name.strip_suffix(end))
            .any(|start| norms.contains(start));
        of_norm || still.iter().any(|start| name.starts_with(start.as_str()))
    };
    Ok(variables.keys().filter(is_still).cloned().collect())
}

/// Copies the variables below one path to the variables with the same names below another.
fn copy(from: &VarStore, below: &str, to: &mut VarStore, onto: &str) -> Result<()> {
    let targets = to.variables();
    no_grad(|| {
        for (name, tensor) in from.variables() {
            let Some(rest) = name.strip_prefix(below) else { continue };
            if let Some(target) = targets.get(&format!("{onto}{rest}")) {
                target.shallow_clone().f_copy_(&tensor)?;
            }
        }
        Ok(())
    })
}

/// What a network learns: the truth for the galaxies, and the loss.
pub trait Lesson {
    /// The truth for the galaxies of a catalogue.
    type Truth;

    /// The targets for these rows of the catalogue, in the form that the loss takes.
    fn targets(truth: &Self::Truth, rows: &[usize], device: Device) -> Result<Tensor>;

    /// The loss of a batch, differentiable.
    fn loss(&self, outputs: &Tensor, targets: &Tensor) -> Result<Tensor>;

    /// The validation loss and its named parts, from the outputs and targets of the validation galaxies,
    /// batch by batch. `network` is the network that gave these outputs.
    fn judge(
        &mut self,
        network: &Built,
        answers: &[(Tensor, Tensor)],
    ) -> Result<(f64, Vec<(String, f64)>)>;
}

/// What a network may learn.
#[derive(Debug, Default)]
pub enum Constraint {
    /// All variables that are not frozen, each on its own.
    #[default]
    None,
    /// Filters of a group move together.
    Grouped(Grouping),
    /// Only low-rank changes.
    LowRank(Adapters),
}

/// A network with its training and validation galaxies.
#[derive(Debug)]
pub struct NetworkTask<L: Lesson> {
    pub built: Built,
    pub lesson: L,
    pub recipe: Recipe,
    pub augment: Augment,
    /// Whether the learning rate falls with the depth of a layer.
    pub layered: bool,
    /// The parameter of mixup; 0 for none.
    pub mixup: f64,
    pub constraint: Constraint,
    pub learn: Pictured<L::Truth>,
    pub kept: Pictured<L::Truth>,
    /// The parts of the last validation loss.
    pub parts: Vec<(String, f64)>,
}

impl<L: Lesson> NetworkTask<L> {
    /// The galaxies whose pictures cannot be read, each with the reason.
    pub fn failed(&self) -> Failures {
        [&self.learn, &self.kept].iter().flat_map(|it| it.failed().iter().cloned()).collect()
    }

    /// Sets weights that follow from other variables.
    pub fn settle(&self) -> Result<()> {
        match &self.constraint {
            Constraint::LowRank(adapters) => adapters.apply(),
            Constraint::None | Constraint::Grouped(_) => Ok(()),
        }
    }

    fn batch(&self, of: &Pictured<L::Truth>, galaxies: &[usize]) -> Result<(Tensor, Tensor)> {
        let device = self.built.store.device();
        let (pictures, rows) = of.batch(galaxies, device)?;
        Ok((pictures, L::targets(&of.truth, &rows, device)?))
    }
}

impl<L: Lesson> Task for NetworkTask<L> {
    fn store(&self) -> &VarStore {
        &self.built.store
    }

    fn layers(&self) -> Vec<Vec<String>> {
        if self.layered { self.built.layers() } else { Vec::new() }
    }

    fn galaxies(&self) -> usize {
        self.learn.len()
    }

    fn loss(&mut self, galaxies: &[usize], seed: u64) -> Result<Tensor> {
        self.settle()?;
        let (pictures, targets) = self.batch(&self.learn, galaxies)?;
        let views = self.augment.apply(&pictures, &self.recipe, seed)?;
        let Some(mix) = Mix::draw(self.mixup, galaxies.len(), seed)? else {
            return self.lesson.loss(&self.built.outputs(&views, seed)?, &targets);
        };
        let outputs = self.built.outputs(&mix.blend(&views)?, seed)?;
        mix.loss(&targets, |targets| self.lesson.loss(&outputs, targets))
    }

    fn share_gradients(&mut self) -> Result<()> {
        match &self.constraint {
            Constraint::None => Ok(()),
            Constraint::Grouped(grouping) => grouping.share(&self.built.store),
            Constraint::LowRank(adapters) => adapters.pull(),
        }
    }

    fn validate(&mut self) -> Result<f64> {
        self.settle()?;
        let all: Vec<usize> = (0..self.kept.len()).collect();
        let mut answers = Vec::with_capacity(all.len().div_ceil(VALIDATED));
        for galaxies in all.chunks(VALIDATED) {
            let (pictures, targets) = self.batch(&self.kept, galaxies)?;
            answers.push((self.built.judged(&pictures)?, targets));
        }
        let (loss, parts) = self.lesson.judge(&self.built, &answers)?;
        self.parts = parts;
        Ok(loss)
    }

    fn parts(&self) -> Vec<(String, f64)> {
        self.parts.clone()
    }
}
