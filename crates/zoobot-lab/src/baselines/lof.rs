//! Local outlier factor (Breunig et al. 2000, LOF, SIGMOD): points in sparser surroundings than those of
//! their neighbours are odd.

use zoobot_core::similar::Metric;
use zoobot_core::space::Space;
use zoobot_core::{Error, Result};

/// The local outlier factor of each galaxy: how many times sparser its surroundings are than those of its `k`
/// nearest neighbours. Ordinary galaxies have about 1; larger is odder (it is minus scikit-learn's
/// `negative_outlier_factor_`).
///
/// The computation is exact and uses all cores; its time grows with the square of the number of galaxies.
///
/// ```
/// use zoobot_lab::baselines::local_outlier_factor;
/// use zoobot_core::{ndarray::Array2, space::Space};
/// let features = Array2::from_shape_fn((30, 1), |(i, _)| if i == 29 { 60.0 } else { i as f32 });
/// let space = Space::new((0..30).map(|i| format!("G{i}")).collect(), features)?;
/// let factors = local_outlier_factor(&space, 5)?;
/// assert!(factors[29] > 5.0 && factors[10] < 1.1);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
///
/// # Errors
/// [`Error::Parameter`] unless `k` is between 1 and the number of other galaxies;
/// [`Error::Interrupted`].
pub fn local_outlier_factor(space: &Space, k: usize) -> Result<Vec<f64>> {
    if k == 0 || k >= space.len() {
        let others = space.len().saturating_sub(1);
        let range = format!("between 1 and {others}, the number of other galaxies");
        return Err(Error::parameter("k", k, range));
    }
    let found = space.nearest(space.features(), k + 1, Metric::L2)?;
    // The neighbours of each galaxy, nearest first. With many copies, a galaxy may not be among its own
    // neighbours.
    let others: Vec<Vec<(usize, f64)>> = (0..space.len())
        .map(|row| {
            let pairs = found.rows.row(row).into_iter().zip(found.distances.row(row));
            let pairs = pairs.map(|(&other, &distance)| (other as usize, f64::from(distance)));
            pairs.filter(|(other, _)| *other != row).take(k).collect()
        })
        .collect();
    let reach: Vec<f64> = others.iter().map(|all| all.last().map_or(0.0, |it| it.1)).collect();
    let density: Vec<f64> = others
        .iter()
        .map(|all| {
            let sum: f64 = all.iter().map(|&(other, distance)| distance.max(reach[other])).sum();
            // The small constant, as in scikit-learn, is for copies.
            1.0 / (sum / k as f64 + 1e-10)
        })
        .collect();
    let factor = |(row, all): (usize, &Vec<(usize, f64)>)| {
        all.iter().map(|&(other, _)| density[other]).sum::<f64>() / k as f64 / density[row]
    };
    Ok(others.iter().enumerate().map(factor).collect())
}
