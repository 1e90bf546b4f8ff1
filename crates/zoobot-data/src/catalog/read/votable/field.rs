//! The description of a column in a VOTable.

use crate::tables::{ColumnInfo, ColumnShape};
use polars::prelude::DataType;
use roxmltree::Node;

/// The name and type of a column.
#[derive(Debug)]
pub struct Field {
    pub name: String,
    pub kind: Kind,
    pub size: Size,
    /// The axes of an array, if all but the last are numbers; 0 for a last axis of any length.
    pub axes: Vec<usize>,
    /// The integer that means "no value".
    pub null: Option<i64>,
    /// The unit, the description and the shape.
    pub info: ColumnInfo,
}

/// The type of a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Truth,
    Bit,
    Byte,
    Short,
    Int,
    Long,
    Char,
    Unicode,
    Float,
    Double,
    FloatComplex,
    DoubleComplex,
}

/// The number of values in a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    One,
    Fixed(usize),
    Variable,
}

impl Kind {
    fn of(name: &str) -> Self {
        match name {
            "boolean" => Self::Truth,
            "bit" => Self::Bit,
            "unsignedByte" => Self::Byte,
            "short" => Self::Short,
            "int" => Self::Int,
            "long" => Self::Long,
            "unicodeChar" => Self::Unicode,
            "float" => Self::Float,
            "double" => Self::Double,
            "floatComplex" => Self::FloatComplex,
            "doubleComplex" => Self::DoubleComplex,
            _ => Self::Char,
        }
    }

    /// A description of the values, for use in a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Self::Truth | Self::Bit => "true or false",
            Self::Byte | Self::Short | Self::Int | Self::Long => "a whole number",
            Self::Char | Self::Unicode => "text",
            _ => "a number",
        }
    }

    /// The type of a column of single values.
    pub fn dtype(self) -> DataType {
        match self {
            Self::Truth | Self::Bit => DataType::Boolean,
            Self::Byte => DataType::UInt8,
            Self::Short => DataType::Int16,
            Self::Int => DataType::Int32,
            Self::Long => DataType::Int64,
            Self::Char | Self::Unicode => DataType::String,
            Self::Float | Self::FloatComplex => DataType::Float32,
            Self::Double | Self::DoubleComplex => DataType::Float64,
        }
    }

    /// The number of bytes of a value; for complex numbers, of one of its two parts.
    pub fn bytes(self) -> usize {
        match self {
            Self::Truth | Self::Bit | Self::Byte | Self::Char => 1,
            Self::Short | Self::Unicode => 2,
            Self::Int | Self::Float | Self::FloatComplex => 4,
            Self::Long | Self::Double | Self::DoubleComplex => 8,
        }
    }

    pub fn is_text(self) -> bool {
        matches!(self, Self::Char | Self::Unicode)
    }
}

impl Field {
    /// Reads a `FIELD`; `place` counts from 1.
    pub fn of(node: Node, place: usize) -> Self {
        let name = node.attribute("name").or(node.attribute("ID")).unwrap_or_default().trim();
        let name = if name.is_empty() { format!("column_{place}") } else { name.to_owned() };
        let kind = Kind::of(node.attribute("datatype").unwrap_or("char"));
        let size = match node.attribute("arraysize").map(str::trim) {
            None | Some("" | "1") => Size::One,
            Some(sizes) => {
                let axes = sizes.split('x').map(|axis| axis.trim().parse::<usize>().ok());
                match axes.collect::<Option<Vec<_>>>() {
                    Some(axes) => {
                        Size::Fixed(axes.iter().fold(1, |all, it| all.saturating_mul(*it)))
                    }
                    None => Size::Variable,
                }
            }
        };
        let sizes = node.attribute("arraysize").unwrap_or_default();
        let axes = sizes.split('x').map(|it| it.trim().trim_end_matches('*').parse().unwrap_or(0));
        let axes: Vec<usize> = if sizes.trim().is_empty() { Vec::new() } else { axes.collect() };
        let described = node.children().find(|child| child.tag_name().name() == "DESCRIPTION");
        let text = |text: Option<&str>| {
            let text = text.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
            (!text.is_empty()).then_some(text)
        };
        let shape = match (kind, size) {
            (Kind::Char | Kind::Unicode, _) => ColumnShape::Unsaid,
            (Kind::FloatComplex | Kind::DoubleComplex, _) => ColumnShape::Complex,
            (_, Size::One) => ColumnShape::Unsaid,
            (Kind::Bit, Size::Fixed(_)) => ColumnShape::Bits,
            (_, Size::Fixed(_)) => ColumnShape::Fixed(axes.clone()),
            (_, Size::Variable) => ColumnShape::Variable,
        };
        let info = ColumnInfo {
            unit: text(node.attribute("unit")),
            description: text(described.and_then(|it| it.text())),
            ucd: text(node.attribute("ucd")),
            shape,
        };
        let values = node.children().find(|child| child.tag_name().name() == "VALUES");
        let null = values.and_then(|values| values.attribute("null")?.trim().parse().ok());
        Self { name, kind, size, axes, null, info }
    }
}
