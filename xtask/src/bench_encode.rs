//! `cargo xtask bench encode`: encoding compared with what a Python user would run for it.

use crate::home::Checkout;
use anyhow::{Result, bail};
use std::path::PathBuf;
use zoobot_setup::shell::{command, run};
use zoobot_setup::tools::Missing;

/// The variable with the Python interpreter that has torch, torchvision, timm and pandas.
const PYTHON: &str = "ZOOBOT_PARITY_PYTHON";

/// Times encoding from files to features, alternating between the built command and PyTorch; `args`
/// go to the script.
///
/// # Errors
/// When the command is not built, no interpreter is named, or the script fails.
pub fn encode(checkout: &Checkout, args: &[String]) -> Result<()> {
    let Some(python) = std::env::var_os(PYTHON).filter(|python| !python.is_empty()) else {
        bail!(Missing(format!(
            "set {PYTHON} to a Python that has torch, torchvision, timm, pandas and safetensors"
        )));
    };
    let zoobot = checkout.root.join("target/debug/zoobot");
    if !zoobot.is_file() {
        bail!(Missing(format!("build the workspace first: no {}", zoobot.display())));
    }
    let script = checkout.root.join("tests/python/bench_encode.py");
    let rings = checkout.root.join("../shared/data/rings/images");
    let mut command = command(PathBuf::from(python));
    command.env_remove("PYTHONPATH").arg(script).arg("--zoobot").arg(zoobot);
    if rings.is_dir() {
        command.arg("--images").arg(rings);
    }
    run(command.args(args).current_dir(&checkout.root))
}
