//! Cells that ask for help: `?name`, `name?`, `help(name)`, `:help name`, and all of these without a
//! name.

use crate::completion::Completer;
use crate::errors::Failure;
use serde_json::{Value, json};

/// An overview of what a notebook offers, in Markdown.
const GENERAL: &str = "\
- The last expression of a cell shows itself; `println!(\"{x}\")` prints.
- **Tab** completes names, methods and the columns of tables; **Shift-Tab** shows the documentation of the
  name at the cursor, and so does `?name` in a cell of its own.
- `:vars` lists the variables and their types.
- `time!(...)` tells how long an expression takes.
- The stop button ends what runs and keeps the variables; Restart in the Kernel menu starts over.

A notebook starts with `use zoobot::prelude::*;`. Then `Catalog::sample()?` is a sample of galaxies to
try things on, and `?Catalog` tells what a catalogue can do. The folder `tutorials` teaches the rest.";

/// What a cell asks to have explained.
#[derive(Debug, PartialEq)]
enum Asked<'a> {
    /// What a notebook offers.
    Notebook,
    /// A name.
    Name(&'a str),
    /// A name, unless the `?` of `name?` is Rust's operator.
    Perhaps(&'a str),
}

impl<'a> Asked<'a> {
    fn by(code: &'a str) -> Option<Self> {
        let code = code.trim().trim_end_matches(';').trim_end();
        if let Some(rest) = code.strip_prefix(":help").or_else(|| code.strip_prefix('?')) {
            let rest = rest.trim_start_matches('?').trim();
            return if rest.is_empty() {
                Some(Self::Notebook)
            } else {
                name_in(rest).map(Self::Name)
            };
        }
        if let Some(rest) = code.strip_prefix("help") {
            let inner = rest.trim_start().strip_prefix('(')?.strip_suffix(')')?.trim();
            return if inner.is_empty() {
                Some(Self::Notebook)
            } else {
                name_in(inner).map(Self::Name)
            };
        }
        if let Some(rest) = code.strip_suffix("??") {
            return name_in(rest).map(Self::Name);
        }
        let rest = code.strip_suffix('?')?;
        // After a call, `?` is Rust's operator.
        if rest.ends_with(')') { None } else { name_in(rest).map(Self::Perhaps) }
    }
}

/// The name that makes up a text: `scatter`, `galaxies.gallery`, `Catalog::sample()`, `&df`, `df!`.
fn name_in(text: &str) -> Option<&str> {
    let text = text.trim().trim_start_matches('&').trim_end_matches("()").trim_end_matches('!');
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '.');
    let starts = text.starts_with(|c: char| c.is_alphabetic() || c == '_');
    (starts && text.chars().all(is_name)).then_some(text)
}

/// The help to show for a cell that asks for it, by MIME type; `None` for any other cell.
pub fn answer(code: &str, completer: &Completer) -> Option<Result<Value, Failure>> {
    let asked = Asked::by(code)?;
    if code.trim_start().starts_with("help") && completer.defines("help") {
        return None;
    }
    let name = match asked {
        Asked::Notebook => {
            let plain = GENERAL.replace("**", "");
            return Some(Ok(json!({"text/plain": plain, "text/markdown": GENERAL})));
        }
        Asked::Name(name) => name,
        Asked::Perhaps(name) => {
            let ty = completer.type_of_variable(name).unwrap_or_default();
            let may_fail = ["Result<", "Option<"].iter().any(|kind| ty.contains(kind));
            if may_fail || name.contains('.') && !completer.is_method(name) {
                return None;
            }
            name
        }
    };
    let described = completer.described(name, name.chars().count());
    Some(described.ok_or_else(|| {
        Failure::new("error", format!("nothing is known of `{name}`"))
            .with("help", "Type the first letters of a name and press Tab to see what there is.")
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_ask_for_help_are_told_from_code() {
        for (code, asked) in [
            ("?scatter", Asked::Name("scatter")),
            ("??Catalog::sample", Asked::Name("Catalog::sample")),
            ("scatter??", Asked::Name("scatter")),
            ("scatter?", Asked::Perhaps("scatter")),
            ("help(galaxies)", Asked::Name("galaxies")),
            ("help(&galaxies);", Asked::Name("galaxies")),
            ("help(galaxies.gallery)", Asked::Name("galaxies.gallery")),
            (":help Catalog", Asked::Name("Catalog")),
            ("?df!", Asked::Name("df")),
            ("? Catalog::read()", Asked::Name("Catalog::read")),
            (":help", Asked::Notebook),
            ("help()", Asked::Notebook),
            ("?", Asked::Notebook),
        ] {
            assert_eq!(Asked::by(code), Some(asked), "{code}");
        }
        for code in [
            "Catalog::sample()?",
            "let a = b?",
            "f(x)?",
            "help",
            "helper(a)",
            "help(1 + 1)",
            "1 + 1",
            "let help = 3;",
            "\"what?\"",
        ] {
            assert_eq!(Asked::by(code), None, "{code}");
        }
    }
}
