//! `zoobot experiment anomalies`.

use crate::anomalies::prepared;
use crate::{galaxies, report};
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use zoobot_core::anomaly::{Experiment as Comparison, Method, Truth, ellipse_features};
use zoobot_core::catalog::write_table;
use zoobot_core::space::Space;
use zoobot_core::{Error, Result};

/// Compare ways to find what interests a simulated user, who rates round(5 * fraction).
///
/// Methods: gp (the paper's: Gaussian process, expected improvement), gp-matern32, gp-ucb,
/// gp-variance, gp-thompson, gp-random, astronomaly (the paper's baseline: isolation forest, corrected
/// by ratings), isolation-forest, lof, random. Wider representations are compressed to --pca
/// components; all are standardised. With --out a run that was stopped goes on where it stopped, and
/// methods and repeats may be added: nothing that was measured is measured again.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zoobot encode sample --out reps.parquet
  zoobot experiment anomalies --representations reps.parquet --scores sample --score-column class=merger --methods gp,random --labels 40 --repeats 2 --out compared

The paper's comparison: --methods gp,astronomaly,isolation-forest,random --labels 200 --repeats 15")]
pub struct Anomalies {
    /// A table that `zoobot encode` wrote, as FILE or NAME=FILE; again for more of the same galaxies
    #[arg(long, required = true)]
    representations: Vec<String>,
    /// The catalogue of the same galaxies: adds a representation "ellipse", of 24 numbers about
    /// ellipses that are fitted to the pictures
    #[arg(long)]
    ellipse: Option<PathBuf>,
    /// What is true of the galaxies: a table with id_str and a column of fractions (0 to 1) or ratings
    /// (0 to 5), or sample
    #[arg(long)]
    scores: PathBuf,
    /// The column of --scores (default: fraction, score, rating, or the only one of numbers), or
    /// NAME=VALUE for galaxies of one kind, such as class=merger
    #[arg(long)]
    score_column: Option<String>,
    /// Runs of each method, with other seeds
    #[arg(long, default_value_t = 15)]
    repeats: u64,
    /// Galaxies that are rated in a run
    #[arg(long, default_value_t = 200)]
    labels: usize,
    /// The methods
    #[arg(long, value_delimiter = ',', default_value = "gp,astronomaly,isolation-forest,random")]
    methods: Vec<Method>,
    /// Leave out galaxies of interest at random, anew in each run, so that this share of all remains
    #[arg(long)]
    share: Option<f64>,
    /// Principal components
    #[arg(long, default_value_t = 40)]
    pca: usize,
    /// The folder for finished runs, the table (summary.csv) and the figure (accuracy.svg)
    #[arg(long)]
    out: Option<PathBuf>,
    /// Print the figures of all runs as one JSON object on the last line
    #[arg(long)]
    json: bool,
}

impl Anomalies {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        let mut spaces: Vec<(String, Space)> = Vec::new();
        for text in &self.representations {
            let (name, file) = named(text);
            let space = prepared(&Space::read(file)?, self.pca)?;
            if let Some((first, known)) = spaces.first()
                && known.ids() != space.ids()
            {
                let value = format!("of other galaxies, or in another order, than {first:?}");
                return Err(Error::invalid("--representations", value, "tables of the same rows"));
            }
            if spaces.iter().any(|(known, _)| *known == name) {
                let expected = "names of their own: NAME=FILE";
                return Err(Error::invalid("--representations", format!("{name} twice"), expected));
            }
            spaces.push((name, space));
        }
        if let Some(catalog) = &self.ellipse {
            let catalog = galaxies::read(catalog)?.select(spaces[0].1.ids())?;
            spaces.push(("ellipse".to_owned(), ellipse_features(&catalog)?.standardize()?));
        }
        let truth =
            Truth::read(galaxies::file(&self.scores)?, self.score_column.as_deref(), &spaces[0].1)?;
        let mut comparison =
            Comparison::new(truth).methods(&self.methods).labels(self.labels).repeats(self.repeats);
        for (name, space) in &spaces {
            comparison = comparison.space(name, space);
        }
        if let Some(share) = self.share {
            comparison = comparison.share(share);
        }
        if let Some(folder) = &self.out {
            comparison = comparison.folder(folder);
        }
        let runs = comparison.run()?;
        if let Some(folder) = &self.out {
            write_table(&runs.table(), folder.join("summary.csv"))?;
            runs.figure().save(folder.join("accuracy.svg"))?;
        }
        report(self.json, &serde_json::to_value(&runs)?, || Ok(runs.text()))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// A name and a file; the file's own name where there is none.
fn named(text: &str) -> (String, &Path) {
    match text.split_once('=') {
        Some((name, file)) => (name.to_owned(), Path::new(file)),
        None => {
            let name = Path::new(text).file_stem().unwrap_or_default();
            (name.to_string_lossy().into_owned(), Path::new(text))
        }
    }
}
