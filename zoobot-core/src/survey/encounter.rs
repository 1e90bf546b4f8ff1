//! A merger by the restricted three-body method of Toomre & Toomre (1972, ApJ 178, 623): the stars
//! of two discs are test particles in the field of two masses that pass each other. Tails and
//! bridges come out by themselves.
//!
//! Units: the first disc's radius, its mass, and G = 1.

use super::morphology::Encounter;
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::f64::consts::TAU;

/// Stars followed, over both discs.
pub(crate) const STARS: usize = 4000;
const SOFTENING: f64 = 0.18;
const STEP: f64 = 0.03;
/// How long before the closest approach the discs are laid out.
const LEAD: f64 = 3.0;

type Vec3 = [f64; 3];

/// What is left of two discs, as seen: positions in units of the first disc's radius.
pub(crate) struct Wreck {
    /// Where the two nuclei are.
    pub nuclei: [[f64; 2]; 2],
    /// The stars.
    pub stars: Vec<Star>,
}

/// A star of a disc.
pub(crate) struct Star {
    /// Where it is.
    pub position: [f64; 2],
    /// The galaxy it came from, 0 or 1.
    pub host: usize,
    /// Distance from its host's nucleus, in the host's disc radii, before the encounter.
    pub before: f64,
    /// Distance now from the nearer nucleus, in disc radii.
    pub now: f64,
}

/// Follows the encounter to the time at which it is seen.
pub(crate) fn follow(encounter: &Encounter, seed: u64) -> Wreck {
    let mut rng = StdRng::seed_from_u64(seed);
    let masses = [1.0, encounter.mass_ratio];
    let radii = [1.0, encounter.mass_ratio.sqrt()];
    let path = orbit(encounter, masses);
    let (start, velocity) = path[0];
    let mut stars = Vec::with_capacity(STARS);
    for host in 0..2 {
        let share = masses[host] / (masses[0] + masses[1]);
        let (e1, e2) = basis(encounter.axes[host]);
        for _ in 0..(STARS as f64 * share) as usize {
            // An exponential disc of scale length 0.35 radii, cut at 1.2 radii.
            let before = loop {
                let r = -0.35 * (rng.random::<f64>() * rng.random::<f64>()).max(1e-12).ln();
                if (0.04..1.2).contains(&r) {
                    break r;
                }
            };
            let radius = before * radii[host];
            let soft = (radius * radius + SOFTENING * SOFTENING).powf(1.5);
            let speed = radius * (masses[host] / soft).sqrt();
            let (sin, cos) = (TAU * rng.random::<f64>()).sin_cos();
            let position: Vec3 =
                std::array::from_fn(|k| start[host][k] + radius * (cos * e1[k] + sin * e2[k]));
            let motion: Vec3 =
                std::array::from_fn(|k| velocity[host][k] + speed * (cos * e2[k] - sin * e1[k]));
            stars.push((position, motion, host, before));
        }
    }
    for (at, _) in &path[1..] {
        for (position, motion, ..) in &mut stars {
            let pull = gravity(position, at, masses);
            for k in 0..3 {
                motion[k] += STEP * pull[k];
                position[k] += STEP * motion[k];
            }
        }
    }
    let end = path[path.len() - 1].0;
    let (right, up) = basis(encounter.axes[2]);
    let seen = |p: &Vec3| [dot(p, &right), dot(p, &up)];
    Wreck {
        nuclei: [seen(&end[0]), seen(&end[1])],
        stars: stars
            .iter()
            .map(|(position, _, host, before)| {
                let from = |k: usize| distance(position, &end[k]) / radii[k];
                Star {
                    position: seen(position),
                    host: *host,
                    before: *before,
                    now: from(0).min(from(1)),
                }
            })
            .collect(),
    }
}

/// Positions and velocities of the two masses at every step, about their centre of mass.
///
/// The orbit is found backwards from the closest approach, then run forwards with a drag while the
/// masses are close (the dynamical friction that test particles cannot exert).
fn orbit(encounter: &Encounter, masses: [f64; 2]) -> Vec<([Vec3; 2], [Vec3; 2])> {
    let total = masses[0] + masses[1];
    let r = encounter.pericentre;
    // Nearly parabolic.
    let speed = (1.85 * total / (r * r + SOFTENING * SOFTENING).sqrt()).sqrt();
    let mut apart: Vec3 = [r, 0.0, 0.0];
    let mut motion: Vec3 = [0.0, -speed, 0.0];
    let pull = |apart: &Vec3| {
        let squared = dot(apart, apart) + SOFTENING * SOFTENING;
        let factor = -total / (squared * squared.sqrt());
        apart.map(|v| v * factor)
    };
    for _ in 0..(LEAD / STEP) as usize {
        let a = pull(&apart);
        for k in 0..3 {
            motion[k] += STEP * a[k];
            apart[k] += STEP * motion[k];
        }
    }
    motion = motion.map(|v| -v);
    let split = |v: &Vec3| [v.map(|x| -x * masses[1] / total), v.map(|x| x * masses[0] / total)];
    let mut path = vec![(split(&apart), split(&motion))];
    for _ in 0..((LEAD + encounter.time) / STEP) as usize {
        let a = pull(&apart);
        let close = (-dot(&apart, &apart)).exp();
        for k in 0..3 {
            motion[k] += STEP * (a[k] - 0.45 * close * motion[k]);
            apart[k] += STEP * motion[k];
        }
        path.push((split(&apart), split(&motion)));
    }
    path
}

fn gravity(position: &Vec3, masses_at: &[Vec3; 2], masses: [f64; 2]) -> Vec3 {
    let mut pull = [0.0; 3];
    for (at, mass) in masses_at.iter().zip(masses) {
        let apart: Vec3 = std::array::from_fn(|k| at[k] - position[k]);
        let squared = dot(&apart, &apart) + SOFTENING * SOFTENING;
        let factor = mass / (squared * squared.sqrt());
        for k in 0..3 {
            pull[k] += factor * apart[k];
        }
    }
    pull
}

/// Two unit vectors that span the plane of a normal given as (cos of polar angle, azimuth).
fn basis([cos, azimuth]: [f64; 2]) -> (Vec3, Vec3) {
    let sin = (1.0 - cos * cos).max(0.0).sqrt();
    let (sa, ca) = azimuth.sin_cos();
    ([-sa, ca, 0.0], [-cos * ca, -cos * sa, sin])
}

fn dot(a: &Vec3, b: &Vec3) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn distance(a: &Vec3, b: &Vec3) -> f64 {
    (0..3).map(|k| (a[k] - b[k]).powi(2)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::Colour;

    fn far_away(pericentre: f64, time: f64) -> f64 {
        let colour = Colour::new(0.5, 0.4);
        let encounter = Encounter {
            mass_ratio: 0.8,
            radius: 8.0,
            pericentre,
            time,
            axes: [[1.0, 0.0], [0.9, 1.0], [0.8, 0.0]],
            bulge_fraction: 0.2,
            nuclei: [colour; 2],
            discs: [colour; 2],
        };
        let stars = follow(&encounter, 4).stars;
        stars.iter().filter(|star| star.now > 1.6).count() as f64 / stars.len() as f64
    }

    #[test]
    fn a_close_passage_throws_stars_out_and_a_distant_one_leaves_the_discs_alone() {
        assert_eq!(far_away(12.0, 3.0), 0.0);
        assert!(far_away(0.8, 3.0) > 0.05, "{}", far_away(0.8, 3.0));
    }
}
