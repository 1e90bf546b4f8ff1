//! The appearance of rare galaxies, and of the peculiarities of ordinary ones.

use super::appearance::{Appearance, Light};
use super::evidence::any;
use crate::{GravitationalLens, Irregular, Jellyfish, Morphology, Peculiarity};
use std::f64::consts::{PI, TAU};

impl Appearance {
    pub(super) fn irregular(self, galaxy: &Irregular, light: &Light) -> Self {
        let body = light.area(galaxy.axis_ratio);
        let patchy = galaxy.young_fraction * galaxy.patchiness;
        let order = light.shows(0.5 * galaxy.young_fraction, body, 0.7 * galaxy.scale);
        let clumps = galaxy.clumps as f64;
        let off = galaxy.offset[0].hypot(galaxy.offset[1]) / galaxy.scale.max(0.1);
        Self {
            featured: any([0.3, 0.6 * order, 0.4 * patchy]),
            irregular: any([0.25 + 0.6 * order, 0.3 * patchy]),
            clumps: 0.85 * clumps / (clumps + 8.0) * light.view.resolves(1.2),
            lopsided: any([0.5, 0.4 * off.min(1.0)]),
            bulge: 0.12,
            arms: 0.08,
            uncountable: 0.6,
            edge_on: (0.5 + 2.0 * (0.3 - self.axis_ratio)).clamp(0.0, 0.6),
            ..self
        }
    }

    pub(super) fn lens(self, system: &GravitationalLens, light: &Light) -> Self {
        // Arcs of the source; the closer it is to the line of sight, the longer they are.
        let radius = system.einstein_radius;
        let apart = system.place[0].hypot(system.place[1]) / radius.max(0.1);
        let source = 10f64.powf(0.4 * (22.5 - system.source_magnitude)) / light.flux.max(1e-9);
        let magnified = source * (2.0 / apart.max(0.2)).min(10.0);
        let width = 2.0 * system.source.radius;
        let arcs = light.shows(magnified, TAU * radius * width, width.min(radius));
        let apart_from_the_lens = light.view.resolves(radius);
        let seen = self.spheroid(&system.lens);
        Self {
            lens: 0.9 * arcs * apart_from_the_lens,
            ring: any([seen.ring, 0.6 * arcs * apart_from_the_lens * (1.0 - apart.min(1.0))]),
            featured: any([seen.featured, 0.25 * arcs * apart_from_the_lens]),
            ..seen
        }
    }

    pub(super) fn jellyfish(self, galaxy: &Jellyfish, light: &Light) -> Self {
        let seen = self.disk(&galaxy.disk, light);
        let wake = light.shows(galaxy.fraction, galaxy.length * galaxy.width, 0.5 * galaxy.width);
        let knots = galaxy.knots as f64;
        Self {
            disturbed: any([seen.disturbed, 0.85 * wake]),
            irregular: any([seen.irregular, 0.4 * wake]),
            lopsided: any([seen.lopsided, 0.8 * wake]),
            // The wake covers the arms, and the wind has removed arms on the windward side.
            arms: seen.arms * (1.0 - 0.3 * wake),
            clumps: any([seen.clumps, 0.5 * wake * knots / (knots + 10.0)]),
            featured: any([seen.featured, 0.4 * wake]),
            ..seen
        }
    }

    /// Most people look at the nearer galaxy, and see that there is another.
    pub(super) fn overlap(self, pair: &[Morphology; 2], light: &Light) -> Self {
        let [near, far] = pair;
        let (seen, other) = (self.clone().body(near, light), self.body(far, light));
        let either = |near: f64, far: f64| 0.7 * near + 0.3 * far;
        let [x, y] = [0, 1].map(|i| near.centre[i] - far.centre[i]);
        let apart = light.view.resolves(x.hypot(y));
        Self {
            overlap: 0.85 * apart,
            merger: any([seen.merger, 0.35 * apart]),
            lopsided: any([seen.lopsided, 0.3]),
            featured: either(seen.featured, other.featured),
            edge_on: either(seen.edge_on, other.edge_on),
            arms: either(seen.arms, other.arms),
            bar: either(seen.bar, other.bar),
            ..seen
        }
    }

    /// Adds shells, streams and dust lanes.
    pub(super) fn peculiar(mut self, all: &[Peculiarity], light: &Light) -> Self {
        for peculiarity in all {
            match *peculiarity {
                Peculiarity::Shells { outer, fraction, opening, .. } => {
                    let area = opening * outer.powi(2);
                    let shells = light.shows(fraction, area, 0.3 * outer);
                    self.disturbed = any([self.disturbed, 0.7 * shells]);
                    self.featured = any([self.featured, 0.25 * shells]);
                    self.ring = any([self.ring, 0.15 * shells]);
                }
                Peculiarity::Stream { radius, arc, width, fraction, .. } => {
                    let area = arc.abs() * radius * 2.5 * width;
                    let stream = light.shows(fraction, area, 2.0 * width);
                    self.disturbed = any([self.disturbed, 0.75 * stream]);
                    self.featured = any([self.featured, 0.15 * stream]);
                }
                Peculiarity::DustLane { length, width, depth, .. } => {
                    let dark = 1.0 - (-depth).exp();
                    let within = light.shows(0.4, PI * light.radius.powi(2), 2.0 * width);
                    let lane = dark * within * light.view.resolves(length);
                    self.dust_lane = any([self.dust_lane, 0.9 * lane]);
                    self.featured = any([self.featured, 0.3 * lane]);
                    self.edge_on = any([self.edge_on, 0.2 * lane]);
                }
            }
        }
        self
    }
}
