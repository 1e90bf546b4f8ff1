//! Zoom and resize as Pillow does them, byte for byte: networks in the field were trained and are
//! used behind these very steps, and a "better" resize would shift every representation.

/// An 8-bit picture of `channels` interleaved channels.
#[derive(Debug, Clone, PartialEq)]
pub struct Bytes {
    pub width: usize,
    pub height: usize,
    pub channels: usize,
    pub data: Vec<u8>,
}

/// Bits behind the point in Pillow's resize weights.
const PRECISION: u32 = 22;

/// A rectangle of the output: first column, first row, width, height.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub x: usize,
    pub y: usize,
    pub width: usize,
    pub height: usize,
}

/// Compiles a function a second time for vectors of 256 bits and runs that where the processor has
/// them. The numbers are the same: no operation is fused with another.
macro_rules! wide {
    ($(#[$doc:meta])* $name:ident($($arg:ident: $kind:ty),*) by $plain:ident) => {
        $(#[$doc])*
        pub fn $name($($arg: $kind),*) -> Bytes {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn avx2($($arg: $kind),*) -> Bytes {
                    $plain($($arg),*)
                }
                if std::arch::is_x86_feature_detected!("avx2") {
                    // SAFETY: the processor has what the function was compiled for.
                    return unsafe { avx2($($arg),*) };
                }
            }
            $plain($($arg),*)
        }
    };
}

wide! {
    /// Zooms about the centre at the picture's own size, bilinear. Pillow's affine transform cuts
    /// the fraction off instead of rounding; so do we.
    zoom(picture: &Bytes, factor: f64) by plain_zoom
}

wide! {
    /// Resizes to `to` = (width, height) with a triangle filter that widens when shrinking
    /// (antialias), across first, then down, rounding to bytes between; only `window` is made.
    resize(picture: &Bytes, to: (usize, usize), window: Window) by plain_resize
}

#[inline(always)]
fn plain_zoom(picture: &Bytes, factor: f64) -> Bytes {
    match picture.channels {
        1 => zoom_channels::<1>(picture, factor),
        _ => zoom_channels::<3>(picture, factor),
    }
}

#[inline(always)]
fn plain_resize(picture: &Bytes, to: (usize, usize), window: Window) -> Bytes {
    match picture.channels {
        1 => resize_channels::<1>(picture, to, window),
        _ => resize_channels::<3>(picture, to, window),
    }
}

#[inline(always)]
fn zoom_channels<const C: usize>(picture: &Bytes, factor: f64) -> Bytes {
    let Bytes { width, height, ref data, .. } = *picture;
    let columns = zoom_axis(width, factor);
    let stride = width * C;
    let row = |y: usize| &data[y * stride..][..stride];
    // Each row is stretched once, though several rows of the result need it.
    let (mut top, mut bottom) = (vec![0.0; stride], vec![0.0; stride]);
    let (mut at_top, mut at_bottom) = (usize::MAX, usize::MAX);
    let mut out = vec![0; stride * height];
    for (line, (y0, y1, share)) in out.chunks_exact_mut(stride).zip(zoom_axis(height, factor)) {
        if y0 == at_bottom {
            std::mem::swap(&mut top, &mut bottom);
            std::mem::swap(&mut at_top, &mut at_bottom);
        }
        if y0 != at_top {
            stretch::<C>(row(y0), &columns, &mut top);
            at_top = y0;
        }
        if y1 != at_bottom {
            stretch::<C>(row(y1), &columns, &mut bottom);
            at_bottom = y1;
        }
        for ((value, &a), &b) in line.iter_mut().zip(&top).zip(&bottom) {
            // From 0 to 255 whatever the shares, so that the conversion needs no check.
            *value = mix(a, b, share) as i32 as u8;
        }
    }
    Bytes { data: out, ..*picture }
}

/// A row of the picture at the columns of the result.
#[inline(always)]
fn stretch<const C: usize>(row: &[u8], columns: &[(usize, usize, f64)], out: &mut [f64]) {
    for (pixel, &(x0, x1, share)) in out.chunks_exact_mut(C).zip(columns) {
        let (a, b) = (&row[x0 * C..][..C], &row[x1 * C..][..C]);
        for ((value, &a), &b) in pixel.iter_mut().zip(a).zip(b) {
            *value = mix(f64::from(a), f64::from(b), share);
        }
    }
}

#[inline(always)]
fn mix(a: f64, b: f64, fraction: f64) -> f64 {
    a + (b - a) * fraction
}

/// For each output place the two input places and the share of the second.
fn zoom_axis(n: usize, factor: f64) -> Vec<(usize, usize, f64)> {
    let centre = n as f64 * 0.5;
    (0..n)
        .map(|i| {
            let x = (i as f64 + 0.5 - centre) / factor + centre - 0.5;
            let low = x.floor();
            let clip = |x: f64| x.clamp(0.0, (n - 1) as f64) as usize;
            (clip(low), clip(low + 1.0), x - low)
        })
        .collect()
}

#[inline(always)]
fn resize_channels<const C: usize>(picture: &Bytes, to: (usize, usize), window: Window) -> Bytes {
    let across = weights(picture.width, to.0);
    let across = &across[window.x..window.x + window.width];
    let down = weights(picture.height, to.1);
    let down = &down[window.y..window.y + window.height];
    let first = down.iter().map(|tap| tap.start).min().unwrap_or(0);
    let last = down.iter().map(|tap| tap.start + tap.weights.len()).max().unwrap_or(0);

    let stride = window.width * C;
    let mut narrow = vec![0_u8; (last - first) * stride];
    for (line, y) in narrow.chunks_exact_mut(stride).zip(first..last) {
        let source = &picture.data[y * picture.width * C..][..picture.width * C];
        for (pixel, tap) in line.chunks_exact_mut(C).zip(across) {
            let taken = source[tap.start * C..].chunks_exact(C);
            let mut sums = [1_i32 << (PRECISION - 1); C];
            for (&weight, values) in tap.weights.iter().zip(taken) {
                for (sum, &value) in sums.iter_mut().zip(values) {
                    *sum += weight * i32::from(value);
                }
            }
            for (value, sum) in pixel.iter_mut().zip(sums) {
                *value = to_byte(sum);
            }
        }
    }

    let mut data = vec![0_u8; window.height * stride];
    let mut sums = vec![0_i32; stride];
    for (line, tap) in data.chunks_exact_mut(stride).zip(down) {
        sums.fill(1 << (PRECISION - 1));
        for (k, &weight) in tap.weights.iter().enumerate() {
            let row = &narrow[(tap.start + k - first) * stride..][..stride];
            for (sum, &value) in sums.iter_mut().zip(row) {
                *sum += weight * i32::from(value);
            }
        }
        for (value, &sum) in line.iter_mut().zip(&sums) {
            *value = to_byte(sum);
        }
    }
    Bytes { width: window.width, height: window.height, channels: C, data }
}

#[inline(always)]
fn to_byte(sum: i32) -> u8 {
    (sum >> PRECISION).clamp(0, 255) as u8
}

/// The inputs that one output place is made of.
struct Tap {
    start: usize,
    weights: Vec<i32>,
}

fn weights(from: usize, to: usize) -> Vec<Tap> {
    let ratio = from as f64 / to as f64;
    let half = ratio.max(1.0);
    (0..to)
        .map(|i| {
            let centre = (i as f64 + 0.5) * ratio;
            let start = (centre - half + 0.5).max(0.0) as usize;
            let end = ((centre + half + 0.5) as usize).min(from);
            let raw: Vec<f64> = (start..end)
                .map(|k| (1.0 - ((k as f64 - centre + 0.5) / half).abs()).max(0.0))
                .collect();
            let total: f64 = raw.iter().sum();
            let scale = f64::from(1_u32 << PRECISION) / total;
            Tap { start, weights: raw.iter().map(|w| (w * scale + 0.5) as i32).collect() }
        })
        .collect()
}

/// RGB to luminance as Pillow's mode "L" has it.
pub fn luma(picture: &Bytes) -> Bytes {
    let of = |p: &[u8]| {
        let [r, g, b] = [p[0], p[1], p[2]].map(u32::from);
        ((19_595 * r + 38_470 * g + 7_471 * b + 32_768) >> 16) as u8
    };
    let data = picture.data.chunks_exact(3).map(of).collect();
    Bytes { channels: 1, data, ..*picture }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The zoom as it is defined, pixel by pixel.
    fn defined_zoom(picture: &Bytes, factor: f64) -> Bytes {
        let (columns, rows) = (zoom_axis(picture.width, factor), zoom_axis(picture.height, factor));
        let at = |y: usize, x: usize, c: usize| {
            f64::from(picture.data[(y * picture.width + x) * picture.channels + c])
        };
        let mut data = Vec::new();
        for &(y0, y1, down) in &rows {
            for &(x0, x1, across) in &columns {
                for c in 0..picture.channels {
                    let top = mix(at(y0, x0, c), at(y0, x1, c), across);
                    let bottom = mix(at(y1, x0, c), at(y1, x1, c), across);
                    data.push(mix(top, bottom, down) as u8);
                }
            }
        }
        Bytes { data, ..*picture }
    }

    #[test]
    fn stretching_each_row_once_changes_no_byte_of_the_zoom() {
        for (width, height, channels) in [(61, 40, 3), (40, 61, 1), (9, 300, 3), (1, 1, 1)] {
            let bytes = width * height * channels;
            let data = (0..bytes).map(|i| (i * i * 31 % 253) as u8).collect();
            let picture = Bytes { width, height, channels, data };
            for factor in [1.000_001, f64::from(1.2_f32), 2.0, 7.3] {
                assert_eq!(zoom(&picture, factor), defined_zoom(&picture, factor), "{factor}");
            }
        }
    }

    fn constant(value: u8, width: usize, height: usize) -> Bytes {
        Bytes { width, height, channels: 3, data: vec![value; width * height * 3] }
    }

    #[test]
    fn a_flat_picture_stays_flat() {
        for value in [0, 1, 37, 128, 254, 255] {
            let flat = constant(value, 61, 40);
            assert_eq!(zoom(&flat, 1.2), flat);
            let window = Window { x: 3, y: 2, width: 20, height: 15 };
            assert_eq!(resize(&flat, (30, 20), window), constant(value, 20, 15));
        }
    }

    #[test]
    fn a_resize_to_the_same_size_changes_nothing() {
        let data: Vec<u8> = (0..7 * 5 * 3).map(|i| (i * 37 % 251) as u8).collect();
        let picture = Bytes { width: 7, height: 5, channels: 3, data };
        let all = Window { x: 0, y: 0, width: 7, height: 5 };
        assert_eq!(resize(&picture, (7, 5), all), picture);
    }

    #[test]
    fn halving_weighs_the_neighbours_as_the_triangle_does() {
        // Support 2 around each output centre: weights 1/8, 3/8, 3/8, 1/8, cut at the border.
        let data = vec![0, 0, 80, 0, 0, 0, 0, 0];
        let picture = Bytes { width: 8, height: 1, channels: 1, data };
        let out = resize(&picture, (4, 1), Window { x: 0, y: 0, width: 4, height: 1 });
        assert_eq!(out.data, [11, 30, 0, 0]);
    }
}
