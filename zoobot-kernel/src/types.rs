//! The types of untyped `let`s, asked of rustc itself.
//!
//! The cell is checked once (`--emit=metadata`, no code generated) with one line more for each
//! variable: a call that needs a trait which no type implements. rustc's complaint names the type
//! in full, with importable paths.

use crate::cell::{Binding, Cell};
use crate::library::Library;
use anyhow::{Context, Result};
use serde_json::Value;
use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Command;

const MARK: &str = "ZOOBOT_TYPE";
const FUNCTION: &str = "zoobot_cell";

/// What a cell may refer to.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// The items (functions, types, imports) of earlier cells.
    pub items: String,
    /// The variables of earlier cells and their types.
    pub variables: Vec<(String, String)>,
}

/// What the probe found.
#[derive(Debug, Clone, PartialEq)]
pub enum Types {
    /// One type for each binding.
    Found(Vec<String>),
    /// A variable that cannot be kept, and why.
    Refused(String),
    /// The cell has errors of its own, which compiling it will show.
    Broken,
}

/// Asks rustc for the types of a cell's bindings.
#[derive(Debug)]
pub struct Probe {
    library: Library,
    dir: PathBuf,
}

impl Probe {
    /// A probe that writes into `dir`.
    pub fn new(library: Library, dir: PathBuf) -> Self {
        Self { library, dir }
    }

    /// The types of the bindings of `cell`, whose code is `code`.
    pub fn types(&self, code: &str, cell: &Cell, scope: &Scope) -> Result<Types> {
        let source = self.dir.join("probe.rs");
        std::fs::write(&source, probe_source(code, cell, scope))?;
        let output = Command::new(&self.library.rustc)
            .args(["--edition=2024", "--crate-type=lib", "--crate-name=probe", "--emit=metadata"])
            .args(["--error-format=json", "--cap-lints=allow", "--diagnostic-width=1000000"])
            // Full paths can be written down in the next cell; short ones may not be in scope.
            .arg("-Ztrim-diagnostic-paths=no")
            .env("RUSTC_BOOTSTRAP", "1")
            .args(self.library.rustc_flags())
            .arg("--out-dir")
            .arg(&self.dir)
            .arg(&source)
            .output()
            .with_context(|| format!("cannot run {}", self.library.rustc.display()))?;
        let messages = String::from_utf8_lossy(&output.stderr);
        Ok(read_types(&messages, &cell.bindings))
    }
}

/// The crate that rustc checks. Where a name is bound twice the first is asked about at once, the
/// last at the end, when all that follows has told what its type is.
fn probe_source(code: &str, cell: &Cell, scope: &Scope) -> String {
    let mut probes = String::new();
    let mut at_once: Vec<(usize, String)> = Vec::new();
    let mut traits = String::new();
    let mut late = String::new();
    for (i, binding) in cell.bindings.iter().enumerate() {
        traits.push_str(&format!(
            "#[diagnostic::on_unimplemented(message = \"{MARK} {i} {{Self}}\")] trait ZoobotType{i} {{}}\n"
        ));
        let name = &binding.name;
        let call = match binding.closure {
            Some((arity, _)) => closure_probe(i, arity, binding, &mut probes, &mut traits),
            None => {
                probes.push_str(&format!(
                    "fn zoobot_type_{i}<T: ZoobotType{i} + ?Sized>(_: &T) {{}}\n"
                ));
                format!(" zoobot_type_{i}(&{name});")
            }
        };
        if cell.bindings[i + 1..].iter().any(|later| later.name == binding.name) {
            at_once.push((binding.statement_end, call));
        } else {
            late.push_str(&call);
        }
    }
    let mut body = code.to_owned();
    for (at, call) in at_once.into_iter().rev() {
        body.insert_str(at, &call);
    }
    let parameters: String =
        scope.variables.iter().map(|(name, ty)| format!("mut {name}: {ty}, ")).collect();
    let question_mark = format!(
        "struct ZoobotError; impl<T: std::fmt::Display> From<T> for ZoobotError {{ fn from(_: T) -> Self {{ Self }} }}\n"
    );
    format!(
        "#![allow(warnings)]\n{}\n{traits}{probes}{question_mark}\
         fn {FUNCTION}({parameters}) -> std::result::Result<(), ZoobotError> {{\n{body}\n;{late}\nOk(())\n}}\n",
        scope.items
    )
}

/// A closure has no name; its parameters and result have. Each is asked about on its own.
fn closure_probe(
    i: usize,
    arity: usize,
    binding: &Binding,
    probes: &mut String,
    traits: &mut String,
) -> String {
    let letters: Vec<String> = (0..arity).map(|k| format!("A{k}")).collect();
    let mut bounds = String::new();
    for part in letters.iter().map(String::as_str).chain(["R"]) {
        traits.push_str(&format!(
            "#[diagnostic::on_unimplemented(message = \"{MARK} {i}.{part} {{Self}}\")] trait ZoobotType{i}{part} {{}}\n"
        ));
        bounds.push_str(&format!(", {part}: ZoobotType{i}{part}"));
    }
    let kind = if binding.mutable { "FnMut" } else { "Fn" };
    probes.push_str(&format!(
        "fn zoobot_type_{i}<F: {kind}({}) -> R{bounds}>(_: &F) {{}}\n",
        letters.join(", ")
    ));
    format!(" zoobot_type_{i}(&{});", binding.name)
}

fn read_types(messages: &str, bindings: &[Binding]) -> Types {
    let mut found: HashMap<String, String> = HashMap::new();
    let mut other_errors = false;
    for line in messages.lines() {
        let Ok(message) = serde_json::from_str::<Value>(line) else { continue };
        let text = message["message"].as_str().unwrap_or_default();
        if let Some(rest) = text.strip_prefix(MARK) {
            if let Some((key, ty)) = rest.trim_start().split_once(' ') {
                found.entry(key.to_owned()).or_insert_with(|| clean(ty));
            }
        } else if message["level"] == "error" && !text.starts_with("aborting due to") {
            other_errors = true;
        }
    }
    let mut types = Vec::new();
    for (i, binding) in bindings.iter().enumerate() {
        let ty = match binding.closure {
            Some((arity, _)) => {
                let part = |name: String| found.get(&format!("{i}.{name}")).cloned();
                let arguments: Option<Vec<_>> = (0..arity).map(|k| part(format!("A{k}"))).collect();
                let kind = if binding.mutable { "FnMut" } else { "Fn" };
                arguments.zip(part("R".to_owned())).map(|(arguments, result)| {
                    format!("std::boxed::Box<dyn {kind}({}) -> {result}>", arguments.join(", "))
                })
            }
            None => found.get(&i.to_string()).cloned(),
        };
        let Some(ty) = ty else {
            if binding.closure.is_some() && !other_errors {
                return Types::Refused(advice(&binding.name, "{closure}"));
            }
            return Types::Broken;
        };
        if let Some(refusal) = refuse(&binding.name, &ty) {
            return if other_errors { Types::Broken } else { Types::Refused(refusal) };
        }
        types.push(ty);
    }
    if other_errors { Types::Broken } else { Types::Found(types) }
}

/// A type as it can be written in the next cell.
fn clean(ty: &str) -> String {
    let mut ty = ty
        .replace("{integer}", "i32")
        .replace("{float}", "f64")
        .replace(&format!("{FUNCTION}::"), "")
        .replace("probe::", "")
        .replace("'static ", "");
    // A function's own type has no name; its pointer has.
    if ty.starts_with("fn(") || ty.starts_with("unsafe fn(") {
        if let Some(at) = ty.rfind(" {") {
            ty.truncate(at);
        }
    }
    ty
}

fn refuse(name: &str, ty: &str) -> Option<String> {
    let unnameable = ["{closure@", "impl ", "{async", "{gen", "_>", "<_", "(_", ", _"]
        .iter()
        .any(|mark| ty.contains(mark))
        || ty == "_";
    unnameable.then(|| advice(name, ty))
}

fn advice(name: &str, ty: &str) -> String {
    if ty.contains("closure") {
        format!(
            "the closure in `{name}` cannot be kept for later cells as it is. Give its parameters \
             types, or write the type: let {name}: Box<dyn Fn(f64) -> f64> = Box::new(move |x| ...);"
        )
    } else if ty.contains("impl ") {
        format!(
            "`{name}` has the type `{ty}`, which has no name, so it cannot be kept for later \
             cells. Collect it (`.collect::<Vec<_>>()`) or use it within this cell inside {{ }}"
        )
    } else {
        format!(
            "the type of `{name}` is not known (`{ty}`). Write it: let {name}: Vec<f64> = ...;"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str, level: &str) -> String {
        serde_json::json!({"message": text, "level": level}).to_string()
    }

    #[test]
    fn types_are_read_from_rustc_messages_and_made_writable() {
        let cell = Cell::parse("let a = 1; let f = main;");
        let messages = [
            message("ZOOBOT_TYPE 0 std::vec::Vec<{integer}>", "error"),
            message("ZOOBOT_TYPE 1 fn(f64) -> f64 {main}", "error"),
            message("aborting due to 2 previous errors", "error"),
        ]
        .join("\n");
        let expected = vec!["std::vec::Vec<i32>".to_owned(), "fn(f64) -> f64".to_owned()];
        assert_eq!(read_types(&messages, &cell.bindings), Types::Found(expected));
    }

    #[test]
    fn an_error_of_the_users_own_leaves_the_cell_to_the_compiler() {
        let cell = Cell::parse("let a = nope;");
        let messages = message("cannot find value `nope` in this scope", "error");
        assert_eq!(read_types(&messages, &cell.bindings), Types::Broken);
    }

    #[test]
    fn a_type_without_a_name_is_refused_with_advice() {
        let cell = Cell::parse("let a = it();");
        let messages = message("ZOOBOT_TYPE 0 impl Iterator<Item = u32>", "error");
        let Types::Refused(advice) = read_types(&messages, &cell.bindings) else { panic!() };
        assert!(advice.contains("collect"));
    }
}
