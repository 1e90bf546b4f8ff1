//! `cargo xtask bench`: measurements through a real Jupyter client.

use crate::home::Places;
use crate::python::Python;
use crate::shell::run;
use anyhow::Result;

/// Times notebook cells with the installed kernel; `args` go to the script.
///
/// # Errors
/// When the script fails.
pub fn cells(places: &Places, args: &[String]) -> Result<()> {
    let script = places.root.join("tests/python/bench_cells.py");
    run(Python::of(places).command().arg(script).args(args).current_dir(&places.root))
}
