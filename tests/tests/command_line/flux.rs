//! Catalogues of FITS pictures, and of FITS and JPEG mixed, through every command.

use super::{errors, figures, run};
use std::path::Path;
use zoobot_core::encoder::{Architecture, Encoder};
use zoobot_core::picture::{Recipe, read};
use zoobot_core::space::Space;

/// Writes a FITS image of three planes, following the standard (version 4.0).
fn write_fits(path: &Path, side: usize, value: impl Fn(usize, usize, usize) -> f32) {
    let mut header = "SIMPLE  =                    T".to_owned();
    header = format!("{header:<80}");
    for (key, value) in [
        ("BITPIX", "-32".to_owned()),
        ("NAXIS", "3".to_owned()),
        ("NAXIS1", side.to_string()),
        ("NAXIS2", side.to_string()),
        ("NAXIS3", "3".to_owned()),
    ] {
        header += &format!("{:<80}", format!("{key:<8}= {value:>20}"));
    }
    let mut bytes = format!("{header}{:<80}", "END").into_bytes();
    bytes.resize(2880, b' ');
    for band in 0..3 {
        for row in 0..side {
            (0..side).for_each(|column| bytes.extend(value(band, row, column).to_be_bytes()));
        }
    }
    bytes.resize(bytes.len().next_multiple_of(2880), 0);
    std::fs::write(path, bytes).unwrap();
}

/// Simulated galaxies with votes as `catalog.csv`, every other one a FITS file; the rest alone as
/// `pictures.csv`; a small encoder in `small`.
fn mixed(galaxies: usize) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let count = galaxies.to_string();
    let words = ["simulate", "--galaxies", &count, "--size", "40", "--votes", "gz2", "--json"];
    let kinds = ["--kinds", "jellyfish,diffuse", "--out", "."];
    figures(&run(&[&words[..], &kinds].concat(), dir.path()));
    let path = dir.path().join("catalog.csv");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut lines = text.lines();
    let head = lines.next().unwrap();
    let place = head.split(',').position(|name| name == "file_loc").unwrap();
    let (mut all, mut pictures) = (head.to_owned() + "\n", head.to_owned() + "\n");
    for (row, line) in lines.enumerate() {
        let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        if row % 2 == 0 {
            let picture = read(dir.path().join(&cells[place])).unwrap();
            let side = picture.width() as usize;
            cells[place] = format!("{row}.fits");
            write_fits(&dir.path().join(&cells[place]), side, |band, y, x| {
                let pixel = picture.get_pixel(x as u32, (side - 1 - y) as u32);
                // A corner is undefined.
                if x + y < 4 { f32::NAN } else { f32::from(pixel.0[2 - band]).powi(2) * 1e-4 }
            });
        } else {
            pictures += &format!("{line}\n");
        }
        all += &format!("{}\n", cells.join(","));
    }
    std::fs::write(&path, all).unwrap();
    std::fs::write(dir.path().join("pictures.csv"), pictures).unwrap();
    let recipe = Recipe { size: 32, zoom: 1.0, ..Recipe::zoobot() };
    let small = Encoder::untrained(Architecture::named("resnet18").unwrap(), recipe, 1).unwrap();
    small.save(dir.path().join("small")).unwrap();
    dir
}

const SAID: &str = "FITS pictures are stretched by asinh between the percentiles 0 and 99.7; \
                    --stretch changes that";

fn encode<'a>(catalog: &'a str, out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let words = ["encode", "--encoder", "small", "--json", "--catalog", catalog, "--out", out];
    [&words[..], more].concat()
}

#[test]
fn fits_and_jpeg_are_encoded_together_and_other_stretches_are_told_apart() {
    let dir = mixed(24);
    let place = dir.path();
    let done = run(&encode("catalog.csv", "all.parquet", &[]), place);
    assert_eq!(figures(&done)["encoded"], 24);
    assert_eq!(errors(&done).matches(SAID).count(), 1, "{}", errors(&done));
    let jpegs = run(&encode("pictures.csv", "jpegs.parquet", &[]), place);
    assert!(!errors(&jpegs).contains("stretch"), "{}", errors(&jpegs));
    let log = run(&encode("catalog.csv", "log.parquet", &["--stretch", "log"]), place);
    assert!(!errors(&log).contains("stretched"), "{}", errors(&log));

    let space = |name: &str| Space::read(place.join(name)).unwrap();
    let (all, jpegs, log) = (space("all.parquet"), space("jpegs.parquet"), space("log.parquet"));
    for (row, id) in jpegs.ids().iter().enumerate() {
        let at = all.ids().iter().position(|it| it == id).unwrap();
        // The features of a picture do not depend on the others in its batch, up to rounding.
        let near = |space: &Space| {
            let (a, b) = (jpegs.features(), space.features());
            let (a, b) = (a.row(row), b.row(at));
            a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4)
        };
        assert!(near(&all) && near(&log), "{id}");
    }
    assert!(all.features().row(0) != log.features().row(0));
    assert_ne!(all.origin().unwrap().recipe, log.origin().unwrap().recipe);

    // A query is found if it was stretched like the table; otherwise it is refused.
    let similar = |table: &'static str, more: &[&'static str]| {
        let words = ["similar", "--json", "-k", "3", "--encoder", "small", "--picture", "0.fits"];
        run(&[&words[..], &["--representations", table], more].concat(), place)
    };
    for (table, more) in [
        ("all.parquet", &[][..]),
        ("all.parquet", &["--stretch", "asinh"]),
        ("log.parquet", &["--stretch", "log"]),
    ] {
        let found = figures(&similar(table, more));
        let nearest = found["neighbours"][0]["distance"].as_f64().unwrap();
        assert!(nearest < 1e-3, "{table} {more:?}: {found}");
    }
    for (table, more) in [
        ("all.parquet", &["--stretch", "log"][..]),
        ("log.parquet", &[]),
        ("log.parquet", &["--stretch", "log:10"]),
    ] {
        let output = similar(table, more);
        assert_eq!(output.status.code(), Some(2), "{table} {more:?}");
        assert!(errors(&output).contains("* stretch"), "{}", errors(&output));
    }
    let output = run(&encode("catalog.csv", "x.parquet", &["--stretch", "cube"]), place);
    assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
    assert!(errors(&output).contains("stretch must be asinh"), "{}", errors(&output));
}

#[test]
fn a_fits_file_without_a_value_is_listed_and_the_rest_is_encoded() {
    let dir = mixed(8);
    let place = dir.path();
    write_fits(&place.join("2.fits"), 40, |band, _, _| if band == 1 { f32::NAN } else { 1.0 });
    std::fs::write(place.join("4.fits"), &std::fs::read(place.join("4.fits")).unwrap()[..9000])
        .unwrap();
    let done = figures(&run(&encode("catalog.csv", "all.parquet", &[]), place));
    assert_eq!((&done["encoded"], &done["failed"]), (&6.into(), &2.into()));
    let list = std::fs::read_to_string(place.join("all.failed.csv")).unwrap();
    assert!(list.contains("every pixel of plane") && list.contains("cut off"), "{list}");
}

#[test]
fn votes_and_labels_are_learnt_from_fits_and_predicted() {
    let dir = mixed(24);
    let place = dir.path();
    let words = ["train", "--catalog", "catalog.csv", "--schema", "gz2", "--start", "small"];
    let more =
        ["--epochs", "1", "--batch", "8", "--validation", "0.25", "--out", "votes", "--json"];
    let trained = run(&[&words[..], &more].concat(), place);
    assert_eq!(figures(&trained)["failed"], 0);
    assert_eq!(errors(&trained).matches(SAID).count(), 1, "{}", errors(&trained));
    let predict = |out: &'static str, more: &[&'static str]| {
        let words = ["predict", "--model", "votes", "--catalog", "catalog.csv", "--json", "--out"];
        figures(&run(&[&words[..], &[out], more].concat(), place));
        let text = std::fs::read_to_string(place.join(out)).unwrap();
        text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    let (plain, log) = (predict("plain.csv", &[]), predict("log.csv", &["--stretch", "log"]));
    assert_eq!(plain.len(), 24);
    assert!(plain != log && plain[0] != log[0], "{}", plain[0]);

    let words = ["finetune", "classifier", "--label", "class", "--encoder", "small", "--json"];
    let more = ["--catalog", "catalog.csv", "--epochs", "3", "--stretch", "log", "--out", "kinds"];
    figures(&run(&[&words[..], &more].concat(), place));
    let recipe = std::fs::read_to_string(place.join("kinds/recipe.json")).unwrap();
    assert!(recipe.contains("\"log\""), "{recipe}");
    let words =
        ["judge", "--model", "kinds", "--catalog", "catalog.csv", "--label", "class", "--json"];
    assert_eq!(figures(&run(&words, place))["galaxies"], 24);
}
