//! Predictions of class, number and label models for the galaxies of a catalogue.

use super::encoded::each_view;
use super::predicted::Predicted;
use crate::model::{Model, tensor_of};
use crate::train::Output;
use ndarray::{Array2, ArrayView2, Axis};
use polars::prelude::DataFrame;
use std::path::Path;
use tch::Tensor;
use zoobot_base::error::Result;
use zoobot_data::catalog::Catalog;
use zoobot_data::picture::Augment;
use zoobot_representation::encoder::{Report, Rows, TableJob, array};
use zoobot_representation::space::Space;

impl Model {
    /// Predicts the classes, labels or numbers of a catalogue's galaxies, in catalogue order. Galaxies whose
    /// pictures cannot be read are left out: see [`failed`](Predicted::failed).
    ///
    /// ```no_run
    /// use zoobot_core::prelude::*;
    /// let galaxies = Catalog::read("rings/test.csv")?;
    /// let predicted = Model::load("rings-model")?.predict(&galaxies)?;
    /// predicted.against(&galaxies, "ring")?.accuracy()?;
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Unsuitable`] for a model of votes; otherwise as for
    /// [`Encoder::encode`](zoobot_representation::encoder::Encoder::encode).
    pub fn predict(&self, catalog: &Catalog) -> Result<Predicted> {
        // Fails for an unsuitable model before any picture is read.
        Predicted::new(self, Vec::new(), Array2::zeros((0, 0)))?;
        let space = self.encoder().encode(catalog)?;
        let mut predicted = self.predict_encoded(&space)?;
        predicted.catalog = space.catalog().cloned();
        predicted.failed = space.failed().clone();
        Ok(predicted)
    }

    /// Like [`predict`](Self::predict), for galaxies that are already encoded.
    ///
    /// # Errors
    /// As for [`Encoder::check`](zoobot_representation::encoder::Encoder::check) when the space comes from
    /// another encoder or recipe; [`Error::Unsuitable`] for a model of votes.
    pub fn predict_encoded(&self, space: &Space) -> Result<Predicted> {
        self.encoder().check(space)?;
        Predicted::new(self, space.ids().to_vec(), self.answers(space.features())?)
    }

    /// Test-time augmentation: averages the predictions for each picture and for `views` random views of it.
    ///
    /// # Errors
    /// As for [`predict`](Self::predict); [`Error::Parameter`] for an augmentation that is out of range.
    pub fn predict_by_views(
        &self,
        catalog: &Catalog,
        augment: &Augment,
        views: usize,
        seed: u64,
    ) -> Result<Predicted> {
        let first = self.predict(catalog)?;
        let (catalog, failed) = (catalog.select(first.ids())?, first.failed.clone());
        let mut all = vec![first];
        for features in each_view(self.encoder(), &catalog, augment, views, seed)? {
            let ids = all[0].ids.clone();
            all.push(Predicted::new(self, ids, self.answers(features.view())?)?);
        }
        let mean = Predicted::mean(&all)?;
        Ok(Predicted { catalog: Some(catalog), failed, ..mean })
    }

    /// Writes predictions for a catalogue to a file with the columns of [`Predicted::table`]. The file's
    /// extension sets the format. Memory use does not grow with the catalogue, and an interrupted call
    /// resumes when it is repeated.
    ///
    /// # Errors
    /// As for [`Ensemble::posterior_to`](crate::predict::Ensemble::posterior_to); [`Error::Unsuitable`] for a
    /// model of votes.
    pub fn predict_to(&self, catalog: &Catalog, out: impl AsRef<Path>) -> Result<Report> {
        let out = out.as_ref();
        let empty = Predicted::new(self, Vec::new(), Array2::zeros((0, self.width())))?;
        let note = serde_json::json!({
            "model": self.encoder().name(),
            "fingerprint": self.fingerprint()?,
            "version": env!("CARGO_PKG_VERSION"),
        })
        .to_string();
        let table = |rows: Vec<Rows>| -> Result<DataFrame> {
            let Rows { ids, features, .. } = rows.into_iter().next().unwrap_or_default();
            let features = array(features, (ids.len(), self.encoder().width()))?;
            let values = match ids.is_empty() {
                true => Array2::zeros((0, self.width())),
                false => self.answers(features.view())?,
            };
            Ok(Predicted { ids, values, ..empty.clone() }.table())
        };
        TableJob::of_predictions(&[self.encoder()], catalog, out, note, &table)?.write(out)
    }

    /// The number of outputs of the head.
    fn width(&self) -> usize {
        self.head().outputs as usize
    }

    /// The head's predictions for these features: probabilities or numbers.
    fn answers(&self, features: ArrayView2<f32>) -> Result<Array2<f64>> {
        self.answers_to(&tensor_of(features)?)
    }

    /// Like [`answers`](Self::answers), for features in a tensor.
    pub(super) fn answers_to(&self, features: &Tensor) -> Result<Array2<f64>> {
        let mut values = self.outputs(features, None)?;
        if self.head().output == Output::Scores {
            for mut row in values.axis_iter_mut(Axis(0)) {
                let most = row.fold(f64::NEG_INFINITY, |most, it| most.max(*it));
                row.mapv_inplace(|it| (it - most).exp());
                let sum = row.sum();
                row /= sum;
            }
        }
        Ok(values)
    }
}
