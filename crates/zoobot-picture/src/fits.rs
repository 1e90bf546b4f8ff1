//! Images in FITS files: flux, which a [`Stretch`](super::Stretch) turns into a picture.
//!
//! Files come from anywhere, so they are read here, in Rust, and not by cfitsio: sizes in headers are compared
//! with the length of the file before memory is taken.

mod boxes;
mod codec;
mod hdu;
mod header;
mod image;
mod npy;
mod numbers;
mod open;
mod part;
mod read;
mod region;
mod source;
mod tiles;
mod wcs;
mod write;

pub use hdu::Hdu;
pub use npy::write_npy;
pub use open::FitsFile;
pub use read::FitsImage;
pub use region::PixelRegion;
pub use wcs::Wcs;
pub use write::write_fits;

use super::decode::{FEWEST_PIXELS, MOST_PIXELS, content};
use super::unpack::unpacked;
use image::Stored;
use ndarray::{Array2, s};
use part::Part;
use source::Source;
use std::path::Path;
use zoobot_base::error::{Error, Result};

/// The first bytes of a FITS file.
pub(super) const BEGINNING: &[u8] = b"SIMPLE  =";

/// Reads the first image of a FITS file: one plane of flux, or three as red, green and blue. Three
/// planes in a file are expected from short to long wavelengths, as in the Legacy Surveys' cut-outs in
/// g, r and z. Rows of FITS images are counted from the bottom; here row 0 is the top.
///
/// The image may be in an extension or in compressed tiles (`.fits.fz`), and the whole file may be
/// compressed with gzip or bzip2; file names do not matter. Axes of length 1 are ignored: 1 x 1 x
/// 64 x 64 is one plane. Whole numbers are scaled by `BSCALE` and `BZERO`. Undefined pixels are
/// NaN: pixels that are NaN in the file, whole numbers that equal `BLANK`, and pixels that
/// compression marks. [`FitsFile`] reads other images, single planes and regions.
///
/// ```no_run
/// let planes = zoobot_core::picture::read_flux("cutouts/J003937.fits.fz")?;
/// println!("{} planes, the first pixel is {}", planes.len(), planes[0][[0, 0]]);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
///
/// # Shapes
/// Each plane: rows x columns, in the units of the file.
///
/// # Errors
/// [`Error::Picture`] with the reason: the file is missing, not a FITS file, cut off, damaged, without
/// an image of one or three planes, smaller than 8 x 8 pixels or larger than 64 million pixels.
pub fn read_flux(path: impl AsRef<Path>) -> Result<Vec<Array2<f32>>> {
    let path = path.as_ref();
    content(path)
        .and_then(|bytes| flux(unpacked(&bytes)?.into_owned()))
        .map_err(|reason| Error::Picture { path: path.to_path_buf(), reason })
}

/// Like [`read_flux`], but from the bytes of a FITS file.
pub(super) fn flux(bytes: Vec<u8>) -> Result<Vec<Array2<f32>>, String> {
    let source = Source::Memory(bytes);
    let Some((part, axes)) = first_image(&source)? else {
        return Err("the FITS file has no image".to_owned());
    };
    let long: Vec<usize> = (0..axes.len()).filter(|&axis| axes[axis] > 1).collect();
    let (columns, rows) = (axes[long[0]], axes[long[1]]);
    let count = match long[2..] {
        [] => 1,
        [bands] if axes[bands] == 3 => 3,
        _ => {
            let shape: Vec<String> = axes.iter().rev().map(usize::to_string).collect();
            return Err(format!(
                "the image has {} values; only one plane, or three as colours, can be read",
                shape.join(" x ")
            ));
        }
    };
    if (rows as u64).saturating_mul(columns as u64) > MOST_PIXELS {
        return Err(format!("{columns} x {rows} pixels are too many; at most 64 million are read"));
    }
    if rows.min(columns) < FEWEST_PIXELS as usize {
        return Err(format!("{columns} x {rows} pixels are too few; at least 8 x 8 are needed"));
    }
    let image = Stored::of(&source, part, axes)?;
    let values = image.all::<f32>(&source)?;
    let plane = |values: &[f32]| {
        let plane = ndarray::ArrayView2::from_shape((rows, columns), values)
            .map_err(|_| "damaged FITS file: pixels are missing".to_owned())?;
        Ok(plane.slice(s![..;-1, ..]).as_standard_layout().into_owned())
    };
    let planes: Result<Vec<_>, String> =
        values.chunks_exact(rows * columns).take(count).map(plane).collect();
    let mut planes = planes?;
    planes.reverse();
    Ok(planes)
}

/// The first part of a file with an image of at least two axes that are longer than 1, and its axes.
fn first_image(source: &Source) -> Result<Option<(Part, Vec<usize>)>, String> {
    let mut part = Some(Part::first(source)?);
    while let Some(this) = part {
        let axes = this.axes()?;
        if axes.iter().filter(|axis| **axis > 1).count() >= 2 && !axes.contains(&0) {
            return Ok(Some((this, axes)));
        }
        part = this.next(source)?;
    }
    Ok(None)
}

#[cfg(test)]
pub(crate) mod tests;
