//! `cargo xtask bench`: measurements through a real Jupyter client, and beside PyTorch.

use crate::home::Checkout;
use anyhow::{Context, Result};
use zoobot_setup::python::Python;
use zoobot_setup::shell::{command, run};

/// Runs the first tutorial in a real JupyterLab in headless Chromium; `args` go to the script.
///
/// # Errors
/// When the script fails.
pub fn jupyterlab(checkout: &Checkout, args: &[String]) -> Result<()> {
    script(checkout, "jupyterlab.py", args)
}

/// Times notebook cells with the installed kernel; `args` go to the script.
///
/// # Errors
/// When the script fails.
pub fn cells(checkout: &Checkout, args: &[String]) -> Result<()> {
    script(checkout, "bench_cells.py", args)
}

/// The settings that limit each library to AVX2: this one, oneDNN, MKL, ATen, numpy's OpenBLAS, faiss.
/// Libraries that were compiled on this machine, such as hnswlib, stay as they are.
const AVX2: [(&str, &str); 6] = [
    ("ZOOBOT_CPU", "avx2"),
    ("ONEDNN_MAX_CPU_ISA", "AVX2"),
    ("MKL_ENABLE_INSTRUCTIONS", "AVX2"),
    ("ATEN_CPU_CAPABILITY", "avx2"),
    ("OPENBLAS_CORETYPE", "Haswell"),
    ("FAISS_SIMD_LEVEL", "AVX2"),
];

/// Runs the command again without `--avx2`, in a new process of this program whose environment hides wider
/// instructions.
///
/// # Errors
/// When that run fails.
pub fn on_avx2(args: &[String]) -> Result<()> {
    let program = std::env::current_exe().context("where this program is")?;
    let args = args.iter().filter(|it| *it != "--avx2");
    run(command(program).args(args).envs(AVX2))
}

fn script(checkout: &Checkout, name: &str, args: &[String]) -> Result<()> {
    let script = checkout.root.join("tests/python").join(name);
    run(Python::of(&checkout.places).command().arg(script).args(args).current_dir(&checkout.root))
}

/// Times an example program `bench_WHAT` beside a Python peer, with the script of that name: fine-tuning and
/// the loss of votes beside PyTorch, search beside faiss and scikit-learn, the search for anomalies beside
/// scikit-learn; `args` go to the script.
///
/// # Errors
/// When the build or the script fails, or no Python with the peer is named.
pub fn beside_python(checkout: &Checkout, what: &str, args: &[String]) -> Result<()> {
    let python = peer_python()?;
    let name = format!("bench_{what}");
    run(checkout.cargo().args(["build", "--quiet", "--workspace", "--example", &name]))?;
    let script = checkout.root.join("tests/python").join(&name).with_extension("py");
    let program = checkout.places.programs.join("examples").join(&name);
    run(command(python).arg(script).arg(program).args(args).current_dir(&checkout.root))
}

/// The Python interpreter with the peers.
fn peer_python() -> Result<std::ffi::OsString> {
    std::env::var_os("ZOOBOT_PARITY_PYTHON").context(
        "set ZOOBOT_PARITY_PYTHON to the Python of an environment with torch 2.11, timm, faiss-cpu, hnswlib, umap-learn and scikit-learn to compare with",
    )
}
