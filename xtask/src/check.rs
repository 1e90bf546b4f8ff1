//! `cargo xtask test`: every check, and one closing line with the counts of all.

use crate::home::Checkout;
use crate::{build, libtch, local_config, setup, tutorials};
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use zoobot_setup::home::remove;
use zoobot_setup::libtorch::Libtorch;
use zoobot_setup::shell::run;
use zoobot_setup::shell::{command, succeeds};
use zoobot_setup::stages::Stages;
use zoobot_setup::tools::Missing;

/// Parts of the reasons for which tests of the kernel, of the rating page and against recorded answers are
/// skipped. After a setup, in a complete checkout, no test may be skipped for these.
const NEVER_SKIPPED: [&str; 2] = ["run cargo xtask setup", "tests/golden"];

/// Tests that passed, failed and were skipped.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Tally {
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Tally {
    /// Adds the counts in the last line of a test program; ignores any other line.
    fn add_line(&mut self, line: &str) {
        let Some(counts) = line.strip_prefix("test result: ") else { return };
        let count = |word: &str| {
            let (before, _) = counts.split_once(word)?;
            before.rsplit([';', '.', ' ']).find(|part| !part.is_empty())?.parse().ok()
        };
        self.passed += count(" passed").unwrap_or(0);
        self.failed += count(" failed").unwrap_or(0);
        self.skipped += count(" ignored").unwrap_or(0);
    }

    /// Counts tests that passed only because they could not run here: `notes` has a line for each reason,
    /// which begins with the test's name.
    fn skip(&mut self, notes: &str) {
        let names: BTreeSet<&str> =
            notes.lines().filter_map(|line| Some(line.split_once(": ")?.0)).collect();
        let mut barred = 0;
        for name in &names {
            let why = notes.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            println!("skipped {name}{why}");
            if NEVER_SKIPPED.iter().any(|reason| why.contains(reason)) {
                println!("error: {name} runs on every machine that is set up");
                barred += 1;
            }
        }
        let skipped = names.len().min(self.passed);
        self.passed -= skipped;
        self.skipped += skipped - barred.min(skipped);
        self.failed += barred.min(skipped);
    }

    /// Reports a failed check; if no test failed in it, the check itself counts as a failure.
    fn add_failure(&mut self, result: Result<()>, failed_before: usize) {
        if let Err(error) = result {
            println!("error: {error:#}");
            if self.failed == failed_before {
                self.failed += 1;
            }
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// How much is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Everything.
    All,
    /// Formatting, lints and unit tests: the inner loop.
    Fast,
}

/// Runs the checks; a failure does not keep the others from running. Returns whether all passed; the last
/// line printed is the count.
pub fn test(checkout: &Checkout, extent: Extent) -> bool {
    let mut stages = Stages::default();
    let mut tally = Tally::default();
    let set_up = rust_components(checkout).and_then(|()| match extent {
        Extent::All => setup::setup(checkout, &mut stages),
        Extent::Fast => local_config::libtorch(checkout),
    });
    match set_up {
        Ok(libtorch) => {
            let mut check = |name: &str, work: &dyn Fn(&mut Tally) -> Result<()>| {
                let before = tally.failed;
                let result = stages.run(name, false, || work(&mut tally));
                tally.add_failure(result, before);
            };
            check("formatting", &|_| run(checkout.cargo().args(FORMATTING)));
            check("lints", &|_| run(checkout.cargo().args(LINTS)));
            if extent == Extent::Fast {
                check("unit tests", &|tally| unit_tests(checkout, &libtorch, tally));
            } else {
                check("tests", &|tally| tests(checkout, &libtorch, tally));
                for processor in LESSER {
                    check(&format!("tests on {processor}"), &|tally| {
                        lesser(checkout, &libtorch, processor, tally)
                    });
                }
                check("tutorials", &|tally| tutorials(checkout, tally));
            }
        }
        Err(error) => tally.add_failure(Err(error), 0),
    }
    println!("{}", stages.summary());
    println!("{tally}");
    tally.failed == 0
}

/// Ensures that rustfmt and clippy are installed.
///
/// # Errors
/// [`Missing`], if they are not installed and there is no rustup to add them.
fn rust_components(checkout: &Checkout) -> Result<()> {
    for (tool, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if succeeds(checkout.cargo().args([tool, "--version"])) {
            continue;
        }
        if !succeeds(command("rustup").arg("--version")) {
            bail!(Missing(format!("{component} is missing: install it for the Rust in use")));
        }
        println!("  adding {component}");
        run(command("rustup").args(["component", "add", component]).current_dir(&checkout.root))?;
    }
    Ok(())
}

const FORMATTING: [&str; 3] = ["fmt", "--all", "--check"];
const LINTS: [&str; 7] =
    ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];

/// Every tutorial counts as one test.
fn tutorials(checkout: &Checkout, tally: &mut Tally) -> Result<()> {
    let checked = tutorials::check(checkout)?;
    tally.passed += checked.passed;
    tally.failed += checked.failed;
    if checked.failed > 0 {
        bail!("{} of the tutorials failed", checked.failed);
    }
    Ok(())
}

/// Lesser processors for which some suites are also run: see `zoobot_core::processor`.
const LESSER: [&str; 2] = ["avx2", "baseline"];
/// The suites whose inner loops or decisions depend on the processor: parts of the names of unit tests.
const DEPENDENT: [&str; 10] = [
    "gp::",
    "network::",
    "precision::",
    "encoder::tests",
    "map::",
    "picture::",
    "processor::",
    "resample::",
    "similar::",
    "space::",
];

/// Unit, documentation and whole-system tests; their output is passed on as it arrives.
fn tests(checkout: &Checkout, libtorch: &Libtorch, tally: &mut Tally) -> Result<()> {
    let mut command = cargo_test(checkout, libtorch)?;
    counted(command.arg("--no-fail-fast"), checkout, tally)
}

/// Unit tests only.
fn unit_tests(checkout: &Checkout, libtorch: &Libtorch, tally: &mut Tally) -> Result<()> {
    let mut command = cargo_test(checkout, libtorch)?;
    counted(command.args(["--lib", "--bins", "--no-fail-fast"]), checkout, tally)
}

/// The suites that depend on the processor, run as on a lesser one.
fn lesser(
    checkout: &Checkout,
    libtorch: &Libtorch,
    processor: &str,
    tally: &mut Tally,
) -> Result<()> {
    let mut command = cargo_test(checkout, libtorch)?;
    command.args(["--lib", "--quiet", "--no-fail-fast", "--"]).args(DEPENDENT);
    command.env("ZOOBOT_CPU", processor);
    if processor == "avx2" {
        command.env("ONEDNN_MAX_CPU_ISA", "AVX2");
    }
    counted(&mut command, checkout, tally)
}

/// `cargo test` of the workspace, set up to find the shared libraries.
fn cargo_test(checkout: &Checkout, libtorch: &Libtorch) -> Result<Command> {
    let mut command = checkout.cargo();
    command.args(["test", "--workspace", "--locked"]);
    let folders =
        [libtorch.lib(), libtch::folder(checkout, libtorch), build::sysroot(checkout)?.join("lib")];
    let old = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let paths = folders.into_iter().chain(std::env::split_paths(&old));
    command.env("LD_LIBRARY_PATH", std::env::join_paths(paths)?);
    Ok(command)
}

/// Runs tests and counts them; tests that noted that they cannot run here count as skipped.
fn counted(command: &mut Command, checkout: &Checkout, tally: &mut Tally) -> Result<()> {
    let notes = checkout.target.join("skipped-tests.txt");
    remove(&notes)?;
    command.env("ZOOBOT_SKIPPED", &notes);
    let result = count(command, tally, &mut std::io::stdout());
    tally.skip(&std::fs::read_to_string(&notes).unwrap_or_default());
    result
}

/// Runs a test command, passing its output on to `shown` line by line and counting.
fn count(command: &mut Command, tally: &mut Tally, shown: &mut impl Write) -> Result<()> {
    let mut child = command.stdout(Stdio::piped()).spawn().context("cannot run the tests")?;
    let mut output = BufReader::new(child.stdout.take().context("no output of the tests")?);
    let mut line = Vec::new();
    while output.read_until(b'\n', &mut line)? > 0 {
        shown.write_all(&line)?;
        tally.add_line(&String::from_utf8_lossy(&line));
        line.clear();
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("`cargo test` ended with {status}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_of_all_test_programs_are_summed() {
        let mut tally = Tally::default();
        for line in [
            "running 12 tests",
            "test a::test_result_is_ok ... ok",
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 4 filtered out; finished in 1s",
            "error: test failed, to rerun pass `-p xtask`",
        ] {
            tally.add_line(line);
        }
        assert_eq!(tally, Tally { passed: 15, failed: 2, skipped: 1 });
        assert_eq!(tally.to_string(), "15 passed, 2 failed, 1 skipped");
    }

    #[test]
    fn what_runs_on_every_machine_fails_where_it_is_skipped() {
        let mut tally = Tally { passed: 5, failed: 0, skipped: 0 };
        tally.skip(
            "a_cell_runs: run cargo xtask setup\ngolden_pca: no /x/tests/golden/pca (set ZOOBOT_GOLDEN)\n\
            real: no /x/shared/data/gz2 (set ZOOBOT_DATA)\n",
        );
        assert_eq!(tally, Tally { passed: 2, failed: 2, skipped: 1 });
    }

    #[test]
    fn tests_that_noted_that_they_cannot_run_count_as_skipped_once() {
        let mut tally = Tally { passed: 5, failed: 1, skipped: 0 };
        tally.skip("gp::golden: no folder\ngp::golden: no file\npca::golden: no folder\n");
        assert_eq!(tally, Tally { passed: 3, failed: 1, skipped: 2 });
    }

    #[test]
    fn a_test_command_that_fails_is_an_error_and_its_counts_are_kept() {
        let mut tally = Tally::default();
        let script = "echo 'test result: FAILED. 1 passed; 1 failed; 0 ignored; 0'; exit 101";
        let mut shown = Vec::new();
        let mut command = Command::new("sh");
        assert!(count(command.args(["-c", script]), &mut tally, &mut shown).is_err());
        assert!(String::from_utf8(shown).unwrap().starts_with("test result: FAILED."));
        assert_eq!(tally, Tally { passed: 1, failed: 1, skipped: 0 });
    }
}
