//! Numbers with all their digits, and their ordering.

use std::cmp::Ordering;

/// The largest power of ten that fits in an `i128`.
const MOST_DIGITS: u32 = 38;

/// A number as it is written or stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// A whole number.
    Whole(i128),
    /// `digits` divided by ten to the power `places`, where `places` is above 0.
    Decimal { digits: i128, places: u32 },
    /// Binary floating point, never NaN.
    Float(f64),
}

impl Number {
    /// Reads a number, with an optional decimal point and exponent. Nothing is rounded unless the number has
    /// more than 38 digits.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let plain = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E');
        let float = text.parse().ok().filter(|float: &f64| float.is_finite())?;
        if !text.chars().all(plain) {
            return None;
        }
        Some(Self::exact(text).unwrap_or(Self::Float(float)))
    }

    /// Parses a well-formed number exactly, if its digits fit in an `i128`.
    fn exact(text: &str) -> Option<Self> {
        let (text, exponent) = match text.split_once(['e', 'E']) {
            Some((text, exponent)) => (text, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let fraction = fraction.trim_end_matches('0');
        let (sign, whole) = match whole.strip_prefix('-') {
            Some(whole) => (-1, whole),
            None => (1, whole.strip_prefix('+').unwrap_or(whole)),
        };
        let digits = format!("{whole}{fraction}");
        let digits: i128 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
        let places = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
        Self::scaled(sign * digits, places)
    }

    /// `digits` divided by ten to the power `places`.
    pub fn scaled(mut digits: i128, mut places: i32) -> Option<Self> {
        if digits == 0 {
            return Some(Self::Whole(0));
        }
        while places > 0 && digits % 10 == 0 {
            (digits, places) = (digits / 10, places - 1);
        }
        if places <= 0 {
            let power = 10_i128.checked_pow(places.unsigned_abs())?;
            return Some(Self::Whole(digits.checked_mul(power)?));
        }
        let places = places.unsigned_abs();
        (places <= MOST_DIGITS).then_some(Self::Decimal { digits, places })
    }

    /// The nearest double-precision number.
    pub fn float(self) -> f64 {
        match self {
            Self::Whole(whole) => whole as f64,
            // Parsing the text rounds only once.
            Self::Decimal { digits, places } => {
                format!("{digits}e-{places}").parse().unwrap_or(f64::NAN)
            }
            Self::Float(float) => float,
        }
    }

    /// Compares two numbers by their exact values.
    pub fn order(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => a.cmp(&b),
            (Self::Whole(a), Self::Float(b)) => whole_and_float(a, b),
            (Self::Float(a), Self::Whole(b)) => whole_and_float(b, a).reverse(),
            (Self::Whole(a), Self::Decimal { digits, places }) => {
                decimals((a, 0), (digits, places))
            }
            (Self::Decimal { digits, places }, Self::Whole(b)) => {
                decimals((digits, places), (b, 0))
            }
            (
                Self::Decimal { digits: a, places: of_a },
                Self::Decimal { digits: b, places: of_b },
            ) => decimals((a, of_a), (b, of_b)),
            // A decimal fraction is compared with a binary number through its nearest binary value.
            (a, b) => a.float().partial_cmp(&b.float()).unwrap_or(Ordering::Equal),
        }
    }
}

/// Compares a whole number with a float that has a fraction or is larger than any `i128`.
fn whole_and_float(whole: i128, float: f64) -> Ordering {
    const BEYOND: f64 = 170_141_183_460_469_231_731_687_303_715_884_105_728.0;
    if float >= BEYOND {
        return Ordering::Less;
    }
    if float < -BEYOND {
        return Ordering::Greater;
    }
    let below = float.floor();
    whole.cmp(&(below as i128)).then(if float > below { Ordering::Less } else { Ordering::Equal })
}

/// Compares decimals: whole parts first, which need no common denominator.
fn decimals((a, of_a): (i128, u32), (b, of_b): (i128, u32)) -> Ordering {
    let parts = |digits: i128, places: u32| {
        let power = 10_i128.pow(places);
        (digits.div_euclid(power), digits.rem_euclid(power))
    };
    let ((whole_a, rest_a), (whole_b, rest_b)) = (parts(a, of_a), parts(b, of_b));
    let places = of_a.max(of_b);
    // The fractions are below 1, so 38 places fit.
    let fraction = |rest: i128, of: u32| rest * 10_i128.pow(places - of);
    whole_a.cmp(&whole_b).then_with(|| fraction(rest_a, of_a).cmp(&fraction(rest_b, of_b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(a: &str, b: &str) -> Ordering {
        Number::read(a).unwrap().order(Number::read(b).unwrap())
    }

    #[test]
    fn digits_are_kept_and_ordered() {
        for (less, more) in [
            ("9007199254740992", "9007199254740993"),
            ("-9223372036854775808", "-9223372036854775807"),
            ("18446744073709551614", "18446744073709551615"),
            ("1237648720693755917.5", "1237648720693755918"),
            ("0.1", "0.10000000000000000000000001"),
            ("-0.31", "-0.30"),
            ("-1e10", "-9999999999.5"),
            ("1e37", "123e36"),
        ] {
            assert_eq!(order(less, more), Ordering::Less, "{less}");
            assert_eq!(order(more, less), Ordering::Greater, "{less}");
        }
        for (a, b) in [
            ("1.50", "15e-1"),
            ("-0", "0"),
            ("+7", "7.000"),
            ("1e3", "1000"),
            ("1.", "1"),
            ("0e-9999999", "0"),
        ] {
            assert_eq!(order(a, b), Ordering::Equal, "{a} {b}");
        }
        for wrong in ["", "1.2.3", "inf", "nan", "1,5", "0x10", "1e999", "--1", "e5"] {
            assert_eq!(Number::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn whole_numbers_and_floats_are_compared_as_what_they_are() {
        let whole = |it: i128, float: f64| Number::Whole(it).order(Number::Float(float));
        assert_eq!(whole(9_007_199_254_740_993, 9_007_199_254_740_992.0), Ordering::Greater);
        assert_eq!(whole(i64::MAX.into(), 9.223_372_036_854_776e18), Ordering::Less);
        assert_eq!(whole(-1, -0.5), Ordering::Less);
        assert_eq!(whole(-1, -1.5), Ordering::Greater);
        assert_eq!(whole(0, -0.0), Ordering::Equal);
        assert_eq!(whole(i128::MAX, f64::INFINITY), Ordering::Less);
        assert_eq!(whole(i128::MIN, f64::NEG_INFINITY), Ordering::Greater);
        let tenth = Number::read("0.1").unwrap();
        assert_eq!(tenth.order(Number::Float(0.1)), Ordering::Equal);
        assert_eq!(Number::Float(-0.0).order(Number::Float(0.0)), Ordering::Equal);
    }
}
