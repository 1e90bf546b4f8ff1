//! VOTable data as bytes in base64: BINARY, and BINARY2, which flags empty cells.

use super::cells::Cells;
use super::field::{Field, Kind, Size};
use super::{Wrong, damaged};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use polars::prelude::Series;

/// The columns, and the number of rows.
pub fn rows(base64: &str, marks: bool, fields: &[Field]) -> Result<(usize, Vec<Series>), Wrong> {
    let plain: Vec<u8> = base64.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let bytes = STANDARD.decode(plain).map_err(|_| damaged("its base64 is not whole"))?;
    let mut columns: Vec<Cells> = fields.iter().map(Cells::new).collect();
    let mut rest = Rest(&bytes);
    let mut height = 0;
    while !rest.0.is_empty() && !fields.is_empty() {
        let cut_off = || damaged(format!("its data end in the middle of row {}", height + 1));
        let null = if marks { fields.len().div_ceil(8) } else { 0 };
        let null = rest.take(null).ok_or_else(cut_off)?;
        for (place, (field, column)) in fields.iter().zip(&mut columns).enumerate() {
            let is_null = marks && null[place / 8] & (0x80 >> (place % 8)) != 0;
            let (cell, count) = rest.cell(field).ok_or_else(cut_off)?;
            column.add_bytes(cell, count, is_null);
        }
        height += 1;
    }
    Ok((height, columns.into_iter().map(Cells::finish).collect()))
}

/// The bytes that have not been read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// The bytes of a cell, and the number of its values.
    fn cell(&mut self, field: &Field) -> Option<(&'a [u8], usize)> {
        let count = match field.size {
            Size::One => 1,
            Size::Fixed(count) => count,
            Size::Variable => {
                let count = self.take(4)?.try_into().ok().map(u32::from_be_bytes)?;
                usize::try_from(count).ok()?
            }
        };
        let bytes = match field.kind {
            Kind::Bit => count.div_ceil(8),
            Kind::Truth | Kind::Byte | Kind::Char => count,
            Kind::Short | Kind::Unicode => count.checked_mul(2)?,
            Kind::Int | Kind::Float => count.checked_mul(4)?,
            Kind::Long | Kind::Double | Kind::FloatComplex => count.checked_mul(8)?,
            Kind::DoubleComplex => count.checked_mul(16)?,
        };
        Some((self.take(bytes)?, count))
    }
}
