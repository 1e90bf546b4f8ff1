//! From a bare machine to a working kernel, step by step; what exists already is kept.

use crate::home::{Places, remove};
use crate::kernelspec::{self, User};
use crate::libtorch::Libtorch;
use crate::shell::run;
use crate::stages::Stages;
use crate::{build, libtch, local_config, python, tools, weights};
use anyhow::{Context, Result};
use std::fs::File;

/// Sets everything up; returns the libtorch in use.
///
/// # Errors
/// When a step fails: the message says what is missing and what to do, and the next run resumes
/// there.
pub fn setup(places: &Places, stages: &mut Stages) -> Result<Libtorch> {
    let _lock = lock(places)?;
    stages.run("system tools", false, || {
        tools::compilers()?;
        tools::python()
    })?;
    let libtorch = Libtorch::choose(places)?;
    stages.run("Python environment", python::is_ready(places), || python::install(places))?;
    stages.run(&libtorch.name(), libtorch.is_ready(), || libtorch.install(places))?;
    for weights in &weights::ALL {
        stages.run(weights.name, weights.is_ready(places), || weights.install(places))?;
    }
    stages.run("Rust crates", false, || {
        run(places.cargo().args(["fetch", "--locked", "--target", &places.host]))
    })?;
    stages.run("libtch.so", libtch::is_ready(places, &libtorch), || {
        libtch::install(places, &libtorch)
    })?;
    local_config::write(places, &libtorch, &libtch::folder(places, &libtorch))?;
    stages.run("library, kernel and command", false, || build::build(places, &libtorch))?;
    stages.run("Jupyter", false, || {
        for line in kernelspec::install(places, &User::find()?)? {
            println!("  {line}");
        }
        Ok(())
    })?;
    Ok(libtorch)
}

/// Removes what `setup` put outside the checkout; with `all`, also what it put into the home folder.
///
/// # Errors
/// When something cannot be removed.
pub fn uninstall(places: &Places, all: bool) -> Result<()> {
    let mut removed = kernelspec::uninstall(places, &User::find()?)?;
    if all {
        // Only what set-up made: the folder may contain encoders of the user.
        let names = ["python", "python-parity", "lib", "downloads", LOCK];
        let names = names.into_iter().chain(weights::ALL.map(|it| it.folder));
        let mut paths: Vec<_> = names.map(|name| places.home.join(name)).collect();
        for entry in std::fs::read_dir(&places.home).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if ["libtorch-", "libtch."].iter().any(|p| name.to_string_lossy().starts_with(p)) {
                paths.push(entry.path());
            }
        }
        paths.push(local_config::path(places));
        for path in paths {
            if remove(&path)? {
                removed.push(path);
            }
        }
        for folder in [places.home.join("encoders"), places.home.clone()] {
            // Fails, as it should, when it contains something else.
            let _ = std::fs::remove_dir(folder);
        }
    }
    for path in &removed {
        println!("removed {}", path.display());
    }
    if removed.is_empty() {
        println!("nothing to remove");
    }
    println!("what was compiled is in {}", places.target.display());
    Ok(())
}

const LOCK: &str = "set-up.lock";

/// Prevents two set-ups from working in one home folder at once.
fn lock(places: &Places) -> Result<File> {
    std::fs::create_dir_all(&places.home)
        .with_context(|| format!("cannot make {}", places.home.display()))?;
    let file = File::create(places.home.join(LOCK))?;
    if file.try_lock().is_err() {
        println!("another set-up is at work in {}; waiting for it", places.home.display());
        file.lock()?;
    }
    Ok(file)
}
