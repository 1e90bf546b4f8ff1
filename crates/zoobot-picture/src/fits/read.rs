//! An image of a FITS file: its planes, and regions of them.

use super::boxes::copy;
use super::header::Header;
use super::image::Stored;
use super::numbers::Pixel;
use super::open::failed;
use super::part::product;
use super::region::PixelRegion;
use super::source::Source;
use super::tiles::Decoded;
use super::wcs::Wcs;
use ndarray::{Array2, ArrayD, IxDyn};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use zoobot_base::error::{Error, Result};

/// The maximum number of pixels of an image that is read as a whole: 2^30.
const MOST: u64 = 1 << 30;

/// An image of a FITS file: rows are counted from the bottom, as in the file.
#[derive(Debug, Clone)]
pub struct FitsImage {
    pub(super) path: PathBuf,
    pub(super) source: Arc<Source>,
    pub(super) stored: Arc<Stored>,
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
        self.cut(plane, PixelRegion { x: 0, y: 0, width, height })
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
    pub fn cut<T: Pixel>(&self, plane: usize, region: PixelRegion) -> Result<Array2<T>> {
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
            copy(&values, (&from, &[wide, high]), (&[0, 0], &[region.width, region.height]), out);
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
    pub fn cut_many(&self, plane: usize, regions: &[PixelRegion]) -> Result<Vec<Array2<f32>>> {
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
        let blank =
            |region: &PixelRegion| Array2::from_elem((region.height, region.width), f32::NAN);
        let out: Vec<Mutex<Array2<f32>>> =
            regions.iter().map(|region| Mutex::new(blank(region))).collect();
        let groups: Vec<&[(usize, usize)]> = needs.chunk_by(|a, b| a.0 == b.0).collect();
        self.each(&groups, |group| {
            let decoded =
                tiles.decoded::<f32>(&self.source, group[0].0).map_err(failed(&self.path))?;
            let Decoded { values, corner, lengths } = decoded;
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
                let mut out = out[*i].lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(out) = out.as_slice_mut() {
                    let size = [region.width, region.height];
                    copy(values, (&from, &tile_size), (&to, &size), out);
                }
            }
            Ok(())
        })?;
        let plain =
            |it: Mutex<Array2<f32>>| it.into_inner().unwrap_or_else(PoisonError::into_inner);
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
                true => {
                    all.split([',', ' ']).filter(|it| !it.is_empty()).map(str::to_owned).collect()
                }
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
