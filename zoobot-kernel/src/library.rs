//! Where the prebuilt library is and how rustc links a cell to it.
//!
//! `cargo xtask setup` writes `zoobot-library.json` beside this program after each build; an
//! installed distribution names its record in `ZOOBOT_LIBRARY`.

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

/// The library's own crates, and the modules through which cells reach their contents.
pub const OWN: [(&str, &str); 13] = [
    ("zoobot_shared", "zoobot_core"),
    ("zoobot_core", "zoobot_core"),
    ("zoobot_base", "zoobot_core"),
    ("zoobot_show", "zoobot_core"),
    ("zoobot_data", "zoobot_core"),
    ("zoobot_picture", "zoobot_core::picture"),
    ("zoobot_simulator", "zoobot_core::survey"),
    ("zoobot_nets", "zoobot_core::encoder"),
    ("zoobot_representation", "zoobot_core"),
    ("zoobot_learn", "zoobot_core"),
    ("zoobot_anomaly", "zoobot_core::anomaly"),
    ("zoobot_active", "zoobot_core::active"),
    ("zoobot_asking", "zoobot_core::asking"),
];

/// The prebuilt library, as the build recorded it.
#[derive(Debug, Clone, Deserialize)]
pub struct Library {
    /// `rustc -vV` of the compiler that built it; a dylib and its users need the same one.
    pub rustc_version: String,
    /// The compiler; empty if it is not installed.
    pub rustc: PathBuf,
    /// `libzoobot_shared.so`.
    pub dylib: PathBuf,
    /// Which build it is: what was derived from another is out of date.
    pub built: String,
    /// The folder of what the kernel derives from the library.
    pub derived: PathBuf,
    /// Folders with the metadata of its dependencies.
    pub deps: Vec<PathBuf>,
    /// Folders with native libraries.
    pub native: Vec<PathBuf>,
    /// The folder of libtorch's shared objects.
    pub libtorch: PathBuf,
    /// The folder of the standard library's shared object.
    pub sysroot_lib: PathBuf,
    /// The library's file when it was loaded.
    #[serde(skip)]
    loaded: Option<Stamp>,
}

/// Tells a file from one that takes its place.
type Stamp = (u64, u64, SystemTime);

fn stamp(file: &Path) -> Option<Stamp> {
    let file = std::fs::metadata(file).ok()?;
    Some((file.ino(), file.len(), file.modified().ok()?))
}

/// Whether a crate belongs to the library.
pub fn is_own(root: &str) -> bool {
    OWN.iter().any(|(own, _)| *own == root)
}

/// Rewrites a path into one of the library's crates as a cell writes it; leaves any other path
/// unchanged.
pub fn in_cells(path: &str) -> String {
    let (root, inside) = path.split_once("::").unwrap_or((path, ""));
    let Some((_, module)) = OWN.iter().find(|(own, _)| *own == root) else {
        return path.to_owned();
    };
    let module = module.replacen("zoobot_core", "zoobot", 1);
    match inside.strip_prefix("datasets::") {
        _ if inside.is_empty() => module,
        Some(inside) => format!("zoobot::survey::{inside}"),
        None => format!("{module}::{inside}"),
    }
}

impl Library {
    /// Reads the record beside this program, or the one named in `ZOOBOT_LIBRARY`, and checks that
    /// it is still valid.
    pub fn load() -> Result<Self> {
        let mut library = Self::read()?;
        library.check()?;
        library.loaded = stamp(&library.dylib);
        Ok(library)
    }

    /// Reads the record.
    pub fn read() -> Result<Self> {
        let path = match std::env::var_os("ZOOBOT_LIBRARY") {
            Some(path) => PathBuf::from(path),
            None => std::env::current_exe()?.with_file_name("zoobot-library.json"),
        };
        let set_up = set_up();
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}: run `{set_up}`", path.display()))?;
        serde_json::from_str(&text)
            .with_context(|| format!("{} is damaged: run `{set_up}`", path.display()))
    }

    fn check(&self) -> Result<()> {
        let set_up = set_up();
        if !self.dylib.exists() {
            bail!("{} is gone: run `{set_up}`", self.dylib.display());
        }
        if !self.libtorch.join("libtorch_cpu.so").exists() {
            bail!(
                "libtorch is not in {}: run `{set_up}` in a terminal, then restart this kernel",
                self.libtorch.display()
            );
        }
        let first = |text: &str| text.lines().next().unwrap_or_default().to_owned();
        if self.rustc.as_os_str().is_empty() {
            bail!(
                "cells are compiled by {}, which is not installed: run `{set_up}` in a terminal, which \
                 installs it, then restart this kernel",
                first(&self.rustc_version)
            );
        }
        let output = Command::new(&self.rustc)
            .arg("-vV")
            .output()
            .with_context(|| format!("cannot run {}: run `{set_up}`", self.rustc.display()))?;
        let now = String::from_utf8_lossy(&output.stdout);
        if now.trim() != self.rustc_version.trim() {
            bail!(
                "the library was built by {} and the compiler is now {}: run `{set_up}`",
                first(&self.rustc_version),
                first(&now)
            );
        }
        Ok(())
    }

    /// The rustc arguments that make `zoobot` available to a cell.
    pub fn rustc_flags(&self) -> Vec<String> {
        let mut flags = vec!["-Cprefer-dynamic".to_owned()];
        flags.push(format!("--extern=zoobot={}", self.dylib.display()));
        flags.extend(self.deps.iter().map(|dir| format!("-Ldependency={}", dir.display())));
        flags.extend(self.native.iter().map(|dir| format!("-Lnative={}", dir.display())));
        flags
    }

    /// The target the library was built for.
    pub fn host(&self) -> &str {
        let mut lines = self.rustc_version.lines();
        lines.find_map(|line| line.strip_prefix("host: ")).unwrap_or_default().trim()
    }

    /// rustup's name of the compiler's toolchain, if rustup installed it.
    pub fn toolchain(&self) -> Option<&str> {
        let mut parts = self.rustc.iter();
        parts.find(|part| *part == "toolchains")?;
        parts.next()?.to_str()
    }

    /// `PATH` with the compiler's folder first: a kernel started from a desktop finds no cargo.
    pub fn program_path(&self) -> OsString {
        let old = std::env::var_os("PATH").unwrap_or_default();
        let bin = self.rustc.parent().map(Path::to_path_buf);
        // Only the old path if the name of the compiler's folder cannot be part of a `PATH`.
        std::env::join_paths(bin.into_iter().chain(std::env::split_paths(&old))).unwrap_or(old)
    }

    /// Whether another build has taken the place of the one that was loaded: the process of the
    /// cells still has the old one, and no new cell fits to it.
    pub fn was_replaced(&self) -> bool {
        stamp(&self.dylib) != self.loaded
    }

    /// Links a shared object with the system's linker, or with the compiler's own where there is
    /// none.
    pub fn link<'a>(&self, arguments: impl IntoIterator<Item = &'a OsStr> + Clone) -> bool {
        let quiet = |mut linker: Command| {
            linker.args(arguments.clone()).stdout(Stdio::null()).stderr(Stdio::null()).status()
        };
        let own = || {
            let mut own = Command::new(self.target_lib().with_file_name("bin").join("rust-lld"));
            own.args(["-flavor", "gnu"]);
            own
        };
        let status = match quiet(Command::new("ld")) {
            Err(error) if error.kind() == ErrorKind::NotFound => quiet(own()),
            status => status,
        };
        status.is_ok_and(|status| status.success())
    }

    /// The folder of the standard library for programs.
    pub fn target_lib(&self) -> PathBuf {
        self.sysroot_lib.join("rustlib").join(self.host()).join("lib")
    }

    /// `LD_LIBRARY_PATH` for the process that runs the cells.
    pub fn search_path(&self) -> String {
        let mut dirs: Vec<String> = [&self.libtorch, &self.sysroot_lib, &self.target_lib()]
            .map(|dir| dir.display().to_string())
            .to_vec();
        dirs.extend(self.dylib.parent().map(|dir| dir.display().to_string()));
        dirs.extend(std::env::var("LD_LIBRARY_PATH").ok().filter(|old| !old.is_empty()));
        dirs.join(":")
    }
}

/// The command that sets this machine up: an installed distribution has its own.
fn set_up() -> String {
    std::env::var("ZOOBOT_SETUP").unwrap_or_else(|_| "cargo xtask setup".to_owned())
}

/// Writes a file derived from the library atomically, since other kernels read it too. Does nothing
/// if the folder is not writable.
pub fn keep(file: &Path, content: &[u8]) {
    let own = file.with_extension(std::process::id().to_string());
    if std::fs::write(&own, content).and_then(|()| std::fs::rename(&own, file)).is_err() {
        let _ = std::fs::remove_file(&own);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_librarys_own_crates_are_named_as_in_cells() {
        for (path, named) in [
            ("zoobot_core::space::Space", "zoobot::space::Space"),
            ("zoobot_data::catalog::Catalog", "zoobot::catalog::Catalog"),
            ("zoobot_data::datasets::gz2", "zoobot::survey::gz2"),
            ("zoobot_picture::Stretch", "zoobot::picture::Stretch"),
            ("zoobot_core", "zoobot"),
            ("polars::prelude::col", "polars::prelude::col"),
        ] {
            assert_eq!(in_cells(path), named);
        }
    }

    #[test]
    fn an_update_of_the_library_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let dylib = folder.path().join("library.so");
        std::fs::write(&dylib, "one").unwrap();
        let record = serde_json::json!({
            "rustc_version": "", "rustc": "", "dylib": dylib, "built": "", "derived": "", "deps": [],
            "native": [], "libtorch": "", "sysroot_lib": "",
        });
        let mut library: Library = serde_json::from_value(record).unwrap();
        library.loaded = stamp(&dylib);
        assert!(!library.was_replaced());
        std::fs::write(folder.path().join("new"), "two").unwrap();
        std::fs::rename(folder.path().join("new"), &dylib).unwrap();
        assert!(library.was_replaced());
    }

    #[test]
    fn the_toolchain_is_read_off_the_compilers_path() {
        let library = |rustc: &str| Library {
            rustc_version: "rustc 1.95.0\nhost: some-target\n".to_owned(),
            rustc: PathBuf::from(rustc),
            dylib: PathBuf::new(),
            built: String::new(),
            derived: PathBuf::new(),
            deps: Vec::new(),
            native: Vec::new(),
            libtorch: PathBuf::new(),
            sysroot_lib: PathBuf::new(),
            loaded: None,
        };
        let rustup = library("/home/a/.rustup/toolchains/some-toolchain/bin/rustc");
        assert_eq!(rustup.toolchain(), Some("some-toolchain"));
        assert_eq!(library("/usr/bin/rustc").toolchain(), None);
        assert_eq!(rustup.host(), "some-target");
    }
}
