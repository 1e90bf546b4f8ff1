//! A comparison of all methods with the same simulated user, repeated several times.

mod method;
mod runs;
#[cfg(test)]
mod tests;

pub use method::Method;
pub use runs::{Run, Runs};
pub(super) use runs::{deviation, mean};

use super::baselines::{IsolationForest, NeighbourScore, local_outlier_factor};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::seq::index::sample;
use rand::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::Instant;
use zoobot_base::seed::mixed;
use zoobot_core::anomaly::gp::{GaussianProcess, Kernel};
use zoobot_core::anomaly::{Acquisition, AnomalySearch, Figures, Truth};
use zoobot_core::notebook::Progress;
use zoobot_core::space::Space;
use zoobot_core::{Error, Result};

/// The file of finished runs, with a line of JSON each.
const RUNS: &str = "runs.jsonl";
/// The number of neighbours of the local outlier factor.
const NEIGHBOURS: usize = 50;

/// A comparison of methods on a pool of galaxies with known truth.
///
/// ```
/// use zoobot_core::anomaly::Truth;
/// use zoobot_core::{ndarray::Array2, space::Space};
/// use zoobot_lab::{Experiment, Method};
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

impl Experiment {
    /// An experiment on galaxies with this truth, with all methods, 200 ratings and 15 repeats.
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

    /// Adds a representation of the galaxies, in the order of the truth. It is searched without further
    /// preparation.
    pub fn space(mut self, name: impl Into<String>, space: &Space) -> Self {
        self.spaces.push((name.into(), space.clone()));
        self
    }

    /// Sets the methods.
    pub fn methods(self, methods: &[Method]) -> Self {
        Self { methods: methods.to_vec(), ..self }
    }

    /// Sets the number of ratings in a run (default 200).
    pub fn labels(self, labels: usize) -> Self {
        Self { labels, ..self }
    }

    /// Sets the number of repeats of each method, each with another seed (default 15); a method that does not
    /// depend on a seed runs once.
    pub fn repeats(self, repeats: u64) -> Self {
        Self { repeats, ..self }
    }

    /// Makes the interesting galaxies this fraction of all, between 0 and 1, by leaving out a different
    /// selection of them in each repeat (default: none are left out). On the sky 1.4 % are odd.
    pub fn share(self, share: f64) -> Self {
        Self { share: Some(share), ..self }
    }

    /// Saves finished runs in a folder; runs that are already there are not repeated.
    pub fn folder(self, folder: impl Into<std::path::PathBuf>) -> Self {
        Self { folder: Some(folder.into()), ..self }
    }

    /// Runs the experiment, except for finished runs.
    ///
    /// # Errors
    /// [`Error::Empty`] without representations or methods; [`Error::Parameter`] for 0 repeats;
    /// [`Error::Shape`] when the numbers of galaxies differ; [`Error::Io`]; [`Error::Interrupted`] when
    /// stopped: with a folder, repeating the call resumes the experiment.
    pub fn run(&self) -> Result<Runs> {
        let galaxies = self.truth.fractions.len();
        let others = self.spaces.iter().find(|(_, space)| space.len() != galaxies);
        if let Some((name, space)) = others {
            let problem = format!(
                "the representation {name:?} has {} galaxies, but the truth has {galaxies}",
                space.len()
            );
            return Err(Error::shape(problem, "Give both for the same galaxies"));
        }
        if self.spaces.is_empty() {
            return Err(Error::empty("there is no representation to search", "Give at least one"));
        }
        if self.methods.is_empty() {
            return Err(Error::empty("there is no method to compare", "Give at least one"));
        }
        if self.repeats == 0 {
            return Err(Error::parameter("repeats", self.repeats, "at least 1"));
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
                    zoobot_core::interrupt::check("experiment", done)?;
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

    /// The galaxies of one repeat, when some interesting galaxies are left out.
    fn thinned(&self, space: &Space, repeat: u64) -> Result<(Space, Truth)> {
        let share = self.share.unwrap_or(1.0);
        let interesting = &self.truth.interesting;
        let mut odd: Vec<usize> = (0..space.len()).filter(|&row| interesting[row]).collect();
        let others = space.len() - odd.len();
        let wanted = (share / (1.0 - share) * others as f64).round();
        if !(share > 0.0 && share < 1.0 && wanted >= 1.0 && wanted <= odd.len() as f64) {
            let most = odd.len() as f64 / space.len() as f64;
            let range = format!(
                "enough for one interesting galaxy and at most {most:.3}, the share in these data"
            );
            return Err(Error::parameter("share", share, range));
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
        let mut search = set(AnomalySearch::new(space).seed(repeat));
        Ok(search.simulate(&self.truth, self.labels)?.figures)
    }

    fn judged(&self, scores: &[f64], places: &[usize]) -> Figures {
        let mut rated = vec![false; scores.len()];
        places.iter().for_each(|&row| rated[row] = true);
        Figures::of(scores, &rated, &self.truth)
    }

    /// Identifies the galaxies, the truth and the number of ratings.
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

    /// The finished runs in the folder.
    fn kept(&self) -> Result<BTreeMap<(String, Method, u64, String), Run>> {
        let Some(path) = self.folder.as_ref().map(|it| it.join(RUNS)).filter(|it| it.is_file())
        else {
            return Ok(BTreeMap::new());
        };
        let text = std::fs::read_to_string(&path).map_err(Error::io("read", &path))?;
        // A line that was truncated by a crash is ignored, and its run repeated.
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

/// Appends a run to the file. It starts with a line break, in case the last line was truncated.
fn keep(file: &mut File, run: &Run, folder: Option<&Path>) -> Result<()> {
    let line = format!("\n{}\n", serde_json::to_string(run)?);
    let written = file.write_all(line.as_bytes()).and_then(|()| file.sync_data());
    written.map_err(Error::io("write", folder.unwrap_or(Path::new(RUNS))))
}

/// The indices of the highest scores.
fn highest(scores: &[f64], count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
    order.truncate(count);
    order
}
