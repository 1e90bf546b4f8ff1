//! Random parameters of elliptical galaxies.

use super::super::morphology::{Body, Colour, Spheroid};
use super::{chance, normal, old_colour, total_magnitude};
use rand::{Rng, rngs::StdRng};
use std::f64::consts::PI;

pub(super) fn smooth(unit: f64, rng: &mut StdRng) -> (f64, Body) {
    let radius = unit * normal(1.6, 0.38, rng).exp().clamp(2.2, 10.0);
    // One in six is a dwarf: fainter, bluer, with a flatter core.
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
