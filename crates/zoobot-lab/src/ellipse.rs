//! Ellipses fitted to the outlines of galaxies: the 24 features of a picture that Astronomaly used before
//! learnt representations (Lochner & Bassett 2021, Astronomy and Computing 36, 100481).

use image::RgbImage;
use image::imageops::{FilterType, blur, resize};
use ndarray::Array2;
use rayon::prelude::*;
use zoobot_core::catalog::Catalog;
use zoobot_core::notebook::Progress;
use zoobot_core::space::Space;
use zoobot_core::{Error, Result};

/// The brightness levels of the outlines, as percentiles of the pixels.
const LEVELS: [f64; 6] = [90.0, 80.0, 70.0, 60.0, 50.0, 0.0];
/// The features of each outline.
const NAMES: [&str; 4] = ["residual", "offset", "aspect", "theta"];
/// The side length to which pictures are resized, in pixels.
const SIDE: u32 = 96;
/// The standard deviation of the Gaussian blur that smooths noise, in resized pixels.
const BLUR: f32 = 1.5;

/// The ellipse features of a catalogue's pictures, as a space with 24 columns.
///
/// For each of 6 brightness levels (the percentiles 90, 80, 70, 60, 50 and 0 of the pixels), an ellipse is
/// fitted to the brighter region around the centre. Its features are `residual` (the area in which region and
/// ellipse differ, relative to the region's area), `offset` (the distance of its centre from the centre of
/// the brightest region, relative to the picture's side), `aspect` (minor over major axis, 0 to 1), and
/// `theta` (the angle of the major axis in radians, -π/2 to π/2). All are 0 for a picture without light.
///
/// # Errors
/// [`Error::Picture`] when a picture cannot be read; [`Error::Interrupted`].
pub fn ellipse_features(catalog: &Catalog) -> Result<Space> {
    let files = catalog.files();
    let progress = Progress::new("ellipses", Some(files.len()));
    let rows: Vec<Vec<f32>> = files
        .par_iter()
        .map(|file| {
            zoobot_core::interrupt::check("ellipses", || format!("{} pictures", progress.done()))?;
            let features = of_picture(&zoobot_core::picture::read(file)?);
            progress.advance(1);
            Ok::<_, Error>(features)
        })
        .collect::<Result<_>>()?;
    progress.finish();
    let shape = (rows.len(), LEVELS.len() * NAMES.len());
    let features = Array2::from_shape_vec(shape, rows.concat())
        .map_err(Error::internal("the ellipses do not fill their table"))?;
    Space::new(catalog.ids().to_vec(), features)?.with_catalog(catalog)
}

/// The features of one picture: residual, offset, aspect and theta for each brightness level.
fn of_picture(picture: &RgbImage) -> Vec<f32> {
    let small = blur(&resize(picture, SIDE, SIDE, FilterType::Triangle), BLUR);
    let light: Vec<f64> =
        small.pixels().map(|pixel| pixel.0.iter().map(|&byte| f64::from(byte)).sum()).collect();
    let mut sorted = light.clone();
    sorted.sort_by(f64::total_cmp);
    let mut features = Vec::new();
    let mut first = None;
    for level in LEVELS {
        let threshold = sorted[(level / 100.0 * (sorted.len() - 1) as f64) as usize];
        let region = region(&light, threshold);
        let Some(ellipse) = Ellipse::of(&region) else {
            features.extend([0.0; 4]);
            continue;
        };
        let (x, y) = *first.get_or_insert((ellipse.x, ellipse.y));
        let offset = (ellipse.x - x).hypot(ellipse.y - y) / f64::from(SIDE);
        let all = [ellipse.residual(&region), offset, ellipse.aspect(), ellipse.theta];
        features.extend(all.map(|value| value as f32));
    }
    features
}

/// The connected region of pixels above the threshold around the one that is nearest to the centre.
fn region(light: &[f64], threshold: f64) -> Vec<bool> {
    let side = SIDE as usize;
    let centre = (side as f64 - 1.0) / 2.0;
    let from_centre = |place: usize| {
        let (x, y) = ((place % side) as f64 - centre, (place / side) as f64 - centre);
        x * x + y * y
    };
    let bright = (0..light.len()).filter(|&place| light[place] > threshold);
    let mut region = vec![false; light.len()];
    let Some(start) = bright.min_by(|&a, &b| from_centre(a).total_cmp(&from_centre(b))) else {
        return region;
    };
    let mut open = vec![start];
    region[start] = true;
    while let Some(place) = open.pop() {
        let (x, y) = (place % side, place / side);
        let beside = [
            (x > 0).then(|| place - 1),
            (x + 1 < side).then_some(place + 1),
            (y > 0).then(|| place - side),
            (y + 1 < side).then_some(place + side),
        ];
        for next in beside.into_iter().flatten() {
            if !region[next] && light[next] > threshold {
                region[next] = true;
                open.push(next);
            }
        }
    }
    region
}

/// The ellipse with the area moments of a region.
#[derive(Debug, Clone, Copy)]
struct Ellipse {
    x: f64,
    y: f64,
    /// The semi-axes in pixels.
    major: f64,
    minor: f64,
    theta: f64,
}

impl Ellipse {
    fn of(region: &[bool]) -> Option<Self> {
        let places = || positions(region).filter(|(_, inside)| *inside).map(|(at, _)| at);
        let area = places().count() as f64;
        if area == 0.0 {
            return None;
        }
        let sum = |of: &dyn Fn((f64, f64)) -> f64| places().map(of).sum::<f64>() / area;
        let (x, y) = (sum(&|at| at.0), sum(&|at| at.1));
        // Adds the variance within a pixel.
        let xx = sum(&|at| (at.0 - x).powi(2)) + 1.0 / 12.0;
        let yy = sum(&|at| (at.1 - y).powi(2)) + 1.0 / 12.0;
        let xy = sum(&|at| (at.0 - x) * (at.1 - y));
        let spread = ((xx - yy).powi(2) / 4.0 + xy * xy).sqrt();
        let middle = (xx + yy) / 2.0;
        let axis = |variance: f64| 2.0 * variance.max(0.0).sqrt();
        let theta = 0.5 * (2.0 * xy).atan2(xx - yy);
        Some(Self { x, y, major: axis(middle + spread), minor: axis(middle - spread), theta })
    }

    fn aspect(&self) -> f64 {
        self.minor / self.major
    }

    /// The area in which region and ellipse differ, relative to the region's area.
    fn residual(&self, region: &[bool]) -> f64 {
        let (sin, cos) = self.theta.sin_cos();
        let inside = |(x, y): (f64, f64)| {
            let (x, y) = (x - self.x, y - self.y);
            let (along, across) = (cos * x + sin * y, cos * y - sin * x);
            (along / self.major).powi(2) + (across / self.minor).powi(2) <= 1.0
        };
        let different = positions(region).filter(|(at, bright)| inside(*at) != *bright).count();
        let area = region.iter().filter(|it| **it).count();
        different as f64 / area as f64
    }
}

/// The position of each pixel, and whether it is in the region.
fn positions(region: &[bool]) -> impl Iterator<Item = ((f64, f64), bool)> + '_ {
    let side = SIDE as usize;
    let at = move |place: usize| ((place % side) as f64, (place / side) as f64);
    region.iter().enumerate().map(move |(place, &inside)| (at(place), inside))
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    /// A galaxy with a Gaussian profile.
    fn galaxy(aspect: f64, theta: f64) -> RgbImage {
        RgbImage::from_fn(192, 192, |x, y| {
            let (x, y) = (f64::from(x) - 95.5, f64::from(y) - 95.5);
            let (along, across) =
                (x * theta.cos() + y * theta.sin(), y * theta.cos() - x * theta.sin());
            let r = (along / 40.0).powi(2) + (across / (40.0 * aspect)).powi(2);
            Rgb([(250.0 * (-0.5 * r).exp()) as u8; 3])
        })
    }

    #[test]
    fn an_elliptical_galaxy_has_its_aspect_and_angle() {
        for (aspect, theta) in [(0.5, 0.3), (0.7, -0.8), (0.35, 1.2)] {
            let found = of_picture(&galaxy(aspect, theta));
            assert_eq!(found.len(), 24);
            assert!(found[0] < 0.1 && found[1] == 0.0, "{found:?}");
            assert!((f64::from(found[2]) - aspect).abs() < 0.06, "{aspect}: {found:?}");
            assert!((f64::from(found[3]) - theta).abs() < 0.1, "{theta}: {found:?}");
        }
    }

    #[test]
    fn two_galaxies_leave_more_than_one_and_no_light_leaves_nothing() {
        let mut pair = galaxy(0.9, 0.0);
        for (x, y, pixel) in galaxy(0.9, 0.0).enumerate_pixels() {
            if x + 70 < 192 {
                let to = pair.get_pixel_mut(x + 70, (y + 60) % 192);
                to.0 = [to.0[0].max(pixel.0[0]); 3];
            }
        }
        let (one, two) = (of_picture(&galaxy(0.9, 0.0)), of_picture(&pair));
        assert!(two[4] > 2.0 * one[4] && two[5] + two[9] > 0.02, "{one:?} {two:?}");
        assert_eq!(of_picture(&RgbImage::new(50, 60)), [0.0; 24]);
    }

    #[test]
    fn a_catalogue_becomes_a_space_and_a_missing_picture_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let catalog = zoobot_core::survey::Simulation::new(6).size(48).write(dir.path()).unwrap();
        let space = ellipse_features(&catalog).unwrap();
        assert_eq!((space.len(), space.width()), (6, 24));
        assert_eq!(space.ids(), catalog.ids());
        std::fs::remove_file(&catalog.files()[2]).unwrap();
        let message = ellipse_features(&catalog).unwrap_err().to_string();
        assert!(message.contains(catalog.files()[2].file_name().unwrap().to_str().unwrap()));
    }
}
