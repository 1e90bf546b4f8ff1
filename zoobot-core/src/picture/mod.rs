//! From a picture file to what a network sees: [`read`] decodes, [`read_flux`] reads FITS files, a [`Recipe`] does the exact
//! inference steps, a [`Stretch`] comes before it for flux, and an [`Augment`] makes the random views
//! of training.

mod augment;
mod cache;
mod decode;
mod fits;
mod gallery;
mod recipe;
mod resample;
mod stretch;

pub use augment::{Augment, Erasing, RandomCrop};
pub use cache::PictureCache;
pub use decode::{Decoded, decode, open, read};
pub use fits::read_flux;
pub(crate) use gallery::shown;
pub use recipe::{Crop, Grey, Prepared, Recipe};
pub use stretch::{Curve, Limits, Stretch};
