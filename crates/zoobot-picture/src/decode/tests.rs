use super::*;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use image::{DynamicImage, ImageBuffer, Luma, Rgb};
use serde_json::Value;
use std::collections::BTreeMap;

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
    assert!(decode(&whole[..whole.len() / 2]).unwrap_err().contains("PNG"));
}

#[test]
fn text_and_nothing_are_not_pictures() {
    assert!(decode(b"just text").unwrap_err().contains("not a picture"));
    assert!(decode(b"").unwrap_err().contains("0 bytes"));
    assert!(decode(b"SIMPLE  =                    T").unwrap_err().contains("FITS"));
    assert!(decode(b"GIF89a........").unwrap_err().contains("GIF"));
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

/// The header of a PNG of 20,000 x 20,000 pixels, followed by almost nothing.
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
        (0..8).fold(crc ^ u32::from(byte), |c, _| (c >> 1) ^ (0xedb8_8320 & (c & 1).wrapping_neg()))
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
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/pictures");
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

/// Recorded from Pillow by `tests/recorded/pictures/make.py`.
#[test]
fn pixels_are_pillows_for_every_kind_of_picture_and_others_say_why_not() {
    const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/recorded/pictures");
    let expected = std::fs::read(format!("{RECORDED}/expected.json")).unwrap();
    let expected: BTreeMap<String, Value> = serde_json::from_slice(&expected).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let inputs = std::fs::File::open(format!("{RECORDED}/inputs.zip")).unwrap();
    zip::ZipArchive::new(inputs).unwrap().extract(dir.path()).unwrap();
    let mut wrong = Vec::new();
    for (name, expected) in &expected {
        match (read(dir.path().join(name)), expected["words"].as_array()) {
            (Err(error), Some(words)) => {
                let error = error.to_string();
                let said = words.iter().all(|word| error.contains(word.as_str().unwrap()));
                if !said || error.contains("Error") || error.contains("decod") {
                    wrong.push(error);
                }
            }
            (Ok(picture), None) => {
                let size = [picture.width(), picture.height()].map(Value::from);
                assert_eq!(size.as_slice(), expected["size"].as_array().unwrap(), "{name}");
                let rgb = BASE64.decode(expected["rgb"].as_str().unwrap()).unwrap();
                let off = picture.as_raw().iter().zip(&rgb).map(|(a, b)| a.abs_diff(*b)).max();
                if u64::from(off.unwrap()) > expected["off"].as_u64().unwrap() {
                    wrong.push(format!("{name} is off by {off:?}"));
                }
            }
            (found, _) => wrong.push(format!("{name}: {:?}", found.map(|it| it.dimensions()))),
        }
    }
    assert!(expected.len() > 40);
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), expected.len(), wrong.join("\n"));
}
