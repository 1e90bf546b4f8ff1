//! From a picture file to pixels: [`read`] decodes pictures, [`read_flux`] reads FITS files, a
//! [`Stretch`] turns flux into a picture, and [`resample`] resizes pictures as Pillow does.

mod decode;
mod fits;
mod format;
pub mod resample;
mod stretch;
mod unpack;

// cfitsio and the bzip2 crate both define `bz_internal_error`. The crate that is loaded first is linked
// last, so the linker already has cfitsio's definition and leaves out the one of bzip2.
extern crate bzip2 as _;

pub use decode::{Decoded, decode, open, read};
pub use fits::read_flux;
pub use format::PictureFormat;
pub use stretch::{Limits, Stretch, StretchCurve};
