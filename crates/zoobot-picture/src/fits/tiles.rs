//! Images in compressed tiles (FITS standard 4.0, section 10): each row of a table is a tile. Floats are
//! stored as whole numbers with a scale, often with a random dither that readers subtract.

mod codecs;
mod dither;
mod table;

use super::boxes::{copy, corner};
use super::codec::{gzip, hcompress, plio, rice};
use super::numbers::{Pixel, Scale, put};
use super::part::{Part, product};
use super::source::Source;
use codecs::{Codec, codec};
use dither::Dither;
use table::{Column, Table};

/// The value that marks an exact 0 in the second method of dithering.
const ZERO: i32 = -2_147_483_646;
/// The maximum number of pixels of a tile.
const MOST: u64 = 1 << 28;

/// How the tiles of an image are stored.
#[derive(Debug)]
pub(super) struct Tiles {
    codec: Codec,
    table: Table,
    /// The bits of a pixel as in BITPIX: negative for floats.
    bits: i64,
    /// The lengths of the image and of a tile along each axis, and the number of tiles.
    axes: Vec<usize>,
    tile: Vec<usize>,
    counts: Vec<usize>,
    data: Option<Column>,
    gzip: Option<Column>,
    plain: Option<Column>,
    /// The scale of floats in each tile, or in all tiles.
    scale: Option<(Column, Column)>,
    scales: Option<(f64, f64)>,
    undefined: Option<i64>,
    undefined_column: Option<Column>,
    dither: Option<Dither>,
    whole: Scale,
}

/// The pixels of a tile before scales.
enum Raw {
    Small(Vec<i32>),
    /// Big-endian numbers of this BITPIX.
    Bytes(Vec<u8>, i64),
}

fn wrong(row: usize) -> String {
    format!("damaged FITS file: tile {} of the image cannot be unpacked", row + 1)
}

/// A tile whose pixels are known.
pub struct Decoded<T> {
    pub values: Vec<T>,
    /// Its first pixel along each axis.
    pub corner: Vec<usize>,
    /// Its length along each axis.
    pub lengths: Vec<usize>,
}

impl Tiles {
    pub fn of(source: &Source, part: &Part, axes: &[usize]) -> Result<Self, String> {
        let header = &part.header;
        let bits = header.whole("ZBITPIX");
        let bits = bits
            .filter(|bits| matches!(bits, 8 | 16 | 32 | 64 | -32 | -64))
            .ok_or("damaged FITS file: a compressed image without ZBITPIX")?;
        let tile = (1..).zip(axes).map(|(i, &axis)| {
            let first = if i == 1 { axis } else { 1 };
            let length = match header.whole(&format!("ZTILE{i}")) {
                Some(length @ 1..) => length as usize,
                Some(length) => return Err(format!("damaged FITS file: ZTILE{i} is {length}")),
                None => first,
            };
            Ok(length.min(axis))
        });
        let tile = tile.collect::<Result<Vec<usize>, String>>()?;
        let counts: Vec<usize> =
            axes.iter().zip(&tile).map(|(all, each)| all.div_ceil(*each)).collect();
        let table = Table::of(source, part)?;
        if product(&counts) > table.rows() as u64 {
            let (tiles, rows) = (product(&counts), table.rows());
            return Err(format!(
                "damaged FITS file: it holds {rows} of the {tiles} tiles of the image"
            ));
        }
        if product(&tile) > MOST {
            return Err(format!("a tile of {} pixels is too large to read", product(&tile)));
        }
        let dither = match header.text("ZQUANTIZ").unwrap_or_default().as_str() {
            kind @ ("SUBTRACTIVE_DITHER_1" | "SUBTRACTIVE_DITHER_2") => {
                let seed = header.whole("ZDITHER0").unwrap_or(1).max(1) as usize;
                Some(Dither { first: seed - 1, keeps_zero: kind.ends_with('2') })
            }
            _ => None,
        };
        let column = |name: &str| table.column(name);
        Ok(Self {
            codec: codec(part, bits)?,
            bits,
            axes: axes.to_vec(),
            tile,
            counts,
            data: column("COMPRESSED_DATA"),
            gzip: column("GZIP_COMPRESSED_DATA"),
            plain: column("UNCOMPRESSED_DATA"),
            scale: column("ZSCALE").zip(column("ZZERO")),
            scales: header.number("ZSCALE").map(|it| (it, header.number("ZZERO").unwrap_or(0.0))),
            undefined: header.whole("ZBLANK").or_else(|| header.whole("BLANK")),
            undefined_column: column("ZBLANK"),
            dither,
            whole: Scale::of(header),
            table,
        })
    }

    /// The pixels of a region: its first pixel (from 0) and length along each axis.
    pub fn read<T: Pixel>(
        &self,
        source: &Source,
        first: &[usize],
        lengths: &[usize],
    ) -> Result<Vec<T>, String> {
        let tiles = self.overlapping(first, lengths);
        // Before memory is taken: can the tiles hold as many pixels as the header says?
        for &row in &tiles {
            self.check(source, row)?;
        }
        let count = usize::try_from(product(lengths)).map_err(|_| wrong(0))?;
        let mut out = vec![T::UNDEFINED; count];
        for row in tiles {
            self.tile_into(source, row, first, lengths, &mut out)?;
        }
        Ok(out)
    }

    /// The tiles that share pixels with a region.
    pub fn overlapping(&self, first: &[usize], lengths: &[usize]) -> Vec<usize> {
        let ranges = first.iter().zip(lengths).zip(&self.tile).map(|((first, length), tile)| {
            (first / tile, (first + length).div_ceil(*tile).max(first / tile))
        });
        let ranges: Vec<(usize, usize)> = ranges.collect();
        let spans: Vec<usize> = ranges.iter().map(|(from, to)| to - from).collect();
        let row = |n: usize| {
            let place = corner(n, &spans);
            let mut stride = 1;
            let parts = place.iter().zip(&ranges).zip(&self.counts).map(|((at, range), count)| {
                let part = (range.0 + at) * stride;
                stride *= count;
                part
            });
            parts.sum()
        };
        (0..spans.iter().product()).map(row).collect()
    }

    /// The first pixel of a tile, and its length along each axis.
    fn place(&self, row: usize) -> (Vec<usize>, Vec<usize>) {
        let corner: Vec<usize> =
            corner(row, &self.counts).iter().zip(&self.tile).map(|(at, each)| at * each).collect();
        let lengths = corner.iter().zip(self.axes.iter().zip(&self.tile));
        let lengths = lengths.map(|(start, (all, each))| (*each).min(all - start)).collect();
        (corner, lengths)
    }

    /// Decodes a tile, and copies what lies in a region to its place.
    pub fn tile_into<T: Pixel>(
        &self,
        source: &Source,
        row: usize,
        first: &[usize],
        region: &[usize],
        out: &mut [T],
    ) -> Result<(), String> {
        let (corner, lengths) = self.place(row);
        let decoded = self.pixels::<T>(source, row, &lengths)?;
        copy(&decoded, (&corner, &lengths), (first, region), out);
        Ok(())
    }

    /// A tile with its place in the image.
    pub fn decoded<T: Pixel>(&self, source: &Source, row: usize) -> Result<Decoded<T>, String> {
        let (corner, lengths) = self.place(row);
        Ok(Decoded { values: self.pixels(source, row, &lengths)?, corner, lengths })
    }

    fn pixels<T: Pixel>(
        &self,
        source: &Source,
        row: usize,
        lengths: &[usize],
    ) -> Result<Vec<T>, String> {
        let count: usize = lengths.iter().product();
        let mut out = vec![T::UNDEFINED; count];
        let there = |column: &Option<Column>| match column {
            Some(column) => {
                self.table.bytes(source, column, row).map(|it| Some(it).filter(|it| !it.is_empty()))
            }
            None => Ok(None),
        };
        let Some(content) = there(&self.data)? else {
            // A tile that could not be quantised holds plain numbers.
            let bytes = match (there(&self.gzip)?, there(&self.plain)?) {
                (Some(packed), _) => {
                    gzip::unpack(&packed, count * self.bytes()).ok_or_else(|| wrong(row))?
                }
                (None, Some(plain)) => plain.into_owned(),
                (None, None) => return Err(wrong(row)),
            };
            return match put(&bytes, self.bits, &self.whole_scale(row)?, &mut out) {
                true => Ok(out),
                false => Err(wrong(row)),
            };
        };
        let quantised = self.bits < 0 && (self.scale.is_some() || self.scales.is_some());
        match self.raw(&content, lengths, count, quantised).ok_or_else(|| wrong(row))? {
            Raw::Small(values) if quantised => self.floats(row, &values, &mut out)?,
            Raw::Small(values) => self.whole_scale(row)?.put(&values, &mut out),
            Raw::Bytes(bytes, 32) if quantised => {
                let values = bytes.as_chunks::<4>().0.iter().map(|it| i32::from_be_bytes(*it));
                let values: Vec<i32> = values.collect();
                if values.len() != count {
                    return Err(wrong(row));
                }
                self.floats(row, &values, &mut out)?;
            }
            Raw::Bytes(bytes, bits) => {
                if !put(&bytes, bits, &self.whole_scale(row)?, &mut out) {
                    return Err(wrong(row));
                }
            }
        }
        Ok(out)
    }

    /// The number of bytes of a pixel.
    fn bytes(&self) -> usize {
        self.bits.unsigned_abs() as usize / 8
    }

    /// The scale and undefined value of whole numbers.
    fn whole_scale(&self, row: usize) -> Result<Scale, String> {
        let undefined = match &self.undefined_column {
            Some(column) => Some(self.table.whole(column, row)?),
            None => self.undefined,
        };
        Ok(Scale { undefined: undefined.filter(|_| self.bits > 0), ..self.whole.clone() })
    }

    /// Unpacks a tile; `None` if it is damaged.
    fn raw(&self, content: &[u8], lengths: &[usize], count: usize, quantised: bool) -> Option<Raw> {
        match self.codec {
            Codec::Rice { bytes, block } => {
                let mut values = vec![0; count];
                rice::decode(content, bytes, block, &mut values).ok()?;
                Some(Raw::Small(values))
            }
            Codec::Plio => {
                let mut values = vec![0; count];
                plio::decode(content, &mut values).ok()?;
                Some(Raw::Small(values))
            }
            Codec::Hcompress { smooth } => {
                let (columns, rows) = plane(lengths)?;
                hcompress::decode(content, columns, rows, smooth).ok().map(Raw::Small)
            }
            Codec::Gzip { shuffled } => {
                let bytes = gzip::unpack(content, count * 8)?;
                let (bytes, bits) = self.sized(bytes, count, quantised)?;
                let bytes = if shuffled { gzip::unshuffled(&bytes, count) } else { bytes };
                Some(Raw::Bytes(bytes, bits))
            }
            Codec::Plain => {
                let (bytes, bits) = self.sized(content.to_vec(), count, quantised)?;
                Some(Raw::Bytes(bytes, bits))
            }
        }
    }

    /// Tells from the number of bytes of a tile what its numbers are.
    fn sized(&self, bytes: Vec<u8>, count: usize, quantised: bool) -> Option<(Vec<u8>, i64)> {
        let each = (count > 0 && bytes.len().is_multiple_of(count)).then(|| bytes.len() / count)?;
        let bits = match each {
            1 => 8,
            2 => 16,
            4 if self.bits < 0 && !quantised => -32,
            4 => 32,
            8 if self.bits < 0 => -64,
            8 => 64,
            _ => return None,
        };
        Some((bytes, bits))
    }

    /// Floats from whole numbers with a scale.
    fn floats<T: Pixel>(&self, row: usize, values: &[i32], out: &mut [T]) -> Result<(), String> {
        let (scale, zero) = match (&self.scale, self.scales) {
            (Some((scale, zero)), _) => {
                (self.table.number(scale, row)?, self.table.number(zero, row)?)
            }
            (None, Some(scales)) => scales,
            (None, None) => (1.0, 0.0),
        };
        let (scale, zero) = (scale * self.whole.scale, zero * self.whole.scale + self.whole.zero);
        let undefined = match &self.undefined_column {
            Some(column) => Some(self.table.whole(column, row)?),
            None => self.undefined,
        };
        let undefined = undefined.and_then(|it| i32::try_from(it).ok());
        let single = self.bits == -32;
        let float = |value: f64| if single { T::single(value as f32) } else { T::double(value) };
        let Some(dither) = &self.dither else {
            for (out, value) in out.iter_mut().zip(values) {
                if Some(*value) != undefined {
                    *out = float(f64::from(*value) * scale + zero);
                }
            }
            return Ok(());
        };
        let zeros = dither.keeps_zero.then_some(ZERO);
        dither.each_run(row, values.len(), |range, random| {
            let pixels = out[range.clone()].iter_mut().zip(&values[range]).zip(random);
            for ((out, value), random) in pixels {
                if Some(*value) == zeros {
                    *out = T::single(0.0);
                } else if Some(*value) != undefined {
                    *out = float((f64::from(*value) - f64::from(*random) + 0.5) * scale + zero);
                }
            }
        });
        Ok(())
    }

    /// Fails for a tile that cannot hold its pixels.
    fn check(&self, source: &Source, row: usize) -> Result<(), String> {
        let (_, lengths) = self.place(row);
        let count = usize::try_from(product(&lengths)).map_err(|_| wrong(row))?;
        let Some(column) = &self.data else {
            return if self.gzip.is_some() || self.plain.is_some() {
                Ok(())
            } else {
                Err(wrong(row))
            };
        };
        let length = self.table.length(column, row)?;
        let whole = match self.codec {
            _ if length == 0 => {
                let packed = self.gzip.as_ref().map_or(Ok(0), |it| self.table.length(it, row))?;
                let plain = self.plain.as_ref().map_or(Ok(0), |it| self.table.length(it, row))?;
                gzip::packs(packed, count * self.bytes()) || plain == count * self.bytes()
            }
            Codec::Rice { bytes, block } => rice::fits(length, count, bytes, block),
            Codec::Plio => plio::fits(length / 2, count),
            Codec::Gzip { .. } => gzip::packs(length, count),
            Codec::Plain => length >= count,
            Codec::Hcompress { .. } => {
                let content = self.table.bytes(source, column, row)?;
                plane(&lengths)
                    .is_some_and(|(columns, rows)| hcompress::fits(&content, columns, rows))
            }
        };
        if whole { Ok(()) } else { Err(wrong(row)) }
    }
}

/// The columns and rows of a tile with at most two axes longer than 1.
fn plane(lengths: &[usize]) -> Option<(usize, usize)> {
    let mut long = lengths.iter().copied().filter(|length| *length > 1);
    let size = (long.next().unwrap_or(1), long.next().unwrap_or(1));
    long.next().is_none().then_some(size)
}
