//! Objects in a survey's catalogue that are not galaxies.

use super::canvas::Canvas;
use super::field::{paint_spikes, paint_star};
use super::instrument::Conditions;
use super::light::smoothstep;
use super::morphology::{Artifact, Morphology};
use super::texture::Texture;
use rand::{Rng, rngs::StdRng};
use rand_distr::StandardNormal;

/// Paints an artifact on a picture that has already been blurred by the telescope, before the noise.
pub(crate) fn paint(
    artifact: &Artifact,
    morphology: &Morphology,
    conditions: &Conditions,
    canvas: &mut Canvas,
    rng: &mut StdRng,
) {
    let centre = morphology.centre;
    match *artifact {
        Artifact::Star { colour, angle, bleed } => {
            paint_star(canvas, conditions, centre, morphology.magnitude, colour);
            paint_spikes(canvas, centre, morphology.magnitude, colour, angle);
            if bleed > 0.0 {
                canvas.paint(canvas.everywhere(centre), 0.6, |x, y| {
                    let column = (-0.5 * (x / 0.6).powi(2)).exp();
                    let end = 1.0 - smoothstep(0.8 * bleed, 1.1 * bleed, y.abs());
                    [2.0, 4.0, 9.0].map(|b| b * column * end)
                });
            }
        }
        Artifact::Trail { angle, width, brightness, flashes } => {
            let (sin, cos) = angle.sin_cos();
            canvas.paint(canvas.everywhere(centre), 0.6, |x, y| {
                let (along, across) = (x * cos + y * sin, y * cos - x * sin);
                let profile = (-0.5 * (across / width).powi(2)).exp();
                let light = if flashes > 0.0 {
                    let lag = (along / flashes).rem_euclid(1.0) - 0.5;
                    0.35 + 3.0 * (-0.5 * (lag * flashes / width).powi(2)).exp()
                } else {
                    1.0
                };
                brightness.map(|b| b * profile * light)
            });
        }
        Artifact::Ghost { radius, hole, brightness } => {
            let texture = Texture::new(morphology.texture);
            canvas.paint(canvas.everywhere(centre), 0.8, |x, y| {
                let r = x.hypot(y) / radius;
                // Brighter on one side, as the reflection is oblique, and soft at its rim.
                let slope = 1.0 + 0.45 * (x + 0.5 * y) / radius;
                let ripple = 1.0 + 0.08 * texture.at(y.atan2(x), 4.0 * r);
                let rim = (1.0 - smoothstep(0.8, 1.1, r)) * (0.6 + 0.4 * r);
                let inside = smoothstep(0.7 * hole, 1.3 * hole, r);
                let shape = rim * (0.3 + 0.7 * inside) * ripple * slope.max(0.0);
                brightness.map(|b| b * shape)
            });
        }
        Artifact::Edge { angle, band, offset } => {
            let (sin, cos) = angle.sin_cos();
            let sigma = conditions.pixel_noise(band, canvas.scale);
            let size = canvas.size;
            for at in 0..size * size {
                let (x, y) = canvas.position((at % size) as f64, (at / size) as f64);
                if (x - centre[0]) * cos + (y - centre[1]) * sin > 0.0 {
                    let noise = 1.6 * rng.sample::<f64, _>(StandardNormal);
                    canvas.bands[band][at] += (sigma * (offset + noise)) as f32;
                }
            }
        }
        Artifact::Blank => {}
    }
}
