//! Errors as a notebook shows them: the cell's own lines, what is wrong, what to do.

use crate::cell::Rewritten;
use evcxr::CompilationError;
use serde_json::{Value, json};

/// How a cell failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The kind: "compile error", "error", "panic", "process ended".
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

impl Failure {
    /// A failure with nothing to show but its message.
    pub fn new(name: &'static str, message: impl Into<String>) -> Self {
        let value: String = message.into();
        let lines = format!("{RED}{name}{PLAIN}: {value}").lines().map(str::to_owned).collect();
        Self { name, value, lines }
    }

    /// Compile errors, with their places in `code`, the cell as the user typed it.
    pub fn compile(errors: &[CompilationError], rewritten: &Rewritten, code: &str) -> Self {
        let source: Vec<&str> = code.lines().collect();
        let mut lines = Vec::new();
        let mut values = Vec::new();
        for error in errors {
            let message = error.message();
            if values.contains(&message) && error.spanned_messages().is_empty() {
                continue;
            }
            let code = error.code().map(|code| format!("[{code}]")).unwrap_or_default();
            let text = format!("{RED}error{code}{PLAIN}{BOLD}: {message}{PLAIN}");
            lines.extend(text.lines().map(str::to_owned));
            for spanned in error.spanned_messages() {
                let Some(span) = spanned.span else { continue };
                let Some(line) = source.get(span.start_line - 1) else { continue };
                let start = rewritten.original_column(span.start_line, span.start_column);
                let end = if span.end_line == span.start_line {
                    rewritten.original_column(span.end_line, span.end_column).max(start + 1)
                } else {
                    line.chars().count() + 1
                };
                let number = span.start_line.to_string();
                let margin = " ".repeat(number.len());
                lines.push(format!("{BLUE}{number} |{PLAIN} {line}"));
                lines.push(format!(
                    "{BLUE}{margin} |{PLAIN} {}{RED}{} {}{PLAIN}",
                    " ".repeat(start - 1),
                    "^".repeat(end - start),
                    spanned.label
                ));
            }
            for help in error.help() {
                lines.extend(format!("{BLUE}help{PLAIN}: {help}").lines().map(str::to_owned));
            }
            lines.push(String::new());
            values.push(message);
        }
        lines.pop();
        Self { name: "compile error", value: values.join("; "), lines }
    }

    /// The content of an `error` message.
    pub fn content(&self) -> Value {
        json!({"ename": self.name, "evalue": self.value, "traceback": self.lines})
    }
}
