//! Turns three bands into a colour picture with the asinh stretch of Lupton et al. (2004, PASP 116, 133), as
//! in the surveys' own pictures, with the reddest band as red and the bluest as blue.

use super::canvas::{BANDS, Canvas};
use image::RgbImage;

/// The conversion from fluxes to colours.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stretch {
    /// Weight of each band, for fluxes in nanomaggies per `area`.
    pub weight: [f64; BANDS],
    /// The area that the weights refer to, in square arcsec: a pixel of the survey.
    pub area: f64,
    /// Brightness added to black, so that the sky's noise is visible.
    pub floor: f64,
    /// The stretch changes from linear to logarithmic at 1 / softening.
    pub softening: f64,
    /// Factor of the logarithm.
    pub gain: f64,
    /// Strength of the colours in faint and in bright areas; 1 leaves them unchanged.
    pub saturation: [f64; 2],
    /// Whether light too bright for the picture keeps its hue (as in Lupton et al.) or saturates to white.
    pub hue: bool,
}

impl Stretch {
    /// The picture of a canvas.
    pub fn picture(&self, canvas: &Canvas) -> RgbImage {
        let size = canvas.size as u32;
        let unit = self.area / (canvas.scale * canvas.scale);
        let weight = self.weight.map(|w| (w * unit) as f32);
        RgbImage::from_fn(size, size, |column, row| {
            let at = (row * size + column) as usize;
            let band = |b: usize| canvas.bands[b][at] * weight[b];
            image::Rgb(self.pixel([band(2), band(1), band(0)]))
        })
    }

    /// The colour of a pixel, from weighted fluxes in red, green and blue.
    fn pixel(&self, fluxes: [f32; 3]) -> [u8; 3] {
        let light = fluxes.map(|v| (v + self.floor as f32).max(0.0));
        let mean = light.iter().sum::<f32>() / 3.0;
        if mean <= 0.0 {
            return [0; 3];
        }
        // asinh x = ln(x + √(1 + x²)), without the special handling that negative x would need.
        let x = self.softening as f32 * mean;
        let bright = (x + (1.0 + x * x).sqrt()).ln() * self.gain as f32;
        // Halfway between the two saturations at a third of the maximum brightness.
        let [faint, full] = self.saturation.map(|s| s as f32);
        let share = bright * bright / (bright * bright + 0.1);
        let saturation = faint + (full - faint) * share;
        let mut rgb = light.map(|v| bright * (1.0 + saturation * (v / mean - 1.0)).max(0.0));
        let most = rgb.iter().copied().fold(0.0, f32::max);
        if self.hue && most > 1.0 {
            rgb = rgb.map(|v| v / most);
        }
        rgb.map(|v| (v * 255.0).clamp(0.0, 255.0) as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::super::surveys::Survey;
    use super::*;

    #[test]
    fn bright_light_is_white_z_is_red_and_empty_sky_is_nearly_black() {
        for survey in Survey::ALL {
            let stretch = &survey.instrument().stretch;
            let mut canvas = Canvas::new(16, stretch.area.sqrt());
            for (band, weight) in canvas.bands.iter_mut().zip(stretch.weight) {
                band[0] = 1e5 / weight as f32;
            }
            canvas.bands[2][1] = 0.8 / stretch.weight[2] as f32;
            let picture = stretch.picture(&canvas);
            assert!(picture.get_pixel(0, 0).0.iter().all(|v| *v > 250), "{survey}");
            let [r, g, b] = picture.get_pixel(1, 0).0;
            assert!(r > g && r > b, "{survey}: {r} {g} {b}");
            assert!(picture.get_pixel(9, 9).0.iter().all(|v| *v > 0 && *v < 60), "{survey}");
        }
    }

    #[test]
    fn a_bright_red_source_keeps_its_hue_where_a_survey_says_so() {
        let hue = |survey: Survey| {
            let stretch = &survey.instrument().stretch;
            let [r, g, _] = stretch.pixel([90.0, 45.0, 20.0]);
            f64::from(g) / f64::from(r)
        };
        assert!((hue(Survey::Sdss) - 0.5).abs() < 0.1, "{}", hue(Survey::Sdss));
        assert!(hue(Survey::Legacy) > 0.9);
    }
}
