//! Zoom and resize as Pillow does them, byte for byte: published networks were trained with exactly
//! these steps, and a "better" resize would shift every representation.
//!
//! Each row of the picture is zoomed when the resize asks for it, and resized across at once, while it
//! is in the L1 cache. Loops run over small arrays of fixed length, which compilers turn into vector
//! instructions.

mod resize;
#[cfg(test)]
mod tests;
mod zoom;

use resize::{Axis, across, down};
use zoobot_base::processor::Instructions;
use zoom::Zoomed;

/// An 8-bit picture of 1 or 3 interleaved channels.
///
/// ```
/// use zoobot_core::picture::resample::{Pixels, Window, resample};
/// let all = Window { x: 0, y: 0, width: 1, height: 1 };
/// let bytes = [0, 100, 200, 100];
/// let half = resample(Pixels { width: 2, height: 2, channels: 1, data: &bytes }, 1.0, (1, 1), all);
/// assert_eq!(half, [100]);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Pixels<'a> {
    /// The number of columns.
    pub width: usize,
    /// The number of rows.
    pub height: usize,
    /// The number of channels, 1 or 3.
    pub channels: usize,
    /// The bytes, row by row.
    pub data: &'a [u8],
}

/// A rectangle of the output.
///
/// ```
/// use zoobot_core::picture::resample::{Pixels, Window, resample};
/// let right = Window { x: 1, y: 0, width: 1, height: 2 };
/// let bytes = [0, 100, 200, 50];
/// let part = resample(Pixels { width: 2, height: 2, channels: 1, data: &bytes }, 1.0, (2, 2), right);
/// assert_eq!(part, [100, 50]);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// The first column.
    pub x: usize,
    /// The first row.
    pub y: usize,
    /// The number of columns.
    pub width: usize,
    /// The number of rows.
    pub height: usize,
}

/// Zooms by `zoom` >= 1 about the centre (bilinear, at the picture's own size), resizes to `to` =
/// (width, height) with a triangle filter that widens when shrinking (antialias), and cuts out
/// `window`. Only pixels in the window are computed.
///
/// As in Pillow, the affine transform truncates instead of rounding, and the resize goes across first,
/// then down, and rounds to bytes in between.
pub fn resample(picture: Pixels, zoom: f64, to: (usize, usize), window: Window) -> Vec<u8> {
    #[cfg(target_arch = "x86_64")]
    {
        // This compiles the code for vectors of 256 bits. The results are equal, because no operations
        // are fused.
        #[target_feature(enable = "avx2")]
        fn avx2(picture: Pixels, zoom: f64, to: (usize, usize), window: Window) -> Vec<u8> {
            plain(picture, zoom, to, window)
        }
        if Instructions::in_use() >= Instructions::Avx2 {
            // SAFETY: the processor has the instructions that the function was compiled for.
            return unsafe { avx2(picture, zoom, to, window) };
        }
    }
    plain(picture, zoom, to, window)
}

#[inline(always)]
fn plain(picture: Pixels, zoom: f64, to: (usize, usize), window: Window) -> Vec<u8> {
    match picture.channels {
        1 => channels::<1, 1>(picture, zoom, to, window),
        _ => channels::<3, 4>(picture, zoom, to, window),
    }
}

/// Resamples a picture of `C` channels, whose pixels are computed in `L` lanes: four lanes are as fast
/// as one, and the next pixel overwrites the fourth. Every row has padding for it at its end.
#[inline(always)]
fn channels<const C: usize, const L: usize>(
    picture: Pixels,
    zoom: f64,
    to: (usize, usize),
    window: Window,
) -> Vec<u8> {
    let columns = Axis::new(picture.width, to.0, window.x..window.x + window.width);
    let rows = Axis::new(picture.height, to.1, window.y..window.y + window.height);
    let length = window.width * C;
    let stride = (length + L).next_multiple_of(resize::BLOCK);
    let needed = rows.inputs();
    let mut narrow = vec![0; needed.len() * stride];
    let mut zoomed = Zoomed::<C, L>::new(picture, zoom);
    for (line, y) in narrow.chunks_exact_mut(stride).zip(needed.clone()) {
        across::<C, L>(zoomed.row(y), &columns, line);
    }
    down(&narrow, stride, needed.start, &rows, length)
}

/// Converts RGB to luminance, as in Pillow's mode "L".
pub fn luma(rgb: &[u8]) -> Vec<u8> {
    let of = |p: &[u8]| {
        let [r, g, b] = [p[0], p[1], p[2]].map(u32::from);
        ((19_595 * r + 38_470 * g + 7_471 * b + 32_768) >> 16) as u8
    };
    rgb.chunks_exact(3).map(of).collect()
}

/// The `L` numbers that begin at `at`.
#[inline(always)]
fn lanes<T: Copy + Default, const L: usize>(line: &[T], at: usize) -> [T; L] {
    let mut lanes = [T::default(); L];
    lanes.copy_from_slice(&line[at..at + L]);
    lanes
}
