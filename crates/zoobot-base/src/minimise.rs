//! The minimum of a smooth function of a few variables within bounds: L-BFGS (Nocedal & Wright 2006,
//! algorithm 7.4) over the variables that no bound holds, with steps clipped to the bounds and shortened
//! until they descend enough (Armijo), as in Bertsekas 1982, SIAM J. Control 20, 221.

use crate::error::Result;
use std::collections::VecDeque;

/// The number of pairs of step and change of gradient that L-BFGS keeps.
const MEMORY: usize = 10;
/// The maximum number of steps; about ten are usual.
const STEPS: usize = 200;
/// The maximum length of a step along any variable.
const FARTHEST: f64 = 3.0;
/// The maximum number of trials along one direction.
const TRIALS: usize = 25;

/// Where a search ended.
#[derive(Debug, Clone)]
pub struct Minimum {
    pub at: Vec<f64>,
    pub value: f64,
}

/// When to stop: below either threshold.
#[derive(Debug, Clone, Copy)]
pub struct Enough {
    /// The largest component of the gradient.
    pub slope: f64,
    /// The decrease of the value in the last step.
    pub gain: f64,
}

/// The minimum near `start`, which is first clamped to the bounds (equal for all variables).
/// `function` returns value and gradient; where it fails, the value counts as infinite.
///
/// # Errors
/// When the function fails at the start.
pub fn minimise(
    start: &[f64],
    bounds: (f64, f64),
    enough: Enough,
    mut function: impl FnMut(&[f64]) -> Result<(f64, Vec<f64>)>,
) -> Result<Minimum> {
    let (low, high) = bounds;
    let mut at: Vec<f64> = start.iter().map(|value| value.clamp(low, high)).collect();
    let (mut value, mut slope) = function(&at)?;
    let mut memory: VecDeque<(Vec<f64>, Vec<f64>)> = VecDeque::new();
    for _ in 0..STEPS {
        let free: Vec<bool> = at
            .iter()
            .zip(&slope)
            .map(|(&x, &g)| !(x <= low && g > 0.0 || x >= high && g < 0.0))
            .collect();
        let open = |values: &[f64]| -> Vec<f64> {
            values.iter().zip(&free).map(|(&v, &free)| if free { v } else { 0.0 }).collect()
        };
        let steepest = open(&slope);
        if steepest.iter().all(|part| part.abs() < enough.slope) {
            break;
        }
        let pairs: Vec<(Vec<f64>, Vec<f64>)> =
            memory.iter().map(|(step, change)| (open(step), open(change))).collect();
        let mut direction = quasi_newton(&steepest, &pairs);
        if dot(&direction, &steepest) > -1e-12 * dot(&steepest, &steepest) {
            memory.clear();
            direction = quasi_newton(&steepest, &[]);
        }
        let longest = direction.iter().fold(0.0_f64, |longest, part| longest.max(part.abs()));
        let mut length = (FARTHEST / longest).min(1.0);
        let mut next = None;
        for _ in 0..TRIALS {
            let there: Vec<f64> = at
                .iter()
                .zip(&direction)
                .map(|(x, step)| (x + length * step).clamp(low, high))
                .collect();
            let step: Vec<f64> = there.iter().zip(&at).map(|(a, b)| a - b).collect();
            let expected = dot(&step, &slope);
            match function(&there) {
                Ok((new, there_slope)) if new <= value + 1e-4 * expected => {
                    next = Some((there, step, new, there_slope));
                    break;
                }
                // The minimum of the parabola given by both values and the slope.
                Ok((new, _)) if new.is_finite() && expected < 0.0 => {
                    let best = -0.5 * expected / (new - value - expected);
                    length *= best.clamp(0.1, 0.5);
                }
                _ => length *= 0.2,
            }
        }
        let Some((there, step, new, there_slope)) = next else {
            if memory.is_empty() {
                break;
            }
            memory.clear();
            continue;
        };
        let change: Vec<f64> = there_slope.iter().zip(&slope).map(|(a, b)| a - b).collect();
        if dot(&step, &change) > 1e-10 * dot(&change, &change) {
            memory.push_back((step, change));
            if memory.len() > MEMORY {
                memory.pop_front();
            }
        }
        let gain = value - new;
        (at, value, slope) = (there, new, there_slope);
        if gain < enough.gain {
            break;
        }
    }
    Ok(Minimum { at, value })
}

/// Minus the approximate inverse Hessian times the gradient.
fn quasi_newton(slope: &[f64], pairs: &[(Vec<f64>, Vec<f64>)]) -> Vec<f64> {
    let mut direction: Vec<f64> = slope.iter().map(|part| -part).collect();
    let useful: Vec<_> = pairs.iter().filter(|(step, change)| dot(step, change) > 0.0).collect();
    let mut factors = Vec::new();
    for (step, change) in useful.iter().rev() {
        let factor = dot(step, &direction) / dot(step, change);
        add(&mut direction, -factor, change);
        factors.push(factor);
    }
    match useful.last() {
        Some((step, change)) => {
            let scale = dot(step, change) / dot(change, change);
            direction.iter_mut().for_each(|part| *part *= scale);
        }
        None => {
            let length = dot(slope, slope).sqrt();
            direction.iter_mut().for_each(|part| *part /= length.max(1.0));
        }
    }
    for ((step, change), factor) in useful.iter().zip(factors.iter().rev()) {
        let other = dot(change, &direction) / dot(step, change);
        add(&mut direction, factor - other, step);
    }
    direction
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(to: &mut [f64], times: f64, what: &[f64]) {
    to.iter_mut().zip(what).for_each(|(to, what)| *to += times * what);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    const ENOUGH: Enough = Enough { slope: 1e-8, gain: 0.0 };

    fn rosenbrock(x: &[f64]) -> Result<(f64, Vec<f64>)> {
        let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
        Ok((a * a + 100.0 * b * b, vec![-2.0 * a - 400.0 * x[0] * b, 200.0 * b]))
    }

    #[test]
    fn a_bent_valley_is_followed_to_its_end_and_to_a_bound() {
        let found = minimise(&[-1.2, 1.0], (-5.0, 5.0), ENOUGH, rosenbrock).unwrap();
        assert!(found.at.iter().all(|x| (x - 1.0).abs() < 1e-6), "{found:?}");
        let found = minimise(&[-1.2, 0.3], (-5.0, 0.5), ENOUGH, rosenbrock).unwrap();
        assert!((found.at[0] - 0.5).abs() < 1e-9 && (found.at[1] - 0.25).abs() < 1e-6);
    }

    #[test]
    fn a_cliff_is_not_stepped_over_and_one_at_the_start_is_an_error() {
        let cliff = |x: &[f64]| match x[0] > 0.0 {
            true => Ok((x[0] - x[0].ln(), vec![1.0 - 1.0 / x[0]])),
            false => Err(Error::parameter("x", x[0], "above 0")),
        };
        let found = minimise(&[3.0], (-10.0, 10.0), ENOUGH, cliff).unwrap();
        assert!((found.at[0] - 1.0).abs() < 1e-7, "{found:?}");
        assert!(minimise(&[-1.0], (-10.0, 10.0), ENOUGH, cliff).is_err());
    }
}
