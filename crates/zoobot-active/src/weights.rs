//! Unbiased estimates from galaxies that were not chosen at random.

use super::choice::ChosenGalaxy;
use zoobot_base::error::{Error, Result};
use zoobot_representation::metrics::Estimate;

/// The 97.5 % quantile of the normal distribution.
const SIDE: f64 = 1.959_963_984_540_054;

/// The levelled weights of galaxies that were drawn one after another, without replacement, from a pool: the mean
/// of weight times value over the drawn galaxies is an unbiased estimate of the mean value of the whole pool
/// (R_LURE of Farquhar, Gal & Rainforth 2021, arXiv:2101.11665, equation 5).
///
/// `probabilities` are those with which each galaxy was drawn, given the galaxies drawn before it, in the order of
/// the draws. With uniform probabilities all weights are 1.
///
/// ```
/// use zoobot_core::active::lure_weights;
/// assert_eq!(lure_weights(4, &[1.0 / 4.0, 1.0 / 3.0])?, [1.0, 1.0]);
/// // A galaxy that was half as likely as the others counts for more.
/// let weights = lure_weights(4, &[1.0 / 7.0, 1.0 / 3.0])?;
/// assert!(weights[0] > weights[1]);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
///
/// # Errors
/// [`Error::Unsuitable`] for more draws than galaxies, and for a probability that is not above 0 and at most 1.
pub fn lure_weights(pool: usize, probabilities: &[f64]) -> Result<Vec<f64>> {
    check(pool, probabilities)?;
    let (n, draws) = (pool as f64, probabilities.len() as f64);
    let weight = |(place, q): (usize, &f64)| {
        let m = place as f64 + 1.0;
        // After the last galaxy of the pool, nothing is left to correct for.
        let left = n - draws;
        if left == 0.0 { 1.0 } else { 1.0 + left / (n - m) * (1.0 / ((n - m + 1.0) * q) - 1.0) }
    };
    Ok(probabilities.iter().enumerate().map(weight).collect())
}

/// The mean value over a whole pool, estimated from galaxies that were drawn with known probabilities, and its
/// 95 % confidence interval. Arguments as for [`lure_weights`]; `values` are those of the drawn galaxies.
///
/// The estimate is a sum of differences that are uncorrelated given the draws before (a martingale), so their
/// squares add up to its variance.
///
/// ```
/// use zoobot_core::active::pool_mean;
/// let uniform = [1.0 / 4.0, 1.0 / 3.0, 1.0 / 2.0];
/// let mean = pool_mean(4, &uniform, &[0.2, 0.4, 0.6])?;
/// assert!((mean.value - 0.4).abs() < 1e-12 && mean.low < 0.4);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
///
/// # Errors
/// As for [`lure_weights`]; [`Error::Empty`] for fewer than two draws; [`Error::Shape`] when there are more or
/// fewer values than draws.
pub fn pool_mean(pool: usize, probabilities: &[f64], values: &[f64]) -> Result<Estimate> {
    let weights = lure_weights(pool, probabilities)?;
    let draws = values.len();
    if draws != weights.len() {
        let problem = format!("there are {draws} values for {} draws", weights.len());
        return Err(Error::shape(problem, "Give the value of each drawn galaxy"));
    }
    if draws < 2 {
        let what = format!("an interval needs more than {draws} galaxies");
        return Err(Error::empty(what, "Give at least 2"));
    }
    let (n, all) = (pool as f64, draws as f64);
    let mean = weights.iter().zip(values).map(|(w, x)| w * x).sum::<f64>() / all;
    // a_m = x / (N q) + (the sum of the values before) / N estimates the mean by itself; the estimate is their
    // average with the weights c_m (Farquhar et al. 2021, appendix B).
    let (mut before, mut variance) = (0.0, 0.0);
    for (place, (x, q)) in values.iter().zip(probabilities).enumerate() {
        let m = place as f64 + 1.0;
        let alone = x / (n * q) + before / n;
        let share = match n - m {
            0.0 => 0.0,
            left => n * (n - all) / (all * left * (left + 1.0)),
        };
        variance += (share * (alone - mean)).powi(2);
        before += x;
    }
    let half = SIDE * (variance * all / (all - 1.0)).sqrt();
    Ok(Estimate { value: mean, low: mean - half, high: mean + half })
}

fn check(pool: usize, probabilities: &[f64]) -> Result<()> {
    if probabilities.len() > pool {
        let problem = format!("{} galaxies were drawn from a pool of {pool}", probabilities.len());
        return Err(Error::unsuitable(
            problem,
            "Give the number of galaxies before the first draw",
        ));
    }
    match probabilities.iter().find(|q| !(**q > 0.0 && **q <= 1.0)) {
        Some(q) => {
            let problem = format!("a galaxy was drawn with the probability {q}");
            Err(Error::unsuitable(problem, "A probability is above 0 and at most 1"))
        }
        None => Ok(()),
    }
}

/// The probabilities of galaxies that were all drawn at random.
///
/// # Errors
/// [`Error::Unsuitable`] when a galaxy was the only one that could be chosen.
pub(super) fn drawn(chosen: &[ChosenGalaxy]) -> Result<Vec<f64>> {
    if let Some(fixed) = chosen.iter().find(|it| !it.is_drawn) {
        let problem = format!(
            "{:?} was chosen in round {} for its value, not drawn: other galaxies had no chance",
            fixed.id_str, fixed.round
        );
        return Err(Error::unsuitable(problem, "Choose with BatchChoice::Stochastic"));
    }
    Ok(chosen.iter().map(|it| it.probability).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every sequence of draws, with its probability.
    fn sequences(weights: &[f64], draws: usize) -> Vec<(f64, Vec<usize>, Vec<f64>)> {
        let mut all = vec![(1.0, Vec::new(), Vec::new())];
        for _ in 0..draws {
            let mut longer = Vec::new();
            for (probability, rows, qs) in &all {
                let open: Vec<usize> =
                    (0..weights.len()).filter(|row| !rows.contains(row)).collect();
                let total: f64 = open.iter().map(|row| weights[*row]).sum();
                for row in open {
                    let q = weights[row] / total;
                    let (mut rows, mut qs): (Vec<usize>, Vec<f64>) = (rows.clone(), qs.clone());
                    rows.push(row);
                    qs.push(q);
                    longer.push((probability * q, rows, qs));
                }
            }
            all = longer;
        }
        all
    }

    #[test]
    fn the_mean_over_all_possible_draws_is_the_mean_of_the_pool() {
        let (weights, values) = ([5.0, 1.0, 0.3, 2.0, 0.7], [0.9, 0.1, 0.4, 0.6, 0.0]);
        let truth = values.iter().sum::<f64>() / 5.0;
        for draws in 2..=5 {
            let (mut weighted, mut plain) = (0.0, 0.0);
            for (probability, rows, qs) in sequences(&weights, draws) {
                let drawn: Vec<f64> = rows.iter().map(|row| values[*row]).collect();
                weighted += probability * pool_mean(5, &qs, &drawn).unwrap().value;
                plain += probability * drawn.iter().sum::<f64>() / draws as f64;
            }
            assert!((weighted - truth).abs() < 1e-12, "{draws} draws: {weighted}");
            assert!(draws == 5 || (plain - truth).abs() > 0.03, "{draws} draws: {plain}");
        }
    }

    #[test]
    fn the_interval_is_as_wide_as_the_estimates_scatter() {
        let (weights, values) = ([3.0, 1.0, 0.6, 2.0, 0.7, 1.4], [0.9, 0.1, 0.4, 0.6, 0.0, 0.5]);
        let all = sequences(&weights, 4);
        let truth = values.iter().sum::<f64>() / 6.0;
        let (mut scatter, mut told) = (0.0, 0.0);
        for (probability, rows, qs) in &all {
            let drawn: Vec<f64> = rows.iter().map(|row| values[*row]).collect();
            let found = pool_mean(6, qs, &drawn).unwrap();
            scatter += probability * (found.value - truth).powi(2);
            told += probability * ((found.high - found.value) / SIDE).powi(2);
        }
        assert!((told / scatter - 1.0).abs() < 0.4, "{told} for {scatter}");
    }

    #[test]
    fn draws_that_are_none_are_refused() {
        let message = |pool, q: &[f64]| lure_weights(pool, q).unwrap_err().to_string();
        assert!(message(1, &[0.5, 0.5]).contains("2 galaxies were drawn from a pool of 1"));
        assert!(message(3, &[0.5, 0.0]).contains("probability 0"));
        assert!(pool_mean(3, &[0.5, 0.5], &[1.0]).unwrap_err().to_string().contains("1 values"));
        assert!(pool_mean(3, &[0.5], &[1.0]).is_err());
    }
}
