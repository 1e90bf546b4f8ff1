//! From the big-endian numbers of a file to pixels.

use super::header::Header;

/// The type that pixels are read as.
pub(crate) trait Pixel: Copy + Send + Sync {
    /// An undefined pixel.
    const UNDEFINED: Self;
    fn single(value: f32) -> Self;
    fn double(value: f64) -> Self;
}

impl Pixel for f32 {
    const UNDEFINED: Self = f32::NAN;
    #[inline(always)]
    fn single(value: f32) -> Self {
        value
    }
    #[inline(always)]
    fn double(value: f64) -> Self {
        value as f32
    }
}

impl Pixel for f64 {
    const UNDEFINED: Self = f64::NAN;
    #[inline(always)]
    fn single(value: f32) -> Self {
        f64::from(value)
    }
    #[inline(always)]
    fn double(value: f64) -> Self {
        value
    }
}

/// `BSCALE`, `BZERO` and `BLANK`.
#[derive(Debug, Clone)]
pub(super) struct Scale {
    pub scale: f64,
    pub zero: f64,
    /// The whole number that stands for an undefined pixel.
    pub undefined: Option<i64>,
}

impl Scale {
    pub fn of(header: &Header) -> Self {
        Self {
            scale: header.number("BSCALE").unwrap_or(1.0),
            zero: header.number("BZERO").unwrap_or(0.0),
            undefined: header.whole("BLANK"),
        }
    }

    fn is_none(&self) -> bool {
        self.scale == 1.0 && self.zero == 0.0
    }

    /// Scales whole numbers.
    pub fn put<T: Pixel>(&self, values: &[i32], out: &mut [T]) {
        let undefined = self.undefined.and_then(|it| i32::try_from(it).ok());
        for (out, value) in out.iter_mut().zip(values) {
            if Some(*value) != undefined {
                *out = T::double(f64::from(*value) * self.scale + self.zero);
            }
        }
    }

    /// Scales a 64-bit number. Whole shifts, as of unsigned numbers, are exact.
    fn long(&self, value: i64) -> f64 {
        if self.scale == 1.0 && self.zero.fract() == 0.0 && self.zero.abs() < 1e30 {
            return (i128::from(value) + self.zero as i128) as f64;
        }
        value as f64 * self.scale + self.zero
    }
}

/// Decodes all of `out` from big-endian numbers; `bits` is as in BITPIX. `out` must be undefined everywhere.
/// False if there are more or fewer numbers.
pub(super) fn put<T: Pixel>(bytes: &[u8], bits: i64, scale: &Scale, out: &mut [T]) -> bool {
    fn each<const N: usize, T: Pixel>(
        bytes: &[u8],
        out: &mut [T],
        number: impl Fn([u8; N]) -> T,
    ) -> bool {
        let (numbers, rest) = bytes.as_chunks::<N>();
        if numbers.len() != out.len() || !rest.is_empty() {
            return false;
        }
        out.iter_mut().zip(numbers).for_each(|(out, it)| *out = number(*it));
        true
    }
    let whole = |value: i64| match Some(value) == scale.undefined {
        true => T::UNDEFINED,
        false => T::double(value as f64 * scale.scale + scale.zero),
    };
    match bits {
        8 => each(bytes, out, |[byte]| whole(i64::from(byte))),
        16 => each(bytes, out, |it| whole(i64::from(i16::from_be_bytes(it)))),
        32 => each(bytes, out, |it| whole(i64::from(i32::from_be_bytes(it)))),
        64 => each(bytes, out, |it| match i64::from_be_bytes(it) {
            value if Some(value) == scale.undefined => T::UNDEFINED,
            value => T::double(scale.long(value)),
        }),
        -32 if scale.is_none() => each(bytes, out, |it| T::single(f32::from_be_bytes(it))),
        -32 => each(bytes, out, |it| {
            T::double(f64::from(f32::from_be_bytes(it)) * scale.scale + scale.zero)
        }),
        -64 if scale.is_none() => each(bytes, out, |it| T::double(f64::from_be_bytes(it))),
        -64 => each(bytes, out, |it| T::double(f64::from_be_bytes(it) * scale.scale + scale.zero)),
        _ => false,
    }
}
