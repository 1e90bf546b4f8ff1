//! `cargo xtask encoder`: makes the encoder that travels with the library again.

use crate::home::Places;
use crate::shell::{command, run};
use anyhow::Result;

/// Builds the command and trains; `args` go to `zoobot make-encoder`. Without `--data` the galaxies
/// beside the repository are taken, without `--out` the encoder in `data/encoder` is replaced.
/// Simulated pictures and checkpoints lie under `target/encoder`; a run that was stopped goes on.
///
/// # Errors
/// When the build or the command fails, as where there are no galaxies.
pub fn encoder(places: &Places, args: &[String]) -> Result<()> {
    run(places.cargo().args(["build", "--quiet", "--workspace", "--locked"]))?;
    let mut command = command(places.programs().join("zoobot"));
    command.arg("make-encoder").args(args);
    let defaults = [
        ("--data", places.root.join("../shared/data")),
        ("--work", places.root.join("target/encoder")),
        ("--out", places.root.join("data/encoder")),
    ];
    for (name, value) in defaults {
        if !args.iter().any(|arg| arg.starts_with(name)) {
            command.arg(name).arg(value);
        }
    }
    run(&mut command)
}
