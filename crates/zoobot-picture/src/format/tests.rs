use super::*;
use crate::decode::{Decoded, open};
use image::{DynamicImage, ImageFormat};
use std::collections::HashSet;
use std::io::Cursor;

/// A file of each format, in the order of `FORMATS`.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    let encode = |format| {
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(9, 9).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    };
    let cards = ["SIMPLE  =                    T", "BITPIX  =                    8"];
    let axes = ["NAXIS   =                    2", "NAXIS1  =                    9"];
    let end = ["NAXIS2  =                    9", "END"];
    let cards = cards.iter().chain(&axes).chain(&end);
    let mut fits: Vec<u8> = cards.flat_map(|card| format!("{card:80}").into_bytes()).collect();
    fits.resize(2880, b' ');
    fits.resize(2 * 2880, 0);
    vec![("JPEG", encode(ImageFormat::Jpeg)), ("PNG", encode(ImageFormat::Png)), ("FITS", fits)]
}

#[test]
fn names_and_endings_are_unique_and_each_format_is_found_by_its_own() {
    let all = PictureFormat::all();
    let names: HashSet<&str> = all.iter().map(PictureFormat::name).collect();
    let endings: HashSet<&str> = all.iter().flat_map(PictureFormat::endings).copied().collect();
    assert_eq!(names.len(), all.len());
    assert_eq!(endings.len(), all.iter().map(|it| it.endings().len()).sum::<usize>());
    for format in all {
        let packings = std::iter::once("").chain(format.packed.iter().copied());
        let all = packings.flat_map(|packed| format.endings.iter().map(move |it| (it, packed)));
        for ending in all.map(|(ending, packed)| format!("{ending}{packed}")) {
            assert!(ending.starts_with('.') && ending == ending.to_lowercase(), "{ending}");
            for name in [format!("M51{ending}"), format!("m.51{}", ending.to_uppercase())] {
                let (found, stem) = PictureFormat::of_name(&name).unwrap();
                assert_eq!(
                    (found.name(), stem),
                    (format.name(), &name[..name.len() - ending.len()])
                );
            }
        }
    }
    assert!(PictureFormat::of_name("M51.jpg.gz").is_none());
    assert!(PictureFormat::of_name("M51").is_none() && PictureFormat::of_name("M51.csv").is_none());
}

#[test]
fn a_format_is_recognised_by_its_content_whatever_the_name() {
    let (folder, files) = (tempfile::tempdir().unwrap(), files());
    let names: Vec<&str> = PictureFormat::all().iter().map(PictureFormat::name).collect();
    assert_eq!(names, files.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    for (name, bytes) in &files {
        let format = PictureFormat::of_content(bytes).unwrap();
        assert_eq!(format.name(), *name);
        let others = PictureFormat::all().iter().filter(|it| (it.begins)(bytes)).count();
        assert_eq!(others, 1, "{name} is taken for another format");
        for ending in [".jpg", ".png", ".fits", ".txt"] {
            let path = folder.path().join(format!("a{ending}"));
            std::fs::write(&path, bytes).unwrap();
            let is_flux = matches!(open(&path).unwrap(), Decoded::Flux(_));
            assert_eq!(is_flux, format.is_flux(), "{name} as {ending}");
        }
    }
    assert!(PictureFormat::of_content(b"").is_none());
    assert!(PictureFormat::of_content(b"GIF89a").is_none());
}

#[test]
fn formats_and_endings_are_listed_in_words() {
    assert_eq!(PictureFormat::names(), "JPEG, PNG and FITS");
    assert_eq!(
        PictureFormat::usual_endings(),
        ".jpg, .jpeg, .png, .fits, .fit or .fts (also .fits.fz, .fits.gz and .fits.bz2)"
    );
}
