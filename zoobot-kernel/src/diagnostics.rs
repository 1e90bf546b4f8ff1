//! What rustc says, with places in the user's cell.

use crate::source::{Origin, Source};
use serde_json::Value;

/// One error of rustc's.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    /// "E0382", where it has one.
    pub code: Option<String>,
    /// The message.
    pub message: String,
    /// The places it points at, the main one first.
    pub places: Vec<Place>,
    /// Advice and remarks: "help" or "note", and the text.
    pub notes: Vec<(String, String)>,
}

/// A place that a diagnostic points at.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Where the line came from.
    pub origin: Origin,
    /// First column (1-based) and the column after the last; the latter is `None` where the place
    /// goes on to another line.
    pub columns: (usize, Option<usize>),
    /// What is said about it.
    pub label: String,
    /// Whether the error is here.
    pub primary: bool,
}

impl Diagnostic {
    /// Reads an error from rustc's JSON; `offset` lines stand before `source` in the compiled file.
    /// `None` for anything but an error of the code.
    pub fn read(json: &Value, source: &Source, offset: usize) -> Option<Self> {
        if json["level"] != "error" {
            return None;
        }
        let message = json["message"].as_str()?;
        if message.starts_with("aborting due to") {
            return None;
        }
        let mut places: Vec<Place> =
            list(&json["spans"]).filter_map(|span| Place::read(span, source, offset)).collect();
        places.sort_by_key(|place| !place.primary);
        let mut notes = Vec::new();
        for child in list(&json["children"]) {
            let level = child["level"].as_str().unwrap_or("note");
            let mut text = child["message"].as_str().unwrap_or_default().to_owned();
            let spans: Vec<&Value> = list(&child["spans"]).collect();
            let inside = spans.iter().filter_map(|span| Place::read(span, source, offset));
            if inside.into_iter().any(|place| !matches!(place.origin, Origin::Cell(_))) {
                // Advice to edit what the kernel wrote.
                continue;
            }
            if let [span] = spans[..]
                && let Some(replacement) = span["suggested_replacement"].as_str()
                && !replacement.trim().is_empty()
            {
                text = format!("{text}: `{}`", replacement.trim());
            }
            notes.push((level.to_owned(), text));
        }
        let code = json["code"]["code"].as_str().map(str::to_owned);
        Some(Self { code, message: message.to_owned(), places, notes })
    }

    /// Whether it is the error with this number.
    pub fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    /// Whether it points at the user's code.
    pub fn is_the_users(&self) -> bool {
        self.places.iter().any(|place| matches!(place.origin, Origin::Cell(_)) && place.primary)
    }

    /// The variables whose keeping it complains about.
    pub fn about_keeping(&self) -> impl Iterator<Item = &str> {
        self.places.iter().filter_map(|place| match &place.origin {
            Origin::Keep(name) => Some(name.as_str()),
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
        // Code from a macro points at where the macro was called, at last in the cell.
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
        Some(Self {
            origin: source.origin(line).clone(),
            columns: (number("column_start")?, if one_line { number("column_end") } else { None }),
            label: span["label"].as_str().unwrap_or_default().to_owned(),
            primary: span["is_primary"] == true,
        })
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
