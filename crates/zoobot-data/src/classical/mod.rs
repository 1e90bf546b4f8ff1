//! Classical morphology: Gini, M20, concentration, asymmetry, smoothness, ellipticity and Petrosian radius, which
//! describe a galaxy without a network.

mod aperture;
mod measure;
mod plane;
mod segment;
mod solve;

pub use measure::ClassicalMorphology;

use crate::catalog::{Catalog, ID};
use crate::picture::{Failed, Failures};
use ndarray::{Array2, ArrayView2};
use plane::Plane;
use polars::prelude::{Column, DataFrame};
use rayon::prelude::*;
use std::path::Path;
use zoobot_base::error::{Error, Result};
use zoobot_base::interrupt;
use zoobot_picture::PictureFormat;

/// The largest side of a picture, in pixels.
const LARGEST: usize = 4096;

impl ClassicalMorphology {
    /// Measures the galaxy in the middle of a picture of one band (rows of pixels, in any unit proportional to flux).
    /// The sky is subtracted, and other objects are masked; NaN is masked, too.
    ///
    /// ```
    /// use zoobot_core::classical::ClassicalMorphology;
    /// use zoobot_core::ndarray::Array2;
    /// // An exponential disc twice as long as wide, on a sky with a pattern.
    /// let disc = Array2::from_shape_fn((128, 128), |(y, x)| {
    ///     let (dx, dy) = (x as f64 - 63.3, (y as f64 - 64.1) * 2.0);
    ///     1000.0 * (-dx.hypot(dy) / 8.0).exp() + ((x * 7 + y * 13) % 11) as f64
    /// });
    /// let found = ClassicalMorphology::of(disc.view());
    /// assert_eq!(found.flag, 0);
    /// assert!((found.ellipticity - 0.5).abs() < 0.02 && found.asymmetry < 0.05);
    /// ```
    pub fn of(picture: ArrayView2<f64>) -> Self {
        let plane = Plane::of(picture);
        let (sky, noise) = segment::sky(&plane);
        let values = plane.values.iter().map(|value| value - sky).collect();
        let plane = Plane::new(plane.width, plane.height, values);
        let labels = segment::segments(&plane, noise);
        measure::measure(&plane, &labels.unwrap_or_else(|| vec![0; plane.values.len()]), 1)
    }

    /// Measures the object with a number in a map of objects (0 is sky), in a picture whose sky is 0: as statmorph does
    /// with the same picture and map.
    ///
    /// # Errors
    /// [`Error::Shape`] when picture and map have different sizes.
    pub fn of_segment(
        picture: ArrayView2<f64>,
        segments: ArrayView2<u32>,
        label: u32,
    ) -> Result<Self> {
        if picture.dim() != segments.dim() {
            let problem = format!(
                "the picture has {:?} rows and columns, but the map of objects has {:?}",
                picture.dim(),
                segments.dim()
            );
            return Err(Error::shape(problem, "Give both in one size"));
        }
        let labels: Vec<u32> = segments.iter().copied().collect();
        Ok(measure::measure(&Plane::of(picture), &labels, label))
    }

    /// The picture without its sky, and the map of its objects (0 is sky, 1 the galaxy), by which [`of`](Self::of)
    /// measures: for use in other programs. The map is empty if there is no galaxy.
    pub fn segments(picture: ArrayView2<f64>) -> (Array2<f64>, Array2<u32>) {
        let plane = Plane::of(picture);
        let (sky, noise) = segment::sky(&plane);
        let values: Vec<f64> = plane.values.iter().map(|value| value - sky).collect();
        let plane = Plane::new(plane.width, plane.height, values);
        let labels = segment::segments(&plane, noise);
        let labels = labels.unwrap_or_else(|| vec![0; plane.values.len()]);
        let (height, width) = (plane.height, plane.width);
        let picture = Array2::from_shape_fn((height, width), |(y, x)| plane.values[y * width + x]);
        (picture, Array2::from_shape_fn((height, width), |(y, x)| labels[y * width + x]))
    }

    /// Measures every galaxy of a catalogue, in parallel: a table with `id_str` and a column for each measure, and the
    /// galaxies whose pictures could not be read. FITS pictures are measured as flux, the mean of their bands; others as
    /// the mean of red, green and blue, which a stretch has changed.
    ///
    /// ```
    /// use zoobot_core::classical::ClassicalMorphology;
    /// use zoobot_core::prelude::*;
    /// let (table, failed) = ClassicalMorphology::of_catalog(&Catalog::real_sample()?.head(2))?;
    /// assert_eq!((table.height(), failed.len()), (2, 0));
    /// assert!(table.column("gini")?.f64()?.get(0).is_some_and(|gini| gini > 0.2 && gini < 0.9));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Interrupted`] when the user stops the call.
    pub fn of_catalog(catalog: &Catalog) -> Result<(DataFrame, Failures)> {
        let files = catalog.files();
        let measured: Vec<Result<Result<Self>>> = files
            .par_iter()
            .map(|file| {
                interrupt::check("measuring", || "some of the galaxies".to_owned())?;
                Ok(read(file).map(|picture| Self::of(picture.view())))
            })
            .collect();
        let (mut ids, mut rows, mut failed) = (Vec::new(), Vec::new(), Vec::new());
        for ((id, file), found) in catalog.ids().iter().zip(&files).zip(measured) {
            match found? {
                Ok(row) => {
                    ids.push(id.clone());
                    rows.push(row);
                }
                Err(error) => failed.push(Failed {
                    id_str: id.clone(),
                    file_loc: file.clone(),
                    reason: match error {
                        Error::Picture { reason, .. } => reason,
                        other => other.to_string(),
                    },
                }),
            }
        }
        let mut columns = vec![Column::new(ID.into(), ids)];
        for (name, of) in MEASURES {
            let values = rows.iter().map(|row| Some(of(row)).filter(|it| it.is_finite()));
            columns.push(Column::new(name.into(), values.collect::<Vec<Option<f64>>>()));
        }
        let flags: Vec<u32> = rows.iter().map(|row| u32::from(row.flag)).collect();
        columns.push(Column::new("flag".into(), flags));
        Ok((DataFrame::new(rows.len(), columns)?, failed.into()))
    }
}

/// A column of the table of measures.
type Measure = (&'static str, fn(&ClassicalMorphology) -> f64);

/// The columns of the table of measures.
const MEASURES: [Measure; 16] = [
    ("gini", |it| it.gini),
    ("m20", |it| it.m20),
    ("concentration", |it| it.concentration),
    ("asymmetry", |it| it.asymmetry),
    ("smoothness", |it| it.smoothness),
    ("ellipticity", |it| it.ellipticity),
    ("orientation", |it| it.orientation),
    ("petrosian_radius", |it| it.petrosian_radius),
    ("petrosian_semi_major", |it| it.petrosian_semi_major),
    ("r20", |it| it.r20),
    ("r50", |it| it.r50),
    ("r80", |it| it.r80),
    ("x", |it| it.x),
    ("y", |it| it.y),
    ("sky_mean", |it| it.sky_mean),
    ("sky_sigma", |it| it.sky_sigma),
];

/// The picture of one band to measure in.
fn read(file: &Path) -> Result<Array2<f64>> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let is_fits = PictureFormat::of_name(&name).is_some_and(|(format, _)| format.is_flux());
    let picture = match is_fits {
        true => {
            let planes = zoobot_picture::read_flux(file)?;
            let count = planes.len() as f64;
            let mut planes = planes.into_iter();
            let mut sum = planes.next().unwrap_or_default().mapv(f64::from);
            for plane in planes {
                sum += &plane.mapv(f64::from);
            }
            sum / count
        }
        false => {
            let picture = zoobot_picture::read(file)?;
            let (width, height) = picture.dimensions();
            Array2::from_shape_fn((height as usize, width as usize), |(y, x)| {
                let pixel = picture.get_pixel(x as u32, y as u32).0;
                pixel.iter().map(|&it| f64::from(it)).sum::<f64>() / 3.0
            })
        }
    };
    let (height, width) = picture.dim();
    if height.max(width) > LARGEST {
        return Err(Error::Picture {
            path: file.to_path_buf(),
            reason: format!(
                "it has {width} x {height} pixels, more than {LARGEST}: cut the galaxy out"
            ),
        });
    }
    Ok(picture)
}

#[cfg(test)]
mod tests;
