//! Runs cells, one after the other, on a thread of its own.

use crate::cell::{Cell, Rewritten};
use crate::errors::Failure;
use crate::library::Library;
use crate::outputs::{EPILOGUE, ERROR_REPORTER, Outputs};
use crate::server::Iopub;
use crate::types::{Probe, Scope, Types};
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use evcxr::{CommandContext, Error, EvalCallbacks, EvalContext};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};

/// Asks the user for a line: prompt, whether it is a password.
pub type AskUser<'a> = &'a dyn Fn(&str, bool) -> String;

/// The process that runs the cells.
pub type CellProcess = Arc<Mutex<Child>>;

/// Evaluates cells.
pub struct Evaluator {
    context: CommandContext,
    probe: Probe,
    scope: Scope,
    /// The output of the cells.
    pub outputs: Outputs,
}

impl Evaluator {
    /// Starts the process that runs the cells and links the library once, so that the user's
    /// first cell finds everything warm.
    pub fn start(library: &Library, workspace: &Workspace, iopub: Iopub) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.env("ZOOBOT_KERNEL", "1").env("LD_LIBRARY_PATH", library.search_path());
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
        let probe = Probe::new(library.clone(), workspace.dir("probe"));
        let context = CommandContext::with_eval_context(context);
        let mut evaluator = Self { context, probe, scope: Scope::default(), outputs };
        evaluator.warm_up().map_err(|failure| anyhow::anyhow!(failure.lines.join("\n")))?;
        Ok(evaluator)
    }

    /// The process that runs the cells; stays valid when a new one takes over.
    pub fn process(&self) -> CellProcess {
        self.context.process_handle()
    }

    /// The first cell: the stop button's handler, the panic hook, and a `?`, after which evcxr
    /// expects one in every cell.
    fn warm_up(&mut self) -> Result<(), Failure> {
        let code = format!(
            "{ERROR_REPORTER}\n::zoobot::notebook::cell::start();\n::std::result::Result::Ok::<(), String>(())?;\n{EPILOGUE}"
        );
        let rewritten = Rewritten { code: code.clone(), ..Default::default() };
        self.compile_and_run(&rewritten, &code, &|_, _| String::new())
    }

    /// Runs one cell.
    pub fn run(&mut self, code: &str, ask: AskUser) -> Result<(), Failure> {
        {
            let mut progress = self.outputs.progress();
            progress.done = false;
            progress.error = None;
            progress.panic = None;
        }
        if code.lines().any(|line| line.starts_with([':', '!'])) {
            return self.command(code);
        }
        let cell = Cell::parse(code);
        if cell.is_empty() {
            return Ok(());
        }
        let rewritten = match self.types(code, &cell)? {
            Types::Found(types) => cell.rewrite(&types, EPILOGUE),
            Types::Refused(advice) => return Err(Failure::new("compile error", advice)),
            Types::Broken => cell.rewrite(&[], EPILOGUE),
        };
        self.compile_and_run(&rewritten, code, ask)
    }

    fn types(&self, code: &str, cell: &Cell) -> Result<Types, Failure> {
        if !cell.well_formed || cell.bindings.is_empty() {
            return Ok(if cell.well_formed { Types::Found(Vec::new()) } else { Types::Broken });
        }
        self.probe
            .types(code, cell, &self.scope)
            .map_err(|error| Failure::new("error", format!("{error:#}")))
    }

    fn compile_and_run(
        &mut self,
        rewritten: &Rewritten,
        code: &str,
        ask: AskUser,
    ) -> Result<(), Failure> {
        let reader =
            |request: evcxr::InputRequestAlias| ask(&request.prompt, request.is_password);
        let mut callbacks = EvalCallbacks { input_reader: &reader };
        let result = self.context.execute_with_callbacks(&rewritten.code, &mut callbacks);
        self.outputs.flush();
        match result {
            Ok(_) => {
                self.remember();
                self.verdict()
            }
            Err(Error::CompilationErrors(errors)) => {
                Err(Failure::compile(&errors, rewritten, code))
            }
            Err(Error::SubprocessTerminated(status)) => {
                self.scope.variables.clear();
                let failure = Failure::new(
                    "process ended",
                    format!(
                        "{} Its variables are lost; functions and imports are kept, and the next cell runs in a fresh process.",
                        status.trim()
                    ),
                );
                // A warm-up that fails will fail again in the next cell, and be shown there.
                let _ = self.warm_up();
                Err(failure)
            }
            Err(error) => Err(Failure::new("compile error", error.to_string())),
        }
    }

    /// How a cell ended that compiled: evcxr says "fine" of a panic and of a `?` too.
    fn verdict(&self) -> Result<(), Failure> {
        let mut progress = self.outputs.progress();
        if progress.done {
            return Ok(());
        }
        match (progress.panic.take(), progress.error.take()) {
            (Some(panic), _) => Err(Failure::new("panic", panic)),
            (None, Some(error)) => Err(Failure::new("error", error)),
            (None, None) => Err(Failure::new("error", "the cell returned before its end")),
        }
    }

    /// Keeps what the next cell's probe needs to know.
    fn remember(&mut self) {
        let variables = self.context.variables_and_types();
        self.scope.variables =
            variables.map(|(name, ty)| (name.to_owned(), ty.to_owned())).collect();
        if let Ok(source) = self.context.last_source() {
            self.scope.items = items_of(&source);
        }
    }

    /// evcxr's own commands (`:vars`, `:help`) and shell lines (`!ls`).
    fn command(&mut self, code: &str) -> Result<(), Failure> {
        let result = self.context.execute(code);
        self.outputs.flush();
        match result {
            Ok(outputs) => {
                self.outputs.show(&outputs.content_by_mime_type);
                Ok(())
            }
            Err(error) => Err(Failure::new("error", error.to_string())),
        }
    }
}

/// The items in the crate that evcxr compiled last: all before its own code.
fn items_of(source: &str) -> String {
    let own = ["struct EvcxrUserCodeError", "mod evcxr_internal_runtime {", "#[unsafe(no_mangle)]"];
    source
        .lines()
        .take_while(|line| !own.iter().any(|mark| line.trim_start().starts_with(mark)))
        .filter(|line| !line.trim_start().starts_with("#!["))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_items_of_a_crate_are_what_stands_before_evcxrs_own_code() {
        let source = "#![allow(unused)]\nuse a::b;\nstruct P { x: f64 }\n\n            struct EvcxrUserCodeError {}\nfn f() {}";
        assert_eq!(items_of(source), "use a::b;\nstruct P { x: f64 }\n");
    }
}
