//! `.cargo/local.toml`: what cargo needs to know about libtorch on this machine.

use crate::home::{Places, write_if_changed};
use crate::libtorch::Libtorch;
use anyhow::Result;
use std::path::{Path, PathBuf};

const HEAD: &str = "# Written by `cargo xtask setup`.\n";
const HEAD_OWN: &str = "# Written by `cargo xtask setup` for a libtorch of your own: remove this \
                        file to have one set up.\n";

/// What an earlier run wrote.
pub struct Written {
    /// The libtorch folder.
    pub libtorch: PathBuf,
    /// Whether it was the user's own.
    pub own: bool,
}

/// Reads what an earlier run wrote, if it did.
pub fn read(places: &Places) -> Option<Written> {
    let text = std::fs::read_to_string(path(places)).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix("LIBTORCH = "))?;
    let libtorch: String = serde_json::from_str(value).ok()?;
    Some(Written { libtorch: libtorch.into(), own: text.starts_with(HEAD_OWN) })
}

/// Where the file is.
pub fn path(places: &Places) -> PathBuf {
    places.root.join(".cargo/local.toml")
}

/// Writes the file unless it is already right: any change rebuilds everything.
///
/// # Errors
/// When the file cannot be written.
pub fn write(places: &Places, libtorch: &Libtorch, tch: &Path) -> Result<()> {
    let text = render(libtorch, tch, &places.host);
    let same = |old: String| without_comments(&old) == without_comments(&text);
    if read(places).is_some_and(|old| old.own == libtorch.own)
        && std::fs::read_to_string(path(places)).is_ok_and(same)
    {
        return Ok(());
    }
    write_if_changed(&path(places), &text)?;
    Ok(())
}

fn without_comments(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.starts_with('#')).collect()
}

/// torch-sys declares `links = "tch"`, so the last section replaces its build script; the flags let
/// programs and doc tests find libtorch at run time.
fn render(libtorch: &Libtorch, tch: &Path, target: &str) -> String {
    let mut folders = vec![libtorch.lib()];
    if tch != folders[0] {
        folders.push(tch.to_owned());
    }
    let list = |items: Vec<String>| -> String {
        items.iter().map(|item| quoted(item)).collect::<Vec<_>>().join(", ")
    };
    let shown: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
    let flags =
        list(shown.iter().map(|folder| format!("-Clink-arg=-Wl,-rpath,{folder}")).collect());
    let search = list(shown);
    let libtorch_folder = quoted(&libtorch.folder.to_string_lossy());
    let head = if libtorch.own { HEAD_OWN } else { HEAD };
    format!(
        r#"{head}[env]
LIBTORCH = {libtorch_folder}

[build]
rustdocflags = [{flags}]

[target.{target}]
rustflags = [{flags}]

[target.{target}.tch]
rustc-link-lib = ["dylib=tch", "dylib=torch", "dylib=torch_cpu", "dylib=c10"]
rustc-link-search = [{search}]
"#
    )
}

/// A TOML string; JSON's escapes are valid in TOML.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::tests::Scratch;

    fn libtorch(own: bool) -> Libtorch {
        Libtorch { folder: "/data/my \"lib\"".into(), cuda: false, own }
    }

    fn places(scratch: &Scratch) -> Places {
        let [root, target, home] = ["r", "t", "h"].map(|name| scratch.0.join(name));
        Places { root, target, home, host: "x86_64-any".into() }
    }

    #[test]
    fn the_file_says_what_the_build_needs() {
        let libtorch = Libtorch { folder: "/l/torch".into(), cuda: false, own: false };
        let expected = r#"# Written by `cargo xtask setup`.
[env]
LIBTORCH = "/l/torch"

[build]
rustdocflags = ["-Clink-arg=-Wl,-rpath,/l/torch/lib"]

[target.x86_64-any]
rustflags = ["-Clink-arg=-Wl,-rpath,/l/torch/lib"]

[target.x86_64-any.tch]
rustc-link-lib = ["dylib=tch", "dylib=torch", "dylib=torch_cpu", "dylib=c10"]
rustc-link-search = ["/l/torch/lib"]
"#;
        assert_eq!(render(&libtorch, Path::new("/l/torch/lib"), "x86_64-any"), expected);
    }

    #[test]
    fn a_second_run_knows_what_the_first_wrote_and_leaves_it() {
        let scratch = Scratch::new();
        let places = places(&scratch);
        for own in [true, false] {
            write(&places, &libtorch(own), Path::new("/tch")).unwrap();
            let before = std::fs::metadata(path(&places)).unwrap().modified().unwrap();
            write(&places, &libtorch(own), Path::new("/tch")).unwrap();
            assert_eq!(std::fs::metadata(path(&places)).unwrap().modified().unwrap(), before);
            let written = read(&places).unwrap();
            assert_eq!(written.libtorch, libtorch(own).folder);
            assert_eq!(written.own, own);
        }
    }
}
