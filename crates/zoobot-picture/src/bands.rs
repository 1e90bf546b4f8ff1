//! The bands of one field, from one FITS file or several, as a picture.

use crate::fits::{FitsFile, Hdu, Wcs};
use crate::stretch::{Stretch, align};
use image::RgbImage;
use ndarray::{Array2, s};
use std::path::Path;
use zoobot_base::error::{Error, Result};
use zoobot_base::spelling;

/// The planes of one or several FITS images of one field, with their names where they are known.
///
/// ```no_run
/// use zoobot_core::picture::{Bands, Stretch};
/// let bands = Bands::read(&["cutout.fits"], None)?.choose(&["g", "r", "z"])?;
/// bands.picture(&Stretch::legacy())?.save("cutout.png").expect("a folder to write into");
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Bands {
    names: Vec<Option<String>>,
    /// Row 0 is the bottom.
    planes: Vec<Array2<f32>>,
    coordinates: Vec<Option<Wcs>>,
    /// Whether the planes are in the order red, green, blue, and not from short to long wavelengths.
    rgb: bool,
}

impl Bands {
    /// Reads all planes of some files, one after the other, each from the same part (HDU). The names of bands come
    /// from the header (`BANDS`, `BAND0`, `FILTER`).
    ///
    /// # Errors
    /// [`Error::Picture`] with the reason when a file cannot be read; [`Error::Empty`] without a file.
    pub fn read<P: AsRef<Path>>(files: &[P], hdu: Option<&Hdu>) -> Result<Self> {
        let mut all = Self { names: vec![], planes: vec![], coordinates: vec![], rgb: false };
        for file in files {
            let image = FitsFile::open(file)?.image(hdu)?;
            let (names, wcs) = (image.bands(), image.wcs().ok());
            for plane in 0..image.planes() {
                all.planes.push(image.plane(plane)?);
                all.names.push(names.get(plane).cloned());
                all.coordinates.push(wcs.clone());
            }
        }
        match all.planes.is_empty() {
            true => Err(Error::empty("there are no bands", "Give at least one FITS file")),
            false => Ok(all),
        }
    }

    /// The names, in order; `None` where a header does not say.
    pub fn names(&self) -> &[Option<String>] {
        &self.names
    }

    /// The planes, with row 0 at the bottom.
    pub fn planes(&self) -> &[Array2<f32>] {
        &self.planes
    }

    /// The coordinates of the finest plane on the sky, which a picture has, if they are known.
    pub fn wcs(&self) -> Option<&Wcs> {
        let finest = (0..self.planes.len()).max_by_key(|i| self.planes[*i].len())?;
        self.coordinates.get(finest)?.as_ref()
    }

    /// Keeps bands by name, in this order, from short to long wavelengths. If the headers name no band, the names
    /// are given to the planes in their order.
    ///
    /// # Errors
    /// [`Error::Missing`] for a band that is not there; [`Error::Shape`] when planes without names are more or
    /// fewer than the names.
    pub fn choose<N: AsRef<str>>(mut self, names: &[N]) -> Result<Self> {
        let known: Vec<&str> = self.names.iter().flatten().map(String::as_str).collect();
        let named =
            names.iter().any(|name| known.iter().any(|it| it.eq_ignore_ascii_case(name.as_ref())));
        if !named {
            if self.planes.len() != names.len() {
                let problem = format!(
                    "{} names of bands do not fit {} planes",
                    names.len(),
                    self.planes.len()
                );
                let hint = match known.is_empty() {
                    true => "Name every plane, in the order of the file".to_owned(),
                    false => format!("The planes are called {}", known.join(", ")),
                };
                return Err(Error::shape(problem, hint));
            }
            self.names = names.iter().map(|name| Some(name.as_ref().to_owned())).collect();
            return Ok(self);
        }
        let place = |name: &N| {
            let name = name.as_ref();
            let same =
                |it: &Option<String>| it.as_ref().is_some_and(|it| it.eq_ignore_ascii_case(name));
            self.names.iter().position(same).ok_or_else(|| {
                let hint = spelling::near(name, known.iter().copied());
                Error::Missing {
                    kind: "band",
                    name: name.to_owned(),
                    place: "the image".into(),
                    hint,
                }
            })
        };
        let places = names.iter().map(place).collect::<Result<Vec<usize>>>()?;
        Ok(Self {
            names: places.iter().map(|i| self.names[*i].clone()).collect(),
            planes: places.iter().map(|i| self.planes[*i].clone()).collect(),
            coordinates: places.iter().map(|i| self.coordinates[*i].clone()).collect(),
            rgb: false,
        })
    }

    /// Keeps one band: by its name, or by its place, from 0, if no band has that name.
    ///
    /// # Errors
    /// [`Error::Missing`] for a band that is not there.
    pub fn only(self, band: &str) -> Result<Self> {
        let named = self.names.iter().flatten().any(|it| it.eq_ignore_ascii_case(band));
        match band.parse::<usize>() {
            Ok(place) if !named && place < self.planes.len() => Ok(Self {
                names: vec![self.names[place].clone()],
                planes: vec![self.planes[place].clone()],
                coordinates: vec![self.coordinates[place].clone()],
                rgb: false,
            }),
            _ if !named => {
                let names: Vec<String> = (0..)
                    .zip(&self.names)
                    .map(|(i, it): (usize, _)| it.clone().unwrap_or(i.to_string()))
                    .collect();
                let known = names.iter().map(String::as_str);
                Err(Error::missing("band", band, "the image", known))
            }
            _ => self.choose(&[band]),
        }
    }

    /// Keeps the bands that become red, green and blue.
    ///
    /// # Errors
    /// As [`choose`](Self::choose).
    pub fn rgb<N: AsRef<str>>(self, red: N, green: N, blue: N) -> Result<Self> {
        Ok(Self { rgb: true, ..self.choose(&[red, green, blue])? })
    }

    /// A picture of one band (grey), two (the last is red, the first blue, their mean green) or three (the last
    /// is red), with north at the top if the image has it there. Bands of another scale are resampled: see
    /// [`align`]. The Legacy Surveys' rendering takes its scales from the bands' names.
    ///
    /// # Errors
    /// [`Error::Shape`] for more than three bands, and for bands of different fields; the errors of
    /// [`Stretch::picture`] and [`Stretch::for_bands`].
    pub fn picture(&self, stretch: &Stretch) -> Result<RgbImage> {
        let aligned = align(&self.planes, &self.coordinates)?;
        let mut planes: Vec<Array2<f32>> =
            aligned.iter().map(|plane| plane.slice(s![..;-1, ..]).to_owned()).collect();
        let mut names: Vec<Option<String>> = self.names.clone();
        if !self.rgb {
            planes.reverse();
            names.reverse();
        }
        match planes.len() {
            1 | 3 => {}
            2 => {
                let middle = (&planes[0] + &planes[1]) / 2.0;
                planes.insert(1, middle);
                names.insert(1, None);
            }
            count => {
                let problem = format!("a picture cannot be made of {count} bands");
                let hint = "Choose 1, 2 or 3 of them, or which are red, green and blue";
                return Err(Error::shape(problem, hint));
            }
        }
        let known: Option<Vec<String>> = names.into_iter().collect();
        match known {
            Some(names) => stretch.clone().for_bands(&names)?.picture(&planes),
            None => stretch.picture(&planes),
        }
    }
}

#[cfg(test)]
mod tests;
