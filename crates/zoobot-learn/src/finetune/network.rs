//! Training of the encoder together with the head, from pictures.

use super::heads::WORTH;
use super::objective::Objective;
use super::truth::Truth;
use super::{Finetune, LabelKind, Tuning};
use crate::model::Model;
use crate::train::{
    Adapters, Built, Constraint, End, Event, FitConfig, Grouping, Head, LayerResponses, Lesson,
    NetworkTask, Pictured, Place, Plans, TrainingHistory, fit, responses,
};
use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use tch::{Device, Kind, Tensor, no_grad};
use zoobot_base::error::{Error, Result};
use zoobot_data::catalog::Catalog;
use zoobot_data::picture::{Failures, Recipe};
use zoobot_representation::encoder::Encoder;

/// The folder of the best model so far, inside the folder of the run.
const BEST: &str = "best";

/// The encoder's weights with a head of zeros; frozen variables have no gradients.
pub fn built(finetune: &Finetune, encoder: &Encoder, classes: &[String]) -> Result<Built> {
    let settings = finetune.settings();
    let config = finetune.question().head(classes, settings.head_dropout);
    let (answers, rows) = (config.outputs, config.rows());
    let built = Built::new(Plans {
        architecture: encoder.architecture().clone(),
        head: config,
        encoder: Some(encoder),
        seed: 0,
        statistics: settings.statistics,
        precision: settings.precision,
        unfreeze_from: settings.unfreeze_from,
    })?;
    no_grad(|| -> Result<()> {
        for (name, mut it) in built.head.variables() {
            let _ = it.f_zero_()?;
            if name == "bias" {
                // The totals of the questions start at a few votes, not at one.
                let mut totals = it.f_narrow(0, answers, rows - answers)?;
                let _ = totals.f_fill_(WORTH.ln())?;
            }
        }
        Ok(())
    })?;
    Ok(built)
}

/// A trained network.
#[derive(Debug)]
pub struct Trained {
    pub model: Model,
    pub fitted: TrainingHistory,
    pub failed: Failures,
}

/// Trains the network from pictures, starting with the weights of `head`. Without validation galaxies
/// (`kept`) to choose the best epoch by, the last epoch is kept.
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
    let folder = finetune.home();
    let place = Place::new(folder)?;
    let recipe = encoder.recipe();
    let objective = Objective::new(finetune, learn.1)?;
    let source = settings.augment.source(recipe);
    let (choose, kept) = (kept.is_some(), kept.unwrap_or(learn));
    let taught = learn.0;
    let learn = Pictured::open(&place.pictures, learn.0, learn.1.clone(), &source)?;
    let kept = Pictured::open(&place.pictures, kept.0, kept.1.clone(), recipe)?;
    let classes = learn.truth.classes().to_vec();
    let built = built(finetune, encoder, &classes)?;
    if let Some(head) = head {
        begin_as(&built.head, head, objective.scale)?;
    }
    let constraint = match &settings.tuning {
        Tuning::Free => Constraint::None,
        Tuning::LowRank(rank) => Constraint::LowRank(Adapters::new(&built, *rank, settings.seed)?),
        Tuning::Grouped(groups) => {
            let all = layers(finetune, &built, recipe, &place.pictures, taught)?;
            Constraint::Grouped(grouping(&all, groups)?)
        }
    };
    let best = Rc::new(Cell::new(f64::INFINITY));
    let mut task = NetworkTask {
        built,
        lesson: Taught {
            objective,
            choose,
            question: finetune.question().clone(),
            classes,
            recipe: recipe.clone(),
            best: best.clone(),
            weights: None,
            folder: folder.map(|it| it.join(BEST)),
        },
        recipe: recipe.clone(),
        augment: settings.augment.clone(),
        layered: settings.layer_decay < 1.0,
        mixup: settings.mixup,
        constraint,
        learn,
        kept,
        parts: Vec::new(),
    };
    let failed = task.failed();
    let fitted = fit(&mut task, config, place.checkpoints.as_deref(), &mut |event| {
        if let Event::Resumed { epochs, .. } = &event {
            let scores = epochs.iter().map(|it| it.validation);
            best.set(scores.fold(f64::INFINITY, f64::min));
        }
        observe(event);
    })?;
    task.settle()?;
    let ended = fitted.end != End::Interrupted && folder.is_some();
    // However training ended, return the best network so far.
    let (lesson, built) = (&mut task.lesson, &task.built);
    let model = match &lesson.folder {
        Some(best) if !ended && lesson.weights.is_none() && best.join("head.json").is_file() => {
            Model::load(best)?
        }
        _ => {
            if !ended {
                lesson.settle(built)?;
            }
            lesson.model(built)?
        }
    };
    Ok(Trained { model, fitted, failed })
}

/// The number of unlabelled galaxies by which filters are grouped, at most.
const UNLABELLED: usize = 64;

/// The responses of the encoder's filters to the galaxies to learn from, and to unlabelled ones.
pub fn layers(
    finetune: &Finetune,
    built: &Built,
    recipe: &Recipe,
    pictures: &Path,
    taught: &Catalog,
) -> Result<Vec<LayerResponses>> {
    let device = built.store.device();
    let more = finetune.unlabelled.as_ref().map(|all| {
        let step = all.len().div_ceil(UNLABELLED).max(1);
        all.at(&(0..all.len()).step_by(step).collect::<Vec<_>>())
    });
    let own = Pictured::open(pictures, taught, (), recipe)?;
    let more = more.transpose()?.map(|it| Pictured::open(pictures, &it, (), recipe)).transpose()?;
    let count = own.len() + more.as_ref().map_or(0, Pictured::len);
    responses(built, count, |places| {
        let (first, rest): (Vec<usize>, Vec<usize>) =
            places.iter().partition(|&&it| it < own.len());
        let mut parts = Vec::new();
        if !first.is_empty() {
            parts.push(own.batch(&first, device)?.0);
        }
        if let (false, Some(more)) = (rest.is_empty(), &more) {
            let rest: Vec<usize> = rest.iter().map(|it| it - own.len()).collect();
            parts.push(more.batch(&rest, device)?.0);
        }
        Ok(Tensor::f_cat(&parts, 0)?)
    })
}

/// Divides the filters of layers into these numbers of groups.
pub fn grouping(all: &[LayerResponses], groups: &[usize]) -> Result<Grouping> {
    if groups.len() > 1 && groups.len() != all.len() {
        let problem =
            format!("there are {} numbers of groups for {} layers", groups.len(), all.len());
        return Err(Error::shape(problem, "Give one for each layer, or one for all"));
    }
    let last = groups.last().copied().unwrap_or(1);
    Grouping::of(all, |place, _| groups.get(place).copied().unwrap_or(last))
}

/// Copies the weights of a head whose numbers are in their own unit, and standardises them.
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

/// Labels of any kind, together with the best network so far.
struct Taught {
    objective: Objective,
    /// Whether to keep the best epoch instead of the last.
    choose: bool,
    question: LabelKind,
    classes: Vec<String>,
    recipe: Recipe,
    /// The best validation loss so far, including before an interruption.
    best: Rc<Cell<f64>>,
    /// The variables at the best epoch; `None` if it was before an interruption.
    weights: Option<Vec<(String, Tensor)>>,
    /// The folder of the best model.
    folder: Option<PathBuf>,
}

impl Taught {
    /// Restores the best epoch.
    fn settle(&mut self, network: &Built) -> Result<()> {
        let Some(best) = self.weights.take() else { return Ok(()) };
        let variables = network.store.variables();
        no_grad(|| {
            for (name, value) in best {
                if let Some(variable) = variables.get(&name) {
                    variable.shallow_clone().f_copy_(&value)?;
                }
            }
            Ok(())
        })
    }

    /// The current network, with the head's numbers in their own unit.
    fn model(&self, network: &Built) -> Result<Model> {
        let encoder = network.encoder("fine-tuned", &self.recipe)?;
        let (mean, deviation) = self.objective.scale;
        let head = network.head.detached()?;
        let mut parts = Vec::new();
        for (name, it) in head.variables() {
            let shift = if name == "bias" { mean } else { 0.0 };
            parts.push(no_grad(|| it.f_mul_scalar(deviation)?.f_add_scalar(shift))?);
        }
        let [weight, bias] = &parts[..] else {
            return Err(Error::Internal("a head without weights and biases".to_owned()));
        };
        let head = Head::of(head.config(), weight, bias)?;
        Model::new(encoder, &head, self.question.labels(&self.classes))
    }
}

impl Lesson for Taught {
    type Truth = Truth;

    fn targets(truth: &Truth, rows: &[usize], device: Device) -> Result<Tensor> {
        truth.batch(rows, device)
    }

    fn loss(&self, outputs: &Tensor, targets: &Tensor) -> Result<Tensor> {
        self.objective.of(outputs, targets)
    }

    fn judge(
        &mut self,
        network: &Built,
        answers: &[(Tensor, Tensor)],
    ) -> Result<(f64, Vec<(String, f64)>)> {
        let (outputs, targets): (Vec<&Tensor>, Vec<&Tensor>) =
            answers.iter().map(|(outputs, targets)| (outputs, targets)).unzip();
        let (outputs, targets) = (Tensor::f_cat(&outputs, 0)?, Tensor::f_cat(&targets, 0)?);
        let (loss, parts) = self.objective.judge(&outputs, &targets)?;
        if !self.choose || loss < self.best.get() {
            self.best.set(loss);
            let own = |(name, it): (String, Tensor)| Ok((name, it.f_detach_copy()?));
            let variables = network.store.variables().into_iter();
            self.weights = Some(variables.map(own).collect::<Result<_>>()?);
            if let Some(folder) = &self.folder {
                self.model(network)?.save(folder)?;
            }
        }
        Ok((loss, parts))
    }
}

/// The seconds that training and validation take per picture, each measured on one small batch.
pub fn seconds(built: &Built, recipe: &Recipe) -> Result<(f64, f64)> {
    const PICTURES: i64 = 2;
    let side = recipe.size as i64;
    let device = built.store.device();
    let pictures =
        Tensor::f_zeros([PICTURES, recipe.channels() as i64, side, side], (Kind::Float, device))?;
    let mut times = [0.0; 2];
    // The first pass also allocates memory, so only the second one counts.
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
