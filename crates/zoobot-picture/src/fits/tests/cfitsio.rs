//! Pixels as cfitsio reads them, by the crate `fitsio`.

use super::*;
use fitsio::FitsFile as Reference;
use fitsio::hdu::HduInfo;

/// Compares every image of a file with cfitsio. Returns how many it had, or why cfitsio does not read the file.
fn compared(path: &std::path::Path) -> Result<usize, String> {
    let refused = |error: fitsio::errors::Error| error.to_string();
    let mut reference = Reference::open(path).map_err(refused)?;
    let parts = reference.iter().count();
    let ours = FitsFile::open(path).unwrap_or_else(|error| panic!("{error}"));
    let mut images = 0;
    for part in 0..parts {
        let hdu = reference.hdu(part).map_err(refused)?;
        let HduInfo::ImageInfo { shape, .. } = &hdu.info else { continue };
        if shape.is_empty() || shape.contains(&0) {
            continue;
        }
        let expected: Vec<f64> = hdu.read_image(&mut reference).map_err(refused)?;
        let found = ours.image(Some(&Hdu::Number(part)));
        let found = found.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let found = found.pixels().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(found.len(), expected.len(), "{}, part {part}", path.display());
        let largest =
            expected.iter().filter(|it| it.is_finite()).fold(0.0, |a: f64, b| a.max(b.abs()));
        for (at, (found, expected)) in found.iter().zip(&expected).enumerate() {
            // cfitsio gives the number that stands for an undefined pixel.
            let near = (found - expected).abs() <= 1e-6 * expected.abs() + 1e-7 * largest;
            assert!(
                near || !found.is_finite(),
                "{}, part {part}, pixel {at}: {found}, but cfitsio reads {expected}",
                path.display()
            );
        }
        images += 1;
    }
    Ok(images)
}

#[test]
fn pixels_are_cfitsios() {
    let dir = tempfile::tempdir().unwrap();
    recorded_fits(dir.path());
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(dir.path()).unwrap().map(|it| it.unwrap().path()).collect();
    if let Some(real) = zoobot_testing::data("fits") {
        for folder in std::fs::read_dir(real).unwrap().map(|it| it.unwrap().path()) {
            let all = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
            files.extend(all.filter(|it| it.to_string_lossy().contains(".fits")));
        }
    }
    files.sort();
    let (mut images, mut refused) = (0, Vec::new());
    for file in &files {
        match compared(file) {
            Ok(count) => images += count,
            Err(why) => refused.push(format!("{}: {why}", file.display())),
        }
    }
    assert!(images > 80, "{images} images of {} files; not read: {refused:#?}", files.len());
}
