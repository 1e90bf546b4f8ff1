//! Other objects in the picture: foreground stars, faint background galaxies, and sometimes a
//! neighbour.

use super::canvas::{BANDS, Canvas, Region};
use super::instrument::Conditions;
use super::morphology::{Colour, Spheroid};
use super::paint::{INVISIBLE, flux, paint_spheroid};
use rand::{Rng, rngs::StdRng};
use rand_distr::{Distribution, Poisson, StandardNormal};
use std::f64::consts::{PI, TAU};

/// Faint galaxies per square arcminute, the magnitude down to which they are counted, and stars per square
/// arcminute.
const GALAXIES: f64 = 11.0;
const FAINT: f64 = 23.3;
const STARS: f64 = 2.4;

/// Paints the galaxies of the field down to a magnitude, before the telescope blurs them.
pub(crate) fn paint_galaxies(canvas: &mut Canvas, faint: f64, rng: &mut StdRng) {
    let side = canvas.size as f64 * canvas.scale;
    // Counts rise by 10^0.38 per magnitude.
    let density = GALAXIES * 10f64.powf(0.38 * (faint - FAINT));
    for _ in 0..poisson(density * (side / 60.0).powi(2), rng) {
        let magnitude = (faint + rng.random::<f64>().max(1e-4).log10() / 0.38).max(18.0);
        let mut normal = || rng.sample::<f64, _>(StandardNormal);
        let colour = {
            // Faint galaxies range from blue and near to red and far; both colours change together.
            let red = normal();
            Colour::new(0.75 + 0.3 * red + 0.08 * normal(), 0.6 + 0.22 * red + 0.08 * normal())
        };
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
        // The centre belongs to the target: a galaxy behind it would look like a merger.
        if centre[0].hypot(centre[1]) > 0.14 * side {
            paint_spheroid(&spheroid, flux(magnitude), centre, canvas);
        }
    }
}

/// Paints the stars of the field, through the telescope.
pub(crate) fn paint_stars(canvas: &mut Canvas, conditions: &Conditions, rng: &mut StdRng) {
    let side = canvas.size as f64 * canvas.scale;
    for _ in 0..poisson(STARS * (side / 60.0).powi(2), rng) {
        let magnitude = 22.3 - 7.0 * rng.random::<f64>().powf(1.7);
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
    let g_r = (0.35 + 1.2 * along).min(1.4) + scatter;
    // Beyond g - r = 1.2 only r - z continues to redden.
    Colour::new(g_r, 0.04 + 0.57 * g_r + 2.2 * (along - 0.75).max(0.0))
}

/// Paints one star with the point-spread function.
pub(crate) fn paint_star(
    canvas: &mut Canvas,
    conditions: &Conditions,
    centre: [f64; 2],
    magnitude: f64,
    colour: Colour,
) {
    let bands = colour.bands().map(|b| b * flux(magnitude));
    let beta = conditions.beta;
    // 1/a² and the central brightness of the Moffat profile, per band.
    let inverse = conditions.seeing.map(|s| 4.0 * (2f64.powf(1.0 / beta) - 1.0) / (s * s));
    let peak: [f64; BANDS] = std::array::from_fn(|b| bands[b] * (beta - 1.0) / PI * inverse[b]);
    let reach = ((peak[1] / INVISIBLE).powf(1.0 / beta).max(1.0) / inverse[1]).sqrt();
    canvas.paint(Region { centre, radius: reach }, 1.0, |x, y| {
        let squared = x * x + y * y;
        std::array::from_fn(|b| peak[b] * (1.0 + squared * inverse[b]).powf(-beta))
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
    let length = 3.0 * 10f64.powf(0.17 * (14.0 - magnitude)).max(0.5);
    let aureole = length * 0.8;
    let (sin, cos) = angle.sin_cos();
    canvas.paint(canvas.everywhere(centre), 0.5, |x, y| {
        let (u, v) = (x * cos + y * sin, y * cos - x * sin);
        let spike = |along: f64, across: f64| {
            let width = 0.45 + 0.01 * along.abs();
            (-(along.abs() / length).sqrt() * 2.0).exp() * (-0.5 * (across / width).powi(2)).exp()
                / (length * width * TAU.sqrt())
        };
        let r2 = (x * x + y * y) / (aureole * aureole);
        let halo = (1.0 + 12.0 * r2).powf(-1.6) / (aureole * aureole);
        let shape = 0.005 * (spike(u, v) + 0.7 * spike(v, u)) + 0.012 * halo;
        bands.map(|b| b * shape)
    });
}

fn poisson(mean: f64, rng: &mut StdRng) -> usize {
    // An empty picture has a mean of 0, for which the distribution is undefined.
    Poisson::new(mean).map_or(0, |p| p.sample(rng) as usize)
}
