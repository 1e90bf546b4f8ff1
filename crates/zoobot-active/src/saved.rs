//! Learning curves of several methods beside each other, and how many labels each saves.

use super::experiment::ActiveRun;
use polars::prelude::{Column, DataFrame};
use serde::Serialize;
use zoobot_base::error::{Error, Result};
use zoobot_base::table::table_of;
use zoobot_representation::metrics::{Estimate, bootstrap};
use zoobot_show::figure::{Curve, Dash, Figure, curves};
use zoobot_show::notebook::{Bundle, Show, Table};

/// The method that others are compared with.
const RANDOM: &str = "random";

/// The share of labels that a method saves to reach the final loss of random choice.
///
/// ```
/// use zoobot_core::active::LabelsSaved;
/// use zoobot_core::metrics::Estimate;
/// let saved = Estimate { value: 0.4, low: 0.3, high: 0.5 };
/// let saved = LabelsSaved { method: "bald".into(), question: "bar".into(), repeats: 10, saved };
/// assert_eq!(saved.to_string(), "bald saves 40 % (30 to 50 %) of the labels for bar");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelsSaved {
    /// The method.
    pub method: String,
    /// The question.
    pub question: String,
    /// The number of repeats.
    pub repeats: usize,
    /// 0.4 if the method needs 60 % of random choice's labels. Negative if random choice wins: -0.25 if random
    /// choice reaches the final loss of the method with 80 % of the labels. The interval is from a bootstrap over
    /// repeats.
    pub saved: Estimate,
}

impl std::fmt::Display for LabelsSaved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { method, question, saved, .. } = self;
        let [value, low, high] = [saved.value, saved.low, saved.high].map(|it| 100.0 * it);
        write!(
            f,
            "{method} saves {value:.0} % ({low:.0} to {high:.0} %) of the labels for {question}"
        )
    }
}

/// The results of an experiment.
///
/// ```
/// use zoobot_core::active::{ActiveComparison, ActiveRun};
/// fn run(method: &str, losses: [f64; 3]) -> ActiveRun {
///     let (method, labels) = (method.to_owned(), vec![100, 200, 300]);
///     ActiveRun { method, question: "bar".into(), repeat: 1, labels, losses: losses.to_vec() }
/// }
/// let runs = vec![run("random", [3.0, 2.6, 2.5]), run("bald", [3.0, 2.5, 2.4])];
/// let compared = ActiveComparison::new(runs)?;
/// // BALD has the final loss of random choice with 200 of 300 labels.
/// assert!((compared.saved("bald", "bar").expect("it was run").saved.value - 1.0 / 3.0).abs() < 1e-12);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ActiveComparison {
    runs: Vec<ActiveRun>,
}

impl ActiveComparison {
    /// Compares runs.
    ///
    /// # Errors
    /// [`Error::Empty`] without runs; [`Error::Shape`] when a run has more or fewer losses than others of its
    /// question, or a loss is not finite.
    pub fn new(runs: Vec<ActiveRun>) -> Result<Self> {
        let Some(first) = runs.first() else {
            return Err(Error::empty("there are no runs to compare", "Run a method first"));
        };
        let odd = runs.iter().find(|it| {
            it.labels != first.labels
                || it.losses.len() != it.labels.len()
                || it.losses.iter().any(|loss| !loss.is_finite())
        });
        if let Some(odd) = odd {
            let problem = format!(
                "repeat {} of {} for {} has {} losses, after {:?} labels",
                odd.repeat,
                odd.method,
                odd.question,
                odd.losses.len(),
                odd.labels
            );
            return Err(Error::shape(
                problem,
                "Give a larger pool, so that all runs have the same rounds",
            ));
        }
        Ok(Self { runs })
    }

    /// All runs.
    pub fn runs(&self) -> &[ActiveRun] {
        &self.runs
    }

    fn unique(&self, of: fn(&ActiveRun) -> &str) -> Vec<&str> {
        let mut all: Vec<&str> = Vec::new();
        for run in &self.runs {
            if !all.contains(&of(run)) {
                all.push(of(run));
            }
        }
        all
    }

    /// The questions, in order.
    pub fn questions(&self) -> Vec<&str> {
        self.unique(|it| &it.question)
    }

    /// The methods, in order.
    pub fn methods(&self) -> Vec<&str> {
        self.unique(|it| &it.method)
    }

    /// The losses of a method for a question: repeats, in order, by rounds.
    fn losses(&self, method: &str, question: &str) -> Vec<&[f64]> {
        let mut own: Vec<&ActiveRun> =
            self.runs.iter().filter(|it| it.method == method && it.question == question).collect();
        own.sort_by_key(|it| it.repeat);
        own.into_iter().map(|it| it.losses.as_slice()).collect()
    }

    fn labels(&self) -> Vec<f64> {
        let first = self.runs.first().map_or(&[][..], |it| &it.labels);
        first.iter().map(|it| *it as f64).collect()
    }

    /// How many labels a method saves for a question; `None` if it, or random choice, was not run.
    pub fn saved(&self, method: &str, question: &str) -> Option<LabelsSaved> {
        let (own, random) = (self.losses(method, question), self.losses(RANDOM, question));
        let repeats = own.len().min(random.len());
        if repeats == 0 {
            return None;
        }
        let labels = self.labels();
        let saved = bootstrap(repeats, 1, |places| {
            let mean = |of: &[&[f64]]| -> Vec<f64> {
                let at = |round: usize| {
                    places.iter().map(|it| of[*it][round]).sum::<f64>() / places.len() as f64
                };
                (0..labels.len()).map(at).collect()
            };
            share_saved(&labels, &mean(&own), &mean(&random))
        });
        let (method, question) = (method.to_owned(), question.to_owned());
        Some(LabelsSaved { method, question, repeats, saved })
    }

    /// How many labels each method but random choice saves for each question.
    pub fn all_saved(&self) -> Vec<LabelsSaved> {
        let methods = self.methods();
        let methods = methods.iter().filter(|it| **it != RANDOM);
        let pairs = methods.flat_map(|method| {
            self.questions().into_iter().map(|it| (*method, it)).collect::<Vec<_>>()
        });
        pairs.filter_map(|(method, question)| self.saved(method, question)).collect()
    }

    /// A row for each method and question: the final loss, its standard deviation over repeats, and the share of
    /// labels saved with its interval.
    pub fn table(&self) -> DataFrame {
        let mut rows = Vec::new();
        for method in self.methods() {
            for question in self.questions() {
                let finals: Vec<f64> = self
                    .losses(method, question)
                    .iter()
                    .filter_map(|it| it.last().copied())
                    .collect();
                if !finals.is_empty() {
                    rows.push((method, question, spread(&finals), self.saved(method, question)));
                }
            }
        }
        let saved = |of: fn(&Estimate) -> f64| -> Vec<Option<f64>> {
            rows.iter().map(|it| it.3.as_ref().map(|it| of(&it.saved))).collect()
        };
        let texts = |of: fn(&(&str, &str)) -> String| -> Vec<String> {
            rows.iter().map(|it| of(&(it.0, it.1))).collect()
        };
        let columns = vec![
            Column::new("method".into(), texts(|it| it.0.to_owned())),
            Column::new("question".into(), texts(|it| it.1.to_owned())),
            Column::new("loss".into(), rows.iter().map(|it| it.2.0).collect::<Vec<f64>>()),
            Column::new("loss_sd".into(), rows.iter().map(|it| it.2.1).collect::<Vec<f64>>()),
            Column::new("saved".into(), saved(|it| it.value)),
            Column::new("saved_low".into(), saved(|it| it.low)),
            Column::new("saved_high".into(), saved(|it| it.high)),
        ];
        table_of(rows.len(), columns)
    }

    /// The learning curves of all methods for a question, with bands of a standard error over repeats; random
    /// choice is dashed and grey.
    ///
    /// # If it cannot be drawn
    /// [`Error::Empty`] for a question that was not run.
    pub fn figure(&self, question: &str) -> Figure {
        let labels = self.labels();
        let mut colour = 0;
        let curve = |method: &str| {
            let all = self.losses(method, question);
            let repeats = all.len() as f64;
            let points =
                labels.iter().enumerate().filter(|_| !all.is_empty()).map(|(round, labels)| {
                    let each: Vec<f64> = all.iter().map(|it| it[round]).collect();
                    let (mean, deviation) = spread(&each);
                    (*labels, mean, deviation / repeats.sqrt())
                });
            let is_random = method == RANDOM;
            if !is_random {
                colour += 1;
            }
            Curve {
                name: method.to_owned(),
                points: points.collect(),
                dash: if is_random { Dash::Dashed } else { Dash::Full },
                colour: (!is_random).then_some(colour - 1),
            }
        };
        let all: Vec<Curve> = self.methods().into_iter().map(curve).collect();
        let all: Vec<Curve> = all.into_iter().filter(|it| !it.points.is_empty()).collect();
        curves(&all, &format!("labels for {question}"), "loss of held-out galaxies (nats)")
    }
}

impl Show for ActiveComparison {
    fn show(&self) -> Bundle {
        Table::new(self.table()).title("labels saved").show()
    }
}

/// The mean and the standard deviation.
fn spread(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let square: f64 = values.iter().map(|it| (it - mean).powi(2)).sum();
    (mean, (square / (n - 1.0).max(1.0)).sqrt())
}

/// The share of labels that a curve saves: see [`LabelsSaved::saved`].
fn share_saved(labels: &[f64], method: &[f64], random: &[f64]) -> f64 {
    let (Some(last), Some(own), Some(target)) = (labels.last(), method.last(), random.last())
    else {
        return f64::NAN;
    };
    match reached(labels, method, *target) {
        Some(needed) => 1.0 - needed / last,
        None => reached(labels, random, *own).map_or(f64::NAN, |needed| 1.0 - last / needed),
    }
}

/// The number of labels with which a curve first falls to a loss.
fn reached(labels: &[f64], losses: &[f64], target: f64) -> Option<f64> {
    let place = losses.iter().position(|loss| *loss <= target)?;
    if place == 0 {
        return labels.first().copied();
    }
    let (before, here) = (losses[place - 1], losses[place]);
    let share = (before - target) / (before - here);
    Some(labels[place - 1] + share * (labels[place] - labels[place - 1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_saved_are_read_off_the_curves_on_either_side() {
        let labels = [100.0, 200.0, 400.0];
        let slow = [3.0, 2.5, 2.0];
        // Falls to 2.0 half-way between 100 and 200.
        let fast = [3.0, 1.0, 0.9];
        assert!((share_saved(&labels, &fast, &slow) - (1.0 - 150.0 / 400.0)).abs() < 1e-12);
        // The other way round: random choice has the method's 2.0 with 150 labels.
        assert!((share_saved(&labels, &slow, &fast) - (1.0 - 400.0 / 150.0)).abs() < 1e-12);
        assert!(share_saved(&labels, &slow, &slow).abs() < 1e-12);
        assert!((reached(&labels, &slow, 3.5).unwrap() - 100.0).abs() < 1e-12);
        assert!(reached(&labels, &slow, 1.9).is_none());
    }

    fn run(method: &str, repeat: u64, losses: &[f64]) -> ActiveRun {
        let labels = vec![100, 200, 400];
        let (method, question) = (method.to_owned(), "bar".to_owned());
        ActiveRun { method, question, repeat, labels, losses: losses.to_vec() }
    }

    #[test]
    fn a_comparison_has_bands_and_shows_every_method() {
        let runs = vec![
            run("random", 1, &[3.0, 2.5, 2.0]),
            run("random", 2, &[3.2, 2.6, 2.1]),
            run("bald", 2, &[3.2, 2.3, 1.9]),
            run("bald", 1, &[3.0, 2.0, 1.8]),
        ];
        let compared = ActiveComparison::new(runs.clone()).unwrap();
        let saved = compared.saved("bald", "bar").unwrap();
        // Means 2.05 for random; bald falls from 2.15 to 1.85 between 200 and 400.
        let expected = 1.0 - (200.0 + 200.0 / 3.0) / 400.0;
        assert!((saved.saved.value - expected).abs() < 1e-12, "{saved}");
        assert!(saved.saved.low < expected && expected < saved.saved.high);
        assert_eq!(compared.table().height(), 2);
        let svg = compared.figure("bar").svg();
        for word in ["random", "bald", "<polygon", "labels for bar"] {
            assert!(svg.contains(word), "{word}");
        }
        assert!(compared.figure("ring").checked().is_err());
        assert!(compared.saved("margin", "bar").is_none());
        let short = [&runs[..], &[run("bald", 3, &[3.0])]].concat();
        assert!(ActiveComparison::new(short).unwrap_err().to_string().contains("1 losses"));
    }
}
