//! Progress of a long call: a line on a terminal, a bar in a notebook, nothing elsewhere.

use super::text::{cut, duration, escape, thousands};
use super::{Bundle, Live, in_kernel};
use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Shorter calls show nothing.
const SILENT: Duration = Duration::from_millis(500);
/// The window for measuring the rate, in seconds; the rate covers one to two windows.
const WINDOW: f64 = 5.0;
/// The maximum length of a line: longer ones would wrap on a narrow terminal.
const LINE: usize = 79;

/// Shows the progress of a call, its rate, and the time left.
///
/// On a terminal it is one line of standard error, in a notebook a display updated in place.
/// Elsewhere (a file, a pipe), and in calls that take less than half a second, nothing is shown.
/// Threads may share it. It ends with [`Progress::finish`] or when dropped.
///
/// # Example
/// ```
/// use zoobot_core::notebook::Progress;
///
/// let progress = Progress::new("measuring", Some(600));
/// for _batch in 0..6 {
///     // ... measure 100 galaxies ...
///     progress.advance(100);
/// }
/// assert_eq!(progress.done(), 600);
/// ```
#[derive(Debug)]
pub struct Progress {
    what: String,
    total: Option<usize>,
    place: Place,
    start: Instant,
    done: AtomicUsize,
    /// The time of the next drawing, in milliseconds after the start.
    next: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug)]
enum Place {
    Terminal,
    Notebook(Live),
    Nowhere,
}

#[derive(Debug, Default)]
struct State {
    note: String,
    shown: bool,
    finished: bool,
    /// Seconds and count, at the start of the previous window and of the current one.
    before: (f64, usize),
    since: (f64, usize),
}

impl Progress {
    /// Starts a count towards `total` (`None` if unknown); `what` is the label at the start of the
    /// line, such as "encoding".
    pub fn new(what: impl Into<String>, total: Option<usize>) -> Self {
        let place = if in_kernel() {
            Place::Notebook(Live::new())
        } else if std::io::stderr().is_terminal() {
            Place::Terminal
        } else {
            Place::Nowhere
        };
        Self {
            what: what.into(),
            total,
            place,
            start: Instant::now(),
            done: AtomicUsize::new(0),
            next: AtomicU64::new(SILENT.as_millis() as u64),
            state: Mutex::default(),
        }
    }

    /// Counts `steps` more steps as done.
    pub fn advance(&self, steps: usize) {
        self.done.fetch_add(steps, Ordering::Relaxed);
        self.draw();
    }

    /// The number of steps done.
    pub fn done(&self) -> usize {
        self.done.load(Ordering::Relaxed)
    }

    /// Sets a few words shown at the end of the line, such as the current file.
    pub fn note(&self, text: impl Into<String>) {
        if let Ok(mut state) = self.state.lock() {
            state.note = text.into();
        }
        self.draw();
    }

    /// Ends the line with the number of steps and the time taken. Later calls change nothing.
    pub fn finish(&self) {
        let Ok(mut state) = self.state.lock() else { return };
        if !std::mem::replace(&mut state.finished, true) && state.shown {
            let reading = self.reading(&state, self.start.elapsed());
            self.put(&mut state, &reading, true);
        }
    }

    fn draw(&self) {
        let elapsed = self.start.elapsed();
        let now = elapsed.as_millis() as u64;
        let pause = match self.place {
            Place::Nowhere => return,
            Place::Terminal => 100,
            Place::Notebook(_) => 250,
        };
        if now < self.next.load(Ordering::Relaxed) {
            return;
        }
        // If another thread is drawing, this call has nothing to add.
        let Ok(mut state) = self.state.try_lock() else { return };
        if state.finished {
            return;
        }
        self.next.store(now + pause, Ordering::Relaxed);
        let seconds = elapsed.as_secs_f64();
        if seconds - state.since.0 > WINDOW {
            state.before = state.since;
            state.since = (seconds, self.done());
        }
        let reading = self.reading(&state, elapsed);
        self.put(&mut state, &reading, false);
    }

    fn reading(&self, state: &State, elapsed: Duration) -> Reading {
        let done = self.done();
        let (seconds, count) = if state.finished { (0.0, 0) } else { state.before };
        let time = (elapsed.as_secs_f64() - seconds).max(1e-9);
        Reading {
            what: self.what.clone(),
            done,
            total: self.total,
            rate: done.saturating_sub(count) as f64 / time,
            elapsed,
            note: state.note.clone(),
        }
    }

    fn put(&self, state: &mut State, reading: &Reading, end: bool) {
        state.shown = true;
        match &self.place {
            Place::Nowhere => {}
            Place::Terminal => {
                let line = if end { reading.summary() + "\n" } else { reading.line() };
                let mut out = std::io::stderr().lock();
                // If the terminal is closed, the error cannot be reported.
                let _ = write!(out, "\r\x1b[2K{line}");
                let _ = out.flush();
            }
            Place::Notebook(live) => live.put(&reading.bundle(end)),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

/// The contents of the line at one moment.
#[derive(Debug, Clone)]
struct Reading {
    what: String,
    done: usize,
    total: Option<usize>,
    /// Steps per second.
    rate: f64,
    elapsed: Duration,
    note: String,
}

impl Reading {
    /// The fraction done, 0 to 1, if the total is known.
    fn share(&self) -> Option<f64> {
        let total = self.total.filter(|total| *total > 0)?;
        Some((self.done as f64 / total as f64).min(1.0))
    }

    fn count(&self) -> String {
        let done = thousands(self.done as u64);
        match self.total {
            Some(total) => format!("{done} of {}", thousands(total as u64)),
            None => done,
        }
    }

    fn rate(&self) -> String {
        match self.rate {
            rate if rate >= 10.0 => format!("{}/s", thousands(rate.round() as u64)),
            rate if rate >= 1.0 => format!("{rate:.1}/s"),
            rate if rate > 0.0 => format!("{} each", duration(Duration::from_secs_f64(1.0 / rate))),
            _ => "0/s".to_owned(),
        }
    }

    fn left(&self) -> Option<String> {
        let left = self.total?.saturating_sub(self.done) as f64 / self.rate;
        // Beyond a hundred days an estimate makes no sense.
        (left > 0.0 && left < 8.64e6)
            .then(|| format!("{} left", duration(Duration::from_secs_f64(left))))
    }

    fn words(&self) -> String {
        let note = Some(self.note.clone()).filter(|note| !note.is_empty());
        let parts = [Some(self.count()), Some(self.rate()), self.left(), note];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// The line on a terminal while the call runs.
    fn line(&self) -> String {
        const CELLS: usize = 20;
        let bar = self.share().map(|share| {
            let full = (share * CELLS as f64).floor() as usize;
            format!(" {}{}", "█".repeat(full), "░".repeat(CELLS - full))
        });
        cut(&format!("{}{} {}", self.what, bar.unwrap_or_default(), self.words()), LINE)
    }

    /// The final line.
    fn summary(&self) -> String {
        let time = duration(self.elapsed);
        match self.total {
            Some(total) if self.done < total => {
                format!("{}: stopped at {} after {time}", self.what, self.count())
            }
            _ => {
                let done = thousands(self.done as u64);
                format!("{}: {done} in {time} ({})", self.what, self.rate())
            }
        }
    }

    fn bundle(&self, end: bool) -> Bundle {
        if end {
            let text = self.summary();
            let html = format!("<div style=\"opacity:.75\">{}</div>", escape(&text));
            return Bundle::plain(text).with("text/html", html);
        }
        let bar = self.share().map(|share| {
            format!(
                "<span style=\"flex:none;width:220px;height:8px;border-radius:4px;overflow:hidden;\
                 background:rgba(128,128,128,.25)\"><span style=\"display:block;height:8px;\
                 width:{:.1}%;background:#0072B2\"></span></span>",
                share * 100.0
            )
        });
        let html = format!(
            "<div style=\"display:flex;align-items:center;gap:10px\"><span>{}</span>{}\
             <span style=\"opacity:.75;font-variant-numeric:tabular-nums\">{}</span></div>",
            escape(&self.what),
            bar.unwrap_or_default(),
            escape(&self.words()),
        );
        Bundle::plain(self.line()).with("text/html", html)
    }
}

#[cfg(test)]
mod tests;
