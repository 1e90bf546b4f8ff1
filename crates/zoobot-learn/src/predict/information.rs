//! How informative new votes would be: most where members are certain of different answers.

use super::posterior::Posterior;
use crate::train::ln_probability;
use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;
use zoobot_base::error::{Error, Result};
use zoobot_base::special::ln_factorial;

/// The maximum number of outcomes to sum over.
const MOST: f64 = 1e6;
/// Up to this many votes, probabilities are products of factors; beyond it, of logarithms.
const MANY: u32 = 512;

/// Entropies, in nats, of the votes that a galaxy would receive.
///
/// ```
/// use zoobot_core::{ndarray::array, predict::information};
/// // Two members, each sure of another answer.
/// let told = information(array![[90.0, 10.0], [10.0, 90.0]].view(), 10)?;
/// assert!(told.mutual() > 0.5);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Information {
    /// The entropy of the mixture of all members.
    pub entropy_of_mean: f64,
    /// The mean entropy of the members.
    pub mean_entropy: f64,
}

impl Information {
    /// The mutual information between the votes and the choice of member: how much the votes would reveal
    /// about which member is right. 0 when all members agree.
    pub fn mutual(&self) -> f64 {
        self.entropy_of_mean - self.mean_entropy
    }
}

/// The information in `votes` new votes for one question of one galaxy, from its members'
/// Dirichlet-multinomial distributions over all outcomes (Walmsley et al. 2020, MNRAS 491, 1554, section 4,
/// for any number of answers).
///
/// # Shapes
/// `concentrations` is `[answers, members]`.
///
/// # Errors
/// [`Error::Shape`] for fewer than two answers or no member; [`Error::Unsuitable`] when the votes have more
/// than a million possible outcomes.
pub fn information(concentrations: ArrayView2<'_, f64>, votes: u32) -> Result<Information> {
    informed(concentrations, votes, Law::Dirichlet)
}

/// Like [`information`], from members that are certain of their vote fractions: multinomial distributions, and
/// for two answers the binomial distributions of Walmsley et al. (2020).
///
/// ```
/// use zoobot_core::{ndarray::array, predict::information_of_fractions};
/// // Two members: 20 % or 80 % of the volunteers will say yes. Five votes nearly decide.
/// let told = information_of_fractions(array![[0.2, 0.8], [0.8, 0.2]].view(), 5)?;
/// assert!((told.mutual() - 0.529_439).abs() < 1e-6);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
///
/// # Shapes
/// `fractions` is `[answers, members]`; those of a member sum to 1.
///
/// # Errors
/// As for [`information`].
pub fn information_of_fractions(fractions: ArrayView2<'_, f64>, votes: u32) -> Result<Information> {
    informed(fractions, votes, Law::Multinomial)
}

/// The number of ways to distribute votes over answers: binomial(votes + answers - 1, answers - 1).
#[doc(hidden)]
pub fn outcomes(answers: usize, votes: u32) -> f64 {
    (1..answers).map(|k| (f64::from(votes) + k as f64) / k as f64).product()
}

/// The distribution of votes, given what a member expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Law {
    Dirichlet,
    Multinomial,
}

fn informed(members: ArrayView2<'_, f64>, votes: u32, law: Law) -> Result<Information> {
    let (answers, count) = members.dim();
    if answers < 2 || count == 0 {
        let problem = format!("there are {answers} answers and {count} members");
        return Err(Error::shape(problem, "Give at least 2 answers and 1 member"));
    }
    let ways = outcomes(answers, votes);
    if ways > MOST {
        let problem = format!(
            "{votes} votes for {answers} answers have {ways:.1e} possible outcomes, more than a million"
        );
        return Err(Error::unsuitable(problem, "Ask for fewer votes"));
    }
    match votes {
        0 => Ok(Information { entropy_of_mean: 0.0, mean_entropy: 0.0 }),
        1..=MANY => Ok(Factors::new(members, votes as usize, law).summed()),
        _ => Ok(by_logarithms(members, votes, law)),
    }
}

/// The factors of a probability: P(n) = Π_j f_j(n_j).
///
/// With f_j(k) = Π_{i<k} (α_j + i) / ((i + 1) s) and s^N = Π_{i<N} (A + i) / (i + 1) for N votes and a total
/// concentration A, the product needs no further normalisation, and neither logarithms nor gamma functions.
/// Every factor is near 1 where its probability matters, so it stays in range. A multinomial distribution is the
/// limit of large concentrations: α_j + i becomes the fraction, A + i becomes 1.
struct Factors {
    answers: usize,
    members: usize,
    votes: usize,
    /// `[answers, votes + 1, members]`: the members side by side, so that the processor takes several at once.
    each: Vec<f64>,
    /// Of all other answers together: `[answers, votes + 1, members]`. Empty for two answers.
    others: Vec<f64>,
}

impl Factors {
    fn new(members: ArrayView2<'_, f64>, votes: usize, law: Law) -> Self {
        let (answers, count) = members.dim();
        let step = if law == Law::Dirichlet { 1.0 } else { 0.0 };
        let size = (votes + 1) * count;
        let mut each = vec![1.0; answers * size];
        let mut others = vec![1.0; if answers > 2 { answers * size } else { 0 }];
        for member in 0..count {
            let total: f64 = members.column(member).sum();
            let scale = root(|i| (total + step * i) / (i + 1.0), votes);
            let fill = |to: &mut [f64], alpha: f64| {
                let mut factor = 1.0;
                for k in 0..votes {
                    let i = k as f64;
                    factor *= (alpha + step * i) / ((i + 1.0) * scale);
                    to[(k + 1) * count + member] = factor;
                }
            };
            for answer in 0..answers {
                let alpha = members[[answer, member]];
                fill(&mut each[answer * size..][..size], alpha);
                if answers > 2 {
                    fill(&mut others[answer * size..][..size], (total - alpha).max(0.0));
                }
            }
        }
        Self { answers, members: count, votes, each, others }
    }

    /// The factors of an answer with `k` votes, of all members.
    fn at(&self, answer: usize, k: usize) -> &[f64] {
        &self.each[(answer * (self.votes + 1) + k) * self.members..][..self.members]
    }

    fn summed(&self) -> Information {
        let share = 1.0 / self.members as f64;
        let (mut entropy_of_mean, mut mean_entropy) = (0.0, 0.0);
        if self.answers == 2 {
            for k in 0..=self.votes {
                let mut mean = 0.0;
                for (a, b) in self.at(0, k).iter().zip(self.at(1, self.votes - k)) {
                    let probability = a * b;
                    mean += probability;
                    mean_entropy += surprise(probability);
                }
                entropy_of_mean += surprise(mean * share);
            }
            return Information { entropy_of_mean, mean_entropy: mean_entropy * share };
        }
        let mut outcome = vec![0; self.answers];
        outcome[self.answers - 1] = self.votes;
        let mut products = vec![0.0; self.members];
        loop {
            products.copy_from_slice(self.at(0, outcome[0]));
            for (answer, votes) in outcome.iter().enumerate().skip(1) {
                products.iter_mut().zip(self.at(answer, *votes)).for_each(|(all, it)| *all *= it);
            }
            entropy_of_mean += surprise(products.iter().sum::<f64>() * share);
            if !next(&mut outcome) {
                break;
            }
        }
        // The logarithm of a product is a sum, so that the entropy of a member needs only the distribution of
        // the votes for each answer.
        let size = (self.votes + 1) * self.members;
        for answer in 0..self.answers {
            let (own, others) =
                (&self.each[answer * size..][..size], &self.others[answer * size..][..size]);
            for k in 0..=self.votes {
                let own = &own[k * self.members..][..self.members];
                let others = &others[(self.votes - k) * self.members..][..self.members];
                for (own, others) in own.iter().zip(others) {
                    mean_entropy -= if *own > 0.0 { own * others * own.ln() } else { 0.0 };
                }
            }
        }
        Information { entropy_of_mean, mean_entropy: mean_entropy * share }
    }
}

/// −p ln p.
#[inline]
fn surprise(p: f64) -> f64 {
    if p > 0.0 { -p * p.ln() } else { 0.0 }
}

/// The geometric mean of `count` factors.
fn root(factor: impl Fn(f64) -> f64, count: usize) -> f64 {
    let (mut ln, mut product) = (0.0, 1.0_f64);
    for i in 0..count {
        product *= factor(i as f64);
        if !(1e-150..1e150).contains(&product) {
            ln += product.ln();
            product = 1.0;
        }
    }
    ((ln + product.ln()) / count as f64).exp()
}

/// The same sums for so many votes that the factors would leave the range of a float64.
fn by_logarithms(members: ArrayView2<'_, f64>, votes: u32, law: Law) -> Information {
    let (answers, count) = members.dim();
    let all: Vec<Vec<f64>> = members.axis_iter(Axis(1)).map(|it| it.to_vec()).collect();
    let (mut entropy_of_mean, mut mean_entropy) = (0.0, 0.0);
    let mut outcome = vec![0; answers];
    outcome[answers - 1] = votes as usize;
    loop {
        let counts: Vec<f64> = outcome.iter().map(|it| *it as f64).collect();
        let mut mean = 0.0;
        for member in &all {
            let probability = match law {
                Law::Dirichlet => ln_probability(member, &counts),
                Law::Multinomial => ln_multinomial(member, &counts),
            }
            .exp();
            mean += probability / count as f64;
            mean_entropy += surprise(probability) / count as f64;
        }
        entropy_of_mean += surprise(mean);
        if !next(&mut outcome) {
            return Information { entropy_of_mean, mean_entropy };
        }
    }
}

fn ln_multinomial(fractions: &[f64], counts: &[f64]) -> f64 {
    let each = fractions.iter().zip(counts).filter(|(_, count)| **count > 0.0);
    let each = each.map(|(fraction, count)| count * fraction.ln() - ln_factorial(*count));
    each.sum::<f64>() + ln_factorial(counts.iter().sum())
}

/// Advances to the next way to distribute the votes; false after the last.
fn next(outcome: &mut [usize]) -> bool {
    let last = outcome.len() - 1;
    // As in counting up: the rightmost entry before the last that can take a vote from an entry after it.
    let Some(place) = (0..last).rev().find(|&i| outcome[i + 1..].iter().any(|it| *it > 0)) else {
        return false;
    };
    let behind: usize = outcome[place + 1..].iter().sum();
    outcome[place] += 1;
    outcome[place + 1..].fill(0);
    outcome[last] = behind - 1;
    true
}

impl Posterior {
    /// The mutual information in `votes` new votes for each galaxy and question, in nats. Galaxies with high
    /// values would teach the network most, whatever the votes are. All values are 0 with one member.
    ///
    /// # Shapes
    /// `[galaxies, questions]`.
    ///
    /// # Errors
    /// As for [`information`].
    pub fn mutual_information(&self, votes: u32) -> Result<Array2<f64>> {
        let questions = self.schema().questions();
        let rows: Vec<Vec<f64>> = (0..self.len())
            .into_par_iter()
            .map(|galaxy| {
                let alpha = self.concentrations();
                let each = questions.iter().map(|question| {
                    let range = question.range();
                    let alpha = alpha.slice(ndarray::s![galaxy, range, ..]);
                    Ok(information(alpha, votes)?.mutual())
                });
                each.collect::<Result<Vec<f64>>>()
            })
            .collect::<Result<_>>()?;
        Array2::from_shape_vec((self.len(), questions.len()), rows.concat())
            .map_err(Error::internal("the table of information"))
    }
}
