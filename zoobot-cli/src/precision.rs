//! `zoobot precision`.

use crate::{data_sets, galaxies, report};
use clap::Args;
use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use zoobot_core::polars::prelude::DataFrame;
use zoobot_core::space::Space;
use zoobot_core::survey::{DataSet, is_kept_out};
use zoobot_core::tags::{Cleaning, Tags};
use zoobot_core::{Error, Result};

/// Measure how well representations bring galaxies with the same tag together.
///
/// The precision at k of a tag is the share of a galaxy's k nearest neighbours that have its tag, averaged
/// over all galaxies with the tag (0 to 1). `random` is the precision of randomly chosen neighbours.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zoobot simulate --galaxies 40 --votes decals_dr5 --tags 0.5 --out voted
  zoobot encode voted --out voted.parquet
  zoobot encode voted --encoder imagenet --out voted-imagenet.parquet
  zoobot precision --representations galaxies=voted.parquet imagenet=voted-imagenet.parquet --tags voted/tags.csv -k 3 --least 3")]
pub struct Precision {
    /// Tables from `zoobot encode` of the same galaxies; NAME=TABLE names a table
    #[arg(long, required = true, num_args = 1..)]
    representations: Vec<String>,
    /// The tags, .csv or .parquet with id_str and tag; only galaxies with a tag are searched
    #[arg(long, required_unless_present = "data_set")]
    tags: Option<PathBuf>,
    #[arg(long, value_name = "NAME", conflicts_with = "tags", requires = "catalog", help = data_sets::tags())]
    data_set: Option<DataSet>,
    /// The table of --data-set, or a folder with its catalog.csv
    #[arg(long, requires = "data_set")]
    catalog: Option<PathBuf>,
    /// A .json file with tags to merge and to drop (default: the list that is included)
    #[arg(long, requires = "tags")]
    cleaning: Option<PathBuf>,
    /// The number of neighbours
    #[arg(short, default_value_t = 7)]
    k: usize,
    /// Leave out tags that fewer galaxies than this have
    #[arg(long, default_value_t = 20)]
    least: usize,
    /// Compress to this many principal components first (10 in the paper)
    #[arg(long)]
    pca: Option<usize>,
    /// Print the results as one JSON object on the last line
    #[arg(long)]
    json: bool,
}

/// The figures of a tag.
struct Row {
    tag: String,
    galaxies: u32,
    precision: f64,
    one: f64,
    random: f64,
}

impl Precision {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        let data_set = self.data_set();
        let tags = match &data_set {
            Some((data_set, table)) => {
                Tags::of_data_set(data_set, &data_set.read(galaxies::file(table)?)?)?
            }
            None => self.tags()?,
        };
        let mut all: Vec<(String, Vec<Row>)> = Vec::new();
        for text in &self.representations {
            let (name, path) = match text.split_once('=') {
                Some((name, path)) if !Path::new(text).exists() => (name.to_owned(), path),
                _ => {
                    let name = Path::new(text).file_stem().unwrap_or_default();
                    (name.to_string_lossy().into_owned(), text.as_str())
                }
            };
            if all.iter().any(|(other, _)| *other == name) {
                let problem = format!("two --representations are called {name:?}");
                return Err(Error::unsuitable(problem, "Name them differently: NAME=TABLE"));
            }
            let space = Space::read(path)?;
            let space = match &data_set {
                Some((data_set, _)) => unseen(&space, data_set)?,
                None => space,
            };
            let space = match self.pca {
                Some(components) => space.pca(components)?,
                None => space,
            };
            let table = match data_set {
                Some(_) => tags.precision_of_all(&space, self.k, self.least)?,
                None => tags.precision(&space, self.k, self.least)?,
            };
            all.push((name, rows(&table)?));
        }
        let first = &all[0].1;
        let differs = |rows: &Vec<Row>| {
            rows.len() != first.len()
                || rows.iter().zip(first).any(|(a, b)| (&a.tag, a.galaxies) != (&b.tag, b.galaxies))
        };
        if let Some((name, _)) = all.iter().find(|(_, rows)| differs(rows)) {
            let first = &all[0].0;
            let problem = format!("--representations {name:?} has other galaxies than {first:?}");
            return Err(Error::unsuitable(problem, "Give tables of the same galaxies"));
        }
        let figures = figures(self.k, &all);
        report(self.json, &figures, || Ok(text(self.k, &all)))?;
        Ok(ExitCode::SUCCESS)
    }

    /// The data set whose labels are the tags, and its table.
    fn data_set(&self) -> Option<(DataSet, &Path)> {
        self.data_set.zip(self.catalog.as_deref())
    }

    fn tags(&self) -> Result<Tags> {
        let cleaning = match &self.cleaning {
            Some(path) => Cleaning::read(path)?,
            None => Cleaning::standard(),
        };
        match &self.tags {
            Some(path) => Tags::read(path)?.clean(&cleaning),
            None => Err(Error::empty("--tags is missing", "Give a table of tags, or --data-set")),
        }
    }
}

/// The galaxies of a data set that the library's own encoder did not learn from.
fn unseen(space: &Space, data_set: &DataSet) -> Result<Space> {
    let Some(one_in) = data_set.kept_out() else { return Ok(space.clone()) };
    let ids: Vec<&String> = space.ids().iter().filter(|id| is_kept_out(id, one_in)).collect();
    space.select(&ids)
}

fn rows(table: &DataFrame) -> Result<Vec<Row>> {
    let numbers = |name: &str| -> Result<Vec<f64>> {
        Ok(table.column(name)?.f64()?.iter().map(|it| it.unwrap_or(f64::NAN)).collect())
    };
    let (precision, one, random) = (numbers("precision")?, numbers("one")?, numbers("random")?);
    let names = table.column("tag")?.str()?.iter().zip(table.column("galaxies")?.u32()?.iter());
    let named = names.enumerate().map(|(i, (tag, galaxies))| Row {
        tag: tag.unwrap_or_default().to_owned(),
        galaxies: galaxies.unwrap_or_default(),
        precision: precision[i],
        one: one[i],
        random: random[i],
    });
    Ok(named.collect())
}

fn mean(rows: &[Row], of: fn(&Row) -> f64) -> f64 {
    rows.iter().map(of).sum::<f64>() / rows.len() as f64
}

fn figures(k: usize, all: &[(String, Vec<Row>)]) -> Value {
    let mut encoders = Map::new();
    for (name, rows) in all {
        let tags: Map<String, Value> = rows
            .iter()
            .map(|row| (row.tag.clone(), json!({"precision": row.precision, "one": row.one})))
            .collect();
        let value = json!({
            "mean": mean(rows, |row| row.precision), "mean_one": mean(rows, |row| row.one), "tags": tags,
        });
        encoders.insert(name.clone(), value);
    }
    let tags: Map<String, Value> = all[0]
        .1
        .iter()
        .map(|row| (row.tag.clone(), json!({"galaxies": row.galaxies, "random": row.random})))
        .collect();
    json!({
        "k": k, "tags": tags, "mean_random": mean(&all[0].1, |row| row.random), "encoders": encoders,
    })
}

fn text(k: usize, all: &[(String, Vec<Row>)]) -> String {
    let mut text = format!("precision at {k}: of all queries, and of one\n");
    // Writing to a string cannot fail.
    let _ = write!(text, "{:<18}{:>9}{:>8}", "tag", "galaxies", "random");
    for (name, _) in all {
        let _ = write!(text, "{name:>18}");
    }
    for (i, row) in all[0].1.iter().enumerate() {
        let _ = write!(text, "\n{:<18}{:>9}{:>8.3}", row.tag, row.galaxies, row.random);
        for (_, rows) in all {
            let _ = write!(text, "{:>11.3} {:>6.3}", rows[i].precision, rows[i].one);
        }
    }
    let _ = write!(text, "\n{:<27}{:>8.3}", "mean", mean(&all[0].1, |row| row.random));
    for (_, rows) in all {
        let one = mean(rows, |row| row.one);
        let _ = write!(text, "{:>11.3} {one:>6.3}", mean(rows, |row| row.precision));
    }
    text
}
