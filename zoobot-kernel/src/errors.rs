//! Errors as a notebook shows them: the cell's own lines, what is wrong, what to do.

use crate::diagnostics::{Diagnostic, Place};
use crate::source::Origin;
use serde_json::{Value, json};

/// How a cell failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The kind: "compile error", "error", "panic", "interrupted", "process ended".
    pub name: &'static str,
    /// One line.
    pub value: String,
    /// The whole, for the notebook.
    pub lines: Vec<String>,
}

const RED: &str = "\u{1b}[1;31m";
const BLUE: &str = "\u{1b}[34m";
const BOLD: &str = "\u{1b}[1m";
const PLAIN: &str = "\u{1b}[0m";
/// More errors than this are usually consequences of the first ones.
const SHOWN_ERRORS: usize = 8;

impl Failure {
    /// A failure with nothing to show but its message.
    pub fn new(name: &'static str, message: impl Into<String>) -> Self {
        let value: String = message.into();
        let lines = format!("{RED}{name}{PLAIN}: {value}").lines().map(str::to_owned).collect();
        Self { name, value, lines }
    }

    /// Adds a line below.
    pub fn with(mut self, kind: &str, text: &str) -> Self {
        self.lines.extend(format!("{BLUE}{kind}{PLAIN}: {text}").lines().map(str::to_owned));
        self
    }

    /// Adds a line of the cell with a mark under a column (1-based).
    pub fn at(mut self, code: &str, line: usize, column: usize) -> Self {
        self.lines.extend(mark(code, line, (column, Some(column + 1)), ""));
        self
    }

    /// Compile errors with their places in `code`, the cell as the user typed it; `advice` gives
    /// what the kernel knows besides.
    pub fn compile(
        errors: &[Diagnostic],
        code: &str,
        advice: impl Fn(&Diagnostic) -> Option<String>,
    ) -> Self {
        let mut lines = Vec::new();
        let mut values: Vec<&str> = Vec::new();
        for error in errors.iter().take(SHOWN_ERRORS) {
            let number = error.code.as_ref().map(|code| format!("[{code}]")).unwrap_or_default();
            let text = format!("{RED}error{number}{PLAIN}{BOLD}: {}{PLAIN}", error.message);
            lines.extend(text.lines().map(str::to_owned));
            let mut shown = None;
            for Place { origin, columns, label, .. } in &error.places {
                if let Origin::Cell(line) = origin {
                    // A second place in the same line is marked below the first.
                    let skip = usize::from(shown == Some(line));
                    lines.extend(mark(code, *line, *columns, label).into_iter().skip(skip));
                    shown = Some(line);
                }
            }
            let advice = advice(error).map(|text| ("help".to_owned(), text));
            for (level, text) in error.notes.iter().chain(advice.iter()) {
                lines.extend(format!("{BLUE}{level}{PLAIN}: {text}").lines().map(str::to_owned));
            }
            lines.push(String::new());
            values.push(&error.message);
        }
        lines.pop();
        if errors.len() > SHOWN_ERRORS {
            lines.push(format!("... and {} more errors", errors.len() - SHOWN_ERRORS));
        }
        Self { name: "compile error", value: values.join("; "), lines }
    }

    /// The content of an `error` message.
    pub fn content(&self) -> Value {
        json!({"ename": self.name, "evalue": self.value, "traceback": self.lines})
    }
}

/// A line of the cell and marks under some columns.
fn mark(code: &str, line: usize, (start, end): (usize, Option<usize>), label: &str) -> Vec<String> {
    let Some(text) = line.checked_sub(1).and_then(|line| code.lines().nth(line)) else {
        return Vec::new();
    };
    let end = end.unwrap_or(text.chars().count() + 1).max(start + 1);
    let number = line.to_string();
    let margin = " ".repeat(number.len());
    let indent = " ".repeat(start.saturating_sub(1));
    let marks = "^".repeat(end - start);
    let mut lines = vec![format!("{BLUE}{number} |{PLAIN} {text}")];
    let mut label = label.lines();
    let first = label.next().unwrap_or_default();
    lines.push(format!("{BLUE}{margin} |{PLAIN} {indent}{RED}{marks} {first}{PLAIN}"));
    lines.extend(label.map(|more| format!("{BLUE}{margin} |{PLAIN} {indent}{RED}{more}{PLAIN}")));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_marked_under_its_columns() {
        let error = Diagnostic {
            code: Some("E0425".into()),
            message: "cannot find value `nope`".into(),
            places: vec![Place {
                origin: Origin::Cell(2),
                columns: (5, Some(9)),
                label: "not found".into(),
                primary: true,
            }],
            notes: Vec::new(),
        };
        let failure = Failure::compile(&[error], "let a = 1;\na + nope", |_| None);
        let plain: Vec<String> = failure
            .lines
            .iter()
            .map(|line| [RED, BLUE, BOLD, PLAIN].iter().fold(line.clone(), |l, c| l.replace(c, "")))
            .collect();
        assert_eq!(plain[0], "error[E0425]: cannot find value `nope`");
        assert_eq!(plain[1], "2 | a + nope");
        assert_eq!(plain[2], "  |     ^^^^ not found");
    }
}
