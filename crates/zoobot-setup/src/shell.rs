//! Running other programs: in a cleaned environment, with errors that name the command.

use anyhow::{Context, Result, bail};
use std::process::{Command, Stdio};

/// A command without the environment variables that `cargo run` adds for this program.
///
/// Build scripts run again when such a variable changes, so leaving them in would rebuild half of
/// the workspace whenever `cargo xtask` and a plain `cargo build` alternate. `LIBTORCH` is removed
/// too: cargo sets it again from `.cargo/local.toml`.
pub fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    const ADDED: [&str; 4] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_PRIMARY_"];
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ADDED.iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    command.env_remove("LIBTORCH");
    command
}

/// Runs a command with this program's own input and output.
///
/// # Errors
/// When it cannot be started or does not end with success; the message contains the command.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot run {}", shown(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", shown(command));
    }
    Ok(())
}

/// Runs a command and returns what it printed on stdout; its stderr stays visible.
///
/// # Errors
/// As [`run`], and when the output is not UTF-8.
pub fn capture(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot run {}", shown(command)))?;
    if !output.status.success() {
        bail!("{} ended with {}", shown(command), output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("output of {}", shown(command)))
}

/// Whether a command can be started and ends with success; prints nothing.
pub fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// The command as one line, without a program text given with `-c`.
fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|arg| {
        let arg = arg.to_string_lossy();
        if arg.contains('\n') { "…".to_owned() } else { arg.into_owned() }
    }));
    format!("`{}`", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_command_is_named_in_the_error() {
        let error = run(Command::new("sh").args(["-c", "exit 7"])).unwrap_err().to_string();
        assert!(error.contains("sh -c exit 7") && error.contains('7'), "{error}");
        let error = run(&mut Command::new("no-such-program-here")).unwrap_err().to_string();
        assert!(error.contains("no-such-program-here"), "{error}");
    }

    #[test]
    fn what_a_command_prints_is_returned() {
        assert_eq!(capture(Command::new("printf").arg("two words")).unwrap(), "two words");
    }

    #[test]
    fn variables_of_cargo_run_do_not_reach_other_programs() {
        // Tests run under cargo, so the variable is set here.
        assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
        let text = capture(&mut command("env")).unwrap();
        assert!(!text.contains("CARGO_MANIFEST_DIR="), "{text}");
        assert!(text.contains("PATH="), "{text}");
    }
}
