//! Splits code that may not be Rust into words, numbers, strings and signs.

/// The kind of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A name or keyword.
    Word,
    /// A number.
    Number,
    /// A string in double quotes.
    Text,
    /// A string in single quotes, longer than the one character that Rust allows.
    Single,
    /// One of Rust's character literals or lifetimes.
    Letter,
    /// An operator or bracket.
    Sign,
    /// `//` to the end of the line.
    Comment,
    /// The end of a line.
    Line,
}

/// A piece of code.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Token<'a> {
    /// Its kind.
    pub kind: Kind,
    /// Its text in the code.
    pub text: &'a str,
    /// The byte offset where it begins.
    pub at: usize,
}

impl Token<'_> {
    /// The byte offset after its end.
    pub fn end(&self) -> usize {
        self.at + self.text.len()
    }

    /// Whether it is this sign or word.
    pub fn is(&self, text: &str) -> bool {
        matches!(self.kind, Kind::Word | Kind::Sign) && self.text == text
    }

    /// Whether a value may end with it.
    pub fn ends_value(&self) -> bool {
        match self.kind {
            Kind::Word => !KEYWORDS.contains(&self.text),
            Kind::Number | Kind::Text | Kind::Single | Kind::Letter => true,
            Kind::Sign => matches!(self.text, ")" | "]" | "?"),
            Kind::Comment | Kind::Line => false,
        }
    }

    /// Whether a value may begin with it.
    pub fn begins_value(&self) -> bool {
        match self.kind {
            Kind::Word => !KEYWORDS.contains(&self.text),
            Kind::Number | Kind::Text | Kind::Single | Kind::Letter => true,
            Kind::Sign => matches!(self.text, "(" | "[" | "-"),
            Kind::Comment | Kind::Line => false,
        }
    }
}

/// Words that are not values.
const KEYWORDS: [&str; 12] =
    ["let", "mut", "in", "if", "else", "for", "while", "match", "return", "as", "move", "ref"];
/// Signs of more than one character, the longest first.
const SIGNS: [&str; 20] = [
    "..=", "...", "**", "==", "!=", "<=", ">=", "->", "=>", "+=", "-=", "*=", "/=", "::", "..",
    "&&", "||", "%%", ":=", "<<",
];

/// The tokens of code, without whitespace.
pub fn tokens(code: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(c) = code[at..].chars().next() {
        let rest = &code[at..];
        let (kind, length) = if c == '\n' {
            (Kind::Line, 1)
        } else if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        } else if rest.starts_with("//") {
            (Kind::Comment, rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            (Kind::Comment, rest.find("*/").map_or(rest.len(), |end| end + 2))
        } else if let Some(length) = raw_text(rest) {
            (Kind::Text, length)
        } else if c == '"' {
            (Kind::Text, quoted(rest, '"'))
        } else if c == '\'' {
            single(code, at)
        } else if c.is_ascii_digit() {
            (Kind::Number, number(rest))
        } else if is_word(c) {
            (Kind::Word, rest.find(|c| !is_word(c)).unwrap_or(rest.len()))
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
            (Kind::Sign, sign.map_or(c.len_utf8(), |sign| sign.len()))
        };
        found.push(Token { kind, text: &rest[..length], at });
        at += length;
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of a string in quotes, up to the end of the code if it is not closed.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (i, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return i + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of `r"..."` or `r#"..."#`.
fn raw_text(rest: &str) -> Option<usize> {
    let inner = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'))?;
    let marks = inner.len() - inner.trim_start_matches('#').len();
    let inner = inner[marks..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(marks));
    let start = rest.len() - inner.len();
    Some(inner.find(&close).map_or(rest.len(), |end| start + end + close.len()))
}

/// A lifetime, a character, or a string as Python writes it.
fn single(code: &str, at: usize) -> (Kind, usize) {
    let rest = &code[at..];
    let line = rest.split('\n').next().unwrap_or(rest);
    let close = quoted(line, '\'');
    let closed = close > 1 && line[..close].ends_with('\'');
    let inside = line.get(1..close - usize::from(closed)).unwrap_or_default();
    if closed && (inside.chars().count() == 1 || inside.starts_with('\\') && inside.len() < 11) {
        return (Kind::Letter, close);
    }
    let name = 1 + line[1..].find(|c| !is_word(c)).unwrap_or(line.len() - 1);
    let before = code[..at].trim_end();
    let lifetime = name > 1
        && (before.ends_with(['<', '&', '+'])
            || line[name..].trim_start().starts_with(['>', ':', ',']))
        && !line[name..].starts_with('\'');
    if closed && !lifetime { (Kind::Single, close) } else { (Kind::Letter, name) }
}

/// The length of a number: `1_000`, `0.5`, `1e-3`, `2.0_f64`; but only `0` of `0..3` and `1` of `1.max(2)`.
fn number(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let digits = |from: usize| {
        let end = bytes[from..].iter().position(|b| !(b.is_ascii_alphanumeric() || *b == b'_'));
        end.map_or(bytes.len(), |end| from + end)
    };
    let mut end = digits(0);
    let after = |at: usize| bytes.get(at).copied().unwrap_or_default();
    if after(end) == b'.' && after(end + 1) != b'.' && !after(end + 1).is_ascii_alphabetic() {
        end = digits(end + 1);
    }
    if matches!(after(end), b'+' | b'-')
        && matches!(after(end - 1), b'e' | b'E')
        && !rest.starts_with("0x")
        && after(end + 1).is_ascii_digit()
    {
        end = digits(end + 1);
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(code: &str) -> String {
        let kinds: Vec<String> =
            tokens(code).iter().map(|token| format!("{:?} {}", token.kind, token.text)).collect();
        kinds.join("|")
    }

    #[test]
    fn numbers_end_where_a_range_or_a_method_begins() {
        assert_eq!(kinds("0..3"), "Number 0|Sign ..|Number 3");
        assert_eq!(kinds("1.max(2)"), "Number 1|Sign .|Word max|Sign (|Number 2|Sign )");
        assert_eq!(kinds("1.5e-3*2."), "Number 1.5e-3|Sign *|Number 2.");
    }

    #[test]
    fn characters_lifetimes_and_texts_in_single_quotes_are_told_apart() {
        assert_eq!(kinds("'a' '\\n' '\\u{e9}'"), "Letter 'a'|Letter '\\n'|Letter '\\u{e9}'");
        assert_eq!(kinds("'ring'"), "Single 'ring'");
        assert_eq!(kinds("f('two words')"), "Word f|Sign (|Single 'two words'|Sign )");
        assert_eq!(kinds("''"), "Single ''");
        for code in ["fn f<'a, 'b>(x: &'a str)", "x: &'static str", "impl Trait + 'static"] {
            assert!(!kinds(code).contains("Single"), "{code}: {}", kinds(code));
        }
    }

    #[test]
    fn what_is_inside_of_texts_and_comments_is_no_token() {
        assert_eq!(kinds("\"a # b\" // c # d"), "Text \"a # b\"|Comment // c # d");
        assert_eq!(kinds("r#\"a \" # b\"# x"), "Text r#\"a \" # b\"#|Word x");
        assert_eq!(kinds("\"open"), "Text \"open");
    }
}
