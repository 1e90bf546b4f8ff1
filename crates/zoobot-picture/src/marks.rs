//! Marks on pictures of the sky: a scale bar, and arrows to north and east.

use crate::fits::Wcs;
use image::{Rgb, RgbImage};

const WHITE: Rgb<u8> = Rgb([255; 3]);
const BLACK: Rgb<u8> = Rgb([0; 3]);

/// The letters that marks need, in 5 x 7 pixels, a row for each number.
const LETTERS: [(char, [u8; 7]); 14] = [
    ('0', [14, 17, 19, 21, 25, 17, 14]),
    ('1', [4, 12, 4, 4, 4, 4, 14]),
    ('2', [14, 17, 1, 2, 4, 8, 31]),
    ('3', [31, 2, 4, 2, 1, 17, 14]),
    ('4', [2, 6, 10, 18, 31, 2, 2]),
    ('5', [31, 16, 30, 1, 1, 17, 14]),
    ('6', [6, 8, 16, 30, 17, 17, 14]),
    ('7', [31, 1, 2, 4, 8, 8, 8]),
    ('8', [14, 17, 17, 14, 17, 17, 14]),
    ('9', [14, 17, 17, 15, 1, 2, 12]),
    ('.', [0, 0, 0, 0, 0, 12, 12]),
    ('"', [10, 10, 10, 0, 0, 0, 0]),
    ('N', [17, 25, 21, 21, 19, 17, 17]),
    ('E', [31, 16, 16, 30, 16, 16, 31]),
];

/// What is drawn on pictures of the sky.
///
/// ```
/// use zoobot_core::picture::Marks;
/// assert_eq!(Marks { bar: Some(5.0), compass: true }.bar, Some(5.0));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Marks {
    /// The length of a scale bar in arcseconds.
    pub bar: Option<f64>,
    /// Whether arrows show north and east.
    pub compass: bool,
}

impl Marks {
    /// Draws the marks on a picture whose first pixel, at the top left, is at column `left` and row `top` (from
    /// the bottom) of an image, and whose pixels are `zoom` times as large as those of the image.
    pub fn draw(&self, picture: &mut RgbImage, wcs: &Wcs, (left, top): (f64, f64), zoom: f64) {
        let (width, height) = (f64::from(picture.width()), f64::from(picture.height()));
        let size = ((width.min(height) / 110.0).round() as i64).clamp(1, 6);
        let edge = 0.05 * width.min(height);
        if let Some(arcsec) = self.bar.filter(|it| it.is_finite() && *it > 0.0) {
            let length = arcsec / wcs.pixel_scale() / zoom;
            // A bar that is longer than the picture would say nothing.
            if length >= 2.0 && length <= width - 2.0 * edge {
                let y = height - edge;
                line(picture, (edge, y), (edge + length, y), size);
                let label = format!("{}\"", (arcsec * 100.0).round() / 100.0);
                let above = y - 10.0 * size as f64;
                text(picture, &label, (edge, above), size);
            }
        }
        let middle = (left + width * zoom / 2.0, top - height * zoom / 2.0);
        if let Some((north, east)) = wcs.north_and_east(middle.0, middle.1).filter(|_| self.compass)
        {
            let long = 0.13 * width.min(height);
            let reach = long + 9.0 * size as f64;
            // Room for both arrows in the lower right corner.
            let room = |axis: usize| {
                let (a, b) = (north[axis] * reach, east[axis] * reach);
                (a.min(b).min(0.0), a.max(b).max(0.0))
            };
            let (across, up) = (room(0), room(1));
            let start = (width - edge - across.1, height - edge + up.0);
            for (letter, [x, y]) in [("N", north), ("E", east)] {
                let end = (start.0 + x * long, start.1 - y * long);
                line(picture, start, end, size);
                for side in [-0.4_f64, 0.4] {
                    let (sin, cos) = (std::f64::consts::PI + side).sin_cos();
                    let head = 0.3 * long;
                    let (dx, dy) = (x * cos - y * sin, x * sin + y * cos);
                    line(picture, end, (end.0 + dx * head, end.1 - dy * head), size);
                }
                let far = long + 5.5 * size as f64;
                let at =
                    (start.0 + x * far - 2.5 * size as f64, start.1 - y * far - 3.5 * size as f64);
                text(picture, letter, at, size);
            }
        }
    }
}

/// Draws points of a size in white, with a dark rim so that they are seen on bright galaxies.
fn points(picture: &mut RgbImage, points: &[(i64, i64)], size: i64) {
    let mut put = |x: i64, y: i64, colour: Rgb<u8>| {
        if let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y))
            && let Some(pixel) = picture.get_pixel_mut_checked(x, y)
        {
            *pixel = colour;
        }
    };
    for (grow, colour) in [(1, BLACK), (0, WHITE)] {
        for &(x, y) in points {
            for dy in -grow..size + grow {
                (-grow..size + grow).for_each(|dx| put(x + dx, y + dy, colour));
            }
        }
    }
}

fn line(picture: &mut RgbImage, from: (f64, f64), to: (f64, f64), size: i64) {
    let steps = (to.0 - from.0).abs().max((to.1 - from.1).abs()).ceil().clamp(1.0, 1e5);
    let at = |i: f64| {
        let share = i / steps;
        let place = |a: f64, b: f64| (a + (b - a) * share - size as f64 / 2.0).round() as i64;
        (place(from.0, to.0), place(from.1, to.1))
    };
    let all: Vec<(i64, i64)> = (0..=steps as i64).map(|i| at(i as f64)).collect();
    points(picture, &all, size);
}

fn text(picture: &mut RgbImage, words: &str, (x, y): (f64, f64), size: i64) {
    let mut all = Vec::new();
    for (i, letter) in (0..).zip(words.chars()) {
        let Some((_, rows)) = LETTERS.iter().find(|(known, _)| *known == letter) else { continue };
        for (row, bits) in (0..).zip(rows) {
            let set = (0..5).filter(|column| (bits >> (4 - column)) & 1 == 1);
            all.extend(
                set.map(|column| (x as i64 + (6 * i + column) * size, y as i64 + row * size)),
            );
        }
    }
    points(picture, &all, size);
}
