//! Habits from Python and other languages: what was typed, and how Rust writes it.
//!
//! [`shapes`] knows syntax, [`names`] functions, modules and methods. They are consulted only for cells that
//! do not compile, except for [`notes`], about code that compiles and means something else.

mod expressions;
mod members;
mod names;
mod nulls;
mod python;
mod scan;
mod shapes;
mod statements;

pub use members::{Holder, index, member};
pub use names::{method, name};
pub use shapes::{assignment, find};

use crate::source::Variable;
use scan::{Kind, Token, tokens};

/// Remarks on a cell that compiles and may not do what was meant: `2^3`, `7 // 2`, `1/3`, and missing values
/// that are dropped silently. `variables` are the notebook's variables after the cell.
pub fn notes(code: &str, variables: &[Variable]) -> Vec<String> {
    let tokens = tokens(code);
    let mut found = nulls::notes(&tokens, variables);
    let lines = tokens.split(|token| token.kind == Kind::Line);
    for line in lines {
        found.extend((0..line.len()).filter_map(|i| exclusive_or(line, i, variables)));
        found.extend(floor_division(line));
    }
    found.extend(tokens.windows(3).enumerate().filter_map(|(i, three)| {
        let before = i.checked_sub(1).map(|i| tokens[i]);
        let after = tokens.get(i + 3).copied();
        whole_quotient(three, before, after)
    }));
    found.sort();
    found.dedup();
    found
}

/// A remark on `.eq("ring")` of a polars column, which compares with the column `ring`; shown whether or not
/// the cell succeeded.
pub fn text_as_column(code: &str) -> Option<String> {
    let tokens = tokens(code);
    let expression = tokens.windows(2).any(|two| two[0].is("col") && two[1].is("("));
    tokens.windows(5).filter(|_| expression).find_map(|five| {
        let [dot, method, open, text, close] = five else { return None };
        let compares = ["eq", "neq", "lt", "lt_eq", "gt", "gt_eq"].contains(&method.text);
        let is_call = dot.is(".") && open.is("(") && close.is(")") && text.kind == Kind::Text;
        (compares && is_call).then(|| {
            let (method, text) = (method.text, text.text);
            format!(
                "note: `.{method}({text})` compares with the column of that name. A text is `.{method}(lit({text}))`."
            )
        })
    })
}

/// The names that appear in code by themselves: no methods, no words inside strings and comments.
pub fn names_in(code: &str) -> Vec<&str> {
    let tokens = tokens(code);
    let free = |i: usize| i == 0 || !tokens[i - 1].is(".");
    let words = tokens.iter().enumerate().filter(|(i, it)| it.kind == Kind::Word && free(*i));
    words.map(|(_, token)| token.text).collect()
}

/// The value of an integer in plain decimal digits.
fn whole(token: &Token) -> Option<u64> {
    token.text.parse().ok().filter(|_| token.kind == Kind::Number)
}

/// `2^3`, `10^n`, `n^2` of integers; with other types it does not compile.
fn exclusive_or(line: &[Token], i: usize, variables: &[Variable]) -> Option<String> {
    let base = i.checked_sub(1).map(|before| line[before])?;
    let signed = line.get(i + 1)?.is("-");
    let at = if signed { i + 2 } else { i + 1 };
    let exponent = *line.get(at)?;
    if !line[i].is("^") || !base.ends_value() || !exponent.begins_value() {
        return None;
    }
    // Code that works with bits shows it: `1 << 3 ^ 1`, `x ^ 0xFF`, `a & b ^ c`.
    let shifts = |pair: &[Token]| pair[0].is(">") && pair[1].is(">") && pair[0].end() == pair[1].at;
    let bits = |token: &Token| {
        token.is("<<")
            || token.is("&") && token.at > line[0].at
            || token.kind == Kind::Number
                && ["0x", "0b", "0o"].iter().any(|it| token.text.starts_with(it))
            || token.is("true")
            || token.is("false")
    };
    if line.iter().any(bits) || line.windows(2).any(shifts) {
        return None;
    }
    let kinds = ["i8", "i16", "i32", "i64", "isize", "u8", "u16", "u32", "u64", "usize"];
    let is_number = |token: &Token| match token.kind {
        Kind::Number => true,
        Kind::Word => {
            variables.iter().any(|it| it.name == token.text && kinds.contains(&it.ty.as_str()))
        }
        _ => false,
    };
    if !is_number(&base) && !is_number(&exponent) {
        return None;
    }
    let is = match (whole(&base), whole(&exponent)) {
        (Some(a), Some(b)) if !signed => format!(" {a} ^ {b} is {}.", a ^ b),
        _ => String::new(),
    };
    let number = base.kind == Kind::Number;
    let part = i >= 2 && line[i - 2].is(".");
    let (base, sign) = (base.text, if signed { "-" } else { "" });
    let base = if base == ")" || part { "x" } else { base };
    let plain = exponent.kind == Kind::Number;
    let exponent = if matches!(exponent.text, "(" | "[") { "n" } else { exponent.text };
    let power = match (number, signed, plain) {
        (true, true, true) => format!("`{base}_f64.powi(-{exponent})`"),
        (true, false, true) => format!("`{base}_i64.pow({exponent})`"),
        (true, true, false) => format!("`{base}_f64.powi(-{exponent} as i32)`"),
        (true, false, false) => format!("`{base}_i64.pow({exponent} as u32)`"),
        (false, true, _) => format!("`({base} as f64).powi({sign}{exponent})`"),
        (false, false, true) => format!("`{base}.pow({exponent})`"),
        (false, false, false) => format!("`{base}.pow({exponent} as u32)`"),
    };
    Some(format!("note: `^` is bitwise exclusive or, not a power.{is} The power is {power}."))
}

/// `1/3` of integers, which is 0.
fn whole_quotient(three: &[Token], before: Option<Token>, after: Option<Token>) -> Option<String> {
    let [a, sign, b] = three else { return None };
    let (dividend, divisor) = (whole(a)?, whole(b)?);
    // Part of a longer product or of a method call.
    let is_one = |token: Option<Token>, signs: &[&str]| {
        token.is_some_and(|token| signs.iter().any(|sign| token.is(sign)))
    };
    let joined = is_one(before, &["*", "/", "%", "."]) || is_one(after, &[".", "as"]);
    let rest = dividend.checked_rem(divisor)?;
    if !sign.is("/") || rest == 0 || joined {
        return None;
    }
    Some(format!(
        "note: {dividend} / {divisor} is {}: whole numbers are divided without decimals. \
         `{dividend}.0 / {divisor}.0` keeps them.",
        dividend / divisor
    ))
}

/// `7 // 2`, of which Rust reads only the 7.
fn floor_division(line: &[Token]) -> Option<String> {
    let (comment, before) = line.split_last()?;
    let divisor = comment.text.strip_prefix("//")?.trim();
    let is_value = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.')
    };
    let last = before.last()?;
    // Only numbers, names and arithmetic operators: a comment after a call may state its value.
    let arithmetic = before.iter().enumerate().all(|(i, token)| match token.kind {
        Kind::Number => true,
        Kind::Word => !before.get(i + 1).is_some_and(|next| next.is("(")),
        Kind::Sign => ["+", "-", "*", "(", ")", "="].iter().any(|sign| token.is(sign)),
        _ => false,
    });
    if !is_value(divisor) || !arithmetic || !last.ends_value() {
        return None;
    }
    Some(
        "note: `//` begins a comment. Whole numbers are divided without decimals by `/`, others by \
         `(a / b).floor()`."
            .to_owned(),
    )
}

#[cfg(test)]
mod tests;
