//! Images in FITS files: flux, which a [`Stretch`](super::Stretch) turns into a picture.

mod file;
mod tiles;

use super::decode::{FEWEST_PIXELS, MOST_PIXELS, content};
use super::unpack::unpacked;
use file::Fits;
use ndarray::{Array2, s};
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
/// compression marks.
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
    let file = Fits::open(bytes)?;
    let image = first_image(&file)?;
    let (columns, rows) = (image.columns, image.rows);
    if (rows as u64).saturating_mul(columns as u64) > MOST_PIXELS {
        return Err(format!("{columns} x {rows} pixels are too many; at most 64 million are read"));
    }
    if rows.min(columns) < FEWEST_PIXELS as usize {
        return Err(format!("{columns} x {rows} pixels are too few; at least 8 x 8 are needed"));
    }
    file.check_length()?;
    let mut planes = image.planes(&file)?;
    planes.reverse();
    Ok(planes)
}

/// An image of one or three planes, in a part (HDU) of a file.
struct Image {
    part: usize,
    /// The length of each axis, the fastest first.
    axes: Vec<usize>,
    columns: usize,
    rows: usize,
    /// The index of the axis of three planes, if there is one.
    bands: Option<usize>,
}

/// Moves to the first part of a file with an image of at least two axes.
fn first_image(file: &Fits) -> Result<Image, String> {
    let mut part = 1;
    while file.go(part)? {
        let axes = file.axes();
        let long: Vec<usize> = (0..axes.len()).filter(|&axis| axes[axis] > 1).collect();
        if long.len() >= 2 && !axes.contains(&0) {
            let bands = match long[2..] {
                [] => None,
                [bands] if axes[bands] == 3 => Some(bands),
                _ => {
                    let shape: Vec<String> = axes.iter().rev().map(usize::to_string).collect();
                    return Err(format!(
                        "the image has {} values; only one plane, or three as colours, can be read",
                        shape.join(" x ")
                    ));
                }
            };
            let (columns, rows) = (axes[long[0]], axes[long[1]]);
            return Ok(Image { part, axes, columns, rows, bands });
        }
        part += 1;
    }
    Err("the FITS file has no image".to_owned())
}

impl Image {
    /// The planes in the order of the file, each with the last row first.
    fn planes(&self, file: &Fits) -> Result<Vec<Array2<f32>>, String> {
        let count = self.bands.map_or(1, |_| 3);
        let each = self.rows * self.columns;
        if file.tiled() && tiles::uncompressed(file) {
            let all = tiles::read(file, &self.axes)?;
            return all.chunks_exact(each).map(|plane| self.plane(plane)).collect();
        }
        let plane = |plane: usize| {
            let (mut first, mut last) = (vec![1; self.axes.len()], self.axes.clone());
            if let Some(bands) = self.bands {
                (first[bands], last[bands]) = (plane + 1, plane + 1);
            }
            self.plane(&self.values(file, &first, &last)?)
        };
        (0..count).map(plane).collect()
    }

    /// The pixels between two corners.
    fn values(&self, file: &Fits, first: &[usize], last: &[usize]) -> Result<Vec<f64>, String> {
        // When cfitsio checks for undefined pixels, it treats infinities as undefined too. Plain floats
        // need no check.
        if !file.tiled() && file.whole("BITPIX").is_some_and(|bits| bits < 0) {
            return file.pixels(first, last, 0.0);
        }
        let mut values = file.pixels(first, last, f64::NAN)?;
        // Tiles that could not be quantised hold plain floats, beside quantised tiles.
        let floats = ["GZIP_COMPRESSED_DATA", "UNCOMPRESSED_DATA"];
        if values.iter().any(|value| value.is_nan())
            && floats.iter().any(|column| file.column(column).is_some())
        {
            let raw = file.again(self.part)?.pixels(first, last, 0.0)?;
            let infinite = values.iter_mut().zip(raw).filter(|(_, raw)| raw.is_infinite());
            infinite.for_each(|(value, raw)| *value = raw);
        }
        Ok(values)
    }

    fn plane(&self, values: &[f64]) -> Result<Array2<f32>, String> {
        let values = values.iter().map(|value| *value as f32).collect();
        let plane = Array2::from_shape_vec((self.rows, self.columns), values)
            .map_err(|_| "damaged FITS file: pixels are missing".to_owned())?;
        Ok(plane.slice(s![..;-1, ..]).to_owned())
    }
}

#[cfg(test)]
pub(crate) mod tests;
