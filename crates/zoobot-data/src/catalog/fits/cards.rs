//! The header of a FITS file.

use super::{BLOCK, is_text};
use std::fmt::Display;

/// The cards of a header: 80 characters each.
#[derive(Default)]
pub struct Cards(String);

impl Cards {
    /// Adds a number, or T or F.
    pub fn value(&mut self, key: &str, value: impl Display) {
        self.card(&format!("{key:<8}= {:>20}", value.to_string()));
    }

    /// Adds a text; quotes in it are doubled, and short texts are padded to eight characters.
    pub fn text(&mut self, key: &str, text: &str) {
        self.card(&format!("{key:<8}= '{:<8}'", text.replace('\'', "''")));
    }

    /// Adds a text of any length, continued on further cards; what is not ASCII becomes a question mark.
    pub fn long_text(&mut self, key: &str, text: &str) {
        let text = text.replace('\u{c5}', "Angstrom").replace('\u{b5}', "u");
        let plain = |c: char| if (' '..='~').contains(&c) { c } else { '?' };
        let plain: Vec<char> = text.trim_end().chars().map(plain).collect();
        let mut pieces: Vec<String> = vec![String::new()];
        let mut length = 0;
        for c in plain {
            let width = if c == '\'' { 2 } else { 1 };
            if length + width > 67 {
                pieces.push(String::new());
                length = 0;
            }
            length += width;
            if let Some(piece) = pieces.last_mut() {
                piece.push(c);
            }
        }
        let last = pieces.len() - 1;
        for (place, piece) in pieces.iter().enumerate() {
            let more = if place < last { "&" } else { "" };
            let piece = format!("{piece}{more}");
            match place {
                0 => self.text(key, &piece),
                _ => self.card(&format!("CONTINUE  '{}'", piece.replace('\'', "''"))),
            }
        }
    }

    /// Adds a history line, split over as many cards as needed.
    pub fn history(&mut self, line: &str) {
        let plain: Vec<char> =
            line.chars().map(|it| if is_text(&it.to_string()) { it } else { '?' }).collect();
        for part in plain.chunks(72) {
            self.card(&format!("HISTORY {}", part.iter().collect::<String>()));
        }
    }

    fn card(&mut self, card: &str) {
        self.0.push_str(&format!("{card:<80}"));
    }

    /// The header, padded to whole blocks.
    pub fn end(mut self) -> Vec<u8> {
        self.card("END");
        let mut bytes = self.0.into_bytes();
        bytes.resize(bytes.len().next_multiple_of(BLOCK), b' ');
        bytes
    }
}
