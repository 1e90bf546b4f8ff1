//! Paints two interacting galaxies.

use super::super::canvas::Canvas;
use super::super::encounter;
use super::super::instrument::{gaussian, separable};
use super::super::morphology::{Encounter, Morphology, Spheroid};
use super::paint_spheroid;

pub(super) fn paint(pair: &Encounter, total: f64, morphology: &Morphology, canvas: &mut Canvas) {
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
            // Mixed stars settle into a wider and steeper spheroid.
            radius: (0.12 + 0.5 * pair.bulge_fraction) * radii[k],
            index: 1.0 + 5.0 * pair.bulge_fraction,
            axis_ratio: 0.55 + 0.4 * pair.axes[k][0].abs(),
            angle: pair.axes[k][1],
            colour: pair.nuclei[k],
        };
        let flux = total * shares[k] * pair.bulge_fraction;
        paint_spheroid(&nucleus, flux, place(&wreck.nuclei[k]), canvas);
    }
    // The sparser the stars, the more each one is blurred; otherwise they would look grainy.
    let layers = [(0.45, 0.06), (1.0, 0.085), (2.0, 0.12), (f64::INFINITY, 0.17)];
    let flux = total * (1.0 - pair.bulge_fraction) / wreck.stars.len().max(1) as f64;
    let mut inner = 0.0;
    for (outer, blur) in layers {
        let mut layer = Canvas::new(canvas.size, canvas.scale);
        for star in wreck.stars.iter().filter(|s| (inner..outer).contains(&s.now)) {
            // Outer stars are younger; ejected ones fade to the old stars' colour.
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
