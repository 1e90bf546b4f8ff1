//! `--kaggle`, `--fractions` and `--volunteers`: catalogues of vote fractions in place of votes.

use clap::{Args, ValueEnum};
use zoobot_core::Result;
use zoobot_core::catalog::Catalog;
use zoobot_core::schema::{Schema, VoteFractions};

// No doc comment: it would take the place of the command's own help.
#[derive(Debug, Clone, Args)]
pub struct Fractions {
    /// The catalogue has the vote fractions of the Galaxy Challenge at Kaggle (Class1.1 to Class11.6), of
    /// the schema gz2
    #[arg(long, group = "form", conflicts_with = "data_set")]
    kaggle: bool,
    /// The catalogue has vote fractions in columns QUESTION_ANSWER_fraction or QUESTION_ANSWER: cumulative
    /// (of all volunteers of the galaxy) or conditional (of those who were asked the question)
    #[arg(
        long,
        group = "form",
        value_name = "FORM",
        conflicts_with = "data_set",
        requires = "volunteers"
    )]
    fractions: Option<Form>,
    /// The number of volunteers of each galaxy, or the column that has it (default for --kaggle: 42)
    #[arg(long, value_name = "N|COLUMN", requires = "form")]
    volunteers: Option<String>,
}

/// The mean number of volunteers of a galaxy of the Galaxy Challenge.
const KAGGLE: &str = "42";

/// What vote fractions are shares of.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Form {
    /// Fractions of all volunteers of the galaxy
    Cumulative,
    /// Fractions of the volunteers who were asked the question
    Conditional,
}

impl Fractions {
    /// The catalogue with the votes of a schema as counts; the catalogue itself if it holds counts already.
    pub fn counts(&self, catalog: Catalog, schema: &Schema) -> Result<Catalog> {
        let form: fn(u32) -> VoteFractions = match (self.kaggle, self.fractions) {
            (true, _) => VoteFractions::kaggle,
            (false, Some(Form::Cumulative)) => VoteFractions::cumulative,
            (false, Some(Form::Conditional)) => VoteFractions::conditional,
            (false, None) => return Ok(catalog),
        };
        let volunteers = self.volunteers.as_deref().unwrap_or(KAGGLE);
        let fractions = match volunteers.parse() {
            Ok(number) => form(number),
            Err(_) => form(1).volunteers_in(volunteers),
        };
        fractions.counts(&catalog, schema)
    }
}
