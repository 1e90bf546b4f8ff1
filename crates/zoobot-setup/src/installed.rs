//! An installed distribution: a folder with programs, the shared library, the metadata that cells
//! are compiled against, and tutorials. Nothing in it is ever written: what depends on this machine
//! is in the user's folder for large files.

use crate::home::{Places, home, remove, write_if_changed};
use crate::kernelspec::{self, User};
use crate::libtorch::Libtorch;
use crate::python::Python;
use crate::shell::capture;
use crate::toolchain;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The variable with the Python of the environment that the distribution is installed in.
pub const PYTHON: &str = "ZOOBOT_PYTHON";

/// An installed distribution.
#[derive(Debug)]
pub struct Installed {
    /// Its folder.
    pub folder: PathBuf,
    /// The folders that every step uses.
    pub places: Places,
    /// `rustc -vV` of the compiler that built it.
    pub rustc_version: String,
    built: String,
    /// The folder of what depends on this machine.
    state: PathBuf,
}

impl Installed {
    /// The distribution that this program belongs to.
    ///
    /// # Errors
    /// When the program stands alone, or neither `HOME` nor `ZOOBOT_HOME` is set.
    pub fn find() -> Result<Self> {
        let program = std::env::current_exe()?.canonicalize()?;
        let folder =
            program.parent().and_then(Path::parent).context("this program has no folder")?;
        Self::at(folder, home(|name| std::env::var_os(name))?)
    }

    /// The distribution in `folder`, with `home` for large files.
    ///
    /// # Errors
    /// When the folder has no record of a distribution.
    pub fn at(folder: &Path, home: PathBuf) -> Result<Self> {
        let record = folder.join("distribution.json");
        let text = std::fs::read_to_string(&record).with_context(|| {
            format!("{} cannot be read: install Zoobot again", record.display())
        })?;
        let record: Value = serde_json::from_str(&text)
            .with_context(|| format!("{} is damaged: install Zoobot again", record.display()))?;
        let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
        let state = home.join("installed").join(name(folder));
        let places = Places {
            programs: folder.join("bin"),
            tutorials: folder.join("tutorials"),
            executed: state.join("executed"),
            home,
        };
        Ok(Self {
            folder: folder.to_owned(),
            places,
            rustc_version: text("rustc_version"),
            built: text("built"),
            state,
        })
    }

    /// The libtorch to use: the user's own, the one in the home folder, or a torch of the right
    /// version in the Python environment of the distribution.
    ///
    /// # Errors
    /// As [`Libtorch::choose`].
    pub fn libtorch(&self) -> Result<Libtorch> {
        let chosen = Libtorch::choose(&self.places, None)?;
        if chosen.is_ready() {
            return Ok(chosen);
        }
        let own = self.python().and_then(|python| torch_of(&python));
        Ok(own.and_then(|folder| Libtorch::of_user(folder).ok()).unwrap_or(chosen))
    }

    /// The Python of the environment that the distribution is installed in, if it is in one.
    pub fn python(&self) -> Option<Python> {
        std::env::var_os(PYTHON).map(|program| Python::at(program.into()))
    }

    /// A `libtorch.so` that needs only the CPU half.
    pub fn stub(&self) -> PathBuf {
        self.folder.join("lib/cpu/libtorch.so")
    }

    /// A program of the distribution, set up to find its libraries and this libtorch.
    ///
    /// # Errors
    /// When the record of this machine cannot be written, or a folder has a colon in its name.
    pub fn program(&self, name: &str, libtorch: &Libtorch) -> Result<Command> {
        let record = self.record(libtorch)?;
        let old = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
        let folders = [self.folder.join("lib"), libtorch.lib()].into_iter();
        let folders = folders.chain(std::env::split_paths(&old).filter(|it| it != Path::new("")));
        let path: OsString = std::env::join_paths(folders)
            .with_context(|| format!("{} has a colon in its name", self.folder.display()))?;
        let mut command = Command::new(self.folder.join("bin").join(name));
        command.env("LD_LIBRARY_PATH", path).env("ZOOBOT_LIBRARY", record);
        command.env("ZOOBOT_SETUP", "zoobot setup");
        Ok(command)
    }

    /// Writes what the kernel needs to know about this machine, and returns the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn record(&self, libtorch: &Libtorch) -> Result<PathBuf> {
        let rustc = toolchain::find(&self.places, &self.rustc_version).unwrap_or_default();
        let sysroot = rustc.ancestors().nth(2).unwrap_or(Path::new("")).join("lib");
        let lib = self.folder.join("lib");
        let derived = self.state.join("derived").join(&self.built);
        let record = json!({
            "rustc_version": self.rustc_version,
            "rustc": rustc,
            "dylib": lib.join("libzoobot_shared.so"),
            "built": self.built,
            "derived": derived,
            "deps": [self.folder.join("deps")],
            "native": [&lib, &libtorch.lib()],
            "libtorch": libtorch.lib(),
            "sysroot_lib": sysroot,
        });
        let path = self.state.join("zoobot-library.json");
        write_if_changed(&path, &format!("{}\n", serde_json::to_string_pretty(&record)?))?;
        let completion = derived.join("zoobot-completion.json");
        if !completion.exists() {
            // What another version left is of no use. Without the file there are no completions,
            // and everything else works.
            let _ = remove(&self.state.join("derived"));
            let _ = std::fs::create_dir_all(&derived);
            let _ = std::fs::copy(self.folder.join("zoobot-completion.json"), completion);
        }
        Ok(path)
    }

    /// Makes the kernel known to every Jupyter of the user, and to the one that `start` opens even
    /// if another distribution makes itself known later.
    ///
    /// # Errors
    /// When Jupyter's folder cannot be written.
    pub fn make_known(&self) -> Result<PathBuf> {
        let launcher = self.folder.join("bin/zoobot-launcher");
        let words = [&*launcher.to_string_lossy(), "kernel"];
        let own = self.jupyter().join("kernels/zoobot");
        let user = User::find()?.kernel();
        for folder in [&own, &user] {
            kernelspec::write(folder, &words, &self.places)?;
        }
        Ok(user)
    }

    /// The folder in which Jupyter finds the kernel of this distribution and no other; for
    /// `JUPYTER_PATH`.
    pub fn jupyter(&self) -> PathBuf {
        self.state.join("jupyter")
    }
}

/// A name for what belongs to the distribution in this folder.
fn name(folder: &Path) -> String {
    let path = folder.to_string_lossy();
    path.trim_matches('/').replace(|c: char| !c.is_ascii_alphanumeric(), "-")
}

/// The folder of the package torch in a Python environment.
fn torch_of(python: &Python) -> Option<PathBuf> {
    let script =
        "import importlib.util as u; s = u.find_spec('torch'); print(s.origin if s else '')";
    let origin = capture(&mut python.script(script)).ok()?;
    let folder = Path::new(origin.trim()).parent()?;
    folder.join("lib").is_dir().then(|| folder.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::tests::Scratch;

    fn installed(scratch: &Scratch) -> Installed {
        let folder = scratch.0.join("site packages/zoobot_rust");
        for name in ["bin", "lib"] {
            std::fs::create_dir_all(folder.join(name)).unwrap();
        }
        let record = json!({"rustc_version": "rustc 0.0.1\nhost: here", "built": "17"});
        std::fs::write(folder.join("distribution.json"), record.to_string()).unwrap();
        std::fs::write(folder.join("zoobot-completion.json"), "names").unwrap();
        Installed::at(&folder, scratch.0.join("home")).unwrap()
    }

    fn libtorch(scratch: &Scratch) -> Libtorch {
        Libtorch { folder: scratch.0.join("torch"), cuda: false, own: true }
    }

    #[test]
    fn what_depends_on_this_machine_is_written_outside_the_distribution() {
        let scratch = Scratch::new();
        let installed = installed(&scratch);
        let before = std::fs::read_dir(&installed.folder).unwrap().count();
        let path = installed.record(&libtorch(&scratch)).unwrap();
        assert!(path.starts_with(scratch.0.join("home/installed")), "{}", path.display());
        let record: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(record["dylib"], json!(installed.folder.join("lib/libzoobot_shared.so")));
        assert_eq!(record["libtorch"], json!(scratch.0.join("torch/lib")));
        // No compiler has this version.
        assert_eq!(record["rustc"], "");
        assert_eq!(std::fs::read_dir(&installed.folder).unwrap().count(), before);
        let derived = Path::new(record["derived"].as_str().unwrap());
        let completion = derived.join("zoobot-completion.json");
        assert_eq!(std::fs::read_to_string(completion).unwrap(), "names");
    }

    #[test]
    fn two_distributions_share_nothing_but_the_downloads() {
        let scratch = Scratch::new();
        let one = installed(&scratch);
        let other = scratch.0.join("other/zoobot_rust");
        std::fs::create_dir_all(&other).unwrap();
        std::fs::copy(one.folder.join("distribution.json"), other.join("distribution.json"))
            .unwrap();
        let other = Installed::at(&other, scratch.0.join("home")).unwrap();
        assert_ne!(one.state, other.state);
        assert_ne!(one.jupyter(), other.jupyter());
        assert_eq!(one.places.home, other.places.home);
    }

    #[test]
    fn a_folder_that_is_no_distribution_says_so() {
        let scratch = Scratch::new();
        let error = Installed::at(&scratch.0, scratch.0.join("home")).unwrap_err().to_string();
        assert!(error.contains("distribution.json") && error.contains("install"), "{error}");
    }
}
