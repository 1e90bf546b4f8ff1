//! What the system must provide: a C and C++ compiler, and Python 3 with `venv`.
//!
//! A missing package is installed if that needs no question (as root, or with a `sudo` that asks
//! for no password); otherwise the error gives the command to type.

use crate::shell::{capture, command, run, succeeds};
use anyhow::{Result, bail};

/// The oldest Python that the pinned packages support.
const OLDEST_PYTHON: (u32, u32) = (3, 10);

/// Something the user has to install; `xtask` then exits with 2.
#[derive(Debug)]
pub struct Missing(pub String);

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Missing {}

/// Ensures that there are a C and a C++ compiler.
///
/// # Errors
/// [`Missing`], with the command that installs them.
pub fn compilers() -> Result<()> {
    let there = || ["cc", "c++"].iter().all(|name| succeeds(command(name).arg("--version")));
    if !there() {
        install("a C and C++ compiler", &["build-essential"])?;
        if !there() {
            bail!(Missing(
                "`cc` and `c++` do not run even after installing build-essential".into()
            ));
        }
    }
    Ok(())
}

/// Ensures that there is a `python3` that can create virtual environments.
///
/// # Errors
/// [`Missing`], if there is none, it is too old, or `venv` cannot be installed.
pub fn python() -> Result<()> {
    if !succeeds(command("python3").arg("--version")) {
        install("Python 3", &["python3", "python3-venv"])?;
    }
    let version = capture(
        command("python3")
            .args(["-c", "import sys; print(sys.version_info[0], sys.version_info[1])"]),
    )?;
    let (major, minor) = OLDEST_PYTHON;
    if !new_enough(&version) {
        bail!(Missing(format!(
            "python3 is Python {}, but {major}.{minor} or later is needed: put a newer `python3` \
             first in PATH",
            version.trim().replace(' ', ".")
        )));
    }
    // Debian has the part of the standard library that creates environments in another package.
    if !succeeds(command("python3").args(["-c", "import venv, ensurepip"])) {
        install("Python's venv module", &["python3-venv"])?;
    }
    Ok(())
}

fn new_enough(version: &str) -> bool {
    let mut parts = version.split_whitespace().filter_map(|part| part.parse().ok());
    matches!((parts.next(), parts.next()), (Some(major), Some(minor)) if (major, minor) >= OLDEST_PYTHON)
}

/// Whether this program runs as root.
pub fn is_root() -> bool {
    capture(command("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// Installs Debian packages, or fails with the command to do so.
fn install(what: &str, packages: &[&str]) -> Result<()> {
    if !succeeds(command("apt-get").arg("--version")) {
        bail!(Missing(format!(
            "{what} is missing: install it with your system's package manager (on Debian and \
             Ubuntu: {})",
            packages.join(" ")
        )));
    }
    let prefix: &[&str] = if is_root() {
        &[]
    } else if succeeds(command("sudo").args(["-n", "true"])) {
        &["sudo", "-n"]
    } else {
        bail!(Missing(format!(
            "{what} is missing: run `sudo apt-get update && sudo apt-get install --yes {}`",
            packages.join(" ")
        )));
    };
    println!("  {what} is missing: installing {}", packages.join(" "));
    let mut words = prefix.to_vec();
    words.extend(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    run(command(words[0]).args(&words[1..]).args(["-qq", "update"]))?;
    run(command(words[0])
        .args(&words[1..])
        .args(["-qq", "install", "--yes", "--no-install-recommends"])
        .args(packages))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        assert!(new_enough("3 10\n") && new_enough("3 13") && new_enough("4 0"));
        assert!(!new_enough("3 9") && !new_enough("2 7") && !new_enough("what"));
    }

    #[test]
    fn a_missing_tool_can_be_told_from_other_errors() {
        let error = anyhow::Error::new(Missing("x".into())).context("system tools");
        assert!(error.downcast_ref::<Missing>().is_some());
    }
}
