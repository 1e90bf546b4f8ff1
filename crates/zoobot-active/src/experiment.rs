//! How many labels a method saves: the same loop for several methods and questions, repeated.

use super::acquisition::VoteAcquisition;
use super::choice::BatchChoice;
use super::learning::ActiveLearning;
use super::members::Members;
use super::saved::ActiveComparison;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::str::FromStr;
use zoobot_base::error::{Error, Result};
use zoobot_base::files::make_folder_of;
use zoobot_base::seed::mixed;
use zoobot_data::schema::{Schema, Votes};
use zoobot_representation::space::Space;
use zoobot_show::notebook::Progress;
use zoobot_show::notes::note;

/// A method of an experiment: what galaxies are worth, and how a batch is chosen.
///
/// ```
/// use zoobot_core::active::{ActiveMethod, BatchChoice, VoteAcquisition};
/// let method: ActiveMethod = "bald_top".parse()?;
/// assert_eq!((method.acquisition, method.choice), (VoteAcquisition::Bald, BatchChoice::Top));
/// assert_eq!("random".parse::<ActiveMethod>()?.to_string(), "random");
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ActiveMethod {
    /// What galaxies are worth.
    pub acquisition: VoteAcquisition,
    /// How a batch is chosen.
    pub choice: BatchChoice,
}

impl fmt::Display for ActiveMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.acquisition, self.choice) {
            (acquisition, BatchChoice::Stochastic { .. }) => write!(f, "{acquisition}"),
            (VoteAcquisition::Random, _) => write!(f, "{}", VoteAcquisition::Random),
            (acquisition, choice) => write!(f, "{acquisition}_{choice}"),
        }
    }
}

/// Parses the name of an acquisition, perhaps with the name of a choice behind it: `bald`, `bald_top`,
/// `variance_diverse`.
impl FromStr for ActiveMethod {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        for choice in BatchChoice::all() {
            if let Some(name) = text.strip_suffix(&format!("_{choice}")) {
                return Ok(Self { acquisition: name.parse()?, choice: *choice });
            }
        }
        Ok(Self { acquisition: text.parse()?, choice: BatchChoice::default() })
    }
}

/// A run of one method on one question.
///
/// ```
/// use zoobot_core::active::ActiveRun;
/// let (method, question) = ("bald".to_owned(), "bar".to_owned());
/// let one = ActiveRun { method, question, repeat: 1, labels: vec![256, 384], losses: vec![2.9, 2.8] };
/// assert_eq!(one.labels.len(), one.losses.len());
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActiveRun {
    /// The method's name.
    pub method: String,
    /// The name of the question in the experiment.
    pub question: String,
    /// The repeat, from 1.
    pub repeat: u64,
    /// The number of labels after each round.
    pub labels: Vec<usize>,
    /// The loss of held-out galaxies after each round, in nats.
    pub losses: Vec<f64>,
}

/// Compares methods of active learning with random choice on galaxies whose votes are known. In a repeat, all
/// methods begin with the same random galaxies.
///
/// ```
/// use zoobot_core::active::ActiveExperiment;
/// use zoobot_core::ndarray::Array2;
/// use zoobot_core::prelude::*;
/// let rings = Schema::named("gz_rings")?;
/// fn galaxies(ids: std::ops::Range<usize>, rings: &Schema) -> Result<(Space, Votes)> {
///     let features = Array2::from_shape_fn((ids.len(), 2), |(i, j)| ((ids.start + i) as f32 * [1.0, 0.37][j]).sin());
///     let names: Vec<String> = ids.map(|i| format!("G{i}")).collect();
///     let yes = |i: usize| (5.0 + 5.0 * f64::from(features[[i, 0]])).round();
///     let counts = Array2::from_shape_fn((names.len(), 2), |(i, j)| if j == 0 { yes(i) } else { 10.0 - yes(i) });
///     Ok((Space::new(names.clone(), features.clone())?, Votes::new(rings, names, counts)?))
/// }
/// let (pool, test) = (galaxies(0..200, &rings)?, galaxies(200..300, &rings)?);
/// let compared = ActiveExperiment::new((&pool.0, &pool.1), (&test.0, &test.1))
///     .question("ring", "ring")
///     .methods(["bald"])?
///     .members(2)
///     .sizes(20, 10, 2)
///     .repeats(2)
///     .run(None)?;
/// assert_eq!(compared.saved("bald", "ring").expect("it was run").method, "bald");
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ActiveExperiment {
    pool: (Space, Votes),
    test: (Space, Votes),
    /// The name in the results, and in the schema.
    questions: Vec<(String, String)>,
    methods: Vec<ActiveMethod>,
    ways: Members,
    members: usize,
    start: usize,
    batch: usize,
    rounds: usize,
    volunteers: u32,
    repeats: u64,
    seed: u64,
}

impl ActiveExperiment {
    /// An experiment with a pool and other galaxies to judge by, each with its votes.
    pub fn new(pool: (&Space, &Votes), test: (&Space, &Votes)) -> Self {
        let random =
            ActiveMethod { acquisition: VoteAcquisition::Random, choice: BatchChoice::default() };
        Self {
            pool: (pool.0.clone(), pool.1.clone()),
            test: (test.0.clone(), test.1.clone()),
            questions: Vec::new(),
            methods: vec![random],
            ways: Members::default(),
            members: 10,
            start: 256,
            batch: 128,
            rounds: 15,
            volunteers: 40,
            repeats: 10,
            seed: 1,
        }
    }

    /// Adds a question of the schema, under a name for the results.
    pub fn question(mut self, name: &str, question: &str) -> Self {
        self.questions.push((name.to_owned(), question.to_owned()));
        self
    }

    /// Sets the methods by their names, such as `bald` and `bald_top`. Random choice is always among them.
    ///
    /// # Errors
    /// [`Error::Missing`] for an unknown name, with the nearest name.
    pub fn methods<T: AsRef<str>>(mut self, names: impl IntoIterator<Item = T>) -> Result<Self> {
        self.methods.truncate(1);
        for name in names {
            let method: ActiveMethod = name.as_ref().parse()?;
            if method.acquisition != VoteAcquisition::Random && !self.methods.contains(&method) {
                self.methods.push(method);
            }
        }
        Ok(self)
    }

    /// Sets the number of galaxies at the start, of each round, and the number of rounds (256, 128, 15).
    pub fn sizes(mut self, start: usize, batch: usize, rounds: usize) -> Self {
        (self.start, self.batch, self.rounds) = (start, batch, rounds);
        self
    }

    /// Sets how the members of the ensemble differ ([`Members::Bootstrap`]).
    pub fn ensemble(mut self, ways: Members) -> Self {
        self.ways = ways;
        self
    }

    /// Sets the number of members of the ensemble (10).
    pub fn members(mut self, members: usize) -> Self {
        self.members = members;
        self
    }

    /// Sets the number of volunteers who will see a galaxy (40).
    pub fn volunteers(mut self, volunteers: u32) -> Self {
        self.volunteers = volunteers;
        self
    }

    /// Sets the number of repeats (10).
    pub fn repeats(mut self, repeats: u64) -> Self {
        self.repeats = repeats;
        self
    }

    /// Sets the random seed (1).
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Runs every method on every question, as often as set. With a file, each run becomes a line of JSON there as it
    /// ends, and a repeated call with the same galaxies and settings skips the runs that are there.
    ///
    /// # Errors
    /// [`Error::Parameter`] for no repeats; [`Error::Empty`] without questions; the errors of
    /// [`ActiveLearning::run`].
    pub fn run(&self, file: Option<&Path>) -> Result<ActiveComparison> {
        if self.repeats == 0 {
            return Err(Error::parameter("repeats", self.repeats, "at least 1"));
        }
        if self.questions.is_empty() {
            return Err(Error::empty("there is no question to learn", "Name at least one"));
        }
        let mut runs = file.map_or_else(|| Ok(Vec::new()), known)?;
        let sizes: Vec<usize> = (0..=self.rounds).map(|it| self.start + it * self.batch).collect();
        runs.retain(|run| run.labels == sizes);
        let mut tasks = Vec::new();
        for (name, question) in &self.questions {
            let by_featured = has_featured_root(self.pool.1.schema(), question)?;
            for method in &self.methods {
                if method.acquisition == VoteAcquisition::GalaxyZoo && !by_featured {
                    note(format!("{method} is left out for {name}, which everyone is asked"));
                    continue;
                }
                for repeat in 1..=self.repeats {
                    let is_run = |it: &ActiveRun| {
                        it.repeat == repeat
                            && it.question == *name
                            && it.method == method.to_string()
                    };
                    if !runs.iter().any(is_run) {
                        tasks.push((name, question, *method, repeat));
                    }
                }
            }
        }
        let progress = Progress::new("runs", Some(tasks.len()));
        for part in tasks.chunks(rayon::current_num_threads()) {
            let new = part.par_iter().map(|(name, question, method, repeat)| {
                let seed = mixed(self.seed, *repeat);
                let run = ActiveLearning::new(&self.pool.0, self.pool.1.schema())
                    .questions([question.as_str()])
                    .held_out(&self.test.0, &self.test.1)
                    .method(method.acquisition)
                    .choice(method.choice)
                    .ensemble(self.ways)
                    .members(self.members)
                    .start(self.start)
                    .batch(self.batch)
                    .rounds(self.rounds)
                    .volunteers(self.volunteers)
                    .seed(seed)
                    .run(&mut self.pool.1.clone())?;
                Ok(ActiveRun {
                    method: method.to_string(),
                    question: (*name).clone(),
                    repeat: *repeat,
                    labels: run.rounds().iter().map(|it| it.labels).collect(),
                    losses: run.rounds().iter().filter_map(|it| it.loss).collect(),
                })
            });
            let new = new.collect::<Result<Vec<ActiveRun>>>()?;
            file.map_or(Ok(()), |path| add(path, &new))?;
            progress.advance(new.len());
            runs.extend(new);
        }
        progress.finish();
        ActiveComparison::new(runs)
    }
}

/// Whether the first question on the way to a question has an answer such as `featured-or-disk`.
fn has_featured_root(schema: &Schema, question: &str) -> Result<bool> {
    let mut question = schema.question(question)?;
    while let Some(parent) = question.depends_on() {
        let answer = schema.answer(parent)?.index();
        match schema.questions().iter().find(|it| it.range().contains(&answer)) {
            Some(before) => question = before,
            None => return Ok(false),
        }
    }
    Ok(question.answers().iter().any(|it| it.name().starts_with("feature")))
}

/// The runs in a file; an incomplete last line is left out.
fn known(path: &Path) -> Result<Vec<ActiveRun>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    if whole < text.len() {
        super::folder::write_text(path, &text[..whole])?;
    }
    text[..whole].lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

fn add(path: &Path, runs: &[ActiveRun]) -> Result<()> {
    make_folder_of(path)?;
    let mut text = String::new();
    for run in runs {
        text += &(serde_json::to_string(run)? + "\n");
    }
    let file = OpenOptions::new().create(true).append(true).open(path);
    let written = file.and_then(|mut it| it.write_all(text.as_bytes()));
    written.map_err(Error::io("write", path))
}
