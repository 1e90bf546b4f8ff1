//! A merger by the restricted three-body method of Toomre & Toomre (1972, ApJ 178, 623): the stars of two
//! discs are test particles in the field of two masses that pass each other. Tails and bridges form by
//! themselves.
//!
//! Units: the first disc's radius, its mass, and G = 1.

use super::morphology::{Encounter, Stage};
use rand::{Rng, SeedableRng, rngs::StdRng};
use rand_distr::StandardNormal;
use std::f64::consts::TAU;

/// The number of stars followed, over both discs.
pub(crate) const STARS: usize = 4000;
const SOFTENING: f64 = 0.18;
const STEP: f64 = 0.03;
/// The time before the closest approach at which the discs are set up.
const LEAD: f64 = 3.0;
/// The time by which the two galaxies have merged.
const LAST: f64 = 16.0;
/// Strength of the friction between overlapping galaxies.
const DRAG: f64 = 0.25;

type Vec3 = [f64; 3];

/// The result of the encounter on the sky: positions in units of the first disc's radius.
pub(crate) struct Wreck {
    /// Positions of the two nuclei.
    pub nuclei: [[f64; 2]; 2],
    /// The stars.
    pub stars: Vec<Star>,
}

/// A star of a disc.
pub(crate) struct Star {
    /// The star's position.
    pub position: [f64; 2],
    /// The galaxy that it came from, 0 or 1.
    pub host: usize,
    /// Distance from its host's nucleus, in the host's disc radii, before the encounter.
    pub before: f64,
    /// Distance now from the nearer nucleus, in disc radii.
    pub now: f64,
}

/// Follows the encounter to the time of observation.
pub(crate) fn follow(encounter: &Encounter, seed: u64) -> Wreck {
    let masses = [1.0, encounter.mass_ratio];
    let radii = [1.0, encounter.mass_ratio.sqrt()];
    let path = orbit(encounter, encounter.time);
    let mut swarm = Swarm::discs(encounter, &path[0], &mut StdRng::seed_from_u64(seed));
    for (at, _) in &path[1..] {
        swarm.step(at, masses);
    }
    let end = path[path.len() - 1].0;
    let (right, up) = basis(encounter.axes[2]);
    let seen = |p: &Vec3| [dot(p, &right), dot(p, &up)];
    let stars = (0..swarm.before.len()).map(|i| {
        let position: Vec3 = std::array::from_fn(|k| f64::from(swarm.position[k][i]));
        let from = |k: usize| distance(&position, &end[k]) / radii[k];
        let now = from(0).min(from(1));
        Star { position: seen(&position), host: swarm.host[i], before: swarm.before[i], now }
    });
    Wreck { nuclei: [seen(&end[0]), seen(&end[1])], stars: stars.collect() }
}

/// The stars of both discs, one list per coordinate, so that the compiler can vectorise the loops.
struct Swarm {
    position: [Vec<f32>; 3],
    motion: [Vec<f32>; 3],
    host: Vec<usize>,
    before: Vec<f64>,
}

impl Swarm {
    /// Two exponential discs with a scale length of 0.35 radii and soft edges, around masses with given
    /// positions and velocities.
    fn discs(encounter: &Encounter, start: &Step, rng: &mut StdRng) -> Self {
        let masses = [1.0, encounter.mass_ratio];
        let mut swarm = Self {
            position: Default::default(),
            motion: Default::default(),
            host: Vec::with_capacity(STARS),
            before: Vec::with_capacity(STARS),
        };
        for host in 0..2 {
            let share = masses[host] / (masses[0] + masses[1]);
            let (e1, e2) = basis(encounter.axes[host]);
            for _ in 0..(STARS as f64 * share) as usize {
                let before = loop {
                    let r = -0.35 * (rng.random::<f64>() * rng.random::<f64>()).max(1e-12).ln();
                    if r > 0.04 && r < 1.1 + 0.15 * rng.random::<f64>() {
                        break r;
                    }
                };
                let radius = before * masses[host].sqrt();
                let soft = (radius * radius + SOFTENING * SOFTENING).powf(1.5);
                let speed = radius * (masses[host] / soft).sqrt();
                let (sin, cos) = (TAU * rng.random::<f64>()).sin_cos();
                for k in 0..3 {
                    let place = start.0[host][k] + radius * (cos * e1[k] + sin * e2[k]);
                    let heat = encounter.warmth * rng.sample::<f64, _>(StandardNormal);
                    let turn = cos * e2[k] - sin * e1[k] + heat;
                    swarm.position[k].push(place as f32);
                    swarm.motion[k].push((start.1[host][k] + speed * turn) as f32);
                }
                swarm.host.push(host);
                swarm.before.push(before);
            }
        }
        swarm
    }

    /// Advances the stars by one step in the field of two masses.
    fn step(&mut self, masses_at: &[Vec3; 2], masses: [f64; 2]) {
        let at = masses_at.map(|p| p.map(|v| v as f32));
        let masses = masses.map(|m| m as f32);
        let (step, soft) = (STEP as f32, (SOFTENING * SOFTENING) as f32);
        let [px, py, pz] = &mut self.position;
        let [vx, vy, vz] = &mut self.motion;
        let places = px.iter_mut().zip(py).zip(pz);
        let motions = vx.iter_mut().zip(vy).zip(vz);
        for (((x, y), z), ((u, v), w)) in places.zip(motions) {
            let mut pull = [0.0f32; 3];
            for (at, mass) in at.iter().zip(masses) {
                let apart = [at[0] - *x, at[1] - *y, at[2] - *z];
                let squared =
                    apart[0] * apart[0] + apart[1] * apart[1] + apart[2] * apart[2] + soft;
                let factor = mass / (squared * squared.sqrt());
                pull.iter_mut().zip(apart).for_each(|(p, a)| *p += factor * a);
            }
            *u += step * pull[0];
            *v += step * pull[1];
            *w += step * pull[2];
            *x += step * *u;
            *y += step * *v;
            *z += step * *w;
        }
    }
}

/// Positions and velocities of the two masses, about their centre of mass.
type Step = ([Vec3; 2], [Vec3; 2]);

/// The two masses at every step until the time `until` after the closest approach.
///
/// The orbit is integrated backwards from the closest approach, then forwards with a drag while the masses
/// are close (the dynamical friction that test particles cannot exert).
fn orbit(encounter: &Encounter, until: f64) -> Vec<Step> {
    let masses = [1.0, encounter.mass_ratio];
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
    for _ in 0..((LEAD + until) / STEP) as usize {
        let a = pull(&apart);
        let close = (-dot(&apart, &apart) / (1.2 * 1.2)).exp();
        for k in 0..3 {
            motion[k] += STEP * (a[k] - DRAG * close * motion[k]);
            apart[k] += STEP * motion[k];
        }
        path.push((split(&apart), split(&motion)));
    }
    path
}

impl Encounter {
    /// The start and end times of a stage of the encounter.
    ///
    /// The passage lasts until the nuclei fall together for the second time, the coalescence until they stay
    /// within a fifth of a disc's radius.
    pub(crate) fn span(&self, stage: Stage) -> (f64, f64) {
        let apart: Vec<f64> =
            orbit(self, LAST).iter().map(|(at, _)| distance(&at[0], &at[1])).collect();
        let time = |step: usize| step as f64 * STEP - LEAD;
        // Friction shifts the closest approach slightly: go down to the minimum, then up to the turning
        // point.
        let next = |from: usize, beyond: fn(f64, f64) -> bool| {
            let pairs = apart[from..].windows(2);
            from + pairs.into_iter().take_while(|pair| beyond(pair[1], pair[0])).count()
        };
        let nearest = next((LEAD / STEP) as usize, |later, now| later < now);
        let farthest = next(nearest, |later, now| later >= now);
        let again = apart[farthest..].iter().position(|d| *d < 0.7);
        let again = again.map_or(apart.len() - 1, |k| farthest + k);
        let merged = apart.iter().rposition(|d| *d > 0.2).map_or(0, |k| k + 1).max(again + 8);
        match stage {
            Stage::Approaching => (-0.85 * LEAD, -1.0),
            Stage::Passage => (0.7, time(again).max(1.0)),
            Stage::Coalescing => (time(again), time(merged)),
            Stage::Remnant => (time(merged), time(merged) + 2.0),
        }
    }

    /// The stage of the merger.
    pub fn stage(&self) -> Stage {
        if self.time <= 0.0 {
            return Stage::Approaching;
        }
        let later = [Stage::Passage, Stage::Coalescing];
        later.into_iter().find(|stage| self.time < self.span(*stage).1).unwrap_or(Stage::Remnant)
    }
}

/// Two unit vectors that span the plane with a normal given as (cos of polar angle, azimuth).
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
    use crate::Colour;

    fn far_away(pericentre: f64, time: f64) -> f64 {
        let colour = Colour::new(0.5, 0.4);
        let encounter = Encounter {
            mass_ratio: 0.8,
            radius: 8.0,
            pericentre,
            time,
            axes: [[1.0, 0.0], [0.9, 1.0], [0.8, 0.0]],
            warmth: 0.0,
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
