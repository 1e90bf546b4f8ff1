//! What a head is made of: fits that know nothing of each other, such as one for each question of a tree.

use super::truth::Truth;
use super::{Finetune, Question};
use crate::error::Result;
use crate::probe::basis::Linear;
use crate::probe::{Shares, Target};
use ndarray::{Array1, Array2, Axis, concatenate, s};

/// Votes of each answer that are added to those of all galaxies together, so that an answer that nobody
/// gave is unlikely and not impossible (Jeffreys' prior).
const PRIOR: f64 = 0.5;

/// One fit.
#[derive(Debug)]
pub enum Part {
    /// A number for each row.
    Numbers(Vec<f64>),
    /// Shares of alternatives, for which the head has a score each (softmax), or of yes, for which it
    /// has one (sigmoid).
    Shares {
        shares: Shares,
        alternatives: bool,
        /// The class of each row, by which galaxies are divided into parts; empty where they have none.
        strata: Vec<usize>,
    },
}

/// The fits that a question needs, by name.
pub fn parts(finetune: &Finetune, truth: &Truth) -> Result<Vec<(String, Part)>> {
    let smoothing = finetune.settings().label_smoothing;
    let question = finetune.question();
    let named = |i: usize| question.columns().swap_remove(i);
    Ok(match truth {
        Truth::Classes { names, of } => {
            let mut shares = Shares::of_classes(of, names.len());
            smooth(&mut shares, smoothing, names.len());
            let weights = finetune.weights(truth)?;
            if !weights.is_empty() {
                shares.weights = of.iter().map(|&class| f64::from(weights[class])).collect();
            }
            vec![(named(0), Part::Shares { shares, alternatives: true, strata: of.clone() })]
        }
        Truth::Numbers(values) => match question {
            Question::Numbers { unit_interval: true, .. } => {
                let shares = Array1::from(values.clone()).insert_axis(Axis(1));
                let shares = Shares { shares, weights: Array1::ones(values.len()) };
                vec![(named(0), Part::Shares { shares, alternatives: false, strata: Vec::new() })]
            }
            _ => vec![(named(0), Part::Numbers(values.clone()))],
        },
        Truth::Tags(all) => {
            let tag = |(i, of): (usize, ndarray::ArrayView1<f32>)| {
                // As if half a galaxy more were of either kind: a tag may be all alike in a part.
                let prior = PRIOR / of.len() as f64;
                let share = |it: &f32| (f64::from(*it) + prior) / (1.0 + 2.0 * prior);
                let shares = of.mapv(|it| share(&it)).insert_axis(Axis(1));
                let mut shares = Shares { shares, weights: Array1::ones(of.len()) };
                smooth(&mut shares, smoothing, 2);
                let strata = of.iter().map(|it| usize::from(*it > 0.5)).collect();
                (named(i), Part::Shares { shares, alternatives: false, strata })
            };
            all.columns().into_iter().enumerate().map(tag).collect()
        }
        Truth::Votes(votes) => {
            let questions = votes.schema().questions().iter();
            let one = |question: &crate::schema::Question| {
                let counts = votes.counts().slice(s![.., question.range()]).to_owned();
                let (shares, strata) = (of_votes(counts), Vec::new());
                (question.name().to_owned(), Part::Shares { shares, alternatives: true, strata })
            };
            questions.map(one).collect()
        }
    })
}

/// Shares of the answers to one question, each galaxy counting by its votes.
fn of_votes(mut counts: Array2<f64>) -> Shares {
    let (galaxies, answers) = counts.dim();
    let asked = counts.sum_axis(Axis(1));
    let prior = PRIOR / galaxies.max(1) as f64;
    for (mut row, &asked) in counts.rows_mut().into_iter().zip(&asked) {
        let total = asked + prior * answers as f64;
        row.mapv_inplace(|it| (it + prior) / total);
    }
    // The mean galaxy that was asked counts as one, so that penalties mean what they do elsewhere.
    let some = asked.iter().filter(|it| **it > 0.0).count().max(1) as f64;
    let mean = (asked.sum() / some).max(1.0);
    let weights = asked.mapv(|it| (it + prior * answers as f64) / mean);
    let shares = match answers {
        2 => counts.slice_move(s![.., 1..]),
        _ => counts,
    };
    Shares { shares, weights }
}

/// Spreads a share of the target over all classes.
fn smooth(shares: &mut Shares, smoothing: f64, classes: usize) {
    if smoothing > 0.0 {
        shares.shares.mapv_inplace(|it| it * (1.0 - smoothing) + smoothing / classes as f64);
    }
}

impl Part {
    /// Outputs of the fit as rows of the head: two alternatives, which are fitted as one, get half of
    /// the score each, with opposite signs.
    ///
    /// # Shapes
    /// Galaxies x outputs to galaxies x rows.
    pub fn expanded(&self, outputs: &Array2<f64>) -> Array2<f64> {
        match self.doubled(outputs.ncols()) {
            true => {
                let half = outputs / 2.0;
                concatenate![Axis(1), -&half, half]
            }
            false => outputs.clone(),
        }
    }

    /// The same of a linear function.
    pub fn expanded_linear(&self, linear: Linear) -> Linear {
        match self.doubled(linear.intercepts.len()) {
            true => {
                let (intercepts, weights) = (linear.intercepts / 2.0, linear.weights / 2.0);
                Linear {
                    intercepts: concatenate![Axis(0), -&intercepts, intercepts],
                    weights: concatenate![Axis(0), -&weights, weights],
                }
            }
            false => linear,
        }
    }

    fn doubled(&self, outputs: usize) -> bool {
        matches!(self, Self::Shares { alternatives: true, .. }) && outputs == 1
    }

    /// What these rows are divided into parts by.
    pub fn target(&self, rows: &[usize]) -> Target {
        match self {
            Self::Shares { strata, .. } if !strata.is_empty() => {
                let count = strata.iter().max().map_or(0, |most| most + 1);
                let names = (0..count).map(|it| it.to_string()).collect();
                Target::Classes { names, of: rows.iter().map(|&row| strata[row]).collect() }
            }
            _ => Target::Numbers(vec![0.0; rows.len()]),
        }
    }
}
