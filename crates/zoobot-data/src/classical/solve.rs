//! Roots and minima, as scipy finds them.

/// A root of a function between two places where it has different signs, to within 1e-7.
pub fn root(mut low: f64, mut high: f64, mut function: impl FnMut(f64) -> f64) -> f64 {
    let (mut at_low, mut at_high) = (function(low), function(high));
    if at_low == 0.0 {
        return low;
    }
    // The Illinois method: a secant that cannot get stuck.
    let mut side = 0;
    for _ in 0..100 {
        if (high - low).abs() < 1e-7 || at_high == 0.0 {
            break;
        }
        let secant = (low * at_high - high * at_low) / (at_high - at_low);
        let place = if secant.is_finite() { secant } else { 0.5 * (low + high) };
        let value = function(place);
        if value == 0.0 {
            return place;
        }
        if (value > 0.0) == (at_high > 0.0) {
            (high, at_high) = (place, value);
            if side == 1 {
                at_low *= 0.5;
            }
            side = 1;
        } else {
            (low, at_low) = (place, value);
            if side == -1 {
                at_high *= 0.5;
            }
            side = -1;
        }
    }
    if at_low.abs() < at_high.abs() { low } else { high }
}

/// The minimum of a function of two numbers by the simplex of Nelder and Mead (1965), with scipy's first simplex and its
/// limits of 1e-6 in place and 1e-4 in value.
pub fn minimum(start: [f64; 2], mut function: impl FnMut([f64; 2]) -> f64) -> [f64; 2] {
    let mut simplex: Vec<([f64; 2], f64)> = vec![(start, function(start))];
    for axis in 0..2 {
        let mut place = start;
        place[axis] = if place[axis] != 0.0 { 1.05 * place[axis] } else { 0.00025 };
        simplex.push((place, function(place)));
    }
    let by_value = |a: &([f64; 2], f64), b: &([f64; 2], f64)| a.1.total_cmp(&b.1);
    simplex.sort_by(by_value);
    for _ in 0..400 {
        let best = simplex[0];
        let near = simplex[1..].iter().all(|(place, value)| {
            let apart = (0..2).map(|axis| (place[axis] - best.0[axis]).abs()).fold(0.0, f64::max);
            apart <= 1e-6 && (value - best.1).abs() <= 1e-4
        });
        if near {
            break;
        }
        let worst = simplex[2];
        let middle = [0, 1].map(|axis| 0.5 * (simplex[0].0[axis] + simplex[1].0[axis]));
        // The point `factor` times as far from the middle as the worst, on the other side.
        let toward =
            |factor: f64| [0, 1].map(|axis| (1.0 + factor) * middle[axis] - factor * worst.0[axis]);
        let reflected = toward(1.0);
        let value = function(reflected);
        let mut shrink = false;
        if value < simplex[0].1 {
            let expanded = toward(2.0);
            let far = function(expanded);
            simplex[2] = if far < value { (expanded, far) } else { (reflected, value) };
        } else if value < simplex[1].1 {
            simplex[2] = (reflected, value);
        } else if value < worst.1 {
            let contracted = toward(0.5);
            let inner = function(contracted);
            if inner <= value { simplex[2] = (contracted, inner) } else { shrink = true }
        } else {
            let contracted = toward(-0.5);
            let inner = function(contracted);
            if inner < worst.1 { simplex[2] = (contracted, inner) } else { shrink = true }
        }
        if shrink {
            for point in &mut simplex[1..] {
                let place = [0, 1].map(|axis| best.0[axis] + 0.5 * (point.0[axis] - best.0[axis]));
                *point = (place, function(place));
            }
        }
        simplex.sort_by(by_value);
    }
    simplex[0].0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_and_minima_of_known_functions_are_found() {
        assert!((root(0.0, 2.0, |x| 2.0 - x * x) - 2_f64.sqrt()).abs() < 1e-6);
        assert!((root(0.0, 10.0, |x| (-x).exp() - 0.001) - 1000_f64.ln()).abs() < 1e-6);
        let bowl = |[x, y]: [f64; 2]| (x - 3.0).powi(2) + 2.0 * (y + 1.5).powi(2) + x * y * 0.1;
        let [x, y] = minimum([10.0, 7.0], bowl);
        // Where the derivatives vanish.
        assert!(
            (2.0 * (x - 3.0) + 0.1 * y).abs() < 1e-4 && (4.0 * (y + 1.5) + 0.1 * x).abs() < 1e-4
        );
    }
}
