//! From a picture file to what a network sees: [`read`] decodes, a [`Recipe`] does the exact
//! inference steps, a [`Stretch`] comes before it for flux, and an [`Augment`] makes the random views
//! of training.

mod augment;
mod cache;
mod decode;
mod gallery;
mod recipe;
mod resample;
mod stretch;

pub use augment::{Augment, Erasing, RandomCrop};
pub use cache::PictureCache;
pub use decode::{decode, read};
pub use recipe::{Crop, Grey, Prepared, Recipe};
pub use stretch::{Curve, Limits, Stretch};
