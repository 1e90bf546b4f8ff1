//! `.cargo/local.toml`: what cargo needs to know about libtorch on this machine.

use crate::home::Checkout;
use anyhow::Result;
use std::path::{Path, PathBuf};
use zoobot_setup::home::write_if_changed;
use zoobot_setup::libtorch::Libtorch;

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
pub fn read(checkout: &Checkout) -> Option<Written> {
    let text = std::fs::read_to_string(path(checkout)).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix("LIBTORCH = "))?;
    let libtorch: String = serde_json::from_str(value).ok()?;
    Some(Written { libtorch: libtorch.into(), own: text.starts_with(HEAD_OWN) })
}

/// The libtorch of this machine: the one that the user names, or the one in the home folder.
///
/// `cargo run` sets `LIBTORCH` from this file, so that value says nothing new unless the file was
/// written for a libtorch of the user's.
///
/// # Errors
/// As [`Libtorch::choose`].
pub fn libtorch(checkout: &Checkout) -> Result<Libtorch> {
    let ours = read(checkout).filter(|written| !written.own).map(|written| written.libtorch);
    Libtorch::choose(&checkout.places, ours.as_deref())
}

/// Where the file is.
pub fn path(checkout: &Checkout) -> PathBuf {
    checkout.root.join(".cargo/local.toml")
}

/// Writes the file unless it is already right: any change rebuilds everything.
///
/// # Errors
/// When the file cannot be written.
pub fn write(checkout: &Checkout, libtorch: &Libtorch, tch: &Path) -> Result<()> {
    let text = render(libtorch, tch, &checkout.host);
    let same = |old: String| without_comments(&old) == without_comments(&text);
    if read(checkout).is_some_and(|old| old.own == libtorch.own)
        && std::fs::read_to_string(path(checkout)).is_ok_and(same)
    {
        return Ok(());
    }
    write_if_changed(&path(checkout), &text)?;
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

    fn libtorch(own: bool) -> Libtorch {
        Libtorch { folder: "/data/my \"lib\"".into(), cuda: false, own }
    }

    fn checkout(folder: &Path) -> Checkout {
        let [root, target, home] = ["r", "t", "h"].map(|name| folder.join(name));
        Checkout::at(root, target, home, "x86_64-any")
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
        let scratch = tempfile::tempdir().unwrap();
        let checkout = checkout(scratch.path());
        for own in [true, false] {
            write(&checkout, &libtorch(own), Path::new("/tch")).unwrap();
            let before = std::fs::metadata(path(&checkout)).unwrap().modified().unwrap();
            write(&checkout, &libtorch(own), Path::new("/tch")).unwrap();
            assert_eq!(std::fs::metadata(path(&checkout)).unwrap().modified().unwrap(), before);
            let written = read(&checkout).unwrap();
            assert_eq!(written.libtorch, libtorch(own).folder);
            assert_eq!(written.own, own);
        }
    }
}
