//! Measures how long part of a cell takes.

use super::{Bundle, display};
use std::time::Duration;

/// Shows how long an expression takes, and returns its value:
/// `let space = time!(encoder.encode(&galaxies)?);`.
///
/// The time appears below the cell. A block may hold several statements: `time!({ ...; ... })`.
///
/// # Example
/// ```
/// use zoobot_core::prelude::*;
///
/// let sum = time!((1..=100).sum::<u32>());
/// assert_eq!(sum, 5050);
/// ```
#[macro_export]
macro_rules! time {
    ($($code:tt)+) => {{
        let zoobot_start = ::std::time::Instant::now();
        #[allow(unused_braces)]
        let zoobot_value = { $($code)+ };
        $crate::notebook::took(zoobot_start.elapsed());
        zoobot_value
    }};
}

/// Shows a time measured by [`time!`](crate::time).
pub fn took(time: Duration) {
    display(&Bundle::plain(precise(time)));
}

/// Formats a time with three digits: "12.3 µs", "1.23 s", "2 min 05 s".
fn precise(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let (value, unit) = match seconds {
        _ if seconds < 1e-6 => return format!("{} ns", time.as_nanos()),
        _ if seconds < 0.999_5e-3 => (seconds * 1e6, "µs"),
        _ if seconds < 0.999_5 => (seconds * 1e3, "ms"),
        _ if seconds < 59.95 => (seconds, "s"),
        _ => return super::text::duration(time),
    };
    let decimals = match value {
        _ if value < 9.995 => 2,
        _ if value < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits() {
        for (nanoseconds, wanted) in [
            (12, "12 ns"),
            (1_234, "1.23 µs"),
            (999_600, "1.00 ms"),
            (12_345_678, "12.3 ms"),
            (999_600_000, "1.00 s"),
            (1_234_000_000, "1.23 s"),
            (9_996_000_000, "10.0 s"),
            (125_000_000_000, "2 min 05 s"),
        ] {
            assert_eq!(precise(Duration::from_nanos(nanoseconds)), wanted);
        }
    }

    #[test]
    fn the_value_comes_out_and_question_marks_pass() {
        fn number(text: &str) -> Result<i32, std::num::ParseIntError> {
            Ok(crate::time!(text.parse::<i32>()?) + crate::time!((0..2).sum::<i32>()))
        }
        assert_eq!(number("41"), Ok(42));
        assert!(number("x").is_err());
    }
}
