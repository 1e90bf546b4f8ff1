//! Measures how many neighbours on a map are neighbours in the features.

use ndarray::{ArrayView1, ArrayView2};
use rayon::prelude::*;

/// The trustworthiness of a map (Venna & Kaski 2001). It is 1 if the `k` nearest rows on the map are the
/// `k` nearest in the features for every row, and falls the farther down the ranking in the features
/// they are. About 0.5 is chance. It uses Euclidean distances; time grows as rows², and each core needs
/// memory for one row of distances.
///
/// # Shapes
/// rows x features, and rows x 2 (or more) for the map. NaN if the numbers of rows differ, or if `k` is
/// 0 or at least half the number of rows, for which the measure is not defined.
pub fn trustworthiness(features: ArrayView2<f32>, map: ArrayView2<f32>, k: usize) -> f64 {
    let rows = features.nrows();
    if map.nrows() != rows || k == 0 || 2 * k >= rows {
        return f64::NAN;
    }
    let lost: usize = (0..rows)
        .into_par_iter()
        .map_init(
            || (vec![0.0; rows], vec![0.0; rows], Vec::<u32>::new()),
            |(far, near, order), row| {
                distances(features, row, far);
                distances(map, row, near);
                order.clear();
                order.extend((0..rows as u32).filter(|&other| other as usize != row));
                let by = |a: &u32, b: &u32| {
                    near[*a as usize].total_cmp(&near[*b as usize]).then(a.cmp(b))
                };
                order.select_nth_unstable_by(k - 1, by);
                order[..k]
                    .iter()
                    .map(|&other| {
                        let (at, bound) = (other as usize, far[other as usize]);
                        // The rank among the other rows; ties are in row order.
                        let nearer = far.iter().enumerate().filter(|&(i, &distance)| {
                            i != row && (distance < bound || (distance == bound && i <= at))
                        });
                        nearer.count().saturating_sub(k)
                    })
                    .sum::<usize>()
            },
        )
        .sum();
    let (rows, k) = (rows as f64, k as f64);
    1.0 - 2.0 * lost as f64 / (rows * k * (2.0 * rows - 3.0 * k - 1.0))
}

/// The squared distances of every row from one row.
fn distances(table: ArrayView2<f32>, from: usize, to: &mut [f64]) {
    let from: ArrayView1<f32> = table.row(from);
    for (to, row) in to.iter_mut().zip(table.rows()) {
        *to = row.iter().zip(from).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    #[test]
    fn a_map_that_keeps_the_order_is_trusted_and_one_that_mixes_is_not() {
        let line = Array2::from_shape_fn((60, 1), |(i, _)| (i * i) as f32);
        let same = Array2::from_shape_fn((60, 2), |(i, j)| (i * (1 + j)) as f32);
        let features = Array2::from_shape_fn((60, 3), |(i, j)| line[[i, 0]] * (j + 1) as f32);
        // Squares of a line preserve most but not all neighbours of evenly spaced points.
        assert!(trustworthiness(features.view(), same.view(), 5) > 0.97);
        assert_eq!(trustworthiness(features.view(), features.view(), 5), 1.0);
        let mixed = Array2::from_shape_fn((60, 2), |(i, j)| ((i * 37 + j * 11) % 60) as f32);
        assert!(trustworthiness(features.view(), mixed.view(), 5) < 0.7);
        assert!(trustworthiness(features.view(), same.view(), 30).is_nan());
        assert!(trustworthiness(features.view(), line.slice(ndarray::s![..59, ..]), 3).is_nan());
    }

    #[test]
    fn it_is_scikit_learns_figure() {
        // sklearn.manifold.trustworthiness(x, y, n_neighbors=2), version 1.9
        let x = array![[0.0, 0.0], [1.0, 0.0], [3.0, 0.0], [0.0, 2.5], [4.0, 4.0], [7.0, 1.0]];
        let y = array![[0.0], [2.0], [1.0], [5.0], [3.0], [4.5]];
        assert!((trustworthiness(x.view(), y.view(), 2) - TRUE).abs() < 1e-12);
    }

    const TRUE: f64 = 0.566_666_666_666_666_7;
}
