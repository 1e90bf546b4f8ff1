//! Random parameters of discs that are not edge-on, with their bars, arms and rings.

use super::super::morphology::{
    Arms, Bar, Body, Colour, DiskGalaxy, Kind, Lens, Ring, RingPlace, Spheroid,
};
use super::{chance, normal, total_magnitude};
use rand::{Rng, rngs::StdRng};
use std::f64::consts::{PI, TAU};

pub(super) fn disk(kind: Kind, unit: f64, rng: &mut StdRng) -> (f64, Body) {
    let (galaxy, early) = galaxy(kind, unit, rng);
    // The half-light radius of an exponential disc is 1.68 scale lengths.
    let brightness = normal(22.35 - 0.45 * early, 0.38, rng);
    let axis_ratio = galaxy.axis_ratio().max(0.45);
    (total_magnitude(brightness, 1.68 * galaxy.scale, axis_ratio), Body::Disk(galaxy))
}

/// A disc of a kind, and how early its type is: from 0 (late) to 1 (early).
pub(super) fn galaxy(kind: Kind, unit: f64, rng: &mut StdRng) -> (DiskGalaxy, f64) {
    let armed = matches!(kind, Kind::Spiral | Kind::BarredSpiral);
    // From about 12° inclination; armless discs extend further, up to where they would count as edge-on.
    let least_cos = if kind == Kind::Disk { 0.28 } else { 0.36 };
    let inclination: f64 = rng.random_range::<f64, _>(least_cos..0.98).acos();
    let angle = rng.random_range(0.0..PI);
    let scale = unit * normal(1.62, 0.25, rng).exp().clamp(2.8, 7.5);
    let early = match kind {
        Kind::Disk => rng.random_range(0.3..1.0),
        Kind::Ring => rng.random_range(0.2..0.9),
        _ => rng.random_range(0.0..0.8),
    };
    let spread = normal(0.0, 0.03, rng);
    let old = Colour::new(0.47 + 0.22 * early + spread, 0.37 + 0.2 * early + spread);
    let young =
        Colour::new(normal(0.27, 0.07, rng) + 0.14 * early, normal(0.16, 0.07, rng) + 0.12 * early);
    let bulge_fraction = (0.04 + 0.4 * early * early + normal(0.0, 0.05, rng)).clamp(0.01, 0.6);
    let bulge = Spheroid {
        radius: scale * (0.2 + 0.45 * bulge_fraction),
        index: 1.2 + 2.2 * early,
        axis_ratio: 1.0 - (1.0 - inclination.cos()) * rng.random_range(0.15..0.55),
        angle,
        colour: Colour::new(0.63 + 0.12 * early + spread, 0.58 + 0.06 * early + spread),
    };
    let mut galaxy = DiskGalaxy {
        bulge,
        bulge_fraction,
        scale,
        inclination,
        angle,
        old,
        young,
        young_fraction: if armed { 0.75 - 0.4 * early } else { 0.5 * (1.0 - early) },
        patchiness: if armed { rng.random_range(0.35..0.9) } else { 0.35 * (1.0 - early) },
        dust: rng.random_range(0.05..0.55),
        clumps: 0,
        bar: None,
        arms: None,
        rings: Vec::new(),
        lens: None,
        nucleus: if chance(0.15, rng) { rng.random_range(0.005..0.05) } else { 0.0 },
    };
    match kind {
        Kind::Spiral => {
            let start = scale * rng.random_range(0.35..0.7);
            galaxy.arms = Some(arms(start, scale, rng.random_range(0.0..TAU), None, rng));
        }
        Kind::BarredSpiral => {
            let bar = bar(scale * rng.random_range(0.75..1.5), early, rng);
            galaxy.bar = Some(bar);
            galaxy.arms = Some(arms(0.95 * bar.length, scale, bar.angle, Some(2), rng));
            galaxy.bulge_fraction *= 0.7;
        }
        Kind::Ring => rings(&mut galaxy, early, rng),
        _ if chance(0.4 * early, rng) => {
            let radius = scale * rng.random_range(0.8..1.8);
            galaxy.lens = Some(Lens { radius, fraction: rng.random_range(0.1..0.3) });
        }
        _ => {}
    }
    galaxy.clumps = match (kind, early < 0.55) {
        (Kind::Spiral | Kind::BarredSpiral, true) => rng.random_range(10..80),
        (Kind::Spiral | Kind::BarredSpiral, false) => rng.random_range(0..20),
        (Kind::Ring, true) => rng.random_range(6..40),
        (Kind::Disk, true) => rng.random_range(0..6),
        _ => 0,
    };
    (galaxy, early)
}

fn bar(length: f64, early: f64, rng: &mut StdRng) -> Bar {
    Bar {
        length,
        axis_ratio: rng.random_range(0.18..0.36),
        angle: rng.random_range(0.0..PI),
        fraction: rng.random_range(0.10..0.2) + 0.06 * early,
    }
}

/// Arms that start at a radius and direction; `usual` is the most frequent number of arms.
fn arms(start: f64, scale: f64, phase: f64, usual: Option<usize>, rng: &mut StdRng) -> Arms {
    let number = match (usual, rng.random::<f64>()) {
        (Some(number), u) if u < 0.85 => number,
        (_, u) if u < 0.06 => 1,
        (_, u) if u < 0.58 => 2,
        (_, u) if u < 0.8 => 3,
        (_, u) if u < 0.93 => 4,
        (_, u) if u < 0.98 => 5,
        _ => 6,
    };
    // The more arms, the more open they are; a single arm is the tightest.
    let pitch = normal(12.0 + 2.5 * number.min(4) as f64, 5.0, rng).clamp(7.0, 36.0).to_radians();
    let flocculence = match number {
        1 | 2 => rng.random::<f64>().powi(2),
        _ => rng.random_range(0.2..1.0),
    };
    Arms {
        number,
        pitch: if chance(0.5, rng) { pitch } else { -pitch },
        phase,
        sharpness: rng.random_range(0.9..2.8),
        contrast: rng.random_range(0.22..0.9) * (1.0 - 0.25 * flocculence),
        start,
        end: scale * rng.random_range(2.4..4.2),
        wobble: normal(0.0, 0.12, rng),
        lopsided: rng.random::<f64>().powi(2) * 0.7,
        flocculence,
    }
}

fn rings(galaxy: &mut DiskGalaxy, early: f64, rng: &mut StdRng) {
    let scale = galaxy.scale;
    let inner = scale * rng.random_range(0.9..1.7);
    let places = match rng.random::<f64>() {
        u if u < 0.07 => vec![RingPlace::Collisional],
        u if u < 0.47 => vec![RingPlace::Inner],
        u if u < 0.68 => vec![RingPlace::Outer],
        u if u < 0.86 => vec![RingPlace::Inner, RingPlace::Outer],
        u if u < 0.93 => vec![RingPlace::Nuclear],
        _ => vec![RingPlace::Nuclear, RingPlace::Outer],
    };
    let collisional = places.contains(&RingPlace::Collisional);
    // Inner rings mostly surround a bar, and a nuclear ring lies within one.
    if !collisional && chance(0.6, rng) {
        galaxy.bar = Some(bar(0.9 * inner, early, rng));
        galaxy.bulge_fraction *= 0.8;
    }
    // A false ring consists of two arms that nearly close; a true ring may have arms outside it.
    if !collisional && chance(0.4, rng) {
        let phase = galaxy.bar.map_or(rng.random_range(0.0..TAU), |bar| bar.angle);
        let arms = arms(inner, scale, phase, Some(2), rng);
        galaxy.arms = Some(Arms { contrast: 0.7 * arms.contrast, ..arms });
    }
    for place in places {
        galaxy.rings.push(ring(place, inner, scale, rng));
    }
    if collisional {
        galaxy.bulge_fraction *= 0.5;
        galaxy.young_fraction = 0.8;
    }
    // Limit bright rings to half of the light that bulge and bar leave to the disc.
    let share = galaxy.share_of_rings();
    let rest = 1.0 - galaxy.bulge_fraction - (galaxy.share_of_parts() - share);
    let dim = (0.5 * rest / share).min(1.0);
    galaxy.rings.iter_mut().for_each(|ring| ring.fraction *= dim);
    galaxy.young_fraction = (galaxy.young_fraction + 0.15).min(0.75);
    galaxy.patchiness = rng.random_range(0.15..0.6);
}

/// A ring at a place; `inner` is the radius of an inner ring.
fn ring(place: RingPlace, inner: f64, scale: f64, rng: &mut StdRng) -> Ring {
    let (radius, width, fraction) = match place {
        RingPlace::Nuclear => (scale * rng.random_range(0.22..0.4), 0.16..0.28, 0.06..0.16),
        RingPlace::Inner => (inner, 0.1..0.2, 0.07..0.22),
        RingPlace::Outer => (inner * rng.random_range(1.75..2.3), 0.09..0.2, 0.08..0.25),
        RingPlace::Collisional => (scale * rng.random_range(1.6..2.6), 0.08..0.16, 0.35..0.5),
    };
    let collisional = place == RingPlace::Collisional;
    let offset = if collisional { 0.3 } else { 0.02 };
    let open = if collisional { 0.9 } else { 0.45 };
    Ring {
        place,
        radius,
        width: radius * rng.random_range(width),
        axis_ratio: rng.random_range(0.8..1.0),
        angle: rng.random_range(0.0..TAU),
        opening: open * rng.random::<f64>().powi(2),
        offset: radius * offset * rng.random::<f64>(),
        fraction: rng.random_range(fraction),
    }
}
