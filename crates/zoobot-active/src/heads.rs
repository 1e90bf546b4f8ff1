//! Several heads on frozen features, whose disagreement says what they do not know.

use super::fit::{LinearVotes, VoteFit, concentrated, fractions, mixture_loss};
use super::members::Members;
use ndarray::{Array1, Array2, Array3, ArrayView2, Axis, Zip, s};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use zoobot_base::error::{Error, Result};
use zoobot_base::interrupt;
use zoobot_base::seed::mixed;
use zoobot_data::schema::{Schema, Votes};
use zoobot_learn::predict::Posterior;
use zoobot_representation::space::Space;

/// The penalties to choose from, in units of the number of features: with 1, the scores of a typical galaxy have a
/// standard deviation of 1 before any vote.
const PENALTIES: [f64; 7] = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0];
/// The number of parts for choosing the penalty, each predicted by a head that was fitted to the others.
const FOLDS: usize = 3;
/// The penalty is chosen again after the labels have grown by this factor.
const GROWTH: f64 = 2.0;
/// The share of features that a pass with dropout leaves out.
const DROPOUT: f64 = 0.2;
/// A galaxy's features are shortened to this many times the usual length.
const LONGEST: f32 = 3.0;
/// The number of galaxies that are predicted at once.
const PART: usize = 4096;

/// An ensemble of heads for some questions on frozen features. A fit takes a fraction of a second.
///
/// ```
/// use zoobot_core::active::{Members, VoteHeads};
/// use zoobot_core::ndarray::Array2;
/// use zoobot_core::prelude::*;
/// let rings = Schema::named("gz_rings")?;
/// let ids: Vec<String> = (0..60).map(|i| format!("G{i}")).collect();
/// // The vote fraction follows the first of two features.
/// let features = Array2::from_shape_fn((60, 2), |(i, j)| (i as f32 * [1.0, 0.37][j]).sin());
/// let yes = features.column(0).mapv(|it| (5.0 + 5.0 * f64::from(it)).round());
/// let counts = Array2::from_shape_fn((60, 2), |(i, j)| if j == 0 { yes[i] } else { 10.0 - yes[i] });
/// let votes = Votes::new(&rings, ids.clone(), counts)?;
/// let space = Space::new(ids, features.clone())?;
/// let mut heads = VoteHeads::new(&space, &rings, Members::Bootstrap, 5)?;
/// heads.fit(&space, &votes, 1)?;
/// let expected = heads.posterior(&space)?.fractions();
/// assert!((expected[[0, 0]] - votes.fractions()[[0, 0]]).abs() < 0.1);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct VoteHeads {
    schema: Schema,
    ways: Members,
    members: usize,
    centre: Array1<f32>,
    length: f32,
    /// The penalty of each question, in units of the number of features.
    penalties: Vec<f64>,
    /// The number of galaxies that the penalties were chosen with.
    judged: usize,
    /// The heads of each question; empty before the first fit.
    heads: Vec<Vec<LinearVotes>>,
}

/// What a file of heads holds.
#[derive(Debug, Serialize, Deserialize)]
struct Saved {
    schema: serde_json::Value,
    ensemble: Members,
    members: usize,
    centre: Vec<f32>,
    length: f32,
    penalties: Vec<f64>,
    judged: usize,
    heads: Vec<Vec<LinearVotes>>,
}

impl VoteHeads {
    /// An ensemble of `members` heads before its first fit, for the questions of a schema and features such as
    /// those of `space`, which may contain galaxies without votes.
    ///
    /// # Errors
    /// [`Error::Parameter`] for no members; [`Error::Unsuitable`] when all features are constant.
    pub fn new(space: &Space, schema: &Schema, ways: Members, members: usize) -> Result<Self> {
        if members == 0 {
            return Err(Error::parameter("members", members, "at least 1"));
        }
        let features = space.features();
        let centre = features
            .mean_axis(Axis(0))
            .ok_or_else(|| Error::Internal("a space without galaxies".to_owned()))?;
        let square = |row: ndarray::ArrayView1<f32>| -> f64 {
            row.iter().zip(&centre).map(|(x, c)| f64::from(x - c).powi(2)).sum()
        };
        let all: f64 = features.rows().into_iter().map(square).sum();
        let length = (all / features.len() as f64).sqrt() as f32;
        if !(length > 0.0 && length.is_finite()) {
            let problem = format!("all {} galaxies have the same features", space.len());
            return Err(Error::unsuitable(problem, "Give representations of different pictures"));
        }
        let questions = schema.questions().len();
        Ok(Self {
            schema: schema.clone(),
            ways,
            members,
            centre,
            length,
            penalties: vec![1.0; questions],
            judged: 0,
            heads: Vec::new(),
        })
    }

    /// The schema of the questions.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The number of members.
    pub fn members(&self) -> usize {
        self.members
    }

    /// Features on a common scale: centred, of unit variance on average, and no galaxy far from all others.
    fn scaled(&self, features: ArrayView2<'_, f32>) -> Result<Array2<f32>> {
        let (width, expected) = (features.ncols(), self.centre.len());
        if width != expected {
            let problem = format!("the space has {width} features, but the heads take {expected}");
            return Err(Error::shape(problem, "Give a space that was made in the same way"));
        }
        let mut scaled = &features - &self.centre;
        scaled /= self.length;
        let longest = LONGEST * (width as f32).sqrt();
        for mut row in scaled.rows_mut() {
            let length = row.dot(&row).sqrt();
            if length > longest {
                row *= longest / length;
            }
        }
        Ok(scaled)
    }

    /// Fits all heads to votes of galaxies in the same order as in `space`, starting from the last fit. The penalty
    /// on the weights is chosen by cross-validation, at first and whenever the labels have doubled. A question
    /// without votes expects the same of all galaxies.
    ///
    /// # Errors
    /// [`Error::Shape`] unless `space` and `votes` hold the same galaxies in the same order and the votes are of
    /// this schema; [`Error::Interrupted`].
    pub fn fit(&mut self, space: &Space, votes: &Votes, seed: u64) -> Result<()> {
        if space.ids() != votes.ids() || votes.schema() != &self.schema {
            let problem =
                "the representations and the votes are of different galaxies or questions";
            return Err(Error::shape(problem, "Give the same galaxies in the same order"));
        }
        self.fit_rows(space.features(), votes.counts(), seed)
    }

    /// As [`fit`](Self::fit), for arrays.
    pub(super) fn fit_rows(
        &mut self,
        features: ArrayView2<'_, f32>,
        votes: ArrayView2<'_, f64>,
        seed: u64,
    ) -> Result<()> {
        let features = self.scaled(features)?.mapv(f64::from);
        let count = features.nrows();
        let judge = self.judged == 0 || count as f64 >= GROWTH * self.judged as f64;
        let ranges: Vec<_> = self.schema.questions().iter().map(|it| it.range()).collect();
        let mut heads = Vec::with_capacity(ranges.len());
        for (place, range) in ranges.into_iter().enumerate() {
            interrupt::check("fitting heads", || format!("{place} questions"))?;
            let votes = votes.slice(s![.., range]).to_owned();
            let seed = mixed(seed, place as u64);
            if judge {
                self.penalties[place] = penalty(&features, &votes, self.penalties[place], seed)?;
            }
            let penalty = self.penalties[place] * features.ncols() as f64;
            let before = self.heads.get(place);
            heads.push(self.members_of(&features, &votes, penalty, before, seed)?);
        }
        if judge {
            self.judged = count;
        }
        self.heads = heads;
        Ok(())
    }

    fn members_of(
        &self,
        features: &Array2<f64>,
        votes: &Array2<f64>,
        penalty: f64,
        before: Option<&Vec<LinearVotes>>,
        seed: u64,
    ) -> Result<Vec<LinearVotes>> {
        let (count, width) = features.dim();
        let fit = |member: usize| -> Result<LinearVotes> {
            let mut rng = StdRng::seed_from_u64(mixed(seed, 1 + member as u64));
            let mut task = VoteFit {
                features: features.view(),
                votes: votes.view(),
                counts: vec![1.0; count],
                penalty,
                anchor: None,
            };
            match self.ways {
                Members::Bootstrap => {
                    task.counts = vec![0.0; count];
                    (0..count).for_each(|_| task.counts[rng.random_range(0..count)] += 1.0);
                }
                Members::Anchored => {
                    let rows = if votes.ncols() == 2 { 1 } else { votes.ncols() };
                    // The member is the same in each round: its anchor may not depend on the seed of the round.
                    let mut rng = StdRng::seed_from_u64(mixed(ANCHORS, member as u64));
                    let deviation = penalty.sqrt().recip();
                    let draw = |_| deviation * rng.sample::<f64, _>(rand_distr::StandardNormal);
                    task.anchor = Some(Array2::from_shape_fn((rows, width), draw));
                }
                Members::Dropout => {}
            }
            task.solve(before.and_then(|it| it.get(member)))
        };
        if self.ways == Members::Dropout {
            let whole = fit(0)?;
            return Ok((0..self.members)
                .map(|member| dropped(&whole, mixed(seed, member as u64)))
                .collect());
        }
        (0..self.members).into_par_iter().map(fit).collect()
    }

    /// The posterior of votes for each galaxy of a space, in its order.
    ///
    /// # Errors
    /// [`Error::Unsuitable`] before the first fit; [`Error::Shape`] for other features; [`Error::Interrupted`].
    pub fn posterior(&self, space: &Space) -> Result<Posterior> {
        self.posterior_of(space.features(), space.ids().to_vec())
    }

    /// As [`posterior`](Self::posterior), for an array.
    pub(super) fn posterior_of(
        &self,
        features: ArrayView2<'_, f32>,
        ids: Vec<String>,
    ) -> Result<Posterior> {
        if self.heads.is_empty() {
            let problem = "the heads were not fitted to any votes";
            return Err(Error::unsuitable(problem, "Call fit first"));
        }
        let mut all = Array3::zeros((features.nrows(), self.schema.width(), self.members));
        let stacked: Vec<Stack> = self.heads.iter().map(|it| Stack::new(it)).collect();
        let questions = self.schema.questions();
        let parts: Vec<_> = all
            .axis_chunks_iter_mut(Axis(0), PART)
            .zip(features.axis_chunks_iter(Axis(0), PART))
            .collect();
        parts.into_par_iter().try_for_each(|(mut to, features)| -> Result<()> {
            interrupt::check("predicting votes", || "some galaxies".to_owned())?;
            let features = self.scaled(features)?;
            for (stack, question) in stacked.iter().zip(questions) {
                stack.predict(&features, to.slice_mut(s![.., question.range(), ..]));
            }
            Ok(())
        })?;
        Posterior::new(&self.schema, ids, all)
    }

    /// The heads as JSON; every number is kept to the last digit.
    pub(super) fn to_json(&self) -> Result<String> {
        let saved = Saved {
            schema: serde_json::from_str(&self.schema.to_json())?,
            ensemble: self.ways,
            members: self.members,
            centre: self.centre.to_vec(),
            length: self.length,
            penalties: self.penalties.clone(),
            judged: self.judged,
            heads: self.heads.clone(),
        };
        Ok(serde_json::to_string(&saved)?)
    }

    /// The heads from [`to_json`](Self::to_json).
    pub(super) fn from_json(text: &str) -> Result<Self> {
        let saved: Saved = serde_json::from_str(text)?;
        Ok(Self {
            schema: Schema::from_json(&saved.schema.to_string())?,
            ways: saved.ensemble,
            members: saved.members,
            centre: saved.centre.into(),
            length: saved.length,
            penalties: saved.penalties,
            judged: saved.judged,
            heads: saved.heads,
        })
    }

    /// Reads heads from the file of a round, such as `round_03/heads.json`.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be read; [`Error::Json`] when it holds something else.
    pub fn read(path: impl AsRef<std::path::Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::from_json(&std::fs::read_to_string(path).map_err(Error::io("read", path))?)
    }
}

/// The seed of anchors.
const ANCHORS: u64 = 0xA2C4;

/// A pass with dropout: the weights of the features that it keeps, made up for the others.
fn dropped(whole: &LinearVotes, seed: u64) -> LinearVotes {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut pass = whole.clone();
    let width = pass.weights.first().map_or(0, |it| it.len() - 1);
    for j in 0..width {
        let factor = if rng.random::<f64>() < DROPOUT { 0.0 } else { 1.0 / (1.0 - DROPOUT) };
        pass.weights.iter_mut().for_each(|row| row[j] *= factor);
    }
    pass
}

/// The members of one question as one matrix.
#[derive(Debug)]
struct Stack {
    /// `[members x rows, features]`
    weights: Array2<f32>,
    intercepts: Array1<f32>,
    ln_totals: Vec<f64>,
}

impl Stack {
    fn new(heads: &[LinearVotes]) -> Self {
        let parts: Vec<_> = heads.iter().map(LinearVotes::parts).collect();
        let rows = parts.first().map_or(0, |it| it.0.nrows());
        let width = parts.first().map_or(0, |it| it.0.ncols());
        let at = |k: usize| (&parts[k / rows], k % rows);
        let all = parts.len() * rows;
        Self {
            weights: Array2::from_shape_fn((all, width), |(k, j)| {
                let (part, row) = at(k);
                part.0[[row, j]] as f32
            }),
            intercepts: Array1::from_shape_fn(all, |k| {
                let (part, row) = at(k);
                part.1[row] as f32
            }),
            ln_totals: heads.iter().map(|it| it.ln_total).collect(),
        }
    }

    /// Writes concentrations `[galaxies, answers, members]`.
    fn predict(&self, features: &Array2<f32>, mut to: ndarray::ArrayViewMut3<'_, f64>) {
        let mut scores = features.dot(&self.weights.t());
        scores += &self.intercepts;
        let answers = to.len_of(Axis(1));
        let rows = self.weights.nrows() / self.ln_totals.len().max(1);
        let mut p = vec![0.0; answers];
        for (scores, mut to) in scores.rows().into_iter().zip(to.outer_iter_mut()) {
            for (member, ln_total) in self.ln_totals.iter().enumerate() {
                let scores = scores.slice(s![member * rows..(member + 1) * rows]).mapv(f64::from);
                fractions(scores.view(), &mut p);
                concentrated(&mut p, *ln_total);
                Zip::from(to.column_mut(member)).and(&p[..]).for_each(|to, p| *to = *p);
            }
        }
    }
}

/// The penalty with which heads best predict galaxies that were left out.
fn penalty(features: &Array2<f64>, votes: &Array2<f64>, before: f64, seed: u64) -> Result<f64> {
    let mut rows: Vec<usize> =
        (0..votes.nrows()).filter(|row| votes.row(*row).sum() > 0.0).collect();
    if rows.len() < 2 * FOLDS {
        return Ok(before);
    }
    rows.shuffle(&mut StdRng::seed_from_u64(seed));
    let width = features.ncols() as f64;
    let loss = |penalty: f64| -> Result<f64> {
        let each = (0..FOLDS).into_par_iter().map(|fold| -> Result<f64> {
            let mut counts = vec![0.0; votes.nrows()];
            let is_out = |place: usize| place % FOLDS == fold;
            rows.iter().enumerate().filter(|it| !is_out(it.0)).for_each(|it| counts[*it.1] = 1.0);
            let task = VoteFit {
                features: features.view(),
                votes: votes.view(),
                counts,
                penalty: penalty * width,
                anchor: None,
            };
            let head = task.solve(None)?;
            let (weights, intercepts) = head.parts();
            let mut p = vec![0.0; votes.ncols()];
            let out = rows.iter().enumerate().filter(|it| is_out(it.0));
            let losses = out.map(|(_, row)| {
                let scores = weights.dot(&features.row(*row)) + &intercepts;
                fractions(scores.view(), &mut p);
                concentrated(&mut p, head.ln_total);
                let alpha = ArrayView2::from_shape((p.len(), 1), &p)
                    .map_err(Error::internal("fractions"))?;
                Ok(mixture_loss(alpha, &votes.row(*row).to_vec()))
            });
            losses.sum::<Result<f64>>()
        });
        Ok(each.collect::<Result<Vec<f64>>>()?.iter().sum())
    };
    let mut best = (f64::INFINITY, before);
    for penalty in PENALTIES {
        let found = loss(penalty)?;
        if found < best.0 {
            best = (found, penalty);
        }
    }
    Ok(best.1)
}
