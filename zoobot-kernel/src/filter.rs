//! Between the process that runs the cells and evcxr: makes its output text, and not too much of it.
//!
//! evcxr gives up at the first byte that is not UTF-8, and a front end at a hundred megabytes. A
//! fork of the process, made before it has threads, reads what it prints, replaces what is not text
//! and leaves out what one cell prints beyond [`LIMIT`]; being another process, it passes on the
//! last words of a crash too.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// What one cell may print to each of the two streams, in bytes; more cannot be read anyway.
const LIMIT: usize = 1 << 20;
/// A line longer than this is handled in parts.
const PART: u64 = 1 << 16;
/// Starts a message from the library; see `zoobot_core::notebook`.
const MARK: &[u8] = b"\x02zoobot ";
/// The message that ends a cell's output.
const END: &[u8] = b"\x02zoobot {\"kind\":\"end\"}";
/// Starts the lines with which evcxr is told what goes on.
const EVCXR: &[u8] = b"EVCXR_";

/// Puts the filter behind this process's standard output and error. To be called before any thread
/// is started.
pub fn install() -> io::Result<()> {
    let (out_read, out_write) = pipe()?;
    let (err_read, err_write) = pipe()?;
    // SAFETY: the process has one thread, so its fork may do all that it may do.
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

/// The life of the fork: ends when nobody can print any more, or nobody reads.
fn filter(out: OwnedFd, err: OwnedFd) -> ! {
    // SAFETY: descriptors 0, 1 and 2 are this process's own, and nothing else uses them.
    let (stdin, stdout, stderr) =
        unsafe { (OwnedFd::from_raw_fd(0), File::from_raw_fd(1), File::from_raw_fd(2)) };
    // Instructions are for the process that runs the cells.
    drop(stdin);
    let other = std::thread::spawn(move || pump(File::from(err), stderr, LIMIT));
    let _ = pump(File::from(out), stdout, LIMIT);
    let _ = other.join();
    // SAFETY: ends the process without the exit handlers it shares with the one it came from.
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
            // Programs that a cell starts print to descriptors 1 and 2.
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

/// Copies `input` as text, of each cell at most `limit` bytes besides the library's messages.
fn pump(input: impl Read, output: impl Write, limit: usize) -> io::Result<()> {
    let (mut input, mut output) =
        (BufReader::with_capacity(1 << 16, input), BufWriter::new(output));
    let mut part = Vec::new();
    let (mut passed, mut left_out) = (0, 0);
    loop {
        part.clear();
        if input.by_ref().take(PART).read_until(b'\n', &mut part)? == 0 {
            break;
        }
        if part.contains(&MARK[0]) && !part.ends_with(b"\n") {
            input.read_until(b'\n', &mut part)?;
        }
        complete_character(&mut input, &mut part)?;
        if let Some(at) = find(&part, MARK) {
            if part[at..].starts_with(END) {
                note(&mut output, &mut left_out)?;
                passed = 0;
            }
        } else if !part.starts_with(EVCXR) {
            if passed + part.len() > limit {
                left_out += part.len();
                continue;
            }
            passed += part.len();
        }
        output.write_all(String::from_utf8_lossy(&part).as_bytes())?;
        if input.buffer().is_empty() {
            output.flush()?;
        }
    }
    note(&mut output, &mut left_out)?;
    output.flush()
}

/// Reads on where a long line was cut inside of a character.
fn complete_character(input: &mut impl Read, part: &mut Vec<u8>) -> io::Result<()> {
    for _more in 0..3 {
        let broken = part.utf8_chunks().last().map(|chunk| chunk.invalid().to_vec());
        let cut = broken.is_some_and(|bytes| {
            std::str::from_utf8(&bytes).is_err_and(|error| error.error_len().is_none())
        });
        if !cut || input.by_ref().take(1).read_to_end(part)? == 0 {
            break;
        }
    }
    Ok(())
}

/// Says what was left out, on a line of its own.
fn note(output: &mut impl Write, left_out: &mut usize) -> io::Result<()> {
    match std::mem::take(left_out) {
        0 => Ok(()),
        bytes => writeln!(
            output,
            "\n[{:.1} MB more were printed and are left out here; a cell shows {:.0} MB]",
            bytes as f64 / 1e6,
            LIMIT as f64 / 1e6,
        ),
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

    fn filtered(input: &[u8], limit: usize) -> String {
        let mut output = Vec::new();
        pump(input, &mut output, limit).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn bytes_that_are_not_text_are_replaced_and_the_rest_is_kept() {
        assert_eq!(filtered(b"a\xffb\n\xc3\xa9\n", 100), "a\u{fffd}b\n\u{e9}\n");
    }

    #[test]
    fn a_character_across_two_parts_of_a_long_line_stays_whole() {
        let text = "\u{e9}\u{20ac}".repeat(40_000) + "\n";
        for shift in ["", "x", "xy"] {
            let text = format!("{shift}{text}");
            assert_eq!(filtered(text.as_bytes(), usize::MAX), text);
        }
    }

    #[test]
    fn each_cell_may_print_up_to_the_limit_and_one_note_says_what_is_left_out() {
        let end = "\u{2}zoobot {\"kind\":\"end\"}\n";
        let cell = format!("{}{end}", "12345\n".repeat(5));
        let shown = filtered(format!("{cell}{cell}").as_bytes(), 12);
        assert_eq!(shown.matches("12345").count(), 4);
        assert_eq!(shown.matches("left out").count(), 2);
        assert_eq!(shown.matches(end).count(), 2);
        assert!(!filtered(b"12345\n", 12).contains("left out"));
    }

    #[test]
    fn messages_of_the_library_and_of_evcxr_pass_whatever_was_printed() {
        let long = format!("\u{2}zoobot {{\"data\":\"{}\"}}\n", "d".repeat(200_000));
        let shown = filtered(format!("{}\n{long}EVCXR_DONE\n", "x".repeat(50)).as_bytes(), 12);
        assert!(shown.starts_with(&long) && shown.contains("EVCXR_DONE\n"));
    }
}
