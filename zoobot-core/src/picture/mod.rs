//! From a picture file to what a network sees: [`read`] decodes, a [`Recipe`] does the exact
//! inference steps.

mod cache;
mod decode;
mod recipe;
mod resample;

pub use cache::PictureCache;
pub use decode::{decode, read};
pub use recipe::{Grey, Prepared, Recipe};
