//! The state that all tabs of the page share: the batch to rate, the ratings, and the thread that learns
//! from them. A rating never waits for that thread.

use super::super::proposal::{Proposal, Why};
use super::super::ranking::Ranking;
use super::super::search::AnomalySearch;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use zoobot_base::error::{Error, Result};
use zoobot_show::notebook::Board;

/// How the galaxies of a batch are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// By the search's acquisition.
    #[default]
    Acquisition,
    /// The unrated galaxies at the top of the ranking.
    Top,
}

impl Choice {
    /// Every choice, in the words of the page.
    pub fn all() -> &'static [(Self, &'static str)] {
        &[(Self::Acquisition, "what the model asks"), (Self::Top, "top of the ranking")]
    }
}

/// A galaxy to rate.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The galaxy's row in the space.
    pub row: usize,
    /// Why it was chosen.
    pub why: String,
}

/// A ranking, and facts about its fit.
#[derive(Debug, Clone)]
pub struct Learnt {
    /// Shared, because tabs ask for the state often and a ranking is as large as the space.
    pub ranking: Arc<Ranking>,
    /// The number of ratings that it was learnt from.
    pub ratings: usize,
    /// Seconds for the model, the ranking and the next batch.
    pub seconds: f64,
    /// A warning about the ranking, if any.
    pub note: Option<&'static str>,
    /// [`AnomalySearch::changes`] when the fit began.
    changes: u64,
}

/// A snapshot of the state, for the page.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The number of the batch, from 1.
    pub batch: u64,
    pub items: Vec<Item>,
    pub choice: Choice,
    /// Whether a model is being fitted, or is about to be.
    pub training: bool,
    /// Why the last fit failed.
    pub problem: Option<String>,
    pub learnt: Option<Learnt>,
    /// The number of changes of ratings since the ranking was learnt.
    pub behind: u64,
}

#[derive(Debug)]
pub struct Desk {
    rater: Mutex<AnomalySearch>,
    work: Mutex<Work>,
    wake: Condvar,
    board: Arc<Board>,
}

#[derive(Debug, Default)]
struct Work {
    batch: u64,
    items: Vec<Item>,
    choice: Choice,
    wanted: bool,
    busy: bool,
    closing: bool,
    problem: Option<String>,
    learnt: Option<Learnt>,
}

impl Desk {
    /// Creates a desk with the search's current batch.
    pub fn new(search: &AnomalySearch) -> Result<Self> {
        let mut learner = search.sharing();
        let (items, learnt) = round(&mut learner, Choice::default(), AnomalySearch::next)?;
        Ok(Self {
            rater: Mutex::new(search.sharing()),
            work: Mutex::new(Work { batch: 1, items, learnt, ..Work::default() }),
            wake: Condvar::new(),
            // A separate board, so that the notebook's stop button stops nothing here.
            board: Board::new(),
        })
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The search that ratings go to.
    pub fn search(&self) -> MutexGuard<'_, AnomalySearch> {
        self.rater.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A snapshot of the present state.
    pub fn standing(&self) -> Standing {
        let (changes, done) = {
            let search = self.search();
            (search.changes(), search.done())
        };
        // The galaxies of the batch may have been rated in the notebook.
        self.go_on(&done);
        let work = self.work();
        Standing {
            batch: work.batch,
            items: work.items.clone(),
            choice: work.choice,
            training: work.busy || work.wanted,
            problem: work.problem.clone(),
            learnt: work.learnt.clone(),
            behind: work.learnt.as_ref().map_or(0, |it| changes.saturating_sub(it.changes)),
        }
    }

    /// Rates or skips a galaxy, and asks for a new batch after the last galaxy of a batch. Returns the
    /// number of ratings.
    pub fn tell(&self, tell: impl FnOnce(&mut AnomalySearch) -> Result<()>) -> Result<usize> {
        let (done, ratings) = {
            let mut search = self.search();
            tell(&mut search)?;
            (search.done(), search.ratings().len())
        };
        self.go_on(&done);
        Ok(ratings)
    }

    /// Asks for a new batch if all galaxies of the present one are rated or skipped.
    fn go_on(&self, done: &HashSet<usize>) {
        let mut work = self.work();
        let idle = !work.wanted && !work.busy && work.problem.is_none();
        if idle && !work.items.is_empty() && work.items.iter().all(|it| done.contains(&it.row)) {
            work.wanted = true;
            self.wake.notify_all();
        }
    }

    /// Takes back the last rating or skip, so that its galaxy is to be rated again. Returns the galaxy's
    /// name and row.
    pub fn undo(&self) -> Result<Option<(String, usize)>> {
        let (id, row) = {
            let mut search = self.search();
            let Some(id) = search.undo()? else { return Ok(None) };
            let row = search.space().row(&id)?;
            (id, row)
        };
        let mut work = self.work();
        if work.items.iter().all(|item| item.row != row) {
            work.items.insert(0, Item { row, why: "taken back, to be rated again".to_owned() });
        }
        Ok(Some((id, row)))
    }

    /// Asks for a fit to all ratings and a new batch.
    pub fn retrain(&self, choice: Choice) {
        let mut work = self.work();
        work.choice = choice;
        work.problem = None;
        work.wanted = true;
        self.wake.notify_all();
    }

    /// Fits a model whenever one is asked for, until the desk is closed.
    pub fn learn(&self) {
        self.board.enter();
        let mut search = self.search().sharing();
        while let Some(choice) = self.wanted() {
            let work = AssertUnwindSafe(|| round(&mut search, choice, AnomalySearch::retrain));
            let outcome = catch_unwind(work).unwrap_or_else(|_| {
                let reason = "it panicked".to_owned();
                Err(Error::Job { what: "learning from the ratings".to_owned(), reason })
            });
            let mut work = self.work();
            work.busy = false;
            match outcome {
                Ok((items, learnt)) => {
                    work.batch += 1;
                    work.items = items;
                    work.learnt = learnt;
                    work.problem = None;
                }
                Err(error) => work.problem = Some(error.to_string()),
            }
        }
    }

    /// Waits until a fit is asked for; `None` when the desk is closed.
    fn wanted(&self) -> Option<Choice> {
        let mut work = self.work();
        while !work.wanted && !work.closing {
            work = self.wake.wait(work).unwrap_or_else(PoisonError::into_inner);
        }
        if work.closing {
            return None;
        }
        work.wanted = false;
        work.busy = true;
        Some(work.choice)
    }

    /// Ends [`learn`](Self::learn) at its next step.
    pub fn close(&self) {
        self.board.token().cancel();
        self.work().closing = true;
        self.wake.notify_all();
    }
}

/// A batch, and its ranking once there are ratings.
fn round(
    search: &mut AnomalySearch,
    choice: Choice,
    propose: impl FnOnce(&mut AnomalySearch) -> Result<Proposal>,
) -> Result<(Vec<Item>, Option<Learnt>)> {
    let begun = Instant::now();
    // Counted before the ratings are read: a rating that arrives meanwhile makes the ranking stale.
    let changes = search.changes();
    let ratings = search.ratings().len();
    let proposal = propose(search)?;
    let learnt = match ratings {
        0 => None,
        _ => {
            let ranking = Arc::new(search.ranking()?);
            let seconds = begun.elapsed().as_secs_f64();
            let note = ranking.note();
            Some(Learnt { ranking, ratings, seconds, note, changes })
        }
    };
    let items = match (&learnt, choice, proposal.why()) {
        (Some(learnt), Choice::Top, Why::Chosen(_)) => top(&learnt.ranking, proposal.ids().len()),
        _ => proposed(&proposal),
    };
    Ok((items, learnt))
}

fn proposed(proposal: &Proposal) -> Vec<Item> {
    let reason = |place: usize| match (proposal.why(), proposal.expected().get(place)) {
        (Why::Chosen(by), Some(it)) => {
            format!("{}: expected {:.1}\u{a0}±\u{a0}{:.1}", by.words(), it.mean, it.std)
        }
        (Why::Chosen(by), None) => by.words().to_owned(),
        (Why::First, _) => "random, to begin with".to_owned(),
        (Why::AllZero, _) => {
            "random, or unlike all rated so far, since every rating is 0".to_owned()
        }
    };
    let rows = proposal.rows().iter().enumerate();
    rows.map(|(place, &row)| Item { row, why: reason(place) }).collect()
}

fn top(ranking: &Ranking, count: usize) -> Vec<Item> {
    let open = ranking.unrated();
    let rows = open.rows().iter().take(count).enumerate();
    rows.map(|(place, &row)| {
        let (mean, std) = ranking.expectation(row);
        let place = place + 1;
        let why = format!(
            "number {place} of the unrated galaxies: expected {mean:.1}\u{a0}±\u{a0}{std:.1}"
        );
        Item { row, why }
    })
    .collect()
}
