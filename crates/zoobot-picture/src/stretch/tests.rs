use super::*;
use ndarray::array;

fn red(picture: &RgbImage) -> Vec<u8> {
    picture.pixels().map(|pixel| pixel.0[0]).collect()
}

/// ```python
/// import numpy as np
/// x = (np.arange(20) ** 2).astype(np.float32).reshape(4, 5) - 7
/// def bytes(curve, lo, hi):
///     a, b = np.percentile(x.astype(np.float64), [lo, hi])
///     y = curve(np.clip((x - a) / (b - a), 0, 1))
///     return np.floor(y * 255 + 0.5).astype(int).ravel().tolist()
/// print(bytes(lambda x: np.arcsinh(x) / np.arcsinh(1), 0, 99.7))
/// print(bytes(lambda x: np.log1p(1000 * x) / np.log(1001), 5, 90))
/// print(bytes(lambda x: x, 12.5, 61))
/// ```
#[test]
fn curves_and_percentiles_are_numpys() {
    let x = Array2::from_shape_fn((4, 5), |(i, j)| ((5 * i + j) as f32).powi(2) - 7.0);
    let cases: [(Stretch, [u8; 20]); 3] = [
        (Stretch::default(), EXPECTED_ASINH),
        (Stretch::log(1000.0).percentiles(5.0, 90.0), EXPECTED_LOG),
        (Stretch::linear().percentiles(12.5, 61.0), EXPECTED_LINEAR),
    ];
    for (stretch, expected) in cases {
        assert_eq!(
            red(&stretch.picture(std::slice::from_ref(&x)).unwrap()),
            expected,
            "{stretch:?}"
        );
    }
}

const EXPECTED_ASINH: [u8; 20] =
    [0, 1, 3, 7, 13, 20, 29, 39, 51, 65, 80, 96, 113, 132, 151, 171, 192, 213, 235, 255];
const EXPECTED_LOG: [u8; 20] =
    [0, 6, 90, 124, 146, 163, 177, 189, 199, 207, 215, 222, 229, 235, 240, 245, 250, 255, 255, 255];
const EXPECTED_LINEAR: [u8; 20] =
    [0, 0, 0, 6, 20, 38, 60, 85, 115, 149, 187, 228, 255, 255, 255, 255, 255, 255, 255, 255];

#[test]
fn each_band_has_its_own_limits_and_its_own_colour() {
    let plane = |values: [f32; 2]| array![values];
    let planes = [plane([0.0, 10.0]), plane([0.0, 50.0]), plane([0.0, 0.5])];
    let limits = [Limits::Flux(0.0, 10.0), Limits::Flux(0.0, 100.0), Limits::Flux(-1.0, 1.0)];
    let picture = Stretch::linear().bands(limits).picture(&planes).unwrap();
    assert_eq!(picture.dimensions(), (2, 1));
    assert_eq!(picture.get_pixel(0, 0).0, [0, 0, 128]);
    assert_eq!(picture.get_pixel(1, 0).0, [255, 128, 191]);
}

#[test]
fn blank_pixels_and_flat_bands_are_black_and_empty_ones_are_errors() {
    let holes = array![[f32::NAN, 1.0, f32::INFINITY, 3.0]];
    assert_eq!(
        red(&Stretch::linear().percentiles(0.0, 100.0).picture(&[holes]).unwrap()),
        [0, 0, 0, 255]
    );
    assert_eq!(red(&Stretch::default().picture(&[array![[2.0, 2.0]]]).unwrap()), [0, 0]);
    let message =
        |planes: &[Array2<f32>]| Stretch::default().picture(planes).unwrap_err().to_string();
    assert!(message(&[array![[f32::NAN]]]).contains("every pixel of plane 1 is undefined"));
    let planes = [array![[1.0, 2.0]], array![[1.0, 2.0]], array![[f32::NAN, f32::INFINITY]]];
    let flux = Stretch::linear().flux(0.0, 1.0).picture(&planes).unwrap_err().to_string();
    assert!(flux.contains("plane 3"), "{flux}");
    assert!(message(&[]).contains("of 0 planes"));
    assert!(message(&[array![[1.0]], array![[1.0]]]).contains("of 2 planes"));
    let sizes = [array![[1.0]], array![[1.0, 2.0]], array![[1.0]]];
    assert!(message(&sizes).contains("of equal size"));
}

#[test]
fn parameters_out_of_range_are_errors() {
    for stretch in [
        Stretch::asinh(0.0),
        Stretch::log(f64::NAN),
        Stretch::linear().percentiles(50.0, 50.0),
        Stretch::linear().percentiles(-1.0, 50.0),
        Stretch::linear().flux(1.0, f64::INFINITY),
        Stretch { limits: vec![], ..Stretch::default() },
    ] {
        assert!(stretch.check().is_err(), "{stretch:?}");
    }
}

/// ```python
/// x = np.arange(100.0) ** 2; x[[3, 50, 99]] = np.nan; x[7] = np.inf
/// a, b = np.percentile(x[np.isfinite(x)], [0, 99.7])
/// y = np.arcsinh(np.clip((x - a) / (b - a), 0, 1)) / np.arcsinh(1)
/// np.where(np.isfinite(x), np.floor(y * 255 + 0.5), 0).astype(int)[[0, 3, 7, 10, 49, 50, 51, 90, 98, 99]]
/// ```
#[test]
fn undefined_pixels_take_no_part_in_the_percentiles() {
    let mut x = Array2::from_shape_fn((10, 10), |(i, j)| ((10 * i + j) as f32).powi(2));
    for place in [3, 50, 99] {
        x[[place / 10, place % 10]] = f32::NAN;
    }
    x[[0, 7]] = f32::INFINITY;
    let all = red(&Stretch::default().picture(&[x]).unwrap());
    let some: Vec<u8> = [0, 3, 7, 10, 49, 50, 51, 90, 98, 99].iter().map(|at| all[*at]).collect();
    assert_eq!(some, EXPECTED_AROUND_HOLES);
}

const EXPECTED_AROUND_HOLES: [u8; 10] = [0, 0, 0, 3, 72, 0, 78, 223, 255, 0];

#[test]
fn a_stretch_is_written_as_it_is_read() {
    assert_eq!(Stretch::default().to_string(), "asinh:1, percentiles 0 to 99.7");
    assert_eq!("asinh".parse::<Stretch>().unwrap(), Stretch::default());
    assert!(!"asinh:2".parse::<Stretch>().unwrap().is_default());
    let text = Stretch::linear().flux(-0.5, 2.0).to_string();
    assert_eq!(text, "linear, flux -0.5 to 2");
}

/// Recorded from astropy and numpy by `tests/recorded/sky/make.py`.
fn recorded() -> serde_json::Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/recorded/sky/expected.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn zscale_is_astropys() {
    let recorded = recorded();
    for (name, case) in recorded["zscale"].as_object().unwrap() {
        let values: Vec<f32> = case["values"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it.as_f64().unwrap() as f32)
            .collect();
        let (black, white) = limits::zscale(&values);
        for (found, expected) in [(black, &case["limits"][0]), (white, &case["limits"][1])] {
            let expected = expected.as_f64().unwrap();
            assert!((found - expected).abs() < 1e-5 * expected.abs().max(1.0), "{name}: {found}");
        }
    }
    assert_eq!(limits::zscale(&[3.0]), (3.0, 3.0));
}

#[test]
fn colours_are_those_of_astropy_and_of_the_legacy_surveys() {
    let recorded = recorded();
    let plane = |plane: &serde_json::Value| {
        let rows = plane.as_array().unwrap();
        let values = rows.iter().flat_map(|row| row.as_array().unwrap());
        let values = values.map(|it| it.as_f64().unwrap() as f32).collect();
        Array2::from_shape_vec((14, 18), values).unwrap()
    };
    let planes: Vec<_> = recorded["planes"].as_array().unwrap().iter().map(plane).collect();
    let cases = recorded["stretches"].as_object().unwrap();
    assert_eq!(cases.len(), 3);
    for (name, expected) in cases {
        let picture = name.parse::<Stretch>().unwrap().picture(&planes).unwrap();
        let expected = expected.as_array().unwrap().iter().map(|it| it.as_u64().unwrap() as u8);
        let off = picture.as_raw().iter().zip(expected).map(|(a, b)| a.abs_diff(b));
        let off: Vec<u8> = off.collect();
        // A fraction at the edge of a whole number may be cut off on either side.
        let (most, wrong) = (off.iter().max().unwrap(), off.iter().filter(|it| **it > 0).count());
        assert!(*most <= 1 && wrong <= 3, "{name}: {wrong} bytes are off by up to {most}");
    }
}

#[test]
fn every_stretch_is_read_as_it_is_written_and_kept_in_json() {
    for text in [
        "asinh:1, percentiles 0 to 99.7",
        "log:500, percentiles 1 to 99",
        "sqrt, flux -1 to 2, flux 0 to 3, flux 0 to 4",
        "linear, zscale, together",
        "lupton:0.5:8:0, fill smooth",
        "legacy:2.2:3.4:6, fill #ff00ff",
    ] {
        let stretch: Stretch = text.parse().unwrap();
        assert_eq!(stretch.to_string(), text);
        let json = serde_json::to_string(&stretch).unwrap();
        assert_eq!(serde_json::from_str::<Stretch>(&json).unwrap(), stretch, "{json}");
    }
    let default = serde_json::to_string(&Stretch::default()).unwrap();
    assert!(!default.contains("fill") && !default.contains("together"), "{default}");
    assert_eq!("zscale".parse::<Stretch>().unwrap(), Stretch::zscale());
    assert_eq!("Legacy".parse::<Stretch>().unwrap(), Stretch::legacy());
    for (text, words) in [
        ("cube", &["stretch must be asinh", "cube"][..]),
        ("luptn", &["did you mean \"lupton\""]),
        ("legacy:1", &["legacy[:RED:GREEN:BLUE]"]),
        ("asinh, percentiles 1", &["percentiles 1 to 99.5"]),
        ("legacy, zscale", &["limits of their own"]),
        ("asinh, fill red", &["fill #rrggbb"]),
        ("lupton:-1", &["stretch must be between"]),
    ] {
        let error = text.parse::<Stretch>().unwrap_err().to_string();
        assert!(words.iter().all(|word| error.contains(word)), "{text}: {error}");
    }
}

#[test]
fn bands_together_keep_their_ratio_and_holes_are_filled_as_asked() {
    let planes = [array![[0.0_f32, 4.0]], array![[0.0, 2.0]], array![[0.0, 1.0]]];
    let both = Stretch::linear().percentiles(0.0, 100.0);
    assert_eq!(both.picture(&planes).unwrap().get_pixel(1, 0).0, [255; 3]);
    let ratio = both.clone().together().picture(&planes).unwrap();
    assert_eq!(ratio.get_pixel(1, 0).0, [255, 128, 64]);
    // A plane that rises to the right, with a hole of 5 x 5 pixels.
    let rising = Array2::from_shape_fn((20, 20), |(_, x)| x as f32);
    let mut holed = rising.clone();
    holed.slice_mut(ndarray::s![6..11, 7..12]).fill(f32::NAN);
    let shown = |fill: Fill| {
        let stretch = Stretch::linear().flux(0.0, 19.0).fill(fill);
        stretch.picture(std::slice::from_ref(&holed)).unwrap()
    };
    assert_eq!(shown(Fill::Black).get_pixel(9, 8).0, [0; 3]);
    assert_eq!(shown(Fill::Colour(255, 0, 255)).get_pixel(9, 8).0, [255, 0, 255]);
    let whole = Stretch::linear().flux(0.0, 19.0).picture(&[rising]).unwrap();
    let smooth = shown(Fill::Smooth);
    let off = whole.as_raw().iter().zip(smooth.as_raw()).map(|(a, b)| a.abs_diff(*b)).max();
    // Two pixels further the plane has risen by 27 of 255.
    assert!(off.unwrap() <= 27, "{off:?}");
}
