//! Syntax errors, reported without the code that the kernel puts around a cell.

use crate::cell::{Cell, SyntaxError};
use crate::check::Checker;
use crate::diagnostics::Diagnostic;
use crate::errors::Failure;
use crate::source::{Origin, Source};

/// How rustc names the brace that ends the function around the cell.
const BRACE: &str = "`}`";

/// The failure for a syntax error. rustc explains it better than the parser does, unless unbalanced
/// braces mislead it.
pub fn failure(cell: &Cell, error: &SyntaxError, checker: &Checker) -> Failure {
    let errors = checker.errors(&Source::of_syntax(&cell.code)).unwrap_or_default();
    let told = errors.into_iter().find_map(|error| about_the_cell(error, &cell.code));
    told.map_or_else(|| at(cell, error), |error| Failure::compile(&[error], &cell.code, |_| None))
}

/// A failure at a place in the cell.
pub fn at(cell: &Cell, error: &SyntaxError) -> Failure {
    let before = &cell.code[..error.at];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Failure::new("compile error", error.message.clone()).at(&cell.code, line, column)
}

/// The error with its places in the cell, if it has any; the end of the function around the cell
/// counts as the end of the cell.
fn about_the_cell(mut error: Diagnostic, code: &str) -> Option<Diagnostic> {
    let is_end = |origin: &Origin| !matches!(origin, Origin::Cell(_));
    if error.places.iter().any(|place| is_end(&place.origin)) && error.message.contains(BRACE) {
        error.message = match error.message.split_once(&format!(", found {BRACE}")) {
            Some((expected, _)) => format!("{expected}, but the cell ends here"),
            None if error.message.starts_with("mismatched closing") => {
                "a bracket is not closed before the cell ends".to_owned()
            }
            None if error.message.starts_with("unexpected closing") => {
                "there is a closing `}` too many".to_owned()
            }
            None => "the cell ends in the middle of something".to_owned(),
        };
        let (line, text) = last_line(code)?;
        let column = text.trim_end().chars().count() + 1;
        let in_cell = error.places.iter().any(|place| !is_end(&place.origin));
        for place in error.places.iter_mut().filter(|place| is_end(&place.origin) && !in_cell) {
            place.origin = Origin::Cell(line);
            place.columns = (column, Some(column + 1));
            place.label.clear();
        }
    }
    error.places.retain(|place| !is_end(&place.origin));
    (!error.places.is_empty()).then_some(error)
}

/// The last line with code, and its number.
fn last_line(code: &str) -> Option<(usize, &str)> {
    let lines = code.lines().enumerate().filter(|(_, line)| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with("//")
    });
    lines.last().map(|(at, line)| (at + 1, line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::Place;

    fn place(origin: Origin) -> Place {
        Place { origin, columns: (1, Some(2)), label: String::new(), primary: true }
    }

    fn error(message: &str, origins: &[Origin]) -> Diagnostic {
        let places = origins.iter().cloned().map(place).collect();
        Diagnostic { code: None, message: message.to_owned(), places, notes: Vec::new() }
    }

    #[test]
    fn the_end_of_the_cell_takes_the_place_of_what_the_kernel_puts_there() {
        let code = "let t = vec![1];\nt.  \n// the end\n";
        let found = about_the_cell(error("unexpected token: `}`", &[Origin::Frame]), code).unwrap();
        assert_eq!(found.message, "the cell ends in the middle of something");
        assert_eq!(found.places[0].origin, Origin::Cell(2));
        assert_eq!(found.places[0].columns, (3, Some(4)));
        let both = error("expected `;`, found `}`", &[Origin::Cell(1), Origin::Frame]);
        let found = about_the_cell(both, code).unwrap();
        assert_eq!(found.message, "expected `;`, but the cell ends here");
        assert_eq!(found.places.len(), 1);
    }

    #[test]
    fn an_error_within_the_cell_stays_as_it_is() {
        let inside = error("expected expression, found `}`", &[Origin::Cell(1)]);
        assert_eq!(about_the_cell(inside.clone(), "f( }"), Some(inside));
        assert_eq!(about_the_cell(error("lost", &[Origin::Frame]), "f("), None);
    }
}
