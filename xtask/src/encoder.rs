//! `cargo xtask encoder`: makes the encoder that travels with the library again.

use crate::home::Places;
use crate::shell::{command, run};
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};

/// What each sitting is told beyond its folders; the second and third begin where the one before
/// ended, and the last is averaged with both.
const SITTINGS: [&[&str]; 3] = [
    &["--shear", "20"],
    &["--simulated", "16000", "--repeat", "3", "--stages", "160:2:7e-4", "--shear", "20"],
    &["--simulated", "16000", "--repeat", "3", "--stages", "160:1:5e-4"],
];

/// Builds the command and trains, in three sittings. `--data` is the folder with the galaxies (those
/// beside the repository), `--out` where the encoder goes (`data/encoder`). Simulated pictures and
/// checkpoints lie under `target/encoder`; a run that was stopped goes on.
///
/// # Errors
/// For other arguments; when the build or the command fails, as where there are no galaxies.
pub fn encoder(places: &Places, args: &[String]) -> Result<()> {
    let mut data = places.root.join("../shared/data");
    let mut out = places.root.join("data/encoder");
    for pair in args.chunks(2) {
        match pair {
            [name, value] if name == "--data" => data = PathBuf::from(value),
            [name, value] if name == "--out" => out = PathBuf::from(value),
            other => bail!("{other:?}: encoder takes --data DIR and --out DIR"),
        }
    }
    run(places.cargo().args(["build", "--quiet", "--workspace", "--locked"]))?;
    let work = places.root.join("target/encoder");
    let mut before: Vec<PathBuf> = Vec::new();
    for (number, words) in (1..).zip(SITTINGS) {
        let place = work.join(format!("sitting-{number}"));
        let last = number == SITTINGS.len();
        let to = if last { out.clone() } else { place.join("encoder") };
        let mut command = command(places.programs().join("zoobot"));
        command.arg("make-encoder").args(words).arg("--data").arg(&data);
        command.arg("--work").arg(&place).arg("--out").arg(&to);
        if let Some(start) = before.last() {
            command.arg("--start").arg(start);
        }
        if last {
            command.args(before.iter().flat_map(|model| [Path::new("--average"), model]));
        }
        run(&mut command)?;
        before.push(to);
    }
    Ok(())
}
