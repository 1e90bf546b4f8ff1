//! Builders for the columns of a VOTable.

use super::field::{Field, Kind, Size};
use crate::catalog::missing::is_missing;
use polars::prelude::*;

/// A column that is being read.
pub struct Cells {
    kind: Kind,
    null: Option<i64>,
    /// The length of each text in a cell with several.
    width: usize,
    /// Whether lists may have any length, so that an empty cell is a list without values.
    variable: bool,
    values: Values,
}

enum Values {
    Text(Vec<Option<String>>),
    Truth(Vec<Option<bool>>),
    Whole(Vec<Option<i64>>),
    Single(Vec<Option<f32>>),
    Double(Vec<Option<f64>>),
    Lists(Vec<Option<Series>>),
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
            (_, Kind::Char | Kind::Unicode) if field.axes.len() < 2 => Values::Text(Vec::new()),
            _ => Values::Lists(Vec::new()),
        };
        let width = field.axes.first().copied().unwrap_or(0);
        let variable = matches!(field.size, Size::Variable) && !field.kind.is_text();
        Self { kind: field.kind, null: field.null, width, variable, values }
    }

    /// The values of one cell of lists.
    fn of_cell(&self) -> Self {
        let values = match self.kind {
            Kind::Truth | Kind::Bit => Values::Truth(Vec::new()),
            Kind::Byte | Kind::Short | Kind::Int | Kind::Long => Values::Whole(Vec::new()),
            Kind::Float | Kind::FloatComplex => Values::Single(Vec::new()),
            Kind::Double | Kind::DoubleComplex => Values::Double(Vec::new()),
            Kind::Char | Kind::Unicode => Values::Text(Vec::new()),
        };
        Self { kind: self.kind, null: self.null, width: 0, variable: false, values }
    }

    /// The texts of a cell that holds several texts of one width, one after another.
    fn words(&self, text: &str) -> Series {
        let letters: Vec<char> = text.chars().collect();
        let words =
            letters.chunks(self.width.max(1)).map(|it| plain(&it.iter().collect::<String>()));
        Series::new(PlSmallStr::EMPTY, words.collect::<Vec<_>>())
    }

    /// A list from TABLEDATA's notation.
    fn list(&self, text: &str) -> Result<Option<Series>, String> {
        if text.trim().is_empty() && !self.variable {
            return Ok(None);
        }
        if self.kind.is_text() {
            return Ok(Some(self.words(text)));
        }
        let mut cell = self.of_cell();
        if self.kind == Kind::Bit {
            let bits = text.chars().filter(|c| !c.is_whitespace());
            bits.map(|bit| cell.add_text(&bit.to_string())).collect::<Result<Vec<()>, _>>()?;
        } else {
            let words = text.split(|c: char| c.is_whitespace() || c == ',');
            let words = words.filter(|word| !word.is_empty());
            words.map(|word| cell.add_text(word)).collect::<Result<Vec<()>, _>>()?;
        }
        Ok(Some(narrow(cell.finish(), self.kind)))
    }

    /// A list from big-endian bytes.
    fn list_of_bytes(&self, bytes: &[u8], count: usize) -> Option<Series> {
        match self.kind {
            Kind::Char => return Some(self.words(&latin(bytes))),
            Kind::Unicode => return Some(self.words(&wide(bytes))),
            Kind::Bit => {
                let bit = |at: usize| Some(bytes.get(at / 8)? & (0x80 >> (at % 8)) != 0);
                let bits: Vec<Option<bool>> = (0..count).map(bit).collect();
                return Some(Series::new(PlSmallStr::EMPTY, bits));
            }
            _ => {}
        }
        let mut cell = self.of_cell();
        bytes.chunks_exact(self.kind.bytes()).for_each(|it| cell.add_bytes(it, 1, false));
        Some(narrow(cell.finish(), self.kind))
    }

    /// Adds a value in TABLEDATA's notation; fails with the text if it does not have the column's type.
    pub fn add_text(&mut self, text: &str) -> Result<(), String> {
        let plain = text.trim();
        if let Values::Lists(_) = self.values {
            let list = self.list(text)?;
            if let Values::Lists(lists) = &mut self.values {
                lists.push(list);
            }
            return Ok(());
        }
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
            Values::Lists(_) => {}
        }
        Ok(())
    }

    /// Adds the values of a cell in BINARY: big-endian bytes.
    pub fn add_bytes(&mut self, bytes: &[u8], count: usize, is_null: bool) {
        if let Values::Lists(_) = self.values {
            let list = if is_null { None } else { self.list_of_bytes(bytes, count) };
            if let Values::Lists(lists) = &mut self.values {
                lists.push(list);
            }
            return;
        }
        let null = self.null;
        let truth = |byte: u8| match byte {
            b'T' | b't' | b'1' => Some(true),
            b'F' | b'f' | b'0' => Some(false),
            _ => None,
        };
        match &mut self.values {
            _ if is_null => self.add_nothing(),
            Values::Text(texts) => texts.push(match self.kind {
                Kind::Unicode => plain(&wide(bytes)),
                _ => plain(&latin(bytes)),
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
            Values::Lists(_) => {}
        }
    }

    fn add_nothing(&mut self) {
        match &mut self.values {
            Values::Text(texts) => texts.push(None),
            Values::Truth(truths) => truths.push(None),
            Values::Whole(wholes) => wholes.push(None),
            Values::Single(numbers) => numbers.push(None),
            Values::Double(numbers) => numbers.push(None),
            Values::Lists(lists) => lists.push(None),
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
            Values::Lists(lists) if lists.iter().all(Option::is_none) => {
                let kind = DataType::List(Box::new(self.kind.dtype()));
                Series::full_null(name, lists.len(), &kind)
            }
            Values::Lists(lists) => Series::new(name, lists),
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

/// Decodes UTF-16, big-endian.
fn wide(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|it| u16::from_be_bytes([it[0], it[1]]));
    String::from_utf16_lossy(&units.collect::<Vec<_>>())
}

/// Whole numbers in the width of their datatype, if it holds all of them.
pub fn narrow(series: Series, kind: Kind) -> Series {
    let to = kind.dtype();
    if !to.is_integer() || series.dtype() != &DataType::Int64 {
        return series;
    }
    let narrowed = series.cast(&to).ok().filter(|it| it.null_count() == series.null_count());
    narrowed.unwrap_or(series)
}
