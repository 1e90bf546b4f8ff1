use super::*;
use crate::picture::{Recipe, Stretch};
use std::path::PathBuf;

/// A FITS file by the letter of the standard (version 4.0): cards of 80 characters in blocks of 2880
/// bytes, values in big-endian order.
fn written(dir: &tempfile::TempDir, name: &str, axes: &[usize], values: &[f32]) -> PathBuf {
    let mut cards = vec![
        "SIMPLE  =                    T".to_owned(),
        "BITPIX  =                  -32".to_owned(),
        format!("NAXIS   = {:>20}", axes.len()),
    ];
    for (place, length) in (1..).zip(axes) {
        cards.push(format!("{:<8}= {length:>20}", format!("NAXIS{place}")));
    }
    cards.push("END".to_owned());
    let mut bytes: Vec<u8> =
        cards.iter().flat_map(|card| format!("{card:<80}").into_bytes()).collect();
    bytes.resize(bytes.len().next_multiple_of(2880), b' ');
    bytes.extend(values.iter().flat_map(|value| value.to_be_bytes()));
    bytes.resize(bytes.len().next_multiple_of(2880), 0);
    let path = dir.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn counted(count: usize) -> Vec<f32> {
    (0..count).map(|value| value as f32).collect()
}

#[test]
fn the_last_row_of_a_plane_is_the_top_and_its_values_are_flux() {
    let dir = tempfile::tempdir().unwrap();
    // Brackets are a command to cfitsio elsewhere.
    let path = written(&dir, "one[1].fits", &[9, 8], &counted(72));
    let planes = read_flux(path).unwrap();
    assert_eq!((planes.len(), planes[0].dim()), (1, (8, 9)));
    assert_eq!((planes[0][[0, 0]], planes[0][[7, 8]], planes[0][[6, 1]]), (63.0, 8.0, 10.0));
}

#[test]
fn three_planes_count_from_blue_to_red_in_the_file_and_come_as_red_green_blue() {
    let dir = tempfile::tempdir().unwrap();
    let planes = read_flux(written(&dir, "grz.fits", &[8, 8, 3], &counted(192))).unwrap();
    let last: Vec<f32> = planes.iter().map(|plane| plane[[7, 0]]).collect();
    assert_eq!(last, [128.0, 64.0, 0.0]);
}

#[test]
fn what_is_no_image_of_flux_is_refused_with_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    let reason = |path: PathBuf| read_flux(path).unwrap_err().to_string();
    assert!(reason(dir.path().join("none.fits")).contains("no such file"));
    let two = written(&dir, "two.fits", &[8, 8, 2], &counted(128));
    assert!(reason(two).contains("[2, 8, 8]"));
    let small = written(&dir, "small.fits", &[7, 9], &counted(63));
    assert!(reason(small).contains("7 x 9 pixels are too few"));
    let empty = written(&dir, "empty.fits", &[], &[]);
    assert!(reason(empty).contains("no image"));
    let whole = written(&dir, "cut.fits", &[64, 64], &counted(4096));
    let bytes = std::fs::read(&whole).unwrap();
    std::fs::write(&whole, &bytes[..5000]).unwrap();
    assert!(reason(whole).contains("FITS"));
    let text = dir.path().join("text.fits");
    std::fs::write(&text, "no FITS at all").unwrap();
    assert!(reason(text).contains("not a FITS file"));
}

#[test]
fn a_recipe_with_a_stretch_takes_fits_files_and_one_without_says_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let path = written(&dir, "one.fits", &[32, 32], &counted(1024));
    let message = Recipe::zoobot().read(&path).unwrap_err().to_string();
    assert!(message.contains("flux") && message.contains("stretch"), "{message}");
    let stretch = Stretch::linear().flux(0.0, 1023.0);
    let recipe = Recipe { zoom: 1.0, size: 32, ..Recipe::zoobot() }.stretch(stretch);
    let batch = recipe.batch(&[recipe.read(&path).unwrap()], tch::Device::Cpu).unwrap();
    let at = |row: i64, column: i64| batch.double_value(&[0, 1, row, column]);
    assert!((at(31, 0), at(0, 31)) == (0.0, 1.0), "{} {}", at(31, 0), at(0, 31));
    // Shown as it is in galleries, by the default stretch.
    assert_eq!(crate::picture::read(&path).unwrap().dimensions(), (32, 32));
}
