//! A simulated user, and measures of the quality of a search by their ratings.

use super::gp::FittedProcess;
use super::search::AnomalySearch;
use polars::prelude::{Column, DataFrame, DataType};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::Instant;
use zoobot_base::error::{Error, Result};
use zoobot_base::table::table_of;
use zoobot_data::catalog::{self, Label, is_missing, read_table};
use zoobot_representation::metrics::{average_precision, precision_at, rank_weighted_score};
use zoobot_representation::space::Space;
use zoobot_show::notebook::{Bundle, Show, Table};

/// The numbers of highest-ranked galaxies at which a ranking is judged.
const DEPTHS: [usize; 6] = [20, 50, 100, 200, 500, 1000];
/// Names of the column of scores, in order of preference.
const COLUMNS: [&str; 3] = ["fraction", "score", "rating"];

/// The truth about every galaxy: the fraction of people who find it interesting.
///
/// ```
/// use zoobot_core::anomaly::Truth;
/// let truth = Truth::of(vec![0.95, 0.1, 0.5])?;
/// assert_eq!(truth.interesting, [true, false, false]);
/// assert_eq!(truth.rating(0), 5);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// For each galaxy, the fraction of people who find it interesting, 0 to 1.
    pub fractions: Vec<f64>,
    /// For each galaxy, whether it is of interest.
    pub interesting: Vec<bool>,
}

impl Truth {
    /// Creates the truth from the fraction of people who find each galaxy interesting, 0 to 1. Galaxies
    /// above 0.9 are of interest, as in the paper.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a number outside 0 to 1; [`Error::Unsuitable`] when no galaxy is of
    /// interest or all are.
    pub fn of(fractions: Vec<f64>) -> Result<Self> {
        if let Some(value) = fractions.iter().find(|value| !(0.0..=1.0).contains(*value)) {
            return Err(Error::parameter("fraction", value, "between 0 and 1"));
        }
        let interesting: Vec<bool> = fractions.iter().map(|value| *value > 0.9).collect();
        let count = interesting.iter().filter(|it| **it).count();
        if count == 0 || count == interesting.len() {
            let problem = format!(
                "{count} of {} galaxies are interesting (a fraction above 0.9, or a rating of 5)",
                interesting.len()
            );
            let hint = "Give scores by which some galaxies are interesting, but not all";
            return Err(Error::unsuitable(problem, hint));
        }
        Ok(Self { fractions, interesting })
    }

    /// The truth of a user who wants one class: a fraction of 1 for each label that is `wanted`, and 0
    /// for the others.
    ///
    /// # Errors
    /// [`Error::Unsuitable`] when no galaxy is of the class or all are.
    pub fn of_class(labels: &[String], wanted: &str) -> Result<Self> {
        Self::of(labels.iter().map(|it| f64::from(u8::from(it == wanted))).collect())
    }

    /// The number of galaxies that are of interest.
    pub fn wanted(&self) -> usize {
        self.interesting.iter().filter(|it| **it).count()
    }

    /// Reads the truth about the galaxies of a space from a table of `id_str` and one column of
    /// numbers: `fraction`, `score` or `rating`, the only such column, or `column`. Numbers up to 1
    /// are fractions, others up to 5 are ratings. `NAME=VALUE` makes a fraction of 1 where the
    /// column NAME holds VALUE, such as `class=merger`, and 0 elsewhere.
    ///
    /// # Errors
    /// When the file cannot be read, has no such column or lacks a galaxy of the space, and as
    /// [`of`](Self::of).
    pub fn read(path: impl AsRef<Path>, column: Option<&str>, space: &Space) -> Result<Self> {
        let path = path.as_ref();
        let table = read_table(path)?;
        let missing = |kind: &'static str, name: &str, hint: String| Error::Missing {
            kind,
            name: name.to_owned(),
            place: path.display().to_string(),
            hint,
        };
        let names: Vec<String> = table.get_column_names().iter().map(|it| it.to_string()).collect();
        let near = |name: &str| zoobot_base::spelling::near(name, names.iter().map(String::as_str));
        let numbers: Vec<&str> = table
            .columns()
            .iter()
            .filter(|it| it.dtype().is_primitive_numeric() || it.dtype().is_bool())
            .map(|it| it.name().as_str())
            .collect();
        let column = match column {
            Some(name) => name,
            None => match COLUMNS.iter().find(|name| numbers.contains(name)) {
                Some(name) => name,
                None if numbers.len() == 1 => numbers[0],
                None => {
                    let hint = match numbers.is_empty() {
                        true => "No column holds numbers".to_owned(),
                        false => {
                            format!("Name the column of scores, one of {}", numbers.join(", "))
                        }
                    };
                    return Err(missing("column", "fraction", hint));
                }
            },
        };
        let ids = table.column(catalog::ID);
        let ids = ids.map_err(|_| missing("column", catalog::ID, near(catalog::ID)))?;
        let ids = ids.cast(&DataType::String)?;
        let (name, wanted) = match column.split_once('=') {
            Some((name, value)) if !names.iter().any(|it| it == column) => (name, Some(value)),
            _ => (column, None),
        };
        let values = table.column(name).map_err(|_| missing("column", name, near(name)))?;
        let label = |column: Column| Label::new(name, column, ids.clone(), path);
        let values: Vec<Option<f64>> = match wanted {
            // A user who asks for a word such as "none" means that word, not a missing value.
            Some(wanted) if is_missing(wanted) => {
                let words = values.cast(&DataType::String)?;
                let holds = |word: Option<&str>| word.map(|it| f64::from(u8::from(it == wanted)));
                words.str()?.iter().map(holds).collect()
            }
            Some(wanted) => {
                let holds = |word: String| f64::from(u8::from(word == wanted));
                label(values.clone()).classes()?.into_iter().map(|it| it.map(holds)).collect()
            }
            None if values.dtype().is_bool() => label(values.cast(&DataType::UInt8)?).numbers()?,
            None => label(values.clone()).numbers()?,
        };
        let pairs = ids.str()?.iter().zip(values);
        let known: HashMap<&str, f64> =
            pairs.filter_map(|(id, value): (Option<&str>, Option<f64>)| id.zip(value)).collect();
        let score = |id: &String| {
            known.get(id.as_str()).copied().ok_or_else(|| {
                missing("score", id, format!("Every galaxy needs a value in {column:?}"))
            })
        };
        let scores = space.ids().iter().map(score).collect::<Result<Vec<f64>>>()?;
        let ratings = scores.iter().any(|value| *value > 1.0);
        if let Some(value) = scores.iter().find(|value| !(0.0..=5.0).contains(*value)) {
            let problem = format!("{column:?} holds the score {value}");
            let hint = "Scores must be fractions from 0 to 1 or ratings from 0 to 5";
            return Err(Error::unsuitable(problem, hint));
        }
        let scale = if ratings { 5.0 } else { 1.0 };
        Self::of(scores.into_iter().map(|value| value / scale).collect())
    }

    /// The simulated user's rating: `round(5 * fraction)`, with halves rounded to even.
    pub fn rating(&self, row: usize) -> u8 {
        (5.0 * self.fractions[row]).round_ties_even() as u8
    }
}

/// The state of a simulated search after one batch.
#[derive(Debug, Clone, Serialize)]
pub struct Round {
    /// The number of ratings so far.
    pub ratings: usize,
    /// The number of rated galaxies that are of interest.
    pub interesting: usize,
    /// Seconds for choosing the batch, including the fit before it.
    pub seconds: f64,
}

/// Measures of the quality of a ranking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// The average precision over all galaxies, with rated interesting galaxies first and other rated
    /// galaxies last, as in the paper.
    pub average_precision: f64,
    /// The average precision over the unrated galaxies; NaN if no interesting galaxy is left.
    #[serde(deserialize_with = "or_nan")]
    pub average_precision_unrated: f64,
    /// The share of interesting galaxies among the first N, rated galaxies included.
    pub accuracy_at: BTreeMap<usize, f64>,
    /// The share of interesting galaxies among the first N unrated galaxies.
    pub accuracy_unrated_at: BTreeMap<usize, f64>,
    /// The rank-weighted score of the first N, rated galaxies included.
    pub rank_weighted_at: BTreeMap<usize, f64>,
}

/// Reads a missing number as NaN, which JSON does not have.
fn or_nan<'a, D: serde::Deserializer<'a>>(from: D) -> std::result::Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(from)?.unwrap_or(f64::NAN))
}

impl Figures {
    /// Measures the ranking of all galaxies by their scores (the higher, the more interesting); `rated`
    /// marks the galaxies that are rated.
    pub fn of(scores: &[f64], rated: &[bool], truth: &Truth) -> Self {
        let interesting = &truth.interesting;
        let with: Vec<f64> = scores
            .iter()
            .zip(rated)
            .zip(interesting)
            .map(|((&score, &rated), &interesting)| match (rated, interesting) {
                (false, _) => score,
                (true, true) => f64::INFINITY,
                (true, false) => f64::NEG_INFINITY,
            })
            .collect();
        let open: Vec<usize> = (0..scores.len()).filter(|&row| !rated[row]).collect();
        let unrated: Vec<f64> = open.iter().map(|&row| scores[row]).collect();
        let left: Vec<bool> = open.iter().map(|&row| interesting[row]).collect();
        let at = |of: fn(usize, &[f64], &[bool]) -> f64, scores: &[f64], truth: &[bool]| {
            let depths = DEPTHS.into_iter().filter(|depth| *depth <= scores.len());
            depths.map(|depth| (depth, of(depth, scores, truth))).collect()
        };
        Self {
            average_precision: average_precision(&with, interesting),
            average_precision_unrated: average_precision(&unrated, &left),
            accuracy_at: at(precision_at, &with, interesting),
            accuracy_unrated_at: at(precision_at, &unrated, &left),
            rank_weighted_at: at(rank_weighted_score, &with, interesting),
        }
    }
}

/// The outcome of a search by a simulated user.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// The quality of the last ranking.
    #[serde(flatten)]
    pub figures: Figures,
    /// The state after each batch.
    pub rounds: Vec<Round>,
    /// Seconds for the whole search.
    pub seconds: f64,
    /// The kernel of the last fit.
    pub kernel: String,
}

impl Outcome {
    /// The number of ratings after each batch, for the x axis of a figure.
    pub fn ratings(&self) -> Vec<f64> {
        self.rounds.iter().map(|it| it.ratings as f64).collect()
    }

    /// The number of interesting galaxies found after each batch, for the y axis of a figure.
    pub fn found(&self) -> Vec<f64> {
        self.rounds.iter().map(|it| it.interesting as f64).collect()
    }
}

impl AnomalySearch {
    /// Lets a simulated user rate until `labels` galaxies are rated, and measures the ranking.
    ///
    /// # Errors
    /// [`Error::Shape`] when the truth has more or fewer galaxies than the search;
    /// [`Error::Parameter`] unless `labels` is between 1 and the number of galaxies; else as
    /// [`next`](Self::next).
    pub fn simulate(&mut self, truth: &Truth, labels: usize) -> Result<Outcome> {
        let galaxies = self.space().len();
        if truth.fractions.len() != galaxies {
            let problem = format!(
                "the truth has {} galaxies, but the search has {galaxies}",
                truth.fractions.len()
            );
            return Err(Error::shape(problem, "Give the truth of the galaxies that are searched"));
        }
        if labels == 0 || labels > galaxies {
            let range = format!("between 1 and {galaxies}, the number of galaxies");
            return Err(Error::parameter("labels", labels, range));
        }
        let start = Instant::now();
        let mut rounds = Vec::new();
        // Some galaxies may be rated already.
        let mut interesting = self.ratings().iter().filter(|it| truth.interesting[it.row]).count();
        loop {
            let rated = self.ratings().len();
            zoobot_base::interrupt::check("search", || format!("{rated} of {labels} ratings"))?;
            if rated >= labels {
                break;
            }
            let begun = Instant::now();
            let proposal = self.next()?;
            let seconds = begun.elapsed().as_secs_f64();
            for (id, &row) in proposal.ids().iter().zip(proposal.rows()).take(labels - rated) {
                self.rate(id, truth.rating(row))?;
                interesting += usize::from(truth.interesting[row]);
            }
            rounds.push(Round { ratings: self.ratings().len(), interesting, seconds });
        }
        let model: std::sync::Arc<FittedProcess> = self.model()?;
        let scores = model.mean(self.space().features())?;
        let seconds = start.elapsed().as_secs_f64();
        let mut rated = vec![false; galaxies];
        self.ratings().iter().for_each(|it| rated[it.row] = true);
        let figures = Figures::of(&scores, &rated, truth);
        Ok(Outcome { figures, rounds, seconds, kernel: model.kernel().to_string() })
    }
}

impl Outcome {
    /// The results by depth, a table with the columns `first` (the number of highest-ranked galaxies),
    /// `accuracy`, `accuracy_unrated` and `rank_weighted_score`.
    pub fn table(&self) -> DataFrame {
        let figures = &self.figures;
        let depths: Vec<u32> = figures.accuracy_at.keys().map(|&depth| depth as u32).collect();
        let column = |name: &str, values: &BTreeMap<usize, f64>| {
            let of = |depth: &u32| values.get(&(*depth as usize)).copied();
            Column::new(name.into(), depths.iter().map(of).collect::<Vec<Option<f64>>>())
        };
        let columns = vec![
            Column::new("first".into(), &depths),
            column("accuracy", &figures.accuracy_at),
            column("accuracy_unrated", &figures.accuracy_unrated_at),
            column("rank_weighted_score", &figures.rank_weighted_at),
        ];
        table_of(depths.len(), columns)
    }
}

impl Show for Outcome {
    fn show(&self) -> Bundle {
        let ratings = self.rounds.last().map_or(0, |round| round.ratings);
        let title = format!(
            "After {ratings} ratings: average precision {:.3} with the rated galaxies, {:.3} without",
            self.figures.average_precision, self.figures.average_precision_unrated
        );
        Table::new(self.table()).title(title).show()
    }
}
