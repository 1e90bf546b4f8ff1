//! One place for each `static` of a notebook.
//!
//! Every cell is a crate of its own, compiled with the items of the earlier cells. If a `static`
//! were compiled again, it would start over in each cell. So the cell that defines it exports it
//! under a name chosen by the kernel, and later cells get a declaration that links to it. A
//! `thread_local!` becomes a `static` of type `LocalKey`, which it is underneath.
//!
//! A static whose type contains only plain values never changes and is left alone.

use crate::points::{Insertion, first_token};
use ra_ap_syntax::ast::{self, AstNode, HasModuleItem, HasName, HasVisibility};
use ra_ap_syntax::{Edition, SourceFile, SyntaxKind, SyntaxNode};
use std::ops::Range;

/// Types without interior mutability.
const PLAIN: [&str; 18] = [
    "bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64",
    "i128", "isize", "f32", "f64", "static",
];
/// The prefix of the names of exported statics.
pub const SYMBOL: &str = "zoobot_static_";

/// A `static`, or the statics of a `thread_local!`, inside of an item.
#[derive(Debug, Clone, PartialEq)]
pub struct Shared {
    /// The bytes of the item that define it.
    range: Range<usize>,
    parts: Vec<Part>,
    /// Where the attribute of a `static` goes; none for a `thread_local!`.
    attribute: Option<usize>,
}

/// A single static.
#[derive(Debug, Clone, PartialEq)]
struct Part {
    /// The visibility with a trailing space, or nothing.
    visible: String,
    mutable: bool,
    name: String,
    /// Its type, as a declaration writes it.
    ty: String,
    /// Whether each thread has its own copy.
    of_threads: bool,
    value: String,
    /// The number in its exported name, once a cell has defined it.
    id: Option<u64>,
}

/// The statics in a node; ranges are byte offsets relative to `base`.
pub fn shared(node: &SyntaxNode, base: usize) -> Vec<Shared> {
    let found = node.descendants().filter_map(|node| {
        if let Some(item) = ast::Static::cast(node.clone()) {
            return Shared::of_static(&item, base);
        }
        Shared::of_threads(&ast::MacroCall::cast(node)?, base)
    });
    found.collect()
}

/// Whether a macro call defines statics.
pub fn is_thread_local(call: &ast::MacroCall) -> bool {
    let name = call.path().and_then(|path| path.segment()).map(|last| last.to_string());
    name.as_deref() == Some("thread_local")
}

/// The single definitions in a `thread_local!`: name and code.
pub fn single_definitions(call: &ast::MacroCall) -> Vec<(String, String)> {
    let parts = Shared::of_threads(call, 0).map(|shared| shared.parts).unwrap_or_default();
    parts.into_iter().map(|part| (part.name.clone(), part.thread_local())).collect()
}

impl Shared {
    fn of_static(item: &ast::Static, base: usize) -> Option<Self> {
        // A static that another library defines.
        if item.syntax().parent().is_some_and(|it| it.kind() == SyntaxKind::EXTERN_ITEM_LIST) {
            return None;
        }
        let part = Part::of(item)?;
        let words = part.ty.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        let mut words = words.filter(|word| !word.is_empty());
        if !part.mutable && words.all(|word| PLAIN.contains(&word) || is_number(word)) {
            return None;
        }
        let range = item.syntax().text_range();
        let start = usize::from(range.start());
        // The attribute goes after the comments at the beginning.
        let attribute = first_token(item.syntax())?.text_range().start();
        Some(Self {
            range: start - base..usize::from(range.end()) - base,
            parts: vec![part],
            attribute: Some(usize::from(attribute) - base),
        })
    }

    fn of_threads(call: &ast::MacroCall, base: usize) -> Option<Self> {
        if !is_thread_local(call) {
            return None;
        }
        let text = call.token_tree()?.syntax().text().to_string();
        let inner = text.get(1..text.len().checked_sub(1)?)?;
        let parsed = SourceFile::parse(&format!("{inner};"), Edition::Edition2024);
        let items = parsed.tree().items();
        let parts: Vec<Part> = items
            .filter_map(|item| match item {
                ast::Item::Static(item) => Some(Part { of_threads: true, ..Part::of(&item)? }),
                _ => None,
            })
            .collect();
        let range = call.syntax().text_range();
        let range = usize::from(range.start()) - base..usize::from(range.end()) - base;
        (!parts.is_empty()).then_some(Self { range, parts, attribute: None })
    }

    /// Whether its type mentions one of these names.
    pub fn mentions(&self, is_name: impl Fn(&str) -> bool) -> bool {
        let words = |part: &Part| crate::cell::words(&part.ty).any(&is_name);
        self.parts.iter().any(words)
    }

    /// Forgets where it is: the next cell defines it again.
    pub fn forget(&mut self) {
        self.parts.iter_mut().for_each(|part| part.id = None);
    }

    /// Assigns a number, from `next` on, to each part that has none.
    pub fn assign(&mut self, next: &mut u64) {
        for part in self.parts.iter_mut().filter(|part| part.id.is_none()) {
            part.id = Some(*next);
            *next += 1;
        }
    }

    /// The insertions that export its definition.
    pub fn insertions(&self) -> Vec<Insertion> {
        let Some(first) = self.parts.first().filter(|first| first.id.is_some()) else {
            return Vec::new();
        };
        if let Some(at) = self.attribute {
            return vec![Insertion::before(at, first.export())];
        }
        let mut behind = format!(" ; {}}};", first.name);
        for part in &self.parts[1..] {
            let definition = part.thread_local();
            behind.push_str(&format!(" {}{{ {definition} {}}};", part.head(), part.name));
        }
        vec![
            Insertion::before(self.range.start, format!("{}{{ ", first.head())),
            Insertion::behind(self.range.end, behind),
        ]
    }

    /// The declaration that replaces these bytes of the item, if a cell before `first` has defined
    /// the statics.
    pub fn declaration(&self, first: u64) -> Option<(Range<usize>, String)> {
        if !self.parts.iter().all(|part| part.id.is_some_and(|id| id < first)) {
            return None;
        }
        let declared: Vec<String> = self.parts.iter().map(Part::declaration).collect();
        Some((self.range.clone(), format!("unsafe extern \"C\" {{ {} }}", declared.join(" "))))
    }

    /// Copies the numbers of the parts with these names in `others`.
    pub fn assign_as_in(&mut self, others: &[Self]) {
        for part in &mut self.parts {
            let mut known = others.iter().flat_map(|other| &other.parts);
            part.id = known.find(|other| other.name == part.name).and_then(|other| other.id);
        }
    }
}

impl Part {
    fn of(item: &ast::Static) -> Option<Self> {
        let visible = item.visibility().map(|it| format!("{it} ")).unwrap_or_default();
        let value = item.syntax().children().filter_map(ast::Expr::cast).last();
        Some(Self {
            visible,
            mutable: item.mut_token().is_some(),
            name: item.name()?.text().to_string(),
            ty: declared_type(&item.ty()?),
            of_threads: false,
            value: value.map(|value| on_one_line(value.syntax())).unwrap_or_default(),
            id: None,
        })
    }

    fn symbol(&self) -> String {
        format!("{SYMBOL}{}", self.id.unwrap_or_default())
    }

    fn export(&self) -> String {
        format!("#[unsafe(export_name = \"{}\")] ", self.symbol())
    }

    /// The head of the `static` that a thread-local becomes.
    fn head(&self) -> String {
        format!("{}{}static {}: {} = ", self.export(), self.visible, self.name, self.local_key())
    }

    fn local_key(&self) -> String {
        format!("::std::thread::LocalKey<{}>", self.ty)
    }

    fn thread_local(&self) -> String {
        let Self { visible, name, ty, value, .. } = self;
        format!("::std::thread_local! {{ {visible}static {name}: {ty} = {value}; }}")
    }

    fn declaration(&self) -> String {
        let Self { visible, name, .. } = self;
        let symbol = self.symbol();
        let kind = if self.mutable { "static mut" } else { "safe static" };
        let ty = if self.of_threads { self.local_key() } else { self.ty.clone() };
        format!("#[link_name = \"{symbol}\"] {visible}{kind} {name}: {ty};")
    }
}

/// A type with the `'static` lifetimes that a definition may omit and a declaration may not.
fn declared_type(ty: &ast::Type) -> String {
    let start = usize::from(ty.syntax().text_range().start());
    let in_function = |node: &SyntaxNode| {
        let mut above = node.ancestors().take_while(|above| above != ty.syntax());
        above.any(|above| {
            let kinds = [
                SyntaxKind::FN_PTR_TYPE,
                SyntaxKind::PARENTHESIZED_ARG_LIST,
                SyntaxKind::PARAM_LIST,
                SyntaxKind::RET_TYPE,
            ];
            kinds.contains(&above.kind())
        })
    };
    let references = ty.syntax().descendants().filter_map(ast::RefType::cast);
    let mut places: Vec<usize> = references
        .filter(|reference| reference.lifetime().is_none() && !in_function(reference.syntax()))
        .filter_map(|reference| reference.amp_token())
        .map(|sign| usize::from(sign.text_range().end()) - start)
        .collect();
    places.sort_unstable();
    let mut text = ty.syntax().text().to_string();
    for at in places.into_iter().rev() {
        text.insert_str(at, "'static ");
    }
    text
}

/// The code of a node without its comments and line ends.
fn on_one_line(node: &SyntaxNode) -> String {
    let tokens = node.descendants_with_tokens().filter_map(|element| element.into_token());
    let text = tokens.map(|token| match token.kind() {
        SyntaxKind::COMMENT | SyntaxKind::WHITESPACE => " ".to_owned(),
        _ => token.text().to_owned(),
    });
    text.collect()
}

fn is_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
}
