//! Infers the type of a column from its text values.

use crate::catalog::missing::is_missing;

/// The type that a column is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// Whole numbers from -2^63 to 2^63 - 1.
    Whole,
    /// Whole numbers from 0 to 2^64 - 1.
    Unsigned,
    /// Numbers with a decimal point, or a decimal comma.
    Number {
        comma: bool,
    },
    Truth,
}

/// Which kinds of value occur in a column: the union over its cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen(u16);

impl Seen {
    const MISSING: Self = Self(1);
    const NEGATIVE: Self = Self(1 << 1);
    const WHOLE: Self = Self(1 << 2);
    /// From 2^63 to 2^64 - 1.
    const UNSIGNED: Self = Self(1 << 3);
    /// A whole number that double precision would round.
    const EXACT: Self = Self(1 << 4);
    /// More digits than any numeric type here can hold.
    const LONG: Self = Self(1 << 5);
    const NUMBER: Self = Self(1 << 6);
    const POINT: Self = Self(1 << 7);
    const COMMA: Self = Self(1 << 8);
    const TRUTH: Self = Self(1 << 9);
    const TEXT: Self = Self(1 << 10);

    /// The kind of one value.
    pub fn of(text: &str, decimal_comma: bool) -> Self {
        let text = text.trim_ascii();
        if text.is_empty() {
            return Self::default();
        }
        match number(text) {
            Some(seen) if decimal_comma || !seen.has(Self::COMMA) => seen,
            _ if is_missing(text) => Self::MISSING,
            _ if truth(text).is_some() => Self::TRUTH,
            _ => Self::TEXT,
        }
    }

    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether a column contains only numbers.
    pub fn is_numbers(self) -> bool {
        self.has(Self(Self::WHOLE.0 | Self::UNSIGNED.0 | Self::NUMBER.0))
            && !self.has(Self(Self::TEXT.0 | Self::TRUTH.0 | Self::LONG.0))
    }

    pub fn is_text(self) -> bool {
        self.has(Self::TEXT)
    }

    /// The type that holds all values seen, without loss.
    pub fn kind(self) -> Kind {
        let numbers = Self(Self::WHOLE.0 | Self::UNSIGNED.0 | Self::NUMBER.0);
        if self.has(Self(Self::TEXT.0 | Self::LONG.0)) || self == Self::default() {
            Kind::Text
        } else if self.has(Self::TRUTH) {
            if self.has(numbers) { Kind::Text } else { Kind::Truth }
        } else if self.has(Self::NUMBER) {
            let both = self.has(Self::POINT) && self.has(Self::COMMA);
            match both || self.has(Self::EXACT) {
                true => Kind::Text,
                false => Kind::Number { comma: self.has(Self::COMMA) },
            }
        } else if self.has(Self::UNSIGNED) {
            if self.has(Self::NEGATIVE) { Kind::Text } else { Kind::Unsigned }
        } else if self.has(Self::WHOLE) {
            Kind::Whole
        } else {
            // Only words that mean "no value".
            Kind::Number { comma: false }
        }
    }
}

/// Parses `true` or `false`.
pub fn truth(text: &str) -> Option<bool> {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    if is("true") { Some(true) } else { is("false").then_some(false) }
}

/// Parses a number, with a decimal comma or point.
pub fn value(text: &str, comma: bool) -> Option<f64> {
    number(text)?;
    if comma { text.replace(',', ".").parse() } else { text.parse() }.ok()
}

/// The kind of number that a text holds; `None` if it is not a number.
fn number(text: &str) -> Option<Seen> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let (whole, rest) = unsigned.split_at(digits(unsigned));
    if rest.is_empty() {
        return (!whole.is_empty()).then(|| whole_number(text, whole));
    }
    let infinite = |word: &str| rest.eq_ignore_ascii_case(word);
    if whole.is_empty() && (infinite("inf") || infinite("infinity")) {
        return Some(Seen::NUMBER);
    }
    let (mark, rest) = match rest.strip_prefix(['.', ',']) {
        Some(after) => (if rest.starts_with('.') { Seen::POINT } else { Seen::COMMA }, after),
        None => (Seen::default(), rest),
    };
    let (fraction, rest) = rest.split_at(digits(rest));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let good = !exponent.is_empty() && digits(exponent) == exponent.len();
        return good.then(|| Seen::NUMBER.and(mark));
    }
    if !rest.is_empty() {
        return None;
    }
    // A whole number with zeros after the point, and more digits than double precision can hold.
    let exact = fraction.bytes().all(|digit| digit == b'0') && rounds(whole);
    Some(if exact { Seen::LONG } else { Seen::NUMBER.and(mark) })
}

fn whole_number(text: &str, digits: &str) -> Seen {
    let negative = if text.starts_with('-') { Seen::NEGATIVE } else { Seen::default() };
    let exact = if rounds(digits) { Seen::EXACT } else { Seen::default() };
    let kind = if digits.len() < 19 || text.parse::<i64>().is_ok() {
        Seen::WHOLE
    } else if negative == Seen::default() && digits.parse::<u64>().is_ok() {
        Seen::UNSIGNED
    } else {
        Seen::LONG
    };
    kind.and(negative).and(exact)
}

/// Whether digits form a whole number above 2^53, which double precision may round.
fn rounds(digits: &str) -> bool {
    const MOST: u64 = 1 << 53;
    digits.len() > 15 && digits.parse::<u64>().map_or(digits.len() > 19, |number| number > MOST)
}
