//! The random numbers for one picture, and the affine map that they define.

use super::super::Recipe;
use super::{Augment, Erasing};
use rand::Rng;

/// A rectangle in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rectangle {
    pub x: usize,
    pub y: usize,
    pub width: usize,
    pub height: usize,
}

/// The random view of one picture.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Draw {
    /// In degrees, clockwise.
    pub angle: f64,
    /// To the right and down, as shares of the side.
    pub shift: [f64; 2],
    pub scale: f64,
    /// In degrees.
    pub shear: [f64; 2],
    /// The part that fills the frame: left, top, width, height as shares of the side.
    pub part: [f64; 4],
    pub mirrored: bool,
    pub upside_down: bool,
    pub boxes: Vec<Rectangle>,
}

/// How many times a rectangle that does not fit is drawn again, as in torchvision.
const TRIES: usize = 10;

impl Draw {
    /// Draws a view of a picture. The parameters must have been checked.
    pub fn new(augment: &Augment, recipe: &Recipe, rng: &mut impl Rng) -> Self {
        let mut between = |(low, high): (f64, f64)| rng.random_range(low..=high);
        let angle = between((-augment.rotation, augment.rotation));
        let shift = [(); 2].map(|()| between((-augment.translation, augment.translation)));
        let scale = between(augment.scale.unwrap_or((recipe.zoom, recipe.zoom)));
        let shear = [(); 2].map(|()| between(augment.shear));
        let part = match augment.crop {
            None => [0.0, 0.0, 1.0, 1.0],
            Some(crop) => {
                let area = between(crop.area);
                let ratio = between((crop.ratio.0.ln(), crop.ratio.1.ln())).exp();
                let width = (area * ratio).sqrt().min(1.0);
                let height = (area / ratio).sqrt().min(1.0);
                let (x, y) = (between((0.0, 1.0 - width)), between((0.0, 1.0 - height)));
                [x, y, width, height]
            }
        };
        let [mirrored, upside_down] =
            [augment.flip_horizontal, augment.flip_vertical].map(|p| rng.random_bool(p));
        let boxes = augment.erasing.map_or(Vec::new(), |erasing| {
            (0..erasing.count).map(|_| rectangle(&erasing, recipe.size, rng)).collect()
        });
        Self { angle, shift, scale, shear, part, mirrored, upside_down, boxes }
    }

    /// Maps positions in the view to positions in the picture, both -1 to 1 from edge to edge, to the right
    /// and down: the rows of `[a b c; d e f]`, as `affine_grid` expects them.
    ///
    /// torchvision's forward map is `p' = s R Y X p + t` with the rotation `R` (clockwise on screen, since
    /// rows count downwards) and the shears `X = [1 -tan x; 0 1]`, `Y = [1 0; -tan y 1]`. Each of the three
    /// matrices has determinant 1.
    pub fn map(&self) -> [f64; 6] {
        let (sin, cos) = self.angle.to_radians().sin_cos();
        let [x, y] = self.shear.map(|degrees| degrees.to_radians().tan());
        // R Y X
        let (a, b) = (cos + y * sin, -x * (cos + y * sin) - sin);
        let (c, d) = (sin - y * cos, -x * (sin - y * cos) + cos);
        let inverse = [d, -b, -c, a].map(|value| value / self.scale);
        // Applied to the view: first the flips, then the crop, then the shift.
        let [left, top, width, height] = self.part;
        let signs =
            [if self.mirrored { -1.0 } else { 1.0 }, if self.upside_down { -1.0 } else { 1.0 }];
        let stretch = [width * signs[0], height * signs[1]];
        let centre = [2.0 * left + width - 1.0, 2.0 * top + height - 1.0];
        let offset = [centre[0] - 2.0 * self.shift[0], centre[1] - 2.0 * self.shift[1]];
        let row =
            |[a, b]: [f64; 2]| [a * stretch[0], b * stretch[1], a * offset[0] + b * offset[1]];
        let [top, bottom] = [row([inverse[0], inverse[1]]), row([inverse[2], inverse[3]])];
        [top[0], top[1], top[2], bottom[0], bottom[1], bottom[2]]
    }
}

/// A rectangle to erase in a picture of `size` pixels, by torchvision's rule for `RandomErasing`; it is empty
/// if no draw fits.
fn rectangle(erasing: &Erasing, size: usize, rng: &mut impl Rng) -> Rectangle {
    for _ in 0..TRIES {
        let area = (size * size) as f64 * rng.random_range(erasing.area.0..=erasing.area.1);
        let ratio = rng.random_range(erasing.ratio.0.ln()..=erasing.ratio.1.ln()).exp();
        let height = (area * ratio).sqrt().round_ties_even() as usize;
        let width = (area / ratio).sqrt().round_ties_even() as usize;
        if height < size && width < size {
            let y = rng.random_range(0..=size - height);
            let x = rng.random_range(0..=size - width);
            return Rectangle { x, y, width, height };
        }
    }
    Rectangle { x: 0, y: 0, width: 0, height: 0 }
}
