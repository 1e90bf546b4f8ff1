//! Determines what is before the cursor.

use ra_ap_syntax::ast::AstNode;
use ra_ap_syntax::{Edition, NodeOrToken, SourceFile, SyntaxKind};
use std::ops::Range;

/// The name at the cursor and where to look it up.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// The byte range of the name as typed so far.
    pub name: Range<usize>,
    /// Where to look it up.
    pub scope: Scope,
}

/// Where a name is looked up.
#[derive(Debug, Clone, PartialEq)]
pub enum Scope {
    /// Among the members of the value of the expression in this byte range.
    Members(Range<usize>),
    /// In a type or module.
    Path(String),
    /// Among everything in scope.
    All,
    /// Among the columns of tables: inside a string that is an argument.
    Columns,
    /// Nowhere: inside a comment, or inside a string that is not an argument.
    Nothing,
}

impl Place {
    /// The place before byte `at`.
    pub fn before(code: &str, at: usize) -> Self {
        if let Some(from) = argument_text(code, at) {
            return Self { name: from..at, scope: Scope::Columns };
        }
        let start = word_start(code, at);
        let name = start..at;
        let before = code[..start].trim_end();
        let scope =
            if in_text(code, at) || code[name.clone()].starts_with(|c: char| c.is_ascii_digit()) {
                Scope::Nothing
            } else if before.ends_with('.') && !before.ends_with("..") {
                let end = before.len() - 1;
                match expression_start(code, end) {
                    Some(from) => Scope::Members(from..code[..end].trim_end().len()),
                    None => Scope::Nothing,
                }
            } else if before.len() == start && before.ends_with("::") {
                let end = start - 2;
                let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
                let from = code[..end].rfind(|c| !is_path(c)).map_or(0, |i| next(code, i));
                Scope::Path(code[from..end].trim_start_matches(':').to_owned())
            } else {
                Scope::All
            };
        Self { name, scope }
    }

    /// The place of the whole name at byte `at`, or of the function whose arguments are there.
    pub fn around(code: &str, at: usize) -> Self {
        let end = at + code[at..].find(|c| !is_word(c)).unwrap_or(code.len() - at);
        let start = word_start(code, end);
        if code[start..end].starts_with(|c: char| !c.is_ascii_digit()) {
            return Self::before(code, end);
        }
        let mut depth = 0;
        for (i, c) in code[..at].char_indices().rev() {
            match c {
                ')' | ']' | '}' => depth += 1,
                '(' if depth == 0 => {
                    return Self::before(code, code[..i].trim_end_matches('!').len());
                }
                '(' | '[' | '{' => depth -= 1,
                _ => {}
            }
        }
        Self { name: at..at, scope: Scope::Nothing }
    }
}

/// The end of the last complete statement before byte `at` that is not inside braces.
pub fn statements_end(code: &str, at: usize) -> usize {
    let tree = SourceFile::parse(&code[..at], Edition::Edition2024).tree();
    let mut depth = 0;
    let mut end = 0;
    for token in tree.syntax().descendants_with_tokens().filter_map(NodeOrToken::into_token) {
        match token.kind() {
            SyntaxKind::L_PAREN | SyntaxKind::L_BRACK | SyntaxKind::L_CURLY => depth += 1,
            SyntaxKind::R_PAREN | SyntaxKind::R_BRACK => depth -= 1,
            SyntaxKind::R_CURLY => {
                depth -= 1;
                if depth == 0 {
                    end = token.text_range().end().into();
                }
            }
            SyntaxKind::SEMICOLON if depth == 0 => end = token.text_range().end().into(),
            _ => {}
        }
    }
    end
}

/// The closing brackets and braces for those that are open at byte `at`.
pub fn closing(code: &str, at: usize) -> String {
    let tree = SourceFile::parse(&code[..at], Edition::Edition2024).tree();
    let mut open = Vec::new();
    for token in tree.syntax().descendants_with_tokens().filter_map(NodeOrToken::into_token) {
        match token.kind() {
            SyntaxKind::L_PAREN => open.push(')'),
            SyntaxKind::L_BRACK => open.push(']'),
            SyntaxKind::L_CURLY => open.push('}'),
            SyntaxKind::R_PAREN | SyntaxKind::R_BRACK | SyntaxKind::R_CURLY => {
                open.pop();
            }
            _ => {}
        }
    }
    open.iter().rev().collect()
}

/// Where the expression that ends at byte `end` begins: names, paths, calls, indices, `?` and
/// strings, joined by dots.
fn expression_start(code: &str, end: usize) -> Option<usize> {
    let mut at = code[..end].trim_end().len();
    let mut start = None;
    loop {
        let before = &code[..at];
        let c = before.chars().next_back();
        match c {
            Some(')' | ']') => at = bracket_start(before)?,
            Some('?' | '!') => {
                at -= 1;
                continue;
            }
            Some('>') => at = turbofish_start(before)?,
            Some('"') => at = before[..at - 1].rfind('"')?,
            Some(c) if is_word(c) => at = word_start(code, at),
            _ => return start,
        }
        start = Some(at);
        let before = code[..at].trim_end();
        let called = c != Some('"') && code[at..].starts_with(['(', '[', '<']);
        if let Some(rest) = before.strip_suffix("::").or_else(|| before.strip_suffix('.')) {
            at = rest.trim_end().len();
        } else if called
            && before.ends_with(|c: char| is_word(c) || matches!(c, ')' | ']' | '>' | '!' | '?'))
        {
            // The name that is called or indexed, which is never a keyword.
            let word = &before[word_start(before, before.len())..];
            if ["in", "return", "match", "if", "while", "let", "mut", "else"].contains(&word) {
                return start;
            }
            at = before.len();
        } else {
            return start;
        }
    }
}

fn bracket_start(before: &str) -> Option<usize> {
    let mut depth = 0;
    let mut in_text = false;
    for (i, c) in before.char_indices().rev() {
        match c {
            '"' if !before[..i].ends_with('\\') => in_text = !in_text,
            _ if in_text => {}
            ')' | ']' | '}' => depth += 1,
            '(' | '[' | '{' => {
                depth -= 1;
                if depth == 0 {
                    return Some(i);
                }
            }
            _ => {}
        }
    }
    None
}

/// The position of the first `<` in `name::<A<B>>`.
fn turbofish_start(before: &str) -> Option<usize> {
    let mut depth = 0;
    for (i, c) in before.char_indices().rev() {
        depth += i32::from(c == '>') - i32::from(c == '<');
        if depth == 0 {
            return before[..i].ends_with("::").then_some(i);
        }
    }
    None
}

/// Parts of the names of functions whose string arguments are files, folders and messages.
const NO_COLUMNS: [&str; 15] = [
    "read", "write", "save", "load", "open", "path", "file", "folder", "dir", "expect", "input",
    "password", "env", "join", "title",
];

/// Where the string at byte `at` begins, if it is the argument of a function that may take a
/// column.
fn argument_text(code: &str, at: usize) -> Option<usize> {
    if !in_text(code, at) {
        return None;
    }
    let tree = SourceFile::parse(&code[..at], Edition::Edition2024).tree();
    let text = tree.syntax().last_token().filter(|token| token.kind() == SyntaxKind::STRING)?;
    let begin: usize = text.text_range().start().into();
    let mut open: Vec<usize> = Vec::new();
    for token in tree.syntax().descendants_with_tokens().filter_map(NodeOrToken::into_token) {
        match token.kind() {
            SyntaxKind::L_PAREN | SyntaxKind::L_BRACK | SyntaxKind::L_CURLY => {
                open.push(token.text_range().start().into());
            }
            SyntaxKind::R_PAREN | SyntaxKind::R_BRACK | SyntaxKind::R_CURLY => {
                open.pop();
            }
            _ => {}
        }
    }
    // A list of strings, as in `select(["a", "b"])`, belongs to the function around it.
    while let Some(bracket) = open.pop() {
        let before = code[..bracket].trim_end();
        match code[bracket..].chars().next() {
            Some('(') if before.ends_with(is_word) => {
                let name = before[word_start(before, before.len())..].to_lowercase();
                return (!NO_COLUMNS.iter().any(|part| name.contains(part))).then_some(begin + 1);
            }
            Some('[') if !before.ends_with(|c: char| is_word(c) || c == '!') => {}
            _ => return None,
        }
    }
    None
}

fn in_text(code: &str, at: usize) -> bool {
    let tree = SourceFile::parse(&code[..at], Edition::Edition2024).tree();
    let Some(token) = tree.syntax().last_token() else { return false };
    let text = token.text();
    match token.kind() {
        SyntaxKind::COMMENT => !text.starts_with("/*") || !text.ends_with("*/"),
        SyntaxKind::STRING => text.len() < 2 || !text.ends_with('"') || text.ends_with("\\\""),
        _ => false,
    }
}

fn word_start(code: &str, at: usize) -> usize {
    code[..at].rfind(|c| !is_word(c)).map_or(0, |i| next(code, i))
}

fn next(code: &str, i: usize) -> usize {
    i + code[i..].chars().next().map_or(0, char::len_utf8)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The scope at the end of `code`, the receiver as text.
    fn scope(code: &str) -> String {
        match Place::before(code, code.len()).scope {
            Scope::Members(range) => code[range].to_owned(),
            Scope::Path(path) => format!("{path}::"),
            Scope::All => "all".to_owned(),
            Scope::Columns => format!("columns {}", &code[Place::before(code, code.len()).name]),
            Scope::Nothing => "nothing".to_owned(),
        }
    }

    #[test]
    fn the_receiver_of_a_method_is_found() {
        for (code, receiver) in [
            ("galaxies.", "galaxies"),
            ("let x = galaxies.table().clo", "galaxies.table()"),
            ("f(a, b.c[0].", "b.c[0]"),
            ("Catalog::sample()?.he", "Catalog::sample()?"),
            ("a\n    .lazy()\n    .fil", "a\n    .lazy()"),
            ("x.iter().sum::<f64>().", "x.iter().sum::<f64>()"),
            ("df![\"a\" => [1, 2]]?.", "df![\"a\" => [1, 2]]?"),
            ("for x in (0..3).", "(0..3)"),
            ("\"text\".", "\"text\""),
            ("a + b.", "b"),
        ] {
            assert_eq!(scope(code), receiver, "{code}");
        }
    }

    #[test]
    fn paths_names_and_texts_are_told_apart() {
        assert_eq!(scope("zoobot::notebook::di"), "zoobot::notebook::");
        assert_eq!(scope("let a = gal"), "all");
        assert_eq!(scope("0..gal"), "all");
        assert_eq!(scope("println!(\"gal"), "nothing");
        assert_eq!(scope("// gal"), "nothing");
        assert_eq!(scope("1"), "nothing");
        assert_eq!(scope("\"\u{e9}\"; \u{e9}t\u{e9}"), "all");
    }

    #[test]
    fn texts_that_are_arguments_may_be_columns() {
        for (code, wanted) in [
            ("galaxies.column(\"ma", "columns ma"),
            ("galaxies.column(\"", "columns "),
            ("col(\"smooth-or-fea", "columns smooth-or-fea"),
            ("table.select([\"a\", \"b", "columns b"),
            ("scatter(x, y).colour_by(\"cl", "columns cl"),
            ("Finetune::classifier(\"ri", "columns ri"),
            ("galaxies.filter(col(\"ring\").eq(lit(1)))?.labels(\"c", "columns c"),
            ("time!(galaxies.column(\"m", "columns m"),
            ("Catalog::read(\"da", "nothing"),
            ("figure.save(\"da", "nothing"),
            ("println!(\"gal", "nothing"),
            ("let x = \"gal", "nothing"),
            ("f(\"closed\", gal", "all"),
        ] {
            assert_eq!(scope(code), wanted, "{code}");
        }
    }

    #[test]
    fn between_the_brackets_of_a_call_its_function_is_meant() {
        let code = "catalog.gallery(12, f(1))";
        for at in [11, 16, 18] {
            assert_eq!(&code[Place::around(code, at).name], "gallery");
        }
    }

    #[test]
    fn what_is_open_is_closed_in_order() {
        let code = "let c = [1].map(|x| { f(\"(\"); vec![x";
        assert_eq!(closing(code, code.len()), "]})");
    }

    #[test]
    fn statements_end_outside_of_braces() {
        let code = "let a = 1; if a > 0 { b(); }\nlet c = d.map(|x| { e; x.";
        assert_eq!(&code[..statements_end(code, code.len())], "let a = 1; if a > 0 { b(); }");
    }
}
