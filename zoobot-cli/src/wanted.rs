//! `--where`: which galaxies of a catalogue a command uses.

use crate::galaxies;
use clap::Args;
use std::path::Path;
use zoobot_core::catalog::{Catalog, condition};
use zoobot_core::notes::note;
use zoobot_core::{Error, Result};

/// The language of conditions, for `--help`.
pub const LANGUAGE: &str = "\
Use only galaxies that satisfy this condition, such as 'mag_r < 17.5 and class is not missing'

Compare columns with numbers, text in single quotes or other columns by <, <=, >, >=, = and !=; join \
comparisons by not, and, or, and parentheses. A column whose name has other characters than letters, \
digits, _ and . is written in backticks: `a-b`. Whole numbers are compared exactly. A missing \
value (an empty cell, NaN, n/a and the like) satisfies no comparison, not even one after \"not\": ask \
for it with \"mag_r is missing\" or \"mag_r is not missing\" (null is another word for missing).";

/// The option `--where` of commands with a catalogue.
#[derive(Debug, Clone, Args)]
pub struct Wanted {
    /// Use only galaxies that satisfy this condition, such as 'mag_r < 17.5 and class is not missing'
    #[arg(long = "where", value_name = "CONDITION", long_help = LANGUAGE)]
    condition: Option<String>,
}

impl Wanted {
    /// The galaxies of a file that satisfy the condition; a note gives their number.
    pub fn read(&self, path: impl AsRef<Path>) -> Result<Catalog> {
        self.of(galaxies::read(path.as_ref())?)
    }

    /// The galaxies of a catalogue that satisfy the condition.
    pub fn of(&self, all: Catalog) -> Result<Catalog> {
        let Some(text) = &self.condition else { return Ok(all) };
        let wanted = all.filter(condition(text)?)?;
        let (kept, count, source) = (wanted.len(), all.len(), all.source().display());
        if kept == 0 {
            let problem =
                format!("--where {text:?} keeps none of the {count} galaxies of {source}");
            return Err(Error::empty(problem, "Write a condition that some galaxies satisfy"));
        }
        if kept < count {
            note(format!("--where keeps {kept} of {count} galaxies of {source}"));
        }
        Ok(wanted)
    }
}
