//! The head on an encoder's features: dropout, one linear layer, and an output function.

use super::fractions::some_fractions;
use ndarray::Array1;
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};
use tch::nn::{self, Module};
use tch::{Device, Kind, Tensor};
use zoobot_base::error::{Error, Result};
use zoobot_base::generator;
use zoobot_representation::probe::scaling::{Scaling, TOGETHER};

/// What the outputs of a head mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// Dirichlet concentrations of answers, from 1 to 101: [`concentrations`].
    Concentrations,
    /// Dirichlet concentrations of answers, as expected vote fractions times a total for each question:
    /// [`shares_and_totals`]. The linear layer outputs a score for each answer, followed by the logarithm of
    /// the total of each question.
    Dirichlet,
    /// Scores of classes; their softmax is the probabilities.
    Scores,
    /// Unrestricted numbers.
    Numbers,
    /// Numbers from 0 to 1.
    Shares,
    /// The probability of each label, where several labels can be true together.
    Chances,
}

/// The configuration of a [`Head`], as saved in a model folder's `head.json`.
///
/// ```
/// use zoobot_core::train::HeadConfig;
/// let head = HeadConfig::scores(3).dropout(0.2);
/// assert_eq!((head.outputs, head.dropout), (3, 0.2));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeadConfig {
    /// The number of outputs: answers, classes, or values.
    pub outputs: i64,
    /// What the outputs mean.
    pub output: Output,
    /// The dropout: the fraction of features that are dropped at random in training, at least 0 and below 1.
    pub dropout: f64,
    /// The number of answers of each question, in order, for [`Output::Dirichlet`]; otherwise empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<usize>,
    /// For [`Output::Concentrations`]: the questions whose concentrations are instead fractions times a total, as for
    /// [`Output::Dirichlet`], each with its first answer and its number of answers. Their totals' logarithms are the last
    /// rows of the linear layer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fractions: Vec<(usize, usize)>,
    /// If features are standardised: the number of standard deviations from the mean at which they are
    /// clipped, so that no single feature determines the prediction for an unusual picture. The root mean
    /// square over all features is clipped at a third of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
}

impl HeadConfig {
    fn new(outputs: usize, output: Output, dropout: f64) -> Self {
        let (questions, fractions) = (Vec::new(), Vec::new());
        Self { outputs: outputs as i64, output, dropout, questions, fractions, limit: None }
    }

    /// A head for the concentrations of `answers` answers, with dropout 0.2.
    pub fn concentrations(answers: usize) -> Self {
        Self::new(answers, Output::Concentrations, 0.2)
    }

    /// A head for concentrations as fractions and totals, for questions with these numbers of answers,
    /// without dropout.
    pub fn dirichlet(questions: impl Into<Vec<usize>>) -> Self {
        let questions = questions.into();
        Self {
            questions: questions.clone(),
            ..Self::new(questions.iter().sum(), Output::Dirichlet, 0.0)
        }
    }

    /// A head for the scores of `classes` classes, with dropout 0.5.
    pub fn scores(classes: usize) -> Self {
        Self::new(classes, Output::Scores, 0.5)
    }

    /// A head for `values` numbers, with dropout 0.5.
    pub fn numbers(values: usize) -> Self {
        Self::new(values, Output::Numbers, 0.5)
    }

    /// A head for the probabilities of `things` labels that can be true together, with dropout 0.5.
    pub fn chances(things: usize) -> Self {
        Self::new(things, Output::Chances, 0.5)
    }

    /// The number of rows of the linear layer: more than `outputs` for questions with a total.
    pub fn rows(&self) -> i64 {
        self.outputs + (self.questions.len() + self.fractions.len()) as i64
    }

    /// Sets the dropout: the fraction of features that are dropped at random.
    pub fn dropout(mut self, dropout: f64) -> Self {
        self.dropout = dropout;
        self
    }

    /// Builds a head for `features` features with its variables `weight` and `bias` below `path`, initialised
    /// at random with the seed.
    ///
    /// # Errors
    /// [`Error::Parameter`] for no features, no outputs, or a dropout that is negative or not below 1;
    /// [`Error::Shape`] when the questions have more or fewer answers than there are outputs.
    pub fn build(&self, path: &nn::Path, features: i64, seed: u64) -> Result<Head> {
        for (name, value) in [("features", features), ("outputs", self.outputs)] {
            if value < 1 {
                return Err(Error::parameter(name, value, "at least 1"));
            }
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return Err(Error::parameter("dropout", self.dropout, "at least 0 and below 1"));
        }
        let answers = self.questions.iter().sum::<usize>() as i64;
        if self.output == Output::Dirichlet && answers != self.outputs {
            let problem = format!("the head has {} outputs for {answers} answers", self.outputs);
            return Err(Error::shape(problem, "Give one output for each answer"));
        }
        let draw = || nn::linear(path, features, self.rows(), nn::LinearConfig::default());
        let linear = generator::seeded(seed, draw);
        let standard = match self.limit {
            None => None,
            Some(limit) => Some(Standard {
                mean: path.f_zeros_no_train("mean", &[features])?,
                scale: path.f_ones_no_train("scale", &[features])?,
                limit,
            }),
        };
        Ok(Head { linear, standard, config: self.clone() })
    }
}

/// Standardises features: `(x - mean) * scale`, clipped at the limit.
#[derive(Debug)]
struct Standard {
    /// `[features]`
    mean: Tensor,
    /// `[features]`: the inverse of the standard deviation.
    scale: Tensor,
    limit: f64,
}

impl Standard {
    /// Does the same as [`Scaling::apply`].
    fn of(&self, features: &Tensor) -> Result<Tensor> {
        let scaled = features.f_sub(&self.mean)?.f_mul(&self.scale)?;
        let scaled = scaled.f_clamp(-self.limit, self.limit)?;
        let varying = self.scale.f_gt(0.0)?.f_sum(Kind::Float)?;
        let most = varying.f_sqrt()?.f_mul_scalar(self.limit * TOGETHER)?;
        let square = scaled.f_mul(&scaled)?.f_sum_dim_intlist([1].as_slice(), true, None)?;
        let norm = square.f_clamp_min(f64::from(f32::MIN_POSITIVE))?.f_sqrt()?;
        Ok(scaled.f_mul(&most.f_div(&norm)?.f_clamp_max(1.0)?)?)
    }

    fn map(&self, one: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Self> {
        Ok(Self { mean: one(&self.mean)?, scale: one(&self.scale)?, limit: self.limit })
    }
}

/// A head: optional standardisation, dropout, a linear layer, and an output function.
///
/// ```
/// use zoobot_core::tch::{Device, Kind, Tensor, nn};
/// use zoobot_core::train::HeadConfig;
/// let variables = nn::VarStore::new(Device::Cpu);
/// let head = HeadConfig::scores(3).build(&variables.root(), 640, 1)?;
/// let scores = head.forward(&Tensor::zeros([2, 640], (Kind::Float, Device::Cpu)), None)?;
/// assert_eq!(scores.size(), [2, 3]);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Head {
    linear: nn::Linear,
    standard: Option<Standard>,
    config: HeadConfig,
}

impl Head {
    /// The configuration.
    pub fn config(&self) -> &HeadConfig {
        &self.config
    }

    /// Builds a head from weights `[rows, features]` and biases `[rows]`, for features without
    /// standardisation.
    ///
    /// # Errors
    /// [`Error::Shape`] for weights of a wrong shape.
    pub(crate) fn of(config: &HeadConfig, weight: &Tensor, bias: &Tensor) -> Result<Self> {
        let (shape, biases, rows) = (weight.size(), bias.size(), config.rows());
        if shape.len() != 2 || shape[0] != rows || biases != [rows] {
            let problem = format!("a head cannot have weights {shape:?} and biases {biases:?}");
            let hint = format!("Give weights [{rows}, features] and biases [{rows}]");
            return Err(Error::shape(problem, hint));
        }
        let linear = nn::Linear { ws: weight.f_detach()?, bs: Some(bias.f_detach()?) };
        let config = HeadConfig { limit: None, ..config.clone() };
        Ok(Self { linear, standard: None, config })
    }

    /// Adds a standardisation of the features, by [`Scaling::apply`].
    ///
    /// # Errors
    /// [`Error::Shape`] for a wrong number of features.
    pub(crate) fn standardised(self, scaling: &Scaling) -> Result<Self> {
        let width = self.width();
        let row = |it: &Array1<f64>| -> Result<Tensor> {
            if it.len() != width {
                let problem =
                    format!("the scaling has {} features, but the head takes {width}", it.len());
                return Err(Error::shape(problem, "Fit it to the features that the head takes"));
            }
            Ok(Tensor::f_from_slice(&it.to_vec())?.f_to_kind(Kind::Float)?)
        };
        let (mean, scale) = (row(&scaling.mean)?, row(&scaling.scale)?);
        let standard = Some(Standard { mean, scale, limit: scaling.limit });
        let config = HeadConfig { limit: Some(scaling.limit), ..self.config };
        Ok(Self { standard, config, ..self })
    }

    /// Changes the weights and biases, and keeps the standardisation.
    ///
    /// # Errors
    /// The errors of `change`.
    pub(crate) fn map_linear(&self, change: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Self> {
        let linear = nn::Linear {
            ws: change(&self.linear.ws)?,
            bs: self.linear.bs.as_ref().map(change).transpose()?,
        };
        let standard =
            self.standard.as_ref().map(|it| it.map(|it| Ok(it.shallow_clone()))).transpose()?;
        Ok(Self { linear, standard, config: self.config.clone() })
    }

    /// An equivalent head for raw features, except for the clipping: the standardisation is folded into the
    /// weights.
    ///
    /// # Errors
    /// [`Error::Torch`] when memory runs out.
    pub(crate) fn folded(&self) -> Result<Self> {
        let Some(Standard { mean, scale, .. }) = &self.standard else { return self.detached() };
        let double = |it: &Tensor| it.f_to_kind(Kind::Double);
        let weight = double(&self.linear.ws)?.f_mul(&double(scale)?)?;
        let shift = weight.f_matmul(&double(mean)?)?;
        let bias = match &self.linear.bs {
            Some(bias) => double(bias)?.f_sub(&shift)?,
            None => shift.f_neg()?,
        };
        let float = |it: &Tensor| it.f_to_kind(Kind::Float);
        Self::of(&self.config, &float(&weight)?, &float(&bias)?)
    }

    /// Copies the weights of another head of the same shape.
    ///
    /// # Errors
    /// [`Error::Shape`] for a head with a different number of features or outputs.
    pub(crate) fn become_like(&mut self, other: &Self) -> Result<()> {
        let (own, others) = (self.linear.ws.size(), other.linear.ws.size());
        if own != others {
            let problem = format!("the other head has weights {others:?}, but this one {own:?}");
            return Err(Error::shape(problem, "Give a head with as many features and outputs"));
        }
        tch::no_grad(|| {
            self.linear.ws.f_copy_(&other.linear.ws)?;
            if let (Some(own), Some(other)) = (&mut self.linear.bs, &other.linear.bs) {
                own.f_copy_(other)?;
            }
            Ok(())
        })
    }

    /// The weights `[n, features]` and biases `[n]` of some rows.
    ///
    /// # Errors
    /// [`Error::Unsuitable`] for a head with standardised features; [`Error::Torch`] for rows that do not
    /// exist.
    pub(crate) fn rows_of(&self, rows: &[usize]) -> Result<(Tensor, Tensor)> {
        let rows: Vec<i64> = rows.iter().map(|row| *row as i64).collect();
        let rows = Tensor::f_from_slice(&rows)?;
        match (&self.linear.bs, &self.standard) {
            (Some(bias), None) => Ok((
                self.linear.ws.f_detach()?.f_index_select(0, &rows)?,
                bias.f_detach()?.f_index_select(0, &rows)?,
            )),
            _ => Err(Error::unsuitable(
                "the head standardises its features",
                "Give a model that was trained on votes by gradient descent",
            )),
        }
    }

    /// Replaces the weights and biases of some rows: see [`rows_of`](Self::rows_of).
    ///
    /// # Errors
    /// [`Error::Torch`] for rows that do not exist or other shapes.
    pub(crate) fn set_rows(
        &mut self,
        rows: &[usize],
        weight: &Tensor,
        bias: &Tensor,
    ) -> Result<()> {
        let rows: Vec<i64> = rows.iter().map(|row| *row as i64).collect();
        let rows = Tensor::f_from_slice(&rows)?;
        tch::no_grad(|| {
            let _ = self.linear.ws.f_index_copy_(0, &rows, weight)?;
            if let Some(own) = &mut self.linear.bs {
                let _ = own.f_index_copy_(0, &rows, bias)?;
            }
            Ok(())
        })
    }

    /// The number of input features.
    pub fn width(&self) -> usize {
        self.linear.ws.size()[1] as usize
    }

    /// The variables: `weight`, `[rows, features]`, and `bias`, `[rows]`. If features are standardised, also
    /// their `mean` and `scale`, `[features]`, which are not trained.
    pub fn variables(&self) -> Vec<(String, Tensor)> {
        let mut all = vec![("weight".to_owned(), self.linear.ws.shallow_clone())];
        if let Some(bias) = &self.linear.bs {
            all.push(("bias".to_owned(), bias.shallow_clone()));
        }
        if let Some(Standard { mean, scale, .. }) = &self.standard {
            all.push(("mean".to_owned(), mean.shallow_clone()));
            all.push(("scale".to_owned(), scale.shallow_clone()));
        }
        all
    }

    /// A copy on the CPU that training does not change.
    ///
    /// # Errors
    /// [`Error::Torch`] when memory runs out.
    pub fn detached(&self) -> Result<Self> {
        let copy = |tensor: &Tensor| tensor.f_detach_copy()?.f_to_device(Device::Cpu);
        let linear = nn::Linear {
            ws: copy(&self.linear.ws)?,
            bs: self.linear.bs.as_ref().map(copy).transpose()?,
        };
        let standard = self.standard.as_ref();
        let standard = standard.map(|it| it.map(|it| Ok(copy(it)?))).transpose()?;
        Ok(Self { linear, standard, config: self.config.clone() })
    }

    /// The outputs of the linear layer, before the output function; differentiable with respect to the
    /// features.
    ///
    /// # Shapes
    /// `[n, features]` to `[n, rows]`.
    ///
    /// # Errors
    /// [`Error::Torch`] for a wrong shape.
    pub(crate) fn scores(&self, features: &Tensor) -> Result<Tensor> {
        let mut features = features.f_to_kind(self.linear.ws.kind())?;
        if let Some(standard) = &self.standard {
            features = standard.of(&features)?;
        }
        Ok(features.f_linear(&self.linear.ws, self.linear.bs.as_ref())?)
    }

    /// The outputs for features. With a seed, dropout is on, as in training and in each pass of Monte Carlo
    /// dropout; the same seed always drops the same features.
    ///
    /// # Shapes
    /// `[n, features]` to `[n, outputs]`, in float32 even for half-precision features, since concentrations
    /// need its range.
    ///
    /// # Errors
    /// [`Error::Shape`] for a wrong shape.
    pub fn forward(&self, features: &Tensor, seed: Option<u64>) -> Result<Tensor> {
        let shape = features.size();
        let width = self.linear.ws.size()[1];
        if shape.len() != 2 || shape[1] != width {
            let problem =
                format!("the features have the shape {shape:?}, but the head takes [n, {width}]");
            return Err(Error::shape(problem, "Give features of the encoder of this head"));
        }
        let mut features = features.f_to_kind(self.linear.ws.kind())?;
        if let Some(standard) = &self.standard {
            features = standard.of(&features)?;
        }
        if let Some(seed) = seed.filter(|_| self.config.dropout > 0.0) {
            features = features.f_mul(&self.mask(&features, seed)?)?;
        }
        self.config.meaning(&self.linear.forward(&features))
    }
}

impl HeadConfig {
    /// Applies the output function to the outputs of the linear layer.
    pub(crate) fn meaning(&self, out: &Tensor) -> Result<Tensor> {
        match self.output {
            Output::Concentrations if self.fractions.is_empty() => concentrations(out),
            Output::Concentrations => some_fractions(out, self.outputs, &self.fractions),
            Output::Dirichlet => shares_and_totals(out, &self.questions),
            Output::Scores | Output::Numbers => Ok(out.shallow_clone()),
            Output::Shares | Output::Chances => Ok(out.f_sigmoid()?),
        }
    }
}

impl Head {
    /// The dropout mask: 0 for dropped features, a factor above 1 for the rest. It does not use libtorch's
    /// generator, which the whole process shares, so that parallel runs do not affect each other.
    fn mask(&self, features: &Tensor, seed: u64) -> Result<Tensor> {
        let mut rng = StdRng::seed_from_u64(seed);
        let rest = 1.0 / (1.0 - self.config.dropout) as f32;
        let out = self.config.dropout as f32;
        let draw = |_| if rng.random::<f32>() < out { 0.0 } else { rest };
        let mask: Vec<f32> = (0..features.numel()).map(draw).collect();
        let mask = Tensor::f_from_slice(&mask)?.f_view(features.size().as_slice())?;
        Ok(mask.f_to_kind(features.kind())?.f_to_device(features.device())?)
    }
}

/// Dirichlet concentrations from the outputs of a linear layer: 100 · sigmoid(x) + 1, as in Zoobot. No answer
/// is ever ruled out, and no answer is more certain than a hundred votes would make it.
///
/// # Errors
/// [`Error::Torch`] when memory runs out.
pub fn concentrations(x: &Tensor) -> Result<Tensor> {
    Ok(x.f_sigmoid()? * 100.0 + 1.0)
}

/// The minimum concentration of an answer, at which its probability is practically zero.
const LEAST: f64 = 1e-4;
/// The logarithms of the smallest and largest total of a question: half a vote, and more votes than any
/// campaign collects.
const TOTALS: (f64, f64) = (-0.7, 7.6);

/// Dirichlet concentrations as the expected fraction of each answer (the softmax over its question) times a
/// total for each question: the number of votes that the prediction is worth.
///
/// # Shapes
/// `[n, answers + questions]` to `[n, answers]`; `questions` holds the number of answers of each question.
///
/// # Errors
/// [`Error::Torch`] for a wrong shape.
pub fn shares_and_totals(x: &Tensor, questions: &[usize]) -> Result<Tensor> {
    let answers: usize = questions.iter().sum();
    let mut start = 0;
    let mut all = Vec::with_capacity(questions.len());
    for (place, &count) in questions.iter().enumerate() {
        let shares = x.f_narrow(1, start, count as i64)?.f_softmax(1, None)?;
        let total = x.f_narrow(1, (answers + place) as i64, 1)?.f_clamp(TOTALS.0, TOTALS.1)?;
        all.push(shares.f_mul(&total.f_exp()?)?.f_clamp_min(LEAST)?);
        start += count as i64;
    }
    Ok(Tensor::f_cat(&all, 1)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;
    use zoobot_representation::space::{array, tensor};

    #[test]
    fn a_head_scales_features_as_the_galaxies_that_it_was_fitted_to() {
        let mut rng = StdRng::seed_from_u64(3);
        let mut features = Array2::from_shape_fn((60, 20), |(_, j)| {
            j as f32 + rng.random_range(-1.0..1.0_f32) * 0.1 * (j + 1) as f32
        });
        // A constant feature, a cosmic ray, and a damaged picture.
        features.column_mut(4).fill(1.5);
        features[[7, 2]] = 1e5;
        features.row_mut(11).mapv_inplace(|it| 1e3 * it);
        let scaling = Scaling::bounded(features.view());
        let identity = Tensor::eye(20, (Kind::Float, Device::Cpu));
        let zero = Tensor::zeros([20], (Kind::Float, Device::Cpu));
        let head = Head::of(&HeadConfig::numbers(20), &identity, &zero).unwrap();
        let head = head.standardised(&scaling).unwrap();
        let values = tensor(&features.mapv(f64::from)).unwrap().to_kind(Kind::Float);
        let found = head.scores(&values).unwrap().to_kind(Kind::Double);
        let (found, expected) = (array(&found, 60, 20).unwrap(), scaling.apply(features.view()));
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-4, "{found}, expected {expected}");
        }
        let narrow = Head::of(&HeadConfig::numbers(20), &identity.narrow(1, 0, 5), &zero).unwrap();
        assert!(narrow.standardised(&scaling).unwrap_err().to_string().contains("20"));
    }
}
