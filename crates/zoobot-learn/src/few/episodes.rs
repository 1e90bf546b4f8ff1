//! Few-shot evaluation: many small tasks (episodes) drawn from labelled galaxies.

use super::choice::{All, best, blend, evidence};
use super::ground::{Ground, likeliest};
use super::outcome::{EpisodeRow, EpisodesOutcome};
use super::{FewMethod, FewShot};
use crate::finetune::Finetune;
use ndarray::{Array2, Axis};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use std::collections::HashMap;
use std::time::Instant;
use zoobot_base::error::{Error, Result};
use zoobot_base::interrupt;
use zoobot_base::seed::{self, mixed};
use zoobot_data::catalog::{Catalog, Target};
use zoobot_representation::encoder::Encoder;
use zoobot_representation::space::Space;
use zoobot_show::notebook::Progress;

/// Few-shot evaluation. An episode draws `shots` examples and `queries` galaxies of each class; every method
/// learns from the examples and is judged by the share of the queries that it gives their class. All methods
/// see the same episodes, so that they can be compared in pairs. The galaxies of the pool that are not
/// examples are the survey of an episode.
///
/// ```
/// use zoobot_core::{ndarray::Array2, prelude::*};
/// let ids: Vec<String> = (0..60).map(|i| format!("g{i}")).collect();
/// let kinds: Vec<&str> = (0..60).map(|i| if i % 2 == 0 { "disc" } else { "ring" }).collect();
/// let features = Array2::from_shape_fn((60, 4), |(i, j)| {
///     (i % 2) as f32 + ((i * 13 + j * 7) % 10) as f32 * 0.05
/// });
/// let galaxies = Catalog::from_table(df!("id_str" => &ids, "file_loc" => &ids, "kind" => kinds)?, ".")?;
/// let space = Space::new(ids, features)?.with_catalog(&galaxies)?;
/// let outcome = Episodes::of("kind").shots([1, 5]).queries(10).episodes(4).run(&space)?;
/// assert!(outcome.accuracy(FewMethod::Auto, 5)?.value > 0.9);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Episodes {
    label: String,
    ways: Option<usize>,
    shots: Vec<usize>,
    queries: usize,
    episodes: u64,
    methods: Vec<FewMethod>,
    few: FewShot,
    encoder: Option<Encoder>,
    seed: u64,
}

/// One task: rows of the examples and of the queries, each with its class in the task.
struct Task {
    names: Vec<String>,
    examples: Vec<(usize, usize)>,
    queries: Vec<(usize, usize)>,
}

/// Labelled galaxies, class by class.
struct Pool {
    names: Vec<String>,
    /// The rows of each class.
    rows: Vec<Vec<usize>>,
}

impl Episodes {
    /// Episodes of the classes in a column: 5 shots, 15 queries of each class, 20 episodes, all classes, and
    /// all methods on encoded pictures.
    pub fn of(label: impl Into<String>) -> Self {
        let label = label.into();
        let mut methods = vec![FewMethod::Auto];
        methods.extend(FewMethod::heads());
        Self {
            few: Finetune::few(&label),
            label,
            ways: None,
            shots: vec![5],
            queries: 15,
            episodes: 20,
            methods,
            encoder: None,
            seed: seed::DEFAULT,
        }
    }

    /// Sets the number of classes of an episode, which are drawn anew for each (all classes).
    pub fn ways(mut self, ways: usize) -> Self {
        self.ways = Some(ways);
        self
    }

    /// Sets the numbers of examples of each class (5).
    pub fn shots(mut self, shots: impl Into<Vec<usize>>) -> Self {
        self.shots = shots.into();
        self
    }

    /// Sets the number of galaxies of each class to judge by (15).
    pub fn queries(mut self, queries: usize) -> Self {
        self.queries = queries;
        self
    }

    /// Sets the number of episodes for each number of shots (20).
    pub fn episodes(mut self, episodes: u64) -> Self {
        self.episodes = episodes;
        self
    }

    /// Sets the methods to compare ([`FewMethod::Auto`] and those on encoded pictures).
    pub fn methods(mut self, methods: impl Into<Vec<FewMethod>>) -> Self {
        self.methods = methods.into();
        self
    }

    /// Sets the encoder to start from, for methods that train it.
    pub fn encoder(mut self, encoder: &Encoder) -> Self {
        self.encoder = Some(encoder.clone());
        self
    }

    /// Sets how methods that train the encoder do it; its label, method and seed are those of the episodes.
    pub fn training(mut self, few: FewShot) -> Self {
        self.few = few;
        self
    }

    /// Sets the random seed (0).
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Runs episodes whose examples and queries come from one space, with its catalogue attached. Galaxies
    /// without a label take part only in the survey.
    ///
    /// # Errors
    /// [`Error::Unsuitable`] for more shots and queries than a class has galaxies, naming the class, and for
    /// fewer than two classes; [`Error::Parameter`] for settings out of range; [`Error::Interrupted`] when
    /// stopped; as for [`FewShot::rank`].
    pub fn run(&self, galaxies: &Space) -> Result<EpisodesOutcome> {
        self.run_between(galaxies, galaxies)
    }

    /// Like [`run`](Self::run), with examples from one space and queries from another, such as the galaxies
    /// that an encoder has not learnt from. A galaxy in both is never an example and a query at once.
    ///
    /// # Errors
    /// As for [`run`](Self::run).
    pub fn run_between(&self, examples: &Space, queries: &Space) -> Result<EpisodesOutcome> {
        self.resumed(examples, queries, Vec::new(), &mut |_| Ok(()))
    }

    /// Like [`run_between`](Self::run_between), without the rows in `done`; each new one is given to `keep`.
    ///
    /// # Errors
    /// As for [`run`](Self::run), and those of `keep`.
    #[doc(hidden)]
    pub fn resumed(
        &self,
        examples: &Space,
        queries: &Space,
        mut done: Vec<EpisodeRow>,
        keep: &mut dyn FnMut(&EpisodeRow) -> Result<()>,
    ) -> Result<EpisodesOutcome> {
        self.check()?;
        let (from, to) = (self.pool(examples)?, self.pool(queries)?);
        let most = self.shots.iter().copied().max().unwrap_or(0);
        self.enough(&from, &to, examples, queries, most)?;
        let total = self.shots.len() * self.episodes as usize;
        let progress = Progress::new("episodes", Some(total));
        for &shots in &self.shots {
            for episode in 1..=self.episodes {
                interrupt::check("episodes", || format!("{} results", done.len()))?;
                let is = |row: &EpisodeRow| (row.shots, row.episode) == (shots, episode);
                let missing: Vec<FewMethod> = self
                    .methods
                    .iter()
                    .copied()
                    .filter(|it| !done.iter().any(|row| is(row) && row.method == *it))
                    .collect();
                if !missing.is_empty() {
                    let task = self.task(&from, &to, examples, queries, shots, episode);
                    for row in self.judge(&task, examples, queries, &missing, (shots, episode))? {
                        keep(&row)?;
                        done.push(row);
                    }
                }
                progress.advance(1);
            }
        }
        Ok(EpisodesOutcome { label: self.label.clone(), rows: done })
    }

    fn check(&self) -> Result<()> {
        let least = |name: &'static str, value: usize, least: usize| match value < least {
            true => Err(Error::parameter(name, value, format!("at least {least}"))),
            false => Ok(()),
        };
        Error::together([
            least("shots", self.shots.iter().copied().min().unwrap_or(0), 1),
            least("queries", self.queries, 1),
            least("episodes", self.episodes as usize, 1),
            least("ways", self.ways.unwrap_or(2), 2),
            least("methods", self.methods.len(), 1),
        ])
    }

    fn pool(&self, space: &Space) -> Result<Pool> {
        let catalog = space.known_catalog()?;
        let labels = [self.label.clone()];
        let (rows, some) = zoobot_data::catalog::labelled(catalog, &labels)?;
        let Target::Classes { names, of } = Target::classes(&some, &self.label, None)? else {
            return Err(Error::Internal("classes that are numbers".to_owned()));
        };
        let mut by_class = vec![Vec::new(); names.len()];
        rows.into_iter().zip(of).for_each(|(row, class)| by_class[class].push(row));
        Ok(Pool { names, rows: by_class })
    }

    /// Checks that each class has enough galaxies.
    fn enough(
        &self,
        from: &Pool,
        to: &Pool,
        examples: &Space,
        queries: &Space,
        shots: usize,
    ) -> Result<()> {
        let ways = self.ways.unwrap_or(from.names.len());
        if from.names.len() < ways.max(2) {
            let problem = format!(
                "{:?} has {} classes, but an episode needs {}",
                self.label,
                from.names.len(),
                ways.max(2)
            );
            return Err(Error::unsuitable(
                problem,
                "Choose fewer ways, or galaxies of more classes",
            ));
        }
        for (class, name) in from.names.iter().enumerate() {
            let ids: Vec<&String> =
                from.rows[class].iter().map(|&row| &examples.ids()[row]).collect();
            let other =
                to.names.iter().position(|it| it == name).map_or(&[][..], |it| &to.rows[it]);
            let twice = other.iter().filter(|&&row| ids.contains(&&queries.ids()[row])).count();
            let (here, there) = (ids.len(), other.len());
            // Shared galaxies can be either.
            if here < shots || there < self.queries || here + there - twice < shots + self.queries {
                let problem = format!(
                    "the class {name:?} has {here} galaxies to draw {shots} examples from and {there} to draw \
                     {} queries from",
                    self.queries
                );
                let hint = "Choose fewer shots or queries, or give more galaxies of the class";
                return Err(Error::unsuitable(problem, hint));
            }
        }
        Ok(())
    }

    /// Draws a task. More shots of one episode contain the fewer ones.
    fn task(
        &self,
        from: &Pool,
        to: &Pool,
        examples: &Space,
        queries: &Space,
        shots: usize,
        episode: u64,
    ) -> Task {
        let mut rng = StdRng::seed_from_u64(mixed(self.seed, episode));
        let mut classes: Vec<usize> = (0..from.names.len()).collect();
        classes.shuffle(&mut rng);
        classes.truncate(self.ways.unwrap_or(classes.len()));
        classes.sort_unstable();
        let most = self.shots.iter().copied().max().unwrap_or(shots);
        let mut task = Task { names: Vec::new(), examples: Vec::new(), queries: Vec::new() };
        for (place, &class) in classes.iter().enumerate() {
            let name = &from.names[class];
            let mut others = to
                .names
                .iter()
                .position(|it| it == name)
                .map_or(Vec::new(), |it| to.rows[it].clone());
            let mut rows = from.rows[class].clone();
            others.shuffle(&mut rng);
            rows.shuffle(&mut rng);
            others.truncate(self.queries);
            let asked: Vec<&String> = others.iter().map(|&row| &queries.ids()[row]).collect();
            rows.retain(|&row| !asked.contains(&&examples.ids()[row]));
            rows.truncate(most);
            task.names.push(name.clone());
            task.examples.extend(rows.into_iter().take(shots).map(|row| (row, place)));
            task.queries.extend(others.into_iter().map(|row| (row, place)));
        }
        task
    }

    /// The results of methods for a task.
    fn judge(
        &self,
        task: &Task,
        examples: &Space,
        queries: &Space,
        methods: &[FewMethod],
        (shots, episode): (usize, u64),
    ) -> Result<Vec<EpisodeRow>> {
        let of: Vec<usize> = task.examples.iter().map(|it| it.1).collect();
        let rows: Vec<usize> = task.examples.iter().map(|it| it.0).collect();
        let known = examples.features().select(Axis(0), &rows);
        let taught: Vec<&String> = rows.iter().map(|&row| &examples.ids()[row]).collect();
        // The survey: all galaxies of the pool but the examples.
        let survey: Vec<usize> =
            (0..queries.len()).filter(|&row| !taught.contains(&&queries.ids()[row])).collect();
        let places: HashMap<usize, usize> = survey.iter().copied().zip(0..).collect();
        let asked: Vec<(usize, usize)> = task
            .queries
            .iter()
            .filter_map(|&(row, class)| Some((*places.get(&row)?, class)))
            .collect();
        let galaxies = queries.features().select(Axis(0), &survey);
        let ground = Ground::new(known.view(), galaxies.view(), &of, task.names.len())?;
        let seed = mixed(self.seed, episode);
        let accuracy = |found: &Array2<f64>| {
            let right = asked.iter().filter(|(row, class)| likeliest(found.row(*row)) == *class);
            right.count() as f64 / asked.len() as f64
        };
        let wants = |method: FewMethod| methods.contains(&method);
        let mut results = Vec::with_capacity(methods.len());
        let row = |method: FewMethod, accuracy: f64, seconds: f64, chosen: FewMethod| EpisodeRow {
            method,
            shots,
            episode,
            queries: asked.len(),
            accuracy,
            chosen,
            seconds: (1000.0 * seconds).round() / 1000.0,
        };
        if methods.iter().any(|it| !it.trains_encoder()) {
            let started = Instant::now();
            let together = wants(FewMethod::Auto) || wants(FewMethod::Blend);
            let heads: Vec<FewMethod> =
                FewMethod::heads().into_iter().filter(|it| together || wants(*it)).collect();
            let mut all: All = Vec::new();
            let mut times = Vec::new();
            for method in heads {
                let begun = Instant::now();
                let found = match method {
                    FewMethod::Blend => vec![(method, blend(&all)?)],
                    _ => evidence(&ground, &[method], seed)?,
                };
                all.extend(found);
                times.push(begun.elapsed().as_secs_f64());
            }
            for ((method, found), seconds) in all.iter().zip(&times) {
                if wants(*method) {
                    results.push(row(*method, accuracy(&found.survey), *seconds, *method));
                }
            }
            if wants(FewMethod::Auto) {
                let (place, _) = best(&ground, &all);
                let (chosen, found) = &all[place];
                let seconds = started.elapsed().as_secs_f64();
                results.push(row(FewMethod::Auto, accuracy(&found.survey), seconds, *chosen));
            }
        }
        for &method in methods.iter().filter(|it| it.trains_encoder()) {
            let started = Instant::now();
            let found = self.trained(task, examples, queries, method, seed)?;
            results.push(row(method, found, started.elapsed().as_secs_f64(), method));
        }
        Ok(results)
    }

    /// The accuracy of a method that trains the encoder.
    fn trained(
        &self,
        task: &Task,
        examples: &Space,
        queries: &Space,
        method: FewMethod,
        seed: u64,
    ) -> Result<f64> {
        let part = |of: &Space, rows: &[(usize, usize)]| -> Result<Catalog> {
            let ids: Vec<&String> = rows.iter().map(|it| &of.ids()[it.0]).collect();
            of.known_catalog()?.select(&ids)
        };
        let support = part(examples, &task.examples)?;
        let survey = part(queries, &task.queries)?;
        let mut few = self.few.clone().of_label(&self.label).method(method).seed(seed);
        if let Some(encoder) = &self.encoder {
            few = few.encoder(encoder);
        }
        let ranking = few.rank(&support, &survey)?;
        let mut class_of: HashMap<&String, &String> = HashMap::new();
        for &(row, class) in &task.queries {
            class_of.insert(&queries.ids()[row], &task.names[class]);
        }
        let probabilities = ranking.probabilities();
        let right = ranking.ids().iter().zip(probabilities.rows()).filter(|(id, row)| {
            class_of.get(id).is_some_and(|it| **it == ranking.classes()[likeliest(row.view())])
        });
        Ok(right.count() as f64 / task.queries.len() as f64)
    }
}
