//! What all methods on encoded pictures start from: labelled examples and the survey, on one scale.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, concatenate};
use zoobot_base::error::{Error, Result};
use zoobot_representation::probe::scaling::Scaling;

/// The number of galaxies of the survey that are scaled at a time.
pub const BLOCK: usize = 4096;

/// Labelled examples and a survey. Features are standardised by the survey and the examples together, which
/// centres them on the survey's mean and needs no labels.
pub struct Ground<'a> {
    /// Examples x features.
    pub examples: ArrayView2<'a, f32>,
    /// Galaxies of the survey x features.
    pub survey: ArrayView2<'a, f32>,
    /// The class of each example.
    pub of: Vec<usize>,
    /// The number of classes.
    pub classes: usize,
    pub scaling: Scaling,
    /// The examples whose class has others, so that they can be left out and predicted.
    pub judged: Vec<usize>,
}

/// What a method says about the examples, when each is left out, and about the survey.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// Examples x classes; rows that cannot be judged are even.
    pub left_out: Array2<f64>,
    /// Galaxies of the survey x classes.
    pub survey: Array2<f64>,
    /// The strength that was chosen, such as a penalty.
    pub strength: f64,
}

impl<'a> Ground<'a> {
    pub fn new(
        examples: ArrayView2<'a, f32>,
        survey: ArrayView2<'a, f32>,
        of: &[usize],
        classes: usize,
    ) -> Result<Self> {
        let all = concatenate(Axis(0), &[survey, examples])
            .map_err(Error::internal("features of different widths"))?;
        let scaling = Scaling::bounded(all.view());
        let mut counts = vec![0; classes];
        of.iter().for_each(|&class| counts[class] += 1);
        let judged = (0..of.len()).filter(|&row| counts[of[row]] > 1).collect();
        Ok(Self { examples, survey, of: of.to_vec(), classes, scaling, judged })
    }

    /// The number of examples of each class.
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes];
        self.of.iter().for_each(|&class| counts[class] += 1);
        counts
    }

    /// The mean loss of probabilities (examples x classes) for examples that were left out. The target of the
    /// true class is (n + 1) / (n + 2) for a class of n examples (Platt 1999), so that certainty is not
    /// rewarded beyond what n examples can tell. Infinite if no example can be judged.
    pub fn loss(&self, left_out: &Array2<f64>) -> f64 {
        let losses = self.losses(left_out);
        match losses.is_empty() {
            true => f64::INFINITY,
            false => losses.iter().sum::<f64>() / losses.len() as f64,
        }
    }

    /// The loss of each example that can be judged.
    pub fn losses(&self, left_out: &Array2<f64>) -> Vec<f64> {
        let counts = self.counts();
        let least = f64::MIN_POSITIVE;
        let one = |&row: &usize| {
            let class = self.of[row];
            let right = (counts[class] as f64 + 1.0) / (counts[class] as f64 + 2.0);
            let other = (1.0 - right) / (self.classes - 1) as f64;
            let row = left_out.row(row);
            let target = |it: usize| if it == class { right } else { other };
            -row.iter().enumerate().map(|(it, p)| target(it) * p.max(least).ln()).sum::<f64>()
        };
        self.judged.iter().map(one).collect()
    }

    /// Whether each example that can be judged is predicted correctly when it is left out.
    pub fn correct(&self, left_out: &Array2<f64>) -> Vec<bool> {
        self.judged.iter().map(|&row| likeliest(left_out.row(row)) == self.of[row]).collect()
    }

    /// The factor of scores, before they become probabilities, with the lowest loss of left-out examples;
    /// `usual` if none can be judged.
    pub fn sharpness(&self, left_out: &Array2<f64>, usual: f64) -> f64 {
        if self.judged.is_empty() {
            return usual;
        }
        // Four per factor of ten, around the usual one.
        let all = (-8..=8).map(|step| usual * 10_f64.powf(0.25 * f64::from(step)));
        let loss = |factor: f64| self.loss(&probabilities(left_out, factor));
        let found = all.map(|factor| (factor, loss(factor))).min_by(|a, b| a.1.total_cmp(&b.1));
        found.map_or(usual, |(factor, _)| factor)
    }

    /// Applies a function to the scaled features of the survey, block by block: galaxies x classes.
    pub fn of_survey(&self, scores: impl Fn(Array2<f64>) -> Array2<f64>) -> Array2<f64> {
        let mut all = Array2::zeros((self.survey.nrows(), self.classes));
        let blocks = self.survey.axis_chunks_iter(Axis(0), BLOCK);
        for (block, mut to) in blocks.zip(all.axis_chunks_iter_mut(Axis(0), BLOCK)) {
            to.assign(&scores(self.scaling.apply(block)));
        }
        all
    }
}

/// The softmax of each row of scores times a factor.
pub fn probabilities(scores: &Array2<f64>, factor: f64) -> Array2<f64> {
    let mut all = scores * factor;
    for mut row in all.rows_mut() {
        let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        row.mapv_inplace(|it| (it - most).exp());
        let sum = row.sum();
        row /= sum;
    }
    all
}

/// The place of the largest value; the first of several.
pub fn likeliest(row: ArrayView1<f64>) -> usize {
    let better = |best: usize, it: usize| if row[it] > row[best] { it } else { best };
    (0..row.len()).reduce(better).unwrap_or(0)
}

/// Rows of length 1; a row of zeros stays as it is.
pub fn directions(mut rows: Array2<f64>) -> Array2<f64> {
    for mut row in rows.rows_mut() {
        let length = row.dot(&row).sqrt();
        if length > 0.0 {
            row /= length;
        }
    }
    rows
}

/// A vector of length 1 in this direction.
pub fn direction(vector: Array1<f64>) -> Array1<f64> {
    let length = vector.dot(&vector).sqrt();
    if length > 0.0 { vector / length } else { vector }
}
