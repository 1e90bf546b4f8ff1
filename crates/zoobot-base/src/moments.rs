//! Means and standard deviations, accumulated in double precision. All code for features and labels uses
//! these functions.
//!
//! The deviation describes the values themselves, not a population that they are drawn from: the square
//! root of the mean squared distance from the mean (NumPy's `std`, scikit-learn's `StandardScaler`).

/// The mean and the standard deviation of some values; 0 and 0 if there are no values.
///
/// ```
/// assert_eq!(zoobot_base::moments::moments([1.0, 3.0].into_iter()), (2.0, 1.0));
/// ```
pub fn moments(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let n = values.clone().count().max(1) as f64;
    let mean = values.clone().sum::<f64>() / n;
    let square = values.map(|it| (it - mean).powi(2)).sum::<f64>() / n;
    (mean, square.sqrt())
}

/// The mean of each of `width` columns, from a table's rows. It reads the table row by row, in the order
/// of memory.
pub fn column_means<'a, R>(rows: impl Iterator<Item = R>, width: usize) -> Vec<f64>
where
    R: IntoIterator<Item = &'a f32>,
{
    let (mut sums, mut n) = (vec![0.0; width], 0_usize);
    for row in rows {
        sums.iter_mut().zip(row).for_each(|(sum, &value)| *sum += f64::from(value));
        n += 1;
    }
    sums.into_iter().map(|sum| sum / n.max(1) as f64).collect()
}

/// The [`moments`] of each of `width` columns: means, then standard deviations.
pub fn column_moments<'a, R>(
    rows: impl Iterator<Item = R> + Clone,
    width: usize,
) -> (Vec<f64>, Vec<f64>)
where
    R: IntoIterator<Item = &'a f32>,
{
    let means = column_means(rows.clone(), width);
    let (mut squares, mut n) = (vec![0.0; width], 0_usize);
    for row in rows {
        for ((sum, &value), mean) in squares.iter_mut().zip(row).zip(&means) {
            *sum += (f64::from(value) - mean).powi(2);
        }
        n += 1;
    }
    let deviations = squares.into_iter().map(|sum| (sum / n.max(1) as f64).sqrt()).collect();
    (means, deviations)
}

/// The factor that scales values with this mean and deviation to a deviation of 1; 0 for single-precision
/// values that differ only by rounding.
pub fn scale(mean: f64, deviation: f64) -> f64 {
    let rounding = (mean * f64::from(f32::EPSILON)).abs();
    if deviation > rounding { deviation.recip() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_the_moments_of_their_values_to_the_last_bit() {
        let value = |i: usize, j: usize| ((i * 37 + j * 11) % 101) as f32 / 7.0 + 1e4;
        let rows: Vec<Vec<f32>> = (0..500).map(|i| (0..5).map(|j| value(i, j)).collect()).collect();
        let (means, deviations) = column_moments(rows.iter(), 5);
        for j in 0..5 {
            let found = moments(rows.iter().map(|row| f64::from(row[j])));
            assert_eq!(found, (means[j], deviations[j]));
            // In whole numbers: 7 times the values less 1e4.
            let whole: Vec<i64> = (0..500).map(|i| (i * 37 + j as i64 * 11) % 101).collect();
            let (sum, squares) =
                (whole.iter().sum::<i64>(), whole.iter().map(|it| it * it).sum::<i64>());
            let variance = (500 * squares - sum * sum) as f64 / (500.0 * 500.0 * 49.0);
            assert!((found.1 / variance.sqrt() - 1.0).abs() < 1e-3, "{found:?}");
        }
        assert_eq!(column_means(rows.iter(), 5), means);
        assert_eq!(moments(std::iter::empty()), (0.0, 0.0));
    }

    #[test]
    fn what_differs_by_rounding_is_constant() {
        assert_eq!(scale(5.0, 2.0), 0.5);
        assert_eq!(scale(0.0, 0.0), 0.0);
        let (one, next) = (1e3_f32, 1e3_f32.next_up());
        let nearly = (0..100).map(|i| f64::from(if i == 7 { next } else { one }));
        let (mean, deviation) = moments(nearly);
        assert!(deviation > 0.0);
        assert_eq!(scale(mean, deviation), 0.0);
    }
}
