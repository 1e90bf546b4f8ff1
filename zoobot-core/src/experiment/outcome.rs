//! The results of an experiment: a table on disk that grows row by row, and its summary.

use super::paper;
use crate::error::{Error, Result};
use crate::figure::{Curve, Dash, Figure, curves};
use crate::notebook::{Bundle, Show, Table};
use polars::prelude::{Column, DataFrame};
use serde::{Deserialize, Serialize};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use zoobot_base::table::table_of;

const HEADER: &str = "start,mode,size,rings,repeat,test,accuracy,auc,seconds";

/// A column of the results.
type OfRow = fn(&Row) -> f64;

/// One run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The name of the starting encoder.
    pub start: String,
    /// `frozen` or `full`.
    pub mode: String,
    /// The number of training galaxies.
    pub size: usize,
    /// The number of training galaxies of the positive class.
    pub rings: usize,
    /// The repeat, from 1.
    pub repeat: u64,
    /// The number of test galaxies.
    pub test: usize,
    /// The fraction of test galaxies that are classified correctly.
    pub accuracy: f64,
    /// The area under the receiver operating characteristic curve.
    pub auc: f64,
    /// The duration in seconds.
    pub seconds: f64,
}

/// All runs of an experiment.
///
/// ```
/// use zoobot_core::experiment::{FewLabelsOutcome, Row};
/// fn run(repeat: u64, accuracy: f64) -> Row {
///     let (start, mode) = ("galaxies".into(), "frozen".into());
///     Row { start, mode, size: 100, rings: 50, repeat, test: 400, accuracy, auc: 0.95, seconds: 2.0 }
/// }
/// let outcome = FewLabelsOutcome { label: "ring".into(), rows: vec![run(1, 0.88), run(2, 0.90)] };
/// let (accuracy, auc) = outcome.mean("galaxies", "frozen", 100).expect("it was run");
/// assert!((accuracy - 0.89).abs() < 1e-12 && (auc - 0.95).abs() < 1e-12);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FewLabelsOutcome {
    /// The column with the labels.
    pub label: String,
    /// The runs.
    pub rows: Vec<Row>,
}

/// Runs that differ only in their repeat.
#[derive(Debug, Clone)]
struct Group<'a> {
    of: &'a Row,
    rows: Vec<&'a Row>,
}

impl Group<'_> {
    /// The mean and the standard deviation over the repeats.
    fn spread(&self, of: fn(&Row) -> f64) -> (f64, f64) {
        let n = self.rows.len() as f64;
        let mean = self.rows.iter().map(|row| of(row)).sum::<f64>() / n;
        let square: f64 = self.rows.iter().map(|row| (of(row) - mean).powi(2)).sum();
        (mean, (square / (n - 1.0).max(1.0)).sqrt())
    }
}

impl FewLabelsOutcome {
    fn groups(&self) -> Vec<Group<'_>> {
        let mut groups: Vec<Group> = Vec::new();
        for row in &self.rows {
            let same = |it: &&mut Group| {
                (&it.of.start, &it.of.mode, it.of.size) == (&row.start, &row.mode, row.size)
            };
            match groups.iter_mut().find(same) {
                Some(group) => group.rows.push(row),
                None => groups.push(Group { of: row, rows: vec![row] }),
            }
        }
        groups
    }

    /// A row for each start, mode and size: the number of runs, and their mean and standard deviation of
    /// accuracy and AUC.
    pub fn table(&self) -> DataFrame {
        let groups = self.groups();
        let texts = |of: fn(&Row) -> &str| groups.iter().map(|it| of(it.of)).collect::<Vec<_>>();
        let counts =
            |of: fn(&Group) -> usize| groups.iter().map(|it| of(it) as u64).collect::<Vec<u64>>();
        let mut columns = vec![
            Column::new("start".into(), texts(|it| &it.start)),
            Column::new("mode".into(), texts(|it| &it.mode)),
            Column::new("galaxies".into(), counts(|it| it.of.size)),
            Column::new("rings".into(), counts(|it| it.of.rings)),
            Column::new("runs".into(), counts(|it| it.rows.len())),
        ];
        let figures: [(&str, OfRow); 3] =
            [("accuracy", |it| it.accuracy), ("auc", |it| it.auc), ("seconds", |it| it.seconds)];
        for (name, of) in figures {
            let all: Vec<(f64, f64)> = groups.iter().map(|it| it.spread(of)).collect();
            let part = |end: fn(&(f64, f64)) -> f64| all.iter().map(end).collect::<Vec<f64>>();
            columns.push(Column::new(name.into(), part(|it| it.0)));
            if name != "seconds" {
                columns.push(Column::new(format!("{name}_sd").into(), part(|it| it.1)));
            }
        }
        table_of(groups.len(), columns)
    }

    /// The mean accuracy and AUC for a start, mode and size; `None` if there are no such runs.
    pub fn mean(&self, start: &str, mode: &str, size: usize) -> Option<(f64, f64)> {
        let groups = self.groups();
        let same = |it: &&Group| {
            (it.of.start.as_str(), it.of.mode.as_str(), it.of.size) == (start, mode, size)
        };
        let group = groups.iter().find(same)?;
        Some((group.spread(|it| it.accuracy).0, group.spread(|it| it.auc).0))
    }

    /// The table as Markdown: rows for the accuracy and AUC of each start and mode, and a column for each
    /// size, with standard deviations over the repeats.
    pub fn markdown(&self) -> String {
        let groups = self.groups();
        let mut sizes: Vec<usize> = groups.iter().map(|it| it.of.size).collect();
        sizes.sort_unstable();
        sizes.dedup();
        let head: String = sizes.iter().map(|size| format!(" {size} |")).collect();
        let rule = "---|".repeat(sizes.len());
        let mut text = format!("| start | mode | figure |{head}\n|---|---|---|{rule}\n");
        let mut seen: Vec<(&str, &str)> = Vec::new();
        for group in &groups {
            let (start, mode) = (group.of.start.as_str(), group.of.mode.as_str());
            if seen.contains(&(start, mode)) {
                continue;
            }
            seen.push((start, mode));
            let figures: [(&str, OfRow); 2] =
                [("accuracy", |it| it.accuracy), ("AUC", |it| it.auc)];
            for (name, of) in figures {
                text += &format!("| {start} | {mode} | {name} |");
                for &size in &sizes {
                    let same = |it: &&Group| {
                        (it.of.start.as_str(), it.of.mode.as_str(), it.of.size)
                            == (start, mode, size)
                    };
                    text += &match groups.iter().find(same).map(|it| it.spread(of)) {
                        Some((mean, spread)) => format!(" {mean:.3} ± {spread:.3} |"),
                        None => " |".to_owned(),
                    };
                }
                text.push('\n');
            }
        }
        text
    }

    /// Accuracy against the number of rings in the training set, with bands of one standard deviation over
    /// the repeats. Frozen encoders are solid lines, fine-tuned ones dashed. The paper's curves for frozen
    /// encoders (on other galaxies) are grey, for comparison: dashed for galaxies, dotted for ImageNet.
    ///
    /// # If it cannot be drawn
    /// [`Error::Empty`] without runs.
    pub fn figure(&self) -> Figure {
        let groups = self.groups();
        let mut starts: Vec<&str> = Vec::new();
        let mut all: Vec<Curve> = Vec::new();
        for group in &groups {
            let (start, mode) = (group.of.start.as_str(), group.of.mode.as_str());
            // Untrained and scratch encoders are the same start.
            let alike = if start == "scratch" { "untrained" } else { start };
            let place = starts.iter().position(|it| *it == alike).unwrap_or_else(|| {
                starts.push(alike);
                starts.len() - 1
            });
            let name = format!("{start}, {mode}");
            let (mean, spread) = group.spread(|it| it.accuracy);
            let point = (group.of.rings.max(1) as f64, mean, spread);
            match all.iter_mut().find(|it| it.name == name) {
                Some(curve) => curve.points.push(point),
                None => all.push(Curve {
                    name,
                    points: vec![point],
                    dash: if mode == "full" { Dash::Dashed } else { Dash::Full },
                    colour: Some(place),
                }),
            }
        }
        for curve in &mut all {
            curve.points.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        let ends = |least: f64, of: fn(f64, f64) -> f64| {
            all.iter().flat_map(|it| &it.points).map(|it| it.0).fold(least, of)
        };
        let (low, high) = (ends(f64::INFINITY, f64::min), ends(0.0, f64::max));
        let paper = paper::curves(low / 2.0, high * 2.0);
        for ((name, points), dash) in paper.into_iter().zip([Dash::Dashed, Dash::Dotted]) {
            if !points.is_empty() {
                let points = points.into_iter().map(|(x, y)| (x, y, 0.0)).collect();
                all.push(Curve { name, points, dash, colour: None });
            }
        }
        curves(&all, "training rings", "accuracy")
    }
}

impl Show for FewLabelsOutcome {
    fn show(&self) -> Bundle {
        let title = format!("{:?} from few labels: mean and standard deviation", self.label);
        Table::new(self.table()).title(title).whole().show()
    }
}

/// Reads all complete rows; a truncated last line is ignored.
pub fn read(path: &Path) -> Result<Vec<Row>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io("read", path)(error)),
    };
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    Ok(whole.lines().skip(1).filter_map(parse).collect())
}

fn parse(line: &str) -> Option<Row> {
    let cells: Vec<&str> = line.split(',').collect();
    let [start, mode, size, rings, repeat, test, accuracy, auc, seconds] = cells[..] else {
        return None;
    };
    Some(Row {
        start: start.to_owned(),
        mode: mode.to_owned(),
        size: size.parse().ok()?,
        rings: rings.parse().ok()?,
        repeat: repeat.parse().ok()?,
        test: test.parse().ok()?,
        accuracy: accuracy.parse().ok()?,
        auc: auc.parse().ok()?,
        seconds: seconds.parse().ok()?,
    })
}

/// Appends a row, after removing a line that a killed run left incomplete.
pub fn append(path: &Path, row: &Row) -> Result<()> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    let file = OpenOptions::new().create(true).write(true).truncate(false).open(path);
    let mut file = file.map_err(Error::io("write", path))?;
    file.set_len(whole as u64).map_err(Error::io("write", path))?;
    let head = if whole == 0 { format!("{HEADER}\n") } else { String::new() };
    let Row { start, mode, size, rings, repeat, test, accuracy, auc, seconds } = row;
    let start = start.replace(',', " ");
    let line = format!(
        "{head}{start},{mode},{size},{rings},{repeat},{test},{accuracy},{auc},{seconds:.2}\n"
    );
    use std::io::{Seek, SeekFrom};
    file.seek(SeekFrom::End(0)).map_err(Error::io("write", path))?;
    file.write_all(line.as_bytes()).map_err(Error::io("write", path))?;
    file.sync_data().map_err(Error::io("write", path))
}
