//! The Python environment of the notebooks: JupyterLab and its client at exact versions.

use crate::home::{Places, remove, write_if_changed};
use crate::shell::{command, run, succeeds};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

const REQUIREMENTS: &str = include_str!("../python/requirements.txt");

/// A Python interpreter.
#[derive(Debug, Clone)]
pub struct Python {
    program: PathBuf,
}

impl Python {
    /// The interpreter of the environment in the home folder, whether it is there yet or not.
    pub fn of(places: &Places) -> Self {
        Self { program: folder(places).join("bin/python") }
    }

    /// The system's `python3`.
    #[cfg(test)]
    pub fn system() -> Self {
        Self { program: "python3".into() }
    }

    /// The interpreter, kept from the packages of any other environment.
    pub fn command(&self) -> Command {
        let mut command = command(&self.program);
        command.env_remove("PYTHONPATH").env_remove("PYTHONHOME");
        command
    }

    /// A command that runs a program given as text.
    pub fn script(&self, text: &str) -> Command {
        let mut command = self.command();
        command.args(["-c", text]);
        command
    }

    /// `python -m NAME`.
    pub fn module(&self, name: &str) -> Command {
        let mut command = self.command();
        command.args(["-m", name]);
        command
    }
}

/// Where the environment is.
pub fn folder(places: &Places) -> PathBuf {
    places.home.join("python")
}

/// Whether the environment holds exactly what this version asks for, and runs.
pub fn is_ready(places: &Places) -> bool {
    std::fs::read_to_string(marker(&folder(places))).is_ok_and(|done| done == REQUIREMENTS)
        && succeeds(&mut Python::of(places).script("import jupyterlab, nbconvert"))
}

/// Makes the environment, or brings an interrupted or older one up to date.
///
/// # Errors
/// When `venv` or pip fails; pip's own message is above.
pub fn install(places: &Places) -> Result<()> {
    let folder = folder(places);
    let python = Python::of(places);
    remove(&marker(&folder))?;
    // A new `python3` leaves an environment whose packages it does not look at.
    if !succeeds(&mut python.script("import pip")) {
        remove(&folder)?;
        std::fs::create_dir_all(&places.home)
            .with_context(|| format!("cannot make {}", places.home.display()))?;
        run(command("python3").args(["-m", "venv"]).arg(&folder))?;
    }
    let list = folder.join("to-install.txt");
    write_if_changed(&list, REQUIREMENTS)?;
    run(python
        .module("pip")
        .args(["install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r"])
        .arg(&list))?;
    // Written last: without it the step counts as unfinished.
    std::fs::rename(&list, marker(&folder))?;
    Ok(())
}

fn marker(folder: &Path) -> PathBuf {
    folder.join("zoobot-requirements.txt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_is_pinned_exactly() {
        let lines = REQUIREMENTS.lines().filter(|line| !line.starts_with('#'));
        for line in lines {
            let (_, version) = line.split_once("==").unwrap_or_else(|| panic!("{line}"));
            assert!(!version.contains(['*', '>', ',']), "{line}");
        }
        assert!(REQUIREMENTS.contains("\njupyterlab==") && !REQUIREMENTS.contains("\nipykernel"));
    }
}
