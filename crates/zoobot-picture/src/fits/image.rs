//! An image in a part of a FITS file.

use super::numbers::{Pixel, Scale, put};
use super::part::{Part, product};
use super::source::Source;
use super::tiles::Tiles;

/// An image that can be read in whole or in part.
#[derive(Debug)]
pub(crate) struct Stored {
    pub part: Part,
    /// The length of each axis, the fastest first.
    pub axes: Vec<usize>,
    layout: Layout,
}

#[derive(Debug)]
enum Layout {
    Plain { bits: i64, scale: Scale },
    Tiled(Box<Tiles>),
}

impl Stored {
    /// The image of a part; fails when the file is too short for it.
    pub fn of(source: &Source, part: Part, axes: Vec<usize>) -> Result<Self, String> {
        part.check_length(source)?;
        let layout = match part.is_tiled() {
            true => Layout::Tiled(Box::new(Tiles::of(source, &part, &axes)?)),
            false => {
                let bits = part.header.whole("BITPIX").unwrap_or(0);
                let scale = Scale::of(&part.header);
                // Floats have NaN, and no other value for an undefined pixel.
                Layout::Plain { bits, scale }
            }
        };
        Ok(Self { part, axes, layout })
    }

    /// Whether decoding one pixel needs its whole tile.
    pub fn tiles(&self) -> Option<&Tiles> {
        match &self.layout {
            Layout::Tiled(tiles) => Some(tiles),
            Layout::Plain { .. } => None,
        }
    }

    /// The pixels of a region within the image: its first pixel (from 0) and its length along each axis.
    pub fn read<T: Pixel>(
        &self,
        source: &Source,
        first: &[usize],
        lengths: &[usize],
    ) -> Result<Vec<T>, String> {
        let (bits, scale) = match &self.layout {
            Layout::Tiled(tiles) => return tiles.read(source, first, lengths),
            Layout::Plain { bits, scale } => (*bits, scale),
        };
        let count = usize::try_from(product(lengths)).map_err(|_| "too many pixels".to_owned())?;
        let each = bits.unsigned_abs() as usize / 8;
        let mut out = vec![T::UNDEFINED; count];
        // Leading axes that are read in whole make longer runs.
        let whole = self.axes.iter().zip(lengths).take_while(|(all, some)| all == some).count();
        let through = (whole + 1).min(lengths.len());
        let run: usize = lengths[..through].iter().product();
        if run == 0 {
            return Ok(out);
        }
        let damaged = || "damaged FITS file: pixels are missing".to_owned();
        for (n, out) in out.chunks_exact_mut(run).enumerate() {
            let (mut n, mut stride, mut at) = (n, 1_u64, 0_u64);
            for (axis, all) in self.axes.iter().enumerate() {
                let within = if axis < through { 0 } else { n % lengths[axis] };
                if axis >= through {
                    n /= lengths[axis];
                }
                at += (first[axis] + within) as u64 * stride;
                stride *= *all as u64;
            }
            let bytes = source.read(self.part.start + at * each as u64, run * each)?;
            if !put(&bytes, bits, scale, out) {
                return Err(damaged());
            }
        }
        Ok(out)
    }

    /// All pixels, the fastest axis first.
    pub fn all<T: Pixel>(&self, source: &Source) -> Result<Vec<T>, String> {
        self.read(source, &vec![0; self.axes.len()], &self.axes)
    }
}
