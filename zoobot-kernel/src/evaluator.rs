//! Runs cells, one after the other, on a thread of its own.

use crate::cell::Cell;
use crate::check::{Checker, Findings};
use crate::diagnostics::Diagnostic;
use crate::environment::set_environment;
use crate::errors::Failure;
use crate::items::Item;
use crate::library::Library;
use crate::notebook::Notebook;
use crate::outputs::{Ended, Outputs, PanicPlace};
use crate::server::Iopub;
use crate::source::{MODULE, Origin, Program, Source, Tail};
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use evcxr::{CompilationError, Error, EvalCallbacks, EvalContext};
use jupyter_protocol::JupyterMessage;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};

/// Asks the user for a line: prompt, whether it is a password.
pub type AskUser<'a> = &'a dyn Fn(&str, bool) -> String;

/// The process that runs the cells.
pub type CellProcess = Arc<Mutex<Child>>;

/// Variables that a cell's items do away with, and why.
type Gone = Vec<(String, String)>;

/// Evaluates cells.
pub struct Evaluator {
    context: evcxr::CommandContext,
    checker: Checker,
    notebook: Notebook,
    outputs: Outputs,
    /// Where evcxr leaves the shared objects of cells.
    objects: PathBuf,
}

const BORROWED: &str = "a variable that borrows from another cannot be kept for later cells. Keep a \
    copy (`.clone()`, `.to_owned()`, `.to_vec()`), or use it up inside of braces.";

/// Why a compiled cell has no end to speak of.
enum Stop {
    Errors(Vec<Diagnostic>, Source),
    Other(Failure),
}

impl Evaluator {
    /// Starts the process that runs the cells and links the library once, so that the user's
    /// first cell finds everything warm.
    pub fn start(workspace: &Workspace, iopub: Iopub) -> Result<Self> {
        let library = Library::load()?;
        workspace.write_evcxr_config()?;
        let flags = library.rustc_flags();
        set_environment(&library, workspace, &flags)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.env("ZOOBOT_KERNEL", "1").env("LD_LIBRARY_PATH", library.search_path());
        // Ctrl-C on the terminal is for the kernel, which passes it on while a cell runs.
        command.process_group(0);
        // SAFETY: prctl is async-signal-safe and touches no memory of ours.
        #[cfg(target_os = "linux")]
        unsafe {
            command.pre_exec(|| {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                Ok(())
            });
        }
        let (context, channels) = EvalContext::with_subprocess_command(command)
            .map_err(|error| anyhow::anyhow!("{error}"))
            .context("cannot start the process that runs the cells")?;
        let outputs = Outputs::start(iopub, channels.stdout, channels.stderr);
        let mut evaluator = Self {
            context: evcxr::CommandContext::with_eval_context(context),
            objects: workspace.dir("cell").join("target").join(library.host()).join("debug"),
            checker: Checker::new(library, flags, workspace.dir("check")),
            notebook: Notebook::default(),
            outputs,
        };
        evaluator
            .run("();", None, 0, &|_, _| String::new())
            .map_err(|failure| anyhow::anyhow!(failure.lines.join("\n")))?;
        Ok(evaluator)
    }

    /// The process that runs the cells; stays valid when a new one takes over.
    pub fn process(&self) -> CellProcess {
        self.context.process_handle()
    }

    /// Runs cell number `count`; its outputs answer `parent`.
    pub fn run(
        &mut self,
        code: &str,
        parent: Option<JupyterMessage>,
        count: usize,
        ask: AskUser,
    ) -> Result<(), Failure> {
        self.outputs.begin(parent, count);
        if let Some(command) = command_of(code) {
            return self.command(command);
        }
        let cell = Cell::parse(code);
        if cell.is_empty() {
            return Ok(());
        }
        if let Some(error) = &cell.error {
            return Err(self.syntax_failure(&cell, &error.message, error.at));
        }
        let items: Vec<Item> = cell.items.iter().map(|(_, item)| item.clone()).collect();
        let changed = self.notebook.changed_by(&items);
        let mut found = Findings::default();
        if !cell.bindings.is_empty() {
            found = self
                .check(&cell, &items, &changed)
                .map_err(|error| Failure::new("kernel error", format!("{error:#}")))?;
            if !found.errors.is_empty() {
                return Err(self.compile_failure(&found.errors, code, &changed));
            }
            if let Some(refusal) = found.refusal.take() {
                return Err(Failure::new("compile error", refusal));
            }
        }
        let (ended, source) = match self.execute(&cell, &items, &changed, &mut found, ask) {
            Ok(end) => end,
            Err(Stop::Errors(errors, _)) => {
                return Err(self.compile_failure(&errors, code, &changed));
            }
            Err(Stop::Other(failure)) => return Err(failure),
        };
        self.notebook.items.add(&items);
        for (name, reason) in &changed {
            self.notebook.forget(name, reason);
            if !cell.bindings.iter().any(|binding| binding.name == *name) {
                self.outputs.note(&format!("note: `{name}` is gone: {reason}"));
            }
        }
        self.verdict(ended, &source, &cell, &found)
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
            match self.compile_and_run(source, ask) {
                Err(Stop::Errors(errors, source)) => {
                    if let Some(tail) = other_tail(cell, found.tail, &errors) {
                        found.tail = tail;
                        continue;
                    }
                    let moved: Vec<String> =
                        errors.iter().filter_map(|e| e.moved().map(str::to_owned)).collect();
                    let users = errors.iter().any(|e| e.is_the_users() && e.moved().is_none());
                    if moved.is_empty() || users {
                        return Err(Stop::Errors(errors, source));
                    }
                    found.moved.extend(moved);
                }
                other => return other,
            }
        }
        Err(Stop::Other(Failure::new("kernel error", "the variables of this cell cannot be kept")))
    }

    fn compile_and_run(
        &mut self,
        source: Source,
        ask: AskUser,
    ) -> Result<(Option<Ended>, Source), Stop> {
        let result = {
            let mut callbacks = EvalCallbacks {
                input_reader: &|request| ask(&request.prompt, request.is_password),
            };
            self.context.execute_with_callbacks(&source.text, &mut callbacks)
        };
        match result {
            Ok(own) => {
                let ended = self.outputs.finish(true);
                if !own.is_empty() {
                    // A type that shows itself in evcxr's own way.
                    let data = serde_json::json!(own.content_by_mime_type);
                    self.outputs.result(&data, &serde_json::json!({}));
                }
                self.remove_objects();
                Ok((ended, source))
            }
            Err(Error::CompilationErrors(errors)) => {
                let offset = self.offset();
                let read =
                    |error: &CompilationError| Diagnostic::read(&error.json, &source, offset);
                let diagnostics: Vec<Diagnostic> = errors.iter().filter_map(read).collect();
                if diagnostics.is_empty() {
                    let messages: Vec<String> =
                        errors.iter().map(CompilationError::message).collect();
                    return Err(Stop::Other(Failure::new("compile error", messages.join("\n"))));
                }
                Err(Stop::Errors(diagnostics, source))
            }
            Err(Error::SubprocessTerminated(status)) => {
                self.outputs.finish(false);
                self.remove_objects();
                self.notebook.lost_process();
                Err(Stop::Other(process_ended(&status)))
            }
            Err(error) => {
                let message = error.to_string();
                if message.contains("valid UTF-8") {
                    // evcxr has lost track of the output; only a new process helps.
                    self.end_process();
                    let reason = "it printed bytes that are not text (UTF-8)";
                    return Err(Stop::Other(process_ended(reason)));
                }
                Err(Stop::Other(Failure::new("kernel error", message)))
            }
        }
    }

    /// Ends the process that runs the cells; another takes its place.
    fn end_process(&mut self) {
        if let Ok(mut process) = self.process().lock() {
            // It may be gone already.
            let _ = process.kill();
        }
        // evcxr starts the next process when it finds this one gone.
        let _ = self.context.execute("();");
        self.outputs.finish(false);
        self.notebook.lost_process();
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
        if place.file.ends_with("src/lib.rs") && !place.file.starts_with('/') {
            let line = place.line.saturating_sub(self.offset());
            return match source.origin(line) {
                Origin::Cell(line) => failure.at(code, *line, place.column),
                Origin::Earlier => failure.with("at", "a function of an earlier cell"),
                _ => failure,
            };
        }
        failure.with("at", &format!("{}:{}", place.file, place.line))
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
            if error.places.iter().any(|place| place.label.contains("`'static`")) {
                return Some(BORROWED.to_owned());
            }
            // What the kernel knows and rustc cannot: why a variable is not there.
            let name = error.message.split('`').nth(1).filter(|_| error.is("E0425"))?;
            let changed = changed.iter().find(|(gone, _)| gone == name);
            let reason = changed.map(|(_, reason)| reason.as_str());
            let reason = reason.or_else(|| self.notebook.why_gone(name))?;
            Some(format!("`{name}` is gone: {reason}"))
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

    /// How many lines evcxr has put before ours in what it compiled last.
    fn offset(&self) -> usize {
        let source = self.context.last_source().unwrap_or_default();
        let first = format!("#[allow(warnings)] mod {MODULE} {{");
        source.lines().position(|line| line == first).unwrap_or(0)
    }

    /// A loaded shared object needs no file; a thousand cells would fill the disk.
    fn remove_objects(&self) {
        let Ok(entries) = std::fs::read_dir(&self.objects) else { return };
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().contains("code_") {
                // What stays goes with the kernel's folder.
                let _ = std::fs::remove_file(entry.path());
            }
        }
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
                let data = serde_json::json!({"text/plain": lines.join("\n")});
                self.outputs.result(&data, &serde_json::json!({}));
                Ok(())
            }
            Some(":dep") => Err(Failure::new(
                "error",
                "`:dep` is not available: a zoobot notebook uses the library that is already built. \
                 `zoobot::{polars, plotters, ndarray, image, tch, rand}` are there to use.",
            )),
            _ => Err(Failure::new("error", "unknown command; `:vars` lists the variables.")),
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
    let status = status.lines().last().unwrap_or_default();
    let status = status.strip_prefix("Subprocess terminated with status: ").unwrap_or(status);
    Failure::new(
        "process ended",
        format!("the process that runs the cells ended ({status})"),
    )
    .with("help", "its variables are lost; functions, types and imports are kept, and the next cell runs in a new process.")
}
