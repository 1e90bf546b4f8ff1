//! From flux to a picture: the step that FITS images need before a recipe.

mod align;
mod colour;
mod fill;
mod limits;
mod text;

pub use align::align;
pub use fill::Fill;

use image::{Rgb, RgbImage};
use limits::{percentile, zscale};
use ndarray::Array2;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
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
    /// The square root of flux.
    Sqrt,
    /// `asinh(q x) / asinh(q)`: faint parts become brighter, more so with a larger `q`.
    Asinh(f64),
    /// `ln(1 + a x) / ln(1 + a)`, like the log scale of DS9 (`a` = 1000).
    Log(f64),
    /// Lupton et al. (2004): `stretch`, `Q` and the flux of black. A colour does not depend on brightness; the
    /// limits are not used. As `make_lupton_rgb` of astropy.
    Lupton(f64, f64, f64),
    /// The rendering of the Legacy Surveys' viewer, with the scales of red, green and blue: 2.2, 3.4 and 6.0 for
    /// flux in z, r and g in nanomaggies. The limits are not used.
    Legacy(f64, f64, f64),
}

impl StretchCurve {
    fn at(self, x: f64) -> f64 {
        match self {
            Self::Linear | Self::Lupton(..) | Self::Legacy(..) => x,
            Self::Sqrt => x.sqrt(),
            Self::Asinh(q) => (q * x).asinh() / q.asinh(),
            Self::Log(a) => (a * x).ln_1p() / a.ln_1p(),
        }
    }

    /// Whether it makes a colour of all bands together.
    fn is_colour(self) -> bool {
        matches!(self, Self::Lupton(..) | Self::Legacy(..))
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
    /// IRAF's zscale, as `ZScaleInterval` of astropy computes it by default: around the median of each image.
    #[serde(rename = "zscale")]
    ZScale,
}

/// Turns planes of flux into an 8-bit picture.
///
/// Undefined pixels, as at the edge of a survey or under a masked star, are left out of the limits and become
/// black, unless [`fill`](Self::fill) says otherwise.
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
    /// Whether percentiles and zscale are taken over all bands together, so that the picture keeps the ratio of
    /// bands. Default no: each band has its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub together: bool,
    /// What undefined pixels become. Default black.
    #[serde(default, skip_serializing_if = "Fill::is_default")]
    pub fill: Fill,
}

impl Default for Stretch {
    fn default() -> Self {
        Self {
            curve: StretchCurve::Asinh(1.0),
            limits: vec![Limits::Percentiles(0.0, 99.7)],
            together: false,
            fill: Fill::Black,
        }
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

    /// A square root stretch.
    pub fn sqrt() -> Self {
        Self { curve: StretchCurve::Sqrt, ..Self::default() }
    }

    /// A linear stretch between the limits of IRAF's zscale: see [`Limits::ZScale`].
    pub fn zscale() -> Self {
        Self { limits: vec![Limits::ZScale], ..Self::linear() }
    }

    /// The colours of Lupton et al. (2004): see [`StretchCurve::Lupton`]. Flux of `stretch` is bright; a larger `q`
    /// shows more of what is faint.
    pub fn lupton(stretch: f64, q: f64) -> Self {
        Self { curve: StretchCurve::Lupton(stretch, q, 0.0), ..Self::default() }
    }

    /// The colours of the Legacy Surveys' viewer for g, r and z in nanomaggies: see [`StretchCurve::Legacy`].
    pub fn legacy() -> Self {
        Self { curve: StretchCurve::Legacy(2.2, 3.4, 6.0), ..Self::default() }
    }

    /// The stretch for planes with these names, in the order red, green, blue: the Legacy Surveys' rendering gets
    /// the scales of the bands, others do not change.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a band that the rendering has no scale for.
    pub fn for_bands(mut self, names: &[String]) -> Result<Self> {
        if !matches!(self.curve, StretchCurve::Legacy(..)) {
            return Ok(self);
        }
        let scale = |name: &String| match name.as_str() {
            "u" => Ok(1.5),
            "g" => Ok(6.0),
            "r" => Ok(3.4),
            "i" => Ok(3.0),
            "z" => Ok(2.2),
            _ => {
                let range = "u, g, r, i or z for the stretch legacy";
                Err(Error::parameter("a band", format!("{name:?}"), range))
            }
        };
        let scales = names.iter().map(scale).collect::<Result<Vec<f64>>>()?;
        match scales[..] {
            [r, g, b] => self.curve = StretchCurve::Legacy(r, g, b),
            [one] => self.curve = StretchCurve::Legacy(one, one, one),
            _ => {}
        }
        Ok(self)
    }

    /// Takes percentiles and zscale over all bands together.
    pub fn together(mut self) -> Self {
        self.together = true;
        self
    }

    /// Sets what undefined pixels become.
    pub fn fill(mut self, fill: Fill) -> Self {
        self.fill = fill;
        self
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
        let parameters = match self.curve {
            StretchCurve::Lupton(stretch, q, minimum) => vec![
                ("stretch", stretch, 1e-9..=1e12),
                ("Q", q, 1e-6..=1e10),
                ("the flux of black", minimum, -1e12..=1e12),
            ],
            StretchCurve::Legacy(r, g, b) => {
                [r, g, b].map(|scale| ("the scale of a band", scale, 1e-9..=1e12)).to_vec()
            }
            _ => Vec::new(),
        };
        for (name, value, range) in parameters {
            if !range.contains(&value) {
                let range = format!("between {} and {}", range.start(), range.end());
                return Err(Error::parameter(name, value, range));
            }
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
                Limits::ZScale => continue,
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
        let undefined = planes.iter().position(|plane| !plane.iter().any(|it| it.is_finite()));
        if let Some(band) = undefined {
            let problem = format!("every pixel of plane {} is undefined", band + 1);
            let hint = "Leave this image out, or check how it was cut out";
            return Err(Error::unsuitable(problem, hint));
        }
        let planes: Vec<Cow<Array2<f32>>> = planes
            .iter()
            .map(|plane| match self.fill {
                Fill::Smooth => Cow::Owned(fill::smooth(plane)),
                _ => Cow::Borrowed(plane),
            })
            .collect();
        let of = |band: usize| if planes.len() == 1 { 0 } else { band };
        let rgb: Box<dyn Fn([f64; 3]) -> [u8; 3]> = match self.curve {
            // As in the programs that these come from, fractions are cut off.
            StretchCurve::Lupton(stretch, q, minimum) => {
                let colour = colour::lupton(stretch, q, minimum);
                Box::new(move |flux| colour(flux).map(|it| (it * 255.0) as u8))
            }
            StretchCurve::Legacy(r, g, b) => {
                let colour = colour::legacy([r, g, b]);
                Box::new(move |flux| colour(flux).map(|it| (it * 255.0) as u8))
            }
            curve => {
                let limits = self.limits_of(&planes);
                Box::new(move |flux| {
                    let byte = |band: usize| {
                        let (black, white) = limits[of(band)];
                        let (x, width) = (flux[band] - black, white - black);
                        // A flat plane would divide by 0. It and values that are not finite become black.
                        match width > 0.0 && x.is_finite() {
                            true => (curve.at((x / width).clamp(0.0, 1.0)) * 255.0).round() as u8,
                            false => 0,
                        }
                    };
                    [byte(0), byte(1), byte(2)]
                })
            }
        };
        Ok(RgbImage::from_fn(columns as u32, rows as u32, |x, y| {
            let flux = [0, 1, 2].map(|band| f64::from(planes[of(band)][[y as usize, x as usize]]));
            let defined = flux.iter().all(|value| value.is_finite());
            match self.fill {
                Fill::Colour(r, g, b) if !defined => Rgb([r, g, b]),
                _ if !defined && self.curve.is_colour() => Rgb([0; 3]),
                _ => Rgb(rgb(flux)),
            }
        }))
    }

    /// Black and white of each plane.
    fn limits_of(&self, planes: &[Cow<Array2<f32>>]) -> Vec<(f64, f64)> {
        let finite = |planes: &[Cow<Array2<f32>>]| -> Vec<f32> {
            planes.iter().flat_map(|it| it.iter()).copied().filter(|it| it.is_finite()).collect()
        };
        let of = |band: usize, planes: &[Cow<Array2<f32>>]| match self
            .limits
            .get(band)
            .or(self.limits.first())
        {
            Some(Limits::Flux(black, white)) => (*black, *white),
            Some(Limits::ZScale) => zscale(&finite(planes)),
            Some(Limits::Percentiles(black, white)) => {
                let mut values = finite(planes);
                (percentile(&mut values, *black), percentile(&mut values, *white))
            }
            None => (0.0, 0.0),
        };
        match self.together {
            true => vec![of(0, planes); planes.len()],
            false => (0..planes.len()).map(|band| of(band, &planes[band..=band])).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
