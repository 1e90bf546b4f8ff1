//! The zoom, row by row.

use super::{Pixels, lanes};

/// The rows of a zoomed picture; asking for them in order is fastest.
pub struct Zoomed<'a, const C: usize, const L: usize> {
    picture: Pixels<'a>,
    /// The places of columns and rows; `None` if the zoom is 1.
    places: Option<(Vec<Place>, Vec<Place>)>,
    /// Two zoomed rows of the picture, kept because several rows of the result need each of them.
    upper: Stretched,
    lower: Stretched,
    /// A row of the picture, with padding for a pixel and its lanes at the end.
    source: Vec<f64>,
    /// A row of bytes, with padding for the lanes at the end.
    line: Vec<u8>,
}

/// The place of an output between two inputs.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub low: usize,
    pub high: usize,
    /// The weight of the second input; 0 at the edges, where both inputs are equal.
    pub share: f64,
}

/// A row of the picture, interpolated at the columns of the result.
struct Stretched {
    row: Option<usize>,
    values: Vec<f64>,
}

impl<'a, const C: usize, const L: usize> Zoomed<'a, C, L> {
    #[inline(always)]
    pub fn new(picture: Pixels<'a>, zoom: f64) -> Self {
        let places = (zoom != 1.0).then(|| (axis(picture.width, zoom), axis(picture.height, zoom)));
        let length = picture.width * C + L;
        let stretched = || Stretched { row: None, values: vec![0.0; length] };
        let source = vec![0.0; length + C];
        Self {
            picture,
            places,
            upper: stretched(),
            lower: stretched(),
            source,
            line: vec![0; length],
        }
    }

    /// A row of the zoomed picture, with padding for the lanes at its end.
    #[inline(always)]
    pub fn row(&mut self, y: usize) -> &[u8] {
        let Self { picture, places, upper, lower, source, line } = self;
        let stride = picture.width * C;
        let bytes = |y: usize| &picture.data[y * stride..][..stride];
        let Some((columns, rows)) = places else {
            line[..stride].copy_from_slice(bytes(y));
            return line;
        };
        let Place { low, high, share } = rows[y];
        if lower.row == Some(low) {
            std::mem::swap(upper, lower);
        }
        for (stretched, wanted) in [(&mut *upper, low), (&mut *lower, high)] {
            if stretched.row != Some(wanted) {
                for (value, &byte) in source.iter_mut().zip(bytes(wanted)) {
                    *value = f64::from(byte);
                }
                stretch::<C, L>(source, columns, &mut stretched.values);
                stretched.row = Some(wanted);
            }
        }
        let between = upper.values.iter().zip(&lower.values);
        for (value, (&a, &b)) in line[..stride].iter_mut().zip(between) {
            // SAFETY: the value lies between two bytes, so truncation gives a byte.
            *value = unsafe { mix(a, b, share).to_int_unchecked::<i32>() } as u8;
        }
        line
    }
}

#[inline(always)]
fn stretch<const C: usize, const L: usize>(line: &[f64], columns: &[Place], out: &mut [f64]) {
    for (i, &Place { low, share, .. }) in columns.iter().enumerate() {
        // The second pixel is the next one, or its weight is 0.
        let both = &line[low * C..][..C + L];
        let (mut values, others) = (lanes::<f64, L>(both, 0), lanes::<f64, L>(both, C));
        for (value, other) in values.iter_mut().zip(others) {
            *value = mix(*value, other, share);
        }
        out[i * C..i * C + L].copy_from_slice(&values);
    }
}

#[inline(always)]
pub fn mix(a: f64, b: f64, share: f64) -> f64 {
    a + (b - a) * share
}

/// The place of each of `n` outputs among `n` inputs.
pub fn axis(n: usize, zoom: f64) -> Vec<Place> {
    let centre = n as f64 * 0.5;
    (0..n)
        .map(|i| {
            let x = (i as f64 + 0.5 - centre) / zoom + centre - 0.5;
            let floor = x.floor();
            let clip = |x: f64| x.clamp(0.0, (n - 1) as f64) as usize;
            let (low, high) = (clip(floor), clip(floor + 1.0));
            Place { low, high, share: if high > low { x - floor } else { 0.0 } }
        })
        .collect()
}
