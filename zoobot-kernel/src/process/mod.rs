//! The process that runs the cells: loads what was compiled, runs it, and reports when it is over.
//!
//! It speaks evcxr's protocol (`LOAD_AND_RUN object function` on standard input), with additions:
//! cells run on a thread with a large stack, which can be left behind when a call on it cannot be
//! stopped; later cells can link to what a cell defines; and a crash is explained.

mod crash;
mod filter;

use serde_json::json;
use std::ffi::{CStr, CString, c_void};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd, FromRawFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// The variable with the descriptor of the kernel's replies to the questions of a cell.
const REPLIES: &str = "ZOOBOT_KERNEL_REPLIES";
/// The beginning of a message from the library; see `zoobot_core::notebook`.
pub const MARK: &str = "\u{2}zoobot ";
/// The stack sizes to try, in this order, for the thread that runs the cells; only the used part
/// takes memory.
const STACKS: [usize; 3] = [512 << 20, 64 << 20, 8 << 20];
/// The stack size of threads that cells start, unless the user has chosen one.
const THREAD_STACK: usize = 32 << 20;
/// How often to check whether the cell is to be left behind.
const LOOK: Duration = Duration::from_millis(20);

/// Set when the stop button was pressed.
static STOP: AtomicBool = AtomicBool::new(false);
/// Set when the running cell is to be left behind.
static LEAVE: AtomicBool = AtomicBool::new(false);

/// Runs the process to its end.
pub fn run() -> ! {
    let result = prepare().and_then(serve);
    if let Err(error) = result {
        eprintln!("the process that runs the cells cannot go on: {error}");
    }
    // SAFETY: ends the process. What a cell left running would only trip over destructors.
    unsafe { libc::_exit(0) }
}

/// Sets the process up; returns the pipe of the commands, which is then the process's own.
fn prepare() -> io::Result<File> {
    filter::install()?;
    crash::install();
    on_signal(libc::SIGINT, &STOP);
    on_signal(libc::SIGUSR2, &LEAVE);
    // A cell that reads standard input gets the end of file and no commands.
    let nothing = File::open("/dev/null")?;
    // SAFETY: descriptor 0 is open and ours; the copy is closed in programs that a cell starts.
    let commands = unsafe {
        let commands = libc::fcntl(0, libc::F_DUPFD_CLOEXEC, 3);
        if commands < 0 || libc::dup2(nothing.as_raw_fd(), 0) < 0 {
            return Err(io::Error::last_os_error());
        }
        File::from_raw_fd(commands)
    };
    // SAFETY: the process has one thread so far.
    unsafe {
        std::env::set_var(REPLIES, commands.as_raw_fd().to_string());
        // evcxr sets it, which prints pages of the library's own functions below each panic of a
        // thread.
        std::env::remove_var("RUST_BACKTRACE");
        if std::env::var_os("RUST_MIN_STACK").is_none() {
            std::env::set_var("RUST_MIN_STACK", THREAD_STACK.to_string());
        }
    }
    Ok(commands)
}

fn on_signal(signal: libc::c_int, flag: &'static AtomicBool) {
    extern "C" fn note(signal: libc::c_int) {
        let flag = if signal == libc::SIGINT { &STOP } else { &LEAVE };
        flag.store(true, Ordering::SeqCst);
    }
    flag.store(false, Ordering::SeqCst);
    // SAFETY: the handler only stores to an atomic, which is async-signal-safe.
    unsafe {
        libc::signal(signal, note as *const () as libc::sighandler_t);
    }
}

fn serve(commands: File) -> io::Result<()> {
    let mut commands = BufReader::new(commands);
    let mut worker = Worker::start()?;
    let mut line = String::new();
    loop {
        line.clear();
        if commands.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let ["LOAD_AND_RUN", object, function] = words[..] else {
            return Err(io::Error::other(format!("`{}` is no command", line.trim())));
        };
        match Cell::load(object, function) {
            Ok(cell) => worker.run(cell)?,
            Err(reason) => {
                let message = format!("the cell cannot be loaded: {reason}");
                let told = json!({"kind": "error", "message": message});
                let end = format!("{MARK}{{\"kind\":\"end\"}}\n");
                say(1, &format!("{MARK}{told}\n{end}"))?;
                say(2, &end)?;
            }
        }
        say(1, &format!("{MARK}{}\n", filter::OVER))?;
    }
}

/// Writes to a stream past the buffers and locks that threads of a cell may hold.
fn say(stream: i32, text: &str) -> io::Result<()> {
    // SAFETY: the descriptor is open, and is not closed here.
    let mut stream = ManuallyDrop::new(unsafe { File::from_raw_fd(stream) });
    stream.write_all(text.as_bytes())
}

/// The type that evcxr gives to a cell's function: it takes and returns a pointer to variables, of
/// which there are none.
type Function = extern "C" fn(*mut c_void) -> *mut c_void;
/// A function of the library that the process calls.
type Hook<T> = extern "C" fn() -> T;

/// A loaded cell.
#[derive(Clone, Copy)]
struct Cell {
    run: Function,
    stop: Option<Hook<()>>,
    leave: Option<Hook<bool>>,
}

impl Cell {
    /// Loads a shared object permanently, with its symbols visible to later objects.
    fn load(object: &str, function: &str) -> Result<Self, String> {
        let (Ok(path), Ok(function)) = (CString::new(object), CString::new(function)) else {
            return Err("a name with a zero in it".to_owned());
        };
        // SAFETY: the kernel has just compiled the object; its constructors are those of Rust code.
        // The functions are declared there and in the library as they are here.
        unsafe {
            let handle = libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL);
            if handle.is_null() {
                let reason = libc::dlerror();
                let reason = (!reason.is_null()).then(|| CStr::from_ptr(reason).to_string_lossy());
                return Err(reason.map_or_else(String::new, |text| text.replace(object, "cell")));
            }
            let symbol = |name: &CStr| {
                let symbol = libc::dlsym(handle, name.as_ptr());
                (!symbol.is_null()).then_some(symbol)
            };
            let run = symbol(&function).ok_or("it has no function to run")?;
            Ok(Self {
                run: std::mem::transmute::<*mut c_void, Function>(run),
                stop: symbol(c"zoobot_stop_cell")
                    .map(|hook| std::mem::transmute::<*mut c_void, Hook<()>>(hook)),
                leave: symbol(c"zoobot_leave_cell")
                    .map(|hook| std::mem::transmute::<*mut c_void, Hook<bool>>(hook)),
            })
        }
    }
}

/// The thread that runs the cells.
struct Worker {
    cells: Sender<Cell>,
    over: Receiver<()>,
}

impl Worker {
    fn start() -> io::Result<Self> {
        let mut failed = None;
        for stack in STACKS {
            let (cells, todo) = channel::<Cell>();
            let (done, over) = channel();
            let work = move || {
                for cell in todo {
                    (cell.run)(std::ptr::null_mut());
                    if done.send(()).is_err() {
                        break;
                    }
                }
            };
            match std::thread::Builder::new().name("cells".into()).stack_size(stack).spawn(work) {
                Ok(_) => return Ok(Self { cells, over }),
                Err(error) => failed = Some(error),
            }
        }
        Err(failed.unwrap_or_else(|| io::Error::other("no thread")))
    }

    /// Runs a cell to its end, or until it is left behind.
    fn run(&mut self, cell: Cell) -> io::Result<()> {
        LEAVE.store(false, Ordering::SeqCst);
        if STOP.swap(false, Ordering::SeqCst)
            && let Some(stop) = cell.stop
        {
            stop();
        }
        let gone = || io::Error::other("the thread that runs the cells is gone");
        self.cells.send(cell).map_err(|_| gone())?;
        loop {
            match self.over.recv_timeout(LOOK) {
                Ok(()) => return Ok(()),
                Err(RecvTimeoutError::Disconnected) => return Err(gone()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if LEAVE.swap(false, Ordering::SeqCst) && cell.leave.is_some_and(|leave| leave()) {
                *self = Self::start()?;
                return Ok(());
            }
        }
    }
}
