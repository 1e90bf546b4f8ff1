//! Work that continues while the next cells run.

use super::board::Board;
use super::text::{duration, escape};
use super::{Bundle, Live, Show};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use zoobot_base::interrupt::Stopped;
use zoobot_base::{Error, Result};

/// Work in the background: the cell that starts it ends at once, its progress bar and figures keep updating
/// below that cell, and any later cell can ask for its result.
///
/// The stop button does not stop it. [`Job::cancel`] does, and so does dropping it, for example by running
/// its cell again. `println!` output of the job appears with the next cell; use
/// [`Progress`](super::Progress), [`Live`] and [`display`](super::display) instead.
///
/// # Example
/// ```
/// use zoobot_core::notebook::Job;
///
/// let job = Job::start("adding", || Ok((1..=100).sum::<u32>()))?;
/// assert_eq!(job.result()?, 5050);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Job<T> {
    what: String,
    board: Arc<Board>,
    shared: Arc<Shared<T>>,
    start: Instant,
}

#[derive(Debug)]
struct Shared<T> {
    state: Mutex<State<T>>,
    ended: Condvar,
}

#[derive(Debug)]
enum State<T> {
    Running,
    /// The result, until it is taken, how the job ended, and the time it took.
    Ended(Option<Result<T>>, How, Duration),
}

/// How a job ended.
#[derive(Debug, Clone)]
enum How {
    Done,
    Stopped,
    Failed(String),
}

impl<T: Send + 'static> Job<T> {
    /// Starts `work`, which owns its values (`move`, with a `.clone()` of values that are also needed
    /// elsewhere); `what` names it, such as "encoding".
    ///
    /// # Errors
    /// When the system cannot start another thread.
    pub fn start(
        what: impl Into<String>,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<Self> {
        let board = Board::new();
        let shared = Arc::new(Shared { state: Mutex::new(State::Running), ended: Condvar::new() });
        let job = Self { what: what.into(), board, shared, start: Instant::now() };
        let line = Live::on(&job.board);
        line.put(&bundle(&format!("{}: running in the background", job.what)));
        let (shared, start, what) = (Arc::clone(&job.shared), job.start, job.what.clone());
        let board = Arc::clone(&job.board);
        let run = move || {
            board.enter();
            let result = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
                Err(match panic.is::<Stopped>() {
                    true => Error::Interrupted { during: "a job", done: "some steps".to_owned() },
                    false => Error::Job { what: what.clone(), reason: said(&*panic) },
                })
            });
            board.token().end();
            let how = match &result {
                Ok(_) => How::Done,
                Err(Error::Interrupted { .. }) => How::Stopped,
                Err(error) => How::Failed(error.to_string()),
            };
            let took = start.elapsed();
            line.put(&bundle(&status(&what, Some(&how), took)));
            *lock(&shared.state) = State::Ended(Some(result), how, took);
            shared.ended.notify_all();
        };
        std::thread::Builder::new()
            .name(job.what.chars().take(15).collect())
            .spawn(run)
            .map_err(Error::io("start", "a background thread"))?;
        Ok(job)
    }
}

impl<T> Job<T> {
    /// The state of the job, such as "encoding: running for 12 s".
    pub fn status(&self) -> String {
        match &*lock(&self.shared.state) {
            State::Running => status(&self.what, None, self.start.elapsed()),
            State::Ended(_, how, took) => status(&self.what, Some(how), *took),
        }
    }

    /// Whether the job has ended, successfully or not.
    pub fn is_finished(&self) -> bool {
        matches!(*lock(&self.shared.state), State::Ended(..))
    }

    /// Asks the job to stop at its next batch or step; loops of your own are stopped too.
    pub fn cancel(&self) {
        self.board.token().cancel();
    }

    /// Also shows the progress and figures of the job below this cell, where they keep updating: for example
    /// after the notebook was closed and reopened.
    pub fn watch(&self) {
        self.board.show_again();
    }

    /// Waits for the job to end and returns its result. The stop button ends the wait, not the job.
    ///
    /// # Errors
    /// The error that the work returned; [`Error::Interrupted`] when it was cancelled or the wait was
    /// stopped; [`Error::Job`] when it panicked, or the result was already taken.
    pub fn result(&self) -> Result<T> {
        let mut state = lock(&self.shared.state);
        loop {
            if let State::Ended(result, ..) = &mut *state {
                let reason = "its result was taken already";
                return result.take().unwrap_or_else(|| {
                    Err(Error::Job { what: self.what.clone(), reason: reason.to_owned() })
                });
            }
            zoobot_base::interrupt::check("waiting for a job", || {
                "nothing; the job continues".to_owned()
            })?;
            let waited = self.shared.ended.wait_timeout(state, Duration::from_millis(100));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl<T> Drop for Job<T> {
    fn drop(&mut self) {
        self.board.token().cancel();
    }
}

impl<T> Show for Job<T> {
    fn show(&self) -> Bundle {
        bundle(&self.status())
    }
}

fn status(what: &str, how: Option<&How>, time: Duration) -> String {
    let time = duration(time);
    match how {
        None => format!("{what}: running for {time}"),
        Some(How::Done) => format!("{what}: done in {time}"),
        Some(How::Stopped) => format!("{what}: stopped after {time}"),
        Some(How::Failed(error)) => format!("{what}: failed after {time}: {error}"),
    }
}

fn bundle(text: &str) -> Bundle {
    let html = format!("<div style=\"opacity:.75\">{}</div>", escape(text));
    Bundle::plain(text).with("text/html", html)
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("it panicked: {}", text.unwrap_or_else(|| "without a message".to_owned()))
}

fn lock<T>(state: &Mutex<State<T>>) -> MutexGuard<'_, State<T>> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn the_result_is_given_once_and_the_status_tells_how_it_went() {
        let (go, wait) = mpsc::channel();
        let job = Job::start("adding", move || {
            wait.recv().unwrap();
            Ok(1 + 1)
        })
        .unwrap();
        assert!(!job.is_finished() && job.status().starts_with("adding: running for"));
        go.send(()).unwrap();
        assert_eq!(job.result().unwrap(), 2);
        assert!(job.is_finished() && job.status().starts_with("adding: done in"));
        let again = job.result().unwrap_err().to_string();
        assert!(again.contains("adding") && again.contains("taken"), "{again}");
    }

    #[test]
    fn cancelling_stops_the_job_alone() {
        let endless = || -> Result<()> {
            loop {
                zoobot_base::interrupt::check("looping", || "some".to_owned())?;
                std::thread::sleep(Duration::from_millis(1));
            }
        };
        let (one, other) =
            (Job::start("one", endless).unwrap(), Job::start("other", endless).unwrap());
        one.cancel();
        assert!(matches!(one.result(), Err(Error::Interrupted { .. })));
        assert!(one.status().starts_with("one: stopped after"));
        assert!(!other.is_finished());
        assert!(zoobot_base::interrupt::check("here", String::new).is_ok());
    }

    #[test]
    fn errors_and_panics_come_out_as_errors() {
        let failing =
            Job::<()>::start("failing", || Err(Error::Figure("no points".into()))).unwrap();
        assert_eq!(failing.result().unwrap_err().to_string(), "figure: no points");
        assert!(failing.status().ends_with("figure: no points"), "{}", failing.status());
        let panicking = Job::<()>::start("panicking", || panic!("no more")).unwrap();
        let error = panicking.result().unwrap_err().to_string();
        assert!(error.contains("panicking") && error.contains("no more"), "{error}");
    }
}
