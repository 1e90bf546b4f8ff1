//! Helpers shared by tests: recorded results of other programs, real galaxies if available, and a way to
//! report that a test cannot run here.

use std::io::Write;
use std::path::{Path, PathBuf};

/// A folder of recorded results, in `$ZOOBOT_GOLDEN` or else in `tests/golden`, whose README says how each
/// was made.
pub fn folder(part: &str) -> Option<PathBuf> {
    let ours = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden");
    found("ZOOBOT_GOLDEN", std::env::var_os("ZOOBOT_GOLDEN").map_or_else(ours, PathBuf::from), part)
}

/// A file or folder of real galaxies, which cannot be part of this repository: in `$ZOOBOT_DATA`, or else in
/// `../shared/data` beside it.
pub fn data(part: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    found("ZOOBOT_DATA", std::env::var_os("ZOOBOT_DATA").map_or_else(beside, PathBuf::from), part)
}

fn found(variable: &str, folder: PathBuf, part: &str) -> Option<PathBuf> {
    let path = folder.join(part);
    let there = path.exists();
    if !there {
        skip(&format!("no {} (set {variable})", path.display()));
    }
    there.then_some(path)
}

/// Reports that the calling test cannot run here, and why. `cargo xtask test` names a file for these reports,
/// and counts its entries as skipped tests.
pub fn skip(why: &str) {
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("a test");
    println!("skipped: {why}");
    let Some(path) = std::env::var_os("ZOOBOT_SKIPPED") else { return };
    let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
    let note = format!("{name}: {why}\n");
    if let Err(error) = file.and_then(|mut it| it.write_all(note.as_bytes())) {
        println!("the note was not kept: {error}");
    }
}

/// Writes the FITS pictures whose pixels were recorded with astropy (`tests/recorded/fits_pictures/make.py`)
/// into a folder.
///
/// # Panics
/// If they cannot be written.
pub fn recorded_fits(folder: &Path) {
    let recorded =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/recorded/fits_pictures/inputs.zip");
    let inputs = std::fs::File::open(recorded).expect("the recorded pictures");
    let mut inputs = zip::ZipArchive::new(inputs).expect("an archive");
    inputs.extract(folder).expect("a folder to write into");
}

/// Writes a FITS file that follows the standard (version 4.0) to the letter: cards of 80 characters in blocks
/// of 2880 bytes, values in big-endian order.
///
/// # Panics
/// If it cannot be written.
pub fn fits_file(folder: &Path, name: &str, axes: &[usize], values: &[f32]) -> PathBuf {
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
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("a folder to write into");
    path
}
