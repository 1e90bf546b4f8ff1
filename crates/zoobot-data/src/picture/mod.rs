//! What a network sees of a picture: a [`Recipe`] defines the exact inference steps, and an [`Augment`] makes
//! random views for training.

mod augment;
mod cache;
mod cutouts;
mod failures;
mod gallery;
mod recipe;

use std::path::PathBuf;
use zoobot_base::advice::advice;
use zoobot_picture::PictureFormat;
use zoobot_show::notes::note;

pub use augment::{Augment, Erasing, RandomCrop};
pub use cache::PictureCache;
pub use cutouts::{CutoutFormat, Cutouts, Written};
pub use failures::{Failed, Failures};
#[doc(hidden)]
pub use gallery::shown;
pub use recipe::{Crop, Grey, Prepared, Recipe};

/// Notes, once per cell or run of the command, how FITS pictures among these files are stretched, if no
/// stretch was chosen.
#[doc(hidden)]
pub fn say_stretch(recipe: &Recipe, files: &[PathBuf]) {
    let is_flux = |file: &PathBuf| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        PictureFormat::of_name(&name).is_some_and(|(format, _)| format.is_flux())
    };
    if recipe.stretch.is_default() && files.iter().any(is_flux) {
        let change = advice("encoder.stretch(…) changes that", "--stretch changes that");
        note(format!(
            "FITS pictures are stretched by asinh between the percentiles 0 and 99.7; {change}"
        ));
    }
}
