//! Which names may stand where.

use super::index::Index;
use super::reader::{Entry, Kind};
use crate::cell::Binding;
use crate::source::Variable;

/// Words worth completing.
const KEYWORDS: [&str; 16] = [
    "async", "break", "const", "continue", "else", "enum", "false", "impl", "match", "return",
    "static", "struct", "trait", "true", "unsafe", "while",
];
/// Modules of the crate root that are other crates.
const CRATES: [&str; 6] = ["polars", "plotters", "ndarray", "image", "rand", "tch"];

/// The names at hand.
pub struct Names<'a> {
    /// Those of the library; none while it is still being read.
    pub library: Option<&'a Index>,
    /// Those of the notebook's items.
    pub own: Index,
    /// The notebook's code, for its imports.
    pub text: String,
}

impl Names<'_> {
    /// Fields and methods of a value.
    pub fn members(&self, ty: &str) -> Vec<Entry> {
        let member = |entry: &&Entry| matches!(entry.kind, Kind::Method | Kind::Property);
        self.of(ty).into_iter().filter(|entry| member(&entry)).collect()
    }

    /// What a type or module holds.
    pub fn in_path(&self, path: &str) -> Vec<Entry> {
        let last = path.rsplit("::").next().unwrap_or(path);
        if last.starts_with(char::is_uppercase) || self.own.of(last).next().is_some() {
            let mut found = self.of(last);
            found.retain(|entry| entry.kind != Kind::Property);
            return found;
        }
        if let ["f64" | "f32" | "str", ..] = [last] {
            return self.of(if last == "f32" { "f64" } else { last });
        }
        let inside = path.strip_prefix("zoobot::").unwrap_or(path);
        let mut found = match inside.split("::").collect::<Vec<_>>()[..] {
            ["zoobot"] => CRATES.iter().map(|name| word(name, Kind::Module)).collect(),
            ["polars"] => vec![word("prelude", Kind::Module)],
            ["polars", "prelude"] => self.polars(),
            _ => Vec::new(),
        };
        let crate_ = inside.split("::").next().unwrap_or_default();
        let module = match crate_ {
            "zoobot" => "zoobot_core".to_owned(),
            known if CRATES.contains(&known) => inside.to_owned(),
            _ => format!("zoobot_core::{inside}"),
        };
        found.extend(self.in_module(&module));
        found
    }

    /// What can be named without a path.
    pub fn in_scope(&self, variables: &[Variable], bindings: &[Binding]) -> Vec<Entry> {
        let instance = |name: &str, ty: &str| {
            let signature =
                if ty.is_empty() { format!("let {name}") } else { format!("let {name}: {ty}") };
            let about = self.of_name(&super::reader::head_of(ty));
            Entry {
                signature,
                doc: about.map(|entry| entry.doc).unwrap_or_default(),
                ..word(name, Kind::Instance)
            }
        };
        let mut found: Vec<Entry> =
            bindings.iter().map(|binding| instance(&binding.name, "")).collect();
        found.extend(variables.iter().map(|variable| instance(&variable.name, &variable.ty)));
        let own = self.own.entries().iter().filter(|entry| entry.of.is_empty());
        found.extend(own.map(|entry| self.resolved(entry)));
        if self.text.contains("zoobot::prelude::*") {
            found.extend(self.in_module("zoobot_core::prelude"));
        }
        if self.text.contains("polars::prelude::*") {
            found.extend(self.polars());
        }
        if self.text.contains("plotters::prelude::*") {
            found.extend(self.in_module("plotters::prelude"));
        }
        found.push(word("zoobot", Kind::Module));
        found.extend(KEYWORDS.iter().map(|name| word(name, Kind::Keyword)));
        found.extend(
            ["println", "print", "format", "vec"].iter().map(|name| word(name, Kind::Macro)),
        );
        found
    }

    fn of(&self, ty: &str) -> Vec<Entry> {
        let mut heads = self.own.heads(ty);
        if let Some(library) = self.library {
            heads.extend(library.heads(ty));
        }
        let own = heads.iter().flat_map(|head| self.own.of(head));
        let library = self
            .library
            .into_iter()
            .flat_map(|library| heads.iter().flat_map(|head| library.of(head)));
        own.chain(library).cloned().collect()
    }

    fn in_module(&self, module: &str) -> Vec<Entry> {
        let entries = self.library.map(Index::entries).unwrap_or_default().iter();
        entries
            .filter(|entry| entry.of.is_empty() && entry.module == module)
            .map(|entry| self.resolved(entry))
            .collect()
    }

    /// polars spreads its prelude over crates; nearly all that is public in them is in it.
    fn polars(&self) -> Vec<Entry> {
        let entries = self.library.map(Index::entries).unwrap_or_default().iter();
        entries
            .filter(|entry| entry.of.is_empty() && entry.module.starts_with("polars_"))
            .filter(|entry| !matches!(entry.kind, Kind::Module | Kind::Export))
            .cloned()
            .collect()
    }

    /// What an exported name stands for, where that is known.
    fn resolved(&self, entry: &Entry) -> Entry {
        if entry.kind != Kind::Export {
            return entry.clone();
        }
        self.of_name(&entry.name).unwrap_or_else(|| entry.clone())
    }

    fn of_name(&self, name: &str) -> Option<Entry> {
        let own = self.own.named(name);
        let library = self.library.into_iter().flat_map(|library| library.named(name));
        let mut known: Vec<&Entry> = own
            .chain(library)
            .filter(|entry| entry.of.is_empty() && entry.kind != Kind::Export)
            .collect();
        // The library's own before others of the name, the documented before others.
        known.sort_by_key(|entry| (!entry.module.starts_with("zoobot_core"), entry.doc.is_empty()));
        known.first().map(|entry| (*entry).clone())
    }
}

fn word(name: &str, kind: Kind) -> Entry {
    Entry {
        name: name.to_owned(),
        kind,
        of: String::new(),
        module: String::new(),
        signature: name.to_owned(),
        doc: String::new(),
    }
}
