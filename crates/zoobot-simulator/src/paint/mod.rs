//! Paints a galaxy's light on the sky from its parameters, before telescope and neighbours.

mod disk;
mod edge_on;
mod odd;
mod pair;
mod peculiar;

use super::canvas::{BANDS, Canvas, Region};
use super::light::Sersic;
use super::morphology::{Body, Morphology, Spheroid};

/// Extinction in g, r and z for an optical depth of 1 in r (Schlafly & Finkbeiner 2011).
const DUST: [f64; BANDS] = [1.48, 1.0, 0.56];

/// A surface brightness far below the noise, nanomaggies per square arcsec.
pub(crate) const INVISIBLE: f64 = 3e-4;

/// The flux of a magnitude, in nanomaggies.
pub(crate) fn flux(magnitude: f64) -> f64 {
    10f64.powf(0.4 * (22.5 - magnitude))
}

/// Paints a galaxy on an empty canvas; artifacts are not light from the sky and are painted by `artifact`.
pub(crate) fn paint(morphology: &Morphology, canvas: &mut Canvas) {
    let total = flux(morphology.magnitude);
    match &morphology.body {
        Body::Spheroid(spheroid) => paint_spheroid(spheroid, total, morphology.centre, canvas),
        Body::Disk(galaxy) => disk::paint(galaxy, total, morphology, canvas),
        Body::EdgeOn(galaxy) => edge_on::paint(galaxy, total, morphology, canvas),
        Body::Pair(encounter) => pair::paint(encounter, total, morphology, canvas),
        Body::Irregular(galaxy) => odd::paint_irregular(galaxy, total, morphology, canvas),
        Body::Lens(lens) => odd::paint_lens(lens, total, morphology, canvas),
        Body::Jellyfish(galaxy) => odd::paint_jellyfish(galaxy, total, morphology, canvas),
        Body::Overlap(pair) => odd::paint_overlap(pair, canvas),
        Body::Artifact(_) => {}
    }
    for peculiarity in &morphology.peculiarities {
        peculiar::paint(peculiarity, total, morphology.centre, canvas);
    }
}

/// Paints one Sérsic profile with a total flux in r.
pub(crate) fn paint_spheroid(s: &Spheroid, flux: f64, centre: [f64; 2], canvas: &mut Canvas) {
    let profile = Sersic::from(s);
    let bands = s.colour.bands().map(|b| b * flux);
    let region = Region { centre, radius: profile.reach(flux, INVISIBLE) };
    canvas.paint(region, 0.7, |x, y| {
        let density = profile.at(x, y);
        bands.map(|b| b * density)
    });
}

/// The factors for a disc's light in each band, for dust with an optical depth in r that hides a share of the
/// stars.
fn dimmed(depth: f64, share: f64) -> [f64; BANDS] {
    if depth < 1e-4 {
        return [1.0; BANDS];
    }
    DUST.map(|k| 1.0 - share + share * (-k * depth).exp())
}
