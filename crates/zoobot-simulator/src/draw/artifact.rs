//! Random parameters of artifacts.

use super::super::field::star_colour;
use super::super::morphology::{Artifact, Body};
use super::{chance, normal};
use rand::{Rng, rngs::StdRng};
use std::f64::consts::{FRAC_PI_2, PI};

/// An object that is not a galaxy: its magnitude and its parameters.
pub(super) fn artifact(unit: f64, rng: &mut StdRng) -> (f64, Body) {
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
            // A reflection is in every exposure of its field, stronger in some bands than in others.
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

/// The brightness of an object in the exposures of one band, sometimes of two.
fn exposure_colour(brightness: f64, rng: &mut StdRng) -> [f64; 3] {
    let level = brightness * normal(0.0, 0.5, rng).exp();
    let mut bands = [0.0; 3];
    bands[rng.random_range(0..3)] = level;
    if chance(0.4, rng) {
        bands[rng.random_range(0..3)] += 0.6 * level;
    }
    // Redder bands have a brighter sky and longer exposures.
    [bands[0] * 0.5, bands[1], bands[2] * 2.2]
}
