//! Beta distributions of the vote fraction of one answer, given its concentration `a` and the
//! concentration `b` of all other answers; and equal mixtures of such distributions.

use super::ln_gamma;

/// A Beta distribution with given `a` and `b`, both above 0.
///
/// ```
/// use zoobot_base::special::beta::Beta;
/// let (below, density) = Beta::new(1.0, 1.0).cdf(0.25);
/// assert!((below - 0.25).abs() < 1e-12 && (density - 1.0).abs() < 1e-12);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Beta {
    a: f64,
    b: f64,
    /// The logarithm of the Beta function of a and b.
    ln_beta: f64,
}

impl Beta {
    /// The distribution with these parameters, both above 0.
    pub fn new(a: f64, b: f64) -> Self {
        Self { a, b, ln_beta: ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b) }
    }

    /// The probability of a vote fraction up to `x`, and its derivative, the density at `x`.
    ///
    /// The regularised incomplete Beta function by its continued fraction (DLMF 8.17.22), evaluated
    /// by the modified Lentz method on the side of the mean where it converges fast.
    pub fn cdf(&self, x: f64) -> (f64, f64) {
        if x <= 0.0 || x >= 1.0 {
            return (if x <= 0.0 { 0.0 } else { 1.0 }, 0.0);
        }
        let Self { a, b, ln_beta } = *self;
        let front = (a * x.ln() + b * (-x).ln_1p() - ln_beta).exp();
        let density = front / (x * (1.0 - x));
        let below = if x < (a + 1.0) / (a + b + 2.0) {
            front * fraction(a, b, x) / a
        } else {
            1.0 - front * fraction(b, a, 1.0 - x) / b
        };
        (below, density)
    }

    fn mean(&self) -> f64 {
        self.a / (self.a + self.b)
    }
}

/// The continued fraction of the incomplete Beta function.
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    // Convergence takes about the square root of the larger parameter; votes need far fewer steps.
    const STEPS: u32 = 10_000;
    let away = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut product = d;
    for step in 1..STEPS {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away(1.0 + even * d);
        c = away(1.0 + even / c);
        product *= d * c;
        d = 1.0 / away(1.0 + odd * d);
        c = away(1.0 + odd / c);
        let change = d * c;
        product *= change;
        if (change - 1.0).abs() < 1e-15 {
            break;
        }
    }
    product
}

/// The `p` quantile of the equal mixture of `members`: the point at which the mean cumulative
/// distribution is `p`, by Newton's method within a shrinking bracket. NaN without members.
pub fn quantile(members: &[Beta], p: f64) -> f64 {
    let count = members.len() as f64;
    let (mut low, mut high) = (0.0, 1.0);
    let mut x = start(members, p);
    for _ in 0..200 {
        let (sum, slope) = members.iter().fold((0.0, 0.0), |(sum, slope), member| {
            let (below, density) = member.cdf(x);
            (sum + below, slope + density)
        });
        let excess = sum / count - p;
        if excess > 0.0 {
            high = x;
        } else {
            low = x;
        }
        let next = x - excess * count / slope;
        let next = if next > low && next < high { next } else { 0.5 * (low + high) };
        let step = (next - x).abs();
        x = next;
        if step <= 1e-12 * x.min(1.0 - x) || high - low < 1e-15 {
            break;
        }
    }
    x
}

/// A first guess of the quantile: from a normal distribution of the logit, with the moments of the
/// mixture by the delta method.
fn start(members: &[Beta], p: f64) -> f64 {
    let count = members.len() as f64;
    let logit = |it: &Beta| (it.a / it.b).ln();
    let centre = members.iter().map(logit).sum::<f64>() / count;
    let spread = |it: &Beta| 1.0 / it.a + 1.0 / it.b + (logit(it) - centre).powi(2);
    let width = (members.iter().map(spread).sum::<f64>() / count).sqrt();
    let x = 1.0 / (1.0 + (-(centre + normal_quantile(p) * width)).exp());
    let middle = members.iter().map(Beta::mean).sum::<f64>() / count;
    if x.is_finite() && x > 0.0 && x < 1.0 { x } else { middle }
}

/// The quantile of the standard normal distribution to three digits (Abramowitz and Stegun 26.2.23),
/// which is enough for a first guess.
fn normal_quantile(p: f64) -> f64 {
    let tail = p.min(1.0 - p).max(1e-300);
    let t = (-2.0 * tail.ln()).sqrt();
    let z = t
        - (2.515_517 + t * (0.802_853 + t * 0.010_328))
            / (1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308)));
    if p < 0.5 { -z } else { z }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// If a and b are whole numbers, the distribution is a sum of binomial terms.
    #[test]
    fn the_cumulative_distribution_is_the_binomial_sum() {
        for (a, b) in [(1, 1), (2, 5), (30, 3), (101, 400), (1, 300)] {
            let beta = Beta::new(f64::from(a), f64::from(b));
            for x in [0.001, 0.03, 0.2, 0.5, 0.77, 0.95, 0.999f64] {
                let n = a + b - 1;
                let term = |k: i32| {
                    let choose = ln_gamma(f64::from(n + 1))
                        - ln_gamma(f64::from(k + 1))
                        - ln_gamma(f64::from(n - k + 1));
                    (choose + f64::from(k) * x.ln() + f64::from(n - k) * (-x).ln_1p()).exp()
                };
                let sum: f64 = (a..=n).map(term).sum();
                let (below, _) = beta.cdf(x);
                assert!((below - sum).abs() < 1e-12, "Beta({a}, {b}) at {x}: {below}, not {sum}");
            }
        }
    }

    #[test]
    fn the_quantile_is_where_the_mean_distribution_has_its_probability() {
        let mixtures: [&[(f64, f64)]; 5] = [
            &[(1.5, 60.0)],
            &[(1.0001, 1.0001)],
            &[(101.0, 1.0), (1.0, 101.0)],
            &[(1.0, 500.0), (2.0, 40.0), (90.0, 3.0)],
            &[(100.9, 505.0); 5],
        ];
        for mixture in mixtures {
            let members: Vec<Beta> = mixture.iter().map(|(a, b)| Beta::new(*a, *b)).collect();
            for p in [1e-6, 0.05, 0.3, 0.5, 0.95, 0.999] {
                let x = quantile(&members, p);
                let mean = members.iter().map(|it| it.cdf(x).0).sum::<f64>() / members.len() as f64;
                assert!((mean - p).abs() < 1e-10, "{mixture:?} at {p}: {x} gives {mean}");
            }
        }
    }

    #[test]
    fn the_density_integrates_to_the_distribution() {
        let beta = Beta::new(3.5, 7.25);
        let steps = 200_000;
        let width = 0.4 / f64::from(steps);
        let sum: f64 = (0..steps).map(|i| beta.cdf((f64::from(i) + 0.5) * width).1 * width).sum();
        assert!((sum - beta.cdf(0.4).0).abs() < 1e-9);
    }
}
