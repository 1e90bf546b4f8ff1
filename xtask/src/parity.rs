//! `cargo xtask parity`: compares the networks' features with timm's in Python.

use crate::home::Checkout;
use anyhow::Result;
use std::path::PathBuf;
use zoobot_setup::python::{Environment, Python};
use zoobot_setup::shell::run;

/// The variable with an interpreter that already has torch, timm, safetensors and numpy.
const PYTHON: &str = "ZOOBOT_PARITY_PYTHON";

/// Builds the workspace and runs the comparison; `args` go to the script: timm's names, to compare
/// other networks than one of each kind, and `--json`.
///
/// The first run downloads some gigabytes into a separate environment in the home folder.
///
/// # Errors
/// When the environment cannot be created, or a network differs by more than 1e-4.
pub fn parity(checkout: &Checkout, args: &[String]) -> Result<()> {
    run(checkout.cargo().args(["build", "--workspace", "--locked"]))?;
    let lab = checkout.places.programs.join("zoobot-lab");
    let script = checkout.root.join("tests/python/parity.py");
    let mut command = python(checkout)?.command();
    run(command.arg(script).arg("--lab").arg(lab).args(args).current_dir(&checkout.root))
}

/// The interpreter that was named, or that of the environment, which is created if it is missing.
fn python(checkout: &Checkout) -> Result<Python> {
    if let Some(program) = std::env::var_os(PYTHON).filter(|program| !program.is_empty()) {
        return Ok(Python::at(PathBuf::from(program)));
    }
    let environment = Environment::parity(&checkout.places);
    if !environment.is_ready() {
        println!("installing torch and timm into {}", environment.folder.display());
        environment.install()?;
    }
    Ok(environment.python())
}
