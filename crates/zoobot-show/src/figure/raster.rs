//! Draws very many points as one bitmap: with one vector element per point, files would be too large to open.

use super::Layer;
use image::{ExtendedColorType, ImageEncoder};
use plotters::style::RGBColor;
use zoobot_base::{Error, Result};

/// Bitmap pixels per pixel of the figure: 288 dots per inch on paper.
const FINE: f64 = 3.0;

/// A transparent bitmap that collects round, soft-edged dots.
pub(super) struct Dots {
    width: usize,
    height: usize,
    /// Red, green, blue times opacity, and opacity, each 0 to 1.
    pixels: Vec<[f32; 4]>,
}

impl Dots {
    /// An empty bitmap that covers `width` × `height` pixels of the figure.
    pub fn new(width: f64, height: f64) -> Self {
        let [width, height] = [width, height].map(|side| (side * FINE).ceil().max(1.0) as usize);
        Self { width, height, pixels: vec![[0.0; 4]; width * height] }
    }

    /// Draws a dot on top; its centre and radius are in pixels of the figure.
    pub fn dot(&mut self, x: f64, y: f64, radius: f64, colour: RGBColor, opacity: f64) {
        let [x, y, radius] = [x, y, radius].map(|length| (length * FINE) as f32);
        let reach = |centre: f32, side: usize| {
            let first = (centre - radius - 1.0).max(0.0) as usize;
            first..((centre + radius + 2.0).max(0.0) as usize).min(side)
        };
        let ink = [colour.0, colour.1, colour.2].map(|part| f32::from(part) / 255.0);
        for row in reach(y, self.height) {
            for column in reach(x, self.width) {
                let (dx, dy) = (column as f32 + 0.5 - x, row as f32 + 0.5 - y);
                let cover = (radius + 0.5 - dx.hypot(dy)).clamp(0.0, 1.0) * opacity as f32;
                if cover > 0.0 {
                    let [r, g, b, a] = &mut self.pixels[row * self.width + column];
                    for (below, ink) in [r, g, b].into_iter().zip(ink) {
                        *below = ink * cover + *below * (1.0 - cover);
                    }
                    *a = cover + *a * (1.0 - cover);
                }
            }
        }
    }

    /// The bitmap as a layer with its upper left corner at (`x`, `y`), in pixels of the figure.
    pub fn layer(&self, x: f64, y: f64) -> Result<Layer> {
        let straight = |[r, g, b, a]: &[f32; 4]| {
            let whole = |part: f32| (part * 255.0).round() as u8;
            let parts = if *a > 0.0 { [r / a, g / a, b / a, *a] } else { [0.0; 4] };
            parts.map(whole)
        };
        let bytes: Vec<u8> = self.pixels.iter().flat_map(straight).collect();
        let mut png = Vec::new();
        image::codecs::png::PngEncoder::new(&mut png)
            .write_image(&bytes, self.width as u32, self.height as u32, ExtendedColorType::Rgba8)
            .map_err(|error| Error::Figure(format!("bitmap layer: {error}")))?;
        let [width, height] = [self.width, self.height].map(|side| side as f64 / FINE);
        Ok(Layer { x, y, width, height, png: png.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_opaque_inside_soft_at_the_edge_and_cut_at_the_border() {
        let mut dots = Dots::new(10.0, 10.0);
        dots.dot(5.0, 5.0, 2.0, RGBColor(255, 0, 0), 1.0);
        dots.dot(-50.0, 400.0, 3.0, RGBColor(0, 255, 0), 1.0);
        dots.dot(0.0, 0.0, 1.0, RGBColor(0, 0, 255), 0.5);
        let png = dots.layer(0.0, 0.0).unwrap().png;
        let picture = image::load_from_memory(&png).unwrap().into_rgba8();
        assert_eq!(picture.dimensions(), (30, 30));
        assert_eq!(picture.get_pixel(15, 15).0, [255, 0, 0, 255]);
        assert_eq!(picture.get_pixel(0, 0).0, [0, 0, 255, 128]);
        assert_eq!(picture.get_pixel(29, 29).0, [0, 0, 0, 0]);
        let edge = (0..30).map(|x| picture.get_pixel(x, 15).0[3]).filter(|a| (1..255).contains(a));
        assert!(edge.count() > 0, "a soft edge");
        let area = picture.pixels().filter(|p| p.0[0] > 0).map(|p| f64::from(p.0[3]) / 255.0);
        let circle = std::f64::consts::PI * 36.0;
        assert!((area.sum::<f64>() - circle).abs() < 0.02 * circle);
    }
}
