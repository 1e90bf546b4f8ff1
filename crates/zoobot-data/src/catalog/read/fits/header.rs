//! The cards of a FITS header.

use std::collections::HashMap;

/// Headers and data come in blocks of this many bytes.
pub const BLOCK: usize = 2880;
const CARD: usize = 80;

/// The values of a header, unparsed.
#[derive(Debug)]
pub struct Header(HashMap<String, String>);

impl Header {
    /// Reads the header at a position, and finds where its data begin; `None` if the header does not end.
    pub fn read(bytes: &[u8], at: usize) -> Option<(Self, usize)> {
        let mut values = HashMap::new();
        // The keyword whose text continues on the next card.
        let mut goes_on: Option<String> = None;
        for (count, card) in (1..).zip(bytes[at..].chunks_exact(CARD)) {
            let card: String = card.iter().map(|&byte| char::from(byte)).collect();
            let key = card.chars().take(8).collect::<String>().trim_end().to_owned();
            let rest: String = card.chars().skip(8).collect();
            if key == "END" {
                return Some((Self(values), at + (count * CARD).next_multiple_of(BLOCK)));
            }
            if let (Some(before), "CONTINUE") = (&goes_on, key.as_str()) {
                let more = value(&rest);
                let whole: &mut String = values.entry(before.clone()).or_default();
                whole.pop();
                whole.push_str(more.strip_prefix('\'').unwrap_or(&more));
                goes_on = whole.ends_with('&').then(|| before.clone());
                continue;
            }
            if let Some(rest) = rest.strip_prefix("= ") {
                let value = value(rest);
                goes_on = (value.starts_with('\'') && value.ends_with('&')).then(|| key.clone());
                // If a keyword occurs twice, the first one counts.
                values.entry(key).or_insert(value);
            }
        }
        None
    }

    /// A text value, without spaces at its ends.
    pub fn text(&self, key: &str) -> Option<String> {
        let text = self.0.get(key)?.strip_prefix('\'')?;
        Some(text.trim().to_owned())
    }

    pub fn whole(&self, key: &str) -> Option<i128> {
        let text = self.0.get(key)?;
        let number = || text.replace(['D', 'd'], "E").parse::<f64>().ok();
        let whole = || number().filter(|number| number.fract() == 0.0 && number.abs() < 1e30);
        text.parse().ok().or_else(|| whole().map(|number| number as i128))
    }

    pub fn number(&self, key: &str) -> Option<f64> {
        self.0.get(key)?.replace(['D', 'd'], "E").parse().ok()
    }

    pub fn truth(&self, key: &str) -> bool {
        self.0.get(key).is_some_and(|value| value == "T")
    }

    /// The number of bytes of the data, without the padding of the last block.
    pub fn size(&self) -> Option<usize> {
        let size =
            |key: &str, without: i128| usize::try_from(self.whole(key).unwrap_or(without)).ok();
        let axes = size("NAXIS", 0)?;
        if axes == 0 {
            return Some(0);
        }
        // The standard's limit, which also bounds the loop below.
        if axes > 999 {
            return None;
        }
        let mut values: usize = 1;
        for axis in 1..=axes {
            values = values.checked_mul(size(&format!("NAXIS{axis}"), 0)?)?;
        }
        let values = values.checked_add(size("PCOUNT", 0)?)?.checked_mul(size("GCOUNT", 1)?)?;
        let bits = usize::try_from(self.whole("BITPIX")?.unsigned_abs()).ok()?;
        values.checked_mul(bits / 8)
    }
}

/// The value of a card without its comment; text keeps its opening quotation mark.
fn value(rest: &str) -> String {
    let rest = rest.trim();
    let Some(text) = rest.strip_prefix('\'') else {
        return rest.split('/').next().unwrap_or_default().trim().to_owned();
    };
    let mut value = String::from('\'');
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        // A doubled quotation mark means one; a single one ends the text.
        if char == '\'' && chars.next_if_eq(&'\'').is_none() {
            break;
        }
        value.push(char);
    }
    let end = value.trim_end().len().max(1);
    value.truncate(end);
    value
}
