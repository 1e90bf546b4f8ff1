//! Executes the tutorials with the kernel, to check them or to store their outputs.

use crate::home::Checkout;
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use zoobot_setup::tutorials;

/// The numbers of tutorials that passed their checks and that failed.
#[derive(Debug, Default, Clone, Copy)]
pub struct Checked {
    pub passed: usize,
    pub failed: usize,
}

/// Executes every tutorial into the build folder and checks it there.
///
/// # Errors
/// When the tutorials cannot be listed; a tutorial that fails is counted instead.
pub fn check(checkout: &Checkout) -> Result<Checked> {
    let mut checked = Checked::default();
    for notebook in tutorials::all(&checkout.places)? {
        match tutorials::check(&checkout.places, &notebook) {
            Ok(()) => checked.passed += 1,
            Err(error) => {
                println!("  {}: {error:#}", notebook.display());
                checked.failed += 1;
            }
        }
    }
    Ok(checked)
}

/// Executes the tutorials whose file names begin with one of `which`, or all if it is empty, and
/// stores the outputs in them.
///
/// # Errors
/// When there are none, or a cell fails; that notebook is left unchanged.
pub fn write(checkout: &Checkout, which: &[&str]) -> Result<()> {
    let named = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        which.is_empty() || which.iter().any(|&start| name.starts_with(start))
    };
    let chosen: Vec<PathBuf> =
        tutorials::all(&checkout.places)?.into_iter().filter(named).collect();
    if chosen.is_empty() {
        bail!("no tutorial has a name that begins with {}", which.join(" or "));
    }
    for notebook in chosen {
        let executed = tutorials::execute(&checkout.places, &notebook)?;
        let partial = notebook.with_extension("partial");
        std::fs::copy(&executed, &partial)
            .and_then(|_| std::fs::rename(&partial, &notebook))
            .with_context(|| format!("cannot write {}", notebook.display()))?;
    }
    Ok(())
}
