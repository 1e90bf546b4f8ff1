//! The header of astropy's ECSV: YAML that names the columns with types, units and descriptions. astropy puts the
//! same YAML into the metadata of a Parquet file.

use super::info::{ColumnInfo, ColumnShape, Infos};
use super::lists;
use polars::prelude::*;
use std::io::Write;
use zoobot_base::error::{Error, Result, kind_words};

/// The YAML of a table's columns, one line each.
pub(crate) fn yaml(schema: &Schema, infos: &Infos) -> Vec<String> {
    let mut lines = vec!["datatype:".to_owned()];
    for (name, kind) in schema.iter() {
        let (kind, sub) = words(kind);
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let mut parts = vec![format!("name: {}", quoted(name))];
        let info = infos.get(name.as_str()).cloned().unwrap_or_default();
        if let Some(unit) = &info.unit {
            parts.push(format!("unit: {}", quoted(unit)));
        }
        parts.push(format!("datatype: {kind}"));
        if let Some(sub) = sub {
            let axes = match &info.shape {
                // numpy's order is the slowest axis first.
                ColumnShape::Fixed(axes) => {
                    axes.iter().rev().map(usize::to_string).collect::<Vec<_>>().join(",")
                }
                _ => "null".to_owned(),
            };
            parts.push(format!("subtype: {}", quoted(&format!("{sub}[{axes}]"))));
        }
        if let Some(description) = &info.description {
            parts.push(format!("description: {}", quoted(description)));
        }
        let extra = [("ucd", info.ucd.clone().unwrap_or_default()), ("shape", info.shape.word())];
        let extra = extra.iter().filter(|(_, value)| !value.is_empty());
        let extra: Vec<String> =
            extra.map(|(key, value)| format!("{key}: {}", quoted(value))).collect();
        if !extra.is_empty() {
            parts.push(format!("meta: {{{}}}", extra.join(", ")));
        }
        lines.push(format!("- {{{}}}", parts.join(", ")));
    }
    lines.push("schema: astropy-2.0".to_owned());
    lines
}

/// numpy's name of a type; for lists, the type of their values as well.
fn words(kind: &DataType) -> (&'static str, Option<&'static str>) {
    match kind {
        DataType::List(inner) => ("string", Some(words(inner).0)),
        DataType::Boolean => ("bool", None),
        DataType::Int8 => ("int8", None),
        DataType::Int16 => ("int16", None),
        DataType::Int32 => ("int32", None),
        DataType::Int64 => ("int64", None),
        DataType::UInt8 => ("uint8", None),
        DataType::UInt16 => ("uint16", None),
        DataType::UInt32 => ("uint32", None),
        DataType::UInt64 => ("uint64", None),
        DataType::Float32 => ("float32", None),
        DataType::Float64 | DataType::Decimal(..) => ("float64", None),
        _ => ("string", None),
    }
}

/// The columns that YAML describes, with their types; `None` if it describes none.
pub(crate) fn entries(lines: &[&str]) -> Option<Vec<Entry>> {
    let columns = lines.iter().skip_while(|line| !line.starts_with("datatype:")).skip(1);
    let inside = |line: &&&str| line.starts_with([' ', '-']) && !line.starts_with("---");
    let mut entries: Vec<String> = Vec::new();
    for line in columns.take_while(inside) {
        // An entry may span several lines; continuation lines are indented further.
        match line.strip_prefix("- ") {
            Some(entry) => entries.push(entry.to_owned()),
            None => entries.last_mut()?.push_str(&format!("\n{line}")),
        }
    }
    (!entries.is_empty()).then(|| entries.iter().map(|entry| Entry::of(entry)).collect())
}

/// A column in ECSV's YAML.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    pub name: String,
    pub datatype: String,
    pub subtype: String,
    pub info: ColumnInfo,
}

impl Entry {
    fn of(entry: &str) -> Self {
        let pairs = match entry.trim().strip_prefix('{') {
            Some(flow) => flow_pairs(flow),
            None => entry
                .lines()
                .filter_map(|line| line.split_once(':'))
                .map(|(key, value)| (key.trim().to_owned(), plain(value.trim())))
                .collect(),
        };
        let mut found = Self::default();
        for (key, value) in pairs {
            let text = (!value.is_empty()).then(|| value.clone());
            match key.as_str() {
                "name" => found.name = value,
                "datatype" => found.datatype = value,
                "subtype" => found.subtype = value,
                "unit" => found.info.unit = text,
                "description" => found.info.description = text,
                "meta" => {
                    let inner = value.trim_start_matches("!!omap").trim();
                    for (key, value) in flow_pairs(inner.trim_start_matches(['[', '{'])) {
                        match key.trim_start_matches('{') {
                            "ucd" => found.info.ucd = Some(value.trim_end_matches('}').to_owned()),
                            "shape" => {
                                found.info.shape =
                                    ColumnShape::of_word(value.trim_end_matches('}'));
                            }
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        if let (ColumnShape::Unsaid, Some((_, axes))) =
            (&found.info.shape, found.subtype.split_once('['))
        {
            let axes: Option<Vec<usize>> = axes
                .trim_end_matches(']')
                .split(',')
                .rev()
                .map(|it| it.trim().parse().ok())
                .collect();
            found.info.shape = axes.map_or(ColumnShape::Variable, ColumnShape::Fixed);
        }
        found
    }
}

/// The pairs of a YAML mapping in braces, after its opening brace.
fn flow_pairs(text: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut chars = text.chars().peekable();
    loop {
        while chars.next_if(|c| c.is_whitespace() || *c == ',').is_some() {}
        let mut key = String::new();
        while let Some(c) = chars.next_if(|c| !matches!(c, ':' | '}' | ']')) {
            key.push(c);
        }
        if chars.next() != Some(':') {
            return pairs;
        }
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        let mut value = String::new();
        match chars.peek() {
            Some(&quote @ ('"' | '\'')) => {
                value.extend(chars.next());
                while let Some(c) = chars.next() {
                    value.push(c);
                    if c == '\\' && quote == '"' {
                        value.extend(chars.next());
                    } else if c == quote {
                        match chars.next_if(|it| quote == '\'' && *it == '\'') {
                            Some(second) => value.push(second),
                            None => break,
                        }
                    }
                }
            }
            _ => {
                let mut depth = 0_usize;
                while let Some(&c) = chars.peek() {
                    match c {
                        ',' | '}' | ']' if depth == 0 => break,
                        '{' | '[' => depth += 1,
                        '}' | ']' => depth -= 1,
                        _ => {}
                    }
                    value.extend(chars.next());
                }
            }
        }
        pairs.push((key.trim().trim_matches(['"', '\'']).to_owned(), plain(value.trim())));
    }
}

/// A YAML scalar without its quotation marks.
fn plain(value: &str) -> String {
    if let Some(inner) = value.strip_prefix('\'').and_then(|it| it.strip_suffix('\'')) {
        return unfolded(&inner.replace("''", "'"));
    }
    if value.len() > 1 && value.starts_with('"') && value.ends_with('"') {
        // astropy folds long texts; a backslash at the end of a line keeps the words together.
        let one = value.replace("\\\n", "\u{1}");
        let one: String = one
            .split('\u{1}')
            .enumerate()
            .map(|(n, it)| {
                if n == 0 {
                    it.to_owned()
                } else {
                    it.trim_start().trim_start_matches('\\').to_owned()
                }
            })
            .collect();
        if let Ok(text) = serde_json::from_str::<String>(&unfolded(&one)) {
            return text;
        }
    }
    unfolded(value)
}

/// A text whose line breaks were only for reading.
fn unfolded(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

/// Writes a table as ECSV, in pieces with equal columns.
pub(crate) fn write_ecsv(
    mut out: impl Write,
    empty: &DataFrame,
    infos: &Infos,
    pieces: &crate::catalog::Pieces,
    failed: &dyn Fn(std::io::Error) -> Error,
) -> Result<()> {
    let mut head = "# %ECSV 1.0\n# ---\n# delimiter: ','\n".to_owned();
    yaml(empty.schema(), infos).iter().for_each(|line| head.push_str(&format!("# {line}\n")));
    let names: Vec<String> = empty.get_column_names().iter().map(|it| quoted(it, false)).collect();
    out.write_all(format!("{head}{}\n", names.join(",")).as_bytes()).map_err(failed)?;
    pieces(&mut |table| {
        let columns: Vec<Vec<Option<String>>> =
            table.columns().iter().map(cells).collect::<Result<_>>()?;
        let mut text = String::new();
        for row in 0..table.height() {
            for (place, column) in columns.iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                text.push_str(column[row].as_deref().unwrap_or_default());
            }
            text.push('\n');
        }
        out.write_all(text.as_bytes()).map_err(failed)
    })?;
    out.flush().map_err(failed)
}

/// The cells of a column as ECSV writes them.
fn cells(column: &Column) -> Result<Vec<Option<String>>> {
    if let DataType::List(_) = column.dtype() {
        let text = |list: Option<Series>| -> Result<Option<String>> {
            let Some(list) = list else { return Ok(None) };
            let is_text = list.dtype() == &DataType::String;
            let values = texts(&list.into_column())?;
            let json = values.into_iter().map(|it| match it {
                None => "null".to_owned(),
                Some(it) if is_text => serde_json::Value::from(it).to_string(),
                Some(it) => match it.as_str() {
                    "True" => "true".to_owned(),
                    "False" => "false".to_owned(),
                    "inf" => "Infinity".to_owned(),
                    "-inf" => "-Infinity".to_owned(),
                    _ => it,
                },
            });
            Ok(Some(quoted(&format!("[{}]", json.collect::<Vec<_>>().join(",")), true)))
        };
        return lists(column)?.into_iter().map(text).collect();
    }
    let is_text = column.dtype() == &DataType::String;
    let all = texts(column)?;
    Ok(all
        .into_iter()
        .map(|it| it.map(|it| if is_text { quoted(&it, true) } else { it }))
        .collect())
}

/// A text in quotation marks where it needs them.
fn quoted(text: &str, value: bool) -> String {
    let special = |c: char| c.is_whitespace() || matches!(c, ',' | '"' | '\'' | '#');
    match text.contains(special) || (value && text.is_empty()) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

/// The values of a column as text that loses nothing; `None` for empty cells.
pub(crate) fn texts(column: &Column) -> Result<Vec<Option<String>>> {
    Ok(match column.dtype() {
        DataType::String => column.str()?.iter().map(|it| it.map(str::to_owned)).collect(),
        DataType::Boolean => {
            let word = |it: bool| if it { "True" } else { "False" }.to_owned();
            column.bool()?.iter().map(|it| it.map(word)).collect()
        }
        DataType::Float16 => texts(&column.cast(&DataType::Float32)?)?,
        DataType::Float32 => {
            let word = |it: f32| if it.is_nan() { "nan".to_owned() } else { format!("{it:?}") };
            column.f32()?.iter().map(|it| it.map(word)).collect()
        }
        DataType::Float64 => {
            let word = |it: f64| if it.is_nan() { "nan".to_owned() } else { format!("{it:?}") };
            column.f64()?.iter().map(|it| it.map(word)).collect()
        }
        kind if kind.is_nested() || kind.is_binary() => {
            let holds = if kind.is_nested() { kind_words(kind) } else { "bytes" };
            let problem = format!(
                "the column {:?} holds {holds}, which this kind of file cannot hold",
                column.name()
            );
            return Err(Error::unsuitable(problem, "Write .parquet instead"));
        }
        _ => {
            let column = crate::catalog::fits_plain(column)?.cast(&DataType::String)?;
            column.str()?.iter().map(|it| it.map(str::to_owned)).collect()
        }
    })
}
