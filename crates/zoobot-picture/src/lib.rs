//! From a picture file to pixels: [`read`] decodes pictures, [`read_flux`] reads FITS files, a
//! [`Stretch`] turns flux into a picture, and [`resample`] resizes pictures as Pillow does.

mod decode;
mod fits;
mod format;
pub mod resample;
mod stretch;
mod unpack;

pub use decode::{Decoded, decode, open, read};
pub use fits::{FitsFile, FitsImage, Hdu, Region, Wcs, read_flux, write_fits};
pub use format::PictureFormat;
pub use stretch::{Fill, Limits, Stretch, StretchCurve, align};
