//! The header of a part (HDU) of a FITS file: cards of 80 characters (FITS standard 4.0, section 4).

use super::source::Source;

/// The size of a block in bytes; headers and data consist of whole blocks.
pub(super) const BLOCK: u64 = 2880;
const CARD: usize = 80;
/// The maximum number of blocks of a header: 36,000 cards.
const MOST_BLOCKS: u64 = 1000;

/// The cards of a header that have a value, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Header {
    cards: Vec<(String, String)>,
}

impl Header {
    /// Reads the header at `start`, and says where its data begin.
    pub fn read(source: &Source, start: u64) -> Result<(Self, u64), String> {
        let mut header = Self::default();
        for block in 0..MOST_BLOCKS {
            let place = start + block * BLOCK;
            if place >= source.len() {
                break;
            }
            let length = BLOCK.min(source.len() - place);
            let bytes = source.read(place, length as usize)?;
            for card in bytes.chunks(CARD) {
                let card: String = card.iter().map(|byte| char::from(*byte)).collect();
                if card.trim_end() == "END" {
                    return Ok((header, place + BLOCK));
                }
                header.add(&card);
            }
        }
        Err("damaged FITS file: a header has no END".to_owned())
    }

    /// Adds a card of 80 characters, if it has a value.
    pub fn add(&mut self, card: &str) {
        let mut letters = card.chars();
        let key: String = letters.by_ref().take(8).collect();
        let rest: String = letters.collect();
        let Some(value) = rest.strip_prefix("= ").or_else(|| rest.strip_prefix('=')) else {
            return;
        };
        let key = key.trim().to_ascii_uppercase();
        // The first of several cards with one key is the one that counts.
        if !self.cards.iter().any(|(known, _)| *known == key) {
            self.cards.push((key, value.trim().to_owned()));
        }
    }

    /// The keys and values with their comments, in order.
    pub fn cards(&self) -> &[(String, String)] {
        &self.cards
    }

    fn raw(&self, key: &str) -> Option<&str> {
        self.cards.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// The value of a card before its comment.
    fn plain(&self, key: &str) -> Option<&str> {
        self.raw(key)?.split('/').next().map(str::trim).filter(|value| !value.is_empty())
    }

    /// The number of a card.
    pub fn number(&self, key: &str) -> Option<f64> {
        let text = self.plain(key)?;
        // Fortran writes 1.5D3.
        text.parse().ok().or_else(|| text.replace(['D', 'd'], "E").parse().ok())
    }

    /// The whole number of a card.
    pub fn whole(&self, key: &str) -> Option<i64> {
        let text = self.plain(key)?;
        let whole = || self.number(key).filter(|it| it.fract() == 0.0 && it.abs() < 9e15);
        text.strip_prefix('+').unwrap_or(text).parse().ok().or_else(|| whole().map(|it| it as i64))
    }

    /// Whether a card says T.
    pub fn truth(&self, key: &str) -> bool {
        self.plain(key) == Some("T")
    }

    /// The text of a card, without spaces at its end.
    pub fn text(&self, key: &str) -> Option<String> {
        let mut letters = self.raw(key)?.strip_prefix('\'')?.chars().peekable();
        let mut text = String::new();
        while let Some(letter) = letters.next() {
            // Two quotes stand for one.
            if letter == '\'' && letters.next_if_eq(&'\'').is_none() {
                break;
            }
            text.push(letter);
        }
        Some(text.trim_end().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_the_standard_writes_them() {
        let mut header = Header::default();
        for card in [
            "BITPIX  =                  -32 / number of bits",
            "BSCALE  =              1.5D-03",
            "bzero   =                32768",
            "OBJECT  = 'O''HARA / 7 '       / a name",
            "SIMPLE  =                    T / conforms",
            "BITPIX  =                    8 / a second one",
            "HISTORY = this has a value by accident only",
            "COMMENT   none",
        ] {
            header.add(&format!("{card:<80}"));
        }
        assert_eq!(header.whole("BITPIX"), Some(-32));
        assert_eq!(header.number("BSCALE"), Some(0.0015));
        assert_eq!(header.whole("BZERO"), Some(32768));
        assert_eq!(header.text("OBJECT").unwrap(), "O'HARA / 7");
        assert!(header.truth("SIMPLE") && !header.truth("EXTEND"));
        assert_eq!((header.whole("OBJECT"), header.text("BITPIX")), (None, None));
    }
}
