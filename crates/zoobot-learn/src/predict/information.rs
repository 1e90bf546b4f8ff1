//! How informative new votes would be: most where members are certain of different answers.

use super::posterior::Posterior;
use crate::train::ln_probability;
use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;
use zoobot_base::error::{Error, Result};

/// The maximum number of outcomes to sum over.
const MOST: f64 = 1e6;

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
    let (answers, members) = concentrations.dim();
    if answers < 2 || members == 0 {
        let problem = format!("there are {answers} answers and {members} members");
        return Err(Error::shape(problem, "Give at least 2 answers and 1 member"));
    }
    // The number of ways to distribute the votes: binomial(votes + answers - 1, answers - 1).
    let ways = (1..answers).map(|k| (f64::from(votes) + k as f64) / k as f64).product::<f64>();
    if ways > MOST {
        let problem = format!(
            "{votes} votes for {answers} answers have {ways:.1e} possible outcomes, more than a million"
        );
        return Err(Error::unsuitable(problem, "Ask for fewer votes"));
    }
    let alphas: Vec<Vec<f64>> = concentrations.axis_iter(Axis(1)).map(|it| it.to_vec()).collect();
    let mut entropy_of_mean = 0.0;
    let mut mean_entropy = 0.0;
    let mut outcome = vec![0.0; answers];
    outcome[answers - 1] = f64::from(votes);
    loop {
        let mut mean = 0.0;
        for alpha in &alphas {
            let ln = ln_probability(alpha, &outcome);
            mean += ln.exp() / members as f64;
            mean_entropy -= ln.exp() * ln / members as f64;
        }
        entropy_of_mean -= if mean > 0.0 { mean * mean.ln() } else { 0.0 };
        if !next(&mut outcome) {
            return Ok(Information { entropy_of_mean, mean_entropy });
        }
    }
}

/// Advances to the next way to distribute the votes; false after the last.
fn next(outcome: &mut [f64]) -> bool {
    let last = outcome.len() - 1;
    // As in counting up: the rightmost entry before the last that can take a vote from an entry after it.
    let Some(place) = (0..last).rev().find(|&i| outcome[i + 1..].iter().any(|it| *it > 0.0)) else {
        return false;
    };
    let behind: f64 = outcome[place + 1..].iter().sum();
    outcome[place] += 1.0;
    outcome[place + 1..].fill(0.0);
    outcome[last] = behind - 1.0;
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
