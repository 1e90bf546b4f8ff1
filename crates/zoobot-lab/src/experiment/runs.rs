//! The results of the runs: means, a table, and a line of text for each method.

use super::Method;
use polars::prelude::{Column, DataFrame};
use serde::{Deserialize, Serialize};
use zoobot_base::table::table_of;
use zoobot_core::advice::advice;
use zoobot_core::anomaly::Figures;
use zoobot_core::notebook::{Bundle, Show, Table};
use zoobot_core::{Error, Result};

/// The result of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The name of the representation.
    pub representation: String,
    /// The search method.
    pub method: Method,
    /// The number of the repeat, from 0; it is also the seed.
    pub repeat: u64,
    /// Identifies the data and settings of the run.
    pub of: String,
    /// The quality of the ranking.
    pub figures: Figures,
    /// The duration in seconds.
    pub seconds: f64,
}

/// All runs of an experiment.
#[derive(Debug, Clone, Serialize)]
pub struct Runs {
    /// The runs, ordered by representation, method and repeat.
    pub runs: Vec<Run>,
}

impl Runs {
    /// The mean average precision of a method, including the rated galaxies.
    ///
    /// # Errors
    /// [`Error::Missing`] when there are no such runs.
    pub fn mean(&self, representation: &str, method: Method) -> Result<f64> {
        let values = self.of(representation, method);
        if values.is_empty() {
            return Err(Error::Missing {
                kind: "run",
                name: format!("{representation} {method}"),
                place: "this experiment".to_owned(),
                hint: advice("See table()", "See the table that --out gives"),
            });
        }
        Ok(mean(&values.iter().map(|run| run.figures.average_precision).collect::<Vec<_>>()))
    }

    pub(super) fn of(&self, representation: &str, method: Method) -> Vec<&Run> {
        let wanted = |run: &&Run| run.representation == representation && run.method == method;
        self.runs.iter().filter(wanted).collect()
    }

    /// Each combination of representation and method, in the order of the runs.
    fn kinds(&self) -> Vec<(&str, Method)> {
        let mut kinds: Vec<(&str, Method)> =
            self.runs.iter().map(|run| (run.representation.as_str(), run.method)).collect();
        kinds.dedup();
        kinds
    }

    /// A row for each representation and method: the number of `runs`, and the mean and standard deviation of
    /// each measure over the runs (`average_precision` and `average_precision_std`, ...; columns with
    /// `unrated` leave out the rated galaxies).
    pub fn table(&self) -> DataFrame {
        let kinds = self.kinds();
        let groups: Vec<Vec<&Run>> =
            kinds.iter().map(|(name, method)| self.of(name, *method)).collect();
        let mut columns = vec![
            Column::new("representation".into(), kinds.iter().map(|it| it.0).collect::<Vec<_>>()),
            Column::new(
                "method".into(),
                kinds.iter().map(|it| it.1.to_string()).collect::<Vec<_>>(),
            ),
            Column::new("runs".into(), groups.iter().map(|it| it.len() as u32).collect::<Vec<_>>()),
        ];
        let mut add = |name: String, of: &dyn Fn(&Run) -> Option<f64>| {
            let values: Vec<Vec<f64>> = groups
                .iter()
                .map(|group| {
                    group.iter().filter_map(|run| of(run)).filter(|it| it.is_finite()).collect()
                })
                .collect();
            if values.iter().any(|values| !values.is_empty()) {
                let means: Vec<f64> = values.iter().map(|values| mean(values)).collect();
                let stds: Vec<f64> = values.iter().map(|values| deviation(values)).collect();
                columns.push(Column::new(name.as_str().into(), means));
                columns.push(Column::new(format!("{name}_std").into(), stds));
            }
        };
        add("average_precision".to_owned(), &|run| Some(run.figures.average_precision));
        add("average_precision_unrated".to_owned(), &|run| {
            Some(run.figures.average_precision_unrated)
        });
        for depth in [50, 100, 200] {
            add(format!("accuracy_{depth}"), &|run| run.figures.accuracy_at.get(&depth).copied());
            add(format!("accuracy_unrated_{depth}"), &|run| {
                run.figures.accuracy_unrated_at.get(&depth).copied()
            });
            add(format!("rank_weighted_{depth}"), &|run| {
                run.figures.rank_weighted_at.get(&depth).copied()
            });
        }
        table_of(kinds.len(), columns)
    }

    /// A line of text for each representation and method, for a terminal.
    pub fn text(&self) -> String {
        let mut text =
            "representation  method            average precision  among the unrated   accuracy@100"
                .to_owned();
        for (name, method) in self.kinds() {
            let runs = self.of(name, method);
            let of = |of: &dyn Fn(&Run) -> Option<f64>| {
                let values = runs.iter().filter_map(|run| of(run)).filter(|it| it.is_finite());
                let values: Vec<f64> = values.collect();
                format!("{:.3} ± {:.3}", mean(&values), deviation(&values))
            };
            text += &format!(
                "\n{name:<14}  {:<16}  {:<17}  {:<18}  {}",
                method.to_string(),
                of(&|run| Some(run.figures.average_precision)),
                of(&|run| Some(run.figures.average_precision_unrated)),
                of(&|run| run.figures.accuracy_at.get(&100).copied()),
            );
        }
        text
    }
}

pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The sample standard deviation; 0 for one value.
pub fn deviation(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / values.len().saturating_sub(1).max(1) as f64).sqrt()
}

impl Show for Runs {
    fn show(&self) -> Bundle {
        Table::new(self.table()).title("Searches by a simulated user").rows(usize::MAX).show()
    }
}
