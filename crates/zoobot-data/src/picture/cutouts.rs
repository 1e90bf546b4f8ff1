//! Cut-outs of galaxies from a larger image of the sky.

use super::{Failed, Failures};
use crate::catalog::{Catalog, FILE, ID, Positions, read_table};
use ndarray::{Array2, s};
use polars::prelude::{Column, DataFrame};
use rayon::prelude::*;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use zoobot_base::error::{Error, Result};
use zoobot_picture::{FitsImage, PixelRegion, Stretch, save_picture, write_fits};
use zoobot_show::notebook::Progress;

/// The number of pixels that are in memory at once, about 256 MB.
const MOST: usize = 64 << 20;

/// What cut-outs are written as.
///
/// ```
/// use zoobot_core::picture::{CutoutFormat, Stretch};
/// let format = CutoutFormat::Png(Stretch::legacy());
/// assert_ne!(format, CutoutFormat::Fits);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum CutoutFormat {
    /// FITS files of flux in single precision, with coordinates; undefined pixels are NaN.
    Fits,
    /// PNG pictures.
    Png(Stretch),
}

/// Cuts galaxies out of an image of the sky by right ascension and declination. Only the parts of the image that
/// are needed are read, each once, also from compressed tiles.
///
/// ```
/// use zoobot_core::picture::{Cutouts, FitsFile};
/// let field = zoobot_core::survey::sample_field_folder()?;
/// let image = FitsFile::open(field.join("field.fits.fz"))?.image(None)?;
/// let out = std::env::temp_dir().join(format!("doc-cutouts-{}", std::process::id()));
/// let written = Cutouts::new(&image, 64)?.write(field.join("catalog.csv"), &out)?;
/// assert_eq!((written.catalog.len(), written.outside.len()), (24, 2));
/// # std::fs::remove_dir_all(out).expect("just written");
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Cutouts {
    image: FitsImage,
    size: usize,
    format: CutoutFormat,
    plane: Option<usize>,
}

/// The cut-outs that were written, and the galaxies that have none.
#[derive(Debug, Clone)]
pub struct Written {
    /// The galaxies with a cut-out: all columns of the table, with the file in `file_loc`.
    pub catalog: Catalog,
    /// The galaxies that are not on the image.
    pub outside: Vec<String>,
    /// The number of cut-outs that reach beyond the image, where they are filled with NaN.
    pub partly: usize,
    /// The galaxies without a position.
    pub unknown: Vec<String>,
    /// The galaxies whose cut-out could not be made into a picture, with the reason.
    pub failed: Failures,
}

/// A galaxy to cut out.
struct Wanted {
    row: usize,
    region: PixelRegion,
    name: String,
}

impl Cutouts {
    /// Cut-outs of `size` x `size` pixels, as FITS files of all planes.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a size out of range; [`Error::Picture`] for an image without coordinates that can
    /// be read.
    pub fn new(image: &FitsImage, size: usize) -> Result<Self> {
        if !(1..=8192).contains(&size) {
            return Err(Error::parameter("size", size, "between 1 and 8192 pixels"));
        }
        image.wcs()?;
        Ok(Self { image: image.clone(), size, format: CutoutFormat::Fits, plane: None })
    }

    /// Sets the format of the files. Default FITS.
    pub fn format(mut self, format: CutoutFormat) -> Self {
        self.format = format;
        self
    }

    /// Cuts out only one plane, counted from 0. Default all planes.
    pub fn plane(mut self, plane: Option<usize>) -> Self {
        self.plane = plane;
        self
    }

    /// Writes the cut-outs of a table's galaxies into a folder, and a `catalog.csv` beside them. The table has
    /// `id_str` and the usual columns of positions; it needs no `file_loc`.
    ///
    /// The pixels are those of `Cutout2D` of astropy: the square whose middle is closest to the position. A galaxy
    /// whose square has no pixel on the image gets no file.
    ///
    /// # Errors
    /// [`Error::Missing`] or [`Error::Catalog`] for a table without names or positions, [`Error::Empty`] when no
    /// galaxy is on the image, [`Error::Shape`] for PNG pictures of other than one or three planes,
    /// [`Error::Io`] when a file cannot be written.
    pub fn write(&self, table: impl AsRef<Path>, folder: impl AsRef<Path>) -> Result<Written> {
        let (table, folder) = (table.as_ref(), folder.as_ref());
        let planes = match self.plane {
            Some(plane) if plane >= self.image.planes() => {
                let range = format!("less than {}, the number of planes", self.image.planes());
                return Err(Error::parameter("plane", plane, range));
            }
            Some(plane) => vec![plane],
            None => (0..self.image.planes()).collect(),
        };
        if let CutoutFormat::Png(stretch) = &self.format {
            stretch.check()?;
            if !matches!(planes.len(), 1 | 3) {
                let problem = format!("a PNG picture cannot be made of {} planes", planes.len());
                return Err(Error::shape(problem, "Choose one plane, or write FITS files"));
            }
        }
        let catalog = named(read_table(table)?, table)?;
        let (wanted, outside, unknown) = self.places(&catalog)?;
        let size = [self.image.width(), self.image.height()];
        if wanted.is_empty() {
            let what = format!(
                "none of the {} galaxies of {} is on the image ({} x {} pixels)",
                catalog.len(),
                table.display(),
                size[0],
                size[1]
            );
            return Err(Error::empty(what, "Check the positions, and which image it is"));
        }
        let partly = |it: &&Wanted| {
            let beyond =
                |first: i64, all: usize| first < 0 || first + self.size as i64 > all as i64;
            beyond(it.region.x, size[0]) || beyond(it.region.y, size[1])
        };
        let partly = wanted.iter().filter(partly).count();
        std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        let failed = self.write_all(&wanted, &planes, folder, catalog.ids())?;
        let lost: HashSet<&str> = failed.iter().map(|it| it.id_str.as_str()).collect();
        let mut kept: Vec<(usize, String)> = wanted
            .into_iter()
            .filter(|it| !lost.contains(catalog.ids()[it.row].as_str()))
            .map(|it| (it.row, it.name))
            .collect();
        kept.sort_unstable();
        let places: Vec<usize> = kept.iter().map(|(row, _)| *row).collect();
        let mut table = catalog.at(&places)?.table().clone();
        let names: Vec<String> = kept.into_iter().map(|(_, name)| name).collect();
        table.with_column(Column::new(FILE.into(), names))?;
        let written = Catalog::from_table(table, folder)?;
        written.save(folder.join("catalog.csv"))?;
        Ok(Written {
            catalog: written,
            outside,
            partly,
            unknown,
            failed: failed.into_iter().collect(),
        })
    }

    /// The regions of galaxies on the image, from its bottom to its top; then the names of galaxies outside of
    /// it, and of those without a position.
    fn places(&self, catalog: &Catalog) -> Result<(Vec<Wanted>, Vec<String>, Vec<String>)> {
        let Some(positions) = Positions::of(catalog)? else {
            let problem = "no columns with right ascension and declination";
            let hint = "Name them ra and dec, in degrees or sexagesimal";
            return Err(Error::Catalog {
                path: catalog.source().to_path_buf(),
                problem: problem.to_owned(),
                hint: hint.to_owned(),
            });
        };
        positions.check(|_| true)?;
        let wcs = self.image.wcs()?;
        let (mut wanted, mut outside, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
        let mut names = HashSet::new();
        for (row, (id, position)) in catalog.ids().iter().zip(positions.values()).enumerate() {
            let Some([ra, dec]) = position else {
                unknown.push(id.clone());
                continue;
            };
            let region = wcs.pixel(*ra, *dec).filter(|(x, y)| x.abs() < 1e9 && y.abs() < 1e9);
            let region = region.map(|(x, y)| PixelRegion::around(x, y, self.size, self.size));
            match region.filter(|it| it.touches(self.image.width(), self.image.height())) {
                Some(region) => {
                    wanted.push(Wanted { row, region, name: self.file_name(id, row, &mut names) });
                }
                None => outside.push(id.clone()),
            }
        }
        wanted.sort_by_key(|it| (it.region.y, it.region.x));
        Ok((wanted, outside, unknown))
    }

    /// A name for the file of a galaxy, unique also where names are not told apart by case.
    fn file_name(&self, id: &str, row: usize, names: &mut HashSet<String>) -> String {
        let plain = |it: char| if it.is_alphanumeric() || "._+-".contains(it) { it } else { '_' };
        let mut name: String = id.trim_start_matches('.').chars().map(plain).collect();
        if name.is_empty() || name.len() > 200 || !names.insert(name.to_lowercase()) {
            name = format!("row_{}", row + 1);
            names.insert(name.clone());
        }
        let ending = if self.format == CutoutFormat::Fits { "fits" } else { "png" };
        format!("{name}.{ending}")
    }

    fn write_all(
        &self,
        wanted: &[Wanted],
        planes: &[usize],
        folder: &Path,
        ids: &[String],
    ) -> Result<Vec<Failed>> {
        let progress = Progress::new("cut out", Some(wanted.len()));
        let each = (MOST / (self.size * self.size * planes.len())).clamp(1, 4096);
        let mut failed = Vec::new();
        for (batch, some) in wanted.chunks(each).enumerate() {
            zoobot_base::interrupt::check("cut out", || format!("{} cut-outs", batch * each))?;
            let regions: Vec<PixelRegion> = some.iter().map(|it| it.region).collect();
            let all = planes.iter().map(|plane| self.image.cut_many(*plane, &regions));
            let all = all.collect::<Result<Vec<Vec<Array2<f32>>>>>()?;
            let written = some.par_iter().enumerate().map(|(i, it)| {
                let planes: Vec<Array2<f32>> = all.iter().map(|plane| plane[i].clone()).collect();
                let path = folder.join(&it.name);
                match self.write_one(&path, planes, it.region) {
                    Err(Error::Unsuitable { problem, .. }) => Ok(Some((it.row, path, problem))),
                    other => other.map(|()| None),
                }
            });
            let written = written.collect::<Result<Vec<Option<(usize, PathBuf, String)>>>>()?;
            failed.extend(written.into_iter().flatten().map(|(row, file_loc, reason)| Failed {
                id_str: ids[row].clone(),
                file_loc,
                reason,
            }));
            progress.advance(some.len());
        }
        Ok(failed)
    }

    fn write_one(
        &self,
        path: &Path,
        mut planes: Vec<Array2<f32>>,
        region: PixelRegion,
    ) -> Result<()> {
        match &self.format {
            CutoutFormat::Fits => write_fits(path, &planes, Some((&self.image, region))),
            CutoutFormat::Png(stretch) => {
                planes.reverse();
                let top = planes.iter().map(|plane| plane.slice(s![..;-1, ..]).to_owned());
                let picture = stretch.picture(&top.collect::<Vec<_>>())?;
                save_picture(&picture, path)
            }
        }
    }
}

/// A catalogue of a table that may have no pictures yet.
fn named(mut table: DataFrame, path: &Path) -> Result<Catalog> {
    if table.column(ID).is_err() {
        let names = table.get_column_names().into_iter().map(|it| it.as_str());
        let hint = zoobot_base::spelling::near(ID, names);
        return Err(Error::Missing {
            kind: "column",
            name: ID.to_owned(),
            place: path.display().to_string(),
            hint,
        });
    }
    let rows = table.height();
    table.with_column(Column::new(FILE.into(), vec!["-"; rows]))?;
    Catalog::from_table(table, path.parent().unwrap_or(Path::new("")))
}

#[cfg(test)]
mod tests;
