//! Missing values of a column that are dropped silently.

use super::scan::{Kind, Token};
use crate::source::Variable;

/// The methods that ask for a column's type: `.f64()?`.
const TYPES: [&str; 12] =
    ["f64", "f32", "i64", "i32", "i16", "i8", "u64", "u32", "u16", "u8", "bool", "str"];

/// Remarks on each way of losing missing values.
pub(super) fn notes(tokens: &[Token], variables: &[Variable]) -> Vec<String> {
    let tokens: Vec<Token> = tokens
        .iter()
        .filter(|token| !matches!(token.kind, Kind::Line | Kind::Comment))
        .copied()
        .collect();
    let is = |k: Option<usize>, text: &str| {
        k.and_then(|k| tokens.get(k)).is_some_and(|token| token.is(text))
    };
    let mut found = Vec::new();
    for i in (0..tokens.len()).filter(|i| tokens[*i].is(".")) {
        let Some(method) = tokens.get(i + 1) else { continue };
        let what = match method.text {
            "into_no_null_iter" => "reads missing values as 0".to_owned(),
            "values_iter" if tokens[..i].iter().any(|it| it.is("downcast_iter")) => {
                "reads missing values as 0".to_owned()
            }
            "flatten" | "flat_map" | "filter_map" => {
                let before = i.checked_sub(4).filter(|k| is(Some(*k), ".")).filter(|k| {
                    (is(Some(k + 1), "iter") || is(Some(k + 1), "into_iter"))
                        && is(Some(k + 2), "(")
                });
                if !before.is_some_and(|k| of_column(&tokens, k, variables)) {
                    continue;
                }
                "leaves out missing values, so that there are fewer values than rows".to_owned()
            }
            _ => continue,
        };
        let summed = tokens[i..].iter().any(|token| token.is("sum"));
        found.push(format!(
            "note: `.{}()` {what}. {}",
            method.text,
            instead(&tokens[..i], summed, variables)
        ));
    }
    found
}

/// Whether the expression before the dot at `k` is a typed column: `.f64()?`, `.f64().unwrap()`, a
/// variable.
fn of_column(tokens: &[Token], k: usize, variables: &[Variable]) -> bool {
    let Some(mut at) = k.checked_sub(1) else { return false };
    if tokens[at].kind == Kind::Word {
        let name = tokens[at].text;
        let ty = variables.iter().find(|variable| variable.name == name);
        return ty.is_some_and(|variable| variable.ty.contains("ChunkedArray"));
    }
    let word = |at: usize, text: &str| {
        at >= 3 && tokens[at - 2].is(text) || at >= 4 && tokens[at - 3].is(text)
    };
    loop {
        if tokens[at].is("?") && at > 0 {
            at -= 1;
        } else if tokens[at].is(")") && (word(at, "unwrap") || word(at, "expect")) {
            let back = if tokens[at - 2].is("unwrap") { 4 } else { 5 };
            let Some(before) = at.checked_sub(back) else { return false };
            at = before;
        } else {
            break;
        }
    }
    at >= 3 && tokens[at].is(")") && tokens[at - 1].is("(") && TYPES.contains(&tokens[at - 2].text)
}

/// Code that counts the missing values, or keeps their places.
fn instead(before: &[Token], summed: bool, variables: &[Variable]) -> String {
    let column = before.windows(5).rev().find(|it| {
        it[0].kind == Kind::Word
            && it[1].is(".")
            && it[2].is("column")
            && it[3].is("(")
            && it[4].kind == Kind::Text
    });
    let of_catalogue = column.filter(|it| {
        let known = variables.iter().find(|variable| variable.name == it[0].text);
        known.is_none_or(|variable| variable.ty.contains("Catalog"))
    });
    match of_catalogue {
        Some(it) if summed => format!(
            "The sum of the values that are there is \
             `{}.column({})?.as_materialized_series().sum::<f64>()?`.",
            it[0].text, it[4].text
        ),
        Some(it) => format!(
            "`{0}.numbers({1})?` has NaN in their places; a figure of `{0}.column({1})?` says how many \
             are missing.",
            it[0].text, it[4].text
        ),
        None => "`.iter()` alone gives `None` for each of them, and `.null_count()` counts them; a figure \
                 of the whole column says how many are missing."
            .to_owned(),
    }
}
