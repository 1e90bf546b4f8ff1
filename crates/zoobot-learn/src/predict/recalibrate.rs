//! Recalibration: correcting an over- or underconfident posterior with held-out votes.

use super::calibration::{Asked, asked, paired};
use super::posterior::Posterior;
use crate::train::ln_probability;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use zoobot_base::error::{Error, Result};
use zoobot_data::schema::{Schema, Votes};

/// A correction of the concentrations of a question.
///
/// For a member with expected fractions p_k and Σ α = A, the new concentrations are `certainty` · A ·
/// p_k^(1/`temperature`) / Σ_j p_j^(1/`temperature`).
///
/// ```
/// use zoobot_core::predict::Scaling;
/// let wider = Scaling { certainty: 0.5, ..Scaling::default() };
/// assert_eq!(wider.temperature, 1.0); // the fractions stay as they are
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scaling {
    /// Values above 1 make the fractions more equal, values below 1 less.
    pub temperature: f64,
    /// Values above 1 make intervals narrower, values below 1 wider.
    pub certainty: f64,
}

impl Default for Scaling {
    fn default() -> Self {
        Self { temperature: 1.0, certainty: 1.0 }
    }
}

impl Scaling {
    fn apply(&self, alpha: &[f64]) -> Vec<f64> {
        let all: f64 = alpha.iter().sum();
        let largest = alpha.iter().copied().fold(0.0, f64::max);
        let sharp = alpha.iter().map(|it| (it / largest).powf(1.0 / self.temperature));
        let sharp: Vec<f64> = sharp.collect();
        let sum: f64 = sharp.iter().sum();
        // Keeps concentrations above 0, even if a fraction underflows.
        sharp.iter().map(|it| (self.certainty * all * it / sum).max(1e-6)).collect()
    }
}

/// A [`Scaling`] for each question, fitted on held-out votes and saved with a model.
///
/// ```
/// use zoobot_core::{ndarray::{Array2, Array3}, prelude::*};
/// let rings = Schema::named("gz_rings")?;
/// let ids: Vec<String> = (0..40).map(|i| format!("G{i}")).collect();
/// let votes = Votes::new(&rings, ids.clone(), Array2::from_elem((40, 2), 5.0))?;
/// let too_sure = Array3::from_shape_fn((40, 2, 1), |(_, answer, _)| [45.0, 5.0][answer]);
/// let posterior = Posterior::new(&rings, ids, too_sure)?;
/// let corrected = Recalibration::fit(&posterior, &votes)?.apply(&posterior)?;
/// assert!(corrected.fractions()[[0, 0]] < posterior.fractions()[[0, 0]]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recalibration {
    schema: Schema,
    scalings: Vec<Scaling>,
}

/// The minimum number of galaxies with votes for which a question is corrected.
const ENOUGH: usize = 20;
/// The search range of the logarithms of temperature and certainty: from -3 to 3.
const REACH: f64 = 3.0;

impl Recalibration {
    /// Finds the scaling of each question that makes the votes most likely. Questions with votes for fewer
    /// than 20 galaxies are not changed.
    ///
    /// Fit it on held-out galaxies, and measure the improvement on other galaxies.
    ///
    /// # Errors
    /// [`Error::Shape`] when the votes are for other galaxies; [`Error::Unsuitable`] for another schema;
    /// [`Error::Interrupted`].
    pub fn fit(posterior: &Posterior, votes: &Votes) -> Result<Self> {
        paired(posterior, votes)?;
        votes.say_without();
        let totals = votes.totals();
        let mut scalings = Vec::new();
        for (place, question) in posterior.schema().questions().iter().enumerate() {
            zoobot_base::interrupt::check("recalibration", || format!("{place} questions"))?;
            let voted = totals.column(place).iter().filter(|total| **total > 0.0).count();
            scalings.push(match voted {
                ENOUGH.. => fit(&asked(posterior, votes, question.name(), 1)?),
                _ => Scaling::default(),
            });
        }
        Ok(Self { schema: posterior.schema().clone(), scalings })
    }

    /// Extends the recalibration to a schema with more questions, such as that of a network of several
    /// campaigns; the additional questions are not changed.
    ///
    /// # Errors
    /// [`Error::Missing`] for a question that `schema` does not have.
    pub fn within(&self, schema: &Schema) -> Result<Self> {
        let scalings = vec![Scaling::default(); schema.questions().len()];
        Self { schema: schema.clone(), scalings }.replaced(self)
    }

    /// Takes the scalings of the questions of another recalibration from there.
    ///
    /// # Errors
    /// [`Error::Missing`] for a question that this recalibration does not have.
    pub(crate) fn replaced(mut self, other: &Self) -> Result<Self> {
        for (question, scaling) in other.schema.questions().iter().zip(&other.scalings) {
            let place = self.schema.position(question.name())?;
            self.scalings[place] = *scaling;
        }
        Ok(self)
    }

    /// Multiplies the certainty of the questions of `schema` by a factor: below 1, intervals become wider and
    /// expected fractions stay. For questions whose votes were simulated, a factor that was measured on real
    /// votes of another survey.
    ///
    /// # Errors
    /// [`Error::Missing`] for a question that the recalibration does not have; [`Error::Parameter`] for a
    /// factor that is not above 0.
    pub fn scale_certainty(mut self, schema: &Schema, factor: f64) -> Result<Self> {
        if !(factor > 0.0 && factor.is_finite()) {
            return Err(Error::parameter("factor", factor, "above 0"));
        }
        for question in schema.questions() {
            let place = self.schema.position(question.name())?;
            self.scalings[place].certainty *= factor;
        }
        Ok(self)
    }

    /// The schema of the votes that it was fitted on.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The scaling of each question, in the schema's order.
    pub fn scalings(&self) -> &[Scaling] {
        &self.scalings
    }

    /// Corrects the concentrations of every question of a posterior.
    ///
    /// # Errors
    /// [`Error::Unsuitable`] for a posterior of another schema.
    pub fn apply(&self, posterior: &Posterior) -> Result<Posterior> {
        if *posterior.schema() != self.schema {
            let problem = format!(
                "the posterior is of votes for {}, but the recalibration is for {}",
                posterior.schema().name(),
                self.schema.name()
            );
            return Err(Error::unsuitable(problem, "Fit a recalibration for this schema"));
        }
        let mut concentrations = posterior.concentrations().to_owned();
        for (question, scaling) in self.schema.questions().iter().zip(&self.scalings) {
            let mut part = concentrations.slice_mut(ndarray::s![.., question.range(), ..]);
            for mut alpha in part.lanes_mut(ndarray::Axis(1)) {
                let scaled = scaling.apply(&alpha.to_vec());
                alpha.iter_mut().zip(scaled).for_each(|(alpha, scaled)| *alpha = scaled);
            }
        }
        Posterior::new(&self.schema, posterior.ids().to_vec(), concentrations)
    }
}

/// The scaling under which the votes are most likely, by coordinate descent until neither parameter moves.
fn fit(galaxies: &[Asked]) -> Scaling {
    let mut logs = [0.0f64; 2];
    let scaling = |logs: [f64; 2]| Scaling { temperature: logs[0].exp(), certainty: logs[1].exp() };
    for _ in 0..12 {
        let before = logs;
        for i in 0..2 {
            let at = |value: f64| {
                let mut logs = logs;
                logs[i] = value;
                cost(galaxies, scaling(logs))
            };
            let found = lowest(at, -REACH, REACH);
            if at(found) < at(logs[i]) {
                logs[i] = found;
            }
        }
        if (logs[0] - before[0]).abs() + (logs[1] - before[1]).abs() < 1e-3 {
            break;
        }
    }
    scaling(logs)
}

/// The negative log probability of all votes under the scaled mixture.
fn cost(galaxies: &[Asked], scaling: Scaling) -> f64 {
    let one = |galaxy: &Asked| {
        let lns = galaxy.alphas.iter().map(|it| ln_probability(&scaling.apply(it), &galaxy.votes));
        let lns: Vec<f64> = lns.collect();
        let most = lns.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mean = lns.iter().map(|ln| (ln - most).exp()).sum::<f64>() / lns.len() as f64;
        -(most + mean.ln())
    };
    // Chunks are summed in order, so the result does not depend on the number of threads.
    let sums: Vec<f64> =
        galaxies.par_chunks(256).map(|chunk| chunk.iter().map(one).sum()).collect();
    sums.iter().sum()
}

/// The minimum of a unimodal function, by golden-section search.
fn lowest(at: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    let golden = (5f64.sqrt() - 1.0) / 2.0;
    let inner = |low: f64, high: f64| (high - golden * (high - low), low + golden * (high - low));
    let (mut left, mut right) = inner(low, high);
    let (mut at_left, mut at_right) = (at(left), at(right));
    while high - low > 1e-4 {
        if at_left < at_right {
            high = right;
            (right, at_right) = (left, at_left);
            left = inner(low, high).0;
            at_left = at(left);
        } else {
            low = left;
            (left, at_left) = (right, at_right);
            right = inner(low, high).1;
            at_right = at(right);
        }
    }
    0.5 * (low + high)
}
