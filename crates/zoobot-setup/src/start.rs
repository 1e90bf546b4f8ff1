//! Opens the first tutorial in JupyterLab.

use crate::home::Places;
use crate::python::Python;
use crate::stages::Stages;
use crate::{tools, tutorials};
use anyhow::{Context, Result};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

/// How JupyterLab is opened.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The port of the server; by default the first free one from 8888 on.
    port: Option<u16>,
    /// The folder of notebooks; by default `~/zoobot-notebooks`.
    folder: Option<PathBuf>,
    /// Whether to print the address instead of opening a browser.
    no_browser: bool,
}

impl Options {
    /// Reads the words after `start`; `None` if one is not understood.
    pub fn read(words: &[&str]) -> Option<Self> {
        let mut options = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--port" => options.port = Some(words.next()?.parse().ok()?),
                "--folder" => options.folder = Some(words.next()?.into()),
                "--no-browser" => options.no_browser = true,
                _ => return None,
            }
        }
        Some(options)
    }
}

/// Opens JupyterLab at the first tutorial; does not return unless it cannot be started.
///
/// Notebooks are in a folder of the user; a tutorial is copied there only if
/// it is missing, so the user's changes stay. If the folder is inside the home folder, JupyterLab
/// shows the whole home folder.
///
/// # Errors
/// When the folder cannot be written or JupyterLab is not there.
pub fn in_browser(places: &Places, options: &Options) -> Result<()> {
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_else(|| places.home.clone());
    let folder = options.folder.clone().unwrap_or_else(|| home.join("zoobot-notebooks"));
    let folder = std::path::absolute(folder)?;
    copy_tutorials(&places.tutorials, &folder)?;
    let top = if folder.starts_with(&home) { &home } else { &folder };
    let first = folder.join(tutorials::FIRST);
    println!("JupyterLab opens {}; stop it with Ctrl-C twice", first.display());
    let mut command = Python::of(places).module("jupyterlab");
    if tools::is_root() {
        command.arg("--allow-root");
    }
    if let Some(port) = options.port {
        // A port other than the requested one would surprise.
        command.args([format!("--port={port}"), "--ServerApp.port_retries=0".to_owned()]);
    }
    if options.no_browser {
        command.arg("--no-browser");
    }
    command.arg(format!("--ServerApp.root_dir={}", top.display()));
    let error = command.arg(first).current_dir(&folder).exec();
    Err(error).context("cannot start JupyterLab")
}

/// Copies the tutorials that a folder lacks.
///
/// # Errors
/// When the folder cannot be written.
pub fn copy_tutorials(from: &Path, folder: &Path) -> Result<()> {
    let making = || format!("cannot make the folder {}", folder.display());
    std::fs::create_dir_all(folder).with_context(making)?;
    for entry in std::fs::read_dir(from)? {
        let path = entry?.path();
        let Some(name) = path.file_name() else { continue };
        let to = folder.join(name);
        if path.extension().is_some_and(|it| it == "ipynb") && !to.exists() {
            std::fs::copy(&path, &to).with_context(|| format!("cannot write {}", to.display()))?;
        }
    }
    Ok(())
}

/// Executes the first tutorial and says where the result is.
///
/// # Errors
/// When a cell fails.
pub fn headless(places: &Places, stages: &mut Stages) -> Result<()> {
    stages.run("first tutorial", false, || {
        tutorials::execute(places, &places.tutorials.join(tutorials::FIRST)).map(drop)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_others_refused() {
        let read = Options::read(&["--port", "9000", "--no-browser", "--folder", "/data/mine"]);
        let expected =
            Options { port: Some(9000), folder: Some("/data/mine".into()), no_browser: true };
        assert_eq!(read, Some(expected));
        assert_eq!(Options::read(&[]), Some(Options::default()));
        for wrong in [&["--port"][..], &["--port", "many"], &["--folder"], &["--fast"]] {
            assert_eq!(Options::read(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_tutorial_that_was_changed_stays() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for name in ["01.ipynb", "02.ipynb", "README.md"] {
            std::fs::write(from.path().join(name), "new").unwrap();
        }
        let folder = to.path().join("deep/mine");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("01.ipynb"), "changed").unwrap();
        copy_tutorials(from.path(), &folder).unwrap();
        let text = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
        assert_eq!(text("01.ipynb").as_deref(), Some("changed"));
        assert_eq!(text("02.ipynb").as_deref(), Some("new"));
        assert_eq!(text("README.md"), None);
    }
}
