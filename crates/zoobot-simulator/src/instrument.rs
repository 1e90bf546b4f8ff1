//! The telescope and its camera: seeing, sky noise and photon noise.
//!
//! The numbers of each survey are in `surveys`.

use super::canvas::{BANDS, Canvas};
use super::surveys::Survey;
use rand::{Rng, rngs::StdRng};
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

/// The conditions under which one picture was taken.
///
/// ```
/// use zoobot_core::survey::{Simulation, Survey};
/// let conditions = Simulation::new(1).survey(Survey::Sdss).galaxy(0)?.conditions;
/// assert_eq!(conditions.survey, Survey::Sdss);
/// println!("seeing {:.2} arcsec", conditions.seeing[0]);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Conditions {
    /// The survey that took the picture.
    pub survey: Survey,
    /// Full width at half maximum of the point-spread function in g, r and z, arcsec.
    pub seeing: [f64; BANDS],
    /// Exponent of the Moffat profile: a small exponent gives a wide halo.
    pub beta: f64,
    /// Noise of the sky, relative to the survey's usual noise.
    pub noise: [f64; BANDS],
    /// Correlation length of the noise in camera pixels, caused by resampling.
    pub correlation: f64,
    /// Error of the subtracted background, in units of the sky's noise in a pixel.
    pub background: [f64; BANDS],
}

impl Conditions {
    /// Draws the conditions of a random night of a survey.
    pub(crate) fn draw(survey: Survey, rng: &mut StdRng) -> Self {
        let mut normal = || rng.sample::<f64, _>(StandardNormal);
        let usual = survey.instrument().seeing;
        let seeing = usual * (0.13 * normal()).exp().clamp(0.72, 1.52);
        let depth = 0.22 * normal();
        Self {
            survey,
            seeing: [1.08, 1.0, 0.93].map(|s| s * seeing * (0.04 * normal()).exp()),
            beta: (3.2 + 0.4 * normal()).clamp(2.6, 4.5),
            noise: [0.0; BANDS].map(|_: f64| (depth + 0.12 * normal()).exp()),
            correlation: (0.55 + 0.12 * normal()).clamp(0.3, 0.9),
            background: [0.0; BANDS].map(|_: f64| 0.12 * normal()),
        }
    }

    /// Noise of the sky in a pixel, in nanomaggies.
    pub(crate) fn pixel_noise(&self, band: usize, scale: f64) -> f64 {
        let instrument = self.survey.instrument();
        // Pixels finer than the camera's repeat its surface brightness, including the noise.
        instrument.noise[band] * self.noise[band] * scale * (scale / instrument.pixel).min(1.0)
    }

    /// Blurs every band with its point-spread function.
    pub(crate) fn blur(&self, canvas: &mut Canvas) {
        for (band, seeing) in canvas.bands.iter_mut().zip(self.seeing) {
            let psf = Moffat::new(seeing / canvas.scale, self.beta);
            *band = psf.convolve(band, canvas.size);
        }
    }

    /// Adds the sky's noise, the sources' photon noise and the background's error.
    pub(crate) fn expose(&self, canvas: &mut Canvas, rng: &mut StdRng) {
        let size = canvas.size;
        let instrument = self.survey.instrument();
        let finer = (instrument.pixel / canvas.scale).max(1.0);
        let kernel = gaussian(self.correlation * finer, 0.02);
        let mut scratch = vec![0.0; size * size];
        for (band, plane) in canvas.bands.iter_mut().enumerate() {
            let sigma = self.pixel_noise(band, canvas.scale);
            let mut noise: Vec<f32> =
                (0..size * size).map(|_| rng.sample::<f32, _>(StandardNormal)).collect();
            separable(&mut noise, &mut scratch, size, &kernel);
            // Blurring reduced the noise: scale it back to the noise of a pixel.
            let kept = 2.0 * kernel.iter().map(|k| k * k).sum::<f32>() - kernel[0] * kernel[0];
            let sky = instrument.sky[band] * canvas.scale * canvas.scale;
            for (value, noise) in plane.iter_mut().zip(&noise) {
                let photons = (1.0 + f64::from(value.max(0.0)) / sky).sqrt();
                *value += (sigma * photons) as f32 * noise / kept
                    + (sigma * self.background[band]) as f32;
            }
        }
    }
}

/// A Moffat point-spread function, (1 + r²/a²)^-β, as a sum of Gaussians.
///
/// (1 + r²/a²)^-β = ∫ t^(β-1) e^(-t) e^(-t r²/a²) dt / Γ(β): a Moffat profile *is* a mixture of Gaussians
/// with σ² = a²/2t. With t = e^u the trapezoidal rule converges exponentially, and six separable Gaussians
/// replace one wide two-dimensional kernel.
pub(crate) struct Moffat {
    /// (weight, σ in pixels); the weights sum to 1.
    gaussians: Vec<(f64, f64)>,
}

impl Moffat {
    /// Creates a profile from the full width at half maximum in pixels and β > 1.
    pub fn new(fwhm: f64, beta: f64) -> Self {
        const STEP: f64 = 0.9;
        let a = fwhm / (2.0 * (2f64.powf(1.0 / beta) - 1.0).sqrt());
        let nodes = (0..6).map(|k| STEP * f64::from(k) - 2.3);
        let mut gaussians: Vec<(f64, f64)> = nodes
            // The flux of a node: its height t^β e^(-t) times its area, proportional to 1/t.
            .map(|u| (((beta - 1.0) * u - u.exp()).exp(), a / (2.0 * u.exp()).sqrt()))
            .collect();
        let total: f64 = gaussians.iter().map(|g| g.0).sum();
        gaussians.iter_mut().for_each(|g| g.0 /= total);
        Self { gaussians }
    }

    /// Convolves a square plane; pixels beyond its borders repeat the border.
    pub fn convolve(&self, plane: &[f32], size: usize) -> Vec<f32> {
        let mut sum = vec![0.0; plane.len()];
        let mut scratch = vec![0.0; plane.len()];
        let mut part = vec![0.0; plane.len()];
        for &(weight, sigma) in &self.gaussians {
            part.copy_from_slice(plane);
            separable(&mut part, &mut scratch, size, &gaussian(sigma, 0.003));
            let weight = weight as f32;
            sum.iter_mut().zip(&part).for_each(|(s, p)| *s += weight * p);
        }
        sum
    }
}

/// One side of a Gaussian integrated over pixels: k[0] is the middle, k[i] the two pixels i away; cut where
/// it falls below `least` times its maximum, with k[0] + 2 Σ k[i] = 1.
pub(crate) fn gaussian(sigma: f64, least: f64) -> Vec<f32> {
    let reach = (sigma * (-2.0 * least.ln()).sqrt()).ceil().max(1.0) as usize;
    const SAMPLES: usize = 7;
    let mut kernel: Vec<f64> = (0..=reach)
        .map(|i| {
            (0..SAMPLES)
                .map(|s| i as f64 + (s as f64 + 0.5) / SAMPLES as f64 - 0.5)
                .map(|x| (-0.5 * x * x / (sigma * sigma)).exp())
                .sum()
        })
        .collect();
    let total = kernel[0] + 2.0 * kernel[1..].iter().sum::<f64>();
    kernel.iter_mut().for_each(|k| *k /= total);
    kernel.into_iter().map(|k| k as f32).collect()
}

/// Convolves the rows, then the columns, with a symmetric kernel given by one side.
pub(crate) fn separable(plane: &mut [f32], scratch: &mut [f32], size: usize, kernel: &[f32]) {
    let reach = kernel.len() - 1;
    let mut padded = vec![0.0f32; size + 2 * reach];
    for (row, out) in plane.chunks_exact(size).zip(scratch.chunks_exact_mut(size)) {
        padded[..reach].fill(row[0]);
        padded[reach..reach + size].copy_from_slice(row);
        padded[reach + size..].fill(row[size - 1]);
        out.iter_mut().zip(row).for_each(|(o, v)| *o = kernel[0] * v);
        for (i, &k) in kernel.iter().enumerate().skip(1) {
            let (before, after) = (&padded[reach - i..], &padded[reach + i..]);
            for ((o, b), a) in out.iter_mut().zip(before).zip(after) {
                *o += k * (b + a);
            }
        }
    }
    for (row, out) in plane.chunks_exact_mut(size).enumerate() {
        let line = |r: usize| &scratch[r * size..(r + 1) * size];
        out.iter_mut().zip(line(row)).for_each(|(o, v)| *o = kernel[0] * v);
        for (i, &k) in kernel.iter().enumerate().skip(1) {
            let (above, below) = (line(row.saturating_sub(i)), line((row + i).min(size - 1)));
            for ((o, a), b) in out.iter_mut().zip(above).zip(below) {
                *o += k * (a + b);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_becomes_a_moffat_of_the_asked_width_and_keeps_its_flux() {
        let (size, fwhm, beta) = (161, 6.0, 3.0);
        let mut plane = vec![0.0; size * size];
        let middle = size / 2;
        plane[middle * size + middle] = 1.0;
        let seen = Moffat::new(fwhm, beta).convolve(&plane, size);
        let total: f32 = seen.iter().sum();
        assert!((total - 1.0).abs() < 1e-3, "{total}");
        // Comparison with the closed form, from the core into the wings.
        let a2 = (fwhm / 2.0).powi(2) / (2f64.powf(1.0 / beta) - 1.0);
        let peak = (beta - 1.0) / (std::f64::consts::PI * a2);
        for r in [0usize, 1, 2, 3, 5, 8, 12] {
            let expected = peak * (1.0 + (r * r) as f64 / a2).powf(-beta);
            let got = f64::from(seen[middle * size + middle + r]);
            assert!((got / expected - 1.0).abs() < 0.04, "r {r}: {got} and {expected}");
        }
        let half = seen[middle * size + middle] / 2.0;
        let width = seen[middle * size..(middle + 1) * size].iter().filter(|v| **v > half).count();
        assert!((5..=7).contains(&width), "{width}");
    }

    #[test]
    fn empty_sky_has_the_noise_of_its_conditions_and_neighbouring_pixels_share_some() {
        use rand::SeedableRng;
        let mut rng = StdRng::seed_from_u64(3);
        let conditions =
            Conditions { background: [0.0; BANDS], ..Conditions::draw(Survey::Legacy, &mut rng) };
        let mut canvas = Canvas::new(200, 0.6);
        conditions.expose(&mut canvas, &mut rng);
        for band in 0..BANDS {
            let plane = &canvas.bands[band];
            let product = |shift: usize| {
                let pairs = plane.iter().zip(&plane[shift..]);
                pairs.map(|(a, b)| f64::from(a * b)).sum::<f64>() / plane.len() as f64
            };
            let sigma = conditions.pixel_noise(band, 0.6);
            assert!((product(0).sqrt() / sigma - 1.0).abs() < 0.05, "band {band}");
            assert!(product(1) > 0.1 * product(0), "band {band}");
        }
    }
}
