//! `libtch.so`: the C++ wrapper of the `tch` crate as a shared library.
//!
//! torch-sys would link it statically into the library, but rustc exports only Rust symbols from a
//! dylib, so a notebook cell that calls `tch` would not find the wrapper. Built once beside
//! libtorch, there is one copy for all, and no later build compiles the C++ again.

use crate::home::Checkout;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;
use zoobot_setup::home::remove;
use zoobot_setup::libtorch::Libtorch;
use zoobot_setup::shell::{command, run};

/// The folder of `libtch.so`: libtorch's own, unless that libtorch belongs to the user.
pub fn folder(checkout: &Checkout, libtorch: &Libtorch) -> PathBuf {
    if !libtorch.own {
        return libtorch.lib();
    }
    // One folder for each libtorch of the user, named after its path.
    let path = libtorch.folder.to_string_lossy();
    let name = path.trim_matches('/').replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    checkout.places.home.join("lib").join(name)
}

/// Whether it has been built.
pub fn is_ready(checkout: &Checkout, libtorch: &Libtorch) -> bool {
    folder(checkout, libtorch).join("libtch.so").exists()
}

/// Compiles and links it.
///
/// # Errors
/// When cargo has not fetched the crates or the compiler fails.
pub fn install(checkout: &Checkout, libtorch: &Libtorch) -> Result<()> {
    let sources = sources(checkout)?;
    let folder = folder(checkout, libtorch);
    let objects = checkout.places.home.join("libtch.partial");
    remove(&objects)?;
    for folder in [&folder, &objects] {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
    }
    compile(&sources, libtorch, &objects)?;
    link(libtorch, &objects)?;
    std::fs::rename(objects.join("libtch.so"), folder.join("libtch.so"))?;
    remove(&objects)?;
    Ok(())
}

/// The C++ sources in the crate torch-sys, wherever cargo keeps it.
fn sources(checkout: &Checkout) -> Result<PathBuf> {
    let metadata = checkout.metadata()?;
    let packages = metadata["packages"].as_array().context("cargo names no packages")?;
    let manifest = packages
        .iter()
        .find(|package| package["name"] == "torch-sys")
        .and_then(|package| package["manifest_path"].as_str())
        .context("this workspace does not use torch-sys")?;
    Ok(Path::new(manifest).with_file_name("libtch"))
}

/// Compiles both files in parallel, as torch-sys's own build script does.
fn compile(sources: &Path, libtorch: &Libtorch, objects: &Path) -> Result<()> {
    let include = libtorch.folder.join("include");
    let mut running = Vec::new();
    for name in ["torch_api", "torch_api_generated"] {
        println!("  compiling {name}.cpp");
        let child = command("c++")
            .args(["-c", "-fPIC", "-O1", "-w", "-std=c++17"])
            .args(["-D_GLIBCXX_USE_CXX11_ABI=1", "-DGLOG_USE_GLOG_EXPORT"])
            .arg("-I")
            .arg(&include)
            .arg("-I")
            .arg(include.join("torch/csrc/api/include"))
            .arg(sources.join(name).with_extension("cpp"))
            .arg("-o")
            .arg(objects.join(name).with_extension("o"))
            .spawn()
            .context("cannot run `c++`")?;
        running.push((name, child));
    }
    let mut failed = Vec::new();
    for (name, mut child) in running {
        if !child.wait()?.success() {
            failed.push(name);
        }
    }
    if !failed.is_empty() {
        bail!("`c++` could not compile {}.cpp (2 GB of memory free?)", failed.join(".cpp and "));
    }
    Ok(())
}

/// With CUDA, this loads the CUDA half of libtorch: rustc would drop libraries none of whose
/// symbols are called directly, but the backends register themselves when loaded.
fn link(libtorch: &Libtorch, objects: &Path) -> Result<()> {
    let mut command: Command = command("c++");
    command
        .args(["-shared", "-o", "libtch.so", "torch_api.o", "torch_api_generated.o"])
        .arg("-L")
        .arg(libtorch.lib());
    if libtorch.cuda {
        command.args(["-Wl,--no-as-needed", "-ltorch_cuda", "-lc10_cuda"]);
    }
    command.args(["-ltorch_cpu", "-lc10", "-Wl,-rpath,$ORIGIN"]);
    if libtorch.own {
        command.arg(format!("-Wl,-rpath,{}", libtorch.lib().display()));
    }
    run(command.current_dir(objects))
}
