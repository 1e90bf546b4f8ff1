//! What a fine-tuning came to.

use super::{Finetune, Plan, Predicted, Question, heads, network};
use crate::catalog::Catalog;
use crate::encoder::Encoder;
use crate::error::{Error, Result};
use crate::figure::Figure;
use crate::model::{Labels, Model};
use crate::notebook::{Bundle, Show};
use crate::picture::Augment;
use crate::predict::Posterior;
use crate::space::Space;
use crate::train::{End, Fitted, Head};
use tch::no_grad;

/// An encoder with a head that was taught a question: as it was in the best epoch.
#[derive(Debug, Clone)]
pub struct Finetuned {
    question: Question,
    model: Model,
    fitted: Fitted,
    head_fitted: Option<Fitted>,
    plan: Option<Plan>,
    failed: Vec<(String, String)>,
    augment: Augment,
    seed: u64,
}

impl Finetuned {
    pub(super) fn of_head(
        finetune: &Finetune,
        encoder: Encoder,
        trained: heads::Trained,
        classes: &[String],
        failed: Vec<(String, String)>,
        plan: Option<Plan>,
    ) -> Result<Self> {
        let question = finetune.question().clone();
        let model = Model::new(encoder, &trained.head, question.labels(classes))?;
        let (augment, seed) = (finetune.settings().augment.clone(), finetune.settings().seed);
        let (fitted, head_fitted) = (trained.fitted, None);
        Ok(Self { question, model, fitted, head_fitted, plan, failed, augment, seed })
    }

    pub(super) fn of_network(
        finetune: &Finetune,
        trained: network::Trained,
        head_fitted: Option<Fitted>,
        plan: Plan,
    ) -> Self {
        let network::Trained { model, fitted, failed } = trained;
        let (augment, seed) = (finetune.settings().augment.clone(), finetune.settings().seed);
        let question = finetune.question().clone();
        Self { question, model, fitted, head_fitted, plan: Some(plan), failed, augment, seed }
    }

    /// What it was taught.
    pub fn question(&self) -> &Question {
        &self.question
    }

    /// What happened.
    pub fn fitted(&self) -> &Fitted {
        &self.fitted
    }

    /// What happened before, to the head alone; `None` where that was all, or was left out.
    pub fn fitted_head(&self) -> Option<&Fitted> {
        self.head_fitted.as_ref()
    }

    /// A figure of training and validation over the epochs.
    ///
    /// # Errors
    /// [`Error::Invalid`] when no epoch was finished.
    pub fn history(&self) -> Result<Figure> {
        self.fitted.history()
    }

    /// What was planned; `None` for a head on galaxies that were encoded already.
    pub fn plan(&self) -> Option<&Plan> {
        self.plan.as_ref()
    }

    /// The galaxies whose pictures could not be read, each with the reason: it learnt nothing of them.
    pub fn failed(&self) -> &[(String, String)] {
        &self.failed
    }

    /// The model, by a name of its own: to be saved, and to predict.
    ///
    /// # Errors
    /// None today.
    pub fn model(&self, name: &str) -> Result<Model> {
        Ok(self.model.clone().named(name))
    }

    /// The encoder alone, by a name of its own: for representations after fine-tuning.
    pub fn encoder(&self, name: &str) -> Encoder {
        self.model.encoder().clone().named(name)
    }

    /// Its answers for a catalogue's galaxies; with the truth, where the catalogue has the labels.
    ///
    /// # Errors
    /// As [`Model::predict_labels`]; for votes see [`posterior`](Self::posterior).
    pub fn predict(&self, catalog: &Catalog) -> Result<Predicted> {
        let predicted = self.model.predict_labels(catalog)?;
        Ok(predicted.perhaps_against(catalog, &self.label()))
    }

    /// The same of galaxies that were encoded already, with a head that was trained alone.
    ///
    /// # Errors
    /// As [`Model::predict_labels_encoded`].
    pub fn predict_encoded(&self, space: &Space) -> Result<Predicted> {
        let predicted = self.model.predict_labels_encoded(space)?;
        Ok(match space.catalog() {
            Some(catalog) => predicted.perhaps_against(catalog, &self.label()),
            None => predicted,
        })
    }

    /// The mean over so many random views of each picture besides the picture as it is.
    ///
    /// # Errors
    /// As [`Model::predict_labels_by_views`].
    pub fn predict_by_views(&self, catalog: &Catalog, views: usize) -> Result<Predicted> {
        let predicted =
            self.model.predict_labels_by_views(catalog, &self.augment, views, self.seed)?;
        Ok(predicted.perhaps_against(catalog, &self.label()))
    }

    /// The posteriors of votes, for a tree.
    ///
    /// # Errors
    /// [`Error::Invalid`] for another question; else as [`Model::predict`].
    pub fn posterior(&self, catalog: &Catalog) -> Result<Posterior> {
        self.model.predict(catalog)
    }

    fn label(&self) -> String {
        self.question.columns().into_iter().next().unwrap_or_default()
    }

    /// The same classifier with its scores divided by the temperature that makes its probabilities fit
    /// the labels of these galaxies best (Guo et al. 2017, arXiv:1706.04599). It changes how sure it
    /// is, never which class is the likeliest. Give galaxies that it has not learnt from.
    ///
    /// # Errors
    /// [`Error::Invalid`] for another question than a classifier's; [`Error::Missing`] and
    /// [`Error::Catalog`] for galaxies without labels.
    pub fn calibrated(&self, catalog: &Catalog) -> Result<Self> {
        let Labels::Classes(_) = self.model.labels() else {
            let found = self.question.kind();
            return Err(Error::invalid("temperature of", found, "a classifier"));
        };
        let predicted = self.model.predict_labels(catalog)?.against(catalog, &self.label())?;
        let temperature = predicted.temperature()?;
        let config = self.model.head().clone();
        let mut parts = Vec::new();
        for (_, it) in self.model.variables()? {
            parts.push(no_grad(|| it.f_div_scalar(temperature))?);
        }
        let [weight, bias] = &parts[..] else {
            return Err(Error::invalid("head", "without a bias", "weights and biases"));
        };
        let head = Head::of(&config, weight, bias)?;
        let labels = self.model.labels().clone();
        let model = Model::new(self.model.encoder().clone(), &head, labels)?;
        Ok(Self { model, ..self.clone() })
    }
}

impl Show for Finetuned {
    fn show(&self) -> Bundle {
        let best = self.fitted.epochs.iter().min_by(|a, b| a.validation.total_cmp(&b.validation));
        let what = format!("{} of {}", self.question.kind(), self.question.about());
        let end = match self.fitted.end {
            End::Complete => "",
            End::Patience => ", ended as validation no longer improved",
            End::Interrupted => ", stopped",
        };
        let epochs = self.fitted.epochs.len();
        let best = match best {
            Some(it) => {
                let parts: String =
                    it.parts.iter().map(|(name, value)| format!(", {name} {value:.3}")).collect();
                format!("; the best, epoch {}: validation {:.4}{parts}", it.epoch, it.validation)
            }
            None => String::new(),
        };
        let line = format!("{what}: {epochs} epochs{end}{best}");
        match self.history() {
            Ok(figure) => {
                let html = crate::notebook::text::escape(&line);
                let shown = figure.show();
                let drawn = shown.get("image/svg+xml").unwrap_or_default();
                Bundle::plain(line).with("text/html", format!("<p>{html}</p>{drawn}"))
            }
            Err(_) => Bundle::plain(line),
        }
    }
}
