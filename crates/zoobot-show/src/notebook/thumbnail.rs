//! Small square pictures for tables and galleries, embedded in the HTML.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use image::imageops::FilterType;
use image::{DynamicImage, RgbImage, codecs::jpeg::JpegEncoder};
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use zoobot_base::{Error, Result};

/// A picture as a `data:` URI.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Thumbnail {
    pub uri: String,
}

impl Thumbnail {
    fn of(jpeg: &[u8]) -> Self {
        Self { uri: format!("data:image/jpeg;base64,{}", BASE64.encode(jpeg)) }
    }
}

const QUALITY: u8 = 82;

/// Loads pictures in parallel, each cut to its central square and at most `pixels` wide.
pub(super) fn load_all(files: &[Option<PathBuf>], pixels: u32) -> Vec<Option<Result<Thumbnail>>> {
    files.par_iter().map(|file| Some(load(file.as_deref()?, pixels))).collect()
}

/// A thumbnail of a picture in memory, made in the same way.
pub(super) fn of(picture: &RgbImage, pixels: u32) -> Result<Thumbnail> {
    let made = encode(&DynamicImage::from(picture.clone()), pixels);
    let made =
        made.map_err(|error| Error::Picture { path: PathBuf::new(), reason: error.to_string() })?;
    Ok(Thumbnail::of(&made))
}

fn load(file: &Path, pixels: u32) -> Result<Thumbnail> {
    Ok(Thumbnail::of(&jpeg(file, pixels)?))
}

/// A picture's central square as a JPEG file, at most `pixels` wide; FITS files use the default stretch.
#[doc(hidden)]
pub fn jpeg(file: &Path, pixels: u32) -> Result<Vec<u8>> {
    let picture = zoobot_picture::read(file)?;
    encode(&picture.into(), pixels)
        .map_err(|error| Error::Picture { path: file.to_path_buf(), reason: error.to_string() })
}

/// A picture's central square as a PNG file, at most `pixels` wide; FITS files use the default stretch.
#[doc(hidden)]
pub fn png(file: &Path, pixels: u32) -> Result<Vec<u8>> {
    let square = square(&zoobot_picture::read(file)?.into(), pixels);
    let mut png = std::io::Cursor::new(Vec::new());
    (square.to_rgb8().write_to(&mut png, image::ImageFormat::Png))
        .map_err(|error| Error::Picture { path: file.to_path_buf(), reason: error.to_string() })?;
    Ok(png.into_inner())
}

fn encode(picture: &DynamicImage, pixels: u32) -> image::ImageResult<Vec<u8>> {
    let mut jpeg = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut jpeg, QUALITY);
    square(picture, pixels).to_rgb8().write_with_encoder(encoder)?;
    Ok(jpeg)
}

/// The central square, at most `pixels` wide.
fn square(picture: &DynamicImage, pixels: u32) -> DynamicImage {
    let (width, height) = (picture.width(), picture.height());
    let side = width.min(height);
    let square = picture.crop_imm((width - side) / 2, (height - side) / 2, side, side);
    if side > pixels {
        square.resize_exact(pixels, pixels, FilterType::CatmullRom)
    } else {
        square
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn a_wide_picture_is_cut_to_its_centre_and_shrunk() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("wide.png");
        let colour =
            |x, _| if (100..200).contains(&x) { Rgb([200, 40, 40]) } else { Rgb([0, 0, 0]) };
        RgbImage::from_fn(300, 100, colour).save(&file).unwrap();
        let Thumbnail { uri } = load(&file, 50).unwrap();
        let jpeg = BASE64.decode(uri.strip_prefix("data:image/jpeg;base64,").unwrap()).unwrap();
        let small = image::load_from_memory(&jpeg).unwrap().to_rgb8();
        assert_eq!(small.dimensions(), (50, 50));
        for pixel in small.pixels() {
            assert!(pixel.0[0] > 180 && pixel.0[1] < 60, "only the red middle is left: {pixel:?}");
        }
    }

    #[test]
    fn what_is_no_picture_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let reason = |name: &str, content: Option<&[u8]>| {
            let file = folder.path().join(name);
            if let Some(content) = content {
                std::fs::write(&file, content).unwrap();
            }
            match load(&file, 50) {
                Err(Error::Picture { reason, path }) => {
                    assert_eq!(path, file);
                    reason
                }
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(reason("missing.jpg", None), "no such file");
        let words = reason("text.jpg", Some(b"these are words"));
        assert_eq!(words, "it is not a picture: JPEG, PNG and FITS are read");
        assert_eq!(reason("empty.jpg", Some(b"")), "the file is empty (0 bytes)");
        let mut png = Vec::new();
        let picture = DynamicImage::new_rgb8(64, 64);
        picture.write_to(&mut std::io::Cursor::new(&mut png), image::ImageFormat::Png).unwrap();
        let cut = reason("cut.png", Some(&png[..png.len() / 2]));
        assert!(cut.contains("PNG"), "{cut}");
    }
}
