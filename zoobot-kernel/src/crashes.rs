//! Explains in plain words why the process that runs the cells ended.

use serde::Deserialize;

/// A fault that the process reported before it ended.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fault {
    /// The stack is used up.
    Overflow,
    /// Access through a null pointer.
    Null,
    /// Access to memory that is not mapped.
    Memory,
    /// An instruction that the processor does not support.
    Instruction,
    /// An arithmetic error of compiled C code.
    Arithmetic,
}

/// The output of a cell that may explain why the process ended.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Crash {
    fault: Option<Fault>,
    panics: Vec<String>,
    /// The last part of what was printed.
    printed: String,
}

/// The number of printed bytes that are kept.
const PRINTED: usize = 400;

impl Crash {
    /// Records the fault that the process reported.
    pub fn fault(&mut self, fault: Fault) {
        self.fault = Some(fault);
    }

    /// Records a panic of the cell.
    pub fn panicked(&mut self, message: &str) {
        // If many panics were caught, the last ones matter.
        if self.panics.len() > 2 {
            self.panics.remove(0);
        }
        self.panics.push(message.to_owned());
    }

    /// Records output on one of the streams; it may arrive in pieces.
    pub fn printed(&mut self, text: &str) {
        let text = &text[text.floor_char_boundary(text.len().saturating_sub(PRINTED))..];
        self.printed.push_str(text);
        let start = self.printed.len().saturating_sub(PRINTED);
        self.printed.drain(..self.printed.floor_char_boundary(start));
    }

    /// The size of a failed allocation in bytes, from Rust's message.
    fn allocation(&self) -> Option<u64> {
        let (_, rest) = self.printed.rsplit_once("memory allocation of ")?;
        rest.split_once(" bytes failed")?.0.parse().ok()
    }

    /// Why the process ended, given its status: "signal: 11 (SIGSEGV)", "exit status: 3".
    pub fn reason(&self, status: &str, killed: bool) -> String {
        let number = |kind: &str| {
            let rest = status.split_once(kind)?.1;
            rest.split(|c: char| !c.is_ascii_digit()).find(|part| !part.is_empty())
        };
        match (number("signal"), number("exit")) {
            (Some("11" | "7" | "10" | "4" | "8"), _) => self.segfault().to_owned(),
            (Some("6"), _) => self.abort(),
            (Some("9"), _) if killed => "the stop button ended the cell".to_owned(),
            (Some("9"), _) => "the system ended the process; most likely the computer ran out of \
                 memory. Use fewer or smaller arrays, or work on part of the data at a time"
                .to_owned(),
            (Some("15"), _) => "another program ended the process (SIGTERM)".to_owned(),
            (None, Some(code)) => format!(
                "the cell left the process with exit code {code}, as `std::process::exit({code})` \
                 does. A cell needs no exit: it ends with its last line"
            ),
            _ => format!("the process that runs the cells ended ({status})"),
        }
    }

    fn segfault(&self) -> &'static str {
        match self.fault {
            None | Some(Fault::Overflow) => {
                "stack overflow: functions call each other without end, or an array on the stack is \
                 too large. A recursion needs a case that ends it; a large array belongs into a \
                 `Vec`, as in `vec![0.0; 10_000_000]`"
            }
            Some(Fault::Null) => "segmentation fault: unsafe code used a null pointer",
            Some(Fault::Memory) => {
                "segmentation fault: unsafe code, or a library in another language, used memory \
                 that is not its own"
            }
            Some(Fault::Instruction) => {
                "illegal instruction: a library was built for another processor, or unsafe code \
                 went wrong"
            }
            Some(Fault::Arithmetic) => "arithmetic error in a library, such as a division by zero",
        }
    }

    fn abort(&self) -> String {
        if let Some(bytes) = self.allocation() {
            return format!("out of memory: {} could not be had", size(bytes));
        }
        match &self.panics[..] {
            [.., first, second, last] if last.contains("destructor during cleanup") => format!(
                "two panics at once: while the panic \"{first}\" was cleaned up, a `drop` panicked \
                 with \"{second}\". Rust cannot go on after that"
            ),
            [.., panic, last] if last.contains("cannot unwind") => format!(
                "the panic \"{panic}\" was about to leave a function that no panic may leave, such \
                 as an `extern \"C\"` one"
            ),
            [.., last] if last.contains("unsafe precondition") || last.contains("null pointer") => {
                format!("unsafe code broke a rule of Rust: {last}")
            }
            _ => "the process was aborted, as `std::process::abort()` does".to_owned(),
        }
    }
}

/// Advice for panics that newcomers meet.
pub fn of_panic(message: &str) -> Option<String> {
    let after = |text: &str| {
        let rest = message.split_once(text)?.1;
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u64>().ok()
    };
    if message.starts_with("index out of bounds") {
        let (length, index) = (after("the len is ")?, after("the index is ")?);
        let last = match length.checked_sub(1) {
            Some(last) => format!("the last of these {length} is number {last}"),
            None => "this list is empty".to_owned(),
        };
        return Some(format!(
            "elements are counted from 0, and {last}. `.get({index})` gives an `Option`, `None` where there \
             is no such element."
        ));
    }
    let text = match message {
        "attempt to subtract with overflow" => {
            "the result is below the smallest number of its type. `usize` and the other types that begin with \
             `u` have no negative numbers: `a as i64 - b as i64`."
        }
        "attempt to add with overflow"
        | "attempt to multiply with overflow"
        | "attempt to negate with overflow" => {
            "the result is too large for its type. `i64` and `f64` have room for larger numbers: \
             `a as i64`, `a as f64`."
        }
        "attempt to divide by zero"
        | "attempt to calculate the remainder with a divisor of zero" => DIVIDED,
        message if message.starts_with("called `Option::unwrap()` on a `None`") => {
            "there is no value here. `.ok_or(\"none\")?` ends the cell with an error, `.unwrap_or(...)` gives \
             another value."
        }
        message if message.starts_with("called `Result::unwrap()` on an `Err`") => {
            "`?` in place of `.unwrap()` shows the error in words."
        }
        message if message.contains("is not a char boundary") => {
            "letters may take several bytes. `text.chars().nth(3)` counts letters."
        }
        message
            if message.starts_with("range end index")
                || message.starts_with("range start index") =>
        {
            "the range goes beyond the end of the list; `.len()` is the number of its elements."
        }
        _ => return None,
    };
    Some(text.to_owned())
}

/// The advice for a division of integers by zero.
pub const DIVIDED: &str = "whole numbers cannot be divided by 0. Numbers with decimals can, and give `inf` or \
    `NaN`: `5.0 / 0.0`.";

/// "80 MB (80000000 bytes)".
fn size(bytes: u64) -> String {
    let units = ["bytes", "kB", "MB", "GB", "TB", "PB", "EB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    match unit {
        0 => format!("{bytes} bytes"),
        _ if value < 9.95 => format!("{value:.1} {} ({bytes} bytes)", units[unit]),
        _ => format!("{value:.0} {} ({bytes} bytes)", units[unit]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(panics: &[&str], printed: &str) -> Crash {
        let mut crash = Crash::default();
        panics.iter().for_each(|panic| crash.panicked(panic));
        crash.printed(printed);
        crash
    }

    #[test]
    fn the_reason_is_told_in_plain_words() {
        let segfault = "signal: 11 (SIGSEGV) (core dumped)";
        assert!(after(&[], "").reason(segfault, false).starts_with("stack overflow"));
        let mut null = Crash::default();
        null.fault(Fault::Null);
        assert!(null.reason(segfault, false).contains("null pointer"));
        let abort = "signal: 6 (SIGABRT)";
        assert!(after(&[], "").reason(abort, false).contains("std::process::abort()"));
        let mut memory = after(&[], "é memory allocation of ");
        memory.printed("1125899906842624");
        memory.printed(" bytes failed\n");
        assert!(memory.reason(abort, false).contains("1.1 PB (1125899906842624 bytes)"));
        let twice = after(&["first", "second", "panic in a destructor during cleanup"], "");
        let twice = twice.reason(abort, false);
        assert!(twice.contains("\"first\"") && twice.contains("\"second\""), "{twice}");
        assert!(after(&[], "").reason("exit status: 3", false).contains("exit(3)"));
        assert!(after(&[], "").reason("signal: 9 (SIGKILL)", false).contains("memory"));
        assert!(after(&[], "").reason("signal: 9 (SIGKILL)", true).contains("stop button"));
    }

    #[test]
    fn panics_that_newcomers_meet_come_with_what_to_do() {
        for (message, part) in [
            (
                "index out of bounds: the len is 2 but the index is 10",
                "the last of these 2 is number 1",
            ),
            ("index out of bounds: the len is 0 but the index is 0", "this list is empty"),
            ("attempt to subtract with overflow", "`a as i64 - b as i64`"),
            ("attempt to multiply with overflow", "too large"),
            ("attempt to divide by zero", "`5.0 / 0.0`"),
            ("called `Option::unwrap()` on a `None` value", ".unwrap_or"),
        ] {
            assert!(of_panic(message).is_some_and(|text| text.contains(part)), "{message}");
        }
        assert_eq!(of_panic("my own"), None);
    }

    #[test]
    fn sizes_have_two_digits_and_the_number() {
        assert_eq!(size(512), "512 bytes");
        assert_eq!(size(1_500), "1.5 kB (1500 bytes)");
        assert_eq!(size(80_000_000), "80 MB (80000000 bytes)");
    }
}
