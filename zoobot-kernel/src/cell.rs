//! What can be read from a cell's code before it is compiled: its items, its `let`s, its last
//! expression and the earlier variables it uses.

use crate::items::Item;
use crate::points::{self, Insertion};
use crate::refusals::refusal;
use crate::statics::is_thread_local;
use ra_ap_syntax::ast::{self, AstNode, HasModuleItem, HasName};
use ra_ap_syntax::{Edition, SourceFile, SyntaxKind, SyntaxNode};
use std::collections::HashSet;
use std::ops::Range;

const WRAPPER: &str = "fn cell() {\n";

/// A variable that a top-level `let` of the cell binds.
#[derive(Debug, Clone, PartialEq)]
pub struct Binding {
    /// The variable.
    pub name: String,
    /// Whether it is bound with `mut`.
    pub mutable: bool,
    /// Present when the value is written as a closure.
    pub closure: Option<Closure>,
}

/// The part of a closure's signature that is written out.
#[derive(Debug, Clone, PartialEq)]
pub struct Closure {
    /// The type of each parameter, where it is written.
    pub parameters: Vec<Option<String>>,
    /// The type of the result, if it is written.
    pub result: Option<String>,
}

/// What is wrong with the syntax of a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct SyntaxError {
    /// The message.
    pub message: String,
    /// Byte offset in the cell.
    pub at: usize,
}

/// A parsed cell.
#[derive(Debug, Clone)]
pub struct Cell {
    /// The code as the user wrote it.
    pub code: String,
    /// Functions, types, imports, ... with the byte ranges they have in the code.
    pub items: Vec<(Range<usize>, Item)>,
    /// The variables the cell binds, each once; for repeated names the last `let` counts.
    pub bindings: Vec<Binding>,
    /// The byte range of the last expression, when the cell ends with one.
    pub tail: Option<Range<usize>>,
    /// Names that the statements use and that the cell has not bound before.
    pub uses: HashSet<String>,
    /// The points at which the statements check the stop button.
    pub points: Vec<Insertion>,
    /// The first syntax error; if there is one, the other fields are unreliable.
    pub error: Option<SyntaxError>,
    /// Valid Rust that makes no sense in a cell, such as `return`.
    pub refusal: Option<SyntaxError>,
}

impl Cell {
    /// Parses a cell. If only a semicolon is missing at its end, adds it.
    pub fn parse(code: &str) -> Self {
        let cell = Self::parse_as_it_is(code);
        if cell.error.is_some() {
            let ended = Self::parse_as_it_is(&format!("{code}\n;"));
            if ended.error.is_none() {
                return ended;
            }
        }
        cell
    }

    fn parse_as_it_is(code: &str) -> Self {
        let parsed = SourceFile::parse(&format!("{WRAPPER}{code}\n}}"), Edition::Edition2024);
        let mut cell = Self {
            code: code.to_owned(),
            items: Vec::new(),
            bindings: Vec::new(),
            tail: None,
            uses: HashSet::new(),
            points: Vec::new(),
            error: None,
            refusal: None,
        };
        if let Some(error) = parsed.errors().first() {
            let at = usize::from(error.range().start()).saturating_sub(WRAPPER.len());
            cell.error = Some(SyntaxError { message: error.to_string(), at: at.min(code.len()) });
        }
        let tree = parsed.tree();
        let mut functions = tree.items();
        let body = match (functions.next(), functions.next()) {
            (Some(ast::Item::Fn(function)), None) => function.body().and_then(|b| b.stmt_list()),
            _ => None,
        };
        let Some(body) = body else {
            // An extra closing brace ends the wrapping function early.
            cell.error.get_or_insert(SyntaxError {
                message: "unexpected closing delimiter: `}`".to_owned(),
                at: code.rfind('}').unwrap_or(0),
            });
            return cell;
        };
        if cell.error.is_some() {
            return cell;
        }
        cell.refusal = refusal(body.syntax(), WRAPPER.len());
        for statement in body.statements() {
            match &statement {
                ast::Stmt::Item(item) => cell.record_item(item),
                ast::Stmt::LetStmt(statement) => cell.record_let(statement),
                ast::Stmt::ExprStmt(statement) => match statement.expr() {
                    Some(ast::Expr::MacroExpr(call)) if cell.record_macro_item(&call) => continue,
                    _ => cell.record_uses(statement.syntax()),
                },
            }
            if !matches!(statement, ast::Stmt::Item(_)) {
                cell.points.push(points::before(statement.syntax(), WRAPPER.len()));
                cell.points.extend(points::points(statement.syntax(), WRAPPER.len()));
            }
        }
        match body.tail_expr() {
            Some(ast::Expr::MacroExpr(call)) if cell.record_macro_item(&call) => {}
            Some(tail) => {
                cell.record_uses(tail.syntax());
                cell.points.extend(points::points(tail.syntax(), WRAPPER.len()));
                cell.tail = Some(range(tail.syntax()));
            }
            None => {}
        }
        cell
    }

    /// Whether the cell holds nothing to compile.
    pub fn is_empty(&self) -> bool {
        let parsed = SourceFile::parse(&self.code, Edition::Edition2024);
        parsed.tree().syntax().descendants_with_tokens().all(|element| {
            matches!(
                element.kind(),
                SyntaxKind::SOURCE_FILE | SyntaxKind::WHITESPACE | SyntaxKind::COMMENT
            )
        })
    }

    fn record_item(&mut self, item: &ast::Item) {
        self.items.push((range(item.syntax()), Item::new(item)));
    }

    /// Records a macro call that defines items; returns whether it is one.
    fn record_macro_item(&mut self, call: &ast::MacroExpr) -> bool {
        let Some(call) = call.macro_call().filter(is_thread_local) else { return false };
        self.record_item(&ast::Item::MacroCall(call));
        true
    }

    fn record_uses(&mut self, node: &SyntaxNode) {
        for word in words(&node.text().to_string()) {
            if !self.bindings.iter().any(|binding| binding.name == word) {
                self.uses.insert(word.to_owned());
            }
        }
    }

    fn record_let(&mut self, statement: &ast::LetStmt) {
        let Some(pattern) = statement.pat() else { return };
        for child in statement.syntax().children().filter(|child| child != pattern.syntax()) {
            self.record_uses(&child);
        }
        if let ast::Pat::IdentPat(ident) = &pattern
            && ident.pat().is_none()
        {
            let value = statement.initializer().filter(|_| statement.ty().is_none());
            self.bind(ident, value.and_then(|value| Closure::of(&value)));
        } else {
            for ident in pattern.syntax().descendants().filter_map(ast::IdentPat::cast) {
                // `None`, `Ok` and constants look like names in a pattern.
                if ident.name().is_some_and(|name| !name.text().starts_with(char::is_uppercase)) {
                    self.bind(&ident, None);
                }
            }
        }
    }

    fn bind(&mut self, ident: &ast::IdentPat, closure: Option<Closure>) {
        let Some(name) = ident.name() else { return };
        let name = name.text().to_string();
        self.bindings.retain(|binding| binding.name != name);
        self.bindings.push(Binding { name, mutable: ident.mut_token().is_some(), closure });
    }
}

impl Closure {
    /// The closure that an expression consists of, possibly at the end of a block.
    fn of(value: &ast::Expr) -> Option<Self> {
        match value {
            ast::Expr::ClosureExpr(closure) => Some(Self::new(closure)),
            ast::Expr::ParenExpr(inner) => Self::of(&inner.expr()?),
            ast::Expr::BlockExpr(block) => Self::of(&block.stmt_list()?.tail_expr()?),
            _ => None,
        }
    }

    fn new(closure: &ast::ClosureExpr) -> Self {
        let written = |ty: Option<ast::Type>| {
            let ty = ty?;
            let inferred =
                ty.syntax().descendants().any(|node| node.kind() == SyntaxKind::INFER_TYPE);
            (!inferred).then(|| ty.syntax().text().to_string())
        };
        let parameters = closure
            .param_list()
            .map(|list| list.params().map(|parameter| written(parameter.ty())).collect())
            .unwrap_or_default();
        Self { parameters, result: written(closure.ret_type().and_then(|result| result.ty())) }
    }
}

/// The identifiers in a text, including those inside string literals (`"{x}"`).
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| word.starts_with(|c: char| c.is_alphabetic() || c == '_'))
}

/// The byte range in the cell of a node of the wrapped text.
fn range(node: &SyntaxNode) -> Range<usize> {
    let range = node.text_range();
    usize::from(range.start()) - WRAPPER.len()..usize::from(range.end()) - WRAPPER.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(code: &str) -> Vec<String> {
        Cell::parse(code).bindings.into_iter().map(|binding| binding.name).collect()
    }

    #[test]
    fn only_top_level_lets_bind_and_the_last_of_a_name_counts() {
        let code = "let a = 1;\nlet b: f64 = 2.0;\nlet (c, mut d) = (1, 2);\n\
                    if a > 0 { let inner = 3; }\nlet _ = 4;\nlet mut a = 5;";
        assert_eq!(names(code), ["b", "c", "d", "a"]);
        assert!(Cell::parse(code).bindings.last().unwrap().mutable);
    }

    #[test]
    fn variants_in_patterns_are_not_variables() {
        assert_eq!(names("let Some(x) = f() else { panic!() };"), ["x"]);
        assert_eq!(names("let P { a, b: c } = p;"), ["a", "c"]);
        assert_eq!(names("let (None, y) = q else { return };"), ["y"]);
    }

    #[test]
    fn a_name_is_used_unless_the_cell_bound_it_before() {
        let cell = Cell::parse("let a = 1;\nlet b = a + c;\nprintln!(\"{d}\");\nlet e = e + 1;");
        assert!(!cell.uses.contains("a") && !cell.uses.contains("b"));
        assert!(["c", "d", "e"].iter().all(|name| cell.uses.contains(*name)));
    }

    #[test]
    fn what_is_written_of_a_closures_signature_is_kept() {
        let cell = Cell::parse("let f = |x: &str, y| -> usize { x.len() + y };");
        let closure = cell.bindings[0].closure.clone().unwrap();
        assert_eq!(closure.parameters, [Some("&str".to_owned()), None]);
        assert_eq!(closure.result.as_deref(), Some("usize"));
    }

    #[test]
    fn items_and_the_last_expression_are_told_apart() {
        let code = "use a::b;\nfn f() -> i32 { 1 }\nlet x = f();\nx + 1 // shown";
        let cell = Cell::parse(code);
        assert_eq!(cell.items.len(), 2);
        assert_eq!(&code[cell.tail.unwrap()], "x + 1");
        assert!(Cell::parse("x + 1;").tail.is_none());
    }

    #[test]
    fn a_brace_too_many_is_a_syntax_error() {
        assert!(Cell::parse("let a = 1; }").error.is_some());
        assert!(Cell::parse("let a = (1;").error.is_some());
        assert!(Cell::parse("} fn g() {").error.is_some());
        assert!(Cell::parse("let a = 1;").error.is_none());
    }

    #[test]
    fn a_semicolon_may_be_missing_at_the_end() {
        for code in ["let x = 4", "let x = 4 // four", "use a::b", "let x = f()?"] {
            let cell = Cell::parse(code);
            assert!(cell.error.is_none() && cell.tail.is_none(), "{code}");
            assert!(cell.code.starts_with(code));
        }
        assert!(Cell::parse("let x = ").error.is_some() && Cell::parse("t.").error.is_some());
        assert_eq!(Cell::parse("x + 1").code, "x + 1");
    }

    #[test]
    fn statics_of_threads_are_items_with_and_without_a_semicolon() {
        for code in ["thread_local! { static A: T = t() }", "thread_local!(static A: T = t());\n1"]
        {
            let cell = Cell::parse(code);
            assert_eq!(cell.items.len(), 1, "{code}");
            assert_eq!(cell.tail.is_some(), code.ends_with('1'));
        }
    }

    #[test]
    fn comments_and_blanks_alone_are_an_empty_cell() {
        assert!(Cell::parse("  // nothing\n/* here */\n").is_empty());
        assert!(!Cell::parse("struct A;").is_empty());
        assert!(!Cell::parse("1").is_empty());
    }
}
