//! The items (functions, types, imports, macros, ...) of the cells so far.
//!
//! Every cell is compiled with all of them, so that a type keeps its identity from cell to cell; a
//! `static` keeps its place (see [`crate::statics`]).
//! A cell that defines a name again replaces the old item, as running an edited cell should.

use crate::cell::words;
use crate::points::{Insertion, points};
use crate::statics::{Shared, is_thread_local, shared, single_definitions};
use ra_ap_syntax::ast::{self, AstNode, HasModuleItem, HasName};
use ra_ap_syntax::{Edition, SourceFile};
use std::collections::HashSet;
use std::ops::Range;

/// One item of a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The code.
    pub text: String,
    /// Identifies the item: a later item with this key replaces it.
    pub key: String,
    /// The name of the type, constant or macro it defines; redefining it can change the meaning of
    /// types.
    pub defines: Option<String>,
    /// The type that an `impl` is for.
    pub implements: Option<String>,
    /// The single imports of a `use`, or the single statics of a `thread_local!`; after its cell
    /// they are kept in place of the item.
    parts: Vec<Item>,
    /// The points at which its code checks the stop button.
    points: Vec<Insertion>,
    statics: Vec<Shared>,
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
        let base = usize::from(item.syntax().text_range().start());
        let mut new = Self {
            text,
            key,
            defines,
            implements: None,
            parts: Vec::new(),
            points: points(item.syntax(), base),
            statics: shared(item.syntax(), base),
        };
        match item {
            ast::Item::Impl(item) => {
                new.key = impl_key(item);
                new.implements = item.self_ty().and_then(|ty| {
                    words(&ty.syntax().text().to_string()).next().map(str::to_owned)
                });
            }
            ast::Item::Use(item) => {
                if let Some(tree) = item.use_tree() {
                    expand_use(&tree, "", &mut new.parts);
                }
            }
            ast::Item::MacroCall(call) if is_thread_local(call) => {
                let definitions = single_definitions(call);
                match &definitions[..] {
                    [(name, code)] if *code == new.text => {
                        (new.key, new.defines) = (name.clone(), Some(name.clone()));
                    }
                    _ => {
                        new.parts = definitions.iter().filter_map(|it| Self::read(&it.1)).collect()
                    }
                }
            }
            _ => {}
        }
        new
    }

    fn read(code: &str) -> Option<Self> {
        let parsed = SourceFile::parse(code, Edition::Edition2024);
        parsed.tree().items().next().map(|item| Self::new(&item))
    }

    fn import(key: String, text: String) -> Self {
        Self {
            text,
            key,
            defines: None,
            implements: None,
            parts: Vec::new(),
            points: Vec::new(),
            statics: Vec::new(),
        }
    }

    /// The item itself, or its parts if it has any.
    fn parts(&self) -> &[Self] {
        if self.parts.is_empty() { std::slice::from_ref(self) } else { &self.parts }
    }

    /// The insertions into its text for the cell that defines it.
    pub fn insertions(&self) -> impl Iterator<Item = Insertion> {
        self.points.iter().cloned().chain(self.statics.iter().flat_map(Shared::insertions))
    }

    /// Assigns places, from `next` on, to those of its statics that have none.
    pub fn assign(&mut self, next: &mut u64) {
        self.statics.iter_mut().for_each(|shared| shared.assign(next));
        for part in &mut self.parts {
            part.statics.iter_mut().for_each(|shared| shared.assign_as_in(&self.statics));
        }
    }

    /// Its code in cell number `number`; statics with places below `first` are defined already.
    fn code(&self, number: usize, first: u64) -> String {
        let declared: Vec<(Range<usize>, String)> =
            self.statics.iter().filter_map(|shared| shared.declaration(first)).collect();
        let stays = |insertion: &Insertion| {
            !declared
                .iter()
                .any(|(range, _)| range.start <= insertion.at && insertion.at <= range.end)
        };
        let insertions = self.insertions().filter(stays);
        let mut edits: Vec<(Range<usize>, bool, String)> = insertions
            .map(|insertion| {
                (insertion.at..insertion.at, !insertion.closes, insertion.text(number))
            })
            .collect();
        edits.extend(declared.iter().map(|(range, text)| (range.clone(), true, text.clone())));
        edits.sort_by_key(|(range, opens, _)| (range.start, *opens));
        let mut code = self.text.clone();
        for (range, _, text) in edits.into_iter().rev() {
            code.replace_range(range, &text);
        }
        code
    }
}

/// The header of an `impl`, followed by its method names if it has no trait: a notebook may spread
/// the methods of a type over cells, and running one of these again replaces only its own methods.
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
    /// The place that the next static gets.
    next_static: u64,
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

    /// The code of the items of [`Items::besides`] for cell number `number`; statics with places
    /// below `first` are defined already.
    pub fn code(&self, new: &[Item], number: usize, first: u64) -> Vec<String> {
        let replaced = self.replaced_by(new);
        let kept = self.kept.iter().filter(|kept| !replaced(kept));
        kept.map(|kept| kept.item.code(number, first)).collect()
    }

    /// Assigns a place to each static that has none: those of `new` items, those whose types the
    /// new items change, and all after [`Items::forget_statics`]. Returns the first place it
    /// assigns.
    pub fn assign<'a>(
        &mut self,
        new: impl Iterator<Item = &'a mut Item>,
        changed: &HashSet<String>,
    ) -> u64 {
        let first = self.next_static;
        for kept in &mut self.kept {
            for shared in &mut kept.item.statics {
                if shared.mentions(|name| changed.contains(name)) {
                    shared.forget();
                }
            }
            kept.item.assign(&mut self.next_static);
        }
        new.for_each(|item| item.assign(&mut self.next_static));
        first
    }

    /// Forgets the places of all statics because their process has ended: the next cell defines
    /// them anew.
    pub fn forget_statics(&mut self) {
        let statics = self.kept.iter_mut().flat_map(|kept| &mut kept.item.statics);
        statics.for_each(Shared::forget);
    }

    /// Whether any item has statics.
    pub fn has_statics(&self) -> bool {
        self.kept.iter().any(|kept| !kept.item.statics.is_empty())
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

    /// The names whose meaning the `new` items change: those that were defined differently before,
    /// and the types built from them.
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
        // An `impl` from the same cell as a type that is redefined belongs to the type.
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

    #[test]
    fn a_static_is_defined_once_and_declared_in_later_cells() {
        let mut kept = Items::default();
        let mut new = items(
            "pub static N: Mutex<&str> = Mutex::new(\"\");\nfn f() -> u32 { static mut M: A = a(); loop {} }\n\
             static PLAIN: [f64; 2] = [1.0, 2.0];",
        );
        let first = kept.assign(new.iter_mut(), &HashSet::new());
        let made: String = new.iter().map(|item| item.code(1, first)).collect();
        assert!(made.contains("#[unsafe(export_name = \"zoobot_static_0\")] pub static N"));
        assert!(
            made.contains("#[unsafe(export_name = \"zoobot_static_1\")] static mut M: A = a();")
        );
        kept.add(&new);
        let first = kept.assign(std::iter::empty(), &HashSet::new());
        let code = kept.code(&[], 2, first).join("\n");
        assert!(code.contains(
            "unsafe extern \"C\" { #[link_name = \"zoobot_static_0\"] pub safe static N: Mutex<&'static str>; }"
        ));
        assert!(code.contains("#[link_name = \"zoobot_static_1\"] static mut M: A;"));
        assert!(code.contains("static PLAIN: [f64; 2] = [1.0, 2.0];"));
        assert!(code.contains("loop {::zoobot::notebook::cell::stop_point(2); }"));
        kept.forget_statics();
        let first = kept.assign(std::iter::empty(), &HashSet::new());
        assert!(kept.code(&[], 3, first)[0].contains("export_name = \"zoobot_static_2\""));
    }

    #[test]
    fn statics_of_threads_become_statics_and_replace_each_other_by_name() {
        let mut kept = Items::default();
        let mut new =
            items("thread_local! { static A: Cell<u8> = Cell::new(1); pub static B: T = t() }");
        let first = kept.assign(new.iter_mut(), &HashSet::new());
        assert_eq!(
            new[0].code(1, first),
            "#[unsafe(export_name = \"zoobot_static_0\")] static A: ::std::thread::LocalKey<Cell<u8>> = { \
             thread_local! { static A: Cell<u8> = Cell::new(1); pub static B: T = t() } ; A}; \
             #[unsafe(export_name = \"zoobot_static_1\")] pub static B: ::std::thread::LocalKey<T> = \
             { ::std::thread_local! { pub static B: T = t(); } B};"
        );
        kept.add(&new);
        assert_eq!(kept.besides(&items("thread_local! { static A: T = t() }")).len(), 1);
        let code = kept.code(&[], 2, kept.next_static);
        assert!(code[1].contains("pub safe static B: ::std::thread::LocalKey<T>;"), "{code:?}");
        assert!(code[0].contains("link_name = \"zoobot_static_0\""), "{code:?}");
    }
}
