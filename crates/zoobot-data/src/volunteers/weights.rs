//! The weights of volunteers by how far they agree with each other, as in Galaxy Zoo 2.

use super::{Classifications, FractionTable};
use polars::prelude::{Column, DataFrame};
use std::collections::HashMap;
use zoobot_base::error::{Error, Result};
use zoobot_base::interrupt;
use zoobot_base::table::table_of;
use zoobot_show::notebook::{Bundle, Show, Table};

/// The share of a volunteer's weight below which nothing is left but the errors of rounding.
const ROUNDING: f64 = 1e-9;

/// How volunteers are weighted by their consistency.
///
/// 1. The consistency of an answer is the mean, over all `N` possible answers, of the vote fraction `f` for the
///    given answer and of 1 minus the vote fraction for each other answer. Since the fractions sum to 1, it is
///    `(2 f + N - 2) / N`.
/// 2. The consistency κ of a volunteer is the mean over all answers that the volunteer gave.
/// 3. The weight of a volunteer is `min(1, (κ / scale) ^ exponent)`. The vote fractions are then computed again
///    with the weights, and so are the weights, `iterations` times in all.
///
/// Questions with few answers distinguish volunteers best: the lowest possible consistency is 0 for two answers,
/// 1/3 for three and 2/3 for six. Someone who answers at random has a weight of about 0.2 for questions with two
/// answers, 0.5 with three and 1 with six.
///
/// Source: Willett et al. 2013, MNRAS 435, 2835, section 3.2, equations 2 to 4.
///
/// ```
/// use zoobot_core::prelude::*;
/// let strict = ConsistencyWeighting { scale: 0.7, ..ConsistencyWeighting::default() };
/// assert_eq!((strict.exponent, strict.iterations), (8.5, 3));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConsistencyWeighting {
    /// The consistency from which on a volunteer has the weight 1, above 0. Default 0.6.
    pub scale: f64,
    /// How fast the weight falls below that consistency, above 0. Default 8.5.
    pub exponent: f64,
    /// How often weights are computed, at least 1. Default 3: once with equal weights, then twice with the
    /// weights before.
    pub iterations: usize,
    /// Compares each volunteer with the other volunteers only. Default false, as in Galaxy Zoo 2: the
    /// volunteer's own vote is part of the fraction, which raises the consistency on galaxies with a few votes.
    /// With true, answers that no other volunteer was asked for do not count.
    pub others_only: bool,
}

impl Default for ConsistencyWeighting {
    fn default() -> Self {
        Self { scale: 0.6, exponent: 8.5, iterations: 3, others_only: false }
    }
}

impl ConsistencyWeighting {
    fn check(&self) -> Result<()> {
        let above = |name: &str, value: f64| match value.is_finite() && value > 0.0 {
            true => Ok(()),
            false => Err(Error::parameter(name, value, "above 0 and finite")),
        };
        let once = match self.iterations {
            0 => Err(Error::parameter("iterations", 0, "at least 1")),
            _ => Ok(()),
        };
        Error::together([above("scale", self.scale), above("exponent", self.exponent), once])
    }
}

/// The consistency and weight of each volunteer.
///
/// ```
/// use zoobot_core::prelude::*;
/// let table = df!(
///     "volunteer" => ["ann", "bob", "cy"], "id_str" => ["g1", "g1", "g1"],
///     "question" => ["ring", "ring", "ring"], "answer" => ["yes", "yes", "no"],
/// )?;
/// let all = Classifications::from_table(&table, &Schema::named("gz_rings")?)?;
/// let weights = all.weights(&ConsistencyWeighting::default())?;
/// assert_eq!(weights.weights()[0], 1.0);
/// assert_eq!(weights.below(0.5), ["cy"]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct VolunteerWeights {
    volunteers: Vec<String>,
    answers: Vec<u32>,
    consistency: Vec<f64>,
    weights: Vec<f64>,
}

impl Classifications {
    /// The weight of each volunteer, by how far the volunteer agrees with the others.
    ///
    /// A weight rests on all answers of a volunteer, so the weight of someone with a few answers is uncertain. On
    /// galaxies with a few votes, set [`others_only`](ConsistencyWeighting::others_only).
    ///
    /// # Errors
    /// [`Error::Parameter`] for a setting out of range; [`Error::Interrupted`] after the stop button.
    pub fn weights(&self, weighting: &ConsistencyWeighting) -> Result<VolunteerWeights> {
        weighting.check()?;
        let questions = Self::questions(&self.schema);
        let possible: Vec<f64> =
            self.schema.questions().iter().map(|it| it.answers().len() as f64).collect();
        let mut answers = vec![0_u32; self.volunteers.len()];
        self.given.iter().for_each(|it| answers[it.volunteer as usize] += 1);
        let mut weights = vec![1.0; self.volunteers.len()];
        let mut consistency = Vec::new();
        for round in 0..weighting.iterations {
            interrupt::check("weighting volunteers", || format!("{round} iterations"))?;
            let counts = self.counts(&weights);
            let totals = self.schema.sums(counts.view());
            let mut sums = vec![(0.0, 0.0); self.volunteers.len()];
            for it in &self.given {
                let (volunteer, galaxy) = (it.volunteer as usize, it.galaxy as usize);
                let (answer, question) = (it.answer as usize, questions[it.answer as usize]);
                let own = if weighting.others_only { weights[volunteer] } else { 0.0 };
                let total = totals[[galaxy, question]] - own;
                if total <= own * ROUNDING {
                    continue;
                }
                let fraction = ((counts[[galaxy, answer]] - own) / total).clamp(0.0, 1.0);
                let agreed = (2.0 * fraction + possible[question] - 2.0) / possible[question];
                let (sum, number) = &mut sums[volunteer];
                (*sum, *number) = (*sum + agreed, *number + 1.0);
            }
            // NaN without any comparison, and the weight 1.
            consistency = sums.into_iter().map(|(sum, number)| sum / number).collect();
            let weight = |it: &f64| (it / weighting.scale).powf(weighting.exponent).min(1.0);
            weights = consistency.iter().map(weight).collect();
        }
        Ok(VolunteerWeights { volunteers: self.volunteers.clone(), answers, consistency, weights })
    }

    /// Vote fractions in which each volunteer counts with a weight. They are for analysis: a vote loss needs
    /// the whole numbers of [`votes`](Self::votes).
    ///
    /// The weights may come from other classifications of the same volunteers.
    ///
    /// # Errors
    /// [`Error::Missing`] for a volunteer without a weight.
    pub fn fractions(&self, weights: &VolunteerWeights) -> Result<FractionTable> {
        let known = weights.by_name();
        let weight = |name: &String| match known.get(name.as_str()) {
            Some(weight) => Ok(*weight),
            None => Err(weights.missing(name)),
        };
        let weights = self.volunteers.iter().map(weight).collect::<Result<Vec<f64>>>()?;
        Ok(FractionTable::from_counts(&self.schema, self.ids.clone(), self.counts(&weights)))
    }
}

impl VolunteerWeights {
    /// The names of the volunteers, in the order of the classifications.
    pub fn volunteers(&self) -> &[String] {
        &self.volunteers
    }

    /// The consistency κ of each volunteer, from 0 to 1; NaN for someone whose answers could not be compared.
    pub fn consistency(&self) -> &[f64] {
        &self.consistency
    }

    /// The weight of each volunteer, from 0 to 1.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The weight of one volunteer.
    ///
    /// # Errors
    /// [`Error::Missing`] for an unknown name, with a similar one.
    pub fn weight_of(&self, volunteer: &str) -> Result<f64> {
        let place = self.volunteers.iter().position(|it| it == volunteer);
        let weight = place.and_then(|it| self.weights.get(it));
        weight.copied().ok_or_else(|| self.missing(volunteer))
    }

    /// The volunteers with a weight below `limit`, for [`Classifications::without`]: votes without them are
    /// whole numbers still.
    pub fn below(&self, limit: f64) -> Vec<&str> {
        let all = self.volunteers.iter().zip(&self.weights);
        all.filter(|(_, weight)| **weight < limit).map(|(name, _)| name.as_str()).collect()
    }

    /// A table with the columns `volunteer`, `answers` (their number), `consistency` and `weight`, the lowest
    /// weights first.
    pub fn table(&self) -> DataFrame {
        let mut order: Vec<usize> = (0..self.volunteers.len()).collect();
        let key = |place: usize| (self.weights[place], self.consistency[place]);
        order.sort_by(|&a, &b| {
            let ((a, first), (b, second)) = (key(a), key(b));
            a.total_cmp(&b).then(first.total_cmp(&second))
        });
        let numbers = |of: &[f64]| -> Vec<Option<f64>> {
            order.iter().map(|place| Some(of[*place]).filter(|it| !it.is_nan())).collect()
        };
        let names: Vec<&str> = order.iter().map(|it| self.volunteers[*it].as_str()).collect();
        let answers: Vec<u32> = order.iter().map(|it| self.answers[*it]).collect();
        let columns = vec![
            Column::new("volunteer".into(), names),
            Column::new("answers".into(), answers),
            Column::new("consistency".into(), numbers(&self.consistency)),
            Column::new("weight".into(), numbers(&self.weights)),
        ];
        table_of(self.volunteers.len(), columns)
    }

    fn by_name(&self) -> HashMap<&str, f64> {
        let names = self.volunteers.iter().map(String::as_str);
        names.zip(self.weights.iter().copied()).collect()
    }

    fn missing(&self, name: &str) -> Error {
        let names = self.volunteers.iter().map(String::as_str);
        Error::missing("volunteer", name, "the weights", names)
    }
}

impl Show for VolunteerWeights {
    fn show(&self) -> Bundle {
        let full = self.weights.iter().filter(|it| **it >= 1.0).count();
        let title = format!("{full} of {} volunteers have the weight 1", self.volunteers.len());
        Table::new(self.table()).title(title).show()
    }
}
