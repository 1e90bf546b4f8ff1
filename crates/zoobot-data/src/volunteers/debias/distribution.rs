//! Distributions of vote fractions, and the maps from one to another by rank.

/// The distribution of an answer's fractions in a bin.
#[derive(Debug, Clone)]
pub struct Distribution {
    /// The different values, in order.
    values: Vec<f64>,
    /// The share of the values below each, plus half the share of the values equal to it.
    ranks: Vec<f64>,
}

impl Distribution {
    /// The distribution of these values; NaN is left out.
    pub fn new(mut all: Vec<f64>) -> Self {
        all.retain(|it| !it.is_nan());
        all.sort_by(f64::total_cmp);
        let (mut values, mut ranks) = (Vec::new(), Vec::new());
        let mut below = 0.0;
        for equal in all.chunk_by(|a, b| a == b) {
            let share = equal.len() as f64 / all.len() as f64;
            values.push(equal[0]);
            ranks.push(below + share / 2.0);
            below += share;
        }
        Self { values, ranks }
    }

    /// The rank of a value, from 0 to 1.
    fn rank(&self, value: f64) -> Option<f64> {
        interpolated(&self.values, &self.ranks, value)
    }

    /// The value at a rank.
    fn value(&self, rank: f64) -> Option<f64> {
        interpolated(&self.ranks, &self.values, rank)
    }
}

/// The distributions in the bins of a cell, the lowest redshift first.
#[derive(Debug, Clone)]
pub struct Maps {
    bins: Vec<Distribution>,
}

impl Maps {
    pub fn new(bins: Vec<Distribution>) -> Self {
        Self { bins }
    }

    /// The fraction in the lowest bin with the rank that a fraction has between two bins; `share` is that of
    /// the higher one. Fractions of 0 and 1 stay, as in the code of Hart et al. 2016.
    pub fn value(&self, fraction: f64, low: usize, high: usize, share: f64) -> f64 {
        if fraction <= 0.0 || fraction >= 1.0 {
            return fraction;
        }
        let mapped = |bin: usize| self.mapped(fraction, bin).unwrap_or(fraction);
        (1.0 - share) * mapped(low) + share * mapped(high)
    }

    fn mapped(&self, fraction: f64, bin: usize) -> Option<f64> {
        if bin == 0 {
            return Some(fraction);
        }
        self.bins.first()?.value(self.bins.get(bin)?.rank(fraction)?)
    }
}

/// The piecewise linear function through points with increasing `from`, constant outside.
fn interpolated(from: &[f64], to: &[f64], at: f64) -> Option<f64> {
    let high = from.partition_point(|it| *it < at);
    if high == 0 {
        return to.first().copied();
    }
    let Some(above) = from.get(high) else { return to.last().copied() };
    let share = (at - from[high - 1]) / (above - from[high - 1]);
    Some(to[high - 1] + share * (to[high] - to[high - 1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rank_is_the_share_of_values_below_and_half_of_the_equal_ones() {
        let all = Distribution::new(vec![0.5, 0.0, f64::NAN, 0.5, 1.0]);
        assert_eq!(all.rank(0.0), Some(0.125));
        assert_eq!(all.rank(0.5), Some(0.5));
        assert_eq!(all.rank(1.0), Some(0.875));
        assert_eq!(all.rank(0.75), Some(0.6875));
        assert_eq!(
            (all.value(0.0), all.value(0.5), all.value(1.0)),
            (Some(0.0), Some(0.5), Some(1.0))
        );
        assert_eq!(Distribution::new(Vec::new()).rank(0.5), None);
    }

    #[test]
    fn a_distribution_that_is_squeezed_is_stretched_back() {
        let reference: Vec<f64> = (0..=100).map(|it| f64::from(it) / 100.0).collect();
        let squeezed = reference.iter().map(|it| 0.5 * it * it).collect();
        let maps = Maps::new(vec![Distribution::new(reference), Distribution::new(squeezed)]);
        for truth in [0.1, 0.33, 0.8_f64] {
            let found = maps.value(0.5 * truth * truth, 1, 1, 1.0);
            assert!((found - truth).abs() < 1e-3, "{truth} {found}");
            let halfway = maps.value(0.5 * truth * truth, 0, 1, 0.5);
            assert!((halfway - (truth + 0.5 * truth * truth) / 2.0).abs() < 1e-3, "{halfway}");
        }
        assert_eq!((maps.value(0.0, 1, 1, 1.0), maps.value(1.0, 1, 1, 1.0)), (0.0, 1.0));
    }
}
