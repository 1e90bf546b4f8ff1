//! Where the code of a cell checks the stop button: at the head of every loop, function and
//! closure, and before each statement of the cell itself.
//!
//! The calls are inserted into the compiled source, on the lines of the user's code; the columns
//! that rustc reports are converted back (see [`Source::column`](crate::source::Source::column)).
//! Constant expressions, functions that no panic may leave, and macros are left alone, except for
//! macros of the standard library that take expressions.

use ra_ap_syntax::ast::{self, AstNode, HasLoopBody, HasName};
use ra_ap_syntax::{Edition, NodeOrToken, SourceFile, SyntaxKind, SyntaxNode, SyntaxToken, T};

/// Macros whose arguments are expressions that are evaluated in place.
const MACROS: [&str; 19] = [
    "assert",
    "assert_eq",
    "assert_ne",
    "dbg",
    "debug_assert",
    "eprint",
    "eprintln",
    "format",
    "matches",
    "panic",
    "print",
    "println",
    "thread_local",
    "time",
    "todo",
    "unreachable",
    "vec",
    "write",
    "writeln",
];

/// A text to insert into the code of a cell or an item.
#[derive(Debug, Clone, PartialEq)]
pub struct Insertion {
    /// Byte offset.
    pub at: usize,
    /// Whether it belongs to the code before it rather than to the code after it.
    pub closes: bool,
    /// The call or text.
    pub what: Call,
}

/// What is inserted.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// A place where the cell can be stopped.
    Stop,
    /// The head of a function.
    Enter,
    /// The start of a block around a closure's expression.
    Open,
    /// Any text.
    Text(String),
}

impl Insertion {
    fn opening(at: usize, what: Call) -> Self {
        Self { at, closes: false, what }
    }

    /// Inserts text before the code at `at`.
    pub fn before(at: usize, text: String) -> Self {
        Self::opening(at, Call::Text(text))
    }

    /// Inserts text after the code that ends at `at`.
    pub fn behind(at: usize, text: String) -> Self {
        Self { at, closes: true, what: Call::Text(text) }
    }

    /// Its text in cell number `number`.
    pub fn text(&self, number: usize) -> String {
        match &self.what {
            Call::Stop => format!("::zoobot::notebook::cell::stop_point({number}); "),
            Call::Enter => format!("::zoobot::notebook::cell::enter({number}); "),
            Call::Open => format!("{{ ::zoobot::notebook::cell::stop_point({number}); "),
            Call::Text(text) => text.clone(),
        }
    }
}

/// The points in a node, as byte offsets relative to `base`.
pub fn points(node: &SyntaxNode, base: usize) -> Vec<Insertion> {
    let mut finder = Finder { base: -offset(base), found: Vec::new() };
    finder.visit(node, false);
    finder.found
}

/// The point before a statement of the cell.
pub fn before(statement: &SyntaxNode, base: usize) -> Insertion {
    Insertion::opening(usize::from(statement.text_range().start()) - base, Call::Stop)
}

struct Finder {
    /// Added to the offsets of a tree.
    base: isize,
    found: Vec<Insertion>,
}

impl Finder {
    fn visit(&mut self, node: &SyntaxNode, constant: bool) {
        match node.kind() {
            SyntaxKind::FN => {
                if let Some(function) = ast::Fn::cast(node.clone())
                    && may_unwind(&function)
                    && let Some(body) = function.body()
                {
                    self.head(&body, Call::Enter);
                    self.children(body.syntax(), false);
                }
            }
            SyntaxKind::CLOSURE_EXPR => {
                if let Some(body) = ast::ClosureExpr::cast(node.clone()).and_then(|it| it.body()) {
                    self.closure(&body);
                }
            }
            SyntaxKind::FOR_EXPR | SyntaxKind::WHILE_EXPR | SyntaxKind::LOOP_EXPR => {
                let body = ast::ForExpr::cast(node.clone()).and_then(|it| it.loop_body());
                let body = body
                    .or_else(|| ast::WhileExpr::cast(node.clone()).and_then(|it| it.loop_body()));
                let body = body
                    .or_else(|| ast::LoopExpr::cast(node.clone()).and_then(|it| it.loop_body()));
                if let Some(body) = body.filter(|_| !constant) {
                    self.head(&body, Call::Stop);
                }
                self.children(node, constant);
            }
            SyntaxKind::CONST
            | SyntaxKind::STATIC
            | SyntaxKind::CONST_ARG
            | SyntaxKind::VARIANT => {
                self.children(node, true);
            }
            SyntaxKind::BLOCK_EXPR => {
                let block = ast::BlockExpr::cast(node.clone()).and_then(|block| block.modifier());
                let is_const = matches!(block, Some(ast::BlockModifier::Const(_)));
                self.children(node, constant || is_const);
            }
            SyntaxKind::ARRAY_EXPR => {
                let kind = ast::ArrayExpr::cast(node.clone()).map(|array| array.kind());
                match kind {
                    Some(ast::ArrayExprKind::Repeat { initializer: Some(value), .. }) => {
                        self.visit(value.syntax(), constant);
                    }
                    _ => self.children(node, constant),
                }
            }
            SyntaxKind::MACRO_CALL => {
                if let Some(call) = ast::MacroCall::cast(node.clone()) {
                    self.arguments(&call, constant);
                }
            }
            // Patterns and their expansions alternate.
            SyntaxKind::MACRO_RULES => {
                let rules = node.children().find(|it| it.kind() == SyntaxKind::TOKEN_TREE);
                let trees = rules.iter().flat_map(SyntaxNode::children);
                trees.skip(1).step_by(2).for_each(|tree| self.tokens(&tree));
            }
            SyntaxKind::MACRO_DEF => {}
            _ => self.children(node, constant),
        }
    }

    fn children(&mut self, node: &SyntaxNode, constant: bool) {
        for child in node.children() {
            self.visit(&child, constant);
        }
    }

    fn head(&mut self, body: &ast::BlockExpr, call: Call) {
        let list = body.stmt_list();
        let Some(brace) = list.as_ref().and_then(ast::StmtList::l_curly_token) else { return };
        // `#![allow(...)]` has to stay first.
        let attributes = list.iter().flat_map(|list| list.syntax().children());
        let attributes = attributes.filter(|child| {
            let first = child.children_with_tokens().nth(1);
            child.kind() == SyntaxKind::ATTR && first.is_some_and(|next| next.kind() == T![!])
        });
        let end = attributes.map(|attribute| attribute.text_range().end()).last();
        let end = end.unwrap_or_else(|| brace.text_range().end());
        self.add(usize::from(end), false, call);
    }

    fn closure(&mut self, body: &ast::Expr) {
        match body {
            ast::Expr::BlockExpr(block) if block.modifier().is_none() => {
                self.head(block, Call::Stop);
                self.children(block.syntax(), false);
            }
            _ => {
                let range = body.syntax().text_range();
                self.add(range.start().into(), false, Call::Open);
                self.visit(body.syntax(), false);
                self.add(range.end().into(), true, Call::Text(" }".to_owned()));
            }
        }
    }

    /// Finds the loops in the expansion of a macro, which is not parsed yet: a block after `loop`,
    /// `while` or `for … in`.
    fn tokens(&mut self, tree: &SyntaxNode) {
        let mut looping = None;
        for element in tree.children_with_tokens() {
            match element {
                NodeOrToken::Token(token) => match token.kind() {
                    // This may be a function that is called in a constant.
                    SyntaxKind::CONST_KW => return,
                    kind @ (T![loop] | T![while] | T![for] | T![in]) => {
                        looping = match (looping, kind) {
                            (Some(T![for]), T![in]) => Some(T![loop]),
                            (_, T![in]) => None,
                            _ => Some(kind),
                        };
                    }
                    _ => {}
                },
                NodeOrToken::Node(inner) => {
                    let first = inner.first_token().filter(|it| it.kind() == T!['{']);
                    if let Some(brace) = first
                        && matches!(looping.take(), Some(T![loop] | T![while]))
                    {
                        self.add(brace.text_range().end().into(), false, Call::Stop);
                    }
                    self.tokens(&inner);
                }
            }
        }
    }

    /// Visits the arguments of a macro, parsed like those of a function.
    fn arguments(&mut self, call: &ast::MacroCall, constant: bool) {
        let name = call.path().and_then(|path| path.segment()).map(|last| last.to_string());
        let tree = call.token_tree().map(|tree| tree.syntax().clone());
        let (Some(name), Some(tree)) = (name, tree) else { return };
        if !MACROS.contains(&name.as_str()) {
            return;
        }
        let text = tree.text().to_string();
        let Some(inner) = text.get(1..text.len().saturating_sub(1)) else { return };
        let before = if name == "thread_local" { "" } else { "fn f() { f(" };
        let behind = if name == "thread_local" { ";" } else { ") }" };
        let parsed = SourceFile::parse(&format!("{before}{inner}{behind}"), Edition::Edition2024);
        // Not function arguments, as in `vec![x; 3]`, or patterns.
        if name != "thread_local" && !parsed.errors().is_empty() {
            return;
        }
        let start = offset(usize::from(tree.text_range().start()) + 1) + self.base;
        let mut finder = Self { base: start - offset(before.len()), found: Vec::new() };
        let root = parsed.tree();
        let function = root.syntax().children().find_map(ast::Fn::cast);
        match function.and_then(|function| function.body()) {
            Some(body) => finder.children(body.syntax(), constant),
            None => finder.children(root.syntax(), true),
        }
        self.found.extend(finder.found);
    }

    fn add(&mut self, at: usize, closes: bool, what: Call) {
        if let Ok(at) = usize::try_from(offset(at) + self.base) {
            self.found.push(Insertion { at, closes, what });
        }
    }
}

/// Whether a panic may leave a function: its ABI allows unwinding, and it is neither `Drop::drop`
/// nor `const`.
fn may_unwind(function: &ast::Fn) -> bool {
    let abi = function.abi().map(|abi| abi.to_string());
    let rust = abi.is_none_or(|abi| abi.contains("\"Rust\"") || abi.contains("-unwind\""));
    let parent = function.syntax().ancestors().find_map(ast::Impl::cast);
    let dropped =
        parent.and_then(|it| it.trait_()).is_some_and(|it| it.to_string().ends_with("Drop"))
            && function.name().is_some_and(|name| name.text() == "drop");
    rust && !dropped && function.const_token().is_none()
}

fn offset(at: usize) -> isize {
    isize::try_from(at).unwrap_or(isize::MAX)
}

/// The first token of a node that is not an attribute, a comment or whitespace.
pub fn first_token(node: &SyntaxNode) -> Option<SyntaxToken> {
    let mut elements = node.children_with_tokens();
    elements.find_map(|element| match element.kind() {
        SyntaxKind::ATTR | SyntaxKind::COMMENT | SyntaxKind::WHITESPACE => None,
        _ => match element {
            NodeOrToken::Node(node) => node.first_token(),
            NodeOrToken::Token(token) => Some(token),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The code with `S` at each stop point, `E` at the head of each function, and `{` and `}`
    /// around each added block.
    fn marked(code: &str) -> String {
        let parsed = SourceFile::parse(code, Edition::Edition2024);
        assert!(parsed.errors().is_empty(), "{code}");
        let mut found = points(parsed.tree().syntax(), 0);
        found.sort_by_key(|insertion| insertion.at);
        let mut text = code.to_owned();
        for insertion in found.iter().rev() {
            let mark = match &insertion.what {
                Call::Stop => "S",
                Call::Enter => "E",
                Call::Open => "{S",
                Call::Text(text) => text.trim(),
            };
            text.insert_str(insertion.at, mark);
        }
        text
    }

    #[test]
    fn loops_functions_and_closures_look_at_the_button() {
        for (code, wanted) in [
            ("fn f() { for i in 0..3 { g(i); } }", "fn f() {E for i in 0..3 {S g(i); } }"),
            ("fn f() { 'a: loop { break 'a; } }", "fn f() {E 'a: loop {S break 'a; } }"),
            ("fn f() { while g() {} }", "fn f() {E while g() {S} }"),
            (
                "fn f() { while let Some(x) = g({ 1 }) {} }",
                "fn f() {E while let Some(x) = g({ 1 }) {S} }",
            ),
            ("fn f() { g(|x| x + 1) }", "fn f() {E g(|x| {Sx + 1}) }"),
            ("fn f() { g(|x| |y| x + y) }", "fn f() {E g(|x| {S|y| {Sx + y}}) }"),
            ("fn f() { g(move |x| -> u8 { x }) }", "fn f() {E g(move |x| -> u8 {S x }) }"),
            ("fn f() { #![allow(x)] g() }", "fn f() { #![allow(x)]E g() }"),
            (
                "impl A { async fn f(&self) { loop {} } }",
                "impl A { async fn f(&self) {E loop {S} } }",
            ),
            ("fn f() { println!(\"{}\", g(|x| x)) }", "fn f() {E println!(\"{}\", g(|x| {Sx})) }"),
            ("fn f() { vec![g(|| 1); 2] }", "fn f() {E vec![g(|| 1); 2] }"),
            ("fn f() { let a = time!(loop { }); }", "fn f() {E let a = time!(loop {S }); }"),
            ("fn f() { g(|| async { 1 }) }", "fn f() {E g(|| {Sasync { 1 }}) }"),
            (
                "macro_rules! m { (loop {}) => { loop {} }; ($a:expr) => (while g(({ 1 })) { $a }) }",
                "macro_rules! m { (loop {}) => { loop {S} }; ($a:expr) => (while g(({ 1 })) {S $a }) }",
            ),
            (
                "macro_rules! m { ($a:pat, $b:expr) => { f(|| { for $a in $b { g(); } }) } }",
                "macro_rules! m { ($a:pat, $b:expr) => { f(|| { for $a in $b {S g(); } }) } }",
            ),
        ] {
            assert_eq!(marked(code), wanted);
        }
    }

    #[test]
    fn what_is_constant_or_must_not_unwind_is_left_alone() {
        for code in [
            "const fn f() { loop {} }",
            "extern \"C\" fn f() { loop { g(|x| x) } }",
            "impl Drop for A { fn drop(&mut self) { loop {} } }",
            "const A: u8 = loop { break 1 };",
            "static A: [u8; { loop { break 1 } }] = [0];",
            "macro_rules! m { () => { const A: u8 = loop { break 1 }; } }",
            "macro_rules! m { (loop { $a:expr }) => { impl A for B { } } }",
            "macro_rules! m { () => { fn f<T: for<'a> Fn(&'a u8)>() { } } }",
            "enum A { B = { loop { break 1 } } }",
        ] {
            assert_eq!(marked(code), code);
        }
        assert_eq!(
            marked("static A: L = L::new(|| loop {});"),
            "static A: L = L::new(|| {Sloop {S}});"
        );
        assert_eq!(
            marked("fn f() { g([0; { loop {} }], const { loop {} }) }"),
            "fn f() {E g([0; { loop {} }], const { loop {} }) }"
        );
    }
}
