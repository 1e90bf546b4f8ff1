//! A model: an encoder, the head that was trained on it, and what the head's numbers stand for.

mod folder;

use crate::predict::Recalibration;
use crate::train::{Head, HeadConfig, Output, Trained};
use ndarray::{Array1, Array2};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tch::{Kind, Tensor};
use zoobot_base::advice::advice;
use zoobot_base::error::{Error, Result};
use zoobot_data::schema::Schema;
use zoobot_picture::Stretch;
use zoobot_representation::encoder::{Encoder, Precision, shipped};
use zoobot_representation::probe::scaling::Scaling;
use zoobot_show::notebook::{Bundle, Show};

/// What the numbers that leave a head stand for.
#[derive(Debug, Clone, PartialEq)]
pub enum Labels {
    /// Answers of volunteers: one concentration for each answer of the schema.
    Votes(Schema),
    /// Classes by name, one score for each.
    Classes(Vec<String>),
    /// Quantities by name, one number for each.
    Values(Vec<String>),
}

/// An encoder with a head.
///
/// ```no_run
/// use zoobot_core::prelude::*;
/// let model = Model::load("my-model")?;
/// let posterior = model.posterior(&Catalog::read("galaxies.csv")?)?;
/// posterior.advanced()?;
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Model {
    encoder: Encoder,
    /// A copy on the CPU: a head is small.
    head: Arc<Mutex<Head>>,
    config: HeadConfig,
    labels: Labels,
    recalibration: Option<Recalibration>,
}

impl Model {
    /// A model of an encoder and a head, whose weights are copied.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the head takes another number of features than the encoder gives, or
    /// its outputs are not as many, or not of the kind, that the labels need: concentrations for
    /// votes, scores for classes, numbers or shares for values.
    pub fn new(encoder: Encoder, head: &Head, labels: Labels) -> Result<Self> {
        let config = head.config().clone();
        if head.width() != encoder.width() {
            let expected = format!("{}, which {} gives", encoder.width(), encoder.name());
            return Err(Error::invalid("features that the head takes", head.width(), expected));
        }
        labels.check(&config)?;
        let head = Arc::new(Mutex::new(head.detached()?));
        Ok(Self { encoder, head, config, labels, recalibration: None })
    }

    /// Reads a model folder: an encoder's, with the head beside it. `"sample"` is the one that travels
    /// inside this library.
    ///
    /// # Errors
    /// [`Error::Weights`] when the folder holds an encoder only, a file of the head is missing or
    /// damaged, or the head belongs to another encoder; else as [`Encoder::load`].
    pub fn load(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        if folder.as_os_str() == shipped::NAME {
            return folder::read(&shipped::folder()?);
        }
        folder::read(folder)
    }

    /// Writes a model folder. timm reads the encoder in it as before
    /// (`timm.create_model("local-dir:FOLDER", pretrained=True)`).
    ///
    /// | file | what it holds |
    /// |---|---|
    /// | `config.json`, `model.safetensors`, `recipe.json`, `card.json` | the encoder: [`Encoder::save`] |
    /// | `head.safetensors` | the head's `weight`, `[outputs, features]`, and `bias` |
    /// | `head.json` | its [`HeadConfig`], names of classes or values, the encoder's fingerprint |
    /// | `schema.json` | the questions of volunteers, for a head of votes |
    /// | `recalibration.json` | the [`Recalibration`], where there is one |
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Torch`] when a file cannot be written.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<()> {
        folder::write(self, folder.as_ref())
    }

    /// The model with its encoder [`rounded`](Encoder::rounded), for a folder of half the size.
    ///
    /// # Errors
    /// [`Error::Torch`] when memory is short.
    pub fn rounded(mut self) -> Result<Self> {
        self.encoder = self.encoder.rounded()?;
        Ok(self)
    }

    /// The model whose every weight is the mean of these models': [`Encoder::average`]. It is not
    /// recalibrated, whether they were or not.
    ///
    /// # Errors
    /// [`Error::Invalid`] for none, for models of other labels or heads, and as
    /// [`Encoder::average`].
    pub fn average(models: &[&Self]) -> Result<Self> {
        let encoders: Vec<&Encoder> = models.iter().map(|it| &it.encoder).collect();
        let encoder = Encoder::average(&encoders)?;
        let first = models[0];
        let mut sums: HashMap<String, Tensor> = HashMap::new();
        for model in models {
            if model.labels != first.labels || model.config != first.config {
                let expected = format!("those of {}", first.encoder.name());
                return Err(Error::invalid("labels and head", model.encoder.name(), expected));
            }
            let head = model.head.lock().unwrap_or_else(PoisonError::into_inner).detached()?;
            for (name, value) in head.variables() {
                let sum =
                    sums.get(&name).map_or(Ok(value.shallow_clone()), |it| it.f_add(&value))?;
                sums.insert(name, sum);
            }
        }
        let mean = |name: &str| {
            let sum = sums.get(name).ok_or_else(|| Error::invalid("head", "no variable", name))?;
            Ok::<_, Error>(sum.f_div_scalar(models.len() as f64)?)
        };
        let mut head = Head::of(&first.config, &mean("weight")?, &mean("bias")?)?;
        if let Some(limit) = first.config.limit {
            let row = |name| -> Result<Array1<f64>> {
                Ok(Vec::try_from(mean(name)?.f_to_kind(Kind::Double)?)?.into())
            };
            let (mean, scale) = (row("mean")?, row("scale")?);
            head = head.standardised(&Scaling { mean, scale, limit })?;
        }
        Self::new(encoder, &head, first.labels.clone())
    }

    /// The encoder.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// The settings of the head.
    pub fn head(&self) -> &HeadConfig {
        &self.config
    }

    /// The same model by another name.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.encoder = self.encoder.named(name);
        self
    }

    /// What the head's numbers stand for.
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// The schema of the votes that it predicts.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a model of classes or values.
    pub fn schema(&self) -> Result<&Schema> {
        match &self.labels {
            Labels::Votes(schema) => Ok(schema),
            Labels::Classes(_) => Err(self.no_votes("classes")),
            Labels::Values(_) => Err(self.no_votes("values")),
        }
    }

    fn no_votes(&self, found: &str) -> Error {
        let value = format!("{:?}, a model of {found}", self.encoder.name());
        let instead = advice(
            "model.predict(&galaxies) gives what this one predicts",
            "zoobot predict writes what this one predicts",
        );
        let expected = format!("a model of votes: only those have posteriors ({instead})");
        Error::invalid("the model", value, expected)
    }

    /// The correction that its posteriors get, where there is one.
    pub fn recalibration(&self) -> Option<&Recalibration> {
        self.recalibration.as_ref()
    }

    /// The same model with its posteriors corrected, or no longer corrected.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it was fitted on another schema's votes.
    pub fn with_recalibration(mut self, recalibration: Option<Recalibration>) -> Result<Self> {
        if let Some(found) = &recalibration {
            let schema = self.schema()?;
            if found.schema() != schema {
                let expected = format!("{}, as the model's", schema.name());
                let name = found.schema().name();
                return Err(Error::invalid("schema of the recalibration", name, expected));
            }
        }
        self.recalibration = recalibration;
        Ok(self)
    }

    /// The same model with another stretch for the flux of FITS pictures: [`Encoder::stretch`]. It was
    /// trained with the one that it comes with.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the stretch is out of range.
    pub fn stretch(mut self, stretch: Stretch) -> Result<Self> {
        self.encoder = self.encoder.stretch(stretch)?;
        Ok(self)
    }

    /// The same model with its encoder computing with other numbers.
    pub fn with_precision(mut self, precision: Precision) -> Self {
        self.encoder = self.encoder.with_precision(precision);
        self
    }

    /// What the head makes of features. With a seed some of them are left out at random, as
    /// [`Head::forward`] has it.
    ///
    /// # Shapes
    /// `[n, features]` to `[n, outputs]`, on the CPU.
    ///
    /// # Errors
    /// [`Error::Invalid`] for another number of features.
    pub fn outputs(&self, features: &Tensor, seed: Option<u64>) -> Result<Array2<f64>> {
        let head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        let out = tch::no_grad(|| head.forward(features, seed))?;
        let shape = (out.size()[0] as usize, self.config.outputs as usize);
        let values = out.f_to_kind(Kind::Double)?.f_contiguous()?.f_flatten(0, -1)?;
        let values = Array2::from_shape_vec(shape, Vec::try_from(values)?);
        values.map_err(|error| Error::invalid("outputs", error, format!("{shape:?}")))
    }

    /// The head, on the CPU.
    ///
    /// # Errors
    /// [`Error::Torch`] when memory is short.
    pub(crate) fn own_head(&self) -> Result<Head> {
        self.head.lock().unwrap_or_else(PoisonError::into_inner).detached()
    }

    /// What leaves the head's linear layer, differentiable to the features.
    ///
    /// # Errors
    /// [`Error::Torch`] for another number of features.
    pub(crate) fn scores(&self, features: &Tensor) -> Result<Tensor> {
        let head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        head.scores(&features.f_to_device(tch::Device::Cpu)?)
    }

    /// The names of the head's outputs: classes, values, or a schema's answers.
    pub(crate) fn names(&self) -> Vec<String> {
        match &self.labels {
            Labels::Votes(schema) => schema.columns(),
            Labels::Classes(names) | Labels::Values(names) => names.clone(),
        }
    }

    /// SHA-256 of all that its predictions depend on beside the pictures and their preparation:
    /// encoder, head, labels and recalibration.
    ///
    /// # Errors
    /// [`Error::Torch`] when memory is short.
    pub fn fingerprint(&self) -> Result<String> {
        let mut hash = Sha256::new();
        hash.update(self.encoder.fingerprint());
        hash.update(serde_json::to_vec(&folder::Description::of(self))?);
        if let Labels::Votes(schema) = &self.labels {
            hash.update(schema.to_json());
        }
        hash.update(serde_json::to_vec(&self.recalibration)?);
        for (name, tensor) in self.variables()? {
            let values: Vec<f32> = Vec::try_from(tensor.f_to_kind(Kind::Float)?.f_flatten(0, -1)?)?;
            hash.update(name);
            values.iter().for_each(|value| hash.update(value.to_le_bytes()));
        }
        Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The head's variables, on the CPU.
    pub(crate) fn variables(&self) -> Result<Vec<(String, Tensor)>> {
        let head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        let whole = |(name, tensor): (String, Tensor)| Ok((name, tensor.f_contiguous()?));
        head.variables().into_iter().map(whole).collect()
    }
}

impl Labels {
    fn check(&self, config: &HeadConfig) -> Result<()> {
        let (count, of, kinds): (_, _, &[Output]) = match self {
            Self::Votes(schema) => {
                let kinds = &[Output::Concentrations, Output::Dirichlet];
                (schema.width(), "answers", kinds)
            }
            Self::Classes(names) => (names.len(), "classes", &[Output::Scores]),
            Self::Values(names) => {
                let kinds = &[Output::Numbers, Output::Shares, Output::Chances];
                (names.len(), "values", kinds)
            }
        };
        if !kinds.contains(&config.output) {
            let value = format!("{:?}", config.output);
            return Err(Error::invalid("output of the head", value, format!("{kinds:?} for {of}")));
        }
        if config.outputs != count as i64 {
            let expected = format!("{count}, one for each of the {of}");
            return Err(Error::invalid("outputs of the head", config.outputs, expected));
        }
        Ok(())
    }

    /// The names that no schema holds.
    fn names(&self) -> &[String] {
        match self {
            Self::Votes(_) => &[],
            Self::Classes(names) | Self::Values(names) => names,
        }
    }
}

impl Trained {
    /// The encoder with the head, which predicts votes, by a name of its own.
    ///
    /// # Errors
    /// [`Error::Torch`] when memory is short.
    pub fn model(&self, name: &str) -> Result<Model> {
        Model::new(self.encoder(name)?, self.head(), Labels::Votes(self.schema().clone()))
    }
}

impl Show for Model {
    fn show(&self) -> Bundle {
        let what = match &self.labels {
            Labels::Votes(schema) => {
                format!("votes for {} ({} answers)", schema.name(), schema.width())
            }
            Labels::Classes(names) => format!("{} classes: {}", names.len(), names.join(", ")),
            Labels::Values(names) => format!("values: {}", names.join(", ")),
        };
        let corrected = if self.recalibration.is_some() { ", recalibrated" } else { "" };
        let encoder = &self.encoder;
        let (name, width) = (encoder.architecture().name(), encoder.width());
        Bundle::plain(format!(
            "{}: {what}{corrected}, on {width} features by {name}",
            encoder.name()
        ))
    }
}

#[cfg(test)]
#[doc(hidden)]
pub mod tests;
