//! Light profiles, as functions of position that integrate to a flux of 1: the Sérsic profile, the
//! exponential disc, and the pattern of logarithmic arms.

use super::morphology::{Arms, Spheroid};
use std::f64::consts::{PI, TAU};
use zoobot_base::special::ln_gamma;

/// A Sérsic profile with total flux 1 and elliptical or boxy isophotes.
///
/// I(r) = I_e exp(-b ((r / R_e)^(1/n) - 1)), with b from Ciotti & Bertin (1999), eq. 18.
#[derive(Debug, Clone)]
pub(crate) struct Sersic {
    radius: f64,
    index: f64,
    axis_ratio: f64,
    boxy: bool,
    cos: f64,
    sin: f64,
    b: f64,
    amplitude: f64,
    /// The profile relative to its central value, at even steps of (r / R_e)^(1/4), in which it is smooth.
    table: Vec<f32>,
    /// Table steps per unit.
    steps: f64,
}

impl Sersic {
    /// Creates a profile from its half-light semi-major axis, index, axis ratio and major-axis direction.
    pub fn new(radius: f64, index: f64, axis_ratio: f64, angle: f64) -> Self {
        Self::superelliptic(radius, index, axis_ratio, angle, false)
    }

    /// Creates a boxy profile, with isophotes x⁴ + (y/q)⁴ = const.
    pub fn boxy(radius: f64, index: f64, axis_ratio: f64, angle: f64) -> Self {
        Self::superelliptic(radius, index, axis_ratio, angle, true)
    }

    fn superelliptic(radius: f64, index: f64, axis_ratio: f64, angle: f64, boxy: bool) -> Self {
        const ENTRIES: usize = 320;
        let n = index;
        let b = 2.0 * n - 1.0 / 3.0 + 4.0 / (405.0 * n) + 46.0 / (25515.0 * n * n);
        // Area of |x|^c + |y/q|^c < 1 over q: π for an ellipse, 4 Γ(5/4)² / Γ(3/2) for c = 4.
        let area = axis_ratio * if boxy { 3.708_149_354_602_744 } else { PI };
        // ∫ I dA = 2 n area R_e² b^(-2n) Γ(2n) × amplitude.
        let flux = 2.0 * n * area * radius * radius * (ln_gamma(2.0 * n) - 2.0 * n * b.ln()).exp();
        let (sin, cos) = angle.sin_cos();
        // The table ends where the profile has fallen by e^-10 from its value at R_e.
        let end = ((b + 10.0) / b).powf(n / 4.0);
        let steps = (ENTRIES - 1) as f64 / end;
        let entry = |k: usize| (-b * (k as f64 / steps).powf(4.0 / n)).exp() as f32;
        let table = (0..ENTRIES).map(entry).collect();
        let amplitude = 1.0 / flux;
        Self { radius, index, axis_ratio, boxy, cos, sin, b, amplitude, table, steps }
    }

    /// The semi-major axis at which a source with a given total flux falls to a surface brightness; 0 if it
    /// is fainter everywhere.
    pub fn reach(&self, flux: f64, brightness: f64) -> f64 {
        let exponent = (self.amplitude * flux / brightness).ln().max(0.0);
        self.radius * (exponent / self.b).powf(self.index)
    }

    /// Surface brightness at a position relative to the centre.
    pub fn at(&self, x: f64, y: f64) -> f64 {
        let u = x * self.cos + y * self.sin;
        let v = (y * self.cos - x * self.sin) / self.axis_ratio;
        let (uu, vv) = (u * u, v * v);
        let r = if self.boxy { (uu * uu + vv * vv).sqrt().sqrt() } else { (uu + vv).sqrt() };
        let at = (r / self.radius).sqrt().sqrt() * self.steps;
        let k = at as usize;
        match self.table.get(k..k + 2) {
            Some(&[here, next]) => {
                let (here, next) = (f64::from(here), f64::from(next));
                self.amplitude * (here + (next - here) * (at - k as f64))
            }
            _ => 0.0,
        }
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
    /// Creates a plane from the direction of the line of nodes and the apparent axis ratio of a circle in it.
    pub fn new(angle: f64, axis_ratio: f64) -> Self {
        let (sin, cos) = angle.sin_cos();
        Self { cos, sin, axis_ratio }
    }

    /// Projects from the sky to the plane.
    pub fn in_plane(&self, x: f64, y: f64) -> (f64, f64) {
        (x * self.cos + y * self.sin, (y * self.cos - x * self.sin) / self.axis_ratio)
    }

    /// Projects from the plane to the sky.
    pub fn on_sky(&self, u: f64, v: f64) -> (f64, f64) {
        let v = v * self.axis_ratio;
        (u * self.cos - v * self.sin, u * self.sin + v * self.cos)
    }
}

/// The factor that normalises `profile(R)`, a surface density up to the radius `limit`, to a total of 1.
pub(crate) fn normalisation(limit: f64, profile: impl Fn(f64) -> f64) -> f64 {
    const STEPS: usize = 200;
    let step = limit / STEPS as f64;
    let total: f64 =
        (0..STEPS).map(|k| (k as f64 + 0.5) * step).map(|r| TAU * r * profile(r) * step).sum();
    if total > 0.0 { 1.0 / total } else { 0.0 }
}

/// The modulation of the disc by its arms.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ArmPattern {
    pub arms: Arms,
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
        // An irregular course: the crest moves to and fro along the arm, less if there are more arms.
        let bend = a.wobble * (2.7 * along + 3.0 * a.phase).sin();
        a.number as f64 * (theta - a.phase - along * self.winding - bend)
    }

    /// The strength of the pattern at a radius: 1 within the arms, 0 inside their start and beyond their end.
    pub fn strength(&self, radius: f64) -> f64 {
        let a = &self.arms;
        smoothstep(0.6 * a.start, 1.1 * a.start, radius)
            * (1.0 - smoothstep(0.65 * a.end, 1.25 * a.end, radius))
    }

    /// The modulation of the young stars, with a mean of 1 over a circle.
    pub fn stars(&self, phase: f64, theta: f64, strength: f64) -> f64 {
        let a = &self.arms;
        let crest = (a.sharpness * (phase.cos() - 1.0)).exp() / self.mean;
        let side = 1.0 + a.lopsided * (theta - 2.0 * a.phase).cos();
        let s = a.contrast * strength;
        1.0 - s + s * crest * side
    }

    /// The concentration of dust in the lanes along the arms' inner edges, with a mean of 1.
    pub fn dust(&self, phase: f64, strength: f64) -> f64 {
        // If the pitch is positive, a smaller radius at a given angle means a larger phase.
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

/// The mass of a singular isothermal ellipsoid (Kormann, Schneider & Bartelmann 1994, A&A 284, 285).
#[derive(Debug, Clone, Copy)]
pub(crate) struct IsothermalLens {
    plane: Plane,
    axis_ratio: f64,
    /// √(1 - q²); `strength` is the Einstein radius divided by it, times √q.
    flattening: f64,
    strength: f64,
}

impl IsothermalLens {
    /// Creates a lens from the Einstein radius, the axis ratio of the mass and its major-axis direction.
    pub fn new(einstein_radius: f64, axis_ratio: f64, angle: f64) -> Self {
        // The closed form is 0/0 for a circle: the limit is visually indistinguishable from one.
        let q = axis_ratio.clamp(0.1, 0.999);
        let flattening = (1.0 - q * q).sqrt();
        let strength = einstein_radius * q.sqrt() / flattening;
        Self { plane: Plane::new(angle, 1.0), axis_ratio: q, flattening, strength }
    }

    /// The deflection of light that arrives at a position, in both coordinates.
    pub fn deflection(&self, x: f64, y: f64) -> (f64, f64) {
        let (u, v) = self.plane.in_plane(x, y);
        let radius = (self.axis_ratio * u).hypot(v).max(1e-9);
        let f = self.flattening;
        let along = self.strength * (f * u / radius).atan();
        let across = self.strength * (f * v / radius).atanh();
        self.plane.on_sky(along, across)
    }
}

/// A smooth step: 0 below `from`, 1 above `to`.
pub(crate) fn smoothstep(from: f64, to: f64, x: f64) -> f64 {
    let t = ((x - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_a_sersic_profile_agrees_with_its_formula() {
        for index in [0.55, 1.0, 2.5, 4.0, 6.0] {
            let profile = Sersic::new(3.0, index, 1.0, 0.0);
            let effective = profile.at(3.0, 0.0);
            for r in [0.03, 0.3, 1.0, 2.0, 4.0, 6.0f64] {
                let expected = (-profile.b * ((r / 3.0).powf(1.0 / index) - 1.0)).exp();
                let ratio = profile.at(0.0, r) / effective / expected;
                assert!((ratio - 1.0).abs() < 0.01, "n {index}, r {r}: {ratio}");
            }
        }
    }

    #[test]
    fn a_boxy_profile_has_its_light_and_its_corners() {
        let profile = Sersic::boxy(4.0, 1.0, 0.5, 0.0);
        let mut sum = 0.0;
        for i in -400..400 {
            for j in -400..400 {
                sum += profile.at(0.1 * f64::from(i), 0.1 * f64::from(j)) * 0.01;
            }
        }
        assert!((sum - 1.0).abs() < 0.01, "{sum}");
        // On the diagonal of its frame, an ellipse's isophote is closer to the centre.
        let round = Sersic::new(4.0, 1.0, 0.5, 0.0);
        let corner = |s: &Sersic| s.at(4.0, 2.0) / s.at(4.0, 0.0);
        assert!(corner(&profile) > 1.2 * corner(&round));
    }

    #[test]
    fn a_round_lens_bends_by_its_einstein_radius_and_a_flat_one_by_as_much_on_the_average() {
        let round = IsothermalLens::new(3.0, 1.0, 0.4);
        for (x, y) in [(1.0, 0.0), (-4.0, 2.0), (0.5, -9.0f64)] {
            let (dx, dy) = round.deflection(x, y);
            let r = x.hypot(y);
            assert!((dx - 3.0 * x / r).abs() < 5e-3 && (dy - 3.0 * y / r).abs() < 5e-3);
        }
        // The enclosed mass causes the deflection: its outward component integrated over a wide circle is the
        // mass within it, whatever its shape.
        let flat = IsothermalLens::new(3.0, 0.6, 0.0);
        let outward = |k: usize| {
            let (sin, cos) = (TAU * k as f64 / 360.0).sin_cos();
            let (dx, dy) = flat.deflection(50.0 * cos, 50.0 * sin);
            dx * cos + dy * sin
        };
        let mean = (0..360).map(outward).sum::<f64>() / 360.0;
        assert!((mean / 3.0 - 1.0).abs() < 0.05, "{mean}");
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
            flocculence: 0.0,
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
