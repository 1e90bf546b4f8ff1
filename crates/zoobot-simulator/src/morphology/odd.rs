//! Events in the lives of galaxies: encounters, winds, lenses, and their remnants.

use super::{Colour, DiskGalaxy, Spheroid};
use serde::{Deserialize, Serialize};

/// Two interacting discs, followed as test particles around two moving masses (Toomre & Toomre 1972).
///
/// ```
/// use zoobot_core::survey::{Body, Kind, Simulation};
/// let galaxy = Simulation::new(1).kinds([Kind::Merger]).galaxy(0)?;
/// assert!(matches!(galaxy.morphology.body, Body::Pair(it) if it.bulge_fraction < 1.0));
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Encounter {
    /// Ratio of the second galaxy's mass and light to the first's.
    pub mass_ratio: f64,
    /// Radius of the first disc before the encounter, arcsec.
    pub radius: f64,
    /// Closest approach, in disc radii.
    pub pericentre: f64,
    /// Time since the first closest approach, in units of sqrt(radius³ / (G mass)); negative before it.
    pub time: f64,
    /// Spin axes of the two discs and line of sight: (cos of polar angle, azimuth).
    pub axes: [[f64; 2]; 3],
    /// Ratio of the stars' random motion to their speed around the nucleus: 0 is cold and sharp.
    pub warmth: f64,
    /// Share of the light that is in the two nuclei.
    pub bulge_fraction: f64,
    /// Colours of the two galaxies' nuclei.
    pub nuclei: [Colour; 2],
    /// Colours of the two galaxies' discs.
    pub discs: [Colour; 2],
}

/// The stage of a merger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Before the first passage: two discs side by side, not yet disturbed.
    Approaching,
    /// After the first passage: two nuclei apart, with a bridge and tails.
    Passage,
    /// Two nuclei in one body.
    Coalescing,
    /// One nucleus, with the remains of the tails.
    Remnant,
}

impl Stage {
    /// The name in the catalogue's `merger_stage` column, such as `passage`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Approaching => "approaching",
            Self::Passage => "passage",
            Self::Coalescing => "coalescing",
            Self::Remnant => "remnant",
        }
    }
}

/// An irregular galaxy: an underlying disc, an off-centre patchy body of young stars, and clumps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Irregular {
    /// Exponential scale length of the old stars, arcsec.
    pub scale: f64,
    /// Apparent axis ratio (minor over major).
    pub axis_ratio: f64,
    /// Direction of the major axis, radians.
    pub angle: f64,
    /// Colour of the old stars.
    pub old: Colour,
    /// Colour of the young stars.
    pub young: Colour,
    /// Share of the light that comes from young stars, including clumps.
    pub young_fraction: f64,
    /// Patchiness of the young stars: 0 is smooth, 1 very patchy.
    pub patchiness: f64,
    /// Centre of the young stars, in arcsec from the centre of the old stars.
    pub offset: [f64; 2],
    /// Number of bright clumps.
    pub clumps: usize,
    /// Share of the young stars' light in the clumps.
    pub clump_fraction: f64,
}

/// A singular isothermal ellipsoid (Kormann, Schneider & Bartelmann 1994, A&A 284, 285) of stars,
/// and an exponential source far behind it.
///
/// ```
/// use zoobot_core::survey::{Body, Kind, Simulation};
/// let galaxy = Simulation::new(1).kinds([Kind::GravitationalLens]).galaxy(0)?;
/// assert!(matches!(galaxy.morphology.body, Body::Lens(it) if it.einstein_radius > 0.0));
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GravitationalLens {
    /// The galaxy that bends the light.
    pub lens: Spheroid,
    /// Radius of the ring that a source exactly behind a round lens would form, arcsec.
    pub einstein_radius: f64,
    /// Axis ratio (minor over major) of the mass, which is aligned with the light.
    pub mass_axis_ratio: f64,
    /// The source as it would look without the lens.
    pub source: Spheroid,
    /// Position of the source without the lens, arcsec from the lens.
    pub place: [f64; 2],
    /// The source's r magnitude without the lens.
    pub source_magnitude: f64,
}

/// A disc that loses its gas to a wind (ram pressure), with the stars that form in the wake.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Jellyfish {
    /// The disc in the wind.
    pub disk: DiskGalaxy,
    /// Direction of the wake on the sky, radians.
    pub wind: f64,
    /// Distance from the centre at which the windward side is stripped, arcsec.
    pub edge: f64,
    /// Length over which the wake fades, arcsec.
    pub length: f64,
    /// Half-width of the wake where it starts, arcsec.
    pub width: f64,
    /// Number of filaments in the wake.
    pub filaments: usize,
    /// Ratio of the wake's light to the disc's.
    pub fraction: f64,
    /// Colour of the wake's stars.
    pub colour: Colour,
    /// Number of knots in the wake.
    pub knots: usize,
}

/// A peculiarity of an otherwise ordinary galaxy. Lengths are arcsec on the sky.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Peculiarity {
    /// Arcs with sharp outer edges on alternate sides, the phase wrapping of a radial infall
    /// (Quinn 1984, ApJ 279, 596).
    Shells {
        /// The number of shells.
        number: usize,
        /// Radius of the innermost shell.
        inner: f64,
        /// Radius of the outermost shell.
        outer: f64,
        /// Direction of the outermost shell, in radians.
        angle: f64,
        /// Half of the angle that each shell spans, in radians.
        opening: f64,
        /// Ratio of the light of all shells to the galaxy's.
        fraction: f64,
        /// Colour of the shells.
        colour: Colour,
    },
    /// A band of stars from a disrupted companion, or a tail: r = radius · exp(growth · φ).
    Stream {
        /// Distance of its start from the centre.
        radius: f64,
        /// Direction of its start, in radians.
        angle: f64,
        /// The angle that it spans, in radians; its sign is the sense.
        arc: f64,
        /// Growth of ln radius with the angle: 0 is a circle, 0.5 a tail that leaves the galaxy.
        growth: f64,
        /// Standard deviation of its profile.
        width: f64,
        /// Ratio of its light to the galaxy's.
        fraction: f64,
        /// Its colour.
        colour: Colour,
    },
    /// A dust lane across a galaxy that is not a disc.
    DustLane {
        /// Its direction, radians.
        angle: f64,
        /// Half-length.
        length: f64,
        /// Standard deviation of its profile.
        width: f64,
        /// Distance from the centre.
        offset: f64,
        /// Optical depth in r along its centre line.
        depth: f64,
    },
}
