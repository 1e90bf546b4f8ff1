use super::*;
use crate::datasets::sample_field_folder;
use serde_json::Value;
use zoobot_picture::FitsFile;

/// Recorded from astropy by `tests/recorded/sky/make.py`.
#[test]
fn cut_outs_are_those_of_cutout2d_pixel_by_pixel() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/recorded/sky/expected.json");
    let recorded: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let recorded = recorded["cutouts"].as_object().unwrap();
    let field = sample_field_folder().unwrap();
    let image = FitsFile::open(field.join("field.fits.fz")).unwrap().image(None).unwrap();
    for size in [9, 120] {
        let dir = tempfile::tempdir().unwrap();
        let cutouts = Cutouts::new(&image, size).unwrap();
        let written = cutouts.write(field.join("catalog.csv"), dir.path()).unwrap();
        assert_eq!(written.outside, ["FIELD25", "FIELD26"]);
        assert!(written.partly > 0 || size == 9);
        let again = Catalog::read(dir.path().join("catalog.csv")).unwrap();
        assert_eq!((again.len(), again.ids()), (24, written.catalog.ids()));
        for (id, file) in again.ids().iter().zip(again.files()) {
            let expected = &recorded[&format!("{id} {size}")];
            let cut = FitsFile::open(file).unwrap().image(None).unwrap();
            assert_eq!(cut.shape(), [3, size, size]);
            let pixels = cut.pixels().unwrap();
            let defined = || (1..).zip(&pixels).filter(|(_, it)| it.is_finite());
            let undefined = pixels.len() - defined().count();
            assert_eq!(Some(undefined as u64), expected["undefined"].as_u64(), "{id} {size}");
            let near = |found: f64, key: &str, scale: f64| {
                let expected = expected[key].as_f64().unwrap();
                assert!((found - expected).abs() < 1e-6 * scale, "{id} {size} {key}: {found}");
            };
            let sum = |weight: fn(f64) -> f64| {
                defined().map(|(i, it)| weight(f64::from(i)) * it).sum::<f64>()
            };
            let size = defined().map(|(i, it)| f64::from(i) * it.abs()).sum::<f64>();
            near(sum(|_| 1.0), "sum", defined().map(|(_, it)| it.abs()).sum());
            near(sum(|i| i), "weighted", size);
            // The position of the galaxy is where it was.
            let at = again.ids().iter().position(|it| it == id).unwrap();
            let (ra, dec) = (again.numbers("ra").unwrap()[at], again.numbers("dec").unwrap()[at]);
            let (a, b) = (image.wcs().unwrap().pixel(ra, dec), cut.wcs().unwrap().pixel(ra, dec));
            let (a, b) = (a.unwrap(), b.unwrap());
            let first = PixelRegion::around(a.0, a.1, cut.width(), cut.height());
            let off = (a.0 - b.0 - first.x as f64).hypot(a.1 - b.1 - first.y as f64);
            assert!(off < 1e-6, "{id}: {off}");
        }
    }
}

#[test]
fn regions_read_one_by_one_and_together_are_equal_to_the_whole_image() {
    let field = sample_field_folder().unwrap();
    let image = FitsFile::open(field.join("field.fits.fz")).unwrap().image(None).unwrap();
    let whole = image.plane::<f32>(1).unwrap();
    let regions = [
        PixelRegion { x: -5, y: -7, width: 20, height: 20 },
        PixelRegion { x: 310, y: 300, width: 30, height: 40 },
        PixelRegion { x: 240, y: 35, width: 30, height: 20 },
        PixelRegion { x: 400, y: 0, width: 4, height: 4 },
    ];
    let together = image.cut_many(1, &regions).unwrap();
    for (region, together) in regions.iter().zip(&together) {
        let alone = image.cut::<f32>(1, *region).unwrap();
        for ((y, x), value) in together.indexed_iter() {
            let (row, column) = (region.y + y as i64, region.x + x as i64);
            let inside = (0..320).contains(&row) && (0..320).contains(&column);
            let expected = if inside { whole[[row as usize, column as usize]] } else { f32::NAN };
            assert_eq!(value.to_bits(), alone[[y, x]].to_bits());
            assert!(*value == expected || (value.is_nan() && expected.is_nan()), "{region:?}");
        }
    }
    assert_eq!(whole.iter().filter(|it| it.is_nan()).count(), 8 * 12);
}

#[test]
fn pictures_are_written_and_what_cannot_be_cut_out_says_why() {
    let field = sample_field_folder().unwrap();
    let image = FitsFile::open(field.join("field.fits.fz")).unwrap().image(None).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let cutouts = Cutouts::new(&image, 12).unwrap();
    let png = cutouts.clone().format(CutoutFormat::Png(Stretch::legacy()));
    // Names that are no file names, a position without pixels (NaN in the image), and none.
    let wcs = image.wcs().unwrap();
    let (ra, dec) = wcs.sky(255.5, 43.5);
    let (a, b) = (wcs.sky(100.0, 100.0), wcs.sky(50.0, 60.0));
    let rows = format!(
        "id_str,RAJ2000,DEJ2000\n../a/b,{},{}\nA:B,{},{}\na_b,{},{}\nhole,{ra},{dec}\nnone,,\n",
        a.0, a.1, b.0, b.1, a.0, b.1
    );
    let table = dir.path().join("table.csv");
    std::fs::write(&table, rows).unwrap();
    let small = Cutouts::new(&image, 4).unwrap().format(CutoutFormat::Png(Stretch::legacy()));
    let written = small.write(&table, dir.path().join("out")).unwrap();
    assert_eq!(written.catalog.ids(), ["../a/b", "A:B", "a_b"]);
    assert_eq!((written.unknown, written.failed.len()), (vec!["none".to_owned()], 1));
    assert!(written.failed[0].reason.contains("undefined"), "{}", written.failed[0].reason);
    for file in written.catalog.files() {
        assert!(file.starts_with(dir.path().join("out")) && file.is_file(), "{}", file.display());
    }
    assert_eq!(image::open(&written.catalog.files()[0]).unwrap().width(), 4);
    png.write(field.join("catalog.csv"), dir.path().join("png")).unwrap();
    let error = |text: &str, cutouts: &Cutouts| {
        std::fs::write(&table, text).unwrap();
        cutouts.write(&table, dir.path().join("no")).unwrap_err().to_string()
    };
    assert!(error("id_str,ra,dec\na,10,10\n", &cutouts).contains("none of the 1 galaxies"));
    assert!(error("id_str,x\na,10\n", &cutouts).contains("right ascension"));
    assert!(error("name,ra,dec\na,10,10\n", &cutouts).contains("id_str"));
    let plane = cutouts.clone().plane(Some(3));
    assert!(error("id_str,ra,dec\na,150.1,2.2\n", &plane).contains("plane must be less than 3"));
    assert!(Cutouts::new(&image, 0).is_err());
}
