//! The text of table cells: the numbers of a column share a sensible number of digits.

use polars::prelude::{AnyValue, Column, DataType};

/// The kind of a cell's value, which decides its alignment and colour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Null,
    Number,
    Text,
}

/// One cell as text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cell {
    pub text: String,
    /// The exact value, if `text` rounds it.
    pub exact: Option<String>,
    pub kind: Kind,
}

impl Cell {
    fn new(text: impl Into<String>, kind: Kind) -> Self {
        Self { text: text.into(), exact: None, kind }
    }

    /// A cell without a value.
    pub fn null() -> Self {
        Self::new("null", Kind::Null)
    }
}

/// The name of a column's type, as polars writes it: `f64`, `str`, `list[f32]`.
pub(super) fn kind(kind: &DataType) -> String {
    kind.to_string()
}

/// The cells of a column, which should already be cut to the shown rows.
pub(super) fn shown(column: &Column) -> Vec<Cell> {
    let values: Vec<AnyValue<'_>> =
        (0..column.len()).map(|row| column.get(row).unwrap_or(AnyValue::Null)).collect();
    let digits = Digits::of(values.iter().filter_map(float));
    values
        .iter()
        .map(|value| match value {
            AnyValue::Null => Cell::null(),
            AnyValue::String(text) => Cell::new(visible(text), Kind::Text),
            AnyValue::StringOwned(text) => Cell::new(visible(text), Kind::Text),
            value => match float(value) {
                Some(number) => digits.cell(&number),
                None if value.is_primitive_numeric() => Cell::new(value.to_string(), Kind::Number),
                None => Cell::new(visible(&value.str_value()), Kind::Text),
            },
        })
        .collect()
}

/// A text on one line; an empty text becomes two quotes.
fn visible(text: &str) -> String {
    if text.is_empty() {
        return "\"\"".to_owned();
    }
    text.replace("\r\n", "↵")
        .replace(['\n', '\r'], "↵")
        .replace(|sign: char| sign.is_control(), " ")
}

/// A floating-point number, and the shortest text that parses back to it.
struct Float {
    value: f64,
    shortest: String,
}

fn float(value: &AnyValue<'_>) -> Option<Float> {
    match value {
        AnyValue::Float32(number) => {
            Some(Float { value: f64::from(*number), shortest: number.to_string() })
        }
        AnyValue::Float64(number) => Some(Float { value: *number, shortest: number.to_string() }),
        _ => None,
    }
}

/// The format of the floating-point numbers in a column.
#[derive(Debug, PartialEq)]
enum Digits {
    Decimals(usize),
    Scientific,
}

impl Digits {
    /// As many decimals as the values need, but no more than their size makes sensible.
    fn of(values: impl Iterator<Item = Float>) -> Self {
        let (mut needed, mut largest) = (1, 0f64);
        for Float { value, shortest } in values.filter(|it| it.value.is_finite()) {
            needed = needed.max(shortest.split_once('.').map_or(0, |(_, decimals)| decimals.len()));
            largest = largest.max(value.abs());
        }
        match largest {
            0.0 => Self::Decimals(1),
            _ if !(1e-3..1e12).contains(&largest) => Self::Scientific,
            _ if largest < 1e3 => Self::Decimals(needed.min(4)),
            _ if largest < 1e6 => Self::Decimals(needed.min(2)),
            _ => Self::Decimals(needed.min(1)),
        }
    }

    fn cell(&self, Float { value, shortest }: &Float) -> Cell {
        let text = match self {
            _ if value.is_nan() => "NaN".to_owned(),
            _ if value.is_infinite() => if *value > 0.0 { "∞" } else { "−∞" }.to_owned(),
            Self::Decimals(count) => {
                let text = format!("{value:.count$}");
                let lost = *value != 0.0 && !text.contains(|sign| ('1'..='9').contains(&sign));
                if lost { format!("{value:.1e}") } else { text }
            }
            Self::Scientific if *value == 0.0 => "0".to_owned(),
            Self::Scientific => format!("{value:.3e}"),
        };
        let exact = text.parse() != Ok(*value) && value.is_finite();
        Cell { text, exact: exact.then(|| shortest.clone()), kind: Kind::Number }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(column: Column) -> Vec<String> {
        shown(&column).into_iter().map(|cell| cell.text).collect()
    }

    #[test]
    fn numbers_of_a_column_share_their_decimals() {
        let ra = Column::new("ra".into(), [10.154554166, 9.5, -0.25]);
        assert_eq!(texts(ra), ["10.1546", "9.5000", "-0.2500"]);
        let half = Column::new("share".into(), [0.5f32, 0.1, 1.0]);
        assert_eq!(texts(half), ["0.5", "0.1", "1.0"]);
        let flux = Column::new("flux".into(), [1.5e-7, 0.0, f64::NAN]);
        assert_eq!(texts(flux), ["1.500e-7", "0", "NaN"]);
        let date = Column::new("mjd".into(), [58849.12345, 58849.5]);
        assert_eq!(texts(date), ["58849.12", "58849.50"]);
    }

    #[test]
    fn a_rounded_number_keeps_its_exact_value_and_a_small_one_is_not_zero() {
        let cells = shown(&Column::new("x".into(), [12.3456789, 0.5, 3e-7]));
        assert_eq!(cells[0].exact.as_deref(), Some("12.3456789"));
        assert_eq!(cells[1].exact, None);
        assert_eq!(cells[2].text, "3.0e-7");
    }

    #[test]
    fn nulls_empty_texts_and_line_breaks_are_visible() {
        let texts = texts(Column::new("t".into(), [Some("a\nb"), Some(""), None]));
        assert_eq!(texts, ["a↵b", "\"\"", "null"]);
        let ids = Column::new("objid".into(), [587722982811156500i64]);
        assert_eq!(shown(&ids), [Cell::new("587722982811156500", Kind::Number)]);
    }
}
