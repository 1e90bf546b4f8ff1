//! The stop button, as the kernel sees it.
//!
//! The first press asks the running cell to stop: its loops, its functions and calls of the library
//! stop at once and keep the variables. If the cell still runs a second later, a note below it says
//! what can be done. Only then does the next press leave the cell behind: its thread keeps running,
//! and the variables that it uses are lost. If that fails too, a third press ends the process.

use crate::runner::CellProcess;
use crate::server::Iopub;
use jupyter_protocol::JupyterMessage;
use serde_json::json;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a cell may take to stop before the note.
const PATIENCE: Duration = Duration::from_millis(900);
/// How long the process may take to leave a cell behind.
const LEAVING: Duration = Duration::from_secs(1);

/// The state of the running cell, shared by the threads of the kernel.
#[derive(Debug, Clone, Default)]
pub struct StopButton(Arc<Mutex<Running>>);

#[derive(Debug, Default)]
struct Running {
    process: Option<CellProcess>,
    /// Counts the cells.
    cell: u64,
    stage: Stage,
    /// The request of the cell.
    parent: Option<JupyterMessage>,
    /// Whether its statements have begun to run, after compilation.
    begun: bool,
    /// The variables of earlier cells that it uses.
    uses: Vec<String>,
    /// Whether the kernel ended the process because the user wanted it.
    killed: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum Stage {
    /// No cell runs.
    #[default]
    Idle,
    Running,
    /// The cell was asked to stop.
    Asked,
    /// The note has been shown.
    Noted,
    /// The process was told to leave the cell behind.
    Leaving(Instant),
}

impl StopButton {
    /// Sets the process that runs the cells; the handle stays valid when the process is replaced.
    pub fn use_process(&self, process: CellProcess) {
        self.lock().process = Some(process);
    }

    /// Takes the process, to end it with the kernel.
    pub fn take_process(&self) -> Option<CellProcess> {
        self.lock().process.take()
    }

    /// Records that a cell begins to be compiled.
    pub fn cell_comes(&self, parent: &JupyterMessage) {
        let mut running = self.lock();
        let process = running.process.take();
        let cell = running.cell + 1;
        *running = Running {
            process,
            cell,
            stage: Stage::Running,
            parent: Some(parent.clone()),
            ..Running::default()
        };
    }

    /// Records the earlier variables that the cell uses.
    pub fn cell_uses(&self, names: Vec<String>) {
        self.lock().uses = names;
    }

    /// Records that the statements of the cell begin to run.
    pub fn cell_begins(&self) {
        self.lock().begun = true;
    }

    /// Records that the cell is over.
    pub fn cell_ends(&self) {
        self.lock().stage = Stage::Idle;
    }

    /// Whether the user had the process ended.
    pub fn has_killed(&self) -> bool {
        self.lock().killed
    }

    /// Handles a press of the button; returns whether a cell is running.
    pub fn press(&self, iopub: &Iopub) -> bool {
        let mut running = self.lock();
        let Some(process) = running.process.clone() else { return false };
        let mut child = process.lock().unwrap_or_else(PoisonError::into_inner);
        match running.stage {
            Stage::Idle => return false,
            Stage::Running => {
                signal(child.id(), libc::SIGINT);
                running.stage = Stage::Asked;
                let (button, iopub, cell) = (self.clone(), iopub.clone(), running.cell);
                tokio::spawn(async move { button.watch(&iopub, cell).await });
            }
            Stage::Asked => {}
            Stage::Noted => {
                signal(child.id(), libc::SIGUSR2);
                running.stage = Stage::Leaving(Instant::now());
            }
            Stage::Leaving(since) if since.elapsed() > LEAVING => {
                running.killed = true;
                // An error means that it has ended already.
                let _ = child.kill();
            }
            Stage::Leaving(_) => {}
        }
        true
    }

    /// Shows the note if the cell has not stopped in time.
    async fn watch(self, iopub: &Iopub, cell: u64) {
        let mut told = false;
        loop {
            tokio::time::sleep(PATIENCE).await;
            let mut running = self.lock();
            if running.cell != cell || running.stage != Stage::Asked {
                return;
            }
            let text = match (running.begun, told) {
                (true, _) => note(&running.uses),
                (false, false) => {
                    "[stop: the cell is still being compiled; it will not run.]".into()
                }
                (false, true) => continue,
            };
            told = true;
            let content = json!({"name": "stderr", "text": format!("{text}\n")});
            iopub.send("stream", content, running.parent.as_ref());
            if running.begun {
                running.stage = Stage::Noted;
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Running> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn note(uses: &[String]) -> String {
    let lost = match uses {
        [] => "No variable is lost by that.".to_owned(),
        [name] => format!("`{name}`, which this cell uses, is lost by that; the others are kept."),
        names => format!(
            "{}, which this cell uses, are lost by that; the others are kept.",
            listed(names)
        ),
    };
    format!(
        "[stop: the cell waits in a call that cannot be stopped, such as a sleep, a read, a lock or \
         a long computation of a library. It stops as soon as that call ends. Press stop again to \
         leave the call behind: it goes on in the background, and you can run the next cell. {lost}]"
    )
}

/// "`a`", "`a` and `b`", "`a`, `b` and `c`".
pub fn listed(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

fn signal(pid: u32, signal: libc::c_int) {
    if let Ok(pid) = i32::try_from(pid) {
        // SAFETY: a signal to our own child, which has not been waited for.
        unsafe { libc::kill(pid, signal) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_note_names_what_would_be_lost() {
        let names = |names: &[&str]| -> Vec<String> {
            names.iter().map(|name| (*name).to_owned()).collect()
        };
        assert!(note(&[]).contains("No variable is lost"));
        assert!(note(&names(&["a"])).contains("`a`, which this cell uses, is lost"));
        assert!(note(&names(&["a", "b", "c"])).contains("`a`, `b` and `c`, which"));
    }
}
