//! Builders for the columns of a VOTable.

use super::field::{Field, Kind, Size};
use crate::catalog::missing::is_missing;
use polars::prelude::*;

/// A column that is being read.
pub struct Cells {
    kind: Kind,
    null: Option<i64>,
    values: Values,
}

enum Values {
    Text(Vec<Option<String>>),
    Truth(Vec<Option<bool>>),
    Whole(Vec<Option<i64>>),
    Single(Vec<Option<f32>>),
    Double(Vec<Option<f64>>),
}

impl Cells {
    pub fn new(field: &Field) -> Self {
        let values = match (field.size, field.kind) {
            (Size::One, Kind::Truth | Kind::Bit) => Values::Truth(Vec::new()),
            (Size::One, Kind::Byte | Kind::Short | Kind::Int | Kind::Long) => {
                Values::Whole(Vec::new())
            }
            (Size::One, Kind::Float) => Values::Single(Vec::new()),
            (Size::One, Kind::Double) => Values::Double(Vec::new()),
            _ => Values::Text(Vec::new()),
        };
        Self { kind: field.kind, null: field.null, values }
    }

    /// Adds a value in TABLEDATA's notation; fails with the text if it does not have the column's type.
    pub fn add_text(&mut self, text: &str) -> Result<(), String> {
        let plain = text.trim();
        let number = |plain: &str| match plain.parse::<f64>() {
            Ok(number) => Ok(Some(number)),
            Err(_) if is_missing(plain) => Ok(None),
            Err(_) => Err(text.to_owned()),
        };
        match &mut self.values {
            Values::Text(texts) => {
                let text = if self.kind.is_text() { text.trim_end() } else { plain };
                texts.push((!text.is_empty()).then(|| text.to_owned()));
            }
            Values::Truth(truths) => truths.push(match plain {
                "T" | "t" | "1" | "true" | "True" | "TRUE" => Some(true),
                "F" | "f" | "0" | "false" | "False" | "FALSE" => Some(false),
                _ if plain == "?" || is_missing(plain) => None,
                _ => return Err(text.to_owned()),
            }),
            Values::Whole(wholes) => {
                let hex = plain.strip_prefix("0x").or(plain.strip_prefix("0X"));
                let whole = match hex {
                    Some(digits) => i64::from_str_radix(digits, 16),
                    None => plain.parse(),
                };
                wholes.push(match whole {
                    Ok(whole) => Some(whole).filter(|&whole| Some(whole) != self.null),
                    Err(_) if is_missing(plain) => None,
                    Err(_) => return Err(text.to_owned()),
                });
            }
            Values::Single(numbers) => {
                // Parsed directly: rounding to double and then to single precision could change the last bit.
                let single = number(plain)?.and_then(|_| plain.parse::<f32>().ok());
                numbers.push(single.filter(|it| !it.is_nan()));
            }
            Values::Double(numbers) => numbers.push(number(plain)?.filter(|it| !it.is_nan())),
        }
        Ok(())
    }

    /// Adds the values of a cell in BINARY: big-endian bytes.
    pub fn add_bytes(&mut self, bytes: &[u8], count: usize, is_null: bool) {
        let null = self.null;
        let truth = |byte: u8| match byte {
            b'T' | b't' | b'1' => Some(true),
            b'F' | b'f' | b'0' => Some(false),
            _ => None,
        };
        match &mut self.values {
            _ if is_null => self.add_nothing(),
            Values::Text(texts) => texts.push(match self.kind {
                Kind::Char => plain(&latin(bytes)),
                Kind::Unicode => {
                    let units = bytes.chunks_exact(2).map(|it| u16::from_be_bytes([it[0], it[1]]));
                    plain(&String::from_utf16_lossy(&units.collect::<Vec<_>>()))
                }
                kind => plain(&joined(kind, bytes, count)),
            }),
            Values::Truth(truths) => truths.push(match (self.kind, bytes) {
                // The standard puts a bit first in its byte, astropy last.
                (Kind::Bit, [byte, ..]) => Some(*byte != 0),
                (_, [byte, ..]) => truth(*byte),
                _ => None,
            }),
            Values::Whole(wholes) => {
                let whole = if self.kind == Kind::Byte {
                    bytes.first().map_or(0, |&it| it.into())
                } else {
                    signed(bytes)
                };
                wholes.push(Some(whole).filter(|&whole| Some(whole) != null));
            }
            Values::Single(numbers) => {
                numbers.push(Some(f32::from_bits(signed(bytes) as u32)).filter(|it| !it.is_nan()));
            }
            Values::Double(numbers) => {
                numbers.push(Some(f64::from_bits(signed(bytes) as u64)).filter(|it| !it.is_nan()));
            }
        }
    }

    fn add_nothing(&mut self) {
        match &mut self.values {
            Values::Text(texts) => texts.push(None),
            Values::Truth(truths) => truths.push(None),
            Values::Whole(wholes) => wholes.push(None),
            Values::Single(numbers) => numbers.push(None),
            Values::Double(numbers) => numbers.push(None),
        }
    }

    pub fn finish(self) -> Series {
        let name = PlSmallStr::EMPTY;
        match self.values {
            Values::Text(texts) => Series::new(name, texts),
            Values::Truth(truths) => Series::new(name, truths),
            Values::Whole(wholes) => Series::new(name, wholes),
            Values::Single(numbers) => Series::new(name, numbers),
            Values::Double(numbers) => Series::new(name, numbers),
        }
    }
}

/// A text up to the first NUL, without trailing spaces; `None` if that is empty.
fn plain(text: &str) -> Option<String> {
    let text = text.split('\0').next().unwrap_or_default().trim_end();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Decodes UTF-8, or else Latin-1.
fn latin(bytes: &[u8]) -> String {
    let text = std::str::from_utf8(bytes).map(str::to_owned);
    text.unwrap_or_else(|_| bytes.iter().map(|&byte| char::from(byte)).collect())
}

/// A signed big-endian integer.
fn signed(bytes: &[u8]) -> i64 {
    let negative = bytes.first().is_some_and(|&byte| byte >= 0x80);
    bytes
        .iter()
        .fold(if negative { -1 } else { 0 }, |number, &byte| (number << 8) | i64::from(byte))
}

/// Several values, written as in TABLEDATA.
fn joined(kind: Kind, bytes: &[u8], count: usize) -> String {
    let texts: Vec<String> = match kind {
        Kind::Bit => (0..count)
            .map(|place| u8::from(bytes[place / 8] & (0x80 >> (place % 8)) != 0).to_string())
            .collect(),
        Kind::Truth => bytes.iter().map(|&byte| char::from(byte).to_string()).collect(),
        Kind::Byte => bytes.iter().map(u8::to_string).collect(),
        Kind::Short => bytes.chunks_exact(2).map(|it| signed(it).to_string()).collect(),
        Kind::Int => bytes.chunks_exact(4).map(|it| signed(it).to_string()).collect(),
        Kind::Long => bytes.chunks_exact(8).map(|it| signed(it).to_string()).collect(),
        Kind::Float | Kind::FloatComplex => {
            bytes.chunks_exact(4).map(|it| f32::from_bits(signed(it) as u32).to_string()).collect()
        }
        _ => {
            bytes.chunks_exact(8).map(|it| f64::from_bits(signed(it) as u64).to_string()).collect()
        }
    };
    texts.join(" ")
}
