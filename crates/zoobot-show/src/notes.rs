//! Notes beside results: what was left out or may be wrong.

use crate::notebook::{Bundle, display, in_kernel, running_cell};
use std::sync::{Mutex, PoisonError};
use zoobot_base::advice::advice;

/// The cell number in the notebook, and the notes so far in that cell, as subject and text.
static SAID: Mutex<(u64, Vec<[String; 2]>)> = Mutex::new((0, Vec::new()));

/// Advice on leaving out the galaxies without a value in a column.
#[doc(hidden)]
pub fn leave_out(column: &str) -> String {
    advice(
        format!("Leave them out: galaxies.labelled({column:?})?"),
        format!("Leave them out: --where '{} is not missing'", in_condition(column)),
    )
}

/// The name of a column in the syntax of a condition.
#[doc(hidden)]
pub fn in_condition(column: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    let begins = column.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let word = ["and", "or", "not", "is", "true", "false"];
    match begins && column.chars().all(plain) && !word.contains(&column.to_lowercase().as_str()) {
        true => column.to_owned(),
        false => format!("`{column}`"),
    }
}

/// Writes a note once, beside the results: below the notebook cell, or on standard error.
pub fn note(text: impl Into<String>) {
    let text = text.into();
    note_about(text.clone(), text);
}

/// Writes a note, at most once per subject.
#[doc(hidden)]
pub fn note_about(subject: impl Into<String>, text: impl Into<String>) {
    let (subject, text) = (subject.into(), text.into());
    let cell = running_cell();
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    if said.0 != cell {
        *said = (cell, Vec::new());
    }
    if said.1.iter().any(|[known, _]| *known == subject) {
        return;
    }
    said.1.push([subject, text.clone()]);
    drop(said);
    match in_kernel() {
        true => display(&Bundle::plain(format!("note: {text}"))),
        false => eprintln!("zoobot: note: {text}"),
    }
}

/// All [`note`]s so far; in a notebook, the notes of the running cell.
pub fn notes() -> Vec<String> {
    let said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    said.1.iter().map(|[_, text]| text.clone()).collect()
}

/// Examples from a list: the first three, and the number of others.
#[doc(hidden)]
pub fn examples<T: std::fmt::Debug>(all: &[T]) -> String {
    const NAMED: usize = 3;
    let mut text: Vec<String> = all.iter().take(NAMED).map(|it| format!("{it:?}")).collect();
    if all.len() > NAMED {
        text.push(format!("and {} more", all.len() - NAMED));
    }
    text.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_said_once() {
        let count = || notes().iter().filter(|it| *it == "a note of this test").count();
        note("a note of this test");
        note("a note of this test");
        assert_eq!(count(), 1);
    }

    #[test]
    fn columns_are_written_as_conditions_read_them() {
        let names = ["mag_r", "a-b", "x.y", "2mass", "not"].map(in_condition);
        assert_eq!(names, ["mag_r", "`a-b`", "x.y", "`2mass`", "`not`"]);
    }
}
