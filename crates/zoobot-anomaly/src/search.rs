//! The search for anomalies by one person: which galaxies to rate, the ratings, and what the model
//! learns from them about all other galaxies.

use super::acquisition::{Acquisition, Pool, choose};
use super::browser::Server;
use super::gp::{FittedProcess, GaussianProcess, Kernel};
use super::journal::{Journal, Line};
use super::proposal::{Proposal, Why};
use super::ranking::Ranking;
use super::ratings::Rating;
use super::record::Record;
use ndarray::ArrayView2;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use std::collections::{HashMap, HashSet};
use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use zoobot_base::error::{Error, Result};
use zoobot_base::seed::{self, mixed};
use zoobot_data::catalog::GalaxyNames;
use zoobot_representation::space::Space;

/// From this number of ratings on, every other fit starts only from the former kernel.
const MANY: usize = 100;
/// Candidates considered for each galaxy that is to be unlike all rated galaxies.
const SEEN: usize = 50;

/// The kernel's parameters are fitted only if at least this number of ratings differ from the most
/// frequent one.
const ENOUGH: usize = 3;

/// A search for the galaxies that interest one person, in batches of ratings from 0 (of no interest)
/// to 5.
///
/// The first batch is random. Each further batch holds the galaxies with the highest expected
/// improvement under a Gaussian process fitted to all ratings so far (Walmsley et al. 2022:
/// 40 standardised principal components, kernel rational quadratic + white noise, `xi` 0.5, batches of
/// 10). Several people can search one table, each with their own ratings.
///
/// ```
/// use zoobot_core::anomaly::AnomalySearch;
/// use zoobot_core::{ndarray::Array2, space::Space};
/// // Galaxies along a line; those at its end are of interest.
/// let features = Array2::from_shape_fn((200, 2), |(i, j)| [i as f32 / 50.0 - 2.0, 0.1][j]);
/// let space = Space::new((0..200).map(|i| format!("G{i}")).collect(), features)?;
/// let mut search = AnomalySearch::new(&space).seed(1);
/// for _ in 0..4 {
///     for id in search.next()?.ids() {
///         let place: i32 = id[1..].parse().unwrap();
///         search.rate(id, (place / 20 - 4).clamp(0, 5))?;
///     }
/// }
/// let ranking = search.ranking()?;
/// assert!(ranking.ids()[..10].iter().all(|id| id[1..].parse::<i32>().unwrap() > 150));
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug)]
pub struct AnomalySearch {
    space: Space,
    places: Arc<HashMap<String, usize>>,
    user: String,
    seed: u64,
    first: usize,
    batch: usize,
    acquisition: Acquisition,
    process: GaussianProcess,
    interesting: u8,
    pub(super) record: Record,
    /// The last proposal.
    proposed: Option<Proposal>,
    model: Option<Model>,
    /// The server of the rating page in the browser.
    page: Option<Arc<Server>>,
    /// Errors in the space and the settings.
    problems: Vec<Arc<Error>>,
}

/// The model learnt from some ratings.
#[derive(Debug, Clone)]
struct Model {
    ratings: Vec<Rating>,
    fitted: Arc<FittedProcess>,
    /// Whether the kernel's parameters were fitted.
    learnt: bool,
}

impl AnomalySearch {
    /// Creates a search among the galaxies of a space, without a user's name, with seed 0. The paper
    /// searches 40 standardised components: `space.pca(40)?.standardize()?`.
    ///
    /// A problem with the space, such as two galaxies with one name, is reported by the first call that
    /// uses the search, together with problems in other settings.
    pub fn new(space: &Space) -> Self {
        let (mut places, mut problems) = (HashMap::with_capacity(space.len()), Vec::new());
        for (row, id) in space.ids().iter().enumerate() {
            if places.insert(id.clone(), row).is_some() && problems.is_empty() {
                let problem = format!("two galaxies are named {id:?}");
                let twice = Error::unsuitable(problem, "Give each galaxy a unique id_str");
                problems.push(Arc::new(twice));
            }
        }
        let kernel = Kernel::rational_quadratic(1.0, 1.0) + Kernel::white(1.0);
        Self {
            space: space.clone(),
            places: Arc::new(places),
            user: String::new(),
            seed: seed::DEFAULT,
            first: 10,
            batch: 10,
            acquisition: Acquisition::default(),
            process: GaussianProcess::new(kernel),
            interesting: 4,
            record: Record::default(),
            proposed: None,
            model: None,
            page: None,
            problems,
        }
    }

    /// Fails with all problems of the space and the settings, if there are any.
    pub(super) fn settled(&self) -> Result<()> {
        match self.problems.is_empty() {
            true => Ok(()),
            false => Err(Error::Settings(self.problems.clone())),
        }
    }

    /// Sets the random seed (default 0).
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }.forgetful()
    }

    /// Sets the user's name (default none). Each user has their own ratings.
    pub fn user(self, name: impl Into<String>) -> Self {
        Self { user: name.into(), ..self }.forgetful()
    }

    /// Sets the number of random galaxies in the first batch (default 10).
    pub fn first(self, galaxies: usize) -> Self {
        Self { first: galaxies, ..self }.forgetful()
    }

    /// Sets the number of galaxies in a batch (default 10, at least 1).
    pub fn batch(self, galaxies: usize) -> Self {
        Self { batch: galaxies.max(1), ..self }.forgetful()
    }

    /// Sets the acquisition, which chooses the galaxies to rate (default expected improvement with `xi`
    /// 0.5).
    pub fn acquisition(self, acquisition: Acquisition) -> Self {
        Self { acquisition, ..self }.forgetful()
    }

    /// Sets the Gaussian process (default: a rational quadratic kernel with white noise, all parameters
    /// starting from 1, no restarts).
    pub fn process(self, process: GaussianProcess) -> Self {
        Self { process, model: None, ..self }.forgetful()
    }

    /// Sets the rating from which a galaxy is of interest (default 4): these galaxies come first in
    /// a [`ranking`](Self::ranking), other rated galaxies last.
    pub fn interesting(self, rating: u8) -> Self {
        Self { interesting: rating, ..self }
    }

    /// Keeps the ratings in a file, and reads the ratings of all users that it already holds. Each new
    /// rating is in the file before [`rate`](Self::rate) returns. See [`journal`](super::journal).
    ///
    /// # Errors
    /// When the file cannot be read and written or is not a file of ratings, and [`Error::Missing`] for
    /// a galaxy that is not in this space.
    pub fn journal(mut self, path: impl AsRef<Path>) -> Result<Self> {
        let (journal, lines) = Journal::open(path)?;
        self.replay(&lines)?;
        self.record.keep_in(journal);
        Ok(self.forgetful())
    }

    /// Adds ratings that are stored elsewhere; they are not written to the journal.
    ///
    /// # Errors
    /// [`Error::Missing`] for a galaxy that is not in this space.
    pub fn replay(&mut self, lines: &[Line]) -> Result<()> {
        self.record.replay(lines, &self.rows(lines)?);
        Ok(())
    }

    /// Sets examples of interesting galaxies to begin with: they count as rated 5, and the model chooses
    /// the first batch from them instead of at random.
    ///
    /// An unknown galaxy, or a journal that cannot be written, is reported by the first call that uses
    /// the search.
    pub fn liked(mut self, galaxies: &(impl GalaxyNames + ?Sized)) -> Self {
        let kept = galaxies.galaxy_names().and_then(|names| {
            let line = |name| Line { liked: true, ..self.line(name, Some(5)) };
            let lines: Vec<Line> = names.iter().map(|name| line(name)).collect();
            self.record.add(&lines, &self.rows(&lines)?)
        });
        self.problems.extend(kept.err().map(Arc::new));
        self.forgetful()
    }

    /// Rates a galaxy from 0 to 5; a later rating replaces an earlier one. With a
    /// [`journal`](Self::journal), the rating is on the disk when this returns.
    ///
    /// # Errors
    /// [`Error::Parameter`] for anything but a whole number from 0 to 5, [`Error::Missing`] for an
    /// unknown galaxy (with the nearest name), [`Error::Io`] when the rating cannot be written; it then
    /// does not count.
    pub fn rate(&mut self, id: &str, rating: impl Display) -> Result<()> {
        let text = rating.to_string();
        let value = text.trim().parse::<u8>().ok().filter(|value| *value <= 5);
        let value = value.ok_or_else(|| {
            Error::parameter("rating", format!("{text} for {id:?}"), "a whole number from 0 to 5")
        })?;
        self.record(&[self.line(id, Some(value))])
    }

    /// Takes back this user's last rating or [`skip`](Self::skip), and returns the galaxy's name; `None`
    /// if there is nothing to take back.
    ///
    /// # Errors
    /// [`Error::Io`] when the journal cannot be written.
    pub fn undo(&mut self) -> Result<Option<String>> {
        let line = |row: usize| Line { undo: true, ..self.line(&self.space.ids()[row], None) };
        let row = self.record.undo(&self.user, line)?;
        Ok(row.map(|row| self.space.ids()[row].clone()))
    }

    /// The galaxies to rate now: the rest of the last batch, or a new batch after fitting the model to
    /// all ratings. Empty when all galaxies are rated or skipped.
    ///
    /// # Errors
    /// As [`GaussianProcess::fit`]; [`Error::Interrupted`].
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Proposal> {
        self.settled()?;
        let rated = self.rated();
        if let Some(proposed) = &self.proposed {
            let left = proposed.without(|row| rated[row]);
            if !left.ids().is_empty() {
                return Ok(left);
            }
        }
        self.retrain()
    }

    /// Fits the model to all ratings and proposes a new batch, even if the last one is not finished.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub fn retrain(&mut self) -> Result<Proposal> {
        self.settled()?;
        let ratings = self.record.current(&self.user);
        let rated = self.rated();
        let proposal = match self.without_model(&ratings) {
            Some((rows, why)) => Proposal::random(&self.space, &rows, why)?,
            None => {
                let fitted = self.learn()?;
                let best = ratings.iter().map(|it| it.value).max().unwrap_or(0);
                let pool = Pool {
                    rows: self.space.features(),
                    taken: &rated,
                    best: f64::from(best),
                    seed: mixed(self.seed, ratings.len() as u64),
                };
                let chosen = choose(&fitted, &pool, self.acquisition, self.batch)?;
                Proposal::chosen(&self.space, chosen, self.acquisition)?
            }
        };
        self.proposed = Some(proposal.clone());
        Ok(proposal)
    }

    /// The galaxies of a batch that is chosen without a model, or `None` if the model can choose: random
    /// galaxies at the start; as long as all ratings are 0, half random galaxies and half galaxies that
    /// are most unlike the rated ones.
    fn without_model(&self, ratings: &[Rating]) -> Option<(Vec<usize>, Why)> {
        let liked = ratings.iter().any(|it| it.liked);
        let own = ratings.iter().filter(|it| !it.liked).count();
        let (count, why) = if !liked && own < self.first {
            (self.first - own, Why::First)
        } else if ratings.iter().all(|it| it.value == 0) {
            (self.batch, Why::AllZero)
        } else {
            return None;
        };
        let mut order: Vec<usize> = (0..self.space.len()).collect();
        // The order is fixed, so that an interrupted search continues with the same galaxies.
        order.shuffle(&mut StdRng::seed_from_u64(self.seed));
        let rated = self.rated();
        let mut rows: Vec<usize> = order.into_iter().filter(|&row| !rated[row]).collect();
        if why == Why::AllZero {
            // Half of them stay random: interesting galaxies need not be extreme.
            let random = count.div_ceil(2).min(rows.len());
            let mut known: Vec<usize> = ratings.iter().map(|it| it.row).collect();
            known.extend(&rows[..random]);
            let others = &rows[random..rows.len().min(random + SEEN * count)];
            let unlike = unlike(self.space.features(), &known, others, count - random);
            rows.truncate(random);
            rows.extend(unlike);
        }
        rows.truncate(count);
        Some((rows, why))
    }

    /// The model of the current ratings, fitted again if they have changed.
    fn learn(&mut self) -> Result<Arc<FittedProcess>> {
        self.settled()?;
        let ratings = self.record.current(&self.user);
        if let Some(model) = self.model.as_ref().filter(|model| model.ratings == ratings) {
            return Ok(model.fitted.clone());
        }
        if ratings.is_empty() {
            return Err(Error::empty("no galaxies are rated yet", "Rate at least one"));
        }
        let places: Vec<usize> = ratings.iter().map(|it| it.row).collect();
        let rows = self.space.features().select(ndarray::Axis(0), &places);
        let values: Vec<f64> = ratings.iter().map(|it| f64::from(it.value)).collect();
        let learnt = telling(&ratings) >= ENOUGH;
        let fitted = if learnt {
            let former = self.model.as_ref().filter(|model| model.learnt);
            let former = former.map(|model| model.fitted.kernel().clone());
            match former {
                // With many ratings the best parameters change little. Every other fit also starts
                // afresh, to find a better optimum elsewhere.
                Some(kernel) if values.len() >= MANY && values.len() / self.batch % 2 == 1 => {
                    let process = GaussianProcess { kernel, ..self.process.clone() };
                    process.fit(rows.view(), &values)?
                }
                former => self.process.fit_from(rows.view(), &values, former.as_slice())?,
            }
        } else {
            // A fit would explain equal ratings by a constant and the few others by noise, and would
            // expect the same of every galaxy.
            let length = (self.space.width() as f64).sqrt();
            let kernel = Kernel::rational_quadratic(1.0, length) + Kernel::white(0.1);
            GaussianProcess::new(kernel).condition(rows.view(), &values)?
        };
        let fitted = Arc::new(fitted);
        self.model = Some(Model { ratings, fitted: fitted.clone(), learnt });
        Ok(fitted)
    }

    /// Ranks all galaxies from the most to the least interesting: first the galaxies rated
    /// [`interesting`](Self::interesting), then unrated galaxies by their expected rating, and last the
    /// other rated galaxies. See [`Ranking::unrated`] for the unrated galaxies alone.
    ///
    /// # Errors
    /// [`Error::Empty`] before any rating; else as [`next`](Self::next).
    pub fn ranking(&mut self) -> Result<Ranking> {
        let fitted = self.learn()?;
        let expected = fitted.predict(self.space.features())?;
        let mut ratings = vec![None; self.space.len()];
        for rating in self.record.current(&self.user) {
            ratings[rating.row] = Some(rating.value);
        }
        Ranking::new(&self.space, expected, ratings, self.interesting)
    }

    /// The model fitted to the current ratings.
    ///
    /// # Errors
    /// As [`ranking`](Self::ranking).
    pub fn model(&mut self) -> Result<Arc<FittedProcess>> {
        self.learn()
    }

    /// The ratings in effect, in the order in which the galaxies were first rated or skipped: the
    /// galaxies' rows in the space and the values.
    pub fn ratings(&self) -> Vec<Rating> {
        self.record.current(&self.user)
    }

    /// The users who rated galaxies of this table.
    pub fn people(&self) -> Vec<String> {
        self.record.people()
    }

    /// The space that is searched.
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// The user's name.
    pub fn name(&self) -> &str {
        &self.user
    }

    /// A search with equal settings that shares this search's ratings.
    pub(super) fn sharing(&self) -> Self {
        Self {
            space: self.space.clone(),
            places: self.places.clone(),
            user: self.user.clone(),
            process: self.process.clone(),
            record: self.record.clone(),
            proposed: self.proposed.clone(),
            model: self.model.clone(),
            page: None,
            problems: self.problems.clone(),
            ..*self
        }
    }

    /// How many times any user added or took back a rating of this table.
    pub(super) fn changes(&self) -> u64 {
        self.record.changes()
    }

    /// The server of the rating page in the browser.
    pub(super) fn page(&mut self) -> &mut Option<Arc<Server>> {
        &mut self.page
    }

    pub(super) fn record(&mut self, lines: &[Line]) -> Result<()> {
        self.settled()?;
        self.record.add(lines, &self.rows(lines)?)
    }

    /// The row of each line's galaxy.
    fn rows(&self, lines: &[Line]) -> Result<Vec<usize>> {
        lines.iter().map(|line| self.row(&line.id_str)).collect()
    }

    fn row(&self, id: &str) -> Result<usize> {
        match self.places.get(id) {
            Some(row) => Ok(*row),
            None => self.space.row(id),
        }
    }

    pub(super) fn line(&self, id: &str, rating: Option<u8>) -> Line {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let at = since.map_or(0, |since| since.as_secs());
        let (user, id_str) = (self.user.clone(), id.to_owned());
        Line { user, id_str, rating, at, ..Line::default() }
    }

    /// For each galaxy, whether this user rated or skipped it.
    fn rated(&self) -> Vec<bool> {
        let mut rated = vec![false; self.space.len()];
        self.done().into_iter().for_each(|row| rated[row] = true);
        rated
    }

    /// The galaxies that this user rated or skipped.
    pub(super) fn done(&self) -> HashSet<usize> {
        self.record.history(&self.user).iter().map(|it| it.row()).collect()
    }

    /// Drops the last batch, which the new settings might not have proposed, and the page that shows it.
    fn forgetful(self) -> Self {
        Self { proposed: None, page: None, ..self }
    }
}

/// Chooses `count` rows of `others` by farthest-point sampling: each is the row farthest from its
/// nearest neighbour among the known and the already chosen rows (Gonzalez 1985, Theoretical Computer
/// Science 38, 293).
fn unlike(
    features: ArrayView2<f32>,
    known: &[usize],
    others: &[usize],
    count: usize,
) -> Vec<usize> {
    let apart = |a: usize, b: usize| {
        let pairs = features.row(a).into_iter().zip(features.row(b));
        pairs.map(|(a, b)| (a - b) * (a - b)).sum::<f32>()
    };
    let nearest = |row: usize| known.iter().map(|&it| apart(row, it)).fold(f32::INFINITY, f32::min);
    let mut left: Vec<(f32, usize)> = others.iter().map(|&row| (nearest(row), row)).collect();
    let mut chosen = Vec::new();
    while chosen.len() < count {
        let best = (0..left.len()).max_by(|&a, &b| left[a].0.total_cmp(&left[b].0));
        let Some(best) = best else { break };
        let (_, row) = left.swap_remove(best);
        left.iter_mut().for_each(|(far, other)| *far = far.min(apart(*other, row)));
        chosen.push(row);
    }
    chosen
}

/// The number of ratings that differ from the most frequent one.
fn telling(ratings: &[Rating]) -> usize {
    let mut counts = [0; 6];
    ratings.iter().for_each(|it| counts[usize::from(it.value.min(5))] += 1);
    ratings.len() - counts.into_iter().max().unwrap_or(0)
}

#[cfg(test)]
mod tests;
