//! The standard normal distribution.

/// From here on the continued fraction converges fast.
const TAIL: f64 = 2.0;

/// The density at `x`.
pub fn density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// The probability of values below `x`, accurate to several digits even far in the tail.
pub fn below(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    let (size, density) = (x.abs(), density(x));
    let tail = if size < TAIL {
        // The series of DLMF 7.6.2.
        let (mut term, mut sum, mut odd) = (size, 0.0, 1.0);
        while term > 1e-17 * sum {
            sum += term;
            odd += 2.0;
            term *= size * size / odd;
        }
        0.5 - density * sum
    } else {
        density * mills(size)
    };
    if x < 0.0 { tail } else { 1.0 - tail }
}

/// Mills' ratio, the probability of more than `x` divided by the density, for `x` from 2 on, by its
/// continued fraction (DLMF 7.9.1).
fn mills(x: f64) -> f64 {
    let mut rest = 0.0;
    for step in (1..=60).rev() {
        rest = f64::from(step) / (x + rest);
    }
    1.0 / (x + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `scipy.stats.norm.cdf` (scipy 1.17).
    #[test]
    fn probabilities_are_those_of_tables() {
        for (x, expected) in [
            (0.0, 0.5),
            (-1.0, 0.158_655_253_931_457_05),
            (1.959_963_984_540_054, 0.975),
            (-1.999, 0.022_804_176_932_658_88),
            (-2.0, 0.022_750_131_948_179_21),
            (-3.0, 1.349_898_031_630_094_6e-3),
            (-5.0, 2.866_515_718_791_939e-7),
            (-20.0, 2.753_624_118_606_233_7e-89),
        ] {
            let found = below(x);
            assert!((found / expected - 1.0).abs() < 1e-12, "{x}: {found}");
            assert!((below(-x) - (1.0 - expected)).abs() < 1e-10);
        }
        assert!(below(f64::NAN).is_nan() && below(-100.0) == 0.0 && below(100.0) == 1.0);
    }
}
