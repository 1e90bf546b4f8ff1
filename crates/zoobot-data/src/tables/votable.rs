//! Writes VOTables (IVOA's standard 1.4), as TABLEDATA.

use super::ecsv::texts;
use super::info::{ColumnInfo, ColumnShape, Infos};
use super::lists;
use polars::prelude::*;
use std::fmt::Write as _;
use std::io::Write;
use zoobot_base::error::{Error, Result};

/// A VOTable that is being written.
pub(crate) struct VoTableWriter<W: Write> {
    out: W,
    /// How the columns are converted before they are written.
    kinds: Vec<VoKind>,
}

/// What is known of a column before it is written.
#[derive(Debug, Clone, Default)]
pub(crate) struct VoKind {
    /// Whether a text has a character that is not ASCII.
    wide: bool,
    /// Whether a whole number is beyond 64 bits with a sign.
    beyond: bool,
    /// The longest text of a list.
    width: usize,
    /// The lengths of lists: the shortest and the longest.
    lengths: Option<(usize, usize)>,
}

impl VoKind {
    /// Notes what the values of a column need.
    pub fn see(&mut self, column: &Column) -> Result<()> {
        match column.dtype() {
            DataType::String => {
                for text in column.str()?.iter().flatten() {
                    self.wide |= !text.is_ascii();
                    self.width = self.width.max(text.chars().count());
                }
            }
            DataType::UInt64 => {
                self.beyond |= column.u64()?.iter().flatten().any(|it| i64::try_from(it).is_err());
            }
            DataType::Decimal(_, 0) => {
                let far = |it: i128| i64::try_from(it).is_err();
                self.beyond |= column.decimal()?.physical().iter().flatten().any(far);
            }
            DataType::List(_) => {
                for list in lists(column)?.into_iter().flatten() {
                    let (least, most) = self.lengths.unwrap_or((usize::MAX, 0));
                    self.lengths = Some((least.min(list.len()), most.max(list.len())));
                    self.see(&list.into_column())?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The datatype of a column.
    fn datatype(&self, kind: &DataType, info: &ColumnInfo) -> &'static str {
        match kind {
            DataType::List(inner) => {
                match (self.datatype(inner, &ColumnInfo::default()), &info.shape) {
                    ("float", ColumnShape::Complex) => "floatComplex",
                    ("double", ColumnShape::Complex) => "doubleComplex",
                    ("boolean", ColumnShape::Bits) => "bit",
                    (word, _) => word,
                }
            }
            DataType::Boolean => "boolean",
            DataType::UInt8 => "unsignedByte",
            DataType::Int8 | DataType::Int16 => "short",
            DataType::UInt16 | DataType::Int32 => "int",
            DataType::UInt32 | DataType::Int64 => "long",
            DataType::UInt64 | DataType::Decimal(_, 0) if !self.beyond => "long",
            DataType::Float16 | DataType::Float32 => "float",
            DataType::Float64 => "double",
            DataType::Decimal(_, places) if *places > 0 => "double",
            _ if self.wide => "unicodeChar",
            _ => "char",
        }
    }

    fn arraysize(&self, kind: &DataType, info: &ColumnInfo) -> Option<String> {
        let DataType::List(inner) = kind else {
            return matches!(self.datatype(kind, info), "char" | "unicodeChar")
                .then(|| "*".to_owned());
        };
        let (least, most) = self.lengths.unwrap_or((0, 0));
        let text = matches!(self.datatype(inner, info), "char" | "unicodeChar");
        if text {
            return Some(format!("{}x{most}", self.width.max(1)));
        }
        let pair = if info.shape == ColumnShape::Complex { 2 } else { 1 };
        Some(match &info.shape {
            ColumnShape::Fixed(axes) if least == most && axes.iter().product::<usize>() == most => {
                info.shape.word()
            }
            ColumnShape::Variable => "*".to_owned(),
            _ if least == most => (most / pair).to_string(),
            _ => "*".to_owned(),
        })
    }
}

impl<W: Write> VoTableWriter<W> {
    /// Begins a file of one table.
    pub fn new(
        mut out: W,
        empty: &DataFrame,
        infos: &Infos,
        kinds: Vec<VoKind>,
        note: Option<&str>,
    ) -> std::io::Result<Self> {
        let mut head = String::from(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<VOTABLE version=\"1.4\" \
             xmlns=\"http://www.ivoa.net/xml/VOTable/v1.3\">\n<RESOURCE type=\"results\">\n<TABLE>\n",
        );
        if let Some(note) = note {
            let _ = writeln!(head, "<DESCRIPTION>{}</DESCRIPTION>", escaped(note));
        }
        for (place, ((name, kind), seen)) in empty.schema().iter().zip(&kinds).enumerate() {
            let info = infos.get(name.as_str()).cloned().unwrap_or_default();
            let mut field = format!(
                "<FIELD ID=\"col_{}\" name=\"{}\" datatype=\"{}\"",
                place + 1,
                escaped(name),
                seen.datatype(kind, &info)
            );
            let size = seen.arraysize(kind, &info);
            let more = [("arraysize", size), ("unit", info.unit), ("ucd", info.ucd)];
            for (key, value) in more {
                if let Some(value) = value {
                    let _ = write!(field, " {key}=\"{}\"", escaped(&value));
                }
            }
            let _ = match info.description {
                Some(text) => {
                    writeln!(head, "{field}><DESCRIPTION>{}</DESCRIPTION></FIELD>", escaped(&text))
                }
                None => writeln!(head, "{field}/>"),
            };
        }
        head.push_str("<DATA><TABLEDATA>\n");
        out.write_all(head.as_bytes())?;
        Ok(Self { out, kinds })
    }

    /// Adds the rows of a table.
    pub fn write(&mut self, table: &DataFrame) -> Result<std::io::Result<()>> {
        for start in (0..table.height()).step_by(1 << 14) {
            let rows = table.slice(start as i64, 1 << 14);
            let columns: Vec<Vec<String>> = (rows.columns().iter().zip(&self.kinds))
                .map(|(column, kind)| cells(column, kind.width))
                .collect::<Result<_>>()?;
            let mut text = String::new();
            for row in 0..rows.height() {
                text.push_str("<TR>");
                for column in &columns {
                    match column[row].as_str() {
                        "" => text.push_str("<TD/>"),
                        cell => {
                            text.push_str("<TD>");
                            text.push_str(cell);
                            text.push_str("</TD>");
                        }
                    }
                }
                text.push_str("</TR>\n");
            }
            if let Err(error) = self.out.write_all(text.as_bytes()) {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }

    /// Ends the file.
    pub fn finish(mut self) -> std::io::Result<()> {
        self.out.write_all(b"</TABLEDATA></DATA>\n</TABLE>\n</RESOURCE>\n</VOTABLE>\n")?;
        self.out.flush()
    }
}

/// The cells of a column as TABLEDATA has them, escaped.
fn cells(column: &Column, width: usize) -> Result<Vec<String>> {
    if let DataType::List(_) = column.dtype() {
        let text = |list: Option<Series>| -> Result<String> {
            let Some(list) = list else { return Ok(String::new()) };
            let is_text = list.dtype() == &DataType::String;
            let values = texts(&list.into_column())?.into_iter();
            if is_text {
                let padded = values.map(|it| format!("{:<width$}", it.unwrap_or_default()));
                return Ok(escaped(&padded.collect::<String>()));
            }
            let words = values.map(|it| it.map_or_else(|| "NaN".to_owned(), |it| spelled(&it)));
            Ok(words.collect::<Vec<_>>().join(" "))
        };
        return lists(column)?.into_iter().map(text).collect();
    }
    let is_text = column.dtype() == &DataType::String;
    let all = texts(column)?.into_iter().map(Option::unwrap_or_default);
    Ok(all.map(|it| if is_text { escaped(&it) } else { spelled(&it) }).collect())
}

/// A number or truth value as VOTable spells it.
fn spelled(text: &str) -> String {
    match text {
        "True" => "T".to_owned(),
        "False" => "F".to_owned(),
        "inf" => "+Inf".to_owned(),
        "-inf" => "-Inf".to_owned(),
        "nan" => "NaN".to_owned(),
        other => other.to_owned(),
    }
}

/// A text within XML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            // Characters that XML cannot hold at all.
            c if c < ' ' && !matches!(c, '\n' | '\t') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// What the columns of a table need, seen over all its pieces.
pub(crate) fn seen(
    empty: &DataFrame,
    pieces: &crate::catalog::Pieces,
) -> Result<Vec<VoKind>, Error> {
    let mut kinds = vec![VoKind::default(); empty.width()];
    pieces(&mut |table| {
        kinds.iter_mut().zip(table.columns()).try_for_each(|(kind, column)| kind.see(column))
    })?;
    Ok(kinds)
}
