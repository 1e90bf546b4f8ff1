//! Text helpers: escaping, cutting, counting, durations.

use super::Bundle;
use std::time::Duration;

/// Escapes text for use inside an HTML element or a quoted attribute.
#[doc(hidden)]
pub fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    html
}

/// Cuts text to at most `longest` characters: the end of a longer text becomes "…".
#[doc(hidden)]
pub fn cut(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    text.chars().take(longest.saturating_sub(1)).chain(['…']).collect()
}

/// Wraps text into lines of at most `width` characters, between words if possible.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split_whitespace() {
        let letters: Vec<char> = word.chars().collect();
        for part in letters.chunks(width.max(1)) {
            let Some(line) = lines.last_mut() else { continue };
            if !line.is_empty() && line.chars().count() + 1 + part.len() > width {
                lines.push(part.iter().collect());
            } else {
                let space = if line.is_empty() { "" } else { " " };
                line.push_str(space);
                line.extend(part);
            }
        }
    }
    lines
}

/// A sentence shown in place of something that cannot be displayed.
pub(crate) fn problem(sentence: &str) -> Bundle {
    let html = escape(sentence).replace('\n', "<br>");
    Bundle::plain(sentence).with("text/html", format!("<div style=\"color:#B00020\">{html}</div>"))
}

/// A count with its noun: "1 row", "2,000 rows", "3 classes", "2 series".
#[doc(hidden)]
pub fn plural(count: usize, noun: &str) -> String {
    let ending = match noun {
        _ if count == 1 => "",
        "series" => "",
        _ if noun.ends_with('s') => "es",
        _ => "s",
    };
    format!("{} {noun}{ending}", thousands(count as u64))
}

/// A number with separators: "1,234,567".
#[doc(hidden)]
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A duration: "0.4 s", "12 s", "3 min 05 s", "2 h 10 min".
#[doc(hidden)]
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let whole = seconds.round() as u64;
    match whole {
        0..=9 => format!("{seconds:.1} s"),
        10..=59 => format!("{whole} s"),
        60..=3599 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_text_cannot_leave_its_element_or_attribute() {
        assert_eq!(
            escape(r#"<script>alert("x" & 'y')</script>"#),
            "&lt;script&gt;alert(&quot;x&quot; &amp; &#39;y&#39;)&lt;/script&gt;"
        );
    }

    #[test]
    fn long_text_is_cut_at_characters_not_bytes() {
        assert_eq!(cut("galaxie", 7), "galaxie");
        assert_eq!(cut("ééééé", 4), "ééé…");
    }

    #[test]
    fn wrapped_text_keeps_every_letter_in_lines_that_are_short_enough() {
        assert_eq!(wrapped("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrapped("ab 0123456789", 4), ["ab", "0123", "4567", "89"]);
        assert_eq!(wrapped("", 4), [""]);
    }

    #[test]
    fn counts_and_times_read_as_english() {
        assert_eq!(plural(1, "class"), "1 class");
        assert_eq!(plural(12_345, "class"), "12,345 classes");
        assert_eq!(plural(0, "row"), "0 rows");
        assert_eq!(duration(Duration::from_millis(420)), "0.4 s");
        assert_eq!(duration(Duration::from_secs_f64(59.7)), "1 min 00 s");
        assert_eq!(duration(Duration::from_secs(7_830)), "2 h 10 min");
    }
}
