//! From a bare machine to a working kernel, step by step; what exists already is kept.

use crate::home::Checkout;
use crate::{build, libtch, local_config};
use anyhow::Result;
use zoobot_setup::home::remove;
use zoobot_setup::kernelspec::{self, User};
use zoobot_setup::libtorch::Libtorch;
use zoobot_setup::setup::{downloads, lock, remove_downloads};
use zoobot_setup::shell::run;
use zoobot_setup::stages::Stages;
use zoobot_setup::tools;

/// Sets everything up; returns the libtorch in use.
///
/// # Errors
/// When a step fails: the message says what is missing and what to do, and the next run resumes
/// there.
pub fn setup(checkout: &Checkout, stages: &mut Stages) -> Result<Libtorch> {
    let places = &checkout.places;
    let _lock = lock(places)?;
    stages.run("system tools", false, || {
        tools::compilers()?;
        tools::python()
    })?;
    let libtorch = local_config::libtorch(checkout)?;
    downloads(places, &libtorch, None, stages)?;
    stages.run("Rust crates", false, || {
        run(checkout.cargo().args(["fetch", "--locked", "--target", &checkout.host]))
    })?;
    stages.run("libtch.so", libtch::is_ready(checkout, &libtorch), || {
        libtch::install(checkout, &libtorch)
    })?;
    local_config::write(checkout, &libtorch, &libtch::folder(checkout, &libtorch))?;
    stages.run("library, kernel and command", false, || build::build(checkout, &libtorch))?;
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
pub fn uninstall(checkout: &Checkout, all: bool) -> Result<()> {
    let mut removed = kernelspec::uninstall(&checkout.places, &User::find()?)?;
    if all {
        removed.extend(remove_downloads(&checkout.places)?);
        let config = local_config::path(checkout);
        if remove(&config)? {
            removed.push(config);
        }
    }
    for path in &removed {
        println!("removed {}", path.display());
    }
    if removed.is_empty() {
        println!("nothing to remove");
    }
    println!("what was compiled is in {}", checkout.target.display());
    Ok(())
}
