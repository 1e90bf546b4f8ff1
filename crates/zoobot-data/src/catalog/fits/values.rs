//! The stored form of values in a FITS table.

use super::Kind;
use super::many::Many;
use crate::catalog::condition::number::Number;
use crate::tables::ColumnShape;
use polars::prelude::{Column, DataType};
use zoobot_base::error::{Error, Result, kind_words};

/// The offset subtracted from whole numbers that are too large for a signed type, as in the standard.
const ZERO: i128 = 1 << 63;

/// The storage type for a column's type. `natural` stores whole numbers in their own width.
pub(super) fn kind(
    name: &str,
    dtype: &DataType,
    natural: bool,
    shape: &ColumnShape,
) -> Result<Kind> {
    Ok(match dtype {
        DataType::Float16 | DataType::Float32 => Kind::Single,
        DataType::Float64 => Kind::Double,
        DataType::Decimal(_, 0) => Kind::Whole(Whole::default()),
        DataType::Decimal(..) => Kind::Double,
        DataType::Boolean => Kind::Truth,
        DataType::String
        | DataType::Null
        | DataType::Categorical(..)
        | DataType::Enum(..)
        | DataType::Date
        | DataType::Datetime(..)
        | DataType::Time => Kind::Text(1),
        whole if whole.is_integer() => Kind::Whole(Whole::of(natural.then_some(whole))),
        DataType::List(inner) if !inner.is_nested() => {
            let each = kind(name, inner, natural, &ColumnShape::Unsaid)?;
            let many = Many::of(&each, shape);
            Kind::Many(Box::new(each), many)
        }
        other => {
            let holds = kind_words(other);
            let problem =
                format!("the column {name:?} holds {holds}, which a FITS table cannot hold");
            return Err(Error::unsuitable(problem, "Write .parquet instead"));
        }
    })
}

/// The column as text, `f32`, `f64` or truth values; whole numbers are handled by [`wholes`].
pub fn plain(column: &Column) -> Result<Column> {
    Ok(match column.dtype() {
        DataType::Float16 => column.cast(&DataType::Float32)?,
        DataType::Decimal(..) => decimals(column)?,
        // The way FITS writes dates.
        DataType::Datetime(..) => {
            let texts = column.cast(&DataType::String)?;
            let iso = |text: &str| text.replacen(' ', "T", 1);
            let texts: Vec<Option<String>> = texts.str()?.iter().map(|it| it.map(iso)).collect();
            Column::new(column.name().clone(), texts)
        }
        DataType::Null
        | DataType::Categorical(..)
        | DataType::Enum(..)
        | DataType::Date
        | DataType::Time => column.cast(&DataType::String)?,
        _ => column.clone(),
    })
}

/// Converts decimal fractions to double precision, if that keeps every digit.
fn decimals(column: &Column) -> Result<Column> {
    let decimals = column.decimal()?;
    let places = decimals.scale();
    let mut values = Vec::with_capacity(column.len());
    for digits in decimals.physical().iter() {
        let number = digits.and_then(|it| Number::scaled(it, i32::try_from(places).ok()?));
        let value = number.map(Number::float);
        if let (Some(digits), Some(value)) = (digits, value)
            && Number::read(&value.to_string()) != number
        {
            let sign = if digits < 0 { "-" } else { "" };
            let digits = format!("{:0>1$}", digits.unsigned_abs(), places + 1);
            let (whole, fraction) = digits.split_at(digits.len() - places);
            let problem = format!(
                "the number {sign}{whole}.{fraction} in the column {:?} has more than the 15 digits \
                 that a FITS table keeps",
                column.name()
            );
            return Err(Error::unsuitable(problem, "Write .parquet instead"));
        }
        values.push(value);
    }
    Ok(Column::new(column.name().clone(), values))
}

/// The whole numbers of a column of any integer type.
pub fn wholes(column: &Column) -> Result<Vec<Option<i128>>> {
    Ok(match column.dtype() {
        DataType::UInt64 => column.u64()?.iter().map(|it| it.map(i128::from)).collect(),
        DataType::Decimal(..) => column.decimal()?.physical().iter().collect(),
        _ => {
            let column = column.cast(&DataType::Int64)?;
            column.i64()?.iter().map(|it| it.map(i128::from)).collect()
        }
    })
}

/// How whole numbers are stored: in 64 bits, signed, or, where some are too large for that, unsigned; or in the
/// width of their type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Whole {
    least: i128,
    most: i128,
    /// Whether any cell is empty.
    empty: bool,
    /// Which of [`NULLS`] occur as values.
    used: [bool; NULLS.len()],
    /// The bits of the values' type, and the offset of its stored numbers.
    natural: Option<(u8, i128)>,
}

/// Candidates for the null value of whole numbers, for each width; the first unused one is taken.
const NULLS: [(u8, i64); 16] = [
    (64, i64::MIN),
    (64, i64::MIN + 1),
    (64, i64::MAX),
    (64, i64::MAX - 1),
    (32, i32::MIN as i64),
    (32, i32::MIN as i64 + 1),
    (32, i32::MAX as i64),
    (32, i32::MAX as i64 - 1),
    (16, i16::MIN as i64),
    (16, i16::MIN as i64 + 1),
    (16, i16::MAX as i64),
    (16, i16::MAX as i64 - 1),
    (8, 255),
    (8, 254),
    (8, 0),
    (8, 1),
];

impl Whole {
    /// For values of a type; without one, for 64 bits.
    pub fn of(kind: Option<&DataType>) -> Self {
        let natural = kind.and_then(|kind| {
            Some(match kind {
                DataType::UInt8 => (8, 0),
                DataType::Int8 => (8, -128),
                DataType::Int16 => (16, 0),
                DataType::UInt16 => (16, 1 << 15),
                DataType::Int32 => (32, 0),
                DataType::UInt32 => (32, 1 << 31),
                DataType::UInt64 => (64, ZERO),
                _ => return None,
            })
        });
        Self { natural, ..Self::default() }
    }

    /// Records the range of some values.
    pub fn see(&mut self, values: &[Option<i128>]) {
        for value in values {
            let Some(value) = *value else {
                self.empty = true;
                continue;
            };
            (self.least, self.most) = (self.least.min(value), self.most.max(value));
            for (used, (_, null)) in self.used.iter_mut().zip(NULLS) {
                *used |= value == i128::from(null);
            }
        }
    }

    /// Fails if any of the recorded values cannot be stored.
    pub fn settle(&self, name: &str) -> Result<()> {
        let large = self.most > i128::from(i64::MAX);
        let wrong = match (large, self.empty) {
            _ if self.most > i128::from(u64::MAX) || self.least < i128::from(i64::MIN) => {
                "whole numbers of more than 64 bits"
            }
            (true, _) if self.least < 0 => "numbers above 9223372036854775807 and negative numbers",
            (true, true) => "numbers above 9223372036854775807 and empty cells",
            (false, true) if self.null().is_none() => {
                "empty cells and every number that could mark them"
            }
            _ => return Ok(()),
        };
        let problem = format!("the column {name:?} holds {wrong}, which a FITS table cannot hold");
        Err(Error::unsuitable(problem, "Write .parquet or .csv instead"))
    }

    /// The number of bits, and the offset that is subtracted.
    fn store(&self) -> (u8, i128) {
        let large = if self.most > i128::from(i64::MAX) { ZERO } else { 0 };
        match self.natural {
            None => (64, large),
            Some((bits, zero)) if !self.empty => (bits, zero),
            // Readers compare `TNULL` with numbers before or after the offset is added: a wider type needs none.
            Some((bits, zero)) => {
                let mut bits = if zero == 0 { bits } else { (2 * bits).min(64) };
                while bits < 64 && self.free(bits).is_none() {
                    bits *= 2;
                }
                (bits, large)
            }
        }
    }

    fn free(&self, bits: u8) -> Option<i64> {
        let free = NULLS.iter().zip(self.used);
        free.filter(|((of, _), used)| *of == bits && !used).map(|((_, null), _)| *null).next()
    }

    /// The number of bytes.
    pub fn bytes(&self) -> usize {
        usize::from(self.store().0 / 8)
    }

    /// The letter of the type.
    pub fn letter(&self) -> &'static str {
        match self.store().0 {
            8 => "B",
            16 => "I",
            32 => "J",
            _ => "K",
        }
    }

    /// The value of `TZERO`, if one is needed.
    pub fn zero(&self) -> Option<i128> {
        Some(self.store().1).filter(|zero| *zero != 0)
    }

    /// The value of `TNULL`, if any cell is empty.
    pub fn null(&self) -> Option<i64> {
        self.free(self.store().0).filter(|_| self.empty)
    }

    /// The stored form of a recorded value.
    pub fn stored(&self, value: Option<i128>) -> i64 {
        let stored = value.map(|value| value - self.zero().unwrap_or(0));
        let stored = stored.and_then(|stored| i64::try_from(stored).ok());
        stored.or(self.null()).unwrap_or_default()
    }
}
