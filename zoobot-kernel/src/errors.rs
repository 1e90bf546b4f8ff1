//! Errors as a notebook shows them: the cell's own lines, what is wrong, what to do.

use crate::diagnostics::{Diagnostic, Place};
use crate::source::Origin;
use serde_json::{Value, json};

/// The kernel's own advice on an error.
#[derive(Debug, Clone, PartialEq)]
pub enum Advice {
    /// Shown after rustc's own advice.
    Besides(String),
    /// Shown instead of rustc's own advice, which would mislead.
    Instead(String),
}

/// How a cell failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The kind: "compile error", "error", "panic", "interrupted", "process ended".
    pub name: &'static str,
    /// The message on one line.
    pub value: String,
    /// The full text for the notebook.
    pub lines: Vec<String>,
}

/// What is wrong: bold white on dark red. No single colour of text is readable on the backgrounds of
/// both of JupyterLab's themes, so either both colours are ours or neither is.
const WRONG: &str = "\u{1b}[1;38;5;231;48;5;124m";
const BOLD: &str = "\u{1b}[1m";
const PLAIN: &str = "\u{1b}[0m";
/// More errors than this are usually consequences of the first ones.
const SHOWN_ERRORS: usize = 8;

impl Failure {
    /// A failure with nothing to show but its message.
    pub fn new(name: &'static str, message: impl Into<String>) -> Self {
        let value: String = message.into();
        let lines = format!("{WRONG}{name}{PLAIN}: {value}").lines().map(str::to_owned).collect();
        Self { name, value, lines }
    }

    /// Adds a line below.
    pub fn with(mut self, kind: &str, text: &str) -> Self {
        self.lines.extend(format!("{BOLD}{kind}{PLAIN}: {text}").lines().map(str::to_owned));
        self
    }

    /// Adds a line of the cell with a mark under a column (1-based).
    pub fn at(mut self, code: &str, line: usize, column: usize) -> Self {
        self.lines.extend(mark(code, line, (column, Some(column + 1)), ""));
        self
    }

    /// Adds the line of the cell that has byte `at`, with a mark there.
    pub fn at_byte(self, code: &str, at: usize) -> Self {
        let line = code[..at].matches('\n').count() + 1;
        let start = code[..at].rfind('\n').map_or(0, |at| at + 1);
        self.at(code, line, code[start..at].chars().count() + 1)
    }

    /// Compile errors with their places in `code`, the cell as the user typed it; `advice` gives
    /// the kernel's own advice on an error.
    pub fn compile(
        errors: &[Diagnostic],
        code: &str,
        advice: impl Fn(&Diagnostic) -> Option<Advice>,
    ) -> Self {
        let mut lines = Vec::new();
        let mut values: Vec<&str> = Vec::new();
        for error in errors.iter().take(SHOWN_ERRORS) {
            let number = error.code.as_ref().map(|code| format!("[{code}]")).unwrap_or_default();
            let text = format!("{WRONG}error{number}{PLAIN}{BOLD}: {}{PLAIN}", error.message);
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
            let mut notes = error.notes.clone();
            match advice(error) {
                Some(Advice::Besides(text)) => notes.push(("help".to_owned(), text)),
                Some(Advice::Instead(text)) => notes = vec![("help".to_owned(), text)],
                None => {}
            }
            for (level, text) in notes {
                lines.extend(format!("{BOLD}{level}{PLAIN}: {text}").lines().map(str::to_owned));
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
    let mut lines = vec![format!("{number} | {text}")];
    let mut label = label.lines();
    let first = label.next().unwrap_or_default();
    lines.push(format!("{margin} | {indent}{WRONG}{marks}{PLAIN} {BOLD}{first}{PLAIN}"));
    lines.extend(label.map(|more| format!("{margin} | {indent}{BOLD}{more}{PLAIN}")));
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
            .map(|line| [WRONG, BOLD, PLAIN].iter().fold(line.clone(), |l, c| l.replace(c, "")))
            .collect();
        assert_eq!(plain[0], "error[E0425]: cannot find value `nope`");
        assert_eq!(plain[1], "2 | a + nope");
        assert_eq!(plain[2], "  |     ^^^^ not found");
    }

    #[test]
    fn advice_takes_the_place_of_rustcs_where_that_leads_elsewhere() {
        let error = Diagnostic {
            code: None,
            message: "wrong".into(),
            places: Vec::new(),
            notes: vec![("help".into(), "rustc's".into())],
        };
        let shown = |advice: Advice| {
            let failure =
                Failure::compile(std::slice::from_ref(&error), "", |_| Some(advice.clone()));
            let text = failure.lines.join("\n");
            (text.contains("rustc's"), text.contains("ours"))
        };
        assert_eq!(shown(Advice::Besides("ours".into())), (true, true));
        assert_eq!(shown(Advice::Instead("ours".into())), (false, true));
    }

    type Rgb = [f64; 3];

    /// The relative luminance of WCAG 2.1.
    fn luminance(colour: Rgb) -> f64 {
        let linear = colour.map(|part| {
            let part = part / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }

    fn contrast(a: Rgb, b: Rgb) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// A colour of JupyterLab 4 by its number: its own palette for the first sixteen (bold text
    /// uses the intense ones), then xterm's cube.
    fn palette(number: usize) -> Rgb {
        let own: [u32; 16] = [
            0x3E424D, 0xE75C58, 0x00A250, 0xDDB62B, 0x208FFB, 0xD160C4, 0x60C6C8, 0xC5C1B4,
            0x282C36, 0xB22B31, 0x007427, 0xB27D12, 0x0065CA, 0xA03196, 0x258F8F, 0xA1A6B2,
        ];
        let level = |part: usize| if part > 0 { 55.0 + 40.0 * part as f64 } else { 0.0 };
        match number {
            0..16 => [16, 8, 0].map(|shift| f64::from((own[number] >> shift) & 255)),
            16..232 => [36, 6, 1].map(|place| level((number - 16) / place % 6)),
            _ => [(number - 232) as f64 * 10.0 + 8.0; 3],
        }
    }

    /// The text and background colours that an escape sequence sets, if any.
    fn colours(code: &str) -> (Option<Rgb>, Option<Rgb>) {
        let numbers = code.trim_start_matches("\u{1b}[").trim_end_matches('m').split(';');
        let mut numbers = numbers.map(|number| number.parse::<usize>().unwrap());
        let (mut text, mut background, mut bold) = (None, None, false);
        while let Some(number) = numbers.next() {
            match number {
                0 => (text, background, bold) = (None, None, false),
                1 => bold = true,
                30..38 => text = Some(palette(number - 30 + if bold { 8 } else { 0 })),
                40..48 => background = Some(palette(number - 40)),
                38 | 48 => {
                    assert_eq!(numbers.next(), Some(5));
                    let colour = numbers.next().map(palette);
                    if number == 38 { text = colour } else { background = colour }
                }
                other => panic!("what does {other} do?"),
            }
        }
        (text, background)
    }

    /// `over` blended onto `under` with this opacity.
    fn mixed(over: Rgb, opacity: f64, under: Rgb) -> Rgb {
        [0, 1, 2].map(|i| over[i] * opacity + under[i] * (1.0 - opacity))
    }

    #[test]
    fn every_colour_can_be_read_in_both_themes_of_jupyterlab() {
        // --jp-layout-color0, --jp-content-font-color1 and --jp-rendermime-error-background of
        // JupyterLab 4's light and dark theme; errors are shown on the last.
        let (white, black) = ([255.0; 3], [17.0; 3]);
        let themes = [
            (white, [0.0; 3], 0.87, [255.0, 221.0, 221.0]),
            (black, [255.0; 3], 1.0, mixed([244.0, 67.0, 54.0], 0.28, black)),
        ];
        for (page, ink, opacity, behind_errors) in themes {
            for code in [WRONG, BOLD, PLAIN] {
                let (text, background) = colours(code);
                for ground in [page, behind_errors] {
                    let ground = background.unwrap_or(ground);
                    let text = text.unwrap_or_else(|| mixed(ink, opacity, ground));
                    let found = contrast(text, ground);
                    assert!(found >= 4.5, "{code:?} has a contrast of {found:.1} on {ground:?}");
                }
            }
        }
        // The earlier choice: bold red, which JupyterLab shows as its intense red.
        let (red, _) = colours("\u{1b}[1;31m");
        assert!(contrast(red.unwrap(), themes[1].3) < 2.5);
    }
}
