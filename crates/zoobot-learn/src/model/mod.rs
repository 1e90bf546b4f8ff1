//! A model: an encoder, the head that was trained on it, and the labels of the head's outputs.

mod folder;

use crate::predict::Recalibration;
use crate::train::{Head, HeadConfig, Output, Trained};
use ndarray::{Array1, Array2, ArrayView2};
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

/// What the outputs of a head mean.
#[derive(Debug, Clone, PartialEq)]
pub enum Labels {
    /// Volunteers' votes: one concentration for each answer of the schema.
    Votes(Schema),
    /// Named classes, with one score each.
    Classes(Vec<String>),
    /// Named quantities, with one number each.
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
    /// A copy on the CPU, since a head is small.
    head: Arc<Mutex<Head>>,
    config: HeadConfig,
    labels: Labels,
    recalibration: Option<Recalibration>,
    /// The questions that were learned from simulated votes alone.
    simulated: Vec<String>,
    /// The number of views of each picture that posteriors take.
    views: usize,
}

impl Model {
    /// Combines an encoder and a head, whose weights are copied.
    ///
    /// # Errors
    /// [`Error::Shape`] when the head takes more or fewer features than the encoder gives, or has more or
    /// fewer outputs than there are labels; [`Error::Unsuitable`] when its outputs do not fit the labels:
    /// votes need concentrations, classes need scores, values need numbers, shares or probabilities.
    pub fn new(encoder: Encoder, head: &Head, labels: Labels) -> Result<Self> {
        let config = head.config().clone();
        if head.width() != encoder.width() {
            let problem = format!(
                "the head takes {} features, but {} gives {}",
                head.width(),
                encoder.name(),
                encoder.width()
            );
            return Err(Error::shape(problem, "Give a head that was trained on this encoder"));
        }
        labels.check(&config)?;
        let head = Arc::new(Mutex::new(head.detached()?));
        let (recalibration, simulated) = (None, Vec::new());
        Ok(Self { encoder, head, config, labels, recalibration, simulated, views: 1 })
    }

    /// Reads a model folder: an encoder folder that also holds a head. `"sample"` is the model that comes
    /// with this library.
    ///
    /// # Errors
    /// [`Error::Weights`] when the folder holds only an encoder, a file of the head is missing or damaged, or
    /// the head belongs to another encoder; otherwise as for [`Encoder::load`].
    pub fn load(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        if folder.as_os_str() == shipped::NAME {
            return folder::read(&shipped::folder()?);
        }
        folder::read(folder)
    }

    /// Writes a model folder. timm can still read the encoder in it (`timm.create_model("local-dir:FOLDER",
    /// pretrained=True)`).
    ///
    /// | file | what it holds |
    /// |---|---|
    /// | `config.json`, `model.safetensors`, `recipe.json`, `card.json` | the encoder: [`Encoder::save`] |
    /// | `head.safetensors` | the head's `weight`, `[outputs, features]`, and `bias` |
    /// | `head.json` | its [`HeadConfig`], names of classes or values, the encoder's fingerprint |
    /// | `schema.json` | the volunteers' questions, for a head of votes |
    /// | `recalibration.json` | the [`Recalibration`], if there is one |
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Torch`] when a file cannot be written.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<()> {
        folder::write(self, folder.as_ref())
    }

    /// Rounds the encoder's weights ([`rounded`](Encoder::rounded)), which halves the size of the folder.
    ///
    /// # Errors
    /// [`Error::Torch`] when memory runs out.
    pub fn rounded(mut self) -> Result<Self> {
        self.encoder = self.encoder.rounded()?;
        Ok(self)
    }

    /// Averages the weights of several models: see [`Encoder::average`]. The average is not recalibrated,
    /// even if the models were.
    ///
    /// # Errors
    /// [`Error::Unsuitable`] when labels or heads differ; otherwise as for [`Encoder::average`].
    pub fn average(models: &[&Self]) -> Result<Self> {
        let encoders: Vec<&Encoder> = models.iter().map(|it| &it.encoder).collect();
        let encoder = Encoder::average(&encoders)?;
        let first = models[0];
        let mut sums: HashMap<String, Tensor> = HashMap::new();
        for model in models {
            if model.labels != first.labels || model.config != first.config {
                let problem = format!(
                    "the model {:?} differs from {:?} in its labels or head",
                    model.encoder.name(),
                    first.encoder.name()
                );
                return Err(Error::unsuitable(
                    problem,
                    "Average models that were trained on the same labels",
                ));
            }
            let head = model.head.lock().unwrap_or_else(PoisonError::into_inner).detached()?;
            for (name, value) in head.variables() {
                let sum =
                    sums.get(&name).map_or(Ok(value.shallow_clone()), |it| it.f_add(&value))?;
                sums.insert(name, sum);
            }
        }
        let mean = |name: &str| {
            let sum = sums.get(name);
            let sum = sum.ok_or_else(|| Error::Internal(format!("a head without a {name}")))?;
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
        Self::new(encoder, &head, first.labels.clone())?
            .with_simulated(first.simulated.clone())?
            .with_views(first.views)
    }

    /// The encoder.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// The configuration of the head.
    pub fn head(&self) -> &HeadConfig {
        &self.config
    }

    /// Renames the model.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.encoder = self.encoder.named(name);
        self
    }

    /// What the outputs of the head mean.
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// The schema of the votes that the model predicts.
    ///
    /// # Errors
    /// [`Error::Unsuitable`] for a model of classes or values.
    pub fn schema(&self) -> Result<&Schema> {
        match &self.labels {
            Labels::Votes(schema) => Ok(schema),
            Labels::Classes(_) => Err(self.no_votes("classes")),
            Labels::Values(_) => Err(self.no_votes("values")),
        }
    }

    fn no_votes(&self, found: &str) -> Error {
        let name = self.encoder.name();
        let problem = format!(
            "the model {name:?} predicts {found}, and only models of votes have posteriors"
        );
        let hint = advice(
            "model.predict(&galaxies) gives its predictions",
            "`zoobot predict` writes its predictions",
        );
        Error::unsuitable(problem, hint)
    }

    /// The correction of the posteriors, if there is one.
    pub fn recalibration(&self) -> Option<&Recalibration> {
        self.recalibration.as_ref()
    }

    /// Sets or removes the correction of the posteriors.
    ///
    /// # Errors
    /// [`Error::Unsuitable`] when the correction was fitted on another schema's votes.
    pub fn with_recalibration(mut self, recalibration: Option<Recalibration>) -> Result<Self> {
        if let Some(found) = &recalibration {
            let schema = self.schema()?;
            if found.schema() != schema {
                let problem = format!(
                    "the recalibration is for {}, but the model predicts {}",
                    found.schema().name(),
                    schema.name()
                );
                let hint = "Fit a recalibration to the model's own predictions";
                return Err(Error::unsuitable(problem, hint));
            }
        }
        self.recalibration = recalibration;
        Ok(self)
    }

    /// The questions that were learned from simulated votes alone, so that real votes may differ from their
    /// posteriors.
    pub fn simulated(&self) -> &[String] {
        &self.simulated
    }

    /// Sets the questions that were learned from simulated votes alone.
    ///
    /// # Errors
    /// [`Error::Missing`] for a question that the schema does not have; [`Error::Unsuitable`] for questions of
    /// a model that does not predict votes.
    pub fn with_simulated(mut self, questions: Vec<String>) -> Result<Self> {
        for question in &questions {
            self.schema()?.question(question)?;
        }
        self.simulated = questions;
        Ok(self)
    }

    /// Takes the questions of a schema off the list of those that were learned from simulated votes alone,
    /// after they were fitted to real ones.
    pub fn not_simulated(mut self, schema: &Schema) -> Self {
        self.simulated.retain(|it| schema.question(it).is_err());
        self
    }

    /// The number of views of each picture whose features are averaged for posteriors ([`Encoder::with_views`]). Default 1.
    pub fn views(&self) -> usize {
        self.views
    }

    /// Sets the number of views of each picture, 1 to 8. Set the number that the head was fitted to: see
    /// [`refit`](Self::refit).
    ///
    /// # Errors
    /// [`Error::Parameter`] for another number.
    pub fn with_views(mut self, views: usize) -> Result<Self> {
        self.encoder.clone().with_views(views)?;
        self.views = views;
        Ok(self)
    }

    /// Changes the stretch for the flux of FITS pictures: see [`Encoder::stretch`]. The model was trained
    /// with its original stretch.
    ///
    /// # Errors
    /// [`Error::Parameter`] when the stretch is out of range.
    pub fn stretch(mut self, stretch: Stretch) -> Result<Self> {
        self.encoder = self.encoder.stretch(stretch)?;
        Ok(self)
    }

    /// Sets the precision that the encoder computes with.
    pub fn with_precision(mut self, precision: Precision) -> Self {
        self.encoder = self.encoder.with_precision(precision);
        self
    }

    /// The outputs of the head for features. With a seed, dropout is on, as in [`Head::forward`].
    ///
    /// # Shapes
    /// `[n, features]` to `[n, outputs]`, on the CPU.
    ///
    /// # Errors
    /// [`Error::Shape`] when the head takes more or fewer features.
    pub fn outputs(&self, features: &Tensor, seed: Option<u64>) -> Result<Array2<f64>> {
        let head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        let out = tch::no_grad(|| head.forward(features, seed))?;
        array_of(&out)
    }

    /// The head, on the CPU.
    ///
    /// # Errors
    /// [`Error::Torch`] when memory runs out.
    pub(crate) fn own_head(&self) -> Result<Head> {
        self.head.lock().unwrap_or_else(PoisonError::into_inner).detached()
    }

    /// The outputs of the head's linear layer, differentiable with respect to the features.
    ///
    /// # Errors
    /// [`Error::Torch`] for a wrong number of features.
    pub(crate) fn scores(&self, features: &Tensor) -> Result<Tensor> {
        let head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        head.scores(&features.f_to_device(tch::Device::Cpu)?)
    }

    /// The names of the outputs: classes, values, or a schema's answers.
    pub(crate) fn names(&self) -> Vec<String> {
        match &self.labels {
            Labels::Votes(schema) => schema.columns(),
            Labels::Classes(names) | Labels::Values(names) => names.clone(),
        }
    }

    /// The SHA-256 hash of all that determines predictions, apart from the pictures and their preparation:
    /// encoder, head, labels and recalibration.
    ///
    /// # Errors
    /// [`Error::Torch`] when memory runs out.
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

/// Features, `[galaxies, features]`, as a tensor.
pub(crate) fn tensor_of(features: ArrayView2<f32>) -> Result<Tensor> {
    let (galaxies, width) = features.dim();
    let flat: Vec<f32> = features.iter().copied().collect();
    Ok(Tensor::f_from_slice(&flat)?.f_view([galaxies as i64, width as i64])?)
}

/// The outputs of a head, `[galaxies, outputs]`, as an array.
fn array_of(outputs: &Tensor) -> Result<Array2<f64>> {
    let (galaxies, width) = outputs.size2()?;
    let values = outputs.f_to_kind(Kind::Double)?.f_contiguous()?.f_flatten(0, -1)?;
    let values =
        Array2::from_shape_vec((galaxies as usize, width as usize), Vec::try_from(values)?);
    values.map_err(Error::internal("the outputs do not fill their table"))
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
            let problem = format!("the head gives {:?}, which cannot be {of}", config.output);
            return Err(Error::unsuitable(problem, format!("Give a head of one of {kinds:?}")));
        }
        if config.outputs != count as i64 {
            let problem =
                format!("the head has {} outputs, but the labels need {count}", config.outputs);
            return Err(Error::shape(problem, "Give a head with one output for each label"));
        }
        Ok(())
    }

    /// The names of classes or values; empty for votes, whose names are in the schema.
    fn names(&self) -> &[String] {
        match self {
            Self::Votes(_) => &[],
            Self::Classes(names) | Self::Values(names) => names,
        }
    }
}

impl Trained {
    /// The trained encoder and head as a named model that predicts votes.
    ///
    /// # Errors
    /// [`Error::Torch`] when memory runs out.
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
