//! The Rust compiler of cells: exactly the one that built the library, since rustc reads no
//! metadata that another version has written.

use crate::download;
use crate::home::Places;
use crate::python::Python;
use crate::shell::{capture, command, run, succeeds};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

/// The variable with a compiler to use before all others.
const RUSTC: &str = "ZOOBOT_RUSTC";

/// Where rustup itself comes from, unless its own variable names another place.
const RUSTUP: &str = "https://static.rust-lang.org/rustup";

/// The compiler whose `rustc -vV` is `version`: the one that `ZOOBOT_RUSTC` names, one in the home
/// folder, one of rustup's, or the one in `PATH`.
pub fn find(places: &Places, version: &str) -> Option<PathBuf> {
    let var = |name: &str| std::env::var_os(name).filter(|it| !it.is_empty()).map(PathBuf::from);
    let rustup = var("RUSTUP_HOME").or_else(|| Some(var("HOME")?.join(".rustup")));
    let mut candidates: Vec<PathBuf> = var(RUSTC).into_iter().collect();
    for folder in [Some(own(places)), rustup].into_iter().flatten() {
        let toolchains = std::fs::read_dir(folder.join("toolchains")).into_iter().flatten();
        let mut found: Vec<_> =
            toolchains.flatten().map(|it| it.path().join("bin/rustc")).collect();
        found.sort();
        candidates.extend(found);
    }
    candidates.into_iter().chain(in_path()).find(|rustc| is(rustc, version))
}

/// The compiler in `PATH`, behind rustup's proxy if that is what is there.
fn in_path() -> Option<PathBuf> {
    let there =
        std::env::split_paths(&std::env::var_os("PATH")?).any(|it| it.join("rustc").exists());
    if !there {
        return None;
    }
    let sysroot = capture(command("rustc").args(["--print", "sysroot"])).ok()?;
    Some(Path::new(sysroot.trim()).join("bin/rustc"))
}

fn is(rustc: &Path, version: &str) -> bool {
    let output = rustc.exists().then(|| command(rustc).arg("-vV").output());
    output.is_some_and(|output| {
        output.is_ok_and(|it| String::from_utf8_lossy(&it.stdout).trim() == version.trim())
    })
}

/// The folder of toolchains that belong to Zoobot alone.
fn own(places: &Places) -> PathBuf {
    places.home.join("rust")
}

/// Installs the compiler with rustup's minimal profile into the home folder, and returns it.
///
/// # Errors
/// When rustup cannot be had, or it has no such compiler.
pub fn install(places: &Places, version: &str) -> Result<PathBuf> {
    let field = |name: &str| version.lines().find_map(|line| line.strip_prefix(name));
    let release = field("release: ").context("the distribution does not name its compiler")?;
    let host = field("host: ").context("the distribution does not name its platform")?;
    let folder = own(places);
    println!("  Rust {release} for notebook cells, into {}", folder.display());
    let with = |program: &Path| {
        let mut command = command(program);
        command.env("RUSTUP_HOME", &folder).env("CARGO_HOME", folder.join("cargo"));
        command.env_remove("RUSTUP_TOOLCHAIN");
        command
    };
    if succeeds(command("rustup").arg("--version")) {
        run(with(Path::new("rustup")).args([
            "toolchain",
            "install",
            release,
            "--profile",
            "minimal",
            "--no-self-update",
        ]))?;
    } else {
        let program = places.downloads().join("rustup-init");
        let root = std::env::var("RUSTUP_UPDATE_ROOT").unwrap_or_else(|_| RUSTUP.to_owned());
        let url = format!("{root}/dist/{host}/rustup-init");
        download::program(&Python::of(places), &url, &program).with_context(|| {
            format!(
                "rustup is not there and cannot be fetched: install Rust {release} from \
                 https://rustup.rs, or copy {} from another machine",
                folder.display()
            )
        })?;
        let words = ["-y", "--no-modify-path", "--profile", "minimal", "--default-toolchain"];
        run(with(&program).args(words).arg(release))?;
    }
    match find(places, version) {
        Some(rustc) => Ok(rustc),
        None => bail!(
            "rustup installed Rust {release}, but not the one that built this library ({})",
            version.lines().next().unwrap_or_default()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::tests::Scratch;
    use std::os::unix::fs::PermissionsExt;

    /// A program that answers as a compiler of this version.
    fn fake(folder: &Path, version: &str) -> PathBuf {
        let path = folder.join("bin/rustc");
        std::fs::create_dir_all(folder.join("bin")).unwrap();
        std::fs::write(&path, format!("#!/bin/sh\nprintf '{version}\\n'\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn only_the_compiler_of_exactly_this_version_is_taken() {
        let scratch = Scratch::new();
        let places = scratch.places();
        let toolchains = places.home.join("rust/toolchains");
        fake(&toolchains.join("a"), "rustc 9.1.0 (one)");
        let right = fake(&toolchains.join("b"), "rustc 9.1.0 (two)");
        assert_eq!(find(&places, "rustc 9.1.0 (two)"), Some(right));
        assert_eq!(find(&places, "rustc 9.1.0 (three)"), None);
    }
}
