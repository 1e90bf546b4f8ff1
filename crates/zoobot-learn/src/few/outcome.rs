//! The results of episodes: means with intervals, and comparisons in pairs.

use super::FewMethod;
use polars::prelude::{Column, DataFrame};
use serde::{Deserialize, Serialize};
use zoobot_base::error::{Error, Result};
use zoobot_base::seed;
use zoobot_base::table::table_of;
use zoobot_representation::metrics::{Estimate, bootstrap};
use zoobot_show::figure::{Curve, Dash, Figure, curves};
use zoobot_show::notebook::{Bundle, Show, Table};

/// The result of one method in one episode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpisodeRow {
    /// The method.
    pub method: FewMethod,
    /// The number of examples of each class.
    pub shots: usize,
    /// The episode, from 1.
    pub episode: u64,
    /// The number of galaxies to judge by.
    pub queries: usize,
    /// The share of them that is given its class.
    pub accuracy: f64,
    /// The method that [`FewMethod::Auto`] chose; otherwise the method itself.
    pub chosen: FewMethod,
    /// The duration in seconds, from encoded pictures, or from pictures for methods that train the encoder.
    pub seconds: f64,
}

/// The results of [`Episodes`](super::Episodes). Intervals are of 95 %, from 1,000 bootstrap samples of the
/// episodes.
///
/// ```
/// use zoobot_core::few::{EpisodeRow, EpisodesOutcome, FewMethod};
/// let row = |method, episode, accuracy| EpisodeRow {
///     method, shots: 5, episode, queries: 50, accuracy, chosen: method, seconds: 0.1,
/// };
/// let rows = (1..=8).flat_map(move |i| {
///     let even = (i % 2) as f64 * 0.1;
///     [row(FewMethod::Mean, i, 0.5 + even), row(FewMethod::Probe, i, 0.6 + even)]
/// });
/// let outcome = EpisodesOutcome { label: "kind".into(), rows: rows.collect() };
/// let gain = outcome.difference(FewMethod::Probe, FewMethod::Mean, 5)?;
/// // The episodes differ, but the difference within each does not.
/// assert!((gain.low - 0.1).abs() < 1e-9 && (gain.high - 0.1).abs() < 1e-9);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EpisodesOutcome {
    /// The column with the classes.
    pub label: String,
    /// The results.
    pub rows: Vec<EpisodeRow>,
}

impl EpisodesOutcome {
    /// The methods, in the order of [`FewMethod::all`].
    pub fn methods(&self) -> Vec<FewMethod> {
        FewMethod::all().filter(|it| self.rows.iter().any(|row| row.method == *it)).collect()
    }

    /// The numbers of shots, ascending.
    pub fn shots(&self) -> Vec<usize> {
        let mut all: Vec<usize> = self.rows.iter().map(|row| row.shots).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    fn of(&self, method: FewMethod, shots: usize) -> Vec<&EpisodeRow> {
        let is = |row: &&EpisodeRow| (row.method, row.shots) == (method, shots);
        let mut rows: Vec<&EpisodeRow> = self.rows.iter().filter(is).collect();
        rows.sort_by_key(|row| row.episode);
        rows
    }

    /// The mean accuracy over the episodes.
    ///
    /// # Errors
    /// [`Error::Empty`] if there are no such episodes.
    pub fn accuracy(&self, method: FewMethod, shots: usize) -> Result<Estimate> {
        let all: Vec<f64> = self.of(method, shots).iter().map(|row| row.accuracy).collect();
        mean(&all, method, shots)
    }

    /// The mean difference in accuracy, the first method minus the second, over the episodes that both have.
    ///
    /// # Errors
    /// [`Error::Empty`] if there are no such episodes.
    pub fn difference(
        &self,
        first: FewMethod,
        second: FewMethod,
        shots: usize,
    ) -> Result<Estimate> {
        let others = self.of(second, shots);
        let pairs = self.of(first, shots).into_iter().filter_map(|row| {
            let other = others.iter().find(|it| it.episode == row.episode)?;
            Some(row.accuracy - other.accuracy)
        });
        mean(&pairs.collect::<Vec<f64>>(), first, shots)
    }

    /// The method with the highest mean accuracy, without [`FewMethod::Auto`]; `None` without episodes.
    pub fn best(&self, shots: usize) -> Option<FewMethod> {
        let value =
            |method: &FewMethod| self.accuracy(*method, shots).map_or(f64::MIN, |it| it.value);
        let methods = self.methods().into_iter().filter(|it| *it != FewMethod::Auto);
        let there = methods.filter(|it| !self.of(*it, shots).is_empty());
        there.max_by(|a, b| value(a).total_cmp(&value(b)))
    }

    /// A row for each method and number of shots: the number of episodes, the mean accuracy with its interval,
    /// the difference to the best method with its interval, and the median duration in seconds.
    pub fn table(&self) -> DataFrame {
        let mut cells: Vec<(FewMethod, usize)> = Vec::new();
        for shots in self.shots() {
            let methods = self.methods().into_iter().map(|method| (method, shots));
            cells.extend(methods.filter(|&(method, shots)| !self.of(method, shots).is_empty()));
        }
        let nothing = Estimate { value: f64::NAN, low: f64::NAN, high: f64::NAN };
        let found = |it: Result<Estimate>| it.unwrap_or(nothing);
        let accuracy: Vec<Estimate> =
            cells.iter().map(|it| found(self.accuracy(it.0, it.1))).collect();
        let behind = |&(method, shots): &(FewMethod, usize)| {
            self.best(shots).map_or(nothing, |best| found(self.difference(method, best, shots)))
        };
        let behind: Vec<Estimate> = cells.iter().map(behind).collect();
        let column = |name: &str, of: &[Estimate], part: fn(&Estimate) -> f64| {
            Column::new(name.into(), of.iter().map(part).collect::<Vec<f64>>())
        };
        let names: Vec<&str> = cells.iter().map(|it| it.0.name()).collect();
        let shots: Vec<u64> = cells.iter().map(|it| it.1 as u64).collect();
        let counts: Vec<u64> = cells.iter().map(|it| self.of(it.0, it.1).len() as u64).collect();
        let seconds: Vec<f64> = cells.iter().map(|it| median(&self.of(it.0, it.1))).collect();
        let columns = vec![
            Column::new("method".into(), names),
            Column::new("shots".into(), shots),
            Column::new("episodes".into(), counts),
            column("accuracy", &accuracy, |it| it.value),
            column("low", &accuracy, |it| it.low),
            column("high", &accuracy, |it| it.high),
            column("to_best", &behind, |it| it.value),
            column("to_best_low", &behind, |it| it.low),
            column("to_best_high", &behind, |it| it.high),
            Column::new("seconds".into(), seconds),
        ];
        table_of(cells.len(), columns)
    }

    /// The table as Markdown: a row for each method, and a column for each number of shots, with the mean
    /// accuracy in per cent and its interval.
    pub fn markdown(&self) -> String {
        let shots = self.shots();
        let head: String = shots.iter().map(|it| format!(" {it} |")).collect();
        let mut text = format!("| method |{head}\n|---|{}\n", "---|".repeat(shots.len()));
        for method in self.methods() {
            text += &format!("| {method} |");
            for &shots in &shots {
                text += &match self.accuracy(method, shots) {
                    Ok(it) => format!(
                        " {:.1} ({:.1} to {:.1}) |",
                        100.0 * it.value,
                        100.0 * it.low,
                        100.0 * it.high
                    ),
                    Err(_) => " |".to_owned(),
                };
            }
            text.push('\n');
        }
        text
    }

    /// Accuracy over the number of shots, with the intervals as bands; [`FewMethod::Auto`] is dashed.
    ///
    /// # If it cannot be drawn
    /// [`Error::Empty`] without episodes.
    pub fn figure(&self) -> Figure {
        let curve = |(place, method): (usize, FewMethod)| {
            let point = |shots: usize| {
                let it = self.accuracy(method, shots).ok()?;
                Some((shots as f64, it.value, (it.high - it.low) / 2.0))
            };
            Curve {
                name: method.name().to_owned(),
                points: self.shots().into_iter().filter_map(point).collect(),
                dash: if method == FewMethod::Auto { Dash::Dashed } else { Dash::Full },
                colour: Some(place),
            }
        };
        let all: Vec<Curve> = self.methods().into_iter().enumerate().map(curve).collect();
        curves(&all, "examples of each class", "accuracy")
    }
}

fn mean(all: &[f64], method: FewMethod, shots: usize) -> Result<Estimate> {
    if all.is_empty() {
        let what = format!("there are no episodes of {method} with {shots} shots");
        return Err(Error::empty(what, "Choose a method and shots that were run"));
    }
    let of = |places: &[usize]| places.iter().map(|&it| all[it]).sum::<f64>() / places.len() as f64;
    Ok(bootstrap(all.len(), seed::DEFAULT, of))
}

fn median(rows: &[&EpisodeRow]) -> f64 {
    let mut all: Vec<f64> = rows.iter().map(|row| row.seconds).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}

impl Show for EpisodesOutcome {
    fn show(&self) -> Bundle {
        let title = format!("{:?} from a few examples: accuracy with 95 % intervals", self.label);
        Table::new(self.table()).title(title).whole().show()
    }
}
