//! What a simulated galaxy *is*, before any light is drawn: its kind and the parameters of its
//! parts. How these are chosen at random is in `draw`; how they become light is in `paint`.
//!
//! Lengths are arcseconds on the sky, angles radians (anticlockwise from the picture's right),
//! magnitudes AB. Positions are `[x, y]` from the picture's centre, x to the right and y up.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The classes of the simulated survey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An elliptical galaxy: one Sérsic profile.
    Smooth,
    /// A bulge and an exponential disc without arms.
    Disk,
    /// A disc with logarithmic arms and no bar.
    Spiral,
    /// A disc with a bar from whose ends arms start.
    BarredSpiral,
    /// A disc with an inner ring, an outer ring or both.
    Ring,
    /// A disc seen from its side, often with a lane of dust.
    EdgeOn,
    /// Two galaxies that have passed through each other.
    Merger,
    /// Not a galaxy: a saturated star, a satellite's trail, a ghost, the edge of a detector.
    StarOrArtifact,
}

impl Kind {
    /// Every kind, in a fixed order.
    pub const ALL: [Self; 8] = [
        Self::Smooth,
        Self::Disk,
        Self::Spiral,
        Self::BarredSpiral,
        Self::Ring,
        Self::EdgeOn,
        Self::Merger,
        Self::StarOrArtifact,
    ];

    /// The name in the catalogue's `class` column, such as `barred_spiral`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Smooth => "smooth",
            Self::Disk => "disk",
            Self::Spiral => "spiral",
            Self::BarredSpiral => "barred_spiral",
            Self::Ring => "ring",
            Self::EdgeOn => "edge_on",
            Self::Merger => "merger",
            Self::StarOrArtifact => "star_or_artifact",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Two colours, AB magnitudes: `g - r` and `r - z`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Colour {
    /// `g - r`.
    pub g_r: f64,
    /// `r - z`.
    pub r_z: f64,
}

impl Colour {
    /// A colour from `g - r` and `r - z`.
    pub const fn new(g_r: f64, r_z: f64) -> Self {
        Self { g_r, r_z }
    }

    /// Fluxes in g, r and z for a flux of 1 in r.
    pub fn bands(self) -> [f64; 3] {
        [10f64.powf(-0.4 * self.g_r), 1.0, 10f64.powf(0.4 * self.r_z)]
    }

    /// The colour redder by `by` in `g - r`, and by the dust law's share of it in `r - z`.
    pub fn redder(self, by: f64) -> Self {
        Self { g_r: self.g_r + by, r_z: self.r_z + 0.9 * by }
    }
}

/// A galaxy's (or an artifact's) parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Morphology {
    /// The class.
    pub kind: Kind,
    /// Where its centre is, arcsec from the picture's centre.
    pub centre: [f64; 2],
    /// Total r magnitude before any dust; for an artifact, of its brightest part.
    pub magnitude: f64,
    /// Its parts.
    pub body: Body,
    /// Seed of its irregularities: the texture of arms, the places of clumps, a merger's stars.
    pub texture: u64,
}

/// What a galaxy is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// One spheroid.
    Spheroid(Spheroid),
    /// A bulge in a disc, with what the disc carries.
    Disk(DiskGalaxy),
    /// A disc from its side.
    EdgeOn(EdgeOn),
    /// Two galaxies after their encounter.
    Pair(Encounter),
    /// Not a galaxy.
    Artifact(Artifact),
}

/// A Sérsic profile with elliptical isophotes (bulges and elliptical galaxies).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spheroid {
    /// Half-light semi-major axis, arcsec.
    pub radius: f64,
    /// Sérsic index: 1 is exponential, 4 de Vaucouleurs.
    pub index: f64,
    /// Apparent minor over major axis.
    pub axis_ratio: f64,
    /// Direction of the major axis, radians.
    pub angle: f64,
    /// Its colour.
    pub colour: Colour,
}

/// A disc galaxy seen from anywhere but its side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DiskGalaxy {
    /// The bulge.
    pub bulge: Spheroid,
    /// The bulge's share of the galaxy's light in r.
    pub bulge_fraction: f64,
    /// Exponential scale length of the old stars, arcsec.
    pub scale: f64,
    /// Angle between the disc's axis and the line of sight, radians: 0 is face-on.
    pub inclination: f64,
    /// Direction of the line of nodes, radians.
    pub angle: f64,
    /// Colour of the disc's old stars.
    pub old: Colour,
    /// Colour of its young stars.
    pub young: Colour,
    /// Share of the disc's light in young stars.
    pub young_fraction: f64,
    /// Patchiness of the young stars: 0 smooth, 1 very.
    pub patchiness: f64,
    /// Optical depth in r of the dust at the centre, seen face-on.
    pub dust: f64,
    /// Number of bright clusters and star-forming regions.
    pub clumps: usize,
    /// The bar, if any.
    pub bar: Option<Bar>,
    /// The arms, if any.
    pub arms: Option<Arms>,
    /// The rings, if any.
    pub rings: Vec<Ring>,
}

impl DiskGalaxy {
    /// Minor over major axis of the disc as seen: cos i, but never thinner than the disc itself.
    pub fn axis_ratio(&self) -> f64 {
        const THICKNESS: f64 = 0.15;
        self.inclination.cos().hypot(THICKNESS * self.inclination.sin())
    }
}

/// A bar in the plane of its disc.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    /// Semi-major axis, arcsec.
    pub length: f64,
    /// Width over length.
    pub axis_ratio: f64,
    /// Direction in the disc's plane from the line of nodes, radians.
    pub angle: f64,
    /// Its share of the galaxy's light in r.
    pub fraction: f64,
}

/// Logarithmic spiral arms.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Arms {
    /// How many, 1 to 4.
    pub number: usize,
    /// Pitch angle, radians; its sign is the sense of winding.
    pub pitch: f64,
    /// Direction of the first arm where it starts, radians from the line of nodes.
    pub phase: f64,
    /// Concentration of the crests: 1 broad, 5 thin.
    pub sharpness: f64,
    /// 0 none to 1: all the young stars are in the arms.
    pub contrast: f64,
    /// Where they start, arcsec.
    pub start: f64,
    /// Where they fade, arcsec.
    pub end: f64,
    /// Irregularity of their course, radians.
    pub wobble: f64,
    /// How much stronger one side is than the other, 0 to 1.
    pub lopsided: f64,
}

/// A ring in the plane of its disc.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ring {
    /// Radius of the crest, arcsec.
    pub radius: f64,
    /// Standard deviation of its profile, arcsec.
    pub width: f64,
    /// Its share of the galaxy's light in r.
    pub fraction: f64,
}

/// A disc from its side.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EdgeOn {
    /// The bulge.
    pub bulge: Spheroid,
    /// The bulge's share of the galaxy's light in r.
    pub bulge_fraction: f64,
    /// Radial scale length, arcsec.
    pub scale: f64,
    /// Vertical scale height over scale length.
    pub thickness: f64,
    /// Direction of the disc, radians.
    pub angle: f64,
    /// Colour at the centre.
    pub inner: Colour,
    /// Colour at the rim.
    pub outer: Colour,
    /// Optical depth in r of the dust lane at the centre, 0 for none.
    pub dust: f64,
    /// Height of the lane above the middle of the disc, arcsec (it is not seen quite from the side).
    pub lane: f64,
    /// Bend of the outer disc, as a share of its radius.
    pub warp: f64,
    /// Number of bright clumps.
    pub clumps: usize,
}

/// Two discs after an encounter, followed as test particles around two moving masses
/// (Toomre & Toomre 1972).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Encounter {
    /// Mass and light of the second galaxy over the first's.
    pub mass_ratio: f64,
    /// Radius of the first disc before the encounter, arcsec.
    pub radius: f64,
    /// Closest approach, in disc radii.
    pub pericentre: f64,
    /// Time since the closest approach, in units of sqrt(radius³ / (G mass)).
    pub time: f64,
    /// Spin axes of the two discs and direction of sight: (cos of polar angle, azimuth).
    pub axes: [[f64; 2]; 3],
    /// Share of the light in the two nuclei.
    pub bulge_fraction: f64,
    /// Colours of the two galaxies' nuclei.
    pub nuclei: [Colour; 2],
    /// Colours of the two galaxies' discs.
    pub discs: [Colour; 2],
}

/// What is in the catalogue of a survey and is not a galaxy.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Artifact {
    /// A saturated star with diffraction spikes.
    Star {
        /// Colour of the star.
        colour: Colour,
        /// Direction of the first spike, radians.
        angle: f64,
        /// Half-length of the column into which its charge bled, arcsec; 0 for none.
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
        /// Distance between the flashes of an aircraft, arcsec; 0 for a satellite's plain line.
        flashes: f64,
    },
    /// The out-of-focus reflection of a bright star outside the picture.
    Ghost {
        /// Outer radius, arcsec.
        radius: f64,
        /// Radius of the hole, as a share of the outer.
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
        /// Background beyond it, in units of the sky's noise.
        offset: f64,
    },
    /// Nothing but sky.
    Blank,
}

impl Morphology {
    /// Number of spiral arms; 0 without.
    pub fn spiral_arms(&self) -> usize {
        match &self.body {
            Body::Disk(disk) => disk.arms.map_or(0, |arms| arms.number),
            _ => 0,
        }
    }

    /// Whether it has a bar.
    pub fn has_bar(&self) -> bool {
        matches!(&self.body, Body::Disk(disk) if disk.bar.is_some())
    }

    /// Whether it has a ring.
    pub fn has_ring(&self) -> bool {
        matches!(&self.body, Body::Disk(disk) if !disk.rings.is_empty())
    }

    /// Whether it is two galaxies in the act of merging.
    pub fn is_merger(&self) -> bool {
        matches!(self.body, Body::Pair(_))
    }

    /// The bulge's share of the light in r (1 for an elliptical); `None` for what is no galaxy.
    pub fn bulge_fraction(&self) -> Option<f64> {
        match &self.body {
            Body::Spheroid(_) => Some(1.0),
            Body::Disk(disk) => Some(disk.bulge_fraction),
            Body::EdgeOn(disk) => Some(disk.bulge_fraction),
            Body::Pair(pair) => Some(pair.bulge_fraction),
            Body::Artifact(_) => None,
        }
    }
}
