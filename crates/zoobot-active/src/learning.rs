//! The loop: fit heads, choose galaxies, ask about them, fit again.

use super::acquisition::VoteAcquisition;
use super::choice::{BatchChoice, ChosenGalaxy, Offer};
use super::fit::mixture_loss;
use super::folder::{AnswerJournal, Answered, LoopFolder};
use super::heads::VoteHeads;
use super::members::Members;
use super::oracle::Oracle;
use super::outcome::{ActiveOutcome, ActiveRound};
use super::weights::{drawn, lure_weights};
use ndarray::{Array2, Axis, s};
use polars::prelude::{Column, DataFrame};
use serde_json::json;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use zoobot_base::error::{Error, Result};
use zoobot_base::files::short_hash;
use zoobot_base::interrupt;
use zoobot_base::seed::mixed;
use zoobot_data::catalog::{ID, write_table};
use zoobot_data::schema::{Schema, Votes};
use zoobot_learn::predict::Posterior;
use zoobot_representation::space::Space;
use zoobot_show::notes::note;

/// Active learning on frozen features: a loop that chooses galaxies, asks volunteers about them, and learns from
/// the answers which to choose next.
///
/// The first galaxies are drawn at random. Then each round values the rest of the pool
/// ([`VoteAcquisition`]), chooses a batch ([`BatchChoice`]), asks an [`Oracle`], and fits an ensemble of heads
/// ([`VoteHeads`]) to all votes so far. With a [`folder`](Self::folder), a loop that was stopped in any way resumes
/// where it was, and ends in the same way.
///
/// ```
/// use zoobot_core::active::{ActiveLearning, VoteAcquisition};
/// use zoobot_core::ndarray::Array2;
/// use zoobot_core::prelude::*;
/// let rings = Schema::named("gz_rings")?;
/// let ids: Vec<String> = (0..300).map(|i| format!("G{i}")).collect();
/// // The vote fraction follows the first of two features.
/// let features = Array2::from_shape_fn((300, 2), |(i, j)| (i as f32 * [1.0, 0.37][j]).sin());
/// let yes = features.column(0).mapv(|it| (5.0 + 5.0 * f64::from(it)).round());
/// let counts = Array2::from_shape_fn((300, 2), |(i, j)| if j == 0 { yes[i] } else { 10.0 - yes[i] });
/// let mut votes = Votes::new(&rings, ids.clone(), counts)?;
/// let space = Space::new(ids, features.clone())?;
/// let outcome = ActiveLearning::new(&space, &rings)
///     .method(VoteAcquisition::Bald)
///     .members(3)
///     .start(20)
///     .batch(10)
///     .rounds(3)
///     .run(&mut votes)?;
/// assert_eq!(outcome.chosen().len(), 50);
/// // The mean of the pool, although interesting galaxies were chosen more often.
/// let mean = outcome.mean_fraction("ring_yes")?;
/// assert!(mean.low < 0.5 && 0.5 < mean.high);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ActiveLearning {
    pool: Space,
    schema: Schema,
    questions: Vec<String>,
    held_out: Option<(Space, Votes)>,
    method: VoteAcquisition,
    choice: BatchChoice,
    ways: Members,
    members: usize,
    start: usize,
    batch: usize,
    rounds: usize,
    volunteers: u32,
    seed: u64,
    folder: Option<PathBuf>,
}

/// What a loop knows so far.
struct State {
    part: Schema,
    chosen: Vec<ChosenGalaxy>,
    rows: Vec<usize>,
    votes: Vec<Vec<f64>>,
    taken: Vec<bool>,
    heads: VoteHeads,
    rounds: Vec<ActiveRound>,
}

impl ActiveLearning {
    /// Active learning about the galaxies of a space, the pool. It learns the questions of the schema that everyone
    /// is asked, unless [`questions`](Self::questions) names others.
    pub fn new(pool: &Space, schema: &Schema) -> Self {
        Self {
            pool: pool.clone(),
            schema: schema.clone(),
            questions: schema.first_questions().map(|it| it.name().to_owned()).collect(),
            held_out: None,
            method: VoteAcquisition::default(),
            choice: BatchChoice::default(),
            ways: Members::default(),
            members: 10,
            start: 256,
            batch: 128,
            rounds: 15,
            volunteers: 40,
            seed: zoobot_base::seed::DEFAULT,
            folder: None,
        }
    }

    /// Sets the questions to learn. The questions that lead to them are learnt too.
    pub fn questions<T: Into<String>>(mut self, questions: impl IntoIterator<Item = T>) -> Self {
        self.questions = questions.into_iter().map(Into::into).collect();
        self
    }

    /// Sets galaxies outside the pool, and their votes, to judge every round by. Without them, each round is judged
    /// by the answers to the next one, weighted so that they stand for the rest of the pool; this needs
    /// [`BatchChoice::Stochastic`].
    pub fn held_out(mut self, space: &Space, votes: &Votes) -> Self {
        self.held_out = Some((space.clone(), votes.clone()));
        self
    }

    /// Sets what galaxies are worth ([`VoteAcquisition::Bald`]).
    pub fn method(mut self, method: VoteAcquisition) -> Self {
        self.method = method;
        self
    }

    /// Sets how a batch is chosen ([`BatchChoice::Stochastic`] with beta 1).
    pub fn choice(mut self, choice: BatchChoice) -> Self {
        self.choice = choice;
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

    /// Sets the number of galaxies that are drawn at random at the start (256).
    pub fn start(mut self, galaxies: usize) -> Self {
        self.start = galaxies;
        self
    }

    /// Sets the number of galaxies of each round (128).
    pub fn batch(mut self, galaxies: usize) -> Self {
        self.batch = galaxies;
        self
    }

    /// Sets the number of rounds after the start (15).
    pub fn rounds(mut self, rounds: usize) -> Self {
        self.rounds = rounds;
        self
    }

    /// Sets the number of volunteers who will see a galaxy (40), for [`VoteAcquisition::Bald`].
    pub fn volunteers(mut self, volunteers: u32) -> Self {
        self.volunteers = volunteers;
        self
    }

    /// Sets the random seed (0).
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the folder that keeps every round: a loop that finds its own files there resumes.
    pub fn folder(mut self, folder: impl AsRef<Path>) -> Self {
        self.folder = Some(folder.as_ref().to_path_buf());
        self
    }

    /// Runs the loop, up to the last round or until the oracle leaves a galaxy unanswered
    /// ([`ActiveOutcome::waiting`]).
    ///
    /// # Errors
    /// [`Error::Parameter`] for a setting out of range; [`Error::Missing`] for an unknown question or galaxy;
    /// [`Error::Empty`] when the start would label the whole pool; [`Error::Unsuitable`] when galaxies of the pool
    /// are held out too, all votes are for one answer, or the folder belongs to another loop;
    /// [`Error::Interrupted`]; the errors of the oracle.
    pub fn run(&self, oracle: &mut dyn Oracle) -> Result<ActiveOutcome> {
        self.check()?;
        let part = part_of(&self.schema, &self.questions)?;
        let held_out = self.judges(&part)?;
        let folder = match &self.folder {
            Some(path) => Some(LoopFolder::open(path, &self.settings(&part)?)?),
            None => None,
        };
        let mut state = State {
            heads: VoteHeads::new(&self.pool, &part, self.ways, self.members)?,
            part,
            chosen: Vec::new(),
            rows: Vec::new(),
            votes: Vec::new(),
            taken: vec![false; self.pool.len()],
            rounds: Vec::new(),
        };
        let places: HashMap<&str, usize> =
            self.pool.ids().iter().enumerate().map(|(row, id)| (id.as_str(), row)).collect();
        let mut waiting = Vec::new();
        for round in 0..=self.rounds {
            interrupt::check("active learning", || format!("{round} of {} rounds", self.rounds))?;
            let kept = folder.as_ref().map(|it| it.chosen(round)).transpose()?.flatten();
            let chosen = match kept {
                Some(chosen) => chosen,
                None => {
                    let chosen = self.chosen(&state, round, folder.as_ref())?;
                    folder.as_ref().map_or(Ok(()), |it| it.keep_chosen(round, &chosen))?;
                    chosen
                }
            };
            if chosen.is_empty() {
                note(format!("All {} galaxies of the pool are labelled", self.pool.len()));
                break;
            }
            let answers = self.asked(&state.part, &chosen, round, oracle, folder.as_ref())?;
            waiting = chosen
                .iter()
                .filter(|it| !answers.contains_key(&it.id_str))
                .map(|it| it.id_str.clone())
                .collect();
            if !waiting.is_empty() {
                break;
            }
            if held_out.is_none() {
                self.judge_before(&mut state, &chosen, &answers, &places)?;
                if let (Some(folder), Some(before)) = (&folder, state.rounds.last()) {
                    folder.keep_finished(before)?;
                }
            }
            for it in chosen {
                let row =
                    *places.get(it.id_str.as_str()).ok_or_else(|| self.not_there(&it.id_str))?;
                state.rows.push(row);
                state.taken[row] = true;
                state.votes.push(answers[&it.id_str].clone());
                state.chosen.push(it);
            }
            if round == 0 {
                several_answers(&state.part, &self.questions, &state.votes)?;
            }
            let is_new = self.learn(&mut state, round, held_out.as_ref(), folder.as_ref())?;
            if let Some(folder) = folder.as_ref().filter(|_| is_new) {
                self.outcome(&state, &waiting)?.save(folder)?;
            }
        }
        let outcome = self.outcome(&state, &waiting)?;
        folder.as_ref().map_or(Ok(()), |it| outcome.save(it))?;
        Ok(outcome)
    }

    fn check(&self) -> Result<()> {
        let least = |name: &str, value: usize| match value {
            0 => Err(Error::parameter(name, value, "at least 1")),
            _ => Ok(()),
        };
        Error::together([
            least("start", self.start),
            least("batch", self.batch),
            least("members", self.members),
            least("volunteers", self.volunteers as usize),
            self.choice.check(),
        ])?;
        if self.questions.is_empty() {
            return Err(Error::empty("there is no question to learn", "Name at least one"));
        }
        let mut seen = HashSet::new();
        if let Some(twice) = self.pool.ids().iter().find(|id| !seen.insert(id.as_str())) {
            let problem = format!("the pool has the galaxy {twice:?} twice");
            return Err(Error::unsuitable(problem, "Give each galaxy once"));
        }
        if self.start >= self.pool.len() {
            let what = format!(
                "the start would label all {} galaxies of the pool ({} were asked for)",
                self.pool.len(),
                self.start
            );
            return Err(Error::empty(what, "Give a larger pool, or start with fewer galaxies"));
        }
        if let Some((space, _)) = &self.held_out {
            let both = space.ids().iter().find(|id| seen.contains(id.as_str()));
            if let Some(id) = both {
                let problem = format!("the galaxy {id:?} is in the pool and held out");
                return Err(Error::unsuitable(problem, "Judge by galaxies outside the pool"));
            }
        }
        Ok(())
    }

    /// The galaxies that are held out, with the votes for the questions of the loop.
    fn judges(&self, part: &Schema) -> Result<Option<(Space, Votes)>> {
        let Some((space, votes)) = &self.held_out else { return Ok(None) };
        let places = votes.schema().places_of(part)?;
        let rows: HashMap<&str, usize> =
            votes.ids().iter().enumerate().map(|(row, id)| (id.as_str(), row)).collect();
        let mut counts = Array2::zeros((space.len(), part.width()));
        for (id, mut counts) in space.ids().iter().zip(counts.rows_mut()) {
            let Some(row) = rows.get(id.as_str()) else {
                let known = votes.ids().iter().map(String::as_str);
                return Err(Error::missing("galaxy", id, "the votes of held-out galaxies", known));
            };
            counts.iter_mut().zip(&places).for_each(|(to, at)| *to = votes.counts()[[*row, *at]]);
        }
        let votes = Votes::new(part, space.ids().to_vec(), counts)?;
        for question in &self.questions {
            let range = part.question(question)?.range();
            if votes.counts().slice(s![.., range]).sum() == 0.0 {
                let what = format!("no held-out galaxy has votes for {question:?}");
                return Err(Error::empty(
                    what,
                    "Hold out galaxies that volunteers answered it for",
                ));
            }
        }
        Ok(Some((space.clone(), votes)))
    }

    /// What must not change when a loop is resumed.
    fn settings(&self, part: &Schema) -> Result<serde_json::Value> {
        let print = |space: &Space| {
            let numbers =
                space.features().iter().flat_map(|it| it.to_le_bytes()).collect::<Vec<u8>>();
            let names = space.ids().join("\n");
            short_hash([names.as_bytes(), &numbers])
        };
        let held_out = self.held_out.as_ref().map(|(space, votes)| {
            let votes: Vec<u8> = votes.counts().iter().flat_map(|it| it.to_le_bytes()).collect();
            format!("{}-{}", print(space), short_hash([&votes[..]]))
        });
        Ok(json!({
            "pool": print(&self.pool),
            "galaxies": self.pool.len(),
            "held_out": held_out,
            "schema": self.schema.name(),
            "questions": self.questions,
            "answers": part.columns(),
            "method": self.method,
            "choice": self.choice,
            "ensemble": self.ways,
            "members": self.members,
            "start": self.start,
            "batch": self.batch,
            "volunteers": self.volunteers,
            "seed": self.seed,
        }))
    }

    fn not_there(&self, id: &str) -> Error {
        Error::missing("galaxy", id, "the pool", self.pool.ids().iter().map(String::as_str))
    }

    /// Chooses the galaxies of a round; none if all are labelled.
    fn chosen(
        &self,
        state: &State,
        round: usize,
        folder: Option<&LoopFolder>,
    ) -> Result<Vec<ChosenGalaxy>> {
        let open: Vec<usize> = (0..self.pool.len()).filter(|row| !state.taken[*row]).collect();
        let seed = mixed(self.seed, round as u64);
        let is_random = round == 0 || self.method == VoteAcquisition::Random;
        let values = match is_random {
            true => vec![0.0; open.len()],
            false => self.values(state, &open)?,
        };
        let at_random = if is_random { 1.0 } else { self.method.at_random() };
        let offer =
            Offer { open: &open, values: &values, features: self.pool.features(), at_random, seed };
        let choice = if is_random { BatchChoice::Stochastic { beta: 0.0 } } else { self.choice };
        let count = if round == 0 { self.start } else { self.batch };
        let chosen = offer.choose(choice, count)?;
        if let (Some(folder), false) = (folder, is_random) {
            let ids: Vec<&str> = open.iter().map(|row| self.pool.ids()[*row].as_str()).collect();
            let columns = vec![Column::new(ID.into(), ids), Column::new("value".into(), &values)];
            let table = DataFrame::new(open.len(), columns)?;
            write_table(&table, folder.of_round(round, "scores.parquet"))?;
        }
        let value: HashMap<usize, f64> = open.iter().copied().zip(values.iter().copied()).collect();
        let galaxy = |(row, probability, is_drawn): (usize, f64, bool)| ChosenGalaxy {
            id_str: self.pool.ids()[row].clone(),
            round,
            probability,
            value: value.get(&row).copied().unwrap_or(0.0),
            is_drawn,
        };
        Ok(chosen.into_iter().map(galaxy).collect())
    }

    /// What the votes for galaxies of the pool are worth.
    fn values(&self, state: &State, rows: &[usize]) -> Result<Vec<f64>> {
        let posterior = self.expected(state, rows)?;
        self.method.values(&posterior, &self.questions, self.volunteers)
    }

    fn expected(&self, state: &State, rows: &[usize]) -> Result<Posterior> {
        let features = self.pool.features().select(Axis(0), rows);
        let ids = rows.iter().map(|row| self.pool.ids()[*row].clone()).collect();
        state.heads.posterior_of(features.view(), ids)
    }

    /// Asks about the galaxies of a round that are not answered yet; all answers so far.
    fn asked(
        &self,
        part: &Schema,
        chosen: &[ChosenGalaxy],
        round: usize,
        oracle: &mut dyn Oracle,
        folder: Option<&LoopFolder>,
    ) -> Result<HashMap<String, Vec<f64>>> {
        let mut answers = HashMap::new();
        let mut journal: Option<AnswerJournal> = None;
        if let Some(folder) = folder {
            let (open, before) = folder.answers(round)?;
            journal = Some(open);
            answers.extend(before.into_iter().map(|it| (it.id_str, it.votes)));
        }
        let left: Vec<String> = chosen
            .iter()
            .filter(|it| !answers.contains_key(&it.id_str))
            .map(|it| it.id_str.clone())
            .collect();
        if !left.is_empty() {
            let width = part.width();
            oracle.ask(part, &left, &mut |id, votes| {
                if votes.len() != width || votes.iter().any(|it| !(*it >= 0.0 && it.is_finite())) {
                    let problem = format!("the answer for {id:?} is {votes:?}");
                    let hint = format!(
                        "An oracle gives {width} numbers of votes: {}",
                        part.columns().join(", ")
                    );
                    return Err(Error::unsuitable(problem, hint));
                }
                let answer = Answered { id_str: id.to_owned(), votes: votes.to_vec() };
                journal.as_mut().map_or(Ok(()), |it| it.add(&answer))?;
                answers.insert(answer.id_str, answer.votes);
                interrupt::check("asking about galaxies", || format!("{} answers", answers.len()))
            })?;
        }
        Ok(answers)
    }

    /// Judges the heads of the round before by answers that they have not seen.
    fn judge_before(
        &self,
        state: &mut State,
        chosen: &[ChosenGalaxy],
        answers: &HashMap<String, Vec<f64>>,
        places: &HashMap<&str, usize>,
    ) -> Result<()> {
        let Some(before) = state.rounds.last() else { return Ok(()) };
        if before.loss.is_some() || chosen.iter().any(|it| !it.is_drawn) {
            return Ok(());
        }
        let place = |it: &ChosenGalaxy| {
            places.get(it.id_str.as_str()).copied().ok_or_else(|| self.not_there(&it.id_str))
        };
        let rows = chosen.iter().map(place).collect::<Result<Vec<usize>>>()?;
        let posterior = self.expected(state, &rows)?;
        let left = state.taken.iter().filter(|taken| !**taken).count();
        let weights = lure_weights(left, &drawn(chosen)?)?;
        let (mut sum, mut asked) = (0.0, 0.0);
        for question in &self.questions {
            let range = state.part.question(question)?.range();
            for (row, (it, weight)) in chosen.iter().zip(&weights).enumerate() {
                let votes = &answers[&it.id_str][range.clone()];
                if votes.iter().sum::<f64>() > 0.0 {
                    let expected = posterior.concentrations();
                    sum += weight * mixture_loss(expected.slice(s![row, range.clone(), ..]), votes);
                    asked += weight;
                }
            }
        }
        if let Some(before) = state.rounds.last_mut().filter(|_| asked > 0.0) {
            before.loss = Some(sum / asked);
        }
        Ok(())
    }

    /// Fits the heads to all votes so far and judges them, or reads what an earlier process found; whether it is
    /// new.
    fn learn(
        &self,
        state: &mut State,
        round: usize,
        held_out: Option<&(Space, Votes)>,
        folder: Option<&LoopFolder>,
    ) -> Result<bool> {
        if let Some(folder) = folder
            && let Some(known) = folder.finished(round)?
        {
            state.heads = VoteHeads::read(folder.of_round(round, "heads.json"))?;
            state.rounds.push(known);
            return Ok(false);
        }
        let features = self.pool.features().select(Axis(0), &state.rows);
        let flat: Vec<f64> = state.votes.concat();
        let votes = Array2::from_shape_vec((state.rows.len(), state.part.width()), flat)
            .map_err(Error::internal("the table of answers"))?;
        let seed = mixed(mixed(self.seed, round as u64), 1);
        state.heads.fit_rows(features.view(), votes.view(), seed)?;
        if let Some(folder) = folder {
            let path = folder.of_round(round, "heads.json");
            super::folder::write_text(&path, &state.heads.to_json()?)?;
        }
        let mut result = ActiveRound {
            round,
            labels: state.rows.len(),
            loss: None,
            questions: Vec::new(),
            losses: Vec::new(),
        };
        if let Some((space, votes)) = held_out {
            result.judge(&state.heads.posterior(space)?, votes, &self.questions)?;
        }
        folder.map_or(Ok(()), |it| it.keep_finished(&result))?;
        state.rounds.push(result);
        Ok(true)
    }

    fn outcome(&self, state: &State, waiting: &[String]) -> Result<ActiveOutcome> {
        let ids = state.chosen.iter().map(|it| it.id_str.clone()).collect();
        let counts =
            Array2::from_shape_vec((state.rows.len(), state.part.width()), state.votes.concat())
                .map_err(Error::internal("the table of answers"))?;
        Ok(ActiveOutcome {
            pool: self.pool.len(),
            method: self.method,
            chosen: state.chosen.clone(),
            votes: Votes::new(&state.part, ids, counts)?,
            rounds: state.rounds.clone(),
            waiting: waiting.to_vec(),
            heads: state.heads.clone(),
        })
    }
}

/// The questions of a schema that are needed to ask some of them: these and all that lead to them.
pub fn part_of(schema: &Schema, questions: &[String]) -> Result<Schema> {
    let mut needed = HashSet::new();
    for name in questions {
        let mut question = schema.question(name)?;
        while needed.insert(question.name().to_owned()) {
            match schema.asked_after(question) {
                Some((before, _)) => question = before,
                None => break,
            }
        }
    }
    let mut written: serde_json::Value = serde_json::from_str(&schema.to_json())?;
    if let Some(all) = written["questions"].as_array_mut() {
        all.retain(|it| it["question"].as_str().is_some_and(|name| needed.contains(name)));
    }
    Schema::from_json(&written.to_string())
}

/// Refuses votes that are all for the same answer.
fn several_answers(part: &Schema, questions: &[String], votes: &[Vec<f64>]) -> Result<()> {
    for name in questions {
        let question = part.question(name)?;
        let total = |at: usize| votes.iter().map(|it| it[at]).sum::<f64>();
        let given: Vec<_> =
            question.answers().iter().filter(|it| total(it.index()) > 0.0).collect();
        if let [only] = given[..] {
            let problem = format!(
                "all votes of the {} galaxies at the start are for {:?}",
                votes.len(),
                only.column()
            );
            let hint = "There is nothing to learn from one answer: start with more galaxies, or with another question";
            return Err(Error::unsuitable(problem, hint));
        }
        if given.is_empty() {
            let problem =
                format!("none of the {} galaxies at the start has votes for {name:?}", votes.len());
            let hint = "Start with more galaxies, or give a pool that volunteers were asked about";
            return Err(Error::empty(problem, hint));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
