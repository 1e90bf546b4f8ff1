//! Habits from Python and other languages: what was typed, and how Rust writes it.
//!
//! [`shapes`] knows ways of writing, [`names`] functions, modules and methods. Asked only of cells
//! that do not compile, but for [`notes`]: what compiles and means something else.

mod expressions;
mod names;
mod scan;
mod shapes;
mod statements;

pub use names::{method, name};
pub use shapes::{assignment, find};

use scan::{Kind, Token, tokens};

/// Remarks on a cell that is right and may not do what was meant: `2^3`, `7 // 2`, `1/3`.
pub fn notes(code: &str) -> Vec<String> {
    let tokens = tokens(code);
    let mut found: Vec<String> = tokens.windows(3).filter_map(exclusive_or).collect();
    found.extend(tokens.windows(3).enumerate().filter_map(|(i, three)| {
        let before = i.checked_sub(1).map(|i| tokens[i]);
        let after = tokens.get(i + 3).copied();
        whole_quotient(three, before, after)
    }));
    let lines = tokens.split(|token| token.kind == Kind::Line);
    found.extend(lines.filter_map(floor_division));
    found.sort();
    found.dedup();
    found
}

/// The names that stand in a code by themselves: no methods, no words of texts and comments.
pub fn names_in(code: &str) -> Vec<&str> {
    let tokens = tokens(code);
    let free = |i: usize| i == 0 || !tokens[i - 1].is(".");
    let words = tokens.iter().enumerate().filter(|(i, it)| it.kind == Kind::Word && free(*i));
    words.map(|(_, token)| token.text).collect()
}

/// A number without decimals as it is written in everyday life.
fn whole(token: &Token) -> Option<u64> {
    token.text.parse().ok().filter(|_| token.kind == Kind::Number)
}

/// `2^3` of whole numbers: of others it does not compile.
fn exclusive_or(three: &[Token]) -> Option<String> {
    let [base, sign, exponent] = three else { return None };
    if !sign.is("^") || !base.ends_value() || whole(exponent)? > 20 {
        return None;
    }
    let is = whole(base).map_or(String::new(), |base| {
        format!(" {base} ^ {0} is {1}.", exponent.text, base ^ whole(exponent).unwrap_or(0))
    });
    Some(format!(
        "note: `^` is the exclusive or of bits.{is} A power is `2_i64.pow(3)`, of a number with decimals \
         `x.powi(3)`."
    ))
}

/// `1/3` of whole numbers, which is 0.
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
        "note: {dividend} / {divisor} is {}, since whole numbers are divided without decimals; \
         {dividend}.0 / {divisor}.0 has them.",
        dividend / divisor
    ))
}

/// `7 // 2`, of which Rust sees the 7.
fn floor_division(line: &[Token]) -> Option<String> {
    let (comment, before) = line.split_last()?;
    let divisor = comment.text.strip_prefix("//")?.trim();
    let is_value = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.')
    };
    let last = before.last()?;
    // Nothing but numbers, names and signs of arithmetic: a comment behind a call tells its value.
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
