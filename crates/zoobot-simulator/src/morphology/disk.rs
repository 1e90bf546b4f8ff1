//! Discs and their parts: bulge, bar, arms, rings, lens, dust.

use super::{Colour, Spheroid};
use serde::{Deserialize, Serialize};

/// A disc galaxy seen from any direction except edge-on.
///
/// ```
/// use zoobot_core::survey::{Kind, Simulation};
/// let galaxy = Simulation::new(1).kinds([Kind::Spiral]).galaxy(0)?;
/// let disk = galaxy.morphology.disk().cloned().expect("a spiral is a disc");
/// assert!(disk.arms.is_some() && disk.bar.is_none());
/// # Ok::<(), zoobot_core::Error>(())
/// ```
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
    /// Colour of the disc's young stars.
    pub young: Colour,
    /// Share of the disc's light that comes from young stars.
    pub young_fraction: f64,
    /// Patchiness of the young stars: 0 is smooth, 1 very patchy.
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
    /// The lens, if any: a disc within the disc, with uniform brightness up to its edge.
    pub lens: Option<Lens>,
    /// Share of the galaxy's light in an unresolved nucleus.
    pub nucleus: f64,
}

impl DiskGalaxy {
    /// Apparent axis ratio (minor over major) of the disc: cos i, but never thinner than the disc itself.
    pub fn axis_ratio(&self) -> f64 {
        const THICKNESS: f64 = 0.15;
        self.inclination.cos().hypot(THICKNESS * self.inclination.sin())
    }

    /// Share of the galaxy's light in rings.
    pub fn share_of_rings(&self) -> f64 {
        self.rings.iter().map(|ring| ring.fraction).sum()
    }

    /// Share of the galaxy's light in bar, rings, lens and nucleus.
    pub fn share_of_parts(&self) -> f64 {
        let bar = self.bar.map_or(0.0, |bar| bar.fraction);
        self.share_of_rings() + bar + self.lens.map_or(0.0, |lens| lens.fraction) + self.nucleus
    }

    /// Adds every length on the sky to `all`.
    pub(super) fn lengths<'a>(&'a mut self, all: &mut Vec<&'a mut f64>) {
        all.extend([&mut self.bulge.radius, &mut self.scale]);
        all.extend(self.bar.iter_mut().map(|bar| &mut bar.length));
        all.extend(self.lens.iter_mut().map(|lens| &mut lens.radius));
        all.extend(self.arms.iter_mut().flat_map(|arms| [&mut arms.start, &mut arms.end]));
        for ring in &mut self.rings {
            all.extend([&mut ring.radius, &mut ring.width, &mut ring.offset]);
        }
    }

    /// Semi-major axis that contains about half of the light, in arcsec.
    pub(crate) fn extent(&self) -> f64 {
        let outer = self.rings.iter().map(|ring| 1.1 * ring.radius).fold(0.0, f64::max);
        // An exponential disc has half of its light within 1.68 scale lengths.
        (1.68 * self.scale * (1.0 - 0.5 * self.bulge_fraction)).max(outer)
    }
}

/// A bar in the plane of its disc.
///
/// ```
/// use zoobot_core::survey::{Kind, Simulation};
/// let galaxy = Simulation::new(1).kinds([Kind::BarredSpiral]).galaxy(0)?;
/// let bar = galaxy.morphology.disk().and_then(|disk| disk.bar).expect("it has a bar");
/// assert!(bar.axis_ratio < 1.0);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    /// Semi-major axis, arcsec.
    pub length: f64,
    /// Ratio of width to length.
    pub axis_ratio: f64,
    /// Direction in the disc's plane from the line of nodes, radians.
    pub angle: f64,
    /// Its share of the galaxy's light in r.
    pub fraction: f64,
}

/// Logarithmic spiral arms.
///
/// ```
/// use zoobot_core::survey::{Kind, Simulation};
/// let galaxy = Simulation::new(1).kinds([Kind::Spiral]).galaxy(0)?;
/// let arms = galaxy.morphology.disk().and_then(|disk| disk.arms).expect("it has arms");
/// assert_eq!(arms.number, galaxy.morphology.spiral_arms());
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Arms {
    /// The number of arms, 1 to 4.
    pub number: usize,
    /// Pitch angle, radians; its sign is the sense of winding.
    pub pitch: f64,
    /// Direction of the first arm at its start, in radians from the line of nodes.
    pub phase: f64,
    /// Concentration of the crests: 1 is broad, 5 thin.
    pub sharpness: f64,
    /// Contrast: from 0 (none) to 1 (all young stars are in the arms).
    pub contrast: f64,
    /// Radius at which the arms start, in arcsec.
    pub start: f64,
    /// Radius at which the arms fade, in arcsec.
    pub end: f64,
    /// Irregularity of their course, radians.
    pub wobble: f64,
    /// How much stronger one side is than the other, 0 to 1.
    pub lopsided: f64,
    /// How far the arms are broken into pieces: 0 is a grand design with two long arms, 1 flocculent.
    pub flocculence: f64,
}

/// The place of a ring in its disc.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RingPlace {
    /// Close around the nucleus, well inside a bar.
    Nuclear,
    /// Around the bar or the bulge.
    Inner,
    /// At the rim of the disc, about twice as wide as an inner ring.
    Outer,
    /// A wave caused by a companion that fell through the disc; the nucleus is off-centre.
    Collisional,
}

impl RingPlace {
    /// The name in the catalogue's `rings` column, such as `nuclear`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nuclear => "nuclear",
            Self::Inner => "inner",
            Self::Outer => "outer",
            Self::Collisional => "collisional",
        }
    }
}

/// A ring in the plane of its disc: an ellipse, centred on the disc or off-centre.
///
/// ```
/// use zoobot_core::survey::{Kind, Simulation};
/// let galaxy = Simulation::new(1).kinds([Kind::Ring]).galaxy(0)?;
/// let disk = galaxy.morphology.disk().cloned().expect("a ring is in a disc");
/// for ring in &disk.rings {
///     println!("{} ring, radius {:.1} arcsec", ring.place.name(), ring.radius);
/// }
/// assert!(!disk.rings.is_empty());
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ring {
    /// Its place in the disc.
    pub place: RingPlace,
    /// Semi-major axis of the crest, arcsec.
    pub radius: f64,
    /// Standard deviation of its profile, arcsec.
    pub width: f64,
    /// Axis ratio (minor over major) in the disc's plane; 1 is a circle.
    pub axis_ratio: f64,
    /// Direction of its major axis, and of the open side, in the disc's plane from the line of nodes, in
    /// radians.
    pub angle: f64,
    /// How far one side is open: 0 is closed, 1 has no light on that side.
    pub opening: f64,
    /// Distance of its centre from the disc's, in the disc's plane along the major axis, in arcsec.
    pub offset: f64,
    /// Its share of the galaxy's light in r.
    pub fraction: f64,
}

/// A lens: a component with uniform brightness and a sharp edge, common in early-type discs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Lens {
    /// Radius of its edge, arcsec.
    pub radius: f64,
    /// Its share of the galaxy's light in r.
    pub fraction: f64,
}

/// The outline of an edge-on galaxy's bulge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BulgeShape {
    /// No visible bulge.
    None,
    /// Elliptical isophotes.
    Round,
    /// Boxy isophotes.
    Boxy,
    /// Two humps on either side, an X shape: a bar seen from its side.
    Peanut,
}

impl BulgeShape {
    /// The name in the catalogue's `bulge_shape` column, such as `boxy`.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Round => "round",
            Self::Boxy => "boxy",
            Self::Peanut => "peanut",
        }
    }
}

/// A disc seen edge-on.
///
/// ```
/// use zoobot_core::survey::{Body, Kind, Simulation};
/// let galaxy = Simulation::new(1).kinds([Kind::EdgeOn]).galaxy(0)?;
/// assert!(matches!(galaxy.morphology.body, Body::EdgeOn(it) if it.thickness < 1.0));
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EdgeOn {
    /// The bulge.
    pub bulge: Spheroid,
    /// The bulge's share of the galaxy's light in r.
    pub bulge_fraction: f64,
    /// The bulge's outline.
    pub bulge_shape: BulgeShape,
    /// Radial scale length, arcsec.
    pub scale: f64,
    /// Ratio of the vertical scale height to the scale length.
    pub thickness: f64,
    /// Direction of the disc, radians.
    pub angle: f64,
    /// Colour at the centre.
    pub inner: Colour,
    /// Colour at the rim.
    pub outer: Colour,
    /// Optical depth in r of the dust lane at the centre, 0 for none.
    pub dust: f64,
    /// Height of the lane above the middle of the disc, arcsec (the disc is not exactly edge-on).
    pub lane: f64,
    /// Bend of the outer disc, as a share of its radius.
    pub warp: f64,
    /// Number of bright clumps.
    pub clumps: usize,
}
