//! What else is in the picture: foreground stars, faint galaxies behind, now and then a neighbour.

use super::canvas::{BANDS, Canvas, Region};
use super::instrument::{Conditions, Moffat};
use super::morphology::{Colour, Spheroid};
use super::paint::{flux, paint_spheroid};
use rand::{Rng, rngs::StdRng};
use rand_distr::{Distribution, Poisson, StandardNormal};
use std::f64::consts::{PI, TAU};

/// Faint galaxies and stars in a square arcminute.
const GALAXIES: f64 = 16.0;
const STARS: f64 = 3.2;

/// Paints the galaxies of the field, before the telescope blurs them.
pub(crate) fn paint_galaxies(canvas: &mut Canvas, rng: &mut StdRng) {
    let side = canvas.size as f64 * canvas.scale;
    for _ in 0..poisson(GALAXIES * (side / 60.0).powi(2), rng) {
        // Numbers rise by 10^0.35 a magnitude.
        let magnitude = (23.4 + rng.random::<f64>().max(1e-4).log10() / 0.35).max(17.8);
        let mut normal = || rng.sample::<f64, _>(StandardNormal);
        let colour = Colour::new(0.75 + 0.4 * normal(), 0.65 + 0.3 * normal());
        let radius = (0.9 - 0.2 * (magnitude - 20.0) / 2.0 + 0.3 * normal()).exp() * 0.5;
        let spheroid = Spheroid {
            radius: radius.clamp(0.25, 3.0),
            index: rng.random_range(0.8..2.5),
            axis_ratio: rng.random_range(0.3..1.0),
            angle: rng.random_range(0.0..PI),
            colour,
        };
        let mut place = || (rng.random::<f64>() - 0.5) * side;
        let centre = [place(), place()];
        // The centre is the target's: what lies behind it would be called a merger.
        if centre[0].hypot(centre[1]) > 0.14 * side {
            paint_spheroid(&spheroid, flux(magnitude), centre, canvas);
        }
    }
}

/// Paints the stars of the field, through the telescope.
pub(crate) fn paint_stars(canvas: &mut Canvas, conditions: &Conditions, rng: &mut StdRng) {
    let side = canvas.size as f64 * canvas.scale;
    for _ in 0..poisson(STARS * (side / 60.0).powi(2), rng) {
        let magnitude = 22.3 - 7.5 * rng.random::<f64>().powf(1.8);
        let colour = star_colour(rng);
        let mut place = || (rng.random::<f64>() - 0.5) * side;
        let centre = [place(), place()];
        if centre[0].hypot(centre[1]) > 0.1 * side {
            paint_star(canvas, conditions, centre, magnitude, colour);
        }
    }
}

/// A colour along the stars' locus, from blue turn-off stars to M dwarfs.
pub(crate) fn star_colour(rng: &mut StdRng) -> Colour {
    let along: f64 = rng.random();
    let scatter = 0.05 * rng.sample::<f64, _>(StandardNormal);
    let g_r = (0.25 + 1.3 * along).min(1.45) + scatter;
    // Beyond g - r = 1.2 only r - z goes on reddening.
    Colour::new(g_r, 0.1 + 0.45 * g_r + 0.9 * (along - 0.7).max(0.0) * 3.0)
}

/// Paints one star as the point-spread function has it.
pub(crate) fn paint_star(
    canvas: &mut Canvas,
    conditions: &Conditions,
    centre: [f64; 2],
    magnitude: f64,
    colour: Colour,
) {
    let bands = colour.bands().map(|b| b * flux(magnitude));
    let scale = canvas.scale;
    let psf = conditions.seeing.map(|seeing| Moffat::new(seeing / scale, conditions.beta));
    let reach = conditions.seeing[1] * (3.0 + 0.9 * (20.0 - magnitude).max(0.0));
    let per_area = 1.0 / (scale * scale);
    canvas.paint(Region { centre, radius: reach }, 1.0, |x, y| {
        let distance = x.hypot(y) / scale;
        let fade = 1.0 - super::light::smoothstep(0.6 * reach, reach, x.hypot(y));
        let band = |b: usize| bands[b] * psf[b].at(distance) * per_area * fade;
        std::array::from_fn::<f64, BANDS, _>(band)
    });
}

/// Paints the four spikes and the wide halo around a bright star.
pub(crate) fn paint_spikes(
    canvas: &mut Canvas,
    centre: [f64; 2],
    magnitude: f64,
    colour: Colour,
    angle: f64,
) {
    let bands = colour.bands().map(|b| b * flux(magnitude));
    let length = 4.0 * 10f64.powf(0.16 * (15.0 - magnitude)).max(0.5);
    let width = 0.55;
    let aureole = length * 0.8;
    let (sin, cos) = angle.sin_cos();
    canvas.paint(canvas.everywhere(centre), 0.5, |x, y| {
        let (u, v) = (x * cos + y * sin, y * cos - x * sin);
        let spike = |along: f64, across: f64| {
            (-along.abs() / length).exp() * (-0.5 * (across / width).powi(2)).exp()
                / (2.0 * length * width * TAU.sqrt())
        };
        let r2 = (x * x + y * y) / (aureole * aureole);
        let halo = (1.0 + 12.0 * r2).powf(-1.6) / (aureole * aureole);
        let shape = 0.02 * (spike(u, v) + spike(v, u)) + 0.012 * halo;
        bands.map(|b| b * shape)
    });
}

fn poisson(mean: f64, rng: &mut StdRng) -> usize {
    // A picture of nothing has a mean of 0, for which there is no distribution.
    Poisson::new(mean).map_or(0, |p| p.sample(rng) as usize)
}
