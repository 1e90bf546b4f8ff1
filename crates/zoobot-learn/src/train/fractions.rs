//! Heads of which some questions have expected fractions and a total instead of free concentrations.

use super::head::{concentrations, shares_and_totals};
use super::{Head, HeadConfig, Output};
use tch::Tensor;
use zoobot_base::error::{Error, Result};

/// Concentrations of which those of some questions, each with its first answer and its number of answers, are fractions
/// times totals, as in [`shares_and_totals`]; the others are as in [`concentrations`].
///
/// # Shapes
/// `[n, answers + fractions]` to `[n, answers]`; the totals' logarithms come last, in the order of `fractions`.
pub(super) fn some_fractions(
    x: &Tensor,
    answers: i64,
    fractions: &[(usize, usize)],
) -> Result<Tensor> {
    let free = concentrations(&x.f_narrow(1, 0, answers)?)?;
    let mut sorted: Vec<(usize, &(usize, usize))> = fractions.iter().enumerate().collect();
    sorted.sort_by_key(|(_, question)| question.0);
    let (mut parts, mut next) = (Vec::new(), 0);
    for (place, &(first, count)) in sorted {
        parts.push(free.f_narrow(1, next, first as i64 - next)?);
        let total = x.f_narrow(1, answers + place as i64, 1)?;
        let scores = x.f_narrow(1, first as i64, count as i64)?;
        parts.push(shares_and_totals(&Tensor::f_cat(&[scores, total], 1)?, &[count])?);
        next = (first + count) as i64;
    }
    parts.push(free.f_narrow(1, next, answers - next)?);
    Ok(Tensor::f_cat(&parts, 1)?)
}

impl HeadConfig {
    /// Whether an answer is one of [`fractions`](Self::fractions).
    pub(crate) fn is_fraction(&self, answer: usize) -> bool {
        self.fractions.iter().any(|&(first, count)| (first..first + count).contains(&answer))
    }

    /// The number of the row with the total of the question that begins with this answer, if it has one.
    fn total_of(&self, first: usize) -> Option<usize> {
        let place = self.fractions.iter().position(|it| it.0 == first)?;
        Some(self.outputs as usize + place)
    }
}

impl Head {
    /// The head with other answers to some questions, each given by its first answer: those of a head of fractions and
    /// totals ([`Output::Dirichlet`]) whose questions are these, in this order.
    ///
    /// # Errors
    /// [`Error::Unsuitable`] when this head has no concentrations or standardises its features; [`Error::Shape`] for
    /// another number of questions or features.
    pub(crate) fn with_fractions(&self, first: &[usize], other: &Self) -> Result<Self> {
        let (config, given) = (self.config(), other.config());
        if config.output != Output::Concentrations || given.output != Output::Dirichlet {
            let problem = "only concentrations of votes can be replaced by fractions and totals";
            return Err(Error::unsuitable(problem, "Give a model of votes that a network learned"));
        }
        if first.len() != given.questions.len() || self.width() != other.width() {
            let problem = format!(
                "the head has {} questions and {} features, not {} and {}",
                given.questions.len(),
                other.width(),
                first.len(),
                self.width()
            );
            return Err(Error::shape(problem, "Give a head for these questions and features"));
        }
        let mut config = config.clone();
        let known: Vec<usize> = (0..config.rows() as usize).collect();
        let (mut weight, mut bias) = self.rows_of(&known)?;
        let mut next = 0;
        for (place, (&answer, &count)) in first.iter().zip(&given.questions).enumerate() {
            let scores: Vec<usize> = (next..next + count).collect();
            next += count;
            let (scores_weight, scores_bias) = other.rows_of(&scores)?;
            let total = other.rows_of(&[given.outputs as usize + place])?;
            let own: Vec<usize> = (answer..answer + count).collect();
            let row = config.total_of(answer);
            put(&mut weight, &mut bias, &own, &scores_weight, &scores_bias)?;
            match row {
                Some(row) => put(&mut weight, &mut bias, &[row], &total.0, &total.1)?,
                None => {
                    config.fractions.push((answer, count));
                    weight = Tensor::f_cat(&[weight, total.0], 0)?;
                    bias = Tensor::f_cat(&[bias, total.1], 0)?;
                }
            }
        }
        Self::of(&config, &weight, &bias)
    }
}

/// Replaces rows.
fn put(
    weight: &mut Tensor,
    bias: &mut Tensor,
    rows: &[usize],
    by_weight: &Tensor,
    by_bias: &Tensor,
) -> Result<()> {
    let rows: Vec<i64> = rows.iter().map(|row| *row as i64).collect();
    let rows = Tensor::f_from_slice(&rows)?;
    *weight = weight.f_index_copy(0, &rows, by_weight)?;
    *bias = bias.f_index_copy(0, &rows, by_bias)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::{Device, Kind, nn};

    fn head(config: &HeadConfig, seed: u64) -> (Head, nn::VarStore) {
        let store = nn::VarStore::new(Device::Cpu);
        let head = config.build(&store.root(), 5, seed).unwrap();
        (head.detached().unwrap(), store)
    }

    fn outputs(head: &Head, features: &Tensor) -> Tensor {
        tch::no_grad(|| head.forward(features, None).unwrap())
    }

    /// The head is compared with the two heads that it is made of.
    #[test]
    fn replaced_questions_answer_as_the_given_head_and_others_as_before() {
        let (before, _kept) = head(&HeadConfig::concentrations(9).dropout(0.0), 1);
        let (given, _kept) = head(&HeadConfig::dirichlet([3, 2]), 2);
        // The first question of the given head replaces answers 4 to 6, the second 1 and 2.
        let after = before.with_fractions(&[4, 1], &given).unwrap();
        let features = Tensor::rand([7, 5], (Kind::Float, Device::Cpu));
        let (old, new) = (outputs(&before, &features), outputs(&given, &features));
        let check = |found: &Tensor, new: &Tensor| {
            assert_eq!(found.size(), [7, 9]);
            for (from, count, expected) in [
                (0, 1, old.narrow(1, 0, 1)),
                (1, 2, new.narrow(1, 3, 2)),
                (3, 1, old.narrow(1, 3, 1)),
                (4, 3, new.narrow(1, 0, 3)),
                (7, 2, old.narrow(1, 7, 2)),
            ] {
                let off = (found.narrow(1, from, count) - expected).abs().max().double_value(&[]);
                assert!(off < 1e-4, "{from}: {off}");
            }
        };
        check(&outputs(&after, &features), &new);
        assert_eq!(after.config().rows(), 11);
        // Replacing a second time changes the rows that are there.
        let (other, _kept) = head(&HeadConfig::dirichlet([3, 2]), 3);
        let again = after.with_fractions(&[4, 1], &other).unwrap();
        assert_eq!(again.config(), after.config());
        check(&outputs(&again, &features), &outputs(&other, &features));
        let message = before.with_fractions(&[4], &given).unwrap_err().to_string();
        assert!(message.contains("2 questions"), "{message}");
        let (scores, _kept) = head(&HeadConfig::scores(9), 1);
        assert!(scores.with_fractions(&[4, 1], &given).is_err());
    }
}
