//! `cargo xtask start`: set-up, then the first tutorial in JupyterLab, or executed without it.

use crate::home::Places;
use crate::python::Python;
use crate::stages::Stages;
use crate::{setup, tools, tutorials};
use anyhow::{Context, Result};
use std::os::unix::process::CommandExt;

/// Opens JupyterLab on the first tutorial; does not return unless it cannot be started.
///
/// # Errors
/// Those of the set-up.
pub fn in_browser(places: &Places) -> Result<()> {
    let mut stages = Stages::default();
    setup::setup(places, &mut stages)?;
    println!("{}", stages.summary());
    println!("JupyterLab opens {}; stop it with Ctrl-C twice", tutorials::FIRST);
    let mut command = Python::of(places).module("jupyterlab");
    if tools::is_root() {
        command.arg("--allow-root");
    }
    // Else JupyterLab shows the tutorials' folder and nothing above it.
    let root = format!("--ServerApp.root_dir={}", places.root.display());
    let error = command.args([&root, tutorials::FIRST]).current_dir(&places.root).exec();
    Err(error).context("cannot start JupyterLab")
}

/// Executes the first tutorial and says where the result is.
///
/// # Errors
/// Those of the set-up, and when a cell fails.
pub fn headless(places: &Places) -> Result<()> {
    let mut stages = Stages::default();
    let result = setup::setup(places, &mut stages).and_then(|_| {
        stages.run("first tutorial", false, || {
            tutorials::execute(places, &places.root.join(tutorials::FIRST)).map(drop)
        })
    });
    println!("{}", stages.summary());
    result
}
