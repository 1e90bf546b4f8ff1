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

/// Zooms about the centre at the picture's own size, bilinear. Pillow's affine transform cuts the
/// fraction off instead of rounding; so do we.
pub fn zoom(picture: &Bytes, factor: f64) -> Bytes {
    let Bytes { width, height, channels, data } = picture;
    let columns = zoom_axis(*width, factor);
    let rows = zoom_axis(*height, factor);
    let mut out = vec![0; data.len()];
    let stride = width * channels;
    for (y, line) in out.chunks_exact_mut(stride).enumerate() {
        let (y0, y1, fy) = rows[y];
        let (top, bottom) = (&data[y0 * stride..][..stride], &data[y1 * stride..][..stride]);
        for (pixel, &(x0, x1, fx)) in line.chunks_exact_mut(*channels).zip(&columns) {
            for (c, value) in pixel.iter_mut().enumerate() {
                let across = |row: &[u8]| {
                    let (a, b) = (row[x0 * channels + c], row[x1 * channels + c]);
                    mix(f64::from(a), f64::from(b), fx)
                };
                *value = mix(across(top), across(bottom), fy) as u8;
            }
        }
    }
    Bytes { data: out, ..*picture }
}

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

/// Resizes to `to` = (width, height) with a triangle filter that widens when shrinking
/// (antialias), across first, then down, rounding to bytes between; only `window` is made.
pub fn resize(picture: &Bytes, to: (usize, usize), window: Window) -> Bytes {
    let channels = picture.channels;
    let across = weights(picture.width, to.0);
    let across = &across[window.x..window.x + window.width];
    let down = weights(picture.height, to.1);
    let down = &down[window.y..window.y + window.height];
    let first = down.iter().map(|tap| tap.start).min().unwrap_or(0);
    let last = down.iter().map(|tap| tap.start + tap.weights.len()).max().unwrap_or(0);

    let stride = window.width * channels;
    let mut narrow = vec![0_u8; (last - first) * stride];
    for (line, y) in narrow.chunks_exact_mut(stride).zip(first..last) {
        let source = &picture.data[y * picture.width * channels..][..picture.width * channels];
        for (pixel, tap) in line.chunks_exact_mut(channels).zip(across) {
            let taken = source[tap.start * channels..].chunks_exact(channels);
            let mut sums = [1_i32 << (PRECISION - 1); 4];
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
    Bytes { width: window.width, height: window.height, channels, data }
}

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
