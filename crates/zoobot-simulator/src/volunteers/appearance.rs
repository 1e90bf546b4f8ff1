//! The visible features of a galaxy: its true parts and the conditions of the picture determine the strength
//! of the evidence for everything that volunteers are asked about.
//!
//! Only this file uses the parts of a [`Morphology`](crate::Morphology); a new kind of galaxy
//! becomes visible to the volunteers here.

use super::evidence::{View, any};
use crate::{
    Artifact, Bar, Body, BulgeShape, DiskGalaxy, EdgeOn, Encounter, Morphology, SimulatedGalaxy,
    Spheroid, Stage,
};
use std::f64::consts::{PI, TAU};

/// The visible features of a galaxy. Every value is a strength of evidence from 0 (no volunteer would say so)
/// through 0.5 (opinions differ) to 1 (every volunteer would), unless its description says otherwise.
///
/// ```
/// use zoobot_core::survey::{Appearance, Kind, Simulation};
/// let galaxy = Simulation::new(1).kinds([Kind::EdgeOn]).galaxy(0)?;
/// assert!(Appearance::of(&galaxy).edge_on > 0.5);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Appearance {
    /// The object is not a galaxy, or no galaxy is visible.
    pub problem: f64,
    /// The share of stars among the problems; all others are artifacts.
    pub star: f64,
    /// The share of badly zoomed or empty pictures among the problems.
    pub zoom: f64,
    /// Shares of the kinds of artifact: satellite, scattered light, diffraction, cosmic ray,
    /// saturation, ghost, other.
    pub artifact: [f64; 7],
    /// It has features or a disc, rather than being smooth.
    pub featured: f64,
    /// It is a disc seen edge-on.
    pub edge_on: f64,
    /// It has spiral arms.
    pub arms: f64,
    /// Number of visible arms, 1 to 5; the weaker the arms, the harder they are to count.
    pub arm_count: f64,
    /// The arms cannot be counted.
    pub uncountable: f64,
    /// Pitch angle of the arms, degrees.
    pub pitch: f64,
    /// Strength of the bar: about 0.5 weak, 1 strong.
    pub bar: f64,
    /// Prominence of the bulge, from 0 (no bulge) to 1 (only a bulge); close to the square root of its share
    /// of the light.
    pub bulge: f64,
    /// The bulge of an edge-on disc is boxy.
    pub boxy: f64,
    /// Apparent axis ratio (minor over major), 0 to 1.
    pub axis_ratio: f64,
    /// It has a ring.
    pub ring: f64,
    /// Two or more galaxies are merging.
    pub merger: f64,
    /// It is disturbed: tails, streams, debris.
    pub disturbed: f64,
    /// It is irregular.
    pub irregular: f64,
    /// There is a gravitational lens or an arc.
    pub lens: f64,
    /// There is a dust lane.
    pub dust_lane: f64,
    /// Another galaxy is in front or behind.
    pub overlap: f64,
    /// It has clumps.
    pub clumps: f64,
    /// One side differs from the other.
    pub lopsided: f64,
    /// It is faint and diffuse.
    pub diffuse: f64,
    /// It is blue with young stars.
    pub starforming: f64,
    /// How uncertain all volunteers are: 0 for a sharp and deep picture, 1 for a picture that shows nothing.
    pub blur: f64,
}

impl Default for Appearance {
    /// A round, smooth galaxy in a good picture.
    fn default() -> Self {
        Self {
            problem: 0.05,
            star: 0.5,
            zoom: 0.1,
            artifact: [0.1, 0.2, 0.1, 0.1, 0.1, 0.1, 0.3],
            featured: 0.1,
            edge_on: 0.0,
            arms: 0.05,
            arm_count: 2.0,
            uncountable: 0.5,
            pitch: 16.0,
            bar: 0.05,
            bulge: 0.6,
            boxy: 0.1,
            axis_ratio: 0.9,
            ring: 0.03,
            merger: 0.03,
            disturbed: 0.05,
            irregular: 0.05,
            lens: 0.01,
            dust_lane: 0.02,
            overlap: 0.02,
            clumps: 0.05,
            lopsided: 0.1,
            diffuse: 0.0,
            starforming: 0.0,
            blur: 0.0,
        }
    }
}

/// A galaxy's light, as seen in a view.
pub(super) struct Light {
    pub view: View,
    /// Flux in r, nanomaggies.
    pub flux: f64,
    /// Radius that contains half of the flux, in arcsec.
    pub radius: f64,
}

impl Light {
    /// The visibility of a part that has a share of the light on an area (square arcsec) and a smallest
    /// extent of `size` arcsec.
    pub fn shows(&self, share: f64, area: f64, size: f64) -> f64 {
        self.view.shows(size, self.flux * share / area.max(1e-6))
    }

    /// Area of the half-light ellipse, in square arcsec.
    pub fn area(&self, axis_ratio: f64) -> f64 {
        PI * self.radius.powi(2) * axis_ratio.max(0.1)
    }
}

impl Appearance {
    /// The appearance of a galaxy in its picture.
    pub fn of(galaxy: &SimulatedGalaxy) -> Self {
        Self::through(galaxy, View::of(galaxy))
    }

    /// The appearance of a galaxy in another view.
    pub fn through(galaxy: &SimulatedGalaxy, view: View) -> Self {
        let truth = &galaxy.truth;
        let light = Light {
            view,
            flux: 10f64.powf(0.4 * (22.5 - truth.magnitude.unwrap_or(22.5))),
            radius: truth.radius.unwrap_or(1.0).max(0.1),
        };
        let true_axis_ratio = truth.axis_ratio.unwrap_or(0.9);
        let brightness = 0.5 * light.flux / light.area(true_axis_ratio);
        let seen = Self {
            axis_ratio: view.blurred_axis_ratio(true_axis_ratio, light.radius),
            blur: 1.0 - view.shows(light.radius, brightness),
            diffuse: faintness(brightness),
            starforming: truth.colour.map_or(0.0, |colour| ramp(colour, 0.7, 0.25)),
            ..Self::default()
        };
        seen.body(&galaxy.morphology, &light).peculiar(&galaxy.morphology.peculiarities, &light)
    }

    /// Adds the evidence for the galaxy's main components.
    pub(super) fn body(self, galaxy: &Morphology, light: &Light) -> Self {
        match &galaxy.body {
            Body::Spheroid(spheroid) => self.spheroid(spheroid),
            Body::Disk(disk) => self.disk(disk, light),
            Body::EdgeOn(disk) => self.edge_on_disk(disk, light),
            Body::Pair(pair) => self.pair(pair, light),
            Body::Irregular(irregular) => self.irregular(irregular, light),
            Body::Lens(lens) => self.lens(lens, light),
            Body::Jellyfish(jellyfish) => self.jellyfish(jellyfish, light),
            Body::Overlap(pair) => self.overlap(pair, light),
            Body::Artifact(artifact) => self.no_galaxy(artifact, galaxy.magnitude),
        }
    }

    pub(super) fn spheroid(self, spheroid: &Spheroid) -> Self {
        let concentrated = ramp(spheroid.index, 0.8, 4.0);
        Self {
            // A flat core is sometimes mistaken for a disc, and an elongated galaxy for an edge-on one.
            featured: 0.14 + 0.18 * (1.0 - concentrated) + 0.2 * (1.0 - self.axis_ratio),
            edge_on: (0.5 + 2.0 * (0.42 - self.axis_ratio)).clamp(0.0, 0.7),
            bulge: 0.55 + 0.3 * concentrated,
            bar: 0.05 + 0.15 * (1.0 - self.axis_ratio),
            ..self
        }
    }

    pub(super) fn disk(self, disk: &DiskGalaxy, light: &Light) -> Self {
        let tilt = disk.axis_ratio();
        // Structures in the plane overlap more as it is tilted.
        let open = tilt.powf(0.3);
        let mut seen = Self {
            // A nearly edge-on disc is mistaken for an edge-on one.
            edge_on: (0.5 + 2.2 * (0.3 - self.axis_ratio.min(tilt))).clamp(0.0, 1.0),
            bulge: disk.bulge_fraction.sqrt() + disk.bar.map_or(0.0, |_| 0.05),
            // The bulge of an unbarred galaxy, if elongated or lens-like, is sometimes mistaken for a bar.
            bar: 0.06 + 0.5 * disk.bulge_fraction * (1.0 - disk.bulge.axis_ratio),
            ..self
        };
        if let Some(bar) = disk.bar {
            seen.bar = any([bar_strength(&bar, tilt, light) * open, seen.bar]);
        }
        let ring = |ring: &crate::Ring| {
            let area = TAU * ring.radius * 2.5 * ring.width * tilt;
            let clear = light.shows(ring.fraction, area, 2.0 * ring.width * tilt.sqrt());
            0.8 * (ring.fraction / 0.12).sqrt() * clear * open
        };
        let rings = any(disk.rings.iter().map(ring));
        seen.see_arms(disk, light, open);
        // Arms and rings are mistaken for each other.
        seen.arms = any([seen.arms, 0.4 * rings]);
        seen.ring = any([rings, 0.02 + 0.1 * seen.arms]);
        let clumps = disk.clumps as f64;
        seen.clumps = 0.75 * clumps / (clumps + 14.0) * light.view.resolves(1.2);
        let patchy = disk.young_fraction * disk.patchiness * light.view.resolves(2.0);
        seen.dust_lane = 0.02 + 0.2 * disk.dust * (1.0 - tilt);
        seen.featured = any([
            0.2 + 0.12 * (1.0 - disk.bulge_fraction) + 0.12 * (1.0 - tilt),
            0.3 * patchy,
            0.85 * seen.arms,
            0.5 * seen.bar,
            0.6 * seen.ring,
            0.5 * seen.clumps,
            0.4 * seen.edge_on,
        ]);
        seen
    }

    fn see_arms(&mut self, disk: &DiskGalaxy, light: &Light, open: f64) {
        let Some(arms) = disk.arms else { return };
        // The share of light that is in neither the bulge nor other parts; a ring outshines nearby arms.
        let disc = 1.0 - disk.bulge_fraction - disk.share_of_parts();
        let strength = arms.contrast * disk.young_fraction * disc.max(0.0);
        // Half of the distance between crests, near the radius that contains half of the disc's light.
        let radius = 1.5 * disk.scale;
        let gap = PI * radius * arms.pitch.abs().tan() / arms.number.max(1) as f64;
        let area = light.area(disk.axis_ratio());
        let clear = light.shows(0.15 * strength, area, gap.min(radius) * open);
        let crisp = 0.82 + 0.06 * arms.sharpness.min(3.0);
        let contrast = strength / (strength + 0.05 + 0.4 * disk.share_of_rings()) * crisp;
        self.arms = any([(contrast * clear * open).powf(0.6), self.arms]);
        self.arm_count = arms.number as f64;
        self.pitch = arms.pitch.abs().to_degrees();
        let ragged = disk.patchiness * (0.15 + 0.1 * arms.number as f64) + arms.wobble.abs();
        self.uncountable = (0.3 * ragged + 0.7 * (1.0 - self.arms)).clamp(0.02, 0.7);
        self.lopsided = any([0.8 * arms.lopsided, 0.15]);
    }

    fn edge_on_disk(self, disk: &EdgeOn, light: &Light) -> Self {
        let thickness = 2.0 * disk.scale * disk.thickness;
        let length = 2.0 * disk.scale;
        let thin = light.shows(0.5, length * thickness, thickness);
        let dust =
            ramp(disk.dust, 0.3, 3.0) * light.shows(0.3, length * thickness, 0.7 * thickness);
        let warp = (5.0 * disk.warp.abs()).min(0.7) * thin;
        // The outline must be visible above the disc, and its corners are smaller than the bulge.
        let height = disk.bulge.radius * disk.bulge.axis_ratio;
        let corners = light.view.resolves(height) * ramp(disk.bulge_fraction, 0.05, 0.25);
        let clumps = disk.clumps as f64;
        Self {
            featured: any([0.5 * thin, 0.55 * dust, 0.2 * warp, 0.02 * clumps, 0.12]),
            edge_on: any([1.45 * (0.95 - self.axis_ratio).clamp(0.0, 0.8) * thin, 0.5 * dust]),
            bulge: disk.bulge_fraction.sqrt(),
            boxy: match disk.bulge_shape {
                BulgeShape::None | BulgeShape::Round => 0.1,
                // More than half of the volunteers called none of 527 bulges in Stripe 82 boxy (Willett et
                // al. 2013, table 5).
                BulgeShape::Boxy => 0.1 + 0.25 * corners,
                BulgeShape::Peanut => 0.1 + 0.4 * corners,
            },
            dust_lane: 0.9 * dust,
            disturbed: 0.05 + 0.4 * warp,
            clumps: 0.5 * clumps / (clumps + 14.0) * light.view.resolves(1.2),
            bar: 0.08,
            ..self
        }
    }

    fn pair(self, pair: &Encounter, light: &Light) -> Self {
        let spin = (pair.axes[0][0].max(0.0) + pair.axes[1][0].max(0.0)) / 2.0;
        let faint = light.shows(0.1, 2.0 * PI * pair.radius.powi(2), 0.3 * pair.radius);
        // Tails grow with time, and are longest for discs that rotate in the sense of the orbit; before the
        // first passage there are none. A small companion is overlooked, and a single nucleus is not a pair.
        let (tails, two) = match pair.stage() {
            Stage::Approaching => (0.06, 0.6),
            Stage::Passage => (0.35 + 0.08 * pair.time + 0.3 * spin, 0.9),
            Stage::Coalescing => (0.55 + 0.3 * spin, 0.8),
            Stage::Remnant => (0.6 + 0.3 * spin, 0.4),
        };
        let tails = tails.min(0.98) * faint;
        let seen_apart = light.view.resolves(0.3 * pair.radius);
        let merger = two * (0.75 + 0.25 * pair.mass_ratio) * seen_apart;
        Self {
            merger,
            disturbed: tails,
            featured: any([0.35, 0.5 * tails, 0.15 * merger]),
            arms: any([0.35 * tails, 0.05]),
            uncountable: 0.5,
            pitch: 26.0,
            irregular: 0.3,
            overlap: 0.25 * (1.0 - tails),
            lopsided: 0.85,
            bulge: pair.bulge_fraction.sqrt(),
            ..self
        }
    }

    fn no_galaxy(self, artifact: &Artifact, magnitude: f64) -> Self {
        // In the order of the field: satellite, scattered, diffraction, ray, saturation, ghost, other.
        let (problem, star, zoom, artifact) = match artifact {
            Artifact::Star { bleed, .. } => {
                let bled = if *bleed > 0.0 { 0.3 } else { 0.0 };
                let kinds = [0.02, 0.1, 0.5 - bled, 0.05, 0.2 + bled, 0.05, 0.08];
                (0.95 - 0.03 * (magnitude - 7.5), 0.85 - bled, 0.03, kinds)
            }
            Artifact::Trail { .. } => (0.9, 0.03, 0.04, [0.8, 0.03, 0.03, 0.06, 0.02, 0.01, 0.05]),
            Artifact::Ghost { .. } => (0.68, 0.1, 0.1, [0.02, 0.3, 0.03, 0.02, 0.05, 0.48, 0.1]),
            Artifact::Edge { .. } => (0.78, 0.03, 0.25, [0.05, 0.1, 0.02, 0.03, 0.05, 0.05, 0.7]),
            Artifact::Blank => (0.72, 0.12, 0.7, [0.03, 0.1, 0.02, 0.05, 0.02, 0.03, 0.75]),
        };
        Self { problem, star, zoom, artifact, featured: 0.25, axis_ratio: 0.95, ..self }
    }

    /// The galaxy is odd: a ring, a lens, a disturbance, an irregular shape, a merger, a dust lane, an
    /// overlap.
    pub fn odd(&self) -> f64 {
        any([
            0.8 * self.ring,
            self.lens,
            0.75 * self.disturbed,
            0.6 * self.irregular,
            0.85 * self.merger,
            0.5 * self.dust_lane,
            0.6 * self.overlap,
        ])
    }
}

fn bar_strength(bar: &Bar, tilt: f64, light: &Light) -> f64 {
    let (sin, cos) = bar.angle.sin_cos();
    // Projection shortens a bar near the line of sight.
    let length = cos.hypot(tilt * sin);
    let area = PI * bar.length.powi(2) * bar.axis_ratio * tilt;
    let width = 2.0 * bar.length * bar.axis_ratio;
    let clear = light.shows(bar.fraction, area, width);
    0.85 * (bar.fraction / 0.15).sqrt() * clear * length.powf(0.4)
}

/// The position of a value between two ends, from 0 to 1, clamped.
fn ramp(value: f64, from: f64, to: f64) -> f64 {
    ((value - from) / (to - from)).clamp(0.0, 1.0)
}

/// How strongly a mean surface brightness (nanomaggies per square arcsec within the half-light ellipse)
/// indicates a diffuse galaxy: rising from 23.3 to 25 magnitudes.
fn faintness(brightness: f64) -> f64 {
    ramp(22.5 - 2.5 * brightness.max(1e-9).log10(), 23.3, 25.0)
}
