//! Checks a cell before it is compiled: finds the types of its new variables, the variables it
//! moves, and its errors, all with one `rustc --emit=metadata`, which generates no code.

use crate::cell::Binding;
use crate::diagnostics::Diagnostic;
use crate::library;
use crate::library::Library;
use crate::source::{ANSWER, ASKING, FUNCTION, MODULE, Program, Source, Tail, boxed};
use anyhow::{Context, Result};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::process::Command;

/// What the check found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Findings {
    /// The type of each new variable, in the order of the bindings.
    pub types: Vec<String>,
    /// Variables that can only be kept as another type, with that type.
    pub kept_as: Vec<(String, String)>,
    /// Variables, new and old, whose values the cell moves.
    pub moved: HashSet<String>,
    /// How to show the last expression.
    pub tail: Tail,
    /// Why the cell cannot run.
    pub errors: Vec<Diagnostic>,
    /// Why one of its variables cannot be kept.
    pub refusal: Option<String>,
}

/// Checks cells.
#[derive(Debug)]
pub struct Checker {
    library: Library,
    flags: Vec<String>,
    dir: PathBuf,
}

impl Checker {
    /// Creates a checker that writes into `dir`.
    pub fn new(library: Library, flags: Vec<String>, dir: PathBuf) -> Self {
        Self { library, flags, dir }
    }

    /// Checks a cell; `program` holds what is known about it so far.
    pub fn check(&self, program: &Program) -> Result<Findings> {
        let (answers, diagnostics) = self.ask_rustc(&program.questions())?;
        let mut found =
            Findings { moved: program.moved.clone(), tail: program.tail, ..Findings::default() };
        found.judge(&program.cell.bindings, &answers, diagnostics);
        Ok(found)
    }

    /// The errors in a source.
    pub fn errors(&self, source: &Source) -> Result<Vec<Diagnostic>> {
        Ok(self.ask_rustc(source)?.1)
    }

    /// The type of one of a program's new variables, if rustc can infer it.
    pub fn type_of(&self, program: &Program, name: &str) -> Option<String> {
        let i = program.cell.bindings.iter().position(|binding| binding.name == name)?;
        let (answers, _) = self.ask_rustc(&program.questions()).ok()?;
        answers.get(&i.to_string()).cloned()
    }

    /// The type that a program asks for with [`type_here`].
    pub fn type_here(&self, program: &Program) -> Option<String> {
        let (answers, _) = self.ask_rustc(&program.questions()).ok()?;
        answers.get(HERE).cloned()
    }

    fn ask_rustc(&self, source: &Source) -> Result<(Answers, Vec<Diagnostic>)> {
        let file = self.dir.join("check.rs");
        std::fs::write(&file, &source.text)?;
        let output = Command::new(&self.library.rustc)
            .args(["--edition=2024", "--crate-type=lib", "--crate-name=ctx", "--emit=metadata"])
            .args(["--error-format=json", "--cap-lints=allow", "--diagnostic-width=1000000"])
            // The next cell can use full paths; short ones may not be in scope there.
            .arg("-Ztrim-diagnostic-paths=no")
            .env("RUSTC_BOOTSTRAP", "1")
            .args(&self.flags)
            .arg("--out-dir")
            .arg(&self.dir)
            .arg(&file)
            .output()
            .with_context(|| format!("cannot run {}", self.library.rustc.display()))?;
        let mut answers = Answers::new();
        let mut diagnostics = Vec::new();
        for line in String::from_utf8_lossy(&output.stderr).lines() {
            let Ok(json) = serde_json::from_str::<Value>(line) else { continue };
            let text = json["message"].as_str().unwrap_or_default();
            if let Some((key, ty)) =
                text.strip_prefix(ANSWER).and_then(|rest| rest.trim_start().split_once(' '))
            {
                answers.entry(key.to_owned()).or_insert_with(|| nameable(ty));
            } else {
                diagnostics.extend(Diagnostic::read(&json, source, 0));
            }
        }
        Ok((answers, diagnostics))
    }
}

/// The key of [`type_here`].
const HERE: &str = "here";

/// A statement whose compile error names the type of an expression.
pub fn type_here(expression: &str) -> String {
    format!(
        "#[diagnostic::on_unimplemented(message = \"{ANSWER} {HERE} {{Self}}\")] trait ZoobotHere {{}} \
         fn zoobot_here<T: ZoobotHere + ?Sized>(_: &T) {{}} zoobot_here(&{expression})"
    )
}

/// rustc's answers to the questions of a program.
type Answers = HashMap<String, String>;

impl Findings {
    fn judge(&mut self, bindings: &[Binding], answers: &Answers, diagnostics: Vec<Diagnostic>) {
        let mut about_keeping: Vec<Diagnostic> = Vec::new();
        for diagnostic in diagnostics {
            if let Some(name) = diagnostic.moved() {
                self.moved.insert(name.to_owned());
            } else if diagnostic.about_keeping().next().is_some() {
                about_keeping.push(diagnostic);
            } else if diagnostic.is_the_users() {
                self.errors.push(diagnostic);
            }
        }
        if !self.errors.is_empty() {
            return;
        }
        for (i, binding) in bindings.iter().enumerate() {
            // A variable that the cell moves need not be kept, whatever its type.
            let moved = self.moved.contains(&binding.name);
            match Kept::of(answer(i, binding, answers).as_deref(), binding) {
                Kept::AsIs(ty) => self.types.push(ty),
                Kept::As(ty) => {
                    self.kept_as.push((binding.name.clone(), ty.clone()));
                    self.types.push(ty);
                }
                Kept::Not(_) if moved => self.types.push(String::new()),
                Kept::Not(advice) => {
                    self.refusal = Some(advice);
                    return;
                }
            }
        }
        if let Some(diagnostic) = about_keeping.into_iter().next() {
            self.refusal = Some(keeping_advice(&diagnostic, bindings, &self.types));
        }
    }
}

/// The type rustc named for a binding.
fn answer(i: usize, binding: &Binding, answers: &Answers) -> Option<String> {
    let Some(closure) = &binding.closure else { return answers.get(&i.to_string()).cloned() };
    let part = |k: usize| answers.get(&format!("{i}.{k}")).cloned();
    let count = closure.parameters.len();
    let unwritten = |k: usize| closure.parameters.get(k).unwrap_or(&closure.result).is_none();
    if (0..=count).any(|k| unwritten(k) && part(k).is_none()) {
        return None;
    }
    Some(boxed(closure, binding.mutable, |k| part(k).unwrap_or_default()))
}

/// A type as another cell can write it; parts that cannot be written stay in braces.
fn nameable(ty: &str) -> String {
    let mut out = String::new();
    let ty = ty.replace("{integer}", "i32").replace("{float}", "f64");
    for part in ty.split_inclusive(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
        let path = part.trim_start_matches(':');
        match path.split_once("::") {
            Some((root, _)) if library::is_own(root) => out.push_str(&library::in_cells(path)),
            // rustc names what `std` re-exports by its original crate.
            Some(("alloc", rest)) => out.push_str(&format!("std::{rest}")),
            Some((MODULE, rest)) => match rest.split_once("::") {
                Some((FUNCTION | ASKING, rest)) => out.push_str(&format!("{{local}}::{rest}")),
                _ => out.push_str(rest),
            },
            Some((root, rest)) if !["std", "core", "zoobot", ""].contains(&root) => {
                out.push_str(&format!("{{{root}}}::{rest}"));
            }
            _ => out.push_str(part),
        }
    }
    out
}

/// How a variable of some type is kept.
#[derive(Debug, Clone, PartialEq)]
enum Kept {
    AsIs(String),
    As(String),
    Not(String),
}

impl Kept {
    fn of(ty: Option<&str>, binding: &Binding) -> Self {
        if binding.closure.is_some() {
            return match ty {
                Some(ty) if is_writable(ty) => Self::As(ty.to_owned()),
                _ => Self::Not(advice(&binding.name, "{closure")),
            };
        }
        let ty = ty.unwrap_or("_");
        // The type of a function has no name; the type of its pointer has one.
        let is_function = ["fn(", "unsafe fn(", "extern \"C\" fn(", "for<"]
            .iter()
            .any(|start| ty.starts_with(start));
        if is_function
            && ty.ends_with('}')
            && let Some(at) = ty.rfind(" {")
        {
            return Self::As(ty[..at].to_owned());
        }
        for kind in ["Fn(", "FnMut("] {
            if let Some(signature) = ty.strip_prefix("impl ").filter(|s| s.starts_with(kind))
                && is_writable(signature)
                && !signature.contains(" + ")
            {
                return Self::As(format!("std::boxed::Box<dyn {signature}>"));
            }
        }
        if is_writable(ty) {
            Self::AsIs(ty.to_owned())
        } else {
            Self::Not(advice(&binding.name, ty))
        }
    }
}

fn is_writable(ty: &str) -> bool {
    let without_lifetimes = ty.replace("'_", "");
    let unknown = without_lifetimes
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .any(|word| word == "_");
    !unknown && !ty.contains(['{', '}']) && !ty.contains("impl ")
}

fn advice(name: &str, ty: &str) -> String {
    let borrowed = ty.starts_with('&') || ty.contains("'_");
    if ty.contains("{closure") && !borrowed && !ty.contains('<') {
        format!(
            "the closure `{name}` cannot be kept for later cells as it is written. Give its \
             parameters types, as in `let {name} = |x: f64| x + 1.0;`, or make it a function: \
             `fn {name}(x: f64) -> f64 {{ x + 1.0 }}`."
        )
    } else if ty == "_" || ty.is_empty() {
        format!("the type of `{name}` is not known. Write it, as in `let {name}: Vec<f64> = ...;`.")
    } else if ty.contains("{local}") {
        format!(
            "`{name}` has a type that is defined inside of braces, so it cannot be kept for later \
             cells. Define the type outside of them."
        )
    } else {
        format!(
            "`{name}` cannot be kept for later cells: its type has no name that could be written \
             there ({}). Collect an iterator, as in `.collect::<Vec<_>>()`, or use `{name}` up \
             inside of braces: {{ let {name} = ...; ... }}.",
            shortened(ty)
        )
    }
}

/// The advice for a variable that borrows something dropped at the end of the cell.
fn keeping_advice(diagnostic: &Diagnostic, bindings: &[Binding], types: &[String]) -> String {
    let blamed: Vec<&str> = diagnostic.about_keeping().collect();
    let borrows = |name: &&str| {
        bindings.iter().zip(types).any(|(binding, ty)| {
            binding.name == **name
                && (ty.contains('&') || ty.contains("'_") || binding.closure.is_some())
        })
    };
    let name = blamed.iter().copied().find(borrows).or_else(|| blamed.first().copied());
    let Some(name) = name else { return diagnostic.message.clone() };
    let is_closure =
        bindings.iter().any(|binding| binding.name == name && binding.closure.is_some());
    match diagnostic.code.as_deref() {
        Some("E0525" | "E0277") if is_closure => format!(
            "the closure `{name}` cannot be kept for later cells: {}. Bind it with `let mut {name}` \
             if it changes what it captured.",
            diagnostic.message
        ),
        _ if is_closure => format!(
            "the closure `{name}` borrows a variable of this cell, so it cannot be kept for later \
             cells. Let it own what it uses: `let {name} = move |...| ...;`, with a `.clone()` of \
             what is needed elsewhere too."
        ),
        Some("E0282" | "E0283" | "E0284") => advice(name, "_"),
        _ => format!(
            "`{name}` borrows from a value that ends with this cell, so it cannot be kept for later \
             cells. Keep a copy (`.clone()`, `.to_owned()`, `.to_vec()`, `.collect::<Vec<_>>()`), or \
             use it up inside of braces: {{ let {name} = ...; ... }}."
        ),
    }
}

fn shortened(ty: &str) -> String {
    let mut text: String = ty.chars().take(120).collect();
    if text.len() < ty.len() {
        text.push_str("...");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::Cell;

    fn found(code: &str, answers: &[(&str, &str)]) -> Findings {
        let answers = answers.iter().map(|(key, ty)| ((*key).to_owned(), nameable(ty))).collect();
        let mut found = Findings::default();
        found.judge(&Cell::parse(code).bindings, &answers, Vec::new());
        found
    }

    #[test]
    fn types_are_made_writable_in_another_cell() {
        let answers = [
            ("0", "std::vec::Vec<{integer}>"),
            ("1", "zoobot_core::polars::prelude::DataFrame"),
            ("2", "zoobot_cell::P<{float}>"),
        ];
        let types = found("let a = 1; let b = 2; let c = 3;", &answers).types;
        assert_eq!(types, ["std::vec::Vec<i32>", "zoobot::polars::prelude::DataFrame", "P<f64>"]);
    }

    #[test]
    fn functions_and_closures_are_kept_as_types_that_have_names() {
        let answers = [
            ("0", "fn(f64) -> f64 {zoobot_cell::half}"),
            ("1", "impl Fn(f64) -> f64"),
            ("2.0", "f64"),
            ("2.1", "bool"),
        ];
        let found = found("let a = half; let b = make(); let c = |x| x > 1.0;", &answers);
        assert_eq!(
            found.types,
            [
                "fn(f64) -> f64",
                "std::boxed::Box<dyn Fn(f64) -> f64>",
                "std::boxed::Box<dyn Fn(f64) -> bool>"
            ]
        );
        assert_eq!(found.kept_as.len(), 3);
    }

    #[test]
    fn a_type_without_a_name_is_refused_with_advice() {
        for ty in [
            "std::iter::Map<std::ops::Range<i32>, {closure@check.rs:1:2: 3:4}>",
            "impl Iterator<Item = u32>",
        ] {
            assert!(found("let a = it();", &[("0", ty)]).refusal.unwrap().contains("collect"));
        }
        assert!(found("let a = x;", &[("0", "_")]).refusal.unwrap().contains("Write it"));
    }

    #[test]
    fn static_texts_and_hidden_lifetimes_can_be_kept() {
        let found =
            found("let a = x; let b = y;", &[("0", "&str"), ("1", "std::borrow::Cow<'_, str>")]);
        assert_eq!(found.types.len(), 2);
    }
}
