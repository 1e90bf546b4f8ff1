//! Python environments at exact versions: one for notebooks, with JupyterLab and its client, and
//! one for the comparison with timm.

use crate::home::{Places, remove, write_if_changed};
use crate::shell::{command, run, succeeds};
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::Command;

const REQUIREMENTS: &str = include_str!("../python/requirements.txt");
const PARITY_REQUIREMENTS: &str = include_str!("../python/parity-requirements.txt");

/// A Python interpreter.
#[derive(Debug, Clone)]
pub struct Python {
    program: PathBuf,
}

impl Python {
    /// The interpreter of the environment in the home folder, which may not exist yet.
    pub fn of(places: &Places) -> Self {
        Environment::notebooks(places).python()
    }

    /// An interpreter by its path.
    pub fn at(program: PathBuf) -> Self {
        Self { program }
    }

    /// The system's `python3`.
    #[cfg(test)]
    pub fn system() -> Self {
        Self { program: "python3".into() }
    }

    /// A command that runs the interpreter without the packages of other environments.
    pub fn command(&self) -> Command {
        let mut command = command(&self.program);
        command.env_remove("PYTHONPATH").env_remove("PYTHONHOME");
        command
    }

    /// A command that runs a program passed as text.
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

/// Whether the environment contains exactly what this version needs, and runs.
pub fn is_ready(places: &Places) -> bool {
    Environment::notebooks(places).is_ready()
}

/// Creates the environment, or updates an interrupted or older one.
///
/// # Errors
/// When `venv` or pip fails; pip's own message is above.
pub fn install(places: &Places) -> Result<()> {
    Environment::notebooks(places).install()
}

/// A virtual environment of packages at exact versions.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Its folder.
    pub folder: PathBuf,
    /// pip's list of everything in it.
    requirements: &'static str,
    /// A program that fails if something is missing.
    check: &'static str,
}

impl Environment {
    fn notebooks(places: &Places) -> Self {
        Self {
            folder: places.home.join("python"),
            requirements: REQUIREMENTS,
            check: "import jupyterlab, nbconvert",
        }
    }

    /// The environment that the networks are compared with: torch and timm.
    pub fn parity(places: &Places) -> Self {
        Self {
            folder: places.home.join("python-parity"),
            requirements: PARITY_REQUIREMENTS,
            check: "import safetensors, timm, torchvision",
        }
    }

    /// Its interpreter.
    pub fn python(&self) -> Python {
        Python { program: self.folder.join("bin/python") }
    }

    /// Whether it contains exactly what this version needs, and runs.
    pub fn is_ready(&self) -> bool {
        std::fs::read_to_string(self.marker()).is_ok_and(|done| done == self.requirements)
            && succeeds(&mut self.python().script(self.check))
    }

    /// Creates it, or updates an interrupted or older one.
    ///
    /// # Errors
    /// When `venv` or pip fails; pip's own message is above.
    pub fn install(&self) -> Result<()> {
        let python = self.python();
        remove(&self.marker())?;
        // After an update of `python3`, an environment may not see its old packages.
        if !succeeds(&mut python.script("import pip")) {
            remove(&self.folder)?;
            let above = self.folder.parent().context("an environment needs a folder")?;
            std::fs::create_dir_all(above)
                .with_context(|| format!("cannot make {}", above.display()))?;
            run(command("python3").args(["-m", "venv"]).arg(&self.folder))?;
        }
        let list = self.folder.join("to-install.txt");
        write_if_changed(&list, self.requirements)?;
        run(python
            .module("pip")
            .args(["install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r"])
            .arg(&list))
        .context(
            "pip could not install what notebooks need: check the network and pip's settings",
        )?;
        // Written last: until then the step counts as unfinished.
        std::fs::rename(&list, self.marker())?;
        Ok(())
    }

    fn marker(&self) -> PathBuf {
        self.folder.join("zoobot-requirements.txt")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_is_pinned_exactly() {
        let lines = REQUIREMENTS.lines().chain(PARITY_REQUIREMENTS.lines());
        for line in lines.filter(|line| !line.starts_with('#')) {
            let package = line.split(';').next().unwrap_or_default();
            let (_, version) = package.split_once("==").unwrap_or_else(|| panic!("{line}"));
            assert!(!version.contains(['*', '>', ',']), "{line}");
        }
        assert!(
            PARITY_REQUIREMENTS.contains("\ntimm==") && PARITY_REQUIREMENTS.contains("\ntorch==")
        );
        assert!(REQUIREMENTS.contains("\njupyterlab==") && !REQUIREMENTS.contains("\nipykernel"));
    }
}
