//! From a picture file to pixels: [`read`] decodes pictures, [`read_flux`] reads FITS files, a
//! [`Stretch`] turns flux into a picture, and [`resample`] resizes pictures as Pillow does.

mod bands;
mod decode;
mod fits;
mod format;
mod marks;
pub mod resample;
mod save;
mod stretch;
mod unpack;

pub use bands::Bands;
pub use decode::{Decoded, decode, open, read};
pub use fits::{FitsFile, FitsImage, Hdu, PixelRegion, Wcs, read_flux, write_fits, write_npy};
pub use format::PictureFormat;
pub use marks::Marks;
pub use save::save_picture;
pub use stretch::{Fill, Limits, Stretch, StretchCurve, align};
