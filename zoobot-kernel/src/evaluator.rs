//! Runs cells one after another on a thread of its own.

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
use crate::source::{Origin, Program, Source, Tail, Variable};
use crate::stopping::{StopButton, listed};
use crate::syntax;
use crate::workspace::Workspace;
use anyhow::Result;
use jupyter_protocol::JupyterMessage;
use serde_json::json;

/// Variables that a cell's items invalidate, and why.
type Gone = Vec<(String, String)>;

/// The kind of a failure that ended the process.
const PROCESS_ENDED: &str = "process ended";

/// The items that a cell is compiled with.
struct Around {
    /// Its own items.
    items: Vec<Item>,
    /// The code of the items of earlier cells.
    earlier: Vec<String>,
    changed: Gone,
}

/// Evaluates cells.
pub struct Evaluator {
    runner: Runner,
    checker: Checker,
    notebook: Notebook,
    /// Jupyter's number of the current cell.
    number: usize,
    library: Library,
    flags: Vec<String>,
    stop_button: StopButton,
}

impl Evaluator {
    /// Starts the process that runs the cells.
    pub fn start(workspace: &Workspace, iopub: Iopub, stop_button: StopButton) -> Result<Self> {
        let library = Library::load()?;
        workspace.write_evcxr_config()?;
        let flags = library.rustc_flags();
        let path = library.program_path();
        set_environment(&library, workspace, &path)?;
        Ok(Self {
            runner: Runner::start(&library, workspace, &path, iopub, stop_button.clone())?,
            checker: Checker::new(library.clone(), flags.clone(), workspace.dir("check")),
            notebook: Notebook::default(),
            number: 0,
            library,
            flags,
            stop_button,
        })
    }

    /// Compiles and runs a trivial cell, so that the user's first cell finds what it needs in
    /// memory.
    pub fn warm_up(&mut self) {
        // Any error will show again with the first cell.
        let _ = self.run("();", None, 0, &|_, _| String::new());
    }

    /// A handle to the process that runs the cells; stays valid when the process is replaced.
    pub fn process(&self) -> CellProcess {
        self.runner.process()
    }

    /// The state that completion needs.
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
        let mut cell = Cell::parse(code);
        if cell.is_empty() {
            return Ok(());
        }
        if self.library.was_replaced() {
            return Err(Failure::new(
                "kernel error",
                "Zoobot was updated while this notebook was open: restart the kernel and run the cells \
                 again",
            ));
        }
        if let Some(error) = &cell.error {
            if let Some(habit) = habits::find(code, None, &self.notebook.variables) {
                return Err(Failure::new("compile error", habit.advice).at_byte(code, habit.at));
            }
            return Err(syntax::failure(&cell, error, &self.checker));
        }
        if let Some(refusal) = &cell.refusal {
            return Err(syntax::at(&cell, refusal));
        }
        if code.contains("stdin()") {
            self.runner.outputs.note(
                "note: a cell has no keyboard, its standard input is empty. Ask for a line with \
                 `zoobot::notebook::input(\"...\")?`.",
            );
        }
        let result = self.run_cell(&mut cell, ask);
        if let Some(note) = habits::text_as_column(code) {
            self.runner.outputs.note(&note);
        }
        match &result {
            Ok(()) => {
                for note in habits::notes(code, &self.notebook.variables) {
                    self.runner.outputs.note(&note);
                }
            }
            Err(_) => self.notebook.not_made(&cell),
        }
        result
    }

    fn run_cell(&mut self, cell: &mut Cell, ask: AskUser) -> Result<(), Failure> {
        let before = self.notebook.items.clone();
        let items: Vec<Item> = cell.items.iter().map(|(_, item)| item.clone()).collect();
        let names = self.notebook.items.changed_by(&items);
        let own = cell.items.iter_mut().map(|(_, item)| item);
        let first = self.notebook.items.assign(own, &names);
        let items: Vec<Item> = cell.items.iter().map(|(_, item)| item.clone()).collect();
        let around = Around {
            earlier: self.notebook.items.code(&items, self.number, first),
            changed: self.notebook.changed_by(&items),
            items,
        };
        let mut found = Findings::default();
        let (ended, source) = match self.check_and_execute(cell, &around, &mut found, ask) {
            Ok(end) => end,
            Err(failure) => {
                self.notebook.items = before;
                if failure.name == PROCESS_ENDED {
                    self.notebook.items.forget_statics();
                }
                return Err(failure);
            }
        };
        self.notebook.items.add(&around.items);
        for (name, reason) in &around.changed {
            self.notebook.forget(name, reason);
            if !cell.bindings.iter().any(|binding| binding.name == *name) {
                self.runner.outputs.note(&format!("note: `{name}` is gone: {reason}"));
            }
        }
        self.verdict(ended, &source, cell, &found)
    }

    fn check_and_execute(
        &mut self,
        cell: &Cell,
        around: &Around,
        found: &mut Findings,
        ask: AskUser,
    ) -> Result<(Option<Ended>, Source), Failure> {
        if !cell.bindings.is_empty() {
            *found = self
                .check(cell, around)
                .map_err(|error| Failure::new("kernel error", format!("{error:#}")))?;
            if !found.errors.is_empty() {
                return Err(self.compile_failure(&found.errors, &cell.code, &around.changed));
            }
            if let Some(refusal) = found.refusal.take() {
                return Err(Failure::new("compile error", refusal));
            }
        }
        self.execute(cell, around, found, ask).map_err(|stop| match stop {
            Stop::Errors(errors) => self.compile_failure(&errors, &cell.code, &around.changed),
            Stop::ProcessEnded(status) => self.process_ended(&status),
            Stop::Other(message) => Failure::new("kernel error", message),
        })
    }

    fn check(&self, cell: &Cell, around: &Around) -> Result<Findings> {
        let mut known = Findings::default();
        loop {
            let mut found = self.checker.check(&self.program(cell, around, &known))?;
            if let Some(tail) = other_tail(cell, known.tail, &found.errors) {
                known.tail = tail;
            } else if found.refusal.is_some() && found.moved.len() > known.moved.len() {
                // Without the variables that the cell moves, there may be nothing to refuse.
                known.moved = std::mem::take(&mut found.moved);
            } else {
                return Ok(found);
            }
        }
    }

    /// Compiles and runs a cell; adds the variables it moves to `found`.
    fn execute(
        &mut self,
        cell: &Cell,
        around: &Around,
        found: &mut Findings,
        ask: AskUser,
    ) -> Result<(Option<Ended>, Source), Stop> {
        // The first compilation, at the latest, reveals which variables are moved.
        for _attempt in 0..3 {
            let program = self.program(cell, around, found);
            let uses = program.used().map(|variable| variable.name.clone()).collect();
            self.stop_button.cell_uses(uses);
            let source = program.source();
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
        around: &'a Around,
        found: &'a Findings,
    ) -> Program<'a> {
        let usable = |name: &str| !around.changed.iter().any(|(gone, _)| gone == name);
        Program {
            number: self.number,
            cell,
            items: around.earlier.iter().map(String::as_str).collect(),
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
            self.notebook.succeeded(cell, found, self.number);
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
                let help = crate::crashes::of_panic(&message);
                let failure = Failure::new("panic", message);
                let failure = match place {
                    Some(place) => self.panic_place(failure, &place, source, &cell.code),
                    None => failure,
                };
                match help {
                    Some(help) => failure.with("help", &help),
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
            Some(Ended::Left) => self.left(cell),
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
        match self.runner.line(&place.file, place.line) {
            // A path of rustc's own build, which exists on no user's machine.
            None if place.file.starts_with("/rustc/") => {
                failure.with("at", "a call of the standard library")
            }
            None => failure.with("at", &format!("{}:{}", place.file, place.line)),
            Some(line) => match source.origin(line) {
                Origin::Cell(own) => failure.at(code, *own, source.column(line, place.column)),
                Origin::Earlier => failure.with("at", "a function of an earlier cell"),
                _ => failure,
            },
        }
    }

    /// The failure of a cell that was left behind with the variables it uses.
    fn left(&mut self, cell: &Cell) -> Failure {
        let used = |variable: &&Variable| cell.uses.contains(&variable.name);
        let lost: Vec<String> =
            self.notebook.variables.iter().filter(used).map(|it| it.name.clone()).collect();
        for name in &lost {
            let reason =
                "it went with a cell that was left behind; run the cell that makes it again.";
            self.notebook.forget(name, reason);
        }
        let failure = Failure::new(
            "interrupted",
            "the cell was left behind. The call that it waits in goes on in the background; \
             restarting the kernel ends it",
        );
        match lost[..] {
            [] => failure,
            _ => failure.with("lost", &listed(&lost)),
        }
    }

    /// The failure of a cell whose process has ended and was replaced.
    fn process_ended(&mut self, status: &str) -> Failure {
        let reason = self.runner.outputs.crash().reason(status, self.stop_button.has_killed());
        let lost = self.notebook.lost_process();
        let failure = Failure::new(PROCESS_ENDED, reason);
        let failure = match &lost[..] {
            [] => failure.with("lost", "no variables, there were none"),
            _ => failure.with("lost", &lost_words(&lost)),
        };
        let anew = match self.notebook.items.has_statics() {
            true => "; statics start over",
            false => "",
        };
        let kept = format!(
            "functions, types and imports are kept{anew}; the next cell runs in a new process."
        );
        failure.with("help", &kept)
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

    /// Handles cells that are not Rust: `:vars`.
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

/// Another way to show the last expression, if the errors concern only how it is shown.
fn other_tail(cell: &Cell, tail: Tail, errors: &[Diagnostic]) -> Option<Tail> {
    let all = |is: &dyn Fn(&Diagnostic) -> bool| !errors.is_empty() && errors.iter().all(is);
    if cell.tail.is_none() || tail != Tail::Itself {
        None
    } else if all(&|error| ["E0282", "E0283", "E0284"].iter().any(|code| error.is(code))) {
        // Method lookup needs the type of the last expression before Rust has inferred it.
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

/// The lost variables and the cells that define them.
fn lost_words(lost: &[Variable]) -> String {
    let names: Vec<String> = lost.iter().map(|variable| variable.name.clone()).collect();
    let mut cells: Vec<usize> = lost.iter().map(|variable| variable.cell).collect();
    cells.sort_unstable();
    cells.dedup();
    let cells: Vec<String> = cells.iter().map(|cell| format!("[{cell}]")).collect();
    let many = if cells.len() == 1 { "cell" } else { "cells" };
    format!("{}. Run {many} {} again.", listed(&names), cells.join(", "))
}
