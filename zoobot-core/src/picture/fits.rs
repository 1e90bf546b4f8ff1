//! Images of FITS files: flux, of which a [`Stretch`](super::Stretch) makes a picture.

use super::decode::{FEWEST_PIXELS, MOST_PIXELS};
use crate::error::{Error, Result};
use fitsio::hdu::HduInfo;
use fitsio::{FileOpenMode, FitsFile, sys};
use ndarray::{Array2, Array3, Axis, s};
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// What the first bytes of a FITS file are.
pub(super) const BEGINNING: &[u8] = b"SIMPLE  =";

/// Reads the first image of a FITS file, compressed (`.fits.fz`) or not: one plane of flux, or three
/// as red, green and blue. Three in a file count from short waves to long, as the Legacy Surveys'
/// cut-outs in g, r and z do. The rows of FITS images count from the bottom; here row 0 is the top.
///
/// # Shapes
/// rows x columns each.
///
/// # Errors
/// [`Error::Picture`] with the reason: no such file, no FITS file, damaged, without an image of one
/// or three planes, smaller than 8 x 8 or larger than 64 million pixels.
pub fn read_flux(path: impl AsRef<Path>) -> Result<Vec<Array2<f32>>> {
    let path = path.as_ref();
    flux(path).map_err(|reason| Error::Picture { path: path.to_path_buf(), reason })
}

fn flux(path: &Path) -> Result<Vec<Array2<f32>>, String> {
    let damaged = |error: fitsio::errors::Error| format!("damaged FITS file: {error}");
    let mut file = open(path)?;
    let image = file.iter().find_map(|hdu| match &hdu.info {
        HduInfo::ImageInfo { shape, .. } if !shape.is_empty() => Some((shape.clone(), hdu)),
        _ => None,
    });
    let Some((shape, hdu)) = image else {
        return Err("the FITS file has no image".to_owned());
    };
    let (bands, rows, columns) = match shape[..] {
        [rows, columns] => (1, rows, columns),
        [bands @ (1 | 3), rows, columns] => (bands, rows, columns),
        _ => {
            return Err(format!(
                "the image has {shape:?} values; 2 axes, or 1 or 3 planes of them, are read"
            ));
        }
    };
    if (rows as u64).saturating_mul(columns as u64) > MOST_PIXELS {
        return Err(format!("{columns} x {rows} pixels are too many; at most 64 million are read"));
    }
    if rows.min(columns) < FEWEST_PIXELS as usize {
        return Err(format!("{columns} x {rows} pixels are too few; at least 8 x 8 are needed"));
    }
    let values: Vec<f32> = hdu.read_image(&mut file).map_err(damaged)?;
    let planes = Array3::from_shape_vec((bands, rows, columns), values)
        .map_err(|error| format!("damaged FITS file: {error}"))?;
    let upright = planes.slice(s![..;-1, ..;-1, ..]);
    Ok(upright.axis_iter(Axis(0)).map(|plane| plane.to_owned()).collect())
}

/// Opens a file by its name as it is: `FitsFile::open` takes brackets and the like in a name for
/// commands.
fn open(path: &Path) -> Result<FitsFile, String> {
    let name = CString::new(path.as_os_str().as_bytes())
        .map_err(|_| "its name has a character 0".to_owned())?;
    let (mut pointer, mut status) = (std::ptr::null_mut(), 0);
    // SAFETY: cfitsio is given a name that ends in 0 and two places to write to, all of which outlive
    // the call.
    unsafe { sys::ffdkopn(&mut pointer, name.as_ptr(), 0, &mut status) };
    if status != 0 {
        return Err(match status {
            104 | 105 => "no such file".to_owned(),
            _ => format!("it is not a FITS file that can be read (cfitsio's status {status})"),
        });
    }
    // SAFETY: cfitsio has just made it, and nothing else has it.
    unsafe { FitsFile::from_raw(pointer, FileOpenMode::READONLY) }
        .map_err(|error| format!("damaged FITS file: {error}"))
}

#[cfg(test)]
mod tests;
