//! Parses the text of a condition into a tree.

use super::number::Number;
use std::iter::Peekable;
use std::vec::IntoIter;
use zoobot_base::error::{Error, Result};

/// The deepest nesting of parentheses and `not`: each level needs room on the stack.
const DEEPEST: usize = 100;
/// Words for "no value" after `is`.
const NOTHING: [&str; 6] = ["null", "missing", "empty", "nan", "none", "na"];

/// A condition, as a tree.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    Or(Vec<Node>),
    And(Vec<Node>),
    Not(Box<Node>),
    Compare(Value, Sign, Value),
    /// The value is missing.
    Missing(Value),
    /// The value is itself true or false.
    Holds(Value),
}

/// An operand of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Column(Name),
    Number(Number),
    Text(String),
    Truth(bool),
}

/// The name of a column, and the quotes it was written in.
#[derive(Debug, Clone, PartialEq)]
pub struct Name {
    pub name: String,
    pub quote: Option<char>,
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    Different,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// A word without quotes: a column, or a word of the language.
    Word(String),
    /// The name of a column in quotes.
    Column(String, char),
    Number(Number),
    Text(String),
    /// A comparison or a parenthesis.
    Sign(&'static str),
}

const SIGNS: [&str; 11] = ["<=", ">=", "==", "!=", "<>", "<", ">", "=", "(", ")", ","];
/// Spellings from other languages, with this language's words.
const WORDS: [(&str, &str); 4] = [("&&", "and"), ("||", "or"), ("&", "and"), ("|", "or")];
/// The error's advice where a condition tries to calculate.
const NO_SUMS: &str = "a comparison (a condition does not calculate: compare a column with a number, \
                       or add a column to the table first)";

/// Reads a condition.
pub fn read(text: &str) -> Result<Node> {
    let mut reader = Reader { text, tokens: tokens(text)?.into_iter().peekable(), depth: 0 };
    let condition = reader.any_of()?;
    match reader.tokens.next() {
        None => Ok(condition),
        Some((at, _)) => Err(wrong(text, at, "\"and\" or \"or\"")),
    }
}

fn wrong(text: &str, at: usize, expected: &str) -> Error {
    let rest = &text[at.min(text.len())..];
    let place = if rest.is_empty() { "its end".to_owned() } else { format!("{rest:?}") };
    let before = text[..at].chars().next_back();
    let hint = match (rest.chars().next(), before) {
        (Some('-' | '+' | '/' | '*' | '[' | '(' | '#' | ':' | '%'), Some(before))
            if before.is_alphanumeric() || before == '_' =>
        {
            ". A column whose name has such a character is written in backticks, as in `a-b`"
        }
        _ => "",
    };
    let problem = format!("the condition {text:?} cannot be understood at {place}");
    Error::unsuitable(problem, format!("It needs {expected} there{hint}"))
}

/// The tokens, each with its position in the text.
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
        } else if let Some((sign, word)) = WORDS.iter().find(|(sign, _)| rest.starts_with(sign)) {
            (sign.len(), Token::Word((*word).to_owned()))
        } else if matches!(first, '\'' | '"' | '`') {
            let Some((inside, length)) = quoted(rest, first) else {
                return Err(wrong(text, at, &format!("a closing {first}")));
            };
            let token =
                if first == '\'' { Token::Text(inside) } else { Token::Column(inside, first) };
            (length, token)
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
            let number = Number::read(&rest[..length]);
            let expected = if length == 1 { NO_SUMS } else { "a number" };
            (length, Token::Number(number.ok_or_else(|| wrong(text, at, expected))?))
        } else if word(first) {
            let length = rest.find(|c| !word(c)).unwrap_or(rest.len());
            (length, Token::Word(rest[..length].to_owned()))
        } else {
            let sum = matches!(first, '*' | '/' | '^' | '%');
            let expected = if sum { NO_SUMS } else { "a column, a number, a text or a comparison" };
            return Err(wrong(text, at, expected));
        };
        tokens.push((at, token));
        at += length;
    }
    Ok(tokens)
}

/// The content of the quotes at the start of a text, where a doubled quote means one quote, and its length
/// including the quotes.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut inside = String::new();
    let mut rest = text[1..].char_indices().peekable();
    while let Some((i, c)) = rest.next() {
        if c != quote {
            inside.push(c);
        } else if rest.next_if(|&(_, next)| next == quote).is_some() {
            inside.push(quote);
        } else {
            return Some((inside, i + 2));
        }
    }
    None
}

struct Reader<'a> {
    text: &'a str,
    tokens: Peekable<IntoIter<(usize, Token)>>,
    depth: usize,
}

impl Reader<'_> {
    /// Consumes the next token if it is this word, in any case.
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

    fn any_of(&mut self) -> Result<Node> {
        let mut all = vec![self.all_of()?];
        while self.word("or") {
            all.push(self.all_of()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Node::Or(all) })
    }

    fn all_of(&mut self) -> Result<Node> {
        let mut all = vec![self.one()?];
        while self.word("and") {
            all.push(self.one()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Node::And(all) })
    }

    fn one(&mut self) -> Result<Node> {
        self.depth += 1;
        if self.depth > DEEPEST {
            let problem = format!("the condition {:?} is nested too deeply", self.text);
            let hint = format!("Write at most {DEEPEST} parentheses and \"not\" inside each other");
            return Err(Error::unsuitable(problem, hint));
        }
        let one = self.deeper();
        self.depth -= 1;
        one
    }

    fn deeper(&mut self) -> Result<Node> {
        if self.word("not") {
            return Ok(Node::Not(Box::new(self.one()?)));
        }
        if self.sign(&["("]).is_some() {
            let inside = self.any_of()?;
            let closed = self.sign(&[")"]).is_some();
            return if closed { Ok(inside) } else { Err(self.unexpected("a closing )")) };
        }
        let left = self.value()?;
        if self.word("is") {
            let not = self.word("not");
            if !NOTHING.into_iter().any(|word| self.word(word)) {
                return Err(self.unexpected("\"missing\" or \"null\" after \"is\""));
            }
            let missing = Node::Missing(left);
            return Ok(if not { Node::Not(Box::new(missing)) } else { missing });
        }
        let not = self.word("not");
        if self.word("in") {
            let any =
                self.listed()?.into_iter().map(|it| Node::Compare(left.clone(), Sign::Equal, it));
            let any = Node::Or(any.collect());
            return Ok(if not { Node::Not(Box::new(any)) } else { any });
        }
        if self.word("between") {
            let least = Node::Compare(left.clone(), Sign::GreaterOrEqual, self.value()?);
            if !self.word("and") {
                return Err(self.unexpected("\"and\" and the upper limit"));
            }
            let both =
                Node::And(vec![least, Node::Compare(left, Sign::LessOrEqual, self.value()?)]);
            return Ok(if not { Node::Not(Box::new(both)) } else { both });
        }
        if ["like", "ilike", "contains", "startswith"].into_iter().any(|word| self.word(word)) {
            return Err(
                self.unexpected("a comparison of whole texts, with = or in, instead of a pattern")
            );
        }
        if not {
            return Err(self.unexpected("\"in\" or \"between\" after \"not\""));
        }
        let sign = match self.sign(&SIGNS[..8]) {
            Some("<") => Sign::Less,
            Some("<=") => Sign::LessOrEqual,
            Some(">") => Sign::Greater,
            Some(">=") => Sign::GreaterOrEqual,
            Some("=" | "==") => Sign::Equal,
            Some(_) => Sign::Different,
            None => return Ok(Node::Holds(left)),
        };
        Ok(Node::Compare(left, sign, self.value()?))
    }

    /// The values in parentheses after "in".
    fn listed(&mut self) -> Result<Vec<Value>> {
        if self.sign(&["("]).is_none() {
            return Err(self.unexpected("values in parentheses, such as ('ring', 'spiral'),"));
        }
        let mut all = vec![self.value()?];
        while self.sign(&[","]).is_some() {
            all.push(self.value()?);
        }
        match self.sign(&[")"]) {
            Some(_) => Ok(all),
            None => Err(self.unexpected("a comma or a closing )")),
        }
    }

    fn value(&mut self) -> Result<Value> {
        let is = |(_, token): &(usize, Token)| match token {
            Token::Sign(_) => false,
            Token::Word(word) => {
                !["and", "or", "not", "is"].iter().any(|it| word.eq_ignore_ascii_case(it))
            }
            _ => true,
        };
        Ok(match self.tokens.next_if(is) {
            Some((_, Token::Word(word))) if word.eq_ignore_ascii_case("true") => Value::Truth(true),
            Some((_, Token::Word(word))) if word.eq_ignore_ascii_case("false") => {
                Value::Truth(false)
            }
            Some((_, Token::Word(name))) => Value::Column(Name { name, quote: None }),
            Some((_, Token::Column(name, quote))) => {
                Value::Column(Name { name, quote: Some(quote) })
            }
            Some((_, Token::Number(number))) => Value::Number(number),
            Some((_, Token::Text(text))) => Value::Text(text),
            _ => return Err(self.unexpected("a column, a number or a text")),
        })
    }

    fn unexpected(&mut self, expected: &str) -> Error {
        let at = self.tokens.peek().map_or(self.text.len(), |(at, _)| *at);
        wrong(self.text, at, expected)
    }
}
