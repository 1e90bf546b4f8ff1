//! Small square pictures for tables and galleries, embedded in the HTML.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use image::imageops::FilterType;
use image::{DynamicImage, RgbImage, codecs::jpeg::JpegEncoder};
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use zoobot_base::{Error, Result};
use zoobot_picture::{Bands, Decoded, Marks, Stretch, open};

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

/// How FITS files are shown.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Look {
    pub stretch: Stretch,
    pub marks: Marks,
    /// The name or the place of the only band; all bands otherwise.
    pub band: Option<String>,
}

/// Loads pictures in parallel, each cut to its central square and at most `pixels` wide.
pub(super) fn load_all(
    files: &[Option<PathBuf>],
    pixels: u32,
    look: &Look,
) -> Vec<Option<Result<Thumbnail>>> {
    files.par_iter().map(|file| Some(load(file.as_deref()?, pixels, look))).collect()
}

/// A thumbnail of a picture in memory, made in the same way.
pub(super) fn of(picture: &RgbImage, pixels: u32) -> Result<Thumbnail> {
    let made = encode(&DynamicImage::from(picture.clone()), pixels);
    let made =
        made.map_err(|error| Error::Picture { path: PathBuf::new(), reason: error.to_string() })?;
    Ok(Thumbnail::of(&made))
}

fn load(file: &Path, pixels: u32, look: &Look) -> Result<Thumbnail> {
    Ok(Thumbnail::of(&jpeg_as(file, pixels, look)?))
}

/// A picture's central square as a JPEG file, at most `pixels` wide; FITS files use the default stretch.
#[doc(hidden)]
pub fn jpeg(file: &Path, pixels: u32) -> Result<Vec<u8>> {
    jpeg_as(file, pixels, &Look::default())
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

/// Like [`jpeg`], with a stretch and marks for FITS files.
pub(crate) fn jpeg_as(file: &Path, pixels: u32, look: &Look) -> Result<Vec<u8>> {
    let failed = |reason: String| Error::Picture { path: file.to_path_buf(), reason };
    if *look == Look::default() {
        let picture = zoobot_picture::read(file)?;
        return encode(&picture.into(), pixels).map_err(|error| failed(error.to_string()));
    }
    if let Decoded::Picture(picture) = open(file)? {
        return encode(&picture.into(), pixels).map_err(|error| failed(error.to_string()));
    }
    let mut bands = Bands::read(&[file], None)?;
    if let Some(band) = &look.band {
        bands = bands.only(band).map_err(|error| failed(error.to_string()))?;
    }
    let picture = bands.picture(&look.stretch).map_err(|error| failed(error.to_string()))?;
    let (width, height) = picture.dimensions();
    let side = width.min(height);
    let mut shown = square(&picture.into(), pixels).to_rgb8();
    if let Some(wcs) = bands.wcs() {
        let left = f64::from((width - side) / 2);
        let top = f64::from(height - 1 - (height - side) / 2);
        let zoom = f64::from(side) / f64::from(shown.width().max(1));
        look.marks.draw(&mut shown, wcs, (left, top), zoom);
    }
    encode(&shown.into(), pixels).map_err(|error| failed(error.to_string()))
}

/// The central square of a picture, at most `pixels` wide.
fn square(picture: &DynamicImage, pixels: u32) -> DynamicImage {
    let (width, height) = (picture.width(), picture.height());
    let side = width.min(height);
    let square = picture.crop_imm((width - side) / 2, (height - side) / 2, side, side);
    match side > pixels {
        true => square.resize_exact(pixels, pixels, FilterType::CatmullRom),
        false => square,
    }
}

fn encode(picture: &DynamicImage, pixels: u32) -> image::ImageResult<Vec<u8>> {
    let square = square(picture, pixels);
    let mut jpeg = Vec::new();
    square.to_rgb8().write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, QUALITY))?;
    Ok(jpeg)
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
        let Thumbnail { uri } = load(&file, 50, &Look::default()).unwrap();
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
            match load(&file, 50, &Look::default()) {
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
