//! Decodes JPEG and PNG files to 8-bit RGB and FITS files to flux, and gives a reason for every file
//! that cannot be decoded.

use super::format::{PictureFormat, Reader};
use super::stretch::Stretch;
use super::unpack::unpacked;
use image::{ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage};
use ndarray::Array2;
use std::io::{Cursor, ErrorKind};
use std::path::Path;
use zoobot_base::error::{Error, Result};

/// The maximum number of pixels of a picture: 64 million, 8,000 by 8,000.
pub(super) const MOST_PIXELS: u64 = 64_000_000;
/// The minimum side of a picture in pixels; anything smaller is no picture of a galaxy.
pub(super) const FEWEST_PIXELS: u32 = 8;

/// The content of a picture file.
///
/// ```
/// use zoobot_core::picture::{Decoded, open};
/// use zoobot_core::prelude::*;
/// let file = Catalog::sample()?.files()[0].clone();
/// assert!(matches!(open(file)?, Decoded::Picture(_)), "a JPEG file holds no flux");
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Decoded {
    /// A picture.
    Picture(RgbImage),
    /// One plane of flux, or red, green and blue: see [`read_flux`](super::read_flux).
    Flux(Vec<Array2<f32>>),
}

/// Reads a JPEG or PNG file as RGB: 16-bit, grey, palette and CMYK pictures are converted,
/// transparency is dropped, and the orientation that EXIF notes is ignored, as in Pillow by
/// default. An animation gives its first picture. A FITS file becomes a picture through the default
/// [`Stretch`].
///
/// The format is recognised by the file's content, not by its name; the file may be compressed with gzip
/// or bzip2.
///
/// # Errors
/// [`Error::Picture`] with the reason: the file is missing, empty, not a picture, cut off, damaged,
/// smaller than 8 x 8 pixels or larger than 64 million pixels. The size is checked before memory is
/// allocated.
pub fn read(path: impl AsRef<Path>) -> Result<RgbImage> {
    let path = path.as_ref();
    match open(path)? {
        Decoded::Picture(picture) => Ok(picture),
        Decoded::Flux(planes) => Stretch::default().picture(&planes).map_err(|error| {
            Error::Picture { path: path.to_path_buf(), reason: error.to_string() }
        }),
    }
}

/// Reads a JPEG or PNG file as a picture and a FITS file as flux.
///
/// # Errors
/// As [`read`].
pub fn open(path: impl AsRef<Path>) -> Result<Decoded> {
    let path = path.as_ref();
    let decoded = content(path).and_then(|bytes| {
        let bytes = unpacked(&bytes)?;
        match PictureFormat::of_content(&bytes).map(PictureFormat::reader) {
            Some(Reader::Flux(flux)) => flux(bytes.into_owned()).map(Decoded::Flux),
            _ => decode(&bytes).map(Decoded::Picture),
        }
    });
    decoded.map_err(|reason| Error::Picture { path: path.to_path_buf(), reason })
}

/// The bytes of a file; fails with the reason.
pub(super) fn content(path: &Path) -> Result<Vec<u8>, String> {
    if path.as_os_str().is_empty() {
        return Err("file_loc is empty".to_owned());
    }
    std::fs::read(path).map_err(words)
}

/// Why a file cannot be read, in words.
pub(super) fn words(error: std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "no such file".to_owned(),
        ErrorKind::IsADirectory => "it is a folder, not a picture".to_owned(),
        ErrorKind::PermissionDenied => "you may not read it (permission denied)".to_owned(),
        _ => format!("it cannot be read: {error}"),
    }
}

/// Decodes the bytes of a JPEG or PNG file; fails with the reason. See [`read`].
pub fn decode(bytes: &[u8]) -> Result<RgbImage, String> {
    if bytes.is_empty() {
        return Err("the file is empty (0 bytes)".to_owned());
    }
    match PictureFormat::of_content(bytes).map(PictureFormat::reader) {
        Some(Reader::Picture(read)) => read(bytes),
        _ => Err(other(bytes)),
    }
}

/// Why these bytes are not a picture that can be read.
fn other(bytes: &[u8]) -> String {
    let read = PictureFormat::names();
    match image::guess_format(bytes) {
        Ok(format) => format!("it is a {} picture; {read} are read", name(format)),
        Err(_) if is_web_page(bytes) => {
            "it is a web page (HTML), not a picture: was the download refused?".to_owned()
        }
        Err(_) => format!("it is not a picture: {read} are read"),
    }
}

/// Decodes a picture in a format that the crate `image` reads, after checking its size, so that a huge
/// picture allocates no memory.
pub(super) fn decoded(bytes: &[u8], format: ImageFormat) -> Result<RgbImage, String> {
    let failed = |error: ImageError| match error {
        ImageError::Unsupported(_) => {
            let name = name(format);
            format!("this kind of {name} is not read: save it again as a plain 8-bit {name}")
        }
        ImageError::Limits(_) => "it has too many pixels; at most 64 million are read".to_owned(),
        ImageError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            format!("the {} is cut off before its end", name(format))
        }
        _ => format!("damaged {} file", name(format)),
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_PIXELS * 8);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(failed)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(format!("{width} x {height} pixels are too many; at most 64 million are read"));
    }
    if width.min(height) < FEWEST_PIXELS {
        return Err(format!("{width} x {height} pixels are too few; at least 8 x 8 are needed"));
    }
    Ok(image::DynamicImage::from_decoder(decoder).map_err(failed)?.into_rgb8())
}

/// The usual name of a format.
fn name(format: ImageFormat) -> String {
    format!("{format:?}").to_uppercase()
}

/// Whether these bytes begin a web page, which servers may send in place of a picture.
fn is_web_page(bytes: &[u8]) -> bool {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).to_lowercase();
    let start = start.trim_start_matches(|it: char| it.is_whitespace() || it == '\u{feff}');
    start.starts_with("<!doctype html") || start.starts_with("<html")
}

#[cfg(test)]
mod tests;
