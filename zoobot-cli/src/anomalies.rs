//! `zoobot anomalies`.

use crate::output::Overwrite;
use crate::{galaxies, report};
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use zoobot_core::anomaly::{Acquisition, AnomalySearch, Figures, Truth, journal};
use zoobot_core::space::Space;
use zoobot_core::{Error, Result, interrupt};

/// The number of galaxies to list.
const LISTED: usize = 20;

/// Rank galaxies by what interests one person, after a few ratings from 0 to 5.
///
/// With --ratings it lists the most interesting galaxies and the galaxies to rate next, from earlier
/// ratings. With --browser it serves a page on which you rate galaxies; it prints the page's address and
/// runs until Ctrl-C. Every rating is added to --ratings before the page shows it.
///
/// With --user-simulated, a simulated user rates round(5 * fraction), with the fractions in --scores:
/// first 10 random galaxies, then batches of 10 that the model chooses. The ranking is then judged;
/// galaxies with a fraction above 0.9 are of interest.
///
/// Representations are standardised; those with more than 40 features (--pca) are first compressed to
/// 40 principal components.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zoobot encode sample --out reps.parquet
  zoobot anomalies --representations reps.parquet --catalog sample --ratings mine.jsonl --browser
  echo '{\"id_str\":\"SIM000005\",\"rating\":5}' > ratings.jsonl
  echo '{\"id_str\":\"SIM000002\",\"rating\":0}' >> ratings.jsonl
  zoobot anomalies --representations reps.parquet --ratings ratings.jsonl --out ranking.csv
  zoobot anomalies --representations reps.parquet --scores sample --score-column class=merger --user-simulated --labels 40 --seed 1 --json")]
pub struct Anomalies {
    /// The table from `zoobot encode`
    #[arg(long)]
    representations: PathBuf,
    /// The ratings from 0 to 5: a .jsonl file with a line such as {"id_str":"NAME","rating":3} for each
    #[arg(long, required_unless_present = "user_simulated")]
    ratings: Option<PathBuf>,
    /// Use only this person's ratings (default: ratings without a name, or the only person's)
    #[arg(long, requires = "ratings")]
    user: Option<String>,
    /// Rate in the browser; --ratings is created if it does not exist
    #[arg(long, requires_all = ["ratings", "catalog"])]
    browser: bool,
    /// The catalogue with the pictures, for --browser: a table, a folder of pictures, or sample
    #[arg(long)]
    catalog: Option<PathBuf>,
    /// The truth about the galaxies: a table with id_str and a column of fractions (0 to 1) or ratings
    /// (0 to 5), or sample
    #[arg(long, required_if_eq("user_simulated", "true"))]
    scores: Option<PathBuf>,
    /// The column of --scores (default: fraction, score, rating, or the only column of numbers), or
    /// NAME=VALUE for galaxies of one kind, such as class=merger
    #[arg(long, requires = "scores")]
    score_column: Option<String>,
    /// Simulate a user who rates by --scores
    #[arg(long, conflicts_with = "ratings")]
    user_simulated: bool,
    /// The number of ratings of the simulated user
    #[arg(long, default_value_t = 200)]
    labels: usize,
    /// The number of galaxies in a batch
    #[arg(long, default_value_t = 10)]
    batch: usize,
    #[arg(long, default_value_t, help = acquisitions())]
    acquisition: Acquisition,
    /// The number of principal components
    #[arg(long, default_value_t = 40)]
    pca: usize,
    /// The random seed
    #[arg(long, default_value_t = zoobot_core::seed::DEFAULT)]
    seed: u64,
    /// The file to write the whole ranking into: .csv, .parquet or .fits
    #[arg(long)]
    out: Option<PathBuf>,
    #[command(flatten)]
    overwrite: Overwrite,
    /// Print the results as one JSON object on the last line
    #[arg(long)]
    json: bool,
}

/// The acquisitions, for `--help`.
fn acquisitions() -> String {
    let named = |it: &Acquisition| format!("{} ({})", it.name(), it.about());
    let all: Vec<String> = Acquisition::all().iter().map(named).collect();
    format!("What makes a galaxy worth a rating: {}", all.join(", "))
}

impl Anomalies {
    /// Runs the command.
    pub fn run(&self) -> Result<ExitCode> {
        let mut space = prepared(&Space::read(&self.representations)?, self.pca)?;
        if let Some(catalog) = &self.catalog {
            space = space.with_catalog(&galaxies::read(catalog)?)?;
        }
        let truth = self.scores.as_ref().map(|path| {
            let column = self.score_column.as_deref();
            Truth::read(galaxies::file(path)?, column, &space)
        });
        let truth = truth.transpose()?;
        if self.batch == 0 {
            return Err(Error::parameter("batch", 0, "at least 1"));
        }
        let read = [self.ratings.as_deref(), self.scores.as_deref(), Some(&self.representations)];
        let read: Vec<&Path> = read.into_iter().flatten().collect();
        self.overwrite.any_file("--out", self.out.as_deref(), &read)?;
        let mut search = AnomalySearch::new(&space)
            .seed(self.seed)
            .first(self.batch)
            .batch(self.batch)
            .acquisition(self.acquisition);
        let figures = match (&self.ratings, &truth) {
            (Some(ratings), truth) if self.browser => {
                search = self.rated_in_browser(search, ratings)?;
                if search.ratings().is_empty() {
                    eprintln!("No galaxy was rated.");
                    return Ok(ExitCode::SUCCESS);
                }
                self.rated(&mut search, truth.as_ref())?
            }
            (Some(ratings), truth) => {
                search.replay(&journal::read(ratings)?)?;
                let user = self.whose(&search)?;
                search = search.user(user);
                self.rated(&mut search, truth.as_ref())?
            }
            (None, Some(truth)) => {
                let outcome = search.simulate(truth, self.labels)?;
                if !self.json {
                    println!("{}", text(&outcome.figures));
                }
                let mut figures = serde_json::to_value(&outcome)?;
                figures["galaxies"] = json!(space.len());
                figures["seed"] = json!(self.seed);
                figures
            }
            (None, None) => {
                return Err(Error::empty("--scores is missing", "Give --scores or --ratings"));
            }
        };
        if let Some(out) = &self.out {
            search.ranking()?.save(out)?;
        }
        if self.json {
            report(true, &figures, || Ok(String::new()))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Serves the page until Ctrl-C.
    fn rated_in_browser(&self, search: AnomalySearch, ratings: &Path) -> Result<AnomalySearch> {
        let user = self.user.clone().unwrap_or_default();
        let mut search = search.user(user).journal(ratings)?;
        let page = search.rate_in_browser()?;
        println!("{}", page.url());
        eprintln!("Open this address to rate galaxies. Press Ctrl-C to end.");
        while !interrupt::requested() {
            std::thread::sleep(Duration::from_millis(100));
        }
        // Another Ctrl-C may stop the rest of the command.
        interrupt::clear();
        page.stop();
        Ok(search)
    }

    /// The user whose ratings to use.
    fn whose(&self, search: &AnomalySearch) -> Result<String> {
        let people = search.people();
        let wrong = |problem: String| {
            let hint = format!("Choose one of {} with --user", people.join(", "));
            Error::unsuitable(problem, hint)
        };
        match (&self.user, people.as_slice()) {
            (Some(user), people) if people.contains(user) => Ok(user.clone()),
            (_, []) => Err(Error::empty(
                "there are no ratings in --ratings",
                "Rate at least one galaxy, for example with --browser",
            )),
            (Some(user), _) => Err(wrong(format!("{user:?} has rated no galaxy"))),
            (None, [only]) => Ok(only.clone()),
            (None, people) if people.iter().any(String::is_empty) => Ok(String::new()),
            (None, _) => Err(wrong("the ratings are of several people".to_owned())),
        }
    }

    /// Lists the most interesting galaxies and the galaxies to rate next; with the truth, also judges the
    /// ranking.
    fn rated(&self, search: &mut AnomalySearch, truth: Option<&Truth>) -> Result<Value> {
        let ratings = search.ratings();
        let next = search.next()?;
        let model = search.model()?;
        let ranking = search.ranking()?;
        let open = ranking.unrated().head(LISTED);
        let unrated = open.ids();
        let mut figures = json!({
            "galaxies": search.space().len(), "ratings": ratings.len(), "user": search.name(),
            "kernel": model.kernel().to_string(), "next": next.ids(), "top_unrated": unrated,
        });
        if let Some(truth) = truth {
            let mut rated = vec![false; search.space().len()];
            ratings.iter().for_each(|it| rated[it.row] = true);
            let scores = model.mean(search.space().features())?;
            let judged = serde_json::to_value(Figures::of(&scores, &rated, truth))?;
            if let (Value::Object(all), Value::Object(judged)) = (&mut figures, judged) {
                all.extend(judged);
            }
        }
        if !self.json {
            println!("{} of {} galaxies rated", ratings.len(), search.space().len());
            println!("most interesting: {}", unrated.join(" "));
            println!("rate next: {}", next.ids().join(" "));
        }
        Ok(figures)
    }
}

/// Compresses a space to `components` if it has more features, and standardises it.
pub fn prepared(space: &Space, components: usize) -> Result<Space> {
    let compressed = if space.width() > components {
        space.pca(components.min(space.len()))?
    } else {
        space.clone()
    };
    compressed.standardize()
}

fn text(figures: &Figures) -> String {
    let mut text = format!(
        "average precision {:.3}, of unrated galaxies {:.3}",
        figures.average_precision, figures.average_precision_unrated
    );
    for (depth, accuracy) in &figures.accuracy_at {
        let unrated = figures.accuracy_unrated_at.get(depth).copied().unwrap_or(f64::NAN);
        text += &format!("\nfirst {depth:>5}: {accuracy:.3} of interest, unrated {unrated:.3}");
    }
    text
}
