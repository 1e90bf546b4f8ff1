//! Few-shot evaluation on several sets of galaxies, from several encoders.

use super::kshot_sets::FewSet;
use crate::encoder::Encoder;
use crate::error::{Error, Result};
use crate::few::{EpisodeRow, Episodes, EpisodesOutcome, FewMethod, FewShot};
use crate::figure::{Curve, Dash, Figure, curves};
use crate::files::write_whole_at;
use crate::finetune::Finetune;
use crate::seed;
use crate::space::Space;
use polars::prelude::{Column, DataFrame, IntoLazy, UnionArgs, concat, lit};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fs::OpenOptions;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Few-shot evaluation ([`Episodes`]) on several sets of galaxies and from several encoders. Every result is a
/// line of a file in the folder as soon as it is there; results that are there are not computed again.
///
/// ```no_run
/// use zoobot_core::experiment::{FewSet, KShot};
/// use zoobot_core::prelude::*;
/// let outcome = KShot::new()
///     .set(FewSet::simulated(520, "kshot/simulated", 1)?)
///     .start("galaxies", &Encoder::load("sample")?)
///     .shots([1, 5, 10, 20])
///     .run("kshot")?;
/// println!("{}", outcome.markdown());
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct KShot {
    sets: Vec<FewSet>,
    starts: Vec<(String, Encoder)>,
    methods: Vec<FewMethod>,
    shots: Vec<usize>,
    episodes: u64,
    queries: usize,
    training: FewShot,
    seed: u64,
}

/// One line of the results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Line {
    set: String,
    start: String,
    #[serde(flatten)]
    row: EpisodeRow,
}

/// The results of [`KShot`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KShotOutcome {
    /// The name of the set, the name of the encoder, and the results of their episodes.
    pub parts: Vec<(String, String, EpisodesOutcome)>,
}

impl Default for KShot {
    fn default() -> Self {
        Self::new()
    }
}

impl KShot {
    /// An evaluation without sets and encoders: 1, 5, 10 and 20 shots, 20 episodes, 15 queries of each class,
    /// all methods on encoded pictures.
    pub fn new() -> Self {
        let mut methods = vec![FewMethod::Auto];
        methods.extend(FewMethod::heads());
        Self {
            sets: Vec::new(),
            starts: Vec::new(),
            methods,
            shots: vec![1, 5, 10, 20],
            episodes: 20,
            queries: 15,
            training: Finetune::few(""),
            seed: seed::DEFAULT,
        }
    }

    /// Adds a set of galaxies.
    pub fn set(mut self, set: FewSet) -> Self {
        self.sets.push(set);
        self
    }

    /// Adds a named encoder.
    pub fn start(mut self, name: impl Into<String>, encoder: &Encoder) -> Self {
        self.starts.push((name.into(), encoder.clone()));
        self
    }

    /// Sets the methods to compare.
    pub fn methods(mut self, methods: impl Into<Vec<FewMethod>>) -> Self {
        self.methods = methods.into();
        self
    }

    /// Sets the numbers of examples of each class (1, 5, 10, 20).
    pub fn shots(mut self, shots: impl Into<Vec<usize>>) -> Self {
        self.shots = shots.into();
        self
    }

    /// Sets the number of episodes (20).
    pub fn episodes(mut self, episodes: u64) -> Self {
        self.episodes = episodes;
        self
    }

    /// Sets the number of galaxies of each class to judge by (15).
    pub fn queries(mut self, queries: usize) -> Self {
        self.queries = queries;
        self
    }

    /// Sets how methods that train the encoder do it.
    pub fn training(mut self, few: FewShot) -> Self {
        self.training = few;
        self
    }

    /// Sets the random seed (0).
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Runs the episodes that are not in the folder yet, and returns all results. The folder holds
    /// `results.jsonl` and the representations of each set.
    ///
    /// # Errors
    /// [`Error::Empty`] without sets or encoders; [`Error::Unsuitable`] for a folder of another experiment and
    /// for classes with too few galaxies; [`Error::Interrupted`] when stopped: repeat the call to resume.
    pub fn run(&self, folder: impl AsRef<Path>) -> Result<KShotOutcome> {
        let folder = folder.as_ref();
        if self.sets.is_empty() || self.starts.is_empty() {
            let what = "there are no galaxies or no encoders to compare";
            return Err(Error::empty(what, "Give at least one of each"));
        }
        self.begin(folder)?;
        let path = folder.join("results.jsonl");
        let done = read(&path)?;
        let mut parts = Vec::new();
        for set in &self.sets {
            for (start, encoder) in &self.starts {
                let own = |line: &&Line| (&line.set, &line.start) == (&set.name, start);
                let rows = done.iter().filter(own).map(|line| line.row.clone()).collect();
                let encoded = |of| encoded(encoder, of, folder);
                let (examples, queries) = (encoded(&set.examples)?, encoded(&set.queries)?);
                let episodes = Episodes::of(&set.label)
                    .shots(self.shots.clone())
                    .episodes(self.episodes)
                    .queries(self.queries)
                    .methods(self.methods.clone())
                    .encoder(encoder)
                    .training(self.training.clone())
                    .seed(self.seed);
                let mut keep = |row: &EpisodeRow| {
                    append(
                        &path,
                        &Line { set: set.name.clone(), start: start.clone(), row: row.clone() },
                    )
                };
                let outcome = episodes.resumed(&examples, &queries, rows, &mut keep)?;
                parts.push((set.name.clone(), start.clone(), outcome));
            }
        }
        Ok(KShotOutcome { parts })
    }

    /// Writes the settings into the folder; fails if the folder belongs to another experiment.
    fn begin(&self, folder: &Path) -> Result<()> {
        std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        let sets = self.sets.iter().map(|set| {
            let key = |of| crate::encoder::catalog_key(set.label.as_bytes(), of);
            json!([set.name, key(&set.examples), key(&set.queries)])
        });
        let starts =
            self.starts.iter().map(|(name, it)| json!([name, it.fingerprint(), it.recipe()]));
        let now = json!({
            "sets": sets.collect::<Vec<_>>(),
            "starts": starts.collect::<Vec<_>>(),
            "queries": self.queries,
            "most": self.shots.iter().max(),
            "seed": self.seed,
        });
        let path = folder.join("experiment.json");
        let text = serde_json::to_string_pretty(&now)? + "\n";
        match std::fs::read_to_string(&path) {
            Ok(then) => {
                let (then, now): (Value, Value) =
                    (serde_json::from_str(&then)?, serde_json::from_str(&text)?);
                let parts = ["sets", "starts", "queries", "most", "seed"];
                let other: Vec<&str> = parts.into_iter().filter(|it| then[it] != now[it]).collect();
                if other.is_empty() {
                    return Ok(());
                }
                let (folder, other) = (folder.display(), other.join(", "));
                let problem = format!("{folder} holds an experiment with other settings: {other}");
                Err(Error::unsuitable(
                    problem,
                    "Choose another folder, or repeat the settings of that experiment",
                ))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                write_whole_at(&path, |partial| {
                    std::fs::write(partial, &text).map_err(Error::io("write", partial))
                })
            }
            Err(error) => Err(Error::io("read", &path)(error)),
        }
    }
}

/// The galaxies of a catalogue encoded, from the folder if they are there.
fn encoded(encoder: &Encoder, catalog: &crate::catalog::Catalog, folder: &Path) -> Result<Space> {
    let path: PathBuf = folder.join(format!("features-{}.parquet", encoder.key(catalog)?));
    if !path.is_file() {
        encoder.encode_to(catalog, &path)?;
    }
    Space::read(&path)?.with_catalog(catalog)
}

/// Reads all complete lines.
fn read(path: &Path) -> Result<Vec<Line>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io("read", path)(error)),
    };
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

/// Appends a line, after removing one that a killed run left incomplete.
fn append(path: &Path, line: &Line) -> Result<()> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    let file = OpenOptions::new().create(true).write(true).truncate(false).open(path);
    let mut file = file.map_err(Error::io("write", path))?;
    file.set_len(whole as u64).map_err(Error::io("write", path))?;
    file.seek(SeekFrom::End(0)).map_err(Error::io("write", path))?;
    let line = serde_json::to_string(line)? + "\n";
    file.write_all(line.as_bytes()).map_err(Error::io("write", path))?;
    file.sync_data().map_err(Error::io("write", path))
}

impl KShotOutcome {
    /// The tables of all parts ([`EpisodesOutcome::table`]) below each other, with the columns `set` and
    /// `start`.
    ///
    /// # Errors
    /// [`Error::Polars`] when memory runs out.
    pub fn table(&self) -> Result<DataFrame> {
        let mut all = Vec::with_capacity(self.parts.len());
        for (set, start, outcome) in &self.parts {
            let mut table = outcome.table();
            let rows = table.height();
            table.insert_column(0, Column::new("start".into(), vec![start.as_str(); rows]))?;
            table.insert_column(0, Column::new("set".into(), vec![set.as_str(); rows]))?;
            all.push(table.lazy());
        }
        if all.is_empty() {
            let empty = DataFrame::empty().lazy().with_column(lit("").alias("set"));
            return Ok(empty.collect()?);
        }
        Ok(concat(all, UnionArgs::default())?.collect()?)
    }

    /// The results as Markdown, a table for each set and encoder.
    pub fn markdown(&self) -> String {
        let part = |(set, start, outcome): &(String, String, EpisodesOutcome)| {
            format!("{set}, from {start}\n\n{}", outcome.markdown())
        };
        self.parts.iter().map(part).collect::<Vec<_>>().join("\n")
    }

    /// The accuracy of [`FewMethod::Auto`], or of the best method where it was not run, over the number of
    /// examples: a colour for each set, a line style for each encoder, and the intervals as bands.
    ///
    /// # If it cannot be drawn
    /// [`Error::Empty`] without results.
    pub fn figure(&self) -> Figure {
        let names = |of: fn(&(String, String, EpisodesOutcome)) -> &String| {
            let mut all: Vec<&String> = Vec::new();
            for name in self.parts.iter().map(of) {
                if !all.contains(&name) {
                    all.push(name);
                }
            }
            all
        };
        let (sets, starts) = (names(|it| &it.0), names(|it| &it.1));
        let place =
            |all: &[&String], name: &String| all.iter().position(|it| *it == name).unwrap_or(0);
        let curve = |(set, start, outcome): &(String, String, EpisodesOutcome)| {
            let point = |shots: usize| {
                let auto = outcome.accuracy(FewMethod::Auto, shots).ok();
                let it = auto.or_else(|| outcome.accuracy(outcome.best(shots)?, shots).ok())?;
                Some((shots as f64, it.value, (it.high - it.low) / 2.0))
            };
            Curve {
                name: format!("{set}, {start}"),
                points: outcome.shots().into_iter().filter_map(point).collect(),
                dash: [Dash::Full, Dash::Dashed, Dash::Dotted][place(&starts, start).min(2)],
                colour: Some(place(&sets, set)),
            }
        };
        let all: Vec<Curve> = self.parts.iter().map(curve).collect();
        curves(&all, "examples of each class", "accuracy")
    }
}
