//! The losses for each kind of label.

use super::votes::VoteLoss;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use tch::{Kind, Reduction, TchError, Tensor};
use zoobot_base::error::{Error, Result};

/// How the error of a predicted number is measured.
///
/// ```
/// use zoobot_core::{finetune::Finetune, train::Distance};
/// Finetune::regressor("axis_ratio").distance(Distance::Absolute);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distance {
    /// The mean squared error. The default.
    #[default]
    Squared,
    /// The mean absolute error, which is less sensitive to outliers.
    Absolute,
}

/// The properties of a distance.
struct Entry {
    name: &'static str,
    about: &'static str,
    /// Whether a head that minimises it can be solved for; only squared errors allow this.
    solved: bool,
    /// The loss of outputs and targets of the same shape.
    loss: fn(&Tensor, &Tensor) -> Result<Tensor, TchError>,
}

/// Defines the distances. A variant without an entry does not compile.
macro_rules! distances {
    ($($variant:ident: $entry:expr;)*) => {
        static DISTANCES: &[Distance] = &[$(Distance::$variant),*];

        impl Distance {
            fn entry(self) -> Entry {
                match self { $(Self::$variant => $entry,)* }
            }
        }
    };
}

distances! {
    Squared: Entry {
        name: "squared",
        about: "mean squared error",
        solved: true,
        loss: |outputs, targets| outputs.f_mse_loss(targets, Reduction::Mean),
    };
    Absolute: Entry {
        name: "absolute",
        about: "mean absolute error",
        solved: false,
        loss: |outputs, targets| outputs.f_l1_loss(targets, Reduction::Mean),
    };
}

impl Distance {
    /// All distances.
    pub fn all() -> &'static [Self] {
        DISTANCES
    }

    /// The name, as used for lookup.
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// A short description.
    pub fn about(self) -> &'static str {
        self.entry().about
    }

    /// Whether a head that minimises it can be solved for, without gradient descent.
    pub(crate) fn is_solved(self) -> bool {
        self.entry().solved
    }

    /// Looks up a distance by name, such as `absolute`.
    ///
    /// # Errors
    /// [`Error::Missing`] for another name, with the nearest one.
    pub fn named(name: &str) -> Result<Self> {
        let found = Self::all().iter().find(|it| it.name() == name);
        found.copied().ok_or_else(|| {
            Error::missing("distance", name, "this library", Self::all().iter().map(|it| it.name()))
        })
    }
}

impl fmt::Display for Distance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Parses a name: see [`named`](Distance::named).
impl FromStr for Distance {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::named(name)
    }
}

/// A loss: a number for each batch that training minimises.
///
/// ```
/// use zoobot_core::{tch::Tensor, train::{Distance, Loss}};
/// let (predicted, truth) = (Tensor::from_slice(&[1.0, 2.0]), Tensor::from_slice(&[1.0, 5.0]));
/// let loss = Loss::Numbers(Distance::Absolute).of(&predicted, &truth)?;
/// assert_eq!(loss.double_value(&[]), 1.5);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub enum Loss {
    /// Votes against concentrations: the Dirichlet-multinomial loss.
    Votes(VoteLoss),
    /// Classes against one score per class: the cross-entropy.
    Classes {
        /// The label smoothing: the fraction of the target that is spread evenly over all classes, at least 0
        /// and below 1 (usually 0).
        smoothing: f64,
        /// The weight of each class; empty for equal weights.
        weights: Vec<f32>,
    },
    /// Numbers against predicted numbers.
    Numbers(Distance),
    /// Labels of 0 or 1 against the probability of each: the binary cross-entropy.
    Chances {
        /// The label smoothing: the fraction of the target that is spread evenly over 0 and 1, at least 0 and
        /// below 1.
        smoothing: f64,
    },
}

impl Loss {
    /// The cross-entropy without smoothing, with equal class weights.
    pub fn classes() -> Self {
        Self::Classes { smoothing: 0.0, weights: Vec::new() }
    }

    /// The loss of a batch as a scalar, differentiable with respect to `outputs`.
    ///
    /// # Shapes
    /// | loss | `outputs` | `targets` |
    /// |---|---|---|
    /// | votes | concentrations `[n, answers]` | votes `[n, answers]` |
    /// | classes | scores `[n, classes]` | class indices `[n]`, whole numbers from 0 |
    /// | numbers | `[n]` or `[n, values]` | as `outputs` |
    /// | chances | probabilities `[n, labels]` | `[n, labels]`, 0 or 1 |
    ///
    /// # Errors
    /// [`Error::Shape`] for other shapes; [`Error::Unsuitable`] for a class that does not exist;
    /// [`Error::Parameter`] for a smoothing that is out of range.
    pub fn of(&self, outputs: &Tensor, targets: &Tensor) -> Result<Tensor> {
        match self {
            Self::Votes(votes) => votes.of(outputs, targets),
            Self::Classes { smoothing, weights } => {
                cross_entropy(outputs, targets, *smoothing, weights)
            }
            Self::Numbers(distance) => {
                let targets = like(outputs, targets)?;
                Ok((distance.entry().loss)(outputs, &targets)?)
            }
            Self::Chances { smoothing } => {
                if !(0.0..1.0).contains(smoothing) {
                    return Err(Error::parameter("smoothing", smoothing, "at least 0 and below 1"));
                }
                let targets = like(outputs, targets)? * (1.0 - smoothing) + smoothing / 2.0;
                Ok(outputs.f_binary_cross_entropy::<Tensor>(&targets, None, Reduction::Mean)?)
            }
        }
    }

    /// Familiar metrics of the outputs, with their names: the accuracy of classes, the root mean squared
    /// error of numbers in their own unit. `scale` is the mean and standard deviation by which numbers were
    /// standardised.
    pub(crate) fn figures(
        &self,
        outputs: &Tensor,
        targets: &Tensor,
        scale: (f64, f64),
    ) -> Result<Vec<(String, f64)>> {
        let named = |name: &str, value: f64| Ok(vec![(name.to_owned(), value)]);
        match self {
            Self::Votes(_) => Ok(Vec::new()),
            Self::Classes { .. } => {
                let right = outputs.f_argmax(1, false)?.f_eq_tensor(targets)?;
                let right = right.f_sum(Kind::Double)?.f_double_value(&[])?;
                named("accuracy", right / outputs.size()[0] as f64)
            }
            Self::Numbers(_) => {
                let (mean, deviation) = scale;
                let found = outputs.f_mul_scalar(deviation)?.f_add_scalar(mean)?;
                let square = found.f_mse_loss(targets, Reduction::Mean)?;
                named("rmse", square.f_double_value(&[])?.sqrt())
            }
            Self::Chances { .. } => {
                let right = outputs.f_round()?.f_eq_tensor(targets)?;
                named("accuracy", right.f_mean(Kind::Double)?.f_double_value(&[])?)
            }
        }
    }
}

/// Converts targets to the kind and device of the outputs, after checking their shape.
fn like(outputs: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let (shape, other) = (outputs.size(), targets.size());
    if shape != other || outputs.numel() == 0 {
        let problem =
            format!("the targets have the shape {other:?}, and the predictions {shape:?}");
        return Err(Error::shape(problem, "Both must have the same shape and not be empty"));
    }
    Ok(targets.f_to_device(outputs.device())?.f_to_kind(outputs.kind())?)
}

fn cross_entropy(
    scores: &Tensor,
    classes: &Tensor,
    smoothing: f64,
    weights: &[f32],
) -> Result<Tensor> {
    let shape = scores.size();
    let [count, kinds] = shape[..] else {
        let problem = format!("the scores have the shape {shape:?}");
        return Err(Error::shape(problem, "Give scores of the shape [n, classes]"));
    };
    if classes.size() != [count] || count == 0 {
        let problem =
            format!("the classes have the shape {:?} for scores {shape:?}", classes.size());
        return Err(Error::shape(problem, "Give one class for each row, and at least one row"));
    }
    if !(0.0..1.0).contains(&smoothing) {
        return Err(Error::parameter("smoothing", smoothing, "at least 0 and below 1"));
    }
    if !weights.is_empty() && weights.len() as i64 != kinds {
        let count = weights.len();
        let problem =
            format!("the number of class weights ({count}) differs from the classes ({kinds})");
        return Err(Error::shape(problem, "Give one weight for each class, or none"));
    }
    let classes = classes.f_to_kind(Kind::Int64)?.f_to_device(scores.device())?;
    // On a GPU, libtorch would abort the process, so classes are checked here.
    let (low, high) = (classes.f_min()?.f_int64_value(&[])?, classes.f_max()?.f_int64_value(&[])?);
    if low < 0 || high >= kinds {
        let wrong = if low < 0 { low } else { high };
        let problem = format!("there is no class {wrong} among {kinds}");
        return Err(Error::unsuitable(problem, format!("Give classes from 0 to {}", kinds - 1)));
    }
    let weights = match weights {
        [] => None,
        weights => Some(
            Tensor::f_from_slice(weights)?
                .f_to_kind(scores.kind())?
                .f_to_device(scores.device())?,
        ),
    };
    let ignored = -100;
    let mean = Reduction::Mean;
    Ok(scores.f_cross_entropy_loss(&classes, weights.as_ref(), mean, ignored, smoothing)?)
}
