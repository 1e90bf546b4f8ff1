//! The labels that volunteers add to the files of a survey.

use super::Volunteers;
use crate::simulate::{COLUMNS, SimulatedGalaxy, Simulation};
use crate::tags::{tags, visible};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use zoobot_base::error::{Error, Result};
use zoobot_data::schema::Schema;

/// The volunteers' votes and tags for the galaxies of a survey.
pub(crate) struct Labels {
    volunteers: Option<Volunteers>,
    /// The share of galaxies that are tagged.
    tags: f64,
    seed: u64,
}

/// One galaxy's lines in the tables, each with its line break.
#[derive(Default)]
pub(crate) struct Row {
    /// The line in the catalogue.
    catalog: String,
    /// The line in the table of expected fractions.
    fractions: String,
    /// The lines in the table of tags.
    tags: String,
    /// The lines in the table of visible features.
    visible: String,
}

impl Labels {
    /// The labels that a survey requests.
    pub fn of(survey: &Simulation) -> Result<Self> {
        let volunteers = match &survey.votes {
            Some(name) => Some(Volunteers::new(&Schema::load(name)?)?),
            None => None,
        };
        Ok(Self { volunteers, tags: survey.tags, seed: survey.seed })
    }

    /// A galaxy's lines in all tables.
    pub fn row(&self, galaxy: &SimulatedGalaxy) -> Row {
        // Writing to a string cannot fail.
        let mut row = Row { catalog: galaxy.row(), ..Row::default() };
        if let Some(volunteers) = &self.volunteers {
            row.catalog.truncate(row.catalog.trim_end().len());
            row.fractions.push_str(&galaxy.id_str);
            for votes in volunteers.votes(galaxy, self.seed) {
                let _ = write!(row.catalog, ",{votes}");
            }
            for fraction in volunteers.fractions(galaxy) {
                let _ = write!(row.fractions, ",{fraction:.5}");
            }
            row.catalog.push('\n');
            row.fractions.push('\n');
        }
        for tag in tags(galaxy, self.tags, self.seed) {
            let _ = writeln!(row.tags, "{},{},{},{}", tag.id_str, tag.tag, tag.user, tag.time);
        }
        if self.tags > 0.0 {
            for tag in visible(galaxy) {
                let _ = writeln!(row.visible, "{},{tag}", galaxy.id_str);
            }
        }
        row
    }

    /// Writes the tables beside the catalogue, and returns the catalogue as CSV.
    pub fn write(&self, rows: &[Row], folder: &Path) -> Result<String> {
        let body = |part: fn(&Row) -> &str| rows.iter().map(part).collect::<String>();
        let save = |name: &str, text: String| {
            let path = folder.join(name);
            fs::write(&path, text).map_err(Error::io("write", &path))
        };
        if self.tags > 0.0 {
            save("tags.csv", format!("id_str,tag,user,time\n{}", body(|row| &row.tags)))?;
            save("visible.csv", format!("id_str,tag\n{}", body(|row| &row.visible)))?;
        }
        let mut columns = COLUMNS.to_owned();
        if let Some(volunteers) = &self.volunteers {
            let answers = volunteers.schema().columns().join(",");
            let fractions = body(|row| &row.fractions);
            save("fractions.csv", format!("id_str,{answers}\n{fractions}"))?;
            columns = format!("{columns},{answers}");
        }
        Ok(format!("{columns}\n{}", body(|row| &row.catalog)))
    }
}
