//! What is put on an encoder's features: dropout, one linear layer, and the meaning of its output.

use crate::error::{Error, Result};
use crate::generator;
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};
use tch::nn::{self, Module};
use tch::{Device, Tensor};

/// What the numbers that leave a head mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// Dirichlet concentrations of answers, 1 to 101: [`concentrations`].
    Concentrations,
    /// Scores of classes, whose softmax are probabilities.
    Scores,
    /// Any number.
    Numbers,
    /// A number from 0 to 1.
    Shares,
    /// The probability of each of several things that may be true together.
    Chances,
}

/// The settings of a [`Head`], as a model folder's `head.json` keeps them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeadConfig {
    /// How many numbers come out: answers, classes, or values.
    pub outputs: i64,
    /// What they mean.
    pub output: Output,
    /// The share of features left out at random in training, 0 to below 1.
    pub dropout: f64,
}

impl HeadConfig {
    /// Concentrations for so many answers, with dropout 0.2.
    pub fn concentrations(answers: usize) -> Self {
        Self { outputs: answers as i64, output: Output::Concentrations, dropout: 0.2 }
    }

    /// Scores for so many classes, with dropout 0.5.
    pub fn scores(classes: usize) -> Self {
        Self { outputs: classes as i64, output: Output::Scores, dropout: 0.5 }
    }

    /// So many numbers, with dropout 0.5.
    pub fn numbers(values: usize) -> Self {
        Self { outputs: values as i64, output: Output::Numbers, dropout: 0.5 }
    }

    /// The probabilities of so many things that may be true together, with dropout 0.5.
    pub fn chances(things: usize) -> Self {
        Self { outputs: things as i64, output: Output::Chances, dropout: 0.5 }
    }

    /// Sets the share of features left out at random.
    pub fn dropout(mut self, dropout: f64) -> Self {
        self.dropout = dropout;
        self
    }

    /// A head on `features` numbers, its variables `weight` and `bias` below `path`, with random
    /// weights that the seed decides.
    ///
    /// # Errors
    /// [`Error::Invalid`] for no feature, no output, or a dropout outside 0 to below 1.
    pub fn build(&self, path: &nn::Path, features: i64, seed: u64) -> Result<Head> {
        for (name, value) in [("features of a head", features), ("outputs", self.outputs)] {
            if value < 1 {
                return Err(Error::invalid(name, value, "at least 1"));
            }
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return Err(Error::invalid("dropout", self.dropout, "0 to below 1"));
        }
        let draw = || nn::linear(path, features, self.outputs, nn::LinearConfig::default());
        let linear = generator::seeded(seed, draw);
        Ok(Head { linear, config: self.clone() })
    }
}

/// Dropout, a linear layer, and what makes its output what it means.
#[derive(Debug)]
pub struct Head {
    linear: nn::Linear,
    config: HeadConfig,
}

impl Head {
    /// Its settings.
    pub fn config(&self) -> &HeadConfig {
        &self.config
    }

    /// A head of these weights, `[outputs, features]`, and biases, `[outputs]`, as it is used.
    ///
    /// # Errors
    /// [`Error::Invalid`] for weights of another shape.
    pub(crate) fn of(config: &HeadConfig, weight: &Tensor, bias: &Tensor) -> Result<Self> {
        let (shape, biases) = (weight.size(), bias.size());
        if shape.len() != 2 || shape[0] != config.outputs || biases != [config.outputs] {
            let expected = format!("[{0}, features] and [{0}]", config.outputs);
            return Err(Error::invalid("weights", format!("{shape:?} and {biases:?}"), expected));
        }
        let linear = nn::Linear { ws: weight.f_detach()?, bs: Some(bias.f_detach()?) };
        Ok(Self { linear, config: config.clone() })
    }

    /// Takes the weights of another, of the same shape.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a head of another number of features or outputs.
    pub(crate) fn become_like(&mut self, other: &Self) -> Result<()> {
        let (own, others) = (self.linear.ws.size(), other.linear.ws.size());
        if own != others {
            return Err(Error::invalid(
                "shape of a head",
                format!("{others:?}"),
                format!("{own:?}"),
            ));
        }
        tch::no_grad(|| {
            self.linear.ws.f_copy_(&other.linear.ws)?;
            if let (Some(own), Some(other)) = (&mut self.linear.bs, &other.linear.bs) {
                own.f_copy_(other)?;
            }
            Ok(())
        })
    }

    /// The number of features it takes.
    pub fn width(&self) -> usize {
        self.linear.ws.size()[1] as usize
    }

    /// Its variables: `weight`, `[outputs, features]`, and `bias`, `[outputs]`.
    pub fn variables(&self) -> Vec<(String, Tensor)> {
        let bias = self.linear.bs.as_ref().map(|bias| ("bias".to_owned(), bias.shallow_clone()));
        let weight = ("weight".to_owned(), self.linear.ws.shallow_clone());
        std::iter::once(weight).chain(bias).collect()
    }

    /// A copy on the CPU that no training changes.
    ///
    /// # Errors
    /// [`Error::Torch`] when memory is short.
    pub fn detached(&self) -> Result<Self> {
        let copy = |tensor: &Tensor| tensor.f_detach_copy()?.f_to_device(Device::Cpu);
        let linear = nn::Linear {
            ws: copy(&self.linear.ws)?,
            bs: self.linear.bs.as_ref().map(copy).transpose()?,
        };
        Ok(Self { linear, config: self.config.clone() })
    }

    /// What leaves the linear layer, before it is made what it means; differentiable to the features.
    ///
    /// # Shapes
    /// `[n, features]` to `[n, outputs]`.
    ///
    /// # Errors
    /// [`Error::Torch`] for another shape.
    pub(crate) fn scores(&self, features: &Tensor) -> Result<Tensor> {
        let features = features.f_to_kind(self.linear.ws.kind())?;
        Ok(features.f_linear(&self.linear.ws, self.linear.bs.as_ref())?)
    }

    /// The output for features. With a seed some of them are left out at random, as in training and
    /// in each pass of a Monte Carlo estimate: the same seed leaves out the same.
    ///
    /// # Shapes
    /// `[n, features]` to `[n, outputs]`, float32 even for half-precision features: concentrations
    /// need its range.
    ///
    /// # Errors
    /// [`Error::Invalid`] for another shape.
    pub fn forward(&self, features: &Tensor, seed: Option<u64>) -> Result<Tensor> {
        let shape = features.size();
        let width = self.linear.ws.size()[1];
        if shape.len() != 2 || shape[1] != width {
            let value = format!("{shape:?}");
            return Err(Error::invalid("shape of features", value, format!("[n, {width}]")));
        }
        let mut features = features.f_to_kind(self.linear.ws.kind())?;
        if let Some(seed) = seed.filter(|_| self.config.dropout > 0.0) {
            features = features.f_mul(&self.mask(&features, seed)?)?;
        }
        let out = self.linear.forward(&features);
        match self.config.output {
            Output::Concentrations => concentrations(&out),
            Output::Scores | Output::Numbers => Ok(out),
            Output::Shares | Output::Chances => Ok(out.f_sigmoid()?),
        }
    }
}

impl Head {
    /// 0 for what is left out; the rest makes up for it. libtorch's generator is shared by all that
    /// happens in a process, so it is not asked: two runs side by side do not disturb each other.
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

/// Dirichlet concentrations from what leaves a linear layer: 100 · sigmoid(x) + 1, as Zoobot has it.
/// No answer is ever ruled out, and none surer than a hundred votes would make it.
///
/// # Errors
/// [`Error::Torch`] when memory is short.
pub fn concentrations(x: &Tensor) -> Result<Tensor> {
    Ok(x.f_sigmoid()? * 100.0 + 1.0)
}
