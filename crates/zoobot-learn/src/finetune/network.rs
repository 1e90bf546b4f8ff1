//! The encoder and the head trained together, from pictures.

use super::Finetune;
use super::heads::WORTH;
use super::mixing::Mix;
use super::objective::Objective;
use super::truth::Truth;
use crate::model::Model;
use crate::train::{End, Event, FitConfig, Head, Pictures, Task, TrainingHistory, copy, fit};
use std::cell::Cell;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor, no_grad};
use zoobot_base::error::{Error, Result};
use zoobot_data::catalog::Catalog;
use zoobot_data::picture::{Augment, Failures, Recipe};
use zoobot_representation::encoder::{Architecture, Encoder, Network, Training};

/// Pictures that are looked at together in validation.
const VALIDATED: usize = 64;
const ENCODER: &str = "encoder";
const HEAD: &str = "head";
/// The folder of the best model so far, within the run's folder.
const BEST: &str = "best";

/// Pictures with their labels.
#[derive(Debug)]
pub struct Pictured {
    pictures: Pictures,
    truth: Truth,
}

impl Pictured {
    /// The galaxies of a catalogue with their labels: see [`Pictures::open`].
    pub fn open(folder: &Path, catalog: &Catalog, truth: Truth, recipe: &Recipe) -> Result<Self> {
        Ok(Self { pictures: Pictures::open(folder, catalog, catalog.ids(), recipe)?, truth })
    }

    pub fn failed(&self) -> &Failures {
        self.pictures.failed()
    }

    fn len(&self) -> usize {
        self.pictures.len()
    }

    fn batch(&self, galaxies: &[usize], device: Device) -> Result<(Tensor, Tensor)> {
        let (pictures, rows) = self.pictures.batch(galaxies, device)?;
        Ok((pictures, self.truth.batch(&rows, device)?))
    }
}

/// A network as it is trained: where its variables are, and which of them learn.
#[derive(Debug)]
pub struct Built {
    pub store: VarStore,
    pub architecture: Architecture,
    network: Network,
    training: Training,
    pub head: Head,
}

impl Built {
    /// The encoder's weights with a head of zeros, what is frozen without gradients.
    pub fn new(finetune: &Finetune, encoder: &Encoder, classes: &[String]) -> Result<Self> {
        let settings = finetune.settings();
        let architecture = encoder.architecture().clone();
        let mut store = VarStore::new(Device::cuda_if_available());
        settings.precision.check(store.device())?;
        let network = architecture.build(&(store.root() / ENCODER), 0)?;
        let config = finetune.question().head(classes, settings.head_dropout);
        let head = config.build(&(store.root() / HEAD), architecture.width(), 0)?;
        no_grad(|| -> Result<()> {
            for (name, mut it) in head.variables() {
                let _ = it.f_zero_()?;
                if name == "bias" {
                    // The totals of questions begin at some votes, not at one.
                    let answers = config.outputs;
                    let mut totals = it.f_narrow(0, answers, config.rows() - answers)?;
                    let _ = totals.f_fill_(WORTH.ln())?;
                }
            }
            Ok(())
        })?;
        encoder.with_store(|from| copy(from, "", &mut store, &format!("{ENCODER}.")))?;
        for name in frozen(&store, &architecture, finetune)? {
            if let Some(variable) = store.variables().get(&name) {
                let _ = variable.f_set_requires_grad(false)?;
            }
        }
        let training =
            network.training(settings.statistics)?.precision(settings.precision, store.device());
        Ok(Self { store, architecture, network, training, head })
    }

    /// The groups of variables by which the rate falls, in their place below the network's.
    pub fn layers(&self) -> Vec<Vec<String>> {
        self.architecture.layers().into_iter().map(below).collect()
    }

    /// The stages of the encoder, likewise.
    pub fn stages(&self) -> Vec<Vec<String>> {
        self.architecture.stages().into_iter().map(below).collect()
    }

    /// The output for pictures, as it is trained.
    pub fn outputs(&self, pictures: &Tensor, seed: u64) -> Result<Tensor> {
        self.head.forward(&self.training.features(pictures)?, Some(seed))
    }

    /// The output for pictures, as it is used.
    pub fn judged(&self, pictures: &Tensor) -> Result<Tensor> {
        self.head.forward(&self.network.features(pictures)?, None)
    }
}

fn below(names: Vec<String>) -> Vec<String> {
    names.iter().map(|it| format!("{ENCODER}.{it}")).collect()
}

/// The variables that do not learn: the stages that are not reached and, in the second of two
/// phases, whatever belongs to batch normalisations.
fn frozen(
    store: &VarStore,
    architecture: &Architecture,
    finetune: &Finetune,
) -> Result<Vec<String>> {
    let Some(from) = finetune.settings().unfreeze_from else { return Ok(Vec::new()) };
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

/// A network that was trained.
#[derive(Debug)]
pub struct Trained {
    pub model: Model,
    pub fitted: TrainingHistory,
    pub failed: Failures,
}

/// Trains the network from pictures; `head` is what the head begins as. Where nothing is `kept` to
/// choose the best epoch by, it is the last one that stays.
pub fn train(
    finetune: &Finetune,
    encoder: &Encoder,
    learn: (&Catalog, &Truth),
    kept: Option<(&Catalog, &Truth)>,
    head: Option<&Head>,
    config: &FitConfig,
    observe: &mut dyn FnMut(Event),
) -> Result<Trained> {
    let settings = finetune.settings();
    let temporary;
    let (pictures, folder) = match finetune.home() {
        Some(folder) => (folder.join("pictures"), Some(folder)),
        None => {
            temporary = tempfile::tempdir().map_err(Error::io("create", "a folder"))?;
            (temporary.path().to_path_buf(), None)
        }
    };
    let recipe = encoder.recipe();
    let objective = Objective::new(finetune, learn.1)?;
    let source = settings.augment.source(recipe);
    let (choose, kept) = (kept.is_some(), kept.unwrap_or(learn));
    let learn = Pictured::open(&pictures, learn.0, learn.1.clone(), &source)?;
    let kept = Pictured::open(&pictures, kept.0, kept.1.clone(), recipe)?;
    let built = Built::new(finetune, encoder, learn.truth.classes())?;
    if let Some(head) = head {
        begin_as(&built.head, head, objective.scale)?;
    }
    let failed = [&learn, &kept].iter().flat_map(|it| it.failed().to_vec()).collect();
    let best = Rc::new(Cell::new(f64::INFINITY));
    let mut task = NetworkTask {
        built,
        objective,
        recipe: recipe.clone(),
        augment: settings.augment.clone(),
        layered: settings.layer_decay < 1.0,
        mixup: settings.mixup,
        choose,
        question: finetune.question().clone(),
        learn,
        kept,
        best: best.clone(),
        weights: None,
        folder: folder.map(Path::to_path_buf),
        parts: Vec::new(),
    };
    let checkpoints = folder.map(|it| it.join("checkpoints"));
    let fitted = fit(&mut task, config, checkpoints.as_deref(), &mut |event| {
        if let Event::Resumed { epochs, .. } = &event {
            let scores = epochs.iter().map(|it| it.validation);
            best.set(scores.fold(f64::INFINITY, f64::min));
        }
        observe(event);
    })?;
    let ended = fitted.end != End::Interrupted && folder.is_some();
    // Whatever stopped it, what is left is the best there was.
    let model = match task.best_folder() {
        Some(best) if !ended && task.weights.is_none() && best.join("head.json").is_file() => {
            Model::load(best)?
        }
        _ => {
            if !ended {
                task.settle()?;
            }
            task.model()?
        }
    };
    Ok(Trained { model, fitted, failed })
}

/// Gives a head the weights of one whose numbers are in their own unit.
fn begin_as(head: &Head, start: &Head, (mean, deviation): (f64, f64)) -> Result<()> {
    no_grad(|| {
        let start = start.folded()?;
        for ((name, mut to), (_, from)) in head.variables().into_iter().zip(start.variables()) {
            let shift = if name == "bias" { mean } else { 0.0 };
            let value = from.f_sub_scalar(shift)?.f_div_scalar(deviation)?;
            to.f_copy_(&value)?;
        }
        Ok(())
    })
}

struct NetworkTask {
    built: Built,
    objective: Objective,
    recipe: Recipe,
    augment: Augment,
    layered: bool,
    mixup: f64,
    /// Whether the best epoch stays, or the last.
    choose: bool,
    question: super::LabelKind,
    learn: Pictured,
    kept: Pictured,
    /// The best validation so far, also before a break.
    best: Rc<Cell<f64>>,
    /// The variables then, where it was not before a break.
    weights: Option<Vec<(String, Tensor)>>,
    folder: Option<PathBuf>,
    parts: Vec<(String, f64)>,
}

impl NetworkTask {
    fn best_folder(&self) -> Option<PathBuf> {
        self.folder.as_ref().map(|it| it.join(BEST))
    }

    /// Goes back to the best epoch.
    fn settle(&mut self) -> Result<()> {
        let Some(best) = self.weights.take() else { return Ok(()) };
        let variables = self.built.store.variables();
        no_grad(|| {
            for (name, value) in best {
                if let Some(variable) = variables.get(&name) {
                    variable.shallow_clone().f_copy_(&value)?;
                }
            }
            Ok(())
        })
    }

    /// The network as it is now, with the head's numbers in their own unit.
    fn model(&self) -> Result<Model> {
        let store = &self.built.store;
        let mut own = VarStore::new(store.device());
        let network = self.built.architecture.build(&own.root(), 0)?;
        copy(store, &format!("{ENCODER}."), &mut own, "")?;
        let architecture = self.built.architecture.clone();
        let encoder =
            Encoder::of_store("fine-tuned", architecture, network, own, self.recipe.clone())?;
        let (mean, deviation) = self.objective.scale;
        let head = self.built.head.detached()?;
        let mut parts = Vec::new();
        for (name, it) in head.variables() {
            let shift = if name == "bias" { mean } else { 0.0 };
            parts.push(no_grad(|| it.f_mul_scalar(deviation)?.f_add_scalar(shift))?);
        }
        let [weight, bias] = &parts[..] else {
            return Err(Error::Internal("a head without weights and biases".to_owned()));
        };
        let head = Head::of(head.config(), weight, bias)?;
        Model::new(encoder, &head, self.question.labels(self.learn.truth.classes()))
    }
}

impl Task for NetworkTask {
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
        let (pictures, targets) = self.learn.batch(galaxies, self.built.store.device())?;
        let views = self.augment.apply(&pictures, &self.recipe, seed)?;
        let Some(mix) = Mix::draw(self.mixup, galaxies.len(), seed)? else {
            return self.objective.of(&self.built.outputs(&views, seed)?, &targets);
        };
        let outputs = self.built.outputs(&mix.blend(&views)?, seed)?;
        mix.loss(&targets, |targets| self.objective.of(&outputs, targets))
    }

    fn validate(&mut self) -> Result<f64> {
        let all: Vec<usize> = (0..self.kept.len()).collect();
        let (mut outputs, mut targets) = (Vec::new(), Vec::new());
        for galaxies in all.chunks(VALIDATED) {
            let (pictures, some) = self.kept.batch(galaxies, self.built.store.device())?;
            outputs.push(self.built.judged(&pictures)?);
            targets.push(some);
        }
        let (outputs, targets) = (Tensor::f_cat(&outputs, 0)?, Tensor::f_cat(&targets, 0)?);
        let (loss, parts) = self.objective.judge(&outputs, &targets)?;
        self.parts = parts;
        if !self.choose || loss < self.best.get() {
            self.best.set(loss);
            let own = |(name, it): (String, Tensor)| Ok((name, it.f_detach_copy()?));
            let variables = self.built.store.variables().into_iter();
            self.weights = Some(variables.map(own).collect::<Result<_>>()?);
            if let Some(folder) = self.best_folder() {
                self.model()?.save(folder)?;
            }
        }
        Ok(loss)
    }

    fn parts(&self) -> Vec<(String, f64)> {
        self.parts.clone()
    }
}

/// Seconds that a picture takes in training and in validation, measured on one small batch each.
pub fn seconds(built: &Built, recipe: &Recipe) -> Result<(f64, f64)> {
    const PICTURES: i64 = 2;
    let side = recipe.size as i64;
    let device = built.store.device();
    let pictures =
        Tensor::f_zeros([PICTURES, recipe.channels() as i64, side, side], (Kind::Float, device))?;
    let mut times = [0.0; 2];
    // The first time around memory is laid out.
    for _ in 0..2 {
        let start = std::time::Instant::now();
        built.outputs(&pictures, 1)?.f_sum(Kind::Float)?.f_backward()?;
        if let Device::Cuda(index) = device {
            tch::Cuda::synchronize(index as i64);
        }
        times[0] = start.elapsed().as_secs_f64() / PICTURES as f64;
        let start = std::time::Instant::now();
        no_grad(|| {
            built.judged(&pictures)?.f_sum(Kind::Float)?.f_double_value(&[]).map_err(Error::from)
        })?;
        times[1] = start.elapsed().as_secs_f64() / PICTURES as f64;
    }
    Ok((times[0], times[1]))
}
