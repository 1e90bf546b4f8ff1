//! Irregularity: smooth random fields on a disc, periodic in angle, drawn once per galaxy.

use rand::{Rng, SeedableRng, rngs::StdRng};
use rand_distr::StandardNormal;
use std::f64::consts::TAU;

/// The numbers of cells in angle and radius; both are powers of two, so that a mask can wrap indices.
const ANGLES: usize = 32;
const RADII: usize = 32;

/// A random field in log-polar coordinates with mean near 0 and variance near 1.
pub(crate) struct Texture {
    lattice: Vec<f32>,
}

impl Texture {
    pub fn new(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let lattice = (0..ANGLES * RADII).map(|_| rng.sample(StandardNormal)).collect();
        Self { lattice }
    }

    /// The field at an angle (any, radians) and a radial coordinate (any, one cell per unit), plus detail on
    /// half the scale at 0.6 times the strength.
    pub fn at(&self, theta: f64, radial: f64) -> f64 {
        let turn = theta / TAU * (ANGLES / 2) as f64;
        let coarse = self.octave(turn, radial, ANGLES / 2);
        let fine = self.octave(2.0 * turn, 2.0 * radial + 7.3, ANGLES);
        1.35 * (coarse + 0.6 * fine)
    }

    fn octave(&self, turn: f64, radial: f64, period: usize) -> f64 {
        let ((a, fa), (r, fr)) = (split(turn), split(radial));
        let (fa, fr) = (fade(fa), fade(fr));
        let (a0, a1) = (wrap(a, period), wrap(a + 1, period));
        let (r0, r1) = (wrap(r, RADII), wrap(r + 1, RADII));
        let value = |a: usize, r: usize| f64::from(self.lattice[r * ANGLES + a]);
        let low = value(a0, r0) * (1.0 - fa) + value(a1, r0) * fa;
        let high = value(a0, r1) * (1.0 - fa) + value(a1, r1) * fa;
        low * (1.0 - fr) + high * fr
    }
}

/// The floor of a value, and the remainder.
fn split(value: f64) -> (i64, f64) {
    // A cast is much faster than `floor`, and rounds towards zero.
    let whole = value as i64 - i64::from(value < 0.0);
    (whole, value - whole as f64)
}

/// A number modulo a power of two.
fn wrap(k: i64, period: usize) -> usize {
    k as usize & (period - 1)
}

fn fade(t: f64) -> f64 {
    t * t * (3.0 - 2.0 * t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_texture_is_periodic_in_angle_and_of_unit_variance() {
        let texture = Texture::new(5);
        let mut values = Vec::new();
        for k in 0..4000 {
            let (theta, radial) = (f64::from(k) * 0.737, f64::from(k) * 0.193);
            values.push(texture.at(theta, radial));
            assert!((texture.at(theta, radial) - texture.at(theta + TAU, radial)).abs() < 1e-6);
        }
        let variance = values.iter().map(|v| v * v).sum::<f64>() / values.len() as f64;
        assert!((0.5..2.0).contains(&variance), "{variance}");
    }
}
