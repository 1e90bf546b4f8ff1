//! Paints unusual galaxies: irregulars, gravitational lenses, jellyfish, overlaps.

use super::super::canvas::{Canvas, Region};
use super::super::light::{IsothermalLens, Plane, Sersic, normalisation, smoothstep};
use super::super::morphology::{Body, GravitationalLens, Irregular, Jellyfish, Morphology};
use super::super::texture::Texture;
use super::{DUST, INVISIBLE, disk, flux, paint, paint_spheroid};
use rand::{Rng, SeedableRng, rngs::StdRng};
use rand_distr::StandardNormal;

pub(super) fn paint_irregular(
    galaxy: &Irregular,
    total: f64,
    morphology: &Morphology,
    canvas: &mut Canvas,
) {
    let texture = Texture::new(morphology.texture);
    let plane = Plane::new(galaxy.angle, galaxy.axis_ratio);
    let scale = galaxy.scale;
    let limit = 5.0 * scale;
    let profile = |r: f64| (-r / scale).exp() * (1.0 - smoothstep(0.6 * limit, limit, r));
    // The young body has a flat core, and ends earlier.
    let body = |r: f64| (-(r / (1.3 * scale)).powi(2)).exp();
    let young = total * galaxy.young_fraction;
    let old_flux = total * (1.0 - galaxy.young_fraction) * normalisation(limit, profile);
    let young_flux = young * (1.0 - galaxy.clump_fraction) * normalisation(limit, body);
    let mean = (0.5 * galaxy.patchiness * galaxy.patchiness).exp();
    let [dx, dy] = galaxy.offset;
    let (old, blue) = (galaxy.old.bands(), galaxy.young.bands());
    canvas.paint(canvas.everywhere(morphology.centre), 0.7, |x, y| {
        let (u, v) = plane.in_plane(x, y);
        let radius = u.hypot(v);
        if radius > limit {
            return [0.0; 3];
        }
        let (s, t) = plane.in_plane(x - dx, y - dy);
        // Patches are a scale length across; the overall outline is uneven too.
        let patch = texture.at(0.55 * u / scale, 2.1 * v / scale + 4.0);
        let bulk = texture.at(0.2 * u / scale + 2.0, 0.7 * v / scale + 11.0);
        let old_density = old_flux * profile(radius * (1.0 + 0.15 * bulk));
        let young_density = young_flux
            * body(s.hypot(t) * (1.0 + 0.2 * bulk))
            * ((galaxy.patchiness * patch).exp() / mean);
        std::array::from_fn(|b| {
            (old_density * old[b] + young_density * blue[b]) / galaxy.axis_ratio
        })
    });
    let mut rng = StdRng::seed_from_u64(morphology.texture ^ 0xC1);
    let mut clumps: Vec<_> = (0..galaxy.clumps)
        .map(|_| {
            let mut normal = || rng.sample::<f64, _>(StandardNormal);
            let place = [0.9 * scale * normal(), 0.9 * scale * normal()];
            (place, (1.1 * normal()).exp(), (0.45 * normal()).exp(), 0.12 * normal())
        })
        .collect();
    let sum: f64 = clumps.iter().map(|clump| clump.1).sum();
    clumps.iter_mut().for_each(|clump| clump.1 *= young * galaxy.clump_fraction / sum);
    for ([u, v], light, size, blue) in clumps {
        let (x, y) = plane.on_sky(u, v);
        let at = [morphology.centre[0] + dx + x, morphology.centre[1] + dy + y];
        let bands = galaxy.young.redder(blue - 0.05).bands();
        canvas.blob(at, (0.06 * scale * size).max(0.25), bands.map(|b| b * light));
    }
}

/// Paints the lens galaxy and its source: light that arrives at a position left the source plane at that
/// position minus the deflection, and surface brightness is conserved.
pub(super) fn paint_lens(
    galaxy: &GravitationalLens,
    total: f64,
    morphology: &Morphology,
    canvas: &mut Canvas,
) {
    paint_spheroid(&galaxy.lens, total, morphology.centre, canvas);
    let mass =
        IsothermalLens::new(galaxy.einstein_radius, galaxy.mass_axis_ratio, galaxy.lens.angle);
    let source = Sersic::from(&galaxy.source);
    let bands = galaxy.source.colour.bands().map(|b| b * flux(galaxy.source_magnitude));
    // The source is invisible far outside its images, and has no finer detail than its own size.
    let reach = 2.0 * galaxy.einstein_radius
        + galaxy.place[0].hypot(galaxy.place[1])
        + source.reach(flux(galaxy.source_magnitude), INVISIBLE);
    let region = Region { centre: morphology.centre, radius: reach };
    canvas.paint(region, 0.4 * galaxy.source.radius, |x, y| {
        let (dx, dy) = mass.deflection(x, y);
        let density = source.at(x - dx - galaxy.place[0], y - dy - galaxy.place[1]);
        bands.map(|b| b * density)
    });
}

pub(super) fn paint_jellyfish(
    galaxy: &Jellyfish,
    total: f64,
    morphology: &Morphology,
    canvas: &mut Canvas,
) {
    disk::paint(&galaxy.disk, total, morphology, canvas);
    let (sin, cos) = galaxy.wind.sin_cos();
    // The wind has stripped the windward side, along a front that curves around the centre.
    canvas.dim(morphology.centre, |x, y| {
        let (s, t) = (x * cos + y * sin, y * cos - x * sin);
        let front = -s - 0.25 * t * t / galaxy.edge;
        [0.8, 0.68, 0.55]
            .map(|gone| 1.0 - gone * smoothstep(0.5 * galaxy.edge, 1.35 * galaxy.edge, front))
    });
    let mut rng = StdRng::seed_from_u64(morphology.texture ^ 0xF1);
    let texture = Texture::new(morphology.texture ^ 0xF2);
    let (width, length) = (galaxy.width, galaxy.length);
    // For each filament: its start across the wake, its width, its strength.
    let filaments: Vec<[f64; 3]> = (0..galaxy.filaments)
        .map(|_| {
            [
                width * rng.random_range(-1.0..1.0),
                width * rng.random_range(0.08..0.22),
                rng.random_range(0.4..1.0),
            ]
        })
        .collect();
    // ∫ exp(-s / length) ds times the filaments' widths; a third of the light is between them.
    let across: f64 = filaments.iter().map(|[_, w, strength]| 2.507 * w * strength).sum();
    let light = total * galaxy.fraction / length;
    let bands = galaxy.colour.bands();
    canvas.paint(canvas.everywhere(morphology.centre), 0.5, |x, y| {
        let (s, t) = (x * cos + y * sin, y * cos - x * sin);
        if s < -0.3 * width || s > 4.0 * length {
            return [0.0; 3];
        }
        let fade = (-s.max(0.0) / length).exp() * smoothstep(-0.3 * width, 0.8 * width, s);
        // The wake spreads slowly, and its filaments waver.
        let spread = 1.0 + 0.2 * s.max(0.0) / length;
        let t = t / spread + 0.12 * width * texture.at(0.4 * s / width, 1.0);
        let mist = (-0.5 * (t / width).powi(2)).exp() / (2.507 * width);
        let threads: f64 = filaments
            .iter()
            .map(|[at, w, strength]| strength * (-0.5 * ((t - at) / w).powi(2)).exp())
            .sum();
        let uneven = (0.6 * texture.at(0.5 * s / width + 1.0, 1.6 * t / width)).exp();
        let density = light * fade * uneven * (0.45 * mist + 0.55 * threads / across) / spread;
        bands.map(|b| b * density)
    });
    for _ in 0..galaxy.knots {
        let [at, w, strength] = filaments[rng.random_range(0..filaments.len())];
        let s = length * (-0.7 * rng.random::<f64>().max(1e-3).ln()).min(2.5);
        let t = at * (1.0 + 0.2 * s / length) + w * rng.sample::<f64, _>(StandardNormal);
        let place =
            [morphology.centre[0] + s * cos - t * sin, morphology.centre[1] + s * sin + t * cos];
        let knot = 0.012 * total * galaxy.fraction * strength;
        canvas.blob(place, 0.4, galaxy.colour.redder(-0.1).bands().map(|b| b * knot));
    }
}

/// Paints the farther galaxy, dimmed by the nearer one's dust, and the nearer galaxy.
pub(super) fn paint_overlap([near, far]: &[Morphology; 2], canvas: &mut Canvas) {
    paint(far, canvas);
    if let Body::Disk(galaxy) = &near.body {
        let weave = disk::Weave::new(galaxy, near.texture);
        let axis_ratio = galaxy.axis_ratio();
        let plane = Plane::new(galaxy.angle, axis_ratio);
        canvas.dim(near.centre, |x, y| {
            let (u, v) = plane.in_plane(x, y);
            let depth = weave.at(u.hypot(v), v.atan2(u)).depth / axis_ratio.max(0.2);
            // A screen in front of the farther galaxy: all of its stars are behind the dust.
            DUST.map(|k| (-2.0 * k * depth).exp())
        });
    }
    let mut front = Canvas::new(canvas.size, canvas.scale);
    paint(near, &mut front);
    canvas.add(&front);
}
