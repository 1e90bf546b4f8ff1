//! Functions that the standard library lacks: the logarithm of the gamma function and its derivative,
//! the distribution of a vote fraction ([`beta`]), and the normal distribution ([`normal`]).

pub mod beta;
pub mod normal;

/// Above this, the asymptotic series of [`digamma`] is exact to the last bits of a float64.
const LARGE: f64 = 10.0;

/// The logarithm of the gamma function of `x` > 0; NaN for other `x`.
pub fn ln_gamma(x: f64) -> f64 {
    if x > 0.0 { libm::lgamma(x) } else { f64::NAN }
}

/// The derivative of [`ln_gamma`] (DLMF 5.11.2); NaN unless `x` > 0.
pub fn digamma(x: f64) -> f64 {
    if x.is_nan() || x <= 0.0 {
        return f64::NAN;
    }
    const TERMS: [f64; 7] = [
        1.0 / 12.0,
        -1.0 / 120.0,
        1.0 / 252.0,
        -1.0 / 240.0,
        1.0 / 132.0,
        -691.0 / 32_760.0,
        1.0 / 12.0,
    ];
    let (mut x, mut before) = (x, 0.0);
    while x < LARGE {
        before += 1.0 / x;
        x += 1.0;
    }
    let r = 1.0 / x;
    let tail = TERMS.iter().rev().fold(0.0, |sum, term| sum * r * r + term) * r * r;
    x.ln() - 0.5 * r - tail - before
}

/// The logarithm of `n`!, for `n` >= 0.
pub fn ln_factorial(n: f64) -> f64 {
    ln_gamma(n + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() <= 4e-15 * b.abs().max(1.0), "{a} is not {b}");
    }

    /// From tables: DLMF and Abramowitz and Stegun, and factorials.
    #[test]
    fn the_gamma_function_has_its_known_values() {
        close(ln_gamma(0.5), 0.5 * std::f64::consts::PI.ln());
        close(ln_gamma(1.0), 0.0);
        close(ln_gamma(2.0), 0.0);
        close(ln_gamma(11.0), 3_628_800f64.ln());
        close(ln_gamma(1e-5), 11.512_919_692_895_827);
        let factorial: f64 = (1..=170).map(|n| f64::from(n).ln()).sum();
        close(ln_gamma(171.0), factorial);
        let euler = 0.577_215_664_901_532_9;
        close(digamma(1.0), -euler);
        close(digamma(0.5), -euler - 2.0 * std::f64::consts::LN_2);
        close(digamma(101.0), (1..=100).map(|n| 1.0 / f64::from(n)).sum::<f64>() - euler);
    }

    #[test]
    fn digamma_is_the_slope_of_the_logarithm_of_gamma() {
        for x in [0.3, 1.7, 9.99, 10.01, 55.5, 1234.5] {
            let step = 1e-5 * x;
            let slope = (ln_gamma(x + step) - ln_gamma(x - step)) / (2.0 * step);
            assert!((slope - digamma(x)).abs() < 1e-8 * (1.0 + digamma(x).abs()), "{x}");
        }
    }
}
