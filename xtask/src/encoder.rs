//! `cargo xtask encoder`: trains the encoder that ships with the library again.

use crate::home::Checkout;
use anyhow::{Result, bail};
use std::path::PathBuf;
use zoobot_setup::shell::{command, run};

/// The options of each of the two runs besides its folders. The second run starts from the result of the
/// first, which is also its teacher.
const SITTINGS: [&[&str]; 2] = [&["--stages", "160:5:5e-4"], &["--stages", "160:5:4e-4"]];

/// The options of both runs.
const BOTH: [&str; 8] =
    ["--simulated", "500", "--repeat", "6", "--batch", "64", "--average", "0.995"];

/// Builds the workspace and trains in two runs. `--start` is the model to continue from (by default the one
/// that ships), `--data` the folder with the galaxies (by default those beside the repository), `--out` the
/// folder for the encoder (by default `data/encoder`). Simulated pictures and checkpoints are kept in
/// `target/encoder`, so a stopped run resumes.
///
/// # Errors
/// For other arguments, and when the build or the command fails, for example because there are no
/// galaxies.
pub fn encoder(checkout: &Checkout, args: &[String]) -> Result<()> {
    let mut data = checkout.root.join("../shared/data");
    let mut out = checkout.root.join("data/encoder");
    let mut before = PathBuf::from("sample");
    for pair in args.chunks(2) {
        match pair {
            [name, value] if name == "--data" => data = PathBuf::from(value),
            [name, value] if name == "--out" => out = PathBuf::from(value),
            [name, value] if name == "--start" => before = PathBuf::from(value),
            other => bail!("{other:?}: encoder takes --start MODEL, --data DIR and --out DIR"),
        }
    }
    run(checkout.cargo().args(["build", "--quiet", "--workspace", "--locked"]))?;
    let work = checkout.root.join("target/encoder");
    for (number, words) in (1..).zip(SITTINGS) {
        let place = work.join(format!("sitting-{number}"));
        let to = if number == SITTINGS.len() { out.clone() } else { place.join("sitting-1") };
        let mut command = command(checkout.places.programs.join("zoobot-lab"));
        command.arg("make-encoder").args(BOTH).args(words).arg("--data").arg(&data);
        command.arg("--work").arg(&place).arg("--out").arg(&to).arg("--start").arg(&before);
        if number > 1 {
            command.arg("--teacher").arg(&before);
        }
        run(&mut command)?;
        before = to;
    }
    Ok(())
}
