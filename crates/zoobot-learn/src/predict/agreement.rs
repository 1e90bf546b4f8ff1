//! The correlation of expected fractions with the votes.

use super::calibration::asked;
use super::posterior::Posterior;
use zoobot_base::error::Result;
use zoobot_data::schema::Votes;
use zoobot_representation::metrics::{Estimate, bootstrap, pearson, spearman};
use zoobot_show::figure::{Figure, scatter};
use zoobot_show::notebook::{Bundle, Show};

/// The seed of the bootstrap.
const SEED: u64 = 1;

/// The expected fractions of an answer next to its vote fractions.
///
/// ```
/// use zoobot_core::{ndarray::{Array2, Array3}, prelude::*};
/// let rings = Schema::named("gz_rings")?;
/// let ids: Vec<String> = (1..=9).map(|i| format!("G{i}")).collect();
/// let counts = Array2::from_shape_fn((9, 2), |(i, j)| [i + 1, 9 - i][j] as f64);
/// let votes = Votes::new(&rings, ids.clone(), counts.clone())?;
/// let posterior = Posterior::new(&rings, ids, counts.insert_axis(zoobot_core::ndarray::Axis(2)))?;
/// assert!(agreement(&posterior, &votes, "ring_yes", 5)?.pearson.value > 0.999);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Agreement {
    /// The answer, by its column name.
    pub answer: String,
    /// The linear correlation.
    pub pearson: Estimate,
    /// The rank correlation.
    pub spearman: Estimate,
    /// The expected fraction of each galaxy.
    pub expected: Vec<f64>,
    /// The vote fraction of each galaxy.
    pub votes: Vec<f64>,
}

/// Compares the expected fractions of an answer (named by its column, `question_answer`) with the vote
/// fractions, over the galaxies with at least `min_votes` votes for the question.
///
/// Vote fractions from few votes are noisy, so even a perfect network correlates with them by less than 1.
///
/// # Errors
/// [`Error::Missing`](zoobot_base::Error::Missing) for another answer, with the nearest one;
/// [`Error::Shape`](zoobot_base::Error::Shape) when the votes are for other galaxies;
/// [`Error::Unsuitable`](zoobot_base::Error::Unsuitable) for another schema;
/// [`Error::Empty`](zoobot_base::Error::Empty) when no galaxy has `min_votes` votes.
pub fn agreement(
    posterior: &Posterior,
    votes: &Votes,
    answer: &str,
    min_votes: u32,
) -> Result<Agreement> {
    let schema = posterior.schema();
    let place = schema.answer(answer)?.index();
    let question = schema.questions().iter().find(|it| it.range().contains(&place));
    let (mut expected, mut shares) = (Vec::new(), Vec::new());
    if let Some(question) = question {
        let place = place - question.range().start;
        for galaxy in asked(posterior, votes, question.name(), min_votes)? {
            expected.push(galaxy.fractions()[place]);
            shares.push(galaxy.votes[place] / galaxy.total);
        }
    }
    let of = |measure: fn(&[f64], &[f64]) -> f64| {
        let some = |values: &[f64], places: &[usize]| -> Vec<f64> {
            places.iter().map(|place| values[*place]).collect()
        };
        bootstrap(expected.len(), SEED, |places| {
            measure(&some(&expected, places), &some(&shares, places))
        })
    };
    let (pearson, spearman) = (of(pearson), of(spearman));
    Ok(Agreement { answer: answer.to_owned(), pearson, spearman, expected, votes: shares })
}

impl Agreement {
    /// A figure of vote fraction against expected fraction, with a point for each galaxy.
    pub fn figure(&self) -> Figure {
        scatter(&self.expected, &self.votes)
            .labels(&format!("expected fraction: {}", self.answer), "share of the votes")
            .diagonal()
            .build()
    }
}

impl Show for Agreement {
    fn show(&self) -> Bundle {
        let Self { answer, pearson, spearman, expected, .. } = self;
        let galaxies = expected.len();
        Bundle::plain(format!("{answer}, {galaxies} galaxies: r = {pearson}, ranks {spearman}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, Array3};
    use zoobot_data::schema::Schema;

    /// Ten galaxies with ten votes each: galaxy i is expected to have a fraction of about i / 10, and gets
    /// `votes(i)` votes.
    fn given(votes: impl Fn(usize) -> usize) -> Result<Agreement> {
        let schema = Schema::named("gz_rings").unwrap();
        let ids: Vec<String> = (0..10).map(|i| format!("G{i}")).collect();
        let alpha = Array3::from_shape_fn((10, 2, 1), |(i, k, _)| match k {
            0 => 20.0 * (0.5 + i as f64) / 11.0,
            _ => 20.0 * (10.5 - i as f64) / 11.0,
        });
        let counts = Array2::from_shape_fn((10, 2), |(i, k)| {
            let yes = votes(i) as f64;
            if k == 0 { yes } else { 10.0 - yes }
        });
        let posterior = Posterior::new(&schema, ids.clone(), alpha)?;
        agreement(&posterior, &Votes::new(&schema, ids, counts)?, "ring_yes", 10)
    }

    #[test]
    fn votes_in_the_order_expected_agree_in_rank_and_votes_on_a_line_in_size() {
        let line = given(|i| i).unwrap();
        assert!((line.pearson.value - 1.0).abs() < 1e-12 && line.spearman.value > 1.0 - 1e-12);
        assert!(line.figure().about().contains("10 points"));
        let curve = given(|i| i * i / 9).unwrap();
        assert!(curve.pearson.value < 0.99 && curve.spearman.value > 0.98);
        assert!((given(|i| 9 - i).unwrap().pearson.value + 1.0).abs() < 1e-12);
    }

    #[test]
    fn answers_that_are_not_there_are_refused() {
        let line = given(|i| i).unwrap();
        assert_eq!(line.expected.len(), 10);
        let schema = Schema::named("gz_rings").unwrap();
        let posterior = Posterior::new(&schema, vec!["G".into()], Array3::ones((1, 2, 1))).unwrap();
        let votes = Votes::new(&schema, vec!["G".into()], Array2::ones((1, 2))).unwrap();
        let message = agreement(&posterior, &votes, "ring_yess", 1).unwrap_err().to_string();
        assert!(message.contains("ring_yes"), "{message}");
        assert!(agreement(&posterior, &votes, "ring_yes", 3).is_err());
    }
}
