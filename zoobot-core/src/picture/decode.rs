//! JPEG and PNG files to 8-bit RGB and FITS files to flux, with a reason for every file that cannot be one.

use super::fits::{BEGINNING, read_flux};
use super::stretch::Stretch;
use crate::error::{Error, Result};
use image::{ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage};
use ndarray::Array2;
use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

/// The most pixels a picture may have: 64 million, 8,000 by 8,000.
pub(super) const MOST_PIXELS: u64 = 64_000_000;
/// The fewest pixels a side may have; less is no picture of a galaxy.
pub(super) const FEWEST_PIXELS: u32 = 8;

/// What a file holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Decoded {
    /// A picture.
    Picture(RgbImage),
    /// One plane of flux, or red, green and blue: see [`read_flux`](super::read_flux).
    Flux(Vec<Array2<f32>>),
}

/// Reads a JPEG or PNG file as RGB: 16-bit, grey, palette and CMYK pictures are converted,
/// transparency is dropped. Of a FITS file the default [`Stretch`] makes a picture to look at.
///
/// # Errors
/// [`Error::Picture`] with the reason: missing, empty, not a picture, cut off, damaged, smaller
/// than 8 x 8 or larger than 64 million pixels. The size is checked before memory is taken.
pub fn read(path: impl AsRef<Path>) -> Result<RgbImage> {
    match open(path.as_ref())? {
        Decoded::Picture(picture) => Ok(picture),
        Decoded::Flux(planes) => Stretch::default().picture(&planes),
    }
}

/// Reads a JPEG, PNG or FITS file as what it is.
///
/// # Errors
/// As [`read`].
pub fn open(path: impl AsRef<Path>) -> Result<Decoded> {
    let path = path.as_ref();
    let fail = |reason: String| Error::Picture { path: path.to_path_buf(), reason };
    if path.as_os_str().is_empty() {
        return Err(fail("file_loc is empty".to_owned()));
    }
    let unread = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => fail("no such file".to_owned()),
        _ => fail(error.to_string()),
    };
    // What begins as a FITS file is read by its library.
    let mut file = File::open(path).map_err(unread)?;
    let mut bytes = Vec::new();
    file.by_ref().take(BEGINNING.len() as u64).read_to_end(&mut bytes).map_err(unread)?;
    if bytes == BEGINNING {
        return Ok(Decoded::Flux(read_flux(path)?));
    }
    file.read_to_end(&mut bytes).map_err(unread)?;
    decode(&bytes).map(Decoded::Picture).map_err(fail)
}

/// Decodes the bytes of a JPEG or PNG file; fails with the reason. See [`read`].
pub fn decode(bytes: &[u8]) -> Result<RgbImage, String> {
    if bytes.is_empty() {
        return Err("the file is empty (0 bytes)".to_owned());
    }
    let format = match image::guess_format(bytes) {
        Ok(format @ (ImageFormat::Jpeg | ImageFormat::Png)) => format,
        Ok(other) => return Err(format!("it is a {other:?} picture; JPEG, PNG and FITS are read")),
        Err(_) => return Err("it is not a picture: JPEG, PNG and FITS are read".to_owned()),
    };
    if format == ImageFormat::Jpeg && !jpeg_is_whole(bytes) {
        return Err("the JPEG is cut off before its end".to_owned());
    }
    let damaged = |error: image::ImageError| format!("damaged {format:?}: {error}");
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_PIXELS * 8);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(format!("{width} x {height} pixels are too many; at most 64 million are read"));
    }
    if width.min(height) < FEWEST_PIXELS {
        return Err(format!("{width} x {height} pixels are too few; at least 8 x 8 are needed"));
    }
    Ok(image::DynamicImage::from_decoder(decoder).map_err(damaged)?.into_rgb8())
}

/// Walks a JPEG's segments to its end marker.
///
/// Decoders fill what a cut-off file lacks with grey and say nothing; a network would take that
/// for a galaxy.
fn jpeg_is_whole(bytes: &[u8]) -> bool {
    const END: u8 = 0xd9;
    const SCAN: u8 = 0xda;
    let mut at = 2;
    while let Some(pair) = bytes.get(at..at + 2) {
        if pair[0] != 0xff {
            return false;
        }
        match pair[1] {
            END => return true,
            0xff => at += 1,
            0x01 | 0xd0..=0xd8 => at += 2,
            marker => {
                let Some(length) = bytes.get(at + 2..at + 4) else { return false };
                at += 2 + usize::from(u16::from_be_bytes([length[0], length[1]]));
                if marker == SCAN {
                    match end_of_scan(bytes, at) {
                        Some(end) => at = end,
                        None => return false,
                    }
                }
            }
        }
    }
    false
}

/// Where the entropy-coded bytes from `start` end: at a marker that is neither an escaped 0xff
/// nor a restart.
fn end_of_scan(bytes: &[u8], start: usize) -> Option<usize> {
    let scan = bytes.get(start..)?;
    let is_marker = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0 | 0xd0..=0xd7 | 0xff);
    scan.windows(2).position(is_marker).map(|at| start + at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{DynamicImage, ImageBuffer, Luma, Rgb};

    fn encode(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn gradient(size: u32) -> DynamicImage {
        RgbImage::from_fn(size, size, |x, y| Rgb([x as u8, y as u8, 99])).into()
    }

    #[test]
    fn a_jpeg_cut_anywhere_is_refused_and_a_whole_one_read() {
        let whole = encode(&gradient(64), ImageFormat::Jpeg);
        assert_eq!(decode(&whole).unwrap().dimensions(), (64, 64));
        for length in [whole.len() - 1, whole.len() / 2, 200, 30, 4, 3] {
            let reason = decode(&whole[..length]).unwrap_err();
            assert!(reason.contains("cut off"), "{length}: {reason}");
        }
        let mut longer = whole.clone();
        longer.extend_from_slice(b"trailing bytes that some cameras write");
        assert!(decode(&longer).is_ok());
    }

    #[test]
    fn a_cut_png_is_refused() {
        let whole = encode(&gradient(64), ImageFormat::Png);
        assert!(decode(&whole[..whole.len() / 2]).unwrap_err().contains("damaged Png"));
    }

    #[test]
    fn text_and_nothing_are_not_pictures() {
        assert!(decode(b"just text").unwrap_err().contains("not a picture"));
        assert!(decode(b"").unwrap_err().contains("0 bytes"));
        assert!(decode(b"SIMPLE  =                    T").unwrap_err().contains("FITS"));
        assert!(decode(b"GIF89a........").unwrap_err().contains("Gif"));
    }

    #[test]
    fn a_missing_file_and_an_empty_name_say_so() {
        let reason = |path: &str| read(path).unwrap_err().to_string();
        assert!(reason("/nowhere/a.jpg").contains("no such file"));
        assert!(reason("").contains("file_loc is empty"));
    }

    #[test]
    fn tiny_pictures_are_refused() {
        assert!(decode(&encode(&gradient(1), ImageFormat::Png)).unwrap_err().contains("1 x 1"));
        assert!(decode(&encode(&gradient(8), ImageFormat::Png)).is_ok());
    }

    /// The header of a PNG of 20,000 x 20,000 pixels with almost nothing behind it.
    #[test]
    fn a_huge_header_is_refused_before_memory_is_taken() {
        let mut png = encode(&gradient(16), ImageFormat::Png);
        png[16..20].copy_from_slice(&20_000_u32.to_be_bytes());
        png[20..24].copy_from_slice(&20_000_u32.to_be_bytes());
        let checksum = crc32(&png[12..29]);
        png[29..33].copy_from_slice(&checksum.to_be_bytes());
        assert!(decode(&png).unwrap_err().contains("20000 x 20000 pixels are too many"));
        let mut jpeg = encode(&gradient(16), ImageFormat::Jpeg);
        let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
        jpeg[frame + 5..frame + 7].copy_from_slice(&20_000_u16.to_be_bytes());
        jpeg[frame + 7..frame + 9].copy_from_slice(&20_000_u16.to_be_bytes());
        assert!(decode(&jpeg).unwrap_err().contains("20000 x 20000"));
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0_u32, |crc, &byte| {
            (0..8).fold(crc ^ u32::from(byte), |c, _| {
                (c >> 1) ^ (0xedb8_8320 & (c & 1).wrapping_neg())
            })
        })
    }

    #[test]
    fn sixteen_bits_grey_and_transparency_become_rgb() {
        let deep: ImageBuffer<Rgb<u16>, Vec<u16>> =
            ImageBuffer::from_fn(9, 9, |_, _| Rgb([65_535, 32_896, 0]));
        let deep = decode(&encode(&deep.into(), ImageFormat::Png)).unwrap();
        assert_eq!(deep.get_pixel(0, 0).0, [255, 128, 0]);
        let grey: ImageBuffer<Luma<u8>, Vec<u8>> = ImageBuffer::from_pixel(9, 9, Luma([77]));
        let grey = decode(&encode(&grey.into(), ImageFormat::Png)).unwrap();
        assert_eq!(grey.get_pixel(0, 0).0, [77, 77, 77]);
    }

    /// Written by `tests/fixtures/pictures/make_pictures.py`: left half red, right half blue.
    #[test]
    fn cmyk_progressive_and_palette_pictures_have_the_colours_pillow_wrote() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/pictures");
        for name in ["cmyk.jpg", "progressive.jpg", "palette.png", "transparent.png"] {
            let picture = read(format!("{folder}/{name}")).unwrap();
            for (x, expected) in [(2, [255, 0, 0]), (13, [0, 0, 255])] {
                let found = picture.get_pixel(x, 8).0;
                let off = found.iter().zip(expected).map(|(&a, b)| i32::from(a).abs_diff(b)).max();
                assert!(off.unwrap() <= 6, "{name} at {x}: {found:?}");
            }
        }
        // 16-bit grey that holds 8-bit luminances: almost black.
        let grey = read(format!("{folder}/grey16.png")).unwrap();
        assert_eq!(grey.dimensions(), (16, 16));
    }
}
