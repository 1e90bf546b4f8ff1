//! Random parameters of edge-on discs.

use super::super::morphology::{Body, BulgeShape, Colour, EdgeOn, Spheroid};
use super::{chance, normal, total_magnitude};
use rand::{Rng, rngs::StdRng};
use std::f64::consts::PI;

pub(super) fn edge_on(unit: f64, rng: &mut StdRng) -> (f64, Body) {
    let scale = unit * normal(1.8, 0.3, rng).exp().clamp(2.8, 9.0);
    let early = rng.random::<f64>();
    let angle = rng.random_range(0.0..PI);
    let bulge_fraction = (0.02 + 0.38 * early * early + normal(0.0, 0.03, rng)).clamp(0.0, 0.55);
    let thickness = rng.random_range(0.12..0.22);
    let mut bulge = Spheroid {
        radius: scale * (0.2 + 0.45 * bulge_fraction),
        index: 1.1 + 1.8 * early,
        axis_ratio: rng.random_range(0.5..0.85),
        angle,
        colour: Colour::new(normal(0.85, 0.05, rng), normal(0.68, 0.05, rng)),
    };
    let bulge_shape = match rng.random::<f64>() {
        _ if bulge_fraction < 0.05 => BulgeShape::None,
        u if u < 0.55 => BulgeShape::Round,
        u if u < 0.8 => BulgeShape::Boxy,
        _ => BulgeShape::Peanut,
    };
    if matches!(bulge_shape, BulgeShape::Boxy | BulgeShape::Peanut) {
        // A bar seen from its side extends farther than a bulge, and is as flat as its stars' orbits.
        bulge.radius *= 1.35;
        bulge.index = rng.random_range(0.9..1.5);
        bulge.axis_ratio = rng.random_range(0.42..0.62);
    }
    let dusty = chance(0.6, rng);
    let hue = normal(0.0, 0.06, rng);
    let galaxy = EdgeOn {
        bulge,
        bulge_fraction,
        bulge_shape,
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
