//! The one build that tests, command line and kernel share, and its record, which the kernel reads
//! to link a cell to the library.

use crate::home::{Places, write_if_changed};
use crate::libtch;
use crate::libtorch::Libtorch;
use crate::shell::{capture, command, run};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Builds the workspace and writes `zoobot-library.json` beside the kernel.
///
/// # Errors
/// When the build fails; cargo's own message is above.
pub fn build(places: &Places, libtorch: &Libtorch) -> Result<()> {
    let build = ["build", "--workspace", "--locked"];
    run(places.cargo().args(build))?;
    // This build has nothing left to do: it only reports where everything is.
    let messages = capture(places.cargo().args(build).args(["--quiet", "--message-format=json"]))?;
    let record = record(places, libtorch, Built::read(&messages)?)?;
    let text = format!("{}\n", serde_json::to_string_pretty(&record)?);
    write_if_changed(&places.programs().join("zoobot-library.json"), &text)?;
    // Then the names of the library are ready for the first Tab in a notebook.
    run(command(places.programs().join("zoobot-kernel")).arg("--index"))
}

/// The folder of the compiler in use, with its `bin` and `lib`.
///
/// # Errors
/// When rustc does not run.
pub fn sysroot(places: &Places) -> Result<PathBuf> {
    let rustc = command("rustc").args(["--print", "sysroot"]).current_dir(&places.root).output()?;
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
fn record(places: &Places, libtorch: &Libtorch, built: Built) -> Result<Value> {
    let sysroot = sysroot(places)?;
    // The compiler itself: rustup's proxy would add its start-up time to every cell.
    let rustc = sysroot.join("bin/rustc");
    let rustc_version = capture(command(&rustc).arg("-vV"))?;
    let mut native: BTreeSet<PathBuf> = built.native;
    native.insert(libtorch.lib());
    native.insert(libtch::folder(places, libtorch));
    Ok(json!({
        "rustc_version": rustc_version,
        "rustc": rustc,
        "dylib": built.dylib,
        "deps": [places.programs().join("deps")],
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
