//! From a picture file to what a network sees: [`read`] decodes, [`read_flux`] reads FITS files, a
//! [`Recipe`] does the exact inference steps, with a [`Stretch`] before them for flux, and an
//! [`Augment`] makes the random views of training.

mod augment;
mod cache;
mod decode;
mod fits;
mod gallery;
mod recipe;
mod resample;
mod stretch;
mod unpack;

use crate::advice::advice;
use crate::notes::note;
use std::path::PathBuf;

pub use augment::{Augment, Erasing, RandomCrop};
pub use cache::PictureCache;
pub use decode::{Decoded, decode, open, read};
pub use fits::read_flux;
#[cfg(test)]
pub(crate) use fits::tests::recorded as recorded_fits;
pub(crate) use gallery::shown;
pub use recipe::{Crop, Grey, Prepared, Recipe};
pub use stretch::{Curve, Limits, Stretch};

/// The endings of FITS files, also of those that are compressed as a whole.
const FITS_ENDINGS: [&str; 4] = ["fits", "fit", "fts", "fz"];

/// Says, once a cell or a run of the command, how FITS pictures among these files are stretched, where
/// nobody chose it.
pub(crate) fn say_stretch(recipe: &Recipe, files: &[PathBuf]) {
    let is_fits = |file: &PathBuf| {
        let name = file.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let name = name.trim_end_matches(".gz").trim_end_matches(".bz2");
        name.rsplit_once('.').is_some_and(|(_, ending)| FITS_ENDINGS.contains(&ending))
    };
    if recipe.stretch.is_default() && files.iter().any(is_fits) {
        let change = advice("encoder.stretch(…) changes that", "--stretch changes that");
        note(format!(
            "FITS pictures are stretched by asinh between the percentiles 0 and 99.7; {change}"
        ));
    }
}
