//! Random parameters of unusual galaxies, and the peculiarities of ordinary ones.

use super::super::morphology::{
    Body, Colour, Encounter, GravitationalLens, Irregular, Jellyfish, Kind, Morphology,
    Peculiarity, Spheroid, Stage,
};
use super::{chance, disk, morphology, normal, old_colour, total_magnitude};
use rand::{Rng, rngs::StdRng};
use std::f64::consts::{FRAC_PI_2, PI, TAU};

/// Two interacting galaxies, at some stage of their encounter.
pub(super) fn pair(unit: f64, rng: &mut StdRng) -> (f64, Body) {
    let stage = match rng.random::<f64>() {
        u if u < 0.14 => Stage::Approaching,
        u if u < 0.64 => Stage::Passage,
        u if u < 0.86 => Stage::Coalescing,
        _ => Stage::Remnant,
    };
    let radius = unit * rng.random_range(5.0..9.5);
    // Discs that rotate in the sense of the orbit grow the longest tails; most of these discs do.
    let mut spin = || [1.0 - 1.3 * rng.random::<f64>().powf(1.7), rng.random_range(0.0..TAU)];
    let spins = [spin(), spin()];
    let sight = rng.random_range(0.25..1.0) * if chance(0.5, rng) { 1.0 } else { -1.0 };
    let mut nucleus = || Colour::new(0.74, 0.66).redder(rng.random_range(-0.15..0.2));
    let nuclei = [nucleus(), nucleus()];
    let mut disc = || {
        let g_r = rng.random_range(0.25..0.68);
        Colour::new(g_r, g_r - rng.random_range(0.1..0.2))
    };
    let discs = [disc(), disc()];
    let spheroidal = if stage == Stage::Remnant { 0.2..0.4 } else { 0.1..0.28 };
    let mut pair = Encounter {
        mass_ratio: rng.random_range(0.25f64..1.0),
        radius,
        pericentre: rng.random_range(0.45..1.2),
        time: 0.0,
        axes: [spins[0], spins[1], [sight, rng.random_range(0.0..TAU)]],
        warmth: rng.random_range(0.02..0.2),
        bulge_fraction: rng.random_range(spheroidal),
        nuclei,
        discs,
    };
    let (from, to) = pair.span(stage);
    pair.time = rng.random_range(from..to);
    (total_magnitude(normal(22.2, 0.4, rng), radius, 1.0), Body::Pair(pair))
}

pub(super) fn irregular(unit: f64, rng: &mut StdRng) -> (f64, Body) {
    let scale = unit * normal(1.35, 0.3, rng).exp().clamp(2.0, 7.0);
    let blue = normal(0.0, 0.06, rng);
    let irregular = Irregular {
        scale,
        axis_ratio: rng.random_range(0.35..0.95),
        angle: rng.random_range(0.0..PI),
        old: Colour::new(0.38 + blue, 0.22 + blue),
        young: Colour::new(normal(0.2, 0.09, rng), normal(0.06, 0.09, rng)),
        young_fraction: rng.random_range(0.3..0.7),
        patchiness: rng.random_range(0.5..1.1),
        offset: [0.3, 0.3].map(|width| scale * normal(0.0, width, rng)),
        clumps: rng.random_range(4..40),
        clump_fraction: rng.random_range(0.05..0.3),
    };
    let brightness = normal(22.9, 0.5, rng);
    let magnitude = total_magnitude(brightness, 1.68 * scale, irregular.axis_ratio.max(0.5));
    (magnitude, Body::Irregular(irregular))
}

/// A galaxy of low surface brightness: a wide faint disc, or a dwarf without structure.
pub(super) fn diffuse(unit: f64, rng: &mut StdRng) -> (f64, Body) {
    let faint = normal(24.2, 0.35, rng).clamp(23.6, 25.0);
    if chance(0.35, rng) {
        let radius = unit * rng.random_range(4.0..9.0);
        let axis_ratio = rng.random_range(0.5..1.0);
        let spheroid = Spheroid {
            radius,
            index: rng.random_range(0.6..1.2),
            axis_ratio,
            angle: rng.random_range(0.0..PI),
            colour: Colour::new(normal(0.5, 0.08, rng), normal(0.32, 0.08, rng)),
        };
        return (total_magnitude(faint, radius, axis_ratio), Body::Spheroid(spheroid));
    }
    let kind = if chance(0.6, rng) { Kind::Spiral } else { Kind::Disk };
    let (mut galaxy, _) = disk::galaxy(kind, 1.25 * unit, rng);
    galaxy.bulge_fraction *= 0.4;
    galaxy.dust *= 0.3;
    galaxy.nucleus = 0.0;
    galaxy.clumps /= 2;
    let [old, young] = [galaxy.old, galaxy.young].map(|colour| colour.redder(-0.08));
    (galaxy.old, galaxy.young) = (old, young);
    let axis_ratio = galaxy.axis_ratio().max(0.45);
    (total_magnitude(faint, 1.68 * galaxy.scale, axis_ratio), Body::Disk(galaxy))
}

pub(super) fn lens(unit: f64, rng: &mut StdRng) -> (f64, Body) {
    let radius = unit * rng.random_range(1.5..3.5);
    let axis_ratio = rng.random_range(0.65..1.0);
    let angle = rng.random_range(0.0..PI);
    let einstein_radius = unit * rng.random_range(2.6..6.0);
    let colour = old_colour(rng);
    let lens = Spheroid { radius, index: rng.random_range(2.5..5.0), axis_ratio, angle, colour };
    // The closer to the axis, the more complete the ring: a third are rings, the others arcs.
    let off = einstein_radius * rng.random_range(0.0..0.45);
    let (sin, cos) = rng.random_range(0.0..TAU).sin_cos();
    let source = Spheroid {
        radius: unit * rng.random_range(0.3..0.9),
        index: rng.random_range(0.8..1.4),
        axis_ratio: rng.random_range(0.4..1.0),
        angle: rng.random_range(0.0..PI),
        colour: Colour::new(normal(0.15, 0.15, rng), normal(0.1, 0.15, rng)),
    };
    let body = GravitationalLens {
        lens,
        einstein_radius,
        mass_axis_ratio: 1.0 - 0.8 * (1.0 - axis_ratio),
        source,
        place: [off * cos, off * sin],
        source_magnitude: total_magnitude(normal(22.6, 0.5, rng), source.radius, 1.0),
    };
    (total_magnitude(normal(21.8, 0.4, rng), radius, axis_ratio), Body::Lens(body))
}

/// The faintest mean surface brightness of a jellyfish's wake, in mag per square arcsec.
const FAINTEST_WAKE: f64 = 24.3;

pub(super) fn jellyfish(unit: f64, rng: &mut StdRng) -> (f64, Body) {
    let (mut disk, early) = disk::galaxy(Kind::Spiral, 0.8 * unit, rng);
    disk.young_fraction = disk.young_fraction.max(0.6);
    let scale = disk.scale;
    let mut jellyfish = Jellyfish {
        wind: rng.random_range(0.0..TAU),
        edge: scale * rng.random_range(0.9..1.7),
        length: scale * rng.random_range(1.6..3.5),
        width: scale * rng.random_range(0.7..1.3),
        filaments: rng.random_range(3..8),
        fraction: rng.random_range(0.2..0.5),
        colour: Colour::new(normal(0.1, 0.08, rng), normal(-0.05, 0.08, rng)),
        knots: rng.random_range(4..26),
        disk,
    };
    let brightness = normal(22.2 - 0.4 * early, 0.38, rng);
    let axis_ratio = jellyfish.disk.axis_ratio().max(0.45);
    let magnitude = total_magnitude(brightness, 1.68 * scale, axis_ratio);
    // A galaxy whose wake is lost in the sky would not count as a jellyfish.
    let wake = 10f64.powf(0.4 * (magnitude - FAINTEST_WAKE)) * jellyfish.length * jellyfish.width;
    jellyfish.fraction = jellyfish.fraction.max(wake.min(0.6));
    (magnitude, Body::Jellyfish(jellyfish))
}

/// Two galaxies along one line of sight; the farther one is usually smaller on the sky.
pub(super) fn overlap(unit: f64, rng: &mut StdRng) -> (f64, Body) {
    const KINDS: [Kind; 5] =
        [Kind::Smooth, Kind::Disk, Kind::Spiral, Kind::EdgeOn, Kind::BarredSpiral];
    let mut galaxy = |unit: f64| morphology(KINDS[rng.random_range(0..5)], unit, rng);
    let (mut near, mut far) = (galaxy(unit), galaxy(0.65 * unit));
    far.redden(near.redshift + rng.random_range(0.03..0.12));
    let apart = rng.random_range(0.6..1.2) * (near.extent() + far.extent());
    let (sin, cos) = rng.random_range(0.0..TAU).sin_cos();
    // The nearer and larger galaxy is closer to the picture's centre, as it was the target.
    near.centre = [-0.3 * apart * cos, -0.3 * apart * sin];
    far.centre = [0.7 * apart * cos, 0.7 * apart * sin];
    (near.magnitude, Body::Overlap(Box::new([near, far])))
}

/// Gives an overlap the redshift of its nearer galaxy.
pub(super) fn settle(galaxy: &mut Morphology) {
    if let Body::Overlap(pair) = &galaxy.body {
        galaxy.redshift = pair[0].redshift;
    }
}

/// The peculiarities of a galaxy of a kind: one elliptical in nine has shells, one in twelve a dust lane; one
/// galaxy in twenty-five has a stream.
pub(super) fn peculiarities(kind: Kind, body: &Body, rng: &mut StdRng) -> Vec<Peculiarity> {
    let mut found = Vec::new();
    if let (Kind::Smooth, Body::Spheroid(spheroid)) = (kind, body) {
        if spheroid.index > 2.0 && chance(0.11, rng) {
            found.push(shells(spheroid, rng));
        }
        if spheroid.index > 2.0 && chance(0.08, rng) {
            found.push(dust_lane(spheroid, rng));
        }
    }
    let streams = matches!(kind, Kind::Smooth | Kind::Disk | Kind::Spiral | Kind::EdgeOn);
    if streams && chance(0.04, rng) {
        let extent = match body {
            Body::Spheroid(spheroid) => spheroid.radius,
            Body::Disk(disk) => disk.extent(),
            Body::EdgeOn(disk) => 1.5 * disk.scale,
            _ => return found,
        };
        found.push(stream(extent, rng));
    }
    found
}

fn shells(spheroid: &Spheroid, rng: &mut StdRng) -> Peculiarity {
    let outer = spheroid.radius * rng.random_range(2.2..4.0);
    Peculiarity::Shells {
        number: rng.random_range(2..8),
        inner: outer * rng.random_range(0.25..0.5),
        outer,
        angle: spheroid.angle + normal(0.0, 0.2, rng),
        opening: rng.random_range(0.5..1.2),
        fraction: rng.random_range(0.03..0.14),
        colour: spheroid.colour.redder(-0.06),
    }
}

fn dust_lane(spheroid: &Spheroid, rng: &mut StdRng) -> Peculiarity {
    // Most dust lanes are along the minor axis, where their orbits are stable.
    let turn = if chance(0.6, rng) { FRAC_PI_2 } else { 0.0 };
    Peculiarity::DustLane {
        angle: spheroid.angle + turn + normal(0.0, 0.15, rng),
        length: spheroid.radius * rng.random_range(0.7..1.6),
        width: spheroid.radius * rng.random_range(0.07..0.16),
        offset: spheroid.radius * normal(0.0, 0.06, rng),
        depth: rng.random_range(0.7..2.5),
    }
}

fn stream(extent: f64, rng: &mut StdRng) -> Peculiarity {
    let tail = chance(0.5, rng);
    let arc = if tail { rng.random_range(1.4..3.0) } else { rng.random_range(2.0..6.0) };
    Peculiarity::Stream {
        radius: extent * if tail { rng.random_range(1.0..1.6) } else { rng.random_range(1.8..2.8) },
        angle: rng.random_range(0.0..TAU),
        arc: if chance(0.5, rng) { arc } else { -arc },
        growth: if tail { rng.random_range(0.25..0.6) } else { normal(0.0, 0.06, rng) },
        width: extent * rng.random_range(0.1..0.25),
        fraction: rng.random_range(0.025..0.1),
        colour: Colour::new(rng.random_range(0.4..0.65), rng.random_range(0.25..0.5)),
    }
}
