//! Syntax that other languages have and Rust does not, and its counterpart in Rust.

use super::expressions::*;
use super::scan::{Kind, Token, tokens};
use super::statements::*;
use crate::source::Variable;

/// A habit found in the code.
#[derive(Debug, Clone, PartialEq)]
pub struct Habit {
    /// One or two sentences that say how Rust writes it.
    pub advice: String,
    /// The byte offset where it begins.
    pub at: usize,
}

/// Looks for one kind of syntax at a token; returns the advice if it is there.
type Find = fn(&Line<'_>, usize) -> Option<String>;

/// Syntax that is never valid Rust, the most certain first.
const NEVER: [Find; 26] = [
    magic,
    command_line,
    installs,
    question,
    hash_comment,
    import,
    definition,
    class,
    decorator,
    block,
    elif,
    lambda,
    comprehension,
    dictionary,
    f_string,
    triple_quotes,
    single_quotes,
    slice,
    logic,
    is_none,
    membership,
    choice,
    walrus,
    tuple,
    annotated,
    statement,
];
/// Syntax that may be valid Rust; considered only in the line of an error.
const PERHAPS: [Find; 8] =
    [bare_tuple, shell, bare_command, power, last_element, range, truth, pass];

/// The first habit in code that does not compile: in line `line` (from 1), or, without a line,
/// anywhere if it is never valid Rust.
pub fn find(code: &str, line: Option<usize>, variables: &[Variable]) -> Option<Habit> {
    let tokens = without_comments(code);
    let lines = tokens.split(|token| token.kind == Kind::Line).zip(1..);
    let lines: Vec<Line> = lines
        .filter(|(_, number)| line.is_none_or(|line| line == *number))
        .map(|(tokens, _)| Line { tokens, code, variables })
        .collect();
    let perhaps: &[Find] = if line.is_some() { &PERHAPS } else { &[] };
    NEVER.iter().chain(perhaps).find_map(|shape| {
        lines.iter().find_map(|line| {
            (0..line.tokens.len())
                .find_map(|i| Some(Habit { advice: shape(line, i)?, at: line.tokens[i].at }))
        })
    })
}

/// Advice for `x = 5` in this line, which does not define a variable in Rust.
pub fn assignment(code: &str, line: usize) -> Option<String> {
    let tokens = without_comments(code);
    let tokens = tokens.split(|token| token.kind == Kind::Line).nth(line.checked_sub(1)?)?;
    let line = Line { tokens, code, variables: &[] };
    if !line.is(1, "=") {
        return None;
    }
    let (name, value) = (line.word(0)?, line.text(2, tokens.len()).trim_end_matches(';'));
    let value = if value.len() > 40 || value.is_empty() { "..." } else { value };
    Some(format!("a new variable is made with `let`: `let {name} = {value};`."))
}

fn without_comments(code: &str) -> Vec<Token<'_>> {
    tokens(code).into_iter().filter(|token| token.kind != Kind::Comment).collect()
}

/// One line of the code.
pub(super) struct Line<'a> {
    pub(super) tokens: &'a [Token<'a>],
    code: &'a str,
    variables: &'a [Variable],
}

impl<'a> Line<'a> {
    /// The type of a variable of the notebook.
    pub(super) fn ty(&self, name: &str) -> Option<&'a str> {
        let known = self.variables.iter().find(|variable| variable.name == name);
        known.map(|variable| variable.ty.as_str())
    }

    /// The code between token `i` and the previous one.
    pub(super) fn gap(&self, i: usize) -> &'a str {
        let before = i.checked_sub(1).map_or(0, |before| self.tokens[before].end());
        &self.code[before..self.tokens[i].at]
    }

    pub(super) fn is(&self, i: usize, text: &str) -> bool {
        self.tokens.get(i).is_some_and(|token| token.is(text))
    }

    pub(super) fn word(&self, i: usize) -> Option<&'a str> {
        self.tokens.get(i).filter(|token| token.kind == Kind::Word).map(|token| token.text)
    }

    pub(super) fn kind(&self, i: usize) -> Option<Kind> {
        self.tokens.get(i).map(|token| token.kind)
    }

    /// Whether a value ends before token `i`.
    pub(super) fn after_value(&self, i: usize) -> bool {
        i > 0 && self.tokens[i - 1].ends_value()
    }

    /// Whether a value begins at token `i`.
    pub(super) fn value(&self, i: usize) -> bool {
        self.tokens.get(i).is_some_and(Token::begins_value)
    }

    /// Whether token `i` and the next are adjacent.
    pub(super) fn adjacent(&self, i: usize) -> bool {
        self.tokens.get(i + 1).is_some_and(|next| next.at == self.tokens[i].end())
    }

    /// The code from token `from` up to token `to`.
    pub(super) fn text(&self, from: usize, to: usize) -> &'a str {
        match (self.tokens.get(from), to.checked_sub(1).and_then(|to| self.tokens.get(to))) {
            (Some(first), Some(last)) if from < to => &self.code[first.at..last.end()],
            _ => "",
        }
    }

    /// The token that closes the bracket at token `i`.
    pub(super) fn closing(&self, i: usize) -> Option<usize> {
        let mut depth = 0;
        for (k, token) in self.tokens.iter().enumerate().skip(i) {
            if token.kind == Kind::Sign {
                match token.text {
                    "(" | "[" | "{" => depth += 1,
                    ")" | "]" | "}" => depth -= 1,
                    _ => {}
                }
                if depth == 0 {
                    return Some(k);
                }
            }
        }
        None
    }

    /// The first token between `from` and `to` outside of inner brackets that is `text`.
    pub(super) fn outside(&self, from: usize, to: usize, text: &str) -> Option<usize> {
        let mut depth = 0;
        for k in from..to.min(self.tokens.len()) {
            match self.tokens[k].text {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth -= 1,
                found if depth == 0 && found == text && self.tokens[k].kind != Kind::Text => {
                    return Some(k);
                }
                _ => {}
            }
        }
        None
    }
}
