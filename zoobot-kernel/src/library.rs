//! Where the prebuilt library is and how rustc links a cell to it.
//!
//! `cargo xtask setup` writes `zoobot-library.json` beside this program after each build.

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The prebuilt library, as the build recorded it.
#[derive(Debug, Clone, Deserialize)]
pub struct Library {
    /// `rustc -vV` of the compiler that built it; a dylib and its users need the same one.
    pub rustc_version: String,
    /// The compiler.
    pub rustc: PathBuf,
    /// `libzoobot_core.so`.
    pub dylib: PathBuf,
    /// Folders with the metadata of its dependencies.
    pub deps: Vec<PathBuf>,
    /// Folders with native libraries.
    pub native: Vec<PathBuf>,
    /// The folder of libtorch's shared objects.
    pub libtorch: PathBuf,
    /// The folder of the standard library for the target.
    pub sysroot_lib: PathBuf,
}

impl Library {
    /// Reads the record beside this program, or the one named in `ZOOBOT_LIBRARY`.
    pub fn load() -> Result<Self> {
        let path = match std::env::var_os("ZOOBOT_LIBRARY") {
            Some(path) => PathBuf::from(path),
            None => std::env::current_exe()?.with_file_name("zoobot-library.json"),
        };
        let text = std::fs::read_to_string(&path).with_context(|| {
            format!("cannot read {}: run `cargo xtask setup` in the zoobot folder", path.display())
        })?;
        let library: Self = serde_json::from_str(&text)
            .with_context(|| format!("{} is damaged: run `cargo xtask setup`", path.display()))?;
        library.check()?;
        Ok(library)
    }

    fn check(&self) -> Result<()> {
        if !self.dylib.exists() {
            bail!("{} is gone: run `cargo xtask setup`", self.dylib.display());
        }
        let output = Command::new(&self.rustc).arg("-vV").output().with_context(|| {
            format!("cannot run {}: run `cargo xtask setup`", self.rustc.display())
        })?;
        let now = String::from_utf8_lossy(&output.stdout);
        if now.trim() != self.rustc_version.trim() {
            let first = |text: &str| text.lines().next().unwrap_or_default().to_owned();
            bail!(
                "the library was built by {} and the compiler is now {}: run `cargo xtask setup`",
                first(&self.rustc_version),
                first(&now)
            );
        }
        Ok(())
    }

    /// The rustc arguments that make `zoobot` available to a cell without a dependency, with the
    /// sysroot made by [`link_sysroot`](Self::link_sysroot).
    pub fn rustc_flags(&self, sysroot: &Path) -> Vec<String> {
        let mut flags = vec!["-Cprefer-dynamic".to_owned()];
        flags.push(format!("--sysroot={}", sysroot.display()));
        flags.push(format!("--extern=zoobot={}", self.dylib.display()));
        flags.extend(self.deps.iter().map(|dir| format!("-Ldependency={}", dir.display())));
        flags.extend(self.native.iter().map(|dir| format!("-Lnative={}", dir.display())));
        flags
    }

    /// Makes a sysroot of links, without the standard library's shared object.
    ///
    /// The dylib of a workspace member contains the standard library, and a cell must use that
    /// one: rustc refuses to link when it sees a second one that could be loaded.
    pub fn link_sysroot(&self, sysroot: &Path) -> Result<()> {
        let target = sysroot.join("lib/rustlib").join(self.host());
        let lib = target.join("lib");
        std::fs::create_dir_all(&lib)?;
        for entry in std::fs::read_dir(&self.sysroot_lib)
            .with_context(|| format!("cannot read {}", self.sysroot_lib.display()))?
        {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default();
            let text = name.to_string_lossy();
            let is_shared_std = text.starts_with("libstd-")
                && (text.ends_with(".so") || text.ends_with(".dylib"));
            if !is_shared_std {
                std::os::unix::fs::symlink(&path, lib.join(name))?;
            }
        }
        // The linker that comes with rustc.
        let programs = self.sysroot_lib.with_file_name("bin");
        if programs.exists() {
            std::os::unix::fs::symlink(&programs, target.join("bin"))?;
        }
        Ok(())
    }

    /// The target the library was built for.
    pub fn host(&self) -> &str {
        let mut lines = self.rustc_version.lines();
        lines.find_map(|line| line.strip_prefix("host: ")).unwrap_or_default().trim()
    }

    /// `LD_LIBRARY_PATH` for the process that runs the cells.
    pub fn search_path(&self) -> String {
        let mut dirs: Vec<String> = vec![self.libtorch.display().to_string()];
        dirs.extend(self.dylib.parent().map(|dir| dir.display().to_string()));
        dirs.extend(std::env::var("LD_LIBRARY_PATH").ok().filter(|old| !old.is_empty()));
        dirs.join(":")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sysroot_has_everything_but_the_shared_standard_library() {
        let dir = tempfile::tempdir().unwrap();
        let real = dir.path().join("real/lib");
        std::fs::create_dir_all(&real).unwrap();
        for name in ["libstd-1f.so", "libstd-1f.rlib", "libcore-2a.rlib"] {
            std::fs::write(real.join(name), "").unwrap();
        }
        let library = Library {
            rustc_version: "rustc 1.95.0\nhost: some-target\n".to_owned(),
            rustc: PathBuf::new(),
            dylib: PathBuf::new(),
            deps: Vec::new(),
            native: Vec::new(),
            libtorch: PathBuf::new(),
            sysroot_lib: real,
        };
        let sysroot = dir.path().join("sysroot");
        library.link_sysroot(&sysroot).unwrap();
        let lib = sysroot.join("lib/rustlib/some-target/lib");
        assert!(lib.join("libstd-1f.rlib").exists() && lib.join("libcore-2a.rlib").exists());
        assert!(!lib.join("libstd-1f.so").exists());
    }
}
