//! The items (functions, types, imports, macros, ...) of the cells so far.
//!
//! Every cell is compiled with all of them, so that a type keeps its identity from cell to cell.
//! A cell that defines a name again replaces the old item, as running an edited cell should.

use crate::cell::words;
use ra_ap_syntax::ast::{self, AstNode, HasName};
use std::collections::HashSet;

/// One item of a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The code.
    pub text: String,
    /// What replaces it: another item with the same key.
    pub key: String,
    /// The name of a type, constant or macro, whose change changes what types mean.
    pub defines: Option<String>,
    /// The type that an `impl` is for.
    pub implements: Option<String>,
    /// The single imports that a `use` stands for, kept in its place after its cell.
    imports: Vec<Item>,
}

impl Item {
    /// Reads an item.
    pub fn new(item: &ast::Item) -> Self {
        let text = item.syntax().text().to_string();
        let name = match item {
            ast::Item::Const(item) => item.name(),
            ast::Item::Enum(item) => item.name(),
            ast::Item::Fn(item) => item.name(),
            ast::Item::MacroRules(item) => item.name(),
            ast::Item::MacroDef(item) => item.name(),
            ast::Item::Module(item) => item.name(),
            ast::Item::Static(item) => item.name(),
            ast::Item::Struct(item) => item.name(),
            ast::Item::Trait(item) => item.name(),
            ast::Item::TypeAlias(item) => item.name(),
            ast::Item::Union(item) => item.name(),
            _ => None,
        };
        let name = name.map(|name| name.text().to_string()).filter(|name| name != "_");
        let is_macro = matches!(item, ast::Item::MacroRules(_) | ast::Item::MacroDef(_));
        let key = match &name {
            Some(name) if is_macro => format!("{name}!"),
            Some(name) => name.clone(),
            None => text.clone(),
        };
        let defines = name.filter(|_| !matches!(item, ast::Item::Fn(_)));
        let mut new = Self { text, key, defines, implements: None, imports: Vec::new() };
        match item {
            ast::Item::Impl(item) => {
                new.key = impl_key(item);
                new.implements = item.self_ty().and_then(|ty| {
                    words(&ty.syntax().text().to_string()).next().map(str::to_owned)
                });
            }
            ast::Item::Use(item) => {
                if let Some(tree) = item.use_tree() {
                    expand_use(&tree, "", &mut new.imports);
                }
            }
            _ => {}
        }
        new
    }

    fn import(key: String, text: String) -> Self {
        Self { text, key, defines: None, implements: None, imports: Vec::new() }
    }

    /// The item, or the imports it stands for.
    fn parts(&self) -> &[Self] {
        if self.imports.is_empty() { std::slice::from_ref(self) } else { &self.imports }
    }
}

/// The header of an `impl`, and for one without a trait the names in it: a notebook may spread the
/// methods of a type over cells, and running one of these again replaces its own part.
fn impl_key(item: &ast::Impl) -> String {
    let text = item.syntax().text().to_string();
    let header = text.split('{').next().unwrap_or_default();
    let mut key = header.split_whitespace().collect::<Vec<_>>().join(" ");
    if item.trait_().is_none() {
        let names = item.assoc_item_list().into_iter().flat_map(|list| list.assoc_items());
        for item in names {
            if let ast::AssocItem::Fn(function) = item
                && let Some(name) = function.name()
            {
                key.push_str(&format!(" {}", name.text()));
            }
        }
    }
    key
}

fn expand_use(tree: &ast::UseTree, prefix: &str, into: &mut Vec<Item>) {
    let own = tree.path().map(|path| path.syntax().text().to_string()).unwrap_or_default();
    let path = match (prefix, own.as_str()) {
        ("", own) => own.to_owned(),
        (prefix, "") => prefix.to_owned(),
        (prefix, "self") => prefix.to_owned(),
        (prefix, own) => format!("{prefix}::{own}"),
    };
    if let Some(list) = tree.use_tree_list() {
        for tree in list.use_trees() {
            expand_use(&tree, &path, into);
        }
    } else if tree.star_token().is_some() {
        let text = format!("use {path}::*;");
        into.push(Item::import(text.clone(), text));
    } else {
        let rename = tree.rename();
        let name = rename.as_ref().and_then(|rename| rename.name());
        match (rename, name) {
            (Some(_), None) => {
                let text = format!("use {path} as _;");
                into.push(Item::import(text.clone(), text));
            }
            (_, Some(name)) => {
                let name = name.text().to_string();
                into.push(Item::import(name.clone(), format!("use {path} as {name};")));
            }
            (None, None) => {
                let name = path.rsplit("::").next().unwrap_or(&path).to_owned();
                into.push(Item::import(name, format!("use {path};")));
            }
        }
    }
}

#[derive(Debug, Clone)]
struct Kept {
    item: Item,
    /// The cell it came from, by number.
    cell: usize,
}

/// The items of the cells so far, in the order in which they were defined.
#[derive(Debug, Clone, Default)]
pub struct Items {
    kept: Vec<Kept>,
    cells: usize,
}

impl Items {
    /// The code of all items that a cell with `new` items does not replace.
    pub fn besides<'a>(&'a self, new: &[Item]) -> Vec<&'a str> {
        let replaced = self.replaced_by(new);
        self.kept
            .iter()
            .filter(|kept| !replaced(kept))
            .map(|kept| kept.item.text.as_str())
            .collect()
    }

    /// Adds the items of a cell.
    pub fn add(&mut self, new: &[Item]) {
        let replaced = self.replaced_by(new);
        let mut kept: Vec<Kept> =
            self.kept.iter().filter(|kept| !replaced(kept)).cloned().collect();
        let cell = self.cells + 1;
        let parts = new.iter().flat_map(Item::parts);
        kept.extend(parts.map(|item| Kept { item: item.clone(), cell }));
        self.kept = kept;
        self.cells = cell;
    }

    /// The names whose meaning `new` items change: those defined differently before, and the types
    /// made of them.
    pub fn changed_by(&self, new: &[Item]) -> HashSet<String> {
        let defined = |item: &Item, name: &str| item.defines.as_deref() == Some(name);
        let mut changed: HashSet<String> = new
            .iter()
            .filter_map(|item| item.defines.as_ref().map(|name| (item, name)))
            .filter(|(item, name)| {
                self.kept.iter().any(|kept| {
                    defined(&kept.item, name) && kept.item.text.trim() != item.text.trim()
                })
            })
            .map(|(_, name)| name.clone())
            .collect();
        loop {
            let more: Vec<String> = self
                .kept
                .iter()
                .filter_map(|kept| kept.item.defines.as_ref().map(|name| (kept, name)))
                .filter(|(kept, name)| {
                    !changed.contains(*name)
                        && words(&kept.item.text).any(|word| changed.contains(word))
                })
                .map(|(_, name)| name.clone())
                .collect();
            if more.is_empty() {
                return changed;
            }
            changed.extend(more);
        }
    }

    fn replaced_by(&self, new: &[Item]) -> impl Fn(&Kept) -> bool + use<> {
        let keys: HashSet<String> =
            new.iter().flat_map(Item::parts).map(|item| item.key.clone()).collect();
        // What was implemented in the same cell as a type that is defined again belongs to it.
        let with_type: HashSet<(usize, String)> = self
            .kept
            .iter()
            .filter(|kept| keys.contains(&kept.item.key))
            .filter_map(|kept| Some((kept.cell, kept.item.defines.clone()?)))
            .collect();
        move |kept| {
            keys.contains(&kept.item.key)
                || kept
                    .item
                    .implements
                    .as_ref()
                    .is_some_and(|name| with_type.contains(&(kept.cell, name.clone())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::Cell;

    fn items(code: &str) -> Vec<Item> {
        Cell::parse(code).items.into_iter().map(|(_, item)| item).collect()
    }

    fn after(cells: &[&str]) -> Items {
        let mut kept = Items::default();
        for cell in cells {
            kept.add(&items(cell));
        }
        kept
    }

    #[test]
    fn running_a_cell_again_replaces_what_it_defined() {
        let cell = "struct P { x: f64 }\nimpl P { fn x(&self) -> f64 { self.x } }\nfn f() {}";
        let kept = after(&[cell, "const N: usize = 3;", cell]);
        assert_eq!(kept.besides(&[]).len(), 4);
    }

    #[test]
    fn a_type_defined_again_takes_its_cells_methods_with_it_and_leaves_those_of_other_cells() {
        let kept = after(&[
            "struct P;\nimpl P { fn old(&self) {} }",
            "impl P { fn other(&self) {} }",
            "struct P;\nimpl P { fn new(&self) {} }",
        ]);
        let code = kept.besides(&[]).join("\n");
        assert!(!code.contains("old") && code.contains("other") && code.contains("new"));
    }

    #[test]
    fn imports_replace_each_other_by_name() {
        let kept = after(&["use a::{X, y::{self, Z as W}, T as _};\nuse b::*;", "use c::X;"]);
        let expected =
            ["use a::y;", "use a::y::Z as W;", "use a::T as _;", "use b::*;", "use c::X;"];
        assert_eq!(kept.besides(&[]), expected);
        assert_eq!(kept.besides(&items("use d::W;")).len(), 4);
    }

    #[test]
    fn a_changed_type_changes_the_types_made_of_it() {
        let kept = after(&["struct A { x: f64 }\nstruct B { a: A }\nstruct C;\nfn f(a: A) {}"]);
        let changed = kept.changed_by(&items("struct A { x: f64, y: f64 }"));
        assert_eq!(changed, HashSet::from(["A".to_owned(), "B".to_owned()]));
        assert!(kept.changed_by(&items("struct A { x: f64 }")).is_empty());
    }

    #[test]
    fn macros_and_functions_of_one_name_live_side_by_side() {
        let kept = after(&["macro_rules! area { () => { 1 } }", "fn area() -> i32 { area!() }"]);
        assert_eq!(kept.besides(&[]).len(), 2);
    }
}
