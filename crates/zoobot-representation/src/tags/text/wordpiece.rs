//! The WordPiece tokenizer of BERT (Devlin et al. 2019), in lower case.
//!
//! It agrees with `BertTokenizer` on text in Latin letters. Accents are removed from letters up to
//! U+017F.

use std::collections::HashMap;
use std::path::Path;
use zoobot_base::error::{Error, Result};

/// The maximum length of a word; longer ones become unknown tokens.
const LONGEST: usize = 100;

/// The tokens and their numbers in the vocabulary.
#[derive(Debug)]
pub struct WordPiece {
    numbers: HashMap<String, i64>,
    unknown: i64,
    begin: i64,
    end: i64,
}

impl WordPiece {
    /// Reads a `vocab.txt` with one token per line; `##` marks tokens inside a word.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
        let numbers: HashMap<String, i64> =
            text.lines().zip(0..).map(|(piece, number)| (piece.to_owned(), number)).collect();
        let special = |piece: &str| {
            numbers.get(piece).copied().ok_or_else(|| Error::Weights {
                path: path.to_path_buf(),
                problem: format!("the vocabulary has no {piece}"),
                hint: "It belongs to another network: download the folder again".to_owned(),
            })
        };
        Ok(Self {
            unknown: special("[UNK]")?,
            begin: special("[CLS]")?,
            end: special("[SEP]")?,
            numbers,
        })
    }

    /// The token numbers of a text, at most `most` including the start and end tokens.
    pub fn numbers(&self, text: &str, most: usize) -> Vec<i64> {
        let mut numbers = vec![self.begin];
        words(text).iter().for_each(|word| self.pieces(word, &mut numbers));
        numbers.truncate(most - 1);
        numbers.push(self.end);
        numbers
    }

    /// Splits a word greedily into the longest known tokens, from start to end.
    fn pieces(&self, word: &[char], numbers: &mut Vec<i64>) {
        let before = numbers.len();
        let mut start = if word.len() > LONGEST { word.len() } else { 0 };
        while start < word.len() {
            let mark = if start > 0 { "##" } else { "" };
            let known = (start + 1..=word.len()).rev().find_map(|end| {
                let piece: String = mark.chars().chain(word[start..end].iter().copied()).collect();
                Some((end, *self.numbers.get(&piece)?))
            });
            let Some((end, number)) = known else { break };
            numbers.push(number);
            start = end;
        }
        if start < word.len() || word.len() > LONGEST {
            numbers.truncate(before);
            numbers.push(self.unknown);
        }
    }
}

/// Splits a text into words; every punctuation mark is a word of its own.
fn words(text: &str) -> Vec<Vec<char>> {
    let mut words: Vec<Vec<char>> = Vec::new();
    let mut open = false;
    for letter in text.chars().flat_map(char::to_lowercase).filter_map(plain) {
        if letter.is_whitespace() || letter.is_control() {
            open = false;
        } else if !letter.is_alphanumeric() || is_cjk(letter) {
            words.push(vec![letter]);
            open = false;
        } else {
            match words.last_mut().filter(|_| open) {
                Some(word) => word.push(letter),
                None => words.push(vec![letter]),
            }
            open = true;
        }
    }
    words
}

/// Removes the accent of a letter; returns `None` for a combining accent.
fn plain(letter: char) -> Option<char> {
    const FROM: &str =
        "àáâãäåçèéêëìíîïñòóôõöùúûüýÿāăąćĉċčďēĕėęěĝğġģĥĩīĭįĵķĺļľńņňōŏőŕŗřśŝşšţťũūŭůűųŵŷźżž";
    const TO: &str =
        "aaaaaaceeeeiiiinooooouuuuyyaaaccccdeeeeegggghiiiijklllnnnooorrrssssttuuuuuuwyzzz";
    if ('\u{300}'..='\u{36f}').contains(&letter) {
        return None;
    }
    if letter.is_ascii() {
        return Some(letter);
    }
    let accented = FROM.chars().zip(TO.chars()).find(|(from, _)| *from == letter);
    Some(accented.map_or(letter, |(_, to)| to))
}

fn is_cjk(letter: char) -> bool {
    matches!(letter, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> WordPiece {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vocab.txt");
        let pieces =
            ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "low", "surface", "bright", "##ness", "-", "cafe"];
        std::fs::write(&path, pieces.join("\n")).unwrap();
        WordPiece::read(&path).unwrap()
    }

    #[test]
    fn words_fall_into_known_pieces() {
        let words = small();
        assert_eq!(words.numbers("Low-surface  BRIGHTNESS", 64), [2, 4, 8, 5, 6, 7, 3]);
        assert_eq!(words.numbers("Café brightest", 64), [2, 9, 1, 3]);
        assert_eq!(words.numbers("low low low low", 4), [2, 4, 4, 3]);
        assert_eq!(words.numbers("", 64), [2, 3]);
        assert_eq!(words.numbers(&"low".repeat(40), 64), [2, 1, 3]);
        assert_eq!(words.numbers("star, low", 64), [2, 1, 1, 4, 3]);
    }

    #[test]
    fn every_accent_has_its_letter() {
        for accented in "ÀÉÎõüÿžŁ".chars().flat_map(char::to_lowercase) {
            let letter = plain(accented).unwrap();
            assert!(letter.is_ascii() || accented == 'ł', "{accented} {letter}");
        }
    }
}
