//! Random parameters of a galaxy, kind by kind. Sizes, colours and surface brightnesses follow galaxies of r
//! = 14 to 17.5 in the nearby universe, as shown by Galaxy Zoo; they overlap between kinds, so that no single
//! number identifies a kind.

mod artifact;
mod disk;
mod edge_on;
mod odd;
mod smooth;

use super::morphology::{Colour, Kind, Morphology};
use rand::{Rng, rngs::StdRng};
use rand_distr::StandardNormal;
use std::f64::consts::TAU;

/// The redshift that the surface brightnesses below refer to.
const USUAL_REDSHIFT: f64 = 0.05;

/// Parameters of a random galaxy of a kind; `unit` is its size on the sky relative to the usual size.
pub(crate) fn morphology(kind: Kind, unit: f64, rng: &mut StdRng) -> Morphology {
    let centre = [normal(0.0, 0.5 * unit, rng), normal(0.0, 0.5 * unit, rng)];
    let (magnitude, body) = match kind {
        Kind::Smooth => smooth::smooth(unit, rng),
        Kind::Disk | Kind::Spiral | Kind::BarredSpiral | Kind::Ring => disk::disk(kind, unit, rng),
        Kind::EdgeOn => edge_on::edge_on(unit, rng),
        Kind::Merger => odd::pair(unit, rng),
        Kind::StarOrArtifact => artifact::artifact(unit, rng),
        Kind::Irregular => odd::irregular(unit, rng),
        Kind::Diffuse => odd::diffuse(unit, rng),
        Kind::GravitationalLens => odd::lens(unit, rng),
        Kind::Jellyfish => odd::jellyfish(unit, rng),
        Kind::Overlap => odd::overlap(unit, rng),
    };
    let peculiarities = odd::peculiarities(kind, &body, rng);
    let texture = rng.random();
    let mut galaxy =
        Morphology { kind, centre, redshift: 0.0, magnitude, body, peculiarities, texture };
    match kind {
        Kind::StarOrArtifact => {}
        // Gravitational lenses are far away; the galaxies of an overlap have already been reddened.
        Kind::GravitationalLens => galaxy.redden(rng.random_range(0.15..0.5)),
        Kind::Overlap => odd::settle(&mut galaxy),
        _ => {
            let redshift = normal(USUAL_REDSHIFT.ln(), 0.55, rng).exp().clamp(0.008, 0.2);
            galaxy.redden(redshift);
            galaxy.darken(10.0 * ((1.0 + redshift) / (1.0 + USUAL_REDSHIFT)).log10());
        }
    }
    galaxy
}

fn normal(mean: f64, deviation: f64, rng: &mut StdRng) -> f64 {
    mean + deviation * rng.sample::<f64, _>(StandardNormal)
}

fn chance(probability: f64, rng: &mut StdRng) -> bool {
    rng.random::<f64>() < probability
}

/// Total magnitude from the mean surface brightness (mag per square arcsec) within the half-light ellipse
/// with this radius and axis ratio.
fn total_magnitude(brightness: f64, radius: f64, axis_ratio: f64) -> f64 {
    brightness - 2.5 * (TAU * radius * radius * axis_ratio).log10()
}

/// The rest-frame colour of an old population.
fn old_colour(rng: &mut StdRng) -> Colour {
    Colour::new(normal(0.71, 0.04, rng), normal(0.6, 0.04, rng))
}
