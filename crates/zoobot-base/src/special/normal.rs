//! The standard normal distribution.

/// The density at `x`.
pub fn density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// The probability of values below `x`, accurate to several digits even far in the tail.
pub fn below(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
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
