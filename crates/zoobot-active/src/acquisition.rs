//! How much the votes for a galaxy would teach: the acquisitions, one entry of `acquisitions!` each.

use ndarray::{Array2, ArrayView2, s};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use zoobot_base::error::{Error, Result};
use zoobot_base::interrupt;
use zoobot_base::special::beta::Beta;
use zoobot_data::schema::Schema;
use zoobot_learn::predict::{Posterior, information, outcomes};

/// The maximum number of outcomes that BALD sums over for one galaxy and question.
const OUTCOMES: f64 = 20_000.0;
/// Galaxy Zoo's rule: a galaxy goes first when its featured fraction probably exceeds this, ...
const FEATURED: f64 = 0.2;
/// ... that is, with at least this probability.
const PROBABLY: f64 = 0.8;
/// The number of galaxies between checks for an interruption.
const PART: usize = 8192;

/// The rule that says how much is learnt from the votes for a galaxy, given what a model expects.
///
/// ```
/// use zoobot_core::active::VoteAcquisition;
/// use zoobot_core::{ndarray::array, ndarray::Axis, predict::Posterior, schema::Schema};
/// let rings = Schema::named("gz_rings")?;
/// // Two members: of the first galaxy they expect the same, of the second the opposite.
/// let members = array![[[50.0, 50.0], [50.0, 50.0]], [[90.0, 10.0], [10.0, 90.0]]];
/// let posterior = Posterior::new(&rings, vec!["a".into(), "b".into()], members)?;
/// let values = VoteAcquisition::Bald.values(&posterior, &["ring".to_owned()], 40)?;
/// assert!(values[0].abs() < 1e-12 && values[1] > 0.6);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VoteAcquisition {
    /// Bayesian active learning by disagreement: the mutual information between the votes and the members, in
    /// nats, exact over all outcomes (Houlsby et al. 2011; Walmsley et al. 2020, MNRAS 491, 1554, section 4).
    /// For a question with so many answers that the votes have more than 20,000 outcomes, it is the information
    /// in fewer votes.
    #[default]
    Bald,
    /// The entropy of the expected vote fractions, in nats.
    Entropy,
    /// 1 minus the difference of the two largest expected vote fractions.
    Margin,
    /// The variance of the expected vote fractions over the members, summed over the answers.
    Variance,
    /// Any galaxy.
    Random,
    /// Galaxy Zoo's rule in production (Walmsley et al. 2023, MNRAS 526, 4768): 1 for a galaxy whose featured
    /// fraction is above 0.2 with a probability of at least 0.8, else 0. A fifth of a batch is chosen at random.
    GalaxyZoo,
}

/// What is expected of the votes for one question of one galaxy.
#[derive(Debug, Clone, Copy)]
struct Belief<'a> {
    /// `[answers, members]`
    concentrations: ArrayView2<'a, f64>,
    /// The number of volunteers.
    volunteers: u32,
    /// The probability that a volunteer is asked the question.
    asked: f64,
    /// The place of the featured answer, if the question has one.
    featured: Option<usize>,
}

/// The description of an acquisition, without the formula of its value.
struct Entry {
    name: &'static str,
    about: &'static str,
    /// The share of a batch that is chosen at random.
    at_random: f64,
}

/// Defines the acquisitions, one entry each; a variant without an entry does not compile.
macro_rules! acquisitions {
    ($($variant:ident: $entry:expr, |$belief:pat_param| $value:expr;)*) => {
        static ACQUISITIONS: &[VoteAcquisition] = &[$(VoteAcquisition::$variant),*];

        impl VoteAcquisition {
            fn entry(self) -> Entry {
                match self { $(Self::$variant => $entry,)* }
            }

            fn value(self, belief: Belief) -> Result<f64> {
                match self {
                    $(Self::$variant => {
                        let $belief = belief;
                        $value
                    })*
                }
            }
        }
    };
}

acquisitions! {
    Bald:
    Entry { name: "bald", about: "what the members disagree on", at_random: 0.0 },
    |it| it.information();

    Entropy:
    Entry { name: "entropy", about: "where votes are expected to be divided", at_random: 0.0 },
    |it| Ok(it.asked * it.mean().iter().map(|p| if *p > 0.0 { -p * p.ln() } else { 0.0 }).sum::<f64>());

    Margin:
    Entry { name: "margin", about: "where two answers are nearly equal", at_random: 0.0 },
    |it| Ok(it.asked * it.closeness());

    Variance:
    Entry { name: "variance", about: "where the members' vote fractions vary", at_random: 0.0 },
    |it| Ok(it.asked * it.variance());

    Random:
    Entry { name: "random", about: "any galaxy", at_random: 1.0 },
    |_| Ok(0.0);

    GalaxyZoo:
    Entry { name: "galaxy_zoo", about: "probably featured galaxies, and a fifth at random", at_random: 0.2 },
    |it| Ok(f64::from(it.is_probably_featured()));
}

impl Belief<'_> {
    /// The fraction of each answer that a member expects.
    fn fractions(&self) -> Array2<f64> {
        let mut fractions = self.concentrations.to_owned();
        for mut member in fractions.columns_mut() {
            let total = member.sum();
            member /= total;
        }
        fractions
    }

    fn mean(&self) -> Vec<f64> {
        self.fractions().rows().into_iter().map(|it| it.sum() / it.len() as f64).collect()
    }

    fn information(&self) -> Result<f64> {
        let mut votes = (f64::from(self.volunteers) * self.asked).round() as u32;
        while outcomes(self.concentrations.nrows(), votes) > OUTCOMES {
            votes -= 1;
        }
        Ok(information(self.concentrations, votes)?.mutual().max(0.0))
    }

    fn closeness(&self) -> f64 {
        let mut mean = self.mean();
        mean.sort_by(|a, b| b.total_cmp(a));
        1.0 - (mean[0] - mean.get(1).copied().unwrap_or(0.0))
    }

    fn variance(&self) -> f64 {
        self.fractions().rows().into_iter().map(|it| it.var(0.0)).sum()
    }

    fn is_probably_featured(&self) -> bool {
        let Some(answer) = self.featured else { return false };
        let above = self.concentrations.columns().into_iter().map(|member| {
            let (own, all) = (member[answer], member.sum());
            1.0 - Beta::new(own, all - own).cdf(FEATURED).0
        });
        above.sum::<f64>() / self.concentrations.ncols() as f64 >= PROBABLY
    }
}

impl VoteAcquisition {
    /// All acquisitions.
    pub fn all() -> &'static [Self] {
        ACQUISITIONS
    }

    /// The name, such as `bald`.
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// A description in a few words.
    pub fn about(self) -> &'static str {
        self.entry().about
    }

    /// The share of a batch that is chosen at random, whatever the values are: a fifth by Galaxy Zoo's rule.
    pub fn at_random(self) -> f64 {
        self.entry().at_random
    }

    /// The acquisition with this name, such as `bald`.
    ///
    /// # Errors
    /// [`Error::Missing`] for an unknown name, with the nearest name.
    pub fn named(name: &str) -> Result<Self> {
        let names = || ACQUISITIONS.iter().map(|it| it.name());
        let found = ACQUISITIONS.iter().find(|it| it.name() == name.replace('-', "_"));
        found.copied().ok_or_else(|| Error::missing("acquisition", name, "this library", names()))
    }

    /// The value of each galaxy: how much the votes of `volunteers` volunteers would teach, summed over the
    /// questions. A question that only some volunteers are asked counts as much as it is expected to be asked.
    ///
    /// # Errors
    /// [`Error::Missing`] for an unknown question; [`Error::Unsuitable`] for
    /// [`GalaxyZoo`](Self::GalaxyZoo) and a schema without a featured answer; [`Error::Interrupted`].
    pub fn values(
        self,
        posterior: &Posterior,
        questions: &[String],
        volunteers: u32,
    ) -> Result<Vec<f64>> {
        let schema = posterior.schema();
        let places = questions.iter().map(|it| schema.position(it)).collect::<Result<Vec<_>>>()?;
        if self == Self::Random {
            return Ok(vec![0.0; posterior.len()]);
        }
        let (places, featured) = match self {
            Self::GalaxyZoo => {
                let (place, answer) = featured(schema)?;
                (vec![place], Some(answer))
            }
            _ => (places, None),
        };
        let asked = match places.iter().any(|it| schema.questions()[*it].depends_on().is_some()) {
            true => schema.asked(posterior.fractions().view())?,
            false => Array2::ones((posterior.len(), schema.questions().len())),
        };
        let all = posterior.concentrations();
        let mut values = Vec::with_capacity(posterior.len());
        for first in (0..posterior.len()).step_by(PART) {
            interrupt::check("choosing galaxies", || format!("{first} of {}", posterior.len()))?;
            let rows = first..posterior.len().min(first + PART);
            let value = |row: usize| {
                let each = places.iter().map(|place| {
                    let range = schema.questions()[*place].range();
                    let concentrations = all.slice(s![row, range, ..]);
                    let asked = asked[[row, *place]];
                    self.value(Belief { concentrations, volunteers, asked, featured })
                });
                each.sum::<Result<f64>>()
            };
            values.extend(rows.into_par_iter().map(value).collect::<Result<Vec<f64>>>()?);
        }
        Ok(values)
    }
}

/// The question with an answer such as `featured-or-disk` that everyone is asked, and the place of that answer.
pub fn featured(schema: &Schema) -> Result<(usize, usize)> {
    for question in schema.first_questions() {
        let found = question.answers().iter().position(|it| it.name().starts_with("feature"));
        if let Some(answer) = found {
            return Ok((schema.position(question.name())?, answer));
        }
    }
    let problem = format!("the schema {} has no answer such as featured-or-disk", schema.name());
    Err(Error::unsuitable(problem, "Galaxy Zoo's rule needs one; choose another acquisition"))
}

impl fmt::Display for VoteAcquisition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Parses a name: see [`named`](VoteAcquisition::named).
impl FromStr for VoteAcquisition {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::named(name)
    }
}

#[cfg(test)]
mod tests;
