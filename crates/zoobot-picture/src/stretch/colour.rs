//! Stretches that make a colour of all bands together, so that it does not depend on brightness.

/// From red, green and blue flux to brightness between 0 and 1.
pub(super) type Colour = Box<dyn Fn([f64; 3]) -> [f64; 3]>;

/// Lupton et al. (2004, PASP 116, 133), as astropy's `make_lupton_rgb` computes it: the mean of the bands is
/// stretched by asinh, and a pixel brighter than white keeps its colour.
pub(super) fn lupton(stretch: f64, q: f64, minimum: f64) -> Colour {
    let slope = 0.1 / (0.1 * q).asinh();
    Box::new(move |bands| {
        let bands = bands.map(|value| value - minimum);
        let mean = bands.iter().sum::<f64>() / 3.0;
        if mean <= 0.0 {
            return [0.0; 3];
        }
        let factor = (mean * q / stretch).asinh() * slope / mean;
        let bands = bands.map(|value| (value * factor).max(0.0));
        let most = bands.iter().copied().fold(0.0, f64::max);
        if most > 1.0 { bands.map(|value| value / most) } else { bands }
    })
}

/// What is added to every band, so that noise is seen.
const LIFT: f64 = 0.03;
/// How strongly bright parts are compressed.
const Q: f64 = 20.0;

/// The rendering of the Legacy Surveys' viewer (`sdss_rgb` in its sources, by D. Lang): bands are scaled, their
/// mean is stretched by asinh.
pub(super) fn legacy(scales: [f64; 3]) -> Colour {
    Box::new(move |bands| {
        let lifted = [0, 1, 2].map(|band| bands[band] * scales[band] + LIFT);
        let mean = lifted.iter().map(|value| value.max(0.0)).sum::<f64>() / 3.0;
        let bright = (Q * mean).asinh() / Q.sqrt();
        let mean = if mean == 0.0 { 1e-6 } else { mean };
        lifted.map(|value| (value * bright / mean).clamp(0.0, 1.0))
    })
}
