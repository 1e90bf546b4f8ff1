//! The result of fine-tuning.

use super::{
    CrossValidated, Finetune, LabelKind, Plan, Predicted, Saliency, Strength, heads, network,
};
use crate::model::{Labels, Model};
use crate::predict::Posterior;
use crate::train::{End, Epoch, TrainingHistory};
use ndarray::Array2;
use tch::{Tensor, no_grad};
use zoobot_base::advice::advice;
use zoobot_base::error::{Error, Result};
use zoobot_data::catalog::Catalog;
use zoobot_data::picture::{Augment, Failures};
use zoobot_representation::encoder::Encoder;
use zoobot_representation::space::Space;
use zoobot_show::figure::{self, Figure};
use zoobot_show::notebook::{Bundle, Show};

/// An encoder with a head that has learnt a question, either solved for or taken from the best epoch.
///
/// ```no_run
/// use zoobot_core::prelude::*;
/// let parts = Catalog::read("rings/catalog.csv")?.split([0.7, 0.1, 0.2], 42)?;
/// let run: Finetuned = Finetune::classifier("ring").train(&parts.train, &parts.val)?;
/// run.history().save("history.pdf")?;
/// run.model("rings").save("rings-model")?;
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Finetuned {
    question: LabelKind,
    model: Model,
    /// The encoder before a whole network was trained.
    before: Option<Encoder>,
    fitted: TrainingHistory,
    head_fitted: Option<TrainingHistory>,
    cross_validated: Option<CrossValidated>,
    /// For a head that was solved for.
    strength: Option<Strength>,
    /// Predictions for galaxies that the head had not learnt from.
    unseen: Option<Predicted>,
    plan: Option<Plan>,
    failed: Failures,
    augment: Augment,
    seed: u64,
}

impl Finetuned {
    pub(super) fn of_head(
        finetune: &Finetune,
        encoder: Encoder,
        trained: heads::Trained,
        classes: &[String],
    ) -> Result<Self> {
        let question = finetune.question().clone();
        let model = Model::new(encoder, &trained.head, question.labels(classes))?;
        let (augment, seed) = (finetune.settings().augment.clone(), finetune.settings().seed);
        Ok(Self {
            question,
            model,
            before: None,
            fitted: trained.fitted,
            head_fitted: None,
            cross_validated: None,
            strength: None,
            unseen: None,
            plan: None,
            failed: Failures::default(),
            augment,
            seed,
        })
    }

    /// Adds the plan and the galaxies whose pictures cannot be read.
    pub(super) fn planned(self, plan: Option<Plan>, failed: Failures) -> Self {
        Self { plan, failed, ..self }
    }

    /// Adds the strength of the head's penalty, and the predictions for galaxies that the head had not seen.
    pub(super) fn solved_by(
        mut self,
        strength: Strength,
        ids: Vec<String>,
        values: Array2<f64>,
        catalog: &Catalog,
    ) -> Result<Self> {
        if !matches!(self.question, LabelKind::Votes(_)) {
            let predicted = Predicted::new(&self.model, ids, values)?;
            self.unseen = Some(predicted.perhaps_against(catalog, &self.label()));
        }
        self.strength = Some(strength);
        Ok(self)
    }

    pub(super) fn of_network(
        finetune: &Finetune,
        before: Encoder,
        trained: network::Trained,
        head_fitted: Option<TrainingHistory>,
        plan: Plan,
    ) -> Self {
        let network::Trained { model, fitted, failed } = trained;
        let (augment, seed) = (finetune.settings().augment.clone(), finetune.settings().seed);
        Self {
            question: finetune.question().clone(),
            model,
            before: Some(before),
            fitted,
            head_fitted,
            cross_validated: None,
            strength: None,
            unseen: None,
            plan: Some(plan),
            failed,
            augment,
            seed,
        }
    }

    /// Adds the cross-validation that chose the number of epochs.
    pub(super) fn by(self, folds: Option<CrossValidated>) -> Self {
        Self { cross_validated: folds, ..self }
    }

    /// The question that was learnt.
    pub fn question(&self) -> &LabelKind {
        &self.question
    }

    /// The history of the training. After a cross-validation, this is the history of the last run, which has
    /// no validation galaxies: its `validation` is the loss on the training galaxies.
    pub fn fitted(&self) -> &TrainingHistory {
        &self.fitted
    }

    /// The history of the head that was trained before the whole network; `None` if only a head was trained
    /// or that phase was skipped.
    pub fn fitted_head(&self) -> Option<&TrainingHistory> {
        self.head_fitted.as_ref()
    }

    /// How the number of epochs was chosen; `None` without
    /// [`cross_validate`](Finetune::cross_validate).
    pub fn cross_validated(&self) -> Option<&CrossValidated> {
        self.cross_validated.as_ref()
    }

    /// The strength of the penalty on the head's weights, and how it was chosen; `None` for a head
    /// that was trained by gradient descent, and for whole networks.
    pub fn strength(&self) -> Option<&Strength> {
        self.strength.as_ref()
    }

    /// Predictions for galaxies that the head had not seen. These are the validation galaxies, before the
    /// last fit included them. Without validation galaxies, each part of the galaxies is predicted by a head
    /// that was fitted without it. The predictions carry the truth, so they can be judged. `None` for votes,
    /// for gradient descent and for whole networks.
    ///
    /// ```no_run
    /// use zoobot_core::prelude::*;
    /// let rings = Catalog::read("rings/catalog.csv")?;
    /// let run = Finetune::classifier("ring").cross_validate(&rings, 10)?;
    /// if let Some(unseen) = run.unseen() {
    ///     unseen.auc()?;
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn unseen(&self) -> Option<&Predicted> {
        self.unseen.as_ref()
    }

    /// The best epoch, with its results on the validation galaxies, or averaged over the folds after a
    /// cross-validation.
    pub fn best(&self) -> Option<Epoch> {
        match &self.cross_validated {
            Some(folds) => folds.best().ok(),
            None => {
                let all = self.fitted.epochs.iter();
                all.min_by(|a, b| a.validation.total_cmp(&b.validation)).cloned()
            }
        }
    }

    /// A figure of the training and validation loss over the epochs. After a cross-validation it shows the
    /// results of the folds; for a head that was solved for it is [`Strength::figure`].
    ///
    /// # If it cannot be drawn
    /// [`Error::Empty`] when no epoch was finished.
    pub fn history(&self) -> Figure {
        match (&self.strength, &self.cross_validated) {
            (Some(strength), _) => strength.figure(),
            (None, Some(folds)) => folds.figure(),
            (None, None) => self.fitted.history(),
        }
    }

    /// The plan; `None` for a head trained on galaxies that were already encoded.
    pub fn plan(&self) -> Option<&Plan> {
        self.plan.as_ref()
    }

    /// The galaxies whose pictures could not be read, each with the reason. They were not used for training.
    pub fn failed(&self) -> &Failures {
        &self.failed
    }

    /// The model under a new name, for saving and predicting.
    pub fn model(&self, name: &str) -> Model {
        self.model.clone().named(name)
    }

    /// The encoder under a new name, for representations after fine-tuning.
    pub fn encoder(&self, name: &str) -> Encoder {
        self.model.encoder().clone().named(name)
    }

    /// Predicts a catalogue's galaxies, and adds the truth if the catalogue has the labels.
    ///
    /// # Errors
    /// As for [`Model::predict`]; for votes see [`posterior`](Self::posterior).
    pub fn predict(&self, catalog: &Catalog) -> Result<Predicted> {
        let predicted = self.model.predict(catalog)?;
        Ok(predicted.perhaps_against(catalog, &self.label()))
    }

    /// Like [`predict`](Self::predict), for galaxies that are already encoded, with a head that was trained
    /// alone.
    ///
    /// # Errors
    /// As for [`Model::predict_encoded`].
    pub fn predict_encoded(&self, space: &Space) -> Result<Predicted> {
        let predicted = self.model.predict_encoded(space)?;
        Ok(match space.catalog() {
            Some(catalog) => predicted.perhaps_against(catalog, &self.label()),
            None => predicted,
        })
    }

    /// Averages the predictions for each picture and for `views` random views of it.
    ///
    /// # Errors
    /// As for [`Model::predict_by_views`].
    pub fn predict_by_views(&self, catalog: &Catalog, views: usize) -> Result<Predicted> {
        let predicted = self.model.predict_by_views(catalog, &self.augment, views, self.seed)?;
        Ok(predicted.perhaps_against(catalog, &self.label()))
    }

    /// Heat maps of the parts of the pictures that support a class, value or answer: see [`Model::saliency`].
    ///
    /// # Errors
    /// As for [`Model::saliency`].
    pub fn saliency(&self, catalog: &Catalog, of: &str) -> Result<Saliency> {
        self.model.saliency(catalog, of)
    }

    /// A figure of the representations before and after fine-tuning, side by side: the first two principal
    /// components of each, with galaxies coloured by a column of their catalogue.
    ///
    /// # Errors
    /// [`Error::Unsuitable`] if the encoder was not trained, [`Error::Missing`] for a column that does not
    /// exist; otherwise as for [`Encoder::encode`] and [`Space::pca`].
    pub fn before_and_after(&self, catalog: &Catalog, colour_by: &str) -> Result<Figure> {
        let Some(before) = &self.before else {
            let hint = advice(
                "Train the encoder too, with full() or two_phase(k)",
                "Train the encoder too, with --full or --two-phase",
            );
            let problem = "fine-tuning left the encoder unchanged, so there is nothing to compare";
            return Err(Error::unsuitable(problem, hint));
        };
        catalog.column(colour_by)?;
        let panel = |encoder: &Encoder, title: &str| -> Result<figure::Scatter> {
            Ok(encoder.encode(catalog)?.pca(2)?.panel(colour_by)?.title(title))
        };
        let after = self.model.encoder();
        let panels = [panel(before, "before fine-tuning")?, panel(after, "after fine-tuning")?];
        Ok(figure::beside(&panels))
    }

    /// The posteriors of the vote fractions, for a tree.
    ///
    /// # Errors
    /// [`Error::Unsuitable`] for anything but a tree; otherwise as for [`Model::predict`].
    pub fn posterior(&self, catalog: &Catalog) -> Result<Posterior> {
        self.model.posterior(catalog)
    }

    /// Like [`posterior`](Self::posterior), for galaxies that are already encoded, with a head that was
    /// trained alone.
    ///
    /// # Errors
    /// As for [`Model::posterior_encoded`].
    pub fn posterior_encoded(&self, space: &Space) -> Result<Posterior> {
        self.model.posterior_encoded(space)
    }

    fn label(&self) -> String {
        self.question.columns().into_iter().next().unwrap_or_default()
    }

    /// Calibrates the classifier by temperature scaling (Guo et al. 2017, arXiv:1706.04599): divides its
    /// scores by the temperature at which its probabilities fit the labels of these galaxies best. This
    /// changes the probabilities, but never the likeliest class. Use galaxies that the classifier has not
    /// learnt from.
    ///
    /// # Errors
    /// [`Error::Unsuitable`] for anything but a classifier; [`Error::Missing`] and
    /// [`Error::Catalog`] for galaxies without labels.
    pub fn calibrated(&self, catalog: &Catalog) -> Result<Self> {
        let Labels::Classes(_) = self.model.labels() else {
            let found = self.question.called();
            let problem = format!("only classifiers have a temperature, but this is {found}");
            return Err(Error::unsuitable(problem, "Call it on a fine-tuned classifier"));
        };
        let predicted = self.model.predict(catalog)?.against(catalog, &self.label())?;
        let temperature = predicted.temperature()?;
        let cooler = |it: &Tensor| no_grad(|| Ok(it.f_div_scalar(temperature)?));
        let head = self.model.own_head()?.map_linear(cooler)?;
        let labels = self.model.labels().clone();
        let model = Model::new(self.model.encoder().clone(), &head, labels)?;
        Ok(Self { model, ..self.clone() })
    }

    /// A summary of the result in one sentence.
    fn in_a_line(&self) -> String {
        let what = format!("{} of {}", self.question.kind(), self.question.about());
        let told = |it: &Epoch| -> String {
            it.parts.iter().map(|(name, value)| format!(", {name} {value:.3}")).collect()
        };
        if let (Some(strength), Some(best)) = (&self.strength, self.best()) {
            let folds = strength.choices().iter().map(|it| it.folds).max().unwrap_or(0);
            return format!(
                "{what}: solved for, the penalty chosen by {folds} left-out parts; galaxies it had not \
                 seen: loss {:.4}{}",
                best.validation,
                told(&best)
            );
        }
        let by_folds = self.cross_validated.is_some();
        let end = match self.fitted.end {
            End::Complete if by_folds => ", as folds chose",
            End::Complete => "",
            End::Patience => ", ended as validation no longer improved",
            End::Interrupted => ", stopped",
        };
        let epochs = self.fitted.epochs.len();
        let best = match self.best() {
            Some(it) => {
                let of = if by_folds { "on average over them" } else { "the best" };
                format!("; {of}, epoch {}: validation {:.4}{}", it.epoch, it.validation, told(&it))
            }
            None => String::new(),
        };
        let warning = match self.fitted.diverged() {
            Some(factor) => format!("; validation then rose {factor:.0}-fold: look for outliers"),
            None => String::new(),
        };
        format!("{what}: {epochs} epochs{end}{best}{warning}")
    }
}

impl Show for Finetuned {
    fn show(&self) -> Bundle {
        let line = self.in_a_line();
        match self.history().checked() {
            Ok(figure) => {
                let html = zoobot_show::notebook::text::escape(&line);
                let shown = figure.show();
                let drawn = shown.get("image/svg+xml").unwrap_or_default();
                Bundle::plain(line).with("text/html", format!("<p>{html}</p>{drawn}"))
            }
            Err(_) => Bundle::plain(line),
        }
    }
}
