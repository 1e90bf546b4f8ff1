//! The user's folder for large files: JupyterLab, libtorch and weights; what is there already is kept.

use crate::home::{Places, remove};
use crate::libtorch::Libtorch;
use crate::stages::Stages;
use crate::{python, tools, weights};
use anyhow::{Context, Result};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Downloads what is missing. `stub` as for [`Libtorch::install`].
///
/// # Errors
/// When a step fails: the message says what is missing and what to do, and the next run resumes
/// there.
pub fn downloads(
    places: &Places,
    libtorch: &Libtorch,
    stub: Option<&Path>,
    stages: &mut Stages,
) -> Result<()> {
    stages.run("Python environment", python::is_ready(places), || {
        tools::python()?;
        python::install(places)
    })?;
    stages.run(&libtorch.name(), libtorch.is_ready(), || libtorch.install(places, stub))?;
    for weights in &weights::ALL {
        stages.run(weights.name, weights.is_ready(places), || weights.install(places))?;
    }
    Ok(())
}

/// Removes what set-ups put into the home folder, and the folder itself if nothing else is in it;
/// returns what was removed.
///
/// # Errors
/// When something cannot be removed.
pub fn remove_downloads(places: &Places) -> Result<Vec<PathBuf>> {
    // Only what set-up made: the folder may contain encoders of the user.
    let names = ["python", "python-parity", "lib", "installed", "rust", "downloads", LOCK];
    let names = names.into_iter().chain(weights::ALL.map(|it| it.folder));
    let mut paths: Vec<_> = names.map(|name| places.home.join(name)).collect();
    for entry in std::fs::read_dir(&places.home).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if ["libtorch-", "libtch."].iter().any(|p| name.to_string_lossy().starts_with(p)) {
            paths.push(entry.path());
        }
    }
    let mut removed = Vec::new();
    for path in paths {
        if remove(&path)? {
            removed.push(path);
        }
    }
    for folder in [places.home.join("encoders"), places.home.clone()] {
        // Fails, as it should, when it contains something else.
        let _ = std::fs::remove_dir(folder);
    }
    Ok(removed)
}

const LOCK: &str = "set-up.lock";

/// Prevents two set-ups from working in one home folder at once.
///
/// # Errors
/// When the folder cannot be made.
pub fn lock(places: &Places) -> Result<File> {
    std::fs::create_dir_all(&places.home)
        .with_context(|| format!("cannot make {}", places.home.display()))?;
    let file = File::create(places.home.join(LOCK))?;
    if file.try_lock().is_err() {
        println!("another set-up is at work in {}; waiting for it", places.home.display());
        file.lock()?;
    }
    Ok(file)
}
