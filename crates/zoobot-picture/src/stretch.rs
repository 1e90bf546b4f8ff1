//! From flux to a picture: the step that FITS images need before a recipe.

use image::{Rgb, RgbImage};
use ndarray::Array2;
use serde::{Deserialize, Serialize};
use zoobot_base::error::{Error, Result};

/// The curve from flux to brightness, between black (0) and white (1).
///
/// ```
/// use zoobot_core::picture::{Stretch, StretchCurve};
/// let stretch = Stretch { curve: StretchCurve::Log(1000.0), ..Stretch::default() };
/// assert_eq!(stretch, Stretch::log(1000.0));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StretchCurve {
    /// Brightness proportional to flux.
    Linear,
    /// `asinh(q x) / asinh(q)`: faint parts become brighter, more so with a larger `q`.
    Asinh(f64),
    /// `ln(1 + a x) / ln(1 + a)`, like the log scale of DS9 (`a` = 1000).
    Log(f64),
}

impl StretchCurve {
    fn at(self, x: f64) -> f64 {
        match self {
            Self::Linear => x,
            Self::Asinh(q) => (q * x).asinh() / q.asinh(),
            Self::Log(a) => (a * x).ln_1p() / a.ln_1p(),
        }
    }
}

/// Which flux becomes black and which white.
///
/// ```
/// use zoobot_core::picture::{Limits, Stretch};
/// let stretch = Stretch { limits: vec![Limits::Flux(0.0, 2.0)], ..Stretch::linear() };
/// assert_eq!(stretch, Stretch::linear().flux(0.0, 2.0));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limits {
    /// Percentiles (0 to 100) of the finite values of each image, interpolated as numpy does.
    Percentiles(f64, f64),
    /// Fixed values of flux for all images.
    Flux(f64, f64),
}

/// Turns planes of flux into an 8-bit picture.
///
/// Undefined pixels, as at the edge of a survey or under a masked star, are left out of the percentiles
/// and become black.
///
/// ```
/// use zoobot_core::{ndarray::array, picture::Stretch};
/// let band = array![[0.0_f32, 1.0], [2.0, f32::NAN]];
/// let picture = Stretch::linear().flux(0.0, 2.0).picture(&[band])?;
/// let values: Vec<u8> = picture.pixels().map(|pixel| pixel.0[0]).collect();
/// assert_eq!(values, [0, 128, 255, 0]);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stretch {
    /// The curve from flux to brightness. Default: `asinh` with `q` = 1.
    pub curve: StretchCurve,
    /// Black and white: one entry for all bands, or one for each band. Default: the percentiles 0 and
    /// 99.7 of each band, as in the galaxy-datasets package.
    pub limits: Vec<Limits>,
}

impl Default for Stretch {
    fn default() -> Self {
        Self { curve: StretchCurve::Asinh(1.0), limits: vec![Limits::Percentiles(0.0, 99.7)] }
    }
}

/// Writes the text that [`FromStr`](std::str::FromStr) reads, followed by the limits: `asinh:1,
/// percentiles 0 to 99.7`.
impl std::fmt::Display for Stretch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.curve {
            StretchCurve::Linear => f.write_str("linear")?,
            StretchCurve::Asinh(q) => write!(f, "asinh:{q}")?,
            StretchCurve::Log(a) => write!(f, "log:{a}")?,
        }
        self.limits.iter().try_for_each(|limits| match limits {
            Limits::Percentiles(black, white) => write!(f, ", percentiles {black} to {white}"),
            Limits::Flux(black, white) => write!(f, ", flux {black} to {white}"),
        })
    }
}

impl std::str::FromStr for Stretch {
    type Err = Error;

    /// Reads a stretch as given on the command line: `asinh`, `log` or `linear`, the first two optionally
    /// with their parameter, such as `asinh:10`. The limits are the default.
    fn from_str(text: &str) -> Result<Self> {
        let range = "asinh, asinh:Q, log, log:A or linear";
        let wrong = || Error::parameter("stretch", format!("{text:?}"), range);
        let (name, parameter) = match text.split_once(':') {
            Some((name, number)) => (name, Some(number.parse::<f64>().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let stretch = match (name, parameter) {
            ("asinh", q) => Self::asinh(q.unwrap_or(1.0)),
            ("log", a) => Self::log(a.unwrap_or(1000.0)),
            ("linear", None) => Self::linear(),
            _ => return Err(wrong()),
        };
        stretch.check()?;
        Ok(stretch)
    }
}

impl Stretch {
    /// An inverse hyperbolic sine stretch: see [`StretchCurve::Asinh`].
    pub fn asinh(q: f64) -> Self {
        Self { curve: StretchCurve::Asinh(q), ..Self::default() }
    }

    /// A logarithmic stretch: see [`StretchCurve::Log`].
    pub fn log(a: f64) -> Self {
        Self { curve: StretchCurve::Log(a), ..Self::default() }
    }

    /// A linear stretch.
    pub fn linear() -> Self {
        Self { curve: StretchCurve::Linear, ..Self::default() }
    }

    /// Sets black and white to percentiles of each image.
    pub fn percentiles(mut self, black: f64, white: f64) -> Self {
        self.limits = vec![Limits::Percentiles(black, white)];
        self
    }

    /// Sets black and white to values of flux.
    pub fn flux(mut self, black: f64, white: f64) -> Self {
        self.limits = vec![Limits::Flux(black, white)];
        self
    }

    /// Sets black and white of each band: red, green, blue.
    pub fn bands(mut self, limits: [Limits; 3]) -> Self {
        self.limits = limits.to_vec();
        self
    }

    /// Whether this is the default stretch.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// [`Error::Parameter`] or [`Error::Unsuitable`], which names the parameter that is out of range.
    pub fn check(&self) -> Result<()> {
        if let StretchCurve::Asinh(value) | StretchCurve::Log(value) = self.curve
            && !(1e-6..=1e9).contains(&value)
        {
            let name = "the parameter of the stretch";
            return Err(Error::parameter(name, value, "between 1e-6 and 1e9"));
        }
        if !matches!(self.limits.len(), 1 | 3) {
            let range = "1 (for all bands) or 3 (one for each band)";
            return Err(Error::parameter("the number of limits", self.limits.len(), range));
        }
        for limits in &self.limits {
            let (name, &(black, white), all, hint) = match limits {
                Limits::Percentiles(a, b) => (
                    "percentile",
                    &(*a, *b),
                    0.0..=100.0,
                    "Choose two percentiles between 0 and 100, the smaller one for black",
                ),
                Limits::Flux(a, b) => (
                    "flux",
                    &(*a, *b),
                    f64::MIN..=f64::MAX,
                    "Choose two finite values, the smaller one for black",
                ),
            };
            if !(all.contains(&black) && all.contains(&white) && black < white) {
                let problem = format!("black cannot be {name} {black} and white {name} {white}");
                return Err(Error::unsuitable(problem, hint));
            }
        }
        Ok(())
    }

    /// Turns one plane (grey) or three planes (red, green, blue) into a picture.
    ///
    /// Percentiles are taken over the finite values. Undefined (NaN) and infinite pixels become black.
    /// With percentiles, so does a plane of a single value. Row 0 becomes the top of the picture.
    ///
    /// # Shapes
    /// `planes`: rows x columns each. Returns columns (width) x rows (height).
    ///
    /// # Errors
    /// [`Error::Parameter`] or [`Error::Unsuitable`] for parameters out of range;
    /// [`Error::Shape`] for any other number of planes, and for planes of different sizes or empty planes;
    /// [`Error::Unsuitable`] for a plane without finite values.
    pub fn picture(&self, planes: &[Array2<f32>]) -> Result<RgbImage> {
        self.check()?;
        let (1 | 3, Some(first)) = (planes.len(), planes.first()) else {
            let problem = format!("a picture cannot be made of {} planes", planes.len());
            return Err(Error::shape(problem, "Give 1 plane, or 3 for red, green and blue"));
        };
        let (rows, columns) = first.dim();
        if rows == 0 || columns == 0 || planes.iter().any(|plane| plane.dim() != (rows, columns)) {
            let sizes: Vec<_> = planes.iter().map(Array2::dim).collect();
            let problem = format!("the planes have the sizes {sizes:?} (rows, columns)");
            return Err(Error::shape(problem, "Give planes of equal size that are not empty"));
        }
        let grey = planes.len() == 1;
        let bytes = planes
            .iter()
            .enumerate()
            .map(|(band, plane)| self.bytes(plane, band))
            .collect::<Result<Vec<_>>>()?;
        Ok(RgbImage::from_fn(columns as u32, rows as u32, |x, y| {
            let value = |band: usize| bytes[if grey { 0 } else { band }][[y as usize, x as usize]];
            Rgb([value(0), value(1), value(2)])
        }))
    }

    fn bytes(&self, plane: &Array2<f32>, band: usize) -> Result<Array2<u8>> {
        if !plane.iter().any(|value| value.is_finite()) {
            let problem = format!("every pixel of plane {} is undefined", band + 1);
            let hint = "Leave this image out, or check how it was cut out";
            return Err(Error::unsuitable(problem, hint));
        }
        let limits = self.limits.get(band).or(self.limits.first());
        let (black, white) = match limits.copied().unwrap_or(Limits::Percentiles(0.0, 100.0)) {
            Limits::Flux(black, white) => (black, white),
            Limits::Percentiles(black, white) => {
                let mut finite: Vec<f32> =
                    plane.iter().copied().filter(|v| v.is_finite()).collect();
                (percentile(&mut finite, black), percentile(&mut finite, white))
            }
        };
        let width = white - black;
        Ok(plane.mapv(|value| {
            let x = (f64::from(value) - black) / width;
            // A flat plane would divide by 0. It and values that are not finite become black.
            if width > 0.0 && value.is_finite() {
                (self.curve.at(x.clamp(0.0, 1.0)) * 255.0).round() as u8
            } else {
                0
            }
        }))
    }
}

/// A percentile of finite values, interpolated linearly between the two nearest values.
fn percentile(values: &mut [f32], percent: f64) -> f64 {
    let place = percent / 100.0 * (values.len() - 1) as f64;
    let (low, share) = (place.floor() as usize, place.fract());
    let (_, &mut below, above) = values.select_nth_unstable_by(low, f32::total_cmp);
    let next = above.iter().copied().min_by(f32::total_cmp).unwrap_or(below);
    f64::from(below) + (f64::from(next) - f64::from(below)) * share
}

#[cfg(test)]
mod tests;
