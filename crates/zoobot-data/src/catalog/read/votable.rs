//! VOTables (IVOA's standard 1.4): the first table of a file, as TABLEDATA, BINARY or BINARY2.
//!
//! The rows of TABLEDATA are cut into blocks, which are parsed in parallel; the XML tree of all rows is never
//! in memory. A column with several values in a cell becomes a column of lists.

mod binary;
mod cells;
mod field;

use super::text::line_of;
use super::{Lined, text, wrong};
use crate::tables::Infos;
use cells::{Cells, narrow};
use field::{Field, Size};
use polars::prelude::{Column, DataFrame, Series};
use rayon::prelude::*;
use roxmltree::{Document, Node, ParsingOptions};
use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use zoobot_base::error::Result;

/// The number of bytes of XML in a block.
const BLOCK: usize = 1 << 20;

/// Reads the first table of a VOTable.
pub fn table(bytes: Vec<u8>, path: &Path) -> Result<Lined> {
    let (height, columns, infos) = decode(bytes)
        .and_then(|text| read(&text))
        .map_err(|(problem, hint)| wrong(path, problem, hint))?;
    Ok(Lined { infos, ..DataFrame::new(height, columns)?.into() })
}

/// The problem, and what to do.
type Wrong = (String, String);

fn damaged(problem: impl std::fmt::Display) -> Wrong {
    let hint = "It may have been cut off while it was written or copied".to_owned();
    (format!("damaged VOTable: {problem}"), hint)
}

fn decode(bytes: Vec<u8>) -> Result<String, Wrong> {
    let declared = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).to_lowercase();
    if declared.contains("encoding=\"iso-8859-1\"") || declared.contains("encoding='iso-8859-1'") {
        return Ok(bytes.iter().map(|&byte| char::from(byte)).collect());
    }
    text::decode(bytes)
}

fn read(xml: &str) -> Result<(usize, Vec<Column>, Infos), Wrong> {
    let data = Data::find(xml)?;
    // The XML around the data is small.
    let around = match &data {
        Some(data) => [&xml[..data.inside.start], &xml[data.inside.end..]].concat(),
        None => xml.to_owned(),
    };
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    let document = Document::parse_with_options(&around, options).map_err(|error| {
        // Without the data, line numbers after it would be wrong.
        let line = error.pos().row as usize;
        match data.as_ref().is_none_or(|data| line < line_of(xml, data.inside.start)) {
            true => damaged(format!("its XML is wrong in line {line}")),
            false => damaged("its XML is wrong"),
        }
    })?;
    let named = |name: &'static str| {
        document.descendants().find(move |node: &Node| node.tag_name().name() == name)
    };
    let place = named("TABLEDATA").or_else(|| named("STREAM"));
    let table = match place {
        Some(place) => place.ancestors().find(|node| node.tag_name().name() == "TABLE"),
        None => named("TABLE"),
    };
    let table = table.ok_or_else(|| no_table(&document))?;
    let fields: Vec<Field> = table
        .children()
        .filter(|node| node.tag_name().name() == "FIELD")
        .enumerate()
        .map(|(place, node)| Field::of(node, place + 1))
        .collect();
    let mut first = HashMap::new();
    for (place, field) in (1..).zip(&fields) {
        if let Some(before) = first.insert(&field.name, place) {
            let name = &field.name;
            let problem =
                format!("the column {name:?} occurs twice, as columns {before} and {place}");
            return Err((problem, "Rename one of them, or delete it".to_owned()));
        }
    }
    let (height, series) = match (data, place.and_then(|place| place.parent_element())) {
        (Some(data), Some(parent)) => match parent.tag_name().name() {
            "DATA" => rows(xml, data, &fields)?,
            kind @ ("BINARY" | "BINARY2") => {
                let stream = place.and_then(|place| place.attribute("encoding"));
                let encoding = stream.or(parent.attribute("encoding")).unwrap_or_default();
                if encoding != "base64" {
                    let hint = "Save it with the data inside, for example in TOPCAT";
                    let problem = format!(
                        "the VOTable does not hold its data in base64, but {}",
                        if encoding.is_empty() { "elsewhere" } else { encoding }
                    );
                    return Err((problem, hint.to_owned()));
                }
                binary::rows(&xml[data.inside], kind == "BINARY2", &fields)?
            }
            _ => {
                let hint = "Save it as FITS, or as a VOTable of TABLEDATA".to_owned();
                return Err(("the data of the VOTable are a FITS file inside it".to_owned(), hint));
            }
        },
        _ => (0, fields.iter().map(|field| Cells::new(field).finish()).collect()),
    };
    let columns = fields.iter().zip(series).map(|(field, series)| {
        let series = if field.size == Size::One { narrow(series, field.kind) } else { series };
        series.with_name(field.name.as_str().into()).into()
    });
    let columns = columns.collect();
    let said = fields.into_iter().filter(|field| !field.info.is_empty());
    Ok((height, columns, said.map(|field| (field.name, field.info)).collect()))
}

/// Explains why there is no table: servers report errors in a VOTable.
fn no_table(document: &Document) -> Wrong {
    let status = |node: &Node| {
        node.attribute("name") == Some("QUERY_STATUS") && node.attribute("value") == Some("ERROR")
    };
    let hint = "A catalogue is a table with a row for each galaxy".to_owned();
    match document.descendants().find(status) {
        Some(node) => {
            let said =
                node.text().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
            let hint = "Ask the server again".to_owned();
            (format!("the VOTable holds no table but a server's error: {said}"), hint)
        }
        None => ("the VOTable holds no table".to_owned(), hint),
    }
}

/// The position of the first table's data.
struct Data {
    /// The prefix of element names, with its colon; usually empty.
    prefix: String,
    inside: Range<usize>,
}

impl Data {
    fn find(xml: &str) -> Result<Option<Self>, Wrong> {
        let tags = ["TABLEDATA", "STREAM"].map(|name| Some((name, open_tag(xml, name)?)));
        let Some((name, tag)) = tags.into_iter().flatten().min_by_key(|(_, tag)| tag.end) else {
            return Ok(None);
        };
        let prefix =
            xml[tag.clone()].trim_start_matches('<').split(name).next().unwrap_or_default();
        if xml[tag.clone()].ends_with("/>") {
            return Ok(Some(Self { prefix: prefix.to_owned(), inside: tag.end..tag.end }));
        }
        let end = xml[tag.end..].find(&format!("</{prefix}{name}"));
        let end = end.ok_or_else(|| damaged(format!("its {name} does not end")))?;
        Ok(Some(Self { prefix: prefix.to_owned(), inside: tag.end..tag.end + end }))
    }
}

/// The first opening tag of an element with this name, with any prefix, outside comments.
fn open_tag(xml: &str, name: &str) -> Option<Range<usize>> {
    xml.match_indices(name).find_map(|(at, _)| {
        let start = xml[..at].rfind('<')?;
        let prefix = &xml[start + 1..at];
        let whole = prefix.is_empty() || (prefix.ends_with(':') && !prefix.starts_with('/'));
        let after = xml[at + name.len()..].chars().next()?;
        let comment =
            xml[..start].rfind("<!--").is_some_and(|open| !xml[open..start].contains("-->"));
        let good = whole && !comment && (after.is_whitespace() || matches!(after, '>' | '/'));
        let end = xml[at..].find('>')? + at + 1;
        good.then_some(start..end)
    })
}

/// The columns of TABLEDATA, and the number of rows.
fn rows(xml: &str, data: Data, fields: &[Field]) -> Result<(usize, Vec<Series>), Wrong> {
    let Data { prefix, inside: Range { start: mut from, end: last } } = data;
    let closing = format!("</{prefix}TR");
    let mut blocks = Vec::new();
    while from < last {
        let wanted = ceiling(xml, (from + BLOCK).min(last));
        let end = xml[wanted..last].find(&closing).map(|at| wanted + at);
        let end = end.and_then(|at| Some(at + xml[at..last].find('>')? + 1)).unwrap_or(last);
        blocks.push(from..end);
        from = end;
    }
    let read = |block: &Range<usize>| {
        parse(&xml[block.clone()], &prefix, fields).map_err(|(row, problem)| {
            // Line numbers in a block start at its first line.
            let line = line_of(xml, block.start) + row as usize - 1;
            damaged(format!("{problem} in line {line}"))
        })
    };
    let pieces: Vec<(usize, Vec<Series>)> =
        blocks.par_iter().map(read).collect::<Result<_, _>>()?;
    let mut whole: Vec<Series> = fields.iter().map(|field| Cells::new(field).finish()).collect();
    let mut height = 0;
    for (rows, piece) in &pieces {
        height += rows;
        for (whole, piece) in whole.iter_mut().zip(piece) {
            whole.append(piece).map_err(damaged)?;
        }
    }
    Ok((height, whole.into_iter().map(|series| series.rechunk()).collect()))
}

/// The first character boundary at or after `at`.
fn ceiling(text: &str, at: usize) -> usize {
    (at..text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len())
}

/// The rows of a block of TABLEDATA; fails with the line within the block and the problem.
fn parse(
    block: &str,
    prefix: &str,
    fields: &[Field],
) -> Result<(usize, Vec<Series>), (u32, String)> {
    let space = prefix.strip_suffix(':').map(|prefix| format!(" xmlns:{prefix}=\"v\""));
    let whole = format!("<rows{}>{block}</rows>", space.unwrap_or_default());
    let document = Document::parse_with_options(&whole, ParsingOptions::default())
        .map_err(|error| (error.pos().row, "its XML is wrong".to_owned()))?;
    let line = |node: &Node| document.text_pos_at(node.range().start).row;
    let mut columns: Vec<Cells> = fields.iter().map(Cells::new).collect();
    let mut height = 0;
    for row in document.root_element().children().filter(Node::is_element) {
        let there = row.children().filter(Node::is_element).count();
        if there != fields.len() {
            let wanted = fields.len();
            return Err((line(&row), format!("there are {there} values for {wanted} columns")));
        }
        let cells = row.children().filter(Node::is_element);
        for ((cell, column), field) in cells.zip(&mut columns).zip(fields) {
            // A comment may split a text.
            let mut parts = cell.children().filter_map(|part| part.text());
            let first = parts.next().unwrap_or_default();
            let rest: String = parts.collect();
            let added = match rest.is_empty() {
                true => column.add_text(first),
                false => column.add_text(&format!("{first}{rest}")),
            };
            added.map_err(|text| {
                let (name, kind) = (&field.name, field.kind.name());
                (line(&cell), format!("{text:?} in the column {name:?} is not {kind}"))
            })?;
        }
        height += 1;
    }
    Ok((height, columns.into_iter().map(Cells::finish).collect()))
}
