//! From pictures to posteriors, with one or more models and optional Monte Carlo dropout.

use super::{Columns, Posterior};
use crate::model::{Model, tensor_of};
use ndarray::{Array3, ArrayView2, Axis};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::path::Path;
use zoobot_base::error::{Error, Result};
use zoobot_base::seed::{self, mixed};
use zoobot_data::catalog::Catalog;
use zoobot_data::schema::Schema;
use zoobot_representation::encoder::{
    Encoder, Precision, Report, Rows, TableJob, array, encode_rows, nothing_readable,
};
use zoobot_representation::space::Space;

/// The number of galaxies whose features are in memory at once.
const PART: usize = 2048;

/// Models of the same schema that predict together: the posterior is the equal mixture of all members.
///
/// With [`passes`](Self::passes), each model is itself a mixture, of passes with dropout in its head (Monte
/// Carlo dropout: Gal and Ghahramani 2016, arXiv:1506.02142). The dropped features depend only on the seed,
/// the model's index and the galaxy's `id_str`, not on the other galaxies or the number of passes.
///
/// ```no_run
/// use zoobot_core::prelude::*;
/// let galaxies = Catalog::read("galaxies.csv")?;
/// let ensemble = Ensemble::new([Model::load("a")?, Model::load("b")?])?.passes(5);
/// assert_eq!(ensemble.members(), 10);
/// ensemble.posterior_to(&galaxies, "votes.fits", Columns::Advanced)?;
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Ensemble {
    models: Vec<Model>,
    /// The schema of the models.
    of_models: Schema,
    /// The schema of the posteriors.
    schema: Schema,
    passes: usize,
    seed: u64,
}

impl Ensemble {
    /// Combines models into an ensemble without dropout and with seed 0.
    ///
    /// # Errors
    /// [`Error::Empty`] for no models; [`Error::Unsuitable`] when a model does not predict votes, or schemas
    /// differ.
    pub fn new(models: impl IntoIterator<Item = Model>) -> Result<Self> {
        let models: Vec<Model> = models.into_iter().collect();
        let Some(first) = models.first() else {
            return Err(Error::empty("the ensemble has no models", "Give at least one"));
        };
        let schema = first.schema()?.clone();
        for other in &models {
            if *other.schema()? != schema {
                let problem = format!(
                    "the model {:?} predicts votes for {}, but the first model for {}",
                    other.encoder().name(),
                    other.schema()?.name(),
                    schema.name()
                );
                return Err(Error::unsuitable(problem, "Give models of the same schema"));
            }
        }
        Ok(Self { models, of_models: schema.clone(), schema, passes: 0, seed: seed::DEFAULT })
    }

    /// Sets the number of passes with dropout per model and galaxy; 0, the default, makes one pass without
    /// dropout.
    pub fn passes(mut self, passes: usize) -> Self {
        self.passes = passes;
        self
    }

    /// Reduces the posteriors to the questions of a schema, for a network of several campaigns. Default: all
    /// questions of the models.
    ///
    /// # Errors
    /// [`Error::Missing`] for a question or an answer that the models do not have; [`Error::Shape`] for a
    /// question with a different number of answers.
    pub fn of_schema(mut self, schema: &Schema) -> Result<Self> {
        self.of_models.places_of(schema)?;
        self.schema = schema.clone();
        Ok(self)
    }

    /// Sets the seed of the dropout. Default 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the precision that all encoders compute with.
    pub fn precision(mut self, precision: Precision) -> Self {
        self.models = self.models.into_iter().map(|it| it.with_precision(precision)).collect();
        self
    }

    /// The models.
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// The number of members of a posterior: models times passes.
    pub fn members(&self) -> usize {
        self.models.len() * self.passes.max(1)
    }

    /// The schema of the posteriors.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The posteriors of a catalogue's galaxies, in catalogue order, from as many views of each picture as each model takes
    /// ([`Model::with_views`]). Galaxies whose pictures cannot be read are left out and listed in [`Posterior::failed`].
    ///
    /// The whole posterior is held in memory. For catalogues that are too large for that, use
    /// [`posterior_to`](Self::posterior_to).
    ///
    /// # Errors
    /// [`Error::Interrupted`] when it was stopped; [`Error::Picture`] with the first reason when no picture
    /// could be read.
    pub fn posterior(&self, catalog: &Catalog) -> Result<Posterior> {
        let places = self.encoders()?;
        let none = vec![Rows::default(); places.encoders.len()];
        let (mut rows, mut parts, mut failed) = (none.clone(), Vec::new(), Vec::new());
        let mut keep = |rows: Vec<Rows>| -> Result<()> {
            failed.extend(rows[0].failed.iter().cloned());
            parts.push(self.part(&places, rows)?);
            Ok(())
        };
        encode_rows(&places.each(), catalog, 0, &mut |batch| {
            rows.iter_mut().zip(batch).for_each(|(all, some)| all.append(some));
            if rows[0].done >= PART {
                keep(std::mem::replace(&mut rows, none.clone()))?;
            }
            Ok(())
        })?;
        keep(rows)?;
        let posterior = Posterior::stacked(parts)?;
        if posterior.is_empty() {
            return Err(nothing_readable(&failed));
        }
        Ok(posterior.with_failed(failed.into()))
    }

    /// Like [`posterior`](Self::posterior), for galaxies that are already encoded by the encoder that all
    /// models share, in the number of views that the encoder was set to.
    ///
    /// # Errors
    /// As for [`Encoder::check`] when the space comes from another encoder or recipe.
    pub fn posterior_encoded(&self, space: &Space) -> Result<Posterior> {
        let each = self.models.iter().map(|model| {
            model.encoder().check(space)?;
            Ok(space.features())
        });
        self.of_features(space.ids().to_vec(), &each.collect::<Result<Vec<_>>>()?)
    }

    /// Writes predictions for a catalogue to a file. Its extension sets the format: `.parquet`, `.csv` or
    /// `.fits`. Memory use does not grow with the catalogue, and an interrupted call resumes when it is
    /// repeated.
    ///
    /// # Errors
    /// When the file cannot be written, which is checked before the work starts; [`Error::Unfinished`] when
    /// the work stopped early, with the place of the finished part.
    pub fn posterior_to(
        &self,
        catalog: &Catalog,
        out: impl AsRef<Path>,
        columns: Columns,
    ) -> Result<Report> {
        let out = out.as_ref();
        let (places, note) = (self.encoders()?, self.note(columns)?);
        let table = |rows| self.part(&places, rows)?.table(columns);
        TableJob::of_predictions(&places.each(), catalog, out, note, &table)?.write(out)
    }

    /// The provenance of a table of predictions, on one line.
    fn note(&self, columns: Columns) -> Result<String> {
        let model = |model: &Model| {
            let (name, fingerprint) = (model.encoder().name(), model.fingerprint()?);
            Ok(json!({ "name": name, "fingerprint": fingerprint }))
        };
        let note = json!({
            "models": self.models.iter().map(model).collect::<Result<Vec<_>>>()?,
            "schema": self.schema.name(),
            "table": columns,
            "passes": self.passes,
            "seed": self.seed,
            "version": env!("CARGO_PKG_VERSION"),
        });
        Ok(note.to_string())
    }

    /// The distinct encoders. Models that share an encoder, such as several heads on a frozen network, encode
    /// each picture once.
    fn encoders(&self) -> Result<Places> {
        let (mut encoders, mut marks) = (Vec::<Encoder>::new(), Vec::new());
        let mut of_model = Vec::new();
        for model in &self.models {
            let encoder = model.encoder().clone().with_views(model.views())?;
            let mark = encoder.mark()?;
            let known = marks.iter().position(|it| *it == mark);
            of_model.push(known.unwrap_or(encoders.len()));
            if known.is_none() {
                encoders.push(encoder);
                marks.push(mark);
            }
        }
        Ok(Places { encoders, of_model })
    }

    /// The posterior of encoded rows, given for each encoder.
    fn part(&self, places: &Places, mut rows: Vec<Rows>) -> Result<Posterior> {
        let ids = std::mem::take(&mut rows[0].ids);
        let features: Vec<_> = places
            .encoders
            .iter()
            .zip(rows)
            .map(|(encoder, rows)| array(rows.features, (ids.len(), encoder.width())))
            .collect::<Result<_>>()?;
        let each: Vec<_> = places.of_model.iter().map(|place| features[*place].view()).collect();
        self.of_features(ids, &each)
    }

    /// The posterior of features, given for each model.
    fn of_features(&self, ids: Vec<String>, features: &[ArrayView2<f32>]) -> Result<Posterior> {
        let each =
            self.models.iter().zip(features).enumerate().map(|(place, (model, features))| {
                let seed = mixed(self.seed, place as u64);
                let concentrations = self.concentrations(model, &ids, *features, seed)?;
                let posterior = Posterior::new(&self.of_models, ids.clone(), concentrations)?;
                model.recalibration().map_or(Ok(posterior.clone()), |it| it.apply(&posterior))
            });
        let mixture = Posterior::mixture(&each.collect::<Result<Vec<_>>>()?)?;
        let simulated = self.models.iter().flat_map(|it| it.simulated().iter().cloned());
        let simulated: BTreeSet<String> = simulated.collect();
        let mixture = mixture.with_simulated(simulated.into_iter().collect());
        if self.schema == self.of_models { Ok(mixture) } else { mixture.of_schema(&self.schema) }
    }

    /// A model's concentrations, `[galaxies, answers, passes]`.
    fn concentrations(
        &self,
        model: &Model,
        ids: &[String],
        features: ArrayView2<f32>,
        seed: u64,
    ) -> Result<Array3<f64>> {
        let (galaxies, width) = features.dim();
        let shape = (galaxies, model.head().outputs as usize, self.passes.max(1));
        let features = tensor_of(features)?;
        if self.passes == 0 {
            return Ok(model.outputs(&features, None)?.insert_axis(Axis(2)));
        }
        let mut concentrations = Array3::zeros(shape);
        for (row, id) in ids.iter().enumerate() {
            let galaxy = features.f_narrow(0, row as i64, 1)?;
            let galaxy = galaxy.f_expand([self.passes as i64, width as i64], false)?;
            let passes = model.outputs(&galaxy, Some(mixed(seed, number(id))))?;
            concentrations.index_axis_mut(Axis(0), row).assign(&passes.t());
        }
        Ok(concentrations)
    }
}

/// The distinct encoders of an ensemble, and the index of each model's encoder.
struct Places {
    encoders: Vec<Encoder>,
    of_model: Vec<usize>,
}

impl Places {
    fn each(&self) -> Vec<&Encoder> {
        self.encoders.iter().collect()
    }
}

/// A number that depends only on a galaxy's name.
fn number(id: &str) -> u64 {
    let hash = Sha256::digest(id);
    hash.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

impl Model {
    /// The posteriors of a catalogue's galaxies: see [`Ensemble::posterior`].
    ///
    /// # Errors
    /// [`Error::Unsuitable`] when the model does not predict votes; otherwise as for [`Ensemble::posterior`].
    pub fn posterior(&self, catalog: &Catalog) -> Result<Posterior> {
        Ensemble::new([self.clone()])?.posterior(catalog)
    }

    /// The posteriors of galaxies that are already encoded: see [`Ensemble::posterior_encoded`].
    ///
    /// # Errors
    /// [`Error::Unsuitable`] when the model does not predict votes; otherwise as for
    /// [`Ensemble::posterior_encoded`].
    pub fn posterior_encoded(&self, space: &Space) -> Result<Posterior> {
        Ensemble::new([self.clone()])?.posterior_encoded(space)
    }
}

#[cfg(test)]
mod tests;
