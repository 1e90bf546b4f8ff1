//! The Dirichlet-multinomial loss on tensors.

use super::dirichlet;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use tch::{Device, Kind, Tensor};
use zoobot_base::error::{Error, Result};
use zoobot_data::schema::Schema;

/// How the losses of a batch are reduced to one number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reduction {
    /// The sum over a galaxy's questions, averaged over galaxies, as in training from scratch. The default.
    #[default]
    Galaxies,
    /// The mean over galaxies and questions, as reported by `zoobot` 2.9 when fine-tuning.
    Questions,
}

/// The negative log likelihood of votes under a network's concentrations.
///
/// For each question, the votes are one draw from a Dirichlet-multinomial distribution; the loss is its
/// negative log probability. A question without votes has zero loss and gradient, so a table may hold
/// galaxies of several campaigns.
///
/// ```
/// use zoobot_core::{schema::Schema, tch::Tensor, train::VoteLoss};
/// let loss = VoteLoss::new(&Schema::named("gz_rings")?);
/// // Both answers equally likely, any share: one vote has probability 1/2.
/// let one = loss.of(&Tensor::from_slice2(&[[1.0, 1.0]]), &Tensor::from_slice2(&[[1.0, 0.0]]))?;
/// assert!((one.double_value(&[]) - 2f64.ln()).abs() < 1e-12);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct VoteLoss {
    ranges: Vec<Range<usize>>,
    width: usize,
    reduction: Reduction,
}

impl VoteLoss {
    /// The loss over all questions of a schema, reduced by [`Reduction::Galaxies`].
    pub fn new(schema: &Schema) -> Self {
        Self {
            ranges: schema.questions().iter().map(|question| question.range()).collect(),
            width: schema.width(),
            reduction: Reduction::default(),
        }
    }

    /// Sets how the losses of a batch are reduced to one number.
    pub fn reduction(mut self, reduction: Reduction) -> Self {
        self.reduction = reduction;
        self
    }

    /// The loss of a batch, differentiable once with respect to `concentrations`.
    ///
    /// It is computed in float64 for tensors of any kind, since the logarithms of large counts cancel badly
    /// in float32. On a CPU, a single pass over the votes gives the value and the gradient.
    ///
    /// # Shapes
    /// Both are `[galaxies, answers]`: concentrations of any floating-point kind, above 0; votes of any kind,
    /// whole and not negative. The result is a scalar of the concentrations' kind.
    ///
    /// # Errors
    /// [`Error::Shape`] for other shapes or an empty batch; [`Error::Torch`] when memory runs out.
    pub fn of(&self, concentrations: &Tensor, votes: &Tensor) -> Result<Tensor> {
        self.check(concentrations, votes)?;
        let scale = self.scale(concentrations);
        if concentrations.device() != Device::Cpu {
            let losses = self.tensor_losses(concentrations, votes)?;
            return Ok((losses.f_sum(Kind::Double)? * scale).f_to_kind(concentrations.kind())?);
        }
        let (alpha, votes) = (numbers(concentrations)?, numbers(votes)?);
        let batch = dirichlet::batch(&self.ranges, &alpha, &votes, scale);
        let value = scale * batch.losses.iter().sum::<f64>();
        let kind = concentrations.kind();
        let gradient = Tensor::f_from_slice(&batch.gradient)?.f_to_kind(kind)?;
        // A plane with this value and slope, which is all that a single backward pass sees.
        let plane = concentrations.f_reshape([-1])?.f_dot(&gradient)?;
        Ok(plane.f_sub(&plane.f_detach()?)?.f_add_scalar(value)?)
    }

    /// The loss of each galaxy for each question, without gradients, for logs.
    ///
    /// # Shapes
    /// Both are `[galaxies, answers]`; the result is `[galaxies, questions]`, in float64 on the CPU.
    ///
    /// # Errors
    /// As for [`of`](Self::of).
    pub fn each(&self, concentrations: &Tensor, votes: &Tensor) -> Result<Tensor> {
        self.check(concentrations, votes)?;
        let (alpha, votes) = (numbers(concentrations)?, numbers(votes)?);
        let batch = dirichlet::batch(&self.ranges, &alpha, &votes, 1.0);
        let shape = [concentrations.size()[0], self.ranges.len() as i64];
        Ok(Tensor::f_from_slice(&batch.losses)?.f_view(shape)?)
    }

    /// The losses of [`each`](Self::each) as tensor operations, with gradients from libtorch: for a GPU.
    pub(super) fn tensor_losses(&self, concentrations: &Tensor, votes: &Tensor) -> Result<Tensor> {
        let alpha = concentrations.f_to_kind(Kind::Double)?;
        let votes = votes.f_to_device(alpha.device())?.f_to_kind(Kind::Double)?;
        let mut member = vec![0.0; self.width * self.ranges.len()];
        for (question, range) in self.ranges.iter().enumerate() {
            for answer in range.clone() {
                member[answer * self.ranges.len() + question] = 1.0;
            }
        }
        let shape = [self.width as i64, self.ranges.len() as i64];
        let member = Tensor::f_from_slice(&member)?.f_view(shape)?.f_to_device(alpha.device())?;
        let (total, all) = (votes.f_matmul(&member)?, alpha.f_matmul(&member)?);
        let each = (votes.f_add(&alpha)?.f_lgamma()? - alpha.f_lgamma()?)
            - votes.f_add_scalar(1.0)?.f_lgamma()?;
        let whole = (total.f_add_scalar(1.0)?.f_lgamma()? + all.f_lgamma()?)
            - total.f_add(&all)?.f_lgamma()?;
        // Without votes, rounding may leave a residue, since the sums run in different orders.
        let asked = total.f_gt(0.0)?.f_to_kind(Kind::Double)?;
        Ok(-((whole + each.f_matmul(&member)?) * asked))
    }

    fn scale(&self, concentrations: &Tensor) -> f64 {
        let galaxies = concentrations.size()[0] as f64;
        match self.reduction {
            Reduction::Galaxies => 1.0 / galaxies,
            Reduction::Questions => 1.0 / (galaxies * self.ranges.len() as f64),
        }
    }

    fn check(&self, concentrations: &Tensor, votes: &Tensor) -> Result<()> {
        let (shape, other) = (concentrations.size(), votes.size());
        if shape.len() != 2 || shape[0] < 1 || shape[1] != self.width as i64 {
            let problem = format!("the concentrations have the shape {shape:?}");
            let hint = format!("Give at least one galaxy, in the shape [galaxies, {}]", self.width);
            return Err(Error::shape(problem, hint));
        }
        if shape != other {
            let problem =
                format!("the votes have the shape {other:?}, but the concentrations {shape:?}");
            return Err(Error::shape(problem, "Give one count for each concentration"));
        }
        if !concentrations.is_floating_point() {
            let problem = format!("the concentrations are of the kind {:?}", concentrations.kind());
            return Err(Error::unsuitable(problem, "Give floating-point numbers"));
        }
        Ok(())
    }
}

/// The values of a tensor, row by row.
fn numbers(tensor: &Tensor) -> Result<Vec<f64>> {
    let tensor = tensor.f_detach()?.f_to_device(Device::Cpu)?.f_contiguous()?;
    let count = tensor.numel();
    // Common kinds are converted here, which is faster than in libtorch.
    match tensor.kind() {
        Kind::Float => {
            let mut values = vec![0f32; count];
            tensor.f_copy_data(&mut values, count)?;
            Ok(values.into_iter().map(f64::from).collect())
        }
        kind => {
            let tensor =
                if kind == Kind::Double { tensor } else { tensor.f_to_kind(Kind::Double)? };
            let mut values = vec![0f64; count];
            tensor.f_copy_data(&mut values, count)?;
            Ok(values)
        }
    }
}
