//! Turns the lines that the running process prints into Jupyter messages, in the order of printing.
//!
//! Most lines are the user's own output. Lines with [`MARK`] carry the library's displays and the
//! result of the cell; see `zoobot_core::notebook`.

use crate::crashes::{Crash, Fault};
use crate::process::MARK;
use crate::server::Iopub;
use crate::stopping::StopButton;
use crossbeam_channel::{Receiver, Sender, unbounded};
use jupyter_protocol::JupyterMessage;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long the rest of a cell's output may take to arrive once the cell is over.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the last line that arrived may take to be forwarded.
const LAST_LINE: Duration = Duration::from_millis(30);
/// How long to wait for the last output of a process that ended, if none has arrived.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// Waiting lines are sent together, up to this many bytes.
const MESSAGE_BYTES: usize = 1 << 16;
/// The maximum number of displays of a cell besides its value; no browser opens a page with many
/// more.
const DISPLAYS: usize = 500;
/// The maximum size of a cell's displays together, in bytes.
const DISPLAY_BYTES: usize = 64 << 20;

/// The number of latest cells whose background jobs may add displays; jobs of earlier cells can
/// only update one.
const CELLS_WITH_JOBS: usize = 200;

/// A value in all its forms, by MIME type.
type Data = serde_json::Map<String, Value>;

/// A message from the library, or from the process that runs the cells.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Told {
    /// Printed text that does not end its line.
    Text {
        text: String,
    },
    Display {
        /// The cell whose background job shows it.
        cell: Option<usize>,
        data: Data,
        #[serde(default)]
        metadata: Data,
        id: Option<String>,
        #[serde(default)]
        update: bool,
    },
    /// The value of the cell.
    Result {
        data: Data,
        #[serde(default)]
        metadata: Data,
    },
    Panic {
        message: String,
        place: Option<PanicPlace>,
    },
    Error {
        message: String,
        #[serde(default)]
        causes: Vec<String>,
        #[serde(default)]
        interrupted: bool,
    },
    Lost {
        name: String,
    },
    /// The columns of the variables that are tables.
    Columns {
        columns: HashMap<String, Vec<String>>,
    },
    /// The statements of the cell begin to run.
    Begin,
    Done,
    Left,
    /// The process is about to end by a signal.
    Crash {
        what: Fault,
    },
    /// A question follows, so the output so far must be shown.
    Pause,
    End,
}

/// Where a panic occurred.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PanicPlace {
    /// The source file, as it was passed to rustc.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
}

/// How a cell ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    /// It ran to its end.
    Done,
    /// `?` returned an error.
    Error {
        /// Its text.
        message: String,
        /// The texts of its sources.
        causes: Vec<String>,
        /// Whether the user asked for it with the stop button.
        interrupted: bool,
    },
    /// A panic ended it.
    Panic {
        /// The message.
        message: String,
        /// Where.
        place: Option<PanicPlace>,
    },
    /// A variable was missing.
    Lost(String),
    /// It was left behind and may still run.
    Left,
}

/// The running cell, and the latest ones before it.
#[derive(Debug, Default)]
struct Running {
    /// The request that the outputs answer; none outside a cell.
    parent: Option<JupyterMessage>,
    /// Jupyter's number for the cell.
    count: usize,
    ended: Option<Ended>,
    /// The output that may explain why the process ended.
    crash: Crash,
    /// What the cell has shown so far, and how many more displays were left out.
    displays: usize,
    display_bytes: usize,
    left_out: usize,
    /// The requests of the latest cells by number, for the displays of their background jobs.
    earlier: VecDeque<(usize, JupyterMessage)>,
}

/// Forwards the running process's output.
#[derive(Debug, Clone)]
pub struct Outputs {
    iopub: Iopub,
    stop_button: StopButton,
    running: Arc<Mutex<Running>>,
    /// The columns of each variable that is a table.
    columns: Arc<Mutex<HashMap<String, Vec<String>>>>,
    /// One message for each stream that has reached the end of the cell.
    ends: Receiver<()>,
    /// The lines that have not been forwarded yet.
    waiting: [Receiver<String>; 2],
}

impl Outputs {
    /// Starts forwarding.
    pub fn start(
        iopub: Iopub,
        stop_button: StopButton,
        stdout: Receiver<String>,
        stderr: Receiver<String>,
    ) -> Self {
        let (end, ends) = unbounded();
        let waiting = [stdout.clone(), stderr.clone()];
        let outputs = Self {
            iopub,
            stop_button,
            running: Arc::default(),
            columns: Arc::default(),
            ends,
            waiting,
        };
        for (name, lines) in [("stdout", stdout), ("stderr", stderr)] {
            let reader = Reader { outputs: outputs.clone(), name, end: end.clone() };
            std::thread::spawn(move || reader.pump(&lines));
        }
        outputs
    }

    /// Begins cell number `count`; outputs from now on answer `parent`.
    pub fn begin(&self, parent: Option<JupyterMessage>, count: usize) {
        while self.ends.try_recv().is_ok() {}
        let mut running = self.running();
        let mut earlier = std::mem::take(&mut running.earlier);
        earlier.extend(parent.clone().map(|parent| (count, parent)));
        while earlier.len() > CELLS_WITH_JOBS {
            earlier.pop_front();
        }
        *running = Running { parent, count, earlier, ..Running::default() };
    }

    /// Waits until all output of the cell has been forwarded; returns how the cell ended.
    pub fn finish(&self, alive: bool) -> Option<Ended> {
        if alive {
            for _stream in 0..2 {
                if self.ends.recv_timeout(PATIENCE).is_err() {
                    break;
                }
            }
        } else {
            // A process that has ended prints nothing more, not even the end message.
            let start = Instant::now();
            while self.waiting.iter().any(|lines| !lines.is_empty()) && start.elapsed() < PATIENCE {
                std::thread::sleep(Duration::from_millis(5));
            }
            std::thread::sleep(LAST_LINE);
            // On a busy machine its last output may not have arrived yet.
            let silent = || self.running().crash == Crash::default();
            while silent() && start.elapsed() < LAST_WORDS {
                std::thread::sleep(LAST_LINE);
            }
        }
        let left_out = std::mem::take(&mut self.running().left_out);
        if left_out > 0 {
            self.note(&format!(
                "[{left_out} more displays are left out here; a cell shows {DISPLAYS}, or {} MB]",
                DISPLAY_BYTES >> 20
            ));
        }
        self.running().ended.take()
    }

    /// Takes the output of the cell that may explain why the process ended.
    pub fn crash(&self) -> Crash {
        std::mem::take(&mut self.running().crash)
    }

    /// Whether the cell may show another display of this size; counts it.
    fn may_show(&self, bytes: usize) -> bool {
        let mut running = self.running();
        if running.displays >= DISPLAYS || running.display_bytes + bytes > DISPLAY_BYTES {
            running.left_out += 1;
            return false;
        }
        running.displays += 1;
        running.display_bytes += bytes;
        true
    }

    /// Shows the value of the cell.
    pub fn result(&self, data: &Value, metadata: &Value) {
        let count = self.running().count;
        let content = json!({"data": data, "metadata": metadata, "transient": {},
                             "execution_count": count});
        self.send("execute_result", content);
    }

    /// The columns of each variable that is a table, as far as cells have reported them.
    pub fn columns(&self) -> HashMap<String, Vec<String>> {
        self.columns.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Writes to the cell's standard error stream.
    pub fn note(&self, text: &str) {
        self.send("stream", json!({"name": "stderr", "text": format!("{text}\n")}));
    }

    /// Forwards the displays of background jobs, one message per line, as long as the kernel runs.
    pub fn listen_to_jobs(&self, pipe: File) {
        let outputs = self.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                if let Ok(Told::Display { cell, data, metadata, id, update }) =
                    serde_json::from_str(&line)
                {
                    let parent = {
                        let running = outputs.running();
                        let mut earlier = running.earlier.iter();
                        earlier
                            .find(|(count, _)| Some(*count) == cell)
                            .map(|(_, parent)| parent.clone())
                    };
                    outputs.display(parent.as_ref(), &data, &metadata, id, update);
                }
            }
        });
    }

    fn display(
        &self,
        parent: Option<&JupyterMessage>,
        data: &Data,
        metadata: &Data,
        id: Option<String>,
        update: bool,
    ) {
        let transient = id.map_or_else(|| json!({}), |id| json!({"display_id": id}));
        let kind = if update { "update_display_data" } else { "display_data" };
        let content = json!({"data": data, "metadata": metadata, "transient": transient});
        self.iopub.send(kind, content, parent);
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, kind: &str, content: Value) {
        let running = self.running();
        self.iopub.send(kind, content, running.parent.as_ref());
    }
}

struct Reader {
    outputs: Outputs,
    name: &'static str,
    end: Sender<()>,
}

impl Reader {
    fn pump(&self, lines: &Receiver<String>) {
        while let Ok(line) = lines.recv() {
            self.take(line, lines);
        }
    }

    /// Handles one line, together with the plain lines that are already waiting behind it.
    fn take(&self, line: String, waiting: &Receiver<String>) {
        let mut text = String::new();
        let mut next = Some(line);
        while let Some(line) = next.take() {
            match line.split_once(MARK) {
                None => {
                    text.push_str(&line);
                    text.push('\n');
                }
                Some((before, message)) => {
                    text.push_str(before);
                    match serde_json::from_str(message) {
                        Ok(Told::Text { text: more }) => text.push_str(&more),
                        Ok(told) => {
                            self.stream(&mut text);
                            self.told(told);
                        }
                        Err(_) => text.push_str(&format!("{message}\n")),
                    }
                }
            }
            if text.len() < MESSAGE_BYTES {
                next = waiting.try_recv().ok();
            }
        }
        self.stream(&mut text);
    }

    fn stream(&self, text: &mut String) {
        if !text.is_empty() {
            self.outputs.running().crash.printed(text);
            self.outputs.send("stream", json!({"name": self.name, "text": text}));
            text.clear();
        }
    }

    fn told(&self, told: Told) {
        let ended = match told {
            Told::Display { data, metadata, id, update, .. } => {
                let bytes = data.values().filter_map(Value::as_str).map(str::len).sum();
                // An update replaces a display, so it needs no room.
                if !data.is_empty() && (update || self.outputs.may_show(bytes)) {
                    let parent = self.outputs.running().parent.clone();
                    self.outputs.display(parent.as_ref(), &data, &metadata, id, update);
                }
                return;
            }
            Told::Result { data, metadata } => {
                if !data.is_empty() {
                    self.outputs.result(&data.into(), &metadata.into());
                }
                return;
            }
            Told::Columns { columns } => {
                let mut known = self.outputs.columns.lock().unwrap_or_else(PoisonError::into_inner);
                known.extend(columns);
                return;
            }
            Told::End => {
                // The receiver is gone when the kernel is about to end.
                let _ = self.end.send(());
                return;
            }
            Told::Text { .. } | Told::Pause => return,
            Told::Begin => return self.outputs.stop_button.cell_begins(),
            Told::Crash { what } => return self.outputs.running().crash.fault(what),
            Told::Done => Ended::Done,
            Told::Left => Ended::Left,
            Told::Lost { name } => Ended::Lost(name),
            Told::Panic { message, place } => {
                self.outputs.running().crash.panicked(&message);
                Ended::Panic { message, place }
            }
            Told::Error { message, causes, interrupted } => {
                Ended::Error { message, causes, interrupted }
            }
        };
        self.outputs.running().ended = Some(ended);
    }
}
