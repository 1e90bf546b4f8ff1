//! Adam and AdamW with a state that can be saved and restored completely, unlike in libtorch.
//!
//! The weights of a group are in one flat tensor, and the network's variables are views of it: a step takes a
//! dozen operations per group instead of per variable.

use super::groups::Group;
use serde::{Deserialize, Serialize};
use tch::nn::VarStore;
use tch::{Kind, Tensor, no_grad};
use zoobot_base::error::{Error, Result};

/// The rule that turns gradients into steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Weight decay decoupled from the gradient (Loshchilov and Hutter 2019, arXiv:1711.05101). The default.
    #[default]
    AdamW,
    /// Weight decay as part of the gradient (Kingma and Ba 2015, arXiv:1412.6980).
    Adam,
}

/// The settings of an [`Optimizer`].
///
/// ```
/// use zoobot_core::train::{FitConfig, OptimizerConfig};
/// let optimizer = OptimizerConfig { clip: Some(1.0), ..OptimizerConfig::default() };
/// let settings = FitConfig { optimizer, ..FitConfig::default() };
/// assert_eq!(settings.optimizer.clip, Some(1.0));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OptimizerConfig {
    /// The rule that turns gradients into steps.
    pub rule: Rule,
    /// The decay rates of the moving averages of the gradients and their squares (0.9, 0.999).
    pub betas: (f64, f64),
    /// Keeps steps finite when gradients vanish (1e-8).
    pub epsilon: f64,
    /// The maximum norm of the gradients of all variables together; larger gradients are scaled down to it.
    /// `None` turns clipping off.
    pub clip: Option<f64>,
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self { rule: Rule::AdamW, betas: (0.9, 0.999), epsilon: 1e-8, clip: None }
    }
}

/// Adam or AdamW for groups of a network's variables.
#[derive(Debug)]
pub struct Optimizer {
    config: OptimizerConfig,
    flats: Vec<Flat>,
    steps: u64,
}

/// The variables and state of a group.
#[derive(Debug)]
struct Flat {
    group: Group,
    variables: Vec<Tensor>,
    /// All weights of the group; the variables are views of this tensor.
    weights: Tensor,
    mean: Tensor,
    square: Tensor,
}

impl Optimizer {
    /// Creates an optimiser for these groups. Move the network to its device first, since this call
    /// reallocates the variables.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a setting that is out of range; [`Error::Missing`] for a variable that the
    /// network does not have.
    pub fn new(store: &VarStore, groups: &[Group], config: OptimizerConfig) -> Result<Self> {
        for (name, beta) in [("betas.0", config.betas.0), ("betas.1", config.betas.1)] {
            if !(0.0..1.0).contains(&beta) {
                return Err(Error::parameter(name, beta, "at least 0 and below 1"));
            }
        }
        for (name, value) in [("epsilon", Some(config.epsilon)), ("clip", config.clip)] {
            if let Some(value) = value.filter(|it| it.is_nan() || *it <= 0.0) {
                return Err(Error::parameter(name, value, "above 0"));
            }
        }
        let mut known = store.variables();
        let mut flats = Vec::with_capacity(groups.len());
        for group in groups {
            let mut variables = Vec::with_capacity(group.variables.len());
            for name in &group.variables {
                variables.push(known.remove(name).ok_or_else(|| Error::Missing {
                    kind: "variable",
                    name: name.clone(),
                    place: "the network (or it is in two groups)".to_owned(),
                    hint: "Group the variables of the network that is trained".to_owned(),
                })?);
            }
            flats.push(no_grad(|| Flat::new(group, variables))?);
        }
        Ok(Self { config, flats, steps: 0 })
    }

    /// The number of steps so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Resets the gradients; call it before each backward pass.
    pub fn zero_grad(&mut self) {
        for variable in self.flats.iter_mut().flat_map(|flat| &mut flat.variables) {
            variable.zero_grad();
        }
    }

    /// Takes a step along the gradients with a learning rate, and returns the norm of the gradients before
    /// clipping. A missing gradient counts as zero.
    ///
    /// # Errors
    /// [`Error::Unsuitable`] when the gradients are not finite; the weights are then unchanged.
    pub fn step(&mut self, rate: f64) -> Result<f64> {
        no_grad(|| {
            let gradients: Vec<Tensor> =
                self.flats.iter().map(Flat::gradient).collect::<Result<_>>()?;
            let squares: Vec<Tensor> = gradients
                .iter()
                .map(|it| it.f_to_kind(Kind::Float)?.f_dot(&it.f_to_kind(Kind::Float)?))
                .collect::<Result<_, _>>()?;
            let length = Tensor::f_stack(&squares, 0)?.f_sum(Kind::Double)?.f_double_value(&[])?;
            let length = length.sqrt();
            if !length.is_finite() {
                let problem = format!("the norm of the gradients is {length}");
                let hint = "Lower the learning rate, or look for odd labels";
                return Err(Error::unsuitable(problem, hint));
            }
            let shorten = match self.config.clip {
                Some(clip) if length > clip => clip / length,
                _ => 1.0,
            };
            self.steps += 1;
            for (flat, gradient) in self.flats.iter_mut().zip(gradients) {
                flat.step(gradient, shorten, rate, self.steps, &self.config)?;
            }
            Ok(length)
        })
    }

    /// The weights of each group, which the variables share.
    pub(super) fn weights(&self) -> impl Iterator<Item = &Tensor> {
        self.flats.iter().map(|flat| &flat.weights)
    }

    /// The state that the next step depends on, apart from the weights.
    pub(super) fn state(&self) -> Vec<(String, Tensor)> {
        let parts = self.flats.iter().enumerate().flat_map(|(i, flat)| {
            [("mean", &flat.mean), ("square", &flat.square)]
                .map(|(part, tensor)| (format!("optimizer.{i}.{part}"), tensor.shallow_clone()))
        });
        parts.collect()
    }

    /// Restores the [`state`](Self::state) that was saved after `steps` steps.
    pub(super) fn restore(
        &mut self,
        steps: u64,
        mut find: impl FnMut(&str, &Tensor) -> Result<()>,
    ) -> Result<()> {
        for (i, flat) in self.flats.iter_mut().enumerate() {
            find(&format!("optimizer.{i}.mean"), &flat.mean)?;
            find(&format!("optimizer.{i}.square"), &flat.square)?;
        }
        self.steps = steps;
        Ok(())
    }
}

impl Flat {
    fn new(group: &Group, mut variables: Vec<Tensor>) -> Result<Self> {
        let parts: Vec<Tensor> =
            variables.iter().map(|it| it.f_detach()?.f_flatten(0, -1)).collect::<Result<_, _>>()?;
        let weights = Tensor::f_cat(&parts, 0)?;
        let mut start = 0;
        for variable in &mut variables {
            let length = variable.numel() as i64;
            let view = weights.f_narrow(0, start, length)?.f_view(variable.size().as_slice())?;
            variable.f_set_data(&view)?;
            start += length;
        }
        let mean = weights.f_zeros_like()?;
        let square = weights.f_zeros_like()?;
        Ok(Self { group: group.clone(), variables, weights, mean, square })
    }

    fn gradient(&self) -> Result<Tensor> {
        let parts: Vec<Tensor> = self
            .variables
            .iter()
            .map(|variable| {
                let gradient = variable.f_grad()?;
                if gradient.defined() {
                    gradient.f_flatten(0, -1)
                } else {
                    variable.f_detach()?.f_zeros_like()?.f_flatten(0, -1)
                }
            })
            .collect::<Result<_, _>>()?;
        Ok(Tensor::f_cat(&parts, 0)?)
    }

    fn step(
        &mut self,
        mut gradient: Tensor,
        shorten: f64,
        rate: f64,
        step: u64,
        config: &OptimizerConfig,
    ) -> Result<()> {
        let (rate, decay) = (rate * self.group.rate, self.group.weight_decay);
        let (keep_mean, keep_square) = config.betas;
        if shorten < 1.0 {
            let _ = gradient.f_mul_scalar_(shorten)?;
        }
        if decay > 0.0 {
            match config.rule {
                Rule::AdamW => drop(self.weights.f_mul_scalar_(1.0 - rate * decay)?),
                Rule::Adam => drop(gradient.f_add_(&self.weights.f_mul_scalar(decay)?)?),
            }
        }
        let _ = self.mean.f_lerp_(&gradient, 1.0 - keep_mean)?;
        let _ = self.square.f_lerp_(&gradient.f_square()?, 1.0 - keep_square)?;
        // Corrects the bias of both averages, which start at zero.
        let power = step.min(1 << 30) as i32;
        let mean_share = 1.0 - keep_mean.powi(power);
        let square_share = 1.0 - keep_square.powi(power);
        let mut spread = self.square.f_sqrt()?.f_mul_scalar(1.0 / square_share.sqrt())?;
        let _ = spread.f_add_scalar_(config.epsilon)?;
        let change = self.mean.f_div(&spread)?.f_mul_scalar(-rate / mean_share)?;
        let _ = self.weights.f_add_(&change)?;
        Ok(())
    }
}
