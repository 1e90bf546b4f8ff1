//! `cargo xtask judge`: compares encoders on real galaxies that none of them was trained on.

use crate::home::Checkout;
use anyhow::Result;
use zoobot_setup::shell::{command, run};

/// Builds the workspace and judges encoders; `args` go to `zoobot-lab judge-encoders`. Without `--data` it
/// uses the galaxies beside the repository. Features are kept in `target/judge`.
///
/// # Errors
/// When the build or the command fails, for example because there are no galaxies.
pub fn judge(checkout: &Checkout, args: &[String]) -> Result<()> {
    run(checkout.cargo().args(["build", "--quiet", "--workspace", "--locked"]))?;
    let mut command = command(checkout.places.programs.join("zoobot-lab"));
    command.arg("judge-encoders").args(args).arg("--cache").arg(checkout.root.join("target/judge"));
    if !args.iter().any(|arg| arg.starts_with("--data")) {
        command.arg("--data").arg(checkout.root.join("../shared/data"));
    }
    run(&mut command)
}
