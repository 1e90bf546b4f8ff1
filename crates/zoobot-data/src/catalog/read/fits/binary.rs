//! Columns of binary FITS tables.

use super::{Data, Wrong, cut_off, wrong_because};
use polars::prelude::*;

/// The type of a column's values, by the letter of `TFORM`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Code {
    Truth,
    Bits,
    Byte,
    Short,
    Int,
    Long,
    /// ASCII of this many bytes.
    Text(usize),
    Single,
    Double,
}

impl Code {
    /// The number of bytes of this many values.
    fn bytes(self, count: usize) -> Option<usize> {
        match self {
            Self::Bits => Some(count.div_ceil(8)),
            Self::Truth | Self::Byte => Some(count),
            Self::Text(width) => count.checked_mul(width),
            Self::Short => count.checked_mul(2),
            Self::Int | Self::Single => count.checked_mul(4),
            Self::Long | Self::Double => count.checked_mul(8),
        }
    }
}

/// The format of a column's cells.
#[derive(Debug, Clone, Copy)]
struct Form {
    code: Code,
    /// The number of values in a cell.
    count: usize,
    /// The number of bytes of a cell in the row.
    bytes: usize,
    /// Whether these bytes are a descriptor of values stored after the rows.
    elsewhere: bool,
}

impl Form {
    /// Reads `TFORM`, such as `J`, `12A`, `3E` or `1PD(7)`, and `TDIM`, whose first axis is the length of
    /// each text in a cell with several.
    fn of(form: &str, shape: &str) -> Option<Self> {
        let digits = form.bytes().take_while(u8::is_ascii_digit).count();
        let count: usize = if digits == 0 { 1 } else { form[..digits].parse().ok()? };
        let mut rest = form[digits..].chars();
        let mut letter = rest.next()?.to_ascii_uppercase();
        let place = match letter {
            'P' => Some(8),
            'Q' => Some(16),
            _ => None,
        };
        if place.is_some() {
            letter = rest.next()?.to_ascii_uppercase();
        }
        let axis = shape.trim_start_matches('(').split([',', ')']).next().unwrap_or_default();
        let long = [rest.as_str(), axis].into_iter().find_map(|it| it.trim().parse().ok());
        let long = long.filter(|long| (1..count).contains(long)).unwrap_or(count);
        let (code, values) = match letter {
            'L' => (Code::Truth, count),
            'X' => (Code::Bits, count),
            'B' => (Code::Byte, count),
            'I' => (Code::Short, count),
            'J' => (Code::Int, count),
            'K' => (Code::Long, count),
            'A' => (Code::Text(long), count.checked_div(long).unwrap_or(1)),
            'E' => (Code::Single, count),
            'D' => (Code::Double, count),
            // Complex numbers are pairs.
            'C' => (Code::Single, count.checked_mul(2)?),
            'M' => (Code::Double, count.checked_mul(2)?),
            _ => return None,
        };
        let bytes = match (place, code) {
            (Some(place), _) => place * count.min(1),
            (None, Code::Text(_)) => count,
            (None, code) => code.bytes(values)?,
        };
        Some(Self { code, count: values, bytes, elsewhere: place.is_some() })
    }
}

/// The conversion from stored numbers to values: `TNULL`, `TSCAL` and `TZERO`.
struct Scale {
    null: Option<i128>,
    scale: f64,
    zero: f64,
    /// Added to integers that stay integers, such as unsigned numbers.
    offset: Option<i128>,
}

/// Reads a column.
pub fn column(
    data: &Data,
    field: usize,
    name: PlSmallStr,
    offset: &mut usize,
) -> Result<Column, Wrong> {
    let key = |start: &str| format!("{start}{field}");
    let header = data.header;
    let written = header.text(&key("TFORM"));
    let written = written.ok_or_else(|| cut_off(&format!("its header has no TFORM{field}")))?;
    let shape = header.text(&key("TDIM")).unwrap_or_default();
    let form = Form::of(&written, &shape).ok_or_else(|| {
        let problem =
            format!("the column {name:?} is of an unknown kind: TFORM{field} is {written:?}");
        wrong_because(problem, "Delete that column")
    })?;
    let cells = data.cells(*offset, form.bytes).ok_or_else(|| cut_off("its rows are too short"))?;
    *offset += form.bytes;
    let scale = header.number(&key("TSCAL")).unwrap_or(1.0);
    let zero = header.number(&key("TZERO")).unwrap_or(0.0);
    let whole = scale == 1.0 && zero.fract() == 0.0 && zero.abs() < 1e30;
    let scale = Scale {
        null: header.whole(&key("TNULL")),
        scale,
        zero,
        offset: whole.then(|| header.whole(&key("TZERO")).unwrap_or(0)),
    };
    let one = |cell: &'_ [u8]| values(form.code, form.count, &scale, cell);
    if form.elsewhere {
        let size = form.bytes / 2;
        let cell = |place: &[u8]| -> Option<(usize, &[u8])> {
            let number = |bytes: &[u8]| usize::try_from(signed(bytes)).ok();
            if size == 0 {
                return Some((0, &[]));
            }
            let (count, start) = (number(&place[..size])?, number(&place[size..])?);
            let code = if let Code::Text(_) = form.code { Code::Byte } else { form.code };
            let end = start.checked_add(code.bytes(count)?)?;
            Some((count, data.after.get(start..end)?))
        };
        let found: Vec<(usize, &[u8])> = cells
            .map(|place| cell(place).ok_or_else(|| cut_off("a cell lies outside of the file")))
            .collect::<Result<_, _>>()?;
        if let Code::Text(_) = form.code {
            return Ok(Column::new(name, found.iter().map(|(_, it)| text(it)).collect::<Vec<_>>()));
        }
        let lists = found.iter().map(|(count, cell)| values(form.code, *count, &scale, cell));
        return Ok(lists_of(name, lists.collect(), &values(form.code, 0, &scale, &[])));
    }
    if form.count != 1 {
        return Ok(lists_of(name, cells.map(one).collect(), &values(form.code, 0, &scale, &[])));
    }
    let mut column = series(form.code, &scale, cells).into_column();
    column.rename(name);
    Ok(column)
}

/// A column of lists; `like` has the type of their values.
fn lists_of(name: PlSmallStr, lists: Vec<Series>, like: &Series) -> Column {
    match lists.is_empty() {
        true => Column::new_empty(name, &DataType::List(Box::new(like.dtype().clone()))),
        false => Column::new(name, lists),
    }
}

/// The values of a cell that holds several.
fn values(code: Code, count: usize, scale: &Scale, cell: &[u8]) -> Series {
    if code == Code::Bits {
        let bit = |place: usize| cell[place / 8] & (0x80 >> (place % 8)) != 0;
        return Series::new(PlSmallStr::EMPTY, (0..count).map(bit).collect::<Vec<bool>>());
    }
    series(code, scale, cell.chunks_exact(code.bytes(1).unwrap_or(1).max(1)).take(count))
}

/// One value from the bytes of each cell.
fn series<'a>(code: Code, scale: &Scale, cells: impl Iterator<Item = &'a [u8]>) -> Series {
    let name = PlSmallStr::EMPTY;
    match code {
        Code::Truth => Series::new(name, cells.map(|cell| truth(cell[0])).collect::<Vec<_>>()),
        Code::Bits => Series::new(name, cells.map(|cell| cell[0] & 0x80 != 0).collect::<Vec<_>>()),
        Code::Text(_) => Series::new(name, cells.map(text).collect::<Vec<_>>()),
        Code::Single if (scale.scale, scale.zero) == (1.0, 0.0) => {
            let number = |cell: &[u8]| single(cell);
            Series::new(
                name,
                cells.map(|it| Some(number(it)).filter(|it| !it.is_nan())).collect::<Vec<_>>(),
            )
        }
        Code::Single | Code::Double => {
            let number = |cell: &[u8]| match code {
                Code::Single => f64::from(single(cell)),
                _ => double(cell),
            };
            let scaled = cells.map(|cell| Some(number(cell) * scale.scale + scale.zero));
            Series::new(name, scaled.map(|it| it.filter(|it| !it.is_nan())).collect::<Vec<_>>())
        }
        Code::Byte | Code::Short | Code::Int | Code::Long => {
            // Only bytes are unsigned.
            let number = |cell: &[u8]| match code {
                Code::Byte => i128::from(cell[0]),
                _ => i128::from(signed(cell)),
            };
            let there = cells.map(number).map(|it| Some(it).filter(|&it| Some(it) != scale.null));
            match (code, scale.offset) {
                (_, None) => {
                    let scaled = |it: i128| it as f64 * scale.scale + scale.zero;
                    Series::new(name, there.map(|it| it.map(scaled)).collect::<Vec<_>>())
                }
                (Code::Byte, Some(0)) => moved::<u8>(there, 0),
                (Code::Byte, Some(-128)) => moved::<i8>(there, -128),
                (Code::Short, Some(0)) => moved::<i16>(there, 0),
                (Code::Short, Some(0x8000)) => moved::<u16>(there, 0x8000),
                (Code::Int, Some(0)) => moved::<i32>(there, 0),
                (Code::Int, Some(0x8000_0000)) => moved::<u32>(there, 0x8000_0000),
                (Code::Long, Some(offset)) if offset > 0 => moved::<u64>(there, offset),
                (_, Some(offset)) => moved::<i64>(there, offset),
            }
        }
    }
}

/// Whole numbers with an offset added.
fn moved<N: TryFrom<i128>>(values: impl Iterator<Item = Option<i128>>, offset: i128) -> Series
where
    Series: NamedFrom<Vec<Option<N>>, [Option<N>]>,
{
    let moved = |it: i128| N::try_from(it.checked_add(offset)?).ok();
    Series::new(PlSmallStr::EMPTY, values.map(|it| it.and_then(moved)).collect::<Vec<_>>())
}

fn truth(byte: u8) -> Option<bool> {
    match byte {
        b'T' => Some(true),
        b'F' => Some(false),
        _ => None,
    }
}

/// A text without trailing spaces; `None` if nothing else is left.
fn text(cell: &[u8]) -> Option<String> {
    let end = cell.iter().position(|&byte| byte == 0).unwrap_or(cell.len());
    let bytes = cell[..end].trim_ascii_end();
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        // Some programs write Latin-1, although only ASCII is allowed.
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    };
    (!text.trim_ascii().is_empty()).then_some(text)
}

/// A signed big-endian integer of 1 to 8 bytes.
fn signed(cell: &[u8]) -> i64 {
    let negative = cell.first().is_some_and(|&byte| byte >= 0x80);
    cell.iter().fold(if negative { -1 } else { 0 }, |number, &byte| (number << 8) | i64::from(byte))
}

fn single(cell: &[u8]) -> f32 {
    f32::from_bits(signed(cell) as u32)
}

fn double(cell: &[u8]) -> f64 {
    f64::from_bits(signed(cell) as u64)
}
