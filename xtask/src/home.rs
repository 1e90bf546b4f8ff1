//! Where things are: this checkout and its build folder.

use anyhow::{Context, Result};
use std::path::PathBuf;
use zoobot_setup::home::{Places, home};
use zoobot_setup::shell;

/// This checkout, and the folders outside it that it uses.
#[derive(Debug, Clone)]
pub struct Checkout {
    /// The folder of the workspace's `Cargo.toml`.
    pub root: PathBuf,
    /// cargo's build folder, which `CARGO_TARGET_DIR` may set.
    pub target: PathBuf,
    /// The target triple of this machine.
    pub host: String,
    /// The programs that were built here, and the user's folder for large files.
    pub places: Places,
}

impl Checkout {
    /// Finds the folders by asking cargo and the environment.
    ///
    /// # Errors
    /// When cargo cannot describe the workspace, or neither `HOME` nor `ZOOBOT_HOME` is set.
    pub fn find() -> Result<Self> {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest.parent().context("xtask lies in no workspace")?.to_owned();
        let text = shell::capture(
            shell::command(cargo())
                .args(["metadata", "--no-deps", "--format-version", "1"])
                .current_dir(&root),
        )?;
        let metadata: serde_json::Value = serde_json::from_str(&text)?;
        let target = metadata["target_directory"].as_str().context("cargo names no folder")?;
        let version = shell::capture(shell::command("rustc").arg("-vV").current_dir(&root))?;
        let host = version.lines().find_map(|line| line.strip_prefix("host: "));
        let home = home(|name| std::env::var_os(name))?;
        let host = host.context("`rustc -vV` names no host")?;
        Ok(Self::at(root, target.into(), home, host))
    }

    /// A checkout in these folders.
    pub fn at(root: PathBuf, target: PathBuf, home: PathBuf, host: &str) -> Self {
        let places = Places {
            home,
            programs: target.join("debug"),
            tutorials: root.join("tutorials"),
            executed: target.join("tutorials"),
        };
        Self { root, target, host: host.to_owned(), places }
    }

    /// What cargo says of all packages that this platform needs.
    ///
    /// # Errors
    /// When cargo cannot describe them.
    pub fn metadata(&self) -> Result<serde_json::Value> {
        let text = shell::capture(
            self.cargo()
                .args(["metadata", "--locked", "--format-version=1", "--filter-platform"])
                .arg(&self.host),
        )?;
        Ok(serde_json::from_str(&text)?)
    }

    /// A cargo command that runs in the checkout.
    pub fn cargo(&self) -> std::process::Command {
        let mut command = shell::command(cargo());
        command.current_dir(&self.root);
        command
    }
}

/// The cargo that started this program.
fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
