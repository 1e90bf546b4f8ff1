//! Heads that are trained by gradient descent on features that are computed once: the encoder is frozen, so
//! an epoch takes milliseconds.

use super::Finetune;
use super::objective::Objective;
use super::truth::Truth;
use crate::train::{Event, FitConfig, Head, Mix, Output, Task, TrainingHistory, fit};
use ndarray::{Array2, Axis};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor, no_grad};
use zoobot_base::error::Result;
use zoobot_data::catalog::Target;
use zoobot_representation::probe::scaling::Scaling;
use zoobot_representation::space::tensor;

/// The number of votes that a prediction is worth at the start of training.
pub const WORTH: f64 = 10.0;

/// Features with their labels.
#[derive(Debug)]
pub struct Known {
    pub features: Array2<f32>,
    pub truth: Truth,
}

/// A trained head, which takes unscaled features.
#[derive(Debug)]
pub struct Trained {
    pub head: Head,
    pub fitted: TrainingHistory,
}

/// Trains a head. Without validation galaxies (`kept`) to choose the best epoch by, the last epoch is kept.
///
/// Features are scaled by the training galaxies ([`Scaling::bounded`]), and so are numbers. The weights start
/// at zero, so that no answer is preferred; the head of the best epoch is returned.
pub fn train(
    finetune: &Finetune,
    learn: &Known,
    kept: Option<&Known>,
    config: &FitConfig,
    observe: &mut dyn FnMut(Event),
) -> Result<Trained> {
    let settings = finetune.settings();
    let shape = finetune.question().head(learn.truth.classes(), settings.head_dropout);
    let scaling = Scaling::bounded(learn.features.view());
    let place = |known: &Known| -> Result<Tensor> {
        Ok(tensor(&scaling.apply(known.features.view()))?.f_to_kind(Kind::Float)?)
    };
    let store = VarStore::new(Device::Cpu);
    let head = shape.build(&store.root(), learn.features.ncols() as i64, 0)?;
    let objective = Objective::new(finetune, &learn.truth)?;
    let start = learn.truth.prior(shape.output);
    no_grad(|| -> Result<()> {
        for (name, mut variable) in store.variables() {
            match (name.as_str(), &start) {
                ("bias", Some(start)) => variable.f_copy_(&Tensor::f_from_slice(start)?)?,
                _ => drop(variable.f_zero_()?),
            }
        }
        Ok(())
    })?;
    let (choose, kept) = (kept.is_some(), kept.unwrap_or(learn));
    let all: Vec<usize> = (0..kept.truth.len()).collect();
    let mut task = HeadTask {
        features: place(learn)?,
        kept: (place(kept)?, kept.truth.batch(&all, Device::Cpu)?),
        truth: &learn.truth,
        objective,
        head,
        store,
        mixup: settings.mixup,
        choose,
        best: None,
        parts: Vec::new(),
    };
    let fitted = fit(&mut task, config, None, observe)?;
    task.settle()?;
    let head = no_grad(|| task.scaled(&scaling))?;
    Ok(Trained { head, fitted })
}

struct HeadTask<'a> {
    store: VarStore,
    head: Head,
    objective: Objective,
    features: Tensor,
    truth: &'a Truth,
    kept: (Tensor, Tensor),
    mixup: f64,
    /// Whether to keep the best epoch instead of the last.
    choose: bool,
    /// The best validation loss, and the variables at that epoch.
    best: Option<(f64, Vec<(String, Tensor)>)>,
    parts: Vec<(String, f64)>,
}

impl HeadTask<'_> {
    /// Restores the best epoch.
    fn settle(&mut self) -> Result<()> {
        let Some((_, best)) = self.best.take() else { return Ok(()) };
        let variables = self.store.variables();
        no_grad(|| {
            for (name, value) in best {
                if let Some(variable) = variables.get(&name) {
                    variable.shallow_clone().f_copy_(&value)?;
                }
            }
            Ok(())
        })
    }

    /// The head for unscaled features, with numbers in their own unit.
    fn scaled(&self, scaling: &Scaling) -> Result<Head> {
        let variables = self.head.variables();
        let find = |name: &str| -> Result<Tensor> {
            let found = variables.iter().find(|(known, _)| known == name);
            let (_, found) = found
                .ok_or_else(|| zoobot_base::Error::Internal(format!("a head without {name}")))?;
            Ok(found.f_detach()?)
        };
        let (shift, factor) = self.objective.scale;
        let weight = find("weight")?.f_mul_scalar(factor)?;
        let bias = find("bias")?.f_mul_scalar(factor)?.f_add_scalar(shift)?;
        Head::of(self.head.config(), &weight, &bias)?.standardised(scaling)
    }
}

impl Task for HeadTask<'_> {
    fn store(&self) -> &VarStore {
        &self.store
    }

    fn galaxies(&self) -> usize {
        self.truth.len()
    }

    fn loss(&mut self, galaxies: &[usize], seed: u64) -> Result<Tensor> {
        let places: Vec<i64> = galaxies.iter().map(|it| *it as i64).collect();
        let some = self.features.f_index_select(0, &Tensor::f_from_slice(&places)?)?;
        let targets = self.truth.batch(galaxies, Device::Cpu)?;
        let Some(mix) = Mix::draw(self.mixup, galaxies.len(), seed)? else {
            return self.objective.of(&self.head.forward(&some, Some(seed))?, &targets);
        };
        let outputs = self.head.forward(&mix.blend(&some)?, Some(seed))?;
        mix.loss(&targets, |targets| self.objective.of(&outputs, targets))
    }

    fn validate(&mut self) -> Result<f64> {
        let (features, targets) = &self.kept;
        let outputs = self.head.forward(features, None)?;
        let (loss, parts) = self.objective.judge(&outputs, targets)?;
        self.parts = parts;
        if !self.choose || self.best.as_ref().is_none_or(|(best, _)| loss < *best) {
            let copy = |(name, it): (String, Tensor)| Ok((name, it.f_detach_copy()?));
            let now = self.store.variables().into_iter().map(copy);
            self.best = Some((loss, now.collect::<Result<_>>()?));
        }
        Ok(loss)
    }

    fn parts(&self) -> Vec<(String, f64)> {
        self.parts.clone()
    }
}

impl Truth {
    /// The bias of a head that predicts the average answer for every galaxy.
    fn prior(&self, output: Output) -> Option<Vec<f32>> {
        let logit = |share: f64| {
            let share = share.clamp(0.01, 0.99);
            (share / (1.0 - share)).ln() as f32
        };
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
        match (self, output) {
            (Self::One(Target::Numbers(values)), Output::Shares) => Some(vec![logit(mean(values))]),
            (Self::Tags(all), _) => {
                let shares = all
                    .columns()
                    .into_iter()
                    .map(|it| mean(&it.iter().map(|it| f64::from(*it)).collect::<Vec<_>>()));
                Some(shares.map(logit).collect())
            }
            (Self::Votes(votes), _) => {
                let sums = votes.counts().sum_axis(Axis(0));
                let mut start = Vec::with_capacity(sums.len());
                for question in votes.schema().questions() {
                    let all: f64 = sums.slice(ndarray::s![question.range()]).sum();
                    let share = |it: f64| ((it + 0.5) / (all + 1.0)).ln() as f32;
                    start.extend(question.range().map(|answer| share(sums[answer])));
                }
                start.extend(votes.schema().questions().iter().map(|_| WORTH.ln() as f32));
                Some(start)
            }
            _ => None,
        }
    }
}
