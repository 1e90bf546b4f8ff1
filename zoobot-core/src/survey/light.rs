//! The shapes of light, as functions of position that integrate to a flux of 1: the Sérsic
//! profile, the exponential disc, and the pattern of logarithmic arms.

use super::morphology::{Arms, Spheroid};
use std::f64::consts::{PI, TAU};

/// A Sérsic profile of total flux 1 with (super)elliptical isophotes.
///
/// I(r) = I_e exp(-b ((r / R_e)^(1/n) - 1)), with b from Ciotti & Bertin (1999), eq. 18.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sersic {
    radius: f64,
    index: f64,
    axis_ratio: f64,
    boxiness: f64,
    cos: f64,
    sin: f64,
    b: f64,
    amplitude: f64,
}

impl Sersic {
    /// Half-light semi-major axis, index, axis ratio and direction of the major axis.
    pub fn new(radius: f64, index: f64, axis_ratio: f64, angle: f64) -> Self {
        Self::boxy(radius, index, axis_ratio, angle, 2.0)
    }

    /// The same with isophotes |x|^c + |y/q|^c = const: c = 2 is an ellipse, c = 4 a box.
    pub fn boxy(radius: f64, index: f64, axis_ratio: f64, angle: f64, c: f64) -> Self {
        let n = index;
        let b = 2.0 * n - 1.0 / 3.0 + 4.0 / (405.0 * n) + 46.0 / (25515.0 * n * n);
        // Area inside an isophote of semi-axes a and q a, over a².
        let area =
            4.0 * axis_ratio * (2.0 * ln_gamma(1.0 + 1.0 / c) - ln_gamma(1.0 + 2.0 / c)).exp();
        // ∫ I dA = 2 n area R_e² b^(-2n) Γ(2n) × amplitude.
        let flux = 2.0 * n * area * radius * radius * (ln_gamma(2.0 * n) - 2.0 * n * b.ln()).exp();
        let (sin, cos) = angle.sin_cos();
        Self { radius, index, axis_ratio, boxiness: c, cos, sin, b, amplitude: 1.0 / flux }
    }

    /// The semi-major axis at which a source of a total flux falls to a surface brightness; 0 when
    /// it is fainter everywhere.
    pub fn reach(&self, flux: f64, brightness: f64) -> f64 {
        let exponent = (self.amplitude * flux / brightness).ln().max(0.0);
        self.radius * (exponent / self.b).powf(self.index)
    }

    /// Surface brightness at a position from the centre.
    pub fn at(&self, x: f64, y: f64) -> f64 {
        let u = x * self.cos + y * self.sin;
        let v = (y * self.cos - x * self.sin) / self.axis_ratio;
        let r = if self.boxiness == 2.0 {
            (u * u + v * v).sqrt()
        } else {
            (u.abs().powf(self.boxiness) + v.abs().powf(self.boxiness)).powf(1.0 / self.boxiness)
        };
        let r = r / self.radius;
        let scaled = if self.index == 1.0 { r } else { r.powf(1.0 / self.index) };
        self.amplitude * (-self.b * scaled).exp()
    }
}

impl From<&Spheroid> for Sersic {
    fn from(s: &Spheroid) -> Self {
        Self::new(s.radius, s.index, s.axis_ratio, s.angle)
    }
}

/// The plane of an inclined disc.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plane {
    cos: f64,
    sin: f64,
    axis_ratio: f64,
}

impl Plane {
    /// From the direction of the line of nodes and the apparent axis ratio of a circle in it.
    pub fn new(angle: f64, axis_ratio: f64) -> Self {
        let (sin, cos) = angle.sin_cos();
        Self { cos, sin, axis_ratio }
    }

    /// From the sky to the plane.
    pub fn in_plane(&self, x: f64, y: f64) -> (f64, f64) {
        (x * self.cos + y * self.sin, (y * self.cos - x * self.sin) / self.axis_ratio)
    }

    /// From the plane to the sky.
    pub fn on_sky(&self, u: f64, v: f64) -> (f64, f64) {
        let v = v * self.axis_ratio;
        (u * self.cos - v * self.sin, u * self.sin + v * self.cos)
    }
}

/// The factor that gives `profile(R)`, a surface density of radius up to `limit`, a total of 1.
pub(crate) fn normalisation(limit: f64, profile: impl Fn(f64) -> f64) -> f64 {
    const STEPS: usize = 200;
    let step = limit / STEPS as f64;
    let total: f64 =
        (0..STEPS).map(|k| (k as f64 + 0.5) * step).map(|r| TAU * r * profile(r) * step).sum();
    if total > 0.0 { 1.0 / total } else { 0.0 }
}

/// How the arms modulate the disc.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ArmPattern {
    arms: Arms,
    winding: f64,
    mean: f64,
    dust_mean: f64,
}

/// Concentration of the dust lanes, thinner than the arms.
const LANE_SHARPNESS: f64 = 5.0;

impl ArmPattern {
    pub fn new(arms: Arms) -> Self {
        Self {
            arms,
            winding: 1.0 / arms.pitch.tan(),
            mean: crest_mean(arms.sharpness),
            dust_mean: crest_mean(LANE_SHARPNESS),
        }
    }

    /// Phase of the pattern: a multiple of 2π on the crests, θ = phase + ln(R / start) / tan(pitch).
    pub fn phase(&self, ln_radius: f64, theta: f64) -> f64 {
        let a = &self.arms;
        let along = ln_radius - a.start.ln();
        // An irregular course: the crest moves to and fro along the arm, less for more arms.
        let bend = a.wobble * (2.7 * along + 3.0 * a.phase).sin();
        a.number as f64 * (theta - a.phase - along * self.winding - bend)
    }

    /// How strong the pattern is at a radius: 0 inside its start, 1, and 0 again beyond its end.
    pub fn strength(&self, radius: f64) -> f64 {
        let a = &self.arms;
        smoothstep(0.6 * a.start, 1.1 * a.start, radius)
            * (1.0 - smoothstep(0.65 * a.end, 1.25 * a.end, radius))
    }

    /// The young stars' modulation, of mean 1 over a circle.
    pub fn stars(&self, phase: f64, theta: f64, strength: f64) -> f64 {
        let a = &self.arms;
        let crest = (a.sharpness * (phase.cos() - 1.0)).exp() / self.mean;
        let side = 1.0 + a.lopsided * (theta - 2.0 * a.phase).cos();
        let s = a.contrast * strength;
        1.0 - s + s * crest * side
    }

    /// The dust's concentration in the lanes along the arms' inner edges, of mean 1.
    pub fn dust(&self, phase: f64, strength: f64) -> f64 {
        // A smaller radius at the same angle is a larger phase when the pitch is positive.
        let lane = phase - 0.9 * self.arms.pitch.signum();
        let crest = (LANE_SHARPNESS * (lane.cos() - 1.0)).exp() / self.dust_mean;
        1.0 - strength + strength * crest
    }

    /// The angle of arm `k`'s crest at a radius.
    pub fn crest(&self, k: usize, radius: f64) -> f64 {
        let at_zero = self.phase(radius.ln(), 0.0);
        (TAU * k as f64 - at_zero) / self.arms.number as f64
    }
}

/// Mean over a circle of exp(s (cos φ - 1)).
fn crest_mean(sharpness: f64) -> f64 {
    const STEPS: usize = 64;
    (0..STEPS)
        .map(|k| (sharpness * ((TAU * k as f64 / STEPS as f64).cos() - 1.0)).exp())
        .sum::<f64>()
        / STEPS as f64
}

/// 0 below `from`, 1 above `to`, and smooth between.
pub(crate) fn smoothstep(from: f64, to: f64, x: f64) -> f64 {
    let t = ((x - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// The logarithm of Γ(x) for x > 0 (Stirling's series after a shift; 1e-10).
fn ln_gamma(x: f64) -> f64 {
    let mut shift = 0.0;
    let mut x = x;
    while x < 8.0 {
        shift -= x.ln();
        x += 1.0;
    }
    let inverse = 1.0 / x;
    let series = inverse / 12.0 - inverse.powi(3) / 360.0 + inverse.powi(5) / 1260.0;
    shift + (x - 0.5) * x.ln() - x + 0.5 * (2.0 * PI).ln() + series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gamma_agrees_with_factorials_and_the_half_integer() {
        for (x, gamma) in [(1.0, 1.0), (5.0, 24.0), (10.0, 362_880.0), (0.5, PI.sqrt())] {
            assert!((ln_gamma(x).exp() / gamma - 1.0f64).abs() < 1e-9, "{x}");
        }
    }

    #[test]
    fn arms_keep_the_flux_of_their_circle() {
        let arms = Arms {
            number: 3,
            pitch: 0.3,
            phase: 1.0,
            sharpness: 2.5,
            contrast: 0.8,
            start: 2.0,
            end: 20.0,
            wobble: 0.1,
            lopsided: 0.3,
        };
        let pattern = ArmPattern::new(arms);
        let mean = (0..3600)
            .map(|k| TAU * k as f64 / 3600.0)
            .map(|t| pattern.stars(pattern.phase(6f64.ln(), t), t, pattern.strength(6.0)))
            .sum::<f64>()
            / 3600.0;
        assert!((mean - 1.0).abs() < 1e-6, "{mean}");
    }
}
