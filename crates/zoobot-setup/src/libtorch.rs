//! libtorch: chooses the one that this machine uses, and builds it from PyPI's wheels.
//!
//! PyPI's torch for Linux x86-64 is the CUDA build, several gigabytes with all its dependencies.
//! Without an NVIDIA GPU three wheels are enough: torch, of which only the CPU half is used, and
//! the two small CUDA libraries that it needs. A stub `libtorch.so` then replaces the one that
//! needs the CUDA half.

use crate::download::{fetch, unpack};
use crate::home::{Places, remove};
use crate::python::Python;
use crate::shell::{capture, command, run, succeeds};
use crate::wheels;
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The only version the `tch` crate works with.
pub const VERSION: &str = "2.11.0";

/// A libtorch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Libtorch {
    /// The folder with `include` and `lib`.
    pub folder: PathBuf,
    /// Whether it supports NVIDIA GPUs.
    pub cuda: bool,
    /// Whether it belongs to the user; then nothing is written into it.
    pub own: bool,
}

impl Libtorch {
    /// The user's own if the environment names one, else the one in the home folder: with CUDA if
    /// there is an NVIDIA GPU. A `LIBTORCH` equal to `ours` was set by a set-up, not by the user.
    ///
    /// # Errors
    /// When the user's own is not libtorch of the right version, or when there is none and this is
    /// not Linux on x86-64.
    pub fn choose(places: &Places, ours: Option<&Path>) -> Result<Self> {
        if let Some(folder) = users_own(ours, |name| std::env::var_os(name))? {
            return Self::of_user(folder);
        }
        if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
            bail!(
                "libtorch is set up by itself on Linux x86-64 only: run `python3 -m pip install \
                 torch=={VERSION}` and set LIBTORCH_USE_PYTORCH=1"
            );
        }
        let cuda = succeeds(command("nvidia-smi").arg("-L"));
        let kind = if cuda { "cuda" } else { "cpu" };
        let folder = places.home.join(format!("libtorch-{VERSION}-{kind}"));
        Ok(Self { folder, cuda, own: false })
    }

    /// The user's own, in this folder.
    ///
    /// # Errors
    /// When it is not libtorch of the right version.
    pub fn of_user(folder: PathBuf) -> Result<Self> {
        for part in ["lib", "include"] {
            if !folder.join(part).is_dir() {
                bail!(
                    "LIBTORCH is {}, which has no folder `{part}`: unset it, or name a folder with \
                     libtorch {VERSION}",
                    folder.display()
                );
            }
        }
        let found = version(&folder).with_context(|| {
            format!("cannot tell which libtorch is in {}: unset LIBTORCH", folder.display())
        })?;
        if found != VERSION {
            bail!(
                "{} holds libtorch {found}, but {VERSION} is needed: unset LIBTORCH and \
                 LIBTORCH_USE_PYTORCH, or name a folder with that version",
                folder.display()
            );
        }
        let cuda = folder.join("lib/libtorch_cuda.so").exists();
        Ok(Self { folder, cuda, own: true })
    }

    /// The folder of its shared objects.
    pub fn lib(&self) -> PathBuf {
        self.folder.join("lib")
    }

    /// Its description for users.
    pub fn name(&self) -> String {
        let kind = if self.cuda { "with CUDA" } else { "CPU" };
        let whose = if self.own { ", your own" } else { "" };
        format!("libtorch {VERSION} ({kind}{whose})")
    }

    /// Whether there is nothing left to do.
    pub fn is_ready(&self) -> bool {
        self.own || version(&self.folder).is_some_and(|found| found == VERSION)
    }

    /// Builds it from wheels, under a temporary name until it is complete. `stub` is a `libtorch.so`
    /// that needs only the CPU half; without one it is linked here.
    ///
    /// # Errors
    /// When a wheel is not available, the disk is full or the linker fails.
    pub fn install(&self, places: &Places, stub: Option<&Path>) -> Result<()> {
        let python = Python::of(places);
        let mut wanted = vec![wheels::TORCH, wheels::CUDA_RUNTIME, wheels::CUPTI];
        if self.cuda {
            wanted.extend(wheels::CUDA);
        }
        let files = fetch(places, &python, &wanted)?;
        let partial = self.folder.with_extension("partial");
        remove(&partial)?;
        println!("  unpacking");
        let torch: &[&str] = if self.cuda {
            &["torch/include/=include", "torch/lib/lib*.so*=lib"]
        } else {
            &[
                "torch/include/=include",
                "torch/lib/libtorch_cpu.so=lib",
                "torch/lib/libc10.so=lib",
                "torch/lib/libgomp*=lib",
            ]
        };
        unpack(&python, &files[0], &partial, torch)?;
        let nvidia: [&[&str]; 2] = if self.cuda {
            [&["nvidia/*/lib/lib*.so*=lib"]; 2]
        } else {
            [&["nvidia/*/lib/libcudart.so.*=lib"], &["nvidia/*/lib/libcupti.so.*=lib"]]
        };
        for (index, file) in files[1..].iter().enumerate() {
            unpack(&python, file, &partial, nvidia[index.min(1)])?;
        }
        let lib = partial.join("lib");
        if self.cuda {
            // It links to the Python interpreter, which nothing here does.
            remove(&lib.join("libtorch_python.so"))?;
        } else if let Some(stub) = stub {
            std::fs::copy(stub, lib.join("libtorch.so"))
                .with_context(|| format!("cannot copy {}", stub.display()))?;
        } else {
            link_stub(&lib)?;
        }
        std::fs::write(partial.join("build-version"), format!("{VERSION}\n"))?;
        std::fs::rename(&partial, &self.folder)
            .with_context(|| format!("cannot write {}", self.folder.display()))?;
        for file in files {
            remove(&file)?;
        }
        Ok(())
    }
}

/// Links a `libtorch.so` that needs only the CPU half.
fn link_stub(lib: &Path) -> Result<()> {
    run(command("cc")
        .args(["-shared", "-o", "libtorch.so", "-Wl,--no-as-needed", "-L."])
        .args(["-ltorch_cpu", "-lc10", "-Wl,-rpath,$ORIGIN"])
        .current_dir(lib))
}

/// The libtorch that the user asks for with `LIBTORCH` or `LIBTORCH_USE_PYTORCH`.
fn users_own(
    ours: Option<&Path>,
    var: impl Fn(&str) -> Option<OsString>,
) -> Result<Option<PathBuf>> {
    let var = |name| var(name).filter(|value| !value.is_empty());
    if var("LIBTORCH_USE_PYTORCH").is_some_and(|value| value != "0") {
        let print = "import os, torch; print(os.path.dirname(torch.__file__))";
        let folder = capture(command("python3").args(["-c", print])).context(
            "LIBTORCH_USE_PYTORCH is set, but `python3` has no torch: unset it, or activate the \
             environment that has",
        )?;
        return Ok(Some(folder.trim().into()));
    }
    Ok(var("LIBTORCH").map(PathBuf::from).filter(|named| Some(named.as_path()) != ours))
}

/// The version of the libtorch in a folder, without a `+cpu` or `+cu130`.
fn version(folder: &Path) -> Option<String> {
    let text = std::fs::read_to_string(folder.join("build-version")).ok().or_else(|| {
        // A Python package has no such file, but its headers state the version.
        let header = folder.join("include/torch/headeronly/version.h");
        let text = std::fs::read_to_string(header).ok()?;
        let number = |name: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(&format!("#define TORCH_VERSION_{name} ")))
        };
        let parts = [number("MAJOR")?, number("MINOR")?, number("PATCH")?];
        Some(parts.map(str::trim).join("."))
    })?;
    let text = text.trim();
    Some(text.split_once('+').map_or(text, |(version, _)| version).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::tests::Scratch;

    fn fake(scratch: &Scratch, file: &str, text: &str) {
        std::fs::create_dir_all(scratch.0.join("lib")).unwrap();
        let path = scratch.0.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::create_dir_all(scratch.0.join("include")).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn a_users_libtorch_of_the_right_version_is_taken_as_it_is() {
        let scratch = Scratch::new();
        fake(&scratch, "build-version", "2.11.0+cpu\n");
        let own = Libtorch::of_user(scratch.0.clone()).unwrap();
        assert!(own.own && !own.cuda && own.is_ready());
        assert_eq!(own.folder, scratch.0);
    }

    #[test]
    fn a_python_package_of_torch_tells_its_version_by_its_headers() {
        let scratch = Scratch::new();
        let header = "#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION_MINOR 11\n\
                      #define TORCH_VERSION_PATCH 0\n";
        fake(&scratch, "include/torch/headeronly/version.h", header);
        fake(&scratch, "lib/libtorch_cuda.so", "");
        assert!(Libtorch::of_user(scratch.0.clone()).unwrap().cuda);
    }

    #[test]
    fn another_version_is_refused_with_both_named() {
        let scratch = Scratch::new();
        fake(&scratch, "build-version", "2.10.1");
        let error = Libtorch::of_user(scratch.0.clone()).unwrap_err().to_string();
        assert!(error.contains("2.10.1") && error.contains(VERSION), "{error}");
    }

    #[test]
    fn what_an_earlier_set_up_wrote_is_not_taken_for_the_users_wish() {
        let named = |value: &'static str| {
            move |name: &str| (name == "LIBTORCH").then(|| OsString::from(value))
        };
        let ours = Some(Path::new("/torch"));
        assert_eq!(users_own(ours, named("/torch")).unwrap(), None);
        assert_eq!(users_own(None, named("/torch")).unwrap(), Some("/torch".into()));
        assert_eq!(users_own(ours, named("/mine")).unwrap(), Some("/mine".into()));
        assert_eq!(users_own(None, named("")).unwrap(), None);
    }

    #[test]
    fn a_folder_that_is_not_libtorch_is_refused() {
        let scratch = Scratch::new();
        let error = Libtorch::of_user(scratch.0.clone()).unwrap_err().to_string();
        assert!(error.contains("no folder `lib`"), "{error}");
        fake(&scratch, "readme", "");
        assert!(Libtorch::of_user(scratch.0.clone()).is_err());
    }
}
