//! Columns of ASCII FITS tables: the text of each cell has a fixed position in its row.

use super::{Data, Wrong, cut_off, wrong_because};
use polars::prelude::*;

/// Reads a column.
pub fn column(data: &Data, field: usize, name: PlSmallStr, _: &mut usize) -> Result<Column, Wrong> {
    let header = data.header;
    let key = |start: &str| format!("{start}{field}");
    let form = header.text(&key("TFORM")).unwrap_or_default().to_ascii_uppercase();
    let start = header.whole(&key("TBCOL")).and_then(|start| usize::try_from(start - 1).ok());
    let start = start.ok_or_else(|| cut_off(&format!("its header has no TBCOL{field}")))?;
    let unknown = || {
        let problem =
            format!("the column {name:?} is of an unknown kind: TFORM{field} is {form:?}");
        wrong_because(problem, "Delete that column")
    };
    let letter = form.chars().next().ok_or_else(unknown)?;
    let (width, decimals) =
        form[letter.len_utf8()..].split_once('.').unwrap_or((&form[letter.len_utf8()..], "0"));
    let width: usize = width.parse().map_err(|_| unknown())?;
    let decimals: i32 = decimals.parse().unwrap_or(0);
    let null = header.text(&key("TNULL"));
    let cells = data.cells(start, width).ok_or_else(|| cut_off("its rows are too short"))?;
    let texts = cells.map(|cell| {
        let text = String::from_utf8_lossy(cell).trim().to_owned();
        (!text.is_empty() && Some(&text) != null.as_ref()).then_some(text)
    });
    let scale = header.number(&key("TSCAL")).unwrap_or(1.0);
    let zero = header.number(&key("TZERO")).unwrap_or(0.0);
    let number = |text: String| -> Option<f64> {
        let number: f64 = text.replace('D', "E").parse().ok()?;
        // Without a decimal point, the last digits are the decimals.
        let point = text.contains(['.', 'E', 'D']);
        let number = if point { number } else { number / 10_f64.powi(decimals) };
        Some(number * scale + zero).filter(|number| !number.is_nan())
    };
    match letter {
        'A' => Ok(Column::new(name, texts.collect::<Vec<_>>())),
        'I' if (scale, zero) == (1.0, 0.0) => {
            let texts: Vec<Option<String>> = texts.collect();
            let long = |text: &String| text.parse::<i64>().is_err() && text.parse::<i128>().is_ok();
            // Digits that do not fit in a 64-bit integer stay text.
            if texts.iter().flatten().any(long) {
                return Ok(Column::new(name, texts));
            }
            let wholes = texts.into_iter().map(|text| text?.parse().ok());
            Ok(Column::new(name, wholes.collect::<Vec<Option<i64>>>()))
        }
        'I' | 'F' | 'E' | 'D' => {
            let numbers = texts.map(|text| text.and_then(number));
            Ok(Column::new(name, numbers.collect::<Vec<_>>()))
        }
        _ => Err(unknown()),
    }
}
