//! The votes that a network predicts, and how certain it is.

use ndarray::{Array2, Array3, ArrayView3, Axis};
use rayon::prelude::*;
use zoobot_base::advice::advice;
use zoobot_base::error::{Error, Result};
use zoobot_base::interrupt;
use zoobot_base::special::beta::{Beta, quantile};
use zoobot_data::catalog::{GalaxyNames, places};
use zoobot_data::picture::Failures;
use zoobot_data::schema::Schema;
use zoobot_show::notes::note_about;

/// The posteriors of votes for many galaxies.
///
/// Each member (a pass with dropout, or a model of an ensemble) gives a Dirichlet distribution of the vote
/// fractions of each question; the posterior is their equal mixture. It uses 8 bytes per galaxy, answer and
/// member, so predict large catalogues in parts.
///
/// ```
/// use zoobot_core::{ndarray::Array3, predict::Posterior, schema::Schema};
/// let rings = Schema::named("gz_rings")?;
/// let concentrations = Array3::from_shape_vec((1, 2, 1), vec![9.0, 1.0]).expect("two numbers");
/// let posterior = Posterior::new(&rings, vec!["NGC 1".into()], concentrations)?;
/// assert_eq!(posterior.fractions()[[0, 0]], 0.9);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Posterior {
    schema: Schema,
    ids: Vec<String>,
    concentrations: Array3<f64>,
    failed: Failures,
    /// The questions that a model learned from simulated votes alone.
    simulated: Vec<String>,
}

/// The bounds of central intervals.
///
/// ```
/// use zoobot_core::{ndarray::Array3, prelude::*};
/// let rings = Schema::named("gz_rings")?;
/// let posterior = Posterior::new(&rings, vec!["NGC 1".into()], Array3::from_elem((1, 2, 1), 20.0))?;
/// let intervals = posterior.intervals(0.9)?;
/// assert!(intervals.lower[[0, 0]] < 0.5 && 0.5 < intervals.upper[[0, 0]]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Intervals {
    /// The lower bounds, `[galaxies, answers]`.
    pub lower: Array2<f64>,
    /// The upper bounds, `[galaxies, answers]`.
    pub upper: Array2<f64>,
}

/// The number of galaxies between checks for an interruption.
const PART: usize = 2048;

zoobot_data::named_by_ids!(Posterior);

impl Posterior {
    /// Builds a posterior from the concentrations of one or more members.
    ///
    /// # Shapes
    /// `concentrations` is `[galaxies, answers, members]`, a row for each of `ids`.
    ///
    /// # Errors
    /// [`Error::Shape`] when the shape does not fit; [`Error::Empty`] without members; [`Error::Unsuitable`]
    /// when a concentration is not a finite number above 0, with the galaxy and the answer.
    pub fn new(schema: &Schema, ids: Vec<String>, concentrations: Array3<f64>) -> Result<Self> {
        let (galaxies, answers, members) = concentrations.dim();
        schema.check_width("concentrations", answers)?;
        if galaxies != ids.len() {
            let problem = format!(
                "the number of names ({}) differs from the galaxies ({galaxies})",
                ids.len()
            );
            return Err(Error::shape(problem, "Give one name for each galaxy"));
        }
        if members == 0 {
            return Err(Error::empty("the concentrations have no members", "Give at least one"));
        }
        let good = |value: f64| value > 0.0 && value.is_finite();
        if let Some(((galaxy, answer, _), value)) =
            concentrations.indexed_iter().find(|(_, value)| !good(**value))
        {
            let column = schema.columns().swap_remove(answer);
            let problem =
                format!("the concentration of {column:?} for {:?} is {value}", ids[galaxy]);
            return Err(Error::unsuitable(problem, "Every one must be a finite number above 0"));
        }
        let (schema, failed) = (schema.clone(), Failures::default());
        Ok(Self { schema, ids, concentrations, failed, simulated: Vec::new() })
    }

    /// Mixes all members of several posteriors for the same galaxies: an ensemble.
    ///
    /// # Errors
    /// [`Error::Empty`] for no posteriors; [`Error::Unsuitable`] when schemas or galaxies differ.
    pub fn mixture(posteriors: &[Self]) -> Result<Self> {
        let Some(first) = posteriors.first() else {
            return Err(Error::empty("there are no posteriors to mix", "Give at least one"));
        };
        for other in posteriors {
            if other.schema != first.schema {
                let problem = format!(
                    "one posterior is of votes for {}, but the first is of votes for {}",
                    other.schema.name(),
                    first.schema.name()
                );
                return Err(Error::unsuitable(problem, "Give posteriors of the same schema"));
            }
            if other.ids != first.ids {
                let problem = "the posteriors are of different galaxies";
                let hint = "Give posteriors of the same galaxies in the same order";
                return Err(Error::unsuitable(problem, hint));
            }
        }
        let views: Vec<_> = posteriors.iter().map(|it| it.concentrations.view()).collect();
        let concentrations = ndarray::concatenate(Axis(2), &views)
            .map_err(Error::internal("concentrations of different shapes"))?;
        Ok(Self { concentrations, ..first.clone() })
    }

    /// Selects galaxies, in the order given, by their names or by a table or catalogue that contains them.
    ///
    /// # Errors
    /// [`Error::Missing`] for the first name that does not exist.
    pub fn select(&self, galaxies: &(impl GalaxyNames + ?Sized)) -> Result<Self> {
        let rows = places(&self.ids, galaxies, || "the posterior".into())?;
        let ids = rows.iter().map(|row| self.ids[*row].clone()).collect();
        let selected = Self::new(&self.schema, ids, self.concentrations.select(Axis(0), &rows))?;
        Ok(selected.with_simulated(self.simulated.clone()))
    }

    /// Concatenates the galaxies of several posteriors with the same schema and number of members.
    pub(super) fn stacked(posteriors: Vec<Self>) -> Result<Self> {
        let Some(first) = posteriors.first() else {
            return Err(Error::Internal("there are no posteriors to stack".to_owned()));
        };
        let (schema, simulated) = (first.schema.clone(), first.simulated.clone());
        let views: Vec<_> = posteriors.iter().map(|it| it.concentrations.view()).collect();
        let concentrations = ndarray::concatenate(Axis(0), &views)
            .map_err(Error::internal("concentrations of different shapes"))?;
        let ids = posteriors.into_iter().flat_map(|it| it.ids).collect();
        Ok(Self::new(&schema, ids, concentrations)?.with_simulated(simulated))
    }

    /// Reduces the posterior to the questions of `schema`, in its order, so that a network of several
    /// campaigns can be compared with the votes of one campaign.
    ///
    /// # Errors
    /// [`Error::Missing`] for a question or an answer that the posterior does not have; [`Error::Shape`] for
    /// a question with a different number of answers.
    pub fn of_schema(&self, schema: &Schema) -> Result<Self> {
        let places = self.schema.places_of(schema)?;
        let simulated = self.simulated.iter().filter(|it| schema.question(it).is_ok());
        let reduced = Self {
            schema: schema.clone(),
            concentrations: self.concentrations.select(Axis(1), &places),
            simulated: simulated.cloned().collect(),
            ..self.clone()
        };
        reduced.say_simulated();
        Ok(reduced)
    }

    /// Sets the questions that a model learned from simulated votes alone.
    pub(super) fn with_simulated(mut self, questions: Vec<String>) -> Self {
        self.simulated = questions;
        self
    }

    /// Adds a note if there are questions that were learned from simulated votes alone.
    pub(super) fn say_simulated(&self) {
        let Some(first) = self.simulated.first() else { return };
        let text = format!(
            "{} of {} questions, such as {first:?}, were learned from simulated votes alone, and real \
             volunteers answer differently. Correct the posterior with votes for some galaxies of your \
             survey: {}",
            self.simulated.len(),
            self.schema.questions().len(),
            advice(
                "Recalibration::fit(&posterior, &votes)",
                "`zoobot calibrate --fit CATALOG --save DIR`"
            )
        );
        note_about("simulated votes", text);
    }

    pub(super) fn with_failed(mut self, failed: Failures) -> Self {
        self.failed = failed;
        self
    }

    /// The galaxies whose pictures could not be read, which the posterior leaves out: `id_str`, `file_loc`,
    /// `reason`.
    pub fn failed(&self) -> &Failures {
        &self.failed
    }

    /// The schema of the votes.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The names of the galaxies, in order.
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// The number of galaxies.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are no galaxies.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The number of members.
    pub fn members(&self) -> usize {
        self.concentrations.len_of(Axis(2))
    }

    /// The concentrations, `[galaxies, answers, members]`.
    pub fn concentrations(&self) -> ArrayView3<'_, f64> {
        self.concentrations.view()
    }

    /// The expected fraction of each answer: α_k / Σ α over its question, averaged over the members.
    ///
    /// # Shapes
    /// `[galaxies, answers]`.
    pub fn fractions(&self) -> Array2<f64> {
        let members = self.members() as f64;
        let mut fractions = Array2::zeros((self.len(), self.schema.width()));
        for member in self.concentrations.axis_iter(Axis(2)) {
            let sums = self.schema.sums(member);
            for (place, question) in self.schema.questions().iter().enumerate() {
                for answer in question.range() {
                    ndarray::Zip::from(fractions.column_mut(answer))
                        .and(member.column(answer))
                        .and(sums.column(place))
                        .for_each(|mean, alpha, sum| *mean += alpha / sum / members);
                }
            }
        }
        fractions
    }

    /// The probability that each question is asked: [`Schema::asked`] of the expected fractions.
    ///
    /// # Shapes
    /// `[galaxies, questions]`.
    pub fn asked(&self) -> Array2<f64> {
        self.schema.chances(self.fractions().view())
    }

    /// Central intervals of each vote fraction: it is inside with probability `level`, and as likely below as
    /// above. The bounds are quantiles of the equal mixture of the members' Beta distributions, found as
    /// roots of its cumulative distribution to 12 digits.
    ///
    /// `zoobot` 2.9 reports the median over the members of their quantiles instead, which is narrower if
    /// members disagree: see [`member_intervals`](Self::member_intervals).
    ///
    /// # Errors
    /// [`Error::Parameter`] for a level that is not between 0 and 1; [`Error::Interrupted`].
    pub fn intervals(&self, level: f64) -> Result<Intervals> {
        self.each_interval(level, quantile)
    }

    /// The median over the members of the bounds of each member's interval.
    ///
    /// # Errors
    /// As for [`intervals`](Self::intervals).
    pub fn member_intervals(&self, level: f64) -> Result<Intervals> {
        self.each_interval(level, |members, p| {
            let mut ends: Vec<f64> = members.iter().map(|it| quantile(&[*it], p)).collect();
            ends.sort_by(f64::total_cmp);
            let half = ends.len() / 2;
            if ends.len() % 2 == 1 { ends[half] } else { 0.5 * (ends[half - 1] + ends[half]) }
        })
    }

    fn each_interval(
        &self,
        level: f64,
        end: impl Fn(&[Beta], f64) -> f64 + Sync,
    ) -> Result<Intervals> {
        if !(level > 0.0 && level < 1.0) {
            return Err(Error::parameter("level", level, "above 0 and below 1"));
        }
        let tail = 0.5 - level / 2.0;
        let width = self.schema.width();
        let [mut lower, mut upper] = [0, 1].map(|_| Vec::with_capacity(self.len() * width));
        for start in (0..self.len()).step_by(PART) {
            interrupt::check("intervals", || format!("{start} of {} galaxies", self.len()))?;
            let part = start..(start + PART).min(self.len());
            let ends: Vec<Vec<(f64, f64)>> = part
                .into_par_iter()
                .map(|galaxy| {
                    let ends =
                        |members: Vec<Beta>| (end(&members, tail), end(&members, 1.0 - tail));
                    self.betas(galaxy).into_iter().map(ends).collect()
                })
                .collect();
            for (low, high) in ends.into_iter().flatten() {
                lower.push(low);
                upper.push(high);
            }
        }
        let table = |values| {
            Array2::from_shape_vec((self.len(), width), values)
                .map_err(Error::internal("the table of intervals"))
        };
        Ok(Intervals { lower: table(lower)?, upper: table(upper)? })
    }

    /// For each answer of a galaxy, the Beta distribution of each member.
    fn betas(&self, galaxy: usize) -> Vec<Vec<Beta>> {
        let alpha = self.concentrations.index_axis(Axis(0), galaxy);
        let mut betas = Vec::with_capacity(alpha.nrows());
        for question in self.schema.questions() {
            let all = alpha.slice(ndarray::s![question.range(), ..]).sum_axis(Axis(0));
            for answer in question.range() {
                let member = |(a, sum): (&f64, &f64)| Beta::new(*a, sum - a);
                betas.push(alpha.row(answer).iter().zip(&all).map(member).collect());
            }
        }
        betas
    }
}
