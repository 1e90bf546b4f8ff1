//! From a galaxy's parameters to its light on the sky, before telescope and neighbours.

use super::canvas::{BANDS, Canvas, Region};
use super::encounter;
use super::instrument::{gaussian, separable};
use super::light::{ArmPattern, Plane, Sersic, normalisation, smoothstep};
use super::morphology::{Arms, Body, DiskGalaxy, EdgeOn, Encounter, Morphology, Spheroid};
use super::texture::Texture;
use rand::{Rng, SeedableRng, rngs::StdRng};
use rand_distr::StandardNormal;
use std::f64::consts::TAU;

/// Extinction in g, r and z for an optical depth of 1 in r (Schlafly & Finkbeiner 2011).
const DUST: [f64; BANDS] = [1.48, 1.0, 0.56];

/// A surface brightness far below the noise, nanomaggies per square arcsec.
pub(crate) const INVISIBLE: f64 = 3e-4;

/// Flux in nanomaggies of a magnitude.
pub(crate) fn flux(magnitude: f64) -> f64 {
    10f64.powf(0.4 * (22.5 - magnitude))
}

/// Paints a galaxy; an artifact is no light of the sky's and is left to `artifact`.
pub(crate) fn paint(morphology: &Morphology, canvas: &mut Canvas) {
    let total = flux(morphology.magnitude);
    match &morphology.body {
        Body::Spheroid(spheroid) => paint_spheroid(spheroid, total, morphology.centre, canvas),
        Body::Disk(disk) => paint_disk(disk, total, morphology, canvas),
        Body::EdgeOn(disk) => paint_edge_on(disk, total, morphology, canvas),
        Body::Pair(pair) => paint_pair(pair, total, morphology, canvas),
        Body::Artifact(_) => {}
    }
}

/// Paints one Sérsic profile of a total flux in r.
pub(crate) fn paint_spheroid(s: &Spheroid, flux: f64, centre: [f64; 2], canvas: &mut Canvas) {
    let profile = Sersic::from(s);
    let bands = s.colour.bands().map(|b| b * flux);
    let region = Region { centre, radius: profile.reach(flux, INVISIBLE) };
    canvas.paint(region, 0.7, |x, y| {
        let density = profile.at(x, y);
        bands.map(|b| b * density)
    });
}

/// What a disc's light is multiplied by in each band, for dust of an optical depth in r that hides
/// a share of the stars.
fn dimmed(depth: f64, share: f64) -> [f64; BANDS] {
    DUST.map(|k| 1.0 - share + share * (-k * depth).exp())
}

fn paint_disk(disk: &DiskGalaxy, total: f64, morphology: &Morphology, canvas: &mut Canvas) {
    let texture = Texture::new(morphology.texture);
    let axis_ratio = disk.axis_ratio();
    let plane = Plane::new(disk.angle, axis_ratio);
    let scale = disk.scale;
    let limit = 6.0 * scale;
    let arms = disk.arms.map(ArmPattern::new);
    let bar = disk.bar.map(|bar| {
        let light = Sersic::boxy(0.55 * bar.length, 0.55, bar.axis_ratio, bar.angle, 2.8);
        (light, bar)
    });
    let ring_share: f64 = disk.rings.iter().map(|ring| ring.fraction).sum();
    let bar_share = bar.as_ref().map_or(0.0, |(_, bar)| bar.fraction);
    let disk_share = (1.0 - disk.bulge_fraction - bar_share - ring_share).max(0.0);

    // Old stars: exponential. Young stars: a wider disc, with a hole where bar and bulge are.
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
    let (old, young) = (disk.old.bands(), disk.young.bands());
    let bulge = Sersic::from(&disk.bulge);
    let bulge_edge = bulge.reach(total * disk.bulge_fraction, INVISIBLE).powi(2);
    let bulge_light = disk.bulge.colour.bands().map(|b| b * total * disk.bulge_fraction);
    let rings: Vec<_> = disk
        .rings
        .iter()
        .map(|ring| {
            let shape = move |r: f64| (-0.5 * ((r - ring.radius) / ring.width).powi(2)).exp();
            (shape, total * ring.fraction * normalisation(limit.max(2.0 * ring.radius), shape))
        })
        .collect();
    // Texture runs along the arms; without arms it is wound as differential rotation would.
    let shear = disk.arms.map_or(2.2, |arms| 1.0 / arms.pitch.tan());
    // The far side's bulge shines through the near side's dust.
    let slant = disk.inclination.sin();
    let near = if morphology.texture & 1 == 0 { 1.0 } else { -1.0 };
    let mean_texture = (0.5 * disk.patchiness * disk.patchiness).exp();

    canvas.paint(canvas.everywhere(morphology.centre), 0.7, |x, y| {
        let (u, v) = plane.in_plane(x, y);
        let radius = u.hypot(v);
        let bulge_density = if x * x + y * y < bulge_edge { bulge.at(x, y) } else { 0.0 };
        let mut light = bulge_light.map(|b| b * bulge_density);
        if radius > limit {
            return light;
        }
        let theta = v.atan2(u);
        let ln_radius = radius.max(0.05 * scale).ln();
        let wound = theta - ln_radius * shear;
        let patch = texture.at(wound, 2.2 * ln_radius + 9.0);
        let patches = (disk.patchiness * patch).exp() / mean_texture;
        let (stars, mut dust) = arms.as_ref().map_or((1.0, 1.0), |pattern| {
            let strength = pattern.strength(radius);
            let phase = pattern.phase(ln_radius, theta + 0.12 * disk.patchiness * patch);
            (pattern.stars(phase, theta, strength), pattern.dust(phase, strength))
        });
        dust *= (0.6 * texture.at(wound + 1.0, 2.9 * ln_radius)).exp();
        let depth = disk.dust * dust * (-radius / (1.4 * scale)).exp() / axis_ratio.max(0.2);

        let old_density = old_flux * old_profile(radius) * (1.0 + 0.35 * (stars - 1.0));
        let young_density = young_flux * young_profile(radius) * stars * patches;
        let bar_density =
            bar.as_ref().map_or(0.0, |(shape, bar)| total * bar.fraction * shape.at(u, v));
        let (mut ring_old, mut ring_young) = (0.0, 0.0);
        for (shape, flux) in &rings {
            let density = flux * shape(radius);
            ring_old += (1.0 - disk.young_fraction) * density;
            ring_young += disk.young_fraction * density * patches;
        }
        let disk_dims = dimmed(depth, 0.75);
        // At the near side the bulge lies behind the disc, at the far side before it.
        let side = smoothstep(-0.6 * scale, 0.6 * scale, near * v) * slant;
        let bulge_dims = dimmed(1.6 * depth, 0.35 + 0.6 * side * slant);
        for band in 0..BANDS {
            let flat = (old_density + bar_density + ring_old) * old[band]
                + (young_density + ring_young) * young[band];
            light[band] = light[band] * bulge_dims[band] + flat / axis_ratio * disk_dims[band];
        }
        light
    });
    paint_clumps(disk, total * disk_share * disk.young_fraction, &plane, morphology, canvas);
}

/// Bright clusters of young stars, on the arms, in the rings or scattered over the disc.
fn paint_clumps(
    disk: &DiskGalaxy,
    young: f64,
    plane: &Plane,
    morphology: &Morphology,
    canvas: &mut Canvas,
) {
    let mut rng = StdRng::seed_from_u64(morphology.texture ^ 0xC1);
    let pattern = disk.arms.map(|arms: Arms| (arms, ArmPattern::new(arms)));
    for _ in 0..disk.clumps {
        let mut normal = || rng.sample::<f64, _>(StandardNormal);
        let jitter = [normal(), normal()];
        let brightness = 0.006 * (0.8 * normal()).exp() * young;
        let blue = 0.12 * normal();
        let sigma = (0.35 + 0.12 * normal()).max(0.2);
        let (u, v): (f64, f64) = (rng.random(), rng.random());
        let (radius, theta) = if let Some(ring) = disk.rings.first() {
            (ring.radius + 0.6 * ring.width * jitter[0], TAU * u)
        } else if let Some((arms, pattern)) = &pattern {
            let radius = arms.start + (arms.end - arms.start) * (0.7 * u);
            let k = (v * arms.number as f64) as usize;
            (radius, pattern.crest(k, radius) + 0.16 * jitter[0])
        } else {
            (disk.scale * (0.3 - 1.2 * u.max(1e-3).ln()).min(4.0), TAU * v)
        };
        let (x, y) = plane.on_sky(radius * theta.cos(), radius * theta.sin());
        let colour = disk.young.redder(-0.25 + blue);
        let [cx, cy] = morphology.centre;
        canvas.blob([cx + x, cy + y], sigma, colour.bands().map(|b| b * brightness));
    }
}

fn paint_edge_on(disk: &EdgeOn, total: f64, morphology: &Morphology, canvas: &mut Canvas) {
    let texture = Texture::new(morphology.texture);
    let (sin, cos) = disk.angle.sin_cos();
    let (h, hz) = (disk.scale, disk.scale * disk.thickness);
    let limit = 4.2 * h;
    // Along the disc: x/h K1(x/h) of a transparent exponential disc, by its asymptotic form.
    let along = |x: f64| {
        let t = x.abs() / h;
        (1.0 + 1.571 * t).sqrt() * (-t).exp() * (1.0 - smoothstep(0.45 * limit, limit, x.abs()))
    };
    const STEPS: usize = 200;
    let step = limit / STEPS as f64;
    let length: f64 = (0..STEPS).map(|k| 2.0 * step * along((k as f64 + 0.5) * step)).sum();
    // ∫ sech²(z/hz) dz = 2 hz.
    let norm = total * (1.0 - disk.bulge_fraction) / (length * 2.0 * hz);
    let bulge = Sersic::from(&disk.bulge);
    let bulge_edge = bulge.reach(total * disk.bulge_fraction, INVISIBLE).powi(2);
    let bulge_light = disk.bulge.colour.bands().map(|b| b * total * disk.bulge_fraction);
    let (inner, outer) = (disk.inner.bands(), disk.outer.bands());
    let sech2 = |t: f64| 1.0 / t.cosh().powi(2);

    canvas.paint(canvas.everywhere(morphology.centre), 0.35, |x, y| {
        let (s, z) = (x * cos + y * sin, y * cos - x * sin);
        let bulge_density = if x * x + y * y < bulge_edge { bulge.at(x, y) } else { 0.0 };
        let mut light = bulge_light.map(|b| b * bulge_density);
        let r = s.abs() / h;
        if r * h > limit || z.abs() > 9.0 * hz {
            return light;
        }
        // The bend grows with the cube of the radius, up on one side and down on the other.
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

fn paint_pair(pair: &Encounter, total: f64, morphology: &Morphology, canvas: &mut Canvas) {
    let wreck = encounter::follow(pair, morphology.texture);
    let [cx, cy] = morphology.centre;
    let middle: [f64; 2] =
        std::array::from_fn(|k| 0.55 * wreck.nuclei[0][k] + 0.45 * wreck.nuclei[1][k]);
    let place = |p: &[f64; 2]| {
        [cx + pair.radius * (p[0] - middle[0]), cy + pair.radius * (p[1] - middle[1])]
    };
    let shares = [1.0 / (1.0 + pair.mass_ratio), pair.mass_ratio / (1.0 + pair.mass_ratio)];
    let radii = [pair.radius, pair.radius * pair.mass_ratio.sqrt()];
    for k in 0..2 {
        let nucleus = Spheroid {
            radius: 0.2 * radii[k],
            index: 1.6,
            axis_ratio: 0.8,
            angle: pair.axes[k][1],
            colour: pair.nuclei[k],
        };
        let flux = total * shares[k] * pair.bulge_fraction;
        paint_spheroid(&nucleus, flux, place(&wreck.nuclei[k]), canvas);
    }
    // The thinner the stars are strewn, the more each is blurred, or the grains would show.
    let layers = [(0.45, 0.06), (1.0, 0.085), (2.0, 0.12), (f64::INFINITY, 0.17)];
    let flux = total * (1.0 - pair.bulge_fraction) / wreck.stars.len().max(1) as f64;
    let mut inner = 0.0;
    for (outer, blur) in layers {
        let mut layer = Canvas::new(canvas.size, canvas.scale);
        for star in wreck.stars.iter().filter(|s| (inner..outer).contains(&s.now)) {
            // Outer stars are younger; thrown-off ones fade to the old stars' colour.
            let colour = pair.discs[star.host].redder(0.12 - 0.2 * star.before);
            let [x, y] = place(&star.position);
            layer.dot(x, y, colour.bands().map(|b| b * flux));
        }
        let kernel = gaussian(blur * pair.radius / canvas.scale, 0.01);
        let mut scratch = vec![0.0; canvas.size * canvas.size];
        for band in &mut layer.bands {
            separable(band, &mut scratch, canvas.size, &kernel);
        }
        canvas.add(&layer);
        inner = outer;
    }
}
