//! The process that runs the cells, and evcxr, which compiles them and hands them to it.

use crate::compile;
use crate::diagnostics::Diagnostic;
use crate::library::Library;
use crate::outputs::{Ended, Outputs};
use crate::server::Iopub;
use crate::source::{MODULE, Source};
use crate::stopping::StopButton;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use evcxr::{CommandContext, CompilationError, Error, EvalCallbacks, EvalContext};
use serde_json::json;
use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};

/// Asks the user for a line, given the prompt and whether it is a password. Returns the reply for
/// `zoobot_core::notebook::input`.
pub type AskUser<'a> = &'a dyn Fn(&str, bool) -> String;

/// The process that runs the cells.
pub type CellProcess = Arc<Mutex<Child>>;

/// Runs sources.
pub struct Runner {
    context: CommandContext,
    /// What the cells print and show.
    pub outputs: Outputs,
    /// Where evcxr leaves the shared objects of cells.
    objects: PathBuf,
}

/// Why a source did not run to its end.
#[derive(Debug)]
pub enum Stop {
    /// It does not compile.
    Errors(Vec<Diagnostic>),
    /// The process ended with this status; another has taken its place.
    ProcessEnded(String),
    /// Something is wrong with the kernel itself.
    Other(String),
}

/// Whether this process is the one that [`Runner::start`] starts.
pub fn runs_cells() -> bool {
    std::env::var_os(RUNS_CELLS).is_some()
}

/// The variable that tells the library that a kernel reads its output.
const RUNS_CELLS: &str = "ZOOBOT_KERNEL";
/// The variable with the pipe through which background jobs show things while no cell runs.
const JOBS: &str = "ZOOBOT_KERNEL_JOBS";

impl Runner {
    /// Starts the process with `path` as its `PATH`.
    pub fn start(
        library: &Library,
        workspace: &Workspace,
        path: &OsStr,
        iopub: Iopub,
        stop_button: StopButton,
    ) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        let (pipe_path, pipe) = workspace.job_pipe()?;
        command.env(JOBS, pipe_path);
        command.env(RUNS_CELLS, "1").env("LD_LIBRARY_PATH", library.search_path());
        // The stand-ins are for evcxr, not for cells.
        command.env("PATH", path);
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
        let outputs = Outputs::start(iopub, stop_button, channels.stdout, channels.stderr);
        outputs.listen_to_jobs(pipe);
        Ok(Self {
            context: CommandContext::with_eval_context(context),
            outputs,
            objects: compile::objects(&workspace.dir("cell"), library),
        })
    }

    /// A handle to the process; stays valid when the process is replaced.
    pub fn process(&self) -> CellProcess {
        self.context.process_handle()
    }

    /// Compiles and runs a source; returns how the cell ended, if it reported that.
    pub fn run(&mut self, source: &Source, ask: AskUser) -> Result<Option<Ended>, Stop> {
        let mut callbacks =
            EvalCallbacks { input_reader: &|request| ask(&request.prompt, request.is_password) };
        let result = self.context.execute_with_callbacks(&source.text, &mut callbacks);
        self.remove_objects();
        match result {
            Ok(own) => {
                let ended = self.outputs.finish(true);
                if !own.is_empty() {
                    // A type with a display of evcxr's kind.
                    self.outputs.result(&json!(own.content_by_mime_type), &json!({}));
                }
                Ok(ended)
            }
            Err(Error::CompilationErrors(errors)) => Err(self.compile_errors(&errors, source)),
            Err(Error::SubprocessTerminated(status)) => {
                self.outputs.finish(false);
                let status = status.lines().last().unwrap_or_default();
                let status = status.strip_prefix("Subprocess terminated with status: ");
                Err(Stop::ProcessEnded(status.unwrap_or("no status").to_owned()))
            }
            Err(error) => Err(Stop::Other(error.to_string())),
        }
    }

    /// Converts a line of the last compiled file to a line of the source; `None` outside the
    /// notebook's code.
    pub fn line(&self, file: &str, line: usize) -> Option<usize> {
        (file == "src/lib.rs").then(|| line.saturating_sub(self.offset()))
    }

    fn compile_errors(&self, errors: &[CompilationError], source: &Source) -> Stop {
        let offset = self.offset();
        let read = |error: &CompilationError| Diagnostic::read(&error.json, source, offset);
        let diagnostics: Vec<Diagnostic> = errors.iter().filter_map(read).collect();
        if diagnostics.is_empty() {
            let messages: Vec<String> = errors.iter().map(CompilationError::message).collect();
            return Stop::Other(messages.join("\n"));
        }
        Stop::Errors(diagnostics)
    }

    /// The number of lines that evcxr put before ours in the last compiled file.
    fn offset(&self) -> usize {
        let source = self.context.last_source().unwrap_or_default();
        let first = format!("#[allow(warnings)] mod {MODULE} {{");
        source.lines().position(|line| line == first).unwrap_or(0)
    }

    /// Removes the files of loaded shared objects: they are not needed, and a thousand cells would
    /// fill the disk.
    fn remove_objects(&self) {
        let Ok(entries) = std::fs::read_dir(&self.objects) else { return };
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().contains("code_") {
                // Files that remain are removed with the kernel's folder.
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}
