//! The parts of a head: independent fits, such as one for each question of a tree.

use super::truth::Truth;
use super::{Finetune, LabelKind};
use ndarray::{Array1, Array2, Axis, concatenate, s};
use zoobot_base::error::Result;
use zoobot_data::catalog::Target;
use zoobot_representation::probe::Shares;
use zoobot_representation::probe::basis::Linear;

/// The number of votes per answer that are added over all galaxies together, so that an answer without votes
/// is unlikely but not impossible (Jeffreys' prior).
const PRIOR: f64 = 0.5;

/// One fit of a head.
#[derive(Debug)]
pub enum Part {
    /// A number for each row.
    Numbers(Vec<f64>),
    /// The shares of alternatives, with one score each (softmax), or the share of a yes, with a single score
    /// (sigmoid).
    Shares {
        shares: Shares,
        alternatives: bool,
        /// The class of each row, by which the folds are stratified; empty if there are no classes.
        strata: Vec<usize>,
    },
}

/// The named fits that a question needs.
pub fn parts(finetune: &Finetune, truth: &Truth) -> Result<Vec<(String, Part)>> {
    let smoothing = finetune.settings().label_smoothing;
    let question = finetune.question();
    let named = |i: usize| question.columns().swap_remove(i);
    Ok(match truth {
        Truth::One(Target::Classes { names, of }) => {
            let mut shares = Shares::of_classes(of, names.len());
            smooth(&mut shares, smoothing, names.len());
            let weights = finetune.weights(truth)?;
            if !weights.is_empty() {
                shares.weights = of.iter().map(|&class| f64::from(weights[class])).collect();
            }
            vec![(named(0), Part::Shares { shares, alternatives: true, strata: of.clone() })]
        }
        Truth::One(Target::Numbers(values)) => match question {
            LabelKind::Numbers { unit_interval: true, .. } => {
                let shares = Array1::from(values.clone()).insert_axis(Axis(1));
                let shares = Shares { shares, weights: Array1::ones(values.len()) };
                vec![(named(0), Part::Shares { shares, alternatives: false, strata: Vec::new() })]
            }
            _ => vec![(named(0), Part::Numbers(values.clone()))],
        },
        Truth::Tags(all) => {
            let tag = |(i, of): (usize, ndarray::ArrayView1<f32>)| {
                // Adds half a galaxy of each kind, since all galaxies of a fold may have the same tag.
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
            let one = |question: &zoobot_data::schema::Question| {
                let counts = votes.counts().slice(s![.., question.range()]).to_owned();
                let (shares, strata) = (of_votes(counts), Vec::new());
                (question.name().to_owned(), Part::Shares { shares, alternatives: true, strata })
            };
            questions.map(one).collect()
        }
    })
}

/// The shares of the answers to one question; galaxies are weighted by their votes.
fn of_votes(mut counts: Array2<f64>) -> Shares {
    let (galaxies, answers) = counts.dim();
    let asked = counts.sum_axis(Axis(1));
    let prior = PRIOR / galaxies.max(1) as f64;
    for (mut row, &asked) in counts.rows_mut().into_iter().zip(&asked) {
        let total = asked + prior * answers as f64;
        row.mapv_inplace(|it| (it + prior) / total);
    }
    // The mean galaxy with votes has weight 1, so that penalties mean the same as elsewhere.
    let some = asked.iter().filter(|it| **it > 0.0).count().max(1) as f64;
    let mean = (asked.sum() / some).max(1.0);
    let weights = asked.mapv(|it| (it + prior * answers as f64) / mean);
    let shares = match answers {
        2 => counts.slice_move(s![.., 1..]),
        _ => counts,
    };
    Shares { shares, weights }
}

/// Spreads a fraction of the target over all classes.
fn smooth(shares: &mut Shares, smoothing: f64, classes: usize) {
    if smoothing > 0.0 {
        shares.shares.mapv_inplace(|it| it * (1.0 - smoothing) + smoothing / classes as f64);
    }
}

impl Part {
    /// Expands the outputs of the fit to the rows of the head. Two alternatives are fitted with one output;
    /// each gets half of it, with opposite signs.
    ///
    /// # Shapes
    /// From galaxies x outputs to galaxies x rows.
    pub fn expanded(&self, outputs: &Array2<f64>) -> Array2<f64> {
        match self.doubled(outputs.ncols()) {
            true => {
                let half = outputs / 2.0;
                concatenate![Axis(1), -&half, half]
            }
            false => outputs.clone(),
        }
    }

    /// Like [`expanded`](Self::expanded), for a linear function.
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

    /// The targets against which left-out galaxies are judged. If a class has `n` of these rows, it is taken
    /// to be true with probability (n + 1) / (n + 2), and the other classes share the rest, as if one more
    /// galaxy of each kind had been seen (Platt 1999). With ten galaxies, a weak penalty may be almost
    /// certain of each and right by chance; this limits how much that counts.
    pub fn judged_by(&self, shares: &Shares, rows: &[usize]) -> Shares {
        let mut cautious = shares.clone();
        let Self::Shares { strata, .. } = self else { return cautious };
        if strata.is_empty() {
            return cautious;
        }
        let mut counts = vec![0.0; strata.iter().max().map_or(0, |most| most + 1)];
        rows.iter().for_each(|&row| counts[strata[row]] += 1.0);
        let others = f64::max(cautious.shares.ncols() as f64 - 1.0, 1.0);
        for (mut row, &class) in cautious.shares.rows_mut().into_iter().zip(strata) {
            let rest = 1.0 / (counts[class] + 2.0);
            // With two classes, the single column holds the share of the second.
            row.mapv_inplace(|it| it * (1.0 - rest) + (1.0 - it) * rest / others);
        }
        cautious
    }

    fn doubled(&self, outputs: usize) -> bool {
        matches!(self, Self::Shares { alternatives: true, .. }) && outputs == 1
    }

    /// The target by which these rows are stratified into folds.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_of_few_left_out_galaxies_is_not_taken_for_certain() {
        let part = |of: Vec<usize>, classes| {
            let shares = Shares::of_classes(&of, classes);
            Part::Shares { shares, alternatives: true, strata: of }
        };
        let judged = |part: &Part, rows: &[usize]| match part {
            Part::Shares { shares, .. } => part.judged_by(shares, rows).shares,
            Part::Numbers(_) => Array2::zeros((0, 0)),
        };
        // With two classes, this is the share of the second: three galaxies of it, one of the first.
        let two = judged(&part(vec![1, 0, 1, 1], 2), &[0, 1, 2, 3]);
        assert_eq!(two, ndarray::array![[0.8], [1.0 / 3.0], [0.8], [0.8]]);
        // Only original pictures count, not views.
        let three = judged(&part(vec![0, 0, 1, 2, 0], 3), &[0, 1, 2, 3]);
        assert!(three.rows().into_iter().all(|it| (it.sum() - 1.0).abs() < 1e-12));
        assert_eq!(three.row(0).to_vec(), [0.75, 0.125, 0.125]);
        assert!((three[[2, 1]] - 2.0 / 3.0).abs() < 1e-12, "{three}");
        // Shares without classes are unchanged.
        let votes = of_votes(ndarray::array![[3.0, 1.0, 0.0], [0.0, 5.0, 5.0]]);
        let part = Part::Shares { shares: votes.clone(), alternatives: true, strata: Vec::new() };
        assert_eq!(judged(&part, &[0, 1]), votes.shares);
    }
}
