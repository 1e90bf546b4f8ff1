//! `cargo xtask bench`: measurements through a real Jupyter client.

use crate::home::Places;
use crate::python::Python;
use crate::shell::run;
use anyhow::Result;

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
