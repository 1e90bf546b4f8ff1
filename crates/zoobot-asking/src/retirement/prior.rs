//! What a model expects of votes, before any are given.

use ndarray::{Array2, ArrayView2};
use polars::prelude::DataFrame;
use std::collections::HashMap;
use zoobot_base::error::{Error, Result};
use zoobot_data::catalog::ID;
use zoobot_data::schema::{Question, Schema};

/// What a model expects of the answers to one question: concentrations of a Dirichlet distribution for each galaxy.
/// Their sum is the number of votes that the expectation is worth.
///
/// ```
/// use zoobot_core::asking::VotePrior;
/// use zoobot_core::prelude::*;
/// let rings = Schema::named("gz_rings")?;
/// let expected = df!("id_str" => ["a"], "ring_yes_fraction" => [0.9], "ring_no_fraction" => [0.1])?;
/// let prior = VotePrior::from_table(&expected, &rings, "ring", 5.0)?;
/// assert_eq!(prior.concentrations().row(0).to_vec(), [4.5, 0.5]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct VotePrior {
    rows: HashMap<String, usize>,
    concentrations: Array2<f64>,
}

/// The lowest concentration: a model is never certain that an answer is impossible.
const LOWEST: f64 = 1e-3;

impl VotePrior {
    /// Concentrations for the answers to a question, such as the mean over the members of a posterior.
    ///
    /// # Shapes
    /// `concentrations` is `[galaxies, answers of the question]`, with a row for each of `ids`.
    ///
    /// # Errors
    /// [`Error::Shape`] when the shape does not match; [`Error::Parameter`] for a concentration that is not above
    /// 0.
    pub fn new(ids: &[String], concentrations: Array2<f64>) -> Result<Self> {
        if ids.len() != concentrations.nrows() {
            let problem =
                format!("the prior has {} rows for {} ids", concentrations.nrows(), ids.len());
            return Err(Error::shape(problem, "Give one row for each id"));
        }
        if let Some(it) = concentrations.iter().find(|it| !(it.is_finite() && **it > 0.0)) {
            return Err(Error::parameter("a concentration of the prior", it, "above 0 and finite"));
        }
        let rows = ids.iter().enumerate().map(|(row, id)| (id.clone(), row)).collect();
        Ok(Self { rows, concentrations })
    }

    /// Reads the columns `id_str` and `QUESTION_ANSWER_fraction` of predictions, such as
    /// [`Posterior::table`](https://docs.rs/zoobot-core) and `zoobot predict` write. The expectation counts as
    /// `votes` votes, above 0. A galaxy without fractions gets the same concentration for each answer, 1.
    ///
    /// # Errors
    /// [`Error::Missing`] for a column that is not there, and an unknown question; [`Error::Parameter`] for a
    /// fraction below 0 or above 1, and for `votes` out of range.
    pub fn from_table(
        table: &DataFrame,
        schema: &Schema,
        question: &str,
        votes: f64,
    ) -> Result<Self> {
        if !(votes.is_finite() && votes > 0.0) {
            return Err(Error::parameter("prior_votes", votes, "above 0 and finite"));
        }
        let question = schema.question(question)?;
        let column = |name: &str| {
            table.column(name).map_err(|_| {
                let names = table.get_column_names();
                Error::missing(
                    "column",
                    name,
                    "the predictions",
                    names.iter().map(|it| it.as_str()),
                )
            })
        };
        let text = column(ID)?.cast(&polars::prelude::DataType::String)?;
        let ids: Vec<String> =
            text.str()?.iter().map(|it: Option<&str>| it.unwrap_or_default().to_owned()).collect();
        let mut fractions = Array2::zeros((ids.len(), question.answers().len()));
        for (place, answer) in question.answers().iter().enumerate() {
            let name = format!("{}_fraction", answer.column());
            let values = column(&name)?.cast(&polars::prelude::DataType::Float64)?;
            for (to, value) in fractions.column_mut(place).iter_mut().zip(values.f64()?.iter()) {
                *to = value.unwrap_or(f64::NAN);
            }
        }
        if let Some(it) = fractions.iter().find(|it| !it.is_nan() && !(0.0..=1.0).contains(*it)) {
            return Err(Error::parameter("an expected fraction", it, "between 0 and 1"));
        }
        for mut row in fractions.rows_mut() {
            match row.iter().any(|it| it.is_nan()) {
                true => row.fill(1.0),
                false => row.mapv_inplace(|it| (it * votes).max(LOWEST)),
            }
        }
        Self::new(&ids, fractions)
    }

    /// The concentrations, `[galaxies, answers of the question]`.
    pub fn concentrations(&self) -> ArrayView2<'_, f64> {
        self.concentrations.view()
    }

    pub(super) fn fits(&self, question: &Question) -> Result<()> {
        let (found, expected) = (self.concentrations.ncols(), question.answers().len());
        if found != expected {
            let problem =
                format!("the prior has {found} answers, but {:?} has {expected}", question.name());
            return Err(Error::shape(problem, "Give concentrations for this question"));
        }
        Ok(())
    }

    pub(super) fn of(&self, id: &str) -> Result<&[f64]> {
        let row = self.rows.get(id).and_then(|row| self.concentrations.row(*row).to_slice());
        row.ok_or_else(|| {
            Error::missing("galaxy", id, "the prior", self.rows.keys().map(String::as_str))
        })
    }
}
