//! Rectangles of images.

/// A rectangle of an image: its lower left pixel, counted from 0, and its size. It may reach beyond the image.
///
/// ```
/// use zoobot_core::picture::PixelRegion;
/// let around = PixelRegion::around(100.2, 50.7, 20, 10);
/// assert_eq!(around, PixelRegion { x: 91, y: 46, width: 20, height: 10 });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PixelRegion {
    /// The first column.
    pub x: i64,
    /// The first row, from the bottom.
    pub y: i64,
    /// The number of columns.
    pub width: usize,
    /// The number of rows.
    pub height: usize,
}

impl PixelRegion {
    /// The rectangle of this size whose middle is closest to a position in pixels (from 0, at the middle of
    /// the first pixel), as `Cutout2D` of astropy chooses it.
    pub fn around(x: f64, y: f64, width: usize, height: usize) -> Self {
        let first = |middle: f64, length: usize| (middle - length as f64 / 2.0).ceil() as i64;
        Self { x: first(x, width), y: first(y, height), width, height }
    }

    /// Whether any of it lies within an image of this size.
    pub fn touches(&self, width: usize, height: usize) -> bool {
        let touches = |first: i64, length: usize, all: usize| {
            first < all as i64 && first.saturating_add(length as i64) > 0
        };
        touches(self.x, self.width, width) && touches(self.y, self.height, height)
    }

    /// The part of it within an image: first column and row, number of columns and rows.
    pub(crate) fn within(
        &self,
        width: usize,
        height: usize,
    ) -> Option<(usize, usize, usize, usize)> {
        if !self.touches(width, height) {
            return None;
        }
        let cut = |first: i64, length: usize, all: usize| {
            let end = first.saturating_add(length as i64).min(all as i64);
            let first = first.max(0);
            (first as usize, (end - first) as usize)
        };
        let ((x, columns), (y, rows)) =
            (cut(self.x, self.width, width), cut(self.y, self.height, height));
        Some((x, y, columns, rows))
    }
}
