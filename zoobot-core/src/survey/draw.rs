//! How a galaxy's parameters are chosen at random, kind by kind. Sizes, colours and surface
//! brightnesses are those of galaxies of r = 14 to 17.5 in the nearby universe, where the pictures
//! of the Galaxy Zoo come from; they overlap between kinds, so that no single number tells them
//! apart.

use super::field::star_colour;
use super::morphology::{
    Arms, Artifact, Bar, Body, Colour, DiskGalaxy, EdgeOn, Encounter, Kind, Morphology, Ring,
    Spheroid,
};
use rand::{Rng, rngs::StdRng};
use rand_distr::StandardNormal;
use std::f64::consts::{FRAC_PI_2, PI, TAU};

/// Parameters of a random galaxy of a kind, for a field of view of a width in arcsec.
pub(crate) fn morphology(kind: Kind, field: f64, rng: &mut StdRng) -> Morphology {
    // Sizes follow the field of view, as cut-outs are made to a galaxy's size.
    let unit = field / 77.0;
    let centre = [normal(0.0, 0.5 * unit, rng), normal(0.0, 0.5 * unit, rng)];
    let (magnitude, body) = match kind {
        Kind::Smooth => smooth(unit, rng),
        Kind::Disk | Kind::Spiral | Kind::BarredSpiral | Kind::Ring => disk(kind, unit, rng),
        Kind::EdgeOn => edge_on(unit, rng),
        Kind::Merger => pair(unit, rng),
        Kind::StarOrArtifact => artifact(unit, rng),
    };
    Morphology { kind, centre, magnitude, body, texture: rng.random() }
}

fn normal(mean: f64, deviation: f64, rng: &mut StdRng) -> f64 {
    mean + deviation * rng.sample::<f64, _>(StandardNormal)
}

fn chance(probability: f64, rng: &mut StdRng) -> bool {
    rng.random::<f64>() < probability
}

/// Total magnitude from a mean surface brightness (mag per square arcsec) within the half-light
/// ellipse of a radius and axis ratio.
fn total_magnitude(brightness: f64, radius: f64, axis_ratio: f64) -> f64 {
    brightness - 2.5 * (TAU * radius * radius * axis_ratio).log10()
}

/// The colour of an old population, reddened by redshift for the more distant.
fn old_colour(rng: &mut StdRng) -> Colour {
    let distant = rng.random::<f64>().powi(2);
    Colour::new(normal(0.76, 0.05, rng) + 0.28 * distant, normal(0.62, 0.04, rng) + 0.12 * distant)
}

fn smooth(unit: f64, rng: &mut StdRng) -> (f64, Body) {
    let radius = unit * normal(1.6, 0.38, rng).exp().clamp(2.2, 10.0);
    // One in six is a dwarf: fainter, bluer, flatter in the middle.
    let dwarf = chance(0.16, rng);
    let axis_ratio = (1.0 - normal(0.0, 0.28, rng).abs()).max(0.35);
    let index: f64 = if dwarf { normal(1.1, 0.2, rng) } else { normal(3.6, 1.0, rng) };
    let brightness = if dwarf { normal(22.9, 0.4, rng) } else { normal(21.5, 0.6, rng) };
    let colour = if dwarf {
        Colour::new(normal(0.45, 0.1, rng), normal(0.3, 0.08, rng))
    } else {
        old_colour(rng)
    };
    let spheroid = Spheroid {
        radius,
        index: index.clamp(0.8, 6.0),
        axis_ratio,
        angle: rng.random_range(0.0..PI),
        colour,
    };
    (total_magnitude(brightness, radius, axis_ratio), Body::Spheroid(spheroid))
}

fn disk(kind: Kind, unit: f64, rng: &mut StdRng) -> (f64, Body) {
    let armed = matches!(kind, Kind::Spiral | Kind::BarredSpiral);
    // Faces from 12° on; armless discs reach further, to where they would count as edge-on.
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
    let old = Colour::new(0.52 + 0.22 * early + spread, 0.38 + 0.2 * early + spread);
    let young =
        Colour::new(normal(0.3, 0.07, rng) + 0.14 * early, normal(0.16, 0.07, rng) + 0.12 * early);
    let bulge_fraction = (0.04 + 0.4 * early * early + normal(0.0, 0.05, rng)).clamp(0.01, 0.6);
    let bulge = Spheroid {
        radius: scale * (0.2 + 0.45 * bulge_fraction),
        index: 1.2 + 2.2 * early,
        axis_ratio: 1.0 - (1.0 - inclination.cos()) * rng.random_range(0.15..0.55),
        angle,
        colour: Colour::new(0.7 + 0.12 * early + spread, 0.58 + 0.06 * early + spread),
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
        _ => {}
    }
    galaxy.clumps = match (kind, early < 0.55) {
        (Kind::Spiral | Kind::BarredSpiral, true) => rng.random_range(6..40),
        (Kind::Spiral | Kind::BarredSpiral, false) => rng.random_range(0..10),
        (Kind::Ring, true) => rng.random_range(4..22),
        (Kind::Disk, true) => rng.random_range(0..6),
        _ => 0,
    };
    // The half-light radius of an exponential disc is 1.68 scale lengths.
    let brightness = normal(22.35 - 0.45 * early, 0.38, rng);
    (total_magnitude(brightness, 1.68 * scale, galaxy.axis_ratio().max(0.45)), Body::Disk(galaxy))
}

fn bar(length: f64, early: f64, rng: &mut StdRng) -> Bar {
    Bar {
        length,
        axis_ratio: rng.random_range(0.18..0.36),
        angle: rng.random_range(0.0..PI),
        fraction: rng.random_range(0.10..0.2) + 0.06 * early,
    }
}

/// Arms from a radius and a direction on; `usual` is the number most of them have.
fn arms(start: f64, scale: f64, phase: f64, usual: Option<usize>, rng: &mut StdRng) -> Arms {
    let number = match (usual, rng.random::<f64>()) {
        (Some(number), u) if u < 0.85 => number,
        (_, u) if u < 0.06 => 1,
        (_, u) if u < 0.62 => 2,
        (_, u) if u < 0.84 => 3,
        _ => 4,
    };
    // Many arms are more open, and one arm winds the tightest.
    let pitch = normal(12.0 + 2.5 * number as f64, 5.0, rng).clamp(8.0, 34.0).to_radians();
    let flocculent = if number > 2 { 0.85 } else { 1.0 };
    Arms {
        number,
        pitch: if chance(0.5, rng) { pitch } else { -pitch },
        phase,
        sharpness: rng.random_range(0.9..2.8),
        contrast: rng.random_range(0.35..0.92) * flocculent,
        start,
        end: scale * rng.random_range(2.6..4.2),
        wobble: normal(0.0, 0.1, rng),
        lopsided: rng.random::<f64>().powi(2) * 0.7,
    }
}

fn rings(galaxy: &mut DiskGalaxy, early: f64, rng: &mut StdRng) {
    let scale = galaxy.scale;
    let width = rng.random_range(0.11..0.2);
    let inner = scale * rng.random_range(0.9..1.7);
    // Inner rings mostly surround a bar.
    if chance(0.6, rng) {
        galaxy.bar = Some(bar(0.9 * inner, early, rng));
        galaxy.bulge_fraction *= 0.8;
    }
    let ring = |radius: f64, fraction: f64| Ring { radius, width: width * radius, fraction };
    let which = rng.random::<f64>();
    if which < 0.75 {
        galaxy.rings.push(ring(inner, rng.random_range(0.1..0.24)));
    }
    if which > 0.55 {
        galaxy.rings.push(ring(inner * rng.random_range(1.75..2.3), rng.random_range(0.12..0.25)));
    }
    // Bright rings never take more than half of what bulge and bar leave to the disc.
    let rest = 1.0 - galaxy.bulge_fraction - galaxy.bar.map_or(0.0, |bar| bar.fraction);
    let share: f64 = galaxy.rings.iter().map(|ring| ring.fraction).sum();
    let dim = (0.5 * rest / share).min(1.0);
    galaxy.rings.iter_mut().for_each(|ring| ring.fraction *= dim);
    galaxy.young_fraction = (galaxy.young_fraction + 0.15).min(0.75);
    galaxy.patchiness = rng.random_range(0.15..0.6);
}

fn edge_on(unit: f64, rng: &mut StdRng) -> (f64, Body) {
    let scale = unit * normal(1.8, 0.3, rng).exp().clamp(2.8, 9.0);
    let early = rng.random::<f64>();
    let angle = rng.random_range(0.0..PI);
    let bulge_fraction = (0.02 + 0.38 * early * early + normal(0.0, 0.03, rng)).clamp(0.0, 0.55);
    let thickness = rng.random_range(0.12..0.22);
    let bulge = Spheroid {
        radius: scale * (0.2 + 0.45 * bulge_fraction),
        index: 1.1 + 1.8 * early,
        axis_ratio: rng.random_range(0.5..0.85),
        angle,
        colour: Colour::new(normal(0.85, 0.05, rng), normal(0.68, 0.05, rng)),
    };
    let dusty = chance(0.6, rng);
    let hue = normal(0.0, 0.06, rng);
    let galaxy = EdgeOn {
        bulge,
        bulge_fraction,
        scale,
        thickness,
        angle,
        inner: Colour::new(0.5 + 0.3 * early + hue, 0.38 + 0.26 * early + hue),
        outer: Colour::new(0.34 + 0.32 * early + hue, 0.18 + 0.32 * early + hue),
        dust: if dusty { rng.random_range(1.0..4.0) } else { 0.0 },
        lane: scale * thickness * normal(0.0, 0.35, rng),
        warp: if chance(0.3, rng) { normal(0.0, 0.08, rng).clamp(-0.15, 0.15) } else { 0.0 },
        clumps: if early < 0.5 { rng.random_range(0..14) } else { 0 },
    };
    let brightness = normal(22.15 - 0.5 * early, 0.45, rng);
    (total_magnitude(brightness, 1.5 * scale, 0.25), Body::EdgeOn(galaxy))
}

fn pair(unit: f64, rng: &mut StdRng) -> (f64, Body) {
    let radius = unit * rng.random_range(5.5..9.5);
    let mass_ratio = rng.random_range(0.25f64..1.0);
    // Discs that turn as the orbit does grow the long tails; most of ours do.
    let mut spin = || [1.0 - 1.3 * rng.random::<f64>().powf(1.7), rng.random_range(0.0..TAU)];
    let spins = [spin(), spin()];
    let sight = rng.random_range(0.25..1.0) * if chance(0.5, rng) { 1.0 } else { -1.0 };
    let reddened = |by: f64, c: Colour| c.redder(by);
    let mut nucleus = || reddened(rng.random_range(-0.15..0.2), Colour::new(0.82, 0.7));
    let nuclei = [nucleus(), nucleus()];
    let mut disc = || {
        let g_r = rng.random_range(0.28..0.72);
        Colour::new(g_r, g_r - rng.random_range(0.1..0.2))
    };
    let discs = [disc(), disc()];
    let pair = Encounter {
        mass_ratio,
        radius,
        pericentre: rng.random_range(0.45..1.2),
        time: rng.random_range(1.0..5.0),
        axes: [spins[0], spins[1], [sight, rng.random_range(0.0..TAU)]],
        bulge_fraction: rng.random_range(0.1..0.3),
        nuclei,
        discs,
    };
    (total_magnitude(normal(22.2, 0.4, rng), radius, 1.0), Body::Pair(pair))
}

fn artifact(unit: f64, rng: &mut StdRng) -> (f64, Body) {
    let magnitude = rng.random_range(7.5..12.5);
    let artifact = match rng.random::<f64>() {
        u if u < 0.45 => Artifact::Star {
            colour: star_colour(rng),
            angle: rng.random_range(0.0..FRAC_PI_2),
            bleed: if magnitude < 10.5 && chance(0.5, rng) {
                unit * rng.random_range(4.0..25.0)
            } else {
                0.0
            },
        },
        u if u < 0.68 => Artifact::Trail {
            angle: rng.random_range(0.0..PI),
            width: rng.random_range(0.6..1.6),
            brightness: exposure_colour(0.5, rng),
            flashes: if chance(0.25, rng) { unit * rng.random_range(8.0..30.0) } else { 0.0 },
        },
        u if u < 0.84 => Artifact::Ghost {
            radius: unit * rng.random_range(16.0..48.0),
            hole: rng.random_range(0.1..0.4),
            // A reflection is in every exposure of its field, in one band more than in another.
            brightness: [0.06, 0.1, 0.3].map(|b| b * normal(-0.6, 0.6, rng).exp()),
        },
        u if u < 0.92 => Artifact::Edge {
            angle: rng.random_range(0..4) as f64 * FRAC_PI_2,
            band: rng.random_range(0..3),
            offset: normal(0.0, 1.5, rng),
        },
        _ => Artifact::Blank,
    };
    (magnitude, Body::Artifact(artifact))
}

/// The brightness of what is in the exposures of one band, at times of two.
fn exposure_colour(brightness: f64, rng: &mut StdRng) -> [f64; 3] {
    let level = brightness * normal(0.0, 0.5, rng).exp();
    let mut bands = [0.0; 3];
    bands[rng.random_range(0..3)] = level;
    if chance(0.4, rng) {
        bands[rng.random_range(0..3)] += 0.6 * level;
    }
    // The redder the band, the brighter its sky and the longer its exposures.
    [bands[0] * 0.5, bands[1], bands[2] * 2.2]
}
