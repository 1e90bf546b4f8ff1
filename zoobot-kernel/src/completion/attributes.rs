//! Decides from the attributes of an item whether completion offers it.

use ra_ap_syntax::SyntaxNode;
use ra_ap_syntax::ast::{self, AstNode};
use std::collections::HashSet;

/// The features a crate was built with; `None` if they are unknown.
pub type Features = Option<HashSet<String>>;

/// Whether to offer an item: it is compiled in, stable, and meant to be used.
pub fn offered(node: &SyntaxNode, features: &Features) -> bool {
    node.children().filter_map(ast::Attr::cast).all(|attribute| {
        let text: String = attribute.syntax().text().to_string().split_whitespace().collect();
        let text = text.trim_start_matches("#[").trim_end_matches(']');
        let condition = text.strip_prefix("cfg(").and_then(|rest| rest.strip_suffix(')'));
        match condition {
            Some(condition) => holds(condition, features).unwrap_or(true),
            None => {
                !["doc(hidden)", "deprecated", "unstable"].iter().any(|no| text.starts_with(no))
            }
        }
    })
}

/// Whether an item derives `Clone`, the one derived method that people call.
pub fn derives_clone(node: &SyntaxNode) -> bool {
    node.children().filter_map(ast::Attr::cast).any(|attribute| {
        let text = attribute.syntax().text().to_string();
        text.contains("derive") && crate::cell::words(&text).any(|word| word == "Clone")
    })
}

/// Whether a `cfg` holds; `None` for one that is not about features or tests.
fn holds(condition: &str, features: &Features) -> Option<bool> {
    let inner = |name: &str| condition.strip_prefix(name)?.strip_suffix(')');
    if condition == "test" {
        return Some(false);
    }
    if let Some(inner) = inner("not(") {
        return holds(inner, features).map(|holds| !holds);
    }
    if let Some(list) = inner("any(") {
        let parts: Vec<Option<bool>> =
            parts(list).into_iter().map(|part| holds(part, features)).collect();
        return if parts.contains(&None) { None } else { Some(parts.contains(&Some(true))) };
    }
    if let Some(list) = inner("all(") {
        let parts: Vec<Option<bool>> =
            parts(list).into_iter().map(|part| holds(part, features)).collect();
        return if parts.contains(&Some(false)) { Some(false) } else { None };
    }
    let feature = condition.strip_prefix("feature=\"")?.strip_suffix('"')?;
    features.as_ref().map(|features| features.contains(feature))
}

/// The parts of a list; commas inside brackets do not separate them.
fn parts(list: &str) -> Vec<&str> {
    let (mut depth, mut from, mut parts) = (0, 0, Vec::new());
    for (i, c) in list.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&list[from..i]);
                from = i + 1;
            }
            _ => {}
        }
    }
    parts.push(&list[from..]);
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_on_features_are_decided_and_others_are_left_open() {
        let features = Some(HashSet::from(["csv".to_owned()]));
        for (condition, wanted) in [
            ("feature=\"csv\"", Some(true)),
            ("feature=\"abs\"", Some(false)),
            ("not(feature=\"csv\")", Some(false)),
            ("any(feature=\"abs\",feature=\"csv\")", Some(true)),
            ("all(feature=\"csv\",any(feature=\"abs\"))", Some(false)),
            ("target_family=\"wasm\"", None),
            ("not(target_family=\"wasm\")", None),
            ("test", Some(false)),
        ] {
            assert_eq!(holds(condition, &features), wanted, "{condition}");
        }
        assert_eq!(holds("feature=\"abs\"", &None), None);
    }
}
