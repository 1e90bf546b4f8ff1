//! Valid Rust that makes no sense in a cell. The messages speak of cells, where rustc would speak
//! of the function that the kernel wraps around them.

use crate::cell::SyntaxError;
use ra_ap_syntax::ast::{self, AstNode};
use ra_ap_syntax::{SyntaxKind, SyntaxNode};

/// The first such construct in the statements of a cell, with byte offsets relative to `base`.
pub fn refusal(statements: &SyntaxNode, base: usize) -> Option<SyntaxError> {
    let mut found = Vec::new();
    look(statements, Around::default(), &mut found);
    let (node, message) = found.into_iter().min_by_key(|(node, _)| node.text_range().start())?;
    // Mark `.await` itself, not the expression before it.
    let token = node.children_with_tokens().filter_map(|element| element.into_token()).last();
    let at = match (node.kind(), token) {
        (SyntaxKind::AWAIT_EXPR, Some(token)) => token.text_range().start(),
        _ => node.text_range().start(),
    };
    Some(SyntaxError { message, at: usize::from(at) - base })
}

/// What surrounds a place in the cell.
#[derive(Debug, Clone, Copy, Default)]
struct Around {
    in_loop: bool,
    in_closure: bool,
}

fn look(node: &SyntaxNode, around: Around, found: &mut Vec<(SyntaxNode, String)>) {
    let mut inside = around;
    match node.kind() {
        SyntaxKind::FN | SyntaxKind::MACRO_RULES | SyntaxKind::MACRO_DEF | SyntaxKind::CONST => {
            return;
        }
        SyntaxKind::CLOSURE_EXPR => {
            let closure = ast::ClosureExpr::cast(node.clone());
            if closure.is_some_and(|closure| closure.async_token().is_some()) {
                return;
            }
            inside.in_closure = true;
        }
        SyntaxKind::BLOCK_EXPR => {
            let block = ast::BlockExpr::cast(node.clone()).and_then(|block| block.modifier());
            match block {
                Some(ast::BlockModifier::Async(_) | ast::BlockModifier::AsyncGen(_)) => return,
                Some(ast::BlockModifier::Label(_)) => inside.in_loop = true,
                _ => {}
            }
        }
        SyntaxKind::FOR_EXPR | SyntaxKind::WHILE_EXPR | SyntaxKind::LOOP_EXPR => {
            inside.in_loop = true;
        }
        _ => {}
    }
    if let Some(message) = message(node, around) {
        found.push((node.clone(), message));
    }
    for child in node.children() {
        look(&child, inside, found);
    }
}

fn message(node: &SyntaxNode, around: Around) -> Option<String> {
    match node.kind() {
        SyntaxKind::AWAIT_EXPR => {
            let future = ast::AwaitExpr::cast(node.clone())?.expr()?.syntax().text().to_string();
            Some(format!(
                "a cell cannot `.await`. Run the future to its end with \
                 `zoobot::notebook::block_on({future})`. The calls of this library and of polars \
                 are not futures and need neither"
            ))
        }
        SyntaxKind::RETURN_EXPR if !around.in_closure => {
            let value = ast::ReturnExpr::cast(node.clone())?.expr();
            let value = value.map(|value| value.syntax().text().to_string());
            Some(match value {
                Some(value) if value.starts_with("Err(") => format!(
                    "a cell is no function, so it has no `return`. To end it with an error, write \
                     `{value}?`"
                ),
                Some(value) if !value.starts_with("Ok(") => format!(
                    "a cell is no function, so it has no `return`. To show a value, write it in the \
                     last line, without a semicolon: `{value}`"
                ),
                _ => "a cell is no function, so it has no `return`. To leave lines out, put them \
                      into `if ... { ... }`, or make a function of all"
                    .to_owned(),
            })
        }
        SyntaxKind::BREAK_EXPR | SyntaxKind::CONTINUE_EXPR
            if !around.in_loop && !around.in_closure =>
        {
            let word = if node.kind() == SyntaxKind::BREAK_EXPR { "break" } else { "continue" };
            Some(format!("`{word}` works inside of a loop only, and there is none around it"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::cell::Cell;

    fn refused(code: &str) -> Option<(String, usize)> {
        let cell = Cell::parse(code);
        assert!(cell.error.is_none(), "{code}: {:?}", cell.error);
        cell.refusal.map(|refusal| (refusal.message, refusal.at))
    }

    #[test]
    fn what_a_cell_cannot_do_is_refused_where_it_stands() {
        for (code, word, at) in [
            ("let a = 1;\nthree(a).await", "block_on(three(a))", 20),
            ("return 5;", "`5`", 0),
            ("if a { return; }", "if ...", 7),
            ("for i in 0..3 { return Err(\"no\"); }", "`Err(\"no\")?`", 16),
            ("if a { break; }", "`break` works inside of a loop", 7),
            ("continue", "`continue` works", 0),
            ("f(|| x.await)", "block_on(x)", 7),
        ] {
            let (message, place) = refused(code).expect(code);
            assert!(message.contains(word), "{message}");
            assert_eq!(place, at, "{code}");
        }
    }

    #[test]
    fn functions_closures_loops_and_futures_may_do_it() {
        for code in [
            "fn f() -> u8 { return 5; }",
            "let f = |x: u8| { if x > 1 { return 2; } x };",
            "async fn f() { g().await }",
            "let f = async { g().await };",
            "let f = async |x: u8| { g(x).await };",
            "loop { break 6 }",
            "for i in 0..3 { if i > 1 { continue; } }",
            "'a: { break 'a 1 };",
            "impl A { async fn f(&self) { self.g().await } }",
        ] {
            assert_eq!(refused(code), None, "{code}");
        }
    }
}
