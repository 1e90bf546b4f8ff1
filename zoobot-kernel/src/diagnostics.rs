//! rustc's diagnostics, with their locations in the user's cell.

use crate::library;
use crate::source::{Origin, Source};
use serde_json::Value;

/// The beginnings of notes that do not concern the user.
const TIRESOME: [&str; 6] = [
    "required by a bound in",
    "the nightly-only, unstable trait",
    "the following other types implement trait",
    "the following types implement trait",
    "required for ",
    "the full name for the type has been written to",
];

/// One error from rustc.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    /// The error code, such as "E0382", if it has one.
    pub code: Option<String>,
    /// The message.
    pub message: String,
    /// The places it points at, the primary one first.
    pub places: Vec<Place>,
    /// Advice and remarks: "help" or "note", and the text.
    pub notes: Vec<(String, String)>,
}

/// A place that a diagnostic points at.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Where the line came from.
    pub origin: Origin,
    /// First column (1-based) and the column after the last; the latter is `None` if the place
    /// continues on another line.
    pub columns: (usize, Option<usize>),
    /// The label at this place.
    pub label: String,
    /// Whether this is the primary place of the error.
    pub primary: bool,
}

impl Diagnostic {
    /// Reads an error from rustc's JSON; `offset` lines precede `source` in the compiled file.
    /// `None` for anything that is not an error in the code.
    pub fn read(json: &Value, source: &Source, offset: usize) -> Option<Self> {
        if json["level"] != "error" {
            return None;
        }
        let message = json["message"].as_str()?;
        if message.starts_with("aborting due to") {
            return None;
        }
        if message.starts_with("linking with") {
            return Some(Self::of_the_linker(json));
        }
        let mut places: Vec<Place> =
            list(&json["spans"]).filter_map(|span| Place::read(span, source, offset)).collect();
        places.sort_by_key(|place| !place.primary);
        let mut notes = Vec::new();
        for child in list(&json["children"]) {
            let level = child["level"].as_str().unwrap_or("note");
            let mut text = readable(child["message"].as_str().unwrap_or_default());
            if TIRESOME.iter().any(|start| text.starts_with(start)) || is_internal(child) {
                continue;
            }
            let spans: Vec<&Value> = list(&child["spans"]).collect();
            if let Some(imports) = imports(&spans) {
                if !imports.is_empty() {
                    notes.push((level.to_owned(), imports));
                }
                continue;
            }
            let inside = spans.iter().filter_map(|span| Place::read(span, source, offset));
            if inside.into_iter().any(|place| !matches!(place.origin, Origin::Cell(_))) {
                // The suggestion would edit code that the kernel wrote.
                continue;
            }
            if let Some(line) = corrected(&spans, source, offset) {
                text = format!("{text}: `{line}`");
            } else if let [span] = spans[..]
                && let Some(replacement) = span["suggested_replacement"].as_str()
                && !replacement.trim().is_empty()
            {
                text = format!("{text}: `{}`", replacement.trim());
            }
            notes.push((level.to_owned(), text));
        }
        let code = json["code"]["code"].as_str().map(str::to_owned);
        Some(Self { code, message: readable(message), places, notes })
    }

    /// A linker error, without the command line of the linker.
    fn of_the_linker(json: &Value) -> Self {
        let notes = list(&json["children"]).filter_map(|child| child["message"].as_str());
        let notes: Vec<&str> = notes.flat_map(str::lines).collect();
        let missing = notes.iter().filter_map(|line| line.split_once("undefined symbol: "));
        let missing: Vec<String> = missing.map(|(_, name)| format!("`{name}`")).collect();
        let message = match missing.is_empty() {
            false => format!("no loaded library defines {}", missing.join(", ")),
            true => format!("the cell cannot be linked: {}", notes.last().unwrap_or(&"")),
        };
        Self { code: None, message, places: Vec::new(), notes: Vec::new() }
    }

    /// Whether it has this error code.
    pub fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    /// Whether it points at the user's code.
    pub fn is_the_users(&self) -> bool {
        self.places.iter().any(|place| matches!(place.origin, Origin::Cell(_)) && place.primary)
    }

    /// The variables that, according to this error, cannot be kept.
    pub fn about_keeping(&self) -> impl Iterator<Item = &str> {
        self.places.iter().filter_map(|place| match &place.origin {
            Origin::Keep(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// The earlier variable that the cell cannot load.
    pub fn loading(&self) -> Option<&str> {
        self.places.iter().find_map(|place| match &place.origin {
            Origin::Load(name) if place.primary => Some(name.as_str()),
            _ => None,
        })
    }

    /// The variable that cannot be kept because its value has been moved or was never given.
    pub fn moved(&self) -> Option<&str> {
        if !(self.is("E0382") || self.is("E0381")) {
            return None;
        }
        self.places.iter().find_map(|place| match &place.origin {
            Origin::Keep(name) if place.primary => Some(name.as_str()),
            _ => None,
        })
    }
}

impl Place {
    fn read(span: &Value, source: &Source, offset: usize) -> Option<Self> {
        // For code from a macro, follow the expansions out to the call in the cell.
        let mut span = span;
        while span["expansion"]["span"].is_object() {
            span = &span["expansion"]["span"];
        }
        let file = span["file_name"].as_str()?;
        if !(file.ends_with("src/lib.rs") || file.ends_with("check.rs")) || file.contains("/rustc/")
        {
            return None;
        }
        let number = |key: &str| span[key].as_u64().and_then(|n| usize::try_from(n).ok());
        let line = number("line_start")?.checked_sub(offset)?;
        let one_line = number("line_end")?.checked_sub(offset)? == line;
        let column = |key: &str| Some(source.column(line, number(key)?));
        Some(Self {
            origin: source.origin(line).clone(),
            columns: (column("column_start")?, if one_line { column("column_end") } else { None }),
            label: readable(span["label"].as_str().unwrap_or_default()),
            primary: span["is_primary"] == true,
        })
    }
}

/// Whether a suggestion uses names that exist only in the kernel's own source.
fn is_internal(child: &Value) -> bool {
    let names = |text: &Value| text.as_str().is_some_and(|text| text.contains("zoobot_cell"));
    let replaced = list(&child["spans"]).any(|span| names(&span["suggested_replacement"]));
    replaced || child["message"].as_str().is_some_and(|text| text.contains("crate::zoobot_cell"))
}

/// The maximum length of a corrected line that is shown.
const CORRECTED: usize = 100;

/// The line of the cell with a suggestion applied; `None` if the suggestion spans several lines or
/// is one of several.
fn corrected(spans: &[&Value], source: &Source, offset: usize) -> Option<String> {
    let number = |span: &Value, key: &str| usize::try_from(span[key].as_u64()?).ok();
    let line = number(spans.first()?, "line_start")?.checked_sub(offset)?;
    let mut edits = Vec::new();
    for span in spans {
        let at = |key: &str| number(span, key)?.checked_sub(offset);
        if at("line_start")? != line || at("line_end")? != line {
            return None;
        }
        let column = |key: &str| Some(source.column(line, number(span, key)?));
        let replacement = span["suggested_replacement"].as_str()?;
        if replacement.contains('\n') {
            return None;
        }
        edits.push((column("column_start")?, column("column_end")?, replacement));
    }
    edits.sort_unstable();
    if edits.windows(2).any(|pair| pair[0].1 > pair[1].0 || pair[0].0 == pair[1].0) {
        return None;
    }
    let typed: Vec<char> = source.as_typed(line)?.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    for (from, to, replacement) in edits {
        out.extend(typed.get(at..from.checked_sub(1)?)?);
        out.push_str(replacement);
        at = to.checked_sub(1)?;
    }
    out.extend(typed.get(at..)?);
    let out = out.trim();
    (out.chars().count() <= CORRECTED && !out.is_empty()).then(|| out.to_owned())
}

/// The imports among rustc's suggestions: they go to the start of the source, not into the cell.
fn imports(spans: &[&Value]) -> Option<String> {
    let imports = spans.iter().filter_map(|span| span["suggested_replacement"].as_str());
    let imports: Vec<&str> = imports.filter(|text| text.starts_with("use ")).collect();
    if imports.is_empty() {
        return None;
    }
    let mut usable: Vec<String> = imports.iter().filter_map(|text| usable(text)).collect();
    usable.sort_by_key(|text| !text.starts_with("use zoobot::"));
    usable.dedup();
    usable.truncate(3);
    let usable: Vec<String> = usable.iter().map(|text| format!("`{text}`")).collect();
    Some(match usable.is_empty() {
        false => format!("import it first: {}", usable.join(" or ")),
        true => String::new(),
    })
}

/// The crates besides the standard library that a cell can name, because the library re-exports
/// them.
const PASSED_ON: [&str; 7] =
    ["polars", "plotters", "ndarray", "image", "tch", "rand", "rand_distr"];

/// An import as a cell would write it; `None` for items that only other crates can name.
fn usable(import: &str) -> Option<String> {
    let path = import.trim().strip_prefix("use ")?.trim_start_matches("::");
    let root = path.split("::").next()?;
    match root {
        "std" | "zoobot" => Some(format!("use {path}")),
        root if library::is_own(root) => Some(format!("use {}", library::in_cells(path))),
        "core" | "alloc" => Some(format!("use {}", path.replacen(root, "std", 1))),
        root if PASSED_ON.contains(&root) => Some(format!("use zoobot::{path}")),
        _ => None,
    }
}

/// A text with `Vec<i32>` in place of `std::vec::Vec<i32>`, and without the kernel's own names.
pub fn readable(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_alphabetic() || c == '_') {
        out.push_str(&rest[..start]);
        let end = rest[start..]
            .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
            .map_or(rest.len(), |end| start + end);
        let path = rest[start..end].trim_end_matches(':');
        let last = path.rsplit("::").next().unwrap_or(path);
        let is_type = path.contains("::") && last.starts_with(char::is_uppercase);
        let path = path.strip_prefix("crate::zoobot_cell::").unwrap_or(path);
        let path = path.strip_prefix("zoobot_cell::").unwrap_or(path);
        let root = path.split("::").next().unwrap_or(path);
        let known = ["std", "core", "alloc"];
        if is_type && (known.contains(&root) || library::is_own(root)) {
            out.push_str(last);
        } else {
            out.push_str(&library::in_cells(path));
        }
        let colons = rest[start..end].len() - rest[start..end].trim_end_matches(':').len();
        out.push_str(&":".repeat(colons));
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_link_names_what_is_missing_and_no_command() {
        let json = serde_json::json!({
            "level": "error", "message": "linking with `cc` failed: exit status: 1", "spans": [],
            "children": [{"level": "note", "message": "\"cc\" \"-m64\"", "spans": []},
                         {"level": "note", "message": "ld: error: undefined symbol: f\n>>> in ctx.o", "spans": []}],
        });
        let error = Diagnostic::read(&json, &Source::default(), 0).unwrap();
        assert_eq!(
            (error.message.as_str(), error.notes.len()),
            ("no loaded library defines `f`", 0)
        );
    }

    #[test]
    fn a_suggestion_is_told_as_the_corrected_line() {
        let mut source = Source::default();
        source.text.push_str("let a = 1;\nprintln(x);\n");
        let span = |from: usize, to: usize, text: &str| {
            serde_json::json!({"line_start": 12, "line_end": 12, "column_start": from, "column_end": to,
                               "suggested_replacement": text})
        };
        let told = |spans: &[Value]| corrected(&spans.iter().collect::<Vec<_>>(), &source, 10);
        assert_eq!(told(&[span(8, 8, "!")]).as_deref(), Some("println!(x);"));
        assert_eq!(told(&[span(10, 10, "]"), span(9, 9, "[")]).as_deref(), Some("println([x]);"));
        // Two suggestions that exclude each other.
        assert_eq!(told(&[span(1, 8, "print"), span(1, 8, "write")]), None);
        let internal =
            serde_json::json!({"message": "try `crate::zoobot_cell::polars::X`", "spans": []});
        assert!(is_internal(&internal));
    }

    #[test]
    fn imports_are_told_as_they_are_written() {
        let span = |text: &str| serde_json::json!({"suggested_replacement": text});
        let said = |texts: &[&str]| {
            let spans: Vec<Value> = texts.iter().map(|text| span(text)).collect();
            imports(&spans.iter().collect::<Vec<_>>())
        };
        assert_eq!(
            said(&["use std::fmt::Y;\n", "use zoobot_core::x::Y;\n\n", "use alloc::fmt::Y;\n"])
                .unwrap(),
            "import it first: `use zoobot::x::Y;` or `use std::fmt::Y;`"
        );
        assert_eq!(
            said(&["use polars::prelude::Y;\n"]).unwrap(),
            "import it first: `use zoobot::polars::prelude::Y;`"
        );
        // Imports that no cell can write are not suggested.
        for other in
            ["use crate::zoobot_cell::Y;\n", "use pdf_writer::Y;\n", "use polars_core::Y;\n"]
        {
            assert_eq!(said(&[other]).unwrap(), "", "{other}");
        }
        assert_eq!(said(&["?"]), None);
    }

    #[test]
    fn paths_of_types_are_shortened_and_others_are_not() {
        for (text, wanted) in [
            ("expected `std::vec::Vec<std::string::String>`", "expected `Vec<String>`"),
            ("the trait `zoobot_core::notebook::Show` is", "the trait `Show` is"),
            ("no `x` in `std::collections`", "no `x` in `std::collections`"),
            ("`zoobot_cell::Galaxy`: see", "`Galaxy`: see"),
            ("`crate::zoobot_cell::Galaxy` is", "`Galaxy` is"),
            ("unresolved import `zoobot_core::nothing`", "unresolved import `zoobot::nothing`"),
            ("`a::B::c` of mine::Type", "`a::B::c` of mine::Type"),
        ] {
            assert_eq!(readable(text), wanted);
        }
    }
}
