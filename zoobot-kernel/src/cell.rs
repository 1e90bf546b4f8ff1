//! What a cell says before it is compiled: its untyped `let`s, its last expression.
//!
//! [`Cell::parse`] finds them, [`Cell::rewrite`] returns the code that evcxr runs: types filled
//! in, the last expression showing itself. Nothing moves to another line, and
//! [`Rewritten::original_column`] takes an error's column back to what the user typed.

use ra_ap_syntax::ast::{self, AstNode, HasName};
use ra_ap_syntax::{Edition, SourceFile, SyntaxKind, TextRange};

const WRAPPER: &str = "fn cell() {\n";

/// One `let` whose variables need types.
#[derive(Debug, Clone, PartialEq)]
pub struct Binding {
    /// The variable.
    pub name: String,
    /// Whether it is bound with `mut`.
    pub mutable: bool,
    /// Where the type goes: the byte range of a type with `_` in it, or the empty range after the
    /// name of a plain `let`; `None` for a name inside a pattern.
    pub type_slot: Option<(usize, usize)>,
    /// Where the `let` statement ends.
    pub statement_end: usize,
    /// The number of parameters when the value is a closure, and the byte range of that closure.
    pub closure: Option<(usize, (usize, usize))>,
}

/// A parsed cell.
#[derive(Debug, Clone)]
pub struct Cell {
    code: String,
    /// The bindings that need types, in order.
    pub bindings: Vec<Binding>,
    /// The byte range of the last expression, when the cell ends with one.
    pub last_expression: Option<(usize, usize)>,
    /// Whether the code could be parsed; when not, rustc says why.
    pub well_formed: bool,
}

/// Code with insertions, and the way back.
#[derive(Debug, Clone, Default)]
pub struct Rewritten {
    /// The code to compile.
    pub code: String,
    /// Insertions as (1-based line, 0-based column in the original, characters inserted, removed).
    edits: Vec<(usize, usize, usize, usize)>,
}

impl Cell {
    /// Parses a cell.
    pub fn parse(code: &str) -> Self {
        let wrapped = format!("{WRAPPER}{code}\n}}");
        let parsed = SourceFile::parse(&wrapped, Edition::Edition2024);
        let mut cell = Self {
            code: code.to_owned(),
            bindings: Vec::new(),
            last_expression: None,
            well_formed: parsed.errors().is_empty(),
        };
        let body = parsed
            .tree()
            .syntax()
            .children()
            .find_map(ast::Fn::cast)
            .and_then(|function| function.body())
            .and_then(|body| body.stmt_list());
        let Some(body) = body else { return cell };
        for statement in body.statements() {
            if let ast::Stmt::LetStmt(statement) = &statement {
                cell.record_let(statement);
            }
        }
        if let Some(tail) = body.tail_expr() {
            cell.last_expression = Some(span(tail.syntax().text_range()));
        }
        cell
    }

    fn record_let(&mut self, statement: &ast::LetStmt) {
        let fully_typed = statement.ty().is_some_and(|ty| {
            !ty.syntax().descendants().any(|node| node.kind() == SyntaxKind::INFER_TYPE)
        });
        let Some(pattern) = statement.pat() else { return };
        let statement_end = span(statement.syntax().text_range()).1;
        if let ast::Pat::IdentPat(ident) = &pattern
            && ident.pat().is_none()
        {
            if fully_typed {
                return;
            }
            let slot = match statement.ty() {
                Some(ty) => span(ty.syntax().text_range()),
                None => {
                    let end = span(pattern.syntax().text_range()).1;
                    (end, end)
                }
            };
            let closure = match statement.initializer() {
                Some(ast::Expr::ClosureExpr(closure)) => Some((
                    closure.param_list().map_or(0, |list| list.params().count()),
                    span(closure.syntax().text_range()),
                )),
                _ => None,
            };
            self.push(ident, Some(slot), statement_end, closure);
        } else {
            for ident in pattern.syntax().descendants().filter_map(ast::IdentPat::cast) {
                self.push(&ident, None, statement_end, None);
            }
        }
    }

    fn push(
        &mut self,
        ident: &ast::IdentPat,
        type_slot: Option<(usize, usize)>,
        statement_end: usize,
        closure: Option<(usize, (usize, usize))>,
    ) {
        let Some(name) = ident.name() else { return };
        let name = name.text().to_string();
        // `None`, `Ok` and constants look like names in a pattern.
        if type_slot.is_none() && name.starts_with(|c: char| c.is_uppercase()) {
            return;
        }
        let mutable = ident.mut_token().is_some();
        self.bindings.push(Binding { name, mutable, type_slot, statement_end, closure });
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

    /// The code with `types` (one for each binding) written in, the last expression showing
    /// itself and `epilogue` (one line) after it.
    pub fn rewrite(&self, types: &[String], epilogue: &str) -> Rewritten {
        let mut edits: Vec<(usize, usize, String)> = Vec::new();
        for (binding, ty) in self.bindings.iter().zip(types) {
            match binding.type_slot {
                Some((start, end)) if start == end => {
                    edits.push((start, end, format!(": {ty}")));
                }
                Some((start, end)) => edits.push((start, end, ty.clone())),
                None => {
                    let mutable = if binding.mutable { "mut " } else { "" };
                    let name = &binding.name;
                    let at = binding.statement_end;
                    edits.push((at, at, format!(" let {mutable}{name}: {ty} = {name};")));
                }
            }
            if let Some((_, (start, end))) = binding.closure
                && ty.starts_with("std::boxed::Box<dyn ")
            {
                edits.push((start, start, "std::boxed::Box::new(".to_owned()));
                edits.push((end, end, ")".to_owned()));
            }
        }
        if let Some((start, end)) = self.last_expression {
            let open = "{ #[allow(unused_imports)] use ::zoobot::notebook::cell::{ShowDisplay as _, DebugDisplay as _}; (&(";
            edits.push((start, start, open.to_owned()));
            edits.push((end, end, ")).evcxr_display(); }".to_owned()));
        }
        edits.sort_by_key(|edit| edit.0);
        let mut out = Rewritten::default();
        let mut from = 0;
        for (start, end, text) in edits {
            out.code.push_str(&self.code[from..start]);
            out.code.push_str(&text);
            from = end;
            let line_start = self.code[..start].rfind('\n').map_or(0, |at| at + 1);
            out.edits.push((
                self.code[..start].matches('\n').count() + 1,
                self.code[line_start..start].chars().count(),
                text.chars().count(),
                self.code[start..end].chars().count(),
            ));
        }
        out.code.push_str(&self.code[from..]);
        out.code.push('\n');
        out.code.push_str(epilogue);
        out
    }
}

impl Rewritten {
    /// The 1-based column in the user's cell of a 1-based column in the compiled code.
    pub fn original_column(&self, line: usize, column: usize) -> usize {
        let mut shift = 0;
        for &(_, at, inserted, removed) in self.edits.iter().filter(|edit| edit.0 == line) {
            let start = at + shift;
            if column - 1 < start {
                break;
            }
            if column - 1 < start + inserted {
                return at + 1;
            }
            shift = (shift + inserted).saturating_sub(removed);
        }
        column.saturating_sub(shift).max(1)
    }
}

/// Byte range in the cell of a range in the wrapped text.
fn span(range: TextRange) -> (usize, usize) {
    (usize::from(range.start()) - WRAPPER.len(), usize::from(range.end()) - WRAPPER.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(code: &str) -> Vec<String> {
        Cell::parse(code).bindings.into_iter().map(|b| b.name).collect()
    }

    #[test]
    fn only_untyped_top_level_lets_need_types() {
        let code = "let a = 1;\nlet b: f64 = 2.0;\nlet (c, mut d) = (1, 2);\n\
                    let v: Vec<_> = vec![1];\nif a > 0 { let inner = 3; }\nlet _ = 4;";
        assert_eq!(names(code), ["a", "c", "d", "v"]);
    }

    #[test]
    fn variants_in_patterns_are_not_variables() {
        assert_eq!(names("let Some(x) = f() else { panic!() };"), ["x"]);
        assert_eq!(names("let P { a, b: c } = p;"), ["a", "c"]);
    }

    #[test]
    fn a_rewritten_cell_keeps_its_lines_and_gives_columns_back() {
        let cell = Cell::parse("let a = 1;\na + nope");
        let out = cell.rewrite(&["i32".to_owned()], "done();");
        let lines: Vec<&str> = out.code.lines().collect();
        assert_eq!(lines[0], "let a: i32 = 1;");
        assert!(lines[1].contains("(&(a + nope)).evcxr_display();"));
        assert_eq!(lines[2], "done();");
        let column = lines[1].find("nope").unwrap() + 1;
        assert_eq!(out.original_column(2, column), 5);
        assert_eq!(out.original_column(1, lines[0].find('1').unwrap() + 1), 9);
    }

    #[test]
    fn comments_and_blanks_alone_are_an_empty_cell() {
        assert!(Cell::parse("  // nothing\n/* here */\n").is_empty());
        assert!(!Cell::parse("struct A;").is_empty());
    }

    #[test]
    fn a_closure_is_boxed() {
        let cell = Cell::parse("let f = |x: f64| x * 2.0;");
        assert_eq!(cell.bindings[0].closure.unwrap().0, 1);
        let ty = "std::boxed::Box<dyn Fn(f64) -> f64>".to_owned();
        let code = cell.rewrite(&[ty], "").code;
        assert_eq!(
            code.lines().next().unwrap(),
            "let f: std::boxed::Box<dyn Fn(f64) -> f64> = std::boxed::Box::new(|x: f64| x * 2.0);"
        );
    }
}
