//! Fine-tuning with a head that is solved for: from features to a [`Finetuned`].

use super::heads::{Known, Trained};
use super::objective::Objective;
use super::solve::{Rows, Solved, solve, solve_with};
use super::truth::Truth;
use super::{Finetune, Finetuned};
use crate::train::{End, Epoch, Head, Output, TrainingHistory};
use ndarray::{Array2, Axis, concatenate};
use tch::{Device, Kind, Tensor, no_grad};
use zoobot_base::error::{Error, Result};
use zoobot_data::catalog::{Catalog, Target};
use zoobot_data::schema::Votes;
use zoobot_representation::encoder::Encoder;
use zoobot_representation::space::{array, tensor};

/// Galaxies with their features, labels, ids and catalogue.
pub struct Galaxies<'a> {
    /// Rows ordered view by view, starting with the original pictures.
    pub known: Known,
    pub ids: Vec<String>,
    pub catalog: &'a Catalog,
}

impl Galaxies<'_> {
    fn rows(&self) -> Rows<'_> {
        Rows::of(&self.known, self.ids.len())
    }
}

impl Finetune {
    /// Solves for the head that a whole network starts with, from the training galaxies alone.
    pub(super) fn first_head(&self, learn: &Known, galaxies: usize) -> Result<Trained> {
        let rows = Rows::of(learn, galaxies);
        let solved = solve(self, &rows, None)?;
        let objective = Objective::new(self, &learn.truth)?;
        let originals: Vec<usize> = (0..galaxies).collect();
        let fitted = self.told_once(
            &objective,
            &solved,
            &rows,
            &solved.left_out,
            &learn.truth.select(&originals)?,
        )?;
        Ok(Trained { head: solved.head, fitted })
    }

    /// Solves for a head. With validation galaxies (`kept`), the strength of the penalty is chosen by
    /// cross-validation on all galaxies, the metrics come from a head that was fitted without the validation
    /// galaxies, and the final head learns from all. Without them, the metrics come from the left-out folds.
    /// No events are reported, since there are no epochs.
    pub(super) fn solved(
        &self,
        encoder: Encoder,
        learn: Galaxies,
        kept: Option<Galaxies>,
        folds: Option<usize>,
    ) -> Result<Finetuned> {
        let objective = Objective::new(self, &learn.known.truth)?;
        let (solved, judged, judge_truth, judged_ids, judged_catalog, fitted);
        match &kept {
            Some(kept) => {
                let all = joined(&learn, kept)?;
                let mut galaxy = learn.rows().galaxy;
                galaxy.extend((0..kept.ids.len()).map(|it| learn.ids.len() + it));
                let rows = Rows { known: &all, galaxy };
                solved = solve(self, &rows, folds)?;
                let without = solve_with(self, &learn.rows(), &solved.strength)?;
                let features = tensor(&kept.known.features.mapv(f64::from))?;
                let scores = no_grad(|| without.scores(&features.f_to_kind(Kind::Float)?))?;
                let width = scores.size()[1] as usize;
                let scores = scores.f_to_kind(Kind::Double)?;
                judged = array(&scores, kept.ids.len(), width)?;
                judge_truth = kept.known.truth.clone();
                fitted = self.told_once(&objective, &solved, &rows, &judged, &judge_truth)?;
                (judged_ids, judged_catalog) = (kept.ids.clone(), kept.catalog);
            }
            None => {
                let rows = learn.rows();
                solved = solve(self, &rows, folds)?;
                judged = solved.left_out.clone();
                let originals: Vec<usize> = (0..learn.ids.len()).collect();
                judge_truth = learn.known.truth.select(&originals)?;
                fitted = self.told_once(&objective, &solved, &rows, &judged, &judge_truth)?;
                (judged_ids, judged_catalog) = (learn.ids.clone(), learn.catalog);
            }
        }
        let classes = learn.known.truth.classes();
        let Solved { head, strength, .. } = solved;
        let values = meaning(&head, &judged)?;
        let trained = Trained { head, fitted };
        let done = Finetuned::of_head(self, encoder, trained, classes)?;
        done.solved_by(strength, judged_ids, values, judged_catalog)
    }

    /// The history of a head that was solved for: a single epoch, with the losses on seen and unseen
    /// galaxies.
    fn told_once(
        &self,
        objective: &Objective,
        solved: &Solved,
        rows: &Rows,
        judged: &Array2<f64>,
        truth: &Truth,
    ) -> Result<TrainingHistory> {
        let known = rows.known;
        let features = tensor(&known.features.mapv(f64::from))?.f_to_kind(Kind::Float)?;
        let own = no_grad(|| solved.head.scores(&features))?.f_to_kind(Kind::Double)?;
        let (training, _) = self.loss_of(objective, &solved.head, &own, &known.truth)?;
        let judged = tensor(judged)?;
        let (validation, parts) = self.loss_of(objective, &solved.head, &judged, truth)?;
        let epoch = Epoch { epoch: 1, training, validation, rate: 0.0, parts };
        Ok(TrainingHistory { epochs: vec![epoch], steps: 0, end: End::Complete })
    }

    /// The loss of the outputs of a head's linear layer, and its metrics.
    fn loss_of(
        &self,
        objective: &Objective,
        head: &Head,
        scores: &Tensor,
        truth: &Truth,
    ) -> Result<(f64, Vec<(String, f64)>)> {
        let mut outputs = head.config().meaning(scores)?;
        let (mean, deviation) = objective.scale;
        if head.config().output == Output::Numbers {
            outputs = outputs.f_sub_scalar(mean)?.f_div_scalar(deviation)?;
        }
        let all: Vec<usize> = (0..truth.len()).collect();
        let targets = truth.batch(&all, Device::Cpu)?;
        objective.judge(&outputs.f_to_kind(Kind::Float)?, &targets)
    }
}

/// Converts scores to predictions; classes become probabilities.
fn meaning(head: &Head, scores: &Array2<f64>) -> Result<Array2<f64>> {
    let config = head.config();
    let mut values = config.meaning(&tensor(scores)?)?;
    if config.output == Output::Scores {
        values = values.f_softmax(1, None)?;
    }
    array(&values, scores.nrows(), config.outputs as usize)
}

/// The training galaxies, including their views, followed by the validation galaxies.
fn joined(learn: &Galaxies, kept: &Galaxies) -> Result<Known> {
    let features = concatenate(Axis(0), &[learn.known.features.view(), kept.known.features.view()])
        .map_err(Error::internal("features of different widths"))?;
    let truth = match (&learn.known.truth, &kept.known.truth) {
        (Truth::One(some), Truth::One(more)) => Truth::One(match (some, more) {
            (Target::Classes { names, of }, Target::Classes { of: more, .. }) => {
                Target::Classes { names: names.clone(), of: [&of[..], &more[..]].concat() }
            }
            (Target::Numbers(some), Target::Numbers(more)) => {
                Target::Numbers([&some[..], &more[..]].concat())
            }
            _ => return Err(two_kinds()),
        }),
        (Truth::Tags(some), Truth::Tags(more)) => Truth::Tags(concatenate![Axis(0), *some, *more]),
        (Truth::Votes(some), Truth::Votes(more)) => {
            let ids = some.ids().iter().chain(more.ids()).cloned().collect();
            let counts = concatenate![Axis(0), some.counts(), more.counts()];
            Truth::Votes(Box::new(Votes::new(some.schema(), ids, counts)?))
        }
        _ => return Err(two_kinds()),
    };
    Ok(Known { features, truth })
}

fn two_kinds() -> Error {
    Error::Internal("labels of two kinds in one run".to_owned())
}
