//! Conditions written as text, for the command line: `mag_r < 17.5 and not class = 'star'`.

use crate::error::{Error, Result};
use polars::prelude::{Expr, col, lit};
use std::iter::Peekable;
use std::vec::IntoIter;

/// Reads a condition on a catalogue's columns.
///
/// It compares columns, numbers and texts in quotes by `<`, `<=`, `>`, `>=`, `=` (or `==`) and `!=`
/// (or `<>`), and joins comparisons by `not`, `and`, `or` (binding in this order) and parentheses.
/// A column whose name is more than letters, digits and `_` is written in backticks or double
/// quotes; a column of true and false may stand alone.
///
/// ```
/// use zoobot_core::similar::condition;
/// use zoobot_core::polars::prelude::{col, lit};
/// assert_eq!(condition("mag_r < 17.5")?, col("mag_r").lt(lit(17.5)));
/// # Ok::<(), zoobot_core::Error>(())
/// ```
///
/// # Errors
/// [`Error::Invalid`] with the place where the text is no condition.
pub fn condition(text: &str) -> Result<Expr> {
    let mut reader = Reader { text, tokens: tokens(text)?.into_iter().peekable() };
    let condition = reader.any_of()?;
    match reader.tokens.next() {
        None => Ok(condition),
        Some((at, _)) => Err(wrong(text, at, "\"and\" or \"or\"")),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// A word without quotes: a column or one of `and`, `or`, `not`.
    Word(String),
    Column(String),
    Number(f64),
    Text(String),
    /// A comparison or a parenthesis.
    Sign(&'static str),
}

const SIGNS: [&str; 10] = ["<=", ">=", "==", "!=", "<>", "<", ">", "=", "(", ")"];

fn wrong(text: &str, at: usize, expected: &str) -> Error {
    let rest = &text[at.min(text.len())..];
    let place = if rest.is_empty() { "its end".to_owned() } else { format!("{rest:?}") };
    Error::invalid("the condition", format!("{text:?}"), format!("{expected} at {place}"))
}

/// The tokens, each with its place in the text.
fn tokens(text: &str) -> Result<Vec<(usize, Token)>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
        let (length, token) = if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        } else if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            (sign.len(), Token::Sign(sign))
        } else if matches!(first, '\'' | '"' | '`') {
            let inside = rest[1..].split(first).next().unwrap_or_default();
            if inside.len() + 1 == rest.len() {
                return Err(wrong(text, at, &format!("a closing {first}")));
            }
            let token = if first == '\'' { Token::Text } else { Token::Column };
            (inside.len() + 2, token(inside.to_owned()))
        } else if first.is_ascii_digit() || matches!(first, '-' | '+' | '.') {
            // The sign of an exponent belongs to the number.
            let mut before = ' ';
            let length = rest
                .char_indices()
                .find(|&(i, c)| {
                    let sign = matches!(c, '-' | '+') && (i == 0 || matches!(before, 'e' | 'E'));
                    before = c;
                    !(sign || word(c))
                })
                .map_or(rest.len(), |(i, _)| i);
            let number = rest[..length].parse().ok().filter(|number: &f64| number.is_finite());
            (length, Token::Number(number.ok_or_else(|| wrong(text, at, "a number"))?))
        } else if word(first) {
            let length = rest.find(|c| !word(c)).unwrap_or(rest.len());
            (length, Token::Word(rest[..length].to_owned()))
        } else {
            return Err(wrong(text, at, "a column, a number, a text or a comparison"));
        };
        tokens.push((at, token));
        at += length;
    }
    Ok(tokens)
}

struct Reader<'a> {
    text: &'a str,
    tokens: Peekable<IntoIter<(usize, Token)>>,
}

impl Reader<'_> {
    /// Takes the next token when it is this word, in any case.
    fn word(&mut self, wanted: &str) -> bool {
        let is = |(_, token): &(usize, Token)| matches!(token, Token::Word(word) if word.eq_ignore_ascii_case(wanted));
        self.tokens.next_if(is).is_some()
    }

    fn sign(&mut self, wanted: &[&str]) -> Option<&'static str> {
        let is = |(_, token): &(usize, Token)| matches!(token, Token::Sign(sign) if wanted.contains(sign));
        match self.tokens.next_if(is) {
            Some((_, Token::Sign(sign))) => Some(sign),
            _ => None,
        }
    }

    fn any_of(&mut self) -> Result<Expr> {
        let mut all = self.all_of()?;
        while self.word("or") {
            all = all.or(self.all_of()?);
        }
        Ok(all)
    }

    fn all_of(&mut self) -> Result<Expr> {
        let mut all = self.one()?;
        while self.word("and") {
            all = all.and(self.one()?);
        }
        Ok(all)
    }

    fn one(&mut self) -> Result<Expr> {
        if self.word("not") {
            return Ok(self.one()?.not());
        }
        if self.sign(&["("]).is_some() {
            let inside = self.any_of()?;
            let closed = self.sign(&[")"]).is_some();
            return if closed { Ok(inside) } else { Err(self.unexpected("a closing )")) };
        }
        let left = self.value()?;
        Ok(match self.sign(&SIGNS[..8]) {
            Some("<") => left.lt(self.value()?),
            Some("<=") => left.lt_eq(self.value()?),
            Some(">") => left.gt(self.value()?),
            Some(">=") => left.gt_eq(self.value()?),
            Some("=" | "==") => left.eq(self.value()?),
            Some(_) => left.neq(self.value()?),
            None => left,
        })
    }

    fn value(&mut self) -> Result<Expr> {
        let is = |(_, token): &(usize, Token)| !matches!(token, Token::Sign(_));
        match self.tokens.next_if(is) {
            Some((_, Token::Word(name) | Token::Column(name))) => Ok(col(name)),
            Some((_, Token::Number(number))) => Ok(lit(number)),
            Some((_, Token::Text(text))) => Ok(lit(text)),
            _ => Err(self.unexpected("a column, a number or a text")),
        }
    }

    fn unexpected(&mut self, expected: &str) -> Error {
        let at = self.tokens.peek().map_or(self.text.len(), |(at, _)| *at);
        wrong(self.text, at, expected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::{IntoLazy, df};

    fn kept(text: &str) -> Vec<i32> {
        let table = df!(
            "n" => [1, 2, 3, 4],
            "mag_r" => [16.0, 17.5, 18.0, -1.5],
            "class" => ["ring", "bar", "ring", "a 'b"],
            "my column" => [true, false, true, false]
        );
        let table = table.unwrap().lazy().filter(condition(text).unwrap()).collect().unwrap();
        table.column("n").unwrap().i32().unwrap().iter().flatten().collect()
    }

    #[test]
    fn conditions_keep_the_rows_they_say() {
        for (text, rows) in [
            ("mag_r < 17.5", vec![1, 4]),
            ("mag_r<=17.5 and class != 'ring'", vec![2, 4]),
            ("class == 'ring' or n = 2", vec![1, 2, 3]),
            // `and` binds more than `or`, `not` more than both.
            ("n = 1 or n = 2 and mag_r > 100", vec![1]),
            ("(n = 1 or n = 2) AND mag_r > 16.5", vec![2]),
            ("not n > 1", vec![1]),
            ("not (n > 1 and n < 4)", vec![1, 4]),
            ("`my column`", vec![1, 3]),
            ("not \"my column\" and mag_r >= -1.5e0", vec![2, 4]),
            ("mag_r = -15e-1", vec![4]),
            ("2 < n", vec![3, 4]),
        ] {
            assert_eq!(kept(text), rows, "{text}");
        }
    }

    #[test]
    fn what_is_no_condition_is_refused_with_the_place() {
        for (text, words) in [
            ("mag_r <", "its end"),
            ("mag_r < 17.5 class", "\"class\""),
            ("(n = 1", "closing )"),
            ("class = 'ring", "closing '"),
            ("n = 1.2.3", "a number"),
            ("n & 1", "\"& 1\""),
            ("", "a column"),
            ("n = 1)", "\")\""),
        ] {
            let message = condition(text).unwrap_err().to_string();
            assert!(message.contains(words), "{text}: {message}");
        }
    }
}
