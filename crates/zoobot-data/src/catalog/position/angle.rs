//! Reads an angle from a number or a text.

use crate::catalog::is_missing;

/// Right ascension or declination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Angle {
    Ra,
    Dec,
}

/// The unit that a column's name implies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// The name implies no unit: numbers are degrees.
    Unsaid,
    Degrees,
    Hours,
    Radians,
}

/// The outcome of reading a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Read {
    Missing,
    Degrees(f64),
    /// The value is out of range.
    Outside(String),
    /// The text cannot be read as an angle.
    NotUnderstood(String),
}

impl Angle {
    /// A description for errors.
    pub fn about(self) -> &'static str {
        match self {
            Self::Ra => "a right ascension (degrees such as 188.7363, or hours such as 12:34:56.7)",
            Self::Dec => "a declination (degrees such as -1.0342, or -01:02:03.1)",
        }
    }

    /// The allowed range, for errors.
    pub fn range(self) -> &'static str {
        match self {
            Self::Ra => "a right ascension from 0 to 360 degrees",
            Self::Dec => "a declination from -90 to 90 degrees",
        }
    }

    /// Reads a number as an angle.
    pub fn of_number(self, number: Option<f64>, unit: Unit) -> Read {
        match number.filter(|it| !it.is_nan()) {
            None => Read::Missing,
            Some(number) => self.within(in_degrees(number, unit), || number.to_string()),
        }
    }

    /// Reads a text as an angle.
    pub fn of_text(self, text: &str, unit: Unit) -> Read {
        if is_missing(text) {
            return Read::Missing;
        }
        match self.degrees(text, unit) {
            Some(degrees) => self.within(degrees, || format!("{:?}", text.trim())),
            None => Read::NotUnderstood(text.trim().to_owned()),
        }
    }

    fn within(self, degrees: f64, value: impl Fn() -> String) -> Read {
        let range = match self {
            Self::Ra => -180.0..=360.0,
            Self::Dec => -90.0..=90.0,
        };
        match range.contains(&degrees) {
            true => Read::Degrees(degrees),
            false => Read::Outside(value()),
        }
    }

    fn degrees(self, text: &str, unit: Unit) -> Option<f64> {
        let text = text.trim().to_lowercase().replace(['\u{2212}', '\u{2013}'], "-");
        let (sign, rest) = match text.strip_prefix('-') {
            Some(rest) => (-1.0, rest.trim_start()),
            None => (1.0, text.strip_prefix('+').unwrap_or(&text).trim_start()),
        };
        // A second sign, "inf" and similar texts are not numbers here.
        if !rest.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            return None;
        }
        if let Ok(number) = rest.parse::<f64>() {
            return Some(sign * in_degrees(number, unit));
        }
        let hours = rest.contains('h');
        let rest = rest.replace("degrees", "d").replace("deg", "d");
        let degrees = rest.contains(['d', '°']);
        if hours && (degrees || self == Self::Dec) {
            return None;
        }
        let unit = match (hours, degrees, unit, self) {
            (true, ..) => Unit::Hours,
            (_, true, ..) | (_, _, Unit::Degrees, _) | (_, _, _, Self::Dec) => Unit::Degrees,
            _ => Unit::Hours,
        };
        Some(sign * in_degrees(sexagesimal(&rest)?, unit))
    }
}

fn in_degrees(number: f64, unit: Unit) -> f64 {
    match unit {
        Unit::Unsaid | Unit::Degrees => number,
        Unit::Hours => 15.0 * number,
        Unit::Radians => number.to_degrees(),
    }
}

/// Degrees or hours with minutes and seconds, without a sign: `12:34:56.7`, `12 34.5`, `12h`.
fn sexagesimal(text: &str) -> Option<f64> {
    let marks = |c: char| c.is_whitespace() || "hdms:°'\"′″’”".contains(c);
    let parts: Vec<&str> = text.split(marks).filter(|part| !part.is_empty()).collect();
    let whole = |part: &str| part.chars().all(|c| c.is_ascii_digit());
    let number = |part: &str| -> Option<f64> {
        part.chars().all(|c| c.is_ascii_digit() || c == '.').then(|| part.parse().ok())?
    };
    let (_, before) = parts.split_last()?;
    // The first part is degrees or hours, never minutes.
    let first = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).map(|at| &text[at..])?;
    let begins = first.starts_with(|c: char| c.is_whitespace() || "hd:°".contains(c));
    if !begins || parts.len() > 3 || !before.iter().all(|part| whole(part)) {
        return None;
    }
    let mut value = number(parts[0])?;
    for (part, of) in parts[1..].iter().zip([60.0, 3600.0]) {
        // Seconds may have been rounded up to 60.
        let part = number(part).filter(|part| *part <= 60.0)?;
        value += part / of;
    }
    Some(value)
}

/// The position in a name of the IAU's form, such as `SDSS J123456.78+012345.6` or `J0012-0034`: hours, minutes and
/// seconds of right ascension, degrees, minutes and seconds of declination. Such names are cut, not rounded, so the
/// position is within one unit of their last digit.
pub fn of_designation(name: &str) -> Option<[f64; 2]> {
    let name = name.trim().replace(['\u{2212}', '\u{2013}'], "-");
    let sign = name.rfind(['+', '-'])?;
    let (before, dec) = (name[..sign].trim_end(), &name[sign + 1..]);
    let ra = before.rsplit(|c: char| !(c.is_ascii_digit() || c == '.')).next()?;
    let letter = before[..before.len() - ra.len()].trim_end().chars().last();
    if !matches!(letter, None | Some('J' | 'j')) {
        return None;
    }
    // Pairs of digits: units, minutes, seconds.
    let parts = |text: &str| -> Option<f64> {
        let whole = text.split('.').next()?;
        let plain = text.chars().all(|c| c.is_ascii_digit() || c == '.');
        if !plain || !matches!(whole.len(), 4 | 6) || text.matches('.').count() > 1 {
            return None;
        }
        let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<f64>().ok();
        let first = number(0..2)?;
        let (minutes, seconds) = match whole.len() {
            6 => (number(2..4)?, text.get(4..)?.parse::<f64>().ok()?),
            _ => (text.get(2..)?.parse::<f64>().ok()?, 0.0),
        };
        (minutes < 60.0 && seconds <= 60.0).then_some(first + minutes / 60.0 + seconds / 3600.0)
    };
    let (ra, dec) = (15.0 * parts(ra)?, parts(dec)?);
    let dec = if name[sign..].starts_with('-') { -dec } else { dec };
    (ra <= 360.0 && dec.abs() <= 90.0).then_some([ra, dec])
}
