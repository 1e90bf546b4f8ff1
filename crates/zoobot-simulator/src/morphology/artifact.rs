//! Objects in a catalogue that are not galaxies.

use super::Colour;
use serde::{Deserialize, Serialize};

/// An object in the catalogue of a survey that is not a galaxy.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Artifact {
    /// A saturated star with diffraction spikes.
    Star {
        /// Colour of the star.
        colour: Colour,
        /// Direction of the first spike, radians.
        angle: f64,
        /// Half-length of the column into which its charge bled, in arcsec; 0 for none.
        bleed: f64,
    },
    /// A satellite or aircraft that crossed one or two exposures.
    Trail {
        /// Its direction, radians.
        angle: f64,
        /// Standard deviation of its profile, arcsec.
        width: f64,
        /// Surface brightness in g, r and z, nanomaggies per square arcsec.
        brightness: [f64; 3],
        /// Distance between the flashes of an aircraft, in arcsec; 0 for a satellite's continuous line.
        flashes: f64,
    },
    /// The out-of-focus reflection of a bright star outside the picture.
    Ghost {
        /// Outer radius, arcsec.
        radius: f64,
        /// Radius of the hole, as a share of the outer radius.
        hole: f64,
        /// Surface brightness in g, r and z, nanomaggies per square arcsec.
        brightness: [f64; 3],
    },
    /// The edge of a detector: beyond it one band has fewer exposures, and a wrong background.
    Edge {
        /// Direction of the normal, radians.
        angle: f64,
        /// The band: 0 is g, 1 is r, 2 is z.
        band: usize,
        /// Background beyond the edge, in units of the sky's noise.
        offset: f64,
    },
    /// Only sky.
    Blank,
}
