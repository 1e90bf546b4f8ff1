//! Galaxy names as text, whatever their type in a file.

use super::ID;
use super::read::wrong;
use polars::prelude::*;
use std::path::Path;
use zoobot_base::error::Result;

/// The problem, and what to do.
type Wrong = (String, String);

/// The table with `id_str` converted to text, if it has that column.
pub fn text_ids(mut table: DataFrame, source: &Path) -> Result<DataFrame> {
    if let Ok(ids) = table.column(ID) {
        let ids = as_text(ids).map_err(|(problem, hint)| wrong(source, problem, hint))?;
        table.with_column(ids)?;
    }
    Ok(table)
}

/// Converts a column of galaxy names or picture files to text. Whole numbers are written without a decimal
/// point, even if they are stored as floating-point numbers, which pandas uses for columns with empty cells.
///
/// # Errors
/// The problem, and what to do, where a column cannot become text: floating-point numbers that have lost
/// digits or are not whole, lists, and so on.
pub fn as_text(column: &Column) -> Result<Column, Wrong> {
    let name = column.name().clone();
    let refused = |problem: String, hint: &str| Err((problem, hint.to_owned()));
    let cast = |column: &Column| {
        let hint = format!("Write {name:?} as text");
        column.cast(&DataType::String).map_err(|_| (format!("{name:?} is not text"), hint))
    };
    match column.dtype() {
        DataType::String => Ok(column.clone()),
        DataType::Float16 => whole(column, 1 << 11),
        DataType::Float32 => whole(column, 1 << f32::MANTISSA_DIGITS),
        DataType::Float64 => whole(column, 1 << f64::MANTISSA_DIGITS),
        DataType::Decimal(..) => {
            let text = cast(column)?;
            let plain = |text: &str| match text.split_once('.') {
                Some((whole, zeros)) if zeros.bytes().all(|digit| digit == b'0') => {
                    whole.to_owned()
                }
                _ => text.to_owned(),
            };
            let texts = text.str().map_err(|_| (String::new(), String::new()))?;
            let texts: StringChunked = texts.iter().map(|it| it.map(plain)).collect();
            Ok(texts.with_name(name).into_column())
        }
        DataType::Binary => {
            let problem = format!("{name:?} holds bytes that are not UTF-8 text");
            refused(problem, "Write the names as text")
        }
        kind if kind.is_nested() => {
            let problem =
                format!("{name:?} holds lists or several values, not one name for each row");
            refused(problem, "Write one text for each row")
        }
        _ => cast(column),
    }
}

/// Converts floating-point numbers to whole numbers; from `exact` on, the type cannot hold every whole
/// number.
fn whole(column: &Column, exact: u64) -> Result<Column, Wrong> {
    let name = column.name();
    let numbers = column.cast(&DataType::Float64);
    let numbers = numbers.as_ref().map_err(|error| (error.to_string(), String::new()))?;
    let numbers = numbers.f64().map_err(|error| (error.to_string(), String::new()))?;
    let text = |number: f64| -> Result<Option<String>, Wrong> {
        if number.is_nan() {
            return Ok(None);
        }
        if number.abs() >= exact as f64 {
            return Err(rounded(name, &number.to_string()));
        }
        if number.fract() != 0.0 {
            let problem = format!("{name:?} holds numbers with a fraction, such as {number}");
            return Err((problem, "Write the names as text".to_owned()));
        }
        Ok(Some(format!("{number:.0}")))
    };
    let texts: Vec<Option<String>> =
        numbers.iter().map(|number| number.map_or(Ok(None), text)).collect::<Result<_, _>>()?;
    Ok(Column::new(name.clone(), texts))
}

/// The first text that a spreadsheet or pandas made of a long number, losing its last digits, such as
/// `1.23765E+18`.
pub fn find_rounded<'a>(texts: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    texts.into_iter().find(|text| {
        let parts = || {
            let (mantissa, exponent) = text.split_once(['e', 'E'])?;
            let (first, rest) = mantissa.split_once(['.', ','])?;
            let digits =
                |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
            let exponent = exponent.strip_prefix('+').filter(|it| digits(it) && it.len() == 2)?;
            (first.len() == 1 && digits(first) && digits(rest))
                .then(|| exponent.parse().is_ok_and(|exponent: usize| rest.len() < exponent))
        };
        parts().unwrap_or(false)
    })
}

/// The problem with a name that has lost digits, and what to do.
pub fn rounded(column: &str, example: &str) -> (String, String) {
    (
        format!(
            "{column:?} holds floating-point numbers that have lost their last digits, such as {example}"
        ),
        format!(
            "Go back to the table they come from and read {column} as text (pandas: \
             dtype={{\"{column}\": str}}; a spreadsheet: import the column as text)"
        ),
    )
}
