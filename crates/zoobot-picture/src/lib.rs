//! From a picture file to pixels: [`read`] decodes, [`read_flux`] reads FITS files, a [`Stretch`] makes
//! flux visible, and pictures are resized as Pillow does.

mod decode;
mod fits;
mod format;
pub mod resample;
mod stretch;
mod unpack;

// cfitsio and the bzip2 crate both define `bz_internal_error`. Loaded first, the crate is linked last,
// and the linker leaves its own out because it has cfitsio's by then.
extern crate bzip2 as _;

pub use decode::{Decoded, decode, open, read};
pub use fits::read_flux;
pub use format::PictureFormat;
pub use stretch::{Limits, Stretch, StretchCurve};
