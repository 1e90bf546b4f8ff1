//! The resize, across and down.

use super::lanes;
use std::ops::Range;

/// The number of fractional bits of Pillow's weights.
const PRECISION: u32 = 22;
/// One half: added to a sum, it makes truncation round.
const HALF: i32 = 1 << (PRECISION - 1);
/// The number of bytes of a row that [`down`] computes at once.
pub const BLOCK: usize = 32;

/// The inputs of each output along an axis. Each output has an equal number of inputs, some with a
/// weight of 0.
pub struct Axis {
    starts: Vec<usize>,
    /// The number of inputs of an output.
    taps: usize,
    /// The weights, `taps` for each output.
    weights: Vec<i32>,
}

impl Axis {
    /// The `wanted` outputs of a resize from `from` inputs to `to` outputs.
    pub fn new(from: usize, to: usize, wanted: Range<usize>) -> Self {
        let ratio = from as f64 / to as f64;
        let half = ratio.max(1.0);
        let bounds = |i: usize| {
            let centre = (i as f64 + 0.5) * ratio;
            let start = (centre - half + 0.5).max(0.0) as usize;
            (centre, start, ((centre + half + 0.5) as usize).min(from))
        };
        let length = |i| bounds(i).2 - bounds(i).1;
        let taps = wanted.clone().map(length).max().unwrap_or(0);
        let mut axis = Self { starts: Vec::new(), taps, weights: Vec::new() };
        for i in wanted {
            let (centre, start, end) = bounds(i);
            let triangle = |k| (1.0 - ((k as f64 - centre + 0.5) / half).abs()).max(0.0);
            let total: f64 = (start..end).map(triangle).sum();
            let scale = f64::from(1_u32 << PRECISION) / total;
            let first = start.min(from - taps);
            axis.starts.push(first);
            axis.weights.extend((first..first + taps).map(|k| {
                if (start..end).contains(&k) { (triangle(k) * scale + 0.5) as i32 } else { 0 }
            }));
        }
        axis
    }

    /// The inputs that are needed.
    pub fn inputs(&self) -> Range<usize> {
        let first = self.starts.iter().min().copied().unwrap_or(0);
        first..self.starts.iter().max().map_or(0, |last| last + self.taps)
    }

    /// Each output's first input, and the weights from it on.
    #[inline(always)]
    fn outputs(&self) -> impl Iterator<Item = (usize, &[i32])> {
        self.starts.iter().copied().zip(self.weights.chunks_exact(self.taps.max(1)))
    }
}

/// Evaluates an expression in which the constant `TAPS` is the number of taps, or 0 for a rare number.
/// Loops of constant length are unrolled, without a check at every step, and take half the time.
macro_rules! with_taps {
    ($taps:expr, $value:expr) => {
        with_taps!($taps, $value, 2 3 4 5 6)
    };
    ($taps:expr, $value:expr, $($known:literal)*) => {
        match $taps {
            $($known => {
                const TAPS: usize = $known;
                $value
            })*
            _ => {
                const TAPS: usize = 0;
                $value
            }
        }
    };
}

/// Resizes a row of the picture to the result's width. Both rows have padding for the lanes at their end.
#[inline(always)]
pub fn across<const C: usize, const L: usize>(line: &[u8], columns: &Axis, out: &mut [u8]) {
    with_taps!(columns.taps, taps_across::<C, L, TAPS>(line, columns, out));
}

#[inline(always)]
fn taps_across<const C: usize, const L: usize, const TAPS: usize>(
    line: &[u8],
    columns: &Axis,
    out: &mut [u8],
) {
    let taps = if TAPS == 0 { columns.taps } else { TAPS };
    for (i, (start, weights)) in columns.outputs().enumerate() {
        let inputs = &line[start * C..][..(taps - 1) * C + L];
        let mut sums = [HALF; L];
        for (k, &weight) in weights[..taps].iter().enumerate() {
            add(&mut sums, weight, lanes::<u8, L>(inputs, k * C));
        }
        let out = &mut out[i * C..i * C + L];
        out.iter_mut().zip(sums).for_each(|(out, sum)| *out = to_byte(sum));
    }
}

/// Resizes down: computes rows of `length` bytes from the rows of `narrow`, which are `stride` bytes
/// apart (a multiple of [`BLOCK`]) and begin with the picture's row `first`.
#[inline(always)]
pub fn down(narrow: &[u8], stride: usize, first: usize, rows: &Axis, length: usize) -> Vec<u8> {
    // The last block of a row reaches into the next row, which is computed after it.
    let mut out = vec![0; rows.starts.len() * length + BLOCK];
    for ((start, weights), place) in rows.outputs().zip((0..).step_by(length.max(1))) {
        let inputs = &narrow[(start - first) * stride..];
        let out = &mut out[place..][..length.next_multiple_of(BLOCK)];
        with_taps!(rows.taps, taps_down::<TAPS>(inputs, stride, weights, out));
    }
    out.truncate(rows.starts.len() * length);
    out
}

/// Computes one row; its last block may reach beyond its end.
#[inline(always)]
fn taps_down<const TAPS: usize>(inputs: &[u8], stride: usize, weights: &[i32], out: &mut [u8]) {
    let taps = if TAPS == 0 { weights.len() } else { TAPS };
    let weights = &weights[..taps];
    for (block, out) in out.as_chunks_mut::<BLOCK>().0.iter_mut().enumerate() {
        let inputs = &inputs[block * BLOCK..][..(taps - 1) * stride + BLOCK];
        let mut sums = [HALF; BLOCK];
        for (k, &weight) in weights.iter().enumerate() {
            add(&mut sums, weight, lanes::<u8, BLOCK>(inputs, k * stride));
        }
        out.iter_mut().zip(sums).for_each(|(out, sum)| *out = to_byte(sum));
    }
}

#[inline(always)]
fn add<const N: usize>(sums: &mut [i32; N], weight: i32, values: [u8; N]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += weight * i32::from(value);
    }
}

#[inline(always)]
fn to_byte(sum: i32) -> u8 {
    // No weight is negative, but the sum of thousands of rounded weights may exceed 1.
    (sum >> PRECISION).min(255) as u8
}
