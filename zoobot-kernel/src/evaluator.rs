//! Runs cells, one after the other, on a thread of its own.

use crate::advice::advice;
use crate::cell::Cell;
use crate::check::{Checker, Findings};
use crate::completion::Known;
use crate::diagnostics::Diagnostic;
use crate::environment::set_environment;
use crate::errors::{Advice, Failure};
use crate::habits;
use crate::items::Item;
use crate::library::Library;
use crate::notebook::Notebook;
use crate::outputs::{Ended, PanicPlace};
use crate::runner::{AskUser, CellProcess, Runner, Stop};
use crate::server::Iopub;
use crate::source::{Origin, Program, Source, Tail};
use crate::workspace::Workspace;
use anyhow::Result;
use jupyter_protocol::JupyterMessage;
use serde_json::json;

/// Variables that a cell's items do away with, and why.
type Gone = Vec<(String, String)>;

/// Evaluates cells.
pub struct Evaluator {
    runner: Runner,
    checker: Checker,
    notebook: Notebook,
    /// Jupyter's number of the cell at hand.
    number: usize,
    library: Library,
    flags: Vec<String>,
}

impl Evaluator {
    /// Starts the process that runs the cells.
    pub fn start(workspace: &Workspace, iopub: Iopub) -> Result<Self> {
        let library = Library::load()?;
        workspace.write_evcxr_config()?;
        let flags = library.rustc_flags();
        let path = library.program_path();
        set_environment(&library, workspace, &path)?;
        Ok(Self {
            runner: Runner::start(&library, workspace, &path, iopub)?,
            checker: Checker::new(library.clone(), flags.clone(), workspace.dir("check")),
            notebook: Notebook::default(),
            number: 0,
            library,
            flags,
        })
    }

    /// Compiles a cell that uses the library, so that the user's first cell finds what it needs in
    /// memory.
    pub fn warm_up(&mut self) {
        // What is wrong with it shows with the first cell.
        let _ = self.run("();", None, 0, &|_, _| String::new());
    }

    /// The process that runs the cells; stays valid when a new one takes over.
    pub fn process(&self) -> CellProcess {
        self.runner.process()
    }

    /// What completion has to know.
    pub fn known(&self) -> Known {
        Known {
            notebook: self.notebook.clone(),
            columns: self.runner.outputs.columns(),
            library: self.library.clone(),
            flags: self.flags.clone(),
        }
    }

    /// Runs cell number `count`; its outputs answer `parent`.
    pub fn run(
        &mut self,
        code: &str,
        parent: Option<JupyterMessage>,
        count: usize,
        ask: AskUser,
    ) -> Result<(), Failure> {
        self.number = count;
        self.runner.outputs.begin(parent, count);
        if let Some(command) = command_of(code) {
            return self.command(command);
        }
        let cell = Cell::parse(code);
        if cell.is_empty() {
            return Ok(());
        }
        if let Some(error) = &cell.error {
            if let Some(habit) = habits::find(code, None) {
                return Err(Failure::new("compile error", habit.advice).at_byte(code, habit.at));
            }
            return Err(self.syntax_failure(&cell, &error.message, error.at));
        }
        let result = self.run_cell(&cell, ask);
        match &result {
            Ok(()) => {
                for note in habits::notes(code) {
                    self.runner.outputs.note(&note);
                }
            }
            Err(_) => self.notebook.not_made(&cell),
        }
        result
    }

    fn run_cell(&mut self, cell: &Cell, ask: AskUser) -> Result<(), Failure> {
        let code = &cell.code;
        let items: Vec<Item> = cell.items.iter().map(|(_, item)| item.clone()).collect();
        let changed = self.notebook.changed_by(&items);
        let mut found = Findings::default();
        if !cell.bindings.is_empty() {
            found = self
                .check(cell, &items, &changed)
                .map_err(|error| Failure::new("kernel error", format!("{error:#}")))?;
            if !found.errors.is_empty() {
                return Err(self.compile_failure(&found.errors, code, &changed));
            }
            if let Some(refusal) = found.refusal.take() {
                return Err(Failure::new("compile error", refusal));
            }
        }
        let (ended, source) = match self.execute(cell, &items, &changed, &mut found, ask) {
            Ok(end) => end,
            Err(Stop::Errors(errors)) => return Err(self.compile_failure(&errors, code, &changed)),
            Err(Stop::ProcessEnded(status)) => {
                self.notebook.lost_process();
                return Err(process_ended(&status));
            }
            Err(Stop::Other(message)) => return Err(Failure::new("kernel error", message)),
        };
        self.notebook.items.add(&items);
        for (name, reason) in &changed {
            self.notebook.forget(name, reason);
            if !cell.bindings.iter().any(|binding| binding.name == *name) {
                self.runner.outputs.note(&format!("note: `{name}` is gone: {reason}"));
            }
        }
        self.verdict(ended, &source, cell, &found)
    }

    fn check(&self, cell: &Cell, items: &[Item], changed: &Gone) -> Result<Findings> {
        let mut known = Findings::default();
        loop {
            let mut found = self.checker.check(&self.program(cell, items, changed, &known))?;
            if let Some(tail) = other_tail(cell, known.tail, &found.errors) {
                known.tail = tail;
            } else if found.refusal.is_some() && found.moved.len() > known.moved.len() {
                // Without what the cell moves away, there may be nothing to refuse.
                known.moved = std::mem::take(&mut found.moved);
            } else {
                return Ok(found);
            }
        }
    }

    /// Compiles and runs a cell; adds to `found` what it moves away.
    fn execute(
        &mut self,
        cell: &Cell,
        items: &[Item],
        changed: &Gone,
        found: &mut Findings,
        ask: AskUser,
    ) -> Result<(Option<Ended>, Source), Stop> {
        // What is moved comes out with the first compile at the latest.
        for _attempt in 0..3 {
            let source = self.program(cell, items, changed, found).source();
            match self.runner.run(&source, ask) {
                Err(Stop::Errors(errors)) => {
                    if let Some(tail) = other_tail(cell, found.tail, &errors) {
                        found.tail = tail;
                        continue;
                    }
                    let moved: Vec<String> =
                        errors.iter().filter_map(|e| e.moved().map(str::to_owned)).collect();
                    let users = errors.iter().any(|e| e.is_the_users() && e.moved().is_none());
                    if moved.is_empty() || users {
                        return Err(Stop::Errors(errors));
                    }
                    found.moved.extend(moved);
                }
                other => return other.map(|ended| (ended, source)),
            }
        }
        Err(Stop::Other("the variables of this cell cannot be kept".to_owned()))
    }

    fn program<'a>(
        &'a self,
        cell: &'a Cell,
        items: &[Item],
        changed: &Gone,
        found: &'a Findings,
    ) -> Program<'a> {
        let usable = |name: &str| !changed.iter().any(|(gone, _)| gone == name);
        Program {
            number: self.number,
            cell,
            items: self.notebook.items.besides(items),
            variables: self.notebook.variables.iter().filter(|v| usable(&v.name)).collect(),
            moved: &found.moved,
            kept_as: &found.kept_as,
            tail: found.tail,
        }
    }

    fn verdict(
        &mut self,
        ended: Option<Ended>,
        source: &Source,
        cell: &Cell,
        found: &Findings,
    ) -> Result<(), Failure> {
        if ended == Some(Ended::Done) {
            self.notebook.succeeded(cell, found);
            return Ok(());
        }
        self.notebook.failed(cell, found);
        Err(match ended {
            Some(Ended::Error { message, causes, interrupted }) => {
                let name = if interrupted { "interrupted" } else { "error" };
                causes.iter().fold(Failure::new(name, message), |failure, cause| {
                    failure.with("caused by", cause)
                })
            }
            Some(Ended::Panic { message, place }) => {
                let failure = Failure::new("panic", message);
                match place {
                    Some(place) => self.panic_place(failure, &place, source, &cell.code),
                    None => failure,
                }
            }
            Some(Ended::Lost(name)) => {
                self.notebook.forget(&name, "it got lost; run the cell that makes it again.");
                Failure::new(
                    "error",
                    format!("the variable `{name}` got lost; run the cell that makes it again"),
                )
            }
            Some(Ended::Done) | None => Failure::new("error", "the cell returned before its end"),
        })
    }

    fn panic_place(
        &self,
        failure: Failure,
        place: &PanicPlace,
        source: &Source,
        code: &str,
    ) -> Failure {
        match self.runner.origin(source, &place.file, place.line) {
            Some(Origin::Cell(line)) => failure.at(code, *line, place.column),
            Some(Origin::Earlier) => failure.with("at", "a function of an earlier cell"),
            Some(_) => failure,
            None => failure.with("at", &format!("{}:{}", place.file, place.line)),
        }
    }

    fn compile_failure(&self, errors: &[Diagnostic], code: &str, changed: &Gone) -> Failure {
        let users: Vec<Diagnostic> = errors.iter().filter(|e| e.is_the_users()).cloned().collect();
        let shown = if users.is_empty() { errors } else { &users };
        if let (true, Some(name)) = (users.is_empty(), errors.iter().find_map(Diagnostic::loading))
        {
            let message = format!(
                "the type of `{name}` cannot be written in another cell; use it in the cell that \
                 makes it, and give that variable another name here"
            );
            return Failure::new("compile error", message);
        }
        Failure::compile(shown, code, |error| {
            let name = error.message.split('`').nth(1).filter(|_| error.is("E0425"));
            let changed = changed.iter().find(|(gone, _)| Some(gone.as_str()) == name);
            let reason = changed.map(|(name, reason)| format!("`{name}` is not there: {reason}"));
            reason.map(Advice::Instead).or_else(|| advice(error, code, &self.notebook))
        })
    }

    /// rustc says more of a syntax error than a parser does, unless it is lost among braces.
    fn syntax_failure(&self, cell: &Cell, message: &str, at: usize) -> Failure {
        let found = Findings::default();
        let source = self.program(cell, &[], &Vec::new(), &found).source();
        let errors = self.checker.errors(&source).unwrap_or_default();
        let users: Vec<Diagnostic> = errors.into_iter().filter(Diagnostic::is_the_users).collect();
        if !users.is_empty() {
            return Failure::compile(&users[..1], &cell.code, |_| None);
        }
        let line = cell.code[..at].matches('\n').count() + 1;
        let start = cell.code[..at].rfind('\n').map_or(0, |at| at + 1);
        let column = cell.code[start..at].chars().count() + 1;
        Failure::new("compile error", message).at(&cell.code, line, column)
    }

    /// Cells that are no Rust: `:vars`.
    fn command(&self, command: &str) -> Result<(), Failure> {
        match command.split_whitespace().next() {
            Some(":vars") => {
                let lines: Vec<String> = self
                    .notebook
                    .variables
                    .iter()
                    .map(|variable| format!("{}: {}", variable.name, variable.ty))
                    .collect();
                let data = json!({"text/plain": lines.join("\n")});
                self.runner.outputs.result(&data, &json!({}));
                Ok(())
            }
            Some(":dep") => Err(Failure::new(
                "error",
                "`:dep` is not available: a zoobot notebook uses the library that is already built. \
                 `zoobot::{polars, plotters, ndarray, image, tch, rand, rand_distr}` are there to use: \
                 `zoobot::rand::random::<f64>()` is a random number from 0 to 1.",
            )),
            _ => Err(Failure::new(
                "error",
                "unknown command; `:vars` lists the variables, `:help` says what a notebook offers.",
            )),
        }
    }
}

/// How else the last expression can be shown, when how it is shown is all that is wrong.
fn other_tail(cell: &Cell, tail: Tail, errors: &[Diagnostic]) -> Option<Tail> {
    let all = |is: &dyn Fn(&Diagnostic) -> bool| !errors.is_empty() && errors.iter().all(is);
    if cell.tail.is_none() || tail != Tail::Itself {
        None
    } else if all(&|error| ["E0282", "E0283", "E0284"].iter().any(|code| error.is(code))) {
        // Method lookup wants the type of the last expression sooner than Rust knows it.
        Some(Tail::Debug)
    } else if all(&|error| error.is("E0599") && error.message.contains("`evcxr_display`")) {
        Some(Tail::Name)
    } else {
        None
    }
}

fn command_of(code: &str) -> Option<&str> {
    let code = code.trim();
    (code.starts_with(':') && !code.starts_with("::")).then_some(code)
}

fn process_ended(status: &str) -> Failure {
    Failure::new(
        "process ended",
        format!("the process that runs the cells ended ({status})"),
    )
    .with("help", "its variables are lost; functions, types and imports are kept, and the next cell runs in a new process.")
}
