//! The one build that tests, command line and kernel share, and its record, which the kernel reads
//! to link a cell to the library.

use crate::home::Checkout;
use crate::{libtch, progress};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::UNIX_EPOCH;
use zoobot_setup::home::write_if_changed;
use zoobot_setup::libtorch::Libtorch;
use zoobot_setup::shell::{capture, command, run};

/// Builds the workspace and writes `zoobot-library.json` beside the kernel.
///
/// # Errors
/// When the build fails; cargo's own message is above.
pub fn build(checkout: &Checkout, libtorch: &Libtorch) -> Result<()> {
    let build = ["build", "--workspace", "--locked"];
    let messages = progress::build(checkout, checkout.cargo().args(build))?;
    let record = record(checkout, libtorch, Built::read(&messages)?)?;
    let text = format!("{}\n", serde_json::to_string_pretty(&record)?);
    write_if_changed(&checkout.places.programs.join("zoobot-library.json"), &text)?;
    // Then the names of the library are ready for the first Tab in a notebook.
    run(command(checkout.places.programs.join("zoobot-kernel")).arg("--index"))
}

/// What was built, as `zoobot-library.json` says it.
#[derive(Debug)]
pub struct Record {
    /// `rustc -vV` of the compiler.
    pub rustc_version: String,
    /// The compiler.
    pub rustc: PathBuf,
    /// Which build it is.
    pub built: String,
    /// The library as notebook cells link it.
    pub dylib: PathBuf,
    /// Folders with the metadata of its dependencies.
    pub deps: Vec<PathBuf>,
    /// Folders with native libraries.
    pub native: Vec<PathBuf>,
    sysroot_lib: PathBuf,
}

impl Record {
    /// Reads the record of the last build.
    ///
    /// # Errors
    /// When there is none.
    pub fn read(checkout: &Checkout) -> Result<Self> {
        let path = checkout.places.programs.join("zoobot-library.json");
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let record: Value = serde_json::from_str(&text)?;
        let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
        let list = |name: &str| {
            let list = record[name].as_array().into_iter().flatten();
            list.filter_map(Value::as_str).map(PathBuf::from).collect()
        };
        Ok(Self {
            rustc_version: text("rustc_version"),
            rustc: text("rustc").into(),
            built: text("built"),
            dylib: text("dylib").into(),
            deps: list("deps"),
            native: list("native"),
            sysroot_lib: text("sysroot_lib").into(),
        })
    }

    /// The newest `rlib` of a crate.
    ///
    /// # Errors
    /// When there is none.
    pub fn rlib(&self, name: &str) -> Result<PathBuf> {
        let start = format!("lib{name}-");
        let found = self.deps.iter().filter_map(|folder| std::fs::read_dir(folder).ok());
        let found = found.flatten().flatten().filter(|entry| {
            let file = entry.file_name().to_string_lossy().into_owned();
            file.starts_with(&start) && file.ends_with(".rlib")
        });
        found
            .max_by_key(|entry| entry.metadata().and_then(|it| it.modified()).ok())
            .map(|entry| entry.path())
            .with_context(|| format!("{name} was not built"))
    }

    /// `libtch.so`.
    ///
    /// # Errors
    /// When it is in none of the folders.
    pub fn libtch(&self) -> Result<PathBuf> {
        let found = self.native.iter().map(|folder| folder.join("libtch.so"));
        found.into_iter().find(|it| it.exists()).context("there is no libtch.so")
    }

    /// The standard library that the shared library uses.
    ///
    /// # Errors
    /// When the compiler has none.
    pub fn standard(&self) -> Result<PathBuf> {
        let host = self.rustc_version.lines().find_map(|line| line.strip_prefix("host: "));
        let host = host.context("the record names no platform")?;
        let folder = self.sysroot_lib.join("rustlib").join(host).join("lib");
        let mut entries = std::fs::read_dir(folder)?.flatten().map(|it| it.path());
        let is_std = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            name.starts_with("libstd-") && name.ends_with(".so")
        };
        entries.find(is_std).context("the compiler has no libstd")
    }
}

/// The folder of the compiler in use, with its `bin` and `lib`.
///
/// # Errors
/// When rustc does not run.
pub fn sysroot(checkout: &Checkout) -> Result<PathBuf> {
    let rustc =
        command("rustc").args(["--print", "sysroot"]).current_dir(&checkout.root).output()?;
    Ok(String::from_utf8(rustc.stdout)?.trim().into())
}

/// What cargo reports that it built.
#[derive(Debug, PartialEq, Eq)]
struct Built {
    /// The library as notebook cells link it.
    dylib: PathBuf,
    /// Folders of native libraries that build scripts named.
    native: BTreeSet<PathBuf>,
}

impl Built {
    fn read(messages: &str) -> Result<Self> {
        let mut dylib = None;
        let mut native = BTreeSet::new();
        for line in messages.lines().filter(|line| line.starts_with('{')) {
            let message: Value = serde_json::from_str(line).context("a message of cargo")?;
            let strings = |list: &str| -> Vec<String> {
                let list = message[list].as_array().into_iter().flatten();
                list.filter_map(Value::as_str).map(str::to_owned).collect()
            };
            if message["target"]["name"] == "zoobot_shared" {
                let shared = |name: &String| name.ends_with(".so") || name.ends_with(".dylib");
                dylib = strings("filenames").into_iter().find(shared).or(dylib);
            }
            // `native=/path`, `all=/path` or only the path.
            native.extend(
                strings("linked_paths").iter().map(|path| {
                    PathBuf::from(path.split_once('=').map_or(&**path, |(_, path)| path))
                }),
            );
        }
        let dylib = dylib.context("cargo built no shared library")?;
        Ok(Self { dylib: dylib.into(), native })
    }
}

/// The record in the form that `zoobot-kernel` reads.
fn record(checkout: &Checkout, libtorch: &Libtorch, built: Built) -> Result<Value> {
    let sysroot = sysroot(checkout)?;
    // The compiler itself: rustup's proxy would add its start-up time to every cell.
    let rustc = sysroot.join("bin/rustc");
    let rustc_version = capture(command(&rustc).arg("-vV"))?;
    let Built { dylib, mut native } = built;
    native.insert(libtorch.lib());
    native.insert(libtch::folder(checkout, libtorch));
    let built = std::fs::metadata(&dylib)?.modified()?.duration_since(UNIX_EPOCH)?;
    Ok(json!({
        "rustc_version": rustc_version,
        "rustc": rustc,
        "dylib": dylib,
        "built": built.as_nanos().to_string(),
        "derived": checkout.places.programs,
        "deps": [checkout.places.programs.join("deps")],
        "native": native,
        "libtorch": libtorch.lib(),
        "sysroot_lib": sysroot.join("lib"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_and_the_native_folders_are_read_from_cargos_messages() {
        let messages = r#"
{"reason":"build-script-executed","linked_libs":[],"linked_paths":["native=/t/build/ring/out","/plain"]}
{"reason":"compiler-artifact","target":{"name":"serde"},"filenames":["/t/libserde.so"]}
{"reason":"compiler-artifact","target":{"name":"zoobot_shared"},"filenames":["/t/libzoobot_shared.so"]}
{"reason":"build-finished","success":true}
"#;
        let built = Built::read(messages).unwrap();
        assert_eq!(built.dylib, PathBuf::from("/t/libzoobot_shared.so"));
        let native = ["/plain", "/t/build/ring/out"].map(PathBuf::from);
        assert!(built.native.iter().eq(&native), "{built:?}");
    }

    #[test]
    fn a_build_without_the_library_is_an_error() {
        assert!(Built::read(r#"{"reason":"build-finished","success":true}"#).is_err());
    }
}
