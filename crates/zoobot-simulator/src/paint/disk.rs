//! Paints discs that are not edge-on.

use super::super::canvas::{BANDS, Canvas};
use super::super::light::{ArmPattern, Plane, Sersic, normalisation, smoothstep};
use super::super::morphology::{DiskGalaxy, Morphology, Ring};
use super::super::texture::Texture;
use super::{INVISIBLE, dimmed};
use rand::{Rng, SeedableRng, rngs::StdRng};
use rand_distr::StandardNormal;
use std::f64::consts::TAU;

pub(super) fn paint(disk: &DiskGalaxy, total: f64, morphology: &Morphology, canvas: &mut Canvas) {
    let weave = Weave::new(disk, morphology.texture);
    let axis_ratio = disk.axis_ratio();
    let plane = Plane::new(disk.angle, axis_ratio);
    let scale = disk.scale;
    let rings: Vec<Annulus> = disk.rings.iter().map(Annulus::new).collect();
    let reach = disk.rings.iter().map(|ring| ring.radius + ring.offset + 4.0 * ring.width);
    let limit = reach.fold(6.0 * scale, f64::max);
    let bar = disk.bar.map(|bar| {
        let light = Sersic::boxy(0.55 * bar.length, 0.55, bar.axis_ratio, bar.angle);
        (light, bar)
    });
    let disk_share = (1.0 - disk.bulge_fraction - disk.share_of_parts()).max(0.0);

    // Old stars: exponential. Young stars: a wider disc, with a hole at the bar and bulge.
    let hole = disk.bar.map_or(0.6 * scale, |bar| 0.9 * bar.length);
    let old_profile = |r: f64| (-r / scale).exp() * (1.0 - smoothstep(4.5 * scale, limit, r));
    let young_profile = |r: f64| {
        (-r / (1.35 * scale)).exp()
            * (1.0 - 0.85 * (-(r / hole).powi(2)).exp())
            * (1.0 - smoothstep(3.2 * scale, 5.0 * scale, r))
    };
    let old_flux =
        total * disk_share * (1.0 - disk.young_fraction) * normalisation(limit, old_profile);
    let young_flux = total * disk_share * disk.young_fraction * normalisation(limit, young_profile);
    let lens_edge = disk.lens.map_or(0.0, |lens| lens.radius);
    let lens_profile = |r: f64| {
        let t = r / lens_edge;
        (1.0 - 0.4 * t) * (1.0 - smoothstep(0.85, 1.1, t))
    };
    let lens_flux = disk
        .lens
        .map_or(0.0, |lens| total * lens.fraction * normalisation(1.1 * lens_edge, lens_profile));
    let (old, young) = (disk.old.bands(), disk.young.bands());
    let bulge = Sersic::from(&disk.bulge);
    let bulge_edge = bulge.reach(total * disk.bulge_fraction, INVISIBLE).powi(2);
    let bulge_light = disk.bulge.colour.bands().map(|b| b * total * disk.bulge_fraction);
    // The far side's bulge shines through the near side's dust.
    let slant = disk.inclination.sin();
    let near = if morphology.texture & 1 == 0 { 1.0 } else { -1.0 };

    canvas.paint(canvas.everywhere(morphology.centre), 0.7, |x, y| {
        let (u, v) = plane.in_plane(x, y);
        let radius = (u * u + v * v).sqrt();
        let bulge_density = if x * x + y * y < bulge_edge { bulge.at(x, y) } else { 0.0 };
        let mut light = bulge_light.map(|b| b * bulge_density);
        if radius > limit {
            return light;
        }
        let thread = weave.at(radius, v.atan2(u));
        let depth = thread.depth / axis_ratio.max(0.2);
        let mut old_density = old_flux * old_profile(radius) * (1.0 + 0.35 * (thread.stars - 1.0));
        let mut young_density = young_flux * young_profile(radius) * thread.stars * thread.patches;
        if let Some((shape, bar)) = &bar
            && radius < 2.0 * bar.length
        {
            old_density += total * bar.fraction * shape.at(u, v);
        }
        if radius < 1.1 * lens_edge {
            old_density += lens_flux * lens_profile(radius);
        }
        for ring in &rings {
            let density = total * ring.ring.fraction * ring.at(u, v);
            old_density += (1.0 - disk.young_fraction) * density;
            young_density += disk.young_fraction * density * thread.patches;
        }
        let disk_dims = dimmed(depth, 0.75);
        // On the near side the bulge is behind the disc, on the far side in front of it.
        let side = smoothstep(-0.6 * scale, 0.6 * scale, near * v) * slant;
        let before = if bulge_density > 0.0 { 1.6 * depth } else { 0.0 };
        let bulge_dims = dimmed(before, 0.35 + 0.6 * side * slant);
        for band in 0..BANDS {
            let flat = old_density * old[band] + young_density * young[band];
            light[band] = light[band] * bulge_dims[band] + flat / axis_ratio * disk_dims[band];
        }
        light
    });
    if disk.nucleus > 0.0 {
        let light = disk.bulge.colour.redder(-0.2).bands().map(|b| b * total * disk.nucleus);
        canvas.blob(morphology.centre, 0.2, light);
    }
    paint_clumps(disk, total * disk_share * disk.young_fraction, &plane, morphology, canvas);
}

/// The texture of a disc: arms, patches of young stars, dust.
pub(super) struct Weave<'a> {
    disk: &'a DiskGalaxy,
    texture: Texture,
    arms: Option<ArmPattern>,
    /// Texture runs along the arms; without arms it is wound up as by differential rotation.
    shear: f64,
    mean_texture: f64,
}

/// The weave at one position.
pub(super) struct Thread {
    /// Modulation of the stars by the arms, with a mean of 1 over a circle.
    stars: f64,
    /// Modulation of the young stars by their patchiness, with a mean of 1.
    patches: f64,
    /// Optical depth in r of the dust, seen face-on.
    pub depth: f64,
}

impl<'a> Weave<'a> {
    pub fn new(disk: &'a DiskGalaxy, seed: u64) -> Self {
        Self {
            disk,
            texture: Texture::new(seed),
            arms: disk.arms.map(ArmPattern::new),
            shear: disk.arms.map_or(2.2, |arms| 1.0 / arms.pitch.tan()),
            mean_texture: (0.5 * disk.patchiness * disk.patchiness).exp(),
        }
    }

    pub fn at(&self, radius: f64, theta: f64) -> Thread {
        let Self { disk, texture, .. } = self;
        let ln_radius = radius.max(0.05 * disk.scale).ln();
        let wound = theta - ln_radius * self.shear;
        let patch = texture.at(wound, 3.4 * ln_radius + 9.0);
        let patches = (disk.patchiness * patch).exp() / self.mean_texture;
        let (stars, mut dust) = self.arms.as_ref().map_or((1.0, 1.0), |pattern| {
            let mut strength = pattern.strength(radius);
            let mut theta = theta + 0.12 * disk.patchiness * patch;
            let flocculence = pattern.arms.flocculence;
            if strength == 0.0 {
                return (1.0, 1.0);
            }
            if flocculence > 0.05 {
                // Pieces of arms, each out of phase with the next.
                let piece = texture.at(wound + 2.0, 1.4 * ln_radius + 3.0);
                strength *= 1.0 - 0.8 * flocculence * smoothstep(-0.9, 0.7, piece);
                theta += 0.55 * flocculence / pattern.arms.number as f64 * piece;
            }
            let phase = pattern.phase(ln_radius, theta);
            (pattern.stars(phase, theta, strength), pattern.dust(phase, strength))
        });
        dust *= (0.6 * texture.at(wound + 1.0, 2.9 * ln_radius)).exp();
        let depth = disk.dust * dust * (-radius / (1.4 * disk.scale)).exp();
        Thread { stars, patches, depth }
    }
}

/// A ring's light in the plane of its disc, with a total flux of 1.
struct Annulus<'a> {
    ring: &'a Ring,
    cos: f64,
    sin: f64,
    norm: f64,
}

impl<'a> Annulus<'a> {
    fn new(ring: &'a Ring) -> Self {
        let (sin, cos) = ring.angle.sin_cos();
        let profile = |r: f64| (-0.5 * ((r - ring.radius) / ring.width).powi(2)).exp();
        let closed = normalisation(ring.radius + 4.0 * ring.width, profile);
        // The opening removes light on one side: half of `opening`, averaged over the ring.
        let norm = closed / (ring.axis_ratio * (1.0 - 0.5 * ring.opening));
        Self { ring, cos, sin, norm }
    }

    fn at(&self, u: f64, v: f64) -> f64 {
        let ring = self.ring;
        let a = u * self.cos + v * self.sin - ring.offset;
        let b = (v * self.cos - u * self.sin) / ring.axis_ratio;
        let radius = a.hypot(b);
        let across = (radius - ring.radius) / ring.width;
        if across.abs() > 4.0 {
            return 0.0;
        }
        let open = ring.opening * 0.5 * (1.0 + a / radius.max(1e-9));
        self.norm * (-0.5 * across * across).exp() * (1.0 - open)
    }

    /// A position on the ring, in the plane of the disc: at an angle, and off the crest by `off` ring widths.
    fn place(&self, angle: f64, off: f64) -> (f64, f64) {
        let radius = self.ring.radius + off * self.ring.width;
        let (a, b) = (radius * angle.cos() + self.ring.offset, radius * angle.sin());
        let b = b * self.ring.axis_ratio;
        (a * self.cos - b * self.sin, a * self.sin + b * self.cos)
    }
}

/// Paints bright clusters of young stars on the arms, in the rings or scattered over the disc.
fn paint_clumps(
    disk: &DiskGalaxy,
    young: f64,
    plane: &Plane,
    morphology: &Morphology,
    canvas: &mut Canvas,
) {
    let mut rng = StdRng::seed_from_u64(morphology.texture ^ 0xC1);
    let pattern = disk.arms.map(|arms| (arms, ArmPattern::new(arms)));
    let ring = disk.rings.first().map(Annulus::new);
    for _ in 0..disk.clumps {
        let mut normal = || rng.sample::<f64, _>(StandardNormal);
        let jitter = [normal(), normal()];
        // Few are bright: luminosities of star-forming regions span decades.
        let brightness = 0.0014 * (1.1 * normal()).exp() * young;
        let blue = 0.12 * normal();
        let sigma = (0.035 * disk.scale * (0.35 * normal()).exp()).max(0.2);
        let (t, k): (f64, f64) = (rng.random(), rng.random());
        let (u, v) = if let Some(ring) = &ring {
            ring.place(TAU * t, 0.6 * jitter[0])
        } else {
            let (radius, theta) = if let Some((arms, pattern)) = &pattern {
                let radius = arms.start + (arms.end - arms.start) * (0.7 * t);
                let k = (k * arms.number as f64) as usize;
                let off = 0.16 + 0.4 * arms.flocculence / arms.number as f64;
                (radius, pattern.crest(k, radius) + off * jitter[0])
            } else {
                (disk.scale * (0.3 - 1.2 * t.max(1e-3).ln()).min(4.0), TAU * k)
            };
            (radius * theta.cos(), radius * theta.sin())
        };
        let (x, y) = plane.on_sky(u, v);
        let colour = disk.young.redder(-0.12 + blue);
        let [cx, cy] = morphology.centre;
        canvas.blob([cx + x, cy + y], sigma, colour.bands().map(|b| b * brightness));
    }
}
