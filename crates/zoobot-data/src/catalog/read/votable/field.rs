//! The description of a column in a VOTable.

use roxmltree::Node;

/// The name and type of a column.
#[derive(Debug)]
pub struct Field {
    pub name: String,
    pub kind: Kind,
    pub size: Size,
    /// The integer that means "no value".
    pub null: Option<i64>,
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
        let values = node.children().find(|child| child.tag_name().name() == "VALUES");
        let null = values.and_then(|values| values.attribute("null")?.trim().parse().ok());
        Self { name, kind, size, null }
    }
}
