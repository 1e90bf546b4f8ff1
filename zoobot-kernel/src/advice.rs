//! One sentence of advice for the errors that newcomers meet, where rustc gives none.

use crate::diagnostics::{Diagnostic, readable};
use crate::notebook::Notebook;
use crate::source::Origin;

const BORROWED: &str = "a variable that borrows from another cannot be kept for later cells. Keep a \
    copy (`.clone()`, `.to_owned()`, `.to_vec()`), or use it up inside of braces.";
const PRELUDE: &str = "run `use zoobot::prelude::*;` first: it brings the names of the library.";

/// The advice for an error in a cell of this notebook.
pub fn advice(error: &Diagnostic, code: &str, notebook: &Notebook) -> Option<String> {
    if error.places.iter().any(|place| place.label.contains("`'static`")) {
        return Some(BORROWED.to_owned());
    }
    let name = error.message.split('`').nth(1).unwrap_or_default();
    match error.code.as_deref()? {
        "E0425" => missing_value(name, notebook, error),
        "E0412" | "E0432" | "E0433" => without_prelude(notebook, error),
        "E0382" => Some(format!(
            "the value of `{name}` was given away before. Lend it there (`&{name}`), or give a copy \
             (`{name}.clone()`)."
        )),
        "E0499" | "E0502" | "E0505" | "E0506" => Some(format!(
            "`{name}` is still lent out where it is to change. Take a copy of what was lent \
             (`.clone()`, `.to_vec()`), or use the loan up before."
        )),
        "E0384" | "E0594" | "E0596" if !name.contains(['*', '.']) => Some(format!(
            "only what was made with `let mut {name} = ...` can change: run the cell that makes it \
             with `mut`."
        )),
        "E0308" => mismatched(error, code, notebook),
        "E0277" if error.message.contains("the `?` operator can only be applied") => {
            Some("this call cannot fail, so it needs no `?`.".to_owned())
        }
        "E0369" | "E0277" | "E0599" if error.message.contains("`Option<") => Some(
            "there may be no value here, so it is an `Option`: take the value out with \
             `.ok_or(\"none\")?` or `.unwrap_or(...)`."
                .to_owned(),
        ),
        _ => None,
    }
}

/// Why a variable is not there, or what else was meant.
fn missing_value(name: &str, notebook: &Notebook, error: &Diagnostic) -> Option<String> {
    if let Some(reason) = notebook.why_gone(name) {
        return Some(format!("`{name}` is not there: {reason}"));
    }
    let near = notebook.variables.iter().map(|variable| variable.name.as_str());
    let near = near.filter(|known| distance(known, name) <= 1 + name.len() / 6);
    let near = near.min_by_key(|known| distance(known, name));
    match near {
        Some(near) => Some(format!("there is a variable `{near}`.")),
        None if error.message.contains("function") => without_prelude(notebook, error),
        None => None,
    }
}

fn without_prelude(notebook: &Notebook, error: &Diagnostic) -> Option<String> {
    let used = notebook.items.besides(&[]).iter().any(|item| item.contains("zoobot::prelude"));
    (!used && error.notes.is_empty()).then(|| PRELUDE.to_owned())
}

fn mismatched(error: &Diagnostic, code: &str, notebook: &Notebook) -> Option<String> {
    let label = error.places.iter().map(|place| &place.label);
    let mut label = label.filter(|label| label.starts_with("expected"));
    let (expected, found) = label.next()?.split_once(", found ")?;
    let about_question_mark = error.notes.iter().any(|(_, text)| text.contains("`?`"));
    if found.contains("Result<") && !expected.contains("Result<") {
        let advice = "the call may fail, so it gives a `Result`: put `?` behind it.";
        return (!about_question_mark).then(|| advice.to_owned());
    }
    let assigned = assigned(error, code)?;
    let kept = notebook.variables.iter().find(|variable| variable.name == assigned)?;
    Some(format!(
        "`{assigned}` keeps its type `{}`; `let {assigned} = ...` makes a new variable of that name.",
        readable(&kept.ty)
    ))
}

/// The variable that is given the value an error is about.
fn assigned<'a>(error: &Diagnostic, code: &'a str) -> Option<&'a str> {
    let place = error.places.first()?;
    let Origin::Cell(line) = place.origin else { return None };
    let line = code.lines().nth(line.checked_sub(1)?)?;
    let (at, _) = line.char_indices().nth(place.columns.0.checked_sub(1)?)?;
    let before = line[..at].trim_end().strip_suffix('=')?.trim_end();
    let start = before.rfind(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(0, |at| at + 1);
    // Not in `let a = ...` and `a.b = ...`.
    before[..start].trim_end().is_empty().then(|| &before[start..])
}

/// How many letters have to change (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut before = std::mem::replace(&mut row[0], i + 1);
        for (j, other) in b.iter().enumerate() {
            let change = before + usize::from(letter != *other);
            before = row[j + 1];
            row[j + 1] = change.min(before + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_change_are_counted() {
        for (a, b, wanted) in
            [("", "", 0), ("", "ab", 2), ("kitten", "sitting", 3), ("tabel", "table", 2)]
        {
            assert_eq!((distance(a, b), distance(b, a)), (wanted, wanted), "{a} {b}");
        }
    }
}
