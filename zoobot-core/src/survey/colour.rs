//! From three bands to a colour picture, as the DESI Legacy Imaging Surveys show theirs: the asinh
//! stretch of Lupton et al. (2004, PASP 116, 133), z as red, r as green, g as blue.

use super::canvas::Canvas;
use image::RgbImage;

/// Weight of g, r and z, for fluxes in nanomaggies per (0.262 arcsec)² pixel.
const WEIGHT: [f64; 3] = [6.0, 3.4, 2.2];
/// Softening: where the stretch goes from linear to logarithmic.
const Q: f64 = 20.0;
/// Brightness added to black, so that the sky's noise shows.
const FLOOR: f64 = 0.015;
/// Area of the surveys' own pixel, square arcsec.
const PIXEL_AREA: f64 = 0.262 * 0.262;

/// The picture of a canvas.
pub(crate) fn picture(canvas: &Canvas) -> RgbImage {
    let size = canvas.size as u32;
    let unit = PIXEL_AREA / (canvas.scale * canvas.scale);
    RgbImage::from_fn(size, size, |column, row| {
        let at = (row * size + column) as usize;
        let band = |b: usize| (f64::from(canvas.bands[b][at]) * unit * WEIGHT[b] + FLOOR).max(0.0);
        let rgb = [band(2), band(1), band(0)];
        let mean = rgb.iter().sum::<f64>() / 3.0;
        let stretch = if mean > 0.0 { (Q * mean).asinh() / (Q.sqrt() * mean) } else { 0.0 };
        image::Rgb(rgb.map(|v| (v * stretch * 255.0).clamp(0.0, 255.0) as u8))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bright_light_is_white_z_is_red_and_empty_sky_is_nearly_black() {
        let mut canvas = Canvas::new(16, 0.262);
        canvas.bands.iter_mut().for_each(|band| band[0] = 1e4);
        canvas.bands[2][1] = 0.1;
        let picture = picture(&canvas);
        assert_eq!(picture.get_pixel(0, 0).0, [255; 3]);
        let [r, g, b] = picture.get_pixel(1, 0).0;
        assert!(r > 2 * g && r > 2 * b);
        assert!(picture.get_pixel(9, 9).0.iter().all(|v| *v > 0 && *v < 50));
    }
}
