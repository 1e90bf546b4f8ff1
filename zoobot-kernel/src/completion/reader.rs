//! Reads the public names in Rust source, with their signatures and documentation.

use super::attributes::{Features, derives_clone, offered};
use super::macros::{Macros, macros_in};
use ra_ap_syntax::ast::{self, AstNode, HasGenericParams, HasModuleItem, HasName, HasVisibility};
use ra_ap_syntax::{Edition, NodeOrToken, SourceFile, SyntaxKind, SyntaxNode};
use serde::{Deserialize, Serialize};

/// The maximum length of documentation; longer texts do not suit a tooltip.
const DOC_BYTES: usize = 6000;

/// The name of a glob export; its signature is the module's path.
pub const ALL: &str = "*";

/// The kind of a name, in Jupyter's terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A free function or one called by its type's path.
    Function,
    /// A function with a receiver.
    Method,
    /// A field of a struct.
    Property,
    /// A variant of an enum.
    Variant,
    /// A struct, enum, union or alias.
    Class,
    /// A trait.
    Interface,
    /// A module.
    Module,
    /// A constant or static.
    Constant,
    /// A `macro_rules`.
    Macro,
    /// A re-export of an item from elsewhere.
    Export,
    /// A variable.
    Instance,
    /// A keyword of the language.
    Keyword,
    /// A column of a table.
    Column,
}

/// One name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The name.
    pub name: String,
    /// The kind of the name.
    pub kind: Kind,
    /// The type or trait it belongs to; empty for others.
    pub of: String,
    /// The crate and module it is in: `zoobot_core::notebook`.
    pub module: String,
    /// Its declaration on one line.
    pub signature: String,
    /// Its documentation, in Markdown.
    pub doc: String,
}

/// The names read from some sources.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Sources {
    /// The names.
    pub entries: Vec<Entry>,
    /// Type, trait and module, for each `impl` of a trait.
    pub traits: Vec<(String, String, String)>,
    /// Where else the methods of a type are looked up: its `Deref` target, or the type behind an
    /// alias.
    pub derefs: Vec<(String, String)>,
}

impl Sources {
    /// Adds the public names in the source of `module`, in a crate built with `features` whose
    /// [`macros_in`] are known.
    pub fn read(&mut self, text: &str, module: &str, features: &Features, macros: &Macros) {
        self.add(text, module, features, macros, false);
    }

    /// Adds other sources.
    pub fn extend(&mut self, other: Self) {
        self.entries.extend(other.entries);
        self.traits.extend(other.traits);
        self.derefs.extend(other.derefs);
    }

    /// Adds everything that the items of a notebook declare.
    pub fn read_all(&mut self, text: &str) {
        self.add(text, "", &None, &macros_in(text), true);
    }

    fn add(
        &mut self,
        text: &str,
        module: &str,
        features: &Features,
        macros: &Macros,
        everything: bool,
    ) {
        let file = SourceFile::parse(text, Edition::Edition2024).tree();
        Reader { into: self, features, macros, everything }.items(file.items(), module);
    }
}

struct Reader<'a> {
    into: &'a mut Sources,
    features: &'a Features,
    macros: &'a Macros,
    everything: bool,
}

impl Reader<'_> {
    fn items(&mut self, items: impl Iterator<Item = ast::Item>, module: &str) {
        for item in items {
            if offered(item.syntax(), self.features) {
                self.item(&item, module);
            }
        }
    }

    fn item(&mut self, item: &ast::Item, module: &str) {
        match item {
            ast::Item::Fn(item) => self.declare(item, Kind::Function, "", module),
            ast::Item::Const(item) => self.declare(item, Kind::Constant, "", module),
            ast::Item::Static(item) => self.declare(item, Kind::Constant, "", module),
            ast::Item::Union(item) => self.declare(item, Kind::Class, "", module),
            ast::Item::TypeAlias(item) => {
                self.declare(item, Kind::Class, "", module);
                if let (Some(name), Some(ty)) = (item.name(), item.ty()) {
                    let means = head_of(&ty.syntax().text().to_string());
                    self.into.derefs.push((name.text().to_string(), means));
                }
            }
            ast::Item::MacroRules(item) => {
                let exported = item.syntax().text().to_string().contains("macro_export");
                if exported || self.everything {
                    self.add(item.syntax(), item.name(), Kind::Macro, "", module);
                }
            }
            ast::Item::Module(item) => {
                self.declare(item, Kind::Module, "", module);
                if let (Some(list), Some(name)) = (item.item_list(), item.name()) {
                    self.items(list.items(), &format!("{module}::{}", name.text()));
                }
            }
            ast::Item::Use(item) if self.is_open(item) => {
                if let Some(tree) = item.use_tree() {
                    self.exports(&tree, module);
                }
            }
            ast::Item::Struct(item) => {
                self.declare(item, Kind::Class, "", module);
                let (Some(name), Some(ast::FieldList::RecordFieldList(fields))) =
                    (item.name(), item.field_list())
                else {
                    return;
                };
                for field in fields.fields() {
                    self.declare(&field, Kind::Property, name.text(), module);
                }
            }
            ast::Item::Enum(item) => {
                self.declare(item, Kind::Class, "", module);
                let Some(name) = item.name().filter(|_| self.is_open(item)) else { return };
                for variant in item.variant_list().into_iter().flat_map(|list| list.variants()) {
                    self.add(variant.syntax(), variant.name(), Kind::Variant, name.text(), module);
                }
            }
            ast::Item::Trait(item) => {
                self.declare(item, Kind::Interface, "", module);
                let Some(name) = item.name() else { return };
                for item in item.assoc_item_list().into_iter().flat_map(|list| list.assoc_items()) {
                    if let ast::AssocItem::Fn(item) = item {
                        self.add(item.syntax(), item.name(), kind_of(&item), name.text(), module);
                    }
                }
            }
            ast::Item::Impl(item) => self.implementation(item, module),
            _ => {}
        }
    }

    fn implementation(&mut self, item: &ast::Impl, module: &str) {
        let Some(ty) = item.self_ty() else { return };
        let ty = head_of(&ty.syntax().text().to_string());
        let mut members = item.assoc_item_list().into_iter().flat_map(|list| list.assoc_items());
        let Some(of) = item.trait_() else {
            for member in members {
                match member {
                    ast::AssocItem::Fn(item) => self.declare(&item, kind_of(&item), &ty, module),
                    ast::AssocItem::Const(item) => self.declare(&item, Kind::Constant, &ty, module),
                    ast::AssocItem::MacroCall(call) => self.expand(&call, &ty, module),
                    _ => {}
                }
            }
            return;
        };
        let of = head_of(&of.syntax().text().to_string());
        if of == "Deref" {
            let target = members.find_map(|member| match member {
                ast::AssocItem::TypeAlias(alias) => alias.ty(),
                _ => None,
            });
            if let Some(target) = target {
                self.into.derefs.push((ty, head_of(&target.syntax().text().to_string())));
            }
        } else {
            // A trait for every type with another trait: `impl<R: RngCore> Rng for R`.
            for bound in bounds(item, &ty) {
                self.into.traits.push((bound, of.clone(), module.to_owned()));
            }
            self.into.traits.push((ty, of, module.to_owned()));
        }
    }

    /// Adds the items that a macro without arguments adds to the `impl` of a type.
    fn expand(&mut self, call: &ast::MacroCall, ty: &str, module: &str) {
        let name = call.path().and_then(|path| path.segment()).and_then(|last| last.name_ref());
        let body = name.and_then(|name| self.macros.get(name.text().to_string().as_str()));
        if let Some(body) = body {
            let code = format!("impl {ty} {{ {body} }}");
            let file = SourceFile::parse(&code, Edition::Edition2024).tree();
            self.items(file.items(), module);
        }
    }

    fn exports(&mut self, tree: &ast::UseTree, module: &str) {
        for tree in tree.use_tree_list().into_iter().flat_map(|list| list.use_trees()) {
            self.exports(&tree, module);
        }
        if tree.use_tree_list().is_some() {
            return;
        }
        if tree.star_token().is_some() {
            let path = tree.path().map(|path| path.syntax().text().to_string());
            self.push(
                ALL.to_owned(),
                Kind::Export,
                "",
                module,
                path.unwrap_or_default(),
                String::new(),
            );
            return;
        }
        let renamed =
            tree.rename().and_then(|rename| rename.name()).map(|name| name.text().to_string());
        let last = || tree.path()?.segment()?.name_ref().map(|name| name.text().to_string());
        if let Some(name) = renamed.or_else(last) {
            let signature = tree.syntax().text().to_string();
            self.push(name, Kind::Export, "", module, signature, String::new());
        }
    }

    /// Adds an item that may be public.
    fn declare(
        &mut self,
        item: &(impl HasName + HasVisibility),
        kind: Kind,
        of: &str,
        module: &str,
    ) {
        if self.is_open(item) {
            self.add(item.syntax(), item.name(), kind, of, module);
        }
    }

    fn is_open(&self, item: &impl HasVisibility) -> bool {
        self.everything
            || item.visibility().is_some_and(|visibility| visibility.visibility_inner().is_none())
    }

    fn add(
        &mut self,
        node: &SyntaxNode,
        name: Option<ast::Name>,
        kind: Kind,
        of: &str,
        module: &str,
    ) {
        let Some(name) = name.filter(|_| offered(node, self.features)) else { return };
        if matches!(kind, Kind::Class) && derives_clone(node) {
            let ty = name.text().to_string();
            self.into.traits.push((ty, "Clone".to_owned(), module.to_owned()));
        }
        self.push(name.text().to_string(), kind, of, module, signature(node), documentation(node));
    }

    fn push(
        &mut self,
        name: String,
        kind: Kind,
        of: &str,
        module: &str,
        signature: String,
        doc: String,
    ) {
        let (of, module) = (of.to_owned(), module.to_owned());
        self.into.entries.push(Entry { name, kind, of, module, signature, doc });
    }
}

/// Traits that nearly every type implements; they say nothing about a type.
const COMMON: [&str; 14] = [
    "Sized",
    "Send",
    "Sync",
    "Copy",
    "Clone",
    "Debug",
    "Display",
    "Default",
    "PartialEq",
    "Eq",
    "Ord",
    "PartialOrd",
    "Hash",
    "Into",
];

/// The trait bounds of the type parameter `name` of an `impl`; empty if it is not a parameter.
fn bounds(item: &ast::Impl, name: &str) -> Vec<String> {
    let parameters = item.generic_param_list();
    let parameters = parameters.into_iter().flat_map(|list| list.generic_params());
    let parameters: Vec<String> = parameters.map(|it| it.syntax().text().to_string()).collect();
    let named = |text: &str| text.split([':', '=']).next().is_some_and(|it| it.trim() == name);
    if !parameters.iter().any(|text| named(text)) {
        return Vec::new();
    }
    let conditions = item.where_clause().into_iter().flat_map(|clause| clause.predicates());
    let conditions = conditions.map(|it| it.syntax().text().to_string());
    let all = parameters.into_iter().chain(conditions).filter(|text| named(text));
    let all = all.filter_map(|text| text.split_once(':').map(|(_, bounds)| bounds.to_owned()));
    let all: Vec<String> = all.collect();
    let each = all.iter().flat_map(|bounds| bounds.split('+')).map(head_of);
    each.filter(|it| it.starts_with(char::is_uppercase) && !COMMON.contains(&it.as_str())).collect()
}

fn kind_of(item: &ast::Fn) -> Kind {
    match item.param_list().and_then(|list| list.self_param()) {
        Some(_) => Kind::Method,
        None => Kind::Function,
    }
}

/// The declaration without documentation, attributes and body.
fn signature(node: &SyntaxNode) -> String {
    use SyntaxKind as K;
    let mut text = String::new();
    for child in node.children_with_tokens() {
        match child.kind() {
            K::COMMENT | K::ATTR => {}
            K::BLOCK_EXPR
            | K::ASSOC_ITEM_LIST
            | K::ITEM_LIST
            | K::RECORD_FIELD_LIST
            | K::VARIANT_LIST
            | K::TOKEN_TREE => {
                if node.kind() == K::VARIANT {
                    text.push_str(&child.to_string());
                }
            }
            _ => match child {
                NodeOrToken::Node(node) => text.push_str(&node.text().to_string()),
                NodeOrToken::Token(token) => text.push_str(token.text()),
            },
        }
    }
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.replace("( ", "(").replace(", )", ")").trim_end_matches(';').to_owned()
}

/// The text of the `///` comments.
fn documentation(node: &SyntaxNode) -> String {
    let mut lines = Vec::new();
    let mut bytes = 0;
    for token in node.children_with_tokens().filter_map(NodeOrToken::into_token) {
        if let Some(line) = token.text().strip_prefix("///") {
            bytes += line.len();
            if bytes > DOC_BYTES {
                lines.push("...".to_owned());
                break;
            }
            lines.push(line.strip_prefix(' ').unwrap_or(line).to_owned());
        }
    }
    lines.join("\n")
}

/// The name under which the methods of a type are found: `B` for `&mut a::B<C>`, the trait's name
/// for a trait object, `slice` for slices and arrays.
pub fn head_of(ty: &str) -> String {
    let mut ty = ty.trim();
    loop {
        let before = ty;
        for start in ["&", "mut ", "dyn ", "impl ", "(dyn ", "'_ ", "'static ", "'a "] {
            ty = ty.strip_prefix(start).unwrap_or(ty).trim_start();
        }
        if ty == before {
            break;
        }
    }
    if ty.starts_with('[') {
        return "slice".to_owned();
    }
    let path = ty.split(['<', '>', ',', ' ', '(', '+', ')']).next().unwrap_or_default();
    path.rsplit("::").next().unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_names_come_with_signature_and_documentation() {
        let mut sources = Sources::default();
        let code = "/// A table.\n/// Of galaxies.\n#[derive(Debug)]\npub struct Table { /// Its rows.\n pub rows: usize, hidden: u8 }\n\
            impl Table {\n /// The first.\n pub fn head(&self,\n n: usize,\n) -> Self { todo!() }\n fn private(&self) {} }\n\
            impl Show for Table {}\npub enum Kind { A, B(u8) }\n#[cfg(test)] mod tests { pub fn f() {} }";
        sources.read(code, "zoobot_core::a", &None, &Macros::new());
        let named = |name: &str| sources.entries.iter().find(|entry| entry.name == name);
        let head = named("head").unwrap();
        assert_eq!(head.signature, "pub fn head(&self, n: usize) -> Self");
        assert_eq!(
            (head.doc.as_str(), head.of.as_str(), head.kind),
            ("The first.", "Table", Kind::Method)
        );
        assert_eq!(named("Table").unwrap().doc, "A table.\nOf galaxies.");
        assert_eq!(named("rows").unwrap().doc, "Its rows.");
        assert_eq!(named("B").unwrap().of, "Kind");
        assert!(named("hidden").is_none() && named("private").is_none() && named("f").is_none());
        let shows = ["Table", "Show", "zoobot_core::a"].map(str::to_owned);
        assert_eq!(sources.traits, [shows.into()]);
    }

    #[test]
    fn types_are_found_under_their_own_names() {
        for (ty, head) in [
            ("&mut zoobot::polars::prelude::DataFrame", "DataFrame"),
            ("std::vec::Vec<std::string::String>", "Vec"),
            ("[f64; 3]", "slice"),
            ("std::boxed::Box<dyn Fn(f64) -> f64>", "Box"),
            ("dyn SeriesTrait + 'static", "SeriesTrait"),
            ("&'_ str", "str"),
        ] {
            assert_eq!(head_of(ty), head, "{ty}");
        }
    }
}
