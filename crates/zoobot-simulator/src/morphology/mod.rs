//! The true properties of a simulated galaxy, before any light is painted: its kind and the parameters of its
//! parts. `draw` chooses them at random; `paint` turns them into light.
//!
//! Lengths are arcseconds on the sky, angles radians (anticlockwise from the picture's right),
//! magnitudes AB. Positions are `[x, y]` from the picture's centre, x to the right and y up.

mod artifact;
mod disk;
mod kind;
mod odd;
mod redshift;

pub use artifact::Artifact;
pub use disk::{Arms, Bar, BulgeShape, DiskGalaxy, EdgeOn, Lens, Ring, RingPlace};
pub use kind::Kind;
pub use odd::{Encounter, GravitationalLens, Irregular, Jellyfish, Peculiarity, Stage};

use serde::{Deserialize, Serialize};

/// Two colours in AB magnitudes: `g - r` and `r - z`.
///
/// ```
/// use zoobot_core::survey::Colour;
/// let colour = Colour::new(0.6, 0.5);
/// assert!(colour.redder(0.1).g_r > colour.g_r);
/// ```
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

    /// The colour reddened by `by` in `g - r`, and in `r - z` by 0.9 times as much, as the dust law requires.
    pub fn redder(self, by: f64) -> Self {
        Self { g_r: self.g_r + by, r_z: self.r_z + 0.9 * by }
    }
}

/// The parameters of a galaxy or an artifact.
///
/// ```
/// use zoobot_core::survey::{Kind, Simulation};
/// let ring = Simulation::new(1).kinds([Kind::Ring]).galaxy(0)?.morphology;
/// assert!(ring.has_ring() && !ring.is_merger());
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Morphology {
    /// The class.
    pub kind: Kind,
    /// Position of the galaxy's centre, in arcsec from the picture's centre.
    pub centre: [f64; 2],
    /// The redshift; the magnitude and the colours include its dimming and reddening. 0 for an artifact.
    pub redshift: f64,
    /// Total r magnitude before dust extinction; for an artifact, of its brightest part; for a gravitational
    /// lens, of the galaxy that bends the light; for an overlap, of the nearer galaxy.
    pub magnitude: f64,
    /// Its parts.
    pub body: Body,
    /// Its peculiarities: shells, streams, a dust lane across an elliptical.
    pub peculiarities: Vec<Peculiarity>,
    /// Seed of its irregularities: the texture of arms, the positions of clumps, the stars of a merger.
    pub texture: u64,
}

/// The components of a galaxy.
///
/// ```
/// use zoobot_core::survey::{Body, Kind, Simulation};
/// let galaxy = Simulation::new(1).kinds([Kind::EdgeOn]).galaxy(0)?;
/// assert!(matches!(galaxy.morphology.body, Body::EdgeOn(_)));
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// A single spheroid.
    Spheroid(Spheroid),
    /// A bulge in a disc, with the parts of the disc.
    Disk(DiskGalaxy),
    /// An edge-on disc.
    EdgeOn(EdgeOn),
    /// Two interacting galaxies.
    Pair(Encounter),
    /// Clumps without symmetry.
    Irregular(Irregular),
    /// An elliptical that bends the light of a galaxy behind it.
    Lens(GravitationalLens),
    /// A disc in a wind.
    Jellyfish(Jellyfish),
    /// Two galaxies along one line of sight, the nearer first.
    Overlap(Box<[Morphology; 2]>),
    /// Not a galaxy.
    Artifact(Artifact),
}

/// A Sérsic profile with elliptical isophotes (bulges and elliptical galaxies).
///
/// ```
/// use zoobot_core::survey::{Body, Kind, Simulation};
/// let galaxy = Simulation::new(1).kinds([Kind::Smooth]).galaxy(0)?;
/// assert!(matches!(galaxy.morphology.body, Body::Spheroid(it) if it.axis_ratio <= 1.0));
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spheroid {
    /// Half-light semi-major axis, arcsec.
    pub radius: f64,
    /// Sérsic index: 1 is exponential, 4 de Vaucouleurs.
    pub index: f64,
    /// Apparent axis ratio (minor over major).
    pub axis_ratio: f64,
    /// Direction of the major axis, radians.
    pub angle: f64,
    /// Its colour.
    pub colour: Colour,
}

impl Morphology {
    /// The disc, unless it is edge-on; for an overlap, the disc of the nearer galaxy.
    pub fn disk(&self) -> Option<&DiskGalaxy> {
        match &self.body {
            Body::Disk(disk) => Some(disk),
            Body::Jellyfish(jellyfish) => Some(&jellyfish.disk),
            Body::Overlap(pair) => pair[0].disk(),
            _ => None,
        }
    }

    /// The number of spiral arms, or 0.
    pub fn spiral_arms(&self) -> usize {
        self.disk().and_then(|disk| disk.arms).map_or(0, |arms| arms.number)
    }

    /// Whether the galaxy has a bar.
    pub fn has_bar(&self) -> bool {
        self.disk().is_some_and(|disk| disk.bar.is_some())
    }

    /// Whether the galaxy has a ring in its disc. The ring of a gravitational lens does not count.
    pub fn has_ring(&self) -> bool {
        self.disk().is_some_and(|disk| !disk.rings.is_empty())
    }

    /// Whether this is a pair of merging galaxies, at any stage from approach to remnant.
    pub fn is_merger(&self) -> bool {
        matches!(self.body, Body::Pair(_))
    }

    /// Whether a dust lane crosses the galaxy.
    pub fn has_dust_lane(&self) -> bool {
        let across = |p: &Peculiarity| matches!(p, Peculiarity::DustLane { .. });
        self.peculiarities.iter().any(across)
            || matches!(&self.body, Body::EdgeOn(disk) if disk.dust > 0.0)
    }

    /// Whether the galaxy has shells.
    pub fn has_shells(&self) -> bool {
        self.peculiarities.iter().any(|p| matches!(p, Peculiarity::Shells { .. }))
    }

    /// Whether tides left tails, bridges, streams or shells.
    pub fn is_tidal(&self) -> bool {
        let tide = |p: &Peculiarity| !matches!(p, Peculiarity::DustLane { .. });
        self.peculiarities.iter().any(tide)
            || matches!(&self.body, Body::Pair(pair) if pair.time > 0.0)
    }

    /// The bulge's share of the light in r (1 for an elliptical, 0 for an irregular galaxy, the
    /// nearer galaxy's for an overlap); `None` for objects that are not galaxies.
    pub fn bulge_fraction(&self) -> Option<f64> {
        match &self.body {
            Body::Spheroid(_) | Body::Lens(_) => Some(1.0),
            Body::Disk(disk) => Some(disk.bulge_fraction),
            Body::EdgeOn(disk) => Some(disk.bulge_fraction),
            Body::Pair(pair) => Some(pair.bulge_fraction),
            Body::Irregular(_) => Some(0.0),
            Body::Jellyfish(jellyfish) => Some(jellyfish.disk.bulge_fraction),
            Body::Overlap(pair) => pair[0].bulge_fraction(),
            Body::Artifact(_) => None,
        }
    }

    /// Semi-major axis that contains about half of the r light, in arcsec, which sets the size of the
    /// cut-out. It is computed from the parts, without painting them; 0 for an artifact.
    pub fn extent(&self) -> f64 {
        match &self.body {
            Body::Spheroid(spheroid) => spheroid.radius,
            Body::Disk(disk) => disk.extent(),
            Body::EdgeOn(disk) => 1.9 * disk.scale,
            Body::Pair(pair) => 1.1 * pair.radius,
            Body::Irregular(irregular) => 1.68 * irregular.scale,
            Body::Lens(lens) => lens.lens.radius.max(1.2 * lens.einstein_radius),
            Body::Jellyfish(jellyfish) => 1.3 * jellyfish.disk.extent(),
            Body::Overlap(pair) => 1.3 * pair[0].extent().max(pair[1].extent()),
            Body::Artifact(_) => 0.0,
        }
    }
}
