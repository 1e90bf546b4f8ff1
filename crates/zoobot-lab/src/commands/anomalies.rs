//! `zoobot-lab anomalies`.

use clap::Args;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use zoobot_cli::{galaxies, prepared, report};
use zoobot_core::anomaly::Truth;
use zoobot_core::catalog::write_table;
use zoobot_core::space::Space;
use zoobot_core::{Error, Result};
use zoobot_lab::{Experiment, Method, ellipse_features};

/// Compare methods that find what interests a simulated user, who rates round(5 * fraction).
///
/// Methods: gp (the paper's: Gaussian process, expected improvement), gp-matern32, gp-ucb,
/// gp-variance, gp-thompson, gp-random, astronomaly (the paper's baseline: isolation forest, corrected
/// by ratings), isolation-forest, lof, random. Wider representations are compressed to --pca
/// components; all are standardised. With --out, repeat the command to resume a run that was stopped;
/// you may add methods and repeats, and finished runs are not repeated.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zoobot encode sample --out reps.parquet
  zoobot-lab anomalies --representations reps.parquet --scores sample --score-column class=merger --methods gp,random --labels 40 --repeats 2 --out compared

The paper's comparison: --methods gp,astronomaly,isolation-forest,random --labels 200 --repeats 15")]
pub struct Anomalies {
    /// A table from `zoobot encode`, as FILE or NAME=FILE; repeat for more tables of these galaxies
    #[arg(long, required = true)]
    representations: Vec<String>,
    /// The catalogue of these galaxies: adds a representation "ellipse", 24 numbers about ellipses that
    /// are fitted to the pictures
    #[arg(long)]
    ellipse: Option<PathBuf>,
    /// The truth about the galaxies: a table with id_str and a column of fractions (0 to 1) or ratings
    /// (0 to 5), or sample
    #[arg(long)]
    scores: PathBuf,
    /// The column of --scores (default: fraction, score, rating, or the only column of numbers), or
    /// NAME=VALUE for galaxies of one kind, such as class=merger
    #[arg(long)]
    score_column: Option<String>,
    /// Runs of each method, each with another seed
    #[arg(long, default_value_t = 15)]
    repeats: u64,
    /// Ratings in each run
    #[arg(long, default_value_t = 200)]
    labels: usize,
    /// The methods
    #[arg(long, value_delimiter = ',', default_value = "gp,astronomaly,isolation-forest,random")]
    methods: Vec<Method>,
    /// Leave out galaxies of interest at random in each run, so that they are this share of all galaxies
    #[arg(long)]
    share: Option<f64>,
    /// The number of principal components
    #[arg(long, default_value_t = 40)]
    pca: usize,
    /// The folder for finished runs, the table (summary.csv) and the figure (accuracy.svg)
    #[arg(long)]
    out: Option<PathBuf>,
    /// Print the results of all runs as one JSON object on the last line
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
                let problem = format!(
                    "--representations {name:?} has other galaxies than {first:?}, or another order"
                );
                let hint = "Give tables of the same galaxies in the same order";
                return Err(Error::unsuitable(problem, hint));
            }
            if spaces.iter().any(|(known, _)| *known == name) {
                let problem = format!("two --representations are called {name:?}");
                return Err(Error::unsuitable(problem, "Name them differently: NAME=FILE"));
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
            Experiment::new(truth).methods(&self.methods).labels(self.labels).repeats(self.repeats);
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

/// Splits NAME=FILE; without a name, the file's stem is the name.
fn named(text: &str) -> (String, &Path) {
    match text.split_once('=') {
        Some((name, file)) => (name.to_owned(), Path::new(file)),
        None => {
            let name = Path::new(text).file_stem().unwrap_or_default();
            (name.to_string_lossy().into_owned(), Path::new(text))
        }
    }
}
