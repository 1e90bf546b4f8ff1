//! `cargo xtask dist`: a distribution that needs no compiling, as a Python wheel and as a tarball.
//!
//! It holds what was built for this checkout, stripped: the command, which here uses the shared
//! library instead of its own copy, the kernel, the shared library, and of each dependency the
//! metadata that rustc reads when it compiles a cell. `crates/zoobot-setup/src/installed.rs` is how
//! it finds its way on another machine.

use crate::build::Record;
use crate::home::Checkout;
use crate::setup;
use anyhow::{Context, Result, bail};
use serde_json::json;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use zoobot_setup::home::remove;
use zoobot_setup::python::Python;
use zoobot_setup::shell::{capture, command, run};
use zoobot_setup::stages::Stages;

const PACK: &str = include_str!("../python/pack.py");
const PACKAGE: [(&str, &str); 2] = [
    ("__init__.py", include_str!("../python/zoobot_rust/__init__.py")),
    ("__main__.py", include_str!("../python/zoobot_rust/__main__.py")),
];

/// Sets up, builds, and leaves a wheel and a tarball in a folder.
///
/// # Errors
/// When a step fails.
pub fn dist(checkout: &Checkout, out: &Path) -> Result<()> {
    let out = std::path::absolute(out)?;
    let mut stages = Stages::default();
    let libtorch = setup::setup(checkout, &mut stages)?;
    let record = Record::read(checkout)?;
    let folder = checkout.target.join("dist/zoobot_rust");
    remove(&folder)?;
    for part in ["bin", "lib/cpu", "deps", "tutorials", "logos"] {
        std::fs::create_dir_all(folder.join(part))
            .with_context(|| format!("cannot make {}", folder.display()))?;
    }
    stages.run("programs", false, || {
        link_command(checkout, &record, &folder.join("bin/zoobot"))?;
        for name in ["zoobot-kernel", "zoobot-launcher"] {
            copy(&checkout.places.programs.join(name), &folder.join("bin").join(name))?;
        }
        let lib = folder.join("lib");
        copy(&record.dylib, &lib.join("libzoobot_shared.so"))?;
        copy(&record.libtch()?, &lib.join("libtch.so"))?;
        let standard = record.standard()?;
        copy(&standard, &lib.join(standard.file_name().unwrap_or_default()))?;
        let stub = libtorch.lib().join("libtorch.so");
        if libtorch.cuda {
            bail!("a distribution is made with the CPU build of libtorch: unset LIBTORCH");
        }
        copy(&stub, &lib.join("cpu/libtorch.so"))?;
        let of = |part: &str| std::fs::read_dir(folder.join(part));
        let all = of("bin")?.chain(of("lib")?).flatten().map(|it| it.path());
        all.filter(|it| it.is_file()).try_for_each(|it| strip(&it))
    })?;
    stages.run("metadata", false, || {
        for file in metadata(checkout, &record)? {
            let to = folder.join("deps").join(file.file_name().unwrap_or_default());
            copy(&file, &to)?;
            if to.extension().is_some_and(|it| it == "so") {
                strip(&to)?;
            }
        }
        Ok(())
    })?;
    stages.run("texts", false, || texts(checkout, &record, &folder))?;
    stages.run("wheel and tarball", false, || {
        run(Python::of(&checkout.places)
            .script(PACK)
            .arg(&folder)
            .arg(env!("CARGO_PKG_VERSION"))
            .arg(platform(&folder)?)
            .arg(&out))
    })?;
    println!("{}", stages.summary());
    Ok(())
}

/// Links the command to the shared library, so that the distribution holds one copy of the code.
fn link_command(checkout: &Checkout, record: &Record, to: &Path) -> Result<()> {
    let mut rustc = command(&record.rustc);
    rustc
        .current_dir(&checkout.root)
        .args([
            "--crate-name=zoobot",
            "--edition=2024",
            "--crate-type=bin",
            "zoobot-cli/src/main.rs",
        ])
        .args(["-Copt-level=1", "-Cprefer-dynamic", "-Zunstable-options", "-o"])
        .arg(to)
        .arg(format!("--extern=zoobot_cli={}", record.rlib("zoobot_cli")?.display()))
        .arg(format!("--extern=force:zoobot_shared={}", record.dylib.display()))
        .env("RUSTC_BOOTSTRAP", "1");
    for folder in &record.deps {
        rustc.arg(format!("-Ldependency={}", folder.display()));
    }
    for folder in &record.native {
        rustc.arg(format!("-Lnative={}", folder.display()));
    }
    run(&mut rustc)
}

/// The metadata that rustc reads for a cell, as it says itself, and the macros that are named there.
fn metadata(checkout: &Checkout, record: &Record) -> Result<Vec<PathBuf>> {
    let folder = checkout.target.join("dist/cell");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("cell.rs"), "pub use zoobot::prelude;\n")?;
    let mut rustc = command(&record.rustc);
    rustc
        .current_dir(&folder)
        .args(["--crate-name=cell", "--edition=2024", "--crate-type=cdylib", "cell.rs"])
        .args(["--emit=metadata,dep-info", "-Zbinary-dep-depinfo", "-Cprefer-dynamic"])
        .arg(format!("--extern=zoobot={}", record.dylib.display()))
        .env("RUSTC_BOOTSTRAP", "1");
    for folder in &record.deps {
        rustc.arg(format!("-Ldependency={}", folder.display()));
    }
    run(&mut rustc)?;
    let listed = std::fs::read_to_string(folder.join("cell.d"))?;
    let first = listed.lines().next().unwrap_or_default().replace("\\ ", "\u{0}");
    let named = first.split_whitespace().skip(1).map(|it| PathBuf::from(it.replace('\u{0}', " ")));
    let ours = named.filter(|it| record.deps.iter().any(|folder| it.starts_with(folder)));
    // The code of an `rlib` is in the shared library.
    let mut files: Vec<PathBuf> = ours
        .map(|it| {
            if it.extension().is_some_and(|it| it == "rlib") {
                it.with_extension("rmeta")
            } else {
                it
            }
        })
        .collect();
    files.sort();
    files.dedup();
    if files.len() < 100 {
        bail!("rustc names only {} files that a cell needs", files.len());
    }
    Ok(files)
}

/// Everything that is read by people and scripts.
fn texts(checkout: &Checkout, record: &Record, folder: &Path) -> Result<()> {
    for (name, text) in PACKAGE {
        std::fs::write(folder.join(name), text)?;
    }
    for notebook in zoobot_setup::tutorials::all(&checkout.places)? {
        let to = folder.join("tutorials").join(notebook.file_name().unwrap_or_default());
        std::fs::copy(&notebook, to)?;
    }
    for logo in ["logo-64x64.png", "logo-svg.svg"] {
        let from = checkout.root.join("crates/zoobot-setup/assets").join(logo);
        std::fs::copy(from, folder.join("logos").join(logo))?;
    }
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
        std::fs::copy(checkout.root.join(licence), folder.join(licence))?;
    }
    let names = checkout.places.programs.join("zoobot-completion.json");
    std::fs::copy(&names, folder.join("zoobot-completion.json"))
        .with_context(|| format!("cannot copy {}", names.display()))?;
    let text = json!({"rustc_version": record.rustc_version, "built": record.built});
    std::fs::write(folder.join("distribution.json"), format!("{text:#}\n"))?;
    Ok(())
}

/// The platform of the wheel: the C library's version that the programs need at least.
fn platform(folder: &Path) -> Result<String> {
    let mut newest = (2, 17);
    for part in ["bin", "lib"] {
        for entry in std::fs::read_dir(folder.join(part))?.flatten() {
            if !entry.path().is_file() {
                continue;
            }
            let needs = capture(command("readelf").args(["--version-info"]).arg(entry.path()))?;
            newest = needs.split("GLIBC_").skip(1).filter_map(version).fold(newest, Ord::max);
        }
    }
    Ok(format!("manylinux_{}_{}_x86_64", newest.0, newest.1))
}

/// The numbers of `2.34  Flags: none` and the like.
fn version(text: &str) -> Option<(u32, u32)> {
    let (major, rest) = text.split_once('.')?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    Some((major.parse().ok()?, rest[..digits].parse().ok()?))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    let mode = if to.extension().is_some_and(|it| it == "rmeta") { 0o644 } else { 0o755 };
    Ok(std::fs::set_permissions(to, std::fs::Permissions::from_mode(mode))?)
}

/// Removes the symbols that only a debugger reads.
fn strip(file: &Path) -> Result<()> {
    run(command("strip").arg("--strip-unneeded").arg(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What pip checks and does: names and digests of RECORD, and the modes of files.
    const READ: &str = r#"
import base64, hashlib, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    record = wheel.read("zoobot_rust-1.2.dist-info/RECORD").decode().split()
    listed = dict(line.split(",")[:2] for line in record)
    assert set(listed) == set(wheel.namelist()), set(listed) ^ set(wheel.namelist())
    for name, digest in listed.items():
        sum = base64.urlsafe_b64encode(hashlib.sha256(wheel.read(name)).digest()).decode().rstrip("=")
        assert digest in ("", f"sha256={sum}"), name
    for info in wheel.infolist():
        if "/bin/" in info.filename or info.filename.endswith("kernel.json"):
            print(info.filename, oct(info.external_attr >> 16 & 0o777))
"#;

    #[test]
    fn a_wheel_says_what_is_in_it_and_its_programs_can_be_started() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("zoobot_rust");
        for part in ["bin", "logos"] {
            std::fs::create_dir_all(folder.join(part)).unwrap();
        }
        std::fs::write(folder.join("bin/zoobot-launcher"), "#!/bin/sh\n").unwrap();
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.join("bin/zoobot-launcher"), mode).unwrap();
        for logo in ["logo-64x64.png", "logo-svg.svg"] {
            std::fs::write(folder.join("logos").join(logo), "logo").unwrap();
        }
        let python = |script: &str, words: &[&Path]| {
            capture(command("python3").args(["-c", script]).args(words)).unwrap()
        };
        let out = scratch.path().join("out");
        let words = [&folder, Path::new("1.2"), Path::new("manylinux_2_28_x86_64"), &out];
        let made = python(PACK, &words);
        let made: Vec<&Path> = made.lines().map(Path::new).collect();
        assert!(
            made[0].ends_with("zoobot_rust-1.2-py3-none-manylinux_2_28_x86_64.whl"),
            "{made:?}"
        );
        assert_eq!(
            python(READ, &made[..1]),
            "zoobot_rust/bin/zoobot-launcher 0o755\n\
             zoobot_rust-1.2.data/data/share/jupyter/kernels/zoobot/kernel.json 0o644\n"
        );
        let first = std::fs::read(made[0]).unwrap();
        python(PACK, &words);
        assert!(first == std::fs::read(made[0]).unwrap(), "a second run makes another wheel");
        let unpacked = capture(command("tar").arg("-tf").arg(made[1])).unwrap();
        assert!(unpacked.contains("zoobot-1.2-manylinux_2_28_x86_64/zoobot\n"), "{unpacked}");
    }

    #[test]
    fn the_newest_version_of_the_c_library_decides_the_platform() {
        let needs = "  0x0010:   Name: GLIBC_2.2.5  Flags: none\n  Name: GLIBC_2.34  Flags: none\n";
        let newest = needs.split("GLIBC_").skip(1).filter_map(version).max();
        assert_eq!(newest, Some((2, 34)));
        assert_eq!(version("PRIVATE  Flags: none"), None);
    }
}
