//! Puts features on a common scale, as a penalty on the weights requires.

use ndarray::{Array1, Array2, ArrayView2};
use zoobot_base::moments::{column_moments, moments, scale};

/// Values are clipped at this number of standard deviations to compute the mean and the deviation.
const FAR: f64 = 10.0;
/// The maximum number of rounds of clipping.
const ROUNDS: usize = 50;
/// The smallest and the largest divisor, in units of the features' median standard deviation.
const DEVIATIONS: (f64, f64) = (0.1, 10.0);
/// The limit at which bounded features are clipped, in standard deviations from the mean.
pub const LIMIT: f64 = 6.0;
/// The limit of the root mean square over a galaxy's features, as a share of `limit`.
pub const TOGETHER: f64 = 1.0 / 3.0;

/// Scales each feature to `(x - mean) * scale` and clips it at plus and minus `limit`. If the root mean
/// square over a galaxy's features then exceeds a third of the limit, all of them are scaled down. This
/// happens for damaged pictures, whose features are all far from the mean.
#[derive(Debug, Clone, PartialEq)]
pub struct Scaling {
    pub mean: Array1<f64>,
    /// The reciprocal of the standard deviation; 0 for a constant feature.
    pub scale: Array1<f64>,
    /// Infinite if nothing is clipped.
    pub limit: f64,
}

impl Scaling {
    /// Uses the plain mean and standard deviation, without clipping, like scikit-learn's
    /// `StandardScaler`.
    pub fn exact(features: ArrayView2<f32>) -> Self {
        let (mean, deviations) = column_moments(features.rows().into_iter(), features.ncols());
        let scale = mean.iter().zip(deviations).map(|(&mean, it)| scale(mean, it)).collect();
        let mean = Array1::from(mean);
        Self { mean, scale, limit: f64::INFINITY }
    }

    /// Limits the influence of outliers, so that no single galaxy determines a fit, and no galaxy is
    /// predicted far from all others. Values beyond 10 standard deviations are clipped repeatedly until
    /// none is left. A deviation is at least a tenth and at most ten times the median over the features,
    /// so that a feature which is non-zero in one galaxy out of hundreds is not inflated. Scaled
    /// features are clipped at [`LIMIT`] deviations.
    pub fn bounded(features: ArrayView2<f32>) -> Self {
        let mut all = Self { limit: LIMIT, ..Self::exact(features) };
        let mut deviations = Array1::<f64>::zeros(features.ncols());
        for (j, column) in features.columns().into_iter().enumerate() {
            if all.scale[j] == 0.0 {
                continue;
            }
            let (mut mean, mut deviation) = (all.mean[j], all.scale[j].recip());
            for _ in 0..ROUNDS {
                let (low, high) = (mean - FAR * deviation, mean + FAR * deviation);
                let values = column.iter().map(|it| f64::from(*it).clamp(low, high));
                let (next, narrower) = moments(values);
                let done = narrower > 0.999 * deviation || narrower == 0.0;
                (mean, deviation) = (next, narrower);
                if done {
                    break;
                }
            }
            (all.mean[j], deviations[j]) = (mean, deviation);
        }
        let mut varying: Vec<f64> = deviations.iter().copied().filter(|it| *it > 0.0).collect();
        varying.sort_by(f64::total_cmp);
        let Some(median) = varying.get(varying.len() / 2).copied() else { return all };
        for (scale, deviation) in all.scale.iter_mut().zip(&deviations) {
            if *scale > 0.0 {
                *scale = deviation.clamp(DEVIATIONS.0 * median, DEVIATIONS.1 * median).recip();
            }
        }
        all
    }

    /// Scales features.
    ///
    /// # Shapes
    /// Galaxies x features, both.
    pub fn apply(&self, features: ArrayView2<f32>) -> Array2<f64> {
        let mut rows = features.mapv(f64::from);
        rows -= &self.mean;
        rows *= &self.scale;
        if self.limit.is_finite() {
            rows.mapv_inplace(|it| it.clamp(-self.limit, self.limit));
            let varying = self.scale.iter().filter(|it| **it > 0.0).count() as f64;
            let most = self.limit * TOGETHER * varying.sqrt();
            for mut row in rows.rows_mut() {
                let norm = row.dot(&row).sqrt();
                if norm > most {
                    row *= most / norm;
                }
            }
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng, rngs::StdRng};

    fn ordinary(rows: usize, columns: usize) -> Array2<f32> {
        let mut rng = StdRng::seed_from_u64(5);
        Array2::from_shape_fn((rows, columns), |(_, j)| {
            (j + 1) as f32 * 0.1 * rng.random_range(-1.0_f32..1.0) + j as f32
        })
    }

    #[test]
    fn ordinary_features_are_scaled_alike_both_ways() {
        let features = ordinary(200, 7);
        let (exact, bounded) = (Scaling::exact(features.view()), Scaling::bounded(features.view()));
        for (a, b) in exact.scale.iter().zip(&bounded.scale) {
            assert!((a / b - 1.0).abs() < 1e-12, "{a} {b}");
        }
        let rows = exact.apply(features.view());
        for column in rows.columns() {
            let (mean, deviation) = moments(column.iter().copied());
            assert!(mean.abs() < 1e-9 && (deviation - 1.0).abs() < 1e-9, "{mean} {deviation}");
        }
        assert_eq!(rows, bounded.apply(features.view()));
    }

    #[test]
    fn neither_a_lone_value_nor_a_huge_one_leaves_the_limits() {
        let mut features = ordinary(250, 9);
        // A feature that is non-zero in a single galaxy, and a cosmic ray.
        features.column_mut(0).fill(0.0);
        features[[17, 0]] = 0.4;
        features[[40, 3]] = 1e9;
        let clean = Scaling::bounded(ordinary(250, 9).view());
        let scaling = Scaling::bounded(features.view());
        let rows = scaling.apply(features.view());
        assert!(rows.iter().all(|it| it.is_finite() && it.abs() <= LIMIT));
        // All other galaxies are scaled about as without the outliers.
        assert!((scaling.scale[3] / clean.scale[3] - 1.0).abs() < 0.3, "{:?}", scaling.scale);
        assert!(rows.column(3).iter().filter(|it| it.abs() > 2.5).count() == 1);
        assert!(scaling.scale[0] < 1.0 / (0.09 * 0.1));
        // A picture with all features far off.
        features.row_mut(7).fill(1e6);
        let row = scaling.apply(features.slice(ndarray::s![7..8, ..]));
        let square = row.iter().map(|it| it * it).sum::<f64>() / 9.0;
        assert!((square.sqrt() - LIMIT * TOGETHER).abs() < 1e-9, "{square}");
        // A constant feature is ignored.
        features.column_mut(5).fill(2.5);
        assert_eq!(Scaling::bounded(features.view()).scale[5], 0.0);
    }
}
