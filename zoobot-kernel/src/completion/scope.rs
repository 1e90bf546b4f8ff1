//! Which names can be used where.

use super::index::Index;
use super::reader::{ALL, Entry, Kind};
use crate::cell::Binding;
use crate::source::Variable;

/// Words worth completing.
const KEYWORDS: [&str; 16] = [
    "async", "break", "const", "continue", "else", "enum", "false", "impl", "match", "return",
    "static", "struct", "trait", "true", "unsafe", "while",
];
/// Modules of the crate root that re-export other crates.
const CRATES: [&str; 7] = ["polars", "plotters", "ndarray", "image", "rand", "rand_distr", "tch"];
/// Modules of the standard library that notebooks use.
const STANDARD: [&str; 12] = [
    "collections",
    "env",
    "f64",
    "fmt",
    "fs",
    "io",
    "iter",
    "path",
    "process",
    "sync",
    "thread",
    "time",
];
/// The macros that are always available, and their descriptions.
const MACROS: [(&str, &str, &str); 4] = [
    (
        "println",
        "println!(\"{x}\")",
        "Prints a line: `println!(\"{x}\")` a variable, `println!(\"{}\", a + b)` an expression, \
         `println!(\"{x:.2}\")` two decimals, `println!(\"{list:?}\")` a list.",
    ),
    ("print", "print!(\"{x}\")", "Prints as `println!` does, without ending the line."),
    ("format", "format!(\"{x}\")", "Makes a text: `format!(\"{x:.2} and {}\", a + b)`."),
    (
        "vec",
        "vec![1.0, 2.0]",
        "Makes a list: `vec![1.0, 2.0]` of these values, `vec![0.0; 10]` of ten zeros.",
    ),
];
/// The number of re-exports that are followed in a row.
const EXPORTS: usize = 4;

/// The names that a cell can use.
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

    /// The contents of a type or module.
    pub fn in_path(&self, path: &str) -> Vec<Entry> {
        let last = path.rsplit("::").next().unwrap_or(path);
        if last.starts_with(char::is_uppercase) || self.own.of(last).next().is_some() {
            let mut found = self.of(&self.imported(path));
            found.retain(|entry| entry.kind != Kind::Property);
            return found;
        }
        if let ["f64" | "f32" | "str", ..] = [last] {
            return self.of(if last == "f32" { "f64" } else { last });
        }
        if path == "std" {
            let mut modules = STANDARD.to_vec();
            let entries = self.library.map(Index::entries).unwrap_or_default().iter();
            let inner = entries.filter_map(|entry| entry.module.strip_prefix("std::"));
            modules.extend(inner.filter_map(|inner| inner.split("::").next()));
            modules.sort_unstable();
            modules.dedup();
            return modules.into_iter().map(|name| word(name, Kind::Module)).collect();
        }
        if path.starts_with("std::") {
            return self.in_module(path);
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

    /// The full path of a type, if an import of the notebook gives it.
    fn imported(&self, path: &str) -> String {
        if path.contains("::") {
            return path.to_owned();
        }
        let imports = self.text.split("use ").skip(1).filter_map(|rest| rest.split(';').next());
        let of_this = imports.filter(|import| crate::cell::words(import).any(|word| word == path));
        let root = of_this.filter_map(|import| import.split(['{', '*']).next()).next();
        root.map_or_else(
            || path.to_owned(),
            |root| match root.trim_end_matches("::").trim() {
                root if root.ends_with(path) => root.to_owned(),
                root => format!("{root}::{path}"),
            },
        )
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
        found.extend(MACROS.iter().map(|(name, signature, doc)| Entry {
            signature: (*signature).to_owned(),
            doc: (*doc).to_owned(),
            ..word(name, Kind::Macro)
        }));
        found
    }

    fn of(&self, ty: &str) -> Vec<Entry> {
        let mut found: Vec<Entry> = self.own.members(ty).into_iter().cloned().collect();
        if let Some(library) = self.library {
            found.extend(library.members(ty).into_iter().cloned());
            // Members that the notebook's own type gets from the library's traits.
            let traits = self.own.heads(ty).into_iter().skip(1);
            found.extend(traits.flat_map(|head| library.of(&head).cloned().collect::<Vec<_>>()));
        }
        found
    }

    fn in_module(&self, module: &str) -> Vec<Entry> {
        let mut found = Vec::new();
        self.add_module(module, EXPORTS, &mut found);
        found
    }

    /// Adds what a module declares and exports, including the contents of modules that it exports
    /// with `*`.
    fn add_module(&self, module: &str, depth: usize, found: &mut Vec<Entry>) {
        let entries = self.library.map(Index::entries).unwrap_or_default().iter();
        for entry in entries.filter(|entry| entry.of.is_empty() && entry.module == module) {
            if entry.name != ALL {
                found.push(self.resolved(entry));
            } else if depth > 0 {
                self.add_module(&whole_module(&entry.signature, module), depth - 1, found);
            }
        }
    }

    /// The names of polars' prelude, which is spread over crates; nearly everything public in them
    /// belongs to it.
    fn polars(&self) -> Vec<Entry> {
        let entries = self.library.map(Index::entries).unwrap_or_default().iter();
        entries
            .filter(|entry| entry.of.is_empty() && entry.module.starts_with("polars_"))
            .filter(|entry| !matches!(entry.kind, Kind::Module | Kind::Export))
            .cloned()
            .collect()
    }

    /// The item behind an exported name, if it is known.
    fn resolved(&self, entry: &Entry) -> Entry {
        if entry.kind != Kind::Export {
            return entry.clone();
        }
        // Prefer the crate's own item to others of this name.
        let crate_ = entry.module.split("::").next().unwrap_or_default();
        let near =
            self.library.into_iter().flat_map(|library| library.named(&entry.name)).find(|it| {
                it.of.is_empty()
                    && it.kind != Kind::Export
                    && it.module.split("::").next() == Some(crate_)
            });
        near.cloned().or_else(|| self.of_name(&entry.name)).unwrap_or_else(|| entry.clone())
    }

    fn of_name(&self, name: &str) -> Option<Entry> {
        let own = self.own.named(name);
        let library = self.library.into_iter().flat_map(|library| library.named(name));
        let mut known: Vec<&Entry> = own
            .chain(library)
            .filter(|entry| entry.of.is_empty() && entry.kind != Kind::Export)
            .collect();
        // Prefer the library's own item to others of this name, and documented items to others.
        known.sort_by_key(|entry| (!entry.module.starts_with("zoobot_core"), entry.doc.is_empty()));
        known.first().map(|entry| (*entry).clone())
    }
}

/// The module that `path` means in a `pub use path::*` of `module`.
fn whole_module(path: &str, module: &str) -> String {
    let root = module.split("::").next().unwrap_or(module);
    let parent = module.rsplit_once("::").map_or(module, |(parent, _)| parent);
    match path.split_once("::").unwrap_or((path, "")) {
        ("crate", rest) => [root, rest].join("::"),
        ("self", rest) => [module, rest].join("::"),
        ("super", rest) => [parent, rest].join("::"),
        _ => [module, path].join("::"),
    }
    .trim_end_matches(':')
    .to_owned()
}

/// An entry with nothing but a name and a kind.
pub fn word(name: &str, kind: Kind) -> Entry {
    Entry {
        name: name.to_owned(),
        kind,
        of: String::new(),
        module: String::new(),
        signature: name.to_owned(),
        doc: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::completion::macros::Macros;
    use crate::completion::reader::Sources;

    #[test]
    fn exports_of_whole_modules_are_followed() {
        assert_eq!(whole_module("crate::a::b", "rand::c"), "rand::a::b");
        assert_eq!(whole_module("self::a", "rand::c"), "rand::c::a");
        assert_eq!(whole_module("super::a", "rand::c"), "rand::a");
        assert_eq!(whole_module("a", "rand"), "rand::a");
        let mut sources = Sources::default();
        for (code, module) in [
            (
                "pub use self::normal::*; pub mod normal; pub use crate::uniform::Uniform as Flat;",
                "rand_distr",
            ),
            ("/// A Gaussian.\npub struct Normal;", "rand_distr::normal"),
            ("pub fn random() -> f64 { 0.5 }", "rand"),
        ] {
            sources.read(code, module, &None, &Macros::new());
        }
        let library = Index::new(sources);
        let own = Index::new(Sources::default());
        let names = Names { library: Some(&library), own, text: String::new() };
        let found: Vec<String> =
            names.in_path("zoobot::rand_distr").into_iter().map(|entry| entry.name).collect();
        assert_eq!(found, ["Normal", "normal", "Flat"]);
        assert_eq!(names.in_path("zoobot::rand")[0].name, "random");
        assert!(names.in_path("zoobot").iter().any(|entry| entry.name == "rand_distr"));
    }
}
