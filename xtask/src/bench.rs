//! `cargo xtask bench`: measurements through a real Jupyter client, and beside PyTorch.

use crate::home::Places;
use crate::python::Python;
use crate::shell::{command, run};
use anyhow::{Context, Result};

/// Goes through the first tutorial in a real JupyterLab in headless Chromium; `args` go to the script.
///
/// # Errors
/// When the script fails.
pub fn jupyterlab(places: &Places, args: &[String]) -> Result<()> {
    script(places, "jupyterlab.py", args)
}

/// Times notebook cells with the installed kernel; `args` go to the script.
///
/// # Errors
/// When the script fails.
pub fn cells(places: &Places, args: &[String]) -> Result<()> {
    script(places, "bench_cells.py", args)
}

fn script(places: &Places, name: &str, args: &[String]) -> Result<()> {
    let script = places.root.join("tests/python").join(name);
    run(Python::of(places).command().arg(script).args(args).current_dir(&places.root))
}

/// Times an example program `bench_WHAT` beside a Python peer, by the script of that name: fine-tuning
/// and the loss of votes beside PyTorch, search beside faiss and scikit-learn, the search for anomalies
/// beside scikit-learn; `args` go to the script.
///
/// # Errors
/// When the build or the script fails, or no Python with the peer is named.
pub fn beside_python(places: &Places, what: &str, args: &[String]) -> Result<()> {
    let python = peer_python()?;
    let name = format!("bench_{what}");
    run(places.cargo().args(["build", "--quiet", "--workspace", "--example", &name]))?;
    let script = places.root.join("tests/python").join(&name).with_extension("py");
    let program = places.programs().join("examples").join(&name);
    run(command(python).arg(script).arg(program).args(args).current_dir(&places.root))
}

/// The Python that we are compared with.
fn peer_python() -> Result<std::ffi::OsString> {
    std::env::var_os("ZOOBOT_PARITY_PYTHON").context(
        "set ZOOBOT_PARITY_PYTHON to the Python of an environment with torch 2.11, timm, faiss-cpu, hnswlib, umap-learn and scikit-learn to compare with",
    )
}
