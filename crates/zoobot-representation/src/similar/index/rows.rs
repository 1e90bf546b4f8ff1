//! The vectors of an index, laid out for searching its graph: each row begins on a cache line and is
//! padded to whole registers, so that distances need no remainder loop and no misaligned loads.

use crate::similar::kernel::add;
use half::f16;
use zoobot_base::processor::for_each_processor;
use zoobot_base::simd::{LANES, total};

/// Sixteen columns of a row, as stored.
pub trait Lane: Copy + Send + Sync + 'static {
    /// Rounds to the stored precision.
    fn narrow(columns: [f32; LANES]) -> Self;
    /// Converts to single precision for computing.
    fn widen(&self) -> [f32; LANES];
}

/// Sixteen columns in single precision.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub struct Single([f32; LANES]);

/// Sixteen columns in half precision: 11 significant bits.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(32))]
pub struct Half([u16; LANES]);

impl Lane for Single {
    fn narrow(columns: [f32; LANES]) -> Self {
        Self(columns)
    }

    #[inline(always)]
    fn widen(&self) -> [f32; LANES] {
        self.0
    }
}

impl Lane for Half {
    fn narrow(columns: [f32; LANES]) -> Self {
        Self(columns.map(|value| f16::from_f32(value).to_bits()))
    }

    #[inline(always)]
    fn widen(&self) -> [f32; LANES] {
        // Without infinities and NaN, which cannot occur here, it is enough to shift the exponent. The
        // product also corrects subnormal numbers.
        let shift = f32::from_bits((127 + 112) << 23);
        self.0.map(|bits| {
            let magnitude = f32::from_bits(u32::from(bits & 0x7fff) << 13) * shift;
            f32::from_bits(magnitude.to_bits() | (u32::from(bits & 0x8000) << 16))
        })
    }
}

/// Rows of one precision.
#[derive(Debug)]
pub struct Rows<L> {
    lanes: Vec<L>,
    /// The number of lanes per row.
    each: usize,
}

impl<L: Lane> Rows<L> {
    /// Stores `count` rows of `width` numbers, which `read` writes one at a time.
    pub fn new(count: usize, width: usize, mut read: impl FnMut(usize, &mut [f32])) -> Self {
        let each = width.div_ceil(LANES);
        let mut lanes = Vec::with_capacity(count * each);
        let mut row = vec![0.0; width];
        for place in 0..count {
            read(place, &mut row);
            lanes.extend(padded(&row).map(L::narrow));
        }
        Self { lanes, each }
    }

    /// A row.
    #[inline(always)]
    pub fn row(&self, place: u32) -> &[L] {
        let start = place as usize * self.each;
        &self.lanes[start..start + self.each]
    }

    /// Prefetches a row into the cache.
    #[inline(always)]
    pub fn prefetch(&self, place: u32) {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            let row: *const L = self.row(place).as_ptr();
            let bytes = self.each * size_of::<L>();
            for line in (0..bytes).step_by(64) {
                // SAFETY: a prefetch reads nothing, and the address lies within the row.
                unsafe { _mm_prefetch::<_MM_HINT_T0>(row.byte_add(line).cast()) };
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = place;
    }
}

/// A query in single precision, padded like the rows.
pub fn query(values: &[f32]) -> Vec<Single> {
    padded(values).map(Single::narrow).collect()
}

fn padded(values: &[f32]) -> impl Iterator<Item = [f32; LANES]> + '_ {
    values.chunks(LANES).map(|chunk| {
        let mut columns = [0.0; LANES];
        columns[..chunk.len()].copy_from_slice(chunk);
        columns
    })
}

/// The sum of squared differences, or of absolute differences with `ABSOLUTE`. Padding adds nothing.
#[inline(always)]
pub fn apart<A: Lane, B: Lane, const ABSOLUTE: bool, const FUSED: bool>(a: &[A], b: &[B]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (a.widen(), b.widen());
        for lane in 0..LANES {
            sums[lane] = add::<ABSOLUTE, FUSED>(sums[lane], a[lane] - b[lane]);
        }
    }
    total(sums)
}

/// The vectors of an index.
#[derive(Debug)]
pub enum Stored {
    Single(Rows<Single>),
    Half(Rows<Half>),
}

impl Stored {
    /// The distance between two rows, computed with the fastest available instructions: squared unless
    /// `absolute`.
    pub fn between(&self, a: u32, b: u32, absolute: bool) -> f32 {
        match self {
            Self::Single(rows) => between(rows.row(a), rows.row(b), absolute),
            Self::Half(rows) => between(rows.row(a), rows.row(b), absolute),
        }
    }

    /// A row, converted to a query.
    pub fn query(&self, row: u32) -> Vec<Single> {
        match self {
            Self::Single(rows) => rows.row(row).to_vec(),
            Self::Half(rows) => rows.row(row).iter().map(|it| Single(it.widen())).collect(),
        }
    }

    /// The memory used, in bytes.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Single(rows) => size_of_val(rows.lanes.as_slice()),
            Self::Half(rows) => size_of_val(rows.lanes.as_slice()),
        }
    }
}

for_each_processor! {
    fn between<L: Lane>(a: &[L], b: &[L], absolute: bool) -> f32 = between_any;
}

#[inline(always)]
fn between_any<L: Lane, const FUSED: bool>(a: &[L], b: &[L], absolute: bool) -> f32 {
    match absolute {
        true => apart::<L, L, true, FUSED>(a, b),
        false => apart::<L, L, false, FUSED>(a, b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_read_as_the_numbers_that_they_are() {
        for bits in (0..0x7c00_u16).chain(0x8000..0xfc00) {
            let read = Half([bits; LANES]).widen()[7];
            assert_eq!(read.to_bits(), f16::from_bits(bits).to_f32().to_bits(), "{bits:#x}");
        }
    }

    #[test]
    fn every_layout_gives_the_distance() {
        for width in [1, 10, 16, 40, 47] {
            let value = |row: usize, column: usize| ((row * 31 + column * 17) % 97) as f32 / 8.0;
            let read = |row: usize, to: &mut [f32]| {
                to.iter_mut().enumerate().for_each(|(column, to)| *to = value(row, column));
            };
            let single = Stored::Single(Rows::new(9, width, read));
            let half = Stored::Half(Rows::new(9, width, read));
            for (a, b) in [(0, 1), (3, 8), (5, 5)] {
                for absolute in [false, true] {
                    let terms = (0..width).map(|c| value(a, c) - value(b, c));
                    let sum: f32 = terms.map(|d| if absolute { d.abs() } else { d * d }).sum();
                    for stored in [&single, &half] {
                        let found = stored.between(a as u32, b as u32, absolute);
                        assert!((found - sum).abs() <= 1e-5 * sum, "{found} {sum}");
                    }
                }
            }
        }
    }
}
