//! Help: every command has it, and its examples run as printed, one after another, in an empty
//! folder.

use super::{program, zoobot};
use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

/// Every command that help lists, and the commands of `zoobot experiment` and `zoobot zooniverse`.
fn commands() -> Vec<Vec<String>> {
    let listed = |words: &[&str]| -> Vec<String> {
        let text = help(words);
        let lines = text.lines().skip_while(|line| *line != "Commands:").skip(1);
        let names = lines.take_while(|line| line.starts_with("  "));
        let names = names.filter_map(|line| line.split_whitespace().next());
        names.filter(|name| *name != "help").map(str::to_owned).collect()
    };
    let mut all = Vec::new();
    for name in listed(&[]) {
        match name.as_str() {
            "experiment" | "zooniverse" => {
                let parts = listed(&[name.as_str()]).into_iter();
                all.extend(parts.map(|part| vec![name.clone(), part]));
            }
            _ => all.push(vec![name]),
        }
    }
    all
}

fn help(words: &[&str]) -> String {
    help_of(zoobot(), words)
}

fn help_of(mut program: Command, words: &[&str]) -> String {
    let output = program.args(words).arg("--help").output().unwrap();
    assert!(output.status.success(), "{words:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The indented lines below "Example:" or "Examples:".
fn examples(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| !matches!(*line, "Example:" | "Examples:")).skip(1);
    let lines = lines.take_while(|line| line.starts_with("  "));
    lines.map(|line| line.trim().to_owned()).collect()
}

#[test]
fn every_command_has_examples_states_its_defaults_and_names_no_code() {
    let all = commands();
    assert!(all.len() >= 14, "{all:?}");
    for words in all {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let text = help(&words);
        let own = format!("zoobot {}", words.join(" "));
        let examples = examples(&text);
        assert!(examples.iter().any(|line| line.starts_with(&own)), "{own}: {examples:?}");
        // The purpose of the command comes first, not that of an option.
        let first = text.lines().next().unwrap();
        assert!(!first.contains("--") && !first.contains("overwrite"), "{own}: {first}");
        for code in ["::", "()?", "&galaxies", "polars", "Vec<", "None", "Some("] {
            assert!(!text.contains(code), "{own} says {code}");
        }
    }
}

/// Runs one line as a shell does; a command that runs until Ctrl-C is stopped once it prints its
/// address.
fn runs(line: &str, folder: &Path) {
    let program = zoobot();
    let programs = Path::new(program.get_program()).parent().unwrap().to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(programs).chain(std::env::split_paths(&path)));
    let mut shell = Command::new("sh");
    // The command replaces the shell, so that it receives the signal.
    let line =
        line.strip_prefix("zoobot ").map_or(line.to_owned(), |rest| format!("exec zoobot {rest}"));
    shell.arg("-c").arg(&line).current_dir(folder).env("PATH", path.unwrap()).stdin(Stdio::null());
    let begun = std::time::Instant::now();
    let output = if line.contains("--browser") {
        let mut child = shell.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        assert!(first.starts_with("http://127.0.0.1:"), "{line}: {first}");
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        child.wait_with_output().unwrap()
    } else {
        shell.output().unwrap()
    };
    let said = String::from_utf8_lossy(&output.stderr);
    // `doctor` fails if set-up did not run; its own tests cover that.
    let status = output.status.code();
    let well = status == Some(0) || (line.starts_with("exec zoobot doctor") && status == Some(2));
    assert!(well, "{line}: {said}");
    println!("{:6.1} s  {line}", begun.elapsed().as_secs_f64());
}

#[test]
fn every_example_runs_as_it_is_printed() {
    let dir = tempfile::tempdir().unwrap();
    let mut done = HashSet::new();
    for words in commands() {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        for line in examples(&help(&words)) {
            if done.insert(line.clone()) {
                runs(&line, dir.path());
            }
        }
    }
    // The other examples of the laboratory need real galaxies.
    for line in examples(&help_of(program("zoobot-lab"), &["anomalies"])) {
        if done.insert(line.clone()) {
            runs(&line, dir.path());
        }
    }
}
