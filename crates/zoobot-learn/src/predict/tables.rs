//! Posteriors as tables, in the form of Galaxy Zoo's catalogues.

use super::posterior::Posterior;
use polars::prelude::{Column, DataFrame};
use serde::{Deserialize, Serialize};
use std::fmt::{Display, Formatter};
use std::str::FromStr;
use zoobot_base::error::{Error, Result};
use zoobot_base::table::table_of;
use zoobot_data::catalog::ID;

/// The friendly table leaves questions blank that are less likely to be asked than this.
pub const BLANK_BELOW: f64 = 0.5;

/// The columns of a table of predictions.
///
/// ```
/// use zoobot_core::{ndarray::Array3, prelude::*};
/// let rings = Schema::named("gz_rings")?;
/// let posterior = Posterior::new(&rings, vec!["NGC 1".into()], Array3::from_elem((1, 2, 1), 20.0))?;
/// let (friendly, advanced) = (posterior.table(Columns::Friendly)?, posterior.table(Columns::Advanced)?);
/// assert!(friendly.width() < advanced.width());
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Columns {
    /// The columns of [`Posterior::friendly`], for reading. The default.
    #[default]
    Friendly,
    /// The columns of [`Posterior::advanced`], for computing.
    Advanced,
}

impl Columns {
    /// The name: `friendly` or `advanced`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Friendly => "friendly",
            Self::Advanced => "advanced",
        }
    }
}

impl FromStr for Columns {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let all = [Self::Friendly, Self::Advanced];
        let found = all.into_iter().find(|columns| columns.name() == text);
        found.ok_or_else(|| Error::parameter("table", format!("{text:?}"), "friendly or advanced"))
    }
}

impl Display for Columns {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Posterior {
    /// The [`friendly`](Self::friendly) or the [`advanced`](Self::advanced) table.
    ///
    /// # Errors
    /// As for [`friendly`](Self::friendly) and [`advanced`](Self::advanced).
    pub fn table(&self, columns: Columns) -> Result<DataFrame> {
        match columns {
            Columns::Friendly => Ok(self.friendly()),
            Columns::Advanced => self.advanced(),
        }
    }

    /// A table for reading: `id_str` and, for each answer, `ANSWER_fraction`, the expected vote fraction;
    /// empty if fewer than half of the volunteers would be asked the question.
    pub fn friendly(&self) -> DataFrame {
        self.say_simulated();
        let (fractions, asked) = (self.fractions(), self.asked());
        let mut columns = vec![Column::new(ID.into(), self.ids())];
        for (place, question) in self.schema().questions().iter().enumerate() {
            for answer in question.answers() {
                let shares = fractions.column(answer.index());
                let shown =
                    |(share, asked): (&f64, &f64)| (*asked >= BLANK_BELOW).then_some(*share);
                let shares: Vec<Option<f64>> =
                    shares.iter().zip(asked.column(place)).map(shown).collect();
                columns.push(Column::new(format!("{}_fraction", answer.column()).into(), shares));
            }
        }
        table_of(self.len(), columns)
    }

    /// A table for computing: `id_str`, for each question `QUESTION_proportion-asked`, and for each answer
    /// `ANSWER_fraction` and the bounds of its 90 % interval, `ANSWER_90pc-lower` and `ANSWER_90pc-upper`. No
    /// cell is blank.
    ///
    /// # Errors
    /// [`Error::Polars`](zoobot_base::Error::Polars) when memory runs out;
    /// [`Error::Interrupted`](zoobot_base::Error::Interrupted).
    pub fn advanced(&self) -> Result<DataFrame> {
        self.say_simulated();
        let (fractions, asked, ends) = (self.fractions(), self.asked(), self.intervals(0.9)?);
        let mut columns = vec![Column::new(ID.into(), self.ids())];
        for (place, question) in self.schema().questions().iter().enumerate() {
            let name = format!("{}_proportion-asked", question.name());
            columns.push(Column::new(name.into(), asked.column(place).to_vec()));
            for answer in question.answers() {
                let parts = [
                    ("fraction", &fractions),
                    ("90pc-lower", &ends.lower),
                    ("90pc-upper", &ends.upper),
                ];
                for (part, values) in parts {
                    let name = format!("{}_{part}", answer.column());
                    columns.push(Column::new(name.into(), values.column(answer.index()).to_vec()));
                }
            }
        }
        Ok(table_of(self.len(), columns))
    }
}
