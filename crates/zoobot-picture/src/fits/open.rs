//! A FITS file that is open: its images, their planes, regions of them.

use super::header::Header;
use super::image::{Stored, paste};
use super::numbers::Pixel;
use super::part::{Part, product};
use super::source::Source;
use super::wcs::Wcs;
use super::first_image;
use ndarray::{Array2, ArrayD, IxDyn};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zoobot_base::error::{Error, Result};
use zoobot_base::spelling;

/// The maximum number of pixels of an image that is read as a whole: 2^30.
const MOST: u64 = 1 << 30;

/// A part (HDU) of a FITS file: its number, counted from 0 as in astropy, or its name (`EXTNAME`), optionally
/// with its version: `SCI` or `SCI,2`.
///
/// ```
/// use zoobot_core::picture::Hdu;
/// assert_eq!("1".parse::<Hdu>()?, Hdu::Number(1));
/// assert_eq!("SCI,2".parse::<Hdu>()?, Hdu::Name("SCI".to_owned(), Some(2)));
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hdu {
    /// The number, from 0.
    Number(usize),
    /// The name, in any case, and the version (`EXTVER`).
    Name(String, Option<i64>),
}

impl std::str::FromStr for Hdu {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Error::parameter("hdu", format!("{text:?}"), "a number or a name"));
        }
        if let Ok(number) = text.parse() {
            return Ok(Self::Number(number));
        }
        let version = text.rsplit_once(',').and_then(|(name, version)| {
            version.trim().parse().ok().map(|version| (name.trim().to_owned(), Some(version)))
        });
        let (name, version) = version.unwrap_or_else(|| (text.to_owned(), None));
        Ok(Self::Name(name, version))
    }
}

impl std::fmt::Display for Hdu {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Name(name, None) => f.write_str(name),
            Self::Name(name, Some(version)) => write!(f, "{name},{version}"),
        }
    }
}

/// A FITS file that is open. Only what is asked for is read from the disk; files that are compressed with gzip
/// or bzip2 are unpacked into memory first.
///
/// ```no_run
/// use zoobot_core::picture::FitsFile;
/// let file = FitsFile::open("coadd.fits.fz")?;
/// let image = file.image(None)?;
/// println!("{:?} pixels, {:?} arcsec each", image.shape(), image.wcs()?.pixel_scale());
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct FitsFile {
    path: PathBuf,
    source: Arc<Source>,
}

impl FitsFile {
    /// Opens a file. Its name does not matter: a plain file called `.fz` or `.gz` is read as it is.
    ///
    /// # Errors
    /// [`Error::Picture`] with the reason when it cannot be read or is not a FITS file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let opened = Source::open(path).and_then(|source| {
            Part::first(&source)?;
            Ok(source)
        });
        let source = opened.map_err(failed(path))?;
        Ok(Self { path: path.to_path_buf(), source: Arc::new(source) })
    }

    /// An image of the file; without a number or name the first one with two or more axes, or else the first
    /// with any pixels.
    ///
    /// # Errors
    /// [`Error::Picture`] with the reason: there is no such part, it holds no image, it is cut off or damaged.
    pub fn image(&self, hdu: Option<&Hdu>) -> Result<FitsImage> {
        let stored = match hdu {
            Some(hdu) => self.named(hdu),
            None => self.first(),
        };
        let stored = stored.map_err(failed(&self.path))?;
        Ok(FitsImage { path: self.path.clone(), source: self.source.clone(), stored: Arc::new(stored) })
    }

    fn first(&self) -> Result<Stored, String> {
        if let Some((part, axes)) = first_image(&self.source)? {
            return Stored::of(&self.source, part, axes);
        }
        let mut part = Some(Part::first(&self.source)?);
        while let Some(this) = part {
            let axes = this.axes()?;
            if !axes.is_empty() && !axes.contains(&0) {
                return Stored::of(&self.source, this, axes);
            }
            part = this.next(&self.source)?;
        }
        Err("the FITS file has no image".to_owned())
    }

    fn named(&self, hdu: &Hdu) -> Result<Stored, String> {
        let (mut part, mut names) = (Some(Part::first(&self.source)?), Vec::new());
        while let Some(this) = part {
            let name = this.name();
            let found = match hdu {
                Hdu::Number(number) => this.number == *number,
                Hdu::Name(wanted, version) => {
                    let primary = this.number == 0 && wanted.eq_ignore_ascii_case("PRIMARY");
                    let named = name.as_ref().is_some_and(|it| it.eq_ignore_ascii_case(wanted));
                    let its = this.header.whole("EXTVER").unwrap_or(1);
                    (named || primary) && version.is_none_or(|version| version == its)
                }
            };
            if found {
                let axes = this.axes()?;
                if axes.is_empty() || axes.contains(&0) {
                    let kind = if this.kind() == "IMAGE" { "no pixels" } else { "a table, not an image" };
                    return Err(format!("the part {hdu} of the FITS file holds {kind}"));
                }
                return Stored::of(&self.source, this, axes);
            }
            names.extend(name);
            part = this.next(&self.source)?;
        }
        Err(match hdu {
            Hdu::Number(number) => format!("the FITS file has no part {number}; they are counted from 0"),
            Hdu::Name(name, _) => {
                let near = spelling::near(name, names.iter().map(String::as_str));
                format!("the FITS file has no part {hdu:?}. {near}", hdu = hdu.to_string())
            }
        })
    }
}

/// Makes an error of a reason.
fn failed(path: &Path) -> impl Fn(String) -> Error {
    let path = path.to_path_buf();
    move |reason| Error::Picture { path: path.clone(), reason }
}

/// A rectangle of an image: its lower left pixel, counted from 0, and its size. It may reach beyond the image.
///
/// ```
/// use zoobot_core::picture::Region;
/// let around = Region::around(100.2, 50.7, 20, 10);
/// assert_eq!(around, Region { x: 91, y: 46, width: 20, height: 10 });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// The first column.
    pub x: i64,
    /// The first row, from the bottom.
    pub y: i64,
    /// The number of columns.
    pub width: usize,
    /// The number of rows.
    pub height: usize,
}

impl Region {
    /// The rectangle of this size whose middle is closest to a position in pixels (from 0, at the middle of
    /// the first pixel), as `Cutout2D` of astropy chooses it.
    pub fn around(x: f64, y: f64, width: usize, height: usize) -> Self {
        let first = |middle: f64, length: usize| (middle - length as f64 / 2.0).ceil() as i64;
        Self { x: first(x, width), y: first(y, height), width, height }
    }

    /// Whether any of it lies within an image of this size.
    pub fn touches(&self, width: usize, height: usize) -> bool {
        let touches = |first: i64, length: usize, all: usize| {
            first < all as i64 && first.saturating_add(length as i64) > 0
        };
        touches(self.x, self.width, width) && touches(self.y, self.height, height)
    }

    /// The part of it within an image: first column and row, number of columns and rows.
    pub(crate) fn within(&self, width: usize, height: usize) -> Option<(usize, usize, usize, usize)> {
        if !self.touches(width, height) {
            return None;
        }
        let cut = |first: i64, length: usize, all: usize| {
            let end = first.saturating_add(length as i64).min(all as i64);
            let first = first.max(0);
            (first as usize, (end - first) as usize)
        };
        let ((x, columns), (y, rows)) = (cut(self.x, self.width, width), cut(self.y, self.height, height));
        Some((x, y, columns, rows))
    }
}

/// An image of a FITS file: rows are counted from the bottom, as in the file.
#[derive(Debug, Clone)]
pub struct FitsImage {
    path: PathBuf,
    source: Arc<Source>,
    stored: Arc<Stored>,
}

impl FitsImage {
    /// The number of the part that holds it, counted from 0.
    pub fn hdu(&self) -> usize {
        self.stored.part.number
    }

    /// The name of the part that holds it (`EXTNAME`).
    pub fn name(&self) -> Option<String> {
        self.stored.part.name()
    }

    /// The length of each axis, the slowest first, as numpy gives them.
    pub fn shape(&self) -> Vec<usize> {
        self.stored.axes.iter().rev().copied().collect()
    }

    /// The number of columns of a plane.
    pub fn width(&self) -> usize {
        self.size().0
    }

    /// The number of rows of a plane.
    pub fn height(&self) -> usize {
        self.size().1
    }

    /// The number of planes; axes of length 1 do not count.
    pub fn planes(&self) -> usize {
        let (columns, rows) = self.size();
        self.stored.axes.iter().product::<usize>() / (columns * rows).max(1)
    }

    /// The axes that are the columns and rows of a plane.
    fn plane_axes(&self) -> (usize, Option<usize>) {
        let axes = &self.stored.axes;
        let mut long = (0..axes.len()).filter(|axis| axes[*axis] > 1);
        let (first, second) = (long.next(), long.next());
        match (first, second) {
            (Some(first), Some(second)) => (first, Some(second)),
            _ => (0, (axes.len() > 1).then_some(1)),
        }
    }

    fn size(&self) -> (usize, usize) {
        let (columns, rows) = self.plane_axes();
        let length = |axis: usize| self.stored.axes.get(axis).copied().unwrap_or(1);
        (length(columns), rows.map_or(1, length))
    }

    /// All pixels in double precision, as read; undefined pixels are NaN.
    ///
    /// # Shapes
    /// As [`shape`](Self::shape); row 0 is the bottom.
    ///
    /// # Errors
    /// [`Error::Picture`] with the reason: damaged, or larger than 2^30 pixels.
    pub fn pixels(&self) -> Result<ArrayD<f64>> {
        let shape = self.shape();
        self.check_size(product(&self.stored.axes))?;
        let values = self.stored.all::<f64>(&self.source).map_err(failed(&self.path))?;
        ArrayD::from_shape_vec(IxDyn(&shape), values)
            .map_err(|_| failed(&self.path)("damaged FITS file: pixels are missing".to_owned()))
    }

    /// The pixels of one plane, counted from 0, as `f32` or `f64`; undefined pixels are NaN.
    ///
    /// # Shapes
    /// Rows x columns; row 0 is the bottom.
    ///
    /// # Errors
    /// [`Error::Parameter`] when there is no such plane; [`Error::Picture`] with the reason.
    #[allow(private_bounds)]
    pub fn plane<T: Pixel>(&self, plane: usize) -> Result<Array2<T>> {
        let (width, height) = self.size();
        self.cut(plane, Region { x: 0, y: 0, width, height })
    }

    /// A rectangle of one plane. Only the tiles or rows that it touches are read. Pixels outside of the image
    /// are NaN.
    ///
    /// # Shapes
    /// Rows x columns of the region; row 0 is the bottom.
    ///
    /// # Errors
    /// As [`plane`](Self::plane).
    #[allow(private_bounds)]
    pub fn cut<T: Pixel>(&self, plane: usize, region: Region) -> Result<Array2<T>> {
        self.check_size((region.width as u64).saturating_mul(region.height as u64))?;
        let mut out = Array2::from_elem((region.height, region.width), T::UNDEFINED);
        let (columns, rows) = self.size();
        let start = self.corner(plane)?;
        let Some((x, y, wide, high)) = region.within(columns, rows) else { return Ok(out) };
        let (first, lengths) = self.rectangle(&start, (x, y, wide, high));
        let values =
            self.stored.read::<T>(&self.source, &first, &lengths).map_err(failed(&self.path))?;
        if let Some(out) = out.as_slice_mut() {
            let from = [(x as i64 - region.x) as usize, (y as i64 - region.y) as usize];
            paste(&values, (&from, &[wide, high]), (&[0, 0], &[region.width, region.height]), out);
        }
        Ok(out)
    }

    /// The first pixel of a plane along each axis.
    fn corner(&self, plane: usize) -> Result<Vec<usize>> {
        let planes = self.planes();
        if plane >= planes {
            let range = match planes {
                1 => "0: the image has one plane".to_owned(),
                _ => format!("between 0 and {}: the image has {planes} planes", planes - 1),
            };
            return Err(Error::parameter("plane", plane, range));
        }
        let (columns, rows) = self.plane_axes();
        let mut rest = plane;
        let place = |(axis, length): (usize, &usize)| {
            if axis == columns || Some(axis) == rows {
                return 0;
            }
            let at = rest % (*length).max(1);
            rest /= (*length).max(1);
            at
        };
        Ok(self.stored.axes.iter().enumerate().map(place).collect())
    }

    /// A rectangle of a plane as first pixel and lengths along each axis.
    fn rectangle(
        &self,
        start: &[usize],
        (x, y, wide, high): (usize, usize, usize, usize),
    ) -> (Vec<usize>, Vec<usize>) {
        let (columns, rows) = self.plane_axes();
        let (mut first, mut lengths) = (start.to_vec(), vec![1; start.len()]);
        (first[columns], lengths[columns]) = (x, wide);
        if let Some(rows) = rows {
            (first[rows], lengths[rows]) = (y, high);
        }
        (first, lengths)
    }

    /// Rectangles of one plane. Each compressed tile is decoded once, however many rectangles it belongs to.
    ///
    /// # Errors
    /// As [`plane`](Self::plane).
    #[doc(hidden)]
    pub fn cut_many(&self, plane: usize, regions: &[Region]) -> Result<Vec<Array2<f32>>> {
        let Some(tiles) = self.stored.tiles() else {
            return self.each(regions, |region| self.cut(plane, *region));
        };
        let (columns, rows) = self.size();
        let start = self.corner(plane)?;
        // Which rectangles need which tiles.
        let mut needs: Vec<(usize, usize)> = Vec::new();
        for (i, region) in regions.iter().enumerate() {
            let Some(within) = region.within(columns, rows) else { continue };
            let (first, lengths) = self.rectangle(&start, within);
            needs.extend(tiles.overlapping(&first, &lengths).into_iter().map(|tile| (tile, i)));
        }
        needs.sort_unstable();
        let (across, down) = self.plane_axes();
        let blank = |region: &Region| Array2::from_elem((region.height, region.width), f32::NAN);
        let out: Vec<std::sync::Mutex<Array2<f32>>> =
            regions.iter().map(|region| std::sync::Mutex::new(blank(region))).collect();
        let groups: Vec<&[(usize, usize)]> = needs.chunk_by(|a, b| a.0 == b.0).collect();
        self.each(&groups, |group| {
            let decoded = tiles.decoded::<f32>(&self.source, group[0].0).map_err(failed(&self.path))?;
            let (values, corner, lengths) = decoded;
            // The plane's part of a tile that holds several planes.
            let (mut skip, mut stride) = (0, 1);
            for axis in 0..corner.len() {
                if axis != across && Some(axis) != down {
                    skip += (start[axis] - corner[axis]) * stride;
                }
                stride *= lengths[axis];
            }
            let tile_first = [corner[across], down.map_or(0, |down| corner[down])];
            let tile_size = [lengths[across], down.map_or(1, |down| lengths[down])];
            let values = values.get(skip..skip + tile_size[0] * tile_size[1]).unwrap_or_default();
            for (_, i) in *group {
                let region = &regions[*i];
                // Both boxes are moved so that no place is negative.
                let shift = [(-region.x).max(0), (-region.y).max(0)];
                let from = [tile_first[0] + shift[0] as usize, tile_first[1] + shift[1] as usize];
                let to = [(region.x + shift[0]) as usize, (region.y + shift[1]) as usize];
                let mut out = out[*i].lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                if let Some(out) = out.as_slice_mut() {
                    let size = [region.width, region.height];
                    paste(values, (&from, &tile_size), (&to, &size), out);
                }
            }
            Ok(())
        })?;
        let plain = |it: std::sync::Mutex<Array2<f32>>| {
            it.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
        };
        Ok(out.into_iter().map(plain).collect())
    }

    /// Calls a function for each item, on all processors.
    fn each<I: Sync, R: Send>(
        &self,
        items: &[I],
        work: impl Fn(&I) -> Result<R> + Send + Sync,
    ) -> Result<Vec<R>> {
        use rayon::prelude::*;
        items.par_iter().map(work).collect()
    }

    fn check_size(&self, pixels: u64) -> Result<()> {
        if pixels <= MOST {
            return Ok(());
        }
        let reason = format!("{pixels} pixels are too many; at most {MOST} are read at once");
        Err(failed(&self.path)(reason))
    }

    /// The image's coordinates on the sky.
    ///
    /// # Errors
    /// [`Error::Picture`] with the reason: there are none, or they have a projection other than TAN and SIP.
    pub fn wcs(&self) -> Result<Wcs> {
        let (columns, rows) = self.plane_axes();
        Wcs::of(self.header(), columns + 1, rows.unwrap_or(1) + 1).map_err(failed(&self.path))
    }

    /// The names of the planes, from cards such as `BANDS = 'grz'`, `BAND0 = 'g'` or `FILTER = 'r'`; empty
    /// where the header does not say.
    pub fn bands(&self) -> Vec<String> {
        let (header, planes) = (self.header(), self.planes());
        for first in [0, 1] {
            let names: Option<Vec<String>> =
                (first..first + planes).map(|i| header.text(&format!("BAND{i}"))).collect();
            if let Some(names) = names {
                return names;
            }
        }
        if let Some(all) = header.text("BANDS") {
            let parts: Vec<String> = match all.contains([',', ' ']) {
                true => all.split([',', ' ']).filter(|it| !it.is_empty()).map(str::to_owned).collect(),
                false => all.chars().map(String::from).collect(),
            };
            if parts.len() == planes {
                return parts;
            }
        }
        let one = ["FILTER", "BAND"].iter().find_map(|key| header.text(key));
        // DECam writes "r DECam SDSS c0002 6415.0 1480.0".
        let one = one.and_then(|it| it.split_whitespace().next().map(str::to_owned));
        if planes == 1 { one.into_iter().collect() } else { Vec::new() }
    }

    pub(super) fn header(&self) -> &Header {
        &self.stored.part.header
    }
}
