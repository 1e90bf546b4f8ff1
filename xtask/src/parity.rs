//! `cargo xtask parity`: compares the networks' features with timm's in Python.

use crate::home::Places;
use crate::python::{Environment, Python};
use crate::shell::run;
use anyhow::Result;
use std::path::PathBuf;

/// The variable with an interpreter that already has torch, timm, safetensors and numpy.
const PYTHON: &str = "ZOOBOT_PARITY_PYTHON";

/// Builds the workspace and runs the comparison; `args` go to the script: timm's names, to compare
/// other networks than one of each kind, and `--json`.
///
/// The first run downloads some gigabytes into a separate environment in the home folder.
///
/// # Errors
/// When the environment cannot be created, or a network differs by more than 1e-4.
pub fn parity(places: &Places, args: &[String]) -> Result<()> {
    run(places.cargo().args(["build", "--workspace", "--locked"]))?;
    let lab = places.programs().join("zoobot-lab");
    let script = places.root.join("tests/python/parity.py");
    let mut command = python(places)?.command();
    run(command.arg(script).arg("--lab").arg(lab).args(args).current_dir(&places.root))
}

/// The interpreter that was named, or that of the environment, which is created if it is missing.
fn python(places: &Places) -> Result<Python> {
    if let Some(program) = std::env::var_os(PYTHON).filter(|program| !program.is_empty()) {
        return Ok(Python::at(PathBuf::from(program)));
    }
    let environment = Environment::parity(places);
    if !environment.is_ready() {
        println!("installing torch and timm into {}", environment.folder.display());
        environment.install()?;
    }
    Ok(environment.python())
}
