//! `--oracle`: tables of votes that answer for volunteers.

use crate::fractions::Fractions;
use crate::{data_sets, galaxies};
use clap::Args;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use zoobot_core::catalog::{Catalog, read_table};
use zoobot_core::notes::note;
use zoobot_core::schema::{Schema, Votes};
use zoobot_core::survey::DataSet;
use zoobot_core::{Error, Result, ndarray};

// No doc comment: it would take the place of the command's own help.
#[derive(Debug, Clone, Args)]
pub struct Oracles {
    /// A table of votes: id_str and a column QUESTION_ANSWER for each answer of the schema, or the table of a
    /// published data set, which is recognised by its columns, or real_sample (included); repeat for more tables
    #[arg(long = "oracle", value_name = "VOTES")]
    pub oracles: Vec<PathBuf>,
    #[arg(long, value_name = "NAME", help = format!(
        "The data set of the tables, if its columns do not tell ({})",
        DataSet::voted().join(", ")
    ))]
    data_set: Option<DataSet>,
    #[command(flatten)]
    fractions: Fractions,
}

impl Oracles {
    /// The votes in all tables.
    pub fn votes(&self, schema: &Schema) -> Result<Votes> {
        let mut all: Option<Votes> = None;
        for path in &self.oracles {
            let next = self.table(path, schema)?;
            all = Some(match all {
                None => next,
                Some(before) => joined(&before, &next)?,
            });
        }
        all.ok_or_else(|| Error::empty("there is no table of votes", "Give one with --oracle"))
    }

    fn table(&self, path: &Path, schema: &Schema) -> Result<Votes> {
        let path = &galaxies::file(path)?;
        if let Some(data_set) = &self.data_set {
            return of_data_set(data_set, path, schema);
        }
        let table = read_table(path)?;
        if table.column("file_loc").is_err() {
            return Votes::from_table(&table, schema);
        }
        let catalog = self.fractions.counts(Catalog::read(path)?, schema)?;
        match Votes::of(&catalog, schema) {
            Err(error @ Error::Missing { .. }) => {
                let known =
                    DataSet::all().iter().filter(|it| DataSet::voted().contains(&it.name()));
                for data_set in known {
                    if let Ok(votes) = of_data_set(data_set, path, schema) {
                        note(format!("{} is read as the data set {data_set}", path.display()));
                        return Ok(votes);
                    }
                }
                Err(error)
            }
            votes => votes,
        }
    }
}

fn of_data_set(data_set: &DataSet, path: &Path, schema: &Schema) -> Result<Votes> {
    let own = data_sets::schema(data_set)?;
    own.places_of(schema)?;
    Votes::of(&data_set.read(path)?, schema)
}

/// The galaxies of two tables.
fn joined(first: &Votes, second: &Votes) -> Result<Votes> {
    let known: HashSet<&String> = first.ids().iter().collect();
    if let Some(id) = second.ids().iter().find(|id| known.contains(id)) {
        let problem = format!("two tables of votes have the galaxy {id:?}");
        return Err(Error::unsuitable(problem, "Give each galaxy once"));
    }
    let ids = [first.ids(), second.ids()].concat();
    let counts = ndarray::concatenate(ndarray::Axis(0), &[first.counts(), second.counts()])
        .map_err(Error::internal("tables of votes of different widths"))?;
    Votes::new(first.schema(), ids, counts)
}

/// The question that a word such as smooth, bar, spiral or merger stands for, or a question's name.
pub fn question(schema: &Schema, word: &str) -> Result<String> {
    let begins = match word {
        "smooth" => "smooth-or-featured",
        "spiral" => "has-spiral-arms",
        "merger" => "merging",
        "edge-on" => "disk-edge-on",
        "odd" => "something-odd",
        "ring" => "ring",
        other => other,
    };
    if schema.question(word).is_ok() {
        return Ok(word.to_owned());
    }
    let found = schema.questions().iter().find(|it| {
        it.name().strip_prefix(begins).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    });
    match found {
        Some(question) => Ok(question.name().to_owned()),
        None => schema.question(word).map(|it| it.name().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_for_the_questions_of_every_campaign() {
        for (schema, ending) in [("decals_dr5", "dr5"), ("gz2", "gz2")] {
            let schema = Schema::named(schema).unwrap();
            for (word, name) in
                [("smooth", "smooth-or-featured"), ("bar", "bar"), ("spiral", "has-spiral-arms")]
            {
                assert_eq!(question(&schema, word).unwrap(), format!("{name}-{ending}"));
            }
        }
        let schema = Schema::named("decals_dr5").unwrap();
        assert_eq!(question(&schema, "merger").unwrap(), "merging-dr5");
        assert_eq!(question(&schema, "bar-dr5").unwrap(), "bar-dr5");
        assert!(question(&schema, "bar-dr6").unwrap_err().to_string().contains("bar-dr5"));
    }
}
