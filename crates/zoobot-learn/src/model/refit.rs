//! What votes a head was fitted to, and fitting it again to other votes, starting from what it knows.

use super::{Model, array_of, tensor_of};
use crate::predict::{Posterior, Recalibration};
use crate::train::{HeadConfig, VoteLoss};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use tch::nn::OptimizerConfig;
use tch::{Device, Kind, Tensor, nn};
use zoobot_base::error::{Error, Result};
use zoobot_base::interrupt;
use zoobot_data::schema::{Schema, Votes};
use zoobot_representation::space::Space;

/// The number of parts of which each is predicted by a head that was fitted to the others.
const FOLDS: usize = 5;
/// The strengths of the penalty to choose from.
const STRENGTHS: [f64; 8] = [0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0];
/// The number of steps of a fit, each with all galaxies.
const STEPS: usize = 250;
/// The learning rate, for standardised features.
const RATE: f64 = 0.01;
/// The number of galaxies below which a fit is refused.
const FEWEST: usize = 50;

/// The head's rows for the questions of a vote table, and the data to fit them to.
struct Fit {
    config: HeadConfig,
    /// The weights and biases before, `[answers, features]` and `[answers]`.
    before: (Tensor, Tensor),
    /// The standard deviation of each feature.
    scale: Tensor,
    features: Tensor,
    votes: Tensor,
    loss: VoteLoss,
}

impl Model {
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

    /// Fits the head again to votes for galaxies that are already encoded, for the questions of these votes;
    /// all other questions keep their answers. The posterior is then corrected ([`Recalibration`]) by votes
    /// for galaxies that the head had not seen.
    ///
    /// The loss is the likelihood of the votes, with a penalty on the change of the weights (for features of
    /// unit variance). Its strength is chosen by five-fold cross-validation, so that a few hundred galaxies
    /// move the head only as far as they can tell. `seed` divides the galaxies. The questions no longer count
    /// as [`simulated`](Self::simulated).
    ///
    /// # Errors
    /// [`Error::Unsuitable`] when the model does not predict concentrations of votes;
    /// [`Error::Missing`] for a question that it does not have; [`Error::Shape`] unless `space` and `votes`
    /// hold the same galaxies in the same order; [`Error::Empty`] for fewer than 50 galaxies;
    /// [`Error::Interrupted`].
    pub fn refit(&self, space: &Space, votes: &Votes, seed: u64) -> Result<Self> {
        self.encoder.check(space)?;
        if space.ids() != votes.ids() {
            let problem = "the representations and the votes are of different galaxies";
            return Err(Error::shape(problem, "Give the same galaxies in the same order"));
        }
        if votes.len() < FEWEST {
            let problem = format!("there are votes for {} galaxies", votes.len());
            return Err(Error::empty(problem, format!("Give at least {FEWEST} to fit a head to")));
        }
        let schema = self.schema()?;
        let places = schema.places_of(votes.schema())?;
        let fit = self.fit_of(space, votes, &places)?;
        let folds = folds(votes.len(), seed);
        let mut best: Option<(f64, f64, Tensor)> = None;
        for strength in STRENGTHS {
            let (loss, outputs) = fit.cross_validated(strength, &folds)?;
            if best.as_ref().is_none_or(|(lowest, ..)| loss < *lowest) {
                best = Some((loss, strength, outputs));
            }
        }
        let (_, strength, unseen) =
            best.ok_or_else(|| Error::Internal("a fit without strengths".to_owned()))?;
        let all: Vec<i64> = (0..votes.len() as i64).collect();
        let (weight, bias) = fit.solved(strength, &all)?;
        let mut head = self.own_head()?;
        head.set_rows(&places, &weight, &bias)?;
        let unseen = array_of(&unseen)?;
        let ids = votes.ids().to_vec();
        let posterior = Posterior::new(votes.schema(), ids, unseen.insert_axis(ndarray::Axis(2)))?;
        let found = Recalibration::fit(&posterior, votes)?;
        let found = match &self.recalibration {
            Some(before) => before.clone().replaced(&found)?,
            None => found.within(schema)?,
        };
        Self::new(self.encoder.clone(), &head, self.labels.clone())?
            .with_recalibration(Some(found))?
            .with_simulated(self.simulated.clone())
            .map(|it| it.not_simulated(votes.schema()))
    }

    fn fit_of(&self, space: &Space, votes: &Votes, places: &[usize]) -> Result<Fit> {
        let before = self.own_head()?.rows_of(places)?;
        let features = tensor_of(space.features())?;
        let scale = features.f_std_dim(&[0_i64][..], true, false)?.f_clamp_min(1e-6)?;
        let all: Vec<usize> = (0..votes.len()).collect();
        Ok(Fit {
            config: self.config.clone(),
            before,
            scale,
            features,
            votes: votes.batch(&all)?,
            loss: VoteLoss::new(votes.schema()),
        })
    }
}

impl Fit {
    /// The concentrations of some galaxies.
    fn outputs(&self, rows: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
        let features = self.features.f_index_select(0, rows)?;
        self.config.meaning(&features.f_linear(weight, Some(bias))?)
    }

    /// Weights and biases fitted to some galaxies.
    fn solved(&self, strength: f64, rows: &[i64]) -> Result<(Tensor, Tensor)> {
        let rows = Tensor::f_from_slice(rows)?;
        let votes = self.votes.f_index_select(0, &rows)?;
        let store = nn::VarStore::new(Device::Cpu);
        let change = store.root().zeros("weight", &self.before.0.size());
        let shift = store.root().zeros("bias", &self.before.1.size());
        let mut optimizer = nn::Adam::default().build(&store, RATE)?;
        let moved = || -> Result<(Tensor, Tensor)> {
            let weight = self.before.0.f_add(&change.f_div(&self.scale)?)?;
            Ok((weight, self.before.1.f_add(&shift)?))
        };
        for step in 0..STEPS {
            interrupt::check("fitting the head", || format!("{step} of {STEPS} steps"))?;
            let (weight, bias) = moved()?;
            let loss = self.loss.of(&self.outputs(&rows, &weight, &bias)?, &votes)?;
            let penalty = change.f_square()?.f_sum(Kind::Float)?.f_mul_scalar(0.5 * strength)?;
            optimizer.backward_step(&loss.f_add(&penalty)?);
        }
        let (weight, bias) = moved()?;
        Ok((weight.f_detach()?, bias.f_detach()?))
    }

    /// The mean loss of galaxies that were left out of the fit, and their concentrations.
    fn cross_validated(&self, strength: f64, folds: &[usize]) -> Result<(f64, Tensor)> {
        let all = |of: &dyn Fn(usize) -> bool| -> Vec<i64> {
            (0..folds.len()).filter(|row| of(folds[*row])).map(|row| row as i64).collect()
        };
        let outputs = Tensor::f_zeros(self.votes.size(), (Kind::Float, Device::Cpu))?;
        for fold in 0..FOLDS {
            let (weight, bias) = self.solved(strength, &all(&|it| it != fold))?;
            let rows = Tensor::f_from_slice(&all(&|it| it == fold))?;
            let unseen = tch::no_grad(|| self.outputs(&rows, &weight, &bias))?;
            let _ = outputs.shallow_clone().f_index_copy_(0, &rows, &unseen)?;
        }
        let loss = self.loss.of(&outputs, &self.votes)?.f_double_value(&[])?;
        Ok((loss, outputs))
    }
}

/// The fold of each galaxy.
fn folds(galaxies: usize, seed: u64) -> Vec<usize> {
    let mut folds: Vec<usize> = (0..galaxies).map(|row| row % FOLDS).collect();
    folds.shuffle(&mut StdRng::seed_from_u64(seed));
    folds
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Labels;
    use crate::model::tests::{head, small_encoder};
    use crate::predict::Ensemble;
    use ndarray::Array2;
    use rand::Rng;

    /// Galaxies whose vote fraction depends on one feature, for a head that knows nothing of it.
    #[test]
    fn a_refitted_head_learns_from_votes_and_keeps_its_other_answers() {
        let encoder = small_encoder("atto");
        let [rings, other] = ["gz_rings", "gz2"].map(|it| Schema::named(it).unwrap());
        let both = Schema::union("both", &[rings.clone(), other.clone()]).unwrap();
        let config = HeadConfig::concentrations(both.width());
        let before = head(&config, encoder.width() as i64, 3);
        let model = Model::new(encoder.clone(), &before, Labels::Votes(both)).unwrap();
        let mut rng = StdRng::seed_from_u64(1);
        let features = Array2::from_shape_fn((300, encoder.width()), |(_, feature)| {
            let reach = if feature == 0 { 1.0 } else { 0.05 };
            rng.random_range(-reach..reach)
        });
        let ids: Vec<String> = (0..300).map(|i| format!("g{i}")).collect();
        let yes =
            |row: usize| (20.0 / (1.0 + (-4.0 * f64::from(features[[row, 0]])).exp())).round();
        let counts = Array2::from_shape_fn((300, 2), |(row, answer)| match answer {
            0 => yes(row),
            _ => 20.0 - yes(row),
        });
        let space = Space::new(ids.clone(), features.clone()).unwrap();
        let part = |rows: std::ops::Range<usize>| {
            let names = ids[rows.clone()].to_vec();
            let counts = counts.slice(ndarray::s![rows, ..]).to_owned();
            (space.select(&names).unwrap(), Votes::new(&rings, names, counts).unwrap())
        };
        let (learn, test) = (part(0..200), part(200..300));
        let refitted = model.refit(&learn.0, &learn.1, 1).unwrap();
        let fractions = |model: &Model, schema: &Schema| {
            let ensemble = Ensemble::new([model.clone()]).unwrap().of_schema(schema).unwrap();
            ensemble.posterior_encoded(&test.0).unwrap().fractions()
        };
        let off = |model: &Model| {
            (fractions(model, &rings) - test.1.fractions()).mapv(f64::abs).mean().unwrap()
        };
        assert!(off(&refitted) < 0.5 * off(&model), "{} {}", off(&refitted), off(&model));
        let moved = fractions(&refitted, &other) - fractions(&model, &other);
        assert!(moved.iter().all(|it| it.abs() < 1e-9));
        assert!(refitted.recalibration().is_some());
        let few = part(0..20);
        let message = model.refit(&few.0, &few.1, 1).unwrap_err().to_string();
        assert!(message.contains("20 galaxies"), "{message}");
    }
}
