//! `zoobot pixels`, `zoobot picture` and `zoobot cutouts`.

use super::{figures, misused, refused, run};
use zoobot_core::catalog::Catalog;
use zoobot_core::image;
use zoobot_core::picture::{FitsFile, Hdu};
use zoobot_core::survey::sample_field_folder;

#[test]
fn pixels_are_written_as_numpy_reads_them() {
    let dir = tempfile::tempdir().unwrap();
    let words = ["pixels", "sample_field", "--json", "--out"];
    let done = figures(&run(&[&words[..], &["all.npy"]].concat(), dir.path()));
    assert_eq!(done["shape"], serde_json::json!([3, 320, 320]));
    assert_eq!((&done["undefined"], &done["name"]), (&(3 * 8 * 12).into(), &"FIELD".into()));
    let one = [&words[..], &["one.npy", "--hdu", "field", "--plane", "2"]].concat();
    assert_eq!(figures(&run(&one, dir.path()))["hdu"], 1);
    let image = FitsFile::open(sample_field_folder().unwrap().join("field.fits.fz")).unwrap();
    let image = image.image(Some(&Hdu::Number(1))).unwrap();
    for (name, pixels) in [
        ("all.npy", image.pixels().unwrap()),
        ("one.npy", image.plane::<f64>(2).unwrap().into_dyn()),
    ] {
        // numpy's format 1.0: magic, version, the length of the header, the header, the numbers.
        let bytes = std::fs::read(dir.path().join(name)).unwrap();
        assert!(bytes.starts_with(b"\x93NUMPY\x01\x00"));
        let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
        assert_eq!((10 + length) % 64, 0);
        let about = std::str::from_utf8(&bytes[10..10 + length]).unwrap();
        assert!(about.contains("'<f8'") && about.ends_with('\n'), "{about}");
        let shape: Vec<String> = pixels.shape().iter().map(usize::to_string).collect();
        assert!(about.contains(&shape.join(", ")), "{about}");
        let (numbers, rest) = bytes[10 + length..].as_chunks::<8>();
        assert_eq!((numbers.len(), rest.len()), (pixels.len(), 0));
        let equal = numbers.iter().zip(&pixels).all(|(bytes, pixel)| {
            let found = f64::from_le_bytes(*bytes);
            found == *pixel || (found.is_nan() && pixel.is_nan())
        });
        assert!(equal, "{name}");
    }
    let wrong = |more: &[&str], say: &[&str]| {
        refused(&[&["pixels", "sample_field", "--out", "x.npy"], more].concat(), dir.path(), say);
    };
    wrong(&["--hdu", "7"], &["no part 7"]);
    wrong(&["--hdu", "FELD"], &["no part", "FELD"]);
    wrong(&["--hdu", "0"], &["holds no pixels"]);
    wrong(&["--plane", "3"], &["plane must be between 0 and 2"]);
    refused(&["pixels", "none.fits", "--out", "x.npy"], dir.path(), &["no such file"]);
}

#[test]
fn a_picture_is_made_with_every_stretch_and_marks_are_drawn() {
    let dir = tempfile::tempdir().unwrap();
    let picture = |out: &str, more: &[&str]| {
        let words = ["picture", "--fits", "sample_field", "--json", "--overwrite", "--out", out];
        let done = figures(&run(&[&words[..], more].concat(), dir.path()));
        assert_eq!((&done["width"], &done["height"]), (&320.into(), &320.into()));
        image::open(dir.path().join(out)).unwrap().into_rgb8()
    };
    let mut all = Vec::new();
    for stretch in [
        "legacy",
        "lupton:0.5:8",
        "linear",
        "sqrt",
        "log:100",
        "zscale",
        "asinh:10, percentiles 1 to 99.5, together, fill smooth",
        "legacy, fill #ff00ff",
    ] {
        all.push(picture("a.png", &["--bands", "g,r,z", "--stretch", stretch]));
    }
    assert!((1..all.len()).all(|i| all[i] != all[i - 1]));
    // The hole in columns 250 to 261 and rows 40 to 47 from the bottom.
    let hole = |picture: &image::RgbImage| picture.get_pixel(255, 319 - 44).0;
    assert_eq!((hole(&all[0]), hole(&all[7])), ([0; 3], [255, 0, 255]));
    assert_ne!(hole(&all[6]), [0; 3]);
    let red = picture("a.png", &["--rgb", "g,r,z", "--stretch", "linear"]);
    let blue = picture("a.png", &["--bands", "g,r,z", "--stretch", "linear"]);
    assert!(red.pixels().zip(blue.pixels()).all(|(a, b)| a.0[0] == b.0[2] && a.0[1] == b.0[1]));
    let grey = picture("a.jpg", &["--bands", "r", "--stretch", "zscale"]);
    assert!(grey.pixels().all(|it| it.0[0].abs_diff(it.0[2]) <= 2));
    let plain = picture("a.png", &["--stretch", "legacy"]);
    let marked = picture("a.png", &["--stretch", "legacy", "--scale-bar", "10", "--compass"]);
    let changed = plain.pixels().zip(marked.pixels()).filter(|(a, b)| a != b).count();
    assert!((200..5000).contains(&changed), "{changed}");
    let words = ["picture", "--fits", "sample_field", "--out", "x.png"];
    let wrong = |more: &[&str], say: &[&str]| {
        refused(&[&words[..], more].concat(), dir.path(), say);
    };
    wrong(&["--bands", "g,r,i"], &["no band \"i\""]);
    wrong(&["--rgb", "g,r"], &["three bands"]);
    let misspelt = [&words[..], &["--stretch", "legcy"]].concat();
    misused(&misspelt, dir.path(), &["did you mean \"legacy\""]);
    let odd = ["picture", "--fits", "sample_field", "--out", "x.tiff"];
    refused(&odd, dir.path(), &["x.tiff", ".png or .jpg"]);
}

#[test]
fn cut_outs_and_their_catalogue_are_written_and_lost_galaxies_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let words = ["cutouts", "--image", "sample_field", "--catalog", "sample_field", "--size", "64"];
    let cut = |more: &[&str]| figures(&run(&[&words[..], more, &["--json"]].concat(), dir.path()));
    let done = cut(&["--out", "cut"]);
    assert_eq!((&done["written"], &done["failed"]), (&24.into(), &0.into()));
    assert_eq!(done["outside"], serde_json::json!(["FIELD25", "FIELD26"]));
    let catalog = Catalog::read(dir.path().join("cut/catalog.csv")).unwrap();
    assert_eq!((catalog.len(), catalog.numbers("flux").unwrap().len()), (24, 24));
    for file in catalog.files() {
        let image = FitsFile::open(file).unwrap().image(None).unwrap();
        assert_eq!((image.shape(), image.bands().join("")), (vec![3, 64, 64], "grz".to_owned()));
    }
    let again = [&words[..], &["--out", "cut"]].concat();
    refused(&again, dir.path(), &["cut exists already", "--overwrite"]);
    cut(&["--out", "png", "--stretch", "legacy"]);
    let pictures = Catalog::read(dir.path().join("png/catalog.csv")).unwrap();
    assert_eq!(image::open(&pictures.files()[3]).unwrap().width(), 64);
    std::fs::write(dir.path().join("far.csv"), "id_str,ra,dec\na,10,10\n").unwrap();
    let far = ["cutouts", "--image", "sample_field", "--catalog", "far.csv", "--size", "8"];
    refused(&[&far[..], &["--out", "x"]].concat(), dir.path(), &["none of the 1 galaxies"]);
}

/// Every real file, and a picture of three real bands.
#[test]
fn real_fits_files_are_read() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/fits");
    if !std::path::Path::new(folder).is_dir() {
        zoobot_tests::skip(&format!("no real FITS files at {folder}"));
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    // The sums of the defined pixels and their numbers, with astropy 8.0.2.
    for (name, sum, defined) in EXPECTED {
        let file = format!("{folder}/{name}");
        let words = ["pixels", &file, "--out", "p.npy", "--overwrite", "--json"];
        let done = figures(&run(&words, dir.path()));
        let image = FitsFile::open(&file).unwrap().image(None).unwrap();
        let pixels = image.pixels().unwrap();
        let known: Vec<f64> = pixels.iter().copied().filter(|it| !it.is_nan()).collect();
        assert_eq!(known.len(), defined, "{name}");
        assert_eq!(done["undefined"], pixels.len() - defined, "{name}");
        let (found, size): (f64, f64) = (known.iter().sum(), known.iter().map(|it| it.abs()).sum());
        assert!((found - sum).abs() <= 1e-7 * size, "{name}: {found}, not {sum}");
    }
    let file = format!("{folder}/decals/example_a.fits");
    let words = ["picture", "--fits", &file, "--bands", "g,r,z", "--stretch", "legacy"];
    figures(&run(&[&words[..], &["--out", "a.png", "--json"]].concat(), dir.path()));
    let picture = image::open(dir.path().join("a.png")).unwrap().into_rgb8();
    // The mean of red, green and blue of the formula in numpy (`tests/recorded/sky/make.py`).
    for (channel, expected) in LEGACY.iter().enumerate() {
        let all: f64 = picture.pixels().map(|it| f64::from(it.0[channel])).sum();
        let mean = all / f64::from(picture.width() * picture.height());
        assert!((mean - expected).abs() < 0.01, "{channel}: {mean}");
    }
}

const EXPECTED: [(&str, f64, usize); 8] = [
    ("compressed/compressed_with_nan.fits", 10283.48254, 143),
    ("compressed/m13.fits", 13293397.0, 90000),
    ("compressed/m13_gzip.fits", 13293397.0, 90000),
    ("compressed/m13_rice.fits", 13293397.0, 90000),
    ("decals/example_a.fits", 12309.66693, 777243),
    ("hst/GDS_deep2_10006_h.fits", 13.80493832, 7056),
    ("legacypipe_fz/c4d_130105_065255_ooi_r_a1-N15.fits.fz", 43752133.81, 105000),
    ("legacypipe_fz/c4d_140818_232043_ooi_z_v2.fits.fz", 5947926.11, 2091),
];
const LEGACY: [f64; 3] = [44.54595, 41.84634, 38.30631];
