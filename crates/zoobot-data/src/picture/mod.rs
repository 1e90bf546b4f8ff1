//! What a network sees of a picture: a [`Recipe`] does the exact inference steps, and an [`Augment`]
//! makes the random views of training.

mod augment;
mod cache;
mod failures;
mod gallery;
mod recipe;

use std::path::PathBuf;
use zoobot_base::advice::advice;
use zoobot_show::notes::note;

pub use augment::{Augment, Erasing, RandomCrop};
pub use cache::PictureCache;
pub use failures::{Failed, Failures};
#[doc(hidden)]
pub use gallery::shown;
pub use recipe::{Crop, Grey, Prepared, Recipe};

/// The endings of FITS files, also of those that are compressed as a whole.
const FITS_ENDINGS: [&str; 4] = ["fits", "fit", "fts", "fz"];

/// Says, once a cell or a run of the command, how FITS pictures among these files are stretched, where
/// no stretch was chosen.
#[doc(hidden)]
pub fn say_stretch(recipe: &Recipe, files: &[PathBuf]) {
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
