//! The Rust source that is generated from a cell, with the origin of each line.
//!
//! ```text
//! mod zoobot_cell {
//!     items of earlier cells, items of this cell
//!     pub fn zoobot_run() {
//!         let Some(a) = load("a") else { ... };        // the earlier variables it uses
//!         let outcome = attempt(|| {
//!             the user's statements, the last expression showing itself
//!             keep_new("b", b);                         // the variables it makes
//!             Ok(())
//!         });
//!         keep("a", a);                                 // unless the statements moved it
//!         finish(outcome);
//!     }
//! }
//! ```
//!
//! All other generated code is on lines of its own, so that the user's code keeps its columns. The
//! exceptions are the checks of the stop button ([`crate::points`]), whose width [`Source::column`]
//! subtracts again.

use crate::cell::{Binding, Cell, Closure};
use crate::points::Insertion;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// The module that contains all of a notebook's code.
pub const MODULE: &str = "zoobot_cell";
/// The function to call.
pub const FUNCTION: &str = "zoobot_run";
/// The function with the questions about types; never called.
pub const ASKING: &str = "zoobot_ask";
/// The prefix of rustc's answers to [`Program::questions`].
pub const ANSWER: &str = "ZOOBOT_TYPE";

/// Where a line came from.
#[derive(Debug, Clone, PartialEq)]
pub enum Origin {
    /// This line (1-based) of the cell.
    Cell(usize),
    /// An item of an earlier cell.
    Earlier,
    /// Loads an earlier variable.
    Load(String),
    /// Keeps a variable, new or old.
    Keep(String),
    /// Shows the last expression.
    Show,
    /// The copy of the cell that asks about types.
    Question,
    /// The frame around everything else.
    Frame,
}

/// A variable of an earlier cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its type, as a cell can write it.
    pub ty: String,
    /// Whether it was bound with `mut`.
    pub mutable: bool,
    /// Jupyter's number of the cell that made it.
    pub cell: usize,
}

/// Lines of code and where they came from.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// The code.
    pub text: String,
    origins: Vec<Origin>,
    /// The insertions into each line: column (1-based) and length.
    put_in: HashMap<usize, Vec<(usize, usize)>>,
}

/// Everything that a cell's source is generated from.
#[derive(Debug, Clone)]
pub struct Program<'a> {
    /// The cell.
    pub cell: &'a Cell,
    /// Jupyter's number for it.
    pub number: usize,
    /// Items of earlier cells.
    pub items: Vec<&'a str>,
    /// Variables of earlier cells.
    pub variables: Vec<&'a Variable>,
    /// Variables that the statements move and that therefore cannot be kept.
    pub moved: &'a HashSet<String>,
    /// The types to keep new variables as, where they cannot be kept as they are.
    pub kept_as: &'a [(String, String)],
    /// How the last expression shows itself.
    pub tail: Tail,
}

/// How the last expression of a cell shows itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tail {
    /// As its type defines: by its own display, the library's, or `Debug`.
    #[default]
    Itself,
    /// By `Debug`, for an expression whose type Rust infers only at the end.
    Debug,
    /// By the name of its type, for a value that has no other display.
    Name,
}

impl Program<'_> {
    /// The source to compile and run.
    pub fn source(&self) -> Source {
        let mut out = Source::default();
        self.open(&mut out);
        self.run(&mut out);
        out.line("}", Origin::Frame);
        out.line(&format!("{MODULE}::{FUNCTION}();"), Origin::Frame);
        out
    }

    /// The source that is only checked: the cell itself, and a copy of it whose errors name the
    /// type of each new variable.
    pub fn questions(&self) -> Source {
        let mut out = Source::default();
        out.line("#![allow(warnings)]", Origin::Frame);
        self.open(&mut out);
        self.run(&mut out);
        let (traits, calls) = questions(&self.cell.bindings);
        out.line(&traits, Origin::Question);
        let from = out.origins.len();
        self.begin(ASKING, &mut out);
        self.statements(&mut out);
        out.line(&calls, Origin::Question);
        out.line("loop {} }); }", Origin::Question);
        out.line("}", Origin::Frame);
        for origin in &mut out.origins[from..] {
            *origin = Origin::Question;
        }
        out
    }

    fn open(&self, out: &mut Source) {
        out.line(&format!("#[allow(warnings)] mod {MODULE} {{"), Origin::Frame);
        for item in &self.items {
            out.lines(item, 0, |_| Origin::Earlier);
        }
        for (range, item) in &self.cell.items {
            let insertions = item.insertions();
            let insertions = insertions
                .map(|insertion| Insertion { at: insertion.at + range.start, ..insertion });
            out.user(&self.cell.code, range.clone(), insertions, self.number);
        }
    }

    fn begin(&self, function: &str, out: &mut Source) {
        out.line(
            &format!(
                "pub fn {function}() {{ use ::zoobot::notebook::cell as zoobot_rt; zoobot_rt::begin({});",
                self.number
            ),
            Origin::Frame,
        );
        for Variable { name, ty, mutable, .. } in self.used() {
            let mutable = if *mutable { "mut " } else { "" };
            out.line(
                &format!(
                    "let Some({mutable}{name}) = zoobot_rt::load::<{ty}>({name:?}) else {{ return zoobot_rt::lost({name:?}); }};"
                ),
                Origin::Load(name.clone()),
            );
        }
        out.line("let zoobot_outcome = zoobot_rt::attempt(|| -> zoobot_rt::Ended {", Origin::Frame);
    }

    fn run(&self, out: &mut Source) {
        self.begin(FUNCTION, out);
        self.statements(out);
        for binding in &self.cell.bindings {
            let name = &binding.name;
            if self.moved.contains(name) {
                continue;
            }
            let kept = match self.kept_as(binding) {
                Some(ty) if ty.starts_with("std::boxed::Box<dyn ") => {
                    format!("{{ let kept: {ty} = ::std::boxed::Box::new({name}); kept }}")
                }
                Some(ty) => format!("{{ let kept: {ty} = {name}; kept }}"),
                None => name.clone(),
            };
            out.line(
                &format!("zoobot_rt::keep_new({name:?}, {kept});"),
                Origin::Keep(name.clone()),
            );
        }
        out.line("#[allow(unreachable_code)] ::std::result::Result::Ok(()) });", Origin::Frame);
        for Variable { name, .. } in self.used() {
            if !self.moved.contains(name) {
                out.line(
                    &format!("zoobot_rt::keep({name:?}, {name});"),
                    Origin::Keep(name.clone()),
                );
            }
        }
        out.line("zoobot_rt::finish(zoobot_outcome); }", Origin::Frame);
    }

    fn kept_as(&self, binding: &Binding) -> Option<String> {
        let known = self.kept_as.iter().find(|(name, _)| *name == binding.name);
        match (known, &binding.closure) {
            (Some((_, ty)), _) => Some(ty.clone()),
            (None, Some(closure)) => Some(boxed(closure, binding.mutable, |_| "_".to_owned())),
            (None, None) => None,
        }
    }

    /// The earlier variables that the cell uses.
    pub fn used(&self) -> impl Iterator<Item = &Variable> {
        self.variables.iter().copied().filter(|variable| self.cell.uses.contains(&variable.name))
    }

    fn statements(&self, out: &mut Source) {
        let code = &self.cell.code;
        let user = |out: &mut Source, range: Range<usize>| {
            out.user(code, range, self.cell.points.iter().cloned(), self.number);
        };
        let mut from = 0;
        for (range, _) in &self.cell.items {
            user(out, from..range.start);
            from = range.end;
        }
        let Some(tail) = &self.cell.tail else {
            return user(out, from..code.len());
        };
        user(out, from..tail.start);
        let (open, close) = match self.tail {
            Tail::Itself => (
                "{ use zoobot_rt::{DebugDisplay as _, ShowDisplay as _}; (&(",
                ")).evcxr_display(); }",
            ),
            Tail::Debug => ("zoobot_rt::show_debug(&(", "));"),
            Tail::Name => ("zoobot_rt::show_name(&(", "));"),
        };
        out.line(open, Origin::Show);
        user(out, tail.clone());
        out.line(close, Origin::Show);
        user(out, tail.end..code.len());
    }
}

/// The type a closure is kept as; `part` gives the unwritten types by parameter number, with the
/// number of parameters for the result.
pub fn boxed(closure: &Closure, mutable: bool, part: impl Fn(usize) -> String) -> String {
    let parameters: Vec<String> = closure
        .parameters
        .iter()
        .enumerate()
        .map(|(i, ty)| ty.clone().unwrap_or_else(|| part(i)))
        .collect();
    let result = closure.result.clone().unwrap_or_else(|| part(parameters.len()));
    let kind = if mutable { "FnMut" } else { "Fn" };
    format!("std::boxed::Box<dyn {kind}({}) -> {result}>", parameters.join(", "))
}

/// For each binding, a call that needs a trait which no type implements: rustc's error then names
/// the full type. The type of a closure has no name; the unwritten parts of its signature have one.
fn questions(bindings: &[Binding]) -> (String, String) {
    let mut traits = String::new();
    let mut calls = String::new();
    let mut ask = |key: &str| {
        let name = format!("ZoobotType_{}", key.replace('.', "_"));
        traits.push_str(&format!(
            "#[diagnostic::on_unimplemented(message = \"{ANSWER} {key} {{Self}}\")] trait {name} {{}} "
        ));
        name
    };
    let mut functions = String::new();
    for (i, binding) in bindings.iter().enumerate() {
        let name = &binding.name;
        match &binding.closure {
            None => {
                let bound = ask(&i.to_string());
                functions
                    .push_str(&format!("fn zoobot_type_{i}<T: {bound} + ?Sized>(_: &T) {{}} "));
            }
            Some(closure) => {
                let mut generics = String::new();
                let unwritten = |i: usize| format!("Z{i}");
                let count = closure.parameters.len();
                let written =
                    |k: usize| closure.parameters.get(k).unwrap_or(&closure.result).is_some();
                for k in (0..=count).filter(|&k| !written(k)) {
                    let bound = ask(&format!("{i}.{k}"));
                    generics.push_str(&format!(", Z{k}: {bound}"));
                }
                let callable = boxed(closure, binding.mutable, unwritten);
                let callable = callable
                    .trim_start_matches("std::boxed::Box<dyn ")
                    .strip_suffix('>')
                    .unwrap_or_default();
                functions
                    .push_str(&format!("fn zoobot_type_{i}<F: {callable}{generics}>(_: &F) {{}} "));
            }
        }
        calls.push_str(&format!("zoobot_type_{i}(&{name}); "));
    }
    (traits + &functions, calls)
}

impl Source {
    /// Wraps a cell in a function, to check its syntax.
    pub fn of_syntax(code: &str) -> Self {
        let mut out = Self::default();
        out.line("fn cell() {", Origin::Frame);
        out.lines(code, 0, |i| Origin::Cell(i + 1));
        out.line("}", Origin::Frame);
        out
    }

    /// Converts a column (1-based) of line `line` to the column before the kernel's insertions.
    pub fn column(&self, line: usize, column: usize) -> usize {
        let put_in = self.put_in.get(&line).map(Vec::as_slice).unwrap_or_default();
        let before = put_in.iter().take_while(|(at, _)| *at < column);
        column - before.map(|(at, length)| (*length).min(column - at)).sum::<usize>()
    }

    /// Line `line` (1-based) without the kernel's insertions.
    pub fn as_typed(&self, line: usize) -> Option<String> {
        let text = self.text.lines().nth(line.checked_sub(1)?)?;
        let put_in = self.put_in.get(&line).map(Vec::as_slice).unwrap_or_default();
        let ours =
            |at: usize| put_in.iter().any(|(from, length)| (*from..from + length).contains(&at));
        Some(text.chars().zip(1..).filter(|(_, at)| !ours(*at)).map(|(c, _)| c).collect())
    }

    /// Where line `line` (1-based) came from.
    pub fn origin(&self, line: usize) -> &Origin {
        line.checked_sub(1).and_then(|line| self.origins.get(line)).unwrap_or(&Origin::Frame)
    }

    fn line(&mut self, text: &str, origin: Origin) {
        self.lines(text, 0, |_| origin.clone());
    }

    fn lines(&mut self, text: &str, indent: usize, origin: impl Fn(usize) -> Origin) {
        self.text.extend(std::iter::repeat_n(' ', indent));
        for (i, line) in text.split('\n').enumerate() {
            self.text.push_str(line);
            self.text.push('\n');
            self.origins.push(origin(i));
        }
    }

    /// Adds a part of the cell at its original columns, with the insertions into it.
    fn user(
        &mut self,
        code: &str,
        range: Range<usize>,
        insertions: impl Iterator<Item = Insertion>,
        number: usize,
    ) {
        if code[range.clone()].trim().is_empty() {
            return;
        }
        let mut insertions: Vec<Insertion> = insertions
            .filter(|insertion| match insertion.closes {
                true => range.start < insertion.at && insertion.at <= range.end,
                false => range.contains(&insertion.at),
            })
            .collect();
        insertions.sort_by_key(|insertion| (insertion.at, !insertion.closes));
        let line = code[..range.start].matches('\n').count() + 1;
        let start = code[..range.start].rfind('\n').map_or(0, |at| at + 1);
        let indent = code[start..range.start].chars().count();
        let first = self.origins.len() + 1;
        let mut text = String::new();
        let mut from = range.start;
        for insertion in insertions {
            text.push_str(&code[from..insertion.at]);
            from = insertion.at;
            let put_in = insertion.text(number);
            let lines = text.matches('\n').count();
            let column = text.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            let column = if lines == 0 { column + indent } else { column };
            let places = self.put_in.entry(first + lines).or_default();
            places.push((column, put_in.chars().count()));
            text.push_str(&put_in);
        }
        text.push_str(&code[from..range.end]);
        self.lines(&text, indent, |i| Origin::Cell(line + i));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(code: &str) -> Source {
        let cell = Cell::parse(code);
        let variables = [
            Variable { name: "a".into(), ty: "i32".into(), mutable: true, cell: 1 },
            Variable { name: "unused".into(), ty: "i32".into(), mutable: false, cell: 1 },
        ];
        let program = Program {
            number: 1,
            cell: &cell,
            items: vec!["use old::Thing;"],
            variables: variables.iter().collect(),
            moved: &HashSet::new(),
            kept_as: &[],
            tail: Tail::Itself,
        };
        program.source()
    }

    #[test]
    fn the_users_code_keeps_its_lines_and_columns() {
        let code = "fn f() {}\nlet b = a; b + nope";
        let out = source(code);
        let lines: Vec<&str> = out.text.lines().collect();
        let at = lines.iter().position(|line| line.contains("nope")).unwrap();
        assert_eq!(out.origin(at + 1), &Origin::Cell(2));
        assert_eq!(out.column(at + 1, lines[at].find("nope").unwrap() + 1), 16);
        let item = lines.iter().position(|line| line.contains("fn f()")).unwrap();
        assert_eq!(out.origin(item + 1), &Origin::Cell(1));
        assert_eq!(out.origins.len(), lines.len());
    }

    #[test]
    fn what_is_put_into_a_line_is_counted_out_of_its_columns() {
        let code = "let é = 1; for i in 0..2 { nope(|x| x + 1); }\nlet c = wrong;";
        let out = source(code);
        for word in ["nope", "+ 1", "wrong"] {
            let (at, line) =
                out.text.lines().enumerate().find(|(_, line)| line.contains(word)).unwrap();
            let column = line.split(word).next().unwrap().chars().count() + 1;
            let wanted = code.lines().find(|line| line.contains(word)).unwrap();
            let wanted = wanted.split(word).next().unwrap().chars().count() + 1;
            assert_eq!(out.column(at + 1, column), wanted, "{line}");
        }
        assert!(out.text.contains("|x| { ::zoobot::notebook::cell::stop_point(1); x + 1 }"));
        assert!(out.text.contains("for i in 0..2 {::zoobot::notebook::cell::stop_point(1);  nope"));
    }

    #[test]
    fn only_used_variables_are_loaded_and_they_are_given_back() {
        let text = source("let b = a;").text;
        assert!(text.contains("let Some(mut a) = zoobot_rt::load::<i32>(\"a\")"));
        assert!(text.contains("keep(\"a\", a)") && text.contains("keep_new(\"b\", b)"));
        assert!(!text.contains("unused"));
    }

    #[test]
    fn a_closure_is_kept_in_a_box_with_the_types_that_are_written() {
        let text = source("let f = |x: &str, y| x.len() + y;").text;
        assert!(text.contains("let kept: std::boxed::Box<dyn Fn(&str, _) -> _> ="));
    }
}
