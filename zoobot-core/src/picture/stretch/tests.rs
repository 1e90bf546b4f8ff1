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
    assert!(message(&[array![[f32::NAN]]]).contains("without a finite value in plane 1"));
    assert!(message(&[]).contains("planes is 0"));
    assert!(message(&[array![[1.0]], array![[1.0]]]).contains("planes is 2"));
    let sizes = [array![[1.0]], array![[1.0, 2.0]], array![[1.0]]];
    assert!(message(&sizes).contains("of one size"));
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
