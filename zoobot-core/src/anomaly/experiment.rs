//! All methods side by side, by the same simulated user, several times.

use super::acquisition::Acquisition;
use super::baselines::{IsolationForest, NeighbourScore, local_outlier_factor};
use super::gp::{GaussianProcess, Kernel};
use super::search::AnomalySearch;
use super::simulated::{Figures, Truth};
use crate::error::{Error, Result};
use crate::notebook::{Bundle, Progress, Show, Table};
use crate::space::Space;
use crate::train::mixed;
use polars::prelude::{Column, DataFrame};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::seq::index::sample;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::str::FromStr;
use std::time::Instant;

/// Where finished runs are kept, a line of JSON each.
const RUNS: &str = "runs.jsonl";
/// Neighbours of the local outlier factor.
const NEIGHBOURS: usize = 50;

/// A way to rank galaxies with some ratings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// The paper's: Gaussian process, expected improvement, the ten best.
    Gp,
    /// With a Matérn kernel of order 3/2.
    GpMatern32,
    /// By mean + 2 deviations.
    GpUcb,
    /// By the deviation.
    GpVariance,
    /// By draws of the function.
    GpThompson,
    /// Ratings of random galaxies, and the Gaussian process of those.
    GpRandom,
    /// The paper's baseline: the oddest by an isolation forest are rated, and the scores corrected.
    Astronomaly,
    /// An isolation forest alone; its oddest count as rated.
    IsolationForest,
    /// The local outlier factor with 50 neighbours alone; the oddest count as rated.
    Lof,
    /// Random galaxies are rated, and the rest is in random order.
    Random,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Gp,
        Self::GpMatern32,
        Self::GpUcb,
        Self::GpVariance,
        Self::GpThompson,
        Self::GpRandom,
        Self::Astronomaly,
        Self::IsolationForest,
        Self::Lof,
        Self::Random,
    ];
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gp => "gp",
            Self::GpMatern32 => "gp-matern32",
            Self::GpUcb => "gp-ucb",
            Self::GpVariance => "gp-variance",
            Self::GpThompson => "gp-thompson",
            Self::GpRandom => "gp-random",
            Self::Astronomaly => "astronomaly",
            Self::IsolationForest => "isolation-forest",
            Self::Lof => "lof",
            Self::Random => "random",
        })
    }
}

impl FromStr for Method {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|method| method.to_string() == name).ok_or_else(|| {
            let names: Vec<String> = Self::ALL.iter().map(Self::to_string).collect();
            Error::invalid("method", name, format!("one of {}", names.join(", ")))
        })
    }
}

/// A comparison of methods on one pool of galaxies with known truth.
///
/// ```
/// use zoobot_core::anomaly::{Experiment, Method, Truth};
/// use zoobot_core::{ndarray::Array2, space::Space};
/// let features = Array2::from_shape_fn((120, 2), |(i, j)| ((i * (j + 3)) % 17) as f32 + if i < 12 { 20.0 } else { 0.0 });
/// let space = Space::new((0..120).map(|i| format!("G{i}")).collect(), features)?.standardize()?;
/// let truth = Truth::of((0..120).map(|i| if i < 12 { 1.0 } else { 0.1 }).collect())?;
/// let runs = Experiment::new(truth).space("features", &space).methods(&[Method::Gp, Method::Random]).labels(30).repeats(2).run()?;
/// let (gp, random) = (runs.mean("features", Method::Gp)?, runs.mean("features", Method::Random)?);
/// assert!(gp > random);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Experiment {
    truth: Truth,
    spaces: Vec<(String, Space)>,
    methods: Vec<Method>,
    labels: usize,
    repeats: u64,
    share: Option<f64>,
    folder: Option<std::path::PathBuf>,
}

/// How one run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The representation, by its name.
    pub representation: String,
    /// How it was searched.
    pub method: Method,
    /// Which repeat, from 0: also the seed.
    pub repeat: u64,
    /// What tells apart other data and settings.
    pub of: String,
    /// How good the ranking is.
    pub figures: Figures,
    /// How long it took.
    pub seconds: f64,
}

/// All runs of an experiment.
#[derive(Debug, Clone, Serialize)]
pub struct Runs {
    /// In the order of representations, methods and repeats.
    pub runs: Vec<Run>,
}

impl Experiment {
    /// One of galaxies of which this is true: all methods, 200 ratings, 15 repeats.
    pub fn new(truth: Truth) -> Self {
        let methods = Method::ALL.to_vec();
        Self {
            truth,
            spaces: Vec::new(),
            methods,
            labels: 200,
            repeats: 15,
            share: None,
            folder: None,
        }
    }

    /// Adds a representation of the galaxies, in the order of the truth, as it is to be searched.
    pub fn space(mut self, name: impl Into<String>, space: &Space) -> Self {
        self.spaces.push((name.into(), space.clone()));
        self
    }

    /// Sets the methods.
    pub fn methods(self, methods: &[Method]) -> Self {
        Self { methods: methods.to_vec(), ..self }
    }

    /// Sets how many galaxies are rated in a run (default 200).
    pub fn labels(self, labels: usize) -> Self {
        Self { labels, ..self }
    }

    /// Sets how often each is repeated with another seed (default 15); what does not depend on a seed
    /// runs once.
    pub fn repeats(self, repeats: u64) -> Self {
        Self { repeats, ..self }
    }

    /// Makes those of interest this share of the galaxies, between 0 and 1, by leaving out others of
    /// them in each repeat (default: all are there). On the sky 1.4 % are odd.
    pub fn share(self, share: f64) -> Self {
        Self { share: Some(share), ..self }
    }

    /// Keeps every finished run in a folder; a run that is there already is not made again.
    pub fn folder(self, folder: impl Into<std::path::PathBuf>) -> Self {
        Self { folder: Some(folder.into()), ..self }
    }

    /// Runs what is not done yet.
    ///
    /// # Errors
    /// [`Error::Invalid`] without representation, method or repeat and when numbers of galaxies
    /// differ; [`Error::Io`]; [`Error::Interrupted`]: with a folder, the same call goes on.
    pub fn run(&self) -> Result<Runs> {
        let galaxies = self.truth.fractions.len();
        let others = self.spaces.iter().find(|(_, space)| space.len() != galaxies);
        if let Some((name, space)) = others {
            let value = format!("{} in {name:?}", space.len());
            return Err(Error::invalid("number of galaxies", value, format!("{galaxies}")));
        }
        if self.spaces.is_empty() || self.methods.is_empty() || self.repeats == 0 {
            let value = format!("{} of {}", self.repeats, self.methods.len());
            return Err(Error::invalid("runs", value, "a representation, a method and a repeat"));
        }
        let mut kept = self.kept()?;
        let mut file = self.file()?;
        let mut runs = Vec::new();
        let all = self.spaces.len() * self.methods.len() * self.repeats as usize;
        let progress = Progress::new("runs", Some(all));
        for (name, space) in &self.spaces {
            let of = self.fingerprint(space);
            for &method in &self.methods {
                let once = method == Method::Lof && self.share.is_none();
                let repeats = if once { 1 } else { self.repeats };
                for repeat in 0..repeats {
                    let done = || format!("{} of {all} runs", runs.len());
                    crate::interrupt::check("experiment", done)?;
                    let known = kept.remove(&(name.clone(), method, repeat, of.clone()));
                    let run = match known {
                        Some(run) => run,
                        None => {
                            let run = self.one(name, space, method, repeat, of.clone())?;
                            if let Some(file) = &mut file {
                                keep(file, &run, self.folder.as_deref())?;
                            }
                            run
                        }
                    };
                    runs.push(run);
                    progress.advance(1);
                }
            }
        }
        progress.finish();
        Ok(Runs { runs })
    }

    fn one(
        &self,
        name: &str,
        space: &Space,
        method: Method,
        repeat: u64,
        of: String,
    ) -> Result<Run> {
        if self.share.is_some() {
            let (space, truth) = self.thinned(space, repeat)?;
            let thinned = Self { truth, share: None, spaces: Vec::new(), ..self.clone() };
            return thinned.one(name, &space, method, repeat, of);
        }
        let start = Instant::now();
        let figures = match method {
            Method::Gp => self.searched(space, repeat, |search| search)?,
            Method::GpMatern32 => self.searched(space, repeat, |search| {
                let kernel = Kernel::matern32(1.0) + Kernel::white(1.0);
                search.process(GaussianProcess::new(kernel))
            })?,
            Method::GpUcb => {
                self.by(space, repeat, Acquisition::UpperConfidenceBound { kappa: 2.0 })?
            }
            Method::GpVariance => self.by(space, repeat, Acquisition::Variance)?,
            Method::GpThompson => self.by(space, repeat, Acquisition::Thompson)?,
            Method::GpRandom => self.by(space, repeat, Acquisition::Random)?,
            Method::Astronomaly => {
                let odd = IsolationForest::new().seed(repeat).scores(space.features())?;
                let rated = highest(&odd, self.labels);
                let rating = |&row: &usize| (row, f64::from(self.truth.rating(row)));
                let ratings: Vec<(usize, f64)> = rated.iter().map(rating).collect();
                let neighbours = NeighbourScore { seed: repeat, ..NeighbourScore::default() };
                self.judged(&neighbours.scores(space, &odd, &ratings)?, &rated)
            }
            Method::IsolationForest => {
                let odd = IsolationForest::new().seed(repeat).scores(space.features())?;
                self.judged(&odd, &highest(&odd, self.labels))
            }
            Method::Lof => {
                let neighbours = NEIGHBOURS.min(space.len() - 1);
                let odd = local_outlier_factor(space, neighbours)?;
                self.judged(&odd, &highest(&odd, self.labels))
            }
            Method::Random => {
                let mut rng = StdRng::seed_from_u64(repeat);
                let scores: Vec<f64> = (0..space.len()).map(|_| rng.random()).collect();
                let rated = sample(&mut rng, space.len(), self.labels.min(space.len()));
                self.judged(&scores, &rated.into_vec())
            }
        };
        let seconds = start.elapsed().as_secs_f64();
        Ok(Run { representation: name.to_owned(), method, repeat, of, figures, seconds })
    }

    /// The galaxies of one repeat, where not all of interest take part.
    fn thinned(&self, space: &Space, repeat: u64) -> Result<(Space, Truth)> {
        let share = self.share.unwrap_or(1.0);
        let interesting = &self.truth.interesting;
        let mut odd: Vec<usize> = (0..space.len()).filter(|&row| interesting[row]).collect();
        let others = space.len() - odd.len();
        let wanted = (share / (1.0 - share) * others as f64).round();
        if !(share > 0.0 && share < 1.0 && wanted >= 1.0 && wanted <= odd.len() as f64) {
            let most = odd.len() as f64 / space.len() as f64;
            let expected = format!("at least one galaxy's, and at most {most:.3}, what there is");
            return Err(Error::invalid("share", share, expected));
        }
        let mut rng = StdRng::seed_from_u64(mixed(repeat, 1));
        odd.shuffle(&mut rng);
        odd.truncate(wanted as usize);
        let mut rows: Vec<usize> = (0..space.len()).filter(|&row| !interesting[row]).collect();
        rows.extend(odd);
        rows.sort_unstable();
        let ids = rows.iter().map(|&row| space.ids()[row].clone()).collect();
        let fractions = rows.iter().map(|&row| self.truth.fractions[row]).collect();
        let features = space.features().select(ndarray::Axis(0), &rows);
        Ok((Space::new(ids, features)?, Truth::of(fractions)?))
    }

    fn by(&self, space: &Space, repeat: u64, acquisition: Acquisition) -> Result<Figures> {
        self.searched(space, repeat, |search| search.acquisition(acquisition))
    }

    fn searched(
        &self,
        space: &Space,
        repeat: u64,
        set: impl Fn(AnomalySearch) -> AnomalySearch,
    ) -> Result<Figures> {
        let mut search = set(AnomalySearch::new(space)?.seed(repeat));
        Ok(search.simulate(&self.truth, self.labels)?.figures)
    }

    fn judged(&self, scores: &[f64], places: &[usize]) -> Figures {
        let mut rated = vec![false; scores.len()];
        places.iter().for_each(|&row| rated[row] = true);
        Figures::of(scores, &rated, &self.truth)
    }

    /// What tells apart other galaxies, truths and numbers of ratings.
    fn fingerprint(&self, space: &Space) -> String {
        let share = self.share.unwrap_or(1.0).to_bits();
        let mut sum = mixed(mixed(self.labels as u64, space.len() as u64), share);
        let fractions = self.truth.fractions.iter().map(|value| value.to_bits());
        let features = space.features();
        for bits in features.iter().map(|value| u64::from(value.to_bits())).chain(fractions) {
            sum = mixed(sum, bits);
        }
        format!("{sum:016x}")
    }

    /// The runs in the folder.
    fn kept(&self) -> Result<BTreeMap<(String, Method, u64, String), Run>> {
        let Some(path) = self.folder.as_ref().map(|it| it.join(RUNS)).filter(|it| it.is_file())
        else {
            return Ok(BTreeMap::new());
        };
        let text = std::fs::read_to_string(&path).map_err(Error::io("read", &path))?;
        // What was cut off by a crash is run again.
        let runs = text.lines().filter_map(|line| serde_json::from_str::<Run>(line).ok());
        let key = |run: &Run| (run.representation.clone(), run.method, run.repeat, run.of.clone());
        Ok(runs.map(|run| (key(&run), run)).collect())
    }

    fn file(&self) -> Result<Option<File>> {
        let Some(folder) = &self.folder else { return Ok(None) };
        std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        let path = folder.join(RUNS);
        let file = OpenOptions::new().append(true).create(true).open(&path);
        Ok(Some(file.map_err(Error::io("write", &path))?))
    }
}

/// Adds a run to the file; a line's end first, for what may have been cut off before.
fn keep(file: &mut File, run: &Run, folder: Option<&Path>) -> Result<()> {
    let line = format!("\n{}\n", serde_json::to_string(run)?);
    let written = file.write_all(line.as_bytes()).and_then(|()| file.sync_data());
    written.map_err(Error::io("write", folder.unwrap_or(Path::new(RUNS))))
}

/// The places of the highest scores.
fn highest(scores: &[f64], count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
    order.truncate(count);
    order
}

impl Runs {
    /// The mean average precision of a method, with the rated galaxies.
    ///
    /// # Errors
    /// [`Error::Missing`] when there is no such run.
    pub fn mean(&self, representation: &str, method: Method) -> Result<f64> {
        let values = self.of(representation, method);
        if values.is_empty() {
            return Err(Error::Missing {
                kind: "run",
                name: format!("{representation} {method}"),
                place: "this experiment".to_owned(),
                hint: "See table()".to_owned(),
            });
        }
        Ok(mean(&values.iter().map(|run| run.figures.average_precision).collect::<Vec<_>>()))
    }

    fn of(&self, representation: &str, method: Method) -> Vec<&Run> {
        let wanted = |run: &&Run| run.representation == representation && run.method == method;
        self.runs.iter().filter(wanted).collect()
    }

    /// Every representation and method in the order of the runs.
    fn kinds(&self) -> Vec<(&str, Method)> {
        let mut kinds: Vec<(&str, Method)> =
            self.runs.iter().map(|run| (run.representation.as_str(), run.method)).collect();
        kinds.dedup();
        kinds
    }

    /// A line for each representation and method: `runs`, and for each figure the mean and the
    /// standard deviation over the runs (`average_precision` and `average_precision_std`, ...; those
    /// with `unrated` leave out the rated galaxies).
    ///
    /// # Errors
    /// Only when memory for the columns cannot be had.
    pub fn table(&self) -> Result<DataFrame> {
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
        Ok(DataFrame::new(kinds.len(), columns)?)
    }

    /// A line of text for each, for a terminal.
    pub fn text(&self) -> String {
        let mut text =
            "representation  method            average precision  of those not rated  accuracy@100"
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

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// 0 for one value.
pub(super) fn deviation(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / values.len().saturating_sub(1).max(1) as f64).sqrt()
}

impl Show for Runs {
    fn show(&self) -> Bundle {
        match self.table() {
            Ok(table) => {
                Table::new(table).title("Searches by a simulated user").rows(usize::MAX).show()
            }
            Err(error) => Bundle::plain(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;
    use rand_distr::StandardNormal;

    fn pool() -> (Space, Truth) {
        let mut rng = StdRng::seed_from_u64(3);
        let features = Array2::from_shape_fn((500, 5), |(row, column)| {
            let apart = if row < 40 && column == 0 { 3.0 } else { 0.0 };
            apart + rng.sample::<f32, _>(StandardNormal)
        });
        let space = Space::new((0..500).map(|i| format!("G{i}")).collect(), features).unwrap();
        let truth = Truth::of((0..500).map(|row| if row < 40 { 1.0 } else { 0.1 }).collect());
        (space.standardize().unwrap(), truth.unwrap())
    }

    #[test]
    fn every_method_runs_and_a_person_s_ratings_beat_oddness() {
        let (space, truth) = pool();
        let experiment = Experiment::new(truth).space("a", &space).labels(60).repeats(2);
        let runs = experiment.run().unwrap();
        assert_eq!(runs.runs.len(), 2 * Method::ALL.len() - 1);
        let of = |method| runs.mean("a", method).unwrap();
        assert!(of(Method::Gp) > of(Method::Astronomaly) && of(Method::Gp) > of(Method::Random));
        assert!(of(Method::Gp) > 0.8, "{}", runs.text());
        let table = runs.table().unwrap();
        assert_eq!(table.height(), Method::ALL.len());
        assert!(table.column("accuracy_unrated_100_std").is_ok());
        assert!(runs.text().contains("gp-matern32"));
        let figure = runs.figure().unwrap();
        assert!(figure.about().contains("gp, gp-matern32"), "{}", figure.about());
        assert!(Runs { runs: Vec::new() }.figure().is_err());
        assert!("gpp".parse::<Method>().unwrap_err().to_string().contains("gp-ucb"));
    }

    #[test]
    fn finished_runs_are_taken_from_the_folder_for_the_same_data_only() {
        let dir = tempfile::tempdir().unwrap();
        let (space, truth) = pool();
        let methods = [Method::IsolationForest, Method::Random];
        let experiment = |labels: usize| {
            let experiment = Experiment::new(truth.clone()).space("a", &space).methods(&methods);
            experiment.labels(labels).repeats(3).folder(dir.path()).run().unwrap()
        };
        let first = experiment(50);
        let path = dir.path().join(RUNS);
        let text = std::fs::read_to_string(&path).unwrap();
        // Cut off within the last run.
        std::fs::write(&path, &text[..text.len() - 20]).unwrap();
        let again = experiment(50);
        for (again, first) in again.runs.iter().zip(&first.runs).take(5) {
            // JSON keeps all digits but the last.
            assert!((again.seconds - first.seconds).abs() < 1e-12);
            assert_eq!(again.figures.accuracy_at, first.figures.accuracy_at);
        }
        assert_eq!(again.runs[5].figures, first.runs[5].figures);
        assert_eq!(std::fs::read_to_string(&path).unwrap().matches("\"of\"").count(), 7);
        assert_ne!(experiment(40).runs[0].figures, first.runs[0].figures);
        let message = Experiment::new(truth.clone()).run().unwrap_err().to_string();
        assert!(message.contains("a representation"), "{message}");
        let thin = |share| {
            let experiment = Experiment::new(truth.clone()).space("a", &space).methods(&methods);
            experiment.labels(50).repeats(2).share(share).run()
        };
        let figures = &thin(0.02).unwrap().runs[0].figures;
        // 9 among 469 galaxies.
        assert!((figures.accuracy_at[&200] * 200.0).round() <= 9.0, "{figures:?}");
        assert!(thin(0.5).unwrap_err().to_string().contains("at most 0.080"));
    }
}
