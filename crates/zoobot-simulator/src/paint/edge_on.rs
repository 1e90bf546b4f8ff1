//! Paints edge-on discs.

use super::super::canvas::{BANDS, Canvas};
use super::super::light::{Sersic, smoothstep};
use super::super::morphology::{BulgeShape, EdgeOn, Morphology, Spheroid};
use super::super::texture::Texture;
use super::{INVISIBLE, dimmed};
use rand::{Rng, SeedableRng, rngs::StdRng};
use rand_distr::StandardNormal;

pub(super) fn paint(disk: &EdgeOn, total: f64, morphology: &Morphology, canvas: &mut Canvas) {
    let texture = Texture::new(morphology.texture);
    let (sin, cos) = disk.angle.sin_cos();
    let (h, hz) = (disk.scale, disk.scale * disk.thickness);
    let limit = 4.2 * h;
    // Along the disc: x/h K1(x/h) for a transparent exponential disc, in its asymptotic form.
    let along = |x: f64| {
        let t = x.abs() / h;
        (1.0 + 1.571 * t).sqrt() * (-t).exp() * (1.0 - smoothstep(0.45 * limit, limit, x.abs()))
    };
    const STEPS: usize = 200;
    let step = limit / STEPS as f64;
    let length: f64 = (0..STEPS).map(|k| 2.0 * step * along((k as f64 + 0.5) * step)).sum();
    // ∫ sech²(z/hz) dz = 2 hz.
    let norm = total * (1.0 - disk.bulge_fraction) / (length * 2.0 * hz);
    let bulge = bulge_profile(disk);
    let bulge_edge = bulge.reach(total * disk.bulge_fraction, INVISIBLE).powi(2);
    let bulge_light = disk.bulge.colour.bands().map(|b| b * total * disk.bulge_fraction);
    let (inner, outer) = (disk.inner.bands(), disk.outer.bands());
    let sech2 = |t: f64| 1.0 / t.cosh().powi(2);

    canvas.paint(canvas.everywhere(morphology.centre), 0.35, |x, y| {
        let (s, z) = (x * cos + y * sin, y * cos - x * sin);
        let bulge_density = if x * x + y * y < bulge_edge {
            let swell = if disk.bulge_shape == BulgeShape::Peanut {
                humps(s / disk.bulge.radius)
            } else {
                1.0
            };
            bulge.at(s, z / swell) / swell
        } else {
            0.0
        };
        let mut light = bulge_light.map(|b| b * bulge_density);
        let r = s.abs() / h;
        if r * h > limit || z.abs() > 9.0 * hz {
            return light;
        }
        // The warp grows with the cube of the radius, up on one side and down on the other.
        let middle = disk.warp * h * (s / h).powi(3) / 9.0;
        let z = z - middle;
        let patch = (0.18 * texture.at(0.9 * s / h, 2.0 * z / hz)).exp();
        let density = norm * along(s) * sech2(z / (hz * (1.0 + 0.06 * r * r))) * patch;
        let rim = smoothstep(0.4, 2.8, r);
        let lane = (z - disk.lane * (1.0 - (r / 4.2).powi(2))) / (0.5 * hz);
        let wave = (0.35 * texture.at(1.7 * s / h + 2.0, 3.0)).exp();
        let depth = disk.dust * wave * (-r / 1.8).exp() * sech2(lane);
        let dims = dimmed(depth, 0.8);
        for band in 0..BANDS {
            let colour = inner[band] + (outer[band] - inner[band]) * rim;
            light[band] = (light[band] + density * colour) * dims[band];
        }
        light
    });
    let mut rng = StdRng::seed_from_u64(morphology.texture ^ 0xC1);
    for _ in 0..disk.clumps {
        let mut normal = || rng.sample::<f64, _>(StandardNormal);
        let (s, z) = (1.3 * h * normal(), 0.3 * hz * normal());
        let brightness = 0.004 * total * (0.7 * normal()).exp() * (-s.abs() / (2.0 * h)).exp();
        let [cx, cy] = morphology.centre;
        let at = [cx + s * cos - z * sin, cy + s * sin + z * cos];
        let bands = disk.outer.redder(-0.15).bands();
        canvas.blob(at, 0.35, bands.map(|b| b * brightness));
    }
}

/// The profile of the bulge, in a frame aligned with the disc.
fn bulge_profile(disk: &EdgeOn) -> Sersic {
    let Spheroid { radius, index, axis_ratio, .. } = disk.bulge;
    match disk.bulge_shape {
        BulgeShape::None | BulgeShape::Round => Sersic::new(radius, index, axis_ratio, 0.0),
        BulgeShape::Boxy | BulgeShape::Peanut => Sersic::boxy(radius, index, axis_ratio, 0.0),
    }
}

/// How much thicker a peanut-shaped bulge is than a boxy one, at a distance along the disc in units of the
/// bulge's radius: thicker on both sides, thinner in the middle.
fn humps(along: f64) -> f64 {
    let bump = |from: f64| (-((along.abs() - from) / 0.5).powi(2)).exp();
    1.0 + 0.6 * bump(0.9) - 0.35 * bump(0.0)
}

#[cfg(test)]
mod tests {
    use super::super::super::morphology::{Body, Colour, Kind};
    use super::super::flux;
    use super::*;

    /// The picture of a bulge without its disc, and a function for its light at a distance above the middle.
    fn bulge(shape: BulgeShape) -> (Canvas, impl Fn(&Canvas, f64, f64) -> f64) {
        let colour = Colour::new(0.0, 0.0);
        let spheroid = Spheroid { radius: 6.0, index: 1.0, axis_ratio: 0.5, angle: 0.0, colour };
        let disk = EdgeOn {
            bulge: spheroid,
            bulge_fraction: 1.0,
            bulge_shape: shape,
            scale: 8.0,
            thickness: 0.1,
            angle: 0.0,
            inner: colour,
            outer: colour,
            dust: 0.0,
            lane: 0.0,
            warp: 0.0,
            clumps: 0,
        };
        let galaxy = Morphology {
            kind: Kind::EdgeOn,
            centre: [0.0; 2],
            redshift: 0.05,
            magnitude: 15.0,
            body: Body::EdgeOn(disk),
            peculiarities: Vec::new(),
            texture: 1,
        };
        let mut canvas = Canvas::new(256, 0.4);
        paint(&disk, flux(15.0), &galaxy, &mut canvas);
        let at = |canvas: &Canvas, x: f64, y: f64| {
            let (c, r) = canvas.pixel(x, y);
            f64::from(canvas.bands[1][r.round() as usize * canvas.size + c.round() as usize])
        };
        (canvas, at)
    }

    #[test]
    fn a_peanut_is_brighter_on_both_sides_above_the_disc_and_a_box_is_flat_there() {
        // The ratio of the brightness at the side to that on the axis, well above the middle.
        let sides = |shape: BulgeShape| {
            let (canvas, at) = bulge(shape);
            at(&canvas, 4.6, 3.8) / at(&canvas, 0.0, 3.8)
        };
        let [round, boxy, peanut] =
            [BulgeShape::Round, BulgeShape::Boxy, BulgeShape::Peanut].map(sides);
        assert!(round < 0.8 && boxy > round + 0.08 && peanut > 1.2, "{round} {boxy} {peanut}");
        for shape in [BulgeShape::Boxy, BulgeShape::Peanut] {
            let light = bulge(shape).0.flux(1) / flux(15.0);
            assert!((light - 1.0).abs() < 0.02, "{shape:?}: {light}");
        }
    }
}
