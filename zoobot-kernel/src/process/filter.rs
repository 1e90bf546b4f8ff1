//! Filters the output of the process that runs the cells before evcxr reads it: only text, and not
//! too much.
//!
//! evcxr passes on whole lines only and stops at the first byte that is not UTF-8; a front end
//! fails at a hundred megabytes. A fork of the process, made before it has threads, reads its
//! output, passes on the beginnings of lines as messages, replaces invalid UTF-8 and drops what one
//! cell prints beyond [`LIMIT`]. As a process of its own, it also passes on the last message of a
//! crash.

use super::MARK;
use serde_json::json;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// What one cell may print to each of the two streams, in bytes; more would be unreadable.
const LIMIT: usize = 1 << 20;
/// The message that ends a cell's output.
const END: &str = "{\"kind\":\"end\"}";
/// The message that is replaced by evcxr's sign that a cell is over.
pub const OVER: &str = "{\"kind\":\"over\"}";
/// evcxr's sign.
const COMPLETE: &[u8] = b"EVCXR_EXECUTION_COMPLETE\n";
/// The prefix of the lines that inform evcxr.
const EVCXR: &[u8] = b"EVCXR_";
/// The beginnings of the lines around content for evcxr.
const CONTENT: [&[u8]; 2] = [b"EVCXR_BEGIN_CONTENT", b"EVCXR_END_CONTENT"];

/// Puts the filter behind this process's standard output and error. Must be called before any
/// thread is started.
pub fn install() -> io::Result<()> {
    let (out_read, out_write) = pipe()?;
    let (err_read, err_write) = pipe()?;
    // SAFETY: the process has one thread, so the fork may do anything the process may do.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            drop((out_write, err_write));
            filter(out_read, err_read)
        }
        _ => {
            replace(out_write, 1)?;
            replace(err_write, 2)
        }
    }
}

/// Runs in the fork; ends when all writers have closed the pipes, or the reader has.
fn filter(out: OwnedFd, err: OwnedFd) -> ! {
    // SAFETY: descriptors 0, 1 and 2 are this process's own, and nothing else uses them.
    let (stdin, stdout, stderr) =
        unsafe { (OwnedFd::from_raw_fd(0), File::from_raw_fd(1), File::from_raw_fd(2)) };
    // Standard input is for the process that runs the cells.
    drop(stdin);
    let other = std::thread::spawn(move || pump(File::from(err), stderr, LIMIT));
    let _ = pump(File::from(out), stdout, LIMIT);
    let _ = other.join();
    // SAFETY: ends the process without the exit handlers it shares with its parent.
    unsafe { libc::_exit(0) }
}

fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends = [0; 2];
    // SAFETY: the array has room for two descriptors, which are ours from then on.
    unsafe {
        if libc::pipe(ends.as_mut_ptr()) != 0 {
            return Err(io::Error::last_os_error());
        }
        let (read, write) = (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1]));
        for end in [&read, &write] {
            // Programs that a cell starts use descriptors 1 and 2 only.
            libc::fcntl(end.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC);
        }
        Ok((read, write))
    }
}

fn replace(with: OwnedFd, descriptor: i32) -> io::Result<()> {
    // SAFETY: both are open descriptors of this process.
    if unsafe { libc::dup2(with.as_raw_fd(), descriptor) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Copies `input` as text, at most `limit` bytes per cell besides the library's messages.
fn pump(input: impl Read, output: impl Write, limit: usize) -> io::Result<()> {
    let mut input = BufReader::with_capacity(1 << 16, input);
    let mut pump = Pump {
        output: BufWriter::new(output),
        limit,
        line: Vec::new(),
        begun: false,
        in_content: false,
        passed: 0,
        left_out: 0,
    };
    loop {
        let bytes = input.fill_buf()?;
        let count = bytes.len();
        if count == 0 {
            break;
        }
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            pump.line.extend(part);
            if part.ends_with(b"\n") {
                pump.end_of_line()?;
            }
        }
        input.consume(count);
        pump.begin_line()?;
        pump.output.flush()?;
    }
    if !pump.line.is_empty() {
        pump.line.push(b'\n');
        pump.end_of_line()?;
    }
    pump.note()?;
    pump.output.flush()
}

/// The state of the copying.
struct Pump<W: Write> {
    output: BufWriter<W>,
    limit: usize,
    /// The part of the current line that was not passed on yet.
    line: Vec<u8>,
    /// Whether the beginning of the line was passed on.
    begun: bool,
    /// Whether the line is content for evcxr.
    in_content: bool,
    passed: usize,
    left_out: usize,
}

impl<W: Write> Pump<W> {
    /// Handles the end of a line.
    fn end_of_line(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        let begun = std::mem::take(&mut self.begun);
        if let Some(at) = find(&line, MARK.as_bytes()) {
            let message = &line[at + MARK.len()..];
            if message.starts_with(OVER.as_bytes()) {
                self.text(&line[..at])?;
                return self.output.write_all(COMPLETE);
            }
            if message.starts_with(END.as_bytes()) {
                self.note()?;
                self.passed = 0;
            }
        } else if line.starts_with(EVCXR) && !begun {
            let [begin, end] = CONTENT.map(|sign| line.starts_with(sign));
            self.in_content = (self.in_content || begin) && !end;
        } else if !self.in_content && !self.may_pass(line.len()) {
            return Ok(());
        }
        self.output.write_all(String::from_utf8_lossy(&line).as_bytes())
    }

    /// Passes on the beginning of a line, unless it may be a message of the library or for evcxr.
    fn begin_line(&mut self) -> io::Result<()> {
        let is_start = |of: &[u8], whole: &[u8]| of.starts_with(whole) || whole.starts_with(of);
        let message = MARK.as_bytes();
        let waits = self.in_content
            || (!self.begun && is_start(&self.line, EVCXR))
            || find(&self.line, message).is_some()
            || (1..message.len()).any(|length| self.line.ends_with(&message[..length]));
        if waits {
            return Ok(());
        }
        // An incomplete character at the end stays.
        let cut = self.line.utf8_chunks().last().map_or(0, |chunk| {
            let rest = chunk.invalid();
            let cut = std::str::from_utf8(rest).is_err_and(|error| error.error_len().is_none());
            if cut { rest.len() } else { 0 }
        });
        let rest = self.line.split_off(self.line.len() - cut);
        let beginning = std::mem::replace(&mut self.line, rest);
        self.text(&beginning)
    }

    /// Passes on a text without an end of line.
    fn text(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.begun = true;
        if !self.may_pass(bytes.len()) {
            return Ok(());
        }
        let told = json!({"kind": "text", "text": String::from_utf8_lossy(bytes)});
        writeln!(self.output, "{MARK}{told}")
    }

    fn may_pass(&mut self, bytes: usize) -> bool {
        let may = self.passed + bytes <= self.limit;
        *(if may { &mut self.passed } else { &mut self.left_out }) += bytes;
        may
    }

    /// Reports the number of dropped bytes on a line of its own.
    fn note(&mut self) -> io::Result<()> {
        match std::mem::take(&mut self.left_out) {
            0 => Ok(()),
            bytes => writeln!(
                self.output,
                "\n[{:.1} MB more were printed and are left out here; a cell shows {:.0} MB]",
                bytes as f64 / 1e6,
                LIMIT as f64 / 1e6,
            ),
        }
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| *byte == wanted[0]) {
        if bytes[from + at..].starts_with(wanted) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filtered(input: impl Read, limit: usize) -> String {
        let mut output = Vec::new();
        pump(input, &mut output, limit).unwrap();
        String::from_utf8(output).unwrap()
    }

    /// A reader that returns the parts one after another.
    struct Parts(Vec<Vec<u8>>);

    impl Read for Parts {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                return Ok(0);
            }
            let part = self.0.remove(0);
            into[..part.len()].copy_from_slice(&part);
            Ok(part.len())
        }
    }

    fn parts(parts: &[&[u8]]) -> String {
        filtered(Parts(parts.iter().map(|part| part.to_vec()).collect()), usize::MAX)
    }

    fn text(text: &str) -> String {
        format!("{MARK}{}\n", json!({"kind": "text", "text": text}))
    }

    #[test]
    fn bytes_that_are_not_text_are_replaced_and_the_rest_is_kept() {
        assert_eq!(filtered(&b"a\xffb\n\xc3\xa9\n"[..], 100), "a\u{fffd}b\n\u{e9}\n");
    }

    #[test]
    fn the_beginning_of_a_line_is_passed_on_at_once() {
        assert_eq!(parts(&[b"ab", b"c\nd"]), text("ab") + "c\n" + &text("d"));
        assert_eq!(
            parts(&[b"EVCXR_BEGIN", b"_CONTENT x\nab", b"c\n"]),
            "EVCXR_BEGIN_CONTENT x\nabc\n"
        );
    }

    #[test]
    fn a_character_across_two_parts_stays_whole() {
        assert_eq!(parts(&[b"a\xc3", b"\xa9\n"]), text("a") + "\u{e9}\n");
        assert_eq!(parts(&[b"\xe2\x82", b"\xac"]), text("\u{20ac}"));
    }

    #[test]
    fn a_message_stays_whole_and_what_stands_before_it_is_shown() {
        let message = format!("{MARK}{{\"kind\":\"done\"}}\n");
        let (one, other) = message.as_bytes().split_at(4);
        assert_eq!(parts(&[one, other]), message);
        let over = format!("{MARK}{OVER}\n");
        let end = String::from_utf8_lossy(COMPLETE).into_owned();
        assert_eq!(parts(&[b"late", over.as_bytes()]), text("late") + &end);
        assert_eq!(parts(&[format!("late{over}").as_bytes()]), text("late") + &end);
    }

    #[test]
    fn each_cell_may_print_up_to_the_limit_and_one_note_says_what_is_left_out() {
        let end = format!("{MARK}{END}\n");
        let cell = format!("{}{end}", "12345\n".repeat(5));
        let shown = filtered(format!("{cell}{cell}").as_bytes(), 12);
        assert_eq!(shown.matches("12345").count(), 4);
        assert_eq!(shown.matches("left out").count(), 2);
        assert_eq!(shown.matches(&end).count(), 2);
        assert!(!filtered(&b"12345\n"[..], 12).contains("left out"));
    }

    #[test]
    fn messages_of_the_library_and_of_evcxr_pass_whatever_was_printed() {
        let long = format!("{MARK}{{\"data\":\"{}\"}}\n", "d".repeat(200_000));
        let shown = filtered(format!("{}\n{long}EVCXR_DONE\n", "x".repeat(50)).as_bytes(), 12);
        assert!(shown.starts_with(&long) && shown.contains("EVCXR_DONE\n"));
    }
}
