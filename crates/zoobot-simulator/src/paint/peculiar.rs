//! Paints shells, streams and dust lanes on an otherwise ordinary galaxy.

use super::super::canvas::Canvas;
use super::super::light::smoothstep;
use super::super::morphology::Peculiarity;
use super::dimmed;
use std::f64::consts::{PI, TAU};

/// Paints a peculiarity of a galaxy with a total flux in r, or dims the galaxy with it.
pub(super) fn paint(peculiarity: &Peculiarity, total: f64, centre: [f64; 2], canvas: &mut Canvas) {
    match *peculiarity {
        Peculiarity::Shells { number, inner, outer, angle, opening, fraction, colour } => {
            let bands = colour.bands().map(|b| b * total * fraction);
            let shells = Shells::new(number, inner, outer, opening);
            let (sin, cos) = angle.sin_cos();
            canvas.paint(canvas.everywhere(centre), 1.0, |x, y| {
                let density = shells.at(x * cos + y * sin, y * cos - x * sin);
                bands.map(|b| b * density)
            });
        }
        Peculiarity::Stream { radius, angle, arc, growth, width, fraction, colour } => {
            let bands = colour.bands().map(|b| b * total * fraction);
            let stream = Stream { radius, angle, arc, growth, width };
            let norm = 1.0 / stream.total();
            canvas.paint(canvas.everywhere(centre), 1.0, |x, y| {
                let density = norm * stream.at(x, y);
                bands.map(|b| b * density)
            });
        }
        Peculiarity::DustLane { angle, length, width, offset, depth } => {
            let (sin, cos) = angle.sin_cos();
            canvas.dim(centre, |x, y| {
                let (along, across) = (x * cos + y * sin, y * cos - x * sin);
                // A ring of dust seen nearly edge-on: a lane that curves around the centre.
                let lane = (across - offset - 0.12 * along * along / length) / width;
                let depth = depth * (-0.5 * lane * lane).exp();
                dimmed(depth * (1.0 - smoothstep(0.6 * length, length, along.abs())), 0.85)
            });
        }
    }
}

/// Shells on alternate sides, with a total flux of 1, in a frame where the outermost is along +x.
struct Shells {
    /// Radius and side (1 or -1) of each shell.
    edges: Vec<(f64, f64)>,
    opening: f64,
    /// Distance over which each shell fades inwards, relative to its radius.
    depth: f64,
    norm: f64,
}

impl Shells {
    fn new(number: usize, inner: f64, outer: f64, opening: f64) -> Self {
        let steps = (number.max(2) - 1) as f64;
        let edges: Vec<(f64, f64)> = (0..number)
            .map(|k| {
                let radius = outer * (inner / outer).powf(k as f64 / steps);
                (radius, if k % 2 == 0 { 1.0 } else { -1.0 })
            })
            .collect();
        let mut shells = Self { edges, opening, depth: 0.16, norm: 1.0 };
        shells.norm = 1.0 / shells.total();
        shells
    }

    fn profile(&self, radius: f64, edge: f64) -> f64 {
        if radius > 1.04 * edge {
            return 0.0;
        }
        let fade = ((radius - edge) / (self.depth * edge)).min(0.0).exp();
        // Outer shells are fainter: every shell has about equal light.
        fade * (1.0 - smoothstep(0.99 * edge, 1.04 * edge, radius)) / (edge * edge)
    }

    fn window(&self, angle: f64) -> f64 {
        let angle = angle / self.opening;
        if angle.abs() < 1.0 { (0.5 * PI * angle).cos().powi(2) } else { 0.0 }
    }

    fn total(&self) -> f64 {
        // The window's mean is a half; the radial part uses the midpoint rule.
        const STEPS: usize = 200;
        let radial = |edge: f64| -> f64 {
            let step = 1.04 * edge / STEPS as f64;
            let radius = |k: usize| (k as f64 + 0.5) * step;
            (0..STEPS).map(|k| radius(k) * self.profile(radius(k), edge) * step).sum()
        };
        self.edges.iter().map(|(edge, _)| self.opening * radial(*edge)).sum()
    }

    fn at(&self, x: f64, y: f64) -> f64 {
        let radius = x.hypot(y);
        let window = [self.window(y.atan2(-x)), self.window(y.atan2(x))];
        let lit = |side: f64| window[usize::from(side > 0.0)];
        let light = |(edge, side): &(f64, f64)| match lit(*side) {
            window if window > 0.0 => window * self.profile(radius, *edge),
            _ => 0.0,
        };
        self.norm * self.edges.iter().map(light).sum::<f64>()
    }
}

/// A band along r = radius · exp(growth · φ), φ from 0 to |arc| beyond `angle`.
struct Stream {
    radius: f64,
    angle: f64,
    arc: f64,
    growth: f64,
    width: f64,
}

impl Stream {
    /// Light along the stream: it rises and falls smoothly at the ends, and gets wider and fainter.
    fn along(&self, phi: f64) -> f64 {
        let t = phi / self.arc.abs();
        smoothstep(0.0, 0.25, t) * (1.0 - smoothstep(0.55, 1.0, t))
    }

    fn at(&self, x: f64, y: f64) -> f64 {
        let radius = x.hypot(y);
        let phi = ((y.atan2(x) - self.angle) * self.arc.signum()).rem_euclid(TAU);
        // A stream may pass a direction more than once.
        let turns = (self.arc.abs() / TAU).ceil() as usize;
        (0..turns.max(1))
            .map(|turn| {
                let phi = phi + TAU * turn as f64;
                if phi > self.arc.abs() {
                    return 0.0;
                }
                let width = self.width * (1.0 + 0.25 * phi);
                // The distance perpendicular to an outward curve is shorter than the distance along the
                // radius.
                let slope = 1.0 / self.growth.hypot(1.0);
                let across = (radius - self.radius * (self.growth * phi).exp()) * slope / width;
                if across.abs() > 4.0 {
                    return 0.0;
                }
                self.along(phi) * (-0.5 * across * across).exp() * self.width / width
            })
            .sum()
    }

    /// The integral of `at`.
    fn total(&self) -> f64 {
        const STEPS: usize = 100;
        let step = self.arc.abs() / STEPS as f64;
        let length = |phi: f64| {
            self.radius * (self.growth * phi).exp() * self.growth.hypot(1.0) * self.along(phi)
        };
        let along: f64 = (0..STEPS).map(|k| length((k as f64 + 0.5) * step) * step).sum();
        along * self.width * TAU.sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Colour;

    #[test]
    fn shells_and_streams_have_the_light_asked_for() {
        let colour = Colour::new(0.0, 0.0);
        let shells = Peculiarity::Shells {
            number: 5,
            inner: 8.0,
            outer: 25.0,
            angle: 0.4,
            opening: 0.8,
            fraction: 0.2,
            colour,
        };
        let stream = Peculiarity::Stream {
            radius: 12.0,
            angle: 1.0,
            arc: -7.5,
            growth: 0.1,
            width: 1.2,
            fraction: 0.1,
            colour,
        };
        for (peculiarity, share) in [(shells, 0.2), (stream, 0.1)] {
            let mut canvas = Canvas::new(300, 0.3);
            paint(&peculiarity, 50.0, [0.0, 0.0], &mut canvas);
            let seen = canvas.flux(1) / (50.0 * share);
            assert!((seen - 1.0).abs() < 0.03, "{peculiarity:?}: {seen}");
        }
    }

    #[test]
    fn a_shell_ends_sharply_outside_and_fades_inside_and_the_next_is_on_the_other_side() {
        let shells = Shells::new(2, 10.0, 20.0, 0.8);
        assert!(shells.at(19.5, 0.0) > 2.0 * shells.at(14.0, 0.0));
        assert_eq!(shells.at(21.0, 0.0), 0.0);
        assert_eq!(shells.at(-19.5, 0.0), 0.0);
        assert!(shells.at(-9.8, 0.0) > 0.0);
    }
}
