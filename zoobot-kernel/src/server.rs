//! The Jupyter protocol: sockets in, messages out.
//!
//! Requests that need no cell (kernel_info, is_complete, ...) are answered at once, even while a
//! cell runs; cells queue for the [`Evaluator`]'s thread.

use crate::ask::{self, Answer};
use crate::completion::Completer;
use crate::evaluator::Evaluator;
use crate::help;
use crate::history::History;
use crate::replies::{is_complete, kernel_info, no_debugger};
use crate::stopping::StopButton;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use jupyter_protocol::{ConnectionInfo, JupyterMessage, JupyterMessageContent};
use jupyter_zmq_client as zmq;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// Sends messages to all front ends.
#[derive(Debug, Clone)]
pub struct Iopub(UnboundedSender<JupyterMessage>);

impl Iopub {
    /// Sends a message of type `kind`.
    pub fn send(&self, kind: &str, content: Value, parent: Option<&JupyterMessage>) {
        if let Some(message) = message(kind, content, parent) {
            let _ = self.0.send(message);
        }
    }

    fn status(&self, state: &str, parent: Option<&JupyterMessage>) {
        self.send("status", json!({"execution_state": state}), parent);
    }
}

fn message(kind: &str, content: Value, parent: Option<&JupyterMessage>) -> Option<JupyterMessage> {
    match JupyterMessageContent::from_type_and_content(kind, content) {
        Ok(content) => Some(JupyterMessage::new(content, parent)),
        Err(error) => {
            eprintln!("zoobot-kernel: cannot make a {kind} message: {error}");
            None
        }
    }
}

/// The state that the threads of the kernel share.
#[derive(Debug, Clone)]
struct Kernel {
    iopub: Iopub,
    shell: UnboundedSender<JupyterMessage>,
    control: UnboundedSender<JupyterMessage>,
    stdin: UnboundedSender<JupyterMessage>,
    jobs: mpsc::Sender<JupyterMessage>,
    answers: mpsc::Sender<Answer>,
    stop_button: StopButton,
    workspace: Arc<Workspace>,
    completer: Arc<Completer>,
    history: Arc<Mutex<History>>,
}

/// Sends the messages of a queue through a socket.
macro_rules! forward {
    ($socket:expr, $queue:expr) => {{
        let (mut socket, mut queue) = ($socket, $queue);
        tokio::spawn(async move {
            while let Some(message) = queue.recv().await {
                if let Err(error) = socket.send(message).await {
                    eprintln!("zoobot-kernel: cannot send: {error}");
                }
            }
        })
    }};
}

/// Serves one notebook until it is shut down.
pub async fn serve(connection: ConnectionInfo) -> Result<()> {
    let session = format!("zoobot-{}", std::process::id());
    let key = &session;
    let iopub_socket = zmq::create_kernel_iopub_connection(&connection, key).await?;
    let shell_socket = zmq::create_kernel_shell_connection(&connection, key).await?;
    let control_socket = zmq::create_kernel_control_connection(&connection, key).await?;
    let stdin_socket = zmq::create_kernel_stdin_connection(&connection, key).await?;
    let mut heartbeat = zmq::create_kernel_heartbeat_connection(&connection).await?;
    tokio::spawn(async move { while heartbeat.single_heartbeat().await.is_ok() {} });

    let (iopub, iopub_queue) = unbounded_channel();
    let (shell, shell_queue) = unbounded_channel();
    let (control, control_queue) = unbounded_channel();
    let (stdin, stdin_queue) = unbounded_channel();
    let (jobs, job_queue) = mpsc::channel();
    let (answers, answer_queue) = mpsc::channel();
    let workspace = Arc::new(Workspace::create().context("cannot make a temporary folder")?);
    let kernel = Kernel {
        iopub: Iopub(iopub),
        shell,
        control,
        stdin,
        jobs,
        answers,
        stop_button: StopButton::default(),
        completer: Arc::new(Completer::new(workspace.dir("completion"))),
        workspace,
        history: Arc::default(),
    };

    let (shell_send, mut shell_receive) = shell_socket.split();
    let (control_send, mut control_receive) = control_socket.split();
    let (stdin_send, mut stdin_receive) = stdin_socket.split();
    forward!(iopub_socket, iopub_queue);
    forward!(shell_send, shell_queue);
    forward!(control_send, control_queue);
    forward!(stdin_send, stdin_queue);
    kernel.iopub.status("starting", None);

    let evaluating = kernel.clone();
    std::thread::Builder::new()
        .name("cells".into())
        .spawn(move || evaluating.run_cells(&job_queue, &answer_queue))?;
    let signals = kernel.clone();
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            signals.interrupt();
        }
    });
    tokio::spawn(leave_with_parent(kernel.clone()));

    loop {
        tokio::select! {
            request = shell_receive.read() => {
                if let Some(request) = accept(request).await { kernel.answer(&request, &kernel.shell).await; }
            }
            request = control_receive.read() => {
                if let Some(request) = accept(request).await { kernel.answer(&request, &kernel.control).await; }
            }
            reply = stdin_receive.read() => {
                if let Some(reply) = accept(reply).await
                    && let JupyterMessageContent::InputReply(reply) = reply.content
                {
                    let _ = kernel.answers.send(Answer::Text(reply.value));
                }
            }
        }
    }
}

async fn accept(message: zmq::Result<JupyterMessage>) -> Option<JupyterMessage> {
    match message {
        Ok(message) => Some(message),
        Err(error) => {
            // A message with a wrong signature or a broken body gets no reply.
            eprintln!("zoobot-kernel: message refused: {error}");
            tokio::time::sleep(Duration::from_millis(5)).await;
            None
        }
    }
}

/// Ends the kernel when the Jupyter server that started it is gone.
async fn leave_with_parent(kernel: Kernel) {
    let Some(parent) = std::env::var("JPY_PARENT_PID").ok().and_then(|pid| pid.parse::<i32>().ok())
    else {
        return;
    };
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        // SAFETY: signal 0 only asks whether the process is there.
        let gone = unsafe { libc::kill(parent, 0) } != 0
            && std::io::Error::last_os_error().raw_os_error() == Some(libc::ESRCH);
        if gone {
            kernel.leave();
        }
    }
}

impl Kernel {
    /// Answers one request on the channel it came from.
    async fn answer(&self, request: &JupyterMessage, channel: &UnboundedSender<JupyterMessage>) {
        use JupyterMessageContent as Content;
        if let Content::ExecuteRequest(_) = &request.content {
            let _ = self.jobs.send(request.clone());
            return;
        }
        self.iopub.status("busy", Some(request));
        if let Content::CompleteRequest(_) | Content::InspectRequest(_) = &request.content {
            // These may run rustc, and an interrupt must not wait for that.
            let (kernel, request, channel) = (self.clone(), request.clone(), channel.clone());
            tokio::task::spawn_blocking(move || kernel.look_up(&request, &channel));
            return;
        }
        let reply = |kind: &str, content: Value| {
            if let Some(reply) = message(kind, content, Some(request)) {
                let _ = channel.send(reply);
            }
        };
        let mut leaving = false;
        match &request.content {
            Content::KernelInfoRequest(_) => reply("kernel_info_reply", kernel_info()),
            Content::IsCompleteRequest(asked) => {
                reply("is_complete_reply", is_complete(&asked.code));
            }
            Content::HistoryRequest(asked) => {
                let history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
                reply("history_reply", history.reply(asked));
            }
            Content::DebugRequest(asked) => reply("debug_reply", no_debugger(&asked.content)),
            Content::CommOpen(asked) => {
                // Widgets are not supported; the protocol says to close an unknown comm.
                let content = json!({"comm_id": asked.comm_id, "data": {}});
                self.iopub.send("comm_close", content, Some(request));
            }
            Content::CommMsg(_) | Content::CommClose(_) => {}
            Content::CommInfoRequest(_) => {
                reply("comm_info_reply", json!({"status": "ok", "comms": {}}));
            }
            Content::InterruptRequest(_) => {
                self.interrupt();
                reply("interrupt_reply", json!({"status": "ok"}));
            }
            Content::ShutdownRequest(asked) => {
                reply("shutdown_reply", json!({"status": "ok", "restart": asked.restart}));
                leaving = true;
            }
            other => eprintln!("zoobot-kernel: {} is not answered", other.message_type()),
        }
        self.iopub.status("idle", Some(request));
        if leaving {
            // The reply must be on its way before the process ends.
            tokio::time::sleep(Duration::from_millis(100)).await;
            self.leave();
        }
    }

    /// Answers a completion or an inspection.
    fn look_up(&self, request: &JupyterMessage, channel: &UnboundedSender<JupyterMessage>) {
        let (kind, content) = match &request.content {
            JupyterMessageContent::CompleteRequest(asked) => {
                ("complete_reply", self.completer.complete(&asked.code, asked.cursor_pos))
            }
            JupyterMessageContent::InspectRequest(asked) => {
                ("inspect_reply", self.completer.inspect(&asked.code, asked.cursor_pos))
            }
            _ => return,
        };
        if let Some(reply) = message(kind, content, Some(request)) {
            let _ = channel.send(reply);
        }
        self.iopub.status("idle", Some(request));
    }

    /// Handles a press of the stop button.
    fn interrupt(&self) {
        if self.stop_button.press(&self.iopub) {
            // Ignored unless a question is open.
            let _ = self.answers.send(Answer::Interrupted);
        }
    }

    /// Ends the kernel and the process that runs the cells.
    fn leave(&self) -> ! {
        if let Some(process) = self.stop_button.take_process() {
            let mut child = process.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = child.kill();
            let _ = child.wait();
        }
        self.workspace.remove();
        std::process::exit(0);
    }

    /// Runs the cells, on the evaluator's thread.
    fn run_cells(&self, jobs: &mpsc::Receiver<JupyterMessage>, answers: &mpsc::Receiver<Answer>) {
        let mut evaluator = self.start_evaluator();
        let mut count = 0;
        let mut waiting = jobs.try_recv().ok();
        // Only while no request is waiting.
        if let (None, Ok(evaluator)) = (&waiting, &mut evaluator) {
            evaluator.warm_up();
        }
        while let Ok(request) = waiting.take().map_or_else(|| jobs.recv(), Ok) {
            let JupyterMessageContent::ExecuteRequest(asked) = &request.content else { continue };
            if !asked.silent && asked.store_history {
                count += 1;
                let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
                history.add(count, &asked.code);
            }
            self.iopub.status("busy", Some(&request));
            if !asked.silent {
                let input = json!({"code": asked.code, "execution_count": count});
                self.iopub.send("execute_input", input, Some(&request));
            }
            if evaluator.is_err() {
                evaluator = self.start_evaluator();
            }
            let explained = help::answer(&asked.code, &self.completer);
            let result = match (&mut evaluator, explained) {
                (Ok(_), Some(explained)) => explained.map(|data| {
                    let content = json!({"data": data, "metadata": {}, "execution_count": count});
                    self.iopub.send("execute_result", content, Some(&request));
                }),
                (Ok(evaluator), None) => {
                    let allowed = asked.allow_stdin;
                    let ask = |prompt: &str, password: bool| {
                        self.ask(&request, allowed, prompt, password, answers)
                    };
                    // Discard interrupts of the previous cell.
                    while answers.try_recv().is_ok() {}
                    self.stop_button.cell_comes(&request);
                    let result = evaluator.run(&asked.code, Some(request.clone()), count, &ask);
                    self.stop_button.cell_ends();
                    self.completer.learn(evaluator.known());
                    result
                }
                (Err(error), _) => Err(crate::errors::Failure::new("kernel", error.clone())),
            };
            let content = match &result {
                Ok(()) => json!({"status": "ok", "execution_count": count, "payload": [],
                                 "user_expressions": {}}),
                Err(failure) => {
                    let mut content = failure.content();
                    if !asked.silent {
                        self.iopub.send("error", content.clone(), Some(&request));
                    }
                    content["status"] = "error".into();
                    content["execution_count"] = count.into();
                    content
                }
            };
            // Cells that were sent before the error was known are aborted; cells sent after the
            // reply are meant to run.
            let stop = result.is_err() && asked.stop_on_error;
            let stopped: Vec<_> = if stop { jobs.try_iter().collect() } else { Vec::new() };
            self.reply(content, &request);
            for next in stopped {
                self.iopub.status("busy", Some(&next));
                self.reply(json!({"status": "aborted", "execution_count": count}), &next);
            }
        }
    }

    fn reply(&self, content: Value, request: &JupyterMessage) {
        if let Some(reply) = message("execute_reply", content, Some(request)) {
            let _ = self.shell.send(reply);
        }
        self.iopub.status("idle", Some(request));
    }

    fn start_evaluator(&self) -> Result<Evaluator, String> {
        let evaluator =
            Evaluator::start(&self.workspace, self.iopub.clone(), self.stop_button.clone())
                .map_err(|error| {
                    self.completer.give_up();
                    format!("{error:#}")
                })?;
        self.stop_button.use_process(evaluator.process());
        self.completer.learn(evaluator.known());
        Ok(evaluator)
    }

    /// Asks the front end for a line of input.
    fn ask(
        &self,
        request: &JupyterMessage,
        allowed: bool,
        prompt: &str,
        password: bool,
        answers: &mpsc::Receiver<Answer>,
    ) -> String {
        if !allowed {
            return ask::refused();
        }
        if ask::interrupted_before(answers) {
            return ask::interrupted();
        }
        let content = json!({"prompt": ask::prompt_of(prompt), "password": password});
        if let Some(question) = message("input_request", content, Some(request)) {
            let _ = self.stdin.send(question);
        }
        ask::wait(answers)
    }
}
