//! Macros that take no arguments and expand to items, such as setters that many types share.

use ra_ap_syntax::ast::{self, AstNode, HasModuleItem, HasName};
use ra_ap_syntax::{Edition, SourceFile};
use std::collections::HashMap;

/// The bodies of the macros without arguments of a crate, by name.
pub type Macros = HashMap<String, String>;

/// The macros without arguments in a source.
pub fn macros_in(text: &str) -> Macros {
    let mut found = Macros::new();
    if !text.contains("macro_rules!") {
        return found;
    }
    let file = SourceFile::parse(text, Edition::Edition2024).tree();
    for item in file.items() {
        let ast::Item::MacroRules(item) = item else { continue };
        let (Some(name), Some(rules)) = (item.name(), item.token_tree()) else { continue };
        let rules = rules.syntax().text().to_string();
        // One rule without arguments: `{ () => { BODY }; }`.
        let body = rules.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).map(str::trim);
        let body = body.and_then(|rule| rule.strip_prefix("()")).map(str::trim);
        let body = body.and_then(|rule| rule.strip_prefix("=>")).map(str::trim);
        let body = body.map(|rule| rule.trim_end_matches(';').trim());
        let body = body.and_then(|rule| rule.strip_prefix('{')?.strip_suffix('}'));
        if let Some(body) = body {
            found.insert(name.text().to_string(), body.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::completion::reader::Sources;

    #[test]
    fn setters_that_a_macro_makes_are_members_of_each_type_that_calls_it() {
        let code = "macro_rules! setters {\n    () => {\n        /// Sets the title.\n        pub fn title(mut self, \
            title: &str) -> Self { if true { self } else { self } }\n\n        /// Sets the size.\n        \
            pub fn size(self) -> Self { self }\n    };\n}\npub(super) use setters;";
        let mut sources = Sources::default();
        let caller = "pub struct Bars; impl Bars { setters!(); pub fn build(&self) {} }";
        sources.read(caller, "zoobot_core::bars", &None, &macros_in(code));
        let of_bars: Vec<_> = sources.entries.iter().filter(|entry| entry.of == "Bars").collect();
        let names: Vec<&str> = of_bars.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, ["title", "size", "build"]);
        assert_eq!(of_bars[0].signature, "pub fn title(mut self, title: &str) -> Self");
        assert_eq!(of_bars[0].doc, "Sets the title.");
        assert!(macros_in("macro_rules! f { ($x:expr) => { $x }; }").is_empty());
    }
}
