//! The results of a judge, as a table.

use polars::prelude::{Column, DataFrame};
use serde::Serialize;
use zoobot_base::table::table_of;
use zoobot_core::notebook::{Bundle, Show, Table};

/// An encoder's score in one measure; higher is better.
///
/// ```
/// use zoobot_lab::judge::Score;
/// let score = Score {
///     encoder: "new".into(),
///     task: "rings".into(),
///     galaxies: 600,
///     measure: "auc".into(),
///     values: vec![0.94, 0.96],
/// };
/// assert!((score.mean() - 0.95).abs() < 1e-12);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// The name of the encoder.
    pub encoder: String,
    /// The task, such as `rings`.
    pub task: String,
    /// The number of galaxies that were predicted.
    pub galaxies: usize,
    /// The measure, such as `auc`.
    pub measure: String,
    /// The value for each seed.
    pub values: Vec<f64>,
}

/// The scores of all encoders, side by side.
///
/// ```
/// use zoobot_lab::judge::{Score, Verdict};
/// fn auc(encoder: &str, value: f64) -> Score {
///     let (task, measure) = ("rings".into(), "auc".into());
///     Score { encoder: encoder.into(), task, galaxies: 600, measure, values: vec![value] }
/// }
/// let verdict = Verdict { scores: vec![auc("old", 0.90), auc("new", 0.94)] };
/// assert_eq!(verdict.winner(), Some("new"));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// The scores, grouped by encoder, with the tasks in the same order for each.
    pub scores: Vec<Score>,
}

impl Score {
    /// The mean over the seeds.
    pub fn mean(&self) -> f64 {
        self.values.iter().sum::<f64>() / self.values.len() as f64
    }

    /// The standard deviation over the seeds, which shows the effect of the division into folds; 0 for one
    /// seed. The effect of choosing other galaxies is larger: see
    /// [`Probed::measure`](crate::probe::Probed::measure).
    pub fn spread(&self) -> f64 {
        let mean = self.mean();
        let sum: f64 = self.values.iter().map(|value| (value - mean).powi(2)).sum();
        (sum / self.values.len().saturating_sub(1).max(1) as f64).sqrt()
    }
}

/// A line of the verdict: one measure for all encoders, and the index of the best encoder.
struct Line<'a> {
    scores: Vec<&'a Score>,
    best: Option<usize>,
}

impl Verdict {
    /// The names of the encoders, in order.
    pub fn encoders(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for score in &self.scores {
            if !names.contains(&score.encoder.as_str()) {
                names.push(&score.encoder);
            }
        }
        names
    }

    /// The encoder that is best in every measure, if there is one.
    pub fn winner(&self) -> Option<&str> {
        let lines = self.lines();
        let first = lines.first()?.best?;
        let all = lines.iter().all(|line| line.best == Some(first));
        all.then(|| self.encoders()[first])
    }

    fn lines(&self) -> Vec<Line<'_>> {
        let encoders = self.encoders();
        let of_first = self.scores.iter().filter(|it| encoders.first() == Some(&&*it.encoder));
        let line = |of: &Score| {
            let same = |it: &&Score| it.task == of.task && it.measure == of.measure;
            let scores: Vec<&Score> = self.scores.iter().filter(same).collect();
            let places = (0..scores.len()).filter(|_| scores.len() > 1);
            let best = places.max_by(|&a, &b| scores[a].mean().total_cmp(&scores[b].mean()));
            Line { scores, best }
        };
        of_first.map(line).collect()
    }

    /// A table with `task`, `measure`, `galaxies`, the mean and the spread over the seeds (`NAME ±`) for each
    /// encoder, and the `best` encoder.
    pub fn table(&self) -> DataFrame {
        let (lines, encoders) = (self.lines(), self.encoders());
        let texts = |of: &dyn Fn(&Line) -> String| lines.iter().map(of).collect::<Vec<_>>();
        let mut columns = vec![
            Column::new("task".into(), texts(&|line| line.scores[0].task.clone())),
            Column::new("measure".into(), texts(&|line| line.scores[0].measure.clone())),
            Column::new(
                "galaxies".into(),
                lines.iter().map(|line| line.scores[0].galaxies as u64).collect::<Vec<_>>(),
            ),
        ];
        for (place, name) in encoders.iter().enumerate() {
            let values = |of: fn(&Score) -> f64| {
                lines.iter().map(|line| line.scores.get(place).map(|it| of(it))).collect::<Vec<_>>()
            };
            columns.push(Column::new((*name).into(), values(Score::mean)));
            columns.push(Column::new(format!("{name} ±").into(), values(Score::spread)));
        }
        let best = texts(&|line| line.best.map_or("", |place| encoders[place]).to_owned());
        columns.push(Column::new("best".into(), best));
        table_of(lines.len(), columns)
    }

    /// The table as Markdown, with the best score of each measure in bold, and the number of wins of each
    /// encoder below.
    pub fn markdown(&self) -> String {
        let (lines, encoders) = (self.lines(), self.encoders());
        let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let mut head = vec!["task".to_owned(), "measure".to_owned(), "galaxies".to_owned()];
        head.extend(encoders.iter().map(|name| (*name).to_owned()));
        let rule = head.iter().map(|_| "---".to_owned()).collect();
        let mut text = row(head) + &row(rule);
        for line in &lines {
            let first = line.scores[0];
            let mut cells =
                vec![first.task.clone(), first.measure.clone(), first.galaxies.to_string()];
            for (place, score) in line.scores.iter().enumerate() {
                let cell = format!("{:.3} ± {:.3}", score.mean(), score.spread());
                cells.push(if line.best == Some(place) { format!("**{cell}**") } else { cell });
            }
            text += &row(cells);
        }
        if encoders.len() > 1 {
            let wins = |place| lines.iter().filter(|line| line.best == Some(place)).count();
            let each = encoders.iter().enumerate();
            let each: Vec<String> = each
                .map(|(place, name)| format!("{name} {} of {}", wins(place), lines.len()))
                .collect();
            text += &format!("\nBest in: {}.\n", each.join(", "));
        }
        text
    }
}

impl Show for Verdict {
    fn show(&self) -> Bundle {
        let title = "Linear probes of fixed features: mean and standard deviation over the seeds";
        Table::new(self.table()).title(title).show()
    }
}
