//! The probability that an answer is the most common one, given a Dirichlet posterior.

use zoobot_base::special::beta::Beta;
use zoobot_base::special::ln_gamma;

/// The number of points of the integral.
const POINTS: usize = 256;

/// The place of the answer with the highest concentration, and the probability that its vote fraction is the
/// highest of all, for fractions with a Dirichlet distribution.
///
/// With two answers it is a Beta distribution's probability above 1/2. With more, fractions are gamma variables over
/// their sum, so it is the integral of the gamma density of the leader times the probability that each other gamma
/// variable is smaller, taken over the logarithm by the trapezoidal rule.
pub fn leader(concentrations: &[f64]) -> (usize, f64) {
    let all = concentrations.iter().enumerate();
    // The first of equal ones.
    let first =
        |best: (usize, f64), it: (usize, &f64)| if *it.1 > best.1 { (it.0, *it.1) } else { best };
    let (leader, a) = all.fold((0, f64::MIN), first);
    if let [one, other] = *concentrations {
        let own = if leader == 0 { one } else { other };
        return (leader, 1.0 - Beta::new(own, one + other - own).cdf(0.5).0);
    }
    let others: Vec<f64> =
        concentrations.iter().enumerate().filter(|it| it.0 != leader).map(|it| *it.1).collect();
    let (low, high) =
        (a.ln() - 9.0 / a.sqrt() - 40.0 / a, a.ln() + (1.0 + 12.0 / a.sqrt() + 40.0 / a).ln());
    let step = (high - low) / POINTS as f64;
    let ln_gamma_a = ln_gamma(a);
    let mut sum = 0.0;
    for point in 0..=POINTS {
        let u = low + step * point as f64;
        let density = (a * u - u.exp() - ln_gamma_a).exp();
        if density > 1e-18 {
            sum +=
                density * others.iter().map(|other| gamma_below(*other, u.exp())).product::<f64>();
        }
    }
    (leader, (sum * step).clamp(0.0, 1.0))
}

/// The probability that a gamma variable with shape `a` (above 0) and scale 1 is at most `x`: the regularised lower
/// incomplete gamma function, by its series (DLMF 8.7.1) below a + 1 and its continued fraction (DLMF 8.9.2) above.
fn gamma_below(a: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    if x <= 0.0 {
        return 0.0;
    }
    let front = (a * x.ln() - x - ln_gamma(a)).exp();
    if x < a + 1.0 {
        let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
        while term > sum * 1e-16 {
            n += 1.0;
            term *= x / n;
            sum += term;
        }
        return front * sum;
    }
    let mut b = x + 1.0 - a;
    let (mut c, mut d) = (1.0 / TINY, 1.0 / b);
    let mut fraction = d;
    for step in 1..10_000 {
        let step = f64::from(step);
        let an = -step * (step - a);
        b += 2.0;
        let away = |value: f64| if value.abs() < TINY { TINY } else { value };
        d = 1.0 / away(an * d + b);
        c = away(b + an / c);
        fraction *= d * c;
        if (d * c - 1.0).abs() < 1e-15 {
            break;
        }
    }
    1.0 - front * fraction
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;
    use rand_distr::{Distribution, Gamma};

    #[test]
    fn the_probability_is_that_of_closed_forms_and_of_draws() {
        // Beta(5, 1): P(fraction > 1/2) = 1 - 1/32.
        assert_eq!(leader(&[1.0, 5.0]).0, 1);
        assert!((leader(&[5.0, 1.0]).1 - 31.0 / 32.0).abs() < 1e-12);
        // Equal ones are equally likely, and the third answer of two adds nothing if it is as good as never given.
        for (a, k) in [(1.0, 3), (0.3, 5), (40.0, 4)] {
            let (first, chance) = leader(&vec![a; k]);
            assert!(first == 0 && (chance - 1.0 / k as f64).abs() < 1e-6, "{a} {k}: {chance}");
        }
        assert!((leader(&[5.0, 1.0, 1e-6]).1 - 31.0 / 32.0).abs() < 1e-4);
        // gamma(1, 1) is the exponential distribution; gamma(2, 1): 1 - (1 + x) e^-x.
        for x in [0.01_f64, 0.7, 2.0, 3.5, 30.0] {
            assert!((gamma_below(1.0, x) - (1.0 - (-x).exp())).abs() < 1e-14);
            assert!((gamma_below(2.0, x) - (1.0 - (1.0 + x) * (-x).exp())).abs() < 1e-14);
        }
        let mut draw = StdRng::seed_from_u64(1);
        for alphas in [vec![4.0, 2.5, 1.0], vec![0.6, 0.5, 0.2, 0.1], vec![12.0, 10.0, 9.0]] {
            let gammas: Vec<Gamma<f64>> =
                alphas.iter().map(|a| Gamma::new(*a, 1.0).unwrap()).collect();
            let wins = (0..200_000).filter(|_| {
                let all: Vec<f64> = gammas.iter().map(|it| it.sample(&mut draw)).collect();
                all[1..].iter().all(|it| *it < all[0])
            });
            let drawn = wins.count() as f64 / 200_000.0;
            let (first, chance) = leader(&alphas);
            assert!(first == 0 && (chance - drawn).abs() < 0.005, "{alphas:?}: {chance} {drawn}");
        }
    }
}
