//! Cells with several values: vectors, lists of variable length, complex numbers and bits.

use super::{Kind, fill};
use crate::tables::ColumnShape;
use polars::prelude::Column;
use zoobot_base::error::{Error, Result};

/// How lists are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Many {
    least: usize,
    /// The length of the longest list.
    pub most: usize,
    /// The number of values of all lists.
    total: usize,
    /// Whether any cell is empty.
    pub empty: bool,
    variable: bool,
    form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    Complex,
    Bits,
}

impl Many {
    pub fn of(each: &Kind, shape: &ColumnShape) -> Self {
        let form = match (shape, each) {
            (ColumnShape::Complex, Kind::Single | Kind::Double) => Form::Complex,
            (ColumnShape::Bits, Kind::Truth) => Form::Bits,
            _ => Form::Plain,
        };
        let variable = *shape == ColumnShape::Variable;
        Self { least: usize::MAX, most: 0, total: 0, empty: false, variable, form }
    }

    /// Records the length of a list.
    pub fn see(&mut self, length: usize) {
        self.least = self.least.min(length);
        self.most = self.most.max(length);
        self.total += length;
    }

    /// Decides whether lists are stored after the rows, once every list has been seen.
    pub fn settle(&mut self, name: &str, each: &Kind) -> Result<()> {
        self.variable |= self.least < self.most || (self.empty && self.total == 0);
        if self.form == Form::Complex && self.most % 2 == 1 {
            self.form = Form::Plain;
        }
        if self.form == Form::Bits && self.variable {
            self.form = Form::Plain;
        }
        if let Kind::Text(_) = each {
            // FITS keeps lists of texts within the rows only, where all must have one length.
            self.variable = self.least < self.most;
        }
        if let (Kind::Text(_), true) = (each, self.variable) {
            let problem = format!(
                "the column {name:?} holds lists of texts of different lengths, which a FITS table \
                 cannot hold"
            );
            return Err(Error::unsuitable(problem, "Write .parquet instead"));
        }
        Ok(())
    }

    pub fn is_variable(&self) -> bool {
        self.variable
    }

    /// The number of bytes of a list.
    pub fn bytes(&self, each: &Kind, length: usize) -> usize {
        match self.form {
            Form::Bits => length.div_ceil(8),
            _ => length * each.bytes(),
        }
    }

    /// The number of bytes of a descriptor in the row.
    pub fn place(&self, each: &Kind) -> usize {
        if self.heap(each) > i32::MAX as usize { 16 } else { 8 }
    }

    /// The number of bytes after the rows.
    pub fn heap(&self, each: &Kind) -> usize {
        if self.variable { self.total * each.bytes() } else { 0 }
    }

    /// The number of values as FITS counts them.
    pub fn values(&self, length: usize) -> usize {
        if self.form == Form::Complex { length / 2 } else { length }
    }

    /// The value of `TFORM`.
    pub fn form(&self, each: &Kind) -> String {
        let letter = match (self.form, each) {
            (Form::Complex, Kind::Single) => "C".to_owned(),
            (Form::Complex, _) => "M".to_owned(),
            (Form::Bits, _) => "X".to_owned(),
            (Form::Plain, Kind::Text(width)) => return format!("{}A", width * self.most),
            (Form::Plain, each) => each.form(),
        };
        let most = self.values(self.most);
        match self.variable {
            true => format!("1{}{letter}({most})", if self.place(each) == 16 { "Q" } else { "P" }),
            false => format!("{most}{letter}"),
        }
    }

    /// The value of `TDIM`, if it is needed.
    pub fn axes(&self, each: &Kind, shape: &ColumnShape) -> Option<String> {
        if self.variable {
            return None;
        }
        match (each, shape) {
            (Kind::Text(width), _) => Some(format!("{width},{}", self.most)),
            (_, ColumnShape::Fixed(axes))
                if axes.len() > 1 && axes.iter().product::<usize>() == self.most =>
            {
                Some(axes.iter().map(usize::to_string).collect::<Vec<_>>().join(","))
            }
            _ => None,
        }
    }

    /// The bytes of a list.
    pub fn stored(&self, each: &Kind, list: &Column) -> Result<Vec<u8>> {
        if self.form == Form::Bits {
            let mut bytes = vec![0_u8; list.len().div_ceil(8)];
            for (place, bit) in list.bool()?.iter().enumerate() {
                bytes[place / 8] |= u8::from(bit == Some(true)) << (7 - place % 8);
            }
            return Ok(bytes);
        }
        let width = each.bytes();
        let mut bytes = vec![0; width * list.len()];
        if width > 0 {
            fill(list, each, bytes.chunks_exact_mut(width), &mut Vec::new())?;
        }
        Ok(bytes)
    }
}
