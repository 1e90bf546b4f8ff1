//! Images in tiles that are not compressed (`NOCOMPRESS`), which cfitsio writes but cannot read.
//!
//! FITS standard 4.0, section 10: each row of the table is a tile, and floats are stored as whole numbers
//! with a scale, often with a random dither that readers can subtract.

use super::file::Fits;
use std::io::Read;

/// The length of the table of random numbers.
const RANDOM: usize = 10_000;
/// The value that marks an exact 0 in the second method of dithering.
const ZERO: f64 = -2_147_483_646.0;

/// Whether the image is stored in tiles that are not compressed.
pub(super) fn uncompressed(file: &Fits) -> bool {
    file.text("ZCMPTYPE").is_some_and(|kind| kind.eq_ignore_ascii_case("NOCOMPRESS"))
}

/// All pixels of an image with these axes, the fastest first; undefined pixels are NaN.
pub(super) fn read(file: &Fits, axes: &[usize]) -> Result<Vec<f64>, String> {
    let layout = Layout::of(file)?;
    let tile: Vec<usize> = (1..)
        .zip(axes)
        .map(|(i, &axis)| {
            let first = if i == 1 { axis } else { 1 };
            let length = file.whole(&format!("ZTILE{i}")).and_then(|it| usize::try_from(it).ok());
            length.unwrap_or(first).clamp(1, axis)
        })
        .collect();
    let counts: Vec<usize> =
        axes.iter().zip(&tile).map(|(all, each)| all.div_ceil(*each)).collect();
    let mut image = vec![f64::NAN; axes.iter().product()];
    for row in 0..counts.iter().product() {
        let corner: Vec<usize> =
            corner(row, &counts).iter().zip(&tile).map(|(at, each)| at * each).collect();
        let lengths: Vec<usize> = corner
            .iter()
            .zip(axes.iter().zip(&tile))
            .map(|(start, (all, each))| (*each).min(all - start))
            .collect();
        let pixels = layout.pixels(file, row, lengths.iter().product())?;
        for (line, values) in pixels.chunks_exact(lengths[0]).enumerate() {
            let place = self::corner(line, &lengths[1..]);
            let mut start = corner[0];
            let mut stride = axes[0];
            for (axis, at) in place.iter().enumerate() {
                start += (corner[axis + 1] + at) * stride;
                stride *= axes[axis + 1];
            }
            image[start..start + values.len()].copy_from_slice(values);
        }
    }
    Ok(image)
}

/// The index along each axis of element `n` in a grid of `counts`, the first axis fastest.
fn corner(mut n: usize, counts: &[usize]) -> Vec<usize> {
    let mut place = |count: &usize| {
        let at = n % count;
        n /= count;
        at
    };
    counts.iter().map(&mut place).collect()
}

/// How the tiles are stored.
struct Layout {
    /// The bits of a pixel as in BITPIX: negative for floats.
    bits: i64,
    heap: usize,
    column: i32,
    /// The column of tiles that could not be quantised, compressed with gzip.
    gzip: Option<i32>,
    scale: (f64, f64),
    columns: Option<(i32, i32)>,
    undefined: Option<f64>,
    undefined_column: Option<i32>,
    /// The random numbers, the offset of the first tile in them, and whether an exact 0 is kept.
    dither: Option<(Vec<f64>, usize, bool)>,
}

impl Layout {
    fn of(file: &Fits) -> Result<Self, String> {
        let lacking = |what: &str| format!("damaged FITS file: a compressed image without {what}");
        let bits = file.whole("ZBITPIX").ok_or_else(|| lacking("ZBITPIX"))?;
        let column = file.column("COMPRESSED_DATA").ok_or_else(|| lacking("tiles"))?;
        let table = file.whole("NAXIS1").unwrap_or(0) * file.whole("NAXIS2").unwrap_or(0);
        let heap = file.data()?.0 + file.whole("THEAP").unwrap_or(table).max(0) as usize;
        let dither = match file.text("ZQUANTIZ").unwrap_or_default().as_str() {
            kind @ ("SUBTRACTIVE_DITHER_1" | "SUBTRACTIVE_DITHER_2") => {
                let seed = file.whole("ZDITHER0").unwrap_or(1).max(1) as usize;
                Some((random(), seed - 1, kind.ends_with('2')))
            }
            _ => None,
        };
        Ok(Self {
            bits,
            heap,
            column,
            gzip: file.column("GZIP_COMPRESSED_DATA"),
            scale: (
                file.number("ZSCALE").or_else(|| file.number("BSCALE")).unwrap_or(1.0),
                file.number("ZZERO").or_else(|| file.number("BZERO")).unwrap_or(0.0),
            ),
            columns: file.column("ZSCALE").zip(file.column("ZZERO")),
            undefined: file.number("ZBLANK").or_else(|| file.number("BLANK")),
            undefined_column: file.column("ZBLANK"),
            dither,
        })
    }

    /// The pixels of the tile in this row of the table, counted from 0.
    fn pixels(&self, file: &Fits, row: usize, count: usize) -> Result<Vec<f64>, String> {
        let wrong = || format!("damaged FITS file: tile {} of the image has another size", row + 1);
        let content = file.data()?.1;
        let bytes = |column: i32, each: usize| {
            let (length, place) = file.array(column, row + 1)?;
            let start = self.heap.saturating_add(place);
            let end = start.saturating_add(length.saturating_mul(each));
            Ok::<_, String>((length, content.get(start..end).ok_or_else(wrong)?))
        };
        let (length, _) = file.array(self.column, row + 1)?;
        if length == 0 {
            let Some(gzip) = self.gzip else { return Err(wrong()) };
            let mut raw = Vec::new();
            let unpacked = flate2::read::GzDecoder::new(bytes(gzip, 1)?.1);
            let most = count as u64 * self.bits.unsigned_abs() / 8;
            unpacked.take(most + 1).read_to_end(&mut raw).map_err(|_| wrong())?;
            return numbers(&raw, self.bits, count).ok_or_else(wrong);
        }
        // Floats with a scale are stored as 32-bit whole numbers.
        let quantised =
            self.bits < 0 && (self.columns.is_some() || file.number("ZSCALE").is_some());
        let bits = if quantised { 32 } else { self.bits };
        let all = bits.unsigned_abs() as usize / 8 * count;
        if length > all || !all.is_multiple_of(length) {
            return Err(wrong());
        }
        let mut values =
            numbers(bytes(self.column, all / length)?.1, bits, count).ok_or_else(wrong)?;
        let (scale, zero) = match self.columns {
            Some((scale, zero)) => (file.cell(scale, row + 1)?, file.cell(zero, row + 1)?),
            None => self.scale,
        };
        let undefined = match self.undefined_column {
            Some(column) => Some(file.cell(column, row + 1)?),
            None => self.undefined.filter(|_| bits > 0),
        };
        let mut dither = self.dither.as_ref().filter(|_| quantised).map(|(random, seed, _)| {
            let mut row = (row + seed) % RANDOM;
            let mut at = (random[row] * 500.0) as usize;
            move || {
                let value = random[at];
                at += 1;
                if at == RANDOM {
                    row = (row + 1) % RANDOM;
                    at = (random[row] * 500.0) as usize;
                }
                value
            }
        });
        let keeps_zero = quantised && self.dither.as_ref().is_some_and(|(_, _, keeps)| *keeps);
        for value in &mut values {
            // Without dither nothing is subtracted: 0.5 cancels below.
            let shift = dither.as_mut().map_or(0.5, |next| next());
            *value = match *value {
                it if Some(it) == undefined => f64::NAN,
                ZERO if keeps_zero => 0.0,
                it => (it - shift + 0.5) * scale + zero,
            };
        }
        Ok(values)
    }
}

/// Decodes big-endian numbers; `bits` is as in BITPIX.
fn numbers(bytes: &[u8], bits: i64, count: usize) -> Option<Vec<f64>> {
    fn each<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f64) -> Vec<f64> {
        bytes.as_chunks::<N>().0.iter().map(|it| number(*it)).collect()
    }
    let values = match bits {
        8 => each(bytes, |[byte]| f64::from(byte)),
        16 => each(bytes, |it| f64::from(i16::from_be_bytes(it))),
        32 => each(bytes, |it| f64::from(i32::from_be_bytes(it))),
        64 => each(bytes, |it| i64::from_be_bytes(it) as f64),
        -32 => each(bytes, |it| f64::from(f32::from_be_bytes(it))),
        -64 => each(bytes, f64::from_be_bytes),
        _ => return None,
    };
    (values.len() == count).then_some(values)
}

/// The standard's random numbers between 0 and 1 (appendix I, after Park & Miller 1988,
/// doi:10.1145/63039.63042).
fn random() -> Vec<f64> {
    let next = |seed: &u64| Some(16_807 * seed % 2_147_483_647);
    let seeds = std::iter::successors(Some(1), next).skip(1).take(RANDOM);
    // In single precision, as the programs that write such files use them.
    seeds.map(|seed| f64::from((seed as f64 / 2_147_483_647.0) as f32)).collect()
}

#[cfg(test)]
mod tests {
    /// The standard gives the seed after the last number.
    #[test]
    fn the_random_numbers_end_where_the_standard_says() {
        let last = super::random()[super::RANDOM - 1];
        assert_eq!(last as f32, (1_043_618_065.0_f64 / 2_147_483_647.0) as f32);
    }
}
