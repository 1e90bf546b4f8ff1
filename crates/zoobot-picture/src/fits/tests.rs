use super::*;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use zoobot_testing::{fits_file, recorded_fits};

const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/recorded/fits_pictures");

/// Recorded from astropy by `tests/recorded/fits_pictures/make.py`.
#[test]
fn pixels_are_astropys_for_every_kind_of_number_and_compression() {
    let expected = std::fs::read(format!("{RECORDED}/expected.json")).unwrap();
    let expected: BTreeMap<String, Vec<Vec<Vec<Value>>>> =
        serde_json::from_slice(&expected).unwrap();
    let dir = tempfile::tempdir().unwrap();
    recorded_fits(dir.path());
    let number = |value: &Value| match value {
        Value::Null => f64::NAN,
        Value::String(text) => text.parse().unwrap(),
        other => other.as_f64().unwrap(),
    };
    let mut wrong = Vec::new();
    for (name, planes) in &expected {
        let found = match read_flux(dir.path().join(name)) {
            Ok(found) => found,
            Err(error) => {
                wrong.push(error.to_string());
                continue;
            }
        };
        let numbers = |rows: &Vec<Vec<Value>>| -> Vec<f64> {
            rows.iter().rev().flatten().map(number).collect()
        };
        // Three planes come as red, green and blue.
        let planes: Vec<Vec<f64>> = planes.iter().rev().map(numbers).collect();
        assert_eq!(found.len(), planes.len(), "{name}");
        for (found, expected) in found.iter().zip(&planes) {
            assert_eq!(found.len(), expected.len(), "{name}");
            let scale =
                expected.iter().filter(|it| it.is_finite()).fold(0.0, |a: f64, b| a.max(b.abs()));
            let off = found.iter().zip(expected).position(|(&found, &expected)| {
                let found = f64::from(found);
                let near = (found - expected).abs() <= 1e-6 * expected.abs() + 1e-7 * scale;
                !(near || found == expected || (found.is_nan() && expected.is_nan()))
            });
            if let Some(at) = off {
                let found = found.iter().nth(at).unwrap();
                wrong.push(format!("{name}: pixel {at} is {found}, not {}", expected[at]));
            }
        }
    }
    assert!(expected.len() > 100);
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), expected.len(), wrong.join("\n"));
}

#[test]
fn files_that_are_cut_off_or_damaged_say_so_in_plain_words() {
    let dir = tempfile::tempdir().unwrap();
    recorded_fits(dir.path());
    let reason = |name: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = std::fs::read(dir.path().join(name)).unwrap();
        change(&mut bytes);
        std::fs::write(dir.path().join("changed"), bytes).unwrap();
        let error = read_flux(dir.path().join("changed")).unwrap_err().to_string();
        assert!(!error.contains("status") && !error.contains("cfitsio"), "{error}");
        error
    };
    let cut = |length: usize| move |bytes: &mut Vec<u8>| bytes.truncate(length);
    for (name, length) in
        [("float32.fits", 2880 + 100), ("float32.fits", 3000), ("RICE_1_lone_plain.fits", 6000)]
    {
        let error = reason(name, &cut(length));
        assert!(error.contains("cut off"), "{name} {length}: {error}");
    }
    assert!(reason("float32.fits", &cut(1000)).contains("FITS"));
    assert!(reason("whole.fits.gz", &cut(200)).contains("the gzip file is cut off"));
    assert!(reason("whole.fits.bz2", &cut(200)).contains("bzip2 file"));
    assert!(reason("whole.fits.gz", &|bytes| bytes[60] ^= 0xff).contains("gzip file"));
    assert!(reason("float32.fits", &|bytes| bytes.clear()).contains("not a FITS file"));
    let zip = reason("float32.fits", &|bytes| *bytes = b"PK\x03\x04 and more".to_vec());
    assert!(zip.contains("compressed with zip"), "{zip}");
}

mod cfitsio;
mod mutants;

fn counted(count: usize) -> Vec<f32> {
    (0..count).map(|value| value as f32).collect()
}

#[test]
fn the_last_row_of_a_plane_is_the_top_and_its_values_are_flux() {
    let dir = tempfile::tempdir().unwrap();
    // When cfitsio itself opens a file, it treats brackets in the name as a command.
    let path = fits_file(dir.path(), "one[1].fits", &[9, 8], &counted(72));
    let planes = read_flux(path).unwrap();
    assert_eq!((planes.len(), planes[0].dim()), (1, (8, 9)));
    assert_eq!((planes[0][[0, 0]], planes[0][[7, 8]], planes[0][[6, 1]]), (63.0, 8.0, 10.0));
}

#[test]
fn three_planes_count_from_blue_to_red_in_the_file_and_come_as_red_green_blue() {
    let dir = tempfile::tempdir().unwrap();
    let planes = read_flux(fits_file(dir.path(), "grz.fits", &[8, 8, 3], &counted(192))).unwrap();
    let last: Vec<f32> = planes.iter().map(|plane| plane[[7, 0]]).collect();
    assert_eq!(last, [128.0, 64.0, 0.0]);
}

#[test]
fn what_is_no_image_of_flux_is_refused_with_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    let reason = |path: PathBuf| read_flux(path).unwrap_err().to_string();
    assert!(reason(dir.path().join("none.fits")).contains("no such file"));
    let two = fits_file(dir.path(), "two.fits", &[8, 8, 2], &counted(128));
    assert!(reason(two).contains("2 x 8 x 8"));
    let small = fits_file(dir.path(), "small.fits", &[7, 9], &counted(63));
    assert!(reason(small).contains("7 x 9 pixels are too few"));
    let empty = fits_file(dir.path(), "empty.fits", &[], &[]);
    assert!(reason(empty).contains("no image"));
    let whole = fits_file(dir.path(), "cut.fits", &[64, 64], &counted(4096));
    let bytes = std::fs::read(&whole).unwrap();
    std::fs::write(&whole, &bytes[..5000]).unwrap();
    assert!(reason(whole).contains("FITS"));
    let text = dir.path().join("text.fits");
    std::fs::write(&text, "no FITS at all").unwrap();
    assert!(reason(text).contains("not a FITS file"));
}
