//! How much of a structure remains visible through seeing, pixels and noise.

use crate::SimulatedGalaxy;

/// The sharpness and depth of a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    /// Full width at half maximum of a point source in the picture, including seeing and pixels, in arcsec.
    pub resolution: f64,
    /// Noise of the sky in r, in nanomaggies per square root of a square arcsec.
    pub noise: f64,
}

impl View {
    /// The view in which a galaxy's picture was taken.
    pub fn of(galaxy: &SimulatedGalaxy) -> Self {
        let conditions = &galaxy.conditions;
        let pixel = galaxy.field_of_view / f64::from(galaxy.picture.width());
        Self {
            resolution: conditions.seeing[1].hypot(pixel),
            noise: conditions.pixel_noise(1, 1.0),
        }
    }

    /// The share of the evidence that remains for a structure with this size (its smallest extent, arcsec)
    /// and surface brightness (nanomaggies per square arcsec): from 0, smeared out or lost in the noise, to
    /// 1. It falls as the view gets worse.
    pub(super) fn shows(&self, size: f64, brightness: f64) -> f64 {
        let signal = (brightness * size / self.noise).max(0.0);
        self.resolves(size) * signal / (signal + 4.0)
    }

    /// The share of the evidence that remains for a structure without noise.
    pub(super) fn resolves(&self, size: f64) -> f64 {
        let size = size.max(1e-6);
        1.0 / (1.0 + (0.6 * self.resolution / size).powi(2))
    }

    /// The axis ratio (minor over major) of an object with a half-light radius (arcsec), after blurring.
    pub(super) fn blurred_axis_ratio(&self, axis_ratio: f64, radius: f64) -> f64 {
        let (major, blur) = (radius.powi(2), (0.5 * self.resolution).powi(2));
        ((axis_ratio.powi(2) * major + blur) / (major + blur)).sqrt()
    }
}

/// Combined evidence from several independent signs, each 0 to 1: at least as strong as the strongest.
pub(super) fn any(signs: impl IntoIterator<Item = f64>) -> f64 {
    1.0 - signs.into_iter().map(|sign| 1.0 - sign.clamp(0.0, 1.0)).product::<f64>()
}
