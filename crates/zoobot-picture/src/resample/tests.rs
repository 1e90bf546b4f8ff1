use super::zoom::{Place, axis, mix};
use super::*;

/// A picture with strongly varying bytes.
fn jumpy(width: usize, height: usize, channels: usize) -> Vec<u8> {
    (0..width * height * channels).map(|i| (i * i * 31 % 253) as u8).collect()
}

/// The zoom by its definition, pixel by pixel.
fn defined_zoom(picture: Pixels, zoom: f64) -> Vec<u8> {
    let (columns, rows) = (axis(picture.width, zoom), axis(picture.height, zoom));
    let at = |y: usize, x: usize, c: usize| {
        f64::from(picture.data[(y * picture.width + x) * picture.channels + c])
    };
    let mut data = Vec::new();
    for down in &rows {
        for &Place { low, high, share } in &columns {
            for c in 0..picture.channels {
                let top = mix(at(down.low, low, c), at(down.low, high, c), share);
                let bottom = mix(at(down.high, low, c), at(down.high, high, c), share);
                data.push(mix(top, bottom, down.share) as u8);
            }
        }
    }
    data
}

/// Pillow's weights: the first input, and weights with 22 fractional bits.
fn defined_weights(from: usize, to: usize, i: usize) -> (usize, Vec<i64>) {
    let ratio = from as f64 / to as f64;
    let (half, centre) = (ratio.max(1.0), (i as f64 + 0.5) * ratio);
    let start = (centre - half + 0.5).max(0.0) as usize;
    let end = ((centre + half + 0.5) as usize).min(from);
    let raw: Vec<f64> =
        (start..end).map(|k| (1.0 - ((k as f64 - centre + 0.5) / half).abs()).max(0.0)).collect();
    let total: f64 = raw.iter().sum();
    (start, raw.iter().map(|w| (w / total * f64::from(1 << 22) + 0.5) as i64).collect())
}

/// The resize along one axis of `lines` x `from` x `channels` bytes, output by output.
fn defined_resize(data: &[u8], from: usize, to: usize, channels: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for line in data.chunks_exact(from * channels) {
        for i in 0..to {
            let (start, weights) = defined_weights(from, to, i);
            for c in 0..channels {
                let value = |k: usize| i64::from(line[(start + k) * channels + c]);
                let sum: i64 = weights.iter().enumerate().map(|(k, w)| w * value(k)).sum();
                out.push(((sum + (1 << 21)) >> 22).clamp(0, 255) as u8);
            }
        }
    }
    out
}

fn transposed(data: &[u8], width: usize, channels: usize) -> Vec<u8> {
    let pixels: Vec<&[u8]> = data.chunks_exact(channels).collect();
    let height = pixels.len() / width;
    (0..width).flat_map(|x| (0..height).map(move |y| (x, y))).fold(Vec::new(), |mut out, (x, y)| {
        out.extend_from_slice(pixels[y * width + x]);
        out
    })
}

#[test]
fn every_byte_is_that_of_the_steps_as_they_are_defined() {
    for (width, height, channels, to) in [
        (61, 40, 3, (45, 30)),
        (40, 61, 1, (50, 76)),
        (9, 300, 3, (9, 300)),
        (300, 9, 3, (100, 8)),
        (424, 424, 3, (224, 224)),
        (300, 300, 3, (224, 224)),
        (1, 1, 1, (1, 1)),
    ] {
        let data = jumpy(width, height, channels);
        let picture = Pixels { width, height, channels, data: &data };
        for zoom in [1.0, 1.000_001, f64::from(1.2_f32), 2.0, 7.3] {
            let zoomed = defined_zoom(picture, zoom);
            let wide = defined_resize(&zoomed, width, to.0, channels);
            let tall = defined_resize(&transposed(&wide, to.0, channels), height, to.1, channels);
            let all = transposed(&tall, to.1, channels);
            let window = Window {
                x: to.0 / 5,
                y: to.1 / 4,
                width: to.0 - to.0 / 3,
                height: to.1.div_ceil(2),
            };
            let expected: Vec<u8> = (window.y..window.y + window.height)
                .flat_map(|y| &all[(y * to.0 + window.x) * channels..][..window.width * channels])
                .copied()
                .collect();
            let found = resample(picture, zoom, to, window);
            assert!(found == expected, "{width} x {height} x {channels}, zoom {zoom}");
        }
    }
}

#[test]
fn a_flat_picture_stays_flat() {
    let window = Window { x: 3, y: 2, width: 20, height: 15 };
    for value in [0, 1, 37, 128, 254, 255] {
        let data = vec![value; 61 * 40 * 3];
        let flat = Pixels { width: 61, height: 40, channels: 3, data: &data };
        assert_eq!(resample(flat, 1.2, (30, 20), window), vec![value; 20 * 15 * 3]);
    }
}

#[test]
fn a_resize_to_the_same_size_changes_nothing() {
    let data = jumpy(7, 5, 3);
    let picture = Pixels { width: 7, height: 5, channels: 3, data: &data };
    let all = Window { x: 0, y: 0, width: 7, height: 5 };
    assert_eq!(resample(picture, 1.0, (7, 5), all), data);
}

#[test]
fn halving_weighs_the_neighbours_as_the_triangle_does() {
    // Support 2 around each output centre: weights 1/8, 3/8, 3/8, 1/8, cut at the border.
    let data = [0, 0, 80, 0, 0, 0, 0, 0];
    let picture = Pixels { width: 8, height: 1, channels: 1, data: &data };
    let window = Window { x: 0, y: 0, width: 4, height: 1 };
    assert_eq!(resample(picture, 1.0, (4, 1), window), [11, 30, 0, 0]);
}
