//! Builds the columns of a table from its cells.

use super::kinds::{Kind, truth, value};
use super::rows::{Body, Cell, Fault, Part};
use polars::prelude::*;
use rayon::prelude::*;

/// A column that is being read.
enum Builder {
    Text(StringChunkedBuilder),
    Whole(PrimitiveChunkedBuilder<Int64Type>),
    Unsigned(PrimitiveChunkedBuilder<UInt64Type>),
    Number { numbers: PrimitiveChunkedBuilder<Float64Type>, comma: bool },
    Truth(BooleanChunkedBuilder),
}

impl Builder {
    fn new(kind: Kind, rows: usize) -> Self {
        let name = PlSmallStr::EMPTY;
        match kind {
            Kind::Text => Self::Text(StringChunkedBuilder::new(name, rows)),
            Kind::Whole => Self::Whole(PrimitiveChunkedBuilder::new(name, rows)),
            Kind::Unsigned => Self::Unsigned(PrimitiveChunkedBuilder::new(name, rows)),
            Kind::Number { comma } => {
                Self::Number { numbers: PrimitiveChunkedBuilder::new(name, rows), comma }
            }
            Kind::Truth => Self::Truth(BooleanChunkedBuilder::new(name, rows)),
        }
    }

    fn add(&mut self, cell: &Cell) {
        let text = cell.text.trim_ascii();
        match self {
            Self::Text(texts) if cell.is_blank() => texts.append_null(),
            Self::Text(texts) => texts.append_value(cell.text.as_ref()),
            Self::Whole(numbers) => numbers.append_option(text.parse().ok()),
            Self::Unsigned(numbers) => numbers.append_option(text.parse().ok()),
            Self::Number { numbers, comma } => numbers.append_option(value(text, *comma)),
            Self::Truth(truths) => truths.append_option(truth(text)),
        }
    }

    fn finish(self) -> Series {
        match self {
            Self::Text(texts) => texts.finish().into_series(),
            Self::Whole(numbers) => numbers.finish().into_series(),
            Self::Unsigned(numbers) => numbers.finish().into_series(),
            Self::Number { numbers, .. } => numbers.finish().into_series(),
            Self::Truth(truths) => truths.finish().into_series(),
        }
    }
}

/// The columns of a table, still unnamed.
pub fn columns(
    body: &Body,
    parts: &[Part],
    rows: &[usize],
    kinds: &[Kind],
) -> Result<Vec<Column>, Fault> {
    let read = |(&part, &rows): (&Part, &usize)| -> Result<Vec<Series>, Fault> {
        let mut builders: Vec<Builder> =
            kinds.iter().map(|&kind| Builder::new(kind, rows)).collect();
        body.each_row(part, |_, cells| {
            builders.iter_mut().zip(cells).for_each(|(builder, cell)| builder.add(cell));
        })?;
        Ok(builders.into_iter().map(Builder::finish).collect())
    };
    let pieces: Vec<Vec<Series>> =
        parts.par_iter().zip(rows).map(read).collect::<Result<_, _>>()?;
    let whole = |place: usize, kind: Kind| {
        let mut whole = Builder::new(kind, 0).finish();
        for piece in &pieces {
            // All pieces of a column have one type, so appending cannot fail.
            let _ = whole.append(&piece[place]);
        }
        whole.rechunk().into_column()
    };
    Ok(kinds.par_iter().enumerate().map(|(place, &kind)| whole(place, kind)).collect())
}
