//! What volunteers leave in the files of a survey.

use super::Volunteers;
use crate::error::{Error, Result};
use crate::schema::Schema;
use crate::survey::simulate::{COLUMNS, SimulatedGalaxy, Simulation};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Who labels the galaxies of a survey.
pub(in crate::survey) struct Labels {
    volunteers: Option<Volunteers>,
    seed: u64,
}

/// One galaxy's lines, each with its end.
pub(in crate::survey) struct Row {
    /// Of the catalogue.
    catalog: String,
    /// Of the table of expected fractions.
    fractions: String,
}

impl Labels {
    /// The labels that a survey asks for.
    pub fn of(survey: &Simulation) -> Result<Self> {
        let volunteers = match &survey.votes {
            Some(name) => Some(Volunteers::new(&Schema::load(name)?)?),
            None => None,
        };
        Ok(Self { volunteers, seed: survey.seed })
    }

    /// A galaxy's lines in all the tables.
    pub fn row(&self, galaxy: &SimulatedGalaxy) -> Row {
        let mut row = Row { catalog: galaxy.row(), fractions: String::new() };
        if let Some(volunteers) = &self.volunteers {
            row.catalog.truncate(row.catalog.trim_end().len());
            row.fractions.push_str(&galaxy.id_str);
            // Writing to a string cannot fail.
            for votes in volunteers.votes(galaxy, self.seed) {
                let _ = write!(row.catalog, ",{votes}");
            }
            for fraction in volunteers.fractions(galaxy) {
                let _ = write!(row.fractions, ",{fraction:.5}");
            }
            row.catalog.push('\n');
            row.fractions.push('\n');
        }
        row
    }

    /// Writes the tables that stand beside the catalogue, and returns the catalogue as CSV.
    pub fn write(&self, rows: &[Row], folder: &Path) -> Result<String> {
        let body = |part: fn(&Row) -> &str| rows.iter().map(part).collect::<String>();
        let mut columns = COLUMNS.to_owned();
        if let Some(volunteers) = &self.volunteers {
            let answers = volunteers.schema().columns().join(",");
            let text = format!("id_str,{answers}\n{}", body(|row| &row.fractions));
            let path = folder.join("fractions.csv");
            fs::write(&path, text).map_err(Error::io("write", &path))?;
            columns = format!("{columns},{answers}");
        }
        Ok(format!("{columns}\n{}", body(|row| &row.catalog)))
    }
}
