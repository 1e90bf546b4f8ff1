//! From the lines the running process prints to Jupyter messages, in the order they were printed.
//!
//! Most lines are the user's own output. Lines with [`MARK`] carry what the library shows and how
//! the cell went; see `zoobot_core::notebook`.

use crate::server::Iopub;
use crossbeam_channel::{Receiver, Sender, bounded, select};
use jupyter_protocol::JupyterMessage;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Starts a message from the library on standard output.
pub const MARK: &str = "\u{2}zoobot ";
const ERROR_BEGIN: &str = "\u{2}zoobot-error";
const ERROR_END: &str = "\u{2}zoobot-end";

/// The last line of every cell: it came to its end.
pub const EPILOGUE: &str = "::std::println!(\"\\u{2}zoobot {{\\\"kind\\\":\\\"done\\\"}}\");";

/// An item kept in every cell: evcxr reports what `?` returned with `eprintln!("{}", error)`, and
/// this hands it to the kernel instead of the standard error stream.
pub const ERROR_REPORTER: &str = "macro_rules! eprintln { \
    (\"{}\", error) => { ::std::println!(\"\\u{2}zoobot-error\\n{}\\n\\u{2}zoobot-end\", error) }; \
    ($($rest:tt)*) => { ::std::eprintln!($($rest)*) }; }";

/// How the running cell goes.
#[derive(Debug, Default)]
pub struct Progress {
    /// The request that the outputs answer; none outside a cell.
    pub parent: Option<JupyterMessage>,
    /// Jupyter's number for the cell.
    pub count: usize,
    /// The cell came to its end.
    pub done: bool,
    /// What `?` returned.
    pub error: Option<String>,
    /// The message of the last panic.
    pub panic: Option<String>,
}

/// Forwards the running process's output.
#[derive(Debug, Clone)]
pub struct Outputs {
    iopub: Iopub,
    progress: Arc<Mutex<Progress>>,
    stdout_sync: Sender<Sender<()>>,
    stderr_sync: Sender<Sender<()>>,
}

impl Outputs {
    /// Starts forwarding.
    pub fn start(iopub: Iopub, stdout: Receiver<String>, stderr: Receiver<String>) -> Self {
        let progress = Arc::new(Mutex::new(Progress::default()));
        let (stdout_sync, stdout_asked) = bounded(1);
        let (stderr_sync, stderr_asked) = bounded(1);
        let outputs = Self { iopub, progress, stdout_sync, stderr_sync };
        let mut reader = Reader { outputs: outputs.clone(), name: "stdout", error: None };
        std::thread::spawn(move || reader.pump(&stdout, &stdout_asked));
        let mut reader = Reader { outputs: outputs.clone(), name: "stderr", error: None };
        std::thread::spawn(move || reader.pump(&stderr, &stderr_asked));
        outputs
    }

    /// What is known of the running cell.
    pub fn progress(&self) -> std::sync::MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until all that the cell printed has been forwarded.
    pub fn flush(&self) {
        for sync in [&self.stdout_sync, &self.stderr_sync] {
            let (done, wait) = bounded(1);
            if sync.send(done).is_ok() {
                let _ = wait.recv_timeout(Duration::from_secs(10));
            }
        }
    }

    fn send(&self, kind: &str, content: Value) {
        let progress = self.progress();
        self.iopub.send(kind, content, progress.parent.as_ref());
    }
}

struct Reader {
    outputs: Outputs,
    name: &'static str,
    /// The lines of an error message so far.
    error: Option<String>,
}

impl Reader {
    fn pump(&mut self, lines: &Receiver<String>, asked: &Receiver<Sender<()>>) {
        loop {
            select! {
                recv(lines) -> line => {
                    let Ok(line) = line else { return };
                    self.take(line, lines);
                }
                recv(asked) -> done => {
                    let Ok(done) = done else { return };
                    // The process's standard error comes through a pipe of its own and may lag.
                    let patience = if self.name == "stderr" { 3 } else { 0 };
                    while let Ok(line) = lines.recv_timeout(Duration::from_millis(patience)) {
                        self.take(line, lines);
                    }
                    let _ = done.send(());
                }
            }
        }
    }

    /// Handles one line, and with it the plain lines that already wait behind it.
    fn take(&mut self, line: String, waiting: &Receiver<String>) {
        let mut text = String::new();
        let mut next = Some(line);
        while let Some(line) = next.take() {
            if self.is_plain(&line) {
                text.push_str(&line);
                text.push('\n');
            } else {
                self.stream(&mut text);
                self.marked(&line);
            }
            if text.len() < 1 << 16 {
                next = waiting.try_recv().ok();
            }
        }
        self.stream(&mut text);
    }

    fn is_plain(&self, line: &str) -> bool {
        self.error.is_none() && !line.contains('\u{2}')
    }

    fn stream(&self, text: &mut String) {
        if !text.is_empty() {
            self.outputs.send("stream", json!({"name": self.name, "text": text}));
            text.clear();
        }
    }

    fn marked(&mut self, line: &str) {
        if let Some(error) = &mut self.error {
            if line == ERROR_END {
                self.outputs.progress().error = self.error.take();
            } else {
                if !error.is_empty() {
                    error.push('\n');
                }
                error.push_str(line);
            }
        } else if let Some(before) = line.strip_suffix(ERROR_BEGIN) {
            self.stream(&mut before.to_owned());
            self.error = Some(String::new());
        } else if let Some((before, message)) = line.split_once(MARK) {
            self.stream(&mut before.to_owned());
            match serde_json::from_str::<Value>(message) {
                Ok(message) => self.message(&message),
                Err(_) => self.stream(&mut format!("{message}\n")),
            }
        } else {
            self.stream(&mut format!("{line}\n"));
        }
    }

    fn message(&self, message: &Value) {
        match message["kind"].as_str() {
            Some("done") => self.outputs.progress().done = true,
            Some("panic") => {
                let text = message["message"].as_str().unwrap_or("panic").to_owned();
                self.outputs.progress().panic = Some(text);
            }
            Some(kind @ ("display" | "result")) => self.show(kind, message),
            _ => {}
        }
    }

    fn show(&self, kind: &str, message: &Value) {
        let data = &message["data"];
        if data.as_object().is_none_or(|data| data.is_empty()) {
            return;
        }
        let transient = match message["id"].as_str() {
            Some(id) => json!({"display_id": id}),
            None => json!({}),
        };
        let mut content = json!({"data": data, "metadata": {}, "transient": transient});
        if message["update"] == true {
            self.outputs.send("update_display_data", content);
        } else if kind == "result" {
            content["execution_count"] = self.outputs.progress().count.into();
            self.outputs.send("execute_result", content);
        } else {
            self.outputs.send("display_data", content);
        }
    }
}
