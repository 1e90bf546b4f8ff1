//! Astronomaly's active learning (Lochner & Bassett 2021, Astronomy and Computing 36, 100481): outlier
//! scores, lowered near galaxies that were rated uninteresting.

use super::RandomForest;
use zoobot_core::similar::Metric;
use zoobot_core::space::Space;
use zoobot_core::{Error, Result};

/// How ratings correct outlier scores. With the rating `u` that a random forest of 100 trees predicts, the
/// distance `d` to the nearest rated galaxy and the mean `m` of these distances, the corrected score is
/// `score * tanh(exp(alpha d / m) - 1 + artanh(e1 + e2 u / 5))`. It is never larger than the score, and
/// approaches it far from all ratings.
#[derive(Debug, Clone, PartialEq)]
pub struct NeighbourScore {
    /// The factor of the score at a galaxy rated 0 (default 0.1).
    pub e1: f64,
    /// What a rating of 5 adds to this factor (default 0.85).
    pub e2: f64,
    /// How fast the influence of ratings falls with distance (default 1).
    pub alpha: f64,
    /// The seed of the forest.
    pub seed: u64,
}

impl Default for NeighbourScore {
    fn default() -> Self {
        Self { e1: 0.1, e2: 0.85, alpha: 1.0, seed: 0 }
    }
}

impl NeighbourScore {
    /// The corrected scores of all galaxies of a space, from their outlier scores and the ratings (0 to 5) of
    /// some of them, given by row.
    ///
    /// # Errors
    /// [`Error::Empty`] without ratings; [`Error::Shape`] unless there is one score per galaxy.
    pub fn scores(
        &self,
        space: &Space,
        oddness: &[f64],
        ratings: &[(usize, f64)],
    ) -> Result<Vec<f64>> {
        if ratings.is_empty() {
            return Err(Error::empty("no galaxies are rated yet", "Rate at least one"));
        }
        if oddness.len() != space.len() {
            let problem =
                format!("there are {} scores for {} galaxies", oddness.len(), space.len());
            return Err(Error::shape(problem, "Give one score for each galaxy"));
        }
        let places: Vec<usize> = ratings.iter().map(|it| it.0).collect();
        let values: Vec<f64> = ratings.iter().map(|it| it.1).collect();
        let rated = space.features().select(ndarray::Axis(0), &places);
        let forest = RandomForest::fit(rated.view(), &values, 100, self.seed)?;
        let expected = forest.predict(space.features())?;
        let names = places.iter().map(|&row| space.ids()[row].clone()).collect();
        let rated = Space::new(names, rated)?;
        let near = rated.nearest(space.features(), 1, Metric::L2)?.distances;
        let near: Vec<f64> = near.iter().map(|&distance| f64::from(distance)).collect();
        let mean = (near.iter().sum::<f64>() / near.len() as f64).max(f64::MIN_POSITIVE);
        let corrected = |((score, expected), near): ((&f64, f64), f64)| {
            let trust = (self.e1 + self.e2 * expected / 5.0).clamp(0.0, 1.0 - 1e-12);
            score * ((self.alpha * near / mean).exp() - 1.0 + trust.atanh()).tanh()
        };
        Ok(oddness.iter().zip(expected).zip(near).map(corrected).collect())
    }
}
